// Prediction from Python, by any number of threads at once.
#pragma once

#include "../inference.hpp"
#include "data.hpp"
#include "lock.hpp"

namespace lamina {
namespace {

template <class T>
Forward<T>* make_forward(const PlanNames& plan, const std::string& isa) {
    return new Forward<T>(make_plan(plan), kernels_of<T>(isa));
}

template <class T>
Predictor<T>* make_predictor(const PlanNames& plan, const std::string& isa, int n_threads,
                             const std::vector<std::vector<Any<T>>>& parameters) {
    auto own = std::make_unique<Predictor<T>>(make_plan(plan), kernels_of<T>(isa), n_threads);
    expect(parameters.size() == own->plan().layers.size(), "there must be parameters per layer");
    for (size_t l = 0; l < parameters.size(); ++l) {
        expect_parts(own->plan(), l, parameters[l].size());
        for (size_t i = 0; i < parameters[l].size(); ++i) {
            const Any<T>& one = parameters[l][i];
            check_parameter(own->plan(), Index(l), Part(i), one.ndim(), one.shape_ptr());
            own->write(Index(l), Part(i), one.data());
        }
    }
    return own.release();
}

// So quick that giving up Python's lock would take longer.
bool is_quick(const Plan& plan, Index rows) { return double(rows) * work_of(plan, 1) < 1e6; }

template <class T>
void run_predictor(Predictor<T>& self, const Samples<T>& samples, T* out) {
    if (is_quick(self.plan(), samples.count)) return self.run(samples, out);
    Released released;
    self.run(samples, out);
}

template <class T>
void predict_rows(Predictor<T>& self, Matrix<T> x, Out<T> out) {
    expect_columns("x", Index(x.shape(1)), self.plan().inputs());
    expect(Index(out.size()) == Index(x.shape(0)) * self.plan().outputs(),
           "the predictions need a place of their shape");
    Samples<T> samples;
    samples.x = x.data();
    samples.count = Index(x.shape(0));
    run_predictor(self, samples, out.data());
}

// The parameters of a layer per pair of arrays; none if they are not of the plan's shapes.
template <class T>
std::vector<Given<T>> given(const Plan& plan, const std::vector<Any<T>>& coefs,
                            const std::vector<Any<T>>& intercepts) {
    std::vector<Given<T>> all;
    const auto& layers = plan.layers;
    if (coefs.size() != layers.size() || intercepts.size() != layers.size()) return all;
    for (size_t l = 0; l < layers.size(); ++l) {
        if (layers[l].learns_slopes) return {};
        const Any<T>&weights = coefs[l], &bias = intercepts[l];
        if (weights.ndim() != 2 || Index(weights.shape(0)) != layers[l].d_in ||
            Index(weights.shape(1)) != layers[l].d_out || bias.ndim() != 1 ||
            Index(bias.shape(0)) != layers[l].d_out) {
            return {};
        }
        all.push_back({weights.data(), bias.data()});
    }
    return all;
}

// Predicts if x is a finite matrix of the right width with rows, and the parameters are of the
// plan's shapes; else returns false. No n_threads: what pays.
template <class T>
bool predict_with(Forward<T>& self, Matrix<T> x, const std::vector<Any<T>>& coefs,
                  const std::vector<Any<T>>& intercepts, std::optional<int> n_threads,
                  Out<T> out) {
    const std::vector<Given<T>> parameters = given<T>(self.plan(), coefs, intercepts);
    if (n_threads && *n_threads < 1) return false;
    const int threads = n_threads.value_or(0);
    if (parameters.empty() || !x.shape(0)) return false;
    if (Index(x.shape(1)) != self.plan().inputs()) return false;
    if (!all_finite(x.data(), x.size())) return false;
    expect(Index(out.size()) == Index(x.shape(0)) * self.plan().outputs(),
           "the predictions need a place of their shape");
    Samples<T> samples;
    samples.x = x.data();
    samples.count = Index(x.shape(0));
    if (is_quick(self.plan(), samples.count)) {
        self.run(parameters, samples, out.data(), threads);
        return true;
    }
    Released released;
    self.run(parameters, samples, out.data(), threads);
    return true;
}

template <class T>
void predict_data(Predictor<T>& self, const Data<T>& data, Out<T> out) {
    data.check(self.plan(), false);
    expect(Index(out.size()) == data.samples.count * self.plan().outputs(),
           "the predictions need a place of their shape");
    run_predictor(self, data.samples, out.data());
}

}  // namespace
}  // namespace lamina
