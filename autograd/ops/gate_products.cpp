#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/gate_products.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>

namespace weft {

Tensor gate_products(const Tensor& x, const Tensor& kernel, const Tensor& bias, const Tensors& masks) {
    if (masks.size() <= 1) return linear(masks.empty() ? x : x * masks[0], kernel, bias);
    const auto gates = static_cast<std::int64_t>(masks.size());
    const Tensors parts = split(kernel, std::vector<std::int64_t>(masks.size(), kernel.shape(1) / gates), -1);
    Tensors products;
    for (std::size_t gate = 0; gate < masks.size(); ++gate)
        products.push_back(linear(x * masks[gate], parts[gate], Tensor()));
    const Tensor all = concat(products, -1);
    return bias.defined() ? all + bias : all;
}

}  // namespace weft
