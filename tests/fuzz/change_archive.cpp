#include "changes.hpp"

#include <zlib.h>

namespace weft::fuzz {
namespace {

void put(std::string& to, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i));
}

std::string deflated(const std::string& bytes) {
    z_stream stream{};
    deflateInit2(&stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);  // without zlib's own header
    std::string packed(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

// A number as it is, or one that lies.
std::uint64_t maybe(std::uint64_t honest, Choices& choices) {
    static const std::vector<std::uint64_t> lies{0, 1, 0xff, 0xffff, 0x7fffffff, 0xfffffffe, 0xffffffff};
    if (!choices.one_in(16)) return honest;
    return choices.one_in(2) ? choices.of(lies) : honest + choices.below(5) - 2;
}

std::string maybe_renamed(const std::string& name, Choices& choices) {
    static const std::vector<std::string> names{"",
                                                "/",
                                                "../config.json",
                                                "a/../../b",
                                                "C:\\x",
                                                "/etc/passwd",
                                                "..\\model.weights.h5",
                                                "config.json",
                                                "metadata.json",
                                                "model.weights.h5",
                                                "assets/",
                                                "x.npy"};
    return choices.one_in(12) ? choices.of(names) : name;
}

}  // namespace

std::string changed_archive(std::vector<ArchiveEntry> entries, Choices& choices) {
    if (choices.one_in(8)) entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(choices.below(entries.size())));
    if (!entries.empty() && choices.one_in(8)) entries.push_back(choices.of(entries));
    std::string file, directory;
    for (const ArchiveEntry& entry : entries) {
        const std::size_t packing = choices.below(16);
        const unsigned method = packing < 8 ? 0 : packing < 14 ? 8 : packing == 14 ? 12 : 99;
        std::string packed = method == 8 ? deflated(entry.bytes) : entry.bytes;
        if (choices.one_in(12) && !packed.empty()) choices.of(packed) = static_cast<char>(choices.byte());
        if (choices.one_in(16)) packed.resize(choices.below(packed.size() + 1));
        const std::string name = maybe_renamed(entry.name, choices),
                          other = choices.one_in(16) ? maybe_renamed(name, choices) : name;
        const std::uint64_t sum =
            crc32(0, reinterpret_cast<const Bytef*>(entry.bytes.data()), static_cast<uInt>(entry.bytes.size()));
        const std::uint64_t flags = choices.one_in(24) ? choices.byte() : 0;
        const std::uint64_t at = maybe(file.size(), choices);
        const auto common = [&](std::string& to, const std::string& called) {
            put(to, 20, 2);
            put(to, flags, 2);
            put(to, maybe(method, choices), 2);
            put(to, 0x21 << 16, 4);
            put(to, maybe(sum, choices), 4);
            put(to, maybe(packed.size(), choices), 4);
            put(to, maybe(entry.bytes.size(), choices), 4);
            put(to, maybe(called.size(), choices), 2);
        };
        file += "PK\3\4";
        common(file, other);
        put(file, maybe(0, choices), 2);
        file += other + packed;
        directory += "PK\1\2";
        put(directory, 20, 2);
        common(directory, name);
        put(directory, maybe(0, choices), 2);
        put(directory, maybe(0, choices), 2);
        put(directory, 0, 8);
        put(directory, at, 4);
        directory += name;
    }
    const std::size_t begin = file.size();
    file += directory + "PK\5\6";
    put(file, 0, 4);
    put(file, maybe(entries.size(), choices), 2);
    put(file, maybe(entries.size(), choices), 2);
    put(file, maybe(directory.size(), choices), 4);
    put(file, maybe(begin, choices), 4);
    put(file, maybe(0, choices), 2);
    return file;
}

}  // namespace weft::fuzz
