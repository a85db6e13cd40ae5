#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/nn/loss.hpp>
#include <weft/nn/loss_table.hpp>
#include <weft/nn/mask.hpp>

#include <fmt/core.h>

namespace weft::nn {

enum class Reduction { mean, sum, none };

namespace {

Reduction reduction_named(const std::string& where, const std::string& name) {
    if (name == "sum_over_batch_size" || name == "mean" || name == "auto") return Reduction::mean;
    if (name == "sum") return Reduction::sum;
    if (name == "none") return Reduction::none;
    throw ValueError(
        fmt::format("{}: reduction is one of sum_over_batch_size, sum and none; received '{}'", where, name));
}

// 1 where a value counts, else 0.
Tensor ones_where(const Tensor& mask, DType dtype) {
    if (mask.dtype() != boolean)
        throw DTypeError(fmt::format("Loss: a mask is bool, true where a step counts; received {}", describe(mask)));
    return mask.to(dtype);
}

Tensor product(const Tensor& a, const Tensor& b) {
    if (!a.defined()) return b;
    return b.defined() ? a * b : a;
}

}  // namespace

struct Loss::Definition {
    std::string name, keras_name, class_name;
    Settings config;
    const LossRow* row = nullptr;  // null for a function of one's own
    Function function;
    Reduction reduction = Reduction::mean;

    static Definition of(const LossRow& row, const Settings& given) {
        Settings config = row.defaults.with(given);
        const Setting* reduction = given.find("reduction");
        const bool named = reduction && std::holds_alternative<std::string>(*reduction);
        const std::string how = named ? std::get<std::string>(*reduction) : "sum_over_batch_size";
        const Reduction chosen = reduction && !named ? Reduction::none : reduction_named(row.name, how);
        config.set("reduction", chosen == Reduction::mean  ? "sum_over_batch_size"
                                : chosen == Reduction::sum ? "sum"
                                                           : "none");
        const Setting* name = given.find("name");
        const bool own_name =
            name && std::holds_alternative<std::string>(*name) && !std::get<std::string>(*name).empty();
        return {own_name ? std::get<std::string>(*name) : row.name,
                row.name,
                row.class_name,
                std::move(config),
                &row,
                {},
                chosen};
    }
};

Loss::Loss(const std::string& name) : Loss(from_config(name, {})) {}

Loss::Loss(const std::string& name, Function function) {
    if (!function) throw ValueError(fmt::format("Loss '{}': the function is empty", name));
    auto definition = std::make_shared<Definition>();
    definition->name = name;
    definition->function = std::move(function);
    definition_ = std::move(definition);
}

Loss Loss::from_config(const std::string& name, const Settings& config) {
    const LossRow* row = find_loss(name);
    if (!row) throw ValueError(fmt::format("Loss: there is no loss named '{}'. {}", name, suggest(name, loss_names())));
    Loss loss;
    loss.definition_ = std::make_shared<Definition>(Definition::of(*row, config));
    return loss;
}

const Loss::Definition& Loss::definition() const {
    if (!definition_) throw ValueError("Loss: none was given; compile with one, e.g. .loss = \"mse\"");
    return *definition_;
}

const std::string& Loss::name() const { return definition().name; }
const std::string& Loss::keras_name() const { return definition().keras_name; }
const std::string& Loss::class_name() const { return definition().class_name; }
const Settings& Loss::config() const { return definition().config; }

Tensor Loss::per_sample(const Tensor& y_true, const Tensor& y_pred) const {
    const Definition& d = definition();
    if (!d.row) {
        const bool other_float =
            is_floating(y_true.dtype()) && is_floating(y_pred.dtype()) && y_true.dtype() != y_pred.dtype();
        return d.function(other_float ? y_true.to(y_pred.dtype()) : y_true, y_pred);
    }
    const Tensor values = loss_values(*d.row, d.config, y_true, y_pred);
    return d.row->per_sample == PerSample::mean ? mean(values, {-1}) : values;
}

Tensor Loss::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight,
                        const Tensor& mask) const {
    const Definition& d = definition();
    const Tensor steps = mask.defined() ? mask : mask_of(y_pred);
    // The mean over samples of means of equal lengths is the mean over all.
    if (d.row && d.row->per_sample == PerSample::mean && d.reduction == Reduction::mean && !sample_weight.defined() &&
        !steps.defined())
        return mean(loss_values(*d.row, d.config, y_true, y_pred));

    Tensor values = per_sample(y_true, y_pred);
    Tensor counts;
    for (const Tensor& part : {steps, mask_of(values)})
        if (part.defined())
            counts = product(counts, aligned_left(ones_where(part, values.dtype()), values.shape(), "mask"));
    if (counts.defined() && d.reduction == Reduction::mean)
        counts = counts * (static_cast<double>(counts.elements()) / (sum(counts).item<double>() + 1e-7));
    Tensor weight;
    if (sample_weight.defined()) {
        if (values.rank() == 0)
            throw ShapeError(
                fmt::format("{}: gives one number for the whole batch, so sample weights {} cannot be applied. Let it "
                            "return a value for each sample, e.g. mean(x, {{-1}}).",
                            d.name, describe(sample_weight)));
        weight = aligned_left(sample_weight.to(values.dtype()), values.shape(), "sample_weight");
    }
    weight = product(weight, counts);
    if (weight.defined()) values = values * weight;
    if (d.reduction == Reduction::none) return values;
    return d.reduction == Reduction::sum ? sum(values) : values.rank() == 0 ? values : mean(values);
}

void check_target(const Loss& loss, const Tensor& y_true, const Shape& prediction, const std::string& where) {
    const auto& d = loss.definition();
    if (!d.row) return;
    const std::string name = where.empty() ? d.row->name : where;
    check_target_shape(name, d.row->target, y_true, prediction);
    check_target_range(name, d.row->target, y_true, prediction.rank() > 0 ? prediction.back() : 1,
                       ignored_class(d.config));
}

const std::vector<std::string>& loss_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const LossRow& row : loss_table()) {
            all.push_back(row.name);
            all.insert(all.end(), row.aliases.begin(), row.aliases.end());
        }
        return all;
    }();
    return names;
}

}  // namespace weft::nn
