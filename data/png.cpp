#include <weft/autograd/error.hpp>
#include <weft/data/gzip.hpp>
#include <weft/data/png.hpp>
#include <weft/data/replace_file.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>

#ifdef WEFT_WITH_PNG
#include <png.h>
#endif

namespace weft::data {

#ifdef WEFT_WITH_PNG

namespace {

// libpng's simplified interface, which reports errors without jumping.
struct Image : png_image {
    Image() : png_image{} { version = PNG_IMAGE_VERSION; }
    ~Image() { png_image_free(this); }
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
};

[[noreturn]] void fail(const std::string& path, const std::string& what) {
    throw FileError(fmt::format("{}: {}", path, what));
}

template <class T>
void to_bytes(const Tensor& x, std::uint8_t* out, const std::string& path) {
    for (const T value : x.values<T>()) {
        if (std::isnan(value)) throw ValueError(fmt::format("{}: a picture cannot hold NaN", path));
        *out++ = static_cast<std::uint8_t>(std::lround(std::clamp<double>(static_cast<double>(value), 0, 1) * 255));
    }
}

// The picture's elements as bytes.
Tensor as_bytes(const Tensor& picture, const std::string& path) {
    if (!picture.defined() || picture.rank() < 2 || picture.rank() > 3 ||
        (picture.rank() == 3 && picture.shape(2) != 1 && picture.shape(2) != 3) || picture.elements() == 0 ||
        std::max(picture.shape(0), picture.shape(1)) > INT32_MAX / 4)
        throw ShapeError(fmt::format("{}: a picture is [height, width], or [height, width, 1 or 3]; received {}", path,
                                     describe(picture)));
    if (picture.dtype() == uint8) return picture;
    if (!is_floating(picture.dtype()))
        throw DTypeError(
            fmt::format("{}: a picture is uint8, or floats in 0..1; received {}", path, describe(picture)));
    Array bytes(picture.shape(), uint8);
    dispatch_floating(picture.dtype(), [&]<class T>(T) { to_bytes<T>(picture, bytes.data<std::uint8_t>(), path); });
    return Tensor(std::move(bytes));
}

}  // namespace

bool can_png() { return true; }

Tensor read_png(const std::string& path) {
    std::error_code error;
    const std::uint64_t size = std::filesystem::file_size(path, error);
    if (error) fail(path, "the file cannot be read. Does it exist, and may you read it?");
    Image image;
    if (!png_image_begin_read_from_file(&image, path.c_str()))
        fail(path, fmt::format("no PNG picture: {}", image.message));
    if (image.format & (PNG_FORMAT_FLAG_ALPHA | PNG_FORMAT_FLAG_COLORMAP | PNG_FORMAT_FLAG_LINEAR))
        fail(path, "only grey and RGB pictures of 8 bits are read; this one has transparency, a palette or 16 bits");
    const std::int64_t channels = image.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
    const std::uint64_t bytes = std::uint64_t{image.width} * image.height * static_cast<std::uint64_t>(channels);
    if (bytes / (8 * greatest_deflate_ratio) > size)  // a byte may hold eight pixels
        fail(path, fmt::format("it claims {} by {} pixels, more than a file of {} bytes can hold", image.width,
                               image.height, size));
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    Array pixels({image.height, image.width, channels}, uint8);
    if (!png_image_finish_read(&image, nullptr, pixels.data<std::uint8_t>(), 0, nullptr))
        fail(path, fmt::format("the picture is damaged: {}", image.message));
    return Tensor(std::move(pixels));
}

void write_png(const std::string& path, const Tensor& picture) {
    const Tensor bytes = as_bytes(picture, path);
    replace_file(path, [&](const std::string& temporary) {
        Image image;
        image.height = static_cast<png_uint_32>(bytes.shape(0));
        image.width = static_cast<png_uint_32>(bytes.shape(1));
        image.format = bytes.rank() == 3 && bytes.shape(2) == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
        if (!png_image_write_to_file(&image, temporary.c_str(), 0, bytes.data().data<std::uint8_t>(), 0, nullptr))
            fail(path, fmt::format("the picture cannot be written: {}", image.message));
    });
}

#else

namespace {

[[noreturn]] void no_libpng(const std::string& path) {
    throw FileError(
        fmt::format("{}: weft was built without libpng (meson option 'pictures'), so it knows no pictures", path));
}

}  // namespace

bool can_png() { return false; }
Tensor read_png(const std::string& path) { no_libpng(path); }
void write_png(const std::string& path, const Tensor&) { no_libpng(path); }

#endif

}  // namespace weft::data
