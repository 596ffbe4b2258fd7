// Pace on machines whose speeds are given: it finds the fastest number of threads, and wastes
// little time on trials.
#include "pace.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace {

using Speed = std::function<double(int threads, double now)>;  // seconds per step

// Returns the time that many steps of so many operations took, over the time at the best number of threads throughout.
double waste(int most, Speed speed, lamina::Index steps, double work = 5e6) {
    lamina::Pace pace;
    double spent = 0, least = 0;
    for (lamina::Index done = 0; done < steps;) {
        const int n = pace.threads(most);
        const lamina::Index own = std::min(steps - done, pace.steps(work));
        double best = speed(1, spent);
        for (int m = 2; m <= most; ++m) best = std::min(best, speed(m, spent));
        const double seconds = double(own) * speed(n, spent);
        least += double(own) * best;
        spent += seconds;
        pace.took(own, seconds);
        done += own;
    }
    return spent / least;
}

// Whether another trainer begins with what one has found out where cores are crowded.
bool tells() {
    lamina::Crowd crowd;
    lamina::Pace first(&crowd), second(&crowd);
    for (int i = 0; i < 3; ++i) {
        const int n = first.threads(8);
        const lamina::Index own = first.steps(5e6);
        first.took(own, double(own) * (n == 1 ? 1e-4 : 1e-2));
    }
    const int told = second.threads(8);
    std::printf("%d threads at first, after another's trials\n", told);
    crowd.clear();
    return told == 1 && lamina::Pace(&crowd).threads(8) == 8;
}

bool expect(const char* what, double value, double most) {
    std::printf("%s: %.3f times the least\n", what, value);
    return value <= most;
}

}  // namespace

int main() {
    const auto free = [](int n, double) { return 1e-4 / n; };
    const auto crowded = [](int n, double) { return n == 1 ? 1e-4 : 3e-4; };
    const auto packed = [](int n, double) { return n == 1 ? 1e-4 : 1e-2; };
    const auto two_of_eight = [](int n, double) { return 1e-4 / std::min(n, 2) + 1e-5 * n; };
    const auto large = [](int n, double) { return 0.2 / n; };
    const auto changing = [=](int n, double now) {
        return int(now) % 4 < 2 ? free(n, now) : crowded(n, now);
    };
    bool good = expect("two free cores", waste(2, free, 100000), 1.02);
    good &= expect("a tenth of a second on them", waste(2, free, 2000), 1.06);
    good &= expect("eight free cores", waste(8, free, 400000), 1.02);
    good &= expect("a core that others use", waste(2, crowded, 100000), 1.05);
    good &= expect("a core that waits long for others", waste(2, packed, 100000), 1.2);
    good &= expect("two tenths of a second there", waste(2, packed, 2000), 1.6);
    good &= expect("eight cores, two of them ours", waste(8, two_of_eight, 100000), 1.15);
    good &= expect("steps of a fifth of a second", waste(2, large, 1000, 2e10), 1.0);
    good &= expect("others that come and go", waste(2, changing, 200000), 1.35);
    good &= expect("one core", waste(1, free, 1000), 1.0);
    return good && tells() ? 0 : 1;
}
