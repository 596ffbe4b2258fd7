"""Where a training broke: the step, the sample and the feature, found by replaying an epoch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_digits

import lamina
from lamina.training.recording import culprit
from lamina.training.recording.blame import Blame

ROW, COLUMN = 37, 3


def samples(dtype: Any = np.float64, value: float = 1e200) -> tuple[np.ndarray, np.ndarray]:
    """Return samples of which one has a number whose square overflows."""
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 5)).astype(dtype)
    x[ROW, COLUMN] = value
    return x, random.normal(size=60)


def diverged(x: Any, y: np.ndarray, **settings: Any) -> lamina.MLPRegressor:
    own = {"hidden_layer_sizes": (4,), "solver": "sgd", "random_state": 0, "max_iter": 5}
    model = lamina.MLPRegressor(**own | {"activation": "identity"} | settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(lamina.DivergenceError, match=f"row {ROW} of X"):
            model.fit(x, y)
    return model


def test_in_the_order_of_the_samples_the_step_is_known() -> None:
    model = diverged(*samples(), batch_size=1, shuffle=False)
    found = model._state.seen.culprit
    assert (found.epoch, found.step, found.sample) == (1, ROW + 1, ROW)
    assert (found.feature, found.value) == (COLUMN, 1e200)
    assert (found.layer, found.what, found.unit) == (2, "loss", 0)  # its square
    assert found.where == "the loss"


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 7},
        {"batch_size": 60},
        {"early_stopping": True, "batch_size": 10, "random_state": 3},
        {"solver": "adam", "batch_size": 5},
        {"solver": "nesterov", "batch_size": 5, "activation": "leaky_relu"},
        {"regularization": lamina.Regularization(dropout=0.3, l1=0.01), "batch_size": 4},
        {"n_threads": 2, "batch_size": 30, "diagnose": True},
    ],
    ids=str,
)
def test_sample_and_feature_are_found_whatever_the_order(settings: dict[str, Any]) -> None:
    x, y = samples()
    model = diverged(x, y, **settings)
    found = model._state.seen.culprit
    assert (found.sample, found.feature) == (ROW, COLUMN)
    assert diverged(x, y, **settings)._state.seen.culprit == found
    assert all(np.isfinite(own).all() for own in [*model.coefs_, *model.intercepts_])


def test_the_step_is_the_first_one_that_has_the_sample() -> None:
    x, y = samples()
    model = diverged(x, y, batch_size=7)
    random = np.random.RandomState(0)
    model.network_.initialize(random)
    order = np.arange(60)
    random.shuffle(order)
    place = int(np.flatnonzero(order == ROW)[0])
    assert model._state.seen.culprit.step == place // 7 + 1


def test_the_weights_are_those_before_the_epoch_that_broke() -> None:
    """Of two epochs, each sound by itself; the third one meets the sample that is not."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 3)), random.normal(size=40)
    settings = {"hidden_layer_sizes": (4,), "solver": "sgd", "shuffle": False, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sound = lamina.MLPRegressor(**settings, max_iter=2).fit(x, y)
        x[ROW, 1] = 1e200
        broken = lamina.MLPRegressor(**settings, max_iter=1, warm_start=True)
        broken.fit(x[:ROW], y[:ROW])
        before = [own.copy() for own in broken.coefs_]
        with pytest.raises(lamina.DivergenceError):
            broken.fit(x, y)
    assert len(sound.loss_curve_) == 2
    for own, kept in zip(broken.coefs_, before, strict=True):
        np.testing.assert_array_equal(own, kept)
    assert broken._state.seen.culprit.epoch == 2


def test_numbers_in_float32_and_sparse_ones() -> None:
    x, y = samples(np.float32, 1e30)
    found = diverged(x, y, batch_size=8)._state.seen.culprit
    assert (found.sample, found.feature, found.value) == (ROW, COLUMN, float(np.float32(1e30)))
    x, y = samples()
    found = diverged(scipy.sparse.csr_matrix(x), y, batch_size=8)._state.seen.culprit
    assert (found.sample, found.feature) == (ROW, COLUMN)


@pytest.mark.parametrize("batch_size, epoch", [(1, 1), (2, 1)])
def test_a_step_that_is_too_long_by_itself(batch_size: int, epoch: int) -> None:
    """Loss and gradient are finite, and the epoch's last step may be the one."""
    x, y = np.array([[1e5], [2e5]]), np.array([1.0, 2e6])
    model = lamina.MLPRegressor(
        hidden_layer_sizes=(3,),
        activation="identity",
        solver="gradient_descent",
        learning_rate_init=1e305,
        batch_size=batch_size,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(lamina.DivergenceError):
            model.fit(x, y)
    found = model._state.seen.culprit
    assert (found.what, found.epoch, found.unit) == ("update", epoch, -1)
    assert found.where.startswith("the update of layer ")
    assert all(np.isfinite(own).all() for own in model.coefs_)


def test_a_sound_training_has_none_and_so_has_the_next_one() -> None:
    x, y = samples()
    model = diverged(x, y, batch_size=8)
    assert model._state.seen.outcome == "DIVERGED"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.delete(x, ROW, axis=0), np.delete(y, ROW))
    assert model._state.seen.culprit is None
    assert model._state.seen.outcome == "MAX_ITER"


def test_chunks_and_lbfgs_say_what_they_can() -> None:
    x, y = samples()
    model = lamina.MLPRegressor(hidden_layer_sizes=(4,), activation="identity", solver="sgd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(lamina.DivergenceError):
            model.fit_batches([(x[:30], y[:30]), (x[30:], y[30:])])
    assert model._state.seen.culprit is None
    assert lamina.diagnose(model).names == ("divergence",)


CELL = 123, 17  # of the digits


def with_a_cell(value: float, row: int = CELL[0]) -> tuple[np.ndarray, np.ndarray]:
    """Return digits of which one cell is out of all proportion."""
    x, y = load_digits(return_X_y=True)
    x = x[:403] / 16
    x[row, CELL[1]] = value
    return x, y[:403]


def classifier(**settings: Any) -> lamina.MLPClassifier:
    own = {"hidden_layer_sizes": (7, 5), "solver": "sgd", "batch_size": 64, "random_state": 0}
    return lamina.MLPClassifier(**own | {"max_iter": 5} | settings)


@pytest.mark.parametrize(
    "convert, value",
    [(np.asarray, 1.7e308), (np.float32, 3e38), (scipy.sparse.csr_matrix, 1.7e308)],
    ids=["dense", "float32", "csr"],
)
@pytest.mark.parametrize(
    "regularization",
    [None, lamina.Regularization(dropout=0.3), lamina.Regularization(input_dropout=0.3)],
    ids=str,
)
def test_it_is_the_sample_that_made_weights_explode_and_not_one_that_overflows_by_them(
    convert: Any, value: float, regularization: Any
) -> None:
    x, y = with_a_cell(1.0)
    x = x.astype(np.float32 if value < 1e39 else np.float64)
    x[CELL] = value
    model = classifier(regularization=regularization)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(lamina.DivergenceError, match=r"for row 123 of X"):
            model.fit(convert(x), y)
    found = model._state.seen.culprit
    assert (found.sample, found.feature, found.layer) == (*CELL, 1)
    told = lamina.diagnose(model)
    assert told.names[:2] == ("divergence", "unscaled features")
    assert "Look at column 17 in row 123" in told[0].change


def test_the_sample_may_be_of_an_earlier_epoch_than_the_overflow() -> None:
    x, y = with_a_cell(1.7e308, row=402)
    model = classifier(shuffle=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(
            lamina.DivergenceError, match=r"exploded before epoch 2.* for row 402 of X"
        ):
            model.fit(x, y)
    found = model._state.seen.culprit
    assert (found.epoch, found.step, found.sample, found.jumped) == (2, 0, 402, True)
    own: dict[str, Any] = {"hidden_layer_sizes": (7, 5), "loss": "absolute_error"}
    model = lamina.MLPRegressor(**own, solver="sgd", batch_size=64, max_iter=5, shuffle=False)
    with warnings.catch_warnings():  # numbers have a loss that shows it at once
        warnings.simplefilter("ignore")
        with pytest.raises(lamina.DivergenceError, match="exploded in step 7 of epoch 1"):
            model.set_params(random_state=0).fit(x, y)
    assert model._state.seen.culprit.sample == 402


def test_of_a_loss_that_overflows_at_finite_weights_the_sample_is_known_too() -> None:
    x, y = with_a_cell(1e100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = classifier(alpha=1e-4).fit(x, y)
        sound = classifier().fit(np.delete(x, CELL[0], axis=0), np.delete(y, CELL[0]))
    assert not np.isfinite(model.loss_curve_).all()
    assert model._state.seen.culprit.sample == CELL[0]
    told = lamina.diagnose(model)[0]
    assert told.name == "divergence" and "row 123" in told.seen
    assert "weights are finite" in told.means
    assert sound._state.seen.culprit is None


def test_a_target_out_of_all_proportion_is_told_and_not_a_feature() -> None:
    x, y = samples(value=0.0)
    y[ROW] = 1e200
    model = diverged(x, y, batch_size=8)
    assert model._state.seen.culprit.target == 1e200
    told = lamina.diagnose(model)[0]
    assert "Its target is 1e+200" in told.seen and "column" not in told.seen
    assert told.change.startswith(f"Look at the target of row {ROW}")


def test_of_a_loss_that_is_undefined_the_sample_is_known() -> None:
    """The user's own loss cannot be computed for a target, at weights that are finite."""
    x, y = samples(value=0.0)
    y[ROW] = 99.0

    def value(h: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.where(y == 99, np.nan, (h - y) ** 2 / 2).sum(axis=1)

    own = lamina.CustomLoss(value, lambda h, y: h - y)
    model = diverged(x, y, loss=own, batch_size=8, solver="adam")
    assert model._state.seen.outcome == "UNDEFINED"
    assert model._state.seen.culprit.what == "loss"
    assert "row 37" in lamina.diagnose(model)[0].seen


def test_looking_for_it_changes_no_bit_of_what_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch is replayed in the middle of a training that goes on."""
    x, y = with_a_cell(1e60)
    settings: dict[str, Any] = {"hidden_layer_sizes": (7, 5), "loss": "absolute_error"}
    settings |= {"solver": "sgd", "batch_size": 64, "alpha": 0.0, "max_iter": 5, "diagnose": True}
    settings["regularization"] = lamina.Regularization(dropout=0.2)
    calls = []
    find = culprit.find
    monkeypatch.setattr(culprit, "find", lambda *own: calls.append(own) or find(*own))

    def trained() -> lamina.MLPRegressor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return lamina.MLPRegressor(**settings, random_state=0).fit(x, y)

    looked = trained()
    assert len(calls) == 1 and looked.n_iter_ == 5
    monkeypatch.setattr(Blame, "after_epoch", lambda *own: None)
    plain = trained()
    assert len(calls) == 1
    for own, other in zip(looked.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(own, other)
    assert looked.loss_curve_ == plain.loss_curve_ and looked.t_ == plain.t_
