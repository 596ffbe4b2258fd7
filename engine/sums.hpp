// Sums that come out the same on every machine.
#pragma once

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

}  // namespace lamina
