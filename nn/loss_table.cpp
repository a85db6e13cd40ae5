#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/ops/softmax.hpp>
#include <weft/nn/loss_table.hpp>

#include <unordered_map>

namespace weft::nn {

const std::vector<LossRow>& loss_table() {
    using enum TargetKind;
    using namespace formulas;
    static const std::vector<LossRow> table{
        {"mean_squared_error", "MeanSquaredError", {"mse"}, values, PerSample::mean, squared_error, {}},
        {"mean_absolute_error", "MeanAbsoluteError", {"mae"}, values, PerSample::mean, absolute_error, {}},
        {"mean_absolute_percentage_error",
         "MeanAbsolutePercentageError",
         {"mape"},
         values,
         PerSample::mean,
         absolute_percentage_error,
         {}},
        {"mean_squared_logarithmic_error",
         "MeanSquaredLogarithmicError",
         {"msle"},
         values,
         PerSample::mean,
         squared_logarithmic_error,
         {}},
        {"huber", "Huber", {"huber_loss"}, values, PerSample::mean, huber, {{"delta", 1.0}}},
        {"log_cosh", "LogCosh", {}, values, PerSample::mean, log_cosh, {}},
        {"poisson", "Poisson", {}, values, PerSample::mean, poisson, {}},
        {"cosine_similarity",
         "CosineSimilarity",
         {"cosine_proximity"},
         values,
         PerSample::formula,
         cosine_similarity,
         {}},
        {"hinge", "Hinge", {}, values, PerSample::mean, hinge, {}},
        {"squared_hinge", "SquaredHinge", {}, values, PerSample::mean, squared_hinge, {}},
        {"categorical_hinge", "CategoricalHinge", {}, probabilities, PerSample::formula, categorical_hinge, {}},
        {"binary_crossentropy",
         "BinaryCrossentropy",
         {"bce"},
         bits,
         PerSample::mean,
         binary_crossentropy,
         {{"from_logits", false}, {"label_smoothing", 0.0}}},
        {"categorical_crossentropy",
         "CategoricalCrossentropy",
         {},
         probabilities,
         PerSample::formula,
         categorical_crossentropy,
         {{"from_logits", false}, {"label_smoothing", 0.0}}},
        {"sparse_categorical_crossentropy",
         "SparseCategoricalCrossentropy",
         {},
         labels,
         PerSample::formula,
         sparse_categorical_crossentropy,
         {{"from_logits", false}, {"ignore_class", {}}}},
        {"kl_divergence",
         "KLDivergence",
         {"kld", "kullback_leibler_divergence"},
         probabilities,
         PerSample::formula,
         kl_divergence,
         {}},
    };
    return table;
}

std::string plain(std::string_view name) {
    std::string result;
    for (char c : name)
        if (c != '_') result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return result;
}

const LossRow* find_loss(const std::string& name) {
    static const auto rows = [] {
        std::unordered_map<std::string, const LossRow*> all;
        for (const LossRow& row : loss_table()) {
            all[plain(row.name)] = &row;
            for (const std::string& alias : row.aliases) all[plain(alias)] = &row;
        }
        return all;
    }();
    const auto found = rows.find(plain(name));
    return found == rows.end() ? nullptr : found->second;
}

std::optional<std::int64_t> ignored_class(const Settings& config) {
    const Setting* found = config.find("ignore_class");
    if (!found || std::holds_alternative<std::monostate>(*found)) return {};
    return config.get<std::int64_t>("ignore_class");
}

namespace {

// x [n] as [n, 1], with the logits that it remembers.
Tensor as_column(const Tensor& x) {
    Tensor column = x.reshape({-1, 1});
    using Link = weft::detail::Companions::Link;
    for (Link link : {Link::softmax, Link::sigmoid})
        if (const Tensor logits = remembered_logits(x, link); logits.defined())
            remember_logits(column, logits.reshape({-1, 1}), link);
    return column;
}

}  // namespace

Tensor loss_values(const LossRow& row, const Settings& config, const Tensor& y_true, const Tensor& y_pred) {
    const Tensor target = fitted_target(row.name, row.target, y_true, y_pred);
    // Labels are few, and an index; other targets, `fit` has looked through before the first step.
    if (row.target == TargetKind::labels || !is_floating(y_true.dtype()))
        check_target_range(row.name, row.target, y_true, y_pred.rank() > 0 ? y_pred.shape().back() : 1,
                           ignored_class(config));
    if (y_pred.rank() < 2 && row.per_sample == PerSample::mean)
        return row.formula(target.reshape({-1, 1}), as_column(y_pred), config);
    return row.formula(target, y_pred, config);
}

}  // namespace weft::nn
