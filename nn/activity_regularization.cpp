#include <weft/nn/activity_regularization.hpp>
#include <weft/nn/registry.hpp>

#include <nlohmann/json.hpp>

namespace weft::nn {

ActivityRegularization::ActivityRegularization(const ActivityRegularizationOptions& options)
    : l1_(options.l1), l2_(options.l2) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    set_activity_regularizer(regularizers::l1_l2(options.l1, options.l2));
}

nlohmann::json ActivityRegularization::config() const { return {{"l1", l1_}, {"l2", l2_}}; }

static const bool activity_regularization_registered =
    register_layer("ActivityRegularization", [](const nlohmann::json& c) -> Layer {
        return ActivityRegularization({.l1 = config_number(c, "l1", 0), .l2 = config_number(c, "l2", 0)});
    });

}  // namespace weft::nn
