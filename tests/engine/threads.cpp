// What threads go through: a restart after close, a fork, callers that share a predictor, and
// memory that runs out in one of them. Sanitizers run it.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

#include "dispatch.hpp"
#include "inference.hpp"
#include "names.hpp"
#include "trainer.hpp"

namespace {
std::atomic<int> allocations_left{-1};  // of arrays on cache lines; negative: any number
}

[[gnu::noinline]] void* operator new[](size_t bytes, std::align_val_t line) {
    const int left = allocations_left.load();
    if (left == 0) throw std::bad_alloc();
    if (left > 0) allocations_left.fetch_sub(1);
    const size_t unit = size_t(line);
    void* place = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
    if (!place) throw std::bad_alloc();
    return place;
}

[[gnu::noinline]] void operator delete[](void* place, std::align_val_t) noexcept {
    std::free(place);
}
[[gnu::noinline]] void operator delete[](void* place, size_t, std::align_val_t) noexcept {
    std::free(place);
}

namespace lamina {
namespace {

constexpr Index kSamples = 1000, kBatch = 128;

struct Job {
    Plan plan = make_plan({{{30, 40, "tanh", 0}, {40, 20, "relu", 0}, {20, 3, "identity", 0}},
                           "softmax", "cross_entropy", {0, 1, 0}});
    const Kernels<float>& kernels = available_tables().front()->f32;
    std::vector<float> x, y, weights;
    std::vector<Index> order;
    std::vector<double> table;

    Job() : x(kSamples * 30), y(kSamples * 3), weights(30 * 40) {
        for (size_t i = 0; i < x.size(); ++i) x[i] = float(i * 37 % 101) / 50.0f - 1.0f;
        for (Index i = 0; i < kSamples; ++i) y[size_t(i * 3 + i % 3)] = 1, order.push_back(i);
        for (size_t i = 0; i < weights.size(); ++i) weights[i] = float(i * 7 % 13) / 40.0f - 0.15f;
        table.assign(size_t(8 * (1 + rule_scalars("adam"))), 0.0625);
    }

    Samples<float> samples() const {
        Samples<float> own;
        own.x = x.data(), own.y = y.data(), own.count = kSamples;
        return own;
    }

    Trainer<float> trainer(int threads) const {
        return {plan, rule_named("adam"), 0.0, {}, kernels, samples(), threads};
    }

    void epoch(Trainer<float>& trainer) const {
        const Index columns = 1 + rule_scalars("adam");
        trainer.epoch({order.data(), kSamples, kBatch, table.data(), columns, 0, {}, {}});
    }

    template <class Model>
    void write(Model&& write) const {
        for (size_t l = 0; l < plan.layers.size(); ++l) {
            write(Index(l), Part::weights, weights.data());
            write(Index(l), Part::bias, weights.data());
        }
    }

    std::vector<float> predictions(Trainer<float>& trainer) const {
        std::vector<float> out(kSamples * 3);
        trainer.predict(samples(), out.data());
        return out;
    }
};

bool expect(const char* what, bool good) {
    std::printf("%s: %s\n", what, good ? "yes" : "NO");
    return good;
}

std::vector<float> trained(const Job& job, int threads, bool close) {
    Trainer<float> trainer = job.trainer(threads);
    job.write([&](Index l, Part part, const float* from) { trainer.write(0, l, part, from); });
    for (int i = 0; i < 4; ++i) {
        job.epoch(trainer);
        if (close) trainer.close();
    }
    return job.predictions(trainer);
}

// Fewer threads than there are, and more: each call has the threads that it asked for.
bool other_numbers() {
    Workers workers;
    bool good = true;
    for (int n : {3, 2, 3, 1, 4, 2, 4}) {
        std::atomic<int> seen{0};
        workers.run(
            n,
            [](void* context, int thread, int n_threads) {
                static_cast<std::atomic<int>*>(context)->fetch_add(thread + 10 * n_threads);
            },
            &seen);
        good &= seen == n * (n - 1) / 2 + 10 * n * n;
    }
    return good;
}

bool after_a_fork(const Job& job, const std::vector<float>& expected) {
    Trainer<float> trainer = job.trainer(2);
    job.write([&](Index l, Part part, const float* from) { trainer.write(0, l, part, from); });
    job.epoch(trainer);
    const pid_t child = fork();
    for (int i = 0; i < 3; ++i) job.epoch(trainer);
    const bool same = job.predictions(trainer) == expected;
    if (child == 0) _exit(same ? 0 : 1);
    int status = 1;
    waitpid(child, &status, 0);
    return same && status == 0;
}

bool shared_predictor(const Job& job) {
    Predictor<float> predictor(job.plan, job.kernels, 2);
    job.write([&](Index l, Part part, const float* from) { predictor.write(l, part, from); });
    std::vector<float> first(kSamples * 3);
    predictor.run(job.samples(), first.data());
    std::atomic<int> same{0};
    std::vector<std::thread> callers;
    for (int i = 0; i < 3; ++i) {
        callers.emplace_back([&] {
            std::vector<float> out(kSamples * 3);
            predictor.run(job.samples(), out.data());
            same += out == first;
        });
    }
    for (std::thread& caller : callers) caller.join();
    return same == 3;
}

// However far a prediction comes before memory runs out, it says so, and the next one is right.
bool out_of_memory(const Job& job) {
    Predictor<float> predictor(job.plan, job.kernels, 3);
    job.write([&](Index l, Part part, const float* from) { predictor.write(l, part, from); });
    std::vector<float> out(kSamples * 3), again(kSamples * 3);
    int failures = 0;
    for (int left = 0; left < 40; ++left) {
        Predictor<float> fresh(job.plan, job.kernels, 3);
        job.write([&](Index l, Part part, const float* from) { fresh.write(l, part, from); });
        allocations_left = left;
        try {
            fresh.run(job.samples(), out.data());
        } catch (const std::bad_alloc&) {
            ++failures;
        }
        allocations_left = -1;
        fresh.run(job.samples(), again.data());
        predictor.run(job.samples(), out.data());
        if (out != again) return false;
    }
    return failures >= 3 && failures < 40;
}

}  // namespace
}  // namespace lamina

int main(int argc, char** argv) {
    using namespace lamina;
    bool may_fork = argc < 2 || std::strcmp(argv[1], "--no-fork") != 0;
#if defined(__SANITIZE_THREAD__)
    may_fork = false;  // it ends a forked child that starts threads
#endif
    const Job job;
    const std::vector<float> one = trained(job, 1, false);
    bool good = expect("three threads give the bits of one", trained(job, 3, false) == one);
    good &= expect("threads start again after close", trained(job, 3, true) == one);
    good &= expect("each call has its number of threads", other_numbers());
    good &= expect("a number left open gives them too", trained(job, 0, false) == one);
    if (may_fork) {
        good &= expect("parent and child train on after a fork", after_a_fork(job, one));
    }
    good &= expect("a predictor serves three callers at once", shared_predictor(job));
    good &= expect("a prediction says that memory ran out", out_of_memory(job));
    return good ? 0 : 1;
}
