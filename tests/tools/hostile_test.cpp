// The weft command on files that nobody should send: each is one line of error, soon, and nothing worse.
#include "catch.hpp"
#include "command.hpp"
#include "paths.hpp"
#include "temporary_folder.hpp"

#include <weft/autograd/ops/create.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/zip_archive.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <iterator>

using namespace weft;
using namespace weft::testing;

namespace {

void check_refused(const std::string& file, const std::vector<std::string>& subcommands = {"summary", "convert"}) {
    for (const std::string& subcommand : subcommands) {
        const std::string other = subcommand == "convert" ? file + ".out.h5" : file;
        const Outcome outcome =
            run_weft(subcommand == "summary" ? std::vector{subcommand, file} : std::vector{subcommand, file, other});
        INFO(subcommand << ": " << outcome.out << outcome.err);
        CHECK(outcome.status == 2);
        CHECK(outcome.out.empty());
        CHECK(outcome.err.starts_with("weft: "));
        CHECK_THAT(outcome.err, contains(file));
        CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
        CHECK(outcome.err.find('\x1b') == outcome.err.npos);
        CHECK_FALSE(std::filesystem::exists(file + ".out.h5"));
    }
}

std::string with_config(const TemporaryFolder& folder, const std::string& config) {
    const std::string file = folder / "config.h5";
    data::write_hdf5(file, [&](const data::Hdf5Object& root) {
        root.write_long_text("model_config", config);
        root.create_group("model_weights").write_texts("layer_names", {});
    });
    return file;
}

std::string dense(const std::string& units, const std::string& name = "d") {
    return fmt::format(R"({{"class_name": "Sequential", "config": {{"name": "s", "layers": [
        {{"class_name": "Dense", "config": {{"name": "{}", "units": {}, "activation": "linear", "use_bias": true,
          "batch_input_shape": [null, 100000]}}}}]}}}})", name, units);
}

}  // namespace

TEST_CASE("weft refuses what is no model") {
    const TemporaryFolder folder;
    check_refused(folder.write("empty.h5", ""), {"summary", "convert", "diff"});
    check_refused(folder.write("text.h5", "a model, by its name\n"));
    check_refused(folder.write("list.keras", R"({"weight_map": )"));
    check_refused(folder.write("signature.h5", "\x89HDF\r\n\x1a\n"));
    check_refused(folder.write("signature.keras", "PK\3\4"));
    const std::string plain = folder / "plain.h5";
    data::save_hdf5(plain, {{"x", zeros({2})}});
    check_refused(plain);
    check_refused(folder / "missing.h5");
    check_refused(folder.path());
}

TEST_CASE("weft waits for no pipe") {
    const Outcome outcome = run_weft({"summary", "/dev/zero"});
    CHECK(outcome.status == 2);
    CHECK_THAT(outcome.err, contains("weft: /dev/zero: is no regular file"));
}

TEST_CASE("weft refuses truncated models") {
    const TemporaryFolder folder;
    std::ifstream whole(source_path("tests/fixtures/keras_files/cnn.h5"), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(whole), {}};
    REQUIRE(bytes.size() > 10000);
    for (const std::size_t kept : {std::size_t{9}, std::size_t{100}, bytes.size() / 2, bytes.size() - 1})
        check_refused(folder.write("cut.h5", bytes.substr(0, kept)));
}

TEST_CASE("weft survives a file that libhdf5 does not") {
    const Outcome outcome = run_weft({"convert", source_path("tests/tools/kills_libhdf5.h5"), "/nonexistent/out.h5"});
    INFO(outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.err.starts_with("weft: "));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    CHECK_THAT(outcome.err, contains("kills_libhdf5.h5"));
}

TEST_CASE("weft refuses archives that are bombs, or climb") {
    if (!data::can_zip()) {
        WARN("skipped: built without libzip");
        return;
    }
    const TemporaryFolder folder;
    const std::string file = folder / "bomb.keras";
    const std::vector<std::byte> zeros(80 << 20);
    data::write_zip(file,
                    {{"metadata.json", {zeros}, 9}, {"config.json", {zeros}, 9}, {"model.weights.h5", {zeros}, 9}});
    check_refused(file);
    check_refused(source_path("tests/fixtures/arrays/climbs0.npz"), {"summary"});
}

TEST_CASE("weft refuses configs without end or measure") {
    const TemporaryFolder folder;
    check_refused(with_config(folder, "{"));
    check_refused(with_config(folder, "[]"));
    check_refused(with_config(folder, std::string(1'000'000, '[')));
    check_refused(with_config(folder, dense("-1")));
    check_refused(with_config(folder, dense("1000000000")));  // 400 terabytes of weights
    check_refused(with_config(folder, dense("40000")));       // 16 gigabytes: more than a file of this size may take
    check_refused(with_config(folder, dense("-2", R"(\u001b[2J\n\u009b)")));  // spoils no terminal
}
