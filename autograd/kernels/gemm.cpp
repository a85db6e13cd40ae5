#include <weft/autograd/kernels/arch.hpp>
#include <weft/autograd/kernels/gemm.hpp>
#include <weft/autograd/kernels/pack.hpp>
#include <weft/autograd/kernels/scratch.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/kernels/tile.hpp>

namespace weft::kernels {
namespace {

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
constexpr std::int64_t larger(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// ---- The tiles, by shape ----

/// The vectors of the widest tile, and the rows of the tallest for each number of vectors.
constexpr int max_vectors = 4;
constexpr int max_rows[max_vectors + 1] = {0, max_sums / 2, max_sums / 2, max_sums >= 28 ? 8 : 4,
                                           max_sums >= 28 ? 6 : 3};

template <class T>
struct TileCall {
    std::int64_t k;
    const T* a;
    std::int64_t a_step;  // between rows if they lie apart, else between steps of k
    const T* b;
    std::int64_t b_step;
    const T* from;  // what the sums start with: zeros, the bias or c
    std::int64_t from_step;
    T* c;
    std::int64_t ldc;
    std::int64_t last;  // lanes in use of the last vector
    bool relu;
};

/// How a tile finds its part of a: as rows of length a_step, or as columns (transposed or packed), a_step apart.
enum ALayout { a_rows, a_columns, a_layouts };

template <class T, int rows, int vectors, ALayout layout>
void run_tile(const TileCall<T>& call) {
    Tile<T, rows, vectors> tile;
    if (call.last == lanes<T>)
        tile.load(call.from, call.from_step);
    else
        tile.load(call.from, call.from_step, call.last);
    if constexpr (layout == a_rows)
        tile.multiply(call.k, call.a, call.a_step, Fixed<1>{}, call.b, call.b_step);
    else
        tile.multiply(call.k, call.a, Fixed<1>{}, call.a_step, call.b, call.b_step);
    if (call.relu) tile.relu();
    if (call.last == lanes<T>)
        tile.store(call.c, call.ldc);
    else
        tile.store(call.c, call.ldc, call.last);
}

template <class T>
using TileFunction = void (*)(const TileCall<T>&);

template <class T>
struct TileTable {
    TileFunction<T> entry[a_layouts][max_vectors + 1][max_sums / 2 + 1] = {};

    constexpr TileTable() {
        fill<1>();
        fill<2>();
        fill<3>();
        fill<4>();
    }

    template <int vectors, int rows = max_rows[vectors]>
    constexpr void fill() {
        entry[a_rows][vectors][rows] = run_tile<T, rows, vectors, a_rows>;
        entry[a_columns][vectors][rows] = run_tile<T, rows, vectors, a_columns>;
        if constexpr (rows > 1) fill<vectors, rows - 1>();
    }
};

template <class T>
constexpr TileTable<T> tile_table;

template <class T>
alignas(64) constexpr T zeros[max_vectors * lanes<T>] = {};

// ---- The plan: what to pack, in which blocks ----

struct Plan {
    int vectors;           // of a full panel of b
    std::int64_t tiles;    // of rows
    std::int64_t depth;    // of a block, along k
    std::int64_t panels;   // of b in a block, along n
    std::int64_t heights;  // tiles of a in a block, along m, if a is packed
    bool pack_a, pack_b;
};

template <class T>
Plan make_plan(const GemmArguments<T>& g) {
    constexpr std::int64_t L = lanes<T>, size = sizeof(T);
    constexpr std::int64_t b_block = 512 * 1024;  // bytes: half of a second-level cache
    Plan plan;
    const std::int64_t vectors = divide_up(g.n, L);
    const bool few_rows = g.m <= 48;
    if (vectors <= 3)
        plan.vectors = static_cast<int>(vectors);
    else
        plan.vectors = max_sums < 28 || few_rows ? 2 : 4;
    plan.tiles = divide_up(g.m, max_rows[plan.vectors]);
    const std::int64_t width = plan.vectors * L, panels = divide_up(g.n, width);

    const std::int64_t deepest = 1536 / size, parts = g.k <= deepest * 3 / 2 ? 1 : divide_up(g.k, deepest);
    plan.depth = larger(divide_up(g.k, parts), 1);

    // b: one panel at a time if there are few tiles to share a block. Rows that are panels already stay where they are.
    plan.pack_b = g.transpose_b || (!few_rows && !(panels == 1 && g.ldb == width));
    plan.panels = few_rows ? 1 : smaller(panels, larger(b_block / (plan.depth * width * size), 1));

    plan.pack_a = false;
    plan.heights = plan.tiles;
    if (g.transpose_a && panels > 1) {
        plan.pack_a = plan.depth * g.lda * size > 512 * 1024;
        plan.heights = smaller(plan.tiles, larger(96 / max_rows[plan.vectors], 1));
    } else if (!g.transpose_a && panels > 1) {
        plan.pack_a = max_rows[plan.vectors] > 8 && g.m > 8 && g.lda * size % 2048 == 0;
        plan.heights = 1;
    }
    return plan;
}

// ---- The serial driver ----

template <class T>
void add_bias(const GemmArguments<T>& g) {
    constexpr std::int64_t L = lanes<T>;
    for (std::int64_t i = 0; i < g.m; ++i) {
        T* c = g.c + i * g.ldc;
        std::int64_t j = 0;
        for (; j + L <= g.n; j += L)
            (Batch<T>::load_unaligned(c + j) + Batch<T>::load_unaligned(g.bias + j)).store_unaligned(c + j);
        if (j < g.n) store_partial(c + j, g.n - j, load_partial(c + j, g.n - j) + load_partial(g.bias + j, g.n - j));
    }
}

/// Rows of tile t when `tiles` tiles share m rows evenly: 32 is 11 + 11 + 10, not 14 + 14 + 4.
struct Rows {
    std::int64_t m, tiles;

    std::int64_t begin(std::int64_t t) const { return t * (m / tiles) + smaller(t, m % tiles); }
    std::int64_t count(std::int64_t t) const { return m / tiles + (t < m % tiles); }
};

template <class T>
void multiply(const GemmArguments<T>& g) {
    constexpr std::int64_t L = lanes<T>;
    if (g.accumulate && g.bias) add_bias(g);  // then the sums start with c alone
    const Plan plan = make_plan(g);
    const Rows rows{g.m, plan.tiles};
    const std::int64_t width = plan.vectors * L, panels = divide_up(g.n, width), columns = divide_up(g.n, L) * L;
    const bool pack_last = g.n % L != 0;  // a partial vector of b is read from a packed, padded panel

    T* const packed_a = plan.pack_a ? static_cast<T*>(scratch(scratch_gemm_a, static_cast<std::size_t>(
                                          plan.heights * max_rows[plan.vectors] * plan.depth + L) * sizeof(T)))
                                    : nullptr;
    T* const packed_b = plan.pack_b || pack_last
                            ? static_cast<T*>(scratch(scratch_gemm_b, static_cast<std::size_t>(
                                  (plan.pack_b ? plan.panels : 1) * width * plan.depth + L) * sizeof(T)))
                            : nullptr;

    std::int64_t p = 0;
    do {
        TileCall<T> call;
        call.k = smaller(plan.depth, g.k - p);
        call.ldc = g.ldc;
        call.relu = g.epilogue == Epilogue::relu && p + call.k == g.k;
        const bool add = g.accumulate || p > 0;

        const auto pack_a = [&](std::int64_t first, std::int64_t last) {
            T* to = packed_a;
            for (std::int64_t t = first; t < last; ++t) {
                const std::int64_t i = rows.begin(t), count = rows.count(t);
                if (g.transpose_a)
                    pack_rows(call.k, count, count, g.a + p * g.lda + i, g.lda, to);
                else
                    pack_transposed(call.k, count, count, g.a + i * g.lda + p, g.lda, to);
                to += call.k * count;
            }
        };
        const bool pack_a_once = plan.pack_a && plan.heights >= plan.tiles;
        if (pack_a_once) pack_a(0, plan.tiles);

        for (std::int64_t first_panel = 0; first_panel < panels; first_panel += plan.panels) {
            const std::int64_t end_panel = smaller(first_panel + plan.panels, panels);
            for (std::int64_t q = first_panel; q < end_panel; ++q) {
                const std::int64_t j = q * width, count = smaller(width, g.n - j);
                if (!plan.pack_b && !(pack_last && j + width > g.n)) continue;
                T* to = packed_b + (plan.pack_b ? (q - first_panel) * width * call.k : 0);
                const std::int64_t padded = smaller(width, columns - j);
                if (g.transpose_b)
                    pack_transposed(call.k, padded, count, g.b + j * g.ldb + p, g.ldb, to);
                else
                    pack_rows(call.k, padded, count, g.b + p * g.ldb + j, g.ldb, to);
            }
            for (std::int64_t first_tile = 0; first_tile < plan.tiles; first_tile += plan.heights) {
                const std::int64_t end_tile = smaller(first_tile + plan.heights, plan.tiles);
                if (plan.pack_a && !pack_a_once) pack_a(first_tile, end_tile);
                const T* next_a = packed_a;
                for (std::int64_t t = first_tile; t < end_tile; ++t) {
                    const std::int64_t i = rows.begin(t), count = rows.count(t);
                    const ALayout layout = plan.pack_a || g.transpose_a ? a_columns : a_rows;
                    if (plan.pack_a) {
                        call.a = next_a;
                        call.a_step = count;
                        next_a += call.k * count;
                    } else {
                        call.a = g.transpose_a ? g.a + p * g.lda + i : g.a + i * g.lda + p;
                        call.a_step = g.lda;
                    }
                    for (std::int64_t q = first_panel; q < end_panel; ++q) {
                        const std::int64_t j = q * width, padded = smaller(width, columns - j);
                        if (plan.pack_b || (pack_last && j + width > g.n)) {
                            call.b = packed_b + (plan.pack_b ? (q - first_panel) * width * call.k : 0);
                            call.b_step = padded;
                        } else {
                            call.b = g.b + p * g.ldb + j;
                            call.b_step = g.ldb;
                        }
                        call.c = g.c + i * g.ldc + j;
                        call.from = add ? call.c : g.bias ? g.bias + j : zeros<T>;
                        call.from_step = add ? g.ldc : 0;
                        call.last = j + padded > g.n ? g.n % L : L;
                        tile_table<T>.entry[layout][padded / L][count](call);
                    }
                }
            }
        }
        p += plan.depth;
    } while (p < g.k);
}

// ---- Threads ----

template <class T>
void gemm(const GemmArguments<T>& g) {
    if (g.m <= 0 || g.n <= 0) return;
    constexpr double smallest_part = 0.3e6;  // floating-point operations that pay for a thread
    const double operations = 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) *
                              static_cast<double>(g.k > 0 ? g.k : 1);
    const auto parts = static_cast<std::int64_t>(operations / smallest_part);
    // Columns are split in whole vectors; rows anywhere, the tiles balance them.
    const std::int64_t vectors = divide_up(g.n, lanes<T>);
    if (g.n >= g.m) {
        parallel_for(vectors, divide_up(vectors, larger(parts, 1)), [&](std::int64_t begin, std::int64_t end) {
            GemmArguments<T> share = g;
            const std::int64_t j = begin * lanes<T>;
            share.n = smaller(end * lanes<T>, g.n) - j;
            share.b = g.transpose_b ? g.b + j * g.ldb : g.b + j;
            share.c = g.c + j;
            if (g.bias) share.bias = g.bias + j;
            multiply(share);
        });
    } else {
        parallel_for(g.m, divide_up(g.m, larger(parts, 1)), [&](std::int64_t begin, std::int64_t end) {
            GemmArguments<T> share = g;
            share.m = end - begin;
            share.a = g.transpose_a ? g.a + begin : g.a + begin * g.lda;
            share.c = g.c + begin * g.ldc;
            multiply(share);
        });
    }
}

}  // namespace

template <>
const Gemm& family<Gemm, this_isa>() {
    static constexpr Gemm table{gemm<float>, gemm<double>};
    return table;
}

}  // namespace weft::kernels
