// NEON of AArch64: 32 registers of 16 bytes.
#pragma once

#include <arm_neon.h>

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
        return vfmaq_f32(c, a, b);
    }
    static LAMINA_INLINE V<float> root(V<float> v) { return vsqrtq_f32(v); }
    static constexpr int tile_rows[] = {0, 12, 12, 8, 6};  // by the number of vectors in a tile's row
    static constexpr int tile_vectors = 4;
};

template <>
struct Simd<double> {
    static LAMINA_INLINE V<double> fma(V<double> a, V<double> b, V<double> c) {
        return vfmaq_f64(c, a, b);
    }
    static LAMINA_INLINE V<double> root(V<double> v) { return vsqrtq_f64(v); }
    static constexpr int tile_rows[] = {0, 12, 12, 8, 6};
    static constexpr int tile_vectors = 4;
};

}  // namespace
}  // namespace lamina
