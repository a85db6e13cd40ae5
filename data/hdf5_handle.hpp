// What the HDF5 wrapper's sources share: the library's lock, identifiers that close themselves, failures as FileError.
// Not for other sources, and not installed: it includes HDF5's own header.
#pragma once

#include <weft/autograd/error.hpp>

#include <hdf5.h>

#include <mutex>
#include <string>

namespace weft::data {

/// Holds HDF5's lock while it lives, since the packaged library is not built for threads, and keeps it from printing.
class Hdf5Quiet {
public:
    Hdf5Quiet();
    ~Hdf5Quiet();
    Hdf5Quiet(const Hdf5Quiet&) = delete;
    Hdf5Quiet& operator=(const Hdf5Quiet&) = delete;

private:
    std::lock_guard<std::recursive_mutex> lock_;
    H5E_auto2_t print_ = nullptr;
    void* data_ = nullptr;
};

/// An identifier of whatever kind, closed at the end of its scope. Throws FileError if HDF5 gave none.
class Hdf5Handle {
public:
    Hdf5Handle(hid_t id, const std::string& where, const char* what);
    Hdf5Handle(const Hdf5Handle&) = delete;
    Hdf5Handle& operator=(const Hdf5Handle&) = delete;
    ~Hdf5Handle() { H5Idec_ref(id_); }
    operator hid_t() const { return id_; }

private:
    hid_t id_;
};

/// Throws FileError if what HDF5 returned is a failure.
void check_hdf5(herr_t status, const std::string& where, const char* what);

}  // namespace weft::data
