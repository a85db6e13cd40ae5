#include <weft/optim/define.hpp>
#include <weft/optim/rmsprop.hpp>

namespace weft::optim {

template <>
const Description<RMSpropOptions>& description<RMSpropOptions>() {
    using Options = RMSpropOptions;
    static const Description<Options> row{
        "RMSprop",
        {{"learning_rate", &Options::lr},
         {"rho", &Options::rho, Range::fraction},
         {"momentum", &Options::momentum, Range::fraction_or_one},
         {"epsilon", &Options::epsilon},
         {"centered", &Options::centered},
         {"weight_decay", &Options::weight_decay},
         {"clipnorm", &Options::clipnorm, Range::positive},
         {"clipvalue", &Options::clipvalue, Range::positive},
         {"global_clipnorm", &Options::global_clipnorm, Range::positive}}};
    return row;
}
template class OptimizerOf<RMSprop, RMSpropOptions>;
static const Registration rmsprop_row = registration<RMSprop, RMSpropOptions>();

std::vector<std::string> RMSprop::slot_names() const {
    std::vector<std::string> names{"velocity"};
    if (given().momentum > 0) names.push_back("momentum");
    if (given().centered) names.push_back("average_gradient");
    return names;
}

void RMSprop::update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const {
    const bool momentum = given().momentum > 0;
    update_parts(parameter, gradient, slots, [&]<class T>(const kernels::UpdateFunctions<T>& kernel, T* w, const T* g,
                                                          T* const* s, std::int64_t n) {
        if (rates.decay != 0) kernel.sgd(w, w, n, rates.decay);
        kernel.rmsprop(w, g, s[0], given().centered ? s[momentum ? 2 : 1] : nullptr, momentum ? s[1] : nullptr, n,
                       rates.rate, given().rho, given().momentum, given().epsilon);
    });
}

}  // namespace weft::optim
