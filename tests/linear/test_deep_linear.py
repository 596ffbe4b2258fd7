"""L4: gradients from second moments at any depth."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from sklearn.linear_model import LinearRegression

import lamina
from lamina.linear import DeepLinear, Moments

EXAMPLES = settings(deadline=None, max_examples=30, derandomize=True, database=None)


def data(seed, n, d, k):
    random = np.random.RandomState(seed)
    return random.randn(n, d), random.randn(n, k)


@EXAMPLES
@given(st.lists(st.integers(1, 5), min_size=2, max_size=6), st.integers(0, 2**31))
def test_gradients_are_those_of_backpropagation_over_the_samples(sizes, seed):
    X, Y = data(seed, 9, sizes[0], sizes[-1])
    net = DeepLinear.random(sizes, scale=1.0, random_state=seed)
    network, parameters = net.to_network()
    passed = lamina.spec.network.forward(network, parameters, X)
    expected = lamina.spec.network.backward(network, parameters, passed, Y)
    for found, (gradient, _) in zip(
        net.gradients(Moments.of(X, Y)), expected.gradients, strict=True
    ):
        np.testing.assert_allclose(found, gradient, rtol=1e-9, atol=1e-11)


def test_gradients_are_finite_differences_of_the_loss():
    X, Y = data(0, 12, 4, 2)
    net, moments = DeepLinear.random([4, 3, 3, 2], 1.0, 0), Moments.of(X, Y)
    cuts = np.cumsum([w.size for w in net.weights])[:-1]

    def loss(flat):
        parts = zip(np.split(flat, cuts), net.weights, strict=True)
        return DeepLinear([part.reshape(w.shape) for part, w in parts]).loss(moments)

    flat = np.concatenate([w.ravel() for w in net.weights])
    found = np.concatenate([g.ravel() for g in net.gradients(moments)])
    np.testing.assert_allclose(found, approx_fprime(flat, loss, 1e-7), atol=2e-6)


def test_two_layers_give_the_notes_formulas():
    X, Y = data(1, 10, 4, 3)
    net = DeepLinear.random([4, 2, 3], 1.0, 1)
    a, b = (w.T for w in net.weights)  # the note: y = B A x, samples as columns, sums
    rest = Y.T @ X - b @ a @ (X.T @ X)
    first, second = (10 * g.T for g in net.gradients(Moments.of(X, Y)))
    np.testing.assert_allclose(first, -b.T @ rest, rtol=1e-12)
    np.testing.assert_allclose(second, -rest @ a.T, rtol=1e-12)


def test_loss_is_half_the_mean_of_the_squares():
    X, Y = data(2, 11, 5, 2)
    net = DeepLinear.random([5, 3, 2], 1.0, 2)
    expected = 0.5 * np.mean(np.sum((Y - net(X)) ** 2, axis=1))
    assert net.loss(Moments.of(X, Y)) == pytest.approx(expected, rel=1e-12)


def test_best_loss_of_full_rank_is_least_squares():
    X, Y = data(3, 30, 4, 3)
    rest = Y - LinearRegression(fit_intercept=False).fit(X, Y).predict(X)
    expected = 0.5 * np.mean(np.sum(rest**2, axis=1))
    assert Moments.of(X, Y).best_loss(3) == pytest.approx(expected, rel=1e-12)
    twice = np.column_stack([X, X])  # singular Sigma_xx, same functions
    assert Moments.of(twice, Y).best_loss(3) == pytest.approx(expected, rel=1e-9)


@EXAMPLES
@given(st.integers(0, 2**31), st.integers(0, 3))
def test_no_map_of_the_rank_does_better_than_best_loss(seed, rank):
    random = np.random.RandomState(seed)
    X, Y = data(seed, 15, 4, 3)
    moments = Moments.of(X, Y)
    best = moments.best_loss(rank)
    for _ in range(20):
        left = random.randn(4, rank)
        right = np.linalg.lstsq(X @ left, Y, rcond=None)[0]  # the best there is for this left
        assert moments.loss(left @ right) >= best - 1e-12


def test_whitened_moments_are_those_of_whitened_data():
    X, Y = data(4, 40, 3, 2)
    whitened = Moments.of(X, Y).whitened()
    assert np.array_equal(whitened.xx, np.eye(3))
    values, vectors = np.linalg.eigh(X.T @ X / 40)
    Z = X @ vectors / np.sqrt(values) @ vectors.T
    np.testing.assert_allclose(whitened.xy, Z.T @ Y / 40, rtol=1e-10)
    assert whitened.best_loss(1) == pytest.approx(Moments.of(X, Y).best_loss(1), rel=1e-10)


def test_a_singular_covariance_is_not_whitened():
    with pytest.raises(lamina.ArgumentError, match="full rank 2 to be whitened"):
        Moments.of([[1.0, 1.0], [2.0, 2.0]], [[1.0], [0.0]]).whitened()


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_a_balanced_start_is_balanced_and_aligned(depth):
    moments = Moments.of(*data(5, 40, 5, 3))
    net = DeepLinear.balanced(moments, depth, scale=0.01, width=6, random_state=0)
    assert net.depth == depth
    assert net.imbalance < 1e-14
    u, _, vt = np.linalg.svd(moments.xy, full_matrices=False)
    np.testing.assert_allclose(u.T @ net.collapse() @ vt.T, 0.01 * np.eye(3), atol=1e-15)


def test_a_narrow_network_has_the_rank_limit_of_its_width():
    moments = Moments.of(*data(6, 40, 5, 4))
    net = DeepLinear.balanced(moments, 3, width=2, random_state=0)
    assert net.rank_limit == np.linalg.matrix_rank(net.collapse()) == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DeepLinear.random([3]), "at least two integers"),
        (lambda: DeepLinear.random([3, 0]), r"sizes must be an integer in \[1, inf\)"),
        (lambda: DeepLinear.random([3, 2], scale=-1.0), "scale must be"),
        (lambda: Moments([[1.0, 2.0], [0.0, 1.0]], [[1.0], [1.0]]), "symmetric"),
        (lambda: Moments([[-1.0]], [[1.0]]), "negative eigenvalues"),
        (lambda: Moments([[1.0]], [[1.0], [2.0]]), "xy must be of shape"),
        (lambda: Moments.of([[1.0], [2.0]], [[1.0]]), "Y must be of shape"),
        (lambda: DeepLinear([[[1.0]]]).loss(3), "moments must be a Moments"),
        (
            lambda: DeepLinear([[[1.0]]]).loss(Moments(np.eye(2), np.eye(2))),
            "those of 1 input and 1 output",
        ),
        (lambda: DeepLinear.balanced(Moments(np.eye(2), np.eye(2)), 0), "depth must be"),
    ],
)
def test_bad_arguments_are_named(make, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        make()


def test_pickles():
    net = DeepLinear.random([3, 2, 4], random_state=0)
    again = pickle.loads(pickle.dumps(net))
    assert np.array_equal(again.collapse(), net.collapse())
    assert repr(again) == "DeepLinear(3 -> 2 -> 4, rank at most 2)"


def test_without_yy_losses_are_told_up_to_a_constant():
    X, Y = data(7, 20, 3, 2)
    whole = Moments.of(X, Y)
    part = Moments(whole.xx, whole.xy)
    net = DeepLinear.random([3, 2], 1.0, 0)
    assert part.yy is None
    assert whole.loss(net.collapse()) - net.loss(part) == pytest.approx(whole.yy / 2)
    assert whole.best_loss(2) - part.best_loss(2) == pytest.approx(whole.yy / 2)
    assert "loss up to a constant" in str(net.descend(part, n_steps=3))
    assert "up to a constant" not in str(net.descend(whole, n_steps=3))
    assert part.whitened().yy is None


@EXAMPLES
@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 4), st.integers(-9, 9))
def test_moments_of_data_are_never_refused_and_their_losses_never_negative(seed, n, k, power):
    random = np.random.RandomState(seed)
    X = random.randn(n, 5) * 10.0 ** random.randint(-power - 10, 10, 5)
    X = np.column_stack([X, X[:, :2]])
    for Y in (random.randn(n, k), X[:, :k], np.zeros((n, k))):
        moments = Moments.of(X, Y)
        assert 0 <= moments.best_loss(k) <= moments.best_loss(0) * (1 + 1e-12)


def test_one_target_may_be_a_vector():
    X, Y = data(8, 20, 3, 1)
    assert np.array_equal(Moments.of(X, Y[:, 0]).xy, Moments.of(X, Y).xy)
    with pytest.raises(lamina.ArgumentError, match="Y must be of shape"):
        Moments.of(X, Y[1:, 0])
    with pytest.raises(lamina.ArgumentError, match="Y must be an array of numbers"):
        Moments.of(X, [[1.0], [1.0, 2.0]])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.eye(2), np.diag([3.0, 1.0]), 0.0), "yy must be at least tr.* = 10"),
        ((np.eye(2), np.diag([3.0, 1.0]), 9.99), "yy must be at least tr.* = 10"),
        ((np.diag([1.0, 0.0]), np.eye(2)), "xy must be in the range of xx"),
        ((np.diag([1.0, 0.0]), np.eye(2), 9.0), "xy must be in the range of xx"),
        ((np.eye(2), [[np.nan], [1.0]]), "xy must be finite, got nan at row 0, column 0"),
    ],
)
def test_moments_that_no_data_have_are_refused(arguments, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        Moments(*arguments)
