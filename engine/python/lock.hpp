// Giving up Python's lock and taking it again, also while the interpreter ends.
//
// A thread that asks for the lock of an interpreter that is ending, or waits for it when it ends,
// is made to exit, up to Python 3.13, and that cannot pass through C++. So it waits instead, for
// the end of the process.
#pragma once

#include <Python.h>
#include <cxxabi.h>
#include <unistd.h>

namespace lamina {

inline void wait_if_python_ends() {
#if PY_VERSION_HEX >= 0x030d0000
    while (Py_IsFinalizing()) pause();
#else
    while (_Py_IsFinalizing()) pause();
#endif
}

// Takes the lock, or never returns. noexcept: what exits the thread must not leave from here.
inline void take_lock(PyThreadState* state) noexcept {
    wait_if_python_ends();
    try {
        PyEval_RestoreThread(state);
    } catch (abi::__forced_unwind&) {  // the interpreter began to end while the thread waited
        for (;;) pause();
    }
}

// Without Python's lock, as long as it lives.
class Released {
public:
    Released() : state_(PyEval_SaveThread()) {}
    ~Released() { take_lock(state_); }
    Released(const Released&) = delete;

    // Runs Python's signal handlers, with the lock; true if one raised.
    bool signalled() {
        take_lock(state_);
        const bool raised = PyErr_CheckSignals() != 0;
        state_ = PyEval_SaveThread();
        return raised;
    }

    // Runs what needs the lock, from the thread that gave it up.
    template <class F>
    bool with_lock(F&& run) {
        take_lock(state_);
        const bool result = run();
        state_ = PyEval_SaveThread();
        return result;
    }

private:
    PyThreadState* state_;
};

}  // namespace lamina
