"""Note 004's sample-wise gradients, number by number in 50 digits, and its product of V matrices.

A network 2-2-2-1 without biases and with one activation phi everywhere; a sample's error is
e = (yhat - y)^2, twice lamina's squared error, so that every number here is twice lamina's.
w[l][i, j] leads from unit j of layer l - 1 to unit i of layer l, as the note counts them.
"""

import mpmath
import numpy as np
import pytest

from lamina import Dense, Network
from lamina.spec import network as propagation

mp = mpmath.MPContext()
mp.dps = 50

PHI = {"logistic": lambda z: 1 / (1 + mp.exp(-z)), "tanh": mp.tanh}
W = {
    1: mp.matrix([["0.3", "-0.8"], ["1.1", "0.4"]]),
    2: mp.matrix([["-0.6", "0.9"], ["0.2", "0.7"]]),
    3: mp.matrix([["1.3", "-0.5"]]),
}
X, Y = mp.matrix(["0.5", "-1.2"]), mp.mpf("0.25")
DIGITS = {"rel": 1e-14, "abs": 1e-17}


class ByHand:
    """Every quantity that the slides name, in their order."""

    def __init__(self, phi):
        w, slope = W, lambda z: mp.diff(phi, z)
        # Forward: z^l and a^l.
        z1 = [w[1][i, 0] * X[0] + w[1][i, 1] * X[1] for i in range(2)]
        a1 = [phi(z) for z in z1]
        z2 = [w[2][i, 0] * a1[0] + w[2][i, 1] * a1[1] for i in range(2)]
        a2 = [phi(z) for z in z2]
        z3 = w[3][0, 0] * a2[0] + w[3][0, 1] * a2[1]
        y_hat = phi(z3)
        self.z, self.a, self.y_hat = {1: z1, 2: z2, 3: [z3]}, {0: X, 1: a1, 2: a2}, y_hat
        self.e = (y_hat - Y) ** 2
        # Layer 3: grad w3_1j = de/dyhat phi'(z3) a2_j.
        d_y_hat = 2 * (y_hat - Y)
        self.w3 = [d_y_hat * slope(z3) * a for a in a2]
        # Layer 2: grad w2_ij = de/dyhat phi'(z3) w3_1i phi'(z2_i) a1_j.
        d_z2 = [d_y_hat * slope(z3) * w[3][0, i] * slope(z2[i]) for i in range(2)]
        self.w2 = [[d * a for a in a1] for d in d_z2]
        # Layer 1: a1_j contributes to both z2_1 and z2_2.
        d_a1 = [d_z2[0] * w[2][0, j] + d_z2[1] * w[2][1, j] for j in range(2)]
        d_z1 = [d_a1[j] * slope(z1[j]) for j in range(2)]
        self.w1 = [[d * x for x in X] for d in d_z1]
        self.slopes = {at: mp.diag([slope(z) for z in self.z[at]]) for at in (1, 2, 3)}
        self.delta_last = mp.matrix([d_y_hat])  # the note's delta^L = de/da^L

    def v_product(self, start, layer):
        """Return Diag(phi'^l) V^start ... V^L delta^L (a^{l-1})^T for l = `layer`."""
        column = self.delta_last
        for at in range(3, start - 1, -1):
            column = W[at].T * self.slopes[at] * column
        return self.slopes[layer] * column * mp.matrix(self.a[layer - 1]).T


@pytest.fixture(params=sorted(PHI))
def name(request):
    return request.param


@pytest.fixture
def hand(name):
    return ByHand(PHI[name])


@pytest.fixture
def network(name):
    return Network(2, [Dense(2, name), Dense(2, name), Dense(1)], name, "squared_error")


@pytest.fixture
def passed(network):
    return propagation.forward(network, parameters(), floats(X).T)


@pytest.fixture
def back(network, passed):
    return propagation.backward(network, parameters(), passed, np.array([[float(Y)]]))


def floats(values):
    """Return mpmath numbers as a float64 array of two dimensions."""
    rows = values.tolist() if isinstance(values, mp.matrix) else np.atleast_2d(values).tolist()
    return np.array(rows, dtype=float)


def parameters():
    return [(floats(W[at]).T, np.zeros(W[at].rows)) for at in (1, 2, 3)]


def test_forward_pass(hand, passed):
    for at in (1, 2, 3):
        assert passed.layers[at - 1].z == pytest.approx(floats(hand.z[at]), **DIGITS)
    for at in (1, 2):
        assert passed.layers[at - 1].h == pytest.approx(floats(hand.a[at]), **DIGITS)
    assert passed.prediction[0, 0] == pytest.approx(float(hand.y_hat), **DIGITS)


def test_error_is_twice_the_squared_error_of_lamina(hand, back):
    assert 2 * back.loss[0] == pytest.approx(float(hand.e), **DIGITS)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_gradient_by_the_chain_rule(hand, back, layer):
    expected = floats({1: hand.w1, 2: hand.w2, 3: hand.w3}[layer])
    gradient = 2 * back.gradients[layer - 1][0].T
    assert gradient == pytest.approx(expected, **DIGITS)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_gradient_by_the_product_that_starts_at_l_plus_1(hand, back, layer):
    expected = floats(hand.v_product(layer + 1, layer))
    gradient = 2 * back.gradients[layer - 1][0].T
    assert gradient == pytest.approx(expected, **DIGITS)


def test_the_product_that_starts_at_l_is_a_slip(hand, back):
    """One line of the note writes V^l ... V^L: it is not the gradient, even where shapes agree."""
    wrong = floats(hand.v_product(2, 2))
    assert wrong != pytest.approx(2 * back.gradients[1][0].T, rel=1e-2)


def test_gradient_by_biases_is_the_derivative_by_z(hand, back):
    """The note's homework: z = W a + b, so de/db = de/dz; de/dw3_11 = de/dz3 a2_1."""
    assert 2 * back.gradients[2][1][0] == pytest.approx(float(hand.w3[0] / hand.a[2][0]), **DIGITS)
    d_z1 = [float(hand.w1[i][0] / X[0]) for i in range(2)]
    assert 2 * back.gradients[0][1] == pytest.approx(d_z1, **DIGITS)


@pytest.mark.parametrize("layer", [1, 2])
def test_gradient_norm_is_bounded_as_in_the_note(hand, layer):
    """||grad W^l|| <= ||Diag(phi'^l)|| ||V^{l+1} ... V^L delta^L|| ||a^{l-1}||, in 2-norms."""
    flow = hand.delta_last
    for at in range(3, layer, -1):
        flow = W[at].T * hand.slopes[at] * flow
    gradient = floats(hand.v_product(layer + 1, layer))
    bound = float(max(hand.slopes[layer]) * mp.norm(flow) * mp.norm(mp.matrix(hand.a[layer - 1])))
    assert 0 < np.linalg.norm(gradient, 2) <= bound * (1 + 1e-15)
