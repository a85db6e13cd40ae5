#include <weft/autograd/kernels/copy.hpp>

#include <weft/autograd/kernels/threads.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace weft::kernels {
namespace {

struct Axis {
    std::int64_t size, source, destination;  // elements; strides
};

/// The axes of a copy, the destination's shortest stride last; neighbours that both sides step through as one are one.
struct Axes {
    static constexpr int limit = 32;
    Axis axis[limit];
    int rank = 0;

    std::int64_t size(int from, int to) const {
        std::int64_t count = 1;
        for (int a = from; a < to; ++a) count *= axis[a].size;
        return count;
    }
};

Axes collapse(int rank, const std::int64_t* shape, const std::int64_t* source, const std::int64_t* destination) {
    Axis sorted[Axes::limit];
    int count = 0;
    for (int a = 0; a < rank; ++a)
        if (shape[a] != 1) sorted[count++] = {shape[a], source[a], destination[a]};
    std::stable_sort(sorted, sorted + count,
                     [](const Axis& a, const Axis& b) { return std::abs(a.destination) > std::abs(b.destination); });
    Axes axes;
    for (int a = 0; a < count; ++a) {
        if (axes.rank > 0) {
            Axis& outer = axes.axis[axes.rank - 1];
            if (outer.source == sorted[a].size * sorted[a].source &&
                outer.destination == sorted[a].size * sorted[a].destination) {
                outer = {outer.size * sorted[a].size, sorted[a].source, sorted[a].destination};
                continue;
            }
        }
        axes.axis[axes.rank++] = sorted[a];
    }
    if (axes.rank == 0) axes.axis[axes.rank++] = {1, 1, 1};
    return axes;
}

/// Steps through the outer axes [0, rank) in row-major order, from any place in it.
class Walk {
public:
    Walk(const Axes& axes, int rank, std::int64_t position) : axes_(axes), rank_(rank) {
        for (int a = rank_ - 1; a >= 0; --a) {
            const Axis& axis = axes_.axis[a];
            index_[a] = position % axis.size;
            position /= axis.size;
            source += index_[a] * axis.source;
            destination += index_[a] * axis.destination;
        }
    }

    void next() {
        for (int a = rank_ - 1; a >= 0; --a) {
            const Axis& axis = axes_.axis[a];
            source += axis.source;
            destination += axis.destination;
            if (++index_[a] < axis.size) return;
            index_[a] = 0;
            source -= axis.size * axis.source;
            destination -= axis.size * axis.destination;
        }
    }

    std::int64_t source = 0, destination = 0;  // offsets

private:
    const Axes& axes_;
    int rank_;
    std::int64_t index_[Axes::limit] = {};
};

template <class T>
void copy_row(const T* source, T* destination, std::int64_t count, const Axis& axis) {
    if (axis.destination != 1) {
        for (std::int64_t i = 0; i < count; ++i) destination[i * axis.destination] = source[i * axis.source];
    } else if (axis.source == 1) {
        std::memcpy(destination, source, static_cast<std::size_t>(count) * sizeof(T));
    } else if (axis.source == 0) {
        std::fill_n(destination, count, *source);
    } else {
        for (std::int64_t i = 0; i < count; ++i) destination[i] = source[i * axis.source];
    }
}

// The elements' own type does not matter to a copy: these may stand for any of their size.
using Word1 [[gnu::may_alias]] = std::uint8_t;
using Word4 [[gnu::may_alias]] = std::uint32_t;
using Word8 [[gnu::may_alias]] = std::uint64_t;

constexpr std::int64_t tile = 16;  // floats in a cache line

/// destination[r * row, c] = buffer[c][r] for a whole tile.
template <class T>
void write_turned(const T (&buffer)[tile][tile], T* destination, std::int64_t row) {
    for (std::int64_t r = 0; r < tile; ++r)
        for (std::int64_t c = 0; c < tile; ++c) destination[r * row + c] = buffer[c][r];
}

/// Four by four, in registers.
void write_turned(const Word4 (&buffer)[tile][tile], Word4* destination, std::int64_t row) {
    using Four [[gnu::vector_size(16)]] = std::uint32_t;
    for (std::int64_t r = 0; r < tile; r += 4)
        for (std::int64_t c = 0; c < tile; c += 4) {
            Four in[4], out[4];
            for (int i = 0; i < 4; ++i) std::memcpy(&in[i], &buffer[c + i][r], sizeof in[i]);
            const Four low02 = __builtin_shufflevector(in[0], in[2], 0, 4, 1, 5);
            const Four low13 = __builtin_shufflevector(in[1], in[3], 0, 4, 1, 5);
            const Four high02 = __builtin_shufflevector(in[0], in[2], 2, 6, 3, 7);
            const Four high13 = __builtin_shufflevector(in[1], in[3], 2, 6, 3, 7);
            out[0] = __builtin_shufflevector(low02, low13, 0, 4, 1, 5);
            out[1] = __builtin_shufflevector(low02, low13, 2, 6, 3, 7);
            out[2] = __builtin_shufflevector(high02, high13, 0, 4, 1, 5);
            out[3] = __builtin_shufflevector(high02, high13, 2, 6, 3, 7);
            for (int i = 0; i < 4; ++i) std::memcpy(destination + (r + i) * row + c, &out[i], sizeof out[i]);
        }
}

/// destination[r * row, c] = source[c * column, r] for r < rows, c < columns (at most a tile): whole lines on both
/// sides, turned in a buffer, so that power-of-two strides do not make lines push each other out half used.
template <class T>
void transpose_tile(const T* source, std::int64_t column, T* destination, std::int64_t row, std::int64_t rows,
                    std::int64_t columns) {
    if (rows == tile && columns == tile) {
        T buffer[tile][tile];
        for (std::int64_t c = 0; c < tile; ++c) {
            std::memcpy(buffer[c], source + c * column, sizeof buffer[c]);
            __builtin_prefetch(source + (c + tile) * column);  // the next tile's: too irregular to be foreseen
        }
        return write_turned(buffer, destination, row);
    }
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) destination[r * row + c] = source[c * column + r];
}

/// Copies where the destination runs along the last axis and the source along axis `other`.
template <class T>
void copy_transposed(const Axes& all, int other, const T* source, T* destination) {
    Axes axes = all;
    std::rotate(axes.axis + other, axes.axis + other + 1, axes.axis + axes.rank - 1);  // to the last place but one
    const int outer = axes.rank - 2;
    const Axis rows = axes.axis[outer], columns = axes.axis[outer + 1];
    constexpr std::int64_t strip = 256;
    const std::int64_t row_tiles = (rows.size + tile - 1) / tile, strips = (columns.size + strip - 1) / strip;
    const std::int64_t units = axes.size(0, outer) * row_tiles * strips;
    const std::int64_t work = std::min(rows.size, tile) * std::min(columns.size, strip);
    parallel_for(units, std::max<std::int64_t>(1, elementwise_grain / work), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t unit = begin; unit < end; ++unit) {
            const Walk walk(axes, outer, unit / (row_tiles * strips));
            // Rows innermost: they lie on the same pages of the source.
            const std::int64_t r = unit % row_tiles * tile, first = unit / row_tiles % strips * strip;
            const std::int64_t height = std::min(tile, rows.size - r), last = std::min(first + strip, columns.size);
            for (std::int64_t c = first; c < last; c += tile)
                transpose_tile(source + walk.source + r + c * columns.source, columns.source,
                               destination + walk.destination + r * rows.destination + c, rows.destination, height,
                               std::min(tile, last - c));
        }
    });
}

template <class T>
void copy(const Axes& axes, const T* source, T* destination) {
    const Axis& inner = axes.axis[axes.rank - 1];
    if (axes.rank == 1) {
        parallel_for(inner.size, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
            copy_row(source + begin * inner.source, destination + begin * inner.destination, end - begin, inner);
        });
        return;
    }
    if (inner.destination == 1 && inner.source != 1 && inner.source != 0)
        for (int a = axes.rank - 2; a >= 0; --a)
            if (axes.axis[a].source == 1) return copy_transposed(axes, a, source, destination);
    const int outer = axes.rank - 1;
    const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / inner.size);
    parallel_for(axes.size(0, outer), grain, [&](std::int64_t begin, std::int64_t end) {
        Walk walk(axes, outer, begin);
        for (std::int64_t i = begin; i < end; ++i, walk.next())
            copy_row(source + walk.source, destination + walk.destination, inner.size, inner);
    });
}

/// Rows of a few bytes known to the compiler. They may lie anywhere: rows of four uint8 need no alignment.
template <std::size_t row_bytes>
void gather(const void* source, const std::int64_t* index, std::int64_t count, void* destination) {
    const auto* from = static_cast<const unsigned char*>(source);
    auto* to = static_cast<unsigned char*>(destination);
    parallel_for(count, elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            std::memcpy(to + static_cast<std::size_t>(i) * row_bytes,
                        from + static_cast<std::size_t>(index[i]) * row_bytes, row_bytes);
    });
}

/// Threads share the columns, so that each row's sums come in the order of i.
template <class T>
void scatter_add(const T* source, const std::int64_t* index, std::int64_t count, std::int64_t row_size,
                 T* destination) {
    if (count <= 0) return;
    const std::int64_t grain = std::max<std::int64_t>(64, elementwise_grain / count);
    parallel_for(row_size, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = 0; i < count; ++i) {
            const T* from = source + i * row_size;
            T* __restrict to = destination + index[i] * row_size;
            for (std::int64_t c = begin; c < end; ++c) to[c] += from[c];
        }
    });
}

}  // namespace

void strided_copy(std::size_t item_size, int rank, const std::int64_t* shape, const void* source,
                  const std::int64_t* source_strides, void* destination, const std::int64_t* destination_strides) {
    for (int a = 0; a < rank; ++a)
        if (shape[a] == 0) return;
    const Axes axes = collapse(rank, shape, source_strides, destination_strides);
    switch (item_size) {
        case 1: return copy(axes, static_cast<const Word1*>(source), static_cast<Word1*>(destination));
        case 4: return copy(axes, static_cast<const Word4*>(source), static_cast<Word4*>(destination));
        default: return copy(axes, static_cast<const Word8*>(source), static_cast<Word8*>(destination));
    }
}

void gather_rows(const void* source, const std::int64_t* index, std::int64_t count, std::size_t row_bytes,
                 void* destination) {
    switch (row_bytes) {
        case 0: return;
        case 1: return gather<1>(source, index, count, destination);
        case 4: return gather<4>(source, index, count, destination);
        case 8: return gather<8>(source, index, count, destination);
    }
    const char* from = static_cast<const char*>(source);
    char* to = static_cast<char*>(destination);
    const std::int64_t size = static_cast<std::int64_t>(row_bytes);
    parallel_for(count, std::max<std::int64_t>(1, 4 * elementwise_grain / size),
                 [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i)
                         std::memcpy(to + i * size, from + index[i] * size, row_bytes);
                 });
}

void scatter_add_rows(const float* source, const std::int64_t* index, std::int64_t count, std::int64_t row_size,
                      float* destination) {
    scatter_add(source, index, count, row_size, destination);
}

void scatter_add_rows(const double* source, const std::int64_t* index, std::int64_t count, std::int64_t row_size,
                      double* destination) {
    scatter_add(source, index, count, row_size, destination);
}

}  // namespace weft::kernels
