// Whole models and weights in every layout, training that goes on, and files that are not what they seem.
#include "../catch.hpp"
#include "../paths.hpp"
#include "../temporary_folder.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/data/hdf5_file.hpp>
#include <weft/data/zip_archive.hpp>
#include <weft/nn/nn.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/saving/model_file.hpp>
#include <weft/optim/optim.hpp>

#include <filesystem>
#include <fstream>

using namespace weft;
using weft::testing::distance;
using weft::testing::error_of;
using weft::testing::TemporaryFolder;

namespace {

std::string at(const TemporaryFolder& folder, const std::string& name) { return (folder / name).string(); }

nn::Sequential classifier(double dropout = 0.3) {
    nn::Sequential model{nn::Linear(8, {.activation = "relu", .input_shape = {5}}), nn::Dropout(dropout),
                         nn::Linear(3, {.activation = "softmax"})};
    model.compile(
        {.optimizer = optim::Adam({.lr = 0.01}), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
    return model;
}

struct Data {
    Tensor x, y;
};
Data some_data() {
    Generator draws(11);
    return {random::normal({70, 5}, 0, 1, float32, draws), random::integers({70}, 0, 3, draws)};
}

bool same_weights(const nn::Model& a, const nn::Model& b) {
    const auto left = a.named_weights(), right = b.named_weights();
    for (std::size_t i = 0; i < left.size(); ++i)
        if (distance(left[i].tensor, right[i].tensor) != 0) return false;
    return left.size() == right.size();
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

// A layer of one's own with a setting, read without weft's helpers.
struct Scaled : nn::Module {
    explicit Scaled(double factor) : factor(factor) { nothing_to_build(); }
    Tensor forward(const Tensor& x) override { return x * factor; }
    std::string class_name() const override { return "Scaled"; }
    nlohmann::json config() const override { return {{"factor", factor}}; }
    double factor;
};

std::string with_config(const TemporaryFolder& folder, const std::string& layers,
                        const std::string& version = "2.4.0") {
    const std::string path = at(folder, "config.h5");
    data::write_hdf5(path, [&](const data::Hdf5Object& root) {
        root.write_text("keras_version", version);
        root.write_long_text("model_config",
                             R"({"class_name": "Sequential", "config": {"name": "s", "layers": [)" + layers + "]}}");
        root.create_group("model_weights").write_texts("layer_names", {});
    });
    return path;
}

}  // namespace

TEST_CASE("model files: training goes on to the bit, whatever the layout") {
    const TemporaryFolder folder;
    const Data made = some_data();
    const Tensor x = made.x, y = made.y;
    for (const char* name : {"model.keras", "model.h5"}) {
        INFO(name);
        manual_seed(3);
        nn::Sequential model = classifier();
        model.fit(x, y, {.epochs = 2, .verbose = 0, .seed = 5});
        model.save(at(folder, name));
        nn::Model loaded = nn::load_model(at(folder, name));
        REQUIRE(loaded.compiled());
        CHECK(loaded.optimizer().iterations() == model.optimizer().iterations());
        const nn::History first = model.fit(x, y, {.epochs = 2, .verbose = 0, .seed = 6});
        const nn::History second = loaded.fit(x, y, {.epochs = 2, .verbose = 0, .seed = 6});
        CHECK(first["loss"] == second["loss"]);
        CHECK(first["accuracy"] == second["accuracy"]);
        CHECK(same_weights(model, loaded));
    }
}

TEST_CASE("model files: fit resumes from a checkpoint as if there had been no interruption") {
    const TemporaryFolder folder;
    const Data made = some_data();
    const Tensor x = made.x, y = made.y;
    for (const char* name : {"run.keras", "run.h5", "run.weights.h5"}) {
        INFO(name);
        const std::string path = at(folder, name);
        manual_seed(3);
        nn::Sequential whole = classifier();
        const nn::History expected = whole.fit(x, y, {.epochs = 5, .verbose = 0, .validation_split = 0.2, .seed = 5});

        manual_seed(3);
        nn::Sequential begun = classifier();
        begun.fit(x, y,
                  {.epochs = 2, .verbose = 0, .validation_split = 0.2, .seed = 5, .checkpoint = path, .resume = true});
        manual_seed(99);
        nn::Sequential resumed = classifier();
        const nn::History history =
            resumed.fit(x, y, {.epochs = 5, .verbose = 0, .validation_split = 0.2, .checkpoint = path, .resume = true});
        CHECK(same_weights(resumed, whole));
        CHECK(history.epochs() == expected.epochs());
        for (const char* key : {"loss", "accuracy", "val_loss", "val_accuracy"}) CHECK(history[key] == expected[key]);
        CHECK_THAT(error_of<ValueError>([&] {
                       resumed.fit(x, y, {.epochs = 6, .verbose = 0, .seed = 8, .checkpoint = path, .resume = true});
                   }),
                   Catch::Contains("seed 5"));
    }
    nn::Sequential model = classifier();
    model.save(at(folder, "plain.h5"));
    CHECK_THAT(error_of<FileError>(
                   [&] { model.fit(x, y, {.verbose = 0, .checkpoint = at(folder, "plain.h5"), .resume = true}); }),
               Catch::Contains("no checkpoint"));
    CHECK_THROWS_AS(model.fit(x, y, {.verbose = 0, .resume = true}), ValueError);
}

TEST_CASE("model files: graphs of shared layers, models within models, several inputs and outputs") {
    const TemporaryFolder folder;
    nn::Symbol a = nn::Input({4}, {.name = "a"}), b = nn::Input({4}, {.name = "b"});
    const nn::Linear shared(3, {.activation = "tanh", .name = "shared"});
    nn::Sequential inner{nn::Linear(3, {.input_shape = {3}}), nn::Linear(2)};
    nn::Symbol left = nn::Layer(shared)(a), right = nn::Layer(shared)(b);
    nn::Model model({a, b}, {nn::Layer(inner)(left + right), nn::Linear(1, {.name = "difference"})(left - right)});
    model.compile(
        {.optimizer = "sgd", .loss = {"mse", "mae"}, .loss_weights = {1.0, 0.5}, .metrics = {{"mae"}, {"mse"}}});
    const Tensor x1 = random::normal({3, 4}), x2 = random::normal({3, 4});
    const Tensors expected = model.predict_all({x1, x2});
    for (const char* name : {"graph.h5", "graph.keras"}) {
        INFO(name);
        model.save(at(folder, name));
        nn::Model loaded = nn::load_model(at(folder, name));
        const Tensors found = loaded.predict_all({x1, x2});
        REQUIRE(found.size() == 2);
        for (int i : {0, 1})
            CHECK(distance(found[static_cast<std::size_t>(i)], expected[static_cast<std::size_t>(i)]) == 0);
        const Tensor y1 = zeros({3, 2}), y2 = zeros({3, 1});
        CHECK(loaded.evaluate({x1, x2}, {y1, y2}).values() == model.evaluate({x1, x2}, {y1, y2}).values());
    }
}

TEST_CASE("model files: what Keras began to train goes on as in Keras") {
    const testing::Fixture file("continuation");
    for (const std::string& name : file.names()) {
        INFO(name);
        const Tensor x = testing::to_tensor(file.values(name + "/x"), float32),
                     y = testing::to_tensor(file.values(name + "/y"), float32);
        const std::vector<double> losses = file.values(name + "/losses").data;
        nn::Model model = nn::load_model(testing::source_path("tests/fixtures/keras_files/" + file.text(name, "file")));
        for (double expected : losses) CHECK(model.train_on_batch(x, y)["loss"] == Approx(expected).epsilon(1e-4));
    }
}

TEST_CASE("model files: shards, names and mismatches") {
    const TemporaryFolder folder;
    nn::Sequential model = classifier(), other = classifier();
    model.save_weights(at(folder, "model.weights.json"), {.max_shard_size = 150});
    CHECK(std::filesystem::exists(at(folder, "model_00001.weights.h5")));
    other.load_weights(at(folder, "model.weights.json"));
    CHECK(same_weights(model, other));
    CHECK(nn::inspect_model_file(at(folder, "model.weights.json")).kind == nn::ModelFileKind::sharded_weights);

    nn::Sequential source{nn::Linear(4, {.input_shape = {3}, .name = "first"}), nn::Linear(2, {.name = "last"})};
    source.save_weights(at(folder, "source.h5"));
    nn::Sequential target{nn::Linear(4, {.input_shape = {3}, .name = "first"}), nn::Linear(4, {.name = "middle"}),
                          nn::Linear(5, {.name = "last"})};
    CHECK_THROWS_AS(target.load_weights(at(folder, "source.h5")), FileError);
    CHECK_THROWS_AS(target.load_weights(at(folder, "source.h5"), {.by_name = true}), FileError);
    target.load_weights(at(folder, "source.h5"), {.skip_mismatch = true, .by_name = true});
    CHECK(distance(target.parameters()[0], source.parameters()[0]) == 0);
    source.save_weights(at(folder, "source.weights.h5"));
    CHECK_THROWS_AS(target.load_weights(at(folder, "source.weights.h5"), {.by_name = true}), ValueError);

    // Keras 3 counts the layers of a class: here the first fits, the second has another shape, and a third is missing.
    nn::Sequential longer{nn::Linear(4, {.input_shape = {3}}), nn::Linear(4), nn::Linear(5)};
    const Tensor second(longer.parameters()[2].data().copy());
    CHECK_THROWS_AS(longer.load_weights(at(folder, "source.weights.h5")), FileError);
    CHECK(distance(longer.parameters()[0], source.parameters()[0]) > 0);
    longer.load_weights(at(folder, "source.weights.h5"), {.skip_mismatch = true});
    CHECK(distance(longer.parameters()[0], source.parameters()[0]) == 0);
    CHECK(distance(longer.parameters()[2], second) == 0);
    nn::Sequential bare{nn::Linear(4, {.use_bias = false, .input_shape = {3}}), nn::Linear(2)};
    CHECK_THAT(error_of<FileError>([&] { bare.load_weights(at(folder, "source.weights.h5")); }),
               Catch::Contains("holds 2 weights; the model's layer has 1"));
}

TEST_CASE("model files: what a file is follows from its content") {
    const TemporaryFolder folder;
    nn::Sequential model = classifier();
    model.save(at(folder, "model.h5"));
    model.save(at(folder, "model.keras"));
    std::filesystem::rename(at(folder, "model.h5"), at(folder, "was_h5.keras"));
    std::filesystem::rename(at(folder, "model.keras"), at(folder, "was_keras.h5"));
    for (const char* name : {"was_h5.keras", "was_keras.h5"})
        CHECK(same_weights(nn::load_model(at(folder, name)), model));
    const nn::ModelFileInfo info = nn::inspect_model_file(at(folder, "was_keras.h5"));
    CHECK(info.kind == nn::ModelFileKind::archive);
    CHECK(info.model_class == "Sequential");
    CHECK(info.has_training_settings);
    CHECK(info.weights.size() == 4);
    CHECK(nn::read_saved_weights(at(folder, "was_h5.keras")).size() == 4);
}

TEST_CASE("model files: a layer of one's own is found by its name") {
    const TemporaryFolder folder;
    nn::Sequential model{nn::Linear(2, {.input_shape = {3}})};
    model.add(Scaled(3));
    const Tensor x = random::normal({2, 3});
    model.save(at(folder, "own.keras"));
    CHECK_THAT(error_of<ValueError>([&] { nn::load_model(at(folder, "own.keras")); }), Catch::Contains("Scaled"));
    nn::register_layer(
        "Scaled", [](const nlohmann::json& config) -> nn::Layer { return Scaled(config.at("factor").get<double>()); });
    CHECK(distance(nn::load_model(at(folder, "own.keras")).predict(x), model.predict(x)) == 0);
}

TEST_CASE("model files: nothing that changes results is passed over") {
    const TemporaryFolder folder;
    const auto error = [&](const std::string& settings, const std::string& type = "Dense") {
        const std::string path =
            with_config(folder, R"({"class_name": ")" + type +
                                    R"(", "config": {"name": "d", "batch_input_shape": [null, 3], )" + settings + "}}");
        return error_of<Error>([&] { nn::load_model(path); });
    };
    CHECK_THAT(error(R"("units": 2, "sharpness": 3)"),
               Catch::Contains("'sharpness': 3 is not supported") && Catch::Contains("'d'"));
    CHECK_THAT(error(R"("units": 2, "dtype": "float16")"), Catch::Contains("float16"));
    CHECK_THAT(error(R"("units": 1000000000)"), Catch::Contains("more than the file holds"));
    CHECK_THAT(error(R"("function": "abc")", "Lambda"), Catch::Contains("Lambda"));
    const std::string path = with_config(
        folder,
        R"({"class_name": "Activation", "config": {"activation": "hard_sigmoid", "batch_input_shape": [null, 3]}})",
        "x");
    CHECK_THAT(error_of<ValueError>([&] { nn::load_model(path); }), Catch::Contains("keras_version"));
    const Tensor x = tensor({-2, 0, 2}, {1, 3});
    for (const auto& [version, expected] :
         std::vector<std::pair<std::string, double>>{{"2.4.0", 0.9}, {"3.1.0", 5.0 / 6}}) {
        nn::Model model = nn::load_model(with_config(
            folder,
            R"({"class_name": "Activation", "config": {"activation": "hard_sigmoid", "batch_input_shape": [null, 3]}})",
            version));
        CHECK(model.predict(x).item<double>(2) == Approx(expected));
    }
}

TEST_CASE("model files: files that are not what they seem are refused by name") {
    const TemporaryFolder folder;
    const std::string path = at(folder, "strange.keras");
    const auto archive = [&](std::vector<std::pair<std::string, std::string>> entries) {
        std::vector<data::ZipPart> parts;
        for (const auto& [name, text] : entries) parts.push_back({.name = name, .pieces = {bytes(text)}});
        data::write_zip(path, parts);
        return error_of<FileError>([&] { nn::load_model(path); });
    };
    CHECK_THAT(archive({{"readme.txt", "hello"}}), Catch::Contains("config.json"));
    CHECK_THAT(archive({{"config.json", "{}"}, {"model.weights.h5", "text"}}),
               Catch::Contains("strange.keras") && Catch::Contains("model.weights.h5"));
    CHECK_THAT(archive({{"config.json", std::string(5000, '[')}, {"model.weights.h5", "text"}}),
               Catch::Contains("too deep"));

    const std::string h5 = at(folder, "strange.h5");
    data::write_hdf5(h5, [](const data::Hdf5Object& root) { root.write("x", ones({3})); });
    CHECK_THAT(error_of<FileError>([&] { nn::load_model(h5); }), Catch::Contains("no Keras model"));
    nn::Sequential model = classifier();
    for (const std::string elsewhere :
         {"../../etc/passwd", "/etc/passwd", "shards/a.weights.h5", R"(shards\\a.weights.h5)"}) {
        folder.write("index.json", R"({"weight_map": {"/layers/dense/vars": ")" + elsewhere + R"("}})");
        CHECK_THAT(error_of<FileError>([&] { model.load_weights(at(folder, "index.json")); }),
                   Catch::Contains("same folder"));
    }

    // A dataset that is gone, and one that holds text's worth of other numbers.
    model.save_weights(h5);
    data::write_hdf5(h5, [](const data::Hdf5Object& root) {
        root.write_texts("layer_names", {"dense", "dense_1"});
        root.write_text("keras_version", "2.4.0");
        for (const char* name : {"dense", "dense_1"})
            root.create_group(name).write_texts("weight_names", {"kernel", "bias"});
        root.group("dense").write("kernel", ones({5, 8}));
    });
    const Tensor before = model.parameters()[0].detach() * 1;
    CHECK_THAT(error_of<FileError>([&] { model.load_weights(h5); }),
               Catch::Contains("there is no 'bias'") && Catch::Contains("/dense"));
    CHECK(distance(model.parameters()[0], before) == 0);
}
