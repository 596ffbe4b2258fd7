// Sums over many numbers, and the elementary functions over arrays.
#pragma once

#include "math.hpp"

namespace lamina {
namespace {

template <class T, int vectors>
LAMINA_INLINE void sum_columns(const T* delta, Index delta_row, Index rows, T* sums) {
    V<T> sum[vectors];
    for (int v = 0; v < vectors; ++v) sum[v] = load(sums + v * kWidth<T>);
    for (Index r = 0; r < rows; ++r) {
        for (int v = 0; v < vectors; ++v) {
            sum[v] = sum[v] + load(delta + r * delta_row + v * kWidth<T>);
        }
    }
    for (int v = 0; v < vectors; ++v) store<T>(sums + v * kWidth<T>, sum[v]);
}

// sums(j) += delta(0, j) + delta(1, j) + ..., in this order; as many columns at a time as hide the
// latency of an addition.
template <class T>
void column_sums(const T* delta, Index delta_row, Index rows, T* sums, Index columns) {
    Index j = 0;
    for (; j + 4 * kWidth<T> <= columns; j += 4 * kWidth<T>) {
        sum_columns<T, 4>(delta + j, delta_row, rows, sums + j);
    }
    for (; j < columns; j += kWidth<T>) sum_columns<T, 1>(delta + j, delta_row, rows, sums + j);
}

template <class T, class F>
LAMINA_INLINE double sum_over(const T* w, Index count, F&& add) {
    V<T> sum[kGroups<T>] = {};
    for (Index i = 0; i < count; i += kLanes) {
        for (int g = 0; g < kGroups<T> && i + g * kWidth<T> < count; ++g) {
            sum[g] = add(sum[g], load(w + i + g * kWidth<T>));
        }
    }
    T lanes[kLanes];
    for (int g = 0; g < kGroups<T>; ++g) store<T>(lanes + g * kWidth<T>, sum[g]);
    for (Index half = kLanes / 2; half > 0; half /= 2) {
        for (Index i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
    }
    return double(lanes[0]);
}

template <class T>
double sum_squares(const T* w, Index count) {
    return sum_over<T>(w, count, [](V<T> sum, V<T> own) { return fma<T>(own, own, sum); });
}

template <class T>
double sum_absolute(const T* w, Index count) {
    return sum_over<T>(w, count, [](V<T> sum, V<T> own) { return sum + absolute<T>(own); });
}

#define FUNCTION(name)                                  \
    template <class T>                                  \
    void over_##name(const T* x, T* out, Index count) { \
        for (Index i = 0; i < count; i += kWidth<T>) store<T>(out + i, name<T>(load(x + i))); \
    }
#include "../functions.def"
#undef FUNCTION

}  // namespace
}  // namespace lamina
