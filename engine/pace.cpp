#include "pace.hpp"

#include <algorithm>

namespace lamina {

namespace {
constexpr double kStretch = 5e-3;  // seconds: about a system's slice of time
constexpr int kSoon = 4, kSeldom = 512;  // stretches from one trial to the next
}  // namespace

int Pace::threads(int most) {
    if (most != most_) {
        *this = Pace();
        most_ = best_ = most;
        wait_ = left_ = kSoon;
    }
    return tried_ ? tried_ : best_;
}

Index Pace::steps(double work) const {
    constexpr double rate = 1e11;  // operations per second, before any was measured
    const double time = time_ > 0 ? time_ : work / rate;
    return 1 + Index((tried_ ? 0.25 : 1.0) * kStretch / time);
}

void Pace::took(Index steps, double seconds) {
    const double time = seconds / double(steps);
    if (tried_) {
        const bool faster = time < 0.9 * time_;
        if (faster) best_ = tried_, time_ = time;
        wait_ = faster ? 2 * kSoon : std::min(2 * wait_, kSeldom);
        left_ = wait_;
        tried_ = 0;
        return;
    }
    time_ = time;
    // A trial of a long step would be dear, and at so few barriers there is little to gain.
    if (most_ == 1 || time > kStretch || --left_ > 0) return;
    fewer_ = best_ == most_ || (best_ > 1 && !fewer_);
    tried_ = fewer_ ? std::max(1, best_ / 2) : std::min(most_, 2 * best_);
}

}  // namespace lamina
