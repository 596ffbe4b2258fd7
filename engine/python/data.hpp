// What Python gives, checked here and trusted by the engine: arrays, samples, shapes.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "../dispatch.hpp"
#include "../names.hpp"
#include "../layout.hpp"
#include "../plan.hpp"

namespace nb = nanobind;

namespace lamina {
namespace {

template <class T>
using Matrix = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Out = nb::ndarray<T, nb::c_contig, nb::device::cpu>;
template <class T>
using Any = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;

// No strings are made unless they are needed: this stands in loops.
void expect(bool good, const char* what) {
    if (!good) throw std::invalid_argument(what);
}

void expect_columns(const char* what, Index got, Index wanted) {
    if (got == wanted) return;
    throw std::invalid_argument(std::string(what) + " must have " + std::to_string(wanted) +
                                " columns, got " + std::to_string(got));
}

template <class T>
const Kernels<T>& kernels_of(const std::string& isa) {
    const KernelTable* table = find_table(isa);
    if (!table) throw std::invalid_argument("the instruction set '" + isa + "' is not available");
    if constexpr (sizeof(T) == 4) {
        return table->f32;
    } else {
        return table->f64;
    }
}

// Samples with the arrays that hold them.
template <class T>
struct Data {
    Samples<T> samples;
    Index inputs = 0, outputs = 0;
    std::optional<Matrix<T>> x, y;
    std::optional<Vector<T>> values, weights, factors;
    std::optional<Vector<int>> columns;
    std::optional<Vector<Index>> starts;

    void targets(std::optional<Matrix<T>> own_y, std::optional<Vector<T>> own_weights,
                 std::optional<Vector<T>> own_factors) {
        y = std::move(own_y);
        weights = std::move(own_weights);
        factors = std::move(own_factors);
        if (y) {
            expect(Index(y->shape(0)) == samples.count, "y must have a row per row of x");
            samples.y = y->data();
            outputs = Index(y->shape(1));
        }
        if (weights) {
            expect(Index(weights->shape(0)) == samples.count,
                   "weights must have an entry per row of x");
            samples.weights = weights->data();
        }
        if (factors) {
            expect(Index(factors->shape(0)) == samples.count,
                   "factors must have an entry per row of x");
            samples.factors = factors->data();
        }
    }

    void check(const Plan& plan, bool learn) const {
        expect_columns("x", inputs, plan.inputs());
        if (!learn) return;
        expect(samples.y != nullptr, "y is needed to learn");
        expect_columns("y", outputs, plan.outputs());
    }
};

template <class T>
void make_dense(Data<T>* self, Matrix<T> x, std::optional<Matrix<T>> y,
                std::optional<Vector<T>> weights, std::optional<Vector<T>> factors) {
    new (self) Data<T>();
    self->samples.x = x.data();
    self->samples.count = Index(x.shape(0));
    self->inputs = Index(x.shape(1));
    self->x = std::move(x);
    self->targets(std::move(y), std::move(weights), std::move(factors));
}

template <class T>
void check_rows(const Data<T>& data) {
    const Index* starts = data.samples.starts;
    const int* columns = data.samples.columns;
    const Index entries = Index(data.values->shape(0));
    expect(starts[0] >= 0 && starts[data.samples.count] <= entries,
           "the row starts of x lie outside its entries");
    for (Index r = 0; r < data.samples.count; ++r) {
        expect(starts[r] <= starts[r + 1], "the row starts of x must not fall");
    }
    for (Index r = 0; r < data.samples.count; ++r) {
        for (Index i = starts[r]; i < starts[r + 1]; ++i) {
            expect(columns[i] >= 0 && columns[i] < data.inputs, "a column index of x is too large");
            expect(i == starts[r] || columns[i - 1] <= columns[i],
                   "the column indices of x must be sorted");
        }
    }
}

template <class T>
Data<T> make_sparse(Vector<T> values, Vector<int> columns, Vector<Index> starts, Index inputs,
                    std::optional<Matrix<T>> y, std::optional<Vector<T>> weights,
                    std::optional<Vector<T>> factors) {
    Data<T> data;
    expect(starts.shape(0) >= 1, "x has no row starts");
    expect(values.shape(0) == columns.shape(0), "x has not as many columns as values");
    data.samples.x = values.data();
    data.samples.columns = columns.data();
    data.samples.starts = starts.data();
    data.samples.count = Index(starts.shape(0)) - 1;
    data.inputs = inputs;
    data.values = std::move(values);
    data.columns = std::move(columns);
    data.starts = std::move(starts);
    check_rows(data);
    data.targets(std::move(y), std::move(weights), std::move(factors));
    return data;
}

Part part_of(int part) {
    expect(part >= 0 && part <= 2, "there is no such parameter");
    return Part(part);
}

void check_parameter(const Plan& plan, Index layer, Part part, size_t ndim, const int64_t* shape) {
    expect(layer >= 0 && layer < Index(plan.layers.size()), "there is no such layer");
    const LayerPlan& own = plan.layers[size_t(layer)];
    expect(part != Part::slopes || own.learns_slopes, "the layer has no slopes");
    const bool good = part != Part::weights ? ndim == 1 && shape[0] == own.d_out
                           : ndim == 2 && shape[0] == own.d_in && shape[1] == own.d_out;
    if (good) return;
    const std::string d_in = std::to_string(own.d_in), d_out = std::to_string(own.d_out);
    throw std::invalid_argument("the parameters of layer " + std::to_string(layer) +
                                " must have the shapes (" + d_in + ", " + d_out + ") and (" +
                                d_out + ",)");
}

void expect_parts(const Plan& plan, size_t layer, size_t count) {
    const size_t wanted = plan.layers[layer].learns_slopes ? 3 : 2;
    if (count == wanted) return;
    throw std::invalid_argument("layer " + std::to_string(layer) + " must have " +
                                std::to_string(wanted) + " parameters, got " +
                                std::to_string(count));
}

}  // namespace
}  // namespace lamina
