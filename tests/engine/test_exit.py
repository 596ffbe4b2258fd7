"""A process that ends while the engine works ends quietly."""

import subprocess
import sys

import pytest

pytest.importorskip("lamina.engines._native")

CODE = """
import threading, time, numpy as np, lamina
x, y = np.random.RandomState(0).normal(size=(4000, 50)), np.arange(4000) % 2
model = lamina.MLPClassifier((200, 200), max_iter=100000, tol=0, n_threads={threads})
threading.Thread(target=model.fit, args=(x, y), daemon=True).start()
time.sleep(1.0)
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interpreter_that_ends_during_a_fit_is_not_aborted(threads):
    code = CODE.format(threads=threads)
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
