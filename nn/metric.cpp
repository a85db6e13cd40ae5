#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/nn/loss_table.hpp>
#include <weft/nn/mask.hpp>
#include <weft/nn/metric.hpp>
#include <weft/nn/metric_table.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft::nn {
namespace {

const ByShapes* find_by_shapes(const std::string& name) {
    const std::string wanted = plain(name);
    for (const ByShapes& row : metrics_by_shapes())
        if (row.name == wanted || row.alias == wanted) return &row;
    return nullptr;
}

const MetricRow* find_metric(const std::string& name) {
    const std::string wanted = plain(name);
    for (const MetricRow& row : metric_table()) {
        const auto is_wanted = [&](const std::string& known) { return plain(known) == wanted; };
        if (is_wanted(row.name) || std::any_of(row.aliases.begin(), row.aliases.end(), is_wanted)) return &row;
    }
    return nullptr;
}

const std::string& meaning(const ByShapes& row, const Shape& y_true, const Shape& y_pred) {
    if (y_pred.rank() < 2 || y_pred.back() == 1) return row.binary;
    return y_true.rank() < y_pred.rank() || y_true.back() == 1 ? row.sparse : row.categorical;
}

// A weight for each value, row-major; undefined if all count alike.
Tensor weights_of(const Shape& values, const Tensor& sample_weight, const Tensor& mask, const Tensor& own_mask) {
    Tensor all;
    const Tensor parts[] = {sample_weight, mask, own_mask};
    const char* names[] = {"sample_weight", "mask", "mask"};
    for (int i = 0; i < 3; ++i) {
        if (!parts[i].defined()) continue;
        const Tensor part = aligned_left(parts[i].to(float64), values, names[i]);
        all = all.defined() ? all * part : part;
    }
    return all.defined() ? broadcast_to(all, values) : all;
}

}  // namespace

// One of: a row of the table of metrics, a loss, or what the shapes choose among three.
struct Metric::Definition {
    std::string keras_name, class_name;
    Settings config;
    const MetricRow* row = nullptr;
    Loss loss = {};
    const ByShapes* by_shapes = nullptr;
    std::shared_ptr<const Definition> binary = nullptr, sparse = nullptr, categorical = nullptr;

    static std::shared_ptr<const Definition> of(const std::string& name, const Settings& given) {
        if (const ByShapes* found = find_by_shapes(name))
            return std::make_shared<Definition>(Definition{.keras_name = found->name,
                                                           .by_shapes = found,
                                                           .binary = of(found->binary, {}),
                                                           .sparse = of(found->sparse, {}),
                                                           .categorical = of(found->categorical, {})});
        if (const MetricRow* found = find_metric(name))
            return std::make_shared<Definition>(
                Definition{found->name, found->class_name, found->defaults.with(given), found});
        if (find_loss(name)) return of(Loss::from_config(name, given));
        throw ValueError(fmt::format("Metric: there is no metric named '{}'. {}", name, suggest(name, metric_names())));
    }
    static std::shared_ptr<const Definition> of(const Loss& loss) {
        return std::make_shared<Definition>(Definition{
            .keras_name = loss.keras_name(), .class_name = loss.class_name(), .config = loss.config(), .loss = loss});
    }

    const Definition& meant(const Shape& y_true, const Shape& y_pred) const {
        if (!by_shapes) return *this;
        const std::string& name = meaning(*by_shapes, y_true, y_pred);
        return name == by_shapes->binary ? *binary : name == by_shapes->sparse ? *sparse : *categorical;
    }
};

Metric::Metric(std::shared_ptr<const Definition> definition, const std::string& name)
    : definition_(std::move(definition)), name_(name) {}

Metric::Metric(const std::string& name) : Metric(Definition::of(name, {}), name) {}
Metric::Metric(const Loss& loss) : Metric(Definition::of(loss), loss.name()) {}

Metric Metric::from_config(const std::string& name, const Settings& config) {
    const auto text = [&](const char* key) {
        const Setting* found = config.find(key);
        return found && std::holds_alternative<std::string>(*found) ? std::get<std::string>(*found) : "";
    };
    // tf.keras wraps plain functions, and names them beside.
    const bool wrapped = plain(name) == "meanmetricwrapper" && !text("fn").empty();
    auto definition = Definition::of(wrapped ? text("fn") : name, config);
    const std::string own_name = text("name").empty() ? definition->keras_name : text("name");
    return Metric(std::move(definition), own_name);
}

const std::string& Metric::keras_name() const { return definition_->keras_name; }
const std::string& Metric::class_name() const { return definition_->class_name; }
const Settings& Metric::config() const { return definition_->config; }

void Metric::update(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight, const Tensor& mask) {
    const NoGrad guard;
    const Definition& d = definition_->meant(y_true.shape(), y_pred.shape());
    Shape shape;  // of the values
    Tensor own_mask;
    std::int64_t batch = 1;
    if (d.row) {
        // A prediction [n] is n samples of one number, unless the metric is about classes.
        const bool flat = y_pred.rank() == 0 || (y_pred.rank() == 1 && d.row->target == TargetKind::values);
        Tensor target = fitted_target(name_, d.row->target, y_true, y_pred, "accuracy");
        if (flat) target = target.reshape({-1, 1});
        const Tensor rows = flat ? y_pred.reshape({-1, 1}) : y_pred;
        shape = rows.shape();
        shape.erase(shape.rank() - 1);
        values_.resize(static_cast<std::size_t>(shape.elements()));
        d.row->values(target, rows, d.config, values_.data());
        if (shape.rank() > 0) batch = shape.front();
    } else {
        const Tensor values = d.loss.per_sample(y_true, y_pred), exact = values.to(float64);
        const auto elements = exact.values<double>();
        values_.assign(elements.begin(), elements.end());
        own_mask = mask_of(values);
        shape = values.shape();
        if (const Shape& counted = shape.rank() > 0 ? shape : y_pred.shape(); counted.rank() > 0)
            batch = counted.front();
    }
    if (shape.rank() == 0 && sample_weight.defined())
        throw ShapeError(
            fmt::format("{}: gives one number for the whole batch, so sample weights {} cannot be applied. Let it "
                        "return a value for each sample, e.g. mean(x, {{-1}}).",
                        name_, describe(sample_weight)));
    const double steps = batch > 0 ? static_cast<double>(shape.elements()) / static_cast<double>(batch) : 1;
    const Tensor counts = mask.defined() ? mask : mask_of(y_pred);
    const Tensor weights = shape.rank() > 0 ? weights_of(shape, sample_weight, counts, own_mask) : Tensor();
    double total = 0, weight = 0;
    if (!weights.defined()) {
        for (double value : values_) total += value;
        if (shape.rank() == 0) total *= static_cast<double>(batch);
        total_ += shape.rank() == 0 ? total : total / steps;
        weight_ += static_cast<double>(batch);
        return;
    }
    const auto w = weights.values<double>();
    for (std::size_t i = 0; i < values_.size(); ++i) {
        if (w[i] == 0) continue;  // what does not count may be NaN
        total += w[i] * values_[i];
        weight += w[i];
    }
    total_ += total / steps;
    weight_ += weight / steps;
}

double Metric::result() const {
    const double mean = weight_ == 0 ? 0 : total_ / weight_;
    return definition_->row && definition_->row->finish ? definition_->row->finish(mean) : mean;
}

void Metric::reset() { total_ = weight_ = 0; }

std::string resolve_metric(const std::string& name, const Shape& y_true, const Shape& y_pred) {
    const ByShapes* found = find_by_shapes(name);
    return found ? meaning(*found, y_true, y_pred) : name;
}

void check_target(const Metric& metric, const Tensor& y_true, const Shape& prediction, const std::string& where) {
    const auto& d = metric.definition_->meant(y_true.shape(), prediction);
    if (d.loss.defined()) return check_target(d.loss, y_true, prediction, where);
    const std::string name = where.empty() ? metric.name() : where;
    check_target_shape(name, d.row->target, y_true, prediction, "accuracy");
    if (prediction.rank() > 0) check_target_range(name, d.row->target, y_true, prediction.back());
}

const std::vector<std::string>& metric_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const ByShapes& row : metrics_by_shapes()) all.insert(all.end(), {row.name, row.alias});
        for (const MetricRow& row : metric_table()) {
            all.push_back(row.name);
            all.insert(all.end(), row.aliases.begin(), row.aliases.end());
        }
        for (const std::string& name : loss_names())
            if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
        return all;
    }();
    return names;
}

void Metrics::add(Metric metric) {
    const auto taken = [&](const std::string& name) {
        return std::any_of(metrics_.begin(), metrics_.end(), [&](const Metric& other) { return other.name() == name; });
    };
    const std::string name = metric.name();
    for (int i = 1; taken(metric.name()); ++i) metric.set_name(fmt::format("{}_{}", name, i));
    metrics_.push_back(std::move(metric));
}

}  // namespace weft::nn
