// Elementary functions over vectors, float and double, for every number: subnormals, infinities,
// NaN. The errors stated are the largest that tests/engine/test_math.py finds; it holds them.
#pragma once

#include "../isa/vector.hpp"
#include "coefficients.hpp"

namespace lamina {
namespace {

template <class T>
struct Constants;

template <>
struct Constants<float> {
    static constexpr float round = 0x1.8p23f;  // added, it rounds to an integer in the low bits
    static constexpr int mantissa_bits = 23, bias = 127;
    static constexpr float ln2_high = 0x1.62e400p-1f, ln2_low = 0x1.7f7d1cp-20f;
    static constexpr float exp_low = -104.0f, exp_high = 89.0f;
    static constexpr float expm1_low = -20.0f, tanh_high = 10.0f, tiny = 0x1p-26f;
    static constexpr float smallest_normal = 0x1p-126f, lift = 0x1p25f, lift_log2 = 25.0f;
    static constexpr float erfc_high = 10.1f;
    static constexpr int half_bits = 0x3f3504f3;  // sqrt(1/2)
};

template <>
struct Constants<double> {
    static constexpr double round = 0x1.8p52;
    static constexpr int mantissa_bits = 52, bias = 1023;
    static constexpr double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr double exp_low = -746.0, exp_high = 710.0;
    static constexpr double expm1_low = -40.0, tanh_high = 20.0, tiny = 0x1p-55;
    static constexpr double smallest_normal = 0x1p-1022, lift = 0x1p54, lift_log2 = 54.0;
    static constexpr double erfc_high = 27.3;
    static constexpr long long half_bits = 0x3fe6a09e667f3bcd;
};

template <class T>
using C = Constants<T>;

template <class T, int n>
LAMINA_INLINE V<T> polynomial(const T (&c)[n], V<T> x) {
    V<T> sum = splat<T>(c[n - 1]);
    for (int i = n - 2; i >= 0; --i) sum = fma<T>(sum, x, splat<T>(c[i]));
    return sum;
}

LAMINA_INLINE V<float> exp_tail(V<float> r) { return polynomial<float>(exp_tail_float, r); }
LAMINA_INLINE V<double> exp_tail(V<double> r) { return polynomial<double>(exp_tail_double, r); }
LAMINA_INLINE V<float> log_tail(V<float> z) { return polynomial<float>(log_tail_float, z); }
LAMINA_INLINE V<double> log_tail(V<double> z) { return polynomial<double>(log_tail_double, z); }
LAMINA_INLINE V<float> erf_ratio(V<float> z) { return polynomial<float>(erf_ratio_float, z); }
LAMINA_INLINE V<double> erf_ratio(V<double> z) { return polynomial<double>(erf_ratio_double, z); }
LAMINA_INLINE V<float> scaled_erfc(V<float> t) {
    return polynomial<float>(scaled_erfc_float, t);
}
LAMINA_INLINE V<double> scaled_erfc(V<double> t) {
    return polynomial<double>(scaled_erfc_double, t);
}

// 2^n for whole n in the range of normal numbers.
template <class T>
LAMINA_INLINE V<T> power_of_two(V<T> n) {
    return splat_bits<T>((bits_of<T>(n + C<T>::round) + C<T>::bias) << C<T>::mantissa_bits);
}

// p 2^n, rounded once, for whole n that may lie outside the range of normal numbers.
template <class T>
LAMINA_INLINE V<T> scale(V<T> p, V<T> n) {
    V<T> half = (fma<T>(n, splat<T>(T(0.5)), splat<T>(C<T>::round))) - C<T>::round;
    return p * power_of_two<T>(half) * power_of_two<T>(n - half);
}

// x = n ln 2 + r + rest with |r| <= ln(2) / 2 and what r lost to rounding in `rest`.
template <class T>
struct Reduced {
    V<T> n, r, rest;

    // exp(r + rest) - 1.
    LAMINA_INLINE V<T> expm1() const { return r + fma<T>(r * r, exp_tail(r), rest); }
};

template <class T>
LAMINA_INLINE Reduced<T> reduce(V<T> x) {
    constexpr T log2_e = T(1.44269504088896340736L);
    V<T> n = fma<T>(x, splat<T>(log2_e), splat<T>(C<T>::round)) - C<T>::round;
    V<T> first = fma<T>(n, splat<T>(-C<T>::ln2_high), x);
    V<T> r = fma<T>(n, splat<T>(-C<T>::ln2_low), first);
    return {n, r, fma<T>(n, splat<T>(-C<T>::ln2_low), first - r)};
}

template <class T>
LAMINA_INLINE V<T> clamp(V<T> x, T low, T high) {
    x = x < low ? splat<T>(low) : x;
    return x > high ? splat<T>(high) : x;
}

// Largest error: 0.9 ulp (float), 1.0 ulp (double).
template <class T>
LAMINA_INLINE V<T> exp(V<T> x) {
    Reduced<T> reduced = reduce<T>(clamp<T>(x, C<T>::exp_low, C<T>::exp_high));
    return scale<T>(reduced.expm1() + T(1), reduced.n);
}

// Largest error: 1.8 ulp (float), 1.9 ulp (double).
template <class T>
LAMINA_INLINE V<T> expm1(V<T> x) {
    Reduced<T> reduced = reduce<T>(clamp<T>(x, C<T>::expm1_low, C<T>::exp_high));
    V<T> p = reduced.expm1();
    V<T> half = power_of_two<T>(reduced.n - T(1));  // 2^n itself may overflow
    V<T> value = T(2) * fma<T>(half, p, half - T(0.5));
    return absolute<T>(x) < C<T>::tiny ? x : value;
}

// ln(u) + correction / u, the heart of log and log1p, for normal u > 0.
template <class T>
LAMINA_INLINE V<T> log_of(V<T> u, V<T> exponent, V<T> correction) {
    constexpr auto half = C<T>::half_bits;
    constexpr int shift = C<T>::mantissa_bits;
    I<T> offset = bits_of<T>(u) - half;
    I<T> power = offset >> shift;
    V<T> m = splat_bits<T>(bits_of<T>(u) - (power << shift));
    V<T> whole = splat_bits<T>(power + bits_of<T>(splat<T>(C<T>::round))) - C<T>::round;
    V<T> e = whole + exponent;
    V<T> f = m - T(1);
    V<T> s = f / (T(2) + f);
    V<T> z = s * s;
    V<T> rest = z * log_tail(z);
    V<T> square = T(0.5) * f * f;
    V<T> low = fma<T>(s, square + rest, fma<T>(e, splat<T>(C<T>::ln2_low), correction));
    return fma<T>(e, splat<T>(C<T>::ln2_high), f - (square - low));
}

// Largest error: 0.9 ulp (float), 0.8 ulp (double).
template <class T>
LAMINA_INLINE V<T> log(V<T> x) {
    constexpr T infinity = T(__builtin_inf());
    auto small = x < C<T>::smallest_normal;
    V<T> lifted = small ? x * C<T>::lift : x;
    V<T> exponent = small ? splat<T>(-C<T>::lift_log2) : V<T>{};
    V<T> value = log_of<T>(lifted, exponent, V<T>{});
    value = x == infinity ? x : value;
    value = x == T(0) ? splat<T>(-infinity) : value;
    return x >= T(0) ? value : splat<T>(T(__builtin_nan("")));
}

// Largest error: 0.8 ulp (float), 0.8 ulp (double).
template <class T>
LAMINA_INLINE V<T> log1p(V<T> x) {
    constexpr T infinity = T(__builtin_inf());
    V<T> u = x + T(1);
    V<T> lost = x < T(1) ? x - (u - T(1)) : T(1) - (u - x);
    V<T> value = log_of<T>(u, V<T>{}, lost / u);
    value = absolute<T>(x) < C<T>::tiny ? x : value;
    value = x == infinity ? x : value;
    value = x == T(-1) ? splat<T>(-infinity) : value;
    return x >= T(-1) ? value : splat<T>(T(__builtin_nan("")));
}

// Largest error: 2.3 ulp (float), 2.2 ulp (double).
template <class T>
LAMINA_INLINE V<T> tanh(V<T> x) {
    V<T> a = absolute<T>(x);
    a = a > C<T>::tanh_high ? splat<T>(C<T>::tanh_high) : a;
    V<T> e = expm1<T>(a + a);
    return with_sign<T>(e / (e + T(2)), x);
}

// Largest error: 2.2 ulp (float), 2.2 ulp (double).
template <class T>
LAMINA_INLINE V<T> logistic(V<T> x) {
    V<T> e = exp<T>(-absolute<T>(x));
    V<T> above = x < T(0) ? e : splat<T>(T(1));
    return above / (e + T(1));
}

// Largest error: 4.2 ulp (float), 3.4 ulp (double).
template <class T>
LAMINA_INLINE V<T> erfc(V<T> x) {
    V<T> a = absolute<T>(x);
    a = a > C<T>::erfc_high ? splat<T>(C<T>::erfc_high) : a;
    V<T> square = a * a;
    V<T> lost = fma<T>(a, a, -square);
    V<T> e = exp<T>(-square);
    V<T> g = scaled_erfc((a - T(4)) / (a + T(4))) / fma<T>(a, splat<T>(T(2)), splat<T>(T(1)));
    g = fma<T>(g, -lost, g);
    V<T> value = e * g;
    value = x < T(0) ? T(2) - value : value;
    V<T> near = fma<T>(x, -erf_ratio(x * x), splat<T>(T(1)));
    return a < T(0.5) ? near : value;
}

}  // namespace
}  // namespace lamina
