// A language model of characters: one LSTM that reads a text from end to end, keeping its state, and then writes on.
#include "arguments.hpp"
#include "texts.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>

using namespace weft;

namespace {

struct Options {
    std::string text = examples::usual_text;
    std::int64_t steps = 64, units = 256;
    double rate = 4e-3, dropout = 0.2;
    std::string prompt = "ROMEO:\n";
    std::int64_t characters = 500;
    nn::SamplingOptions sampling{.temperature = 0.8};
};

nn::Sequential make_model(const Options& options, std::int64_t vocabulary) {
    nn::Sequential model{
        nn::Embedding(vocabulary, 64, {.input_shape = {None}}),
        nn::LSTM(options.units, {.return_sequences = true, .stateful = true}),
        nn::Dropout(options.dropout),
        nn::Linear(vocabulary, {.activation = "softmax"}),
    };
    model.compile({.optimizer = optim::Adam({.lr = options.rate, .global_clipnorm = 1.0}),
                   .loss = "sparse_categorical_crossentropy"});
    return model;
}

// The mean loss over a text read once from its start, as one long sequence.
double loss_on(nn::Sequential& model, const Tensor& text) {
    model.reset_states();
    data::Loader whole(data::token_windows(text, std::min<std::int64_t>(1000, text.shape(0) - 1)), {.batch_size = 1});
    const double loss = model.evaluate(whole)["loss"];
    model.reset_states();
    return loss;
}

void copy_weights(const nn::Sequential& from, nn::Sequential& to) {
    const Tensors weights = from.parameters();
    Tensors targets = to.parameters();
    for (std::size_t i = 0; i < weights.size(); ++i) targets[i].assign(weights[i]);
}

std::string written(nn::Sequential& model, const data::Vocabulary& vocabulary, const Tensor& prompt,
                    const Options& options, Generator generator) {
    model.reset_states();
    std::string text = options.prompt;
    Tensor ids = prompt;
    for (std::int64_t i = 0; i < options.characters; ++i) {
        const Tensor probabilities = select(select(model.predict(ids.reshape({1, -1})), 0, 0), 0, -1);
        // Padding and the unknown character are nothing to write.
        const Tensor silent = full({2}, -std::numeric_limits<double>::infinity());
        ids = nn::sample(concat({silent, log(slice(probabilities, 0, 2, vocabulary.size()))}), options.sampling,
                         generator);
        text += vocabulary.token(ids.item<std::int64_t>());
    }
    model.reset_states();
    return text;
}

void run(const examples::Arguments& arguments, const Options& options) {
    const examples::Texts texts = examples::find_texts(arguments.folder, options.text);
    std::string all;
    for (const std::string& text : texts.texts) all += text;
    const std::vector<std::string> characters = data::characters(all);
    const auto cut = static_cast<std::int64_t>(characters.size() * 9 / 10);
    const data::Vocabulary vocabulary =
        data::build_vocabulary(std::span(characters).first(static_cast<std::size_t>(cut)));
    const Tensor prompt =
        vocabulary.encode_prompt(data::characters(options.prompt));  // a bad one is told before training
    const Tensor ids = vocabulary.encode(characters);
    const Tensor train = slice(ids, 0, 0, cut), held_back = slice(ids, 0, cut, ids.shape(0));
    fmt::print("text: {}\n{} characters to learn from, {} held back, {} different ones\n", texts.origin, train.shape(0),
               held_back.shape(0), vocabulary.size() - 2);

    // Each row of a batch goes on with its own part of the text where the batch before left it.
    data::Loader windows(data::token_windows(train, options.steps, {.lanes = arguments.batch_size}),
                         {.batch_size = arguments.batch_size});
    nn::Sequential model = make_model(options, vocabulary.size());
    nn::Sequential reader = make_model(options, vocabulary.size());  // the same, for one text at a time
    model.summary();
    const auto start = std::chrono::steady_clock::now();
    double held = 0;
    for (int epoch = 0; epoch < arguments.epochs; ++epoch) {
        const double turn = std::numbers::pi * epoch / arguments.epochs;
        model.optimizer().set_learning_rate(options.rate * (0.02 + 0.98 * (1 + std::cos(turn)) / 2));
        model.reset_states();
        const nn::History history = model.fit(
            windows, {.epochs = epoch + 1, .verbose = 0, .initial_epoch = epoch, .seed = arguments.seed});
        copy_weights(model, reader);
        held = loss_on(reader, held_back);
        fmt::print("epoch {}/{}: loss {:.4f}, validation loss {:.4f}, {:.0f} s\n", epoch + 1, arguments.epochs,
                   history["loss"].back(), held,
                   std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        std::fflush(stdout);
    }
    model.save(arguments.path("char_lm.h5"));
    vocabulary.save(arguments.path("vocabulary.txt"));
    fmt::print("model and vocabulary: {}\n", arguments.out);
    fmt::print("\n{}\n\n", written(reader, vocabulary, prompt, options, Generator(arguments.seed)));
    if (arguments.epochs > 0) fmt::print("validation loss {:.4f}\n", held);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    return examples::run_example(
        argc, argv, "Learns which character follows, and writes on from a prompt.", {.epochs = 10, .batch_size = 32},
        [&](const examples::Arguments& arguments) { run(arguments, options); },
        {{"--text", &options.text, "the text's file there"},
         {"--steps", &options.steps, "characters a step", examples::positive},
         {"--units", &options.units, "size of the LSTM", examples::positive},
         {"--learning-rate", &options.rate, "of the first epoch; falls as a cosine", examples::positive},
         {"--dropout", &options.dropout, "behind the LSTM", {0.0, 0.9}},
         {"--prompt", &options.prompt, "what to write on from"},
         {"--characters", &options.characters, "how many to write", examples::non_negative},
         {"--temperature", &options.sampling.temperature, "0: the likeliest; 1: as the model says; more: wilder",
          examples::non_negative},
         {"--top-k", &options.sampling.top_k, "draw from so many likeliest characters; 0: from all",
          examples::non_negative}});
}
