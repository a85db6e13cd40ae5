// Shapes: at most eight axes, kept inline.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// The size of an axis that is not known yet: {None, 10}.
inline constexpr std::int64_t None = -1;

class Shape {
public:
    static constexpr int max_rank = 8;

    Shape() = default;
    Shape(std::initializer_list<std::int64_t> axes) : Shape(std::span(axes.begin(), axes.size())) {}
    Shape(const std::vector<std::int64_t>& axes) : Shape(std::span(axes)) {}
    /// Throws ShapeError for more than eight axes.
    explicit Shape(std::span<const std::int64_t> axes);

    int rank() const { return rank_; }
    bool empty() const { return rank_ == 0; }
    std::int64_t operator[](int axis) const { return axes_[axis]; }
    std::int64_t& operator[](int axis) { return axes_[axis]; }
    std::int64_t front() const { return axes_[0]; }
    std::int64_t back() const { return axes_[rank_ - 1]; }
    const std::int64_t* begin() const { return axes_.data(); }
    const std::int64_t* end() const { return axes_.data() + rank_; }
    std::int64_t* begin() { return axes_.data(); }
    std::int64_t* end() { return axes_.data() + rank_; }

    /// The product of all axes; 1 for rank 0.
    std::int64_t elements() const {
        std::int64_t product = 1;
        for (std::int64_t n : *this) product *= n;
        return product;
    }
    /// Whether no axis is None.
    bool known() const;

    /// Axis counted from the end if negative. Throws IndexError, naming `where`.
    int axis(std::int64_t axis, const char* where) const;

    void push_back(std::int64_t n);
    void insert(int axis, std::int64_t n);
    void erase(int axis);

    bool operator==(const Shape& other) const;

private:
    std::array<std::int64_t, max_rank> axes_{};
    int rank_ = 0;
};

/// "[32, 28, 28]"; unknown axes read "None".
std::string str(const Shape& shape);

/// The index, axis by axis, of the element at a row-major position.
Shape index_of(const Shape& shape, std::int64_t position);

/// The shape of a and b broadcast by NumPy's rules. Throws ShapeError, naming `where`.
Shape broadcast(const Shape& a, const Shape& b, const char* where);
/// Whether `from` broadcasts to exactly `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

}  // namespace weft
