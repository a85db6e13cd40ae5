// weft diff A B
#include "subcommands.hpp"

#include <weft/autograd/error.hpp>
#include <weft/nn/model.hpp>
#include <weft/nn/saving/model_file.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

namespace weft::tools {
namespace {

struct DiffArguments {
    std::string a, b;
    double tolerance = 0;
};

using NamedTensors = std::map<std::string, Tensor>;

NamedTensors by_name(const std::vector<nn::NamedTensor>& weights) {
    NamedTensors tensors;
    for (const nn::NamedTensor& weight : weights) tensors[weight.name] = weight.tensor;
    return tensors;
}

// Weights by their names in the model where there is one, so that its file's format does not matter.
NamedTensors tensors_of(const std::string& file, const nn::ModelFileInfo& info, const std::string& other,
                        const nn::ModelFileInfo& others) {
    if (nn::has_architecture(info.kind)) return by_name(nn::load_model(file, {.compile = false}).named_weights());
    if (nn::has_architecture(others.kind)) {
        nn::Model model = nn::load_model(other, {.compile = false});
        model.load_weights(file);
        return by_name(model.named_weights());
    }
    const auto legacy = nn::ModelFileKind::legacy_weights;
    if ((info.kind == legacy) != (others.kind == legacy))
        throw ValueError(fmt::format(
            "{} holds {}, {} holds {}: without a model that says which weight is which, they cannot be compared", file,
            nn::describe(info.kind), other, nn::describe(others.kind)));
    return by_name(nn::read_saved_weights(file));
}

struct Distance {
    double absolute = 0, largest = 0;  // max |a - b|, max |b|
    bool within(double tolerance) const { return absolute <= tolerance * std::max(1.0, largest); }
};

Distance distance(const Tensor& a, const Tensor& b) {
    const Tensor left = a.to(float64), right = b.to(float64);
    const auto x = left.values<double>(), y = right.values<double>();
    Distance found;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
        const double apart = std::abs(x[i] - y[i]);
        found.absolute = std::max(found.absolute, std::isnan(apart) ? std::numeric_limits<double>::infinity() : apart);
    }
    for (const double value : y)
        if (std::isfinite(value)) found.largest = std::max(found.largest, std::abs(value));
    return found;
}

std::string kind(const Tensor& tensor) { return fmt::format("{} {}", name(tensor.dtype()), str(tensor.shape())); }

// What is to be said of two tensors of one name; "" if they agree.
std::string compared(const Tensor& a, const Tensor& b, double tolerance) {
    if (a.shape() != b.shape()) return fmt::format("{} and {}", kind(a), kind(b));
    const Distance found = distance(a, b);
    if (found.within(tolerance)) return "";
    return fmt::format("{}  max |a - b| = {:.3g}, relative {:.3g}", kind(a), found.absolute,
                       found.absolute / found.largest);
}

int diff(const DiffArguments& arguments, Sandbox& sandbox) {
    const auto& [file_a, file_b, tolerance] = arguments;
    sandbox.reading(file_a);
    const nn::ModelFileInfo info_a = nn::inspect_model_file(file_a);
    sandbox.reading(file_b);
    const nn::ModelFileInfo info_b = nn::inspect_model_file(file_b);
    sandbox.reading(file_a);
    const NamedTensors a = tensors_of(file_a, info_a, file_b, info_b);
    sandbox.reading(file_b);
    const NamedTensors b = tensors_of(file_b, info_b, file_a, info_a);
    std::string text;
    std::size_t differences = 0, common = 0;
    const auto say = [&](const std::string& name, const std::string& what) {
        text += fmt::format("{}: {}\n", name, what);
        ++differences;
    };
    for (const auto& [name, tensor] : a) {
        const auto other = b.find(name);
        if (other == b.end()) {
            say(name, fmt::format("{}  only in {}", kind(tensor), file_a));
            continue;
        }
        ++common;
        if (const std::string what = compared(tensor, other->second, tolerance); !what.empty()) say(name, what);
    }
    for (const auto& [name, tensor] : b)
        if (!a.contains(name)) say(name, fmt::format("{}  only in {}", kind(tensor), file_b));
    text += differences ? fmt::format("{} differences; {} tensors are in both\n", differences, common)
                        : fmt::format("all {} tensors agree\n", common);
    fmt::print("{}", printable(text));
    return differences ? difference : success;
}

}  // namespace

void add_diff(CLI::App& app, Job& job) {
    CLI::App* command =
        app.add_subcommand("diff", "Which weights of two files differ, and by how much. Exit status 0: none; 1: some.");
    const auto arguments = std::make_shared<DiffArguments>();
    command->add_option("A", arguments->a, "a model, or weights alone")->required();
    command->add_option("B", arguments->b, "likewise, in the same format or another")->required();
    command
        ->add_option("--tolerance", arguments->tolerance, "weights agree if max |a - b| <= TOLERANCE * max(1, max |b|)")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command->callback([=, &job] {
        job = {{arguments->a, arguments->b}, [=](Sandbox& sandbox) { return diff(*arguments, sandbox); }};
    });
}

}  // namespace weft::tools
