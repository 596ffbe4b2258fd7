#include "workers.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace lamina {

namespace {

constexpr int kMostThreads = 1023;  // of one trainer

// Moves the calling thread off the core `taken`, once, and leaves it free to be moved again. Where
// other programs keep all cores busy the system starts and wakes threads on their parent's core and
// leaves them there, and two threads that wait for each other on one core are slower than one.
void leave_core([[maybe_unused]] int taken, [[maybe_unused]] int thread) {
#if defined(__linux__)
    cpu_set_t allowed, wanted;
    if (sched_getcpu() != taken || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    const int others = CPU_COUNT(&allowed) - (CPU_ISSET(taken, &allowed) ? 1 : 0);
    if (others < 1) return;
    int skip = (thread - 1) % others;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (core == taken || !CPU_ISSET(core, &allowed) || skip-- > 0) continue;
        CPU_ZERO(&wanted);
        CPU_SET(core, &wanted);
        sched_setaffinity(0, sizeof wanted, &wanted);
        sched_setaffinity(0, sizeof allowed, &allowed);
        return;
    }
#endif
}

int present_core() {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

}  // namespace

void Patience::wait() {
    constexpr int spins = 2000;  // some 50 us; on a busy machine spinning longer only harms
    if (++spins_ > spins) {
        sched_yield();
        return;
    }
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

void Barrier::wait(int n_threads) {
    if (n_threads == 1) return;
    unsigned before = generation_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == n_threads) {
        arrived_.store(0, std::memory_order_relaxed);
        generation_.store(before + 1, std::memory_order_release);
        return;
    }
    Patience patience;
    while (generation_.load(std::memory_order_acquire) == before) patience.wait();
}

#if defined(__x86_64__)
FloatingPoint::FloatingPoint() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
FloatingPoint::~FloatingPoint() { _mm_setcsr(unsigned(saved_)); }
#elif defined(__aarch64__)
FloatingPoint::FloatingPoint() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" : : "r"(0ULL));
}
FloatingPoint::~FloatingPoint() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }
#else
FloatingPoint::FloatingPoint() : saved_(0) {}
FloatingPoint::~FloatingPoint() { (void)saved_; }
#endif

void Barrier::reset() {
    arrived_.store(0);
    generation_.store(0);
}

void Workers::run(int n_threads, Task task, void* context) {
    n_threads = std::min(n_threads, kMostThreads);
    if (n_threads > 1 && (owner_ != getpid() || n_threads_ < n_threads)) {
        stop();
        start(n_threads);
    }
    const int n = n_threads > 1 ? std::min(n_threads, n_threads_) : 1;
    if (n > 1) {
        task_ = task;
        context_ = context;
        core_ = present_core();
        busy_.store(n - 1, std::memory_order_relaxed);
        call(n);
    }
    {
        FloatingPoint ieee;
        task(context, 0, n);
    }
    Patience patience;
    while (n > 1 && busy_.load(std::memory_order_acquire) > 0) patience.wait();
}

void Workers::call(int n_threads) {
    const unsigned number = calls_.load(std::memory_order_relaxed) / (kMostThreads + 1) + 1;
    calls_.store(number * (kMostThreads + 1) + unsigned(n_threads), std::memory_order_release);
    calls_.notify_all();
}

void Workers::start(int n_threads) {
    owner_ = getpid();
    stopping_ = false;
    barrier.reset();
    unsigned seen = calls_.load(std::memory_order_relaxed);
    n_threads_ = 1;
    try {
        while (n_threads_ < n_threads) {
            threads_.emplace_back([this, i = n_threads_, seen] { serve(i, seen); });
            ++n_threads_;
        }
    } catch (const std::system_error&) {
        // No more threads to be had: the ones that are there give the same bits.
    }
}

void Workers::serve(int thread, unsigned seen) {
    FloatingPoint ieee;
    for (;;) {
        Patience patience;  // epochs of small networks follow each other quickly
        for (int i = 0; i < 1500 && calls_.load(std::memory_order_relaxed) == seen; ++i) {
            patience.wait();
        }
        calls_.wait(seen, std::memory_order_acquire);
        seen = calls_.load(std::memory_order_acquire);
        if (stopping_) return;
        const int n = int(seen % (kMostThreads + 1));
        if (thread >= n) continue;
        leave_core(core_, thread);
        task_(context_, thread, n);
        busy_.fetch_sub(1, std::memory_order_release);
    }
}

void Workers::stop() {
    if (threads_.empty()) return;
    if (owner_ != getpid()) {
        // After a fork the threads exist in the parent only: their handles must not be touched.
        new std::vector<std::thread>(std::move(threads_));
    } else {
        stopping_ = true;
        call(0);
        for (std::thread& thread : threads_) thread.join();
    }
    threads_.clear();
    n_threads_ = 1;
}

int usable_cores() {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
    return std::max(1, int(std::thread::hardware_concurrency()));
}

double work_of(const Plan& plan, Index batch_size) {
    double products = 0;
    for (const LayerPlan& layer : plan.layers) products += double(layer.d_in) * double(layer.d_out);
    return 6.0 * products * double(batch_size);
}

int threads_for(double work, Index rows, int most) {
    constexpr double worth = 5e5;  // operations that are worth a thread: a few microseconds
    const double limit = std::min(work / worth, double(std::min<Index>(rows, most)));
    return limit < 2 ? 1 : int(limit);
}

}  // namespace lamina
