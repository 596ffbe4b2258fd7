"""The worked examples of notes 002, 003 and 004, number by number, by `lamina.trace`.

The notes give names and hardly a number: 003 §4.6 and 004 work their networks in symbols, and 004
has the numbers of four points. The weights here are such that each named quantity is an exact
fraction, or they are worked in 50 digits by the note's own formulas, entry by entry; the numbers
are those of `tests/spec/test_worked_003.py`, `test_worked_004.py` and `test_worked_points.py`.
Where a note slips, the correct formula counts, and the test says so.
"""

from fractions import Fraction
from math import log

import mpmath
import numpy as np
import pytest

import lamina
from lamina import Dense, GradientDescent, Network

DIGITS = {"rel": 1e-14, "abs": 1e-16}

mp = mpmath.MPContext()
mp.dps = 50


def numbers(*values):
    return pytest.approx(np.array([float(v) for v in values]), **DIGITS)


# Note 003 §4.6: x = (1, 2), y = 1; net_h1 = ln 2, net_h2 = -ln 3, net_o1 = ln 4.
W11, W21, W12, W22 = log(2) - 1, 0.5, 0.5 - log(3), -0.25
W31, W32 = 3 * log(2) + 0.75, -2.0


@pytest.fixture
def by_hand():
    network = Network(2, [Dense(2, "logistic"), Dense(1)], "logistic", "squared_error")
    parameters = [
        (np.array([[W11, W12], [W21, W22]]), np.zeros(2)),
        (np.array([[W31], [W32]]), np.zeros(1)),
    ]
    return lamina.trace(network, [1, 2], 1, parameters)


def test_003_each_quantity_of_the_note_in_its_order(by_hand):
    a = {key: value.ravel() for key, value in by_hand.arrays().items()}
    assert a["z_1"] == numbers(log(2), -log(3))  # net_h1, net_h2
    assert a["h_1"] == numbers(Fraction(2, 3), Fraction(1, 4))  # h_1, h_2
    assert a["z_2"] == numbers(log(4))  # net_o1
    assert a["prediction"] == numbers(Fraction(4, 5))  # ŷ
    assert a["loss"] == numbers(Fraction(1, 50))  # L(y, ŷ) = ½ (y − ŷ)²
    assert a["dprediction"] == numbers(Fraction(-1, 5))  # ∂L/∂ŷ = ŷ − y
    assert a["output_slope"] == numbers(Fraction(4, 25))  # σ'(net_o1)
    assert a["delta_2"] == numbers(Fraction(-4, 125))  # (ŷ − y) σ'(net_o1)
    assert a["dW_2"] == numbers(Fraction(-8, 375), Fraction(-1, 125))  # ∂L/∂w31, ∂L/∂w32
    d_h1 = -4 / 125 * W31
    assert a["dh_1"] == numbers(d_h1, Fraction(8, 125))  # ∂L/∂h1, ∂L/∂h2
    assert a["slope_1"] == numbers(Fraction(2, 9), Fraction(3, 16))  # σ'(net_h1), σ'(net_h2)
    assert a["delta_1"] == numbers(d_h1 * 2 / 9, Fraction(3, 250))
    # ∂L/∂w11, ∂L/∂w12, ∂L/∂w21, ∂L/∂w22: those into h2 are 3/250 and 3/125.
    assert a["dW_1"] == numbers(d_h1 * 2 / 9, Fraction(3, 250), d_h1 * 4 / 9, Fraction(3, 125))


def test_003_the_weight_update(by_hand):
    """w := w − η ∂L/∂w with η = ½."""
    update = by_hand.update(GradientDescent(), rate=0.5)
    assert update["W_2"].after.ravel() == numbers(W31 + 4 / 375, W32 + 1 / 250)
    assert update["W_2"].move.ravel() == pytest.approx([4 / 375, 1 / 250], rel=1e-12)
    assert update["W_1"].after[:, 1] == numbers(W12 - 3 / 500, W22 - 3 / 250)


def test_003_the_steps_say_where_they_are_from(by_hand):
    sources = {step.name: step.source for step in by_hand.steps}
    assert sources["∂ℓ/∂ŷ"] == "note 003 §4.6"
    assert sources["ŷ′"] == sources["φ′_1"] == "note 003 §4.3, proposition 3"
    assert sources["z_1"].startswith("note 002 §4.3") and sources["bound"] == "note 004"


def test_003_section_4_5_one_hidden_unit():
    """w·x = ln 3, β = 2, y = 1: f = 3/2, ∂/∂β = 3/8, ∂/∂w_i = 3/16 x_i."""
    network = Network(2, [Dense(1, "logistic"), Dense(1)])
    own = [(np.array([[log(3) + 2], [1.0]]), np.zeros(1)), (np.array([[2.0]]), np.zeros(1))]
    trace = lamina.trace(network, [1.0, -2.0], 1, own)
    assert trace.prediction[0] == numbers(Fraction(3, 2))
    assert trace.layers[0].h[0] == numbers(Fraction(3, 4))
    assert trace.layers[1].gradient.W[:, 0] == numbers(Fraction(3, 8))
    assert trace.layers[0].gradient.W[:, 0] == numbers(Fraction(3, 16), Fraction(-3, 8))


@pytest.mark.parametrize("label", [0, 1, 2])
def test_003_softmax_and_cross_entropy(label):
    """σ_max = (1, 2, 5)/8; ∇_θi ℓ = (σ_i − y_i) x (003 §4.4), and −(e_l − ŷ) (002 §4.3)."""
    network = Network.mlp(2, [], 3, output="softmax")
    theta = np.array([[log(1), log(2), log(5)], [0.0, 0.0, 0.0]])
    y = [int(i == label) for i in range(3)]
    trace = lamina.trace(network, [1.0, 3.0], y, [(theta, np.zeros(3))])
    p = [Fraction(1, 8), Fraction(2, 8), Fraction(5, 8)]
    slope = [p[i] - y[i] for i in range(3)]
    assert trace.prediction[0] == numbers(*p)
    assert trace.loss == numbers(log(8) - log([1, 2, 5][label]))
    assert trace.layers[0].delta[0] == numbers(*slope)
    gradient = trace.layers[0].gradient.W
    assert gradient[0] == numbers(*slope) and gradient[1] == numbers(*(3 * s for s in slope))


# Note 004: four points, no bias, E = Σ (y − σ(w·x))². lamina's loss has the factor ½ and is a mean:
# E = 2 N L with N = 4, and so are the gradients.
POINTS, LABELS = [(-3, -3), (-2, -2), (4, 4), (2, -5)], [1, 1, 0, 0]
PLACES = {
    "zero": ((0.0, 0.0), [Fraction(1, 2)] * 4),
    "logs": (
        (-6 * log(2) / 7, -log(2) / 7),
        [Fraction(8, 9), Fraction(4, 5), Fraction(1, 17), Fraction(1, 3)],
    ),
}


@pytest.fixture(params=sorted(PLACES))
def points(request):
    w, sigma = PLACES[request.param]
    unit = Network(2, [Dense(1)], "logistic", "squared_error")
    return lamina.trace(unit, POINTS, LABELS, [(np.array(w)[:, None], np.zeros(1))]), sigma


def test_004_the_table_of_the_four_points(points):
    trace, sigma = points
    assert trace.prediction[:, 0] == numbers(*sigma)
    errors = [(y - s) ** 2 for y, s in zip(LABELS, sigma, strict=True)]
    assert 2 * trace.loss == numbers(*errors)  # e^i
    assert 8 * trace.objective == pytest.approx(float(sum(errors)), **DIGITS)  # E


def test_004_the_gradient_is_the_sum_of_those_of_the_samples(points):
    """∇E = Σ ∇e^i; at w = 0 it is (11/4, 1)."""
    trace, sigma = points
    total = [Fraction(0), Fraction(0)]
    for i, (y, s) in enumerate(zip(LABELS, sigma, strict=True)):
        own = [-2 * (y - s) * s * (1 - s) * x for x in POINTS[i]]
        total = [a + b for a, b in zip(total, own, strict=True)]
        assert 2 * trace.sample(i).layers[0].gradient.W[:, 0] == numbers(*own)
    assert 8 * trace.layers[0].gradient.W[:, 0] == numbers(*total)
    if sigma[0] == Fraction(1, 2):
        assert total == [Fraction(11, 4), Fraction(1)]


def test_004_steps_of_descent_stochastic_and_of_a_mini_batch(points):
    """w − α Σ ∇e^i: of all points α on E is 8 α on L; of one point 2 α."""
    trace, sigma = points
    w = trace.parameters[0][0][:, 0]
    all_of_it = trace.update(GradientDescent(), rate=8 * 0.1)["W_1"]
    assert all_of_it.after[:, 0] == pytest.approx(
        w - 0.8 * trace.layers[0].gradient.W[:, 0], **DIGITS
    )
    if sigma[0] == Fraction(1, 2):
        assert all_of_it.after[:, 0] == numbers(-0.275, -0.1)
        one = trace.sample(2).update(GradientDescent(), rate=2 * 0.1)["W_1"]
        assert one.after[:, 0] == numbers(-0.1, -0.1)  # ∇e³ = 2 · ½ · ¼ · (4, 4) = (1, 1)


# Note 004's network 2-2-2-1 without biases; w[l][i, j] leads from unit j of layer l − 1 to unit i.
PHI = {"logistic": lambda z: 1 / (1 + mp.exp(-z)), "tanh": mp.tanh}
W = {
    1: mp.matrix([["0.3", "-0.8"], ["1.1", "0.4"]]),
    2: mp.matrix([["-0.6", "0.9"], ["0.2", "0.7"]]),
    3: mp.matrix([["1.3", "-0.5"]]),
}
X, Y = mp.matrix(["0.5", "-1.2"]), mp.mpf("0.25")


class ByHand:
    """The slides' quantities, worked as they are written; e = (ŷ − y)² is twice lamina's loss."""

    def __init__(self, phi):
        def slope(z):
            return mp.diff(phi, z)

        self.z, self.a = {}, {0: X}
        for at in (1, 2, 3):
            self.z[at] = W[at] * self.a[at - 1]
            self.a[at] = self.z[at].apply(phi)
        self.slopes = {at: self.z[at].apply(slope) for at in (1, 2, 3)}
        y_hat = self.a[3][0]
        self.e, d_y = (y_hat - Y) ** 2, 2 * (y_hat - Y)
        z3, z2, z1 = (self.slopes[at] for at in (3, 2, 1))
        # ∇w3_1j = ∂e/∂ŷ φ'(z3) a2_j
        self.w3 = [[d_y * z3[0] * self.a[2][j] for j in range(2)]]
        # ∂e/∂a2_i = ∂e/∂ŷ φ'(z3) w3_1i; ∇w2_ij = ∂e/∂a2_i φ'(z2_i) a1_j
        self.d_a2 = [d_y * z3[0] * W[3][0, i] for i in range(2)]
        d_z2 = [self.d_a2[i] * z2[i] for i in range(2)]
        self.w2 = [[d * self.a[1][j] for j in range(2)] for d in d_z2]
        # a1_j contributes to both z2_1 and z2_2: ∂e/∂a1_j = Σ_i ∂e/∂z2_i w2_ij
        self.d_a1 = [d_z2[0] * W[2][0, j] + d_z2[1] * W[2][1, j] for j in range(2)]
        self.d_z1 = [self.d_a1[j] * z1[j] for j in range(2)]
        self.w1 = [[d * X[j] for j in range(2)] for d in self.d_z1]
        self.d_z3 = d_y * z3[0]


def floats(values):
    rows = values.tolist() if isinstance(values, mp.matrix) else np.atleast_2d(values).tolist()
    return np.array(rows, dtype=float)


@pytest.fixture(params=sorted(PHI))
def both(request):
    name = request.param
    network = Network(2, [Dense(2, name), Dense(2, name), Dense(1)], name, "squared_error")
    own = [(floats(W[at]).T, np.zeros(W[at].rows)) for at in (1, 2, 3)]
    return lamina.trace(network, floats(X)[:, 0], float(Y), own), ByHand(PHI[name])


def close(value, expected, factor=1):
    assert np.ravel(value) == pytest.approx(factor * floats(expected).ravel(), **DIGITS)


def test_004_the_forward_pass(both):
    trace, hand = both
    for at in (1, 2, 3):
        close(trace.layers[at - 1].z, hand.z[at])
    for at in (1, 2):
        close(trace.layers[at - 1].h, hand.a[at])
        close(trace.layers[at - 1].slope, hand.slopes[at])
    close(trace.prediction, hand.a[3])
    close(trace.output_slope, hand.slopes[3])
    close(2 * trace.loss, [hand.e])


def test_004_the_derivatives_by_activations_and_weights(both):
    """The note's δ^l is ∂e/∂a^l, lamina's d_h; lamina's δ_l is the note's Diag(φ') δ^l."""
    trace, hand = both
    first, second, last = trace.layers
    close(2 * second.d_h, [hand.d_a2])
    close(2 * first.d_h, [hand.d_a1])
    close(2 * first.delta, [hand.d_z1])
    for layer, expected in ((first, hand.w1), (second, hand.w2), (last, hand.w3)):
        close(2 * layer.gradient.W.T, expected)


def test_004_homework_the_biases(both):
    """z = W a + b, so that ∂e/∂b = ∂e/∂z."""
    trace, hand = both
    close(2 * trace.layers[0].gradient.b, [hand.d_z1])
    close(2 * trace.layers[2].gradient.b, [hand.d_z3])


def test_004_the_product_of_v_starts_at_l_plus_1(both):
    """∇W^l e = Diag(φ'^l) V^{l+1} … V^L δ^L (a^{l−1})ᵀ; one line of the note starts at V^l."""
    trace, hand = both
    layers = trace.layers
    column = layers[2].d_h[0]  # Diag(φ'^L) δ^L of the note: lamina's last layer has no slope
    right = {}
    for at in (2, 1):
        column = layers[at].v() @ column
        right[at] = column
    for at, expected in ((2, hand.d_a2), (1, hand.d_a1)):
        close(2 * right[at], [expected])
    gradient = np.outer(layers[1].slope[0] * right[2], layers[0].h[0])
    close(2 * gradient, hand.w2)
    wrong = np.outer(layers[1].slope[0] * (layers[1].v() @ right[2]), layers[0].h[0])
    assert 2 * wrong != pytest.approx(floats(hand.w2), rel=1e-2)


def test_004_the_bound_with_its_factors(both):
    trace, hand = both
    flows = {1: hand.d_a1, 2: hand.d_a2}
    for at in (1, 2):
        bound, flow = trace.layers[at - 1].bound, mp.matrix(flows[at])
        close(bound.slope, [max(hand.slopes[at])])
        close(2 * bound.backflow, [mp.norm(flow)])
        close(bound.input, [mp.norm(mp.matrix(hand.a[at - 1]))])
        assert bound.gradient == pytest.approx(
            np.linalg.norm(trace.layers[at - 1].gradient.W, 2), rel=1e-13
        )
        assert bound.gradient <= bound.bound
