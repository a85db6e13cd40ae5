#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

namespace weft {
namespace {

Tensor compare(const Tensor& x, const Tensor& y, kernels::Comparison kernels::Elementwise::*relation,
               const char* where) {
    if (const auto alike = comparable(x, y, where)) return Tensor(zip(alike->a, alike->b, relation, where));
    return Tensor(zip(x, y, relation, where));
}

}  // namespace

using kernels::Elementwise;

Tensor equal(const Tensor& a, const Tensor& b) { return compare(a, b, &Elementwise::equal, "equal"); }
Tensor not_equal(const Tensor& a, const Tensor& b) { return compare(a, b, &Elementwise::not_equal, "not_equal"); }
Tensor less(const Tensor& a, const Tensor& b) { return compare(a, b, &Elementwise::less, "less"); }
Tensor less_equal(const Tensor& a, const Tensor& b) { return compare(a, b, &Elementwise::less_equal, "less_equal"); }
Tensor greater(const Tensor& a, const Tensor& b) { return compare(a, b, &Elementwise::greater, "greater"); }
Tensor greater_equal(const Tensor& a, const Tensor& b) {
    return compare(a, b, &Elementwise::greater_equal, "greater_equal");
}

Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y) {
    if (condition.dtype() != boolean)
        throw DTypeError(fmt::format("where: the condition must be bool; received {}. Compare it: not_equal(x, 0).",
                                     describe(condition)));
    const auto alike = comparable(x, y, "where");
    const Tensor &a = alike ? alike->a : x, &b = alike ? alike->b : y;
    if (!is_floating(a.dtype())) {  // integers are exact in float64 up to 2^53
        const DType type = x.impl()->weak ? y.dtype() : x.dtype();
        return Tensor(cast(choose(condition, a.to(float64), b.to(float64), "where"), type));
    }
    return record(choose(condition, a, b, "where"), {a, b},
                  [c = save(condition)](const Tensor& dy) { return where(c, dy, 0); },
                  [c = save(condition)](const Tensor& dy) { return where(c, 0, dy); });
}

}  // namespace weft
