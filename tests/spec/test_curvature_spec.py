"""Second derivatives against mpmath, and the Hessian times a vector against differences."""

import mpmath
import numpy as np
import pytest
import scipy.optimize

import lamina
from lamina.spec import curvature
from lamina.spec import network as propagation
from lamina.spec.activations import ACTIVATIONS
from lamina.spec.losses import CANONICAL, OF_PREDICTION, head
from lamina.spec.second_derivatives import SECOND, delta_along

strict = pytest.importorskip("array_api_strict")

RANDOM = np.random.RandomState(0)
X, Y = RANDOM.normal(size=(7, 3)), np.eye(3)[[0, 1, 2, 1, 1, 0, 2]]
WEIGHTS, FACTORS = RANDOM.uniform(0.2, 2, 7), RANDOM.uniform(0.2, 2, 7)
BY_MPMATH = {
    "logistic": lambda z: 1 / (1 + mpmath.exp(-z)),
    "tanh": mpmath.tanh,
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
    "selu": lambda z: (
        mpmath.mpf("1.0507009873554804934193349852946")
        * (z if z > 0 else mpmath.mpf("1.6732632423543772848170429916717") * mpmath.expm1(z))
    ),
    "gelu": lambda z: z * mpmath.ncdf(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "mish": lambda z: z * mpmath.tanh(mpmath.log(1 + mpmath.exp(z))),
    "exp": mpmath.exp,
}


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_second_derivatives_are_mpmaths(name):
    z = np.array([-6.0, -2.5, -0.7, 0.3, 0.9, 2.2, 5.0])
    if name not in BY_MPMATH:  # straight lines
        expected = np.zeros_like(z)
    else:
        with mpmath.workdps(40):
            expected = [float(mpmath.diff(BY_MPMATH[name], mpmath.mpf(one), 2)) for one in z]
    found = SECOND[name](z, ACTIVATIONS[name].value(z))
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-15)


PAIRS = [
    *((output, loss, {}) for output, loss in CANONICAL),
    *((output, loss, {}) for output in ACTIVATIONS for loss in OF_PREDICTION),
    ("softmax", "focal", {"gamma": 0.0}),
    ("softmax", "focal", {"gamma": 0.6}),
    ("softmax", "focal", {"gamma": 1.0}),
    ("logistic", "binary_focal", {"gamma": 3.5}),
    ("softmax", "cross_entropy", {"smoothing": 0.2}),
    ("logistic", "binary_cross_entropy", {"smoothing": 0.2}),
    (
        "logistic",
        "binary_cross_entropy",
        {"positive": (3.0, 0.5, 1.0), "negative": (1.0, 0.0, 2.0), "smoothing": 0.1},
    ),
    ("identity", "huber", {"width": 0.4}),
]


def gradient_of_log_cosh(h, y):
    return np.tanh(h - y)


PAIRS += [
    (output, "custom", {"value": None, "gradient": gradient_of_log_cosh})
    for output in ("softmax", "ascending", "gelu")
]


def targets(output, loss):
    return np.abs(Y * 1.5 + 0.2) if loss in ("gamma", "quantiles") else Y


NAMES = [f"{i}-{output}-{loss}" for i, (output, loss, _) in enumerate(PAIRS)]


@pytest.mark.parametrize(("output", "loss", "options"), PAIRS, ids=NAMES)
def test_a_heads_delta_moves_as_its_differences_say(output, loss, options):
    z, v = np.random.RandomState(5).normal(size=(2, 7, 3))
    y, own = targets(output, loss), head(output, loss)
    found = delta_along(output, loss, z, y, v, **options)
    step = 1e-6
    above, below = (own.delta(z + s * v, y, **options) for s in (step, -step))
    np.testing.assert_allclose(found, (above - below) / (2 * step), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("loss", ["focal", "binary_focal"])
def test_focal_losses_are_finite_where_a_class_is_certain(loss):
    z = np.array([[800.0, -800.0, 0.0], [40.0, 0.0, -40.0], [-800.0, 0.0, 0.0]])
    output = {"focal": "softmax", "binary_focal": "logistic"}[loss]
    for gamma in (0.0, 0.5, 1.0, 2.0):
        v = np.ones((3, 3)) * [1, 2, -1]
        assert np.isfinite(delta_along(output, loss, z, Y[:3], v, gamma=gamma)).all()


def own_network(activation="tanh", output="softmax", loss=None, hidden=(5, 4)):
    return lamina.Network.mlp(3, hidden, 3, activation=activation, output=output, loss=loss)


def drawn(network, scale=1.0):
    random = np.random.RandomState(3)
    return [tuple(scale * random.normal(size=s) for s in own) for own in network.shapes]


def product(network, parameters, v, **options):
    return curvature.hessian_vector_product(network, parameters, v, X, Y, **options)


def differences(network, parameters, v, weights=None, l2=0.0, factors=None, step=1e-5):
    """Return the change of the gradient along v, by Richardson's extrapolation of differences."""

    def gradients(at):
        point = [
            tuple(p + at * d for p, d in zip(own, along, strict=True))
            for own, along in zip(parameters, v, strict=True)
        ]
        passed = propagation.forward(network, point, X)
        return propagation.backward(network, point, passed, Y, weights, l2, factors).gradients

    def central(h):
        return flat(gradients(h)) / (2 * h) - flat(gradients(-h)) / (2 * h)

    return (4 * central(step) - central(2 * step)) / 3


def flat(parameters):
    return np.concatenate([p.ravel() for own in parameters for p in own])


ACTIVE = [*ACTIVATIONS, "prelu", lamina.LeakyReLU(0.3)]


@pytest.mark.parametrize("activation", ACTIVE, ids=str)
def test_the_product_is_the_change_of_the_gradient(activation):
    network = own_network(activation)
    parameters, v = drawn(network, 0.3), drawn(network)[::1]
    v = [tuple(d[::-1].copy() for d in own) for own in v]
    options = {"weights": WEIGHTS, "factors": FACTORS, "l2": 0.7}
    found = flat(product(network, parameters, v, **options))
    np.testing.assert_allclose(
        found, differences(network, parameters, v, **options), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize(("output", "loss"), [("exp", "poisson"), ("logistic", "binary_focal")])
def test_it_is_that_for_other_losses_too(output, loss):
    network = own_network("mish", output, loss)
    parameters, v = drawn(network, 0.3), drawn(network)
    found = flat(product(network, parameters, v))
    np.testing.assert_allclose(found, differences(network, parameters, v), rtol=1e-6, atol=1e-8)


def test_the_hessian_is_symmetric():
    network = own_network(["prelu", "gelu"])
    parameters, random = drawn(network, 0.5), np.random.RandomState(1)
    for _ in range(5):
        u, v = ([tuple(random.normal(size=s) for s in o) for o in network.shapes] for _ in "uv")
        one = curvature.inner(u, product(network, parameters, v, l2=0.3, weights=WEIGHTS))
        other = curvature.inner(v, product(network, parameters, u, l2=0.3, weights=WEIGHTS))
        assert one == pytest.approx(other, rel=1e-12)


def test_a_linear_networks_hessian_is_the_gram_matrix():
    network = lamina.Network.mlp(3, [], 3)
    v = drawn(network)
    (W, b), total = v[0], WEIGHTS.sum()
    whole = np.hstack([X, np.ones((7, 1))])
    gram = (whole * WEIGHTS[:, None]).T @ whole / total
    gram[:3, :3] += 0.5 / total * np.eye(3)
    expected = gram @ np.vstack([W, b])
    found = product(network, drawn(network, 2.0), v, weights=WEIGHTS, l2=0.5)[0]
    np.testing.assert_allclose(np.vstack(found), expected, rtol=1e-13)


def test_logistic_regressions_hessian_is_scipys():
    network = lamina.Network.mlp(3, [], 1, output="logistic")
    y, at = (Y[:, :1] > 0).astype(float), np.array([0.3, -0.5, 0.8, 0.1])

    def objective(theta):
        z = X @ theta[:3] + theta[3]
        return np.mean(np.logaddexp(0, z) - y[:, 0] * z)

    def gradient(theta):
        return scipy.optimize.approx_fprime(theta, objective, 1e-6)

    hessian = scipy.optimize.approx_fprime(at, gradient, 1e-4)
    for i in range(4):
        v = np.eye(4)[i]
        found = curvature.hessian_vector_product(
            network, [(at[:3, None], at[3:])], [(v[:3, None], v[3:])], X, y
        )
        np.testing.assert_allclose(flat(found), hessian[i], atol=2e-3)


def test_another_namespace_gives_the_same():
    network = own_network(["prelu", "mish"])
    parameters, v = drawn(network, 0.5), drawn(network)

    def foreign(arrays):
        return [tuple(strict.asarray(p) for p in own) for own in arrays]

    found = curvature.hessian_vector_product(
        network, foreign(parameters), foreign(v), strict.asarray(X), strict.asarray(Y), l2=0.1
    )
    expected = product(network, parameters, v, l2=0.1)
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(np.asarray(a), b, rtol=1e-12)


@pytest.mark.parametrize(("output", "loss", "options"), PAIRS[:-3], ids=NAMES[:-3])
def test_heads_on_another_namespace(output, loss, options):
    z, v, y = X, X[::-1].copy(), targets(output, loss)
    found = delta_along(output, loss, *(strict.asarray(own) for own in (z, y, v)), **options)
    expected = delta_along(output, loss, z, y, v, **options)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-12, atol=1e-15)
