// 200 graphs composed at random: first and second derivatives as PyTorch computed them (tests/fixtures/make_graphs.py,
// which also says what the ops mean).
#include "../fixture.hpp"
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/checkpoint.hpp>
#include <weft/autograd/grad.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/ops/softmax.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <sstream>

using namespace weft;
using namespace weft::testing;

namespace {

struct Arguments {
    std::int64_t axis = 0;
    bool keepdims = false;
};
using Op = std::function<Tensor(const Tensors&, const Arguments&)>;

const std::map<std::string, Op>& ops() {
    const auto unary = [](Tensor (*f)(const Tensor&)) {
        return Op([f](const Tensors& x, const Arguments&) { return f(x[0]); });
    };
    const auto binary = [](Tensor (*f)(const Tensor&, const Tensor&)) {
        return Op([f](const Tensors& x, const Arguments&) { return f(x[0], x[1]); });
    };
    const auto reduction = [](Tensor (*f)(const Tensor&, const Axes&, bool)) {
        return Op([f](const Tensors& x, const Arguments& a) { return f(x[0], a.axis, a.keepdims); });
    };
    const auto along = [](Tensor (*f)(const Tensor&, std::int64_t)) {
        return Op([f](const Tensors& x, const Arguments& a) { return f(x[0], a.axis); });
    };
    static const std::map<std::string, Op> table{
        {"tanh", unary(tanh)},
        {"sigmoid", unary(sigmoid)},
        {"sin", unary(sin)},
        {"cos", unary(cos)},
        {"exp", unary(exp)},
        {"expm1", unary(expm1)},
        {"log", unary(log)},
        {"log1p", unary(log1p)},
        {"sqrt", unary(sqrt)},
        {"rsqrt", unary(rsqrt)},
        {"reciprocal", unary(reciprocal)},
        {"square", unary(square)},
        {"abs", unary(abs)},
        {"erf", unary(erf)},
        {"relu", unary(relu)},
        {"softplus", unary(softplus)},
        {"silu", unary(silu)},
        {"softsign", unary(softsign)},
        {"negative", unary(negative)},
        {"gelu", [](const Tensors& x, const Arguments&) { return gelu(x[0]); }},
        {"cube", [](const Tensors& x, const Arguments&) { return pow(x[0], 3); }},
        {"prod", [](const Tensors& x, const Arguments&) { return prod(x[0]); }},
        {"transpose", [](const Tensors& x, const Arguments&) { return transpose(x[0]); }},
        {"flatten", [](const Tensors& x, const Arguments&) { return x[0].reshape({-1}); }},
        {"add", binary(add)},
        {"subtract", binary(subtract)},
        {"multiply", binary(multiply)},
        {"divide", binary(divide)},
        {"maximum", binary(maximum)},
        {"minimum", binary(minimum)},
        {"power", binary(pow)},
        {"matmul", binary(matmul)},
        {"choose", [](const Tensors& x, const Arguments&) { return where(x[0] > x[1], x[0] * x[1], x[1]); }},
        {"stack", [](const Tensors& x, const Arguments&) { return stack(x); }},
        {"sum", reduction(sum)},
        {"mean", reduction(mean)},
        {"max", reduction(max)},
        {"logsumexp", reduction(logsumexp)},
        {"variance", [](const Tensors& x, const Arguments& a) { return variance(x[0], a.axis, a.keepdims); }},
        {"softmax", along(softmax)},
        {"log_softmax", along(log_softmax)},
        {"flip", along(flip)},
        {"expand_dims", along(expand_dims)},
        {"first", [](const Tensors& x, const Arguments& a) { return select(x[0], a.axis, 0); }},
        {"tail", [](const Tensors& x, const Arguments& a) { return slice(x[0], a.axis, 1, x[0].shape(a.axis)); }},
        {"alternate",
         [](const Tensors& x, const Arguments& a) { return slice(x[0], a.axis, 0, x[0].shape(a.axis), 2); }},
        {"twice",
         [](const Tensors& x, const Arguments& a) {
             return concat({x[0], x[0] * 0.5}, a.axis);
         }},
        {"gather",
         [](const Tensors& x, const Arguments& a) {
             const double last = static_cast<double>(x[0].shape(a.axis) - 1);
             return gather(x[0], tensor({last, 0, 0}, int64), a.axis);
         }},
    };
    return table;
}

// The graph's results: values that no step uses.
Tensors run(const nlohmann::json& graph, const Tensors& inputs) {
    Tensors values = inputs;
    std::set<std::size_t> used;
    for (const auto& step : graph["steps"]) {
        Tensors operands;
        for (const std::size_t number : step[1]) {
            operands.push_back(values[number]);
            used.insert(number);
        }
        const Arguments arguments = step.size() > 2 ? Arguments{step[2], step[3]} : Arguments{};
        values.push_back(ops().at(step[0])(operands, arguments));
    }
    Tensors results;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!used.contains(i)) results.push_back(values[i]);
    return results;
}

// f of every position, in the shape of x.
template <class F>
Tensor by_position(const Tensor& x, F f) {
    std::vector<double> elements(static_cast<std::size_t>(x.elements()));
    for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = f(static_cast<double>(i));
    return tensor(elements, x.shape(), float64);
}

Tensors filled(Tensors gradients, const Tensors& like) {
    for (std::size_t i = 0; i < like.size(); ++i)
        if (!gradients[i].defined()) gradients[i] = zeros_like(like[i]);
    return gradients;
}

std::pair<Tensors, Tensors> derivatives(const TensorFunction& f, const Tensors& x) {
    Tensor loss = 0.0, along = 0.0;
    const Tensors y = f(x);
    for (std::size_t k = 0; k < y.size(); ++k)
        loss = loss +
               sum(y[k] * by_position(y[k], [&](double i) { return std::cos(1 + i + 7 * static_cast<double>(k)); }));
    const Tensors first = filled(grad({loss}, x, {.create_graph = true, .allow_unused = true}), x);
    for (std::size_t k = 0; k < first.size(); ++k)
        along = along + sum(first[k] * by_position(first[k], [&](double i) {
                                return std::sin(1 + 2 * i + 3 * static_cast<double>(k));
                            }));
    const Tensors second = along.requires_grad() ? grad({along}, x, {.allow_unused = true}) : Tensors(x.size());
    return {first, filled(second, x)};
}

}  // namespace

TEST_CASE("graphs: first and second derivatives of 200 random graphs are PyTorch's") {
    const Fixture file("graphs");
    const std::vector<double> inputs = file.values("inputs").data, first = file.values("first").data,
                              second = file.values("second").data;
    std::string text;
    for (double letter : file.values("graphs").data) text += static_cast<char>(letter);
    std::istringstream lines(text);
    std::size_t at = 0, graphs = 0;
    for (std::string line; std::getline(lines, line); ++graphs) {
        INFO("graph " << graphs << ": " << line);
        const nlohmann::json graph = nlohmann::json::parse(line);
        Tensors x;
        std::size_t end = at;
        for (const auto& shape : graph["shapes"]) {
            const Shape axes(shape.get<std::vector<std::int64_t>>());
            const std::size_t n = static_cast<std::size_t>(axes.elements());
            x.push_back(tensor({inputs.begin() + end, inputs.begin() + end + n}, axes, float64).set_requires_grad());
            end += n;
        }
        const TensorFunction f = [&](const Tensors& t) { return run(graph, t); };
        // Every tenth as a checkpoint too, which must not make a difference.
        for (const TensorFunction& each : {f, TensorFunction([&](const Tensors& t) { return checkpoint(f, t); })}) {
            const auto [g, h] = derivatives(each, x);
            std::size_t from = at;
            for (std::size_t i = 0; i < x.size(); ++i) {
                const std::size_t n = static_cast<std::size_t>(x[i].elements());
                CHECK(difference(g[i], Plain{x[i].shape(), {first.begin() + from, first.begin() + from + n}}) <= 1e-9);
                CHECK(difference(h[i], Plain{x[i].shape(), {second.begin() + from, second.begin() + from + n}}) <=
                      1e-9);
                from += n;
            }
            if (graphs % 10 != 0) break;
        }
        at = end;
    }
    CHECK(graphs == 200);
    CHECK(at == inputs.size());
}
