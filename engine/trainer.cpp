#include "trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sums.hpp"

namespace lamina {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int slots_of[n_rules] = {
#define RULE(name, type, slots, scalars) (slots[0] ? 1 + (sizeof(slots) > 2) : 0),
#include "rules.def"
#undef RULE
};

}  // namespace

// One step of an epoch: which samples, and which rows of the table.
template <class T>
struct Trainer<T>::Step {
    Step(const Epoch& epoch, Index number)
        : index(epoch.order + number * epoch.batch_size),
          rows(std::min(epoch.batch_size, epoch.count - number * epoch.batch_size)),
          scalars(epoch.table + number * epoch.table_row),
          next(number + 1 < epoch.steps() ? scalars + epoch.table_row : nullptr) {}

    const Index* index;
    Index rows;
    const double* scalars;
    const double* next;
};

// Steps of an epoch, first <= s < last, that run on one number of threads.
template <class T>
struct Trainer<T>::Stretch {
    const Epoch& epoch;
    Index first, last;
};

template <class T>
Trainer<T>::Trainer(Plan plan, Rule rule, double alpha, const Kernels<T>& kernels,
                    Samples<T> samples, int n_threads)
    : plan_(std::move(plan)), rule_(rule), alpha_(alpha), kernels_(kernels), samples_(samples),
      n_threads_(n_threads), cores_(usable_cores()), slots_(slots_of[rule]),
      layout_(plan_, kLine<T>),
      units_(layout_.units(samples.sparse())), values_(layout_.size * (1 + slots_)),
      point_(looks_ahead() ? layout_.size : 0), transposed_(layout_.transposed_size),
      penalties_(Index(units_.size())), inference_(plan_, layout_, kernels_) {}

template <class T>
void Trainer<T>::write(int array, Index layer, bool bias, const T* from) {
    pack(layout_.layers[layer], bias, from, values_.data() + array * layout_.size);
}

template <class T>
void Trainer<T>::read(int array, Index layer, bool bias, T* to) const {
    unpack(layout_.layers[layer], bias, values_.data() + array * layout_.size, to);
}

template <class T>
bool Trainer<T>::finite() const {
    return all_finite(values_.data(), size_t(layout_.size));
}

template <class T>
bool Trainer<T>::recall(const std::string& name) {
    auto found = kept_.find(name);
    if (found == kept_.end()) return false;
    values_.copy_from(found->second);
    return true;
}

template <class T>
void Trainer<T>::prepare(const Epoch& epoch, int n_threads) {
    if (!batch_ || batch_->capacity() < epoch.batch_size) {
        batch_.emplace(plan_, layout_, kernels_, epoch.batch_size, n_threads, samples_.sparse(),
                       true);
    }
    const Index tallest = samples_.sparse() ? Layout::sparse_unit_rows : Layout::unit_rows;
    if (shares_.size() < size_t(n_threads)) {
        shares_ = std::vector<Share>(size_t(n_threads));
        n_shares_ = 0;
    }
    while (Index(scratch_.size()) < n_threads) scratch_.emplace_back((tallest + 1) * kPanel);
    for (const Unit& unit : units_) follow(unit, epoch.table);
    sums_ = {};
    asker_.start(epoch.poll);
}

// Each thread begins with the same units in every step, so that their parameters and slots stay in
// its core's cache.
template <class T>
void Trainer<T>::share_out(int n_threads) {
    if (n_shares_ == size_t(n_threads)) return;
    n_shares_ = size_t(n_threads);
    const auto size = [&](const Unit& unit) {
        const Panel panel = layout_.layers[unit.layer].panel(unit.panel);
        return double((unit.last - unit.first) * panel.columns);
    };
    double all = 0, done = 0;
    for (const Unit& unit : units_) all += size(unit);
    size_t number = 0;
    for (size_t t = 0; t < n_shares_; ++t) {
        shares_[t].first = Index(number);
        const double end = all * double(t + 1) / n_threads;
        while (number < units_.size() && done + size(units_[number]) / 2 <= end) {
            done += size(units_[number++]);
        }
        shares_[t].last = Index(t + 1 == n_shares_ ? units_.size() : number);
    }
}

template <class T>
Sums Trainer<T>::epoch(const Epoch& epoch) {
    const double work = work_of(plan_, epoch.batch_size);
    const int most = n_threads_ > 0 ? int(std::min<Index>(n_threads_, epoch.batch_size))
                                    : threads_for(work, epoch.batch_size, cores_);
    {
        FloatingPoint ieee;
        prepare(epoch, most);
    }
    if (n_threads_ > 0 || most == 1) {
        train({epoch, 0, epoch.steps()}, most);
        return sums_;
    }
    for (Index first = 0; first < epoch.steps() && !asker_.stopping();) {
        const int n = pace_.threads(most);
        const Index last = std::min(epoch.steps(), first + pace_.steps(work));
        const auto start = Clock::now();
        train({epoch, first, last}, n);
        pace_.took(last - first, std::chrono::duration<double>(Clock::now() - start).count());
        first = last;
    }
    return sums_;
}

template <class T>
void Trainer<T>::train(const Stretch& stretch, int n_threads) {
    share_out(n_threads);
    struct Call {
        Trainer* self;
        const Stretch* stretch;
    } call{this, &stretch};
    workers_.run(
        n_threads,
        [](void* context, int thread, int n_threads) {
            auto* own = static_cast<Call*>(context);
            own->self->run(*own->stretch, thread, n_threads);
        },
        &call);
}

template <class T>
void Trainer<T>::run(const Stretch& stretch, int thread, int n_threads) {
    const Index often = 1 + Index(1e6 / (1e3 + work_of(plan_, stretch.epoch.batch_size)));
    for (Index s = stretch.first; s < stretch.last && !asker_.stopping(); ++s) {
        const Step step(stretch.epoch, s);
        rows_phase(step, thread, n_threads);
        workers_.barrier.wait(n_threads);
        if (thread == 0) count_loss(step);
        units_phase(step, thread);
        if (thread == 0 && s % often == 0) asker_.ask();
        workers_.barrier.wait(n_threads);
        if (thread == 0) count_penalty(step);
    }
}

// First phase: each thread takes its rows forward and backward.
template <class T>
void Trainer<T>::rows_phase(const Step& step, int thread, int n_threads) {
    if (thread == 0) {
        for (size_t t = 0; t < n_shares_; ++t) {
            shares_[t].next.store(shares_[t].first, std::memory_order_relaxed);
        }
        const T* weights = samples_.weights;
        total_ = !weights ? double(step.rows)
                          : lane_sum(step.rows, [&](Index i) { return weights[step.index[i]]; });
    }
    const Index first = step.rows * thread / n_threads;
    const Index rows = step.rows * (thread + 1) / n_threads - first;
    if (rows == 0) return;
    const Index* index = step.index + first;
    batch_->forward(point(), samples_, index, first, rows);
    batch_->head(samples_, index, first, rows, thread);
    batch_->backward(transposed_.data(), first, rows);
}

// Second phase: the threads share out the units, each one's gradient and update together.
template <class T>
void Trainer<T>::units_phase(const Step& step, int thread) {
    T* scratch = scratch_[size_t(thread)].data();
    for (size_t i = 0; i < n_shares_; ++i) {  // its own share, then what others have left
        Share& share = shares_[(size_t(thread) + i) % n_shares_];
        for (;;) {
            const Index number = share.next.fetch_add(1, std::memory_order_relaxed);
            if (number >= share.last) break;
            train_unit(step, number, scratch);
        }
    }
}

template <class T>
void Trainer<T>::train_unit(const Step& step, Index number, T* scratch) {
    const Unit& unit = units_[size_t(number)];
    if (total_ > 0) {  // nothing can be learnt from a batch without weight
        if (alpha_ != 0) {
            const Panel panel = layout_.layers[unit.layer].panel(unit.panel);
            penalties_[number] = kernels_.sum_squares(
                point() + panel.offset + unit.first * panel.columns,
                (unit.last - unit.first) * panel.columns);
        }
        move(step, unit, scratch);
    }
    if (!looks_ahead() || step.next) follow(unit, step.next);
}

template <class T>
void Trainer<T>::move(const Step& step, const Unit& unit, T* scratch) {
    const Layout::Layer& layer = layout_.layers[unit.layer];
    const Panel panel = layer.panel(unit.panel);
    batch_->gradient(unit, samples_, step.index, step.rows, false, scratch);
    apply(step, panel.offset + unit.first * panel.columns,
          (unit.last - unit.first) * panel.columns, scratch, true);
    if (unit.first > 0) return;
    batch_->bias_gradient(unit, step.rows, false, scratch);
    apply(step, layer.bias + unit.panel * kPanel, panel.columns, scratch, false);
}

template <class T>
void Trainer<T>::apply(const Step& step, Index at, Index count, const T* gradient, bool weights) {
    Update<T> own{};
    own.scalars = step.scalars + 1;
    own.keep = weights ? T(step.scalars[0]) : T(1);
    own.l2 = weights ? T(alpha_) : T(0);
    own.scale = T(1 / total_);
    own.w = values_.data() + at;
    own.point = point() + at;
    own.g = gradient;
    own.slots = values_.data() + layout_.size + at;
    own.slot_step = layout_.size;
    own.count = count;
    kernels_.update[rule_](own);
}

template <class T>
void Trainer<T>::count_loss(const Step& step) {
    if (!(total_ > 0)) return;
    const double* losses = batch_->losses();
    const double sum = lane_sum(step.rows, [&](Index i) { return losses[i]; });
    sums_.loss += sum / total_ * double(step.rows);
}

template <class T>
void Trainer<T>::count_penalty(const Step& step) {
    ++sums_.steps;
    if (!(total_ > 0) || alpha_ == 0) return;
    const double squares = lane_sum(penalties_.size(), [&](Index i) { return penalties_[i]; });
    sums_.penalty += 0.5 * alpha_ * squares / total_ * double(step.rows);
}

// Brings the point and the transposed copy of a unit up to date with the parameters.
template <class T>
void Trainer<T>::follow(const Unit& unit, const double* next) {
    const Layout::Layer& layer = layout_.layers[unit.layer];
    const Panel panel = layer.panel(unit.panel);
    const Index at = panel.offset + unit.first * panel.columns;
    if (looks_ahead()) {
        look_ahead(at, (unit.last - unit.first) * panel.columns, next);
        if (unit.first == 0) look_ahead(layer.bias + unit.panel * kPanel, panel.columns, next);
    }
    if (unit.layer == 0) return;
    kernels_.transpose(point() + at, panel.columns, unit.first, unit.last - unit.first,
                       transposed_.data() + layer.transposed, layer.d_out, padded(layer.d_in),
                       unit.panel * kPanel,
                       std::min(panel.columns, layer.d_out - unit.panel * kPanel));
}

template <class T>
void Trainer<T>::look_ahead(Index at, Index count, const double* next) {
    Update<T> own{};
    own.scalars = next + 1;
    own.w = values_.data() + at;
    own.slots = values_.data() + layout_.size + at;
    own.count = count;
    kernels_.look_ahead[rule_](own, point_.data() + at);
}

template <class T>
void Trainer<T>::predict(const Samples<T>& samples, T* out) {
    inference_.run(values_.data(), samples, out, n_threads_);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace lamina
