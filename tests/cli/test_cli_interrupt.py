"""Ctrl-C: training ends, what was learnt is kept, and nothing is half written."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import iris, write

from lamina.tables import TableModel, report, runs

LONG = ("train", "iris.parquet", "-t", "species", "--epochs", "10000000")


def test_between_epochs(lamina, monkeypatch):
    write(iris(), "iris.parquet")
    after_epochs(monkeypatch, 3)
    done = lamina(*LONG)
    assert done.status == 0
    assert "note      stopped by Ctrl-C in epoch 4: the model keeps what it learnt" in done.out
    assert "accuracy" in done.out
    assert TableModel.load("iris.lamina").estimator.n_iter_ == 3


def after_epochs(monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    """Press Ctrl-C after that many epochs."""
    own = runs.train

    def train(prepared, estimator, _, **more):
        def pressed(epoch, most, loss, score):
            if epoch == last:
                raise KeyboardInterrupt

        return own(prepared, estimator, pressed, **more)

    monkeypatch.setattr(runs, "train", train)


def test_elsewhere(lamina, monkeypatch):
    write(iris(), "iris.parquet")

    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "facts", pressed)
    done = lamina("train", "iris.parquet", "-t", "species")
    assert done.status == 130 and done.err.strip() == "interrupted: nothing was written"
    assert not Path("iris.lamina").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_on_a_real_terminal():
    random = np.random.default_rng(0)
    columns = {f"x{i}": random.normal(size=9_000) for i in range(20)}
    write(pa.table({**columns, "y": random.normal(size=9_000)}), "noise.parquet")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    words = [sys.executable, "-m", "lamina", "train", "noise.parquet", "-t", "y"]
    with subprocess.Popen(
        [*words, "--epochs", "1000000", "--hidden", "500"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env=environment,
    ) as process:
        os.close(theirs)
        shown = b""
        while not re.search(rb"[1-9]\d*/1000000", shown):
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert b"epoch" in shown and b"loss" in shown
    assert process.returncode == 0
    assert "stopped by Ctrl-C in epoch" in out and "model written to noise.lamina" in out
    assert TableModel.load("noise.lamina").estimator.n_iter_ >= 1
