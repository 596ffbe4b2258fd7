// The last layer's kernels: transposes sixteen samples at a time around the losses.
#pragma once

#include "losses.hpp"
#include "moves.hpp"

namespace lamina {
namespace {

// to[r * to_row + j] = from[j * kLanes + r] for r < rows.
template <class T>
void scatter_columns(const T* from, Index outputs, T* to, Index to_row, Index rows) {
    Index j = 0;
    for (; j + 4 <= outputs; j += 4) {
        const T* column = from + j * kLanes;
        transpose_lines<T>({column, column + kLanes, column + 2 * kLanes, column + 3 * kLanes},
                           rows, to + j, to_row);
    }
    for (; j < outputs; ++j) {
        for (Index r = 0; r < rows; ++r) to[r * to_row + j] = from[j * kLanes + r];
    }
}

template <class T>
using LossFunction = void (*)(const Samples<T>&, T*);

template <class T>
inline constexpr LossFunction<T> loss_functions[n_losses] = {
#define LOSS(name, type, option, output) sixteen<T, type>,
#include "../losses.def"
#undef LOSS
};

template <class T>
using ChainFunction = void (*)(const T*, const T*, T*, Index, T);
template <class T>
using ValueFunction = void (*)(const T*, T*, Index, T);

template <class T>
inline constexpr ValueFunction<T> value_functions[n_activations] = {
#define ACTIVATION(name, type, from_z) value_of<T, type>,
#include "../activations.def"
#undef ACTIVATION
};

template <class T>
inline constexpr ChainFunction<T> chain_functions[n_activations] = {
#define ACTIVATION(name, type, from_z) chain_of<T, type>,
#include "../activations.def"
#undef ACTIVATION
};

// Multiplies losses and deltas by the samples' weights and puts them where they belong.
template <class T>
void finish_block(const Head<T>& p, Index first, Index rows, const T* losses, T* d) {
    T weights[kLanes];
    for (Index r = 0; r < kLanes; ++r) {
        weights[r] = p.weights && r < rows ? p.weights[p.index[first + r]] : T(1);
        if (p.factors && r < rows) weights[r] *= p.factors[p.index[first + r]];
    }
    for (Index r = 0; r < rows; ++r) p.losses[first + r] = double(losses[r]) * double(weights[r]);
    if (p.weights || p.factors) {
        for (Index i = 0; i < p.outputs * kLanes; i += kWidth<T>) {
            store<T>(d + i, load(d + i) * load(weights + i % kLanes));
        }
    }
    scatter_columns(d, p.outputs, p.z + first * p.z_row, p.z_row, rows);
}

template <class T>
void head_block(const Head<T>& p, Index first, Index rows) {
    const T* z_rows[kLanes];
    const T* y_rows[kLanes];
    for (Index r = 0; r < kLanes; ++r) {
        Index row = first + (r < rows ? r : 0);  // lanes without a sample repeat the first
        z_rows[r] = p.z + row * p.z_row;
        y_rows[r] = p.y + p.index[row] * p.outputs;
    }
    const Index size = p.outputs * kLanes;
    T *z = p.scratch, *y = z + size, *d = y + size, *h = d + size;
    transpose_rows<T>(z_rows, p.outputs, z, kLanes);
    transpose_rows<T>(y_rows, p.outputs, y, kLanes);
    T losses[kLanes];
    const bool of_prediction = p.loss <= loss_quantile;
    if (of_prediction) value_functions<T>[p.output](z, h, size, T(0.01));
    loss_functions<T>[p.loss]({z, h, y, d, p.outputs, p.options, p.n_options}, losses);
    if (of_prediction && p.output != activation_identity) {
        chain_functions<T>[p.output](z, h, d, size, T(0.01));
    }
    finish_block(p, first, rows, losses, d);
}

template <class T>
void head(const Head<T>& p) {
    for (Index first = 0; first < p.rows; first += kLanes) {
        Index left = p.rows - first;
        head_block(p, first, left < kLanes ? left : kLanes);
    }
}

template <class T>
struct Ascending {
    LAMINA_INLINE Ascending(const T* z, T* h, Index outputs) {
        V<T> sum = load(z);
        store<T>(h, sum);
        for (Index j = 1; j < outputs; ++j) {
            sum = sum + softplus<T>(load(z + j * kLanes));
            store<T>(h + j * kLanes, sum);
        }
    }
};

template <class T, template <class> class Output>
void rowwise_block(T* z, Index z_row, Index outputs, Index rows, T* scratch) {
    const T* z_rows[kLanes];
    for (Index r = 0; r < kLanes; ++r) z_rows[r] = z + (r < rows ? r : 0) * z_row;
    T* p = scratch + outputs * kLanes;
    transpose_rows<T>(z_rows, outputs, scratch, kLanes);
    for (Index lane = 0; lane < kLanes; lane += kWidth<T>) {
        Output<T>(scratch + lane, p + lane, outputs);
    }
    scatter_columns(p, outputs, z, z_row, rows);
}

// An output function that mixes the entries of a row, in place.
template <class T, template <class> class Output>
void rowwise(T* z, Index z_row, Index outputs, Index rows, T* scratch) {
    for (Index first = 0; first < rows; first += kLanes) {
        Index left = rows - first;
        rowwise_block<T, Output>(z + first * z_row, z_row, outputs, left < kLanes ? left : kLanes,
                                 scratch);
    }
}

}  // namespace
}  // namespace lamina
