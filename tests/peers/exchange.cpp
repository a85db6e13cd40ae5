// Loads what tests/peers/exchange.py made in Keras, compares predictions, and writes each model in all of weft's
// formats.
#include <weft/autograd/autograd.hpp>
#include <weft/data/hdf5_file.hpp>
#include <weft/nn/nn.hpp>

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <sstream>

using namespace weft;

namespace {

double distance(const Tensor& a, const Tensor& b) {
    if (a.shape() != b.shape()) return INFINITY;
    return max(abs(a - b)).item<double>() / std::max(1.0, max(abs(b)).item<double>());
}

Tensors tensors_of(const data::Hdf5Object& group) {
    Tensors tensors;
    for (std::size_t i = 0; i < group.names().size(); ++i) tensors.push_back(group.read(std::to_string(i)));
    return tensors;
}

// Of the predictions and of what the regularizers give.
double error_of(nn::Model& model, const Tensors& inputs, const Tensors& outputs, double penalty) {
    const NoGrad off_tape;
    const nn::ModeScope inference(false);
    const nn::LossScope added;
    const Tensors found = model(inputs);
    double punished = added.total().item<double>();
    for (const Tensor& each : model.penalties()) punished += each.item<double>();
    double most = found.size() == outputs.size() ? std::abs(punished - penalty) / std::max(1.0, penalty) : INFINITY;
    for (std::size_t i = 0; i < found.size() && std::isfinite(most); ++i)
        most = std::max(most, distance(found[i], outputs[i]));
    return most;
}

int exchange(const std::filesystem::path& folder, const std::string& name, const data::Hdf5Object& group) {
    int failures = 0;
    const Tensors inputs = tensors_of(group.group("input")), outputs = tensors_of(group.group("output"));
    const double penalty = std::stod(group.text("penalty").value());
    const double bound = name.starts_with("deep") ? 1e-4 : 1e-5;
    std::istringstream formats(group.text("formats").value_or(""));
    std::optional<nn::Model> whole;
    for (std::string kind; formats >> kind;) {
        const std::string path = (folder / (name + "." + kind)).string();
        try {
            if (!whole && !kind.starts_with("whole")) continue;
            nn::Model model = kind.starts_with("whole") ? nn::load_model(path) : whole.value();
            if (!kind.starts_with("whole")) {
                for (const nn::NamedTensor& weight : model.named_weights())
                    Tensor(weight.tensor).assign(weight.tensor.detach() * 0);
                model.load_weights(path);
            }
            const double error = error_of(model, inputs, outputs, penalty);
            if (!(error <= bound)) throw Error(fmt::format("its predictions or penalties are {:.2g} away", error));
            if (kind.starts_with("whole")) whole.emplace(model);
        } catch (const std::exception& error) {
            ++failures;
            fmt::print("FAILED {}: {}\n", path, error.what());
        }
    }
    if (!whole) return failures + 1;
    const std::string base = (folder / (name + ".weft.")).string();
    whole->save(base + "whole.h5");
    whole->save(base + "whole.keras");
    whole->save_weights(base + "v3.weights.h5");
    whole->save_weights(base + "legacy.h5");
    for (const char* kind : {"whole.h5", "whole.keras"}) {
        nn::Model again = nn::load_model(base + kind);
        if (!(error_of(again, inputs, outputs, penalty) <= bound)) {
            ++failures;
            fmt::print("FAILED {}{}: weft does not read what it wrote\n", base, kind);
        }
    }
    return failures;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) return 2;
    int failures = 0, models = 0;
    for (const char* family : {"keras", "tf_keras"}) {
        const std::filesystem::path folder = std::filesystem::path(arguments[1]) / family;
        const data::Hdf5Object reference = data::open_hdf5((folder / "reference.h5").string());
        for (const std::string& name : reference.names()) {
            ++models;
            try {
                failures += exchange(folder, name, reference.group(name));
            } catch (const std::exception& error) {
                ++failures;
                fmt::print("FAILED {} {}: {}\n", family, name, error.what());
            }
        }
    }
    fmt::print("{} models of Keras; {} failures\n", models, failures);
    return failures ? 1 : 0;
}
