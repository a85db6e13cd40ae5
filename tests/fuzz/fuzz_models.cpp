// Readers under libFuzzer: fuzz_models --kind=KIND [libFuzzer's options] [CORPUS]; tests/fuzz/run goes through the
// kinds.
//   config tree archive   valid files, changed as the bytes choose (changes.hpp): whatever dies there is ours
//   json npy npz text csv idx png   the bytes are the file: ours too
//   model                 the bytes are a model file, so that deaths inside libhdf5 are to be counted apart
// Besides dying, what counts as a fault: an exception that is no weft::Error, an HDF5 object left open, and
// load_weights that fails and changes the model all the same.
#include "changes.hpp"
#include "../paths.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/data/data.hpp>
#include <weft/data/hdf5_handle.hpp>
#include <weft/data/vocabulary.hpp>
#include <weft/data/zip_archive.hpp>
#include <weft/nn/nn.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <unistd.h>

namespace weft::fuzz {
namespace {

using nlohmann::json;

std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& bytes) {
    std::filesystem::remove(path);  // an open HDF5 file is known by its inode
    std::ofstream(path, std::ios::binary) << bytes;
}

// A file that a Keras wrote, and the model that it is.
struct Seed {
    std::string path, bytes;
    json architecture, training;           // of a whole .h5
    std::vector<ArchiveEntry> entries;     // of a .keras archive
    std::optional<nn::Model> model;        // null for weights alone
};

class Session {
public:
    Session() {
        folder_ = std::filesystem::path("/dev/shm") / fmt::format("weft-fuzz-{}", ::getpid());
        if (!std::filesystem::is_directory("/dev/shm"))
            folder_ = std::filesystem::temp_directory_path() / folder_.filename();
        std::filesystem::create_directory(folder_);
        ::setenv("TMPDIR", folder_.c_str(), 1);
        for (const auto& entry :
             std::filesystem::directory_iterator(testing::source_path("tests/fixtures/keras_files")))
            add(entry.path().string());
        std::sort(seeds_.begin(), seeds_.end(), [](const Seed& a, const Seed& b) { return a.path < b.path; });
    }
    ~Session() { std::filesystem::remove_all(folder_); }

    std::string file(const char* name) const { return (folder_ / name).string(); }
    const Seed& seed(Choices& choices, const std::function<bool(const Seed&)>& wanted) const {
        std::vector<const Seed*> some;
        for (const Seed& seed : seeds_)
            if (wanted(seed)) some.push_back(&seed);
        return *choices.of(some);
    }

private:
    void add(const std::string& path) {
        Seed seed{.path = path, .bytes = bytes_of(path)};
        if (seed.bytes.size() > 200'000) return;
        if (data::is_hdf5(path)) {
            const data::Hdf5Object root = data::open_hdf5(path);
            if (const auto text = root.text("model_config")) seed.architecture = json::parse(*text);
            if (const auto text = root.text("training_config")) seed.training = json::parse(*text);
        } else if (data::is_zip(path)) {
            const data::ZipReader archive(path);
            for (const std::string& name : archive.names()) seed.entries.push_back({name, archive.open(name).read()});
        }
        if (!seed.architecture.is_null() || !seed.entries.empty()) seed.model = nn::load_model(path);
        seeds_.push_back(std::move(seed));
    }

    std::filesystem::path folder_;
    std::vector<Seed> seeds_;
};

Session& session() {
    static Session one;
    return one;
}

bool same(const std::vector<nn::NamedTensor>& weights, const std::vector<Array>& before) {
    for (std::size_t i = 0; i < weights.size(); ++i)
        if (std::memcmp(weights[i].tensor.data().data<std::byte>(), before[i].data<std::byte>(), before[i].bytes()) !=
            0)
            return false;
    return true;
}

void load_weights(nn::Model model, const std::string& path, Choices& choices) {
    const auto weights = model.named_weights();
    std::vector<Array> before;
    for (const nn::NamedTensor& weight : weights) before.push_back(weight.tensor.data().copy());
    try {
        model.load_weights(path, {.by_name = choices.one_in(4), .skip_mismatch = choices.one_in(4)});
    } catch (const Error&) {
        if (!same(weights, before)) std::abort();
    }
}

void read_model(const std::string& path, const Seed* seed, Choices& choices) {
    switch (choices.below(6)) {
        case 0: nn::inspect_model_file(path); break;
        case 1: nn::read_saved_weights(path); break;
        case 2:
            if (seed && seed->model) load_weights(*seed->model, path, choices);
            break;
        case 3:
            nn::load_model(path).summary_text();
            break;
        default: nn::load_model(path, {.compile = choices.one_in(2)});
    }
}

void config(Choices& choices) {
    const Seed& seed = session().seed(choices, [](const Seed& one) { return !one.architecture.is_null(); });
    json architecture = seed.architecture, training = seed.training;
    const bool settings = choices.one_in(3);
    change_json(settings ? training : architecture, choices);
    const std::string path = session().file("config.h5");
    write(path, seed.bytes);
    {
        const data::Hdf5Quiet quiet;
        const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
        const data::Hdf5Object root(file, path, "");
        H5Adelete(file, settings ? "training_config" : "model_config");
        root.write_long_text(settings ? "training_config" : "model_config",
                             (settings ? training : architecture).dump());
    }
    nn::load_model(path).summary_text();
}

void tree(Choices& choices) {
    const Seed& seed = session().seed(choices, [](const Seed& one) { return one.entries.empty(); });
    const std::string path = session().file("tree.h5");
    write(path, seed.bytes);
    const std::size_t reader = choices.below(4);
    Choices how(nullptr, 0);
    const std::uint8_t bytes[3] = {choices.byte(), choices.byte(), choices.byte()};
    how = Choices(bytes, 3);
    change_tree(path, choices);
    if (reader != 0) return read_model(path, &seed, how);
    for (const data::Hdf5Entry& entry : data::list_hdf5(path))
        if (entry.shape.elements() < 100000) data::load_hdf5(path, entry.name);
}

void archive(Choices& choices) {
    const Seed& seed = session().seed(choices, [](const Seed& one) { return !one.entries.empty(); });
    std::vector<ArchiveEntry> entries = seed.entries;
    const std::uint8_t bytes[3] = {choices.byte(), choices.byte(), choices.byte()};
    if (choices.one_in(3)) {
        ArchiveEntry& one = choices.of(entries);
        if (one.name.ends_with(".json")) {
            json changed = json::parse(one.bytes);
            change_json(changed, choices);
            one.bytes = changed.dump(-1, ' ', false, json::error_handler_t::replace);
        }
    }
    const std::string path = session().file("archive.keras");
    write(path, changed_archive(std::move(entries), choices));
    Choices how(bytes, 3);
    read_model(path, &seed, how);
}

void json_text(Choices& choices) {
    const bool index = choices.one_in(2);
    const std::string text = choices.rest(), path = session().file(index ? "model.weights.json" : "json.h5");
    if (index) {
        write(path, text);
    } else {
        std::filesystem::remove(path);
        data::fill_hdf5(path, [&](const data::Hdf5Object& root) {
            root.write_long_text("model_config", text);
            root.create_group("model_weights").write_texts("layer_names", {});
        });
    }
    nn::load_model(path);
}

// The bytes as a file that one function reads.
std::function<void(Choices&)> as_file(const char* name, std::function<void(const std::string&)> read) {
    return [=](Choices& choices) {
        const std::string path = session().file(name);
        write(path, choices.rest());
        read(path);
    };
}

void read_any(const std::string& path) {
    Choices how(nullptr, 0);
    const std::uintmax_t size = std::filesystem::file_size(path);
    const std::uint8_t chosen[3] = {static_cast<std::uint8_t>(size), 0, 0};
    how = Choices(chosen, 3);
    read_model(path, nullptr, how);
}

const std::map<std::string, std::function<void(Choices&)>>& kinds() {
    static const std::map<std::string, std::function<void(Choices&)>> table{
        {"config", config},
        {"tree", tree},
        {"archive", archive},
        {"json", json_text},
        {"npy", as_file("x.npy", [](const std::string& path) { data::load_npy(path); })},
        {"npz", as_file("x.npz", [](const std::string& path) { data::load_npz(path); })},
        {"text", as_file("x.txt",
                         [](const std::string& path) {
                             data::load_vocabulary(path).decode(
                                 data::load_vocabulary(path).encode(data::tokenize(data::read_text(path))));
                         })},
        {"csv", as_file("x.csv", [](const std::string& path) { data::read_csv(path); })},
        {"idx", as_file("x.idx", [](const std::string& path) { data::read_idx(path, {.max_bytes = 1 << 24}); })},
        {"png", as_file("x.png", [](const std::string& path) { data::read_png(path); })},
        {"model", as_file("x.h5", read_any)}};
    return table;
}

std::string chosen_kind = "config";

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    for (int i = 1; i < *count; ++i)
        if (std::strncmp((*arguments)[i], "--kind=", 7) == 0) weft::fuzz::chosen_kind = (*arguments)[i] + 7;
    if (!weft::fuzz::kinds().contains(weft::fuzz::chosen_kind)) {
        fmt::print(stderr, "--kind={} is none\n", weft::fuzz::chosen_kind);
        std::exit(2);
    }
    weft::fuzz::session();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    weft::fuzz::Choices choices(bytes, count);
    try {
        weft::fuzz::kinds().at(weft::fuzz::chosen_kind)(choices);
    } catch (const weft::Error&) {
    }  // anything else has no business here
    if (weft::fuzz::chosen_kind != "model" && H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_ALL) != 0)
        std::abort();
    return 0;
}
