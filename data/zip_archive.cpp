#include <weft/autograd/error.hpp>
#include <weft/data/gzip.hpp>
#include <weft/data/replace_file.hpp>
#include <weft/data/zip_archive.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#ifdef WEFT_WITH_ZIP
#include <zip.h>
#endif

namespace weft::data {

bool is_zip(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path))
        throw FileError(fmt::format("{}: the file cannot be read. Does it exist, and may you read it?", path));
    char begin[4] = {};
    file.read(begin, sizeof begin);
    return std::memcmp(begin, "PK\3\4", 4) == 0 || std::memcmp(begin, "PK\5\6", 4) == 0;  // the latter: an empty one
}

#ifdef WEFT_WITH_ZIP

namespace {


[[noreturn]] void fail(const std::string& where, const std::string& what) {
    throw FileError(fmt::format("{}: {}", where, what));
}

zip_t* handle(const std::shared_ptr<void>& archive) { return static_cast<zip_t*>(archive.get()); }

std::string text_of(int code) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return text;
}

// With slashes, as names are meant; "" if it is empty, absolute or climbs out.
std::string safe_name(std::string name) {
    std::replace(name.begin(), name.end(), '\\', '/');
    const bool absolute = name.empty() || name.front() == '/' || (name.size() > 1 && name[1] == ':');
    return absolute || ("/" + name + "/").find("/../") != std::string::npos ? "" : name;
}

}  // namespace

bool can_zip() { return true; }

void ZipEntry::read(void* to, std::size_t bytes) {
    if (bytes > left())
        fail(where_,
             fmt::format("is truncated: expected {} bytes from byte {} on; it holds {}", bytes, position_, left()));
    for (std::size_t done = 0; done < bytes;) {
        const zip_int64_t got =
            zip_fread(static_cast<zip_file_t*>(file_.get()), static_cast<char*>(to) + done, bytes - done);
        if (got <= 0) fail(where_, "the archive is damaged: this entry cannot be unpacked");
        done += static_cast<std::size_t>(got);
        position_ += static_cast<std::uint64_t>(got);
    }
    char beyond;  // libzip compares the checksum when it comes to the end
    if (left() == 0 && zip_fread(static_cast<zip_file_t*>(file_.get()), &beyond, 1) != 0)
        fail(where_, "the archive is damaged: this entry's checksum or size is wrong");
}

std::string ZipEntry::read() {
    std::string all(left(), '\0');
    read(all.data(), all.size());
    return all;
}

ZipReader::ZipReader(const std::string& path) : path_(path) {
    if (!is_zip(path)) fail(path, "this is no zip archive: it does not begin as one");
    int code = 0;
    archive_ = std::shared_ptr<void>(zip_open(path.c_str(), ZIP_RDONLY, &code), [](void* archive) {
        if (archive) zip_discard(static_cast<zip_t*>(archive));
    });
    if (!archive_) fail(path, fmt::format("the archive cannot be opened: {}", text_of(code)));
    const std::uint64_t size = std::filesystem::file_size(path);
    std::uint64_t packed = 0;
    std::set<std::string> known;
    const zip_int64_t count = zip_get_num_entries(handle(archive_), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
        zip_stat_t status;
        constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
        if (zip_stat_index(handle(archive_), static_cast<zip_uint64_t>(i), 0, &status) != 0 ||
            (status.valid & needed) != needed)
            fail(path, fmt::format("the archive is damaged: its entry {} cannot be read", i));
        const std::string name = safe_name(status.name);
        if (name.empty())
            fail(path, fmt::format("the archive holds an entry '{}', whose name leads out of it", status.name));
        if (__builtin_add_overflow(packed, status.comp_size, &packed) || packed > size ||
            status.size / greatest_deflate_ratio > status.comp_size)
            fail(path,
                 fmt::format(
                     "entry '{}' claims {} bytes, packed {}; the file holds {}, and no byte unpacks to more than {}",
                     name, status.size, status.comp_size, size, greatest_deflate_ratio));
        if (!known.insert(name).second) fail(path, fmt::format("the archive holds two entries '{}'", name));
        if (name.back() == '/') continue;
        names_.push_back(name);
        indices_.push_back(static_cast<std::uint64_t>(i));
    }
}

bool ZipReader::contains(const std::string& name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
}

ZipEntry ZipReader::open(const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) fail(path_, fmt::format("there is no '{}' in the archive", name));
    const zip_uint64_t index = indices_[static_cast<std::size_t>(found - names_.begin())];
    ZipEntry entry;
    entry.where_ = path_ + ", " + name;
    zip_stat_t status;
    if (zip_stat_index(handle(archive_), index, 0, &status) != 0) fail(entry.where_, zip_strerror(handle(archive_)));
    if (status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE)
        fail(entry.where_, fmt::format("is packed by method {}; only stored (0) and deflated (8) entries are read",
                                       status.comp_method));
    entry.archive_ = archive_;
    entry.bytes_ = status.size;
    entry.checksum_ = status.crc;
    entry.file_ = std::shared_ptr<void>(zip_fopen_index(handle(archive_), index, 0), [](void* file) {
        if (file) zip_fclose(static_cast<zip_file_t*>(file));
    });
    if (!entry.file_) fail(entry.where_, zip_strerror(handle(archive_)));
    return entry;
}

void write_zip(const std::string& path, const std::vector<ZipPart>& parts) {
    if (parts.empty()) throw ValueError(fmt::format("{}: an archive needs at least one entry", path));
    std::set<std::string> known;
    for (const ZipPart& part : parts)
        if (part.name != safe_name(part.name) || part.name.empty() || !known.insert(part.name).second)
            throw ValueError(fmt::format(
                "{}: an entry cannot be called '{}': names are relative, use slashes, and come once", path, part.name));
    replace_file(path, [&](const std::string& temporary) {
        int code = 0;
        std::unique_ptr<zip_t, decltype(&zip_discard)> archive(
            zip_open(temporary.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code), zip_discard);
        if (!archive) fail(path, fmt::format("the archive cannot be written: {}", text_of(code)));
        const auto check = [&](bool good, const std::string& name) {
            if (!good) fail(path, fmt::format("entry '{}' cannot be written: {}", name, zip_strerror(archive.get())));
        };
        std::vector<std::vector<zip_buffer_fragment_t>> fragments(parts.size());
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const ZipPart& part = parts[i];
            for (std::span<const std::byte> piece : part.pieces)
                fragments[i].push_back(
                    {reinterpret_cast<zip_uint8_t*>(const_cast<std::byte*>(piece.data())), piece.size()});
            zip_source_t* source =
                zip_source_buffer_fragment(archive.get(), fragments[i].data(), fragments[i].size(), 0);
            check(source, part.name);
            const zip_int64_t index = zip_file_add(archive.get(), part.name.c_str(), source, ZIP_FL_ENC_UTF_8);
            if (index < 0) zip_source_free(source);
            check(index >= 0, part.name);
            const auto at = static_cast<zip_uint64_t>(index);
            check(zip_set_file_compression(archive.get(), at, part.compression ? ZIP_CM_DEFLATE : ZIP_CM_STORE,
                                           static_cast<zip_uint32_t>(part.compression)) == 0, part.name);
            constexpr zip_uint16_t first_day = 1 << 5 | 1;  // the 1st of January 1980: time changes no byte
            check(zip_file_set_dostime(archive.get(), at, 0, first_day, 0) == 0, part.name);
        }
        if (zip_close(archive.get()) != 0)
            fail(path, fmt::format("the archive cannot be written: {}", zip_strerror(archive.get())));
        (void)archive.release();
    });
}

#else

namespace {

[[noreturn]] void no_libzip(const std::string& path) {
    throw FileError(
        fmt::format("{}: weft was built without libzip (meson option 'archives'), so it knows no archives", path));
}

}  // namespace

bool can_zip() { return false; }
void ZipEntry::read(void*, std::size_t) { no_libzip(where_); }
std::string ZipEntry::read() { no_libzip(where_); }
ZipReader::ZipReader(const std::string& path) { no_libzip(path); }
bool ZipReader::contains(const std::string&) const { no_libzip(path_); }
ZipEntry ZipReader::open(const std::string&) const { no_libzip(path_); }
void write_zip(const std::string& path, const std::vector<ZipPart>&) { no_libzip(path); }

#endif

}  // namespace weft::data
