"""The loss of each sample of a fitted estimator."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

import lamina

X, Y = load_iris(return_X_y=True)
T = X[:, 0] - 6
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0}
FORMS = {
    "array": lambda x: x,
    "float32": lambda x: x.astype(np.float32),
    "sparse": scipy.sparse.csr_matrix,
}


@pytest.fixture(scope="module")
def classifier():
    return lamina.MLPClassifier(**QUICK, standardize=True).fit(X, NAMES)


@pytest.mark.parametrize("y", [NAMES, NAMES == "setosa"], ids=["three classes", "two"])
@pytest.mark.parametrize("standardize", [False, True])
def test_it_is_scikit_learns_log_loss(y, standardize):
    model = lamina.MLPClassifier(**QUICK, standardize=standardize).fit(X, y)
    found, p = model.sample_losses(X, y), model.predict_proba(X)
    expected = [log_loss(y[i : i + 1], p[i : i + 1], labels=model.classes_) for i in range(len(y))]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)
    assert found.dtype == np.float64 and found.std() > 0


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_forms_of_x(form):
    model = lamina.MLPClassifier(**QUICK).fit(form(X), NAMES)
    p = model.predict_proba(form(X))[np.arange(len(Y)), Y]
    np.testing.assert_allclose(model.sample_losses(form(X), NAMES), -np.log(p), rtol=1e-4)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_it_is_half_the_squared_error_in_units_of_training(standardize, n_outputs):
    x, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, -2 * y, y**1.5])[:, :n_outputs] / 100
    y = y[:, 0] if n_outputs == 1 else y
    model = lamina.MLPRegressor(**QUICK, standardize=standardize).fit(x, y)
    error = (model.predict(x) - y).reshape(len(y), -1)
    error = error / model.y_scaler_.scale_ if standardize else error
    expected = 0.5 * (error**2).mean(axis=1)
    np.testing.assert_allclose(model.sample_losses(x, y), expected, rtol=1e-9)


def test_their_mean_is_the_loss_of_an_evaluation_set():
    x, y = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(**QUICK, loss="huber", standardize=True)
    model.fit(x, y, eval_set=(x[:50], y[:50]))
    mean = model.sample_losses(x[:50], y[:50]).mean()
    assert mean == pytest.approx(model.history_["eval_loss"][-1], rel=1e-12)


def test_class_weights_do_not_count_but_those_within_the_loss_do():
    plain = lamina.MLPClassifier(**QUICK).fit(X, NAMES)
    heavy = lamina.MLPClassifier(**QUICK, class_weight={"setosa": 5.0}).fit(X, NAMES)
    heavy.coefs_, heavy.intercepts_ = plain.coefs_, plain.intercepts_
    np.testing.assert_array_equal(plain.sample_losses(X, NAMES), heavy.sample_losses(X, NAMES))
    labels = np.column_stack([Y > 0, Y > 1]).astype(int)
    several = lamina.MLPClassifier(**QUICK, class_weight=[{1: 3.0}, {}]).fit(X, labels)
    p = several.predict_proba(X)
    terms = -(labels * np.log(p) * [3.0, 1.0] + (1 - labels) * np.log(1 - p))
    np.testing.assert_allclose(several.sample_losses(X, labels), terms.sum(axis=1), rtol=1e-9)


def test_weights_that_the_user_changes_count_at_once(classifier):
    before = classifier.sample_losses(X, NAMES)
    classifier.intercepts_[-1][0] += 1
    after = classifier.sample_losses(X, NAMES)
    classifier.intercepts_[-1][0] -= 1
    assert (after[Y == 0] < before[Y == 0]).all() and (after[Y != 0] > before[Y != 0]).all()


def test_one_row_and_a_loss_of_the_users_own(classifier):
    assert classifier.sample_losses(X[:1], NAMES[:1]).shape == (1,)
    own = lamina.CustomLoss(lambda h, y: np.abs(h - y).sum(axis=1), lambda h, y: np.sign(h - y))
    model = lamina.MLPRegressor(own, (8,), max_iter=3, random_state=0).fit(X, T)
    np.testing.assert_allclose(model.sample_losses(X, T), np.abs(model.predict(X) - T), rtol=1e-12)


def test_bad_input_is_named(classifier):
    with pytest.raises(NotFittedError):
        lamina.MLPClassifier().sample_losses(X, NAMES)
    with pytest.raises(ValueError, match="classes not in"):
        classifier.sample_losses(X, np.where(Y == 0, "rose", NAMES))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        classifier.sample_losses(X * np.nan, NAMES)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        classifier.sample_losses(X, NAMES[:3])
    with pytest.raises(ValueError, match="features"):
        classifier.sample_losses(X[:, :2], NAMES)
    with pytest.raises(ValueError, match="0 sample"):
        classifier.sample_losses(X[:0], NAMES[:0])
    model = lamina.MLPRegressor(**QUICK).fit(X, T)
    with pytest.raises(ValueError, match="network's 1 outputs, got 2"):
        model.sample_losses(X, X[:, :2])
