// How fast a large model is saved and loaded beside a plain copy of as many bytes that is flushed to disk too, and how
// much memory that takes beside its weights. Each is done in a process of its own, which prints its seconds and its
// peak.
//   model_file FOLDER [MEGABYTES] [ROUNDS]
#include <weft/nn/nn.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

using namespace weft;

namespace {

constexpr std::int64_t layers = 5;

// Weights of about as many bytes, in a few layers.
nn::Sequential make_model(std::int64_t megabytes) {
    const auto width = static_cast<std::int64_t>(std::sqrt(static_cast<double>(megabytes) * 1e6 / 4 / layers));
    nn::Sequential model;
    for (std::int64_t i = 0; i < layers; ++i)
        model.add(i == 0 ? nn::Linear(width, {.kernel_initializer = "ones", .input_shape = {width}})
                         : nn::Linear(width, {.kernel_initializer = "ones"}));
    return model;
}

double weight_bytes(const nn::Model& model) {
    double bytes = 0;
    for (const nn::NamedTensor& weight : model.named_weights())
        bytes += static_cast<double>(weight.tensor.data().bytes());
    return bytes;
}

void copy_flushed(const std::string& from, const std::string& to) {
    const int in = ::open(from.c_str(), O_RDONLY), out = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    std::vector<char> buffer(1 << 20);
    for (ssize_t bytes; (bytes = ::read(in, buffer.data(), buffer.size())) > 0;)
        if (::write(out, buffer.data(), static_cast<std::size_t>(bytes)) != bytes) throw Error("cannot write " + to);
    if (in < 0 || out < 0 || ::fsync(out) != 0) throw Error("cannot copy " + from);
    ::close(in);
    ::close(out);
}

double peak_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) * 1024;
    return 0;
}

// In a process of its own: "seconds peak".
int do_one(const std::string& what, const std::string& path, std::int64_t megabytes) {
    std::optional<nn::Sequential> model;
    if (what != "copy" && what != "load_model") model = make_model(megabytes);
    const auto begin = std::chrono::steady_clock::now();
    if (what == "copy") copy_flushed(path, path + ".copy");
    else if (what == "save") model->save(path);
    else if (what == "save_weights") model->save_weights(path);
    else if (what == "load_model") nn::load_model(path);
    else model->load_weights(path);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    fmt::print("{} {}\n", seconds.count(), peak_bytes());
    return 0;
}

struct Figures {
    double seconds = 0, peak = 0;
};
Figures in_process(const std::string& what, const std::string& path, std::int64_t megabytes) {
    const std::string command = fmt::format("/proc/{}/exe --do {} '{}' {}", ::getpid(), what, path, megabytes);
    FILE* output = ::popen(command.c_str(), "r");
    Figures figures;
    if (!output || std::fscanf(output, "%lf %lf", &figures.seconds, &figures.peak) != 2)
        throw Error(what + " failed: " + path);
    ::pclose(output);
    return figures;
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 5 && std::string(arguments[1]) == "--do")
        return do_one(arguments[2], arguments[3], std::atol(arguments[4]));
    if (count < 2) return 2;
    const std::string folder = arguments[1];
    const std::int64_t megabytes = count > 2 ? std::atol(arguments[2]) : 500;
    const int rounds = count > 3 ? std::atoi(arguments[3]) : 5;
    std::filesystem::create_directories(folder);
    const double bytes = weight_bytes(make_model(megabytes));
    fmt::print(
        "{:.0f} MB of weights, {} rounds; rate: beside a flushed copy of the file; peak: of the process, in weights\n",
        bytes / 1e6, rounds);
    for (const auto& [what, name] : std::vector<std::pair<std::string, std::string>>{
             {"save", "model.h5"}, {"load_model", "model.h5"}, {"save", "model.keras"}, {"load_model", "model.keras"},
             {"load_weights", "model.keras"}, {"save_weights", "legacy.h5"}, {"load_weights", "legacy.h5"},
             {"save_weights", "v3.weights.h5"}, {"load_weights", "v3.weights.h5"}}) {
        const std::string path = folder + "/" + name;
        std::vector<double> seconds, rates, peaks;
        for (int round = 0; round < rounds; ++round) {
            const Figures one = in_process(what, path, megabytes);
            const Figures copy = in_process("copy", path, megabytes);
            seconds.push_back(one.seconds);
            rates.push_back(copy.seconds / one.seconds);
            peaks.push_back(one.peak / bytes);
        }
        fmt::print("{:<13} {:<14} {:6.2f} s   rate {:5.2f}   peak {:.2f}\n", what, name, median(seconds), median(rates),
                   median(peaks));
        std::fflush(stdout);
    }
    std::filesystem::remove_all(folder);
}
