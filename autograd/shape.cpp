#include <weft/autograd/error.hpp>
#include <weft/autograd/shape.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft {

Shape::Shape(std::span<const std::int64_t> axes) {
    if (axes.size() > max_rank)
        throw ShapeError(fmt::format("Shape: at most {} axes; received {}", max_rank, axes.size()));
    std::copy(axes.begin(), axes.end(), axes_.begin());
    rank_ = static_cast<int>(axes.size());
}

bool Shape::known() const {
    return std::none_of(begin(), end(), [](std::int64_t n) { return n < 0; });
}

int Shape::axis(std::int64_t axis, const char* where) const {
    if (axis < -rank_ || axis >= rank_)
        throw IndexError(
            fmt::format("{}: axis {} is outside a tensor of {} axes, shape {}", where, axis, rank_, str(*this)));
    return static_cast<int>(axis < 0 ? axis + rank_ : axis);
}

void Shape::push_back(std::int64_t n) { insert(rank_, n); }

void Shape::insert(int axis, std::int64_t n) {
    if (rank_ == max_rank)
        throw ShapeError(fmt::format("Shape: at most {} axes; {} has no room for another", max_rank, str(*this)));
    std::copy_backward(begin() + axis, end(), end() + 1);
    axes_[axis] = n;
    ++rank_;
}

void Shape::erase(int axis) {
    std::copy(begin() + axis + 1, end(), begin() + axis);
    --rank_;
}

bool Shape::operator==(const Shape& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

std::string str(const Shape& shape) {
    std::string text = "[";
    for (std::int64_t n : shape) {
        if (text.size() > 1) text += ", ";
        text += n == None ? "None" : std::to_string(n);
    }
    return text + "]";
}

Shape index_of(const Shape& shape, std::int64_t position) {
    Shape index = shape;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        index[axis] = position % shape[axis];
        position /= shape[axis];
    }
    return index;
}

Shape broadcast(const Shape& a, const Shape& b, const char* where) {
    const Shape& longer = a.rank() >= b.rank() ? a : b;
    const Shape& shorter = a.rank() >= b.rank() ? b : a;
    Shape result = longer;
    const int ahead = longer.rank() - shorter.rank();
    for (int i = 0; i < shorter.rank(); ++i) {
        const std::int64_t n = shorter[i], m = longer[ahead + i];
        if (n == m || n == 1) continue;
        if (m != 1)
            throw ShapeError(
                fmt::format("{}: shapes {} and {} do not broadcast: counted from the last, each pair of axes must be "
                            "equal or one of them 1; received {} and {} on axis {}",
                            where, str(a), str(b), m, n, i - shorter.rank()));
        result[ahead + i] = n;
    }
    return result;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
    const int ahead = to.rank() - from.rank();
    if (ahead < 0) return false;
    for (int i = 0; i < from.rank(); ++i)
        if (from[i] != to[ahead + i] && from[i] != 1) return false;
    return true;
}

}  // namespace weft
