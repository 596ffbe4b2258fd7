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

// Python's view of a Trainer: used by one thread at a time, or it says so.
template <class T>
class PyTrainer {
public:
    PyTrainer(const PlanNames& plan, const std::string& rule, double alpha, const std::string& isa,
              int n_threads, nb::object data)
        : data_(std::move(data)),
          trainer_(make_plan(plan), rule_named(rule), alpha, kernels_of<T>(isa),
                   nb::cast<Data<T>&>(data_).samples, n_threads) {
        nb::cast<Data<T>&>(data_).check(trainer_.plan(), true);
        expect(alpha >= 0 && std::isfinite(alpha), "alpha must be a number in [0, inf)");
        expect(n_threads >= 0, "n_threads must not be negative");
        scalars_ = rule_scalars(rule);
    }

    void write(int array, Index layer, bool bias, Any<T> from) {
        Turn turn(busy_, "a trainer");
        check(array, layer, bias, from.ndim(), from.shape_ptr());
        trainer_.write(array, layer, bias, from.data());
    }

    void read(int array, Index layer, bool bias, Out<T> to) {
        Turn turn(busy_, "a trainer");
        check(array, layer, bias, to.ndim(), to.shape_ptr());
        trainer_.read(array, layer, bias, to.data());
    }

    std::pair<double, double> epoch(Vector<Index> order, Index batch_size, Matrix<double> table) {
        Turn turn(busy_, "a trainer");
        n_done = 0;
        const Index count = Index(order.shape(0));
        const Index samples = nb::cast<Data<T>&>(data_).samples.count;
        expect(batch_size >= 1, "batch_size must be at least 1");
        Epoch own{order.data(), count, std::min(batch_size, std::max(count, Index(1))),
                  table.data(), Index(table.shape(1)), {}};
        expect(Index(table.shape(0)) == own.steps(), "the table must have a row per step");
        expect(Index(table.shape(1)) == 1 + scalars_, "the table must have the rule's columns");
        for (Index i = 0; i < count; ++i) {
            expect(order.data()[i] >= 0 && order.data()[i] < samples,
                   "order must hold indices of samples");
        }
        if (count == 0) return {0.0, 0.0};
        failed_ = false;
        Sums sums;
        {
            Released released;
            Signals signals(released, failed_);
            own.poll = signals.poll();
            sums = trainer_.epoch(own);
        }
        n_done = sums.steps;
        if (failed_) throw nb::python_error();
        return {sums.loss, sums.penalty};
    }

    void predict(const Data<T>& data, Out<T> out) {
        Turn turn(busy_, "a trainer");
        data.check(trainer_.plan(), false);
        expect(Index(out.size()) == data.samples.count * trainer_.plan().outputs(),
               "the predictions need a place of their shape");
        Released released;
        trainer_.predict(data.samples, out.data());
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
    void check(int array, Index layer, bool bias, size_t ndim, const int64_t* shape) const {
        expect(array >= 0 && array <= trainer_.slots(), "the rule has no such slot");
        check_parameter(trainer_.plan(), layer, bias, ndim, shape);
    }

    nb::object data_;
    Trainer<T> trainer_;
    Index scalars_ = 0;
    bool failed_ = false;
    std::atomic<bool> busy_{false};
};

// Loss and gradients over all samples, for any number of parameters one after another.
template <class T>
class PyObjective {
public:
    PyObjective(const PlanNames& plan, double alpha, const std::string& isa, int n_threads,
                nb::object data)
        : data_(std::move(data)),
          objective_(make_plan(plan), alpha, kernels_of<T>(isa),
                     nb::cast<Data<T>&>(data_).samples, n_threads) {
        nb::cast<Data<T>&>(data_).check(objective_.plan(), true);
        expect(nb::cast<Data<T>&>(data_).samples.count > 0, "there must be samples");
        expect(alpha >= 0 && std::isfinite(alpha), "alpha must be a number in [0, inf)");
    }

    std::pair<double, double> run(const std::vector<std::pair<Any<T>, Any<T>>>& parameters,
                                  const std::vector<std::pair<Out<T>, Out<T>>>& gradients) {
        Turn turn(busy_, "an objective");
        expect(parameters.size() == objective_.plan().layers.size() &&
                   gradients.size() == parameters.size(),
               "there must be parameters per layer");
        for (size_t l = 0; l < parameters.size(); ++l) {
            write(Index(l), false, parameters[l].first, gradients[l].first);
            write(Index(l), true, parameters[l].second, gradients[l].second);
        }
        failed_ = false;
        {
            Released released;
            objective_.run(Signals(released, failed_).poll());
        }
        if (failed_) throw nb::python_error();
        for (size_t l = 0; l < gradients.size(); ++l) {
            objective_.read(Index(l), false, gradients[l].first.data());
            objective_.read(Index(l), true, gradients[l].second.data());
        }
        return {objective_.loss(), objective_.penalty()};
    }

    void close() {
        Turn turn(busy_, "an objective");
        Released released;
        objective_.close();
    }

private:
    void write(Index layer, bool bias, const Any<T>& from, const Out<T>& to) {
        check_parameter(objective_.plan(), layer, bias, from.ndim(), from.shape_ptr());
        check_parameter(objective_.plan(), layer, bias, to.ndim(), to.shape_ptr());
        objective_.write(layer, bias, from.data());
    }

    nb::object data_;
    Objective<T> objective_;
    bool failed_ = false;
    std::atomic<bool> busy_{false};
};

}  // namespace
}  // namespace lamina
