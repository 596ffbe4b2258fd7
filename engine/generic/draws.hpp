// Random numbers by place, and what is done with them, as in lamina.spec.draws: a key per row by
// SplitMix64, a word per column by a hash of 32 bits.
#pragma once

#include "activations.hpp"

namespace lamina {
namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;

inline uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

inline uint64_t key_of(Stream stream, Index row) {
    return mixed(stream.base + kGolden * uint64_t(row + 1));
}

// Word number `x / 0x9E3779B9` of a key whose lower half was added to x; W is a number or a vector.
template <class W>
LAMINA_INLINE W hashed(W x, uint32_t high) {
    x = (x ^ (x >> 16)) * 0x21F0AAADu;
    x = x ^ high;
    x = (x ^ (x >> 15)) * 0x735A2D97u;
    return x ^ (x >> 15);
}

LAMINA_INLINE uint32_t word_of(uint64_t key, uint32_t number) {
    return hashed<uint32_t>(uint32_t(key) + number * 0x9E3779B9u, uint32_t(key >> 32));
}

// As many words as a register of T has numbers, each in the bits of a number of T.
template <class T>
using W = typename Register<uint32_t, kWidth<T> * 4>::type;

template <class T>
LAMINA_INLINE W<T> words_of(uint64_t key, uint32_t first) {
    W<T> count{};
    for (int i = 0; i < kWidth<T>; ++i) count[i] = (first + uint32_t(i)) * 0x9E3779B9u;
    return hashed<W<T>>(count + uint32_t(key), uint32_t(key >> 32));
}

// Two registers' worth of columns share their words: sixteen columns have the lower halves, the
// next sixteen the upper ones.
template <class T>
LAMINA_INLINE void drop_columns(const Dropout<T>& p, uint64_t key, Index at, Index columns) {
    for (Index lane = 0; lane < kLanes; lane += kWidth<T>) {
        const W<T> words = words_of<T>(key, uint32_t(columns / 2 + lane));
        for (Index half = 0; half < 2; ++half) {
            const Index j = columns + half * kLanes + lane;
            if (j >= p.columns) continue;
            const W<T> number = half ? words >> 16 : words & 0xFFFFu;
            // As signed numbers, which they are too: a comparison of unsigned ones takes longer.
            const I<T> wide = __builtin_convertvector(number, I<T>);
            const V<T> mask = wide < typename IntOf<T>::type(p.drop.threshold) ? V<T>{}
                                                                             : splat<T>(p.drop.scale);
            const V<T> in = load(p.in + at + j);
            store<T>(p.mask + at + j, mask);
            store<T>(p.out + at + j, mask == T(0) ? V<T>{} : in * mask);
        }
    }
}

template <class T>
void dropout(const Dropout<T>& p) {
    for (Index r = 0; r < p.rows; ++r) {
        const uint64_t key = key_of(p.drop.stream, p.first + r);
        for (Index j = 0; j < p.columns; j += 2 * kLanes) drop_columns(p, key, r * p.row, j);
    }
}

template <class T>
void masked(T* d, const T* mask, Index count) {
    for (Index i = 0; i < count; i += kWidth<T>) {
        const V<T> own = load(mask + i);
        store<T>(d + i, own == T(0) ? V<T>{} : load(d + i) * own);
    }
}

// An entry of a compressed row after dropout.
template <class T>
LAMINA_INLINE T kept(const SparseRows<T>& x, uint64_t key, Index i) {
    const Index j = x.columns[i];
    const uint32_t word = word_of(key, uint32_t(kLanes * (j / (2 * kLanes)) + j % kLanes));
    const uint32_t number = (j / kLanes) % 2 == 0 ? word & 0xFFFFu : word >> 16;
    return number < x.drop.threshold ? T(0) : x.values[i] * x.drop.scale;
}

// The standard normal quantile at q + ½, |q| < ½ - 2^-26: Wichura's algorithms AS 241 (1988), with 7
// and 16 digits, whose coefficients these are, without their parts for smaller tails.
template <class T>
struct Normal;

template <>
struct Normal<float> {
    static constexpr float centre_top[] = {3.3871327179e0f, 5.0434271938e1f, 1.5929113202e2f,
                                           5.9109374720e1f};
    static constexpr float centre_bottom[] = {1.0f, 1.7895169469e1f, 7.8757757664e1f,
                                              6.7187563600e1f};
    static constexpr float tail_top[] = {1.4234372777e0f, 2.7568153900e0f, 1.3067284816e0f,
                                         1.7023821103e-1f};
    static constexpr float tail_bottom[] = {1.0f, 7.3700164250e-1f, 1.2021132975e-1f};
};

template <>
struct Normal<double> {
    static constexpr double centre_top[] = {
        3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
        1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
        3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static constexpr double centre_bottom[] = {
        1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
        2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
        5.2264952788528545610e+3};
    static constexpr double tail_top[] = {
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
        3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
        2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static constexpr double tail_bottom[] = {
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
        1.05075007164441684324e-9};
};

template <class T, int n>
LAMINA_INLINE V<T> horner(const T (&coefficients)[n], V<T> x) {
    V<T> sum = splat<T>(coefficients[n - 1]);
    for (int i = n - 2; i >= 0; --i) sum = fma<T>(sum, x, splat<T>(coefficients[i]));
    return sum;
}

template <class T>
LAMINA_INLINE V<T> normal_quantile(V<T> q) {
    const V<T> central = T(0.180625) - q * q;
    using C = Normal<T>;
    const V<T> centre = q * horner<T>(C::centre_top, central) / horner<T>(C::centre_bottom, central);
    const V<T> r = root<T>(-log<T>(T(0.5) - absolute<T>(q))) - T(1.6);
    const V<T> tail = with_sign<T>(horner<T>(C::tail_top, r) / horner<T>(C::tail_bottom, r), q);
    return absolute<T>(q) <= T(0.425) ? centre : tail;
}

// x += deviation * normal, the normal the quantile of the middle of one of 2^24 equal parts.
template <class T>
void noise(Stream stream, T deviation, Index first, Index rows, Index columns, T* x, Index x_row) {
    constexpr T part = T(1) / T(1 << 25);
    for (Index r = 0; r < rows; ++r) {
        const uint64_t key = key_of(stream, first + r);
        for (Index j = 0; j < columns; j += kWidth<T>) {
            const W<T> number = (words_of<T>(key, uint32_t(j)) >> 8) * 2u + 1u;
            const I<T> odd = __builtin_convertvector(number, I<T>) - (1 << 24);
            const V<T> q = __builtin_convertvector(odd, V<T>) * part;  // exact
            T* own = x + r * x_row + j;
            store<T>(own, load(own) + deviation * normal_quantile<T>(q));
        }
    }
}

}  // namespace
}  // namespace lamina
