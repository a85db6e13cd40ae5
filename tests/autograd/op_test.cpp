// Every op of the table: values, derivatives, and whether every op has its row.
#include "catch.hpp"
#include "op_table.hpp"
#include "paths.hpp"

#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/reduce.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>

using namespace weft;
using namespace weft::testing;

namespace {

Tensors as_float32(const Tensors& inputs) {
    Tensors converted;
    for (const Tensor& x : inputs) converted.push_back(x.dtype() == float64 ? x.to(float32) : x);
    return converted;
}

// The first derivatives of sum(results * weights) with respect to the floating inputs, or those of them that
// asked_for(index of the input) holds for: the others are constants then.
Tensors first_derivatives(
    const OpCase& c, const Tensors& inputs, const GradOptions& options = {.allow_unused = true},
    const std::function<bool(std::size_t)>& asked_for = [](std::size_t) { return true; }) {
    Tensors leaves, wanted;
    for (const Tensor& x : inputs) {
        leaves.push_back(x.detach());
        if (is_floating(x.dtype()) && asked_for(leaves.size() - 1)) wanted.push_back(leaves.back().set_requires_grad());
    }
    const Tensors results = c.op(leaves);
    Tensor total = 0.0;
    for (const Tensor& y : results) total = total + sum(y * spread(y.shape(), 0.5, 1.5).to(y.dtype()));
    return total.requires_grad() ? grad({total}, wanted, options) : Tensors(wanted.size());
}

std::string described(const OpRow& row, const Tensors& inputs) {
    std::string text = row.name + " of";
    for (const Tensor& x : inputs) text.append(" ").append(describe(x));
    return text;
}

}  // namespace

TEST_CASE("ops: values agree with a plain reference") {
    for (const OpRow& row : op_table())
        for (const OpCase& c : row.cases)
            for (const Tensors& inputs : {c.inputs, as_float32(c.inputs)}) {
                const bool narrow = inputs[0].dtype() == float32 || inputs.back().dtype() == float32;
                INFO(described(row, inputs));
                const Tensors results = c.op(inputs);
                const Plains expected = c.reference(plain(inputs));
                REQUIRE(results.size() == expected.size());
                for (std::size_t i = 0; i < results.size(); ++i) {
                    CHECK(results[i].shape() == expected[i].shape);
                    CHECK(difference(results[i], expected[i]) <= (narrow ? row.float_error : row.error));
                }
            }
}

TEST_CASE("ops: first and second derivatives agree with central differences") {
    for (const OpRow& row : op_table()) {
        if (!row.differentiable) continue;
        for (const OpCase& c : row.cases) {
            INFO(described(row, c.inputs));
            const GradcheckReport report = gradgradcheck(c.op, c.inputs);
            INFO(report.table);
            CHECK(report.passed);
        }
    }
}

TEST_CASE("ops: a derivative is the same alone, beside the others and recorded") {
    const auto same = [](const Tensor& a, const Tensor& b, double error) {
        return a.defined() == b.defined() && (!a.defined() || difference(a, b) <= error);
    };
    for (const OpRow& row : op_table()) {
        if (!row.differentiable) continue;
        for (const OpCase& c : row.cases) {
            INFO(described(row, c.inputs));
            const Tensors all = first_derivatives(c, c.inputs);
            const Tensors recorded = first_derivatives(c, c.inputs, {.create_graph = true, .allow_unused = true});
            REQUIRE(all.size() == recorded.size());
            for (std::size_t input = 0, at = 0; input < c.inputs.size(); ++input) {
                if (!is_floating(c.inputs[input].dtype())) continue;
                CHECK(same(recorded[at], all[at], row.error));
                const auto alone = first_derivatives(c, c.inputs, {.allow_unused = true},
                                                     [&](std::size_t i) { return i == input; });
                CHECK(same(alone[0], all[at], row.error));
                const Tensors others = first_derivatives(c, c.inputs, {.allow_unused = true},
                                                         [&](std::size_t i) { return i != input; });
                for (std::size_t i = 0; i < others.size(); ++i)
                    CHECK(same(others[i], all[i < at ? i : i + 1], row.error));
                ++at;
            }
        }
    }
}

TEST_CASE("ops: third derivatives of elementwise ops agree with central differences") {
    std::size_t rows = 0;
    for (const OpRow& row : op_table()) {
        if (!row.elementwise || !row.differentiable) continue;
        ++rows;
        for (const OpCase& c : row.cases) {
            if (std::any_of(c.inputs.begin(), c.inputs.end(), [](const Tensor& x) { return x.elements() > 12; }))
                continue;
            INFO(described(row, c.inputs));
            const GradcheckReport report = gradcheck(c.op, c.inputs, {.order = 3});
            INFO(report.table);
            CHECK(report.passed);
        }
    }
    CHECK(rows >= 30);
}

TEST_CASE("ops: derivatives in float32 are close to those in float64") {
    for (const OpRow& row : op_table()) {
        if (!row.differentiable) continue;
        for (const OpCase& c : row.cases) {
            INFO(described(row, c.inputs));
            const Tensors wide = first_derivatives(c, c.inputs), narrow = first_derivatives(c, as_float32(c.inputs));
            REQUIRE(wide.size() == narrow.size());
            for (std::size_t i = 0; i < wide.size(); ++i) {
                REQUIRE(wide[i].defined() == narrow[i].defined());
                if (!wide[i].defined()) continue;
                CHECK(narrow[i].dtype() == float32);
                CHECK(difference(narrow[i], wide[i]) <= row.float_error);
            }
        }
    }
}

TEST_CASE("ops: every op declared in autograd/ops has a row in the table") {
    // These make tensors out of nothing, or recall one; they have tests of their own.
    const std::set<std::string> without_row{"zeros", "ones", "full", "zeros_like", "ones_like", "linspace", "arange",
                                            "eye", "tensor", "remembered_logits"};
    std::set<std::string> declared, rows;
    const std::regex declaration(R"(^(?:inline )?Tensors? (\w+)\()");
    std::size_t headers = 0;
    for (const auto& file : std::filesystem::directory_iterator(source_path("autograd/ops"))) {
        if (file.path().extension() != ".hpp") continue;
        ++headers;
        std::ifstream in(file.path());
        std::smatch match;
        for (std::string line; std::getline(in, line);)
            if (std::regex_search(line, match, declaration) && match[1].str().rfind("operator", 0) != 0)
                declared.insert(match[1]);
    }
    REQUIRE(headers >= 13);
    for (const OpRow& row : op_table()) {
        INFO(row.name);
        CHECK(rows.insert(row.name).second);  // one row an op
        CHECK(declared.contains(row.name));
        CHECK(!row.cases.empty());
    }
    for (const std::string& name : declared) {
        INFO("add a row to tests/autograd/op_table_*.cpp for " << name);
        CHECK(rows.contains(name) != without_row.contains(name));
    }
}
