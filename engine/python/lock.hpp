// Giving up Python's lock and taking it again, also while the interpreter ends.
//
// A thread that asks for the lock of an interpreter that is ending is made to exit, up to Python
// 3.13, and that cannot pass through C++. So it waits instead, for the end of the process.
#pragma once

#include <Python.h>
#include <unistd.h>

namespace lamina {

inline void wait_if_python_ends() {
#if PY_VERSION_HEX >= 0x030d0000
    while (Py_IsFinalizing()) pause();
#else
    while (_Py_IsFinalizing()) pause();
#endif
}

// Without Python's lock, as long as it lives.
class Released {
public:
    Released() : state_(PyEval_SaveThread()) {}
    ~Released() {
        wait_if_python_ends();
        PyEval_RestoreThread(state_);
    }
    Released(const Released&) = delete;

private:
    PyThreadState* state_;
};

}  // namespace lamina
