"""Losses of the estimators: names, objects, what they ask of y, and what is learnt."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.linear_model import GammaRegressor, PoissonRegressor, QuantileRegressor
from sklearn.metrics import d2_pinball_score
from sklearn.preprocessing import scale

import lamina
from lamina import MLPClassifier, MLPRegressor

X, Y = load_diabetes(return_X_y=True)
X = scale(X)
LINEAR = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0.0, "max_iter": 3000, "tol": 1e-9}


def value(h, y):
    return ((h - y) ** 2).sum(axis=1)


def gradient(h, y):
    return 2 * (h - y)


@pytest.mark.parametrize(
    ("loss", "peer"),
    [("poisson", PoissonRegressor), ("gamma", GammaRegressor)],
)
def test_without_hidden_layers_it_is_scikit_learns_generalised_linear_model(loss, peer):
    y = Y / 100
    ours = MLPRegressor(loss, **LINEAR, random_state=0).fit(X, y)
    theirs = peer(alpha=0, tol=1e-10, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4)


def test_the_quantile_loss_reaches_quantile_regression():
    y = Y / 100
    theirs = QuantileRegressor(quantile=0.8, alpha=0).fit(X, y)
    ours = MLPRegressor(
        lamina.Quantile(0.8),
        (),
        learning_rate_init=0.02,
        alpha=0,
        max_iter=2000,
        tol=0,
        n_iter_no_change=np.inf,
        batch_size=100,
        random_state=0,
        learning_rate=lamina.Exponential(k=1e-3),
    )
    ours.fit(X, y)
    best, got = (d2_pinball_score(y, m.predict(X), alpha=0.8) for m in (theirs, ours))
    assert best - 2e-3 < got <= best + 1e-9


def test_quantiles_never_cross_and_cover_their_share():
    levels = (0.1, 0.3, 0.5, 0.7, 0.9)
    model = MLPRegressor(
        lamina.Quantiles(levels), (20,), random_state=0, max_iter=500, standardize=True
    ).fit(X, Y)
    predicted = model.predict(X)
    assert predicted.shape == (len(Y), 5)
    assert model.predict(X[:1]).shape == (1, 5)
    far = model.predict(1e3 * np.random.RandomState(0).standard_normal((500, 10)))
    assert (np.diff(predicted) >= 0).all() and (np.diff(far) >= 0).all()
    np.testing.assert_allclose((Y[:, None] < predicted).mean(axis=0), levels, atol=0.05)
    own = [d2_pinball_score(Y, p, alpha=a) for p, a in zip(predicted.T, levels, strict=True)]
    assert model.score(X, Y) == pytest.approx(np.mean(own))


def test_early_stopping_with_quantiles_scores_them():
    model = MLPRegressor(
        lamina.Quantiles((0.1, 0.9)), early_stopping=True, standardize=True, random_state=0
    ).fit(X, Y)
    assert 0 < model.best_validation_score_ < 1


@pytest.mark.parametrize("loss", ["log_loss", "focal", lamina.CrossEntropy(smoothing=0.1)])
def test_classifiers_take_it_for_every_kind_of_target(loss):
    features, labels = load_iris(return_X_y=True)
    features = scale(features)
    many = make_multilabel_classification(200, n_classes=3, random_state=0)
    for x, y in [(features, labels), (features, labels == 1), many]:
        model = MLPClassifier(loss=loss, solver="lbfgs", random_state=0).fit(x, y)
        assert model.score(x, y) > 0.9
        assert np.isfinite(model.predict_proba(x)).all()


def test_focal_with_gamma_0_is_cross_entropy():
    features, labels = load_iris(return_X_y=True)
    for y in (labels, labels == 2):
        plain, focal = (
            MLPClassifier(loss=loss, random_state=0, max_iter=20).fit(scale(features), y)
            for loss in (lamina.CrossEntropy(), lamina.Focal(0))
        )
        np.testing.assert_allclose(focal.coefs_[0], plain.coefs_[0], rtol=1e-9)


def test_smoothed_labels_make_a_network_less_sure():
    features, labels = load_iris(return_X_y=True)
    options = {"solver": "lbfgs", "alpha": 0, "random_state": 0, "max_iter": 2000}
    smooth = MLPClassifier(loss=lamina.CrossEntropy(smoothing=0.3), **options)
    p = smooth.fit(scale(features), labels).predict_proba(scale(features))
    assert p.max() < 0.85  # towards 0.7 + 0.1
    two = clone(smooth).fit(scale(features), labels == 0).predict_proba(scale(features))
    assert two.max() < 0.87  # towards 0.85


def test_a_loss_of_ones_own_is_followed():
    own = MLPRegressor(lamina.CustomLoss(value, gradient), (10,), random_state=0, max_iter=30)
    twice = own.fit(X, Y / 100).loss_curve_
    built_in = MLPRegressor("squared_error", (10,), random_state=0, max_iter=30).fit(X, Y / 100)
    # Adam does not see the factor 2, but for its epsilon and the penalty.
    np.testing.assert_allclose(own.predict(X), built_in.predict(X), rtol=1e-3)
    assert twice[0] == pytest.approx(2 * built_in.loss_curve_[0], rel=1e-2)


@pytest.mark.parametrize(
    ("make", "y", "words"),
    [
        (lambda: MLPRegressor("hinge"), Y, "loss must be one of 'squared_error'"),
        (lambda: MLPRegressor(lamina.CrossEntropy()), Y, "loss must be one of 'squared_error'"),
        (lambda: MLPRegressor(lamina.plan.Loss), Y, "loss must be one of 'squared_error'"),
        (lambda: MLPRegressor("gamma"), Y * 0, "'gamma' needs y > 0, got 0.0 at row 0"),
        (lambda: MLPRegressor("poisson"), -Y, "'poisson' needs y >= 0, got -151.0 at row 0"),
        (lambda: MLPRegressor("quantiles"), np.stack([Y, Y], axis=1), "y of one column, got 2"),
        (lambda: MLPClassifier(loss="hinge"), Y > 0, "loss must be 'log_loss', 'focal'"),
        (lambda: MLPClassifier(loss=lamina.Huber()), Y > 0, "loss must be 'log_loss', 'focal'"),
        (lambda: MLPClassifier(loss=lamina.BinaryFocal()), Y // 100, "for several classes"),
        (lambda: MLPClassifier(loss=lamina.Focal), Y > 0, r"\(type\); write Focal\(\), an object"),
        (lambda: MLPClassifier(loss="cross_entropy"), Y > 0, "; did you mean 'log_loss'"),
        (lambda: MLPRegressor("mse"), Y, "; did you mean 'squared_error'"),
        (lambda: MLPRegressor("hubert"), Y, "; did you mean 'huber'"),
        (lambda: MLPRegressor(solver="adan"), Y, "; did you mean 'adam'"),
        (lambda: MLPRegressor(solver=lamina.Adam), Y, r"; write Adam\(\), an object"),
        (lambda: MLPRegressor(activation="swish"), Y, "; did you mean 'silu'"),
        (lambda: MLPRegressor(activation=lamina.LeakyReLU), Y, r"; write LeakyReLU\(\), an object"),
        (lambda: MLPRegressor(learning_rate="adaptiv"), Y, "; did you mean 'adaptive'"),
        (
            lambda: MLPRegressor("quantiles", scoring="r2"),
            Y,
            "scoring must be functions of .* 3 col",
        ),
        (lambda: MLPRegressor("quantiles", scoring={"a": "r2"}), Y, "scoring must be functions of"),
    ],
)
def test_what_does_not_go_is_named_before_any_work(make, y, words):
    model = make()
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_models_with_a_loss_object_are_saved_cloned_and_pickled(tmp_path):
    y = Y / 100
    model = MLPRegressor(lamina.Quantiles((0.2, 0.8)), random_state=0, max_iter=5).fit(X, y)
    for again in (clone(model).fit(X, y), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(lamina.load(tmp_path / "model").predict(X), model.predict(X))
    own = MLPRegressor(lamina.CustomLoss(value, gradient), random_state=0, max_iter=2).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(own)).predict(X), own.predict(X))
    with pytest.raises(TypeError, match="CustomLoss"):
        own.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_target_that_is_0_after_the_cast_is_named():
    x, y = X[:40].astype(np.float32), np.ones(40)
    y[7] = 1e-60
    with pytest.raises(ValueError, match=r"needs y > 0 in float32, got 0.0 at row 7"):
        MLPRegressor("gamma", max_iter=2).fit(x, y)
    y = np.full(40, 1e30, np.float32)
    y[7] = 1e-30
    with pytest.raises(ValueError, match=r"needs y > 0, once standardized, got 0.0 at row 7"):
        MLPRegressor("gamma", max_iter=2, standardize=True).fit(x, y)


def test_scores_of_quantiles_are_functions_of_ones_own():
    def width(model, x, y):
        low, high = model.predict(x).T
        return float((low - high).mean())

    own = {"standardize": True, "random_state": 0, "max_iter": 5, "tol": np.inf}
    model = MLPRegressor(lamina.Quantiles((0.1, 0.9)), scoring=width, **own)
    assert (model.fit(X, Y, eval_set=(X, Y)).history_["eval_width"] < 0).all()
    one = MLPRegressor(lamina.Quantiles((0.5,)), scoring="r2", **own)
    assert np.isfinite(one.fit(X, Y, eval_set=(X, Y)).history_["eval_r2"]).all()


def nan_after(n, wrong=np.nan):
    """Return a loss whose value is no number from the n-th call on."""
    calls = []

    def own(h, y):
        calls.append(1)
        return value(h, y) if len(calls) < n else np.full(len(h), wrong)

    return lamina.CustomLoss(own, gradient)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_loss_of_ones_own_that_is_not_finite_ends_training(solver, wrong):
    own = {"solver": solver, "random_state": 0, "max_iter": 20, "tol": 0}
    model = MLPRegressor(nan_after(1, wrong), (10,), **own)
    with pytest.raises(
        lamina.DivergenceError, match=r"The loss CustomLoss.* in (epoch|iteration) 1, th"
    ):
        model.fit(X, Y / 100)
    late = MLPRegressor(nan_after(13, wrong), (10,), **own)
    with pytest.raises(lamina.DivergenceError, match=r"Its value\(h, y\) must be finite wherever"):
        late.fit(X, Y / 100)
    assert np.isfinite(late.predict(X)).all()
    assert late.stop_reason_.startswith("The loss was not a finite number")
    if solver == "adam":
        assert len(late.loss_curve_) == late.n_iter_ == 4  # of three batches each
        batches = MLPRegressor(nan_after(13, wrong), (10,), **own)
        with pytest.raises(lamina.DivergenceError, match="in epoch 5, though the weights are"):
            batches.fit_batches([(X, Y / 100)])


def test_members_whose_loss_is_not_finite_are_left_out():
    network = MLPRegressor(nan_after(1), (10,), max_iter=2)
    with pytest.raises(lamina.DivergenceError, match="non-finite parameter weights or losses"):
        lamina.EnsembleRegressor(network, n_members=2, n_jobs=1).fit(X, Y / 100)


def test_built_in_losses_may_be_infinite_and_not_nan():
    """Squares of huge errors overflow, their slopes do not; a weight of 0 makes them NaN."""
    x, y, w = X[:60].copy(), Y[:60] / 100, np.ones(60)
    own = {"random_state": 0, "max_iter": 3, "tol": 0, "solver": "adam"}
    y[3] = 1e200
    model = MLPRegressor(hidden_layer_sizes=(10,), **own)
    with pytest.warns(UserWarning):
        model.fit(x, y)
    assert model.loss_curve_ == [np.inf] * 3
    w[3] = 0
    with pytest.raises(lamina.DivergenceError, match=r"SquaredError\(\) was not a finite number"):
        model.fit(x, y, w)
