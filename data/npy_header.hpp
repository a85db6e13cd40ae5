// The header of NumPy's array format, versions 1 to 3 (numpy.lib.format): a magic string, and a Python dictionary of
// element type, order and shape.
#pragma once

#include <weft/autograd/dtype.hpp>
#include <weft/autograd/shape.hpp>

#include <cstddef>
#include <functional>
#include <string>

namespace weft::data {

struct NpyHeader {
    char kind = 'f';              ///< 'b' bool, 'i' integer, 'u' unsigned, 'f' float
    int item_bytes = 4;           ///< of an element in the file
    bool other_endian = false;    ///< elements' bytes lie the other way round than here
    bool fortran_order = false;   ///< the first axis varies fastest
    Shape shape;

    /// What the elements become: float64 from f8, float32 from f2 and f4, bool, uint8 from u1, else int64.
    DType dtype() const;
    std::size_t bytes() const {
        return static_cast<std::size_t>(shape.elements()) * static_cast<std::size_t>(item_bytes);
    }
};

/// Reads a header through read(to, bytes), which throws where the file ends. `left` is how many bytes the file holds.
/// Throws FileError, beginning with `where`: not NumPy's, damaged, an element type that has no counterpart, more axes
/// than eight, more bytes of elements than `left` after the header, or fewer.
NpyHeader read_npy_header(const std::function<void(void* to, std::size_t bytes)>& read, std::size_t left,
                          const std::string& where);

/// Version 1, padded with spaces so that the elements begin at a multiple of 64.
std::string npy_header(const Shape& shape, DType dtype);

}  // namespace weft::data
