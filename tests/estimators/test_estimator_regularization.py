"""Regularisation of the estimators: what it means, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

import lamina
from lamina import MLPClassifier, MLPRegressor, Regularization

X, Y = load_diabetes(return_X_y=True)
X, Y = scale(X), scale(Y)
DRAWN = Regularization(dropout=0.3, input_dropout=0.1, input_noise=0.1)


def model(own, **options):
    options = {"max_iter": 20, "random_state": 0, "learning_rate_init": 0.01} | options
    return MLPRegressor("squared_error", (20,), regularization=own, **options)


def weights(fitted):
    return b"".join(w.tobytes() for w in fitted.coefs_)


@pytest.mark.parametrize(("batch_size", "max_iter", "k"), [(20, 1000, 3e-4), (442, 4000, 1e-3)])
def test_l2_means_the_same_for_every_batch_size_and_is_ridge_regression(batch_size, max_iter, k):
    # The mean of ½ r² plus ½ l2 w²: scikit-learn's sum of r² plus alpha w², times 2 n.
    own = Regularization(l2=0.1)
    linear = MLPRegressor(
        "squared_error", (), regularization=own, alpha=0, batch_size=batch_size, max_iter=max_iter,
        tol=0, n_iter_no_change=np.inf, random_state=0, learning_rate_init=0.01,
        learning_rate=lamina.Exponential(k=k),
    ).fit(X, Y)  # fmt: skip
    ridge = Ridge(alpha=0.1 * len(Y)).fit(X, Y)
    np.testing.assert_allclose(linear.coefs_[0].ravel(), ridge.coef_, atol=5e-3)


def test_l2_with_lbfgs_is_ridge_regression():
    own = Regularization(l2=0.1)
    weighed = np.random.RandomState(0).uniform(0.5, 2, len(Y))
    linear = MLPRegressor(
        "squared_error", (), solver="lbfgs", regularization=own, alpha=0, tol=1e-10, max_iter=5000
    )
    linear.fit(X, Y, sample_weight=weighed)
    ridge = Ridge(alpha=0.1 * weighed.sum()).fit(X, Y, sample_weight=weighed)
    np.testing.assert_allclose(linear.coefs_[0].ravel(), ridge.coef_, atol=1e-4)


def test_l1_is_the_lasso():
    linear = MLPRegressor(
        "squared_error", (), regularization=Regularization(l1=0.1), alpha=0, batch_size=442,
        solver="gradient_descent", max_iter=5000, tol=0, n_iter_no_change=np.inf, random_state=0,
        learning_rate_init=0.1, learning_rate=lamina.Exponential(k=2e-3),
    ).fit(X, Y)  # fmt: skip
    lasso = Lasso(alpha=0.1).fit(X, Y)
    np.testing.assert_allclose(linear.coefs_[0].ravel(), lasso.coef_, atol=2e-3)


def test_the_penalties_are_in_the_loss_that_is_told():
    own = Regularization(l1=0.1, l2=0.2)
    plain, penalised = (
        model(r, max_iter=1, batch_size=442, alpha=0).fit(X, Y) for r in (None, own)
    )
    start = plain.network_.initialize(0)
    penalty = sum(0.1 * np.abs(w).sum() + 0.1 * (w**2).sum() for w, _ in start)
    assert penalised.loss_ - plain.loss_ == pytest.approx(penalty)


def test_weight_decay_is_adamws():
    one = model(Regularization(weight_decay=0.05)).fit(X, Y)
    other = model(None, solver=lamina.WeightDecay(lamina.Adam(corrected=False), 0.05)).fit(X, Y)
    assert weights(one) == weights(other)


def test_weights_are_no_longer_than_max_norm():
    fitted = model(Regularization(max_norm=0.4)).fit(X, Y)
    lengths = [np.linalg.norm(w, axis=0) for w in fitted.coefs_]
    assert all((length <= 0.4 + 1e-12).all() for length in lengths)
    assert any((length > 0.39).any() for length in lengths)
    assert max(np.linalg.norm(w, axis=0).max() for w in model(None).fit(X, Y).coefs_) > 0.5


def test_a_clipped_step_is_no_longer_than_the_bound():
    own = Regularization(clip_norm=0.01)
    fitted = model(own, solver="gradient_descent", learning_rate_init=1.0, max_iter=1, alpha=0,
                   batch_size=442).fit(X, Y)  # fmt: skip
    start = fitted.network_.initialize(0)
    moved = [np.ravel(a - b) for (a, _), b in zip(start, fitted.coefs_, strict=True)]
    moved += [np.ravel(a - b) for (_, a), b in zip(start, fitted.intercepts_, strict=True)]
    assert np.linalg.norm(np.concatenate(moved)) == pytest.approx(0.01)


def test_draws_depend_on_the_random_state_only():
    one, again, other = (
        model(DRAWN, random_state=seed, n_threads=n).fit(X, Y)
        for seed, n in [(0, 1), (0, 3), (1, 1)]
    )
    assert weights(one) == weights(again) != weights(other)


def test_without_draws_scikit_learns_random_numbers_are_left_alone():
    own = Regularization(l1=1e-300)
    one, other = (model(r, alpha=0).fit(X, Y) for r in (None, own))
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-12)


def test_prediction_is_without_dropout_and_noise():
    fitted = model(DRAWN).fit(X, Y)
    np.testing.assert_array_equal(fitted.predict(X), fitted.predict(X))
    h = np.maximum(0, X @ fitted.coefs_[0] + fitted.intercepts_[0])
    np.testing.assert_allclose(
        fitted.predict(X), (h @ fitted.coefs_[1] + fitted.intercepts_[1])[:, 0]
    )


def test_partial_fit_and_warm_starts_go_on_drawing():
    first = model(DRAWN)
    for _ in range(3):
        first.partial_fit(X, Y)
    masks_repeat = model(DRAWN, max_iter=1, warm_start=True)
    for _ in range(3):
        masks_repeat.fit(X, Y)
    assert np.isfinite(first.coefs_[0]).all() and np.isfinite(masks_repeat.coefs_[0]).all()
    assert first._state.seed is not None and first._state.step == 9


def test_sparse_inputs_drop_what_dense_ones_do():
    x = X * (np.random.RandomState(0).uniform(size=X.shape) < 0.3)
    own = Regularization(dropout=0.3, input_dropout=0.2)
    dense, sparse = (model(own).fit(data, Y) for data in (x, scipy.sparse.csr_matrix(x)))
    assert weights(dense) == weights(sparse)
    with pytest.raises(ValueError, match=r"input_noise must be 0 for a sparse X, got 0.1"):
        model(DRAWN).fit(scipy.sparse.csr_matrix(x), Y)


@pytest.mark.parametrize(
    ("own", "options", "words"),
    [
        (0.5, {}, r"must be a Regularization, such as Regularization\(dropout=0.5\), or None, got"),
        ({"l2": 1}, {}, r"must be a Regularization, such as Regularization\(l2=1\), or None, got"),
        (Regularization, {}, r"\(type\); write Regularization\(\), an object"),
        (Regularization(dropout=(0.1, 0.2)), {}, "dropout must be a number, or a sequence of 1"),
        (Regularization(dropout=0.1), {"solver": "lbfgs"}, "l2 only for solver='lbfgs'"),
        (Regularization(l1=0.1), {"solver": "lbfgs"}, "l2 only for solver='lbfgs'"),
        (Regularization(weight_decay=0.1), {"solver": "adamw"}, "weight_decay must be 0"),
    ],
)
def test_what_does_not_go_is_named_before_any_work(own, options, words):
    fresh = model(own, **options)
    with pytest.raises(ValueError, match=words):
        fresh.fit(X, Y)
    assert not hasattr(fresh, "coefs_")


def test_it_is_cloned_searched_over_and_saved(tmp_path):
    x, y = load_digits(n_class=3, return_X_y=True)
    grid = {"regularization": [None, DRAWN, Regularization(dropout=lamina.Constant(initial=0.2))]}
    search = GridSearchCV(MLPClassifier(30, max_iter=10, random_state=0), grid, cv=2)
    best = clone(search).fit(x / 16, y).best_estimator_
    best.set_params(regularization=grid["regularization"][2]).fit(x / 16, y)
    best.save(tmp_path / "model")
    again = lamina.load(tmp_path / "model")
    assert again.regularization == best.regularization
    np.testing.assert_array_equal(again.predict_proba(x), best.predict_proba(x))


def test_a_wrong_number_of_dropouts_is_named_before_the_data_are_looked_at():
    for solver in ("adam", "sgd"):
        with pytest.raises(ValueError, match="dropout must be a number, or a sequence of 1, one"):
            model(Regularization(dropout=(0.1, 0.2)), solver=solver).fit([["no numbers"]], [np.nan])
