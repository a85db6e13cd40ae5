#include <weft/optim/adagrad.hpp>
#include <weft/optim/define.hpp>

namespace weft::optim {

template <>
const Description<AdagradOptions>& description<AdagradOptions>() {
    using Options = AdagradOptions;
    static const Description<Options> row{
        "Adagrad",
        {{"learning_rate", &Options::lr},
         {"initial_accumulator_value", &Options::initial_accumulator_value},
         {"epsilon", &Options::epsilon},
         {"weight_decay", &Options::weight_decay},
         {"clipnorm", &Options::clipnorm, Range::positive},
         {"clipvalue", &Options::clipvalue, Range::positive},
         {"global_clipnorm", &Options::global_clipnorm, Range::positive}}};
    return row;
}
template class OptimizerOf<Adagrad, AdagradOptions>;
static const Registration adagrad_row = registration<Adagrad, AdagradOptions>();

std::vector<std::string> Adagrad::slot_names() const { return {"accumulator"}; }
double Adagrad::initial_value(std::size_t) const { return given().initial_accumulator_value; }

void Adagrad::update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const {
    update_parts(parameter, gradient, slots, [&]<class T>(const kernels::UpdateFunctions<T>& kernel, T* w, const T* g,
                                                          T* const* s, std::int64_t n) {
        if (rates.decay != 0) kernel.sgd(w, w, n, rates.decay);
        kernel.adagrad(w, g, s[0], n, rates.rate, given().epsilon);
    });
}

}  // namespace weft::optim
