// Copies and transpositions.
#pragma once

#include "../isa/vector.hpp"

namespace lamina {
namespace {

template <class T>
using Four = typename Register<T, 4 * sizeof(T)>::type;
template <class T>
using LooseFour = typename Register<T, 4 * sizeof(T)>::loose;

// A block of four by four: to[j * to_row + i] = from[i][j].
template <class T>
LAMINA_INLINE void transpose_four(const T* const (&from)[4], T* to, Index to_row) {
    Four<T> r[4];
    for (int i = 0; i < 4; ++i) r[i] = *reinterpret_cast<const LooseFour<T>*>(from[i]);
    const Four<T> a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
    const Four<T> b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    const Four<T> c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    const Four<T> d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    const Four<T> out[4] = {__builtin_shufflevector(a, b, 0, 1, 4, 5),
                            __builtin_shufflevector(a, b, 2, 3, 6, 7),
                            __builtin_shufflevector(c, d, 0, 1, 4, 5),
                            __builtin_shufflevector(c, d, 2, 3, 6, 7)};
    for (int j = 0; j < 4; ++j) *reinterpret_cast<LooseFour<T>*>(to + j * to_row) = out[j];
}

// Four rows: to[j * to_row + i] = from[i][j] for i < 4, j < columns.
template <class T>
LAMINA_INLINE void transpose_lines(const T* const (&from)[4], Index columns, T* to, Index to_row) {
    Index j = 0;
    for (; j + 4 <= columns; j += 4) {
        const T* const four[4] = {from[0] + j, from[1] + j, from[2] + j, from[3] + j};
        transpose_four<T>(four, to, to_row);
        to += 4 * to_row;
    }
    for (; j < columns; ++j, to += to_row) {
        for (Index i = 0; i < 4; ++i) to[i] = from[i][j];
    }
}

// Sixteen rows: to[j * to_row + i] = from[i][j] for j < columns.
template <class T>
void transpose_rows(const T* const (&from)[kLanes], Index columns, T* to, Index to_row) {
    for (Index i = 0; i < kLanes; i += 4) {
        transpose_lines<T>({from[i], from[i + 1], from[i + 2], from[i + 3]}, columns, to + i, to_row);
    }
}

// In place of the rows that a last block lacks: they go to the padding of W^T.
template <class T>
inline constexpr T zeros[kPanel] = {};

template <class T>
void transpose(const T* w, Index w_row, Index first, Index rows, T* out, Index depth,
               Index out_columns, Index column, Index columns) {
    for (Index k = 0; k < rows; k += kLanes) {
        Index panel = (first + k) / kPanel, left = out_columns - panel * kPanel;
        Index out_row = left < kPanel ? left : kPanel;
        T* block = out + panel * kPanel * depth + column * out_row + (first + k) % kPanel;
        const T* from[kLanes];
        for (Index i = 0; i < kLanes; ++i) {
            from[i] = k + i < rows ? w + (k + i) * w_row : zeros<T>;
        }
        transpose_rows<T>(from, columns, block, out_row);
    }
}

template <class T, int n>
LAMINA_INLINE void copy_fixed(const T* from, T* to) {
    __builtin_memcpy(to, from, n * sizeof(T));
}

// Rows are often a few numbers long: a call of memcpy for each would cost more than the copy.
template <class T>
LAMINA_INLINE void copy_row(const T* from, T* to, Index count) {
    Index i = 0;
    for (; i + kLanes <= count; i += kLanes) copy_fixed<T, kLanes>(from + i, to + i);
    if (count & 8) copy_fixed<T, 8>(from + i, to + i), i += 8;
    if (count & 4) copy_fixed<T, 4>(from + i, to + i), i += 4;
    if (count & 2) copy_fixed<T, 2>(from + i, to + i), i += 2;
    if (count & 1) to[i] = from[i];
}

template <class T>
void gather(const T* x, Index columns, const Index* index, Index rows, T* out, Index out_row) {
    for (Index r = 0; r < rows; ++r) copy_row<T>(x + index[r] * columns, out + r * out_row, columns);
}

}  // namespace
}  // namespace lamina
