// Losses against Keras's own numbers (fixtures/losses.h5), their derivatives, their limits and their error texts.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/losses.hpp>

using namespace weft;
using nn::Loss;
using testing::distance;
using testing::error_of;
using testing::Fixture;
using testing::to_settings;
using testing::to_tensor;
using Catch::Matchers::Contains;

namespace {

struct Case {
    Loss loss;
    Tensor y_true, y_pred;
};

Case read(const Fixture& file, const std::string& name) {
    return {Loss::from_config(file.text(name, "class"), to_settings(file.text(name, "arguments"))),
            to_tensor(file.values(name + "/y_true")), to_tensor(file.values(name + "/y_pred")).set_requires_grad()};
}

}  // namespace

TEST_CASE("losses: values, reductions and gradients are Keras's") {
    const Fixture file("losses");
    for (const std::string& name : file.names()) {
        INFO(name);
        const auto [loss, y_true, y_pred] = read(file, name);
        const auto expected = [&](const std::string& what) { return to_tensor(file.values(name + "/" + what)); };
        CHECK(distance(loss.per_sample(y_true, y_pred), expected("per_sample")) < 1e-6);
        const Tensor value = loss(y_true, y_pred);
        CHECK(distance(value, expected("loss")) < 1e-6);
        CHECK(distance(grad(value, y_pred), expected("gradient")) < 1e-6);
        for (const std::string& weighted : {name + "/weighted", name + "/weighted_steps"}) {
            if (!file.has(weighted)) continue;
            INFO(weighted);
            const Tensor weight = to_tensor(file.values(weighted + "/sample_weight"));
            const Tensor value = loss(y_true, y_pred, weight);
            CHECK(distance(value, to_tensor(file.values(weighted + "/loss"))) < 1e-6);
            CHECK(distance(grad(value, y_pred), to_tensor(file.values(weighted + "/gradient"))) < 1e-6);
            if (weight.rank() == 2 && weight.shape(1) == 1)  // [batch] is [batch, 1]
                CHECK(distance(loss(y_true, y_pred, weight.reshape({-1})), value) < 1e-12);
        }
        // Of a certainty, float32 cannot hold what is clipped to 1 - 1e-7.
        const double tolerance = name.ends_with("certain") ? 1e-2 : 1e-6;
        CHECK(distance(loss(y_true, y_pred.detach().to(float32)).to(float64), expected("loss")) < tolerance);
    }
}

TEST_CASE("losses: other reductions") {
    const Tensor t = tensor({1, 2, 3, 4}, {2, 2}, float64), p = tensor({2, 2, 1, 1}, {2, 2}, float64);
    CHECK(nn::losses::MeanSquaredError({.reduction = "sum"})(t, p).item<double>() == Approx(0.5 + 6.5));
    CHECK(distance(nn::losses::MeanSquaredError({.reduction = "none"})(t, p), tensor({0.5, 6.5}, float64)) == 0);
    CHECK(error_of<ValueError>([] { nn::losses::Huber({.reduction = "max"}); }) != "");
}

TEST_CASE("losses: first and second derivatives") {
    manual_seed(3);
    const auto away = [](const Shape& shape) { return random::uniform(shape, 0.1, 0.9, float64); };
    for (const std::string& name : nn::loss_names()) {
        INFO(name);
        const Loss loss(name);
        if (name == "sparse_categorical_crossentropy") {
            const Tensor labels = tensor({0, 3, 1}, {3}, int64);
            assert_gradients([&](const Tensor& p) { return loss(labels, p); }, away({3, 4}));
            assert_gradients([&](const Tensor& z) { return loss(labels, softmax(z)); },
                             random::normal({3, 4}, float64));
            continue;
        }
        const Tensor weight = tensor({0.5, 2, 1}, {3}, float64);
        CHECK_NOTHROW(assert_gradients([&](const Tensors& x) { return Tensors{loss(x[0], x[1], weight)}; },
                                       {away({3, 4}), away({3, 4})}));
    }
    const Tensor far = tensor({-3, -0.2, 0.1, 4}, {2, 2}, float64), zero = zeros({2, 2}, float64);
    assert_gradients([&](const Tensor& p) { return nn::huber_loss(p, zero, {.delta = 0.5}); }, far);
    const Tensor bits = tensor({0, 1, 1, 0.3}, {2, 2}, float64);
    assert_gradients(
        [&](const Tensor& z) { return nn::losses::BinaryCrossentropy({.label_smoothing = 0.1})(bits, sigmoid(z)); },
        far);
    assert_gradients(
        [&](const Tensor& z) {
            return nn::losses::CategoricalCrossentropy({.label_smoothing = 0.1})(bits, softmax(z));
        },
        far);
}

TEST_CASE("losses: cross-entropies of a softmax or sigmoid are those of its logits") {
    for (DType dtype : {float32, float64}) {
        const Tensor z = tensor({1000, -1000, 0, -5000, 5000, 0}, {2, 3}, dtype).set_requires_grad();
        const Tensor labels = tensor({1, 1}, {2}, int64), hot = one_hot(labels, 3, dtype);
        const Tensor expected = tensor({2000, 0}, {2}, dtype), slope = tensor({0.5, -0.5, 0, 0, 0, 0}, {2, 3}, dtype);
        const auto check = [&](const Loss& loss, const Tensor& target, const Tensor& y, const Tensor& values,
                               const Tensor& gradient) {
            CHECK(distance(loss.per_sample(target, y), values) < 1e-12);
            CHECK(distance(grad(loss(target, y), z), gradient) < 1e-12);
        };
        check("categorical_crossentropy", hot, softmax(z), expected, slope);
        check("sparse_categorical_crossentropy", labels, softmax(z), expected, slope);
        check(nn::losses::CategoricalCrossentropy({.from_logits = true}), hot, z, expected, slope);
        const Tensor bits = tensor({0, 0, 1, 0, 1, 0}, {2, 3}, dtype), ln2 = tensor({std::log(2.0)}, {}, dtype);
        check("binary_crossentropy", bits, sigmoid(z), (tensor({1000, 0}, {2}, dtype) + ln2) / 3,
              tensor({1, 0, -0.5, 0, 0, 0.5}, {2, 3}, dtype) / 6);
        // One sample for each number, whose sigmoid still remembers.
        const Tensor flat = select(z, 0, 0).reshape({3});
        CHECK(nn::binary_crossentropy_loss(sigmoid(flat), tensor({0, 0, 1}, dtype)).item<double>() ==
              Approx((1000 + std::log(2.0)) / 3));
    }
    // Without logits the probabilities are clipped, as Keras clips them.
    const Tensor certain = tensor({1, 0}, {1, 2}, float64);
    CHECK(nn::categorical_crossentropy_loss(certain, tensor({0, 1}, {1, 2}, float64)).item<double>() ==
          Approx(-std::log(1e-7)));
}

TEST_CASE("losses: masks and ignored classes do not count") {
    const Tensor t = zeros({2, 3, 1}, float64), p = tensor({1, 2, 3, 4, 5, 6}, {2, 3, 1}, float64);
    const Tensor mask = not_equal(tensor({1, 1, 0, 1, 0, 0}, {2, 3}), 0);
    const Loss mse("mse");
    CHECK(mse(t, p, {}, mask).item<double>() == Approx((1 + 4 + 16) / 3.0));
    const Tensor weight = tensor({2, 10}, {2}, float64);
    CHECK(mse(t, p, weight, mask).item<double>() == Approx((2 * 1 + 2 * 4 + 10 * 16) / 3.0));
    CHECK(nn::losses::MeanSquaredError({.reduction = "sum"})(t, p, {}, mask).item<double>() == Approx(21));
    CHECK(mse(t, p, {}, not_equal(zeros({2, 3}), 0)).item<double>() == 0);

    const Loss sparse = nn::losses::SparseCategoricalCrossentropy({.ignore_class = -1});
    const Tensor q = tensor({0.5, 0.5, 0.25, 0.75}, {2, 2}, float64);
    CHECK(sparse(tensor({-1, 0}, int64), q).item<double>() == Approx(std::log(4.0)));
    CHECK(error_of<ValueError>([&] { sparse(tensor({-2, 0}, int64), q); }) != "");
}

TEST_CASE("losses: targets are made to fit") {
    const Tensor p = tensor({1, 2, 3, 5}, {4, 1}, float32);
    for (DType dtype : {uint8, int64, float32, float64}) {
        const Tensor t = tensor({1, 1, 1, 1}, dtype);
        CHECK(nn::mse_loss(p, t).item<double>() == Approx((0 + 1 + 4 + 16) / 4.0));
        CHECK(nn::mse_loss(p, t.reshape({4, 1})).dtype() == float32);
        CHECK(nn::mse_loss(p.reshape({4}), t.reshape({4, 1})).item<double>() == Approx(21 / 4.0));
    }
    CHECK(nn::mse_loss(p, 1).item<double>() == Approx(21 / 4.0));
    CHECK(nn::mse_loss(p.reshape({4}), tensor({1, 1, 1, 1}), {.sample_weight = tensor({0, 0, 0, 2})}).item<double>() ==
          Approx(8));
    CHECK(nn::mae_loss(sum(p), 1).item<double>() == Approx(10));
    const Tensor q = tensor({0.5, 0.5, 0.25, 0.75}, {2, 2}, float32);
    for (DType dtype : {boolean, uint8, int64, float32, float64})
        for (const Shape& shape : {Shape{2}, Shape{2, 1}})
            CHECK(nn::sparse_categorical_crossentropy_loss(q, tensor({0, 1}, shape, dtype)).item<double>() ==
                  Approx(-(std::log(0.5) + std::log(0.75)) / 2));
}

TEST_CASE("losses: names, classes, options") {
    for (const char* name : {"mse", "MSE", "mean_squared_error", "MeanSquaredError", "meansquarederror"}) {
        const Loss loss(name);
        CHECK(loss.name() == "mean_squared_error");
        CHECK(loss.class_name() == "MeanSquaredError");
    }
    CHECK(Loss("KLDivergence").keras_name() == "kl_divergence");
    CHECK(Loss("kullback_leibler_divergence").keras_name() == "kl_divergence");
    const Loss loss = nn::losses::CategoricalCrossentropy({.from_logits = true, .label_smoothing = 0.1, .name = "ce"});
    CHECK(loss.name() == "ce");
    CHECK(loss.keras_name() == "categorical_crossentropy");
    CHECK(loss.config() ==
          nn::Settings{{"from_logits", true}, {"label_smoothing", 0.1}, {"reduction", "sum_over_batch_size"}});
    CHECK(Loss::from_config("Huber", {{"delta", std::int64_t(2)}, {"axis", -1}}).config().get<double>("delta") == 2.0);
    CHECK_FALSE(Loss().defined());
    CHECK_THAT(error_of<ValueError>([] { Loss("categorical_crosentropy"); }),
               Contains("Did you mean 'categorical_crossentropy'?") && Contains("kl_divergence"));
    CHECK(error_of<ValueError>([] { nn::losses::BinaryCrossentropy({.label_smoothing = 2}); }) != "");
}

TEST_CASE("losses: a function of one's own") {
    const Tensor t = tensor({1, 2, 3, 4}, {2, 2}, float64), p = tensor({2, 2, 1, 1}, {2, 2}, float32);
    const Loss samples = [](const Tensor& y_true, const Tensor& y_pred) { return mean(abs(y_true - y_pred), {-1}); };
    const Loss scalar = [](const Tensor& y_true, const Tensor& y_pred) { return mean(abs(y_true - y_pred)); };
    CHECK(samples(t, p).item<double>() == Approx(1.5));
    CHECK(scalar(t, p).item<double>() == Approx(1.5));
    CHECK(samples(t, p, tensor({0, 4})).item<double>() == Approx(5));
    CHECK_THAT(error_of<ShapeError>([&] { scalar(t, p, tensor({0, 4})); }), Contains("one number for the whole batch"));
    CHECK(samples.class_name() == "");
    CHECK(Loss("mine", [](const Tensor& a, const Tensor&) { return a; }).name() == "mine");
}

TEST_CASE("losses: bad targets are named") {
    const Tensor ten = full({32, 10}, 0.1), labels = zeros({32}, int64), images = zeros({32, 28, 28, 1});
    const auto thrown = [&](const char* name, const Tensor& t, const Tensor& p) {
        const std::string own = error_of<ShapeError>([&] { Loss{name}(t, p); });
        CHECK(error_of<ShapeError>([&] { nn::check_target(name, t, {None, p.shape(1)}); }) != "");
        return own;
    };
    CHECK_THAT(thrown("categorical_crossentropy", labels, ten), Contains("int64 [32]") && Contains("[32, 10]") &&
                                                                    Contains("sparse_categorical_crossentropy") &&
                                                                    Contains("one_hot(y, 10)"));
    CHECK_THAT(thrown("categorical_crossentropy", labels.reshape({32, 1}), ten), Contains("one_hot(y, 10)"));
    CHECK_THAT(thrown("mse", images, ten), Contains("float32 [32, 28, 28, 1]") && Contains("[32, 10]"));
    CHECK_THAT(thrown("mse", labels, ten), Contains("one_hot(y, 10)"));
    CHECK_THAT(error_of<ShapeError>([&] {
                   nn::mse_loss(ten, zeros({1, 10}));
               }),
               Contains("[1, 10]"));  // no broadcasting
    CHECK_THAT(thrown("sparse_categorical_crossentropy", ten, ten), Contains("use categorical_crossentropy"));
    CHECK_THAT(error_of<DTypeError>([&] { nn::mse_loss(labels, labels); }), Contains("int64 [32]"));
    CHECK_THAT(error_of<ShapeError>([&] { Loss("mse")(ten, ten, zeros({31})); }),
               Contains("sample_weight") && Contains("[31]"));

    Tensor wrong = tensor({0, 1, 12, 2}, int64);
    const Tensor four = full({4, 10}, 0.1);
    for (const Tensor& y : {wrong, wrong.to(float32), wrong.to(uint8), wrong.reshape({4, 1})}) {
        const std::string text = error_of<ValueError>([&] { Loss("sparse_categorical_crossentropy")(y, four); });
        CHECK_THAT(text, Contains("0..9") && Contains("received 12 at position [2"));
        CHECK(error_of<ValueError>([&] {
                  nn::check_target("sparse_categorical_crossentropy", y, {None, 10});
              }) == text);
        CHECK_THAT(error_of<ValueError>([&] { Loss("sparse_categorical_crossentropy")(y, softmax(four)); }),
                   Contains("received 12"));
    }
    CHECK_THAT(error_of<ValueError>([&] {
                   nn::check_target("sparse_categorical_crossentropy", tensor({1, 10}, int64), {None, 10});
               }),
               Contains("y - 1"));
    CHECK_THAT(error_of<ValueError>([&] {
                   nn::check_target("sparse_categorical_crossentropy", tensor({1, 0.5}), {None, 10});
               }),
               Contains("received 0.5 at position [1]"));
    CHECK_THAT(error_of<ValueError>([&] {
                   nn::check_target("binary_crossentropy", tensor({1, 7}, int64), {None, 1}, "fit");
               }),
               Contains("fit: ") && Contains("0..1") && Contains("7 at position [1]"));
    CHECK_NOTHROW(nn::check_target("sparse_categorical_crossentropy", zeros({5, 40}, int64), {None, None, 10}));
    CHECK_NOTHROW(nn::check_target([](const Tensor& a, const Tensor&) { return a; }, labels, {None, 10}));
}
