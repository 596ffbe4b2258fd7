// Sums that come out the same on every machine.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels.hpp"

namespace lamina {

// The sum of term(0), term(1), ... in sixteen lanes, which are folded at the end.
template <class F>
double lane_sum(Index count, F&& term) {
    double lanes[kLanes] = {};
    Index start = 0;
    for (; start + kLanes <= count; start += kLanes) {
        for (Index i = 0; i < kLanes; ++i) lanes[i] += double(term(start + i));
    }
    for (Index i = 0; start + i < count; ++i) lanes[i] += double(term(start + i));
    for (Index half = kLanes / 2; half > 0; half /= 2) {
        for (Index i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    }
    return lanes[0];
}

// Whether a sum of squares lost nothing to overflow or underflow on its way.
inline bool in_range(double sum) { return sum > 1e-280 && sum < 1e300; }

// The root of a sum of term(i)^2, which is taken again if the squares went out of range.
template <class F>
double root(double sum, Index count, F&& term) {
    if (in_range(sum)) return std::sqrt(sum);
    double unit = 0;
    for (Index i = 0; i < count; ++i) {
        const double size = std::abs(double(term(i)));
        if (!std::isfinite(size)) return size;
        unit = std::max(unit, size);
    }
    if (unit == 0) return 0;
    return unit * std::sqrt(lane_sum(count, [&](Index i) {
        const double own = double(term(i)) / unit;
        return own * own;
    }));
}

// The length of a vector of any size.
template <class F>
double length(Index count, F&& term) {
    const double sum = lane_sum(count, [&](Index i) {
        const double own = double(term(i));
        return own * own;
    });
    return root(sum, count, term);
}

template <class T>
double length(const T* x, Index count) {
    return length(count, [&](Index i) { return x[i]; });
}

}  // namespace lamina
