// What is to be computed: the plan of a network, as the engine needs to know it.
#pragma once

#include <vector>

#include "kernels.hpp"

namespace lamina {

struct LayerPlan {
    Index d_in, d_out;
    Activation activation;
    double slope = 0.01;         // of leaky_relu
    bool learns_slopes = false;  // leaky_relu with a slope per unit, a parameter
};

struct Plan {
    std::vector<LayerPlan> layers;
    Activation output;
    Loss loss;
    std::vector<double> options;  // of the loss, at least one number: lamina.plan.Loss.numbers

    Index inputs() const { return layers.front().d_in; }
    Index outputs() const { return layers.back().d_out; }
};

// Samples, owned by the caller. x is dense, or in compressed rows where `starts` is not null.
template <class T>
struct Samples {
    const T* x = nullptr;
    const int* columns = nullptr;
    const Index* starts = nullptr;
    const T* y = nullptr;
    const T* weights = nullptr;
    const T* factors = nullptr;  // of losses and gradients, but not counted in a mean
    Index count = 0;

    bool sparse() const { return starts != nullptr; }
    // What multiplies a sample's loss and gradient.
    T weight(Index i) const { return (weights ? weights[i] : T(1)) * (factors ? factors[i] : T(1)); }
};

// Whether the derivative of an activation is taken from z, so that z must be kept beside h.
inline constexpr bool derivative_from_z[n_activations] = {
#define ACTIVATION(name, type, from_z) from_z,
#include "activations.def"
#undef ACTIVATION
};

constexpr Index padded(Index n, Index to = kLanes) { return (n + to - 1) / to * to; }

}  // namespace lamina
