#include <weft/nn/mask.hpp>

namespace weft::nn {

Tensor mask_of(const Tensor& x) {
    const auto& companions = x.impl()->companions;
    return companions && companions->mask ? *companions->mask : Tensor();
}

void set_mask(Tensor& x, const Tensor& mask) {
    x.data();
    auto& companions = x.impl()->companions;
    if (!companions) companions = std::make_unique<weft::detail::Companions>();
    companions->mask = mask.defined() ? std::make_shared<Tensor>(mask) : nullptr;
}

}  // namespace weft::nn
