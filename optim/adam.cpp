#include <weft/optim/adam.hpp>
#include <weft/optim/define.hpp>

namespace weft::optim {
namespace {

// Adam and AdamW differ in the order and defaults of their options alone.
template <class Options>
Description<Options> describe_adam(const char* keras_class) {
    return {keras_class,
            {{"learning_rate", &Options::lr},
             {"beta_1", &Options::beta_1, Range::fraction},
             {"beta_2", &Options::beta_2, Range::fraction},
             {"epsilon", &Options::epsilon},
             {"amsgrad", &Options::amsgrad},
             {"weight_decay", &Options::weight_decay},
             {"clipnorm", &Options::clipnorm, Range::positive},
             {"clipvalue", &Options::clipvalue, Range::positive},
             {"global_clipnorm", &Options::global_clipnorm, Range::positive}}};
}

std::vector<std::string> adam_slots(bool amsgrad) {
    if (amsgrad) return {"momentum", "velocity", "velocity_hat"};
    return {"momentum", "velocity"};
}

template <class Options>
void update_adam(const Options& options, Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots,
                 double rate, double decay, std::int64_t iteration) {
    const double t = static_cast<double>(iteration);
    const double alpha = rate * std::sqrt(1 - std::pow(options.beta_2, t)) / (1 - std::pow(options.beta_1, t));
    update_parts(parameter, gradient, slots, [&]<class T>(const kernels::UpdateFunctions<T>& kernel, T* w, const T* g,
                                                          T* const* s, std::int64_t n) {
        kernel.adam(w, g, s[0], s[1], s[2], n, alpha, options.beta_1, options.beta_2, options.epsilon, decay);
    });
}

}  // namespace

template <>
const Description<AdamOptions>& description<AdamOptions>() {
    static const auto row = describe_adam<AdamOptions>("Adam");
    return row;
}
template <>
const Description<AdamWOptions>& description<AdamWOptions>() {
    static const auto row = describe_adam<AdamWOptions>("AdamW");
    return row;
}
template class OptimizerOf<Adam, AdamOptions>;
template class OptimizerOf<AdamW, AdamWOptions>;
static const Registration adam_row = registration<Adam, AdamOptions>();
static const Registration adamw_row = registration<AdamW, AdamWOptions>();

std::vector<std::string> Adam::slot_names() const { return adam_slots(given().amsgrad); }
std::vector<std::string> AdamW::slot_names() const { return adam_slots(given().amsgrad); }

void Adam::update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const {
    update_adam(given(), parameter, gradient, slots, rates.rate, rates.decay, rates.iteration);
}
void AdamW::update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const {
    update_adam(given(), parameter, gradient, slots, rates.rate, rates.decay, rates.iteration);
}

}  // namespace weft::optim
