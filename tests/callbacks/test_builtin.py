"""The callbacks that come with lamina: what they show, write, remember and stop."""

import csv
import io
import json
import sys
import time
import types
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

import lamina
from lamina.callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    JSONLog,
    LearningRateRecorder,
    LivePlot,
    ProgressBar,
    StopOnTarget,
    TimeBudget,
)

X, Y = load_iris(return_X_y=True)
X = scale(X)
EVAL = (X[::2], Y[::2])


def classifier(*callbacks, **options):
    own = {"max_iter": 20, "batch_size": 50, "random_state": 0, "callbacks": list(callbacks)}
    return lamina.MLPClassifier((6,), **{**own, **options})


def fit(*callbacks, **options):
    return classifier(*callbacks, **options).fit(X, Y, eval_set=EVAL)


# Logs


def rows(path):
    if Path(path).suffix == ".csv":
        with open(path, newline="") as file:
            return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_log_is_the_history_line_by_line(name, solver, tmp_path):
    path = tmp_path / name
    log = (CSVLog if name.endswith("csv") else JSONLog)(path)
    seen = []

    class Reads(Callback):
        def on_epoch_end(self, run):
            seen.append(len(rows(path)))

    model = fit(log, Reads(), scoring=["accuracy"], solver=solver)
    assert seen == list(range(1, 21))  # whole after every epoch
    history, found = model.history_, rows(path)
    assert list(found[0]) == list(history)
    for column in history:
        own = [np.nan if row[column] is None else row[column] for row in found]
        np.testing.assert_array_equal(own, history[column])


def test_a_log_goes_on_over_partial_fits_and_after_a_resume_drops_what_is_done_again(tmp_path):
    log, point = tmp_path / "log.csv", tmp_path / "point"

    class Dies(Callback):
        def on_epoch_end(self, run):
            if run.epoch == 9:
                raise RuntimeError

    every = Checkpoint(point, every_epochs=5)
    with pytest.raises(RuntimeError):
        fit(CSVLog(log), every, Dies(), max_iter=12)
    assert len(rows(log)) == 9
    model = lamina.resume(point, X, Y, eval_set=EVAL, callbacks=[CSVLog(log)])
    np.testing.assert_array_equal([row["epoch"] for row in rows(log)], np.arange(1, 13))
    np.testing.assert_array_equal([row["loss"] for row in rows(log)], model.loss_curve_)
    model.partial_fit(X, Y)
    assert [row["epoch"] for row in rows(log)] == list(range(1, 14))
    assert np.isnan(rows(log)[-1]["eval_loss"])


@pytest.mark.parametrize("kind", [CSVLog, JSONLog])
def test_a_path_that_cannot_be_written_to_says_so_before_any_work(kind, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fit(kind(tmp_path / "nowhere" / "log"))
    with pytest.raises(OSError, match="not a regular file"):
        fit(kind(tmp_path))
    with pytest.raises(lamina.ArgumentError, match="path must be a path, got 3"):
        kind(3)


# Limits


def test_a_time_budget():
    started = time.monotonic()
    model = fit(TimeBudget(0.2), max_iter=10**7, tol=0, n_iter_no_change=10**7)
    assert 0.2 <= time.monotonic() - started < 5
    assert model.stop_reason_ == "The time budget of 0.2 seconds ended."
    assert model.n_iter_ > 1

    class Slow(Callback):
        every_batches = 1

        def on_batch_end(self, run):
            time.sleep(0.03)

    model = fit(Slow(), TimeBudget(0.1, every_batches=1), batch_size=1)
    assert model.n_iter_ == 0 and 3 <= model._state.step < 20


def test_a_target_from_either_side():
    whole = fit(scoring="accuracy")
    losses, scores = whole.history_["eval_loss"], whole.history_["eval_accuracy"]
    model = fit(StopOnTarget("eval_loss", losses[7]), scoring="accuracy")
    assert model.n_iter_ == 8 and "eval_loss = " in model.stop_reason_
    model = fit(StopOnTarget("eval_accuracy", scores[-1]), scoring="accuracy")
    assert model.n_iter_ == np.argmax(scores >= scores[-1]) + 1
    model = fit(StopOnTarget("eval_accuracy", 1.0, mode="min"), scoring="accuracy")
    assert model.n_iter_ == 1
    with pytest.raises(lamina.ArgumentError, match="one of 'loss', 'eval_loss', got 'eval_f1'"):
        fit(StopOnTarget("eval_f1", 1))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TimeBudget(0), "seconds must be a number in"),
        (lambda: TimeBudget(1, every_batches=0), "every_batches must be an integer"),
        (lambda: StopOnTarget(3, 1), "monitor must be the name"),
        (lambda: StopOnTarget("loss", "low"), "target must be a number"),
        (lambda: StopOnTarget("loss", 1, "up"), "mode must be one of"),
        (lambda: Checkpoint("a", every_epochs=0), "every_epochs must be an integer"),
        (lambda: Checkpoint("a", every_seconds=-1), "every_seconds must be a number"),
        (lambda: Checkpoint("a", keep=0), "keep must be an integer"),
        (lambda: Checkpoint(None), "path must be a path"),
        (lambda: LivePlot(every_epochs=0), "every_epochs must be an integer"),
        (lambda: ProgressBar(refresh=0), "refresh must be a number"),
    ],
)
def test_options_out_of_range_are_named(make, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        make()


# Learning rates


@pytest.mark.parametrize(
    "schedule",
    ["constant", lamina.CosineRestarts(period=7), lamina.StepDecay(every=2), lamina.OneCycle()],
    ids=repr,
)
def test_the_recorder_has_the_rate_of_each_step(schedule):
    recorder = LearningRateRecorder()
    model = fit(recorder, learning_rate=schedule, solver="momentum")
    np.testing.assert_array_equal(recorder.steps_, np.arange(1, 61))
    np.testing.assert_array_equal(recorder.rates_[::3], model.history_["learning_rate"])
    if getattr(schedule, "unit", "") == "step" and schedule.over is not None:
        whole = schedule.over(60)
        expected = [whole.value(t, 0.001) for t in range(60)]
        np.testing.assert_allclose(recorder.rates_, expected, rtol=1e-14)


def test_the_recorder_knows_the_steps_of_an_epoch_that_was_cut_off():
    class Stops(Callback):
        every_batches = 1

        def on_batch_end(self, run):
            if run.step == 7:
                run.stop("Enough.")

    recorder = LearningRateRecorder()
    fit(recorder, Stops(), learning_rate=lamina.Exponential(k=0.1))
    np.testing.assert_allclose(recorder.rates_, 0.001 * np.exp(-0.1 * np.arange(7)), rtol=1e-14)
    fit(recorder, solver="lbfgs")
    assert len(recorder.rates_) == 0


# Progress


def test_lines_where_the_output_is_no_terminal(capsys):
    fit(ProgressBar(), scoring="accuracy")
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and len(lines) == 11 and err.isprintable() is False and "\r" not in err
    assert lines[0].startswith("epoch 2/20: loss ") and "eval_accuracy 0." in lines[0]
    assert lines[9].startswith("epoch 20/20: ") and lines[10] == "max_iter = 20 epochs ended."
    fit(ProgressBar(), StopOnTarget("loss", 1e9))
    err = capsys.readouterr().err
    assert err.startswith("epoch 1/20: ") and "reached the target" in err


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_in_a_terminal(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    fit(ProgressBar(), solver="lbfgs")
    shown = screen.getvalue()
    assert "━" in shown and "20/20" in shown and "loss 0." in shown
    assert "L-BFGS: STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT." in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # the cursor is there again


def test_the_bar_is_closed_by_an_error(monkeypatch):
    class Fails(Callback):
        def on_epoch_end(self, run):
            raise ZeroDivisionError("mine")

    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    bar = ProgressBar()
    with pytest.raises(ZeroDivisionError):
        fit(bar, Fails())
    shown = screen.getvalue()
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") > 0
    assert "ZeroDivisionError ended training: mine" in shown
    assert vars(bar).keys() <= {"refresh", "_next"}


@pytest.fixture
def notebook(monkeypatch):
    """A notebook as far as callbacks can tell; returns what it shows, newest last."""
    shown = []

    class Handle:
        def update(self, what):
            shown.append(what)

    def display(what, display_id):
        assert display_id is True
        shown.append(what)
        return Handle()

    def kept(data, format=None):
        return data

    module = types.ModuleType("IPython")
    module.version_info = (9, 0)  # which matplotlib asks for
    module.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    module.display = types.ModuleType("IPython.display")
    module.display.display, module.display.HTML, module.display.Image = display, kept, kept
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", module.display)
    return shown


def test_a_bar_in_a_notebook(notebook, capsys):
    fit(ProgressBar(refresh=1e-9), StopOnTarget("loss", -1))
    assert len(notebook) == 22
    assert notebook[0].startswith('<progress value="0" max="20"></progress>')
    assert "epoch 7/20" in notebook[7] and "s left" in notebook[7]
    assert "epoch 20/20" in notebook[-1] and "max_iter = 20 epochs ended." in notebook[-1]
    assert capsys.readouterr() == ("", "")


# Plots


def test_a_plot_in_a_notebook_is_brought_up_to_date(notebook):
    plot = LivePlot(every_epochs=5, every_seconds=None)
    fit(plot)
    assert len(notebook) == 5 and all(png.startswith(b"\x89PNG") for png in notebook)
    assert notebook[0] != notebook[-1]
    assert plot._handle is None


def test_a_plot_in_a_file_is_rewritten(tmp_path):
    path, seen = tmp_path / "curves.png", []

    class Looks(Callback):
        def on_epoch_end(self, run):
            seen.append(path.read_bytes() if path.exists() else None)

    plot = LivePlot(path, every_epochs=5, every_seconds=None)
    early = lamina.EarlyStopping("eval_accuracy")
    fit(plot, Looks(), scoring="accuracy", early_stopping=early)
    assert seen[3] is None and seen[4] == seen[8] != seen[9]
    image = matplotlib.image.imread(path)
    assert image.shape[0] > 600 and 0.02 < (image[..., :3].min(axis=2) < 0.9).mean() < 0.5
    fit(LivePlot(tmp_path / "curves.svg"), solver="lbfgs")
    assert b"<svg" in (tmp_path / "curves.svg").read_bytes()


def test_where_a_plot_cannot_be_drawn(tmp_path):
    with pytest.raises(lamina.ArgumentError, match="path must be a file to draw to outside a note"):
        fit(LivePlot())
    with pytest.raises(lamina.ArgumentError, match=r"the suffix of path must be one of .*png"):
        fit(LivePlot(tmp_path / "curves.doc"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fit(LivePlot(tmp_path / "nowhere" / "curves.png"))
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OSError, match="not a regular file"):
        fit(LivePlot(tmp_path / "folder.png"))
    (tmp_path / "old.png").write_bytes(b"old")
    with pytest.raises(lamina.ArgumentError):
        fit(LivePlot(tmp_path / "old.png"), StopOnTarget("no", 1))
    assert (tmp_path / "old.png").read_bytes() == b"old"  # nothing was drawn yet
