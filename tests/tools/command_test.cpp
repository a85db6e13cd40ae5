// The weft command on files that are as they should be.
#include "catch.hpp"
#include "command.hpp"
#include "paths.hpp"
#include "temporary_folder.hpp"

#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/npy.hpp>
#include <weft/nn/nn.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

using namespace weft;
using namespace weft::testing;

namespace {

using Words = std::vector<std::string>;

std::string keras_file(const std::string& name) { return source_path("tests/fixtures/keras_files/" + name); }

void check_equal(const Tensor& a, const Tensor& b) {
    REQUIRE(a.shape() == b.shape());
    REQUIRE(a.dtype() == b.dtype());
    const auto x = a.values<float>(), y = b.values<float>();
    CHECK(std::vector<float>(x.begin(), x.end()) == std::vector<float>(y.begin(), y.end()));
}

}  // namespace

TEST_CASE("weft says how it is used") {
    for (const Words& words : {Words{"--help"}, Words{"summary", "--help"}, Words{"diff", "--help"}}) {
        const Outcome outcome = run_weft(words);
        CHECK(outcome.status == 0);
        CHECK_THAT(outcome.out, contains("Usage: "));
        CHECK_THAT(outcome.out, contains("Exit status:"));
    }
    CHECK(run_weft({"--version"}).out.starts_with("weft "));
    for (const Words& words :
         {Words{}, Words{"summarise", "x"}, Words{"summary"}, Words{"predict", "m.h5", "--batch-size", "0"}}) {
        const Outcome outcome = run_weft(words);
        CHECK(outcome.status == 2);
        CHECK(outcome.err.starts_with("weft: "));
        CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    }
}

TEST_CASE("weft shows and uses models whose training settings it does not know") {
    const TemporaryFolder folder;
    const std::string model = folder / "model.h5", x = folder / "x.npy", y = folder / "y.npy";
    data::write_hdf5(model, [](const data::Hdf5Object& root) {
        root.write_long_text(
            "model_config",
            R"({"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Activation",
            "config": {"name": "a", "activation": "relu", "batch_input_shape": [null, 3]}}]}})");
        root.write_long_text(
            "training_config",
            R"({"optimizer_config": {"class_name": "SGD", "config": {"learning_rate": 0.1}}, "loss": "mse",
            "metrics": ["astuteness"]})");
        root.create_group("model_weights").write_texts("layer_names", {});
    });
    const Outcome summary = run_weft({"summary", model});
    CHECK(summary.status == 0);
    CHECK_THAT(summary.out, contains("Total parameters: 0") && contains("Compiled, but") && contains("astuteness"));
    data::save_npy(x, zeros({2, 3}));
    CHECK(run_weft({"predict", model, "--input", x, "--output", y}).status == 0);
    CHECK(run_weft({"evaluate", model, "--input", x, "--target", x}).status == 2);
}

TEST_CASE("weft summary tells what a file is") {
    const Outcome model = run_weft({"summary", keras_file("cnn.h5")});
    CHECK(model.status == 0);
    CHECK(model.err.empty());
    for (const char* part : {"whole model (legacy HDF5)", "Keras version: 3.", "conv2d (Conv2D)", "[None, 100]",
                             "Total parameters: 875", "Compiled with Adam"})
        CHECK_THAT(model.out, contains(part));
    const Outcome weights = run_weft({"summary", keras_file("cnn.weights.h5")});
    CHECK(weights.status == 0);
    for (const char* part :
         {"weights alone", "layers/conv2d/vars/0", "[3, 3, 1, 4]", "6 tensors, 875 elements", "optimizer's state"})
        CHECK_THAT(weights.out, contains(part));
}

TEST_CASE("weft predict gives what predict gives, from every kind of array file") {
    const TemporaryFolder folder;
    const Tensor x = random::normal({5, 7}, float64);
    const Tensor expected = nn::load_model(keras_file("mlp.h5")).predict(x.to(float32));
    const std::string npy = folder / "x.npy", npz = folder / "x.npz", h5 = folder / "x.h5", y = folder / "y.npy";
    data::save_npy(npy, x);
    data::save_npz(npz, {{"x", x}, {"other", x + 1}});
    data::save_hdf5(h5, {{"group/x", x}, {"other", x + 1}});
    for (const std::string& place : {npy, npz + ":x", h5 + ":group/x"}) {
        std::filesystem::remove(y);
        const Outcome outcome =
            run_weft({"predict", keras_file("mlp.h5"), "--input", place, "--output", y, "--batch-size", "5"});
        INFO(outcome.err);
        REQUIRE(outcome.status == 0);
        CHECK(outcome.err.empty());
        check_equal(data::load_npy(y), expected);
    }
    const std::string all = folder / "y.h5";
    REQUIRE(run_weft({"predict", keras_file("mlp.h5"), "--input", npy, "--output", all}).status == 0);
    REQUIRE(data::list_hdf5(all).size() == 1);
    check_equal(data::load_hdf5(all, data::list_hdf5(all)[0].name), expected);

    // Which of the arrays, nobody said; and what cannot be.
    const auto error_of = [&](const std::string& input, const std::string& output) {
        const Outcome outcome = run_weft({"predict", keras_file("mlp.h5"), "--input", input, "--output", output});
        CHECK(outcome.status == 2);
        return outcome.err;
    };
    CHECK_THAT(error_of(npz, y), contains("x.npz: there are 2 arrays") && contains("other"));
    CHECK_THAT(error_of(h5, y), contains("x.h5: there are 2 arrays") && contains("group/x"));
    CHECK_THAT(error_of(h5 + ":none", y), contains("x.h5") && contains("none"));
    CHECK_THAT(error_of(npy + ":x", y), contains("neither"));
    CHECK_THAT(error_of(npy, folder / "y.txt"), contains("y.txt") && contains(".npy or .h5"));
    data::save_npy(npy, random::normal({5, 6}));
    CHECK_THAT(error_of(npy, y), contains("[5, 6]"));
    check_equal(data::load_npy(y), expected);  // as it was
}

TEST_CASE("weft predict takes several inputs and writes several outputs") {
    const TemporaryFolder folder;
    const nn::Symbol a = nn::Input({3}), b = nn::Input({2});
    const nn::Symbol joined = nn::Concatenate()(nn::Symbol{a, b});
    const nn::Symbol z = nn::Linear(4, {.name = "z"})(joined), y = nn::Linear(1, {.name = "y"})(joined);
    nn::Model model({a, b}, {z, y});
    const std::string file = folder / "m.h5", out = folder / "out.h5";
    model.save(file);
    const Tensor first = random::normal({6, 3}), second = random::normal({6, 2});
    data::save_npy(folder / "a.npy", first);
    data::save_npy(folder / "b.npy", second);
    const Words words{"predict", file, "--input", folder / "a.npy", "--input", folder / "b.npy", "--output"};
    const auto with_output = [&](const std::string& name) {
        Words all = words;
        all.push_back(name);
        return run_weft(all);
    };
    const Outcome outcome = with_output(out);
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const Tensors expected = model.predict_all({first, second});
    check_equal(data::load_hdf5(out, "z"), expected[0]);
    check_equal(data::load_hdf5(out, "y"), expected[1]);
    CHECK_THAT(with_output(folder / "out.npy").err, contains("2 outputs: z, y"));
    CHECK_THAT(run_weft({"predict", file, "--input", folder / "a.npy", "--output", out}).err, contains("2 inputs"));
}

TEST_CASE("weft evaluate prints the loss and metrics") {
    const TemporaryFolder folder;
    const Tensor x = random::normal({6, 12, 12, 1});
    const Tensor classes = tensor({0, 1, 2, 0, 1, 2}, int64);
    nn::Model model = nn::load_model(keras_file("cnn.h5"));
    model.compile({.optimizer = "sgd", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
    const std::string file = folder / "m.h5", input = folder / "x.npy", target = folder / "t.npy";
    model.save(file);
    data::save_npy(input, x);
    data::save_npy(target, classes);
    std::string expected;
    const nn::Logs logs = model.evaluate(x, classes, {.batch_size = 4});
    for (const auto& [name, value] : logs.values()) expected += fmt::format("{}: {:.6g}\n", name, value);
    const Outcome outcome = run_weft({"evaluate", file, "--input", input, "--target", target, "--batch-size", "4"});
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(outcome.out == expected);

    nn::Sequential plain{nn::Linear(2, {.input_shape = {7}})};
    plain.save(file);
    const Outcome uncompiled = run_weft({"evaluate", file, "--input", input, "--target", target});
    CHECK(uncompiled.status == 2);
    CHECK_THAT(uncompiled.err, contains("not compiled"));
}

TEST_CASE("weft diff finds what was changed, and nothing after weft convert") {
    const TemporaryFolder folder;
    const std::string original = keras_file("cnn.h5"), copy = folder / "copy.h5", weights = folder / "copy.weights.h5",
                      archive = folder / "copy.keras";
    REQUIRE(run_weft({"convert", original, copy}).status == 0);
    REQUIRE(run_weft({"convert", original, weights}).status == 0);
    REQUIRE(run_weft({"convert", original, archive}).status == 0);
    CHECK_THAT(run_weft({"summary", archive}).out, contains(".keras archive") && contains("Total parameters: 875"));
    for (const std::string& other : {copy, archive, weights, keras_file("cnn.weights.h5")}) {
        const Outcome outcome = run_weft({"diff", original, other});
        INFO(outcome.err);
        CHECK(outcome.status == 0);
        CHECK(outcome.out == "all 6 tensors agree\n");
    }
    CHECK(run_weft({"diff", weights, weights}).status == 0);

    nn::Model model = nn::load_model(original);
    for (const nn::NamedTensor& weight : model.named_weights())
        if (weight.name == "dense.bias") Tensor(weight.tensor).assign(weight.tensor.detach() + 0.25f);
    model.save(copy);
    const Outcome changed = run_weft({"diff", original, copy});
    CHECK(changed.status == 1);
    CHECK_THAT(changed.out, contains("dense.bias: float32 [8]  max |a - b| = 0.25") &&
                                contains("1 differences; 6 tensors are in both"));
    CHECK(run_weft({"diff", original, copy, "--tolerance", "0.3"}).status == 0);

    const Outcome others = run_weft({"diff", original, keras_file("mlp.h5")});
    CHECK(others.status == 1);
    CHECK_THAT(others.out, contains("conv2d.kernel: float32 [3, 3, 1, 4]  only in " + original) &&
                               contains("dense.bias: float32 [8] and float32 [6]"));
    CHECK(run_weft({"diff", original, folder / "none.h5"}).status == 2);
}

TEST_CASE("weft writes no file that is half done") {
    const TemporaryFolder folder;
    const std::string there = folder.write("m.h5", "as it was");
    const Outcome outcome = run_weft({"convert", keras_file("cnn.weights.h5"), there});
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, contains("cnn.weights.h5"));
    CHECK(std::filesystem::file_size(there) == 9);
    CHECK(run_weft({"convert", keras_file("cnn.h5"), folder / "m.txt"}).status == 2);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
