"""Checkpoints: going on from any of them gives the bits of a run that was never cut off."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

import lamina
from lamina import codec
from lamina.callbacks import Callback, Checkpoint, StopOnTarget
from lamina.plan.rules import RULES

X, Y = load_iris(return_X_y=True)
X = scale(X)
EVAL = {"a": (X[::3], Y[::3]), "b": (X[1::3], Y[1::3], np.linspace(0.1, 1, 50))}
DIABETES = load_diabetes(return_X_y=True)


class Every(Callback):
    """Collects a checkpoint at the beginning and after each epoch."""

    def on_train_begin(self, run):
        self.taken = [run.checkpoint()]

    def on_epoch_end(self, run):
        self.taken.append(run.checkpoint())


def check(model, X, y, sample_weight=None, eval_set=None, scoring=None, at=None, tmp_path=None):
    """Compare the resumed runs with the whole one, which collects all checkpoints."""
    every = Every()
    whole = model.set_params(callbacks=[every]).fit(X, y, sample_weight, eval_set=eval_set)
    expected = whole.to_bytes()
    for epoch in [0, 1, whole.n_iter_ // 2, whole.n_iter_ - 1, whole.n_iter_] if at is None else at:
        (tmp_path / "checkpoint").write_bytes(every.taken[epoch])
        resumed = lamina.resume(
            tmp_path / "checkpoint", X, y, sample_weight, eval_set=eval_set, scoring=scoring
        )
        assert resumed.to_bytes() == expected, epoch
    return whole


def classifier(**options):
    own = {"max_iter": 12, "batch_size": 40, "random_state": 0, "n_threads": 1, "tol": 0}
    return lamina.MLPClassifier((7,), **{**own, **options})


@pytest.mark.parametrize("solver", [name for name in RULES if name != "lbfgs"])
def test_every_rule(solver, tmp_path):
    check(classifier(solver=solver), X, Y, tmp_path=tmp_path, at=[0, 5])


@pytest.mark.parametrize(
    "schedule",
    [
        "invscaling",
        "adaptive",
        lamina.HalveOnRise(),
        lamina.HalveOnPlateau(patience=1),
        lamina.CosineRestarts(period=7),
        lamina.WarmUp(steps=3, then=lamina.Exponential(k=0.01)),
        lamina.OneCycle(),
    ],
    ids=repr,
)
def test_every_kind_of_schedule(schedule, tmp_path):
    model = classifier(
        solver=lamina.Momentum(lamina.MomentumRamp(every=5)),
        learning_rate=schedule,
        learning_rate_init=2.0,
        n_iter_no_change=2,
        tol=0.05,
        max_iter=25,
    )
    check(model, X, Y, tmp_path=tmp_path)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(
    "early_stopping",
    [
        True,
        lamina.EarlyStopping("validation_loss", patience=2),
        lamina.EarlyStopping("loss", restore_best=False, tol=0.01, patience=1),
        lamina.EarlyStopping("validation_score", start_from_epoch=4),
    ],
    ids=repr,
)
def test_early_stopping_and_the_best_weights(early_stopping, shuffle, tmp_path):
    model = classifier(
        early_stopping=early_stopping,
        shuffle=shuffle,
        learning_rate_init=0.05,
        n_iter_no_change=3,
        max_iter=40,
    )
    whole = check(model, X, Y, np.linspace(0.5, 2, len(Y)), tmp_path=tmp_path)
    assert whole.n_iter_ > 4


def test_evaluation_sets_and_scores(tmp_path):
    model = classifier(
        scoring=["accuracy", "neg_log_loss"], early_stopping=lamina.EarlyStopping("b_accuracy")
    )
    whole = check(model, X, Y, eval_set=EVAL, tmp_path=tmp_path)
    assert list(whole.history_)[-3:] == ["b_loss", "b_accuracy", "b_neg_log_loss"]


def test_scorers_that_are_functions_are_given_again(tmp_path):
    def count(estimator, X, y):
        return float((estimator.predict(X) == y).sum())

    model = classifier(scoring={"right": count})
    check(model, X, Y, eval_set=EVAL, scoring={"right": count}, tmp_path=tmp_path, at=[3])


def test_random_draws_within_steps_and_everything_else_at_once(tmp_path):
    model = lamina.MLPRegressor(
        hidden_layer_sizes=(9, 5),
        solver=lamina.Adam(),
        batch_size=50,
        max_iter=9,
        regularization=lamina.Regularization(dropout=0.3, input_noise=0.1, clip_norm=1.0, l1=1e-3),
        standardize=True,
        random_state=0,
    )
    check(model, *DIABETES, tmp_path=tmp_path)


def test_learned_slopes_class_weights_and_missing_numbers(tmp_path):
    holes = np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.1, np.nan, X)
    model = classifier(
        activation="prelu",
        class_weight={0: 1.0, 1: 2.0, 2: 0.5},
        missing="learn",
        standardize=True,
        scoring={"right": "accuracy"},
        early_stopping=lamina.EarlyStopping("a_right"),
    )
    check(model, holes, Y, eval_set={"a": (holes[::2], Y[::2])}, tmp_path=tmp_path)


@pytest.mark.parametrize("state", [np.random.RandomState(3), None], ids=["instance", "None"])
def test_every_kind_of_random_state(state, tmp_path):
    every = Every()
    model = classifier(random_state=state, callbacks=[every]).fit(X, Y)
    (tmp_path / "checkpoint").write_bytes(every.taken[4])
    resumed = lamina.resume(tmp_path / "checkpoint", X, Y)
    assert resumed.to_bytes() == model.to_bytes()


@pytest.mark.parametrize("kind", ["sparse", "float32", "text", "multilabel", "frame"])
def test_every_kind_of_data(kind, tmp_path):
    import pandas as pd

    x, y = {
        "sparse": (scipy.sparse.csr_matrix(np.maximum(X, 0)), Y),
        "float32": (X.astype(np.float32), Y),
        "text": (X, np.array(["eins", "zwei", "drei"], dtype=object)[Y]),
        "multilabel": (X, np.eye(3, dtype=int)[Y]),
        "frame": (pd.DataFrame(X, columns=list("abcd")), pd.Series(Y)),
    }[kind]
    check(classifier(), x, y, eval_set=(x[:20], y[:20]), tmp_path=tmp_path, at=[5])


def test_a_warm_start(tmp_path):
    model = classifier(warm_start=True, early_stopping=True).fit(X, Y)
    check(model, X, Y, tmp_path=tmp_path)
    assert len(model.loss_curve_) > 12 >= model.n_iter_


def test_the_history_goes_on_with_the_seconds_of_the_first_part(tmp_path):
    every = Every()
    whole = classifier(callbacks=[every]).fit(X, Y)
    (tmp_path / "checkpoint").write_bytes(every.taken[5])
    resumed = lamina.resume(tmp_path / "checkpoint", X, Y)
    np.testing.assert_array_equal(resumed.history_["seconds"][:5], whole.history_["seconds"][:5])
    assert (resumed.history_["seconds"] > 0).all()


def test_other_data_are_refused_and_named(tmp_path):
    path = tmp_path / "checkpoint"
    weights = np.ones(len(Y))
    classifier(callbacks=[Checkpoint(path)]).fit(X, Y, weights, eval_set=EVAL)
    changed, labels = X.copy(), Y.copy()
    changed[77, 2] += 1e-12
    labels[3] = 2
    cases = [
        ((changed, Y, weights), EVAL, "X has other values, of the same shape"),
        ((X[::2], Y[::2], weights[::2]), EVAL, r"X is an array of shape \(75, 4\).*was.*150"),
        ((X.astype(np.float32), Y, weights), EVAL, "X is an array.*float32, was.*float64"),
        ((X, labels, weights), EVAL, "y has other values"),
        ((X, Y + 1, weights), {n: (e[0], e[1] + 1) for n, e in EVAL.items()}, "the classes of y"),
        ((X, Y, 2 * weights), EVAL, "sample_weight has other values"),
        ((X, Y), EVAL, "sample_weight is missing now"),
        ((X, Y, weights), {"a": EVAL["a"]}, "X of eval_set 'b' is missing now"),
        ((X, Y, weights), {**EVAL, "c": EVAL["a"]}, "X of eval_set 'c' was not there"),
        ((X, Y, weights), {**EVAL, "b": EVAL["b"][:2]}, "sample_weight of eval_set 'b' is missing"),
    ]
    for data, sets, words in cases:
        with pytest.raises(ValueError, match=f"those of the checkpoint: {words}"):
            lamina.resume(path, *data, eval_set=sets)


def test_what_cannot_be_resumed_says_so_before_any_work(tmp_path):
    path = tmp_path / "checkpoint"
    model = lamina.MLPClassifier(solver="lbfgs", callbacks=[Checkpoint(path)])
    with pytest.raises(lamina.ArgumentError, match="solver must be other than 'lbfgs' for a check"):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_") and not path.exists()
    model = classifier(callbacks=[Checkpoint(path)])
    with pytest.raises(ValueError, match=r"partial_fit has no run to resume.*save"):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        classifier(callbacks=[Checkpoint(tmp_path / "nowhere" / "checkpoint")]).fit(X, Y)


def test_files_that_are_no_checkpoints(tmp_path):
    path, model = tmp_path / "checkpoint", tmp_path / "model"
    fitted = classifier(callbacks=[Checkpoint(path)]).fit(X, Y)
    fitted.save(model)
    with pytest.raises(lamina.FileError, match="holds a 'MLPClassifier', not a checkpoint"):
        lamina.resume(model, X, Y)
    with pytest.raises(lamina.FileError, match="holds a 'checkpoint of an MLPClassifier'"):
        lamina.load(path)
    data = path.read_bytes()
    for damaged in (b"", data[:100], data[:-1], data[:2000] + b"\0" + data[2001:]):
        path.write_bytes(damaged)
        with pytest.raises(lamina.FileError, match="is not a lamina model, or it is damaged"):
            lamina.resume(path, X, Y)
    with pytest.raises(FileNotFoundError):
        lamina.resume(tmp_path / "none", X, Y)


def mark(path):
    return codec.loads(Path(path).read_bytes(), "it")[1]["mark"]


def test_when_checkpoints_are_written_and_how_many_are_kept(tmp_path):
    path = tmp_path / "checkpoint"
    classifier(callbacks=[Checkpoint(path, every_epochs=5, keep=3)]).fit(X, Y)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "checkpoint.1", "checkpoint.2"]
    assert [mark(f"{path}{end}").n_epochs for end in ("", ".1", ".2")] == [12, 10, 5]
    classifier(callbacks=[Checkpoint(path, every_seconds=1e9)]).fit(X, Y)
    assert mark(path).n_epochs == 12  # the last epoch always
    stop = StopOnTarget("loss", 1.0)
    model = classifier(callbacks=[Checkpoint(path, every_epochs=100), stop], max_iter=200)
    assert mark(path).n_epochs == 12
    model.fit(X, Y)
    assert mark(path).n_epochs == model.n_iter_ < 100


def test_a_stop_is_no_end_for_resume_unless_its_callback_says_so(tmp_path):
    whole = classifier().fit(X, Y)
    path, target = tmp_path / "checkpoint", whole.loss_curve_[4]
    model = classifier(callbacks=[StopOnTarget("loss", target), Checkpoint(path)]).fit(X, Y)
    assert model.n_iter_ == 5
    assert lamina.resume(path, X, Y).to_bytes() == whole.to_bytes()
    again = lamina.resume(path, X, Y, callbacks=[StopOnTarget("loss", target)])
    assert again.to_bytes() == model.to_bytes()


def test_leftovers_of_kills_are_removed_once_nobody_can_be_at_them(tmp_path):
    path = tmp_path / "checkpoint"
    for name in (".lamina-checkpoint-old", ".lamina-checkpoint-new", ".lamina-other-old"):
        (tmp_path / name).write_bytes(b"half")
        if name.endswith("old"):
            os.utime(tmp_path / name, (1, 1))
    classifier(callbacks=[Checkpoint(path)]).fit(X, Y)
    left = sorted(os.listdir(tmp_path))
    assert left == [".lamina-checkpoint-new", ".lamina-other-old", "checkpoint"]


@pytest.mark.skipif(os.name != "posix", reason="fork and SIGKILL")
@pytest.mark.parametrize(("kills", "seed"), [(5, 1), (20, 2)])
def test_killed_at_random_moments(kills, seed, tmp_path):
    script = Path(__file__).with_name("kill.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path, str(kills), str(seed)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    epochs, words = done.stdout.splitlines()
    seen = [int(epoch) for epoch in epochs.split()]
    assert len(seen) > kills / 2  # before it was done
    assert seen == sorted(seen) and len(set(seen)) > 2  # it did go on between kills
    assert words == "the same bits"
