"""The promise: the same data, parameters and random state give scikit-learn's model."""

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network as peer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    make_multilabel_classification,
)
from sklearn.preprocessing import scale
from sklearn.utils.multiclass import unique_labels

import lamina

IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
X_IRIS, X_DIABETES = scale(IRIS[0]), scale(DIABETES[0])
Y_DIABETES = scale(DIABETES[1])

TASKS = {
    "multiclass": ("MLPClassifier", X_IRIS, IRIS[1], {}),
    "text labels": ("MLPClassifier", X_IRIS, np.array(["a", "b", "c"])[IRIS[1]], {}),
    "binary": ("MLPClassifier", scale(CANCER[0]), CANCER[1], {}),
    "multilabel": (
        "MLPClassifier",
        *make_multilabel_classification(n_samples=150, random_state=0),
        {},
    ),
    "regression": ("MLPRegressor", X_DIABETES, Y_DIABETES, {}),
    "several outputs": ("MLPRegressor", X_DIABETES[:, :7], X_DIABETES[:, 7:], {}),
    "poisson": ("MLPRegressor", X_IRIS, IRIS[1], {"loss": "poisson"}),
}


def weights_for(y):
    return np.random.RandomState(5).uniform(0.2, 2.0, len(y))


def assert_same(task, weighted=False, partial=0, loss=1e-8, coefficients=1e-6, **parameters):
    name, X, y, own = TASKS[task] if isinstance(task, str) else task
    parameters = {"random_state": 3, "max_iter": 20, **own, **parameters}
    theirs = getattr(peer, name)(**parameters)
    ours = getattr(lamina, name)(**parameters)
    weights = weights_for(y) if weighted else None
    theirs.fit(X, y, sample_weight=weights)
    ours.fit(X, y, sample_weight=weights)
    for i in range(partial):
        first = {"classes": unique_labels(y)} if i == 0 and name == "MLPClassifier" else {}
        theirs.partial_fit(X, y, **first)
        ours.partial_fit(X, y, **first)
    compare(theirs, ours, X, loss, coefficients)
    return theirs, ours


def compare(theirs, ours, X, loss, coefficients):
    curve = getattr(theirs, "loss_curve_", [theirs.loss_])
    np.testing.assert_allclose(ours.loss_curve_[-len(curve) :], curve, rtol=loss)
    for a, b in zip(
        [*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True
    ):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=coefficients, atol=coefficients)
    for attribute in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    if not hasattr(theirs, "predict_proba"):
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-5)
    else:
        differ = ours.predict(X) != theirs.predict(X)
        tied = np.sort(np.atleast_2d(theirs.predict_proba(X)), axis=1)
        assert not differ.any() or np.ptp(tied[differ][:, -2:], axis=1).max() < 1e-6
        np.testing.assert_allclose(
            ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_same_model_for_every_solver_activation_and_task(task, solver, activation):
    assert_same(task, solver=solver, activation=activation)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_same_model_with_sample_weights(task, solver):
    assert_same(task, weighted=True, solver=solver, alpha=0.1)


@pytest.mark.parametrize("nesterovs_momentum", [True, False])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_same_model_for_every_learning_rate_mode(learning_rate, nesterovs_momentum):
    theirs, _ = assert_same(
        "multiclass",
        solver="sgd",
        learning_rate=learning_rate,
        nesterovs_momentum=nesterovs_momentum,
        learning_rate_init=0.1,
        max_iter=150,
        tol=1e-3,
        n_iter_no_change=2,
    )
    assert theirs.n_iter_ < 150  # the stop is part of what is compared


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_same_model_with_early_stopping(task, weighted, solver):
    theirs, ours = assert_same(
        task, weighted, solver=solver, early_stopping=True, max_iter=60, n_iter_no_change=3
    )
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-8)
    assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_, rel=1e-8)
    assert ours.best_loss_ is None and theirs.best_loss_ is None


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_adam_ignores_the_name_of_a_learning_rate_as_scikit_learn_does(learning_rate):
    assert_same("multiclass", learning_rate=learning_rate)


@pytest.mark.parametrize(
    "parameters",
    [
        {"shuffle": False},
        {"batch_size": 1, "max_iter": 3},
        {"batch_size": 149},
        {"batch_size": 150},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (), "activation": "logistic"},
        {"hidden_layer_sizes": (1,)},
        {"hidden_layer_sizes": [7, 5, 3]},
        {"hidden_layer_sizes": 9},
        {"hidden_layer_sizes": np.array([4, 4])},
        {"alpha": 0},
        {"alpha": 10.0},
        {"solver": "sgd", "momentum": 0},
        {"solver": "sgd", "momentum": 0.5, "power_t": 0.3, "learning_rate": "invscaling"},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"n_iter_no_change": np.inf, "tol": 1.0},
        {"tol": 1e10, "n_iter_no_change": 3},
    ],
    ids=str,
)
def test_same_model_for_other_parameters(parameters):
    assert_same("multiclass", **parameters)


def test_same_model_from_a_random_state_object():
    X, y = X_IRIS, IRIS[1]
    theirs = peer.MLPClassifier(max_iter=5, random_state=np.random.RandomState(0)).fit(X, y)
    ours = lamina.MLPClassifier(max_iter=5, random_state=np.random.RandomState(0)).fit(X, y)
    compare(theirs, ours, X, 1e-8, 1e-6)


@pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_same_model_on_features_that_nobody_scaled(solver):
    task = ("MLPClassifier", *CANCER, {})
    assert_same(task, solver=solver)


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_same_model_after_a_warm_start(solver, learning_rate):
    parameters = {"max_iter": 6, "warm_start": True, "random_state": 1, "solver": solver}
    parameters["learning_rate"] = learning_rate
    theirs, ours = peer.MLPClassifier(**parameters), lamina.MLPClassifier(**parameters)
    for _ in range(3):
        theirs.fit(X_IRIS, IRIS[1])
        ours.fit(X_IRIS, IRIS[1])
    compare(theirs, ours, X_IRIS, 1e-8, 1e-6)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("task", ["multiclass", "binary", "multilabel", "regression"])
def test_same_model_after_partial_fits(task, solver):
    assert_same(task, partial=4, solver=solver, max_iter=3)


def test_same_model_from_partial_fits_alone():
    theirs, ours = peer.MLPClassifier(random_state=0), lamina.MLPClassifier(random_state=0)
    for start in range(0, 150, 30):
        rows = np.arange(start, 150, 7)
        for model in (theirs, ours):
            model.partial_fit(X_IRIS[rows], IRIS[1][rows], classes=[0, 1, 2])
    compare(theirs, ours, X_IRIS, 1e-8, 1e-6)
    assert ours.n_iter_ == 1


@pytest.mark.parametrize("form", [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_same_model_from_sparse_input(form, solver):
    X, y = load_digits(return_X_y=True)
    theirs, ours = assert_same(
        ("MLPClassifier", form(X[:300] / 16), y[:300], {}), solver=solver, max_iter=8
    )
    np.testing.assert_allclose(
        ours.predict_proba(X[300:]), theirs.predict_proba(X[300:]), rtol=1e-6
    )


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_float32_stays_float32_and_close(task, solver):
    name, X, y, own = TASKS[task]
    single = (name, X.astype(np.float32), y, own)
    _, ours = assert_same(single, solver=solver, loss=1e-4, coefficients=1e-3)
    assert all(array.dtype == np.float32 for array in ours.coefs_ + ours.intercepts_)
    assert getattr(ours, "predict_proba", ours.predict)(single[1]).dtype == np.float32


def test_same_model_on_digits_to_convergence():
    X, y = load_digits(return_X_y=True)
    assert_same(
        ("MLPClassifier", X / 16, y, {}), max_iter=60, learning_rate_init=0.02, coefficients=1e-5
    )
