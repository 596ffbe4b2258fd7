"""Representations are what the layers compute; scores are scikit-learn's and SciPy's numbers."""

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_iris, make_blobs
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import lamina
from lamina.diagnosis.separability import between_share, separability_of
from lamina.plan.checks import ArgumentError

X, Y = load_iris(return_X_y=True)


def fitted(hidden=(6, 4), **options):
    options = {"max_iter": 20, "random_state": 0, **options}
    return lamina.MLPClassifier(hidden, **options).fit(X, Y)


def test_every_layer_is_there_from_the_inputs_to_the_prediction():
    model = fitted(activation="tanh", standardize=True)
    found = lamina.representations(model, X)
    h = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(found[0], h, rtol=1e-12)
    for l in (0, 1):  # noqa: E741
        h = np.tanh(h @ model.coefs_[l] + model.intercepts_[l])
        np.testing.assert_allclose(found[l + 1], h, rtol=1e-9)
    np.testing.assert_allclose(found[3], model.predict_proba(X), rtol=1e-9)


def test_of_two_classes_of_numbers_and_of_sparse_samples():
    model = lamina.MLPClassifier((3,), max_iter=5).fit(X, Y == 1)
    np.testing.assert_allclose(
        lamina.representations(model, X)[-1][:, 0], model.predict_proba(X)[:, 1]
    )
    X_, y = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(hidden_layer_sizes=(3,), standardize=True, max_iter=5).fit(X_, y)
    own = model.y_scaler_.inverse_transform(lamina.representations(model, X_)[-1])[:, 0]
    np.testing.assert_allclose(own, model.predict(X_))
    model, sparse = fitted(), scipy.sparse.csr_array(X)
    found = lamina.representations(model, sparse)
    assert scipy.sparse.issparse(found[0])
    np.testing.assert_allclose(found[1], lamina.representations(model, X)[1])
    both = [lamina.separability(model, own, Y) for own in (X, sparse)]
    np.testing.assert_allclose(both[0]["between"], both[1]["between"], rtol=1e-9)
    np.testing.assert_allclose(both[0]["linear"], both[1]["linear"], atol=0.03)


def test_between_is_the_multivariate_correlation_ratio():
    """Regressing h on the classes' indicators leaves the variance within them."""
    h, codes = make_blobs(90, 5, centers=4, cluster_std=4.0, random_state=0)
    indicators = OneHotEncoder(sparse_output=False).fit_transform(codes[:, None])
    fit = LinearRegression(fit_intercept=False).fit(indicators, h)
    expected = r2_score(h, fit.predict(indicators), multioutput="variance_weighted")
    assert between_share(h, codes) == pytest.approx(expected, rel=1e-12)
    assert between_share(scipy.sparse.csr_array(h), codes) == pytest.approx(expected, rel=1e-10)
    assert between_share(indicators, codes) == pytest.approx(1.0)
    assert between_share(np.ones((90, 2)), codes) == 0.0


def test_linear_is_near_the_best_linear_classifier():
    h, codes = make_blobs(400, 3, centers=3, cluster_std=4.0, random_state=1)
    score = separability_of([h, h], codes, classes=True)["linear"][0]
    best = (cross_val_predict(LinearDiscriminantAnalysis(), h, codes, cv=5) == codes).mean()
    assert 0.6 < best < 0.97 and score == pytest.approx(best, abs=0.02)


def test_what_no_plane_separates_is_near_chance_and_noise_is_not_learnt_by_heart():
    random = np.random.RandomState(0)
    points = random.normal(size=(400, 2))
    table = separability_of([points, points**2], points.prod(axis=1) > 0, classes=True)
    assert abs(table["linear"][0] - 0.5) < 0.1
    noise = random.normal(size=(60, 100))  # separable, but by nothing that holds for others
    assert separability_of([noise, noise], np.arange(60) % 2, classes=True)["linear"][0] < 0.75


def test_of_numbers_it_is_r_squared_of_samples_left_out():
    X_, y = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, standardize=True).fit(X_, y)
    table = lamina.separability(model, X_, y)
    expected = r2_score(y, cross_val_predict(LinearRegression(), X_, y, cv=5))
    assert table["r2"][0] == pytest.approx(expected, abs=0.03)
    assert table.baseline == 0 and list(table.scores) == ["r2", "spread"]
    assert table.own == pytest.approx(model.score(X_, y))
    several = np.column_stack([y, -y])
    assert lamina.separability(model, X_, several)["r2"][0] == pytest.approx(table["r2"][0])


@pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")
def test_a_network_worse_than_the_mean_is_not_as_good_as_its_last_layer():
    X_, y = load_diabetes(return_X_y=True)
    model = lamina.MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X_, y)
    table = lamina.separability(model, X_, y)
    assert table.own == pytest.approx(model.score(X_, y)) and table.own < 0 < table["r2"][-1]
    assert f"R² {table.own:.3f}" in str(table)


def test_the_spread_of_sparse_samples_is_that_of_dense_ones():
    own = [lamina.separability(fitted(), kind(X), Y)["spread"] for kind in (np.array, csr_array)]
    np.testing.assert_allclose(own[0], own[1])
    np.testing.assert_allclose(own[0][0], np.sqrt(X.var(axis=0).mean()))


def test_training_pulls_the_classes_apart():
    before, after = (
        lamina.separability(fitted((16, 16), max_iter=n), X, Y)["between"] for n in (1, 300)
    )
    assert before[0] == after[0] and (after[1:] > before[1:]).all() and after[3] > after[0]


def test_the_table_in_text_and_html():
    table = lamina.separability(fitted(), X, Y)
    lines = str(table).splitlines()
    assert lines[0].split() == ["after", "units", "linear", "between", "spread"]
    assert lines[4].split() == [
        "prediction",
        "3",
        *(f"{table[n][3]:.3f}" for n in ("linear", "between")),
        f"{table['spread'][3]:.3g}",
    ]
    assert len({len(line) for line in lines[:5]}) == 1 and repr(table) == str(table)
    html = table._repr_html_()
    assert html.count("<tr>") == 5 and f"<td>{table['linear'][0]:.3f}</td>" in html
    with pytest.raises(ArgumentError, match="name must be one of 'linear', 'between'"):
        table["r2"]


def test_other_labels_text_and_lonely_classes():
    model = fitted()
    names = np.array(["a", "b", "c"])[Y]
    own, text = lamina.separability(model, X, Y), lamina.separability(model, X, names)
    np.testing.assert_array_equal(own["linear"], text["linear"])
    lonely = names.copy()
    lonely[0] = "only one"
    assert lamina.separability(model, X, lonely)["linear"][0] > 0.9
    assert lamina.separability(model, X, Y, max_samples=60)["between"][0] != own["between"][0]
    dead = fitted((2,))
    dead.intercepts_[0][:] = -1e6
    table = lamina.separability(dead, X, Y)
    assert table["between"][1] == 0 and table["linear"][1] == pytest.approx(1 / 3, abs=0.01)


def test_bad_arguments_are_named():
    model = fitted()
    for own in (lamina.representations, lambda e, X: lamina.separability(e, X, Y)):
        with pytest.raises(ArgumentError, match="estimator must be an MLPClassifier"):
            own(LinearRegression(), X)
        with pytest.raises(NotFittedError):
            own(lamina.MLPClassifier(), X)
        with pytest.raises(ValueError, match="4 features"):
            own(model, X[:, :2])
        with pytest.raises(ValueError, match="NaN"):
            own(model, np.full(X.shape, np.nan))
    bad = {
        "one entry per row": Y[:-1],
        "labels of two classes": np.zeros(150),
        "a label for each sample": np.where(Y == 0, np.nan, Y),
        "that can be sorted": np.array([1, "a", *Y[2:]], dtype=object),
        "of which most samples share one": np.linspace(0, 1, 150),
        r"of shape \(150,\)": np.column_stack([Y, Y]),
    }
    for said, y in bad.items():
        with pytest.raises(ArgumentError, match=f"y must be .*{said}"):
            lamina.separability(model, X, y)
    with pytest.raises(ArgumentError, match="two classes or more"):
        lamina.separability(model, X[:1], Y[:1])
    with pytest.raises(ArgumentError, match="max_samples must be"):
        lamina.separability(model, X, Y, max_samples=2.5)
    model.coefs_[0][0, 0] = np.nan
    with pytest.raises(ArgumentError, match="output of 'layer 1' is not finite"):
        lamina.separability(model, X, Y)
