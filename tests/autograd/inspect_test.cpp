// The tape to look at: profiles and pictures.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/checkpoint.hpp>
#include <weft/autograd/dot.hpp>
#include <weft/autograd/grad.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/profile.hpp>

#include <algorithm>

using namespace weft;
using namespace weft::testing;

namespace {

ProfileRow row_of(const std::vector<ProfileRow>& rows, const std::string& op) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const ProfileRow& row) { return row.op == op; });
    return found == rows.end() ? ProfileRow{} : *found;
}

}  // namespace

TEST_CASE("profile: calls, bytes and time of each op, forward and backward") {
    const Tensor x = full({8, 4}, 0.5f), w = full({4, 16}, 0.1f).set_requires_grad();
    Profile profile;
    sum(tanh(matmul(x, w)) + tanh(matmul(x, w))).backward();
    const std::vector<ProfileRow> rows = profile.rows();
    const ProfileRow product = row_of(rows, "matrix_product"), slope = row_of(rows, "tanh");
    CHECK(product.calls == 2);
    CHECK(product.bytes == 2 * 8 * 16 * 4);
    CHECK(product.backward_calls == 2);
    CHECK(product.backward_bytes == 2 * 4 * 16 * 4);  // x needs no gradient
    CHECK(slope.calls == 2);
    CHECK(slope.backward_calls == 2);
    CHECK(slope.seconds > 0);
    CHECK(slope.backward_seconds > 0);
    CHECK(row_of(rows, "tanh_gradient").calls == 0);  // part of tanh's derivative
    CHECK(std::is_sorted(rows.begin(), rows.end(), [](const ProfileRow& a, const ProfileRow& b) {
        return a.seconds + a.backward_seconds > b.seconds + b.backward_seconds;
    }));
    const std::string table = profile.table();
    CHECK_THAT(table, contains("calls") && contains("ms") && contains("MB") && contains("matrix_product") &&
                          contains("total"));
    // Ops off the tape count, and clear() forgets.
    profile.clear();
    no_grad([&] { return exp(w); });
    CHECK(profile.rows().size() == 1);
    CHECK(row_of(profile.rows(), "exp").calls == 1);
    CHECK(row_of(profile.rows(), "exp").backward_calls == 0);
}

TEST_CASE("profile: of a function; several at once; none afterwards") {
    const Tensor x = full({4}, 0.5f).set_requires_grad();
    const Profile outer;
    const std::vector<ProfileRow> rows = profile([&] { return split(exp(x), {1, 3}); });
    CHECK(row_of(rows, "exp").calls == 1);
    log(x);
    CHECK(row_of(rows, "log").calls == 0);
    CHECK(row_of(outer.rows(), "exp").calls == 1);
    CHECK(row_of(outer.rows(), "log").calls == 1);
}

TEST_CASE("profile: what a derivative computes again counts as that derivative") {
    const Tensor x = full({4}, 0.5f).set_requires_grad();
    const std::vector<ProfileRow> rows =
        profile([&] { sum(checkpoint([](const Tensor& t) { return exp(t); }, x)).backward(); });
    CHECK(row_of(rows, "exp").calls == 1);
    CHECK(row_of(rows, "exp").backward_calls == 0);
    CHECK(row_of(rows, "checkpoint").backward_calls == 1);
}

TEST_CASE("dot: ops, shapes, types and the names of parameters") {
    Tensor w = full({4, 2}, 0.1f).set_requires_grad(), b = zeros({2}, float64).set_requires_grad();
    w.set_name("dense.kernel");
    b.set_name("a \"quoted\" name");
    Tensor loss = sum(tanh(matmul(full({3, 4}, 1.0f), w)).to(float64) + b);
    const std::string text = to_dot(loss);
    CHECK_THAT(text, contains("digraph") && contains("\"dense.kernel\\nfloat32 [4, 2]\"") &&
                         contains("[label = \"tanh\"]") && contains("float64 [3, 2]"));
    CHECK_THAT(text, contains("\"a \\\"quoted\\\" name\\nfloat64 [2]\""));
    // A value used twice is one node with two arrows; several outputs have numbers.
    const Tensor y = exp(w);
    const std::string twice = to_dot(Tensors{y * y, sum(y)});
    const std::string label = "[label = \"exp\"]";
    CHECK(twice.find(label) != std::string::npos);
    CHECK(twice.find(label) == twice.rfind(label));
    CHECK_THAT(twice, contains("output 0") && contains("output 1"));
    CHECK_THAT(to_dot(zeros({2})), contains("output"));
    // Deep graphs are no danger.
    Tensor deep = w;
    for (int i = 0; i < 10'000; ++i) deep = deep + 1.0;
    CHECK(to_dot(deep).size() > 100'000);
}
