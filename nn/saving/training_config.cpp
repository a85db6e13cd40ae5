// What compile was told, as JSON and back.
#include <weft/autograd/suggest.hpp>
#include <weft/nn/saving/model_config.hpp>
#include <weft/optim/registry.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

namespace weft::nn::saving {
namespace {

// --- writing
// ------------------------------------------------------------------------------------------------------------

template <class Value>
json written(const Value& value) {
    return std::visit([](const auto& v) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) return json();
        else return v;
    }, value);
}

json object(const char* module, const std::string& class_name, const json& config) {
    return {{"module", module}, {"class_name", class_name}, {"config", config}, {"registered_name", nullptr}};
}

json schedule_object(const optim::Schedule& schedule) {
    json settings = json::object();
    for (const auto& [key, value] : schedule.settings())
        settings[key] = std::visit(
            [](const auto& v) -> json {
                if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::optional<double>>)
                    return v ? json(*v) : json();
                else return v;
            },
            value);
    return object("keras.optimizers.schedules", schedule.keras_class(), settings);
}

json optimizer_object(const optim::Optimizer& optimizer) {
    json settings = json::object();
    for (const auto& [key, value] : optimizer.settings())
        if (!std::holds_alternative<std::monostate>(value)) settings[key] = written(value);
    if (optimizer.schedule()) settings["learning_rate"] = schedule_object(*optimizer.schedule());
    return object("keras.optimizers", optimizer.keras_class(), settings);
}

json settings_object(const Settings& settings) {
    json config = json::object();
    for (const auto& [key, value] : settings)
        if (!std::holds_alternative<std::monostate>(value)) config[key] = written(value);
    return config;
}

// By its name alone where nothing is set; no abbreviation, which Keras 3 does not find.
json loss_object(const Loss& loss) {
    if (loss.config() == Loss(loss.keras_name()).config()) return loss.keras_name();
    json config = settings_object(loss.config());
    config["name"] = loss.name();
    return object("keras.losses", loss.class_name(), config);
}

json metric_object(const Metric& metric) {
    if (metric.class_name().empty())
        return metric.keras_name() == "accuracy" && metric.name() != "acc" ? "accuracy" : metric.name();
    const Metric plain = Metric::from_config(metric.keras_name(), {});
    if (metric.config() == plain.config() &&
        (metric.name() == metric.keras_name() || lower(metric.name()) == metric.name()))
        return metric.name();
    json config = settings_object(metric.config());
    config.erase("reduction");
    config["name"] = metric.name();
    return object("keras.metrics", metric.class_name(), config);
}

// A list for one output, a list of lists for several.
json metric_objects(const std::vector<Metrics>& outputs) {
    json all = json::array();
    for (const Metrics& metrics : outputs) {
        json list = json::array();
        for (const Metric& metric : metrics) list.push_back(metric_object(metric));
        if (outputs.size() == 1) return list;
        all.push_back(list);
    }
    return all;
}

// What compile was told of each output, if Keras has a name for all of it.
struct Told {
    std::vector<Loss> losses;
    std::vector<double> weights;
    std::vector<Metrics> metrics, weighted_metrics;
};
std::optional<Told> told(const Model& model) {
    if (!model.compiled()) return {};
    const CompileOptions& options = model.compile_options();
    const auto names = model.output_names();
    Told found{options.loss.of_outputs(names, {}, "save"), options.loss_weights.of_outputs(names, 1, "save"),
               options.metrics.of_outputs(names, "save"), options.weighted_metrics.of_outputs(names, "save")};
    if (found.losses.empty()) return {};
    for (const Loss& loss : found.losses)
        if (loss.defined() ? loss.keras_name().empty() : found.losses.size() == 1) return {};
    for (const auto* outputs : {&found.metrics, &found.weighted_metrics})
        for (const Metrics& metrics : *outputs)
            for (const Metric& metric : metrics)
                if (metric.keras_name().empty()) return {};
    return found;
}

bool none_in(const std::vector<Metrics>& outputs) {
    return std::all_of(outputs.begin(), outputs.end(), [](const Metrics& metrics) { return metrics.empty(); });
}

// --- reading
// ------------------------------------------------------------------------------------------------------------

[[noreturn]] void unsupported(const std::string& what) { throw ValueError(what + " is not supported"); }

// {"class_name": "function", "config": "mean_squared_error"} and the like stand for the name.
const json& unwrapped(const json& value) {
    const json* inner = &value;
    if (member_or_null(value, "class_name") == "function" && member_or_null(value, "config").is_string())
        inner = &value["config"];
    while (inner->is_array() && inner->size() == 1) inner = &(*inner)[0];
    return *inner;
}

std::string without_package(const std::string& name) {
    const std::size_t package = name.rfind('>');
    return package == std::string::npos ? name : name.substr(package + 1);
}

Settings settings_from(const json& config) {
    Settings settings;
    if (!config.is_object()) return settings;
    for (const auto& [key, value] : config.items()) {
        if (value.is_boolean()) settings.set(key, value.get<bool>());
        else if (value.is_number_integer()) settings.set(key, value.get<std::int64_t>());
        else if (value.is_number()) settings.set(key, value.get<double>());
        else if (value.is_string()) settings.set(key, value.get<std::string>());
        else if (!value.is_null()) unsupported(fmt::format("'{}': {}", key, excerpt(value)));
    }
    return settings;
}

// Options that Keras knows and weft does not, with the values that mean nothing.
void check_known(const std::string& owner, const Settings& given, const Settings& known) {
    for (const auto& [key, value] : given) {
        if (known.find(key)) continue;
        for (const char* harmless : {"name", "dtype", "reduction", "fn", "axis"})
            if (key == harmless) goto next;
        if (value == Setting(false) || value == Setting(std::int64_t{0}) || value == Setting(0.0)) continue;
        unsupported(fmt::format("{}'s '{}'", owner, key));
    next:;
    }
}

Loss loss_from(const json& given) {
    const json& value = unwrapped(given);
    if (value.is_null()) return {};
    if (value.is_string()) return Loss(value.get<std::string>());
    if (!value.is_object() || !member_or_null(value, "class_name").is_string())
        unsupported(fmt::format("the loss {}", excerpt(value)));
    const Settings settings = settings_from(member_or_null(value, "config"));
    std::string name = without_package(value["class_name"]);
    if (const Setting* wrapped = settings.find("fn");
        name == "LossFunctionWrapper" && wrapped && std::holds_alternative<std::string>(*wrapped))
        name = std::get<std::string>(*wrapped);
    const Loss loss = Loss::from_config(name, settings);
    check_known("the loss " + name, settings, loss.config());
    return loss;
}

Metric metric_from(const json& value, const std::string& loss, const Writer& writer) {
    if (value.is_string()) {
        const std::string name = value;
        // Standalone Keras went by the loss, and not by the shapes, for this one.
        if (writer.version.known() && writer.version.standalone() && (name == "accuracy" || name == "acc") &&
            loss == "binary_crossentropy")
            return Metric::from_config("binary_accuracy", {{"name", name}});
        return Metric(name);
    }
    if (!value.is_object() || !member_or_null(value, "class_name").is_string())
        unsupported(fmt::format("the metric {}", excerpt(value)));
    const std::string name = without_package(value["class_name"]);
    const Settings settings = settings_from(member_or_null(value, "config"));
    const Metric metric = Metric::from_config(name, settings);
    check_known("the metric " + name, settings, metric.config());
    return metric;
}

// One metric or any nesting of lists, as the metrics of one output.
void add_metrics(Metrics& metrics, const json& given, const std::string& loss, const Writer& writer) {
    const json& value = member_or_null(given, "class_name") == "function" ? unwrapped(given) : given;
    if (value.is_null()) return;
    if (value.is_array()) {
        for (const json& one : value) add_metrics(metrics, one, loss, writer);
    } else {
        metrics.add(metric_from(value, loss, writer));
    }
}

// What `given` says of each output: one for all, one for each in order, or by name.
std::vector<json> of_outputs(const json& given, const std::vector<std::string>& outputs, const char* what) {
    const bool by_name = given.is_object() && !given.contains("class_name");
    if (outputs.size() == 1 && !by_name) return {given};
    if (given.is_array() && given.size() == outputs.size()) return given.get<std::vector<json>>();
    if (!by_name) return std::vector<json>(outputs.size(), given);
    std::vector<json> all(outputs.size());
    for (const auto& [name, value] : given.items()) {
        const auto at = std::find(outputs.begin(), outputs.end(), name);
        if (at == outputs.end())
            throw ValueError(fmt::format("the model has no output '{}', for which there is {}", name, what));
        all[static_cast<std::size_t>(at - outputs.begin())] = value;
    }
    return all;
}

MetricChoice metrics_from(const json& given, const std::vector<std::string>& outputs, const std::vector<Loss>& losses,
                          const Writer& writer) {
    if (given.is_null()) return {};
    std::vector<MetricChoice> all;
    const std::vector<json> each = of_outputs(given, outputs, "a metric");
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        Metrics metrics;
        add_metrics(metrics, each[i], losses[i].defined() ? losses[i].keras_name() : "", writer);
        if (outputs.size() == 1) return metrics;
        all.push_back(metrics);
    }
    return all;
}

// Keras writes these for every optimizer; with such values they change nothing.
bool changes_nothing(const std::string& key, const json& value) {
    static const std::array whatever{"name", "jit_compile", "is_legacy_optimizer", "ema_momentum"};
    if (value.is_null() || std::find(whatever.begin(), whatever.end(), key) != whatever.end()) return true;
    static const std::array neutral{
        "use_ema", "decay",   "schedule_decay", "loss_scale_factor", "gradient_accumulation_steps",
        "amsgrad", "centered"};
    if (key == "ema_overwrite_frequency") return true;  // of the averages that use_ema makes
    return std::find(neutral.begin(), neutral.end(), key) != neutral.end() && (value == false || value == 0);
}

optim::Schedule schedule_from(const json& value) {
    optim::ScheduleSettings settings;
    for (const auto& [key, setting] : value["config"].items()) {
        if (key == "name") continue;
        if (setting.is_boolean()) settings.emplace_back(key, setting.get<bool>());
        else if (setting.is_number()) settings.emplace_back(key, setting.get<double>());
        else if (setting.is_null()) settings.emplace_back(key, std::optional<double>());
        else if (setting.is_array() &&
                 std::all_of(setting.begin(), setting.end(), [](const json& v) { return v.is_number(); }))
            settings.emplace_back(key, setting.get<std::vector<double>>());
        else unsupported(fmt::format("the learning rate's {} of {}", key, excerpt(setting)));
    }
    return optim::make_schedule(without_package(value["class_name"]), settings);
}

bool is_schedule(const json& value) {
    return member_or_null(value, "class_name").is_string() && member_or_null(value, "config").is_object();
}

OptimizerChoice optimizer_from(const json& value, const Writer& writer) {
    if (value.is_string()) return OptimizerChoice(value.get<std::string>());
    const json& config = member_or_null(value, "config");
    if (!member_or_null(value, "class_name").is_string() || !config.is_object())
        unsupported(fmt::format("the optimizer {}", excerpt(value)));
    const std::string type = without_package(value["class_name"]);
    optim::Settings settings;
    std::optional<optim::Schedule> schedule;
    double decay = 0;
    for (const auto& [key, setting] : config.items()) {
        if (changes_nothing(key, setting)) continue;
        std::string name = key == "lr" ? "learning_rate" : key;
        if (name == "learning_rate" && is_schedule(setting)) {
            schedule = schedule_from(setting);
            continue;
        }
        if (name == "decay" && setting.is_number()) {  // Keras 1 and 2: lr / (1 + decay * steps)
            decay = setting.get<double>();
            continue;
        }
        // Keras 1 and 2 took the norm of all gradients together, which has a name of its own since.
        if (name == "clipnorm" && writer.version.known() && writer.version.standalone()) name = "global_clipnorm";
        if (setting.is_boolean()) settings.emplace_back(name, setting.get<bool>());
        else if (setting.is_number()) settings.emplace_back(name, setting.get<double>());
        else unsupported(fmt::format("{}'s {} of {}", type, name, excerpt(setting)));
    }
    const auto optimizer = optim::make(type, settings);
    if (schedule && decay != 0) unsupported(fmt::format("{}'s decay beside {}", type, schedule->keras_class()));
    if (decay != 0)
        schedule = optim::InverseTimeDecay{
            .initial_learning_rate = optimizer->learning_rate(), .decay_steps = 1, .decay_rate = decay};
    if (schedule) optimizer->set_schedule(*schedule);
    return OptimizerChoice(*optimizer);
}

}  // namespace

json training_config(const Model& model) {
    const auto found = told(model);
    if (!found) return {};
    json losses = json::array();
    for (const Loss& loss : found->losses) losses.push_back(loss.defined() ? loss_object(loss) : json());
    const bool several = losses.size() > 1;
    return {{"optimizer_config", optimizer_object(model.optimizer())},
            {"loss", several ? losses : losses[0]},
            {"metrics", metric_objects(found->metrics)},
            {"weighted_metrics", none_in(found->weighted_metrics) ? json() : metric_objects(found->weighted_metrics)},
            {"sample_weight_mode", nullptr},
            {"loss_weights", several && !model.compile_options().loss_weights.empty() ? json(found->weights) : json()}};
}

json compile_config(const Model& model) {
    json config = training_config(model);
    if (config.is_null()) return {};
    config["optimizer"] = config["optimizer_config"];
    config.erase("optimizer_config");
    config.erase("sample_weight_mode");
    return config;
}

void compile_from_config(Model& model, const json& config, const Writer& writer, const std::string& file) {
    const json& optimizer = member_or_null(
        config, config.is_object() && config.contains("optimizer_config") ? "optimizer_config" : "optimizer");
    const json& loss_config = member_or_null(config, "loss");
    if (optimizer.is_null() || loss_config.is_null()) return;
    try {
        const std::vector<std::string> outputs = model.output_names();
        std::vector<Loss> losses;
        for (const json& loss : of_outputs(loss_config, outputs, "a loss")) losses.push_back(loss_from(loss));
        CompileOptions options{.optimizer = optimizer_from(optimizer, writer), .loss = losses};
        if (const json& given = member_or_null(config, "loss_weights"); !given.is_null() && !given.empty()) {
            std::vector<double> weights;
            for (const json& weight : of_outputs(given, outputs, "a loss weight")) {
                const json& number = unwrapped(weight);
                if (!number.is_null() && !number.is_number()) unsupported("loss_weights: " + excerpt(given));
                weights.push_back(number.is_null() ? 1 : number.get<double>());
            }
            options.loss_weights = weights;
        }
        options.metrics = metrics_from(member_or_null(config, "metrics"), outputs, losses, writer);
        options.weighted_metrics = metrics_from(member_or_null(config, "weighted_metrics"), outputs, losses, writer);
        model.compile(options);
    } catch (const Error& error) {
        throw ValueError(
            fmt::format("{}: its training settings cannot be used: {}. To predict, load it with {{.compile = false}}.",
                        file, error.what()));
    }
}

}  // namespace weft::nn::saving
