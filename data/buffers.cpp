#include <weft/data/buffers.hpp>

namespace weft::data {

Array Buffers::take(const Shape& shape, DType dtype) {
    const std::lock_guard lock(mutex_);
    Array* unused = nullptr;
    for (Array& array : kept_) {
        if (!array.unique()) continue;
        if (array.dtype() == dtype && array.shape() == shape) return array;
        unused = &array;
    }
    Array array(shape, dtype);
    if (kept_.size() < most_) kept_.push_back(array);
    else if (unused) *unused = array;
    return array;
}

}  // namespace weft::data
