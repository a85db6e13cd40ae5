#include <weft/autograd/error.hpp>
#include <weft/data/replace_file.hpp>
#include <weft/data/zip_in_place.hpp>

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace weft::data {
namespace {

constexpr std::size_t read_at_once = 1 << 20;
constexpr int most_entries = 10000;           // that are passed over on the way to the one
constexpr std::uint64_t beyond_32 = 0xffff'ffff;
constexpr std::uint16_t zip64_field = 1;      // of sizes that 32 bits do not hold
constexpr std::uint16_t padding_field = 0xd935;  // one that readers pass over, as that of Android's zipalign

std::uint64_t get(const std::string& from, std::size_t at, int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i)
        value |= std::uint64_t{static_cast<unsigned char>(from.at(at + static_cast<std::size_t>(i)))} << (8 * i);
    return value;
}

// The sizes that a header's extra fields state where its own cannot hold them.
void read_zip64(const std::string& extra, std::uint64_t& bytes, std::uint64_t& packed) {
    for (std::size_t field = 0; field + 4 <= extra.size(); field += 4 + get(extra, field + 2, 2)) {
        if (get(extra, field, 2) != zip64_field || get(extra, field + 2, 2) < 16 || field + 20 > extra.size()) continue;
        bytes = get(extra, field + 4, 8);
        packed = get(extra, field + 12, 8);
    }
}

void put(std::string& to, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i));
}

std::string read(std::ifstream& file, std::uint64_t at, std::size_t bytes) {
    std::string text(bytes, '\0');
    file.seekg(static_cast<std::streamoff>(at));
    file.read(text.data(), static_cast<std::streamsize>(bytes));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    file.clear();
    return text;
}

std::uint32_t checksum_of(std::ifstream& file, std::uint64_t begin, std::uint64_t bytes) {
    std::vector<char> piece(read_at_once);
    uLong sum = crc32(0, nullptr, 0);
    file.seekg(static_cast<std::streamoff>(begin));
    for (std::uint64_t left = bytes; left > 0;) {
        file.read(piece.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(piece.size(), left)));
        const std::streamsize got = file.gcount();
        if (got <= 0) break;
        sum = crc32(sum, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(got));
        left -= static_cast<std::uint64_t>(got);
    }
    file.clear();
    return static_cast<std::uint32_t>(sum);
}

// Lets the disk begin with what is written so far.
void begin_to_flush(const std::string& path) {
#ifdef SYNC_FILE_RANGE_WRITE
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    ::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
    ::close(file);
#else
    (void)path;
#endif
}

struct Entry {
    std::string name;
    std::uint64_t header, bytes;
    std::uint32_t sum;
};

std::uint32_t capped(std::uint64_t value) { return static_cast<std::uint32_t>(std::min(value, beyond_32)); }

// What a header says of an entry, but for where it lies. Its time is the first day of 1980: time changes no byte.
void put_entry(std::string& to, const Entry& entry, std::size_t extra_bytes) {
    constexpr std::uint64_t version = 45, utf8_name = 1 << 11, stored = 0, midnight = 0, first_day = 1 << 5 | 1;
    for (std::uint64_t value : {version, utf8_name, stored, midnight, first_day}) put(to, value, 2);
    put(to, entry.sum, 4);
    put(to, capped(entry.bytes), 4);
    put(to, capped(entry.bytes), 4);
    put(to, entry.name.size(), 2);
    put(to, extra_bytes, 2);
}

// Numbers that 32 bits do not hold, as a field beside the header; nothing if they all fit.
std::string zip64(const std::vector<std::uint64_t>& numbers) {
    std::string values, field;
    for (std::uint64_t number : numbers)
        if (number >= beyond_32) put(values, number, 8);
    if (values.empty()) return {};
    put(field, zip64_field, 2);
    put(field, values.size(), 2);
    return field + values;
}

// `length` bytes in all, or as many as it takes if that is 0.
std::string local_header(const Entry& entry, std::size_t length = 0) {
    std::string extra = zip64({entry.bytes, entry.bytes});
    if (const std::size_t so_far = 30 + entry.name.size() + extra.size(); length > 0) {
        put(extra, padding_field, 2);
        put(extra, length - so_far - 4, 2);
        extra.resize(length - 30 - entry.name.size());
    }
    std::string header = "PK\3\4";
    put_entry(header, entry, extra.size());
    return header + entry.name + extra;
}

std::string directory_of(const std::vector<Entry>& entries, std::uint64_t begin) {
    std::string directory;
    for (const Entry& entry : entries) {
        const std::string extra = zip64({entry.bytes, entry.bytes, entry.header});
        directory += "PK\1\2";
        put(directory, 45, 2);
        put_entry(directory, entry, extra.size());
        put(directory, 0, 4);  // no comment, the first disk
        put(directory, 0, 6);  // no attributes
        put(directory, capped(entry.header), 4);
        directory += entry.name + extra;
    }
    const std::uint64_t bytes = directory.size();
    if (begin >= beyond_32) {
        directory += "PK\6\6";
        put(directory, 44, 8);  // of what follows here
        put(directory, 45, 2);
        put(directory, 45, 2);
        put(directory, 0, 8);
        put(directory, entries.size(), 8);
        put(directory, entries.size(), 8);
        put(directory, bytes, 8);
        put(directory, begin, 8);
        directory += "PK\6\7";
        put(directory, 0, 4);
        put(directory, begin + bytes, 8);
        put(directory, 1, 4);
    }
    directory += "PK\5\6";
    put(directory, 0, 4);
    put(directory, entries.size(), 2);
    put(directory, entries.size(), 2);
    put(directory, bytes, 4);
    put(directory, capped(begin), 4);
    put(directory, 0, 2);
    return directory;
}

}  // namespace

std::optional<std::uint64_t> find_stored(const std::string& path, const std::string& name, const ZipEntry& entry) {
    std::ifstream file(path, std::ios::binary);
    std::error_code unknown;
    const std::uint64_t size = std::filesystem::file_size(path, unknown);
    if (!file || unknown) return {};
    std::uint64_t at = 0;
    for (int passed = 0; passed < most_entries; ++passed) {
        const std::string header = read(file, at, 30);
        if (header.size() < 30 || !header.starts_with("PK\3\4")) return {};
        const std::uint64_t flags = get(header, 6, 2), method = get(header, 8, 2);
        const std::size_t name_bytes = get(header, 26, 2), extra_bytes = get(header, 28, 2);
        std::uint64_t packed = get(header, 18, 4), bytes = get(header, 22, 4);
        constexpr std::uint64_t encrypted = 1, sizes_come_later = 1 << 3;
        if (flags & (encrypted | sizes_come_later)) return {};
        const std::string rest = read(file, at + 30, name_bytes + extra_bytes);
        if (rest.size() < name_bytes + extra_bytes) return {};
        if (bytes == beyond_32) read_zip64(rest.substr(name_bytes), bytes, packed);
        const std::uint64_t begin = at + 30 + rest.size();
        if (begin > size || packed > size - begin) return {};
        if (rest.substr(0, name_bytes) == name) {
            const bool stored = method == 0 && packed == bytes && bytes == entry.bytes();
            // One that the directory does not know may come first.
            if (stored && checksum_of(file, begin, bytes) == entry.checksum()) return begin;
        }
        at = begin + packed;
    }
    return {};
}

void write_zip_in_place(const std::string& path, const std::string& first,
                        const std::function<void(const std::string& temporary)>& write,
                        const std::vector<std::pair<std::string, std::string>>& others) {
    if (first.empty() || first.size() > 256)
        throw ValueError(fmt::format("{}: an entry cannot be called '{}'", path, first));
    replace_file(path, [&](const std::string& temporary) {
        write(temporary);
        begin_to_flush(temporary);  // while the checksum is computed
        const std::uint64_t size = std::filesystem::file_size(temporary), bytes_of_first = size - in_place_begin;
        std::fstream file(temporary, std::ios::binary | std::ios::in | std::ios::out);
        std::ifstream written(temporary, std::ios::binary);
        if (!file || size < in_place_begin) throw FileError(fmt::format("{}: cannot be written", path));
        std::vector<Entry> entries{{first, 0, bytes_of_first, checksum_of(written, in_place_begin, bytes_of_first)}};
        const auto append = [&](const std::string& bytes) {
            file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        };
        append(local_header(entries[0], in_place_begin));
        file.seekp(0, std::ios::end);
        std::uint64_t end = size;
        for (const auto& [name, bytes] : others) {
            const auto sum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
            entries.push_back({name, end, bytes.size(), static_cast<std::uint32_t>(sum)});
            const std::string header = local_header(entries.back());
            append(header + bytes);
            end += header.size() + bytes.size();
        }
        append(directory_of(entries, end));
        if (!file.flush()) throw FileError(fmt::format("{}: cannot be written; is the disk full?", path));
    });
}

}  // namespace weft::data
