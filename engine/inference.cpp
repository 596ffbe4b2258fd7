#include "inference.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <numeric>

namespace lamina {

namespace {

constexpr Index kRows = 96;

// Memory for panels, one array for all models: fresh memory would cost more than the copy into it.
template <class T>
class Spare {
public:
    static Array<T> borrow(Index size) {
        {
            std::lock_guard<std::mutex> lock(own().guard_);
            if (own().array_.size() >= size) return std::move(own().array_);
        }
        return Array<T>(size);
    }
    static void give_back(Array<T> array) {
        std::lock_guard<std::mutex> lock(own().guard_);
        if (array.size() > own().array_.size()) own().array_ = std::move(array);
    }

private:
    static Spare& own() {
        static Spare& spare = *new Spare;  // never destroyed: threads may outlive the end of main
        return spare;
    }
    std::mutex guard_;
    Array<T> array_;
};

}  // namespace

template <class T>
void Inference<T>::run(const T* parameters, const Samples<T>& samples, T* out, int n_threads) {
    share(parameters, samples, {out, nullptr}, n_threads);
}

template <class T>
void Inference<T>::losses(const T* parameters, const Samples<T>& samples, double* out,
                          int n_threads) {
    share(parameters, samples, {nullptr, out}, n_threads);
}

template <class T>
void Inference<T>::losses(const std::vector<Given<T>>& parameters, const Samples<T>& samples,
                          double* out, int n_threads) {
    Array<T> panels = Spare<T>::borrow(layout_.size);
    pack_all(parameters, panels.data());
    losses(panels.data(), samples, out, n_threads);
    Spare<T>::give_back(std::move(panels));
}

// Shares the rows out among threads.
template <class T>
void Inference<T>::share(const T* parameters, const Samples<T>& samples, Out out, int n_threads) {
    // Of a training step's worth: threads are started for each call, and on a busy machine a new
    // one waits for milliseconds. Left to choose, each must have about a millisecond of work.
    const double share = n_threads > 0 ? 0.1 : 0.002;
    const int limit = n_threads > 0 ? n_threads : usable_cores();
    const int n = samples.count <= kRows
                      ? 1
                      : threads_for(share * work_of(plan_, samples.count), samples.count, limit);
    if (n == 1) {
        FloatingPoint ieee;
        return rows(parameters, samples, out, 0, samples.count);
    }
    struct Call {
        Inference* self;
        const T* parameters;
        const Samples<T>* samples;
        Out out;
        std::exception_ptr error;  // of the last thread that had one: memory may run out
    } call{this, parameters, &samples, out, nullptr};
    Workers workers;
    workers.run(
        n,
        [](void* context, int thread, int n_threads) {
            auto* own = static_cast<Call*>(context);
            const Index count = own->samples->count;
            try {
                own->self->rows(own->parameters, *own->samples, own->out,
                                count * thread / n_threads, count * (thread + 1) / n_threads);
            } catch (...) {
                std::lock_guard<std::mutex> lock(own->self->guard_);
                own->error = std::current_exception();
            }
        },
        &call);
    if (call.error) std::rethrow_exception(call.error);
}

template <class T>
void Inference<T>::run(const std::vector<Given<T>>& parameters, const Samples<T>& samples, T* out,
                       int n_threads) {
    if (samples.count > few) {
        Array<T> panels = Spare<T>::borrow(layout_.size);
        pack_all(parameters, panels.data());
        run(panels.data(), samples, out, n_threads);
        return Spare<T>::give_back(std::move(panels));
    }
    FloatingPoint ieee;
    std::unique_ptr<Batch<T>> batch = borrow(1, false);
    for (Index r = 0; r < samples.count; ++r) {
        batch->forward_row(parameters, samples.x + r * plan_.inputs());
        batch->predict(out + r * plan_.outputs(), 0, 1, 0);
    }
    give_back(std::move(batch));
}

template <class T>
void Inference<T>::pack_all(const std::vector<Given<T>>& parameters, T* values) const {
    for (size_t l = 0; l < parameters.size(); ++l) {
        const Given<T>& own = parameters[l];
        pack(layout_.layers[l], Part::weights, own.weights, values);
        pack(layout_.layers[l], Part::bias, own.bias, values);
        if (own.slopes) pack(layout_.layers[l], Part::slopes, own.slopes, values);
    }
}

template <class T>
void Inference<T>::rows(const T* parameters, const Samples<T>& samples, Out out, Index first,
                        Index last) {
    if (first == last) return;
    std::unique_ptr<Batch<T>> batch = borrow(last - first, samples.sparse());
    Index index[kRows];
    for (Index row = first; row < last; row += kRows) {
        const Index own = std::min(kRows, last - row);
        std::iota(index, index + own, row);
        batch->forward(parameters, samples, index, 0, own);
        if (out.losses) {
            batch->head(samples, index, 0, own, 0);
            std::copy_n(batch->losses(), own, out.losses + row);
        } else {
            batch->predict(out.predictions + row * plan_.outputs(), 0, own, 0);
        }
    }
    if (!samples.sparse()) give_back(std::move(batch));
}

template <class T>
std::unique_ptr<Batch<T>> Inference<T>::borrow(Index rows, bool sparse) {
    const Index wanted = rows == 1 ? 1 : kRows;
    if (!sparse) {
        std::lock_guard<std::mutex> lock(guard_);
        if (!idle_.empty()) {  // one that is too small makes way for a larger one
            std::unique_ptr<Batch<T>> batch = std::move(idle_.back());
            idle_.pop_back();
            if (batch->capacity() >= wanted) return batch;
        }
    }
    return std::make_unique<Batch<T>>(plan_, layout_, kernels_, wanted, 1, sparse, Use::predict);
}

template <class T>
void Inference<T>::give_back(std::unique_ptr<Batch<T>> batch) {
    std::lock_guard<std::mutex> lock(guard_);
    idle_.push_back(std::move(batch));
}

template class Inference<float>;
template class Inference<double>;

}  // namespace lamina
