// The baseline of a language model: how likely a word is after the one before, by counting.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace examples {

/// Interpolated Kneser-Ney with one discount, n1 / (n1 + 2 n2) of the numbers of pairs seen once and twice, and the
/// distribution of single words mixed with the uniform one in the same way (Chen and Goodman, 1999, section 2.7).
class Bigram {
public:
    /// Counts int64 ids [n] of a vocabulary of that size.
    Bigram(const weft::Tensor& tokens, std::int64_t vocabulary);

    double probability(std::int64_t before, std::int64_t word) const;
    /// The sum of -log(probability) over all places of x [...] and what follows there, y [...].
    double loss(const weft::Tensor& x, const weft::Tensor& y) const;

private:
    struct Context {
        std::int64_t count = 0, followers = 0;  // how often, and by how many different words
    };

    std::int64_t vocabulary_;
    std::unordered_map<std::int64_t, std::int64_t> pairs_;  // by before * vocabulary + word
    std::vector<Context> contexts_;
    std::vector<std::int64_t> preceded_;  // by how many different words each word is
    std::int64_t words_ = 0;              // that were seen at all, as what follows
    double discount_ = 0;
};

}  // namespace examples
