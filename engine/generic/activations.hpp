// Activations and their derivatives, as in lamina.spec.activations. A derivative takes z and
// h = phi(z); where activations.def says so, z may be h itself.
#pragma once

#include "math.hpp"

namespace lamina {
namespace {

template <class T>
LAMINA_INLINE V<T> one() {
    return splat<T>(T(1));
}

template <class T>
LAMINA_INLINE V<T> softplus(V<T> z) {
    V<T> above = z > T(0) ? z : V<T>{};
    return above + log1p<T>(exp<T>(-absolute<T>(z)));
}

// The standard normal distribution function.
template <class T>
LAMINA_INLINE V<T> normal(V<T> z) {
    constexpr T root_half = T(0.70710678118654752440L);
    return T(0.5) * erfc<T>(z * -root_half);
}

struct Identity {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return z; }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T>) { return one<T>(); }
};

struct Logistic {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return logistic<T>(z); }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T> h) { return h * (T(1) - h); }
};

struct Tanh {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return tanh<T>(z); }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T> h) { return T(1) - h * h; }
};

struct Relu {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return z < T(0) ? V<T>{} : z; }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T> h) { return h > T(0) ? one<T>() : V<T>{}; }
};

struct LeakyRelu {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z, T slope) { return value<T>(z, splat<T>(slope)); }
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z, V<T> slope) { return z > T(0) ? z : slope * z; }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T> h, T slope) {
        return h > T(0) ? one<T>() : splat<T>(slope);
    }
};

struct Elu {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) {
        return z > T(0) ? z : expm1<T>(z);
    }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T> h) {
        return h > T(0) ? one<T>() : h + T(1);
    }
};

struct Selu {
    static constexpr long double scale = 1.0507009873554804934193349852946L;
    static constexpr long double alpha = 1.6732632423543772848170429916717L;
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) {
        return T(scale) * (z > T(0) ? z : T(alpha) * expm1<T>(z));
    }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T> h) {
        return h > T(0) ? splat<T>(T(scale)) : h + T(scale * alpha);
    }
};

struct Gelu {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return z * normal<T>(z); }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T> z, V<T>) {
        constexpr T inverse_root_2_pi = T(0.39894228040143267794L);
        V<T> density = exp<T>(T(-0.5) * z * z) * inverse_root_2_pi;
        return normal<T>(z) + z * density;
    }
};

struct Silu {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return z * logistic<T>(z); }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T> z, V<T> h) {
        V<T> s = logistic<T>(z);
        return s + h * (T(1) - s);
    }
};

struct Mish {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return z * tanh<T>(softplus<T>(z)); }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T> z, V<T>) {
        V<T> t = tanh<T>(softplus<T>(z));
        return t + z * logistic<T>(z) * (T(1) - t * t);
    }
};

struct Softplus {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return softplus<T>(z); }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T> z, V<T>) { return logistic<T>(z); }
};

struct HardTanh {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) {
        return z < T(-1) ? -one<T>() : (z > T(1) ? one<T>() : z);
    }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T> h) {
        V<T> below = h < T(1) ? one<T>() : V<T>{};
        return h > T(-1) ? below : V<T>{};
    }
};

struct Exp {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> z) { return exp<T>(z); }
    template <class T>
    static LAMINA_INLINE V<T> derivative(V<T>, V<T> h) { return h; }
};

template <class T, class A>
inline constexpr bool has_slope = requires(V<T> z, T slope) { A::template value<T>(z, slope); };

template <class T, class A>
void value_of(const T* z, T* h, Index count, T slope) {
    for (Index i = 0; i < count; i += kWidth<T>) {
        if constexpr (has_slope<T, A>) {
            store<T>(h + i, A::template value<T>(load(z + i), slope));
        } else {
            store<T>(h + i, A::template value<T>(load(z + i)));
        }
    }
}

template <class T, class A>
void chain_of(const T* z, const T* h, T* d, Index count, T slope) {
    for (Index i = 0; i < count; i += kWidth<T>) {
        if constexpr (has_slope<T, A>) {
            store<T>(d + i, load(d + i) * A::template derivative<T>(load(z + i), load(h + i), slope));
        } else {
            store<T>(d + i, load(d + i) * A::template derivative<T>(load(z + i), load(h + i)));
        }
    }
}

template <class T>
void prelu(const Prelu<T>& p) {
    for (Index r = 0; r < p.rows; ++r) {
        for (Index j = 0; j < p.columns; j += kWidth<T>) {
            const V<T> z = load(p.z + r * p.row + j);
            store<T>(p.h + r * p.row + j, LeakyRelu::value<T>(z, load(p.slopes + j)));
        }
    }
}

template <class T>
void prelu_chain(const Prelu<T>& p) {
    for (Index r = 0; r < p.rows; ++r) {
        for (Index j = 0; j < p.columns; j += kWidth<T>) {
            const Index at = r * p.row + j;
            const V<T> z = load(p.z + at), d = load(p.d + at);
            store<T>(p.terms + at, z > T(0) ? V<T>{} : d * z);
            store<T>(p.d + at, z > T(0) ? d : d * load(p.slopes + j));
        }
    }
}

}  // namespace
}  // namespace lamina
