// A numeric dataset of an open HDF5 file: what it holds is known and believed before any of it is read.
#pragma once

#include <weft/data/hdf5_file.hpp>

namespace weft::data {

/// Floats read as float32 or float64, h5py's booleans as bool, unsigned bytes as uint8, other integers as int64.
class Hdf5Dataset {
public:
    const Shape& shape() const { return shape_; }
    DType dtype() const { return dtype_; }
    /// How many positions of the first axis a chunk holds; 0 if the elements lie in one piece.
    std::int64_t chunk_rows() const { return chunk_rows_; }
    const Hdf5Object& object() const { return object_; }
    /// "file.h5, /x", for error texts.
    std::string where() const { return object_.where(); }

    /// All elements. Throws FileError, also for an integer that int64 cannot hold.
    Tensor read() const;
    /// All elements into a tensor of the same shape, float32, float64 or int64, converted to its type: what was there
    /// is overwritten. Throws ShapeError, DTypeError, FileError.
    void read_into(const Tensor& target) const;
    /// Whether read_into() would succeed: reads all elements once, in pieces that are not kept. Throws as it does.
    void try_read_into(const Tensor& target) const;
    /// Positions begin, begin + 1, ... before end of the first axis. Throws IndexError unless 0 <= begin <= end <= its
    /// size, ShapeError for a single number, FileError.
    Tensor read(std::int64_t begin, std::int64_t end) const;

private:
    friend class Hdf5Object;
    explicit Hdf5Dataset(Hdf5Object object);
    void check_target(const Tensor& target) const;
    Tensor read_selected(const Shape& shape, std::int64_t memory, std::int64_t file) const;

    Hdf5Object object_;
    Shape shape_;
    DType dtype_ = float32;
    bool unsigned64_ = false;  // in the file
    std::int64_t chunk_rows_ = 0;
};

}  // namespace weft::data
