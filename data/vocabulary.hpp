// Vocabulary: tokens as numbers, and back.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::data {

/// Token texts by id, in two directions. Id 0 is padding (its text is ""), id 1 stands for every token that is not
/// known ("[UNK]"), as in Keras's TextVectorization.
class Vocabulary {
public:
    static constexpr std::int64_t padding = 0, unknown = 1;

    /// The tokens of ids 2, 3, ... Throws ValueError if there are none, or for one that is empty or there twice.
    explicit Vocabulary(const std::vector<std::string>& tokens);

    /// How many ids there are, padding and unknown included: an Embedding's input_dim.
    std::int64_t size() const { return static_cast<std::int64_t>(tokens_.size()); }
    bool contains(std::string_view token) const { return ids_.contains(token); }
    /// `unknown` if the token is not known.
    std::int64_t id(std::string_view token) const;
    /// Throws IndexError for an id outside the vocabulary.
    const std::string& token(std::int64_t id) const;

    /// The tokens' ids, int64 [n].
    Tensor encode(std::span<const std::string> tokens) const;
    /// The same for a text that a model is to continue. Throws ValueError if there are no tokens, or none is known.
    Tensor encode_prompt(std::span<const std::string> tokens) const;
    /// The tokens of int64 ids of any shape, row-major. Throws DTypeError, and IndexError for an id outside the
    /// vocabulary, saying which and where.
    std::vector<std::string> decode(const Tensor& ids) const;

    /// Writes the tokens of ids 2, 3, ..., one a line, as UTF-8: a backslash as \\, a line feed as \n, a carriage
    /// return as \r. A file that was there is replaced when the new one is complete. Throws FileError.
    void save(const std::string& path) const;

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    std::vector<std::string> tokens_;
    std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> ids_;
};

struct VocabularyOptions {
    std::int64_t max_tokens = None;  ///< the most ids, padding and unknown included
    std::int64_t min_count = 1;      ///< how often a token must occur
};

/// The tokens of a corpus, the most frequent first; of equally frequent ones the first by its bytes. Throws ValueError
/// for options out of range, or if no token is left.
Vocabulary build_vocabulary(std::span<const std::string> corpus, const VocabularyOptions& options = {});

/// Reads what save() wrote. Throws FileError that names the file and the line.
Vocabulary load_vocabulary(const std::string& path);

}  // namespace weft::data
