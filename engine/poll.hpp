// Asking a caller now and then whether to stop.
#pragma once

#include <chrono>

namespace lamina {

struct Poll {
    bool (*stop)(void* context) = nullptr;
    void* context = nullptr;
};

// Asks between two pieces of work, from the calling thread, every 50 ms or so.
class Asker {
public:
    using Clock = std::chrono::steady_clock;

    void start(Poll poll) {
        poll_ = poll;
        stopping_ = false;
        asked_ = Clock::now();
    }
    void ask() {
        if (!poll_.stop || Clock::now() - asked_ <= std::chrono::milliseconds(50)) return;
        stopping_ = poll_.stop(poll_.context);
        asked_ = Clock::now();
    }
    bool stopping() const { return stopping_; }

private:
    Poll poll_;
    Clock::time_point asked_;
    bool stopping_ = false;
};

}  // namespace lamina
