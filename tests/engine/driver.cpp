// Trains small networks of every rule, activation, output function and loss on every instruction
// set that runs here and on one, two and three threads, and prints a fingerprint of the bits of
// each, of what was learnt and of what the last step revealed. Given a file (bits.txt), compares the fingerprints with it: they are the same on every
// machine. Sanitizers run it too.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "dispatch.hpp"
#include "inference.hpp"
#include "names.hpp"
#include "objective.hpp"
#include "trainer.hpp"

namespace lamina {
namespace {

// Numbers in (-1, 1) that are the same everywhere.
class Numbers {
public:
    double next() {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return double(int64_t(state_ >> 11)) * 0x1p-52 - 1.0;
    }
    template <class T>
    std::vector<T> many(Index n, double scale = 1.0) {
        std::vector<T> out(static_cast<size_t>(n));
        for (T& x : out) x = T(scale * next());
        return out;
    }

private:
    uint64_t state_ = 42;
};

class Fingerprint {
public:
    template <class T>
    void add(const std::vector<T>& values) {
        for (T x : values) add(&x, sizeof x);
    }
    void add(const void* bytes, size_t n) {
        for (size_t i = 0; i < n; ++i) {
            hash_ = (hash_ ^ static_cast<const unsigned char*>(bytes)[i]) * 1099511628211ULL;
        }
    }
    uint64_t value() const { return hash_; }

private:
    uint64_t hash_ = 14695981039346656037ULL;
};

struct Case {
    std::string name;
    PlanNames plan;
    std::string rule;
    bool sparse = false;
    Regularization regularization = {};
};

// A loss of the caller's own: the squared error.
template <class T>
bool squared_error(void*, const T* h, const T* y, Index rows, Index outputs, T* losses, T* slopes) {
    for (Index r = 0; r < rows; ++r) {
        losses[r] = 0;
        for (Index j = 0; j < outputs; ++j) {
            const T gap = h[r * outputs + j] - y[r * outputs + j];
            losses[r] += T(0.5) * gap * gap;
            slopes[r * outputs + j] = gap;
        }
    }
    return true;
}

constexpr Index kSamples = 37, kBatch = 19;

template <class T>
struct Problem {
    std::vector<T> x, y, weights;
    std::vector<int> columns;
    std::vector<Index> starts{0};

    Problem(const Plan& plan, bool sparse, Numbers& numbers) {
        for (Index r = 0; r < kSamples; ++r) {
            for (int k = 0; k < plan.inputs(); ++k) {
                const T value = T(numbers.next());
                if (sparse && value < T(0.4)) continue;
                x.push_back(value);
                columns.push_back(k);
            }
            starts.push_back(Index(x.size()));
        }
        y.assign(size_t(kSamples * plan.outputs()), T(0));
        for (Index r = 0; r < kSamples; ++r) y[size_t(r * plan.outputs() + r % plan.outputs())] = 1;
        for (T w : numbers.many<T>(kSamples)) weights.push_back(w * w);
    }

    Samples<T> samples(bool sparse) const {
        Samples<T> own;
        own.x = x.data();
        own.y = y.data();
        own.weights = weights.data();
        own.count = kSamples;
        if (sparse) own.columns = columns.data(), own.starts = starts.data();
        return own;
    }
};

template <class T>
void fingerprint_objective(const Plan& plan, const Kernels<T>& kernels, const Samples<T>& samples,
                           int threads, const std::vector<std::vector<T>>& parameters,
                           Fingerprint& print) {
    Objective<T> objective(plan, 0.1, kernels, samples, threads);
    for (size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].empty()) continue;
        objective.write(Index(i / 3), Part(i % 3), parameters[i].data());
    }
    objective.run({}, {squared_error<T>, nullptr});
    print.add(std::vector<double>{objective.loss(), objective.penalty()});
    for (size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].empty()) continue;
        std::vector<T> gradient(parameters[i].size());
        objective.read(Index(i / 3), Part(i % 3), gradient.data());
        print.add(gradient);
    }
}

// What was learnt, and what the last step revealed.
struct Fingerprints {
    uint64_t learnt, seen;
    bool operator==(const Fingerprints&) const = default;
};

template <class T>
uint64_t fingerprint_measures(const Trainer<T>& trainer) {
    std::vector<double> numbers(trainer.plan().layers.size() * size_t(Measures<T>::n_numbers));
    size_t units = 0;
    for (const LayerPlan& layer : trainer.plan().layers) units += size_t(layer.d_out);
    std::vector<double> of_units(units * size_t(Measures<T>::n_of_units));
    const Seen seen = trainer.measures(numbers.data(), of_units.data());
    Fingerprint print;
    print.add(std::vector<double>{double(seen.rows), seen.effective});
    print.add(numbers);
    print.add(of_units);
    return print.value();
}

template <class T>
Fingerprints fingerprint(const Case& own, const Kernels<T>& kernels, int threads) {
    Numbers numbers;
    const Plan plan = make_plan(own.plan);
    const Problem<T> problem(plan, own.sparse, numbers);
    const Samples<T> samples = problem.samples(own.sparse);
    Trainer<T> trainer(plan, rule_named(own.rule), 0.1, own.regularization, kernels, samples,
                       threads);
    std::vector<std::vector<T>> parameters;
    for (size_t l = 0; l < plan.layers.size(); ++l) {
        const LayerPlan& layer = plan.layers[l];
        parameters.push_back(numbers.many<T>(layer.d_in * layer.d_out, 0.3));
        parameters.push_back(numbers.many<T>(layer.d_out, 0.3));
        parameters.push_back(numbers.many<T>(layer.learns_slopes ? layer.d_out : 0, 0.3));
        for (size_t i = 0; i < 3; ++i) {
            const std::vector<T>& own = parameters[3 * l + i];
            if (!own.empty()) trainer.write(0, Index(l), Part(i), own.data());
        }
    }
    std::vector<Index> order;
    for (Index i = 0; i < 3 * kSamples; ++i) order.push_back(i * 11 % kSamples);
    const Index steps = (Index(order.size()) + kBatch - 1) / kBatch;
    const Index drawn = own.regularization.draws ? 1 + Index(plan.layers.size()) : 0;
    const Index columns = 1 + rule_scalars(own.rule) + drawn;
    const std::vector<double> table(size_t(steps * columns), 0.0625);
    const Epoch epoch{order.data(), Index(order.size()), kBatch, table.data(), columns, 7, {}, {}, true};
    const Sums sums = trainer.epoch(epoch, {squared_error<T>, nullptr});
    Fingerprint print;
    print.add(std::vector<double>{sums.loss, sums.penalty});
    std::vector<T> predictions(size_t(kSamples * plan.outputs()));
    trainer.predict(samples, predictions.data());
    print.add(predictions);
    if (plan.loss != loss_custom && plan.loss >= loss_quantiles) {
        print.add(std::vector<double>{trainer.losses(samples)});
    }
    for (int array = 0; array <= trainer.slots(); ++array) {
        for (size_t i = 0; i < parameters.size(); ++i) {
            std::vector<T> values(parameters[i].size());
            if (values.empty()) continue;
            trainer.read(array, Index(i / 3), Part(i % 3), values.data());
            print.add(values);
        }
    }
    fingerprint_objective(plan, kernels, samples, threads, parameters, print);
    return {print.value(), fingerprint_measures(trainer)};
}

std::vector<Case> cases() {
    const std::vector<std::string> activations{
        "identity", "logistic", "tanh",     "relu",      "leaky_relu", "elu", "selu",
        "gelu",     "silu",     "softplus", "hard_tanh", "mish",       "exp"};
    auto plan = [](const std::string& activation, const std::string& output,
                   const std::string& loss, std::vector<double> options) {
        constexpr double slope = 0.01;
        return PlanNames{{{70, 49, activation, slope},
                          {49, 17, activation, slope},
                          {17, 5, "identity", slope}},
                         output, loss, options};
    };
    const std::vector<double> exact{0, 1, 0};
    std::vector<Case> all;
    for (const auto& [rule, slots, scalars] : rule_names()) {
        all.push_back({"rule " + rule, plan("relu", "softmax", "cross_entropy", exact), rule});
    }
    for (const std::string& name : activations) {
        all.push_back({"hidden " + name, plan(name, "identity", "huber", {0.3}), "adam"});
        all.push_back({"output " + name, plan("tanh", name, "quantile", {0.7}), "momentum"});
    }
    const double eps = 0x1p-23;
    all.push_back({"floor", plan("relu", "softmax", "cross_entropy", {eps, 1, 0}), "nadam"});
    all.push_back({"binary", plan("relu", "logistic", "binary_cross_entropy", exact), "adam"});
    all.push_back({"binary floor", plan("elu", "logistic", "binary_cross_entropy", {eps, 1, 0}), "adam"});
    all.push_back({"poisson", plan("tanh", "exp", "poisson", {}), "momentum"});
    all.push_back({"squared", plan("tanh", "tanh", "squared_error", {}), "nesterov"});
    all.push_back({"absolute", plan("tanh", "identity", "absolute_error", {}), "adagrad"});
    all.push_back({"sparse", plan("relu", "softmax", "cross_entropy", exact), "adam", true});
    all.push_back({"smoothing", plan("relu", "softmax", "cross_entropy", {0, 0.9, 0.02}), "adam"});
    const std::vector<double> weights{0, 0.9, 0.05, 1, 2, 3, 4, 5, 0.5, 1, 1.5, 2, 2.5};
    all.push_back({"weighted", plan("relu", "logistic", "binary_cross_entropy", weights), "adam"});
    const std::vector<double> levels{0.1, 0.25, 0.5, 0.75, 0.9};
    all.push_back({"quantiles", plan("relu", "ascending", "quantiles", levels), "adam"});
    all.push_back({"focal", plan("relu", "softmax", "focal", {1.5}), "adam"});
    all.push_back({"binary focal", plan("relu", "logistic", "binary_focal", {0.5}), "adam"});
    for (const char* output : {"softmax", "ascending", "gelu"}) {
        all.push_back({std::string("custom ") + output, plan("tanh", output, "custom", {}), "adam"});
    }
    all.push_back({"prelu", plan("prelu", "softmax", "cross_entropy", exact), "adam"});
    const auto entropy = plan("silu", "softmax", "cross_entropy", exact);
    constexpr double inf = Regularization::infinite;
    all.push_back({"draws", entropy, "adam", false, {0, 0, inf, inf, inf, true, 5}});
    all.push_back({"sparse draws", plan("tanh", "softmax", "cross_entropy", exact), "adam", true,
                   {0, 0, inf, inf, inf, true, 6}});
    all.push_back({"penalties", entropy, "momentum", false, {0.01, 0.02, inf, inf, inf, false, 0}});
    all.push_back({"clip value", entropy, "momentum", false, {0, 0, 0.01, inf, inf, false, 0}});
    all.push_back({"clip norm", entropy, "momentum", false, {0, 0, inf, 0.1, inf, false, 0}});
    all.push_back({"max norm", entropy, "nesterov", false, {0, 0, inf, inf, 0.5, false, 0}});
    all.push_back({"prelu with everything", plan("prelu", "softmax", "focal", {2}), "nesterov",
                   true, {0.01, 0.02, 0.1, 0.1, 0.5, true, 7}});
    all.push_back({"everything", plan("relu", "softmax", "focal", {2}), "nesterov", false,
                   {0.01, 0.02, 0.1, 0.1, 0.5, true, 7}});
    return all;
}

template <class T>
const Kernels<T>& kernels_of(const KernelTable& table) {
    if constexpr (sizeof(T) == 4) {
        return table.f32;
    } else {
        return table.f64;
    }
}

// Prints the fingerprint of a case; false if it is not the same everywhere and the next in `golden`.
template <class T>
bool check(const Case& own, const char* type, std::ifstream& golden) {
    const auto tables = available_tables();
    const Fingerprints first = fingerprint<T>(own, kernels_of<T>(*tables.front()), 1);
    char line[100], expected[100];
    std::snprintf(line, sizeof line, "%s %s: %016llx %016llx", own.name.c_str(), type,
                  static_cast<unsigned long long>(first.learnt),
                  static_cast<unsigned long long>(first.seen));
    std::puts(line);
    bool good = true;
    if (golden.is_open() && (!golden.getline(expected, sizeof expected) ||
                             std::strcmp(line, expected) != 0)) {
        std::puts("  not the fingerprint that is expected");
        good = false;
    }
    for (const KernelTable* table : tables) {
        for (int threads = 1; threads <= 3; ++threads) {
            if (fingerprint<T>(own, kernels_of<T>(*table), threads) == first) continue;
            std::printf("  other bits: %s with %d threads\n", table->name, threads);
            good = false;
        }
    }
    return good;
}

}  // namespace
}  // namespace lamina

int main(int argc, char** argv) {
    using namespace lamina;
    std::ifstream golden;
    if (argc > 1) golden.open(argv[1]);
    bool good = argc < 2 || golden.is_open();
    for (const Case& own : cases()) {
        good &= check<float>(own, "float", golden);
        good &= check<double>(own, "double", golden);
    }
    // Several trainers at once, each with threads of its own.
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; ++i) {
        callers.emplace_back([] {
            const KernelTable& table = *available_tables().front();
            for (const Case& own : cases()) fingerprint<float>(own, table.f32, 2);
        });
    }
    for (std::thread& caller : callers) caller.join();
    return good ? 0 : 1;
}
