"""The four-point example of note 004 and the small ones of note 002, in exact fractions.

Note 004's error is E = sum_i (y_i - sigma(w . x_i))^2: no half and no mean. lamina's loss is half
of the mean, so E = 2 N loss and grad E = 2 N grad loss, with N = 4 here; a step of size alpha on
E is a step of size 2 N alpha in lamina, and one on a mini-batch of B is one of size 2 B alpha.
"""

from fractions import Fraction
from math import log

import numpy as np
import pytest

from lamina import Dense, GradientDescent, Network
from lamina.spec import losses, training
from lamina.spec import network as propagation

POINTS = [(-3, -3), (-2, -2), (4, 4), (2, -5)]
LABELS = [1, 1, 0, 0]
X, Y = np.array(POINTS, dtype=float), np.array(LABELS, dtype=float)[:, None]
UNIT = Network(2, [Dense(1)], "logistic", "squared_error")

# At w = 0 every sigma is 1/2. At w = -(6/7, 1/7) ln 2 the four values of w . x are 3, 2, -4 and
# -1 times ln 2, so that sigma is 8/9, 4/5, 1/17 and 1/3.
PLACES = {
    "zero": ((0.0, 0.0), [Fraction(1, 2)] * 4),
    "logs": (
        (-6 * log(2) / 7, -log(2) / 7),
        [Fraction(8, 9), Fraction(4, 5), Fraction(1, 17), Fraction(1, 3)],
    ),
}


def error(sigma, rows=range(4)):
    """Return E over some of the points, exactly."""
    return sum((LABELS[i] - sigma[i]) ** 2 for i in rows)


def slope(sigma, rows=range(4)):
    """Return grad E: the sum of -2 (y - sigma) sigma (1 - sigma) x, exactly."""
    factor = [-2 * (LABELS[i] - sigma[i]) * sigma[i] * (1 - sigma[i]) for i in range(4)]
    return [sum(factor[i] * POINTS[i][j] for i in rows) for j in range(2)]


@pytest.fixture(params=sorted(PLACES))
def place(request):
    """Return w as lamina's parameters, and the exact sigmas."""
    w, sigma = PLACES[request.param]
    return [(np.array(w)[:, None], np.zeros(1))], sigma


def test_the_numbers_at_zero():
    """As one would write them on the board: E = 1 and grad E = (11/4, 1)."""
    sigma = PLACES["zero"][1]
    assert error(sigma) == 1
    assert slope(sigma) == [Fraction(11, 4), 1]


def test_the_numbers_at_the_other_place():
    sigma = PLACES["logs"][1]
    assert error(sigma) == Fraction(1, 81) + Fraction(1, 25) + Fraction(1, 289) + Fraction(1, 9)


def test_predictions(place):
    parameters, sigma = place
    prediction = propagation.predict(UNIT, parameters, X)
    assert prediction[:, 0] == pytest.approx([float(s) for s in sigma], rel=1e-15)


def test_total_error_is_eight_times_the_loss(place):
    parameters, sigma = place
    passed = propagation.forward(UNIT, parameters, X)
    per_sample = propagation.backward(UNIT, parameters, passed, Y).loss
    assert 8 * losses.mean_loss(per_sample) == pytest.approx(float(error(sigma)), rel=1e-14)


def test_gradient_of_the_total_error_is_eight_times_the_gradient(place):
    parameters, sigma = place
    passed = propagation.forward(UNIT, parameters, X)
    gradient = propagation.backward(UNIT, parameters, passed, Y).gradients[0][0]
    assert 8 * gradient[:, 0] == pytest.approx([float(s) for s in slope(sigma)], rel=1e-14)


@pytest.mark.parametrize(
    ("rows", "alpha"),
    [([0, 1, 2, 3], 0.1), ([2], 1 / 3), ([1, 3], 0.25)],
    ids=["gradient descent", "stochastic", "mini-batch"],
)
def test_one_step_of_each_kind_of_descent(place, rows, alpha):
    """w - alpha sum_{j in B} grad e_j: the rate in lamina is 2 B alpha."""
    parameters, sigma = place
    w, rule = parameters[0][0], GradientDescent().kind
    taken = training.step(
        UNIT,
        rule,
        parameters,
        training.zero_slots(rule, parameters),
        (X[rows], Y[rows], None),
        rule.scalars(1, 2 * len(rows) * alpha),
    )
    expected = w[:, 0] - alpha * np.array([float(s) for s in slope(sigma, rows)])
    assert taken.parameters[0][0][:, 0] == pytest.approx(expected, rel=1e-14)
    assert 2 * len(rows) * taken.loss == pytest.approx(float(error(sigma, rows)), rel=1e-14)


def test_stochastic_descent_with_robbins_monro_steps_by_hand():
    """gamma_k = 1 / (k + 1) from w = 0, samples 3 and then 4 of the note; 2 B gamma with B = 1.

    First: -2 (0 - 1/2) 1/4 (4, 4) = (1, 1), so w = (-1, -1). Then w . x = 3 for x = (2, -5):
    grad = 2 s^2 (1 - s) x with s = sigma(3), times gamma = 1/2.
    """
    rule = GradientDescent().kind
    scalars = [rule.scalars(k + 1, 2 / (k + 1)) for k in range(2)]
    batches = [(X[2:3], Y[2:3], None), (X[3:], Y[3:], None)]
    start = [(np.zeros((2, 1)), np.zeros(1))]
    # A bias would take part in the second step: it is held at 0 by undoing its update.
    first, _ = training.descend(UNIT, rule, start, batches[:1], scalars[:1])
    assert first[0][0][:, 0].tolist() == [-1.0, -1.0]
    again = [(first[0][0], np.zeros(1))]
    second, _ = training.descend(UNIT, rule, again, batches[1:], scalars[1:])
    s = 1 / (1 + np.exp(-3))
    expected = np.array([-1.0, -1.0]) - 0.5 * 2 * s * s * (1 - s) * np.array([2.0, -5.0])
    assert second[0][0][:, 0] == pytest.approx(expected, rel=1e-14)


def test_note_002_sigmoid_neuron_has_the_gradient_of_half_the_square():
    """Its (f - y) f (1 - f) x belongs to half of (y - f)^2: x = 2, w x + b = ln 3, y = 0, f = 3/4.

    dw = 3/4 * 3/16 * 2 = 9/32 and db = 9/64; for (y - f)^2 itself both are twice that.
    """
    unit = Network(1, [Dense(1)], "logistic", "squared_error")
    parameters = [(np.array([[0.5]]), np.array([log(3) - 1.0]))]
    passed = propagation.forward(unit, parameters, np.array([[2.0]]))
    back = propagation.backward(unit, parameters, passed, np.zeros((1, 1)))
    assert back.loss[0] == pytest.approx(9 / 32, rel=1e-15)
    assert back.gradients[0][0][0, 0] == pytest.approx(9 / 32, rel=1e-15)
    assert back.gradients[0][1][0] == pytest.approx(9 / 64, rel=1e-15)


SHARES = np.array([[log(1), log(2), log(5)]])  # softmax: 1/8, 2/8, 5/8


@pytest.mark.parametrize("label", [0, 1, 2])
def test_note_002_softmax_and_cross_entropy(label):
    """L = -ln yhat_l and dL/da_L = -(e_l - yhat), reached through dL/dyhat = -e_l / yhat_l."""
    y_hat = [Fraction(1, 8), Fraction(2, 8), Fraction(5, 8)]
    e = [int(i == label) for i in range(3)]
    # dyhat_l / da_i = yhat_l (1_{i=l} - yhat_i)
    chain = [-1 / y_hat[label] * y_hat[label] * (e[i] - y_hat[i]) for i in range(3)]
    head = losses.head("softmax", "cross_entropy")
    y = np.array([e], dtype=float)
    assert head.value(SHARES, y)[0] == pytest.approx(log(8) - log([1, 2, 5][label]), rel=1e-15)
    assert head.delta(SHARES, y)[0] == pytest.approx([float(c) for c in chain], rel=1e-15)


def test_note_002_its_formula_with_one_minus_y_is_not_the_softmax_loss():
    """-sum [y ln p + (1 - y) ln(1 - p)] over a softmax has other values and another gradient."""
    y = np.array([[0.0, 0.0, 1.0]])
    p = np.exp(SHARES) / np.exp(SHARES).sum()
    written = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()
    assert written == pytest.approx(log(8 / 5) + log(8 / 7) + log(4 / 3), rel=1e-14)
    assert losses.cross_entropy(SHARES, y)[0] == pytest.approx(log(8 / 5), rel=1e-14)
    # It is binary cross-entropy of logistic outputs with the same p.
    z = np.log(p / (1 - p))
    assert losses.binary_cross_entropy(z, y)[0] == pytest.approx(written, rel=1e-14)


def test_note_002_backward_pass_reaches_the_last_layer_too():
    """Its algorithm 6 counts k from L - 1, which leaves W_L without a gradient: it starts at L."""
    network = Network(2, [Dense(3, "tanh"), Dense(3)], "softmax")
    parameters = network.initialize(0)
    passed = propagation.forward(network, parameters, np.array([[1.0, -0.5]]))
    y = np.array([[0.0, 1.0, 0.0]])
    back = propagation.backward(network, parameters, passed, y)
    outer = np.outer(passed.layers[0].h, passed.prediction - y)
    assert back.gradients[1][0] == pytest.approx(outer, rel=1e-14)
    assert back.gradients[1][1] == pytest.approx((passed.prediction - y)[0], rel=1e-14)
