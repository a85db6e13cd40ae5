#include <weft/autograd/error.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/data/csv.hpp>
#include <weft/data/text.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

namespace weft::data {
namespace {

using Fields = std::vector<std::string>;

std::string_view without(std::string_view blanks, std::string_view field) {
    const std::size_t begin = field.find_first_not_of(blanks);
    return begin == field.npos ? "" : field.substr(begin, field.find_last_not_of(blanks) - begin + 1);
}

// Takes a file's text apart, a record at a time.
class Records {
public:
    Records(std::string file, std::string text, char delimiter)
        : file_(std::move(file)),
          text_(std::move(text)),
          delimiter_(delimiter),
          blanks_(delimiter == '\t' ? " " : " \t") {}

    // The next record that is not empty; false if there is none.
    bool next(Fields& fields) {
        do {
            if (at_ == text_.size()) return false;
            fields.clear();
            line_ = next_line_;
            while (field(fields)) {}
        } while (fields.size() == 1 && fields[0].empty());
        return true;
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw FileError(fmt::format("{}, line {}: {}", file_, line_, what));
    }

private:
    // Reads one field and what ends it; whether another follows in the record.
    bool field(Fields& fields) {
        const std::size_t content = text_.find_first_not_of(blanks_, at_);
        std::string value;
        if (content < text_.size() && text_[content] == '"') {
            at_ = content + 1;
            value = quoted();
            const std::size_t end = field_end();
            if (const auto rest = without(blanks_, std::string_view(text_).substr(at_, end - at_)); !rest.empty())
                fail(fmt::format("a quoted field must end at its closing quote; received '{}' behind it", rest));
            at_ = end;
        } else {
            const std::size_t end = field_end();
            value = without(blanks_, std::string_view(text_).substr(at_, end - at_));
            at_ = end;
        }
        fields.push_back(std::move(value));
        const bool more = at_ < text_.size() && text_[at_] == delimiter_;
        if (!more) {
            if (at_ < text_.size() && text_[at_] == '\r') ++at_;
            ++next_line_;
        }
        at_ += at_ < text_.size();
        return more;
    }
    std::size_t field_end() const {
        const char ends[] = {delimiter_, '\n'};
        const std::size_t end = std::min(text_.find_first_of(ends, at_, 2), text_.size());
        return end > at_ && end < text_.size() && text_[end] == '\n' && text_[end - 1] == '\r' ? end - 1 : end;
    }
    std::string quoted() {
        std::string value;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') {
                if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') {
                    ++at_;
                    return value;
                }
                ++at_;
            }
            next_line_ += text_[at_] == '\n';
            value += text_[at_];
        }
        fail("a quote is opened and never closed");
    }

    std::string file_, text_;
    char delimiter_;
    std::string_view blanks_;
    std::size_t at_ = 0;
    std::int64_t line_ = 1, next_line_ = 1;
};

// The position of a column by its name, or by its number.
std::size_t position_of(const std::string& column, const Fields& names, bool header, const Records& records) {
    if (header)
        if (const auto found = std::find(names.begin(), names.end(), column); found != names.end())
            return static_cast<std::size_t>(found - names.begin());
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(column.data(), column.data() + column.size(), number);
    if (error == std::errc() && end == column.data() + column.size() && number < names.size()) return number;
    records.fail(header ? fmt::format("there is no column '{}'. {}", column, suggest(column, names))
                        : fmt::format("there is no column '{}'; the line has columns 0..{}", column, names.size() - 1));
}

// The number that a field holds; nothing if it holds something else, or the element type cannot hold it.
std::optional<double> number_in(const std::string& field, DType dtype) {
    double value = 0;
    const bool plus = field.size() > 1 && field[0] == '+' && field[1] != '-';  // which from_chars does not know
    const char* begin = field.data() + plus;
    const auto [end, error] = std::from_chars(begin, field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) return std::nullopt;
    if (dtype == float32 && !std::isfinite(static_cast<float>(value))) return std::nullopt;
    return value;
}

}  // namespace

Tensor read_csv(const std::filesystem::path& path, const CsvOptions& options) {
    if (!is_floating(options.dtype))
        throw DTypeError(fmt::format("read_csv: dtype must be float32 or float64; received {}", name(options.dtype)));
    Records records(path.string(), read_text(path), options.delimiter);
    Fields fields;
    if (!records.next(fields)) records.fail("the file has no rows");
    const Fields names = fields;
    std::vector<std::size_t> positions;
    for (const std::string& column : options.columns)
        positions.push_back(position_of(column, names, options.header, records));
    if (options.columns.empty())
        for (std::size_t i = 0; i < names.size(); ++i) positions.push_back(i);
    if (options.header && !records.next(fields)) records.fail("the file has a header and no rows");

    std::vector<double> values;
    do {
        if (fields.size() != names.size())
            records.fail(fmt::format("expected {} fields, as in the first line; received {}", names.size(),
                                     fields.size()));
        for (const std::size_t position : positions) {
            const auto value = number_in(fields[position], options.dtype);
            if (!value)
                records.fail(fmt::format("column {} must hold a finite {} number; received '{}'",
                                         options.header ? "'" + names[position] + "'" : std::to_string(position),
                                         name(options.dtype), fields[position]));
            values.push_back(*value);
        }
    } while (records.next(fields));

    const auto columns = static_cast<std::int64_t>(positions.size());
    Array table({static_cast<std::int64_t>(values.size()) / columns, columns}, float64);
    std::copy(values.begin(), values.end(), table.data<double>());
    return Tensor(options.dtype == float64 ? std::move(table) : cast(table, float32));
}

}  // namespace weft::data
