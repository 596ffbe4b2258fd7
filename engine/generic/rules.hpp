// Update rules, as in lamina.spec.rules, in the spec's order of operations. A rule's members are
// its scalars, in the order of rules.def. g is the gradient, w the parameter; the rest are slots.
#pragma once

#include "../isa/vector.hpp"

namespace lamina {
namespace {

template <class T>
struct GradientDescent {
    V<T> rate;
    LAMINA_INLINE void update(V<T>& w, V<T> g) const { w = w - rate * g; }
};

template <class T>
struct Momentum {
    V<T> keep, gain, along, ahead;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& u) const {
        u = keep * u + gain * g;
        w = w - (along * u + ahead * g);
    }
};

template <class T>
struct Nesterov {
    V<T> keep, rate, ahead;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& u) const {
        u = keep * u + g;
        w = w - rate * u;
    }
    LAMINA_INLINE V<T> look_ahead(V<T> w, V<T> u) const { return w - ahead * u; }
};

template <class T>
struct AdaGrad {
    V<T> rate, inner, outer;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& v) const {
        v = v + g * g;
        w = w - rate * g / (root<T>(v + inner) + outer);
    }
};

template <class T>
struct RMSProp {
    V<T> keep, gain, rate, inner, outer;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& v) const {
        v = keep * v + gain * (g * g);
        w = w - rate * g / (root<T>(v + inner) + outer);
    }
};

template <class T>
struct AdaDelta {
    V<T> keep, gain, epsilon;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& v, V<T>& u) const {
        v = keep * v + gain * (g * g);
        V<T> d = root<T>(u + epsilon) / root<T>(v + epsilon) * g;
        w = w - d;
        u = keep * u + gain * (d * d);
    }
};

template <class T>
struct Adam {
    V<T> keep_m, gain_m, keep_v, gain_v, step, root_factor, epsilon;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& m, V<T>& v) const {
        m = keep_m * m + gain_m * g;
        v = keep_v * v + gain_v * (g * g);
        w = w - step * m / (root_factor * root<T>(v) + epsilon);
    }
};

template <class T>
struct AdaMax {
    V<T> keep_m, gain_m, keep_v, step, epsilon;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& m, V<T>& v) const {
        m = keep_m * m + gain_m * g;
        v = maximum<T>(keep_v * v, absolute<T>(g));
        w = w - step * m / (v + epsilon);
    }
};

template <class T>
struct MaxProp {
    V<T> keep, rate, epsilon;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& v) const {
        v = maximum<T>(keep * v, absolute<T>(g));
        w = w - rate * g / (v + epsilon);
    }
};

template <class T>
struct NAdam {
    V<T> keep_m, gain_m, keep_v, gain_v, along, ahead, root_factor, epsilon;
    LAMINA_INLINE void update(V<T>& w, V<T> g, V<T>& m, V<T>& v) const {
        m = keep_m * m + gain_m * g;
        v = keep_v * v + gain_v * (g * g);
        V<T> step = along * m + ahead * g;
        w = w - step / (root_factor * root<T>(v) + epsilon);
    }
};

// The rule with the scalars of one step, rounded to T.
template <class T, template <class> class R>
LAMINA_INLINE R<T> rule_at(const double* scalars) {
    constexpr int n = sizeof(R<T>) / sizeof(V<T>);
    V<T> all[n];
    for (int i = 0; i < n; ++i) all[i] = splat<T>(T(scalars[i]));
    R<T> rule;
    __builtin_memcpy(&rule, all, sizeof rule);
    return rule;
}

template <class T, template <class> class R>
inline constexpr int slots_of =
    requires(const R<T> r, V<T> x) { r.update(x, x); }         ? 0
    : requires(const R<T> r, V<T> x) { r.update(x, x, x); }    ? 1
                                                               : 2;

template <class T, template <class> class R>
void update_with(const Update<T>& p) {
    const R<T> rule = rule_at<T, R>(p.scalars);
    T *first = p.slots, *second = p.slots + p.slot_step;
    for (Index i = 0; i < p.count; i += kWidth<T>) {
        V<T> g = (load(p.g + i) + p.l2 * load(p.point + i)) * p.scale;
        V<T> w = p.keep * load(p.w + i);
        if constexpr (slots_of<T, R> == 0) {
            rule.update(w, g);
        } else if constexpr (slots_of<T, R> == 1) {
            V<T> a = load(first + i);
            rule.update(w, g, a);
            store<T>(first + i, a);
        } else {
            V<T> a = load(first + i), b = load(second + i);
            rule.update(w, g, a, b);
            store<T>(first + i, a);
            store<T>(second + i, b);
        }
        store<T>(p.w + i, w);
    }
}

template <class T, template <class> class R>
inline constexpr bool looks_ahead = requires(const R<T> r, V<T> x) { r.look_ahead(x, x); };

template <class T, template <class> class R>
void look_ahead_with(const Update<T>& p, T* point) {
    if constexpr (looks_ahead<T, R>) {
        const R<T> rule = rule_at<T, R>(p.scalars);
        for (Index i = 0; i < p.count; i += kWidth<T>) {
            store<T>(point + i, rule.look_ahead(load(p.w + i), load(p.slots + i)));
        }
    }
}

}  // namespace
}  // namespace lamina
