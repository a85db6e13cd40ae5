#include "fixture.hpp"
#include "paths.hpp"

#include <hdf5.h>

#include <algorithm>
#include <stdexcept>

namespace weft::testing {
namespace {

// A handle that closes itself, and complains if HDF5 gave none.
struct Handle {
    hid_t id;
    herr_t (*close)(hid_t);
    Handle(hid_t id, herr_t (*close)(hid_t), const std::string& what) : id(id), close(close) {
        if (id < 0) throw std::runtime_error("fixture: cannot open " + what);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { close(id); }
    operator hid_t() const { return id; }
};

bool shorter_first(const std::string& a, const std::string& b) {
    const auto number = [](const std::string& s) { return s.find_first_not_of("0123456789") == std::string::npos; };
    return number(a) && number(b) && a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

Fixture::Fixture(const std::string& name) : name_(source_path("tests/fixtures/" + name + ".h5")) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // errors are thrown, not printed
    Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "a property list");
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    const hid_t file = H5Fopen(name_.c_str(), H5F_ACC_RDONLY, access);
    if (file < 0) throw std::runtime_error("fixture: cannot open " + name_);
    file_ = std::shared_ptr<void>(new hid_t(file), [](void* p) {
        H5Fclose(*static_cast<hid_t*>(p));
        delete static_cast<hid_t*>(p);
    });
}

std::int64_t Fixture::id() const { return *static_cast<hid_t*>(file_.get()); }

bool Fixture::has(const std::string& path) const {
    for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
        if (H5Lexists(id(), path.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
    return path == "/" || H5Lexists(id(), path.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Fixture::names(const std::string& path) const {
    Handle group(H5Gopen2(id(), path.c_str(), H5P_DEFAULT), H5Gclose, name_ + ":" + path);
    std::vector<std::string> found;
    const auto visit = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
        static_cast<std::vector<std::string>*>(out)->push_back(name);
        return 0;
    };
    H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, visit, &found);
    std::sort(found.begin(), found.end(), shorter_first);
    return found;
}

Values Fixture::values(const std::string& path) const {
    Handle dataset(H5Dopen2(id(), path.c_str(), H5P_DEFAULT), H5Dclose, name_ + ":" + path);
    Handle space(H5Dget_space(dataset), H5Sclose, path);
    Handle type(H5Dget_type(dataset), H5Tclose, path);
    std::vector<hsize_t> sizes(H5Sget_simple_extent_ndims(space));
    H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
    Values values;
    values.shape.assign(sizes.begin(), sizes.end());
    values.integer = H5Tget_class(type) == H5T_INTEGER;
    values.data.resize(H5Sget_simple_extent_npoints(space));
    if (!values.data.empty() &&
        H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data.data()) < 0)
        throw std::runtime_error("fixture: cannot read " + name_ + ":" + path);
    return values;
}

std::vector<Values> Fixture::list(const std::string& group) const {
    std::vector<Values> found;
    if (has(group))
        for (const std::string& name : names(group)) found.push_back(values(group + "/" + name));
    return found;
}

std::string Fixture::text(const std::string& path, const std::string& attribute) const {
    Handle handle(H5Aopen_by_name(id(), path.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                  name_ + ":" + path + ", attribute " + attribute);
    Handle type(H5Aget_type(handle), H5Tclose, attribute);
    std::string text(H5Tget_size(type), '\0');
    if (H5Tis_variable_str(type) > 0 || H5Aread(handle, type, text.data()) < 0)
        throw std::runtime_error("fixture: no fixed-length string: " + name_ + ":" + path + ", attribute " + attribute);
    text.resize(text.find_last_not_of('\0') + 1);
    return text;
}

}  // namespace weft::testing
