"""Checkpoints where training does not end at an epoch, and where a path is used again."""

import contextlib
import os
import time
import warnings

import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

import lamina
from lamina import codec
from lamina.callbacks import Callback, Checkpoint, TimeBudget

X, Y = load_iris(return_X_y=True)
X = scale(X)
EVAL = (X[::3], Y[::3])
RARELY = 10**9


def classifier(*callbacks, **options):
    own = {"max_iter": 12, "batch_size": 40, "random_state": 0, "tol": 0, "n_threads": 1}
    return lamina.MLPClassifier((7,), callbacks=list(callbacks), **{**own, **options})


def mark(path):
    return codec.loads(path.read_bytes(), "it")[1]["mark"]


class At(Callback):
    """Does something once, at a step or at the end of an epoch."""

    def __init__(self, what, step=None, epoch=None):
        self.what, self.step, self.epoch = what, step, epoch
        self.every_batches = None if step is None else 1

    def on_batch_end(self, run):
        if run.step == self.step:
            self.what(run)

    def on_epoch_end(self, run):
        if run.epoch == self.epoch:
            self.what(run)


def interrupt(run):
    raise KeyboardInterrupt


def fail(run):
    raise RuntimeError("mine")


def stop(run):
    run.stop("Enough.")


def until(model, **sets):
    """Fit until something ends it, in whatever way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(RuntimeError):
            model.fit(X, Y, **sets)
    return model


OPTIONS = {
    "plain": {},
    "schedules": {
        "solver": lamina.Momentum(lamina.HalveOnRise(initial=0.9)),
        "learning_rate": lamina.CosineRestarts(period=7),
        "learning_rate_init": 0.5,
    },
    "held out": {"early_stopping": True},
    "best": {
        "early_stopping": lamina.EarlyStopping("eval_loss"),
        "regularization": lamina.Regularization(dropout=0.2),
        "learning_rate_init": 0.3,
    },
}


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
@pytest.mark.parametrize(
    ("ender", "epoch"),
    [
        (lambda: At(interrupt, step=22), 5),
        (lambda: At(fail, step=22), 5),
        (lambda: At(stop, step=22), 5),
        (lambda: At(interrupt, step=2), 0),
        (lambda: At(interrupt, epoch=5), 5),
        (lambda: At(fail, epoch=5), 5),
        (lambda: At(stop, epoch=5), 5),
    ],
    ids=["ctrl-c", "error", "stop", "first epoch", "ctrl-c after", "error after", "stop after"],
)
def test_the_last_checkpoint_is_of_the_last_epoch_wherever_training_ends(
    ender, epoch, options, engine, tmp_path, monkeypatch
):
    monkeypatch.setenv("LAMINA_ENGINE", engine)
    path, sets = tmp_path / "checkpoint", {"eval_set": EVAL}
    until(classifier(ender(), Checkpoint(path, every_epochs=RARELY), **options), **sets)
    assert mark(path).n_epochs == epoch
    whole = until(classifier(**options), **sets)
    resumed = lamina.resume(path, X, Y, **sets)
    assert resumed.to_bytes() == whole.to_bytes()


def test_an_interrupt_while_a_score_is_measured(tmp_path):
    path, calls = tmp_path / "checkpoint", []

    def slow(estimator, X, y):
        calls.append(1)
        if len(calls) == 7:  # the first is the rehearsal
            raise KeyboardInterrupt
        return estimator.score(X, y)

    own = {"early_stopping": lamina.EarlyStopping("eval_slow"), "scoring": {"slow": slow}}
    until(classifier(Checkpoint(path, every_epochs=RARELY), **own), eval_set=EVAL)
    assert mark(path).n_epochs == 5
    whole = until(classifier(**own), eval_set=EVAL)
    resumed = lamina.resume(path, X, Y, eval_set=EVAL, scoring={"slow": slow})
    assert resumed.to_bytes() == whole.to_bytes()


def test_the_end_by_convergence_is_written_too(tmp_path):
    path = tmp_path / "checkpoint"
    options = {"n_iter_no_change": 2, "tol": 0.05, "max_iter": 50}
    model = classifier(Checkpoint(path, every_epochs=RARELY), **options).fit(X, Y)
    assert mark(path).n_epochs == model.n_iter_ < 50
    assert lamina.resume(path, X, Y).to_bytes() == model.to_bytes()


def test_nights_of_a_little_training_come_to_an_end(tmp_path):
    """Epochs of 4 ms, nights of 20: each ends within an epoch and keeps those before."""

    class Slow(Callback):
        every_batches = 1

        def on_batch_end(self, run):
            time.sleep(0.001)

    path = tmp_path / "checkpoint"

    def callbacks():
        every = Checkpoint(path, every_epochs=RARELY)
        return [Slow(), TimeBudget(0.02, every_batches=1), every]

    model, nights = classifier(*callbacks()).fit(X, Y), 1
    while mark(path).n_epochs < 12:
        assert nights < 100
        model, nights = lamina.resume(path, X, Y, callbacks=callbacks()), nights + 1
    assert nights > 1 and model.n_iter_ == 12
    model = lamina.resume(path, X, Y)  # the last night may have ended with its budget
    assert model.to_bytes() == until(classifier()).to_bytes()


def test_where_the_weights_are_lost_no_last_one_is_written(tmp_path):
    path = tmp_path / "checkpoint"
    own = {"activation": "identity", "solver": "sgd", "learning_rate_init": 1e200}
    with pytest.raises(lamina.DivergenceError):
        classifier(Checkpoint(path), **own).fit(X, Y)
    assert mark(path).n_epochs == 0


def test_another_run_on_the_same_path_keeps_the_newest_of_the_one_before(tmp_path):
    path = tmp_path / "checkpoint"
    classifier(Checkpoint(path, every_epochs=5, keep=3)).fit(X, Y)
    first = path.read_bytes()
    until(classifier(At(interrupt, step=1), Checkpoint(path, keep=3), random_state=1))
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "checkpoint.before"]
    assert (tmp_path / "checkpoint.before").read_bytes() == first
    lamina.resume(path, X, Y, callbacks=[Checkpoint(path, every_epochs=5, keep=2)])
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "checkpoint.1", "checkpoint.before"]
    assert (tmp_path / "checkpoint.before").read_bytes() == first


def test_a_fit_that_cannot_be_resumed_leaves_an_earlier_checkpoint_alone(tmp_path):
    path = tmp_path / "checkpoint"
    classifier(Checkpoint(path)).fit(X, Y)
    first = path.read_bytes()
    with pytest.raises(lamina.ArgumentError):
        classifier(Checkpoint(path), solver="lbfgs").fit(X, Y)
    assert path.read_bytes() == first and os.listdir(tmp_path) == ["checkpoint"]


def test_in_a_grid_search(tmp_path):
    path = tmp_path / "checkpoint"
    search = GridSearchCV(classifier(Checkpoint(path)), {"alpha": [0.1, 0.01]}, cv=2).fit(X, Y)
    best = search.best_estimator_
    resumed = lamina.resume(path, X, Y)  # of the refit, which came last
    assert resumed.to_bytes() == best.to_bytes()
    best.save(tmp_path / "model")
    assert lamina.load(tmp_path / "model").to_bytes() == best.to_bytes()


def test_what_others_leave_on_an_estimator_is_in_no_file(tmp_path):
    model = classifier().fit(X, Y)
    expected = model.to_bytes()
    model.note, model._parent_callback_ctx = object(), object()
    assert model.to_bytes() == expected


class Sub(lamina.MLPClassifier):
    pass


def test_a_subclass_is_refused_before_any_work(tmp_path):
    path = tmp_path / "checkpoint"
    model = Sub(callbacks=[Checkpoint(path)])
    with pytest.raises(lamina.ArgumentError, match=r"the subclass Sub, which lamina.resume could"):
        model.fit(X, Y)
    assert not path.exists() and not hasattr(model, "coefs_")


def test_scorers_that_were_functions_must_be_given_again(tmp_path):
    path = tmp_path / "checkpoint"

    def right(estimator, X, y):
        return float((estimator.predict(X) == y).sum())

    model = classifier(Checkpoint(path, every_epochs=5), scoring=[right, "accuracy"])
    whole = model.fit(X, Y, eval_set=EVAL)
    with pytest.raises(lamina.ArgumentError, match=r"scoring must be given again.*'right', 'accur"):
        lamina.resume(path, X, Y, eval_set=EVAL)
    resumed = lamina.resume(path, X, Y, eval_set=EVAL, scoring=[right, "accuracy"])
    assert resumed.to_bytes() == whole.to_bytes()


def test_a_longer_training_goes_on_from_the_end_of_a_shorter_one(tmp_path):
    path = tmp_path / "checkpoint"
    classifier(Checkpoint(path)).fit(X, Y)
    longer = lamina.resume(path, X, Y, max_iter=20)
    assert longer.to_bytes() == classifier(max_iter=20).fit(X, Y).to_bytes()
    with pytest.raises(lamina.ArgumentError, match="max_iter must be an integer"):
        lamina.resume(path, X, Y, max_iter=0)


def test_by_default_writing_takes_a_small_share_of_the_time(tmp_path, monkeypatch):
    """Epochs of 1 s by a clock of the test's own, and files that take 4 s: 40 s lie between."""
    clock, real, written = [0.0], codec.write_atomically, []

    def write(path, data):
        clock[0] += 4.0
        written.append(mark_of(data))
        real(path, data)

    def mark_of(data):
        return codec.loads(data, "it")[1]["mark"].n_epochs

    monkeypatch.setattr("lamina.callbacks.checkpoint.monotonic", lambda: clock[0])
    monkeypatch.setattr(codec, "write_atomically", write)
    tick = At(None)
    tick.on_epoch_end = lambda run: clock.__setitem__(0, clock[0] + 1.0)
    classifier(tick, Checkpoint(tmp_path / "checkpoint"), max_iter=100).fit(X, Y)
    assert written == [0, 40, 80, 100]


def test_resuming_into_another_file(tmp_path):
    path, other = tmp_path / "checkpoint", tmp_path / "other"
    whole = classifier(Checkpoint(path)).fit(X, Y)
    lamina.resume(path, X, Y, callbacks=[Checkpoint(other)])
    assert lamina.resume(other, X, Y).to_bytes() == whole.to_bytes()


def test_load_of_a_checkpoint_says_what_to_use(tmp_path):
    path = tmp_path / "checkpoint"
    classifier(Checkpoint(path)).fit(X, Y)
    with pytest.raises(lamina.FileError, match=r"lamina\.resume goes on from it"):
        lamina.load(path)
