#include "objective.hpp"

#include <algorithm>
#include <numeric>

#include "sums.hpp"

namespace lamina {

namespace {

int threads_of(const Plan& plan, Index rows, int n_threads) {
    if (n_threads > 0) return int(std::min<Index>(n_threads, rows));
    return threads_for(work_of(plan, rows), rows, usable_cores());
}

}  // namespace

template <class T>
Objective<T>::Objective(Plan plan, double alpha, const Kernels<T>& kernels, Samples<T> samples,
                        int n_threads)
    : plan_(std::move(plan)), alpha_(alpha), kernels_(kernels), samples_(samples),
      n_threads_(n_threads),
      most_threads_(threads_of(plan_, std::min(samples.count, kChunk), n_threads)),
      layout_(plan_, kLine<T>), units_(layout_.units(samples.sparse())),
      values_(layout_.size), gradients_(layout_.size), transposed_(layout_.transposed_size),
      index_(samples.count),
      batch_(plan_, layout_, kernels, std::min(samples.count, kChunk), most_threads_,
             samples.sparse(), Use::train) {
    std::iota(index_.data(), index_.data() + samples.count, Index(0));
}

template <class T>
void Objective<T>::run(Poll poll, const CustomLoss<T>& custom) {
    loss_ = penalty_ = 0;
    custom_ = custom;
    failed_ = false;
    asker_.start(poll);
    {
        FloatingPoint ieee;
        for (const Unit& unit : units_) {
            const Layout::Layer& layer = layout_.layers[size_t(unit.layer)];
            const Panel panel = layer.panel(unit.panel);
            const Index at = panel.offset + unit.first * panel.columns;
            const Index rows = unit.last - unit.first;
            penalty_ += kernels_.sum_squares(values_.data() + at, rows * panel.columns);
            if (unit.layer == 0) continue;
            kernels_.transpose(values_.data() + at, panel.columns, unit.first, rows,
                               transposed_.data() + layer.transposed, layer.d_out,
                               padded(layer.d_in), unit.panel * kPanel,
                               std::min(panel.columns, layer.d_out - unit.panel * kPanel));
        }
    }
    const int n = n_threads_ > 0 ? most_threads_ : pace_.threads(most_threads_);
    const auto start = Asker::Clock::now();
    workers_.run(
        n,
        [](void* context, int thread, int n_threads) {
            static_cast<Objective*>(context)->work(thread, n_threads);
        },
        this);
    const std::chrono::duration<double> time = Asker::Clock::now() - start;
    if (n_threads_ == 0) pace_.took(1, time.count());
    const T* weights = samples_.weights;
    const Index count = samples_.count;
    settle(!weights ? double(count) : lane_sum(count, [&](Index i) { return weights[i]; }));
}

template <class T>
void Objective<T>::work(int thread, int n_threads) {
    for (Index start = 0; start < samples_.count && !asker_.stopping(); start += kChunk) {
        const Index rows = std::min(kChunk, samples_.count - start);
        const Index first = rows * thread / n_threads;
        const Index own = rows * (thread + 1) / n_threads - first;
        const Index* index = index_.data() + start + first;
        if (thread == 0) next_.store(0, std::memory_order_relaxed);
        if (own > 0) {
            batch_.forward(values_.data(), samples_, index, first, own);
            if (plan_.loss != loss_custom) {
                batch_.head(samples_, index, first, own, thread);
                batch_.backward(values_.data(), transposed_.data(), first, own);
            }
        }
        if (plan_.loss == loss_custom) {  // asked for all rows at once, by the thread that called
            workers_.barrier.wait(n_threads);
            if (thread == 0) {
                failed_ = !batch_.custom_head(samples_, index_.data() + start, rows, custom_);
            }
            workers_.barrier.wait(n_threads);
            if (failed_) return;
            if (own > 0) batch_.backward(values_.data(), transposed_.data(), first, own);
        }
        workers_.barrier.wait(n_threads);
        if (thread == 0) {
            const double* losses = batch_.losses();
            loss_ += lane_sum(rows, [&](Index i) { return losses[i]; });
        }
        Index number;
        while ((number = next_.fetch_add(1, std::memory_order_relaxed)) < Index(units_.size())) {
            differentiate(units_[size_t(number)], start, rows);
        }
        if (thread == 0) asker_.ask();
        workers_.barrier.wait(n_threads);
    }
}

template <class T>
void Objective<T>::differentiate(const Unit& unit, Index first, Index rows) {
    const Layout::Layer& layer = layout_.layers[size_t(unit.layer)];
    const Panel panel = layer.panel(unit.panel);
    T* weights = gradients_.data() + panel.offset + unit.first * panel.columns;
    batch_.gradient(unit, samples_, index_.data() + first, rows, first > 0, weights);
    if (unit.first > 0) return;
    for (Part part : {Part::bias, Part::slopes}) {
        if (layer.vector(part) < 0) continue;
        T* sums = gradients_.data() + layer.vector(part) + unit.panel * kPanel;
        batch_.vector_gradient(unit, part, rows, first > 0, sums);
    }
}

// From sums to means, and the penalty's part.
template <class T>
void Objective<T>::settle(double total) {
    FloatingPoint ieee;
    const T alpha = T(alpha_), sum = T(total);
    for (const Layout::Layer& layer : layout_.layers) {
        for (Index i = layer.weights; i < layer.bias; ++i) gradients_[i] += alpha * values_[i];
    }
    for (Index i = 0; i < layout_.size; ++i) gradients_[i] /= sum;
    loss_ /= total;
    penalty_ = alpha_ == 0 ? 0 : penalty_ * 0.5 * alpha_ / total;
}

template class Objective<float>;
template class Objective<double>;

}  // namespace lamina
