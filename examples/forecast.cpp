// The next value of a series, by an LSTM that sees the values before, against the guess that nothing changes.
#include "arguments.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

#include <cmath>
#include <numbers>

using namespace weft;

namespace {

constexpr const char* usual_series = "daily-min-temperatures.csv";

struct Options {
    std::string series = usual_series;
    std::string column = "1";
    std::int64_t steps = 30, units = 32;
    double rate = 2e-3;
};

// Seasons, and weather around them that lasts for some days.
Tensor made_series(std::uint64_t seed) {
    constexpr std::int64_t days = 3000;
    Generator generator(seed);
    const Tensor noise = random::normal({days}, 0, 2, float64, generator);
    Array series({days, 1}, float32);
    double weather = 0;
    for (std::int64_t day = 0; day < days; ++day) {
        weather = 0.6 * weather + noise.item<double>(day);
        series.data<float>()[day] =
            static_cast<float>(11 + 5 * std::cos(2 * std::numbers::pi * static_cast<double>(day) / 365) + weather);
    }
    return Tensor(std::move(series));
}

Tensor find_series(const examples::Arguments& arguments, const Options& options) {
    try {
        const auto folder = data::locate({.name = "timeseries", .files = {{options.series}}}, arguments.folder);
        const auto path = data::packed_or_not(folder, options.series);
        fmt::print("series: {}\n", path.string());
        return data::read_csv(path, {.columns = {options.column}});
    } catch (const FileError&) {
        if (!arguments.folder.empty() || options.series != usual_series) throw;
        fmt::print("series: there is no {} in $WEFT_DATA/timeseries: a made one instead, of seasons and weather\n",
                   usual_series);
        return made_series(arguments.seed);
    }
}

double root_mean_square(const Tensor& x) { return std::sqrt(mean(square(x.to(float64))).item<double>()); }

void run(const examples::Arguments& arguments, const Options& options) {
    const Tensor series = find_series(arguments, options);  // [n, 1]
    const std::int64_t n = series.shape(0), cut = n * 4 / 5, steps = options.steps;
    // What the future is like must not be known: mean and deviation are the first part's.
    const Tensor past = slice(series, 0, 0, cut);
    const double centre = mean(past).item<double>(), scale = std::sqrt(variance(past).item<double>());
    const Tensor values = (series - centre) / scale, following = slice(values, 0, steps, n);

    // A window of so many values, and the one that follows; the last fifth of the series follows only windows held
    // back.
    data::Loader train(data::timeseries_windows(slice(values, 0, 0, cut), slice(following, 0, 0, cut - steps), steps),
                       {.batch_size = arguments.batch_size, .shuffle = true, .seed = arguments.seed});
    const Tensors held_back =
        data::gather_all(data::timeseries_windows(values, following, steps, {.start_index = cut - steps}));
    fmt::print("{} values to learn from, the {} after them to forecast, each from the {} before it\n", cut,
               held_back[0].shape(0), steps);

    nn::Sequential model{
        nn::LSTM(options.units, {.input_shape = {steps, 1}}),
        nn::Linear(1),
    };
    model.summary();
    model.compile({.optimizer = optim::Adam({.lr = options.rate, .clipnorm = 1.0}), .loss = "mse"});
    model.fit(train,
              {.epochs = arguments.epochs, .validation_data = {held_back[0], held_back[1]}, .seed = arguments.seed});

    model.save(arguments.path("forecast.h5"));
    fmt::print("model: {}\n", arguments.path("forecast.h5"));
    const Tensor last = select(held_back[0], 1, -1);
    const double error = scale * root_mean_square(model.predict(held_back[0]) - held_back[1]),
                 baseline = scale * root_mean_square(last - held_back[1]);
    fmt::print("root mean square error {:.4f}, of persistence {:.4f}\n", error, baseline);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    return examples::run_example(
        argc, argv, "Forecasts the next value of a series.", {.epochs = 15},
        [&](const examples::Arguments& arguments) { run(arguments, options); },
        {{"--series", &options.series, "the CSV file there"},
         {"--column", &options.column, "its column, by name or number from 0"},
         {"--steps", &options.steps, "values that a forecast sees", examples::positive},
         {"--units", &options.units, "size of the LSTM", examples::positive},
         {"--learning-rate", &options.rate, "of Adam", examples::positive}});
}
