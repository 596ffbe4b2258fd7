// The matrix product: an outer-product micro-kernel with its accumulators in registers.
//
// Every element is summed over k in order by fused multiply-add, so that neither the shape of a
// tile nor the width of a register changes a bit of it.
#pragma once

#include "../isa/vector.hpp"

namespace lamina {
namespace {

// Depth after which the accumulators go to memory and back, so that this much of b stays in the
// first-level cache while all rows pass by it.
inline constexpr Index kDepthBlock = 256;

template <class T, int rows, int vectors>
struct Tile {
    V<T> sum[rows][vectors];
};

template <class T, int rows, int vectors>
LAMINA_INLINE void start(Tile<T, rows, vectors>& tile, const Product<T>& p, bool add, const T* c,
                         const T* bias) {
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            const T* from = add ? c + r * p.c_row : bias;
            tile.sum[r][v] = from ? load(from + v * kWidth<T>) : V<T>{};
        }
    }
}

template <class T, int rows, int vectors>
LAMINA_INLINE void finish(const Tile<T, rows, vectors>& tile, const Product<T>& p, Finish kind,
                          T* c, const T* mask) {
    const Index c_row = p.c_row;
#pragma GCC unroll 12
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            Index at = r * c_row + v * kWidth<T>;
            V<T> sum = tile.sum[r][v];
            if (kind == Finish::relu) sum = sum < T(0) ? V<T>{} : sum;
            if (kind == Finish::relu_mask) sum = load(mask + at) > T(0) ? sum : sum * T(0);
            store<T>(c + at, sum);
        }
    }
}

// One tile of c at (row, column), over first <= k < last.
template <class T, int rows, int vectors>
void multiply_tile(const Product<T>& p, Index row, Index column, Index first, Index last) {
    T* c = p.c + row * p.c_row + column;
    const T* bias = p.bias ? p.bias + column : nullptr;
    Tile<T, rows, vectors> tile;
    start<T, rows, vectors>(tile, p, p.add || first > 0, c, bias);
    const T* a = p.a + row * p.a_row + first * p.a_step;
    const T* b = p.b + first * p.b_step + column;
    const Index a_row = p.a_row, a_step = p.a_step, b_step = p.b_step;
    for (Index k = first; k < last; ++k) {
        V<T> line[vectors];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) line[v] = load(b + v * kWidth<T>);
#pragma GCC unroll 12
        for (int r = 0; r < rows; ++r) {
            V<T> factor = splat<T>(a[r * a_row]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v) {
                tile.sum[r][v] = fma<T>(factor, line[v], tile.sum[r][v]);
            }
        }
        a += a_step;
        b += b_step;
    }
    const T* mask = p.mask ? p.mask + row * p.c_row + column : nullptr;
    Finish kind = last == p.depth ? p.finish : Finish::plain;
    switch (kind) {  // outside the loops of `finish`, so that each copy of it is straight code
        case Finish::plain: return finish<T, rows, vectors>(tile, p, Finish::plain, c, mask);
        case Finish::relu: return finish<T, rows, vectors>(tile, p, Finish::relu, c, mask);
        case Finish::relu_mask:
            return finish<T, rows, vectors>(tile, p, Finish::relu_mask, c, mask);
    }
}

template <class T>
using TileFunction = void (*)(const Product<T>&, Index, Index, Index, Index);

// The tile functions of one width, by their number of rows.
template <class T, int vectors, int rows = Simd<T>::tile_rows[vectors]>
TileFunction<T> tile_of(Index wanted) {
    if constexpr (rows == 1) {
        return multiply_tile<T, 1, vectors>;
    } else {
        return wanted == rows ? multiply_tile<T, rows, vectors>
                              : tile_of<T, vectors, rows - 1>(wanted);
    }
}

// All rows of one group of columns: tiles of as equal heights as can be.
template <class T, int vectors>
void multiply_columns(const Product<T>& p, Index column, Index first, Index last) {
    constexpr Index most = Simd<T>::tile_rows[vectors];
    Index tiles = (p.rows + most - 1) / most;
    Index height = p.rows / tiles, taller = p.rows % tiles, row = 0;
    TileFunction<T> tall = taller ? tile_of<T, vectors>(height + 1) : nullptr;
    TileFunction<T> plain = tile_of<T, vectors>(height);
    for (Index i = 0; i < tiles; ++i) {
        Index rows = height + (i < taller);
        (i < taller ? tall : plain)(p, row, column, first, last);
        row += rows;
    }
}

template <class T, int vectors = Simd<T>::tile_vectors>
void multiply_group(const Product<T>& p, Index left, Index column, Index first, Index last) {
    if constexpr (vectors == 1) {
        multiply_columns<T, 1>(p, column, first, last);
    } else if (left >= vectors) {
        multiply_columns<T, vectors>(p, column, first, last);
    } else {
        multiply_group<T, vectors - 1>(p, left, column, first, last);
    }
}

template <class T>
void multiply(const Product<T>& p) {
    if (p.rows <= 0) return;
    Index first = 0;
    do {
        Index left = p.depth - first;
        Index last = left < kDepthBlock + kDepthBlock / 2 ? p.depth : first + kDepthBlock;
        for (Index column = 0; column < p.columns;) {
            Index vectors = (p.columns - column) / kWidth<T>;
            multiply_group<T>(p, vectors, column, first, last);
            constexpr Index most = Simd<T>::tile_vectors;
            column += (vectors < most ? vectors : most) * kWidth<T>;
        }
        first = last;
    } while (first < p.depth);
}

}  // namespace
}  // namespace lamina
