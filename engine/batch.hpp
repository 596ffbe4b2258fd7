// The activations of a batch, and the passes over them. Every pass works on a range of rows or on
// one unit of parameters and touches nothing else, so that threads share a batch without locks.
#pragma once

#include <vector>

#include "layout.hpp"
#include "memory.hpp"

namespace lamina {

// A layer's parameters as their owner keeps them: W (d_in, d_out) row-major, and b.
template <class T>
struct Given {
    const T *weights, *bias;
};

template <class T>
class Batch {
public:
    // Keeps what the backward pass needs only if `training`.
    Batch(const Plan& plan, const Layout& layout, const Kernels<T>& kernels, Index capacity,
          int n_threads, bool sparse, bool training);

    // Rows first..first+rows of the batch are the samples index[0..rows).
    void forward(const T* parameters, const Samples<T>& samples, const Index* index, Index first,
                 Index rows);
    // Row 0 of the batch is x.
    void forward_row(const std::vector<Given<T>>& parameters, const T* x);
    // After `forward`: the losses, and delta_L in place of z_L.
    void head(const Samples<T>& samples, const Index* index, Index first, Index rows, int thread);
    // After `head`: all other deltas.
    void backward(const T* transposed, Index first, Index rows);
    // After `forward`: the predictions, row-major.
    void predict(T* out, Index first, Index rows, int thread);

    // The sums over all rows: `weights` holds the unit's rows, `bias` the panel's columns. With
    // `add`, to what they hold.
    void gradient(const Unit& unit, const Samples<T>& samples, const Index* index, Index rows,
                  bool add, T* weights) const;
    void bias_gradient(const Unit& unit, Index rows, bool add, T* bias) const;

    const double* losses() const { return losses_.data(); }
    Index capacity() const { return capacity_; }

private:
    struct Buffers {
        Index row;  // leading dimension
        Array<T> z, h, delta;
    };

    void gather(const Samples<T>& samples, const Index* index, Index first, Index rows);
    void first_layer(const T* parameters, const Samples<T>& samples, const Index* index,
                     Index first, Index rows);
    void dense_layer(Index l, const T* parameters, Index first, Index rows);
    void activate(Index l, Index first, Index rows);
    Product<T> product(Index l, Index p, const T* parameters, Index first, Index rows);
    // Where layer l's product goes: z where it is kept or there is no h, else h.
    T* target(Index l) { return layers_[l].z.size() ? layers_[l].z.data() : layers_[l].h.data(); }

    const Plan& plan_;
    const Layout& layout_;
    const Kernels<T>& kernels_;
    Index capacity_;
    Index input_row_;
    Array<T> input_;
    std::vector<Buffers> layers_;
    Array<double> losses_;
    std::vector<Array<T>> scratch_;  // of the head, one per thread
};

extern template class Batch<float>;
extern template class Batch<double>;

}  // namespace lamina
