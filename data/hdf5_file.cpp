#include <weft/data/hdf5_file.hpp>
#include <weft/data/hdf5_handle.hpp>
#include <weft/data/replace_file.hpp>

#include <fmt/core.h>
#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace weft::data {
namespace {

constexpr std::size_t attribute_room = 64512;  // bytes; Keras splits lists of names beyond this
constexpr std::size_t text_limit = 256u << 20;
constexpr std::size_t name_limit = 1'000'000;

std::vector<std::string> parts_of(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (end > begin) parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

}  // namespace

Hdf5Object::Hdf5Object(Id id, std::string file, std::string path)
    : id_(new Id(id), [](Id* held) {
          const Hdf5Quiet quiet;
          H5Idec_ref(*held);
          delete held;
      }),
      file_(std::move(file)), path_(std::move(path)) {}

std::string Hdf5Object::where() const { return fmt::format("{}, {}", file_, path_.empty() ? "/" : path_); }

bool Hdf5Object::contains(const std::string& name) const {
    const Hdf5Quiet quiet;
    std::string path;
    for (const std::string& part : parts_of(name)) {
        path += (path.empty() ? "" : "/") + part;
        if (H5Lexists(id(), path.c_str(), H5P_DEFAULT) <= 0) return false;
    }
    return !path.empty();
}

std::vector<std::string> Hdf5Object::names() const {
    const Hdf5Quiet quiet;
    H5G_info_t info;
    check_hdf5(H5Gget_info(id(), &info), where(), "listing");
    if (info.nlinks > name_limit)
        throw FileError(fmt::format("{}: holds {} objects, more than any model has", where(), info.nlinks));
    std::vector<std::string> found;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
        const ssize_t length = H5Lget_name_by_idx(id(), ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
        if (length < 0 || length > 65536)
            throw FileError(fmt::format("{}: the name of object {} cannot be read", where(), i));
        std::string name(static_cast<std::size_t>(length) + 1, '\0');
        H5Lget_name_by_idx(id(), ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size(), H5P_DEFAULT);
        name.pop_back();
        found.push_back(std::move(name));
    }
    return found;
}

Hdf5Object Hdf5Object::open(const std::string& name, bool dataset) const {
    const Hdf5Quiet quiet;
    // Link by link: only hard links stay inside the file.
    std::string path;
    for (const std::string& part : parts_of(name)) {
        path += (path.empty() ? "" : "/") + part;
        H5L_info_t link;
        if (H5Lexists(id(), path.c_str(), H5P_DEFAULT) <= 0 || H5Lget_info(id(), path.c_str(), &link, H5P_DEFAULT) < 0)
            throw FileError(fmt::format("{}: there is no '{}' in it", where(), path));
        if (link.type != H5L_TYPE_HARD)
            throw FileError(fmt::format("{}: '{}' is a link to elsewhere, which is not followed", where(), path));
    }
    const hid_t opened =
        dataset ? H5Dopen2(id(), path.c_str(), H5P_DEFAULT) : H5Gopen2(id(), path.c_str(), H5P_DEFAULT);
    if (opened < 0)
        throw FileError(fmt::format("{}: '{}' is no {}, or damaged", where(), path, dataset ? "dataset" : "group"));
    return {opened, file_, path_ + "/" + path};
}

std::uint64_t Hdf5Object::address() const {
    const Hdf5Quiet quiet;
    H5O_info_t info;
    check_hdf5(H5Oget_info2(id(), &info, H5O_INFO_BASIC), where(), "reading the address");
    return info.addr;
}

Hdf5Object Hdf5Object::group(const std::string& name) const { return open(name, false); }

bool Hdf5Object::is_group(const std::string& name) const {
    const Hdf5Quiet quiet;
    H5L_info_t link;
    H5O_info_t info;
    return contains(name) && H5Lget_info(id(), name.c_str(), &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD &&
           H5Oget_info_by_name(id(), name.c_str(), &info, H5P_DEFAULT) >= 0 && info.type == H5O_TYPE_GROUP;
}

Hdf5Object Hdf5Object::create_group(const std::string& name) const {
    const Hdf5Quiet quiet;
    const Hdf5Handle plan(H5Pcreate(H5P_LINK_CREATE), where(), "creating a group");
    H5Pset_create_intermediate_group(plan, 1);
    if (contains(name)) return group(name);
    const hid_t made = H5Gcreate2(id(), name.c_str(), plan, H5P_DEFAULT, H5P_DEFAULT);
    if (made < 0) throw FileError(fmt::format("{}: the group '{}' cannot be made; is the disk full?", where(), name));
    return {made, file_, path_ + "/" + name};
}

bool Hdf5Object::has_attribute(const std::string& name) const {
    const Hdf5Quiet quiet;
    return H5Aexists(id(), name.c_str()) > 0;
}

namespace {

std::vector<std::string> read_strings(hid_t owner, const std::string& name, const std::string& where) {
    const Hdf5Handle attribute(H5Aopen(owner, name.c_str(), H5P_DEFAULT), where, "reading an attribute");
    const Hdf5Handle type(H5Aget_type(attribute), where, "reading an attribute");
    const Hdf5Handle space(H5Aget_space(attribute), where, "reading an attribute");
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    if (count < 0 || static_cast<std::size_t>(count) > name_limit)
        throw FileError(fmt::format("{}: attribute '{}' claims {} entries", where, name, count));
    if (count == 0) return {};
    if (H5Tget_class(type) != H5T_STRING) throw FileError(fmt::format("{}: attribute '{}' is no text", where, name));
    std::vector<std::string> values(static_cast<std::size_t>(count));
    const std::size_t size = H5Tget_size(type);
    if (H5Tis_variable_str(type) > 0) {
        std::vector<char*> raw(values.size(), nullptr);
        const Hdf5Handle memory(H5Tcopy(H5T_C_S1), where, "reading an attribute");
        H5Tset_size(memory, H5T_VARIABLE);
        H5Tset_cset(memory, H5Tget_cset(type));
        check_hdf5(H5Aread(attribute, memory, raw.data()), where, "reading an attribute");
        bool fits = true;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            const std::size_t length = raw[i] ? strnlen(raw[i], text_limit) : 0;
            fits = fits && length < text_limit;
            values[i].assign(raw[i] ? raw[i] : "", length);
        }
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, raw.data());
        if (!fits) throw FileError(fmt::format("{}: attribute '{}' is longer than {} bytes", where, name, text_limit));
    } else {
        if (size == 0 || size > text_limit / values.size())
            throw FileError(fmt::format("{}: attribute '{}' claims texts of {} bytes", where, name, size));
        std::string raw(size * values.size(), '\0');
        check_hdf5(H5Aread(attribute, type, raw.data()), where, "reading an attribute");
        const bool padded = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = raw.substr(i * size, strnlen(raw.data() + i * size, size));
            if (padded) values[i].erase(values[i].find_last_not_of(' ') + 1);
        }
    }
    return values;
}

}  // namespace

std::optional<std::string> Hdf5Object::text(const std::string& name) const {
    const Hdf5Quiet quiet;
    if (!has_attribute(name)) return {};
    const auto values = read_strings(id(), name, where());
    if (values.size() != 1)
        throw FileError(
            fmt::format("{}: attribute '{}' must hold one text; it holds {}", where(), name, values.size()));
    return values[0];
}

std::optional<std::vector<std::string>> Hdf5Object::texts(const std::string& name) const {
    const Hdf5Quiet quiet;
    if (has_attribute(name)) return read_strings(id(), name, where());
    if (!has_attribute(name + "0")) return {};
    std::vector<std::string> all;
    for (std::size_t i = 0; has_attribute(name + std::to_string(i)); ++i) {
        const auto some = read_strings(id(), name + std::to_string(i), where());
        all.insert(all.end(), some.begin(), some.end());
        if (all.size() > name_limit)
            throw FileError(fmt::format("{}: attribute '{}' claims more than {} entries", where(), name, name_limit));
    }
    return all;
}

namespace {

void write_fixed(hid_t owner, const std::string& name, const std::vector<std::string>& values, bool scalar,
                 const std::string& where) {
    std::size_t size = 1;
    for (const std::string& value : values) size = std::max(size, value.size());
    std::string raw(size * values.size(), '\0');
    for (std::size_t i = 0; i < values.size(); ++i)
        std::memcpy(raw.data() + i * size, values[i].data(), values[i].size());
    const Hdf5Handle type(H5Tcopy(H5T_C_S1), where, "writing an attribute");
    H5Tset_size(type, size);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    const hsize_t count = values.size();
    const Hdf5Handle space(scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr), where,
                           "writing an attribute");
    const Hdf5Handle attribute(H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), where,
                               "writing an attribute");
    check_hdf5(H5Awrite(attribute, type, raw.data()), where, "writing an attribute");
}

}  // namespace

void Hdf5Object::write_text(const std::string& name, const std::string& value) const {
    const Hdf5Quiet quiet;
    write_fixed(id(), name, {value}, true, where());
}

void Hdf5Object::write_long_text(const std::string& name, const std::string& value) const {
    const Hdf5Quiet quiet;
    const Hdf5Handle type(H5Tcopy(H5T_C_S1), where(), "writing an attribute");
    H5Tset_size(type, H5T_VARIABLE);
    const Hdf5Handle space(H5Screate(H5S_SCALAR), where(), "writing an attribute");
    const Hdf5Handle attribute(H5Acreate2(id(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), where(),
                               "writing an attribute");
    const char* raw = value.c_str();
    check_hdf5(H5Awrite(attribute, type, &raw), where(), "writing an attribute");
}

void Hdf5Object::write_texts(const std::string& name, const std::vector<std::string>& values) const {
    const Hdf5Quiet quiet;
    if (values.empty()) {  // as Keras: an empty array of float64
        const hsize_t none = 0;
        const Hdf5Handle space(H5Screate_simple(1, &none, nullptr), where(), "writing an attribute");
        const Hdf5Handle attribute(H5Acreate2(id(), name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT),
                                   where(), "writing an attribute");
        return;
    }
    std::size_t longest = 1;
    for (const std::string& value : values) longest = std::max(longest, value.size());
    if (longest > attribute_room)
        throw FileError(fmt::format("{}: a name of {} bytes is too long for a file", where(), longest));
    const std::size_t chunks = (longest * values.size() + attribute_room - 1) / attribute_room;
    if (chunks == 1) return write_fixed(id(), name, values, false, where());
    // As even as can be; the first chunks hold one more where it does not come out even.
    std::size_t parts = chunks;
    const auto largest = [&](std::size_t n) { return (values.size() + n - 1) / n; };
    while (largest(parts) * longest > attribute_room) ++parts;
    for (std::size_t i = 0, begin = 0; i < parts; ++i) {
        const std::size_t count = values.size() / parts + (i < values.size() % parts ? 1 : 0);
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
        write_fixed(id(), name + std::to_string(i), {first, first + static_cast<std::ptrdiff_t>(count)}, false,
                    where());
        begin += count;
    }
}

bool is_hdf5(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path))
        throw FileError(fmt::format("{}: the file cannot be read. Does it exist, and may you read it?", path));
    char begin[8] = {};
    file.read(begin, sizeof begin);
    return std::memcmp(begin, "\x89HDF\r\n\x1a\n", sizeof begin) == 0;
}

Hdf5Object open_hdf5(const std::string& path, const std::string& given) {
    const std::string& label = given.empty() ? path : given;
    if (!is_hdf5(path)) throw FileError(fmt::format("{}: this is no HDF5 file: it does not begin as one", label));
    const Hdf5Quiet quiet;
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0)
        throw FileError(
            fmt::format("{}: the file begins as HDF5 but cannot be opened; it may be truncated or damaged", label));
    return {file, label, ""};
}

namespace {

void fill_file(const std::string& file_path, const std::string& label,
               const std::function<void(const Hdf5Object& root)>& fill, std::uint64_t left_free = 0) {
    const Hdf5Quiet quiet;
    const Hdf5Handle creation(H5Pcreate(H5P_FILE_CREATE), label, "writing");
    check_hdf5(H5Pset_userblock(creation, left_free), label, "writing");
    const hid_t file = H5Fcreate(file_path.c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
    if (file < 0)
        throw FileError(
            fmt::format("{}: the file cannot be written. Does the folder exist, and may you write there?", label));
    const Hdf5Object root(file, label, "");
    fill(root);
    check_hdf5(H5Fflush(root.id(), H5F_SCOPE_GLOBAL), label, "writing");
}

}  // namespace

void write_hdf5(const std::string& path, const std::function<void(const Hdf5Object& root)>& fill) {
    replace_file(path, [&](const std::string& temporary) { fill_file(temporary, path, fill); });
}

void fill_hdf5(const std::string& path, const std::function<void(const Hdf5Object& root)>& fill,
               std::uint64_t left_free) {
    fill_file(path, path, fill, left_free);
}

}  // namespace weft::data
