// The op table. An op is one row: how it is called, on what, and what it must give. The value tests, the derivative
// tests and the benchmarks read the same rows. A family of ops has its own op_table_*.cpp.
#pragma once

#include "plain.hpp"

#include <weft/autograd/gradcheck.hpp>
#include <weft/autograd/tensor.hpp>

#include <functional>
#include <string>
#include <vector>

namespace weft::testing {

/// What an op must give, computed from plain doubles.
using Reference = std::function<Plains(const Plains&)>;

struct OpCase {
    TensorFunction op;
    Tensors
        inputs;  ///< float64, or int64 and bool where the op takes those; float32 is made of float64 where it is tested
    Reference reference;
};

struct OpRow {
    std::string name;  ///< as declared in autograd/ops
    std::vector<OpCase> cases;
    bool differentiable = true;
    bool elementwise = false;    ///< third derivatives are tested too
    double error = 1e-12;        ///< values in float64 are equal to this
    double float_error = 1e-5;   ///< values and first derivatives in float32 are equal to this
};

std::vector<OpRow> elementwise_rows();
std::vector<OpRow> activation_rows();
std::vector<OpRow> arithmetic_rows();
std::vector<OpRow> compare_rows();
std::vector<OpRow> reduce_rows();
std::vector<OpRow> reshape_rows();
std::vector<OpRow> index_rows();
std::vector<OpRow> product_rows();
std::vector<OpRow> image_rows();
std::vector<OpRow> normalization_rows();
std::vector<OpRow> softmax_rows();
std::vector<OpRow> recurrent_rows();

/// All of them.
const std::vector<OpRow>& op_table();

/// What a row of a function of one tensor, element by element, is made of.
struct Range {
    double low, high;
    std::vector<double> kinks = {};
};
OpRow elementwise_row(const std::string& name, Tensor (*op)(const Tensor&), double (*reference)(double),
                      const Range& range);
/// Of a function of two tensors that broadcast.
OpRow broadcasting_row(const std::string& name, Tensor (*op)(const Tensor&, const Tensor&),
                       double (*reference)(double, double), const Range& a, const Range& b);

/// A case of one result.
OpCase one(std::function<Tensor(const Tensors&)> op, Tensors inputs, std::function<Plain(const Plains&)> reference);

}  // namespace weft::testing
