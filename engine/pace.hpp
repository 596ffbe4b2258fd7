// How many threads, where the caller leaves it open: as many as turn out fastest.
//
// Threads that share their cores with other programs wait for each other at every barrier, and two
// may then be slower than one. So work is cut into stretches of a few milliseconds; now and then a
// short one runs on half or on twice as many threads, and if that was faster it stays so. Trials
// that fail become rare. The bits do not depend on it.
#pragma once

#include <atomic>
#include <cstdint>

#include "kernels.hpp"

namespace lamina {

// What trainers of a process tell those to come: that a moment ago the cores were crowded.
class Crowd {
public:
    static Crowd& of_process();
    void note(int threads);
    void clear() { until_.store(0, std::memory_order_relaxed); }
    // At most `most`: what was fastest within the last seconds, or `most`.
    int threads(int most) const;

private:
    std::atomic<int> threads_{0};
    std::atomic<int64_t> until_{0};  // nanoseconds of the steady clock
};

class Pace {
public:
    explicit Pace(Crowd* crowd = nullptr) : crowd_(crowd) {}

    // For the next stretch; starts afresh where `most` is another one than before.
    int threads(int most);
    // Steps of the next stretch, of which each is about `work` operations.
    Index steps(double work);
    void took(Index steps, double seconds);

private:
    Crowd* crowd_;
    int most_ = 0, best_ = 0;
    int tried_ = 0;  // instead of best_, in this stretch; 0: none
    bool fewer_ = true;
    int wait_ = 0, left_ = 0;  // stretches between trials, and until the next
    double time_ = 0;          // seconds per step of the last stretch on best_ threads
    double least_ = 0;         // seconds per step by its operations alone
};

}  // namespace lamina
