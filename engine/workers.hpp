// Threads that belong to one trainer, and the barrier between the phases of a step.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <thread>
#include <vector>

#include "plan.hpp"

namespace lamina {

// Tells the processor, and after a while the system, that this thread only waits.
class Patience {
public:
    void wait();

private:
    int spins_ = 0;
};

class Barrier {
public:
    void wait(int n_threads);
    void reset();

private:
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> generation_{0};
};

// IEEE arithmetic for as long as it lives: rounding to nearest, subnormals kept, no traps.
class FloatingPoint {
public:
    FloatingPoint();
    ~FloatingPoint();
    FloatingPoint(const FloatingPoint&) = delete;
    FloatingPoint& operator=(const FloatingPoint&) = delete;

private:
    unsigned long long saved_;
};

// n - 1 threads that sleep between tasks; the caller of `run` is thread 0.
class Workers {
public:
    using Task = void (*)(void* context, int thread, int n_threads);

    Workers() = default;
    ~Workers() { stop(); }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // Runs the task on n threads at once (fewer if the system gives no more; the task is told) and
    // waits for all of them. Threads of an earlier, larger n sleep on.
    void run(int n_threads, Task task, void* context);
    void stop();

    Barrier barrier;

private:
    void start(int n_threads);
    void call(int n_threads);
    void serve(int thread, unsigned seen);

    std::vector<std::thread> threads_;
    int n_threads_ = 1;
    pid_t owner_ = 0;
    Task task_ = nullptr;
    void* context_ = nullptr;
    int core_ = -1;  // that the caller of `run` is on
    std::atomic<bool> stopping_{false};
    // Counts the calls; the lower bits say how many threads the last one is for, so that the others
    // learn both at once.
    alignas(64) std::atomic<unsigned> calls_{0};
    alignas(64) std::atomic<int> busy_{0};
};

int usable_cores();

// About how many operations a step on so many samples takes.
double work_of(const Plan& plan, Index batch_size);

// As many threads, at most `most`, as pay for so much work between two barriers.
int threads_for(double work, Index rows, int most);

}  // namespace lamina
