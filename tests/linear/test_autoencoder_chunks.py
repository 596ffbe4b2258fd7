"""L2: the linear autoencoder chunk by chunk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import lamina
from lamina.linear import LinearAutoencoder

EXAMPLES = settings(deadline=None, max_examples=30, derandomize=True, database=None)


def matrix(seed=0, n=60, d=7):
    random = np.random.RandomState(seed)
    return random.randn(n, d) @ np.diag(np.linspace(3, 0.5, d)) @ random.randn(d, d) + 5


@EXAMPLES
@given(
    st.lists(st.integers(1, 15), min_size=1, max_size=6),
    st.integers(1, 9),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_chunk_by_chunk_is_all_at_once(sizes, d, center, seed):
    n = sum(sizes) + 1
    random = np.random.RandomState(seed)
    X = random.randn(n, d) * 10.0 ** random.randint(-2, 3, d) + random.randint(-9, 9, d)
    parts = LinearAutoencoder(center=center)
    for chunk in np.split(X, np.cumsum([1, *sizes])[:-1]):
        parts.partial_fit(chunk)
    whole = LinearAutoencoder(center=center).fit(X)
    scale = whole.singular_values_[0]
    assert parts.n_samples_ == n
    np.testing.assert_allclose(parts.singular_values_, whole.singular_values_, atol=1e-12 * scale)
    np.testing.assert_allclose(parts.mean_, whole.mean_, rtol=1e-12, atol=1e-13)
    error = whole.reconstruction_error_
    assert parts.reconstruction_error_ == pytest.approx(error, abs=1e-12 * scale**2)


def test_chunks_of_digits_give_sklearns_pca():
    X = load_digits().data
    model = LinearAutoencoder(10)
    for chunk in np.array_split(X, 13):
        model.partial_fit(chunk)
    pca = PCA(10, svd_solver="full").fit(X)
    np.testing.assert_allclose(model.components_, pca.components_, atol=1e-10)
    np.testing.assert_allclose(model.explained_variance_, pca.explained_variance_, rtol=1e-12)
    assert model._factor.rows.shape == (64, 64)


def test_small_variances_beside_a_large_mean_survive_the_chunks():
    X = np.random.RandomState(0).randn(400, 3) * [1, 1e-3, 1e-6] + 1e6
    model = LinearAutoencoder()
    for chunk in np.array_split(X, 7):
        model.partial_fit(chunk)
    expected = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(model.singular_values_[:2], expected[:2], rtol=1e-8)


def test_fit_forgets_and_partial_fit_goes_on():
    X = matrix()
    model = LinearAutoencoder(2).fit(X[:30]).partial_fit(X[30:])
    whole = LinearAutoencoder(2).fit(X)
    np.testing.assert_allclose(model.components_, whole.components_, atol=1e-10)
    again = model.fit(X[:30])
    assert again.n_samples_ == 30


def test_fewer_rows_kept_are_an_approximation_with_the_right_total():
    X = load_digits().data
    model = LinearAutoencoder(5, n_kept=15)
    for chunk in np.array_split(X, 10):
        model.partial_fit(chunk)
    exact = LinearAutoencoder(5).fit(X)
    assert model._factor.rows.shape == (15, 64)
    np.testing.assert_allclose(model.singular_values_, exact.singular_values_, rtol=0.01)
    assert (model.singular_values_ < exact.singular_values_).all()
    alone = exact.reconstruction_error_ + 0.5 * np.sum(exact.singular_values_**2) / len(X)
    total = model.reconstruction_error_ + 0.5 * np.sum(model.singular_values_**2) / len(X)
    assert total == pytest.approx(alone, rel=1e-12)


def test_the_first_chunk_may_have_fewer_rows_than_components():
    X = matrix()
    model = LinearAutoencoder(3).partial_fit(X[:1])
    assert model.n_components_ == 1
    assert model.partial_fit(X[1:]).n_components_ == 3


@pytest.mark.parametrize("solver", ["lanczos", "lbfgs", lamina.Adam()])
def test_only_the_exact_solver_adds_up(solver):
    with pytest.raises(AttributeError, match="partial_fit"):
        LinearAutoencoder(2, solver=solver).partial_fit(matrix())


def test_center_stays_through_the_chunks():
    model = LinearAutoencoder(2).partial_fit(matrix())
    with pytest.raises(lamina.ArgumentError, match="center must be True, as it was so far"):
        model.set_params(center=False).partial_fit(matrix())


def test_the_partial_factor_does_not_alias_the_users_chunk():
    X = matrix(n=3)
    model = LinearAutoencoder(center=False).partial_fit(X)
    X[:] = 0.0
    assert model.partial_fit(matrix(n=2)).singular_values_[0] > 1
    assert model._factor.rows[:3].any()


def in_chunks(model, X, n):
    for chunk in np.array_split(X, n):
        model.partial_fit(chunk)
    return model


def loss_of(model, X):
    rest = X - model.inverse_transform(model.transform(X))
    return 0.5 * np.mean(np.sum(rest**2, axis=1))


def test_a_shortened_factor_claims_no_more_than_an_upper_bound():
    digits = load_digits()
    X = digits.data[np.argsort(digits.target, kind="stable")]
    model = in_chunks(LinearAutoencoder(5, n_kept=5), X, 30)
    optimum = LinearAutoencoder(5).fit(X).optimum_
    assert optimum < loss_of(model, X) < 0.99 * model.reconstruction_error_
    assert not model.is_exact_
    text = model.summary()
    assert "Eckart" not in text
    assert "estimated from 5 rows kept" in text
    assert f"at most {model.reconstruction_error_:.6g}" in text


@EXAMPLES
@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(0, 3), st.integers(1, 8))
def test_the_upper_bound_holds(seed, m, more, n):
    random = np.random.RandomState(seed)
    X = random.randn(40, 6) * 10.0 ** random.uniform(-1, 1, 6) + random.randn(6)
    X = X[np.argsort(X[:, 0])]
    model = in_chunks(LinearAutoencoder(m, n_kept=m + more), X, n)
    exact = LinearAutoencoder(m).fit(X)
    bound = model.reconstruction_error_ * (1 + 1e-9) + 1e-9
    assert exact.optimum_ <= loss_of(model, X) * (1 + 1e-9) <= bound * (1 + 1e-9)
    assert (model.singular_values_ <= exact.singular_values_ * (1 + 1e-9)).all()


def test_leaving_out_what_is_empty_is_exact():
    X = np.random.RandomState(0).randn(50, 2) @ np.random.RandomState(1).randn(2, 6)
    model = in_chunks(LinearAutoencoder(1, n_kept=3), X, 5)
    assert model.is_exact_
    assert model.reconstruction_error_ == pytest.approx(loss_of(model, X), rel=1e-9)


def test_chunks_cannot_be_added_to_what_lanczos_kept():
    X = matrix()
    model = LinearAutoencoder(2, solver="lanczos").fit(X[:50])
    assert model.is_exact_
    assert model.optimum_ == pytest.approx(LinearAutoencoder(2).fit(X[:50]).optimum_, rel=1e-9)
    with pytest.raises(lamina.ArgumentError, match="solver must be 'svd' in fit too"):
        model.set_params(solver="svd").partial_fit(X[50:])
    assert model.fit(X[:50]).partial_fit(X[50:]).is_exact_
