#include <weft/optim/define.hpp>
#include <weft/optim/sgd.hpp>

namespace weft::optim {

template <>
const Description<SGDOptions>& description<SGDOptions>() {
    using Options = SGDOptions;
    static const Description<Options> row{
        "SGD",
        {{"learning_rate", &Options::lr},
         {"momentum", &Options::momentum, Range::fraction_or_one},
         {"nesterov", &Options::nesterov},
         {"weight_decay", &Options::weight_decay},
         {"clipnorm", &Options::clipnorm, Range::positive},
         {"clipvalue", &Options::clipvalue, Range::positive},
         {"global_clipnorm", &Options::global_clipnorm, Range::positive}}};
    return row;
}
template class OptimizerOf<SGD, SGDOptions>;
static const Registration sgd_row = registration<SGD, SGDOptions>();

std::vector<std::string> SGD::slot_names() const {
    if (given().momentum == 0) return {};
    return {"momentum"};
}

void SGD::update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const {
    update_parts(parameter, gradient, slots, [&]<class T>(const kernels::UpdateFunctions<T>& kernel, T* w, const T* g,
                                                          T* const* s, std::int64_t n) {
        if (rates.decay != 0) kernel.sgd(w, w, n, rates.decay);
        if (s[0]) kernel.momentum(w, g, s[0], n, rates.rate, given().momentum, given().nesterov);
        else kernel.sgd(w, g, n, rates.rate);
    });
}

}  // namespace weft::optim
