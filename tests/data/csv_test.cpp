// CSV files, good and bad.
#include "../catch.hpp"
#include "../temporary_folder.hpp"
#include "bytes.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/csv.hpp>

#include <cstdlib>

using Catch::Contains;
using weft::FileError;
using weft::Shape;
using weft::Tensor;
using weft::data::CsvOptions;
using weft::data::read_csv;
using weft::testing::TemporaryFolder;

namespace {

std::vector<double> values_of(const Tensor& x) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < x.elements(); ++i) values.push_back(x.item<double>(i));
    return values;
}

}  // namespace

TEST_CASE("data: the numbers of a CSV file become a tensor", "[data_io]") {
    TemporaryFolder folder;
    const auto read = [&](const std::string& bytes, const CsvOptions& options = {}) {
        return read_csv(folder.write("x.csv", bytes), options);
    };
    const std::string series =
        "\"Month\",\"Sun, spots\"\r\n\"1749-01\",58.0\r\n\"1749-02\", \"62.6\" \r\n\r\n1749-03,-7e1";
    const Tensor column = read(series, {.columns = {"Sun, spots"}});
    CHECK(column.dtype() == weft::float32);
    CHECK(column.shape() == Shape{3, 1});
    CHECK(values_of(column) == std::vector<double>{58, static_cast<double>(62.6f), -70});
    CHECK(values_of(read(series, {.columns = {"1"}, .dtype = weft::float64})) == std::vector<double>{58, 62.6, -70});

    const Tensor all = read("a,b,c\n1,+2,3\n4,5,.5\n");
    CHECK(all.shape() == Shape{2, 3});
    CHECK(values_of(all) == std::vector<double>{1, 2, 3, 4, 5, 0.5});
    CHECK(values_of(read("a,b,c\n1,2,3\n", {.columns = {"c", "a"}})) == std::vector<double>{3, 1});
    CHECK(values_of(read("1;2\n3;4\n", {.columns = {"1"}, .delimiter = ';', .header = false})) ==
          std::vector<double>{2, 4});
    CHECK(values_of(read("1\t\t3\n4\t5\t6\n", {.columns = {"0", "2"}, .delimiter = '\t', .header = false})) ==
          std::vector<double>{1, 3, 4, 6});
    CHECK(values_of(read("\xef\xbb\xbf" "x\n1\n", {.columns = {"x"}})) == std::vector<double>{1});
    CHECK(values_of(read("\"say \"\"x\"\"\nagain\",y\n1,2\n", {.columns = {"say \"x\"\nagain"}})) ==
          std::vector<double>{1});
    CHECK(values_of(read_csv(folder.write("packed", weft::testing::gzip("x\n1\n")))) == std::vector<double>{1});
}

TEST_CASE("data: a bad CSV file is named, with line and column", "[data_io]") {
    struct Case {
        std::string bytes, message;
        CsvOptions options = {};
    };
    const Case cases[] = {
        {"", "the file is empty"},
        {"\n\n", "the file has no rows"},
        {"x,y\n", "the file has a header and no rows"},
        {"x,y\n1,2\n3,?4\n", "line 3: column 'y' must hold a finite float32 number; received '?4'"},
        {"x,y\n1,\n", "line 2: column 'y' must hold a finite float32 number; received ''"},
        {"x\n1\nnan\n", "line 3: column 'x' must hold a finite float32 number; received 'nan'"},
        {"x\ninf\n", "received 'inf'"},
        {"x\n1e39\n", "received '1e39'"},
        {"x\n1e999\n", "must hold a finite float64 number; received '1e999'", {.dtype = weft::float64}},
        {"x\nnan\n", "must hold a finite float64 number; received 'nan'", {.dtype = weft::float64}},
        {"x\n-inf\n", "received '-inf'", {.dtype = weft::float64}},
        {"x\n0x10\n", "received '0x10'"},
        {"x\n+-1\n", "received '+-1'"},
        {"x\n1 2\n", "received '1 2'"},
        {"1,2\n3,z\n", "line 2: column 1 must hold", {.header = false}},
        {"x,y\n1,2\n3\n", "line 3: expected 2 fields, as in the first line; received 1"},
        {"x,y\n1,2\n3,4,5\n", "line 3: expected 2 fields, as in the first line; received 3"},
        {"x,y\n\"1,2\n3,4\n", "line 2: a quote is opened and never closed"},
        {"x,y\n\"1\"a,2\n", "line 2: a quoted field must end at its closing quote; received 'a' behind it"},
        {"\"a\nb\",y\n1,z\n", "line 3: column 'y'"},
        {"Temp,y\n1,2\n", "line 1: there is no column 'temp'. Did you mean 'Temp'?", {.columns = {"temp"}}},
        {"x,y\n1,2\n", "there is no column '2'", {.columns = {"2"}}},
        {"1,2\n", "there is no column 'x'; the line has columns 0..1", {.columns = {"x"}, .header = false}},
        {"x\n\xe9\n", "not UTF-8: byte 0xe9 at position 2 (line 2)"},
    };
    TemporaryFolder folder;
    for (const Case& c : cases) {
        CAPTURE(c.bytes, c.message);
        const auto path = folder.write("bad.csv", c.bytes);
        CHECK_THROWS_AS(read_csv(path, c.options), FileError);
        CHECK_THROWS_WITH(read_csv(path, c.options), Contains("bad.csv") && Contains(c.message));
    }
    CHECK_THROWS_WITH(read_csv(folder / "absent.csv"), Contains("no such file"));
    CHECK_THROWS_AS(read_csv(folder.write("x", "x\n1\n"), {.dtype = weft::int64}), weft::DTypeError);
}

TEST_CASE("data: the series at hand are read", "[data_io]") {
    const char* data = std::getenv("WEFT_DATA");
    const std::filesystem::path folder = std::filesystem::path(data ? data : "") / "timeseries";
    if (!data || !std::filesystem::exists(folder / "monthly-sunspots.csv")) {
        WARN("skipped: no timeseries/monthly-sunspots.csv in WEFT_DATA");
        return;
    }
    const Tensor spots = read_csv(folder / "monthly-sunspots.csv", {.columns = {"Sunspots"}});
    CHECK(spots.shape() == Shape{2820, 1});
    CHECK(spots.item<float>(0) == 58.0f);
    CHECK(spots.item<float>(2819) == 33.4f);
}
