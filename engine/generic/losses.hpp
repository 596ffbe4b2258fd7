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
    T* h;  // a place of their own for the others
    const T* y;
    T* d;
    Index outputs;
    const T* options;
    Index n_options;
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
    V<T> top, rest, first;  // the largest z, the sum of all e but its own, and its number

    LAMINA_INLINE Softmax(const T* z, T* d, Index outputs) {
        top = load(z);
        first = V<T>{};
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
        const T floor = s.options[0], keep = s.options[1], share = s.options[2];
        Softmax<T> softmax(s.z, s.d, s.outputs);
        V<T> log_sum = floor == T(0) ? log1p<T>(softmax.rest) : V<T>{};
        V<T> loss{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> p = load(s.d + j * kLanes), y = keep * load(s.y + j * kLanes) + share;
            V<T> log_p = floor == T(0) ? load(s.z + j * kLanes) - softmax.top - log_sum
                                       : log_cut<T>(p, floor);
            loss = loss - times<T>(y, log_p);
            store<T>(s.d + j * kLanes, p - y);
        }
        return loss;
    }
};

// ln p and ln(1 - p) for p = logistic(z).
template <class T>
LAMINA_INLINE void both_logs(V<T> z, V<T>& log_p, V<T>& log_q) {
    V<T> common = log1p<T>(exp<T>(-absolute<T>(z)));
    log_p = -((z < T(0) ? -z : V<T>{}) + common);
    log_q = -((z > T(0) ? z : V<T>{}) + common);
}

struct BinaryCrossEntropy {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        const T floor = s.options[0], keep = s.options[1], share = s.options[2];
        const bool weighted = s.n_options > 3;  // then those of y = 1, then those of y = 0
        const T *positive = s.options + 3, *negative = positive + s.outputs;
        V<T> loss{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> z = load(s.z + j * kLanes), y = keep * load(s.y + j * kLanes) + share;
            V<T> p = logistic<T>(z), log_p, log_q;
            if (floor == T(0)) {
                both_logs<T>(z, log_p, log_q);
            } else {
                log_p = log_cut<T>(p, floor);
                log_q = log_cut<T>(T(1) - p, floor);
            }
            V<T> on = times<T>(y, log_p), off = times<T>(T(1) - y, log_q), delta = p - y;
            if (weighted) {
                on = positive[j] * on;
                off = negative[j] * off;
                delta = negative[j] * ((T(1) - y) * p) - positive[j] * (y * logistic<T>(-z));
            }
            loss = loss - (on + off);
            store<T>(s.d + j * kLanes, delta);
        }
        return loss;
    }
};

// q^gamma for 0 <= q <= 1.
template <class T>
LAMINA_INLINE V<T> power_of(V<T> q, T gamma) {
    if (gamma == T(0)) return one<T>();
    V<T> safe = q == T(0) ? one<T>() : q;
    return q == T(0) ? V<T>{} : exp<T>(gamma * log<T>(safe));
}

// gamma q^(gamma-1) p ln p - q^gamma, the first term 0 where q is 0.
template <class T>
LAMINA_INLINE V<T> focal_slope(V<T> p, V<T> q, V<T> log_p, T gamma) {
    V<T> powered = power_of<T>(q, gamma), safe = q == T(0) ? one<T>() : q;
    V<T> first = gamma * powered * (times<T>(p, log_p) / safe);
    return (q == T(0) ? V<T>{} : first) - powered;
}

struct Focal {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        const T gamma = s.options[0];
        Softmax<T> softmax(s.z, s.d, s.outputs);
        V<T> log_sum = log1p<T>(softmax.rest), top_q = softmax.rest / (softmax.rest + T(1));
        V<T> loss{}, sum{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> p = load(s.d + j * kLanes), y = load(s.y + j * kLanes);
            V<T> log_p = load(s.z + j * kLanes) - softmax.top - log_sum;
            V<T> q = softmax.first == T(j) ? top_q : T(1) - p;
            loss = loss - times<T>(y, power_of<T>(q, gamma) * log_p);
            V<T> a = times<T>(y, focal_slope<T>(p, q, log_p, gamma));
            sum = sum + a;
            store<T>(s.h + j * kLanes, a);
        }
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> p = load(s.d + j * kLanes);
            store<T>(s.d + j * kLanes, load(s.h + j * kLanes) - p * sum);
        }
        return loss;
    }
};

struct BinaryFocal {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        const T gamma = s.options[0];
        V<T> loss{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> z = load(s.z + j * kLanes), y = load(s.y + j * kLanes);
            V<T> p = logistic<T>(z), q = logistic<T>(-z), log_p, log_q;
            both_logs<T>(z, log_p, log_q);
            V<T> on = times<T>(y, power_of<T>(q, gamma) * log_p);
            V<T> off = times<T>(T(1) - y, power_of<T>(p, gamma) * log_q);
            loss = loss - (on + off);
            on = q * focal_slope<T>(p, q, log_p, gamma);
            off = p * focal_slope<T>(q, p, log_q, gamma);
            store<T>(s.d + j * kLanes, times<T>(y, on) - times<T>(T(1) - y, off));
        }
        return loss;
    }
};

struct Quantiles {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        V<T> loss{}, h{}, sum{};
        for (Index j = 0; j < s.outputs; ++j) {
            const T level = s.options[j];
            V<T> z = load(s.z + j * kLanes), y = load(s.y + j * kLanes);
            h = j == 0 ? z : h + softplus<T>(z);
            loss = loss + Quantile::value<T>(h, y, level);
            store<T>(s.d + j * kLanes, Quantile::slope<T>(h, y, level));
        }
        for (Index j = s.outputs - 1; j >= 0; --j) {
            sum = sum + load(s.d + j * kLanes);
            V<T> factor = j == 0 ? one<T>() : logistic<T>(load(s.z + j * kLanes));
            store<T>(s.d + j * kLanes, sum * factor);
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

struct Gamma {
    template <class T>
    static LAMINA_INLINE V<T> run(const Samples<T>& s) {
        V<T> loss{};
        for (Index j = 0; j < s.outputs; ++j) {
            V<T> z = load(s.z + j * kLanes), y = load(s.y + j * kLanes);
            V<T> ratio = y * exp<T>(-z);
            loss = loss + (z - log<T>(y) + ratio - T(1));
            store<T>(s.d + j * kLanes, T(1) - ratio);
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
            loss = loss + L::template value<T>(h, y, s.options[0]);
            store<T>(s.d + j * kLanes, L::template slope<T>(h, y, s.options[0]));
        }
        return loss;
    }
};

template <class T, class L>
void sixteen(const Samples<T>& s, T* losses) {
    for (Index lane = 0; lane < kLanes; lane += kWidth<T>) {
        Samples<T> own{s.z + lane, s.h + lane, s.y + lane, s.d + lane,
                       s.outputs,  s.options,  s.n_options};
        if constexpr (requires { L::template slope<T>(V<T>{}, V<T>{}, T()); }) {
            store<T>(losses + lane, OfPrediction<L>::template run<T>(own));
        } else {
            store<T>(losses + lane, L::template run<T>(own));
        }
    }
}

}  // namespace
}  // namespace lamina
