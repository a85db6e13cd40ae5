// Files that Keras wrote, files that weft writes, and files that are neither.
#include "../catch.hpp"
#include "../temporary_folder.hpp"
#include "fixture_tensor.hpp"
#include "paths.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/hdf5_file.hpp>
#include <weft/nn/nn.hpp>
#include <weft/optim/optim.hpp>

#include <filesystem>
#include <fstream>

using namespace weft;
using weft::testing::distance;
using weft::testing::error_of;
using weft::testing::Fixture;
using weft::testing::TemporaryFolder;

namespace {

std::string keras_file(const std::string& name) {
    return weft::testing::source_path("tests/fixtures/keras_files/" + name);
}

nn::Sequential small_model() {
    nn::Sequential model{nn::Conv2d(3, 2, {.activation = "relu", .input_shape = {5, 5, 2}}), nn::MaxPool2d(),
                         nn::Flatten(), nn::Dropout(0.1), nn::Linear(4, {.activation = "softmax"})};
    model.compile({.optimizer = optim::Adam({.lr = 0.01}), .loss = "mse", .metrics = {"mae"}});
    return model;
}

std::string at(const TemporaryFolder& folder, const std::string& name) { return (folder / name).string(); }

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

}  // namespace

TEST_CASE("saving: what Keras wrote loads and predicts the same") {
    const Fixture file("models");
    for (const std::string& name : file.names()) {
        INFO(name);
        const Tensor x = testing::to_tensor(file.values(name + "/input"), float32);
        const Tensor expected = testing::to_tensor(file.values(name + "/output"));
        nn::Model model = nn::load_model(keras_file(name + ".h5"));
        CHECK(distance(model.predict(x), expected) <= 1e-5);
        for (const Tensor& parameter : model.parameters()) Tensor(parameter).assign(parameter.detach() * 0 + 1);
        model.load_weights(keras_file(name + ".weights.h5"));
        CHECK(distance(model.predict(x), expected) <= 1e-5);
    }
}

TEST_CASE("saving: every layout gives the model back") {
    const TemporaryFolder folder;
    manual_seed(1);
    nn::Sequential model = small_model();
    const Tensor x = random::normal({3, 5, 5, 2}), before = model.predict(x);
    for (const char* name : {"model.h5", "only.weights.h5", "legacy.hdf5"}) {
        INFO(name);
        const std::string path = at(folder, name);
        if (std::string(name) == "model.h5") model.save(path);
        else model.save_weights(path);
        nn::Sequential other = small_model();
        REQUIRE(distance(other.predict(x), before) > 1e-3);
        other.load_weights(path);
        CHECK(distance(other.predict(x), before) == 0);
    }
    nn::Model loaded = nn::load_model(at(folder, "model.h5"));
    CHECK(distance(loaded.predict(x), before) == 0);
    REQUIRE(loaded.compiled());
    CHECK(loaded.optimizer().learning_rate() == Approx(0.01));
    CHECK(loaded.compile_options().loss.single()->keras_name() == "mean_squared_error");
    nn::Sequential view(loaded);
    CHECK(view.layers().size() == 5);
    CHECK_THAT(error_of<FileError>([&] { nn::load_model(at(folder, "only.weights.h5")); }),
               Catch::Contains("load_weights"));
}

TEST_CASE("saving: a model within a model, and a class of one's own") {
    const TemporaryFolder folder;
    nn::Sequential inner{nn::Linear(4, {.input_shape = {3}}), nn::Linear(2)};
    nn::Sequential model;
    model.add(inner);
    model.add(nn::Linear(2));
    const Tensor x = random::normal({2, 3});
    model.save(at(folder, "nested.h5"));
    CHECK(distance(nn::load_model(at(folder, "nested.h5")).predict(x), model.predict(x)) == 0);
    model.save(at(folder, "nested.weights.h5"));
    for (const Tensor& parameter : model.parameters()) Tensor(parameter).assign(parameter.detach() + 1);
    const Tensor changed = model.predict(x);
    model.load_weights(at(folder, "nested.weights.h5"));
    CHECK(distance(model.predict(x), changed) > 0.1);

    struct Net : nn::Model {
        nn::Linear only = module("only", nn::Linear(3, 2));
        Tensor forward(const Tensor& input) override { return only(input); }
    } net;
    CHECK_THAT(error_of<ValueError>([&] { net.save(at(folder, "net.h5")); }), Catch::Contains("save_weights"));
    net.save_weights(at(folder, "net.h5"));
    Net other;
    other.load_weights(at(folder, "net.h5"));
    CHECK(distance(other(x), net(x)) == 0);
}

TEST_CASE("saving: weights that do not fit change nothing") {
    const TemporaryFolder folder;
    nn::Sequential two{nn::Linear(4, {.input_shape = {3}}), nn::Linear(2)},
        three{nn::Linear(4, {.input_shape = {3}}), nn::Linear(5)};
    nn::Sequential one{nn::Linear(4, {.input_shape = {3}})};
    two.save_weights(at(folder, "two.h5"));
    two.save_weights(at(folder, "two.weights.h5"));
    for (const char* name : {"two.h5", "two.weights.h5"}) {
        const Tensor before = three.parameters()[0].detach() * 1;
        CHECK_THAT(error_of<FileError>([&] { three.load_weights(at(folder, name)); }), Catch::Contains("[4, 2]"));
        CHECK(distance(three.parameters()[0], before) == 0);
    }
    const std::string lists = error_of<FileError>([&] { one.load_weights(at(folder, "two.h5")); });
    CHECK_THAT(lists, Catch::Contains("dense_1 (2 weights)"));
}

TEST_CASE("saving: bad names, folders and states") {
    const TemporaryFolder folder;
    nn::Sequential model = small_model(), unbuilt{nn::Linear(2)};
    CHECK_THROWS_AS(model.save(at(folder, "model.txt")), FileError);
    CHECK_THAT(error_of<FileError>([&] { model.save(at(folder, "no/such/model.h5")); }),
               Catch::Contains("does not exist"));
    CHECK_THAT(error_of<ValueError>([&] { unbuilt.save(at(folder, "unbuilt.h5")); }), Catch::Contains("input_shape"));
    CHECK_THROWS_AS(nn::load_model(at(folder, "missing.h5")), FileError);
    CHECK_THROWS_AS(nn::load_model(at(folder, "")), FileError);
    CHECK(std::filesystem::is_empty(at(folder, "")));
}

TEST_CASE("saving: a failure leaves the file that was there") {
    const TemporaryFolder folder;
    const std::string path = at(folder, "model.h5");
    small_model().save(path);
    const std::string before = contents(path);
    CHECK_THROWS_AS(data::write_hdf5(path, [](const data::Hdf5Object& root) {
        root.write("x", ones({1000}));
        throw std::runtime_error("the power failed");
    }), std::runtime_error);
    CHECK(contents(path) == before);
    int files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(at(folder, ""))) ++files;
    CHECK(files == 1);
}

TEST_CASE("saving: damaged and strange files are refused by name") {
    const TemporaryFolder folder;
    const std::string path = at(folder, "model.h5"), damaged = at(folder, "damaged.h5");
    small_model().save(path);
    const std::string whole = contents(path);
    for (const std::string& bytes :
         {std::string(), std::string("just text"), whole.substr(0, 100), whole.substr(0, whole.size() / 2)}) {
        write(damaged, bytes);
        CHECK_THAT(error_of<FileError>([&] { nn::load_model(damaged); }), Catch::Contains("damaged.h5"));
    }
    const auto with_config = [&](const std::string& config) {
        data::write_hdf5(damaged, [&](const data::Hdf5Object& root) {
            root.write_long_text("model_config", config);
            root.create_group("model_weights").write_texts("layer_names", {});
        });
        return error_of<Error>([&] { nn::load_model(damaged); });
    };
    CHECK_THAT(with_config("{"), Catch::Contains("JSON is damaged"));
    CHECK_THAT(with_config(std::string(100000, '[')), Catch::Contains("too deep"));
    CHECK_THAT(with_config("[]"), Catch::Contains("lacks 'class_name'"));
    CHECK_THAT(
        with_config(
            R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dens", "config": {"name": "d", "batch_input_shape": [null, 3]}}]}})"),
        Catch::Contains("Did you mean 'Dense'"));
    CHECK_THAT(
        with_config(
            R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"name": "d", "units": "many", "batch_input_shape": [null, 3]}}]}})"),
        Catch::Contains("'units' must be a whole number"));
    data::write_hdf5(damaged, [&](const data::Hdf5Object& root) { root.write_long_text("model_config", "{}"); });
    CHECK_THAT(error_of<Error>([&] { nn::load_model(damaged); }), Catch::Contains("model_weights"));
}

TEST_CASE("hdf5: tensors of every type come back, and what is missing is named") {
    const TemporaryFolder folder;
    const std::string path = at(folder, "tensors.h5");
    const Tensor x = random::normal({2, 3}), y = random::normal({4}, float64), z = tensor({1, 2, 3}, int64);
    data::save_hdf5(path, {{"x", x}, {"deep/er/y", y}, {"z", z}, {"scalar", full({}, 7)}});
    CHECK(distance(data::load_hdf5(path, "x"), x) == 0);
    CHECK(distance(data::load_hdf5(path, "deep/er/y"), y) == 0);
    CHECK(data::load_hdf5(path, "z").dtype() == int64);
    CHECK(data::load_hdf5(path, "scalar").shape() == Shape{});
    CHECK_THAT(error_of<FileError>([&] { data::load_hdf5(path, "deep/y"); }), Catch::Contains("there is no 'deep/y'"));
    CHECK_THAT(error_of<FileError>([&] { data::load_hdf5(path, "deep"); }), Catch::Contains("is no dataset"));
}

TEST_CASE("hdf5: attributes as Keras splits them") {
    const TemporaryFolder folder;
    const std::string path = at(folder, "names.h5");
    std::vector<std::string> names;
    for (int i = 0; i < 3000; ++i) names.push_back("a_layer_with_a_rather_long_name_" + std::to_string(i));
    data::write_hdf5(path, [&](const data::Hdf5Object& root) {
        root.write_texts("layer_names", names);
        root.write_texts("none", {});
        root.write_text("short", "one");
    });
    const data::Hdf5Object root = data::open_hdf5(path);
    CHECK_FALSE(root.has_attribute("layer_names"));
    CHECK(root.has_attribute("layer_names1"));
    CHECK(root.texts("layer_names") == names);
    CHECK(root.texts("none")->empty());
    CHECK(root.text("short") == "one");
    CHECK_FALSE(root.text("missing"));
}
