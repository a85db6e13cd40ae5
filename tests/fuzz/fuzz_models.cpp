// Reads models that were changed at random, each in a child process, and counts how they end.
//   fuzz_models config|bytes COUNT SEED FILE...
// "config" changes the JSON of whole .h5 models: swaps values, types and keys, drops and doubles entries; whatever dies
// there is ours. "bytes" changes bytes of any model file; deaths inside libhdf5 are counted apart. What dies is kept in the
// current folder. The exit status is 1 if anything of ours died.
#include <weft/data/hdf5_file.hpp>
#include <weft/nn/model.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using nlohmann::json;
using Random = std::mt19937_64;

enum Ending { loaded = 0, refused = 1, no_memory = 2, died_in_hdf5 = 3, died = 4 };

std::size_t below(Random& random, std::size_t n) { return n ? random() % n : 0; }

// Every place of a value that can be changed.
void places(json& value, std::vector<json*>& found) {
    found.push_back(&value);
    if (value.is_structured())
        for (json& inner : value) places(inner, found);
}

json strange_value(Random& random) {
    static const json values = json::array({nullptr, true, false, 0, 1, -1, 2, 3, 7, 65536, 1e9, 9.3e18, -9.3e18, 0.5, 1e-300, 1e300, "", "relu", "valid",
                                            "same", "causal", "channels_first", "linear", "float16", "int64", json::array(), json::object(), {0, 0},
                                            {1, 2}, {-1, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {{"class_name", "Dense"}, {"config", {{"units", 3}}}}});
    return values[below(random, values.size())];
}

void change(json& config, Random& random) {
    for (std::size_t times = 1 + below(random, 3); times > 0; --times) {
        std::vector<json*> all;
        places(config, all);
        json& one = *all[below(random, all.size())];
        const json other = *all[below(random, all.size())];
        switch (below(random, 5)) {
            case 0: one = strange_value(random); break;
            case 1: one = other; break;
            case 2:
                if (one.is_object() && !one.empty()) one.erase(std::next(one.begin(), static_cast<std::ptrdiff_t>(below(random, one.size()))).key());
                else if (one.is_array() && !one.empty()) one.erase(below(random, one.size()));
                break;
            case 3:
                if (one.is_array() && !one.empty()) one.push_back(one[below(random, one.size())]);
                else if (one.is_number_integer()) one = one.get<std::int64_t>() + static_cast<std::int64_t>(below(random, 5)) - 2;
                else if (one.is_boolean()) one = !one.get<bool>();
                break;
            default:
                if (one.is_object() && !one.empty()) {
                    const std::string key = std::next(one.begin(), static_cast<std::ptrdiff_t>(below(random, one.size()))).key();
                    one[key] = strange_value(random);
                }
        }
    }
}

void change(std::string& bytes, Random& random) {
    for (std::size_t times = 1 + below(random, 8); times > 0; --times) {
        char& byte = bytes[below(random, bytes.size())];
        switch (below(random, 3)) {
            case 0: byte = static_cast<char>(random()); break;
            case 1: byte = static_cast<char>(byte ^ (1 << below(random, 8))); break;
            default: byte = below(random, 2) ? '\0' : '\xff';
        }
    }
    if (below(random, 16) == 0) bytes.resize(1 + below(random, bytes.size()));
}

// In the child: whose code the signal came from.
void on_signal(int) {
    void* frames[64];
    const int count = ::backtrace(frames, 64);
    for (int i = 0; i < count; ++i) {
        Dl_info info;
        if (!::dladdr(frames[i], &info) || !info.dli_fname) continue;
        if (std::strstr(info.dli_fname, "libhdf5")) ::_exit(died_in_hdf5);
        if (std::strstr(info.dli_fname, "libweft")) break;
    }
    ::_exit(died);
}

int load(const std::string& file) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU}) std::signal(signal, on_signal);
    const rlimit memory{std::uint64_t{2} << 30, std::uint64_t{2} << 30}, time{10, 12};
    ::setrlimit(RLIMIT_DATA, &memory);
    ::setrlimit(RLIMIT_CPU, &time);
    try {
        weft::nn::load_model(file);
        return loaded;
    } catch (const weft::Error&) {
        return refused;
    } catch (const std::bad_alloc&) {
        return no_memory;
    }  // anything else has no business here
}

int ending(const std::string& file) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(load(file));
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : int{died};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    const bool config = std::strcmp(argv[1], "config") == 0;
    const long count = std::atol(argv[2]);
    Random random(static_cast<std::uint64_t>(std::atoll(argv[3])));
    std::map<int, long> endings;
    const std::string file = (std::filesystem::temp_directory_path() / fmt::format("weft-fuzz-{}", ::getpid())).string();
    for (long i = 0; i < count; ++i) {
        const std::string source = argv[4 + below(random, static_cast<std::size_t>(argc - 4))];
        if (config) {
            json changed = json::parse(weft::data::open_hdf5(source).text("model_config").value());
            change(changed, random);
            weft::data::write_hdf5(file, [&](const weft::data::Hdf5Object& root) {
                root.write_text("keras_version", "3.0.0");
                root.write_long_text("model_config", changed.dump());
                root.create_group("model_weights").write_texts("layer_names", {});
            });
        } else {
            std::ifstream in(source, std::ios::binary);
            std::string bytes{std::istreambuf_iterator<char>(in), {}};
            change(bytes, random);
            std::ofstream(file, std::ios::binary) << bytes;
        }
        const int how = ending(file);
        ++endings[how];
        if (how >= died_in_hdf5)
            std::filesystem::copy_file(file, fmt::format("{}-{}-{}-{}", how == died ? "died" : "hdf5", argv[1], argv[3], i), std::filesystem::copy_options::overwrite_existing);
    }
    std::filesystem::remove(file);
    fmt::print("{} executions: {} loaded, {} refused, {} without memory, {} died inside libhdf5, {} died elsewhere\n", count, endings[loaded],
               endings[refused], endings[no_memory], endings[died_in_hdf5], endings[died]);
    return endings[died] ? 1 : 0;
}
