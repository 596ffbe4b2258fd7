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

constexpr Index words_in(const char* text) {
    Index count = 1;
    for (; *text; ++text) count += *text == ' ';
    return count;
}

constexpr Index scalars_of[n_rules] = {
#define RULE(name, type, slots, scalars) words_in(scalars),
#include "rules.def"
#undef RULE
};

}  // namespace

// One step of an epoch: which samples, and which rows of the table.
template <class T>
struct Trainer<T>::Step {
    Step(const Epoch& epoch, Index number, const Regularization& own, Index scalars_of_rule)
        : index(epoch.order + number * epoch.batch_size),
          rows(std::min(epoch.batch_size, epoch.count - number * epoch.batch_size)),
          scalars(epoch.table + number * epoch.table_row),
          next(number + 1 < epoch.steps() ? scalars + epoch.table_row : nullptr) {
        if (own.draws) {
            draws = {own.seed, epoch.first_step + number, scalars + 1 + scalars_of_rule};
        }
    }

    const Index* index;
    Index rows;
    const double* scalars;
    const double* next;
    Draws draws;
    T factor = 1;  // that shortens the gradient
    Measures<T>* seen = nullptr;
};

// Steps of an epoch, first <= s < last, that run on one number of threads.
template <class T>
struct Trainer<T>::Stretch {
    const Epoch& epoch;
    Index first, last;
};

template <class T>
Trainer<T>::Trainer(Plan plan, Rule rule, double alpha, const Regularization& regularization,
                    const Kernels<T>& kernels, Samples<T> samples, int n_threads)
    : plan_(std::move(plan)), rule_(rule), alpha_(alpha), regularization_(regularization),
      kernels_(kernels), samples_(samples),
      n_threads_(n_threads), cores_(usable_cores()), slots_(slots_of[rule]),
      layout_(plan_, kLine<T>),
      units_(layout_.units(samples.sparse())), values_(layout_.size * (1 + slots_)),
      point_(looks_ahead() ? layout_.size : 0), transposed_(layout_.transposed_size),
      squares_(alpha_ > 0 || regularization.l2 > 0 ? Index(units_.size()) : 0),
      absolutes_(regularization.l1 > 0 ? Index(units_.size()) : 0),
      lengths_(regularization.clips() ? Index(units_.size()) : 0),
      gradients_(regularization.clips() ? layout_.size : 0),
      inference_(plan_, layout_, kernels_) {}

template <class T>
void Trainer<T>::write(int array, Index layer, Part part, const T* from) {
    pack(layout_.layers[layer], part, from, values_.data() + array * layout_.size);
}

template <class T>
void Trainer<T>::read(int array, Index layer, Part part, T* to) const {
    unpack(layout_.layers[layer], part, values_.data() + array * layout_.size, to);
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
                       regularization_.draws ? Use::train_with_draws : Use::train);
    }
    const Index tallest = samples_.sparse() ? Layout::sparse_unit_rows : Layout::unit_rows;
    if (shares_.size() < size_t(n_threads)) {
        shares_ = std::vector<Share>(size_t(n_threads));
        n_shares_ = 0;
    }
    if (epoch.measured && !(measures_ && measures_->fits(epoch.batch_size, n_threads))) {
        measures_.emplace(plan_, layout_, units_, epoch.batch_size, n_threads);
    }
    if (measures_) measures_->begin();
    while (Index(scratch_.size()) < n_threads) scratch_.emplace_back((tallest + 1) * kPanel);
    for (const Unit& unit : units_) follow(unit, epoch.table);
    sums_ = {epoch.before.loss, epoch.before.penalty, 0};
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
Sums Trainer<T>::epoch(const Epoch& epoch, const CustomLoss<T>& custom) {
    custom_ = custom;
    failed_ = false;
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
    for (Index first = 0; first < epoch.steps() && !asker_.stopping() && !failed_;) {
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
        Step step(stretch.epoch, s, regularization_, scalars_of[rule_]);
        if (stretch.epoch.measured && s + 1 == stretch.epoch.steps()) step.seen = &*measures_;
        rows_phase(step, thread, n_threads);
        if (plan_.loss == loss_custom && !custom_phase(step, thread, n_threads)) return;
        workers_.barrier.wait(n_threads);
        if (thread == 0) count_loss(step);
        if (step.seen && total_ > 0) {
            step.seen->columns(*batch_, step.rows, total_, thread, n_threads);
        }
        if (regularization_.clips()) norm_phase(step, thread, n_threads);
        units_phase(step, thread);
        if (thread == 0 && s % often == 0) asker_.ask();
        workers_.barrier.wait(n_threads);
        if (thread == 0) count_penalty(step);
        if (regularization_.bounds()) bounds_phase(step, thread, n_threads);
        if (step.seen && total_ > 0) measures_phase(step, thread, n_threads);
    }
}

// First phase: each thread takes its rows forward and backward.
template <class T>
void Trainer<T>::rows_phase(const Step& step, int thread, int n_threads) {
    if (thread == 0) {
        for (size_t t = 0; t < n_shares_; ++t) {
            shares_[t].next.store(shares_[t].first, std::memory_order_relaxed);
            shares_[t].next_update.store(shares_[t].first, std::memory_order_relaxed);
        }
        const T* weights = samples_.weights;
        total_ = !weights ? double(step.rows)
                          : lane_sum(step.rows, [&](Index i) { return weights[step.index[i]]; });
    }
    const Index first = step.rows * thread / n_threads;
    const Index rows = step.rows * (thread + 1) / n_threads - first;
    if (rows == 0) return;
    const Index* index = step.index + first;
    batch_->forward(point(), samples_, index, first, rows, step.draws);
    if (step.seen) step.seen->forward(*batch_, samples_, index, first, rows, step.draws);
    if (plan_.loss == loss_custom) return;
    batch_->head(samples_, index, first, rows, thread);
    batch_->backward(point(), transposed_.data(), first, rows, step.draws, step.seen, thread);
}

// A loss of the caller's own is asked for all rows at once, by the thread that called.
template <class T>
bool Trainer<T>::custom_phase(const Step& step, int thread, int n_threads) {
    workers_.barrier.wait(n_threads);
    if (thread == 0) failed_ = !batch_->custom_head(samples_, step.index, step.rows, custom_);
    workers_.barrier.wait(n_threads);
    if (failed_) return false;
    const Index first = step.rows * thread / n_threads;
    const Index rows = step.rows * (thread + 1) / n_threads - first;
    if (rows == 0) return true;
    batch_->backward(point(), transposed_.data(), first, rows, step.draws, step.seen, thread);
    return true;
}

// Runs a function of each unit's number: of a thread's own share, then of what others have left.
template <class T>
template <class F>
void Trainer<T>::each_unit(int thread, std::atomic<Index> Share::* next, F&& run) {
    for (size_t i = 0; i < n_shares_; ++i) {
        Share& share = shares_[(size_t(thread) + i) % n_shares_];
        for (;;) {
            const Index number = (share.*next).fetch_add(1, std::memory_order_relaxed);
            if (number >= share.last) break;
            run(number);
        }
    }
}

// The whole gradient, where its length is bounded, before the first update.
template <class T>
void Trainer<T>::norm_phase(const Step& step, int thread, int n_threads) {
    if (total_ > 0) each_unit(thread, &Share::next, [&](Index i) { differentiate(step, i); });
    workers_.barrier.wait(n_threads);
}

template <class T>
void Trainer<T>::differentiate(const Step& step, Index number) {
    const Unit& unit = units_[size_t(number)];
    const Layout::Layer& layer = layout_.layers[unit.layer];
    const Panel panel = layer.panel(unit.panel);
    const Index at = panel.offset + unit.first * panel.columns;
    const Index count = (unit.last - unit.first) * panel.columns;
    batch_->gradient(unit, samples_, step.index, step.rows, false, gradients_.data() + at,
                     step.draws);
    if (step.seen) step.seen->gradient(number, gradients_.data() + at);
    shape(at, count, gradients_.data() + at, true);
    lengths_[number] = kernels_.sum_squares(gradients_.data() + at, count);
    if (unit.first > 0) return;
    for (Part part : {Part::bias, Part::slopes}) {
        if (layer.vector(part) < 0) continue;
        const Index start = layer.vector(part) + unit.panel * kPanel;
        batch_->vector_gradient(unit, part, step.rows, false, gradients_.data() + start);
        if (step.seen && part == Part::bias) {
            step.seen->bias_gradient(number, gradients_.data() + start);
        }
        shape(start, panel.columns, gradients_.data() + start, false);
        lengths_[number] += kernels_.sum_squares(gradients_.data() + start, panel.columns);
    }
}

// Second phase: the threads share out the units, each one's gradient and update together.
template <class T>
void Trainer<T>::units_phase(Step& step, int thread) {
    T* scratch = scratch_[size_t(thread)].data();
    if (regularization_.clips()) {  // every thread comes to the same number
        const double length =
            std::sqrt(lane_sum(lengths_.size(), [&](Index i) { return lengths_[i]; }));
        if (length > regularization_.clip_norm) step.factor = T(regularization_.clip_norm / length);
    }
    each_unit(thread, &Share::next_update, [&](Index i) { train_unit(step, i, scratch); });
}

// Third phase, where the lengths of weights are bounded: a panel's columns after its last update.
template <class T>
void Trainer<T>::bounds_phase(const Step& step, int thread, int n_threads) {
    Index number = 0;
    for (const Layout::Layer& layer : layout_.layers) {
        for (Index p = 0; p < layer.panels(); ++p, ++number) {
            if (number % n_threads != thread || !(total_ > 0)) continue;
            const Panel panel = layer.panel(p);
            kernels_.max_norm(values_.data() + panel.offset, layer.d_in, panel.columns,
                              T(regularization_.max_norm));
        }
    }
    workers_.barrier.wait(n_threads);
    if (looks_ahead() && !step.next) return;
    for (size_t i = size_t(thread); i < units_.size(); i += size_t(n_threads)) {
        follow(units_[i], step.next);
    }
    workers_.barrier.wait(n_threads);
}

// Last phase of a measured step: how far the weights moved.
template <class T>
void Trainer<T>::measures_phase(const Step& step, int thread, int n_threads) {
    for (size_t i = size_t(thread); i < units_.size(); i += size_t(n_threads)) {
        step.seen->after(Index(i), values_.data());
    }
    if (thread == 0) step.seen->finish(step.rows, total_, effective(step));
}

// Kish's effective size of the batch.
template <class T>
double Trainer<T>::effective(const Step& step) const {
    const T* weights = samples_.weights;
    if (!weights) return double(step.rows);
    const double share =
        total_ / length(step.rows, [&](Index i) { return weights[step.index[i]]; });
    return share * share;
}

template <class T>
Seen Trainer<T>::measures(double* numbers, double* of_units) const {
    if (!measures_ || !measures_->rows()) return {};
    FloatingPoint ieee;
    measures_->numbers(numbers);
    measures_->of_units(of_units);
    return {measures_->rows(), measures_->effective()};
}

template <class T>
void Trainer<T>::train_unit(const Step& step, Index number, T* scratch) {
    const Unit& unit = units_[size_t(number)];
    if (total_ > 0) {  // nothing can be learnt from a batch without weight
        const Panel panel = layout_.layers[unit.layer].panel(unit.panel);
        const T* weights = point() + panel.offset + unit.first * panel.columns;
        const Index count = (unit.last - unit.first) * panel.columns;
        if (squares_.size()) squares_[number] = kernels_.sum_squares(weights, count);
        if (absolutes_.size()) absolutes_[number] = kernels_.sum_absolute(weights, count);
        if (step.seen) step.seen->before(number, values_.data());
        move(step, number, scratch);
    }
    if (regularization_.bounds()) return;  // they come first
    if (!looks_ahead() || step.next) follow(unit, step.next);
}

template <class T>
void Trainer<T>::move(const Step& step, Index number, T* scratch) {
    const Unit& unit = units_[size_t(number)];
    const Layout::Layer& layer = layout_.layers[unit.layer];
    const Panel panel = layer.panel(unit.panel);
    const Index at = panel.offset + unit.first * panel.columns;
    const Index count = (unit.last - unit.first) * panel.columns;
    if (regularization_.clips()) {
        apply(step, at, count, gradients_.data() + at, true);
    } else {
        batch_->gradient(unit, samples_, step.index, step.rows, false, scratch, step.draws);
        if (step.seen) step.seen->gradient(number, scratch);
        if (regularization_.shapes()) shape(at, count, scratch, true);
        apply(step, at, count, scratch, true);
    }
    if (unit.first > 0) return;
    for (Part part : {Part::bias, Part::slopes}) {
        if (layer.vector(part) >= 0) move_vector(step, number, part, scratch);
    }
}

template <class T>
void Trainer<T>::move_vector(const Step& step, Index number, Part part, T* scratch) {
    const Unit& unit = units_[size_t(number)];
    const Layout::Layer& layer = layout_.layers[unit.layer];
    const Index columns = layer.panel(unit.panel).columns;
    const Index at = layer.vector(part) + unit.panel * kPanel;
    if (regularization_.clips()) return apply(step, at, columns, gradients_.data() + at, false);
    batch_->vector_gradient(unit, part, step.rows, false, scratch);
    if (step.seen && part == Part::bias) step.seen->bias_gradient(number, scratch);
    if (regularization_.shapes()) shape(at, columns, scratch, false);
    apply(step, at, columns, scratch, false);
}

template <class T>
void Trainer<T>::shape(Index at, Index count, T* gradient, bool weights) const {
    const Regularization& own = regularization_;
    kernels_.shape({weights ? T(alpha_) : T(0), T(1 / total_), weights ? T(own.l1) : T(0),
                    weights ? T(own.l2) : T(0), T(own.clip_value),
                    (looks_ahead() ? point_ : values_).data() + at, gradient, count});
}

template <class T>
void Trainer<T>::apply(const Step& step, Index at, Index count, const T* gradient, bool weights) {
    const bool shaped = regularization_.shapes();
    Update<T> own{};
    own.scalars = step.scalars + 1;
    own.keep = weights ? T(step.scalars[0]) : T(1);
    own.l2 = weights && !shaped ? T(alpha_) : T(0);
    own.scale = shaped ? step.factor : T(1 / total_);
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
    if (!(total_ > 0) || !(squares_.size() || absolutes_.size())) return;
    const double squares = lane_sum(squares_.size(), [&](Index i) { return squares_[i]; });
    const double absolutes = lane_sum(absolutes_.size(), [&](Index i) { return absolutes_[i]; });
    const auto times = [&](double own) {  // none of an infinite sum is none of it
        return own > 0 ? 0.5 * own * squares : 0;
    };
    const double l2 = times(alpha_) / total_ + times(regularization_.l2);
    sums_.penalty += (l2 + regularization_.l1 * absolutes) * double(step.rows);
}

// Brings the point and the transposed copy of a unit up to date with the parameters.
template <class T>
void Trainer<T>::follow(const Unit& unit, const double* next) {
    const Layout::Layer& layer = layout_.layers[unit.layer];
    const Panel panel = layer.panel(unit.panel);
    const Index at = panel.offset + unit.first * panel.columns;
    if (looks_ahead()) {
        look_ahead(at, (unit.last - unit.first) * panel.columns, next);
        for (Part part : {Part::bias, Part::slopes}) {
            if (unit.first > 0 || layer.vector(part) < 0) continue;
            look_ahead(layer.vector(part) + unit.panel * kPanel, panel.columns, next);
        }
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
double Trainer<T>::losses(const Samples<T>& samples) {
    Array<double> each(samples.count);
    inference_.losses(values_.data(), samples, each.data(), n_threads_);
    const T* weights = samples.weights;
    const Index count = samples.count;
    const double sum = lane_sum(count, [&](Index i) { return each[i]; });
    return sum / (weights ? lane_sum(count, [&](Index i) { return weights[i]; }) : double(count));
}

template <class T>
void Trainer<T>::predict(const Samples<T>& samples, T* out) {
    inference_.run(values_.data(), samples, out, n_threads_);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace lamina
