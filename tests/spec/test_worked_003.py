"""The worked examples of note 003: its backpropagation by hand (§4.6) and its MLP3 (§4.5).

The note gives names and no numbers. The weights here hold logarithms, so that every logistic
value is a fraction and each step can be checked with pencil and paper: sigma(ln(p / (1 - p))) = p.
"""

from fractions import Fraction
from math import log

import numpy as np
import pytest
from scipy.special import expit

from lamina import Dense, GradientDescent, Network
from lamina.spec import network as propagation
from lamina.spec import training

DIGITS = {"rel": 1e-14, "abs": 1e-16}

# x = (1, 2), y = 1; net_h1 = ln 2, net_h2 = -ln 3, net_o1 = ln 4.
X1, X2, Y = 1, 2, 1
W11, W21 = log(2) - 1, 0.5
W12, W22 = 0.5 - log(3), -0.25
W31, W32 = 3 * log(2) + 0.75, -2.0
H1, H2, Y_HAT = Fraction(2, 3), Fraction(1, 4), Fraction(4, 5)
SLOPE_H1, SLOPE_H2, SLOPE_O = Fraction(2, 9), Fraction(3, 16), Fraction(4, 25)  # sigma' = p (1 - p)
D_Y_HAT = Y_HAT - Y  # -1/5
D_W31 = D_Y_HAT * SLOPE_O * H1  # -8/375
D_W32 = D_Y_HAT * SLOPE_O * H2  # -1/125
D_H1 = float(D_Y_HAT * SLOPE_O) * W31  # -4/125 (3 ln 2 + 3/4)
D_H2 = D_Y_HAT * SLOPE_O * -2  # 8/125
D_W11, D_W21 = D_H1 * float(SLOPE_H1) * X1, D_H1 * float(SLOPE_H1) * X2
D_W12, D_W22 = D_H2 * SLOPE_H2 * X1, D_H2 * SLOPE_H2 * X2  # 3/250 and 3/125

NETWORK = Network(2, [Dense(2, "logistic"), Dense(1)], "logistic", "squared_error")
PARAMETERS = [
    (np.array([[W11, W12], [W21, W22]]), np.zeros(2)),
    (np.array([[W31], [W32]]), np.zeros(1)),
]
X, TARGET = np.array([[X1, X2]], dtype=float), np.array([[Y]], dtype=float)


def numbers(*values):
    return pytest.approx(np.array([float(v) for v in values]), **DIGITS)


@pytest.fixture
def passed():
    return propagation.forward(NETWORK, PARAMETERS, X)


@pytest.fixture
def back(passed):
    return propagation.backward(NETWORK, PARAMETERS, passed, TARGET)


def test_input_to_the_hidden_neurons(passed):
    assert passed.layers[0].z[0] == numbers(log(2), -log(3))


def test_output_of_the_hidden_neurons(passed):
    assert passed.layers[0].h[0] == numbers(H1, H2)


def test_input_to_the_output_neuron(passed):
    assert passed.layers[1].z[0] == numbers(log(4))


def test_output_of_the_output_neuron(passed):
    assert passed.prediction[0] == numbers(Y_HAT)


def test_loss_is_half_the_squared_difference(back):
    assert back.loss == numbers(Fraction(1, 50))


def test_gradient_with_respect_to_net_o1(back):
    """(yhat - y) sigma'(net_o1) = -1/5 * 4/25."""
    assert back.layers[1].delta[0] == numbers(Fraction(-4, 125))


def test_gradient_with_respect_to_weights_from_hidden_to_output(back):
    """-8/375 and -1/125."""
    assert back.gradients[1][0][:, 0] == numbers(Fraction(-8, 375), Fraction(-1, 125))


def test_gradient_with_respect_to_hidden_neurons(back):
    assert back.layers[1].d_in[0] == numbers(D_H1, D_H2)


def test_gradient_with_respect_to_weights_from_input_to_hidden(back):
    """Those into h2 are 3/250 and 3/125; those into h1 hold ln 2."""
    assert back.gradients[0][0].ravel() == numbers(D_W11, Fraction(3, 250), D_W21, Fraction(3, 125))


def test_weight_update():
    """w := w - eta dL/dw, with eta = 1/2."""
    rule = GradientDescent()
    taken = training.step(
        NETWORK,
        rule.kind,
        PARAMETERS,
        [[(), ()], [(), ()]],
        (X, TARGET, None),
        rule.kind.scalars(1, 0.5),
    )
    new = taken.parameters
    assert taken.loss == pytest.approx(0.02, rel=1e-14)
    assert new[1][0][:, 0] == numbers(W31 - float(D_W31) / 2, W32 - float(D_W32) / 2)
    assert new[0][0].ravel() == numbers(
        W11 - D_W11 / 2, W12 - float(D_W12) / 2, W21 - D_W21 / 2, W22 - float(D_W22) / 2
    )


class MLP3:
    """The note's code of §4.5 as it stands there, but for its missing ``f`` and ``g``.

    Samples are columns: x is n x s, theta m x n, beta 1 x m. Gradients are sums over the samples.
    """

    def __init__(self, theta, beta):
        self.theta, self.beta = theta, beta

    def forward(self, x):
        f = {}
        net_in = np.dot(self.theta, x)
        f["hid"] = expit(net_in)
        f["out"] = np.dot(self.beta, f["hid"])
        return f

    def gradient(self, f, x, y):
        g = {}
        delta = f["out"] - y
        g["bet"] = np.dot(delta, f["hid"].T)
        hid = f["hid"]
        hid_sv = hid - hid * hid
        outer = np.outer(self.beta.T, delta)
        g["tet"] = np.dot((outer * hid_sv), x.T)
        return g


@pytest.fixture
def mlp3():
    """Return the note's model, x (4 x 6), y (1 x 6) and the same as a lamina network."""
    random = np.random.RandomState(0)
    theta = random.uniform(-1 / 4, 1 / 4, (5, 4))
    beta = random.uniform(-1 / 5, 1 / 5, (1, 5))
    network = Network(4, [Dense(5, "logistic"), Dense(1)])
    parameters = [(theta.T, np.zeros(5)), (beta.T, np.zeros(1))]
    x, y = random.normal(size=(4, 6)), random.normal(size=(1, 6))
    return MLP3(theta, beta), x, y, network, parameters


def test_mlp3_forward(mlp3):
    model, x, _, network, parameters = mlp3
    f = model.forward(x)
    passed = propagation.forward(network, parameters, x.T)
    assert passed.layers[0].h == pytest.approx(f["hid"].T, **DIGITS)
    assert passed.prediction == pytest.approx(f["out"].T, **DIGITS)


def test_mlp3_gradient_is_the_sum_where_lamina_has_the_mean(mlp3):
    model, x, y, network, parameters = mlp3
    g = model.gradient(model.forward(x), x, y)
    passed = propagation.forward(network, parameters, x.T)
    (theta, _), (beta, _) = propagation.backward(network, parameters, passed, y.T).gradients
    assert 6 * beta == pytest.approx(g["bet"].T, rel=1e-13)
    assert 6 * theta == pytest.approx(g["tet"].T, rel=1e-13)


def test_mlp3_derivatives_by_the_formulas_of_the_note():
    """One hidden unit, w . x = ln 3, beta = 2, y = 1: f = 3/2.

    d/dbeta = (f - y) sigma = 1/2 * 3/4 and d/dw_i = 1/2 * 3/4 * 2 x_i / (1 + 3).
    """
    network = Network(2, [Dense(1, "logistic"), Dense(1)])
    x = np.array([[1.0, -2.0]])
    parameters = [
        (np.array([[log(3) + 2.0], [1.0]]), np.zeros(1)),
        (np.array([[2.0]]), np.zeros(1)),
    ]
    passed = propagation.forward(network, parameters, x)
    (w, _), (beta, _) = propagation.backward(network, parameters, passed, np.ones((1, 1))).gradients
    assert passed.prediction[0] == numbers(Fraction(3, 2))
    assert beta[0] == numbers(Fraction(3, 8))
    assert w[:, 0] == numbers(Fraction(3, 16), Fraction(-3, 8))
