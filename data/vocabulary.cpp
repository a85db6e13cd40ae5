#include <weft/autograd/error.hpp>
#include <weft/data/replace_file.hpp>
#include <weft/data/text.hpp>
#include <weft/data/vocabulary.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace weft::data {
namespace {

constexpr std::size_t special = 2;  // padding and unknown

std::string escaped(const std::string& token) {
    std::string line;
    for (char c : token) {
        if (c == '\\') line += "\\\\";
        else if (c == '\n') line += "\\n";
        else if (c == '\r') line += "\\r";
        else line += c;
    }
    return line;
}

// Nothing for a line that escaped() cannot have written.
std::optional<std::string> unescaped(std::string_view line) {
    std::string token;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '\\') {
            token += line[i];
            continue;
        }
        const char kind = ++i < line.size() ? line[i] : '\0';
        if (kind != '\\' && kind != 'n' && kind != 'r') return std::nullopt;
        token += kind == 'n' ? '\n' : kind == 'r' ? '\r' : '\\';
    }
    return token;
}

// A few of some tokens, for error texts.
std::string sample_of(std::span<const std::string> tokens) {
    std::string text;
    for (const std::string& token : tokens.first(std::min<std::size_t>(tokens.size(), 5)))
        text += fmt::format("{}'{}'", text.empty() ? "" : ", ", escaped(token));
    return text + (tokens.size() > 5 ? ", ..." : "");
}

}  // namespace

Vocabulary::Vocabulary(const std::vector<std::string>& tokens) : tokens_{"", "[UNK]"} {
    if (tokens.empty()) throw ValueError("Vocabulary: expects at least one token; received none");
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    ids_.reserve(tokens.size());
    for (std::size_t i = special; i < tokens_.size(); ++i) {
        if (tokens_[i].empty())
            throw ValueError(fmt::format("Vocabulary: the token at position {} is empty", i - special));
        const auto [at, added] = ids_.emplace(tokens_[i], static_cast<std::int64_t>(i));
        if (!added)
            throw ValueError(fmt::format("Vocabulary: the token '{}' is there twice, at positions {} and {}",
                                         escaped(tokens_[i]), static_cast<std::size_t>(at->second) - special,
                                         i - special));
    }
}

std::int64_t Vocabulary::id(std::string_view token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? unknown : found->second;
}

const std::string& Vocabulary::token(std::int64_t id) const {
    if (id < 0 || id >= size())
        throw IndexError(fmt::format("Vocabulary: token ids lie in 0..{}; received {}", size() - 1, id));
    return tokens_[static_cast<std::size_t>(id)];
}

Tensor Vocabulary::encode(std::span<const std::string> tokens) const {
    Array ids({static_cast<std::int64_t>(tokens.size())}, int64);
    std::transform(tokens.begin(), tokens.end(), ids.data<std::int64_t>(),
                   [&](const std::string& token) { return id(token); });
    return Tensor(std::move(ids));
}

Tensor Vocabulary::encode_prompt(std::span<const std::string> tokens) const {
    if (tokens.empty()) throw ValueError("Vocabulary: a prompt must hold at least one token; received none");
    if (std::none_of(tokens.begin(), tokens.end(), [&](const std::string& token) { return contains(token); }))
        throw ValueError(fmt::format(
            "Vocabulary: no token of the prompt is known; received {}. Known are {} tokens: {}", sample_of(tokens),
            size() - static_cast<std::int64_t>(special), sample_of(std::span(tokens_).subspan(special))));
    return encode(tokens);
}

std::vector<std::string> Vocabulary::decode(const Tensor& ids) const {
    std::vector<std::string> tokens;
    tokens.reserve(static_cast<std::size_t>(ids.elements()));
    for (const std::int64_t id : ids.values<std::int64_t>()) {
        if (id < 0 || id >= size())
            throw IndexError(fmt::format("Vocabulary: token ids lie in 0..{}; received {} at position {} of {}",
                                         size() - 1, id, tokens.size(), describe(ids)));
        tokens.push_back(tokens_[static_cast<std::size_t>(id)]);
    }
    return tokens;
}

void Vocabulary::save(const std::string& path) const {
    std::string text;
    for (const std::string& token : std::span(tokens_).subspan(special)) text += escaped(token) + '\n';
    replace_file(path, text);
}

Vocabulary build_vocabulary(std::span<const std::string> corpus, const VocabularyOptions& options) {
    if (options.max_tokens != None && options.max_tokens <= static_cast<std::int64_t>(special))
        throw ValueError(fmt::format("build_vocabulary: max_tokens counts padding and unknown, so it must be at least "
                                     "{}; received {}", special + 1, options.max_tokens));
    if (options.min_count < 1)
        throw ValueError(fmt::format("build_vocabulary: min_count must be at least 1; received {}", options.min_count));
    std::unordered_map<std::string_view, std::int64_t> counts;
    for (const std::string& token : corpus)
        if (!token.empty()) ++counts[token];

    std::vector<std::pair<std::int64_t, std::string_view>> ranked;  // by falling count, which is why it is negative
    for (const auto& [token, count] : counts)
        if (count >= options.min_count) ranked.emplace_back(-count, token);
    if (ranked.empty())
        throw ValueError(fmt::format("build_vocabulary: none of the corpus's {} tokens occurs {} times or more",
                                     corpus.size(), options.min_count));
    std::sort(ranked.begin(), ranked.end());
    if (options.max_tokens != None)
        ranked.resize(std::min(ranked.size(), static_cast<std::size_t>(options.max_tokens) - special));
    std::vector<std::string> tokens;
    for (const auto& [count, token] : ranked) tokens.emplace_back(token);
    return Vocabulary(tokens);
}

Vocabulary load_vocabulary(const std::string& path) {
    const std::string text = read_text(path);
    std::vector<std::string> tokens;
    const auto fail = [&](const std::string& what) {
        throw FileError(fmt::format("{}, line {}: {}", path, tokens.size() + 1, what));
    };
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        std::string_view line = std::string_view(text).substr(begin, end - begin);
        begin = end + 1;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) fail("expected a token; the line is empty");
        const auto token = unescaped(line);
        if (!token) fail(fmt::format("a backslash must be followed by \\, n or r; received '{}'", line));
        tokens.push_back(*token);
    }
    try {
        return Vocabulary(tokens);
    } catch (const ValueError& error) {
        throw FileError(fmt::format("{}: {}", path, error.what()));
    }
}

}  // namespace weft::data
