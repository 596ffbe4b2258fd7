"""The machine's peak rate in float32, measured: multiply-adds in registers, and large products.

Each probe is a contender for `common.alternate` that returns seconds per operation, so that a
share of the peak compares figures of the same minutes.
"""

from __future__ import annotations

import ctypes
import functools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import common
import numpy as np

SIZE = 1024  # of the square matrices


def probes(threads: int) -> dict[str, Callable[[], float]]:
    """Return what measures the peak with `threads` threads; what is missing is left out."""
    found = {"numpy sgemm": products(np.matmul, np.asarray, threads)}
    if common.has("torch"):
        import torch

        def multiply(a: Any, b: Any, out: Any) -> None:
            torch.mm(a, b, out=out)

        sgemm = products(multiply, torch.from_numpy, threads)
        found["torch sgemm"] = with_threads(torch, sgemm, threads)
    run = compiled()
    if run is not None:
        found["multiply-adds in registers"] = in_registers(run, threads)
    return found


def products(multiply: Any, convert: Any, threads: int) -> Callable[[], float]:
    """Return the contender that multiplies two large matrices."""
    random = np.random.default_rng(0)
    a, b, out = (convert(random.random((SIZE, SIZE), dtype=np.float32)) for _ in range(3))

    def contender() -> float:
        with common.thread_limit(threads):
            start = time.perf_counter()
            multiply(a, b, out)
            return (time.perf_counter() - start) / (2 * SIZE**3)

    return contender


def with_threads(torch: Any, job: Callable[[], float], threads: int) -> Callable[[], float]:
    """Return the contender with torch's own number of threads set."""

    def contender() -> float:
        torch.set_num_threads(threads)
        return job()

    return contender


def in_registers(run: Callable[[int], float], threads: int) -> Callable[[], float]:
    """Return the contender that runs the compiled loop in every thread at once."""
    rounds = 1 << 20

    def contender() -> float:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, [1000] * threads))  # the threads are there
            start = time.perf_counter()
            operations = sum(pool.map(run, [rounds] * threads))
            return (time.perf_counter() - start) / operations

    return contender


@functools.cache
def compiled() -> Callable[[int], float] | None:
    """Return the loop of peak.c; None, and a word about it, where no C compiler is found."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peak.c")
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "peak.so")
        flags = ["-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]
        try:
            command = [os.environ.get("CC", "cc"), *flags, source, "-o", target]
            subprocess.run(command, check=True, capture_output=True)
            loop = ctypes.CDLL(target).multiply_add
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"left out: multiply-adds in registers ({error})")
            return None
    loop.restype, loop.argtypes = ctypes.c_double, [ctypes.c_long, ctypes.c_void_p]

    def run(rounds: int) -> float:
        out = (ctypes.c_float * 16)()
        return float(loop(rounds, out))

    return run
