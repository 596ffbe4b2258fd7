// Training from Python, one call at a time.
#pragma once

#include <atomic>
#include <cmath>

#include "../objective.hpp"
#include "../trainer.hpp"
#include "data.hpp"
#include "lock.hpp"

namespace lamina {
namespace {

// l1, l2, clip_value, clip_norm, max_norm, whether there are draws, whether noise, seed.
using RegularizationNumbers =
    std::tuple<double, double, double, double, double, bool, bool, uint64_t>;

Regularization make_regularization(const RegularizationNumbers& numbers) {
    const auto& [l1, l2, clip_value, clip_norm, max_norm, draws, noise, seed] = numbers;
    expect(l1 >= 0 && std::isfinite(l1) && l2 >= 0 && std::isfinite(l2),
           "penalties must be numbers in [0, inf)");
    expect(clip_value > 0 && clip_norm > 0 && max_norm > 0, "bounds must be above 0");
    return {l1, l2, clip_value, clip_norm, max_norm, draws, seed};
}

// One thread's turn; another one that comes meanwhile is told so.
class Turn {
public:
    Turn(std::atomic<bool>& busy, const char* what) : busy_(busy) {
        if (busy_.exchange(true)) {
            throw std::runtime_error(std::string(what) + " belongs to one thread at a time");
        }
    }
    ~Turn() { busy_.store(false); }
    Turn(const Turn&) = delete;

private:
    std::atomic<bool>& busy_;
};

// Asks Python whether a signal came; the work ends if its handler raised, and `failed` says so.
class Signals {
public:
    Signals(Released& released, bool& failed) : released_(released), failed_(failed) {}
    Poll poll() {
        return {[](void* self) {
                    auto* own = static_cast<Signals*>(self);
                    return own->failed_ = own->released_.signalled();
                },
                this};
    }

private:
    Released& released_;
    bool& failed_;
};

// A loss of the user's own: functions of predictions and targets, and what one of them raised.
template <class T>
class PyLoss {
public:
    PyLoss(Released& released, const nb::object& functions)
        : released_(released), functions_(functions) {}
    CustomLoss<T> loss() {
        return {[](void* self, const T* h, const T* y, Index rows, Index outputs, T* losses,
                   T* slopes) {
                    auto* own = static_cast<PyLoss*>(self);
                    return own->released_.with_lock(
                        [&] { return own->run(h, y, rows, outputs, losses, slopes); });
                },
                this};
    }
    std::exception_ptr error;

private:
    // Calls ``functions(h, y, losses, slopes)``, which fills the last two.
    bool run(const T* h, const T* y, Index rows, Index outputs, T* losses, T* slopes) {
        try {
            using Block = nb::ndarray<nb::numpy, T, nb::ndim<2>>;
            using Line = nb::ndarray<nb::numpy, T, nb::ndim<1>>;
            const size_t shape[2] = {size_t(rows), size_t(outputs)};
            const nb::object none = nb::none();
            functions_(Block(const_cast<T*>(h), 2, shape, none),
                       Block(const_cast<T*>(y), 2, shape, none), Line(losses, 1, shape, none),
                       Block(slopes, 2, shape, none));
            return true;
        } catch (...) {
            error = std::current_exception();
            return false;
        }
    }

    Released& released_;
    const nb::object& functions_;
};

// Python's view of a Trainer: used by one thread at a time, or it says so.
template <class T>
class PyTrainer {
public:
    PyTrainer(const PlanNames& plan, const std::string& rule, double alpha,
              const RegularizationNumbers& regularization, nb::object loss, const std::string& isa,
              int n_threads, nb::object data)
        : data_(std::move(data)), loss_(std::move(loss)),
          regularization_(make_regularization(regularization)),
          trainer_(make_plan(plan), rule_named(rule), alpha, regularization_, kernels_of<T>(isa),
                   nb::cast<Data<T>&>(data_).samples, n_threads) {
        expect(trainer_.plan().loss != loss_custom || !loss_.is_none(), "the loss has no functions");
        expect(!regularization_.draws || !std::get<6>(regularization) ||
                   !nb::cast<Data<T>&>(data_).samples.sparse(),
               "noise on the inputs needs dense ones");
        nb::cast<Data<T>&>(data_).check(trainer_.plan(), true);
        expect(alpha >= 0 && std::isfinite(alpha), "alpha must be a number in [0, inf)");
        expect(n_threads >= 0, "n_threads must not be negative");
        scalars_ = rule_scalars(rule);
    }

    void write(int array, Index layer, int part, Any<T> from) {
        Turn turn(busy_, "a trainer");
        check(array, layer, part_of(part), from.ndim(), from.shape_ptr());
        trainer_.write(array, layer, part_of(part), from.data());
    }

    void read(int array, Index layer, int part, Out<T> to) {
        Turn turn(busy_, "a trainer");
        check(array, layer, part_of(part), to.ndim(), to.shape_ptr());
        trainer_.read(array, layer, part_of(part), to.data());
    }

    std::pair<double, double> epoch(Vector<Index> order, Index batch_size, Matrix<double> table,
                                    Index first_step, std::pair<double, double> sums_before,
                                    bool measured) {
        Turn turn(busy_, "a trainer");
        n_done = 0;
        const Index count = Index(order.shape(0));
        const Index samples = nb::cast<Data<T>&>(data_).samples.count;
        expect(batch_size >= 1, "batch_size must be at least 1");
        Epoch own{order.data(), count, std::min(batch_size, std::max(count, Index(1))),
                  table.data(), Index(table.shape(1)), first_step,
                  {sums_before.first, sums_before.second, 0}, {}, measured};
        expect(Index(table.shape(0)) == own.steps(), "the table must have a row per step");
        expect(Index(table.shape(1)) == columns(), "the table must have the rule's columns");
        for (Index i = 0; i < count; ++i) {
            expect(order.data()[i] >= 0 && order.data()[i] < samples,
                   "order must hold indices of samples");
        }
        if (count == 0) return sums_before;
        failed_ = false;
        Sums sums;
        std::exception_ptr error;
        {
            Released released;
            Signals signals(released, failed_);
            PyLoss<T> custom(released, loss_);
            own.poll = signals.poll();
            sums = trainer_.epoch(own, custom.loss());
            error = custom.error;
        }
        n_done = sums.steps;
        if (error) std::rethrow_exception(error);
        if (failed_) throw nb::python_error();
        return {sums.loss, sums.penalty};
    }

    // Fills both and returns `Seen`.
    std::pair<Index, double> measures(Out<double> numbers, Out<double> of_units) {
        Turn turn(busy_, "a trainer");
        Index size = 0;
        for (const LayerPlan& layer : trainer_.plan().layers) size += layer.d_out;
        const Index layers = Index(trainer_.plan().layers.size());
        expect(Index(numbers.size()) == layers * Measures<T>::n_numbers &&
                   Index(of_units.size()) == size * Measures<T>::n_of_units,
               "the measures need places of their sizes");
        const Seen seen = trainer_.measures(numbers.data(), of_units.data());
        return {seen.rows, seen.effective};
    }

    void predict(const Data<T>& data, Out<T> out) {
        Turn turn(busy_, "a trainer");
        data.check(trainer_.plan(), false);
        expect(Index(out.size()) == data.samples.count * trainer_.plan().outputs(),
               "the predictions need a place of their shape");
        Released released;
        trainer_.predict(data.samples, out.data());
    }

    double losses(const Data<T>& data) {
        Turn turn(busy_, "a trainer");
        data.check(trainer_.plan(), true);
        expect(trainer_.plan().loss != loss_custom, "the loss is the caller's own");
        Released released;
        return trainer_.losses(data.samples);
    }

    bool finite() {
        Turn turn(busy_, "a trainer");
        return trainer_.finite();
    }

    void keep(const std::string& name) {
        Turn turn(busy_, "a trainer");
        trainer_.keep(name);
    }

    void recall(const std::string& name) {
        Turn turn(busy_, "a trainer");
        if (!trainer_.recall(name)) throw nb::key_error(name.c_str());
    }

    void close() {
        Turn turn(busy_, "a trainer");
        Released released;
        trainer_.close();
    }

    Index n_done = 0;

private:
    void check(int array, Index layer, Part part, size_t ndim, const int64_t* shape) const {
        expect(array >= 0 && array <= trainer_.slots(), "the rule has no such slot");
        check_parameter(trainer_.plan(), layer, part, ndim, shape);
    }

    Index columns() const {
        return 1 + scalars_ + (regularization_.draws ? 1 + Index(trainer_.plan().layers.size()) : 0);
    }

    nb::object data_, loss_;
    const Regularization regularization_;
    Trainer<T> trainer_;
    Index scalars_ = 0;
    bool failed_ = false;
    std::atomic<bool> busy_{false};
};

// Loss and gradients over all samples, for any number of parameters one after another.
template <class T>
class PyObjective {
public:
    PyObjective(const PlanNames& plan, double alpha, nb::object loss, const std::string& isa,
                int n_threads, nb::object data)
        : data_(std::move(data)), loss_(std::move(loss)),
          objective_(make_plan(plan), alpha, kernels_of<T>(isa),
                     nb::cast<Data<T>&>(data_).samples, n_threads) {
        nb::cast<Data<T>&>(data_).check(objective_.plan(), true);
        expect(nb::cast<Data<T>&>(data_).samples.count > 0, "there must be samples");
        expect(alpha >= 0 && std::isfinite(alpha), "alpha must be a number in [0, inf)");
    }

    std::pair<double, double> run(const std::vector<std::vector<Any<T>>>& parameters,
                                  const std::vector<std::vector<Out<T>>>& gradients) {
        Turn turn(busy_, "an objective");
        expect(parameters.size() == objective_.plan().layers.size() &&
                   gradients.size() == parameters.size(),
               "there must be parameters per layer");
        for (size_t l = 0; l < parameters.size(); ++l) {
            expect_parts(objective_.plan(), l, parameters[l].size());
            expect_parts(objective_.plan(), l, gradients[l].size());
            for (size_t i = 0; i < parameters[l].size(); ++i) {
                write(Index(l), Part(i), parameters[l][i], gradients[l][i]);
            }
        }
        failed_ = false;
        std::exception_ptr error;
        {
            Released released;
            Signals signals(released, failed_);
            PyLoss<T> custom(released, loss_);
            objective_.run(signals.poll(), custom.loss());
            error = custom.error;
        }
        if (error) std::rethrow_exception(error);
        if (failed_) throw nb::python_error();
        for (size_t l = 0; l < gradients.size(); ++l) {
            for (size_t i = 0; i < gradients[l].size(); ++i) {
                objective_.read(Index(l), Part(i), gradients[l][i].data());
            }
        }
        return {objective_.loss(), objective_.penalty()};
    }

    void close() {
        Turn turn(busy_, "an objective");
        Released released;
        objective_.close();
    }

private:
    void write(Index layer, Part part, const Any<T>& from, const Out<T>& to) {
        check_parameter(objective_.plan(), layer, part, from.ndim(), from.shape_ptr());
        check_parameter(objective_.plan(), layer, part, to.ndim(), to.shape_ptr());
        objective_.write(layer, part, from.data());
    }

    nb::object data_, loss_;
    Objective<T> objective_;
    bool failed_ = false;
    std::atomic<bool> busy_{false};
};

}  // namespace
}  // namespace lamina
