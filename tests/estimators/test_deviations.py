"""Where scikit-learn has a plain fault, lamina does otherwise: docs/scikit-learn.md lists each."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

import lamina

X, Y = load_iris(return_X_y=True)
X = scale(X)


def test_warm_start_after_early_stopping_keeps_the_saved_best():
    model = lamina.MLPClassifier(
        early_stopping=True, warm_start=True, max_iter=25, random_state=0, learning_rate_init=0.01
    ).fit(X, Y)
    best, score = [c.copy() for c in model.coefs_], model.best_validation_score_
    model.set_params(learning_rate_init=5.0, max_iter=3).fit(X, Y)  # ruins the weights
    assert model.best_validation_score_ == score
    for kept, now in zip(best, model.coefs_, strict=True):
        np.testing.assert_array_equal(kept, now)


def test_best_weights_are_those_of_the_best_epoch_also_when_it_is_the_last():
    model = lamina.MLPClassifier(early_stopping=True, max_iter=2, random_state=0)
    model.fit(X, Y)
    other = lamina.MLPClassifier(early_stopping=True, max_iter=1, random_state=0).fit(X, Y)
    last_is_best = model.validation_scores_[1] > model.validation_scores_[0]
    assert last_is_best
    assert not np.array_equal(model.coefs_[0], other.coefs_[0])


def test_partial_fit_goes_on_after_early_stopping_is_switched_off():
    model = lamina.MLPClassifier(early_stopping=True, max_iter=5, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="set_params\\(early_stopping=False\\)"):
        model.partial_fit(X, Y)
    before = model.coefs_[0].copy()
    model.set_params(early_stopping=False).partial_fit(X, Y)
    assert model.best_loss_ == model.loss_curve_[-1]
    assert not np.array_equal(before, model.coefs_[0])


def test_lbfgs_keeps_float32_and_fills_the_loss_curve():
    model = lamina.MLPClassifier(solver="lbfgs", max_iter=15, random_state=0)
    model.fit(X.astype(np.float32), Y)
    assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype("float32")}
    assert len(model.loss_curve_) == model.n_iter_ == 15
    assert np.all(np.diff(model.loss_curve_) <= 0)
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("tol", [1e10, np.inf])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_huge_tol_stops_after_the_number_of_epochs_that_it_says(tol, early_stopping, capsys):
    model = lamina.MLPClassifier(
        tol=tol, n_iter_no_change=4, early_stopping=early_stopping, verbose=True, random_state=0
    ).fit(X, Y)
    # the first epoch improves on nothing before it; five that do not are more than four
    assert model.n_iter_ == 1 + 5
    assert "for 5 consecutive epochs. Stopping." in capsys.readouterr().out


def test_a_batch_whose_weights_are_all_zero_takes_no_step():
    weights = np.ones(150)
    weights[:10] = 0
    model = lamina.MLPClassifier(batch_size=10, shuffle=False, max_iter=2, random_state=0)
    model.fit(X, Y, sample_weight=weights)
    assert np.isfinite(model.loss_curve_).all()


def test_partial_fit_with_another_solver_starts_its_averages_anew():
    model = lamina.MLPClassifier(solver="sgd", random_state=0, batch_size=50)
    model.partial_fit(X, Y, classes=[0, 1, 2])
    model.set_params(solver="adam").partial_fit(X, Y)
    assert model._state.step == 3


def test_partial_fit_with_warm_start_takes_a_batch_that_lacks_a_class():
    model = lamina.MLPClassifier(warm_start=True, random_state=0)
    model.partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X[:90], Y[:90])
    assert model.predict_proba(X).shape == (150, 3)


@pytest.mark.parametrize("kind", ["fit", "partial_fit"])
def test_a_call_that_fails_leaves_the_estimator_as_it_was(kind):
    model = lamina.MLPClassifier(max_iter=3, random_state=0).fit(X, Y)
    before = dict(vars(model))
    labels = np.array(["a", "b", "c"])[Y] if kind == "fit" else Y
    with pytest.raises(ValueError, match="sample_weight must be >= 0"):
        getattr(model, kind)(X, labels, sample_weight=-np.ones(150))
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)


def test_an_engine_that_cannot_be_had_leaves_the_estimator_as_it_was(monkeypatch):
    model = lamina.MLPClassifier(max_iter=3, random_state=0).fit(X, Y)
    before = dict(vars(model))
    monkeypatch.setenv("LAMINA_ENGINE", "typo")
    with pytest.raises(lamina.ArgumentError, match="LAMINA_ENGINE must be one of"):
        model.fit(X[:, :2], np.array(["a", "b", "c"])[Y])
    assert all(vars(model)[name] is before[name] for name in before)


def test_predict_proba_has_one_column_for_one_class():
    model = lamina.MLPClassifier(max_iter=3, random_state=0).fit(X[:20], ["only"] * 20)
    assert model.predict_proba(X).shape == (150, 1)
    assert (model.predict_proba(X) == 1).all()
    assert set(model.predict(X)) == {"only"}


def test_partial_fit_follows_a_new_learning_rate():
    parameters = {"solver": "sgd", "momentum": 0, "random_state": 0, "alpha": 0, "batch_size": 150}
    steps = []
    for rate in (0.1, 0.2):
        model = lamina.MLPClassifier(learning_rate_init=0.1, **parameters)
        model.partial_fit(X, Y, classes=[0, 1, 2])
        before = model.coefs_[0].copy()
        model.set_params(learning_rate_init=rate).partial_fit(X, Y)
        steps.append(model.coefs_[0] - before)
    np.testing.assert_allclose(steps[1], 2 * steps[0], rtol=1e-10, atol=1e-15)


def test_poisson_names_the_row_of_a_negative_target():
    y = np.ones(150)
    y[7] = -2
    with pytest.raises(ValueError, match=r"needs y >= 0, got -2.0 at row 7"):
        lamina.MLPRegressor(loss="poisson").fit(X, y)


@pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")
def test_divergence_names_the_epoch_and_keeps_the_last_finite_weights():
    data, target = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(
        solver="sgd", learning_rate_init=1e3, activation="identity", random_state=0
    )
    with pytest.raises(lamina.DivergenceError, match=r"in epoch \d+.*learning_rate_init \(1000\)"):
        model.fit(data * 1e3, target)
    assert all(np.isfinite(array).all() for array in model.coefs_ + model.intercepts_)
    assert np.isfinite(model.predict(data)).all()


def test_predict_log_proba_of_a_certain_class_is_silent():
    model = lamina.MLPClassifier(max_iter=3, random_state=0).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log_p = model.predict_log_proba(1e6 * X)
    assert (log_p <= 0).all()


def test_going_on_with_other_layers_is_refused():
    model = lamina.MLPClassifier((5,), warm_start=True, max_iter=2, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"has layers of \[4, 5, 3\], this call asks for"):
        model.set_params(hidden_layer_sizes=(6,)).fit(X, Y)
