// The boundary between the kernels, compiled once per instruction set, and the rest of the engine.
//
// Plain data and function pointers only. Every dimension called `padded` is a multiple of 64 bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace lamina {

using Index = ptrdiff_t;

inline constexpr Index kLanes = 16;   // sums over many numbers run in this many lanes
inline constexpr Index kPanel = 64;   // columns of a panel of weights
inline constexpr int kMaxSlots = 2;

enum Activation : int {
#define ACTIVATION(name, type, from_z) activation_##name,
#include "activations.def"
#undef ACTIVATION
    n_activations,
    output_softmax = n_activations,  // only as output functions, like the next
    output_ascending,
};

enum Loss : int {
#define LOSS(name, type, option, output) loss_##name,
#include "losses.def"
#undef LOSS
    n_losses,
    loss_custom = n_losses,  // the caller's own functions: no kernel
};

enum Rule : int {
#define RULE(name, type, slots, scalars) rule_##name,
#include "rules.def"
#undef RULE
    n_rules,
};

enum Function : int {
#define FUNCTION(name) function_##name,
#include "functions.def"
#undef FUNCTION
    n_functions,
};

// What happens to an element of a product before it is stored.
enum class Finish { plain, relu, relu_mask };

// c(r, j) = start + sum over k in order of a(r, k) b(k, j), by fused multiply-add.
template <class T>
struct Product {
    const T* a;  // a(r, k) = a[r * a_row + k * a_step]
    Index a_row, a_step;
    const T* b;  // b(k, j) = b[k * b_step + j]
    Index b_step;
    const T* bias;  // start(j), or null: zero
    bool add;       // start from c itself
    T* c;
    Index c_row;
    Index rows, columns, depth;  // columns padded, at most kPanel
    Finish finish;
    const T* mask;  // relu_mask: zero where mask[r * c_row + j] <= 0
};

// out = bias + x w for one row x and a row-major w (depth, columns) without padding.
template <class T>
struct Row {
    const T *x, *w, *bias;
    T* out;
    Index depth, columns;
    bool relu;
};

// Random numbers of a step for one place of the network: lamina.spec.draws.
struct Stream {
    uint64_t base;  // of seed, step and place; a row's key is a hash of it and the row's number
};

// Which entries dropout sets to 0, and what it multiplies the others by.
template <class T>
struct Drop {
    Stream stream;
    uint32_t threshold = 0;  // parts of 65536; 0: none
    T scale = 1;
};

// in and out (rows, columns), with `row` numbers from row to row, are rows first.. of the batch.
template <class T>
struct Dropout {
    Drop<T> drop;
    Index first, rows, columns, row;  // columns padded
    const T* in;
    T* out;
    T* mask;
};

// Rows of a matrix in compressed form, taken at index[0..rows); they are rows first.. of the batch.
template <class T>
struct SparseRows {
    const T* values;
    const int* columns;
    const Index* starts;
    const Index* index;
    Index rows;
    Index first = 0;
    Drop<T> drop = {};
};

// Leaky ReLU with a slope per column, of rows of z, `row` numbers apart: to h; and back from d, the
// derivative by h, to that by z in its place, and to each row's term of the slopes' own.
template <class T>
struct Prelu {
    const T *z, *slopes;
    T *h, *d, *terms;
    Index rows, columns, row;  // columns padded
};

// From z_L and y to each sample's loss and delta_L, in place of z_L.
template <class T>
struct Head {
    Activation output;
    Loss loss;
    const T* options;
    Index n_options;
    T* z;
    Index z_row, outputs, rows;
    const T* y;          // y(index[r], j) = y[index[r] * outputs + j]
    const T* weights;    // weights[index[r]], or null
    const T* factors;    // the same; the two are multiplied
    const Index* index;
    double* losses;      // times the weight
    T* scratch;          // 4 * kLanes * outputs
};

template <class T>
struct Update {
    const double* scalars;  // a row of the rule's table, without the factor of weight decay
    T keep;                 // factor of w before the update
    T l2, scale;            // the rule's gradient is (g + l2 * point) * scale
    T* w;
    const T* point;         // where the gradient was taken: w, for most rules
    const T* g;
    T* slots;               // slot i at slots + i * slot_step
    Index slot_step, count;  // count padded
};

// From the sum of a unit's gradients to the gradient of the objective, in place.
template <class T>
struct Shape {
    T alpha, scale;  // (g + alpha * point) * scale
    T l1, l2, bound;  // + l2 * point + l1 * sign(point), cut to [-bound, bound]
    const T* point;
    T* g;
    Index count;  // padded
};

template <class T>
struct Kernels {
    void (*multiply)(const Product<T>&);
    void (*row)(const Row<T>&);
    // out(r, :) = x(index[r], :).
    void (*gather)(const T* x, Index columns, const Index* index, Index rows, T* out,
                   Index out_row);
    // c(r, :) = bias + rows * panel; the panel has `columns` columns.
    void (*sparse_forward)(const SparseRows<T>&, const Product<T>&);
    // c(k - first, :) = sum over rows of value(r, k) delta(r, :) for first <= k < last.
    void (*sparse_gradient)(const SparseRows<T>&, Index first, Index last, const Product<T>&);
    // Each row's squared length, in double.
    void (*sparse_squares)(const SparseRows<T>&, double* out);
    void (*column_sums)(const T* delta, Index delta_row, Index rows, T* sums, Index columns);
    // The slope is that of leaky_relu; no other activation looks at it.
    void (*value[n_activations])(const T* z, T* h, Index count, T slope);
    void (*chain[n_activations])(const T* z, const T* h, T* d, Index count, T slope);  // d *= phi'
    void (*prelu)(const Prelu<T>&);
    void (*prelu_chain)(const Prelu<T>&);
    void (*head)(const Head<T>&);
    void (*softmax)(T* z, Index z_row, Index outputs, Index rows, T* scratch);
    void (*ascending)(T* z, Index z_row, Index outputs, Index rows, T* scratch);
    void (*dropout)(const Dropout<T>&);
    void (*masked)(T* d, const T* mask, Index count);  // d *= mask, 0 where it is 0
    // Adds normal noise to rows first.. of the batch.
    void (*noise)(Stream stream, T deviation, Index first, Index rows, Index columns, T* x,
                  Index x_row);
    void (*shape)(const Shape<T>&);
    // Shortens the columns of w (rows, columns) that are longer than the bound.
    void (*max_norm)(T* w, Index rows, Index columns, T bound);
    void (*update[n_rules])(const Update<T>&);
    void (*look_ahead[n_rules])(const Update<T>&, T* point);  // null for rules without
    double (*sum_squares)(const T* w, Index count);
    double (*sum_absolute)(const T* w, Index count);
    // From rows first..first+rows of a panel of W, which holds `columns` columns from `column` on,
    // to the panels of W^T, which has `depth` rows and `out_columns` columns.
    void (*transpose)(const T* w, Index w_row, Index first, Index rows, T* out, Index depth,
                      Index out_columns, Index column, Index columns);
    void (*function[n_functions])(const T* x, T* out, Index count);
};

struct KernelTable {
    const char* name;
    Kernels<float> f32;
    Kernels<double> f64;
};

extern const KernelTable kernels_scalar, kernels_avx2, kernels_avx512, kernels_neon;

}  // namespace lamina
