// The tape: what backward() and grad() give, what they refuse, and that neither depth nor repetition breaks them.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/autograd/memory.hpp>

#include <thread>

using namespace weft;
using namespace weft::testing;

namespace {

Tensor leaf(const std::vector<double>& values, DType dtype = float64) {
    return tensor(values, dtype).set_requires_grad();
}
Tensor number(double value) { return full({}, value, float64).set_requires_grad(); }

// Counts how often its derivative is computed.
struct Counted : Function<Counted> {
    inline static int runs = 0;
    static Tensor forward(Context&, const Tensor& x) { return x * 1.0; }
    static Gradients backward(Context&, const Tensor& dy) {
        ++runs;
        return {dy};
    }
};

}  // namespace

TEST_CASE("tape: backward fills the gradients of the leaves") {
    const Tensor a = leaf({1, 2, 3}), b = leaf({4, 5, 6});
    const Tensor c = tensor({1, 1, 1}, float64);
    sum(a * b + c * a).backward();
    CHECK(difference(a.grad(), tensor({5, 6, 7}, float64)) == 0);
    CHECK(difference(b.grad(), a) == 0);
    CHECK_FALSE(c.grad().defined());
    CHECK_FALSE(a.grad().requires_grad());
}

TEST_CASE("tape: backward adds to what is there, and zero_grad drops it") {
    Tensor a = number(3);
    square(a).backward();
    square(a).backward();
    CHECK(a.grad().item<double>() == 12);
    a.zero_grad();
    CHECK_FALSE(a.grad().defined());
    square(a).backward();
    CHECK(a.grad().item<double>() == 6);
}

TEST_CASE("tape: a seed weighs the elements of an output that is no single number") {
    const Tensor a = leaf({1, 2, 3});
    square(a).backward(tensor({1, 10, 100}, float64));
    CHECK(difference(a.grad(), tensor({2, 40, 600}, float64)) == 0);
    CHECK_THAT(thrown_text<GraphError>([&] { square(a).backward(); }), contains("[3]") && contains("seed"));
    CHECK_THAT(thrown_text<ShapeError>([&] {
                   square(a).backward(tensor({1, 2}, float64));
               }),
               contains("[3]") && contains("[2]"));
    CHECK_THAT(thrown_text<DTypeError>([&] {
                   square(a).backward(tensor({1, 2, 3}, float32));
               }),
               contains("float64") && contains("float32"));
    // A number is a seed for a number.
    const Tensor b = number(2);
    square(b).backward(3);
    CHECK(b.grad().item<double>() == 12);
}

TEST_CASE("tape: a value used more than once gets the sum of the gradients") {
    const Tensor a = leaf({1, 2});
    Tensor b = a * 2;
    sum(b * b + b + b).backward();
    CHECK(difference(a.grad(), tensor({12, 20}, float64)) == 0);
    const Tensor c = leaf({1, 2});
    sum(c + c).backward();
    CHECK(difference(c.grad(), tensor({2, 2}, float64)) == 0);
}

TEST_CASE("tape: summing gradients changes nothing that the user holds") {
    const Tensor a = leaf({1, 2}), b = leaf({3, 4});
    SECTION("gradients kept from an earlier pass") {
        sum(a * b).backward();
        const Tensor before = a.grad();
        const auto shown = b.grad().array<double>();
        sum(a * b).backward();
        CHECK(difference(before, tensor({3, 4}, float64)) == 0);
        CHECK(shown(1) == 2);
        CHECK(difference(a.grad(), tensor({6, 8}, float64)) == 0);
    }
    SECTION("the seed") {
        const Tensor seed = tensor({1, 1}, float64);
        const Tensor c = a + b;
        c.backward(seed, true);
        c.backward(seed);
        (a + a + a).backward(seed);
        CHECK(difference(seed, tensor({1, 1}, float64)) == 0);
        CHECK(difference(a.grad(), tensor({5, 5}, float64)) == 0);
        CHECK(difference(b.grad(), tensor({2, 2}, float64)) == 0);
    }
    SECTION("a seed seen through another shape") {
        const Tensor seed = tensor({1, 1}, float64);
        const Tensor c = a.reshape({2, 1});
        (c + c + c).backward(seed.reshape({2, 1}));
        CHECK(difference(seed, tensor({1, 1}, float64)) == 0);
        CHECK(difference(a.grad(), tensor({3, 3}, float64)) == 0);
    }
    SECTION("gradients returned by grad()") {
        const Tensor c = a * 1, d = c + c + b;
        const Tensors both = grad({sum(d + d * c)}, {c, d, a});
        CHECK(difference(both[1], tensor({2, 3}, float64)) == 0);   // 1 + c
        CHECK(difference(both[0], tensor({9, 14}, float64)) == 0);  // 2 (1 + c) + d
        CHECK(difference(both[2], both[0]) == 0);
    }
    SECTION("leaves do not share a gradient") {
        (a + b).backward(tensor({1, 1}, float64));
        a.grad().mutable_array<double>()(0) = 100;
        CHECK(difference(b.grad(), tensor({1, 1}, float64)) == 0);
    }
}

TEST_CASE("tape: in a diamond of diamonds every derivative is computed once") {
    Counted::runs = 0;
    const Tensor x = number(1);
    Tensor y = x;
    for (int i = 0; i < 20; ++i) {
        y = Counted::apply(y);
        y = y + y;
    }
    y.backward();
    CHECK(Counted::runs == 20);
    CHECK(x.grad().item<double>() == 1 << 20);
    CHECK(grad(Counted::apply(x) * 2.0, x).item<double>() == 2);
}

TEST_CASE("tape: hundreds of nodes wait at once, and each derivative is computed once") {
    Counted::runs = 0;
    Tensors leaves, values;
    for (int i = 0; i < 300; ++i) {
        leaves.push_back(number(i));
        values.push_back(Counted::apply(leaves.back()) * 2.0);
    }
    Tensor total = 0.0;
    for (int i = 0; i < 300; ++i)
        total = total + values[static_cast<std::size_t>(i * 7 % 300)] * leaves[static_cast<std::size_t>(i)];
    total.backward();
    CHECK(Counted::runs == 300);
    // d/dx_k of sum 2 x_{7 i mod 300} x_i, where 43 is the inverse of 7 modulo 300.
    for (int k = 0; k < 300; ++k)
        CHECK(leaves[static_cast<std::size_t>(k)].grad().item<double>() == 2 * (k * 7 % 300) + 2 * (k * 43 % 300));
}

TEST_CASE("tape: no_grad records nothing, and enable_grad records again inside it") {
    const Tensor x = number(3);
    CHECK(grad_enabled());
    const Tensor y = no_grad([&] {
        CHECK_FALSE(grad_enabled());
        return x * x;
    });
    CHECK_FALSE(y.requires_grad());
    {
        const NoGrad guard;
        CHECK_FALSE((x * 2).requires_grad());
        const Tensor z = enable_grad([&] { return x * x; });
        CHECK(grad(z, x).item<double>() == 6);
        CHECK_FALSE(grad_enabled());
    }
    CHECK(grad_enabled());
    CHECK_THROWS_AS(no_grad([] { throw ValueError("out of it"); }), ValueError);
    CHECK(grad_enabled());
}

TEST_CASE("tape: a graph is freed by the pass over it unless it is retained") {
    const Tensor x = number(3);
    const Tensor y = square(x);
    y.backward({}, true);
    y.backward();
    CHECK(x.grad().item<double>() == 12);
    CHECK_THAT(thrown_text<GraphError>([&] { y.backward(); }),
               contains("square") && contains("freed") && contains("retain_graph"));
    const Tensor z = square(x);
    grad(z, x, {.retain_graph = true});
    grad(z, x);
    CHECK_THROWS_AS(grad(z, x), GraphError);
}

TEST_CASE("tape: third derivative of x^5") {
    const Tensor x = number(2);
    const Tensor y = x * x * x * x * x;
    const Tensor first = grad(y, x, {.create_graph = true}), second = grad(first, x, {.create_graph = true});
    const Tensor third = grad(second, x);
    CHECK(first.item<double>() == 80);
    CHECK(second.item<double>() == 160);
    CHECK(third.item<double>() == 240);
    CHECK_FALSE(x.grad().defined());
    // And with pow, whose exponent is a number.
    const Tensor w = pow(x, 5);
    const Tensor slope = grad(w, x, {.create_graph = true});
    const Tensor bend = grad(slope, x, {.create_graph = true});
    CHECK(grad(bend, x).item<double>() == Approx(240));
}

TEST_CASE("tape: every derivative of a power is finite at 0") {
    const Tensor x = number(0);
    Tensor y = pow(x, 3);
    const double expected[] = {0, 0, 6, 0, 0};
    for (double value : expected) {
        y = grad(y, x, {.create_graph = true});
        CHECK(y.item<double>() == value);
    }
}

TEST_CASE("tape: create_graph keeps the graph, so that a gradient enters a loss") {
    const Tensor x = leaf({1, 2});
    const Tensor slope = grad(sum(x * x * x), x, {.create_graph = true});
    CHECK(slope.requires_grad());
    sum(square(slope)).backward();
    CHECK(difference(x.grad(), tensor({36, 288}, float64)) == 0);  // d/dx 9 x^4
    const Tensor flat = grad(sum(x * x * x), x);
    CHECK_FALSE(flat.requires_grad());
}

TEST_CASE("tape: grad of results, of both a result and what it was made of, and of one named twice") {
    const Tensor x = number(3);
    const Tensor y = x * x, z = y * y;
    const Tensors slopes = grad({z}, {y, x, y, z});
    CHECK(slopes[0].item<double>() == 18);
    CHECK(slopes[1].item<double>() == 108);
    CHECK(slopes[2].item<double>() == 18);
    CHECK(slopes[3].item<double>() == 1);
    CHECK_FALSE(x.grad().defined());
    // Several outputs, each with its seed.
    const Tensor a = leaf({1, 2});
    const Tensors outputs{a * 2, sum(a)};
    CHECK(difference(grad(outputs, {a}, {.grad_outputs = {tensor({1, 10}, float64), Tensor(5)}})[0],
                     tensor({7, 25}, float64)) == 0);
    CHECK_THROWS_AS(grad(outputs, {a}, {.grad_outputs = {Tensor(5)}}), ValueError);
}

TEST_CASE("tape: grad refuses inputs that it cannot reach") {
    const Tensor x = number(3), other = number(1), constant = full({}, 1, float64);
    CHECK_THAT(thrown_text<GraphError>([&] {
                   grad(Tensors{square(x)}, {x, other});
               }),
               contains("input 1") && contains("allow_unused"));
    CHECK_THAT(thrown_text<GraphError>([&] { grad(square(x), constant); }), contains("set_requires_grad"));
    CHECK_THAT(thrown_text<GraphError>([&] { grad(square(constant), x); }), contains("not on the tape"));
    CHECK_THAT(thrown_text<GraphError>([&] { constant.backward(); }),
               contains("backward") && contains("not on the tape"));
    const Tensors slopes = grad(Tensors{square(x)}, {x, other}, {.allow_unused = true});
    CHECK(slopes[0].item<double>() == 6);
    CHECK_FALSE(slopes[1].defined());
}

TEST_CASE("tape: only leaves of float type can be switched") {
    Tensor labels = arange(3);
    CHECK_THAT(thrown_text<DTypeError>([&] { labels.set_requires_grad(); }),
               contains("int64 [3]") && contains("float32"));
    Tensor x = number(2);
    Tensor y = square(x);
    CHECK_THAT(thrown_text<GraphError>([&] { y.set_requires_grad(false); }), contains("detach"));
    x.set_requires_grad(false);
    CHECK_FALSE(square(x).requires_grad());
    CHECK(x.is_leaf());
    CHECK_FALSE(y.is_leaf());
}

TEST_CASE("tape: a value changed in place since it was saved is an error that names the op") {
    Tensor x = leaf({1, 2});
    const Tensor factor = tensor({3, 4}, float64);
    Tensor changed = factor;
    const Tensor y = sum(x * factor);
    SECTION("through mutable_array") { changed.mutable_array<double>()(0) = 7; }
    SECTION("through assign") { changed.assign(tensor({7, 8}, float64)); }
    SECTION("through another shape of the same elements") { changed.reshape({2, 1}).mutable_array<double>()(0, 0) = 7; }
    CHECK_THAT(thrown_text<GraphError>([&] { y.backward(); }), contains("multiply") && contains("changed in place"));
}

TEST_CASE("tape: a leaf may change once its gradient is there") {
    Tensor x = leaf({1, 2});
    for (int step = 0; step < 3; ++step) {
        sum(square(x)).backward();
        x.mutable_array<double>() -= 0.25 * x.grad().array<double>();
        x.zero_grad();
    }
    CHECK(difference(x, tensor({0.125, 0.25}, float64)) == 0);
}

TEST_CASE("tape: assign overwrites a leaf, and not what is on the tape") {
    Tensor x = leaf({1, 2});
    const Tensor same = x;
    x.assign(tensor({3, 4}, float64));
    CHECK(difference(same, tensor({3, 4}, float64)) == 0);
    CHECK(x.requires_grad());
    CHECK_THROWS_AS(x.assign(tensor({3}, float64)), ShapeError);
    CHECK_THROWS_AS(x.assign(tensor({3, 4}, float32)), Error);
    Tensor y = x * 2;
    CHECK_THAT(thrown_text<GraphError>([&] { y.assign(x); }), contains("recorded"));
}

TEST_CASE("tape: a += b makes a new value") {
    Tensor a = leaf({1, 2});
    const Tensor before = a;
    a += 1;
    a *= 3;
    a -= before;
    a /= 2;
    CHECK(difference(before, tensor({1, 2}, float64)) == 0);
    CHECK_FALSE(a.is(before));
    CHECK(difference(a, tensor({2.5, 3.5}, float64)) == 0);
    CHECK(difference(grad(sum(a), before), tensor({1, 1}, float64)) == 0);
}

TEST_CASE("tape: detach gives the elements without the way to them") {
    const Tensor x = leaf({1, 2});
    const Tensor y = square(x);
    CHECK_FALSE(y.detach().requires_grad());
    CHECK(difference(grad(sum(y.detach() * x), x), y) == 0);
}

TEST_CASE("tape: a gradient is summed down to what was broadcast, and of its type") {
    const Tensor column = full({3, 1}, 2, float32).set_requires_grad(), row = full({4}, 3, float32).set_requires_grad();
    sum(column * row).backward();
    CHECK(difference(column.grad(), full({3, 1}, 12)) == 0);
    CHECK(difference(row.grad(), full({4}, 6)) == 0);
    CHECK(row.grad().dtype() == float32);
    const Tensor wide = number(2);
    (wide.to(float32) * 3).backward();
    CHECK(wide.grad().dtype() == float64);
    CHECK(wide.grad().item<double>() == 3);
}

TEST_CASE("tape: a value made in one thread is used in another") {
    const Tensor x = number(1);
    Tensor y = x;
    for (int i = 0; i < 100; ++i) y = y * 1.0;
    // A new thread's own count of operations starts at 0.
    Tensor z;
    std::thread([&] {
        z = y * 2;
        const Tensor twice = z + y;
        CHECK(grad(twice, x, {.retain_graph = true}).item<double>() == 3);
        z = twice * z;
    }).join();
    z.backward();
    CHECK(x.grad().item<double>() == 12);
    CHECK(grad_enabled());
}

TEST_CASE("tape: threads record and differentiate side by side") {
    const Tensor weight = number(3);
    std::vector<double> slopes(4);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < slopes.size(); ++i)
        threads.emplace_back([&, i] {
            for (int round = 0; round < 200; ++round) {
                Tensor y = weight;
                for (int k = 0; k < 10; ++k) y = y * weight;
                slopes[i] = grad(y, weight).item<double>();
            }
        });
    for (std::thread& thread : threads) thread.join();
    for (double slope : slopes) CHECK(slope == 11 * std::pow(3.0, 10));
}

// --- depth and repetition
// ---------------------------------------------------------------------------------------------

namespace {

template <class Step>
Tensor chain(Tensor y, int length, Step step) {
    for (int i = 0; i < length; ++i) y = step(y);
    return y;
}

constexpr int million = 1'000'000;

}  // namespace

TEST_CASE("tape: a chain of a million ops is recorded, differentiated and freed", "[slow]") {
    const Tensor x = number(1);
    chain(x, million, [](const Tensor& y) { return y + 1.0; }).backward();
    CHECK(x.grad().item<double>() == 1);
    // Freed without a backward pass, through results and through what is saved.
    CHECK(chain(x, million, [](const Tensor& y) { return y * 1.0; }).item<double>() == 1);
    const Tensor end = chain(x, million, [](const Tensor& y) { return sigmoid(y); });
    CHECK(end.item<double>() == Approx(0.659046));
    CHECK(grad(end, x).item<double>() == Approx(0).margin(1e-12));
}

TEST_CASE("tape: long chains of sigmoid and softmax are freed without a backward pass", "[slow]") {
    const Tensor x = leaf({1, 2});
    CHECK(chain(x, million / 4, [](const Tensor& y) { return sigmoid(y); }).requires_grad());
    CHECK(chain(x, million / 4, [](const Tensor& y) { return softmax(y); }).requires_grad());
    CHECK(chain(x, million / 4, [](const Tensor& y) { return Counted::apply(y); }).requires_grad());
}

TEST_CASE("tape: ten thousand steps do not grow") {
    Tensor weights = full({128, 128}, 0.01).set_requires_grad();  // just large enough to be counted
    const Tensor x = full({4, 128}, 0.5);
    const auto step = [&] {
        sum(square(tanh(matmul(x, weights)) - x)).backward();
        weights.mutable_array<float>() -= 1e-4f * weights.grad().array<float>();
        weights.zero_grad();
    };
    for (int i = 0; i < 10; ++i) step();
    const std::size_t in_use = memory_use().in_use;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    for (int i = 0; i < 100; ++i) step();  // the sanitizer itself keeps freed blocks, and looks for leaks at the end
#else
    // Blocks below 64 KiB are not counted one by one: what the process holds is.
    const auto resident = [] {
        std::FILE* file = std::fopen("/proc/self/statm", "r");
        long total = 0, pages = 0;
        if (file && std::fscanf(file, "%ld %ld", &total, &pages) != 2) pages = 0;
        if (file) std::fclose(file);
        return pages;
    };
    const long before = resident();
    for (int i = 0; i < 10'000; ++i) step();
    CHECK(resident() - before < 512);  // pages of 4 KiB
#endif
    CHECK(memory_use().in_use == in_use);
}
