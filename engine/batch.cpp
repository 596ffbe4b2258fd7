#include "batch.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "measures.hpp"
#include "sums.hpp"

namespace lamina {

namespace {

// Rows that pass through all layers together, so that their activations stay in the cache.
constexpr Index kRowBlock = 128;

// Done by the product itself.
constexpr bool simple(Activation kind) {
    return kind == activation_relu || kind == activation_identity;
}

// SplitMix64's finaliser.
constexpr uint64_t mixed_bits(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

constexpr double usual_slope = 0.01;  // of leaky_relu as an output function

}  // namespace

// Every place of the network has a stream of its own: lamina.spec.draws.keys.
Stream Draws::stream(Index number) const {
    constexpr uint64_t golden = 0x9E3779B97F4A7C15u;
    const uint64_t key = mixed_bits(seed + golden * uint64_t(step + 1));
    return {mixed_bits(key + golden * uint64_t(number + 2))};
}

// Place 0 is the inputs, place l hidden layer l - 1 of this engine's numbers.
template <class T>
Drop<T> Draws::drop(Index place) const {
    if (!rates) return {};
    constexpr double parts = 65536;
    const double rounded = std::floor(rates[1 + place] * parts + 0.5);
    const uint32_t threshold = uint32_t(std::min(rounded, parts - 1));
    return {stream(place), threshold, T(parts / (parts - threshold))};
}

template <class T>
Batch<T>::Batch(const Plan& plan, const Layout& layout, const Kernels<T>& kernels, Index capacity,
                int n_threads, bool sparse, Use use)
    : plan_(plan), layout_(layout), kernels_(kernels), capacity_(capacity),
      input_row_(leading(plan.inputs())), options_(Index(plan.options.size())),
      losses_(capacity) {
    const bool draws = use == Use::train_with_draws;
    std::copy(plan.options.begin(), plan.options.end(), options_.data());
    if (!sparse) input_ = Array<T>(capacity * input_row_);
    if (!sparse && draws) input_mask_ = Array<T>(capacity * input_row_);
    for (size_t l = 0; l < plan.layers.size(); ++l) {
        const Activation kind = plan.layers[l].activation;
        bool last = l + 1 == plan.layers.size();
        Index row = leading(plan.layers[l].d_out), size = capacity * row;
        Buffers own{};
        own.row = row;
        own.h = Array<T>(size);
        if (use != Use::predict && !last) {
            own.delta = Array<T>(size);
            const bool learns = plan.layers[l].learns_slopes;
            if (derivative_from_z[kind] || learns) own.z = Array<T>(size);
            if (learns) own.terms = Array<T>(size);
            if (draws) own.mask = Array<T>(size);
            if (draws && !simple(kind)) own.raw = Array<T>(size);
        }
        layers_.push_back(std::move(own));
    }
    for (int i = 0; i < n_threads; ++i) scratch_.emplace_back(4 * kLanes * plan.outputs());
    if (use != Use::predict && plan.loss == loss_custom) {
        custom_ = Array<T>(capacity * (2 * layers_.back().row + 2 * plan.outputs() + 1));
    }
}

template <class T>
void Batch<T>::gather(const Samples<T>& samples, const Index* index, Index first, Index rows,
                      const Draws& draws) {
    T* x = input_.data() + first * input_row_;
    kernels_.gather(samples.x, plan_.inputs(), index, rows, x, input_row_);
    if (!draws.rates) return;
    if (draws.rates[0] > 0) {
        kernels_.noise(draws.stream(-1), T(draws.rates[0]), first, rows, padded(plan_.inputs()), x,
                       input_row_);
    }
    const Drop<T> own = draws.drop<T>(0);
    if (own.threshold == 0) return;
    kernels_.dropout({own, first, rows, padded(plan_.inputs()), input_row_, x, x,
                      input_mask_.data() + first * input_row_});
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
void Batch<T>::activate(Index l, const T* slopes, Index first, Index rows, const Draws& draws) {
    const LayerPlan& own = plan_.layers[l];
    const Index at = first * layers_[l].row;
    if (slopes) {
        const Index columns = layout_.layers[l].columns;
        kernels_.prelu({target(l) + at, slopes, active(l) + at, nullptr, nullptr, rows, columns,
                        layers_[l].row});
    } else if (!simple(own.activation)) {
        kernels_.value[own.activation](target(l) + at, active(l) + at, rows * layers_[l].row,
                                       T(own.slope));
    }
    if (draws.rates && layers_[l].mask.size()) drop(l, first, rows, draws);
}

// Makes h of the activation.
template <class T>
void Batch<T>::drop(Index l, Index first, Index rows, const Draws& draws) {
    Buffers& own = layers_[l];
    const Drop<T> drop = draws.drop<T>(l + 1);
    const Index at = first * own.row;
    if (drop.threshold == 0) {
        if (own.raw.size()) {
            std::memcpy(static_cast<void*>(own.h.data() + at), own.raw.data() + at,
                        sizeof(T) * size_t(rows * own.row));
        }
        return;
    }
    kernels_.dropout({drop, first, rows, padded(plan_.layers[l].d_out), own.row, active(l) + at,
                      own.h.data() + at, own.mask.data() + at});
}

template <class T>
void Batch<T>::first_layer(const T* parameters, const Samples<T>& samples, const Index* index,
                           Index first, Index rows, const Draws& draws) {
    if (!samples.sparse()) {
        gather(samples, index, first, rows, draws);
        return dense_layer(0, parameters, first, rows, draws);
    }
    const SparseRows<T> x{samples.x, samples.columns, samples.starts, index,
                          rows,      first,           draws.drop<T>(0)};
    for (Index p = 0; p < layout_.layers[0].panels(); ++p) {
        kernels_.sparse_forward(x, product(0, p, parameters, first, rows));
    }
    activate(0, slopes_in(parameters, 0), first, rows, draws);
}

template <class T>
void Batch<T>::dense_layer(Index l, const T* parameters, Index first, Index rows,
                           const Draws& draws) {
    for (Index p = 0; p < layout_.layers[l].panels(); ++p) {
        kernels_.multiply(product(l, p, parameters, first, rows));
    }
    activate(l, slopes_in(parameters, l), first, rows, draws);
}

template <class T>
void Batch<T>::forward(const T* parameters, const Samples<T>& samples, const Index* index,
                       Index first, Index rows, const Draws& draws) {
    const Index blocks = (rows + kRowBlock - 1) / kRowBlock;
    for (Index i = 0; i < blocks; ++i) {  // of as equal heights as can be
        const Index done = rows * i / blocks, own = rows * (i + 1) / blocks - done;
        first_layer(parameters, samples, index + done, first + done, own, draws);
        for (Index l = 1; l < Index(layers_.size()); ++l) {
            dense_layer(l, parameters, first + done, own, draws);
        }
    }
}

template <class T>
void Batch<T>::forward_row(const std::vector<Given<T>>& parameters, const T* x) {
    for (Index l = 0; l < Index(layers_.size()); ++l) {
        const LayerPlan& own = plan_.layers[l];
        kernels_.row({x, parameters[l].weights, parameters[l].bias, target(l), own.d_in, own.d_out,
                      own.activation == activation_relu});
        activate(l, parameters[l].slopes, 0, 1, {});
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
    own.options = options_.data();
    own.n_options = options_.size();
    own.z = last.h.data() + first * last.row;
    own.z_row = last.row;
    own.outputs = plan_.outputs();
    own.rows = rows;
    own.y = samples.y;
    own.weights = samples.weights;
    own.factors = samples.factors;
    own.index = index;
    own.losses = losses_.data() + first;
    own.scratch = scratch_[size_t(thread)].data();
    kernels_.head(own);
}

template <class T>
void Batch<T>::backward(const T* parameters, const T* transposed, Index first, Index rows,
                        const Draws& draws, Measures<T>* seen, int thread) {
    if (seen) {
        const Index l = Index(layers_.size()) - 1;
        seen->backflow(*this, l, parameters, first, rows, draws, thread);
        seen->delta(*this, l, first, rows);
    }
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
        const bool masks = kind == activation_relu && !seen;
        own.finish = masks ? Finish::relu_mask : Finish::plain;
        for (Index p = 0; p * kPanel < padded(layer.d_in); ++p) {
            const Panel panel = layer.transposed_panel(p);
            own.b = transposed + panel.offset;
            own.b_step = own.columns = panel.columns;
            own.c = below.delta.data() + at + p * kPanel;
            own.mask = below.h.data() + at + p * kPanel;
            kernels_.multiply(own);
        }
        T* d = below.delta.data() + at;
        if (seen) {
            seen->backflow(*this, l - 1, parameters, first, rows, draws, thread);
            if (kind == activation_relu) chain(l - 1, nullptr, d, first, rows);
        }
        derive(l - 1, parameters, d, first, rows, draws);
        if (seen) seen->delta(*this, l - 1, first, rows);
    }
}

// From the derivative by what leaves a layer to that by its z; the product has seen to ReLU.
template <class T>
void Batch<T>::derive(Index l, const T* parameters, T* d, Index first, Index rows,
                      const Draws& draws) {
    const Buffers& own = layers_[l];
    if (draws.rates && own.mask.size() && draws.drop<T>(l + 1).threshold) {
        kernels_.masked(d, own.mask.data() + first * own.row, rows * own.row);
    }
    if (!simple(plan_.layers[l].activation)) chain(l, slopes_in(parameters, l), d, first, rows);
}

// z_L becomes the prediction.
template <class T>
void Batch<T>::apply_output(T* z, Index rows, T* scratch) const {
    const Index row = layers_.back().row;
    if (plan_.output == output_softmax) {
        kernels_.softmax(z, row, plan_.outputs(), rows, scratch);
    } else if (plan_.output == output_ascending) {
        kernels_.ascending(z, row, plan_.outputs(), rows, scratch);
    } else if (plan_.output != activation_identity) {
        kernels_.value[plan_.output](z, z, rows * row, T(usual_slope));
    }
}

// The places of `custom_`: predictions and their slopes in rows as z_L's, then, row after row
// without padding, predictions or slopes for the caller, targets, losses.
template <class T>
bool Batch<T>::custom_head(const Samples<T>& samples, const Index* index, Index rows,
                           const CustomLoss<T>& loss) {
    const Index row = layers_.back().row, outputs = plan_.outputs();
    T *h = custom_.data(), *slopes = h + capacity_ * row, *plain = slopes + capacity_ * row;
    T *y = plain + capacity_ * outputs, *losses = y + capacity_ * outputs;
    std::memcpy(static_cast<void*>(h), layers_.back().h.data(), sizeof(T) * size_t(rows * row));
    apply_output(h, rows, scratch_[0].data());
    for (Index r = 0; r < rows; ++r) {
        std::copy_n(h + r * row, outputs, plain + r * outputs);
        std::copy_n(samples.y + index[r] * outputs, outputs, y + r * outputs);
    }
    // The slopes come back in the place of the predictions once these have been read.
    if (!loss.run(loss.context, plain, y, rows, outputs, losses, plain)) return false;
    for (Index r = 0; r < rows; ++r) {
        losses_[r] = double(losses[r]) * double(samples.weight(index[r]));
        std::copy_n(plain + r * outputs, outputs, slopes + r * row);
    }
    finish_custom(samples, index, rows);
    return true;
}

// From slopes by the predictions to delta_L, in z_L's place.
template <class T>
void Batch<T>::finish_custom(const Samples<T>& samples, const Index* index, Index rows) {
    const Index row = layers_.back().row, outputs = plan_.outputs();
    T *z = layers_.back().h.data(), *h = custom_.data(), *d = h + capacity_ * row;
    if (plan_.output == output_softmax) {
        for (Index r = 0; r < rows; ++r) {
            T sum = 0;
            for (Index j = 0; j < outputs; ++j) sum += h[r * row + j] * d[r * row + j];
            for (Index j = 0; j < outputs; ++j) d[r * row + j] = h[r * row + j] * (d[r * row + j] - sum);
        }
    } else if (plan_.output == output_ascending) {
        kernels_.value[activation_logistic](z, h, rows * row, T(usual_slope));
        for (Index r = 0; r < rows; ++r) {
            T sum = 0;
            for (Index j = outputs - 1; j >= 0; --j) {
                sum += d[r * row + j];
                d[r * row + j] = j == 0 ? sum : sum * h[r * row + j];
            }
        }
    } else if (plan_.output != activation_identity) {
        kernels_.chain[plan_.output](z, h, d, rows * row, T(usual_slope));
    }
    for (Index r = 0; r < rows; ++r) {
        const T weight = samples.weight(index[r]);
        for (Index j = 0; j < outputs; ++j) z[r * row + j] = d[r * row + j] * weight;
    }
}

template <class T>
void Batch<T>::chain(Index l, const T* slopes, T* d, Index first, Index rows) {
    Buffers& own = layers_[l];
    const LayerPlan& layer = plan_.layers[l];
    const Index at = first * own.row;
    if (slopes) {
        const Index columns = layout_.layers[l].columns;
        return kernels_.prelu_chain({target(l) + at, slopes, nullptr, d, own.terms.data() + at,
                                     rows, columns, own.row});
    }
    kernels_.chain[layer.activation](target(l) + at, active(l) + at, d, rows * own.row,
                                     T(layer.slope));
}

template <class T>
void Batch<T>::input_lengths(const Samples<T>& samples, const Index* index, Index first, Index rows,
                             const Draws& draws, double* out) const {
    if (samples.sparse()) {
        kernels_.sparse_squares({samples.x, samples.columns, samples.starts, index, rows, first,
                                 draws.drop<T>(0)}, out);
        for (Index r = 0; r < rows; ++r) out[r] = std::sqrt(out[r]);
        return;
    }
    for (Index r = 0; r < rows; ++r) {
        out[r] = length(input_.data() + (first + r) * input_row_, plan_.inputs());
    }
}

// What `backward` is about to make of ones.
template <class T>
void Batch<T>::slopes(Index l, const T* parameters, Index first, Index rows, const Draws& draws,
                      T* out) {
    std::fill_n(out, rows * layers_[l].row, T(1));
    if (plan_.layers[l].activation == activation_relu) chain(l, nullptr, out, first, rows);
    derive(l, parameters, out, first, rows, draws);
}

template <class T>
void Batch<T>::predict(T* out, Index first, Index rows, int thread) {
    Buffers& last = layers_.back();
    const Index outputs = plan_.outputs();
    T* z = last.h.data() + first * last.row;
    apply_output(z, rows, scratch_[size_t(thread)].data());
    for (Index r = 0; r < rows; ++r) {
        std::memcpy(out + r * outputs, z + r * last.row, sizeof(T) * size_t(outputs));
    }
}

template <class T>
void Batch<T>::gradient(const Unit& unit, const Samples<T>& samples, const Index* index,
                        Index rows, bool add, T* weights, const Draws& draws) const {
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
        const SparseRows<T> x{samples.x, samples.columns, samples.starts, index,
                              rows,      0,               draws.drop<T>(0)};
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
void Batch<T>::vector_gradient(const Unit& unit, Part part, Index rows, bool add, T* sums) const {
    const Buffers& above = layers_[unit.layer];
    const bool last = unit.layer + 1 == Index(layers_.size());
    const Index columns = layout_.layers[unit.layer].panel(unit.panel).columns;
    if (!add) std::memset(static_cast<void*>(sums), 0, sizeof(T) * size_t(columns));
    const Array<T>& terms = part == Part::slopes ? above.terms : last ? above.h : above.delta;
    kernels_.column_sums(terms.data() + unit.panel * kPanel, above.row, rows, sums, columns);
}

template class Batch<float>;
template class Batch<double>;

}  // namespace lamina
