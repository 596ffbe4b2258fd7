// Loss and gradients over all samples at once, for L-BFGS.
#pragma once

#include <atomic>

#include "batch.hpp"
#include "pace.hpp"
#include "poll.hpp"
#include "workers.hpp"

namespace lamina {

template <class T>
class Objective {
public:
    Objective(Plan plan, double alpha, const Kernels<T>& kernels, Samples<T> samples,
              int n_threads);

    void write(Index layer, Part part, const T* from) {
        pack(layout_.layers[size_t(layer)], part, from, values_.data());
    }
    void read(Index layer, Part part, T* to) const {
        unpack(layout_.layers[size_t(layer)], part, gradients_.data(), to);
    }
    // Computes mean loss and penalty, and the gradients of their sum. They hold nothing of use if
    // `poll` stopped it.
    void run(Poll poll = {}, const CustomLoss<T>& custom = {});
    void close() { workers_.stop(); }
    double loss() const { return loss_; }
    double penalty() const { return penalty_; }
    const Plan& plan() const { return plan_; }

private:
    void work(int thread, int n_threads);
    void differentiate(const Unit& unit, Index first, Index rows);
    void settle(double total);

    // Samples that go through together; the sums go on from one chunk to the next in order.
    static constexpr Index kChunk = 512;

    const Plan plan_;
    const double alpha_;
    const Kernels<T>& kernels_;
    const Samples<T> samples_;
    const int n_threads_, most_threads_;
    const Layout layout_;
    const std::vector<Unit> units_;
    Array<T> values_, gradients_, transposed_;
    Array<Index> index_;
    Batch<T> batch_;
    Workers workers_;
    Pace pace_{&Crowd::of_process()};
    Asker asker_;
    CustomLoss<T> custom_;
    bool failed_ = false;  // the caller's loss
    double loss_ = 0, penalty_ = 0;
    alignas(64) std::atomic<Index> next_{0};
};

extern template class Objective<float>;
extern template class Objective<double>;

}  // namespace lamina
