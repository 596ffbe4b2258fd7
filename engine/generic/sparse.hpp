// Products with rows in compressed form. A row's entries come in the order of their columns, so
// the sums are those of the dense product without its zeros.
#pragma once

#include "draws.hpp"

namespace lamina {
namespace {

// Entry i of a row, after dropout where there is any.
template <class T>
LAMINA_INLINE T entry(const SparseRows<T>& x, uint64_t key, Index i) {
    return x.drop.threshold ? kept(x, key, i) : x.values[i];
}

template <class T>
LAMINA_INLINE uint64_t key_in(const SparseRows<T>& x, Index r) {
    return x.drop.threshold ? key_of(x.drop.stream, x.first + r) : 0;
}

template <class T, int vectors>
LAMINA_INLINE void sparse_row(const SparseRows<T>& x, Index r, const Product<T>& p, Index column,
                              T* c) {
    const Index row = x.index[r];
    const uint64_t key = key_in(x, r);
    V<T> sum[vectors];
    for (int v = 0; v < vectors; ++v) sum[v] = load(p.bias + column + v * kWidth<T>);
    for (Index i = x.starts[row]; i < x.starts[row + 1]; ++i) {
        const T* b = p.b + x.columns[i] * p.b_step + column;
        V<T> factor = splat<T>(entry(x, key, i));
        for (int v = 0; v < vectors; ++v) sum[v] = fma<T>(factor, load(b + v * kWidth<T>), sum[v]);
    }
    for (int v = 0; v < vectors; ++v) {
        V<T> out = sum[v];
        if (p.finish == Finish::relu) out = out < T(0) ? V<T>{} : out;
        store<T>(c + column + v * kWidth<T>, out);
    }
}

template <class T>
void sparse_forward(const SparseRows<T>& x, const Product<T>& p) {
    constexpr int vectors = kGroups<T>;  // sixteen columns at a time, and all four where there are
    for (Index r = 0; r < x.rows; ++r) {
        T* c = p.c + r * p.c_row;
        if (p.columns == kPanel) {
            sparse_row<T, 2 * vectors>(x, r, p, 0, c);
            sparse_row<T, 2 * vectors>(x, r, p, kPanel / 2, c);
            continue;
        }
        Index column = 0;
        for (; column + kLanes <= p.columns; column += kLanes) {
            sparse_row<T, vectors>(x, r, p, column, c);
        }
        for (; column < p.columns; column += kWidth<T>) {
            sparse_row<T, 1>(x, r, p, column, c);
        }
    }
}

// The first entry of a row whose column is not below `wanted`.
template <class T>
Index lower_bound(const SparseRows<T>& x, Index row, Index wanted) {
    Index low = x.starts[row], high = x.starts[row + 1];
    while (low < high) {
        Index middle = low + (high - low) / 2;
        if (x.columns[middle] < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

template <class T>
void sparse_gradient(const SparseRows<T>& x, Index first, Index last, const Product<T>& p) {
    if (!p.add) {
        for (Index i = 0; i < (last - first) * p.c_row; i += kWidth<T>) store<T>(p.c + i, V<T>{});
    }
    for (Index r = 0; r < x.rows; ++r) {
        const Index row = x.index[r];
        const uint64_t key = key_in(x, r);
        const T* delta = p.b + r * p.b_step;
        for (Index i = lower_bound(x, row, first); i < x.starts[row + 1]; ++i) {
            if (x.columns[i] >= last) break;
            T* c = p.c + (x.columns[i] - first) * p.c_row;
            V<T> factor = splat<T>(entry(x, key, i));
            for (Index j = 0; j < p.columns; j += kWidth<T>) {
                store<T>(c + j, fma<T>(factor, load(delta + j), load(c + j)));
            }
        }
    }
}

template <class T>
void sparse_squares(const SparseRows<T>& x, double* out) {
    for (Index r = 0; r < x.rows; ++r) {
        const Index row = x.index[r];
        const uint64_t key = key_in(x, r);
        double sum = 0;
        for (Index i = x.starts[row]; i < x.starts[row + 1]; ++i) {
            const double own = double(entry(x, key, i));
            sum += own * own;
        }
        out[r] = sum;
    }
}

}  // namespace
}  // namespace lamina
