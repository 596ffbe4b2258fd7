"""--checkpoint and --resume: the same file as if nothing had happened, or one clear sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import iris, mixed, write

from lamina.tables import TableModel, runs

TRAIN = ("train", "t.parquet", "-t", "price", "--hidden", "6", "-f")
SAVED = ("--checkpoint", "c")
# As `lamina` does, but for the minute between two checkpoints.
OFTEN = "import lamina.cli, lamina.tables.runs as r; r._EVERY = 1e-9; lamina.cli.main()"


@pytest.fixture(autouse=True)
def table(folder):
    write(mixed(), "t.parquet")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_same_bits_after_kills(lamina):
    words = [*TRAIN, "--epochs", "3000", "--dropout", "0.2", "--schedule", "cosine"]
    assert lamina(*words, "-o", "whole.lamina").status == 0
    random = np.random.default_rng(0)
    resumed = 0
    for number in range(4):
        more = ["--resume"] if number else []
        command = [sys.executable, "-c", OFTEN, *words, *SAVED, *more, "-o", "part.lamina"]
        before = digest("c")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            end = time.monotonic() + 60
            while digest("c") == before and process.poll() is None and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.2))
            resumed += process.poll() is None
            process.send_signal(signal.SIGKILL)
    assert resumed > 1 and Path("c").exists()
    assert lamina(*words, *SAVED, "--resume", "-o", "part.lamina").status == 0
    assert Path("part.lamina").read_bytes() == Path("whole.lamina").read_bytes()


def digest(path: str) -> bytes | None:
    return Path(path).read_bytes() if Path(path).exists() else None


def test_more_epochs(lamina, monkeypatch):
    assert lamina(*TRAIN, "--epochs", 4, *SAVED).status == 0
    seen, own = [], runs.train

    def train(prepared, estimator, _, **more):
        return own(prepared, estimator, lambda epoch, *_: seen.append(epoch), **more)

    monkeypatch.setattr(runs, "train", train)
    done = lamina(*TRAIN, "--epochs", 9, *SAVED, "--resume")
    assert seen == [5, 6, 7, 8, 9]  # it went on, and did not start anew
    assert done.status == 0 and TableModel.load("t.lamina").estimator.n_iter_ == 9
    lamina(*TRAIN, "--epochs", 9, "-o", "whole.lamina")
    assert Path("t.lamina").read_bytes() == Path("whole.lamina").read_bytes()


def test_early_stopping_with_class_weights(lamina, monkeypatch):
    monkeypatch.setattr(runs, "_EVERY", 1e-9)
    write(iris(), "i.parquet")
    words = ["train", "i.parquet", "-t", "species", "-f", "--early-stopping"]
    words += ["--class-weight", "setosa=2"]
    lamina(*words, "--epochs", 60, "-o", "whole.lamina")
    lamina(*words, "--epochs", 5, *SAVED)
    done = lamina(*words, "--epochs", 60, *SAVED, "--resume")
    assert "watching a tenth of the rows" in done.out
    assert Path("i.lamina").read_bytes() == Path("whole.lamina").read_bytes()


def test_what_a_checkpoint_does_not_go_with(lamina, refused):
    assert lamina(*TRAIN, "--epochs", 3, *SAVED).status == 0
    go_on = (*TRAIN, "--epochs", 3, *SAVED, "--resume")
    before = Path("t.lamina").read_bytes(), Path("c").read_bytes()
    for words, said in (
        (
            ("--hidden", "7"),
            "c is the checkpoint of a training that differs in --hidden ((6,) there",
        ),
        (("--seed", "1"), "differs in --seed (0 there, 1 here): give what it was made with"),
        (
            ("--l1", "1", "--alpha", "0"),
            "that differs in --alpha, the regularisation (0.0001 there",
        ),
        (("--loss", "huber"), "differs in --loss ('squared_error' there, 'huber' here)"),
        (("-t", "sold"), "holds a 'checkpoint of an MLPRegressor', which is not what --resume"),
        (("--solver", "lbfgs"), "leave out --checkpoint, or choose another --solver"),
        (("--batch-rows", "50"), "--checkpoint takes a table that is read as a whole"),
    ):
        assert said in refused(*go_on, *words)
    for words in (("--test-size", "0.3"), ("--drop", "size"), ("-t", "size")):
        done = lamina(*go_on, *words)
        assert done.status == 2
        assert done.err.startswith("error: c is the checkpoint of another table, --target, --drop")
    write(mixed(seed=1), "t.parquet")
    assert "c is the checkpoint of another table" in lamina(*go_on).err
    assert (Path("t.lamina").read_bytes(), Path("c").read_bytes()) == before


def test_paths(lamina, refused):
    train = (*TRAIN[:-1], "--epochs", 3)
    assert refused(*train, "--resume").startswith("--resume goes on from a file: name it with")
    said = refused(*train, *SAVED, "--resume")
    assert said == "there is no checkpoint c: leave out --resume to start"
    assert "t.lamina is where the model goes" in refused(*train, "--checkpoint", "t.lamina")
    assert "is read by this command" in refused(*train, "--checkpoint", "t.parquet", "--resume")
    assert "choose another --checkpoint" in refused(*train, "--checkpoint", "no/c")
    assert "name a file with --checkpoint" in refused(*train, "--checkpoint", ".")
    Path("c").write_bytes(b"x")
    assert "c exists: go on from it with --resume, or start anew with" in refused(*train, *SAVED)
    assert "c is not a checkpoint, or it is damaged" in refused(*train, *SAVED, "--resume")
    assert Path("c").read_bytes() == b"x"
    assert lamina(*train, *SAVED, "-f").status == 0
    TableModel.load("t.lamina").estimator.save("c")
    said = refused(*train, *SAVED, "--resume", "-f")
    assert said.startswith("c holds a 'MLPRegressor', which is not what --resume can go on from")
