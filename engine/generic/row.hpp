// The product of one row with weights that stand as their owner keeps them: row-major, not padded.
//
// The sums are those of `multiply`, over k in order from the bias on, so the bits are too.
#pragma once

#include "../isa/vector.hpp"

namespace lamina {
namespace {

template <class T>
LAMINA_INLINE V<T> rectified(V<T> sum, bool relu) {
    if (relu) sum = sum < T(0) ? V<T>{} : sum;
    return sum;
}

template <class T, int vectors>
void row_block(const Row<T>& p, Index column) {
    V<T> sum[vectors];
#pragma GCC unroll 12
    for (int v = 0; v < vectors; ++v) sum[v] = load(p.bias + column + v * kWidth<T>);
    const T* w = p.w + column;
    for (Index k = 0; k < p.depth; ++k, w += p.columns) {
        const V<T> factor = splat<T>(p.x[k]);
#pragma GCC unroll 12
        for (int v = 0; v < vectors; ++v) sum[v] = fma<T>(factor, load(w + v * kWidth<T>), sum[v]);
    }
#pragma GCC unroll 12
    for (int v = 0; v < vectors; ++v) {
        store<T>(p.out + column + v * kWidth<T>, rectified<T>(sum[v], p.relu));
    }
}

template <class T>
using RowFunction = void (*)(const Row<T>&, Index);

template <class T, int vectors = Simd<T>::tile_rows[1]>
RowFunction<T> row_block_of(Index wanted) {
    if constexpr (vectors == 1) {
        return row_block<T, 1>;
    } else {
        return wanted >= vectors ? row_block<T, vectors> : row_block_of<T, vectors - 1>(wanted);
    }
}

// Fewer columns than a register has: what lies beyond them is read along, except past the end.
template <class T>
void narrow_row(const Row<T>& p) {
    T line[kWidth<T>] = {};
    const size_t bytes = sizeof(T) * size_t(p.columns);
    __builtin_memcpy(line, p.bias, bytes);
    V<T> sum = load(line);
    const Index whole = p.depth - (kWidth<T> + p.columns - 1) / p.columns;
    Index k = 0;
    for (; k < whole; ++k) sum = fma<T>(splat<T>(p.x[k]), load(p.w + k * p.columns), sum);
    for (; k < p.depth; ++k) {
        __builtin_memcpy(line, p.w + k * p.columns, bytes);
        sum = fma<T>(splat<T>(p.x[k]), load(line), sum);
    }
    store<T>(line, rectified<T>(sum, p.relu));
    __builtin_memcpy(p.out, line, bytes);
}

template <class T>
void row(const Row<T>& p) {
    if (p.columns < kWidth<T>) return narrow_row(p);
    for (Index column = 0; column < p.columns;) {
        const Index vectors = (p.columns - column) / kWidth<T>;
        if (vectors == 0) {  // the last block overlaps the one before
            return row_block<T, 1>(p, p.columns - kWidth<T>);
        }
        row_block_of<T>(vectors)(p, column);
        constexpr Index most = Simd<T>::tile_rows[1];
        column += (vectors < most ? vectors : most) * kWidth<T>;
    }
}

}  // namespace
}  // namespace lamina
