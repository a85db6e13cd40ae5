// The tutorial's LSTM on a task that needs its memory: sequences of digits, of any length, and at each step the digit
// that was seen some steps before. A network without memory gets one in ten right.
#include "arguments.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>


using namespace weft;

namespace {

struct Options {
    std::int64_t sequences = 2000, delay = 3;
    double rate = 3e-3;
};

// x: the digits of each sequence, one-hot [steps, 10]; y: the digit `delay` steps before, one-hot; in the first steps
// the first digit.
std::vector<Tensors> echoes(std::int64_t count, std::int64_t shortest, std::int64_t longest, std::int64_t delay) {
    const Tensor lengths = random::integers({count}, shortest, longest + 1);
    Tensors x, y;
    for (const std::int64_t steps : lengths.values<std::int64_t>()) {
        const Tensor digits = random::integers({steps}, 0, 10);
        const Tensor before = maximum(arange(steps) - delay, 0);
        x.push_back(one_hot(digits, 10));
        y.push_back(one_hot(gather(digits, before), 10));
    }
    return {x, y};
}

void run(const examples::Arguments& arguments, const Options& options) {
    // Batches of similar length. The weights that come with them are 0 where a sequence was filled up.
    data::BucketLoader train(echoes(options.sequences, 5, 40, options.delay),
                             {.batch_size = arguments.batch_size,
                              .shuffle = true,
                              .seed = arguments.seed,
                              .width = 4,
                              .weights = true});
    data::BucketLoader test(echoes(500, 5, 40, options.delay), {.width = 4, .weights = true});
    data::BucketLoader longer(echoes(100, 80, 120, options.delay), {.width = 4, .weights = true});
    fmt::print("to learn: at each step, the digit of {} steps before; {} sequences of 5 to 40 steps\n", options.delay,
               options.sequences);

    nn::Sequential model{
        nn::LSTM(64, {.return_sequences = true, .input_shape = {None, 10}}),
        nn::Linear(64, {.activation = "relu"}),
        nn::Dropout(0.2),
        nn::Linear(10, {.activation = "softmax"}),
    };
    model.summary();
    model.compile({.optimizer = optim::Adam({.lr = options.rate}),
                   .loss = "categorical_crossentropy",
                   .weighted_metrics = {"accuracy"}});
    model.fit(train, {.epochs = arguments.epochs, .seed = arguments.seed});

    model.save(arguments.path("sequence_labels.h5"));
    fmt::print("model: {}\n", arguments.path("sequence_labels.h5"));
    fmt::print("accuracy on sequences of 80 to 120 steps {:.4f}\n", model.evaluate(longer)["accuracy"]);
    fmt::print("accuracy on new sequences, padded steps not counted {:.4f}\n", model.evaluate(test)["accuracy"]);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    return examples::run_example(
        argc, argv, "Trains the Keras tutorial's LSTM to repeat what it saw some steps before.", {.epochs = 15},
        [&](const examples::Arguments& arguments) { run(arguments, options); },
        {{"--sequences", &options.sequences, "how many to make", examples::positive},
         {"--delay", &options.delay, "how many steps to remember", examples::non_negative},
         {"--learning-rate", &options.rate, "of Adam", examples::positive}});
}
