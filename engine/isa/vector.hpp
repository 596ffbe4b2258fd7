// The small vector type that every kernel is written over.
//
// A vector is a GCC/Clang vector of one register: + - * / compare elementwise, ?: selects. What the
// language lacks, fused multiply-add and square root, each instruction set adds in its own file.
// Everything lives in an anonymous namespace: a function with external linkage, compiled for
// AVX-512, might be the copy that the linker keeps for all.
#pragma once

#include "../kernels.hpp"

#define LAMINA_INLINE __attribute__((always_inline)) inline

namespace lamina {
namespace {

template <class T>
struct IntOf;
template <>
struct IntOf<float> {
    using type = int;
};
template <>
struct IntOf<double> {
    using type = long long;
};

template <class T, int bytes>
struct Register {
    using type [[gnu::vector_size(bytes)]] = T;
    using loose [[gnu::vector_size(bytes), gnu::aligned(alignof(T)), gnu::may_alias]] = T;
};

template <class T>
struct Simd;  // fma, sqrt, tile sizes: one specialisation per instruction set and type

template <class T>
using V = typename Register<T, kRegisterBytes>::type;
template <class T>
using I = typename Register<typename IntOf<T>::type, kRegisterBytes>::type;
template <class T>
inline constexpr int kWidth = kRegisterBytes / int(sizeof(T));
template <class T>
inline constexpr int kGroups = kLanes / kWidth<T>;  // registers per sixteen lanes

template <class T>
LAMINA_INLINE V<T> load(const T* p) {
    return *reinterpret_cast<const typename Register<T, kRegisterBytes>::loose*>(p);
}

template <class T>
LAMINA_INLINE void store(T* p, V<T> v) {
    *reinterpret_cast<typename Register<T, kRegisterBytes>::loose*>(p) = v;
}

template <class T>
LAMINA_INLINE V<T> splat(T x) {
    return x - V<T>{};  // not +, which would turn -0 into 0
}

template <class T>
LAMINA_INLINE V<T> splat_bits(I<T> bits) {
    return __builtin_bit_cast(V<T>, bits);
}

template <class T>
LAMINA_INLINE I<T> bits_of(V<T> v) {
    return __builtin_bit_cast(I<T>, v);
}

template <class T>
LAMINA_INLINE V<T> fma(V<T> a, V<T> b, V<T> c) {
    return Simd<T>::fma(a, b, c);
}

template <class T>
LAMINA_INLINE V<T> root(V<T> v) {
    return Simd<T>::root(v);
}

template <class T>
LAMINA_INLINE V<T> absolute(V<T> v) {
    constexpr typename IntOf<T>::type sign = typename IntOf<T>::type(1)
                                             << (8 * sizeof(T) - 1);
    return splat_bits<T>(bits_of<T>(v) & ~sign);
}

// Returns |v| with the sign of s.
template <class T>
LAMINA_INLINE V<T> with_sign(V<T> v, V<T> s) {
    constexpr typename IntOf<T>::type sign = typename IntOf<T>::type(1)
                                             << (8 * sizeof(T) - 1);
    return splat_bits<T>((bits_of<T>(v) & ~sign) | (bits_of<T>(s) & sign));
}

// The larger of two numbers, NaN if one of them is: instruction sets differ on NaN, this does not.
template <class T>
LAMINA_INLINE V<T> maximum(V<T> a, V<T> b) {
    V<T> larger = a > b ? a : b;
    return a == a ? larger : a;
}

}  // namespace
}  // namespace lamina
