// Losses of single samples from Python, by any number of threads at once.
#pragma once

#include "../inference.hpp"
#include "data.hpp"
#include "lock.hpp"

namespace lamina {
namespace {

// Writes the loss of each sample times its weight, for parameters where they stand.
template <class T>
void sample_losses(Forward<T>& self, const std::vector<std::vector<Any<T>>>& parameters,
                   const Data<T>& data, int n_threads, Out<double> out) {
    const Plan& plan = self.plan();
    data.check(plan, true);
    expect(plan.loss != loss_custom, "the loss is the caller's own");
    expect(parameters.size() == plan.layers.size(), "there must be parameters per layer");
    expect(n_threads >= 0, "n_threads must not be negative");
    expect(Index(out.size()) == data.samples.count, "each sample's loss needs a place");
    std::vector<Given<T>> own;
    for (size_t l = 0; l < parameters.size(); ++l) {
        expect_parts(plan, l, parameters[l].size());
        const T* parts[3] = {nullptr, nullptr, nullptr};
        for (size_t i = 0; i < parameters[l].size(); ++i) {
            const Any<T>& one = parameters[l][i];
            check_parameter(plan, Index(l), Part(i), one.ndim(), one.shape_ptr());
            parts[i] = one.data();
        }
        own.push_back({parts[0], parts[1], parts[2]});
    }
    Released released;
    self.losses(own, data.samples, out.data(), n_threads);
}

}  // namespace
}  // namespace lamina
