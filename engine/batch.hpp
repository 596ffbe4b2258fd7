// The activations of a batch, and the passes over them. Every pass works on a range of rows or on
// one unit of parameters and touches nothing else, so that threads share a batch without locks.
#pragma once

#include <vector>

#include "layout.hpp"
#include "memory.hpp"

namespace lamina {

// A layer's parameters as their owner keeps them: W (d_in, d_out) row-major, b, learned slopes.
template <class T>
struct Given {
    const T *weights, *bias, *slopes = nullptr;
};

// The random numbers of a step: noise, then the probabilities of dropout of the inputs and of each
// hidden layer. Without `rates` there are none.
struct Draws {
    uint64_t seed = 0;
    Index step = 0;
    const double* rates = nullptr;

    Stream stream(Index number) const;
    template <class T>
    Drop<T> drop(Index place) const;
};

// What a batch is made for.
enum class Use { predict, train, train_with_draws };

// The caller's own loss: from rows of predictions and targets to each row's loss and its slope by
// the predictions; false to stop.
template <class T>
struct CustomLoss {
    bool (*run)(void* context, const T* h, const T* y, Index rows, Index outputs, T* losses,
                T* slopes) = nullptr;
    void* context = nullptr;
};

// Rows of numbers, `row` of them apart.
template <class T>
struct Block {
    const T* data;
    Index row;
};

// Rows a multiple of 256 numbers apart would share few cache sets.
constexpr Index leading(Index columns) {
    const Index row = padded(columns);
    return row % 256 == 0 ? row + kLanes : row;
}

template <class T>
class Measures;

template <class T>
class Batch {
public:
    // Keeps what the backward pass needs only in training.
    Batch(const Plan& plan, const Layout& layout, const Kernels<T>& kernels, Index capacity,
          int n_threads, bool sparse, Use use);

    // Rows first..first+rows of the batch are the samples index[0..rows).
    void forward(const T* parameters, const Samples<T>& samples, const Index* index, Index first,
                 Index rows, const Draws& draws = {});
    // Row 0 of the batch is x.
    void forward_row(const std::vector<Given<T>>& parameters, const T* x);
    // After `forward`: the losses, and delta_L in place of z_L.
    void head(const Samples<T>& samples, const Index* index, Index first, Index rows, int thread);
    // The same for all rows at once, by one thread, where the loss is the caller's own.
    bool custom_head(const Samples<T>& samples, const Index* index, Index rows,
                     const CustomLoss<T>& loss);
    // After `head`: all other deltas; where someone measures, they are shown what comes by.
    void backward(const T* parameters, const T* transposed, Index first, Index rows,
                  const Draws& draws = {}, Measures<T>* seen = nullptr, int thread = 0);
    // After `forward`: the predictions, row-major.
    void predict(T* out, Index first, Index rows, int thread);

    // The sums over all rows: `weights` holds the unit's rows, `sums` the panel's columns. With
    // `add`, to what they hold.
    void gradient(const Unit& unit, const Samples<T>& samples, const Index* index, Index rows,
                  bool add, T* weights, const Draws& draws = {}) const;
    void vector_gradient(const Unit& unit, Part part, Index rows, bool add, T* sums) const;

    const double* losses() const { return losses_.data(); }

    // For measuring. h_l, and from `head` on delta_L in place of z_L; and delta_l.
    Block<T> outputs(Index l) const { return {layers_[l].h.data(), layers_[l].row}; }
    Block<T> deltas(Index l) const {
        const bool last = l + 1 == Index(layers_.size());
        return {(last ? layers_[l].h : layers_[l].delta).data(), layers_[l].row};
    }
    // The length of each of these rows of the inputs, with noise and dropout.
    void input_lengths(const Samples<T>& samples, const Index* index, Index first, Index rows,
                       const Draws& draws, double* out) const;
    // phi' of these rows of a hidden layer, times dropout's mask, in rows as far apart as its own;
    // before its deltas are there, since terms of learned slopes' gradient go with them.
    void slopes(Index l, const T* parameters, Index first, Index rows, const Draws& draws, T* out);
    Index capacity() const { return capacity_; }

private:
    struct Buffers {
        Index row;  // leading dimension
        Array<T> z, h, delta;
        Array<T> raw, mask;  // h before dropout, where its derivative needs it; what dropout drew
        Array<T> terms;      // of the learned slopes' gradient
    };

    void gather(const Samples<T>& samples, const Index* index, Index first, Index rows,
                const Draws& draws);
    void first_layer(const T* parameters, const Samples<T>& samples, const Index* index,
                     Index first, Index rows, const Draws& draws);
    void dense_layer(Index l, const T* parameters, Index first, Index rows, const Draws& draws);
    void activate(Index l, const T* slopes, Index first, Index rows, const Draws& draws);
    const T* slopes_in(const T* parameters, Index l) const {
        const Index at = layout_.layers[size_t(l)].slopes;
        return at < 0 ? nullptr : parameters + at;
    }
    void derive(Index l, const T* parameters, T* d, Index first, Index rows, const Draws& draws);
    void chain(Index l, const T* slopes, T* d, Index first, Index rows);
    void drop(Index l, Index first, Index rows, const Draws& draws);
    void apply_output(T* z, Index rows, T* scratch) const;
    void finish_custom(const Samples<T>& samples, const Index* index, Index rows);
    Product<T> product(Index l, Index p, const T* parameters, Index first, Index rows);
    // Where layer l's product goes: z where it is kept or there is no h, else h.
    T* target(Index l) { return layers_[l].z.size() ? layers_[l].z.data() : layers_[l].h.data(); }
    // Where its activation goes: h, unless dropout makes h of it.
    T* active(Index l) {
        return layers_[l].raw.size() ? layers_[l].raw.data() : layers_[l].h.data();
    }

    const Plan& plan_;
    const Layout& layout_;
    const Kernels<T>& kernels_;
    Index capacity_;
    Index input_row_;
    Array<T> options_;  // of the loss
    Array<T> input_, input_mask_;
    std::vector<Buffers> layers_;
    Array<T> custom_;  // predictions, targets, slopes, losses, for a loss of the caller's
    Array<double> losses_;
    std::vector<Array<T>> scratch_;  // of the head, one per thread
};

extern template class Batch<float>;
extern template class Batch<double>;

}  // namespace lamina
