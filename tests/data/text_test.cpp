// Text: UTF-8, files, standardizing, tokens, the vocabulary.
#include "../catch.hpp"
#include "../fixture.hpp"
#include "../temporary_folder.hpp"
#include "bytes.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/data/text.hpp>
#include <weft/data/utf8.hpp>
#include <weft/data/vocabulary.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using Catch::Contains;
using weft::FileError;
using weft::Tensor;
using weft::ValueError;
using namespace weft::data;
using weft::testing::TemporaryFolder;

namespace {

using Tokens = std::vector<std::string>;

std::vector<std::int64_t> ids_of(const Tensor& ids) {
    const auto values = ids.values<std::int64_t>();
    return {values.begin(), values.end()};
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Tensor int_tensor(const std::vector<double>& values, const weft::Shape& shape) {
    return weft::tensor(values, shape, weft::int64);
}

}  // namespace

TEST_CASE("data: code points come out of UTF-8 and go back", "[data_text]") {
    std::u32string all;
    for (char32_t point = 0; point <= 0x10ffff; point += point < 0x3000 ? 1 : 251)
        if (point < 0xd800 || point > 0xdfff) all.push_back(point);
    all += U"\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff";
    const std::string text = encode_utf8(all);
    CHECK(valid_utf8(text) == text.size());
    CHECK(decode_utf8(text) == all);
    CHECK(encode_utf8(std::u32string{0xd800, 0x110000}) == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(characters("aé€😀") == Tokens{"a", "é", "€", "😀"});
}

TEST_CASE("data: the first byte that is not UTF-8 is named", "[data_text]") {
    struct Case {
        std::string bytes;
        std::size_t position;
    };
    const Case cases[] = {
        {"ab\xff", 2},                // no such byte
        {"\x80", 0},                  // a continuation without a start
        {"a\xc3", 1},                 // cut short
        {"a\xe2\x82", 1},             //
        {"\xf0\x9f\x98", 0},          //
        {"\xc3(", 0},                 // continued by something else
        {"\xc0\x80", 0},              // overlong forms
        {"\xc1\xbf", 0},              //
        {"\xe0\x80\x80", 0},          //
        {"\xf0\x80\x80\x80", 0},      //
        {"x\xed\xa0\x80", 1},         // a surrogate
        {"\xf4\x90\x80\x80", 0},      // beyond U+10FFFF
        {"\xf5\x80\x80\x80", 0},      //
        {"é\xe9t", 2},                // Latin-1 after UTF-8
        {"ok\xff\xfe", 2},            //
    };
    for (const Case& c : cases) {
        CAPTURE(c.bytes);
        CHECK(valid_utf8(c.bytes) == c.position);
        CHECK_THROWS_AS(decode_utf8(c.bytes), ValueError);
        CHECK_THROWS_WITH(characters(c.bytes), Contains("at position " + std::to_string(c.position)));
    }
    CHECK(describe_byte("a\nb\n\xe9", 4) == "byte 0xe9 at position 4 (line 3)");
}

TEST_CASE("data: capital letters and small ones, white space and marks", "[data_text]") {
    const std::u32string capital = U"AZÀÖØÞĀĮĲĶĹŇŊŶŸŹŽǍǛǞǺȞȲΆΈΊΌΎΏΑΡΣΩΫЀЏАЯѠҊҾḀẔẞẠỸİ";
    const std::u32string small = U"azàöøþāįĳķĺňŋŷÿźžǎǜǟǻȟȳάέίόύώαρσωϋѐџаяѡҋҿḁẕßạỹi";
    REQUIRE(capital.size() == small.size());
    for (std::size_t i = 0; i < capital.size(); ++i) {
        CAPTURE(i, static_cast<std::uint32_t>(capital[i]));
        CHECK(lower_case(capital[i]) == small[i]);
        CHECK(lower_case(small[i]) == small[i]);
    }
    for (char32_t point : U"0@[`{×÷ßıĸŉƀǝǰȡʰ中😀") CHECK(lower_case(point) == point);
    for (char32_t point : std::u32string(U" \t\n\r\u0085\u00a0\u2003\u3000"))
        CHECK((is_white_space(point) && !is_mark(point)));
    for (char32_t point : std::u32string(U"!~_¡«·»¿×÷–—’“…€→、。！😀"))
        CHECK((is_mark(point) && !is_white_space(point)));
    for (char32_t point : std::u32string(U"aZ9éªµºßжΩ中あ\u0301")) CHECK((!is_mark(point) && !is_white_space(point)));
}

TEST_CASE("data: a text file is read whole", "[data_text]") {
    TemporaryFolder folder;
    CHECK(read_text(folder.write("plain", "héllo\r\n\n")) == "héllo\r\n\n");
    CHECK(read_text(folder.write("packed", weft::testing::gzip("héllo"))) == "héllo");
    CHECK(read_text(folder.write("marked", "\xef\xbb\xbfhi")) == "hi");
    CHECK(read_text(folder.write("most", "12345"), 5) == "12345");
}

TEST_CASE("data: a text file that is none is named, with what is wrong", "[data_text]") {
    TemporaryFolder folder;
    const auto refused = [&](const std::string& bytes, const std::string& message) {
        CAPTURE(message);
        const auto path = folder.write("poem.txt", bytes);
        CHECK_THROWS_AS(read_text(path, 100), FileError);
        CHECK_THROWS_WITH(read_text(path, 100), Contains("poem.txt: ") && Contains(message));
    };
    refused("", "the file is empty");
    refused("\xef\xbb\xbf", "the file is empty");
    refused("one\ntwo\nna\xefve", "not UTF-8: byte 0xef at position 10 (line 3)");
    refused(std::string("\xff\xfeh\0i\0", 6), "byte 0xff at position 0 (line 1)");
    refused(std::string(101, 'x'), "more than the 100 bytes");
    CHECK_THROWS_WITH(read_text(folder / "absent"), Contains("absent: there is no such file"));
    CHECK_THROWS_WITH(read_text(folder.path()), Contains("not a regular file"));
}

TEST_CASE("data: texts are standardized and split as Keras does it", "[data_text]") {
    const weft::testing::Fixture fixture("sequences");
    for (const std::string& name : fixture.names("text")) {
        CAPTURE(name);
        const std::string path = "text/" + name;
        const TokenizeOptions options{.standardize = fixture.text(path, "standardize"),
                                      .split = fixture.text(path, "split")};
        const auto texts = nlohmann::json::parse(fixture.text(path, "texts")).get<Tokens>();
        const auto expected = nlohmann::json::parse(fixture.text(path, "tokens")).get<std::vector<Tokens>>();
        Tokens corpus;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            CHECK(tokenize(texts[i], options) == expected[i]);
            corpus.insert(corpus.end(), expected[i].begin(), expected[i].end());
        }
        // Keras orders equally frequent tokens the other way round.
        auto known = nlohmann::json::parse(fixture.text(path, "vocabulary")).get<Tokens>();
        const Vocabulary vocabulary = build_vocabulary(corpus);
        REQUIRE(vocabulary.size() == static_cast<std::int64_t>(known.size()));
        for (std::size_t i = 0; i < known.size(); ++i) {
            const auto count = [&](const std::string& token) {
                return std::count(corpus.begin(), corpus.end(), token);
            };
            CHECK(count(vocabulary.token(static_cast<std::int64_t>(i))) == count(known[i]));
        }
    }
}

TEST_CASE("data: words and marks are tokens of their own", "[data_text]") {
    const auto words = [](const std::string& text) {
        return tokenize(text, {.standardize = "lower", .split = "words"});
    };
    CHECK(words("Don't stop -- L’État, c'est 'MOI'!") ==
          Tokens{"don't", "stop", "-", "-", "l’état", ",", "c'est", "'", "moi", "'", "!"});
    CHECK(words("it's 3.14") == Tokens{"it's", "3", ".", "14"});
    CHECK(words("dogs' ''") == Tokens{"dogs", "'", "'", "'"});
    CHECK(words(" \n\t").empty());
    CHECK(words("").empty());
    CHECK(words("\u00a0één\u3000中文。") == Tokens{"één", "中文", "。"});
    CHECK(tokenize("Ünï cödé") == Tokens{"ünï", "cödé"});
    CHECK(tokenize("aé\n", {.standardize = "none", .split = "character"}) == Tokens{"a", "é", "\n"});
    CHECK(standardize("Ça, c'est ÉTÉ.") == "ça cest été");
    CHECK(standardize("Ça!", "none") == "Ça!");
}

TEST_CASE("data: a tokenizer's options are words that it knows", "[data_text]") {
    CHECK_THROWS_WITH(tokenize("x", {.standardize = "lowre"}),
                      Contains("no standardize 'lowre'") && Contains("'lower'"));
    CHECK_THROWS_WITH(tokenize("x", {.split = "words "}), Contains("no split 'words '") && Contains("whitespace"));
    CHECK_THROWS_AS(standardize("x", ""), ValueError);
    CHECK_THROWS_WITH(tokenize("ab\xff"), Contains("byte 0xff at position 2"));
}

TEST_CASE("data: a vocabulary holds the frequent tokens first", "[data_text]") {
    const Tokens corpus{"b", "a", "c", "a", "b", "d", "é", "", "a", "Z"};
    const auto tokens_of = [&](const VocabularyOptions& options) {
        const Vocabulary vocabulary = build_vocabulary(corpus, options);
        Tokens tokens;
        for (std::int64_t i = 2; i < vocabulary.size(); ++i) tokens.push_back(vocabulary.token(i));
        return tokens;
    };
    CHECK(tokens_of({}) == Tokens{"a", "b", "Z", "c", "d", "é"});
    CHECK(tokens_of({.max_tokens = 5}) == Tokens{"a", "b", "Z"});
    CHECK(tokens_of({.max_tokens = 100}) == Tokens{"a", "b", "Z", "c", "d", "é"});
    CHECK(tokens_of({.min_count = 2}) == Tokens{"a", "b"});
    CHECK(tokens_of({.max_tokens = 3, .min_count = 2}) == Tokens{"a"});
    CHECK_THROWS_WITH(build_vocabulary(corpus, {.max_tokens = 2}), Contains("at least 3; received 2"));
    CHECK_THROWS_WITH(build_vocabulary(corpus, {.max_tokens = -2}), Contains("at least 3; received -2"));
    CHECK_THROWS_WITH(build_vocabulary(corpus, {.min_count = 0}), Contains("min_count must be at least 1; received 0"));
    CHECK_THROWS_WITH(build_vocabulary(corpus, {.min_count = 4}),
                      Contains("none of the corpus's 10 tokens occurs 4 times"));
    CHECK_THROWS_AS(build_vocabulary(Tokens{}), ValueError);
}

TEST_CASE("data: tokens become ids and ids tokens", "[data_text]") {
    const Vocabulary vocabulary({"the", "cat", "sat"});
    CHECK(vocabulary.size() == 5);
    CHECK(vocabulary.contains("cat"));
    CHECK_FALSE(vocabulary.contains("dog"));
    CHECK_FALSE(vocabulary.contains(""));
    CHECK(vocabulary.token(Vocabulary::padding).empty());
    CHECK(vocabulary.token(Vocabulary::unknown) == "[UNK]");
    const Tensor ids = vocabulary.encode(Tokens{"the", "dog", "sat", "the", ""});
    CHECK(ids.dtype() == weft::int64);
    CHECK(ids_of(ids) == std::vector<std::int64_t>{2, 1, 4, 2, 1});
    CHECK(vocabulary.decode(ids) == Tokens{"the", "[UNK]", "sat", "the", "[UNK]"});
    CHECK(vocabulary.decode(int_tensor({0, 1, 2, 3}, {2, 2})) == Tokens{"", "[UNK]", "the", "cat"});
    CHECK(vocabulary.encode({}).shape() == weft::Shape{0});
    CHECK(ids_of(vocabulary.encode_prompt(Tokens{"a", "cat"})) == std::vector<std::int64_t>{1, 3});
}

TEST_CASE("data: what a vocabulary does not know is said", "[data_text]") {
    const Vocabulary vocabulary({"the", "cat", "sat"});
    CHECK_THROWS_AS(vocabulary.token(5), weft::IndexError);
    CHECK_THROWS_WITH(vocabulary.token(-1), Contains("0..4; received -1"));
    CHECK_THROWS_AS(vocabulary.decode(int_tensor({2, 3, 4, 5}, {2, 2})), weft::IndexError);
    CHECK_THROWS_WITH(vocabulary.decode(int_tensor({2, 3, 4, 5}, {2, 2})),
                      Contains("0..4; received 5 at position 3 of int64 [2, 2]"));
    CHECK_THROWS_WITH(vocabulary.decode(int_tensor({-1}, {1})), Contains("received -1 at position 0"));
    CHECK_THROWS_AS(vocabulary.decode(weft::zeros({2})), weft::DTypeError);
    CHECK_THROWS_WITH(vocabulary.encode_prompt(Tokens{}), Contains("at least one token; received none"));
    CHECK_THROWS_AS(vocabulary.encode_prompt(Tokens{"xyzzy"}), ValueError);
    CHECK_THROWS_WITH(
        vocabulary.encode_prompt(Tokens{"xyzzy", "plugh"}),
        Contains(
            "no token of the prompt is known; received 'xyzzy', 'plugh'. Known are 3 tokens: 'the', 'cat', 'sat'"));
    CHECK_THROWS_WITH(Vocabulary({}), Contains("at least one token; received none"));
    CHECK_THROWS_WITH(Vocabulary({"a", "b", "a"}), Contains("'a' is there twice, at positions 0 and 2"));
    CHECK_THROWS_WITH(Vocabulary({"a", ""}), Contains("the token at position 1 is empty"));
}

TEST_CASE("data: a vocabulary comes out of its file as it went in", "[data_text]") {
    TemporaryFolder folder;
    const std::string path = folder / "words.txt";
    const Tokens tokens{"the", "\n", "\\", "\r", " ", "a\\n", "é", "\t", "x\ny"};
    Vocabulary(tokens).save(path);
    CHECK(content_of(path) == "the\n\\n\n\\\\\n\\r\n \na\\\\n\né\n\t\nx\\ny\n");
    const Vocabulary loaded = load_vocabulary(path);
    REQUIRE(loaded.size() == static_cast<std::int64_t>(tokens.size()) + 2);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        CHECK(loaded.token(static_cast<std::int64_t>(i) + 2) == tokens[i]);
        CHECK(loaded.id(tokens[i]) == static_cast<std::int64_t>(i) + 2);
    }
    CHECK(load_vocabulary(folder.write("windows", "one\r\ntwo\r\n")).id("two") == 3);
    CHECK(load_vocabulary(folder.write("cut", "one\ntwo")).id("two") == 3);
}

TEST_CASE("data: a vocabulary's file that is none is named, and one in the way stays whole", "[data_text]") {
    TemporaryFolder folder;
    const auto refused = [&](const std::string& bytes, const std::string& message) {
        CAPTURE(message);
        const std::string path = folder.write("words", bytes);
        CHECK_THROWS_AS(load_vocabulary(path), FileError);
        CHECK_THROWS_WITH(load_vocabulary(path), Contains("words") && Contains(message));
    };
    refused("", "the file is empty");
    refused("one\n\ntwo\n", "line 2: expected a token; the line is empty");
    refused("one\ntwo\\x\n", "line 2: a backslash must be followed by \\, n or r; received 'two\\x'");
    refused("one\\", "line 1: a backslash");
    refused("one\ntwo\none\n", "'one' is there twice");
    refused("on\xe9\n", "not UTF-8: byte 0xe9 at position 2");
    CHECK_THROWS_WITH(load_vocabulary(folder / "absent"), Contains("no such file"));

    const Vocabulary vocabulary({"new"});
    CHECK_THROWS_WITH(vocabulary.save(folder / "no" / "words"), Contains("does not exist"));
    CHECK_THROWS_AS(vocabulary.save(folder.path().string()), FileError);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);  // nothing left half done
}
