#include <weft/autograd/error.hpp>
#include <weft/nn/saving/bounded_json.hpp>

#include <fmt/core.h>

namespace weft::nn::saving {
namespace {

constexpr std::size_t most_bytes = 64u << 20;
constexpr int deepest = 200;
constexpr std::size_t most_values = 4'000'000;

// Counts, keeps nothing, and stops the parser at the first thing too many.
class Counter : public nlohmann::json_sax<json> {
public:
    const char* excess = nullptr;

    bool null() override { return value(); }
    bool boolean(bool) override { return value(); }
    bool number_integer(number_integer_t) override { return value(); }
    bool number_unsigned(number_unsigned_t) override { return value(); }
    bool number_float(number_float_t, const string_t&) override { return value(); }
    bool string(string_t&) override { return value(); }
    bool binary(binary_t&) override { return value(); }
    bool start_object(std::size_t) override { return begin(); }
    bool key(string_t&) override { return value(); }
    bool end_object() override { return end(); }
    bool start_array(std::size_t) override { return begin(); }
    bool end_array() override { return end(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
    bool value() {
        if (++values_ > most_values) excess = "holds too many values";
        return !excess;
    }
    bool begin() {
        if (++depth_ > deepest) excess = "nests too deep";
        return value();
    }
    bool end() {
        --depth_;
        return true;
    }

    std::size_t values_ = 0;
    int depth_ = 0;
};

}  // namespace

json parse_json(const std::string& text, const std::string& where) {
    if (text.size() > most_bytes)
        throw FileError(fmt::format("{}: the JSON has {} bytes, more than any model needs", where, text.size()));
    Counter counter;
    const bool sound = json::sax_parse(text, &counter);
    if (counter.excess)
        throw FileError(fmt::format("{}: the JSON {} (at most {} levels and {} values are read)", where, counter.excess,
                                    deepest, most_values));
    if (!sound) throw FileError(fmt::format("{}: the JSON is damaged", where));
    return json::parse(text);
}

const json& member(const json& object, const char* key, const std::string& where) {
    if (!object.is_object() || !object.contains(key))
        throw FileError(fmt::format("{}: the config lacks '{}'", where, key));
    return object.at(key);
}

const std::string& text_member(const json& object, const char* key, const std::string& where) {
    const json& value = member(object, key, where);
    if (!value.is_string())
        throw FileError(fmt::format("{}: '{}' must be a text; the file says {}", where, key, excerpt(value)));
    return value.get_ref<const std::string&>();
}

const json& member_or_null(const json& object, const char* key) {
    static const json none;
    return object.is_object() && object.contains(key) ? object.at(key) : none;
}

std::string excerpt(const json& value) {
    const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 100 ? text.substr(0, 97) + "..." : text;
}

}  // namespace weft::nn::saving
