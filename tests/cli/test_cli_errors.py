"""Every mistake of a user: one sentence with the fix, status 2, and no file touched."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import iris, mixed, write


@pytest.fixture
def model(lamina) -> Path:
    write(iris(), "iris.parquet")
    lamina("train", "iris.parquet", "-t", "species", "--epochs", 2)
    return Path("iris.lamina")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-t", "spicies"], "no column 'spicies': did you mean 'species'?"),
        (["-t", "zzz"], "its columns are 'sl', 'sw', 'pl', 'pw', 'species'"),
        (["-t", "species", "--drop", "spl"], "no column 'spl': did you mean"),
        (["-t", "species", "--drop", "species"], "is the target and cannot be dropped"),
        (["-t", "species", "--task", "regression"], "row 1: 'setosa' is not a number"),
        (["-t", "sl", "--task", "regresion"], "'--task': 'regresion' is not one of 'auto'"),
        (["-t", "species", "--test-size", "1.5"], "from 0 to below 1, not 1.5"),
        (["-t", "species", "--test-size", "nan"], "from 0 to below 1, not nan"),
        (
            ["-t", "species", "--test-size", "0.999"],
            "--test-size 0.999 leaves 0 rows of 150 to learn from, too few: lower it",
        ),
        (
            ["-t", "species", "--test-size", "0.01"],
            "has 3 classes, too many for 2 of 150 rows with a target to test: raise",
        ),
        (["-t", "species", "--seed", "-1"], "Invalid value for '--seed'"),
        (["-t", "species", "--hidden", "ten"], "--hidden takes sizes such as 100 or 256,128"),
        (["-t", "species", "--hidden", "10,0"], "--hidden takes sizes such as 100 or 256,128"),
        (["-t", "species", "--hidden", ""], "--hidden takes sizes"),
        (["-t", "species", "--batch-size", "0"], "--batch-size takes auto or a number of rows"),
        (["-t", "species", "--batch-size", "many"], "--batch-size takes auto or a number of rows"),
        (["-t", "species", "--epochs", "0"], "Invalid value for '--epochs'"),
        (["-t", "species", "--epochs", "x"], "Invalid value for '--epochs'"),
        (["-t", "species", "--alpha", "-1"], "--alpha is a number 0 or more, not -1"),
        (["-t", "species", "--learning-rate", "0"], "--learning-rate is a number above 0, not 0"),
        (["-t", "species", "--activation", "swish"], "'swish' is not one of"),
        (["-t", "species", "--solver", "newton"], "'newton' is not one of"),
        (["-t", "species", "-o", "."], ". is a folder: name a file with --out"),
        (["-t", "species", "-o", "no/m.lamina"], "there is no folder no: create it"),
        (["-t", "species", "--unknown"], "--unknown"),
        ([], "Missing option '--target'"),
    ],
)
def test_train(refused, options, said):
    write(iris(), "iris.csv")
    before = sorted(Path().iterdir())
    assert said in refused("train", "iris.csv", *options)
    assert sorted(Path().iterdir()) == before


def test_no_command_of_that_name(refused):
    assert "No such command 'fly'" in refused("fly")


def test_a_model_is_not_overwritten(lamina, refused, model):
    before = model.read_bytes()
    words = ("train", "iris.parquet", "-t", "species", "--epochs", 1)
    assert "iris.lamina exists: choose another name with --out, or add --force" in refused(*words)
    assert model.read_bytes() == before
    assert lamina(*words, "--force").status == 0
    assert model.read_bytes() != before


def test_infinite_values(refused):
    x = np.arange(50.0)
    x[6] = np.inf
    write(pa.table({"x": x, "y": ["a", "b"] * 25}), "t.csv")
    assert "column 'x', row 7: the value is infinite" in refused("train", "t.csv", "-t", "y")


def test_early_stopping_needs_rows(lamina):
    labels = ["a", "b"] * 24 + ["c"] * 2
    write(pa.table({"x": list(range(50)), "y": labels}), "rare.csv")
    write(pa.table({"x": list(range(12)), "y": [i / 3 for i in range(12)]}), "few.csv")
    for words in (["rare.csv", "--test-size", "0.5"], ["few.csv"]):
        done = lamina("train", *words, "-t", "y", "--early-stopping")
        assert done.status == 2 and "use --no-early-stopping" in done.err


def test_a_diverging_training(lamina):
    write(pa.table({"x": np.arange(100.0), "y": np.arange(100.0) ** 2}), "t.csv")
    words = ("--solver", "sgd", "--learning-rate", "1e30", "--activation", "identity")
    done = lamina("train", "t.csv", "-t", "y", *words)
    assert done.status == 2 and not Path("t.lamina").exists()
    assert done.err.startswith("error: the training diverged in step 1 of epoch 2, first ")
    assert done.err.endswith(": lower the learning rate, now 1e+30 (--diagnose tells more)\n")


@pytest.mark.parametrize("command", ["predict", "evaluate", "show"])
def test_models_that_are_none(refused, command):
    more = {"predict": ["t.csv", "-o", "o.csv"], "evaluate": ["t.csv"], "show": []}[command]
    Path("text.lamina").write_text("hello")
    assert "there is no model file no.lamina" in refused(command, "no.lamina", *more)
    assert "text.lamina is not a lamina model" in refused(command, "text.lamina", *more)
    assert "is a folder: name a model file" in refused(command, ".", *more)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["predict", "iris.lamina", "iris.parquet"], "Missing option '--out'"),
        (["predict", "iris.lamina", "no.csv", "-o", "o.csv"], "there is no file no.csv"),
        (
            ["predict", "iris.lamina", "iris.parquet", "-o", "o.xls"],
            "end its name in .csv, .tsv or .txt",
        ),
        (["predict", "iris.lamina", "iris.parquet", "-o", "iris.parquet"], "choose another --out"),
        (
            ["predict", "iris.lamina", "iris.parquet", "-o", "no/o.csv"],
            "there is no folder no: create it",
        ),
        (["evaluate", "iris.lamina", "no.csv"], "there is no file no.csv"),
        (["evaluate", "iris.lamina"], "Missing argument 'TABLE'"),
    ],
)
def test_wrong_words(refused, model, words, said):
    table = Path("iris.parquet").read_bytes()
    assert said in refused(*words)
    assert Path("iris.parquet").read_bytes() == table


def test_tables_that_do_not_fit_the_model(refused, model):
    def predict(table: pa.Table) -> str:
        write(table, "new.csv")
        return refused("predict", "iris.lamina", "new.csv", "-o", "o.csv")

    assert "lacks the column 'sw' that" in predict(iris().drop_columns(["sw"]))
    assert "lacks the columns 'sl', 'sw' that" in predict(iris().drop_columns(["sl", "sw"]))
    text = ["1.5"] * 10 + ["wide"] + ["1.5"] * 139
    assert "'sw', row 11: 'wide' is not a number" in predict(iris().set_column(1, "sw", [text]))
    write(iris().drop_columns(["species"]), "new.csv")
    assert "has no column 'species', the target" in refused("evaluate", "iris.lamina", "new.csv")
    write(iris().set_column(4, "species", pa.array([None] * 150, pa.string())), "new.csv")
    assert "'species' has no value" in refused("evaluate", "iris.lamina", "new.csv")


def test_dates_where_numbers_were(refused, model):
    days = mixed(150)["seen"]
    write(iris().set_column(1, "sw", days), "new.parquet")
    said = refused("predict", "iris.lamina", "new.parquet", "-o", "o.csv")
    assert "column 'sw' holds dates, not numbers" in said


def test_kept_columns_of_the_same_name(refused, model):
    write(iris().append_column("prediction", pa.array(range(150))), "new.csv")
    said = refused("predict", "iris.lamina", "new.csv", "-o", "o.csv", "--keep")
    assert "columns 'prediction' of its own: rename them" in said


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read(refused):
    write(iris(), "t.csv")
    Path("t.csv").chmod(0)
    assert "t.csv may not be read" in refused("train", "t.csv", "-t", "species")


def test_the_real_program():
    words = [sys.executable, "-m", "lamina", "train", "no.csv", "-t", "y"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "error: there is no file no.csv: check the name and the folder\n"
