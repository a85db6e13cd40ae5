// The matrix multiply's driver: chooses tile, packing and loop order from the shape. The work itself is in
// gemm_tiles.hpp, pack.hpp and, for a single column, gemv.hpp.
#include <weft/autograd/kernels/arch.hpp>
#include <weft/autograd/kernels/gemm.hpp>
#include <weft/autograd/kernels/gemm_tiles.hpp>
#include <weft/autograd/kernels/gemv.hpp>
#include <weft/autograd/kernels/pack.hpp>
#include <weft/autograd/kernels/scratch.hpp>
#include <weft/autograd/kernels/threads.hpp>

namespace weft::kernels {
namespace {

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
constexpr std::int64_t larger(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// ---- The plan ----

/// m rows shared evenly by `tiles` tiles: 32 is 11 + 11 + 10, not 14 + 14 + 4.
struct RowTiles {
    std::int64_t m, tiles;

    std::int64_t begin(std::int64_t t) const { return t * (m / tiles) + smaller(t, m % tiles); }
    std::int64_t count(std::int64_t t) const { return m / tiles + (t < m % tiles); }
};

/// c is made in blocks: `depth` steps of k at a time; within these, `panels` panels of b (`vectors` wide) at a time;
/// within these, if a is packed, `heights` row tiles at a time. Innermost, each row tile meets each panel of the block:
/// the tile's part of a stays in the first-level cache, the block of b in the second, and c is written row by row.
struct Plan {
    int vectors;
    RowTiles rows;
    std::int64_t depth, panels, heights;
    std::int64_t ahead;  // how much of a to ask for early: steps of k, or the first elements of the next tile's rows
    bool pack_a, pack_b;
};

/// A transposed a is read in place but where its lines of memory, one a step of k, would not stay in the cache from one
/// row tile to the next: steps that are half pages apart fall on the same few places of it, and short tiles come back
/// too often. Then it is packed.
template <class T>
bool packs_a(const GemmArguments<T>& g) {
    constexpr std::int64_t size = sizeof(T);
    return g.transpose_a && g.n >= 256 && g.k * g.lda * size >= 1024 * 1024 &&
           (!many_registers || g.lda * size % 2048 == 0);
}

// The figures below were measured (bench/gemm.cpp).
template <class T>
Plan make_plan(const GemmArguments<T>& g) {
    constexpr std::int64_t L = lanes<T>, size = sizeof(T);
    const std::int64_t vectors = divide_up(g.n, L);
    Plan plan;

    const std::int64_t fewest = max_rows[few_rows_vectors];
    const bool few_rows = g.m <= 48;
    // A short k is all loading and storing of c: smaller tiles let one's stores run beside the next one's sums.
    const bool short_k = g.k <= 24;
    const bool narrow = short_k || (few_rows && g.transpose_b);
    const std::int64_t widest = g.m == 1 ? max_vectors : g.m <= fewest ? few_rows_vectors : narrow ? 2 : usual_vectors;
    plan.vectors = static_cast<int>(smaller(vectors, widest));
    if (!many_registers && vectors == 3) plan.vectors = 3;
    std::int64_t rows = max_rows[plan.vectors];
    if (short_k || (plan.vectors == 2 && g.k <= 128)) rows = smaller(rows, 8);

    // The addresses of more rows would not fit the registers.
    if (plan.vectors == 1 && !g.transpose_a) rows = smaller(rows, 12);

    plan.pack_a = packs_a(g);
    if (plan.pack_a && g.m > fewest) {
        plan.vectors = 2;
        rows = max_rows[2];
    }
    plan.rows = {g.m, divide_up(g.m, rows)};
    plan.heights = plan.pack_a ? smaller(plan.rows.tiles, 4096 / rows) : plan.rows.tiles;

    // A step of a transposed a in place takes a cache line for a few elements: with narrow tiles keep these few.
    const std::int64_t deepest = (!many_registers && g.transpose_a && !plan.pack_a ? 256 : 1536) / size;
    plan.depth = g.k <= deepest * 3 / 2 ? larger(g.k, 1) : divide_up(g.k, divide_up(g.k, deepest));
    // Of a large a the processor foresees the elements of a row, but not the next tile's rows, nor a step far away.
    const bool far_steps = g.transpose_a && !plan.pack_a && g.k * g.lda * size > 4 * 1024 * 1024;
    const bool long_rows = !g.transpose_a && g.m * g.k * size > 8 * 1024 * 1024 && plan.depth * size >= 1024;
    plan.ahead = far_steps || long_rows ? 64 : 0;

    // Few rows do not repay the packing of b; a small b, one whose rows are panels already, or one whose short rows are
    // read some twenty times needs none.
    const std::int64_t width = plan.vectors * L, panels = divide_up(g.n, width);
    const bool short_rows = g.ldb * size < 2048 && (g.m <= 128 || g.k * g.n * size <= 256 * 1024);
    plan.pack_b = g.transpose_b || !(few_rows || short_rows || (panels == 1 && g.ldb == width));
    constexpr std::int64_t b_block = 512 * 1024;  // bytes: half of a usual second-level cache
    const std::int64_t row_bytes = !few_rows ? b_block / plan.depth : g.transpose_b ? 256 : 1024;
    plan.panels = divide_up(panels, divide_up(panels, larger(row_bytes / (width * size), 1)));
    return plan;
}

// ---- The serial driver ----

template <class T>
class Multiply {
public:
    explicit Multiply(const GemmArguments<T>& arguments)
        : g(arguments), plan(make_plan(g)), width(plan.vectors * L), panels(divide_up(g.n, width)) {
        constexpr std::int64_t size = sizeof(T);
        if (plan.pack_a)
            packed_a = static_cast<T*>(scratch(
                scratch_gemm_a, static_cast<std::size_t>(plan.heights * (plan.rows.count(0) * plan.depth + L) * size)));
        if (plan.pack_b || g.n % L != 0)
            packed_b = static_cast<T*>(
                scratch(scratch_gemm_b, static_cast<std::size_t>((plan.panels * width * plan.depth + L) * size)));
    }

    void run() {
        do {
            depth = smaller(plan.depth, g.k - step);
            for (std::int64_t q = 0; q < panels; q += plan.panels) {
                const std::int64_t end = smaller(q + plan.panels, panels);
                pack_b(q, end);
                for (std::int64_t t = 0; t < plan.rows.tiles; t += plan.heights)
                    multiply(t, smaller(t + plan.heights, plan.rows.tiles), q, end);
            }
            step += plan.depth;
        } while (step < g.k);
    }

private:
    static constexpr std::int64_t L = lanes<T>;
    static constexpr std::int64_t rows_at_once = 8;  // packed across all panels before the next ones: a stream of reads

    const GemmArguments<T>& g;
    const Plan plan;
    const std::int64_t width, panels;
    T* packed_a = nullptr;
    T* packed_b = nullptr;
    std::int64_t step = 0, depth = 0;  // this block's part of k

    /// The columns of panel q, in whole vectors.
    std::int64_t padded(std::int64_t q) const { return smaller(width, divide_up(g.n - q * width, L) * L); }

    /// A partial vector of b is read from a packed panel: nothing may be read past its row.
    bool packed(std::int64_t q) const { return plan.pack_b || q * width + padded(q) > g.n; }

    T* packed_panel(std::int64_t q, std::int64_t first) { return packed_b + (q - first) * width * depth; }

    void pack_b(std::int64_t first, std::int64_t end) {
        if (!packed_b) return;
        const std::int64_t at_once = g.transpose_b ? larger(depth, 1) : rows_at_once;
        for (std::int64_t p = 0; p < depth; p += at_once)
            for (std::int64_t q = first; q < end; ++q) {
                if (!packed(q)) continue;
                const std::int64_t j = q * width, count = smaller(width, g.n - j), columns = padded(q);
                if (g.transpose_b)
                    pack_transposed(depth, columns, count, g.b + j * g.ldb + step, g.ldb, packed_panel(q, first));
                else
                    pack_rows(smaller(at_once, depth - p), columns, count, g.b + (step + p) * g.ldb + j, g.ldb,
                              packed_panel(q, first) + p * columns);
            }
    }

    /// Only a transposed a is ever packed. Each tile's panel has room for the vector that packing may overrun.
    void pack_a(std::int64_t first, std::int64_t end) {
        for (std::int64_t p = 0; p < depth; p += rows_at_once) {
            T* to = packed_a;
            for (std::int64_t t = first; t < end; ++t) {
                const std::int64_t count = plan.rows.count(t);
                pack_rows(smaller(rows_at_once, depth - p), count, count,
                          g.a + (step + p) * g.lda + plan.rows.begin(t), g.lda, to + p * count);
                to += depth * count + L;
            }
        }
    }

    /// While row tile t meets a panel, one of `all`: asks for the beginnings of its share of the next tile's rows.
    /// (Never a call: the compiler would take one for without effect.)
    [[gnu::always_inline]] void foresee_rows(std::int64_t t, std::int64_t panel, std::int64_t all) const {
        if (g.transpose_a || plan.ahead == 0 || t + 1 == plan.rows.tiles) return;
        const std::int64_t first = plan.rows.begin(t + 1), count = plan.rows.count(t + 1);
        for (std::int64_t r = count * panel / all; r < count * (panel + 1) / all; ++r) {
            const T* const row = g.a + (first + r) * g.lda + step;
            for (std::int64_t p = 0; p < plan.ahead; p += L) __builtin_prefetch(row + p);
        }
    }

    void multiply(std::int64_t first_tile, std::int64_t end_tile, std::int64_t first_panel, std::int64_t end_panel) {
        if (plan.pack_a && (first_panel == 0 || plan.heights < plan.rows.tiles)) pack_a(first_tile, end_tile);
        const auto& functions = tile_table<T>.entry[g.transpose_a ? a_columns : a_rows];
        const bool add = g.accumulate || step > 0;
        const T* next_a = packed_a;
        TileCall<T> call;
        call.k = depth;
        call.ahead = plan.ahead;
        call.ldc = g.ldc;
        call.from_step = add ? g.ldc : 0;
        call.relu = g.epilogue == Epilogue::relu && step + depth == g.k;
        for (std::int64_t t = first_tile; t < end_tile; ++t) {
            const std::int64_t i = plan.rows.begin(t), count = plan.rows.count(t);
            if (plan.pack_a) {
                call.a = next_a;
                call.a_step = count;
                next_a += depth * count + L;
            } else {
                call.a = g.transpose_a ? g.a + step * g.lda + i : g.a + i * g.lda + step;
                call.a_step = g.lda;
            }
            for (std::int64_t q = first_panel; q < end_panel; ++q) {
                const std::int64_t j = q * width, columns = padded(q);
                call.b = packed(q) ? packed_panel(q, first_panel) : g.b + step * g.ldb + j;
                call.b_step = packed(q) ? columns : g.ldb;
                call.c = g.c + i * g.ldc + j;
                call.from = add ? call.c : g.bias ? g.bias + j : nullptr;
                call.last = j + columns > g.n ? g.n % L : L;
                foresee_rows(t, q - first_panel, end_panel - first_panel);
                functions[columns / L][count](call);
            }
        }
    }
};

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

template <class T>
void run_serially(const GemmArguments<T>& g) {
    if (g.accumulate && g.bias) add_bias(g);  // the sums start with c, or with the bias
    const std::int64_t rest = g.m == 1 && !g.transpose_b ? g.n % lanes<T> : 0;
    if (rest == 0) return Multiply<T>(g).run();
    // A tile would have the last columns packed, which takes longer than one row's product.
    GemmArguments<T> whole = g;
    whole.n = g.n - rest;
    if (whole.n > 0) Multiply<T>(whole).run();
    narrow_row(rest, g.k, g.a, g.transpose_a ? g.lda : 1, g.b + whole.n, g.ldb, g.c + whole.n,
               g.bias ? g.bias + whole.n : nullptr, g.accumulate, g.epilogue == Epilogue::relu);
}

// ---- One column, one row, threads ----

/// Elements of a matrix that meets one vector below which a second thread does not pay.
constexpr std::int64_t elements_for_a_thread = 32 * 1024;

/// Products with one column whose matrix lies in rows along k: dot products, nothing a tile could share.
template <class T>
bool run_as_gemv(const GemmArguments<T>& g) {
    GemvArguments<T> v;
    if (g.n == 1 && !g.transpose_a && (g.transpose_b || g.ldb == 1))
        v = {g.m, g.k, g.a, g.lda, g.b, g.c, g.ldc, g.bias, 0, g.accumulate, g.epilogue == Epilogue::relu};
    else if (g.m == 1 && g.transpose_b && (!g.transpose_a || g.lda == 1))
        v = {g.n, g.k, g.b, g.ldb, g.a, g.c, 1, g.bias, 1, g.accumulate, g.epilogue == Epilogue::relu};
    else
        return false;
    const std::int64_t rows_for_a_thread = 1 + elements_for_a_thread / larger(v.k, 1);
    parallel_for(v.rows, rows_for_a_thread, [&](std::int64_t begin, std::int64_t end) { gemv(v, begin, end); });
    return true;
}

/// A product with one column, transposed as a whole: its row times the matrix, which then need not be transposed.
template <class T>
GemmArguments<T> as_row(const GemmArguments<T>& g) {
    GemmArguments<T> row = g;
    row.m = 1;
    row.n = g.m;
    row.a = g.b;
    row.lda = g.ldb;
    row.transpose_a = !g.transpose_b;
    row.b = g.a;
    row.ldb = g.lda;
    row.transpose_b = false;
    row.ldc = g.m;
    return row;
}

/// c = the sum of `pieces` products, each g.m rows of `stride` elements, and what else g adds; then g's epilogue.
template <class T>
void add_pieces(const GemmArguments<T>& g, const T* sums, std::int64_t pieces, std::int64_t stride) {
    constexpr std::int64_t L = lanes<T>;
    parallel_for(g.m, divide_up(elementwise_grain, pieces * g.n), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            for (std::int64_t j = 0; j < g.n; j += L) {
                const std::int64_t count = smaller(L, g.n - j);
                const T* const from = sums + i * stride + j;
                T* const to = g.c + i * g.ldc + j;
                Batch<T> sum = Batch<T>::load_aligned(from);
                for (std::int64_t p = 1; p < pieces; ++p) sum += Batch<T>::load_aligned(from + p * g.m * stride);
                if (g.bias) sum += load_partial(g.bias + j, count);
                if (g.accumulate) sum += load_partial(to, count);
                if (g.epilogue == Epilogue::relu) sum = xsimd::max(Batch<T>(T(0)), sum);  // a NaN stays: see Tile::relu
                store_partial(to, count, sum);
            }
    });
}

/// Among how many threads k is shared out. A small product of a long k: else each thread would read all of one matrix
/// and half of each row of the other, and mostly what another has last written. Of a weights' gradient, whose k is the
/// samples, a thread gets those it worked on before; of the weights themselves, the rows it updated.
/// One row takes as long as reading the matrix does, and a thread reads fastest in one stretch: where rows of b are
/// short, k is shared out too (5408 x 128 on two threads: 15 us and not 22).
template <class T>
std::int64_t pieces_of_depth(const GemmArguments<T>& g) {
    constexpr std::int64_t longest_row = 4096 / sizeof(T);  // beyond a page each stretch begins anew either way
    constexpr std::int64_t largest = 32 * 1024, multiplies_for_a_thread = 250'000;
    if (g.transpose_b) return 1;
    if (g.m == 1) return g.n > longest_row ? 1 : smaller(num_threads(), g.k * g.n / elements_for_a_thread);
    const bool long_k = g.k >= 4 * (g.m + g.n) && g.m * g.n <= largest;
    if (!long_k || (!g.transpose_a && g.n <= g.m)) return 1;
    return smaller(num_threads(), g.k * g.m * g.n / multiplies_for_a_thread);
}

/// Each thread multiplies a stretch of k into a c of its own; then they are added. False if that does not pay.
template <class T>
bool run_by_depth(const GemmArguments<T>& g) {
    const std::int64_t pieces = pieces_of_depth(g);
    if (pieces < 2) return false;
    const std::int64_t stride = divide_up(g.n, lanes<T>) * lanes<T>, size = g.m * stride;
    T* sums = static_cast<T*>(scratch(scratch_gemm_row, static_cast<std::size_t>(pieces * size) * sizeof(T)));
    parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t piece = begin; piece < end; ++piece) {
            const std::int64_t first = g.k * piece / pieces;
            GemmArguments<T> share = g;
            share.k = g.k * (piece + 1) / pieces - first;
            share.a += first * (g.transpose_a ? g.lda : 1);
            share.b += first * g.ldb;
            share.c = sums + piece * size;
            share.ldc = stride;
            share.bias = nullptr;
            share.accumulate = false;
            share.epilogue = Epilogue::none;
            run_serially(share);
        }
    });
    add_pieces(g, sums, pieces, stride);
    return true;
}

template <class T>
void gemm(const GemmArguments<T>& g) {
    if (g.m <= 0 || g.n <= 0) return;
    if (g.n == 1 && g.m > 1 && g.transpose_a && g.ldc == 1 && !g.bias) return gemm(as_row(g));
    if (run_as_gemv(g) || run_by_depth(g)) return;

    // A second thread pays from about half a million operations on. Padding costs as much as columns do, and the
    // loading and storing of c as much as some steps of k.
    const std::int64_t vectors = divide_up(g.n, lanes<T>);
    const double operations = 2.0 * static_cast<double>(g.m) * static_cast<double>(vectors * lanes<T>) *
                              static_cast<double>(g.k + 4);
    const std::int64_t parts = larger(static_cast<std::int64_t>(operations / 0.25e6), 1);
    // Of a square product the rows are shared where all of a would be packed by each thread.
    if (g.n > g.m || (g.n == g.m && !packs_a(g))) {
        parallel_for(vectors, divide_up(vectors, parts), [&](std::int64_t begin, std::int64_t end) {
            const std::int64_t j = begin * lanes<T>;
            GemmArguments<T> share = g;
            share.n = smaller(end * lanes<T>, g.n) - j;
            share.b += g.transpose_b ? j * g.ldb : j;
            share.c += j;
            if (g.bias) share.bias += j;
            run_serially(share);
        });
    } else {
        parallel_for(g.m, divide_up(g.m, parts), [&](std::int64_t begin, std::int64_t end) {
            GemmArguments<T> share = g;
            share.m = end - begin;
            share.a += g.transpose_a ? begin : begin * g.lda;
            share.c += begin * g.ldc;
            run_serially(share);
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
