"""What the commands write: over no input, no pipe and no file that they were not told to."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import iris, write

from lamina.tables import runs


@pytest.fixture
def model(lamina) -> Path:
    write(iris(), "iris.csv")
    lamina("train", "iris.csv", "-t", "species", "--epochs", 1)
    return Path("iris.lamina")


def test_the_table_is_not_replaced_by_the_model(refused):
    table = write(iris(), "t.csv").read_bytes()
    os.link("t.csv", "same.csv")
    for out in ("t.csv", "./t.csv", "same.csv"):
        said = refused("train", "t.csv", "-t", "species", "-f", "-o", out)
        assert said.endswith("is read by this command: choose another --out")
    assert Path("t.csv").read_bytes() == table


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_pipes_and_devices_are_not_replaced(refused, model):
    os.mkfifo("pipe.csv")
    os.symlink("pipe.csv", "link.csv")
    for out in ("pipe.csv", "link.csv"):
        for words in (
            ("train", "iris.csv", "-t", "species"),
            ("predict", "iris.lamina", "iris.csv"),
        ):
            assert "is a device or a pipe, not a file" in refused(*words, "-f", "-o", out)
    assert Path("pipe.csv").is_fifo() and Path("link.csv").is_symlink()


def test_predictions_are_not_overwritten(lamina, refused, model):
    Path("o.csv").write_text("precious")
    words = ("predict", model, "iris.csv", "-o", "o.csv")
    assert "o.csv exists: choose another name with --out, or add --force" in refused(*words)
    assert Path("o.csv").read_text() == "precious"
    assert lamina(*words, "--force").status == 0
    assert "choose another --out" in refused(*words[:-1], "iris.csv", "--force")
    assert refused(*words[:-1], model, "-f").startswith("cannot write a table as iris.lamina")


@pytest.mark.parametrize("name", ["o.parquet.gz", "o.xlsx", "o", "o.gz"])
def test_endings_that_cannot_be_written(refused, model, name):
    said = refused("predict", model, "iris.csv", "-o", name)
    assert f"cannot write a table as {name}: end its name in .csv, .tsv or .txt" in said


class Full(io.StringIO):
    """A device without space."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (["show", "iris.lamina"], ""),
        (["evaluate", "iris.lamina", "iris.csv", "--json"], ""),
        (["train", "iris.csv", "-t", "species", "-o", "new.lamina"], ""),
        (["train", "iris.csv", "-t", "species", "-o", "new.lamina", "--json"], "new.lamina"),
        (["predict", "iris.lamina", "iris.csv", "-o", "o.csv"], "o.csv"),
        (["--version"], ""),
    ],
)
def test_an_output_that_is_full(lamina, model, monkeypatch, words, written):
    monkeypatch.setattr(sys, "stdout", Full())
    done = lamina(*words)
    files = f"; {written} is written" if written else ""
    assert done.status == 2
    assert done.err == f"error: the output cannot be shown: no space left on device{files}\n"
    assert [path for path in ("new.lamina", "o.csv") if Path(path).exists()] == [written][
        : bool(written)
    ]


def test_an_output_that_is_closed(lamina, model, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    done = lamina("show", "iris.lamina")
    assert (done.status, done.err) == (
        2,
        "error: the standard output is closed: nothing was done\n",
    )


@pytest.mark.parametrize("words", [["show", "iris.lamina"], ["show", "--help"]])
def test_an_output_that_nobody_reads(model, words):
    read, unread = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "lamina", *words], stdout=unread, stderr=subprocess.PIPE, text=True
    )
    os.close(unread)
    assert done.returncode == 2
    assert done.stderr == "error: the output cannot be shown: broken pipe\n"


def test_no_memory(refused, lamina, monkeypatch):
    write(iris(), "iris.csv")
    said = refused("train", "iris.csv", "-t", "species", "--hidden", "99999999999")
    assert "each from 1 to 1,000,000, not '99999999999'" in said

    def full(*_: object, **more: object) -> None:
        raise MemoryError

    monkeypatch.setattr(runs, "train", full)
    done = lamina("train", "iris.csv", "-t", "species")
    assert done.status == 2
    assert done.err.startswith("error: there is not enough memory: choose a smaller --hidden")
    assert done.err.count("\n") == 1 and not Path("iris.lamina").exists()


def test_the_entry_point_is_light():
    added = (
        "import sys, lamina; before = set(sys.modules); import lamina.cli; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", added], capture_output=True, text=True, check=True)
    assert done.stdout == "['lamina.cli']\n"


def test_interrupted_while_loading(lamina, monkeypatch):
    class Slow:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "lamina.tables.program":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "lamina.tables.program", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Slow(), *sys.meta_path])
    done = lamina("show", "iris.lamina")
    assert (done.status, done.out, done.err) == (130, "", "interrupted: nothing was written\n")
