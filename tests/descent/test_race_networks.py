"""Races on a network's loss: each runner is a fit of that rule alone, on the same batches."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

import lamina
from lamina.plan import ArgumentError

X, Y = load_iris(return_X_y=True)
X = scale(X)
XR, YR = load_diabetes(return_X_y=True)
XR, YR = scale(XR), scale(YR)
MODEL = lamina.MLPClassifier(5, batch_size=32, random_state=3, alpha=0.01)
FIXED = {"X": X, "y": Y, "learning_rate": 0.02, "epochs": 4, "repeats": 1}


def fitted(model, rule, schedule="constant", rate=0.02, X=X, y=Y, epochs=4):
    """Return a fit by the estimator itself."""
    own = clone(model).set_params(
        solver=rule,
        learning_rate=schedule,
        learning_rate_init=rate,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=epochs + 1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return own.fit(X, y)


def flat(model):
    return np.concatenate(
        [a.ravel() for pair in zip(model.coefs_, model.intercepts_, strict=True) for a in pair]
    )


@pytest.mark.parametrize("rule", ["adam", "sgd", "momentum", "adagrad", lamina.AdamW(0.8)])
def test_a_runner_is_the_fit_of_its_rule(rule):
    race = lamina.race(MODEL, {"own": rule, "other": "rmsprop"}, **FIXED)
    model = fitted(MODEL, rule)
    runner = race["own"]
    np.testing.assert_array_equal(runner.epoch_losses, model.history_["loss"])
    np.testing.assert_array_equal(runner.points[-1], flat(model))
    assert runner.losses[-1] == pytest.approx(log_loss(Y, model.predict_proba(X)), rel=1e-12)
    assert runner.steps.tolist() == [0, 5, 10, 15, 20]
    assert len(runner.losses) == len(runner.seconds) == len(runner.points) == 5


def test_a_schedule_is_the_fits():
    race = lamina.race(MODEL, "momentum", {"cosine": lamina.Cosine(unit="epoch")}, **FIXED)
    model = fitted(MODEL, "momentum", lamina.Cosine(unit="epoch"))
    np.testing.assert_array_equal(race.runners[0].epoch_losses, model.history_["loss"])


@pytest.mark.parametrize(
    "model",
    [
        lamina.MLPClassifier(4, random_state=0, class_weight="balanced", standardize=True),
        lamina.MLPClassifier(
            (4, 3), random_state=1, regularization=lamina.Regularization(dropout=0.2, l1=1e-3)
        ),
        lamina.MLPClassifier(4, random_state=0, early_stopping=True, beta_1=0.5, momentum=0.3),
        lamina.MLPClassifier(4, random_state=0, solver="lbfgs", warm_start=True),
    ],
)
@pytest.mark.parametrize("rule", ["adam", "sgd"])
def test_the_estimators_other_options_count(model, rule):
    race = lamina.race(model, rule, **FIXED)
    plain = clone(model).set_params(early_stopping=False, warm_start=False)
    own = fitted(plain, rule)
    np.testing.assert_array_equal(race[rule].epoch_losses, own.history_["loss"])
    np.testing.assert_array_equal(race[rule].points[-1], flat(own))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_regression_reports_its_loss_as_the_fit_does(dtype):
    model = lamina.MLPRegressor(hidden_layer_sizes=6, random_state=0, alpha=0.0)
    own = {**FIXED, "X": XR.astype(dtype), "y": YR.astype(dtype)}
    race = lamina.race(model, "adam", **own)
    by_itself = fitted(model, "adam", X=own["X"], y=own["y"])
    np.testing.assert_array_equal(race["adam"].epoch_losses, by_itself.history_["loss"])
    half = np.mean((by_itself.predict(own["X"]) - own["y"]) ** 2) / 2
    assert race["adam"].loss == pytest.approx(half, rel=1e-5 if dtype == np.float32 else 1e-12)
    assert race["adam"].points.dtype == dtype


def test_whoever_else_races_changes_nothing_and_fitted_is_as_unfitted():
    one = lamina.race(MODEL, ["adam", "sgd"], **FIXED)
    model = fitted(MODEL, "adam")
    before = flat(model)
    two = lamina.race(model, ["rmsprop", "sgd", "adam"], **{**FIXED, "repeats": 2})
    np.testing.assert_array_equal(flat(model), before)
    for name in ("adam", "sgd"):
        np.testing.assert_array_equal(one[name].losses, two[name].losses)
        np.testing.assert_array_equal(one[name].points, two[name].points)
    starts = np.array([runner.points[0] for runner in two])
    assert (starts == starts[0]).all()


def test_the_seed_is_the_estimators_or_ones_own():
    model = clone(MODEL).set_params(random_state=None)
    by = {seed: lamina.race(model, "adam", random_state=seed, **FIXED) for seed in (3, 4)}
    np.testing.assert_array_equal(
        by[3]["adam"].losses, lamina.race(MODEL, "adam", **FIXED)["adam"].losses
    )
    assert by[4]["adam"].losses[0] != by[3]["adam"].losses[0]
    drawn = lamina.race(model, ["adam", "sgd"], random_state=np.random.RandomState(0), **FIXED)
    assert drawn["adam"].losses[0] == drawn["sgd"].losses[0]


def test_the_best_rate_of_a_network_is_the_best_of_those_tried():
    own = lamina.race(MODEL, "gradient_descent", X=X, y=Y, epochs=4, repeats=1, levels=[])[
        "gradient_descent"
    ]
    assert own.loss == min(own.tried.values()) == own.tried[own.rate]
    assert own.rate > 0.1 and len(own.tried) > 9


def test_the_loss_between_points_is_that_of_the_network():
    race = lamina.race(MODEL, "adam", **FIXED)
    middle = race["adam"].points[[0, -1]].mean(axis=0)
    model, place = fitted(MODEL, "adam"), 0
    for pair in zip(model.coefs_, model.intercepts_, strict=True):
        for array in pair:
            array[...] = middle[place : place + array.size].reshape(array.shape)
            place += array.size
    assert race.losses([middle])[0] == pytest.approx(log_loss(Y, model.predict_proba(X)))


def test_a_network_of_the_plan_races_as_the_estimator_of_the_same_network():
    network = lamina.Network.mlp(4, [5], 3, output="softmax")
    training = lamina.Training(batch_size=32, alpha=0.01)
    own = {**FIXED, "y": np.eye(3)[Y]}
    race = lamina.race(network, "adam", training=training, random_state=3, **own)
    other = lamina.race(MODEL, {"adam": lamina.Adam()}, **FIXED)
    assert race["adam"].losses == pytest.approx(other["adam"].losses, rel=1e-12)
    assert race["adam"].points == pytest.approx(other["adam"].points, rel=1e-9)
    assert race.unit == "epoch" and "Network(4 -> 5 relu -> 3 softmax" in repr(race)


def test_a_network_that_diverges_says_so():
    model = lamina.MLPRegressor(hidden_layer_sizes=6, random_state=0)
    own = {**FIXED, "X": XR, "y": YR, "learning_rate": 1e150, "epochs": 20}
    race = lamina.race(model, ["gradient_descent", "adam"], **own)
    runner = race["gradient_descent"]
    assert runner.diverged and "epoch" in runner.reason
    assert "diverged" in race.table()


def test_an_interrupt_ends_the_race(monkeypatch):
    monkeypatch.setattr(
        "lamina.descent.racing.network.fit", lambda *given: lamina.training.Outcome.INTERRUPTED
    )
    with pytest.raises(KeyboardInterrupt):
        lamina.race(MODEL, "adam", **FIXED)


NETWORK = lamina.Network.mlp(4, [3], 3, output="softmax")


@pytest.mark.parametrize(
    ("problem", "options", "words"),
    [
        (MODEL, {"X": None}, "X must be given for a network"),
        (MODEL, {"y": None}, "y must be given for a network"),
        (MODEL, {"epochs": 0}, r"epochs must be an integer in \[1, inf\)"),
        (MODEL, {"n_steps": 5}, "n_steps must be None for a network"),
        (MODEL, {"start": [0.0]}, "start must be None for a network"),
        (MODEL, {"training": lamina.Training()}, "training must be None for an estimator"),
        (MODEL, {"random_state": -1}, r"random_state must be an integer in \[0, 4294967295\]"),
        (MODEL, {"random_state": "x"}, "random_state must be an integer in"),
        (MODEL, {"y": Y[:-1]}, "inconsistent numbers of samples"),
        (MODEL, {"X": X[:0], "y": Y[:0]}, "0 sample"),
        (MODEL, {"X": np.where(X > 2, np.nan, X)}, "NaN|nan"),
        (NETWORK, {}, r"y must be of shape \(n_samples, 3\)"),
        (NETWORK, {"X": X[:, :2]}, r"X must be of shape \(n_samples, 4\)"),
        (NETWORK, {"X": X[:3], "y": np.eye(3)[Y]}, "y must be of 3 rows as X is"),
        (NETWORK, {"X": np.where(X > 2, np.nan, X), "y": np.eye(3)[Y]}, "X must be finite"),
        (NETWORK, {"y": Y.astype(str)}, "y must be an array of numbers"),
        (NETWORK, {"y": np.eye(3)[Y], "training": 3}, "training must be a Training or None"),
        (lamina.EnsembleClassifier(), {}, "problem must be one of"),
        (clone(MODEL).set_params(alpha=-1), {}, "alpha must be a number"),
    ],
)
def test_what_cannot_race_is_named_before_any_work(problem, options, words, monkeypatch):
    monkeypatch.setattr("lamina.descent.racing.network.fit", None)
    with pytest.raises(ValueError, match=words):
        lamina.race(problem, "adam", **{**FIXED, **options})


@pytest.mark.parametrize(
    ("rule", "schedule", "words"),
    [
        ("lbfgs", None, "every rule of rules must be one of"),
        (lamina.AdamW(), None, "weight_decay"),
        (lamina.Momentum(lamina.Adaptive(initial=0.5)), None, "waits for no plateau"),
        ("adam", lamina.Adaptive(), "waits for no plateau"),
    ],
)
def test_rules_that_a_network_cannot_follow_are_named(rule, schedule, words, monkeypatch):
    monkeypatch.setattr("lamina.descent.racing.network.fit", None)
    regular = clone(MODEL).set_params(regularization=lamina.Regularization(weight_decay=0.1))
    with pytest.raises(ArgumentError, match=words):
        lamina.race(regular, rule, schedule, **FIXED)
