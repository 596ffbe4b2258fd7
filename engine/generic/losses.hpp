// Losses on top of an output function, as in lamina.spec.losses: from z_L and y to each sample's
// loss and delta_L. Sixteen samples at a time stand side by side, one per lane, so that a sum over
// the outputs runs in their order whatever the width of a register.
#pragma once

#include "activations.hpp"

namespace lamina {
namespace {

// Sixteen samples, transposed: z[j * kLanes + sample], and where delta goes. h = phi(z) for losses
// of the prediction.
template <class T>
struct Samples {
    const T* z;
    const T* h;
    const T* y;
    T* d;
    Index outputs;
    T option;
};

struct SquaredError {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> h, V<T> y, T) {
        V<T> r = h - y;
        return T(0.5) * (r * r);
    }
    template <class T>
    static LAMINA_INLINE V<T> slope(V<T> h, V<T> y, T) { return h - y; }
};

template <class T>
LAMINA_INLINE V<T> sign_of(V<T> x) {
    return x > T(0) ? one<T>() : (x < T(0) ? -one<T>() : x);
}

struct AbsoluteError {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> h, V<T> y, T) { return absolute<T>(h - y); }
    template <class T>
    static LAMINA_INLINE V<T> slope(V<T> h, V<T> y, T) { return sign_of<T>(h - y); }
};

struct Huber {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> h, V<T> y, T width) {
        V<T> r = absolute<T>(h - y);
        return r <= width ? T(0.5) * r * r : width * (r - T(0.5) * width);
    }
    template <class T>
    static LAMINA_INLINE V<T> slope(V<T> h, V<T> y, T width) {
        V<T> r = h - y;
        return absolute<T>(r) <= width ? r : width * sign_of<T>(r);
    }
};

struct Quantile {
    template <class T>
    static LAMINA_INLINE V<T> value(V<T> h, V<T> y, T level) {
        V<T> r = y - h;
        return r >= T(0) ? level * r : (level - T(1)) * r;
    }
    template <class T>
    static LAMINA_INLINE V<T> slope(V<T> h, V<T> y, T level) {
        V<T> above = h > y ? splat<T>(T(1) - level) : V<T>{};
        return h < y ? splat<T>(-level) : above;
    }
};

// y times a logarithm, with 0 times minus infinity taken as 0.
template <class T>
LAMINA_INLINE V<T> times(V<T> y, V<T> log_p) {
    return y == T(0) ? V<T>{} : y * log_p;
}

template <class T>
LAMINA_INLINE V<T> log_cut(V<T> p, T floor) {
    return log<T>(clamp<T>(p, floor, T(1) - floor));
}

// Softmax of one register of samples: e_j / sum goes to d, where e_j = exp(z_j - top).
template <class T>
struct Softmax {
    V<T> top, rest;  // the largest z, and the sum of all e but its own

    LAMINA_INLINE Softmax(const T* z, T* d, Index outputs) {
        top = load(z);
        V<T> first = V<T>{};
        for (Index j = 1; j < outputs; ++j) {
            V<T> own = load(z + j * kLanes);
            first = own > top ? splat<T>(T(j)) : first;
            top = own > top ? own : top;
        }
        rest = V<T>{};
        for (Index j = 0; j < outputs; ++j) {
            V<T> e = exp<T>(load(z + j * kLanes) - top);
            store<T>(d + j * kLanes, e);
            rest = rest + (first == T(j) ? V<T>{} : e);
        }
        V<T> inverse = T(1) / (rest + T(1));
        for (Index j = 0; j < outputs; ++j) {
            store<T>(d + j * kLanes, load(d + j * kLanes) * inverse);
        }
    }
};

struct CrossEntropy {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        Softmax<T> softmax(s.z, s.d, s.outputs);
        V<T> log_sum = s.option == T(0) ? log1p<T>(softmax.rest) : V<T>{};
        V<T> loss{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> p = load(s.d + j * kLanes), y = load(s.y + j * kLanes);
            V<T> log_p = s.option == T(0) ? load(s.z + j * kLanes) - softmax.top - log_sum
                                          : log_cut<T>(p, s.option);
            loss = loss - times<T>(y, log_p);
            store<T>(s.d + j * kLanes, p - y);
        }
        return loss;
    }
};

struct BinaryCrossEntropy {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        V<T> loss{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> z = load(s.z + j * kLanes), y = load(s.y + j * kLanes), p = logistic<T>(z);
            V<T> log_p, log_q;
            if (s.option == T(0)) {
                V<T> common = log1p<T>(exp<T>(-absolute<T>(z)));
                log_p = -((z < T(0) ? -z : V<T>{}) + common);
                log_q = -((z > T(0) ? z : V<T>{}) + common);
            } else {
                log_p = log_cut<T>(p, s.option);
                log_q = log_cut<T>(T(1) - p, s.option);
            }
            loss = loss - (times<T>(y, log_p) + times<T>(T(1) - y, log_q));
            store<T>(s.d + j * kLanes, p - y);
        }
        return loss;
    }
};

struct Poisson {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        V<T> loss{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> z = load(s.z + j * kLanes), y = load(s.y + j * kLanes), h = exp<T>(z);
            V<T> entropy = y == T(0) ? V<T>{} : y * log<T>(y);
            loss = loss + (entropy - y * z - y + h);
            store<T>(s.d + j * kLanes, h - y);
        }
        return loss;
    }
};

// A loss of the prediction: d becomes its slope; phi' is multiplied in afterwards.
template <class L>
struct OfPrediction {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        V<T> loss{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> h = load(s.h + j * kLanes), y = load(s.y + j * kLanes);
            loss = loss + L::template value<T>(h, y, s.option);
            store<T>(s.d + j * kLanes, L::template slope<T>(h, y, s.option));
        }
        return loss;
    }
};

template <class T, class L>
void sixteen(const Samples<T>& s, T* losses) {
    for (Index lane = 0; lane < kLanes; lane += kWidth<T>) {
        const T* h = s.h ? s.h + lane : nullptr;
        Samples<T> own{s.z + lane, h, s.y + lane, s.d + lane, s.outputs, s.option};
        if constexpr (requires { L::template slope<T>(V<T>{}, V<T>{}, T()); }) {
            store<T>(losses + lane, OfPrediction<L>::template run<T>(own));
        } else {
            store<T>(losses + lane, L::template run<T>(own));
        }
    }
}

}  // namespace
}  // namespace lamina
