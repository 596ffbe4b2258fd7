// From a sum of gradients to the gradient of the objective, and bounds on weights, as in
// lamina.spec.regularization.
#pragma once

#include "losses.hpp"

namespace lamina {
namespace {

template <class T>
void shape(const Shape<T>& p) {
    for (Index i = 0; i < p.count; i += kWidth<T>) {
        const V<T> point = load(p.point + i);
        V<T> g = (load(p.g + i) + p.alpha * point) * p.scale;
        if (p.l2 != T(0)) g = g + p.l2 * point;
        if (p.l1 != T(0)) g = g + p.l1 * sign_of<T>(point);
        g = g > p.bound ? splat<T>(p.bound) : (g < -p.bound ? splat<T>(-p.bound) : g);
        store<T>(p.g + i, g);
    }
}

template <class T>
void max_norm(T* w, Index rows, Index columns, T bound) {
    for (Index j = 0; j < columns; j += kWidth<T>) {
        V<T> sum{};
        for (Index k = 0; k < rows; ++k) {
            const V<T> own = load(w + k * columns + j);
            sum = fma<T>(own, own, sum);
        }
        const V<T> length = root<T>(sum > bound * bound ? sum : one<T>());
        const V<T> factor = sum > bound * bound ? bound / length : one<T>();
        for (Index k = 0; k < rows; ++k) {
            T* own = w + k * columns + j;
            store<T>(own, load(own) * factor);
        }
    }
}

}  // namespace
}  // namespace lamina
