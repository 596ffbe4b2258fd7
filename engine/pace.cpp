#include "pace.hpp"

#include <algorithm>
#include <chrono>

namespace lamina {

namespace {
constexpr double kStretch = 5e-3;  // seconds: about a system's slice of time
constexpr int kSoon = 4, kSeldom = 512;  // stretches from one trial to the next
constexpr double kCrowded = 20;  // a step of so many times its operations' time waits for others
constexpr int64_t kMemory = 2'000'000'000;  // nanoseconds that a crowd is reckoned with

int64_t now() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}
}  // namespace

void Crowd::note(int threads) {
    threads_.store(threads, std::memory_order_relaxed);
    until_.store(now() + kMemory, std::memory_order_relaxed);
}

int Crowd::threads(int most) const {
    const int64_t until = until_.load(std::memory_order_relaxed);
    if (until == 0 || now() > until) return most;
    return std::min(most, std::max(1, threads_.load(std::memory_order_relaxed)));
}

Crowd& Crowd::of_process() {
    static Crowd crowd;
    return crowd;
}

int Pace::threads(int most) {
    if (most != most_) {
        *this = Pace(crowd_);
        most_ = most;
        best_ = crowd_ ? crowd_->threads(most) : most;
        wait_ = left_ = kSoon;
    }
    return tried_ ? tried_ : best_;
}

Index Pace::steps(double work) {
    constexpr double rate = 1e11;  // operations per second
    least_ = work / rate;
    if (time_ == 0) return 1 + Index(0.1 * kStretch / least_);  // a guess: it may take far longer
    return 1 + Index((tried_ ? 0.25 : 1.0) * kStretch / time_);
}

void Pace::took(Index steps, double seconds) {
    const double time = seconds / double(steps);
    if (tried_) {
        const bool faster = time < 0.9 * time_, far = time < 0.25 * time_;
        if (crowd_ && far && tried_ < best_) crowd_->note(tried_);
        if (crowd_ && faster && tried_ > best_) crowd_->clear();
        if (faster) best_ = tried_, time_ = time;
        wait_ = far ? 16 * kSoon : faster ? 2 * kSoon : std::min(2 * wait_, kSeldom);
        left_ = wait_;
        tried_ = 0;
        return;
    }
    const bool first = time_ == 0;
    time_ = time;
    const bool crowded = least_ > 0 && time > kCrowded * least_;
    // A trial of a long step would be dear, and at so few barriers there is little to gain: unless
    // it is long for its waiting.
    if (most_ == 1 || (time > kStretch && !crowded)) return;
    if (--left_ > 0 && !(first && crowded)) return;
    if (crowded && best_ > 1) {
        fewer_ = true, tried_ = 1;  // at once: halving would take its time
        return;
    }
    fewer_ = best_ == most_ || (best_ > 1 && !fewer_);
    tried_ = fewer_ ? std::max(1, best_ / 2) : std::min(most_, 2 * best_);
}

}  // namespace lamina
