// Where data sets are looked for, how they are fetched, and what is said when they are nowhere.
#include "../catch.hpp"
#include "../environment.hpp"
#include "../temporary_folder.hpp"
#include "bytes.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/cache.hpp>

using Catch::Contains;
using weft::FileError;
using namespace weft::data;
using weft::testing::checksum;
using weft::testing::Environment;
using weft::testing::gzip;
using weft::testing::TemporaryFolder;

namespace {

std::size_t entries(const std::filesystem::path& folder) {
    if (!std::filesystem::exists(folder)) return 0;
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("data: a data set is looked for in $WEFT_DATA, the cache and the system's folder, in this order",
          "[data_io]") {
    TemporaryFolder folder;
    const Environment data("WEFT_DATA", folder / "data"), cache("XDG_CACHE_HOME", folder / "cache");
    const DataSet set{.name = "pair", .files = {{"one"}, {"two"}}, .system_folder = folder / "system"};

    CHECK_THROWS_AS(locate(set), FileError);
    folder.write("system/one", "1");
    folder.write("system/two.gz", "2");
    CHECK(locate(set) == folder / "system");
    folder.write("cache/weft/pair/one.gz", "1");
    CHECK(locate(set) == folder / "system");  // the cache lacks a file
    folder.write("cache/weft/pair/two", "2");
    CHECK(locate(set) == folder / "cache/weft/pair");
    folder.write("data/pair/one", "1");
    folder.write("data/pair/two", "2");
    CHECK(locate(set) == folder / "data/pair");

    SECTION("a folder given is the only one") {
        CHECK(locate(set, folder / "system") == folder / "system");
        CHECK(locate(set, folder / "data") == folder / "data/pair");
        CHECK_THROWS_WITH(locate(set, folder / "cache"),
                          Contains((folder / "cache").string() + " (the folder given): none of the files") &&
                              !Contains("system"));
    }
    SECTION("an empty variable is no variable") {
        const Environment none("WEFT_DATA", "");
        CHECK(locate(set) == folder / "cache/weft/pair");
    }
}

TEST_CASE("data: the cache is $XDG_CACHE_HOME/weft, or .cache/weft at home", "[data_io]") {
    const Environment home("HOME", "/home/somebody");
    {
        const Environment cache("XDG_CACHE_HOME", "/var/somewhere");
        CHECK(cache_folder() == "/var/somewhere/weft");
    }
    for (const auto& value :
         {std::optional<std::string>(), std::optional<std::string>("relative"), std::optional<std::string>("")}) {
        const Environment cache("XDG_CACHE_HOME", value);
        CHECK(cache_folder() == "/home/somebody/.cache/weft");
    }
    const Environment cache("XDG_CACHE_HOME", std::nullopt);
    for (const auto& value : {std::optional<std::string>(), std::optional<std::string>("")}) {
        const Environment nobody("HOME", value);
        CHECK(cache_folder().empty());
    }
}

TEST_CASE("data: when a data set is nowhere, the error says where it was looked for and what to do", "[data_io]") {
    TemporaryFolder folder;
    const Environment data("WEFT_DATA", folder / "data"), cache("XDG_CACHE_HOME", folder / "cache");
    const DataSet set{.name = "pair", .files = {{"one"}, {"two"}}, .system_folder = folder / "system",
                      .advice = "Or buy one."};
    folder.write("data/pair/one", "1");
    const std::string given = (folder / "data/pair").string(), cached = (folder / "cache/weft/pair").string();
    CHECK_THROWS_WITH(locate(set), Contains("pair: ") && Contains(given + " ($WEFT_DATA): lacks two\n") &&
                                       Contains(cached + " (the user's cache): no such folder") &&
                                       Contains((folder / "system").string()) && Contains("set WEFT_DATA") &&
                                       Contains("Or buy one."));
    const Environment no_data("WEFT_DATA", std::nullopt), no_cache("XDG_CACHE_HOME", std::nullopt);
    const Environment no_home("HOME", std::nullopt);
    CHECK_THROWS_WITH(locate({.name = "pair", .files = {{"one"}}}),
                      Contains("nothing: WEFT_DATA, XDG_CACHE_HOME and HOME are not set"));
}

TEST_CASE("data: the digest is of the unpacked bytes", "[data_io]") {
    TemporaryFolder folder;
    const std::string bytes = "some published data";
    const Digest digest{static_cast<std::int64_t>(bytes.size()), checksum(bytes)};
    CHECK_NOTHROW(verify(folder.write("plain", bytes), digest));
    CHECK_NOTHROW(verify(folder.write("packed", gzip(bytes)), digest));
    CHECK_THROWS_WITH(verify(folder.write("other", "some publishes data"), digest),
                      Contains("other: ") && Contains("checksum"));
    CHECK_THROWS_WITH(verify(folder.write("short", gzip("some")), digest),
                      Contains("expected 19 bytes, unpacked; received 4"));
    CHECK_THROWS_WITH(verify(folder.write("long", bytes + "!"), digest),
                      Contains("expected 19 bytes, unpacked; received more"));
}

TEST_CASE("data: what is missing is downloaded whole or not at all", "[data_io]") {
    if (!can_download()) {
        WARN("skipped: built without libcurl");
        return;
    }
    TemporaryFolder folder;
    const Environment data("WEFT_DATA", std::nullopt), cache("XDG_CACHE_HOME", folder / "cache");
    const auto place = folder / "cache/weft/pair";
    const auto digest = [](const std::string& bytes) {
        return Digest{static_cast<std::int64_t>(bytes.size()), checksum(bytes)};
    };
    const auto address = [&](const char* name) { return "file://" + (folder / name).string() + "/"; };
    const std::string one = "the first file", two = "the second file";
    const DataSet set{.name = "pair", .files = {{"one", digest(one)}, {"two", digest(two)}},
                      .addresses = {address("a"), address("b")}};

    SECTION("nobody has it") {
        CHECK_THROWS_WITH(locate(set), Contains("one.gz could not be fetched") && Contains("/a/one.gz: ") &&
                                           Contains("/b/one.gz: "));
        CHECK(entries(place) == 0);
    }
    SECTION("the first address has something else, the second the file") {
        folder.write("a/one.gz", gzip("the first file?"));
        folder.write("b/one.gz", gzip(one));
        folder.write("a/two.gz", gzip(two));
        CHECK_THROWS_AS(locate(set, {}, false), FileError);
        CHECK_THROWS_AS(locate(set, folder / "elsewhere"), FileError);
        CHECK(entries(place) == 0);
        CHECK(locate(set) == place);
        CHECK(entries(place) == 2);
        CHECK_NOTHROW(verify(place / "one.gz", set.files[0].digest));
        CHECK_NOTHROW(verify(place / "two.gz", set.files[1].digest));
    }
    SECTION("a file that is there already is kept, the other fetched") {
        folder.write("cache/weft/pair/one", "as it was");
        folder.write("a/two.gz", gzip(two));
        CHECK(locate(set) == place);
        CHECK(entries(place) == 2);
        CHECK(std::filesystem::file_size(place / "one") == 9);
    }
    SECTION("truncated, corrupt, endless") {
        std::string corrupt = gzip(two);
        corrupt[corrupt.size() - 7] = static_cast<char>(corrupt[corrupt.size() - 7] ^ 1);
        folder.write("a/one.gz", gzip(one));
        for (const std::string& bad :
             {gzip(two).substr(0, 20), corrupt, std::string(100'000, 'x'), gzip(std::string(1'000'000, 'x')),
              std::string()}) {
            folder.write("a/two.gz", bad);
            CHECK_THROWS_WITH(locate(set), Contains("two.gz could not be fetched"));
            CHECK(entries(place) == 1);
        }
    }
    SECTION("the cache cannot be made") {
        folder.write("cache", "a file, not a folder");
        CHECK_THROWS_WITH(locate(set), Contains("cannot make this folder"));
    }
}
