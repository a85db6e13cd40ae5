#include <weft/data/hdf5_handle.hpp>

#include <fmt/core.h>

namespace weft::data {
namespace {

std::recursive_mutex& library_mutex() {
    static std::recursive_mutex mutex;
    return mutex;
}

}  // namespace

Hdf5Quiet::Hdf5Quiet() : lock_(library_mutex()) {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Quiet::~Hdf5Quiet() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }

Hdf5Handle::Hdf5Handle(hid_t id, const std::string& where, const char* what) : id_(id) {
    if (id < 0) throw FileError(fmt::format("{}: {} failed; the file may be damaged", where, what));
}

void check_hdf5(herr_t status, const std::string& where, const char* what) {
    if (status < 0) throw FileError(fmt::format("{}: {} failed; is the file damaged, or the disk full?", where, what));
}

}  // namespace weft::data
