#include <weft/nn/saving/checkpoint.hpp>
#include <weft/nn/saving/open_file.hpp>
#include <weft/nn/saving/write_file.hpp>

#include <fmt/core.h>

#include <cmath>
#include <filesystem>

namespace weft::nn::saving {
namespace {

json logs_of(const History& history) {
    json epochs = json::array();
    for (std::size_t i = 0; i < history.epochs().size(); ++i) {
        json logs = json::array();
        for (const std::string& name : history.names()) logs.push_back({name, history[name].at(i)});
        epochs.push_back({{"epoch", history.epochs()[i]}, {"logs", logs}});
    }
    return epochs;
}

History history_from(const json& epochs, const std::string& where) {
    History history;
    for (const json& epoch : epochs) {
        Logs logs;
        for (const json& entry : member(epoch, "logs", where))
            logs.set(entry.at(0).get<std::string>(), entry.at(1).is_null() ? NAN : entry.at(1).get<double>());
        history.add(member(epoch, "epoch", where).get<int>(), logs);
    }
    return history;
}

}  // namespace

void write_checkpoint(const Model& model, const std::string& path, const FitProgress& progress) {
    write_file(model, path, {{"epochs", progress.epochs},
                             {"seed", progress.seed},
                             {"learning_rate", model.optimizer().learning_rate()},
                             {"history", logs_of(progress.history)}});
}

std::optional<FitProgress> read_checkpoint(Model& model, const std::string& path) {
    if (!std::filesystem::exists(path)) return {};
    const OpenedFile file = open_model_file(path);
    if (file.progress.is_null())
        throw FileError(
            fmt::format("{}: this is no checkpoint of fit: it does not say how far the training was. Load it with "
                        "load_model() or load_weights().",
                        path));
    const std::string where = path + ", weft_training";
    try {
        const FitProgress progress{member(file.progress, "epochs", where).get<int>(),
                                   member(file.progress, "seed", where).get<std::uint64_t>(),
                                   history_from(member(file.progress, "history", where), where)};
        const double rate = member(file.progress, "learning_rate", where).get<double>();
        std::vector<Assignment> all = assignments(model, file);
        const OptimizerState state = optimizer_state(model, file.optimizer, file.writer);
        all.insert(all.end(), state.slots.begin(), state.slots.end());
        assign(all, Overwrite::when_all_was_read);
        model.optimizer().set_iterations(state.iterations);
        if (!model.optimizer().schedule()) model.optimizer().set_learning_rate(rate);
        return progress;
    } catch (const json::exception& error) {
        throw FileError(fmt::format("{}: it is damaged: {}", where, error.what()));
    }
}

}  // namespace weft::nn::saving
