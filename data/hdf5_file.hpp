// A thin wrapper of HDF5's C interface: objects that close themselves, attributes and datasets as values, and every
// failure as a FileError that names the file and the object in it. Files come from strangers: links that lead elsewhere
// are refused, and what a file claims is compared with what it holds before anything is allocated.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::data {

class Hdf5Dataset;

/// How a tensor lies in a file.
struct Hdf5Layout {
    std::int64_t chunk_rows =
        0;  ///< positions of the first axis in a chunk; 0: in one piece, or by chunks of 1 MiB if compressed
    int compression = 0;          ///< gzip's level, from 1 (fast) to 9 (small); 0: none
};

/// An open file, group or dataset.
class Hdf5Object {
public:
    using Id = std::int64_t;  // hid_t

    Hdf5Object() = default;
    Hdf5Object(Id id, std::string file, std::string path);
    Id id() const { return *id_; }
    /// "file.h5, /model_weights/dense", for error texts.
    std::string where() const;
    const std::string& file() const { return file_; }
    const std::string& path() const { return path_; }

    /// Whether a group holds an object of that name; "a/b" looks into sub-groups.
    bool contains(const std::string& name) const;
    /// The names in a group, as HDF5 sorts them. Throws FileError for more than a million.
    std::vector<std::string> names() const;
    bool is_group(const std::string& name) const;
    /// Which object of the file this is, by whatever name it was found.
    std::uint64_t address() const;

    Hdf5Object group(const std::string& name) const;
    Hdf5Object create_group(const std::string& name) const;

    bool has_attribute(const std::string& name) const;
    /// A text attribute of any of HDF5's string types; nothing if there is none of that name.
    std::optional<std::string> text(const std::string& name) const;
    /// A list of names; an attribute split into name0, name1, ... is joined; an empty list may be of any type.
    std::optional<std::vector<std::string>> texts(const std::string& name) const;
    /// Fixed length, padded with zeros; at most 64 KiB.
    void write_text(const std::string& name, const std::string& value) const;
    /// Variable length, for texts of any size.
    void write_long_text(const std::string& name, const std::string& value) const;
    /// Fixed length; split into name0, name1, ... where HDF5 has no room for one attribute.
    void write_texts(const std::string& name, const std::vector<std::string>& values) const;

    /// The shape of a dataset.
    Shape shape_of(const std::string& name) const;
    /// A numeric dataset, to be read from; see hdf5_dataset.hpp.
    Hdf5Dataset dataset(const std::string& name) const;
    /// All elements of a numeric dataset.
    Tensor read(const std::string& name) const;
    /// Makes a dataset, with the groups on the way to it. Throws FileError, ValueError for a layout that cannot be.
    void write(const std::string& name, const Tensor& value, const Hdf5Layout& layout = {}) const;

private:
    Hdf5Object open(const std::string& name, bool dataset) const;
    std::shared_ptr<Id> id_;
    std::string file_, path_;
};

/// Whether a file begins as HDF5 files do. Throws FileError if it cannot be read.
bool is_hdf5(const std::string& path);
/// Opens a file to be read; error texts call it `label`, if given. Throws FileError.
Hdf5Object open_hdf5(const std::string& path, const std::string& label = {});

/// Writes a file through `fill`: into a temporary file of the same folder, flushed, and renamed over `path` when
/// complete, so that a failure at any moment leaves the old file whole. Throws FileError.
void write_hdf5(const std::string& path, const std::function<void(const Hdf5Object& root)>& fill);
/// The same in place, over whatever the file held, for a file of one's own. The first `left_free` bytes, 0 or a power
/// of two from 512 on, are another's. Throws FileError.
void fill_hdf5(const std::string& path, const std::function<void(const Hdf5Object& root)>& fill,
               std::uint64_t left_free = 0);

}  // namespace weft::data
