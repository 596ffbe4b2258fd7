// Predictions: forward passes in blocks of rows, by any number of callers at once.
#pragma once

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

private:
    void rows(const T* parameters, const Samples<T>& samples, T* out, Index first, Index last);
    std::unique_ptr<Batch<T>> borrow(Index rows, bool sparse);
    void give_back(std::unique_ptr<Batch<T>> batch);

    const Plan& plan_;
    const Layout& layout_;
    const Kernels<T>& kernels_;
    std::mutex guard_;
    std::vector<std::unique_ptr<Batch<T>>> idle_;  // of dense rows
};

// The parameters of a network, ready to predict.
template <class T>
class Predictor {
public:
    Predictor(Plan plan, const Kernels<T>& kernels, int n_threads)
        : plan_(std::move(plan)), layout_(plan_, kLine<T>), values_(layout_.size),
          n_threads_(n_threads), inference_(plan_, layout_, kernels) {}

    void write(Index layer, bool bias, const T* from) {
        pack(layout_.layers[size_t(layer)], bias, from, values_.data());
    }
    bool holds(Index layer, bool bias, const T* numbers) const {
        return lamina::holds(layout_.layers[size_t(layer)], bias, values_.data(), numbers);
    }
    void run(const Samples<T>& samples, T* out) {
        inference_.run(values_.data(), samples, out, n_threads_);
    }
    const Plan& plan() const { return plan_; }

private:
    const Plan plan_;
    const Layout layout_;
    Array<T> values_;
    const int n_threads_;
    Inference<T> inference_;
};

extern template class Inference<float>;
extern template class Inference<double>;

}  // namespace lamina
