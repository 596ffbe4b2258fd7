"""The states of units agree with the shares of a record, and with units made to be so."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

import lamina
from lamina.diagnosis import STATES, unit_states
from lamina.plan.checks import ArgumentError

X, Y = load_iris(return_X_y=True)

pytestmark = pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")


def run(activation, biases, weights=1.0, recorder=True):
    """Return the record of an epoch at rate ~0 whose first layer has these biases."""
    model = lamina.MLPClassifier(
        (len(biases),),
        activation,
        learning_rate_init=1e-12,
        max_iter=1,
        warm_start=True,
        random_state=0,
        diagnose=recorder,
        solver="sgd",
    ).fit(X, Y)
    model.coefs_[0][:] *= weights
    model.intercepts_[0][:] = biases
    return model.fit(X, Y).record_


def names(record):
    return [STATES[i] for i in unit_states(record, 1)[-1]]


def test_units_that_were_made_dead_saturated_and_constant():
    assert names(run("relu", [-100.0, 100.0, 1e6])) == ["dead", "live", "constant"]
    assert names(run("tanh", [-100.0, 0.0, 100.0])) == ["saturated", "live", "saturated"]
    assert names(run("elu", [1e6, -1e3], weights=1e-3)) == ["constant", "dead"]


def test_a_unit_that_is_flat_for_most_samples_is_nearly_dead():
    model = lamina.MLPClassifier((1,), max_iter=1, batch_size=150, warm_start=True, diagnose=True)
    model.set_params(learning_rate_init=1e-12, random_state=0).fit(X, Y)
    model.coefs_[0][:] = [[1.0], [0.0], [0.0], [0.0]]
    model.intercepts_[0][:] = -np.sort(X[:, 0])[-10]  # live for fewer than ten samples
    assert names(model.fit(X, Y).record_) == ["nearly dead"]


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "elu"])
def test_shares_are_those_of_the_record(activation):
    model = lamina.MLPClassifier(
        (20, 10),
        activation,
        learning_rate_init=0.3,
        max_iter=15,
        n_iter_no_change=15,
        random_state=0,
        diagnose=True,
    ).fit(4 * X, Y)
    seen = 0
    for layer in (1, 2, 3):
        states = unit_states(model.record_, layer)
        for name in ("dead", "saturated"):
            share = (states == STATES.index(name)).mean(axis=1)
            np.testing.assert_allclose(share, model.record_[name][:, layer - 1])
            seen += share.sum()
    assert seen > 0


def test_what_is_not_known_is_told_apart():
    record = run("tanh", [0.0, 0.0])
    record.units[0] = record.units[0].copy()
    record.units[0][-1, 0, 1] = np.nan
    assert names(record) == ["live", "unknown"]


def test_one_sample_alone_is_not_constant():
    model = lamina.MLPClassifier((3,), "tanh", batch_size=1, max_iter=1, diagnose=True)
    record = model.set_params(random_state=0).fit(X[:5] / 10, Y[:5]).record_
    assert names(record) == ["live"] * 3


def test_bad_arguments_are_named():
    record = run("relu", [0.0])
    with pytest.raises(ArgumentError, match="record must be a Record"):
        unit_states(3, 1)
    for layer in (0, 3, "1"):
        with pytest.raises(ArgumentError, match="layer must be an integer"):
            unit_states(record, layer)
    with pytest.raises(ArgumentError, match=r"Recorder\(units=True\)"):
        unit_states(run("relu", [0.0], recorder=lamina.Recorder(units=False)), 1)
