#include <weft/data/hdf5_handle.hpp>
#include <weft/data/hdf5_part.hpp>

#include <fmt/core.h>
#include <hdf5.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace weft::data {
namespace {

struct Part {
    std::uint64_t begin, bytes;
};

// HDF5 itself opens a file at byte 0 alone; this is how it is told to read, and no more than that.
struct PartFile {
    H5FD_t library;  // HDF5's own, first
    int file;
    Part part;
    haddr_t end_of_use = 0;
};

PartFile& part_of(H5FD_t* file) { return *reinterpret_cast<PartFile*>(file); }
const PartFile& part_of(const H5FD_t* file) { return *reinterpret_cast<const PartFile*>(file); }

H5FD_t* open_part(const char* name, unsigned flags, hid_t access, haddr_t) {
    const auto* part = static_cast<const Part*>(H5Pget_driver_info(access));
    if (!part || (flags & H5F_ACC_RDWR)) return nullptr;
    const int file = ::open(name, O_RDONLY | O_CLOEXEC);
    return file < 0 ? nullptr : &(new PartFile{{}, file, *part})->library;
}

herr_t close_part(H5FD_t* file) {
    ::close(part_of(file).file);
    delete &part_of(file);
    return 0;
}

herr_t read_part(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* to) {
    const auto& [library, descriptor, part, end] = part_of(file);
    if (address > part.bytes || size > part.bytes - address) return -1;
    for (std::size_t done = 0; done < size;) {
        const auto at = static_cast<off_t>(part.begin + address + done);
        const ssize_t got = ::pread(descriptor, static_cast<char*>(to) + done, size - done, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        done += static_cast<std::size_t>(got);
    }
    return 0;
}

hid_t part_driver() {
    static const hid_t driver = [] {
        static H5FD_class_t functions{};
#ifdef H5FD_CLASS_VERSION
        functions.version = H5FD_CLASS_VERSION;
#endif
        functions.name = "weft_part";
        functions.maxaddr = HADDR_MAX;
        functions.fc_degree = H5F_CLOSE_WEAK;
        functions.fapl_size = sizeof(Part);
        functions.open = open_part;
        functions.close = close_part;
        functions.get_eoa = [](const H5FD_t* file, H5FD_mem_t) { return part_of(file).end_of_use; };
        functions.set_eoa = [](H5FD_t* file, H5FD_mem_t, haddr_t end) {
            part_of(file).end_of_use = end;
            return herr_t{0};
        };
        functions.get_eof = [](const H5FD_t* file, H5FD_mem_t) { return haddr_t{part_of(file).part.bytes}; };
        functions.read = read_part;
        functions.write = [](H5FD_t*, H5FD_mem_t, hid_t, haddr_t, std::size_t, const void*) { return herr_t{-1}; };
        return H5FDregister(&functions);
    }();
    return driver;
}

}  // namespace

Hdf5Object open_hdf5_part(const std::string& path, std::uint64_t begin, std::uint64_t bytes, const std::string& label) {
    const Hdf5Quiet quiet;
    const Part part{begin, bytes};
    const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), label, "opening");
    check_hdf5(H5Pset_driver(access, part_driver(), &part), label, "opening");
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
    if (file < 0) throw FileError(fmt::format("{}: this is no HDF5 file, or it is truncated or damaged", label));
    return {file, label, ""};
}

}  // namespace weft::data
