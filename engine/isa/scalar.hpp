// Any processor: what the compiler's baseline has, with the C library's exact fma.
#pragma once

namespace lamina {
namespace {
inline constexpr int kRegisterBytes = 16;
}
}  // namespace lamina

#include "vector.hpp"

namespace lamina {
namespace {

template <>
struct Simd<float> {
    static LAMINA_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
        V<float> r;
        for (int i = 0; i < 4; ++i) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
        return r;
    }
    static LAMINA_INLINE V<float> root(V<float> v) {
        V<float> r;
        for (int i = 0; i < 4; ++i) r[i] = __builtin_sqrtf(v[i]);
        return r;
    }
    static constexpr int tile_rows[] = {0, 4, 4};  // by the number of vectors in a tile's row
    static constexpr int tile_vectors = 2;
};

template <>
struct Simd<double> {
    static LAMINA_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
        V<double> r;
        for (int i = 0; i < 2; ++i) r[i] = __builtin_fma(a[i], b[i], c[i]);
        return r;
    }
    static LAMINA_INLINE V<double> root(V<double> v) {
        V<double> r;
        for (int i = 0; i < 2; ++i) r[i] = __builtin_sqrt(v[i]);
        return r;
    }
    static constexpr int tile_rows[] = {0, 4, 4};
    static constexpr int tile_vectors = 2;
};

}  // namespace
}  // namespace lamina
