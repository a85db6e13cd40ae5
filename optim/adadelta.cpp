#include <weft/optim/adadelta.hpp>
#include <weft/optim/define.hpp>

namespace weft::optim {

template <>
const Description<AdadeltaOptions>& description<AdadeltaOptions>() {
    using Options = AdadeltaOptions;
    static const Description<Options> row{
        "Adadelta",
        {{"learning_rate", &Options::lr},
         {"rho", &Options::rho, Range::fraction},
         {"epsilon", &Options::epsilon},
         {"weight_decay", &Options::weight_decay},
         {"clipnorm", &Options::clipnorm, Range::positive},
         {"clipvalue", &Options::clipvalue, Range::positive},
         {"global_clipnorm", &Options::global_clipnorm, Range::positive}}};
    return row;
}
template class OptimizerOf<Adadelta, AdadeltaOptions>;
static const Registration adadelta_row = registration<Adadelta, AdadeltaOptions>();

std::vector<std::string> Adadelta::slot_names() const { return {"accumulated_grad", "accumulated_delta_var"}; }

void Adadelta::update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const {
    update_parts(parameter, gradient, slots, [&]<class T>(const kernels::UpdateFunctions<T>& kernel, T* w, const T* g,
                                                          T* const* s, std::int64_t n) {
        if (rates.decay != 0) kernel.sgd(w, w, n, rates.decay);
        kernel.adadelta(w, g, s[0], s[1], n, rates.rate, given().rho, given().epsilon);
    });
}

}  // namespace weft::optim
