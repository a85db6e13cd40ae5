// The matrix multiply's register tiles, compiled for every number of rows and vectors, and what one of them is asked to
// do. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/arch.hpp>
#include <weft/autograd/kernels/pack.hpp>
#include <weft/autograd/kernels/tile.hpp>

namespace weft::kernels {
namespace {

constexpr bool many_registers = max_sums >= 28;

/// The rows of the tallest tile for each number of vectors; the wide ones are for a few rows, the widest for one.
constexpr int max_vectors = many_registers ? widest_panel : 8;
constexpr int few_rows_vectors = 8;
constexpr int max_rows[widest_panel + 1] = {
    0,
    many_registers ? 14 : 8,
    many_registers ? 14 : 6,
    many_registers ? 8 : 4,
    many_registers ? 6 : 3,
    many_registers ? 3 : 2,
    many_registers ? 3 : 2,
    many_registers ? 3 : 1,
    many_registers ? 3 : 1,
    1, 1, 1, 1, 1, 1, 1, 1,
};

/// The widest tile for many rows: where registers are few and short, a wide tile makes most of each element of a.
constexpr int usual_vectors = many_registers || lanes<float> == 4 ? 4 : 2;

template <class T>
struct TileCall {
    std::int64_t k;
    const T* a;
    std::int64_t a_step;  // between rows, or between columns
    std::int64_t ahead;   // steps of k, where a lies as columns
    const T* b;
    std::int64_t b_step;
    const T* from;  // what the sums start with: the bias or c, or null for zeros
    std::int64_t from_step;
    T* c;
    std::int64_t ldc;
    std::int64_t last;  // lanes in use of the last vector
    bool relu;
};

/// A tile's part of a lies as rows a_step apart, or as columns (transposed or packed) a_step apart.
enum ALayout { a_rows, a_columns, a_layouts };

template <class T, int rows, int vectors, ALayout layout>
void run_tile(const TileCall<T>& call) {
    Tile<T, rows, vectors> tile;
    if (!call.from)
        tile.zero();
    else if (call.last == lanes<T>)
        tile.load(call.from, call.from_step);
    else
        tile.load(call.from, call.from_step, call.last);
    if constexpr (layout == a_rows)
        tile.multiply(call.k, call.a, call.a_step, Fixed<1>{}, call.b, call.b_step);
    else
        tile.multiply_foreseeing(call.ahead, call.k, call.a, Fixed<1>{}, call.a_step, call.b, call.b_step);
    if (call.relu) tile.relu();
    if (call.last == lanes<T>)
        tile.store(call.c, call.ldc);
    else
        tile.store(call.c, call.ldc, call.last);
}

template <class T>
struct TileTable {
    using Function = void (*)(const TileCall<T>&);
    Function entry[a_layouts][max_vectors + 1][max_rows[1] + 1] = {};

    constexpr TileTable() { fill<max_vectors, max_rows[max_vectors]>(); }

    template <int vectors, int rows>
    constexpr void fill() {
        entry[a_rows][vectors][rows] = run_tile<T, rows, vectors, a_rows>;
        entry[a_columns][vectors][rows] = run_tile<T, rows, vectors, a_columns>;
        if constexpr (rows > 1)
            fill<vectors, rows - 1>();
        else if constexpr (vectors > 1)
            fill<vectors - 1, max_rows[vectors - 1]>();
    }
};

template <class T>
constexpr TileTable<T> tile_table;

}  // namespace
}  // namespace weft::kernels
