"""A process that ends while the engine works ends quietly."""

import subprocess
import sys

import pytest

pytest.importorskip("lamina.engines._native")

LONG_EPOCHS = """
import threading, time, numpy as np, lamina
x, y = np.random.RandomState(0).normal(size=(4000, 50)), np.arange(4000) % 2
model = lamina.MLPClassifier((200, 200), max_iter=100000, tol=0, n_threads={threads})
threading.Thread(target=model.fit, args=(x, y), daemon=True).start()
time.sleep(1.0)
"""
SHORT_EPOCHS = """
import threading, time, numpy as np, lamina
x, y = np.random.RandomState(0).normal(size=(200, 5)), np.arange(200) % 2
for _ in range(3):  # the threads wait for each other and for the busy main thread
    model = lamina.MLPClassifier((8,), max_iter=10**6, tol=0, n_iter_no_change=10**6, n_threads=1)
    threading.Thread(target=model.fit, args=(x, y), daemon=True).start()
end = time.perf_counter() + 0.3
while time.perf_counter() < end:
    sum(range(1000))
"""
CASES = [LONG_EPOCHS.format(threads=n) for n in (1, 2)] + 5 * [SHORT_EPOCHS]


@pytest.mark.parametrize("code", CASES)
def test_an_interpreter_that_ends_during_a_fit_is_not_aborted(code):
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
