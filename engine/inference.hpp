// Predictions: forward passes in blocks of rows, by any number of callers at once.
#pragma once

#include <algorithm>
#include <mutex>

#include "batch.hpp"
#include "workers.hpp"

namespace lamina {

template <class T>
class Inference {
public:
    Inference(const Plan& plan, const Layout& layout, const Kernels<T>& kernels)
        : plan_(plan), layout_(layout), kernels_(kernels) {}

    // Writes the predictions of `parameters`, row-major. n_threads 0: what pays.
    void run(const T* parameters, const Samples<T>& samples, T* out, int n_threads);
    // The same for dense rows and parameters as their owner keeps them: a few rows need no copy.
    void run(const std::vector<Given<T>>& parameters, const Samples<T>& samples, T* out,
             int n_threads);
    // Writes each sample's loss times its weight.
    void losses(const T* parameters, const Samples<T>& samples, double* out, int n_threads);
    // The same for parameters as their owner keeps them.
    void losses(const std::vector<Given<T>>& parameters, const Samples<T>& samples, double* out,
                int n_threads);
    void pack_all(const std::vector<Given<T>>& parameters, T* values) const;

    static constexpr Index few = 4;  // rows; for more of them a copy in panels pays

private:
    // What comes of a block of rows: predictions or losses.
    struct Out {
        T* predictions;
        double* losses;
    };
    void share(const T* parameters, const Samples<T>& samples, Out out, int n_threads);
    void rows(const T* parameters, const Samples<T>& samples, Out out, Index first, Index last);
    std::unique_ptr<Batch<T>> borrow(Index rows, bool sparse);
    void give_back(std::unique_ptr<Batch<T>> batch);

    const Plan& plan_;
    const Layout& layout_;
    const Kernels<T>& kernels_;
    std::mutex guard_;
    std::vector<std::unique_ptr<Batch<T>>> idle_;  // of dense rows
};

// A network without parameters, which come with each call.
template <class T>
class Forward {
public:
    Forward(Plan plan, const Kernels<T>& kernels)
        : plan_(std::move(plan)), layout_(plan_, kLine<T>), inference_(plan_, layout_, kernels) {}

    void run(const std::vector<Given<T>>& parameters, const Samples<T>& samples, T* out,
             int n_threads) {
        inference_.run(parameters, samples, out, n_threads);
    }
    void losses(const std::vector<Given<T>>& parameters, const Samples<T>& samples, double* out,
                int n_threads) {
        inference_.losses(parameters, samples, out, n_threads);
    }
    const Plan& plan() const { return plan_; }

private:
    const Plan plan_;
    const Layout layout_;
    Inference<T> inference_;
};

// The same with a copy of the parameters: in panels too, once many rows have come.
template <class T>
class Predictor {
public:
    Predictor(Plan plan, const Kernels<T>& kernels, int n_threads)
        : plan_(std::move(plan)), layout_(plan_, kLine<T>), n_threads_(n_threads),
          inference_(plan_, layout_, kernels) {
        for (const LayerPlan& layer : plan_.layers) {
            arrays_.emplace_back(layer.d_in * layer.d_out);
            arrays_.emplace_back(layer.d_out);
            arrays_.emplace_back(layer.learns_slopes ? layer.d_out : 0);
            const Array<T>* own = &arrays_.back() - 2;
            given_.push_back({own[0].data(), own[1].data(),
                              layer.learns_slopes ? own[2].data() : nullptr});
        }
    }

    // Before the first run.
    void write(Index layer, Part part, const T* from) {
        Array<T>& own = arrays_[size_t(3 * layer + Index(part))];
        std::copy(from, from + own.size(), own.data());
    }
    void run(const Samples<T>& samples, T* out) {
        if (samples.count == 1 && !samples.sparse()) {
            return inference_.run(given_, samples, out, n_threads_);
        }
        inference_.run(panels(), samples, out, n_threads_);
    }
    const Plan& plan() const { return plan_; }

private:
    const T* panels() {
        std::lock_guard<std::mutex> lock(packing_);
        if (!panels_.size()) {
            Array<T> made(layout_.size);
            inference_.pack_all(given_, made.data());
            panels_ = std::move(made);
        }
        return panels_.data();
    }

    const Plan plan_;
    const Layout layout_;
    const int n_threads_;
    std::vector<Array<T>> arrays_;  // W and b of each layer
    std::vector<Given<T>> given_;
    std::mutex packing_;
    Array<T> panels_;
    Inference<T> inference_;
};

extern template class Inference<float>;
extern template class Inference<double>;

}  // namespace lamina
