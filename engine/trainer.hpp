// Parameters and slots under training: one call trains one epoch.
#pragma once

#include <atomic>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inference.hpp"
#include "measures.hpp"
#include "pace.hpp"
#include "poll.hpp"
#include "workers.hpp"

namespace lamina {

struct Sums {
    double loss = 0, penalty = 0;
    Index steps = 0;  // taken: fewer than asked for after an interrupt
};

// Penalties, bounds and random draws: lamina.plan.Regularization.
struct Regularization {
    double l1 = 0, l2 = 0, clip_value = infinite, clip_norm = infinite, max_norm = infinite;
    bool draws = false;
    uint64_t seed = 0;

    static constexpr double infinite = std::numeric_limits<double>::infinity();
    // Whether gradients change on their way to the rule.
    bool shapes() const { return l1 > 0 || l2 > 0 || clip_value < infinite || clips(); }
    bool clips() const { return clip_norm < infinite; }
    bool bounds() const { return max_norm < infinite; }
};

// The samples of a measured step, 0 if nothing was seen, and as how many of one weight they count.
struct Seen {
    Index rows = 0;
    double effective = 0;
};

// Order and batch size of an epoch, and the scalars of its steps: lamina.plan.Training.table.
struct Epoch {
    const Index* order;
    Index count, batch_size;
    const double* table;
    Index table_row;
    Index first_step;  // its number since training began, for random draws
    Sums before;       // of earlier calls of the same epoch
    Poll poll;
    bool measured = false;  // its last step

    Index steps() const { return (count + batch_size - 1) / batch_size; }
};

template <class T>
class Trainer {
public:
    // n_threads 0: as many of the usable cores as pay for this network. Slots start at zero.
    Trainer(Plan plan, Rule rule, double alpha, const Regularization& regularization,
            const Kernels<T>& kernels, Samples<T> samples, int n_threads);

    // Array 0 is the parameters, array 1 + i is slot i.
    void write(int array, Index layer, Part part, const T* from);
    void read(int array, Index layer, Part part, T* to) const;
    bool finite() const;
    void keep(const std::string& name) { kept_[name].copy_from(values_); }
    bool recall(const std::string& name);

    Sums epoch(const Epoch& epoch, const CustomLoss<T>& custom = {});
    // What the last epoch's last step revealed, if it was to be measured. The places:
    // `Measures::numbers` and `Measures::of_units`.
    Seen measures(double* numbers, double* of_units) const;
    void predict(const Samples<T>& samples, T* out);
    // The mean loss of other samples; not for a loss of the caller's own.
    double losses(const Samples<T>& samples);
    void close() { workers_.stop(); }

    const Plan& plan() const { return plan_; }
    int slots() const { return slots_; }

private:
    struct Step;
    struct Stretch;
    // The units that a thread begins with, and the next of them to be taken.
    struct alignas(64) Share {
        std::atomic<Index> next{0}, next_update{0};
        Index first = 0, last = 0;
    };

    void prepare(const Epoch& epoch, int n_threads);
    void share_out(int n_threads);
    void train(const Stretch& stretch, int n_threads);
    void run(const Stretch& stretch, int thread, int n_threads);
    void rows_phase(const Step& step, int thread, int n_threads);
    bool custom_phase(const Step& step, int thread, int n_threads);
    void units_phase(Step& step, int thread);
    void measures_phase(const Step& step, int thread, int n_threads);
    double effective(const Step& step) const;
    void norm_phase(const Step& step, int thread, int n_threads);
    void bounds_phase(const Step& step, int thread, int n_threads);
    template <class F>
    void each_unit(int thread, std::atomic<Index> Share::* next, F&& run);
    void train_unit(const Step& step, Index number, T* scratch);
    void move(const Step& step, Index number, T* scratch);
    void move_vector(const Step& step, Index number, Part part, T* scratch);
    void shape(Index at, Index count, T* gradient, bool weights) const;
    void apply(const Step& step, Index at, Index count, const T* gradient, bool weights);
    void differentiate(const Step& step, Index number);
    void count_loss(const Step& step);
    void count_penalty(const Step& step);
    void follow(const Unit& unit, const double* next);
    void look_ahead(Index at, Index count, const double* next);
    T* point() { return looks_ahead() ? point_.data() : values_.data(); }
    bool looks_ahead() const { return kernels_.look_ahead[rule_] != nullptr; }

    const Plan plan_;
    const Rule rule_;
    const double alpha_;
    const Regularization regularization_;
    const Kernels<T>& kernels_;
    const Samples<T> samples_;
    const int n_threads_, cores_, slots_;
    const Layout layout_;
    const std::vector<Unit> units_;
    Array<T> values_;      // parameters, then each slot, in the layout's order
    Array<T> point_;       // where the gradient is taken, for rules that look ahead
    Array<T> transposed_;  // of the point
    Array<double> squares_, absolutes_;  // sums over each unit's weights, for the penalties
    Array<double> lengths_;              // squared, of each unit's gradient, to be clipped
    Array<T> gradients_;                 // of all units then
    std::vector<Array<T>> scratch_;
    std::map<std::string, Array<T>> kept_;
    std::optional<Batch<T>> batch_;
    std::optional<Measures<T>> measures_;  // from the first measured step on
    Inference<T> inference_;
    Workers workers_;

    Sums sums_;
    double total_ = 0;  // the sum of the present batch's weights
    CustomLoss<T> custom_;
    bool failed_ = false;  // the caller's loss
    Asker asker_;
    std::vector<Share> shares_;
    size_t n_shares_ = 0;  // in use: one per thread of the present stretch
    Pace pace_{&Crowd::of_process()};
};

extern template class Trainer<float>;
extern template class Trainer<double>;

}  // namespace lamina
