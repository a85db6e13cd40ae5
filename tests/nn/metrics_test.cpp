// Metrics against Keras's own numbers over several batches (fixtures/metrics.h5), what "accuracy" means, and error
// texts.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/losses.hpp>
#include <weft/nn/metrics.hpp>

using namespace weft;
using nn::Metric;
using nn::Metrics;
using testing::error_of;
using testing::Fixture;
using testing::to_settings;
using testing::to_tensor;
using Catch::Matchers::Contains;

namespace {

struct Compile {
    std::string optimizer = "rmsprop";
    Metrics metrics = {};
};

std::vector<std::string> names(const Metrics& metrics) {
    std::vector<std::string> result;
    for (const Metric& metric : metrics) result.push_back(metric.name());
    return result;
}

}  // namespace

TEST_CASE("metrics: results over batches, weighted and not, are Keras's") {
    const Fixture file("metrics");
    for (const std::string& name : file.names()) {
        const auto values = [&](const std::string& what) { return file.values(name + "/" + what); };
        const std::string given = file.text(name, "metric"), arguments = file.text(name, "arguments");
        const Tensor weight = to_tensor(values("sample_weight"), float32);
        for (DType dtype : {float32, float64}) {
            const Tensor y_true = to_tensor(values("y_true"), dtype), y_pred = to_tensor(values("y_pred"), dtype);
            if (dtype == float64 && name.find("threshold") != std::string::npos) continue;
            for (bool weighted : {false, true}) {
                INFO(name << (weighted ? ", weighted" : "") << ", " << weft::name(dtype));
                Metric metric = arguments == "{}" ? Metric(given) : Metric::from_config(given, to_settings(arguments));
                CHECK(metric.name() == file.text(name, "key"));
                CHECK(Metric(nn::resolve_metric(given, y_true.shape(), y_pred.shape())).class_name() ==
                      file.text(name, "resolved"));
                const std::vector<double> expected = values(weighted ? "results_weighted" : "results").data;
                std::int64_t begin = 0;
                for (std::size_t i = 0; i < expected.size(); ++i) {
                    const auto end = begin + static_cast<std::int64_t>(values("batch_sizes").data[i]);
                    metric.update(slice(y_true, 0, begin, end), slice(y_pred, 0, begin, end),
                                  weighted ? slice(weight, 0, begin, end) : Tensor());
                    CHECK(metric.result() == Approx(expected[i]).epsilon(1e-6));
                    begin = end;
                }
                metric.reset();
                CHECK(metric.result() == 0);
            }
        }
    }
}

TEST_CASE("metrics: the shapes decide what accuracy means") {
    for (const char* name : {"accuracy", "acc"}) {
        CHECK(nn::resolve_metric(name, {None, 1}, {None, 1}) == "binary_accuracy");
        CHECK(nn::resolve_metric(name, {8}, {8, 1}) == "binary_accuracy");
        CHECK(nn::resolve_metric(name, {8}, {8}) == "binary_accuracy");
        CHECK(nn::resolve_metric(name, {8}, {8, 10}) == "sparse_categorical_accuracy");
        CHECK(nn::resolve_metric(name, {8, 1}, {8, 10}) == "sparse_categorical_accuracy");
        CHECK(nn::resolve_metric(name, {8, 5}, {8, 5, 10}) == "sparse_categorical_accuracy");
        CHECK(nn::resolve_metric(name, {8, 10}, {8, 10}) == "categorical_accuracy");
    }
    CHECK(nn::resolve_metric("ce", {8}, {8, 10}) == "sparse_categorical_crossentropy");
    CHECK(nn::resolve_metric("mse", {8}, {8, 10}) == "mse");

    Metric accuracy("accuracy");
    const Tensor p = tensor({0.2, 0.8, 0.6, 0.4, 0.5, 0.5}, {3, 2});
    accuracy.update(tensor({1, 0, 1}, int64), p);
    CHECK(accuracy.result() == Approx(2.0 / 3));  // of equal scores the first counts
    accuracy.reset();
    for (DType dtype : {boolean, uint8, int64, float32, float64})
        accuracy.update(one_hot(tensor({1, 1, 0}, int64), 2).to(dtype), p);
    CHECK(accuracy.result() == Approx(2.0 / 3));
    accuracy.reset();
    accuracy.update(tensor({1, 0, 0}, uint8), tensor({0.7, 0.2, 0.6}));
    CHECK(accuracy.result() == Approx(2.0 / 3));
    accuracy.reset();
    accuracy.update(tensor({1, 0}, int64), tensor({NAN, NAN, 0, 1}, {2, 2}));
    CHECK(accuracy.result() == 0);
}

TEST_CASE("metrics: lists keep the names that were given") {
    CHECK(names(Compile{.metrics = {"accuracy"}}.metrics) == std::vector<std::string>{"accuracy"});
    CHECK(names(Compile{.metrics = {"accuracy", "mse"}}.metrics) == std::vector<std::string>{"accuracy", "mse"});
    CHECK(names(Compile{.metrics = {"acc", "acc", "acc"}}.metrics) ==
          std::vector<std::string>{"acc", "acc_1", "acc_2"});
    CHECK(Compile().metrics.empty());
    const std::vector<std::string> strings{"mae", "mse"};
    CHECK(names(Compile{.metrics = strings}.metrics) == strings);
    const auto share = [](const Tensor& y_true, const Tensor& y_pred) { return mean(abs(y_true - y_pred), {-1}); };
    const Metrics mixed = {"MSE",
                           nn::metrics::TopKCategoricalAccuracy({.k = 3}),
                           nn::losses::Huber({.delta = 2}),
                           {"share", share},
                           share};
    CHECK(names(mixed) ==
          std::vector<std::string>{"MSE", "top_k_categorical_accuracy", "huber", "share", "custom_metric"});
    CHECK(mixed[0].keras_name() == "mean_squared_error");
    CHECK(mixed[1].class_name() == "TopKCategoricalAccuracy");
    CHECK(mixed[1].config() == nn::Settings{{"k", 3}});
    CHECK(mixed[2].config().get<double>("delta") == 2);
    CHECK(Metric("acc").keras_name() == "accuracy");
    CHECK(
        Metric::from_config("MeanMetricWrapper", {{"name", "accuracy"}, {"fn", "categorical_accuracy"}}).keras_name() ==
        "categorical_accuracy");
    CHECK(nn::metrics::BinaryAccuracy({.name = "half"}).name() == "half");
}

TEST_CASE("metrics: every loss is one, and so is a function of one's own") {
    const Tensor t = tensor({1, 2, 3, 4, 5, 7}, {3, 2}, float64), p = tensor({2, 2, 1, 1, 5, 5}, {3, 2}, float64);
    const auto over_two_batches = [&](Metric metric, const Tensor& weight = {}) {
        const auto part = [&](const Tensor& x, std::int64_t a, std::int64_t b) {
            return x.defined() ? slice(x, 0, a, b) : x;
        };
        metric.update(part(t, 0, 2), part(p, 0, 2), part(weight, 0, 2));
        metric.update(part(t, 2, 3), part(p, 2, 3), part(weight, 2, 3));
        return metric.result();
    };
    for (const char* name : {"mae", "poisson", "log_cosh", "huber"})
        CHECK(over_two_batches(name) == Approx(nn::Loss(name)(t, p).item<double>()));
    CHECK(over_two_batches("cosine_similarity") == Approx(-nn::cosine_similarity_loss(p, t).item<double>()));
    const auto samples = [](const Tensor& y_true, const Tensor& y_pred) { return mean(abs(y_true - y_pred), {-1}); };
    const auto batch = [](const Tensor& y_true, const Tensor& y_pred) { return mean(abs(y_true - y_pred)); };
    CHECK(over_two_batches(samples) == Approx(8 / 6.0));
    CHECK(over_two_batches(batch) == Approx(8 / 6.0));  // a smaller batch counts less
    const Tensor weight = tensor({1, 0, 3});
    CHECK(over_two_batches(samples, weight) == Approx((0.5 + 3 * 1) / 4));
    CHECK_THAT(error_of<ShapeError>([&] { over_two_batches(batch, weight); }),
               Contains("one number for the whole batch"));
}

TEST_CASE("metrics: masked steps do not count") {
    const Tensor p = tensor({0.9, 0.1, 0.2, 0.8, NAN, NAN, 0.3, 0.7}, {2, 2, 2}),
                 labels = tensor({0, 0, 1, 1}, {2, 2}, int64);
    const Tensor mask = not_equal(tensor({1, 1, 0, 1}, {2, 2}), 0);
    Metric accuracy("accuracy"), loss("sparse_categorical_crossentropy");
    accuracy.update(labels, p, {}, mask);
    loss.update(labels, p, {}, mask);
    CHECK(accuracy.result() == Approx(2 / 3.0));
    CHECK(loss.result() == Approx(-(std::log(0.9) + std::log(0.2) + std::log(0.7)) / 3));
}

TEST_CASE("metrics: nothing is recorded, and copies count for themselves") {
    const Tensor p = tensor({0.2, 0.8}, {1, 2}).set_requires_grad(), t = tensor({0, 1}, {1, 2});
    Metric first = [](const Tensor& y_true, const Tensor& y_pred) {
        CHECK_FALSE(grad_enabled());
        return mean(square(y_true - y_pred), {-1});
    };
    first.update(t, square(p));
    CHECK(grad_enabled());
    Metric second = first;
    second.update(t, p * 0);
    CHECK(first.result() < second.result());
}

TEST_CASE("metrics: bad names and shapes are named") {
    CHECK_THAT(error_of<ValueError>([] { Metric("acuracy"); }),
               Contains("Did you mean 'accuracy'?") && Contains("mean_squared_error"));
    CHECK(error_of<ValueError>([] { nn::metrics::TopKCategoricalAccuracy({.k = 0}); }) != "");
    const Tensor ten = zeros({4, 10}), labels = zeros({4}, int64);
    CHECK_THAT(error_of<ShapeError>([&] { Metric("categorical_accuracy").update(labels, ten); }),
               Contains("sparse_categorical_accuracy") && Contains("one_hot(y, 10)"));
    CHECK_THAT(error_of<ShapeError>([&] {
                   Metric("accuracy").update(zeros({4, 9}), ten);
               }),
               Contains("[4, 9]") && Contains("[4, 10]"));
    CHECK_THAT(error_of<ShapeError>([&] { nn::check_target(Metric("sparse_categorical_accuracy"), ten, {None, 10}); }),
               Contains("use categorical_accuracy"));
    CHECK_THAT(error_of<ShapeError>([&] {
                   nn::check_target(Metric("mse"), zeros({4, 28, 28, 1}), {None, 10});
               }),
               Contains("[4, 28, 28, 1]"));
    CHECK_THAT(error_of<ValueError>([&] {
                   nn::check_target(Metric("acc"), tensor({1, 10}, int64), {None, 10});
               }),
               Contains("0..9"));
    CHECK_THAT(error_of<ShapeError>([&] { Metric("acc").update(labels, ten, zeros({3})); }), Contains("sample_weight"));
}
