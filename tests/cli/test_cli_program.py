"""The program around the commands: names of files, terminals, help, and what is loaded."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import iris, write

from lamina import __version__
from lamina.tables import TableModel, prepare


def test_early_stopping_by_default_from_ten_thousand_rows(lamina):
    random = np.random.default_rng(0)
    table = pa.table({"x": random.normal(size=12_600), "y": random.normal(size=12_600)})
    write(table, "large.parquet")
    write(table.slice(0, 12_000), "small.parquet")
    for name, early in (("large", True), ("small", False)):
        lamina("train", f"{name}.parquet", "-t", "y", "--epochs", 1)
        assert TableModel.load(f"{name}.lamina").estimator.early_stopping is early


@pytest.mark.parametrize("table", ["my.data.csv", "my.data.csv.gz", "my.data.PARQUET"])
def test_the_name_of_a_model(lamina, table):
    write(iris(), "iris.parquet" if "PARQUET" in table else "iris.csv").rename(table)
    if table.endswith(".gz"):
        Path(table).write_bytes(gzip.compress(Path(table).read_bytes()))
    assert lamina("train", table, "-t", "species", "--epochs", 1).status == 0
    assert Path("my.data.lamina").is_file()


def test_a_terminal_without_arrows():
    write(iris(), "t.csv")
    words = [sys.executable, "-m", "lamina", "train", "t.csv", "-t", "species", "--epochs", "1"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
    assert "4 inputs ? 100 relu" in done.stdout


def test_quiet(lamina):
    write(iris(), "t.csv")
    for words in (
        ["train", "t.csv", "-t", "species", "-q", "--epochs", 2],
        ["predict", "t.lamina", "t.csv", "-o", "o.csv", "-q"],
    ):
        done = lamina(*words)
        assert (done.status, done.out, done.err) == (0, "", "")


def test_the_hold_out_is_what_prepare_holds_out(lamina):
    write(iris(), "t.parquet")
    trained = lamina("train", "t.parquet", "-t", "species", "--seed", 5, "--json").json
    prepared, model = prepare(iris(), "species", seed=5), TableModel.load("t.lamina")
    accuracy = (model.estimator.predict(prepared.test.X) == prepared.test.y).mean()
    assert trained["scores"]["accuracy"] == pytest.approx(accuracy)


def test_version_and_help(lamina):
    assert lamina("--version").out == f"lamina {__version__}\n"
    for words in (
        ["--help"],
        ["train", "-h"],
        ["predict", "--help"],
        ["evaluate", "-h"],
        ["show", "-h"],
    ):
        shown = lamina(*words)
        assert shown.status == 0 and "Usage: lamina" in shown.out


def test_importing_lamina_is_light():
    loaded = "import sys, lamina; print({'typer', 'lamina.tables', 'lamina.cli'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
