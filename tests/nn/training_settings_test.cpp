// What a file says of compile: schedules, decay, optimizers, and what weft does not know.
#include "../catch.hpp"
#include "../temporary_folder.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>
#include <weft/optim/optim.hpp>

#include <hdf5.h>

using namespace weft;
using weft::testing::contains;
using weft::testing::distance;
using weft::testing::error_of;
using weft::testing::TemporaryFolder;

namespace {

nn::Sequential small_model() { return {nn::Linear(3, {.activation = "tanh", .input_shape = {4}}), nn::Linear(1)}; }

void train(nn::Model& model, int epochs) {
    Generator draws(5);
    const Tensor x = random::normal({12, 4}, 0, 1, float32, draws), y = random::normal({12, 1}, 0, 1, float32, draws);
    model.fit(x, y, {.epochs = epochs, .batch_size = 4, .verbose = 0, .shuffle = false});
}

// The settings of a whole .h5 are these instead.
void set_training_config(const std::string& file, const std::string& text) {
    const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1),
                space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, text.size());
    H5Adelete(id, "training_config");
    const hid_t attribute = H5Acreate2(id, "training_config", type, space, H5P_DEFAULT, H5P_DEFAULT);
    REQUIRE(H5Awrite(attribute, type, text.data()) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    H5Fclose(id);
}

}  // namespace

TEST_CASE("training settings: a schedule and its optimizer's state go on where they were") {
    const TemporaryFolder folder;
    const std::vector<optim::Schedule> schedules{
        optim::ExponentialDecay{.initial_learning_rate = 0.1, .decay_steps = 2, .decay_rate = 0.5},
        optim::PiecewiseConstantDecay{.boundaries = {2, 4}, .values = {0.1, 0.05, 0.01}},
        optim::CosineDecay{.initial_learning_rate = 0.01, .decay_steps = 10, .warmup_target = 0.1, .warmup_steps = 3}};
    for (const optim::Schedule& schedule : schedules)
        for (const std::string name : {"model.h5", "model.keras"}) {
            INFO(schedule.keras_class() << ", " << name);
            optim::Adadelta optimizer({.lr = 1});
            optimizer.set_schedule(schedule);
            nn::Sequential model = small_model();
            model.compile({.optimizer = optimizer, .loss = "mse"});
            train(model, 1);
            const std::string file = (folder / name).string();
            model.save(file);
            nn::Model again = nn::load_model(file);
            REQUIRE(again.optimizer().schedule());
            CHECK(again.optimizer().schedule()->settings() == schedule.settings());
            CHECK(again.optimizer().learning_rate() == schedule(3));
            train(model, 2);
            train(again, 2);
            CHECK(distance(again.parameters()[0], model.parameters()[0]) == 0);
        }
}

TEST_CASE("training settings: Keras 2's decay") {
    const TemporaryFolder folder;
    const std::string file = (folder / "model.h5").string();
    nn::Sequential model = small_model();
    model.compile({.optimizer = "sgd", .loss = "mse"});
    model.save(file);
    set_training_config(
        file,
        R"({"optimizer_config": {"class_name": "SGD", "config": {"lr": 0.1, "decay": 0.5, "momentum": 0.0, "nesterov": false}},
                                  "loss": "mse", "metrics": [], "sample_weight_mode": null, "loss_weights": null})");
    nn::Model again = nn::load_model(file);
    CHECK(again.optimizer().learning_rate() == 0.1);
    train(again, 1);
    CHECK(again.optimizer().learning_rate() == Approx(0.1 / (1 + 0.5 * 3)));
}

TEST_CASE("training settings: what is not known is named, and so is the way to predict all the same") {
    const TemporaryFolder folder;
    const std::string file = (folder / "model.h5").string();
    nn::Sequential model = small_model();
    model.compile({.optimizer = "sgd", .loss = "mse"});
    model.save(file);
    set_training_config(
        file,
        R"({"optimizer_config": {"class_name": "SGD", "config": {"lr": 0.1}}, "loss": "mse", "metrics": ["astuteness"]})");
    const std::string text = error_of<ValueError>([&] { nn::load_model(file); });
    CHECK_THAT(text, contains(file));
    CHECK_THAT(text, contains("astuteness"));
    CHECK_THAT(text, contains(".compile = false"));
    CHECK_FALSE(nn::load_model(file, {.compile = false}).compiled());
    set_training_config(
        file,
        R"({"optimizer_config": {"class_name": "SGD", "config": {"learning_rate": {"class_name": "Whimsical", "config": {}}}}, "loss": "mse"})");
    CHECK_THAT(error_of<ValueError>([&] { nn::load_model(file); }), contains("Whimsical"));
}
