#include "batch.hpp"

#include <algorithm>
#include <cstring>

namespace lamina {

namespace {

// Rows that pass through all layers together, so that their activations stay in the cache.
constexpr Index kRowBlock = 128;

// Rows a multiple of 256 numbers apart would share few cache sets.
constexpr Index leading(Index columns) {
    Index row = padded(columns);
    return row % 256 == 0 ? row + kLanes : row;
}

}  // namespace

template <class T>
Batch<T>::Batch(const Plan& plan, const Layout& layout, const Kernels<T>& kernels, Index capacity,
                int n_threads, bool sparse, bool training)
    : plan_(plan), layout_(layout), kernels_(kernels), capacity_(capacity),
      input_row_(leading(plan.inputs())), losses_(training ? capacity : 0) {
    if (!sparse) input_ = Array<T>(capacity * input_row_);
    for (size_t l = 0; l < plan.layers.size(); ++l) {
        bool last = l + 1 == plan.layers.size();
        Index row = leading(plan.layers[l].d_out), size = capacity * row;
        Buffers own{row, {}, Array<T>(size), {}};
        if (training && !last) {
            own.delta = Array<T>(size);
            if (derivative_from_z[plan.layers[l].activation]) own.z = Array<T>(size);
        }
        layers_.push_back(std::move(own));
    }
    for (int i = 0; i < n_threads; ++i) scratch_.emplace_back(4 * kLanes * plan.outputs());
}

template <class T>
void Batch<T>::gather(const Samples<T>& samples, const Index* index, Index first, Index rows) {
    kernels_.gather(samples.x, plan_.inputs(), index, rows, input_.data() + first * input_row_,
                    input_row_);
}

template <class T>
Product<T> Batch<T>::product(Index l, Index p, const T* parameters, Index first, Index rows) {
    const Layout::Layer& layer = layout_.layers[l];
    const Panel panel = layer.panel(p);
    const Index in_row = l ? layers_[l - 1].row : input_row_;
    const T* in = l ? layers_[l - 1].h.data() : input_.data();
    const bool relu = plan_.layers[l].activation == activation_relu;
    Product<T> own{};
    own.a = in + first * in_row;
    own.a_row = in_row;
    own.a_step = 1;
    own.b = parameters + panel.offset;
    own.b_step = panel.columns;
    own.bias = parameters + layer.bias + p * kPanel;
    own.c = target(l) + first * layers_[l].row + p * kPanel;
    own.c_row = layers_[l].row;
    own.rows = rows;
    own.columns = panel.columns;
    own.depth = layer.d_in;
    own.finish = relu ? Finish::relu : Finish::plain;
    return own;
}

template <class T>
void Batch<T>::activate(Index l, Index first, Index rows) {
    const Activation kind = plan_.layers[l].activation;
    if (kind == activation_relu || kind == activation_identity) return;
    const Index at = first * layers_[l].row;
    kernels_.value[kind](target(l) + at, layers_[l].h.data() + at, rows * layers_[l].row);
}

template <class T>
void Batch<T>::first_layer(const T* parameters, const Samples<T>& samples, const Index* index,
                           Index first, Index rows) {
    if (!samples.sparse()) {
        gather(samples, index, first, rows);
        return dense_layer(0, parameters, first, rows);
    }
    const SparseRows<T> x{samples.x, samples.columns, samples.starts, index, rows};
    for (Index p = 0; p < layout_.layers[0].panels(); ++p) {
        kernels_.sparse_forward(x, product(0, p, parameters, first, rows));
    }
    activate(0, first, rows);
}

template <class T>
void Batch<T>::dense_layer(Index l, const T* parameters, Index first, Index rows) {
    for (Index p = 0; p < layout_.layers[l].panels(); ++p) {
        kernels_.multiply(product(l, p, parameters, first, rows));
    }
    activate(l, first, rows);
}

template <class T>
void Batch<T>::forward(const T* parameters, const Samples<T>& samples, const Index* index,
                       Index first, Index rows) {
    const Index blocks = (rows + kRowBlock - 1) / kRowBlock;
    for (Index i = 0; i < blocks; ++i) {  // of as equal heights as can be
        const Index done = rows * i / blocks, own = rows * (i + 1) / blocks - done;
        first_layer(parameters, samples, index + done, first + done, own);
        for (Index l = 1; l < Index(layers_.size()); ++l) {
            dense_layer(l, parameters, first + done, own);
        }
    }
}

template <class T>
void Batch<T>::forward_row(const std::vector<Given<T>>& parameters, const T* x) {
    for (Index l = 0; l < Index(layers_.size()); ++l) {
        const LayerPlan& own = plan_.layers[l];
        kernels_.row({x, parameters[l].weights, parameters[l].bias, target(l), own.d_in, own.d_out,
                      own.activation == activation_relu});
        activate(l, 0, 1);
        x = layers_[l].h.data();
    }
}

template <class T>
void Batch<T>::head(const Samples<T>& samples, const Index* index, Index first, Index rows,
                    int thread) {
    Buffers& last = layers_.back();
    Head<T> own{};
    own.output = plan_.output;
    own.loss = plan_.loss;
    own.option = plan_.option;
    own.z = last.h.data() + first * last.row;
    own.z_row = last.row;
    own.outputs = plan_.outputs();
    own.rows = rows;
    own.y = samples.y;
    own.weights = samples.weights;
    own.index = index;
    own.losses = losses_.data() + first;
    own.scratch = scratch_[size_t(thread)].data();
    kernels_.head(own);
}

template <class T>
void Batch<T>::backward(const T* transposed, Index first, Index rows) {
    for (Index l = Index(layers_.size()) - 1; l > 0; --l) {
        const Layout::Layer& layer = layout_.layers[l];
        Buffers &above = layers_[l], &below = layers_[l - 1];
        const bool last = l + 1 == Index(layers_.size());
        const Activation kind = plan_.layers[l - 1].activation;
        const Index at = first * below.row;
        Product<T> own{};
        own.a = (last ? above.h : above.delta).data() + first * above.row;
        own.a_row = above.row;
        own.a_step = 1;
        own.c_row = below.row;
        own.rows = rows;
        own.depth = layer.d_out;
        own.finish = kind == activation_relu ? Finish::relu_mask : Finish::plain;
        for (Index p = 0; p * kPanel < padded(layer.d_in); ++p) {
            const Panel panel = layer.transposed_panel(p);
            own.b = transposed + panel.offset;
            own.b_step = own.columns = panel.columns;
            own.c = below.delta.data() + at + p * kPanel;
            own.mask = below.h.data() + at + p * kPanel;
            kernels_.multiply(own);
        }
        if (kind == activation_relu || kind == activation_identity) continue;
        kernels_.chain[kind](target(l - 1) + at, below.h.data() + at, below.delta.data() + at,
                             rows * below.row);
    }
}

template <class T>
void Batch<T>::predict(T* out, Index first, Index rows, int thread) {
    Buffers& last = layers_.back();
    const Index outputs = plan_.outputs();
    T* z = last.h.data() + first * last.row;
    if (plan_.output == output_softmax) {
        kernels_.softmax(z, last.row, outputs, rows, scratch_[size_t(thread)].data());
    } else if (plan_.output != activation_identity) {
        kernels_.value[plan_.output](z, z, rows * last.row);
    }
    for (Index r = 0; r < rows; ++r) {
        std::memcpy(out + r * outputs, z + r * last.row, sizeof(T) * size_t(outputs));
    }
}

template <class T>
void Batch<T>::gradient(const Unit& unit, const Samples<T>& samples, const Index* index,
                        Index rows, bool add, T* weights) const {
    const Index l = unit.layer;
    const Buffers& above = layers_[l];
    const bool last = l + 1 == Index(layers_.size());
    const Panel panel = layout_.layers[l].panel(unit.panel);
    Product<T> own{};
    own.b = (last ? above.h : above.delta).data() + unit.panel * kPanel;
    own.b_step = above.row;
    own.add = add;
    own.c = weights;
    own.c_row = own.columns = panel.columns;
    if (l == 0 && samples.sparse()) {
        const SparseRows<T> x{samples.x, samples.columns, samples.starts, index, rows};
        return kernels_.sparse_gradient(x, unit.first, unit.last, own);
    }
    own.a = (l ? layers_[l - 1].h.data() : input_.data()) + unit.first;
    own.a_row = 1;
    own.a_step = l ? layers_[l - 1].row : input_row_;
    own.rows = unit.last - unit.first;
    own.depth = rows;
    kernels_.multiply(own);
}

template <class T>
void Batch<T>::bias_gradient(const Unit& unit, Index rows, bool add, T* bias) const {
    const Buffers& above = layers_[unit.layer];
    const bool last = unit.layer + 1 == Index(layers_.size());
    const Index columns = layout_.layers[unit.layer].panel(unit.panel).columns;
    if (!add) std::memset(static_cast<void*>(bias), 0, sizeof(T) * size_t(columns));
    const T* delta = (last ? above.h : above.delta).data() + unit.panel * kPanel;
    kernels_.column_sums(delta, above.row, rows, bias, columns);
}

template class Batch<float>;
template class Batch<double>;

}  // namespace lamina
