// AVX2 with FMA: 16 registers of 32 bytes.
#pragma once

#include <immintrin.h>

namespace lamina {
namespace {
inline constexpr int kRegisterBytes = 32;
}
}  // namespace lamina

#include "vector.hpp"

namespace lamina {
namespace {

template <>
struct Simd<float> {
    static LAMINA_INLINE V<float> fma(V<float> a, V<float> b, V<float> c) {
        return _mm256_fmadd_ps(a, b, c);
    }
    static LAMINA_INLINE V<float> root(V<float> v) { return _mm256_sqrt_ps(v); }
    static constexpr int tile_rows[] = {0, 12, 6};  // by the number of vectors in a tile's row
    static constexpr int tile_vectors = 2;
};

template <>
struct Simd<double> {
    static LAMINA_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
        return _mm256_fmadd_pd(a, b, c);
    }
    static LAMINA_INLINE V<double> root(V<double> v) { return _mm256_sqrt_pd(v); }
    static constexpr int tile_rows[] = {0, 12, 6};
    static constexpr int tile_vectors = 2;
};

}  // namespace
}  // namespace lamina
