// A model that continues a sentence: an embedding of words, an LSTM, and a softmax over the words that may follow.
#include "arguments.hpp"
#include "bigram.hpp"
#include "texts.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

using namespace weft;

namespace {

struct Options {
    std::string text = examples::usual_text;
    std::int64_t steps = 35, vocabulary = 5000, units = 128;
    double rate = 3e-3;
    std::string prompt = "the king is";
    std::int64_t words = 30;
    nn::SamplingOptions sampling{.temperature = 0.8, .top_k = 40};
};

std::vector<std::string> words_of(const std::string& text) {
    return data::tokenize(text, {.standardize = "lower", .split = "words"});
}

struct Corpus {
    std::vector<std::string> train, held_back;  // nine tenths of each text, and the last tenth
};

Corpus split(const std::vector<std::string>& texts) {
    Corpus corpus;
    for (const std::string& text : texts) {
        const std::vector<std::string> words = words_of(text);
        const auto cut = words.begin() + static_cast<std::ptrdiff_t>(words.size() * 9 / 10);
        corpus.train.insert(corpus.train.end(), words.begin(), cut);
        corpus.held_back.insert(corpus.held_back.end(), cut, words.end());
    }
    return corpus;
}

nn::Sequential make_model(const Options& options, std::int64_t vocabulary) {
    nn::Sequential model{
        nn::Embedding(vocabulary, options.units, {.input_shape = {None}}),
        nn::Dropout(0.4),
        nn::LSTM(options.units, {.return_sequences = true}),
        nn::Dropout(0.4),
        nn::Linear(vocabulary, {.activation = "softmax"}),
    };
    model.compile({.optimizer = optim::Adam({.lr = options.rate, .global_clipnorm = 1.0}),
                   .loss = "sparse_categorical_crossentropy"});
    return model;
}

double perplexity(const examples::Bigram& bigram, data::Source& source) {
    double loss = 0;
    std::int64_t words = 0;
    for (const Tensors& batch : source.epoch(0)) {
        loss += bigram.loss(batch[0], batch[1]);
        words += batch[1].elements();
    }
    return std::exp(loss / static_cast<double>(words));
}

// Words joined as they are printed: marks that close stand close to the word before.
std::string sentence(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() || std::string(".,:;!?)'").find(word) != std::string::npos ? "" : " ") + word;
    return text;
}

std::string continuation(nn::Sequential& model, const data::Vocabulary& vocabulary, Tensor ids, const Options& options,
                         Generator generator) {
    for (std::int64_t i = 0; i < options.words; ++i) {
        const Tensor probabilities = select(select(model.predict(ids.reshape({1, -1})), 0, 0), 0, -1);
        // Padding and the unknown word are no words to say.
        const Tensor silent = full({2}, -std::numeric_limits<double>::infinity());
        const Tensor logits = concat({silent, log(slice(probabilities, 0, 2, vocabulary.size()))});
        ids = concat({ids, nn::sample(logits, options.sampling, generator).reshape({1})});
    }
    return sentence(vocabulary.decode(ids));
}

void run(const examples::Arguments& arguments, const Options& options) {
    const examples::Texts texts = examples::find_texts(arguments.folder, options.text);
    const Corpus corpus = split(texts.texts);
    const data::Vocabulary vocabulary =
        data::build_vocabulary(corpus.train, {.max_tokens = options.vocabulary, .min_count = 2});
    const Tensor prompt = vocabulary.encode_prompt(words_of(options.prompt));  // a bad one is told before training
    fmt::print("text: {}\n{} words to learn from, {} held back, a vocabulary of {}\n", texts.origin,
               corpus.train.size(), corpus.held_back.size(), vocabulary.size());

    const Tensor train = vocabulary.encode(corpus.train), held_back = vocabulary.encode(corpus.held_back);
    data::Loader windows(data::token_windows(train, options.steps),
                         {.batch_size = arguments.batch_size, .shuffle = true, .seed = arguments.seed});
    // Longer windows, so that few words are guessed without what came before.
    const std::int64_t length = std::min<std::int64_t>(10 * options.steps, held_back.shape(0) - 1);
    data::Loader validation(data::token_windows(held_back, length), {.batch_size = 4});

    const double baseline = perplexity(examples::Bigram(train, vocabulary.size()), validation);
    fmt::print("held-back perplexity of a bigram model (Kneser-Ney): {:.1f}\n", baseline);

    nn::Sequential model = make_model(options, vocabulary.size());
    model.summary();
    double held = 0;
    for (int epoch = 0; epoch < arguments.epochs; ++epoch) {
        model.optimizer().set_learning_rate(options.rate * (1 - 0.9 * epoch / arguments.epochs));
        const nn::History history = model.fit(
            windows, {.epochs = epoch + 1, .verbose = 0, .initial_epoch = epoch, .seed = arguments.seed});
        held = std::exp(model.evaluate(validation)["loss"]);
        fmt::print("epoch {}/{}: perplexity {:.1f}, held back {:.1f}\n", epoch + 1, arguments.epochs,
                   std::exp(history["loss"].back()), held);
        std::fflush(stdout);
    }
    model.save(arguments.path("next_word.h5"));
    vocabulary.save(arguments.path("vocabulary.txt"));
    fmt::print("model and vocabulary: {}\n", arguments.out);
    fmt::print("\n{}\n\n", continuation(model, vocabulary, prompt, options, Generator(arguments.seed)));
    if (arguments.epochs > 0) fmt::print("held-back perplexity {:.1f}, bigram {:.1f}\n", held, baseline);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    return examples::run_example(
        argc, argv, "Learns which word follows, and continues a sentence.", {.epochs = 8, .batch_size = 20},
        [&](const examples::Arguments& arguments) { run(arguments, options); },
        {{"--text", &options.text, "the text's file there"},
         {"--steps", &options.steps, "words in a window", examples::positive},
         {"--vocabulary", &options.vocabulary, "the most words to tell apart", {3, 1000000}},
         {"--units", &options.units, "size of the LSTM and of a word's vector", examples::positive},
         {"--learning-rate", &options.rate, "of the first epoch; falls to a tenth", examples::positive},
         {"--prompt", &options.prompt, "what to continue"},
         {"--words", &options.words, "how many words to add", examples::non_negative},
         {"--temperature", &options.sampling.temperature, "0: the likeliest word; 1: as the model says; more: wilder",
          examples::non_negative},
         {"--top-k", &options.sampling.top_k, "draw from so many likeliest words; 0: from all",
          examples::non_negative}});
}
