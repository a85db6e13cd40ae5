// Pictures: what is written is read again, and what is none is refused.
#include "../catch.hpp"
#include "../nn/fixture_tensor.hpp"
#include "../temporary_folder.hpp"
#include "array_fixtures.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/png.hpp>

using Catch::Contains;
using namespace weft;
using namespace weft::data;
using weft::testing::array_file;
using weft::testing::contents;
using weft::testing::error_of;
using weft::testing::same;
using weft::testing::TemporaryFolder;

namespace {

bool without_pictures() {
    if (!can_png()) WARN("skipped: built without libpng");
    return !can_png();
}

Tensor picture(const Shape& shape) {
    Tensor x = random::uniform(shape, 0, 256).to(int64).to(weft::uint8);
    return x;
}

}  // namespace

TEST_CASE("png: pictures come back to the bit", "[data_io]") {
    if (without_pictures()) return;
    const TemporaryFolder folder;
    const std::string path = folder / "picture.png";
    for (const Shape& shape : {Shape{1, 1, 1}, Shape{7, 5, 1}, Shape{33, 64, 3}}) {
        const Tensor x = picture(shape);
        write_png(path, x);
        CHECK(same(read_png(path), x));
    }
    const Tensor flat = picture({4, 6});
    write_png(path, flat);
    CHECK(same(read_png(path), flat.reshape({4, 6, 1})));
}

TEST_CASE("png: floats are cut to 0..1 and rounded", "[data_io]") {
    if (without_pictures()) return;
    const TemporaryFolder folder;
    const std::string path = folder / "picture.png";
    for (const DType dtype : {float32, float64}) {
        write_png(path, tensor({-1, 0, 0.5, 1, 2, 0.0021}, {2, 3}, dtype));
        CHECK(same(read_png(path), tensor({0, 0, 128, 255, 255, 1}, {2, 3, 1}, weft::uint8)));
    }
}

TEST_CASE("png: pictures that another library wrote", "[data_io]") {
    if (without_pictures()) return;
    // Element i of [6, 5, channels] is 7 i modulo 256.
    for (const std::int64_t channels : {1, 3}) {
        std::vector<double> values;
        for (int i = 0; i < 30 * channels; ++i) values.push_back(7 * i % 256);
        CHECK(same(read_png(array_file(channels == 1 ? "grey.png" : "rgb.png")),
                   tensor(values, {6, 5, channels}, weft::uint8)));
    }
    for (const char* name : {"transparent.png", "palette.png", "grey16.png"})
        CHECK_THAT(error_of<FileError>([&] { read_png(array_file(name)); }),
                   Contains("only grey and RGB pictures of 8 bits"));
}

TEST_CASE("png: what is no picture is refused", "[data_io]") {
    if (without_pictures()) return;
    const TemporaryFolder folder;
    const std::string path = folder / "picture.png";
    const auto refusal = [&](const std::string& file) { return error_of<FileError>([&] { read_png(file); }); };
    CHECK_THAT(refusal(path), Contains("cannot be read"));
    CHECK_THAT(refusal(folder.write("text", "a text")), Contains("no PNG picture"));
    CHECK_FALSE(refusal(folder.path()).empty());
    write_png(path, picture({20, 20, 3}));
    const std::string whole = contents(path);
    for (std::size_t bytes = 0; bytes + 30 < whole.size(); bytes += 3) {
        CAPTURE(bytes);
        CHECK_FALSE(refusal(folder.write("cut", whole.substr(0, bytes))).empty());
    }
    std::string vast = contents(array_file("vast.png"));
    CHECK_THAT(refusal(array_file("vast.png")), Contains("it claims 50000 by 50000 pixels"));

    CHECK_THROWS_AS(write_png(path, ones({3})), ShapeError);
    CHECK_THROWS_AS(write_png(path, ones({3, 3, 2})), ShapeError);
    CHECK_THROWS_AS(write_png(path, ones({0, 3})), ShapeError);
    CHECK_THROWS_AS(write_png(path, Tensor()), ShapeError);
    CHECK_THROWS_AS(write_png(path, ones({3, 3}, int64)), DTypeError);
    CHECK_THROWS_AS(write_png(path, full({3, 3}, NAN)), ValueError);
    CHECK_THROWS_AS(write_png(folder / "none/picture.png", ones({3, 3})), FileError);
    CHECK(contents(path) == whole);
}
