"""The reference training loop: batch, mini-batch and stochastic descent, against linear algebra
and against scikit-learn's own `fit`."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from lamina import SGD, Adam, Dense, GradientDescent, Nesterov, Network, WeightDecay
from lamina.plan import Clock
from lamina.spec import training

RATE = 0.05


def least_squares(seed=0, n=30):
    """Return X with a column of ones' worth of bias, y, and the network of a linear model."""
    random = np.random.RandomState(seed)
    x = random.normal(size=(n, 3))
    return x, x @ [[1.0], [-2.0], [0.5]] + 0.3 + random.normal(size=(n, 1)), Network(3, [Dense(1)])


def rates(rule, rate, n_steps):
    """Return the scalars of `n_steps` steps at one rate."""
    return [rule.scalars(t, rate, Clock(t - 1, 0, 0, 1)) for t in range(1, n_steps + 1)]


def test_batch_descent_on_a_quadratic_is_a_matrix_power():
    """w_t - w* = (I - eta A)^t (w_0 - w*), A = X^T X / N, bias as a column of ones."""
    x, y, network = least_squares()
    ones = np.hstack([x, np.ones((len(x), 1))])
    a = ones.T @ ones / len(x)
    best = np.linalg.lstsq(ones, y, rcond=None)[0]
    parameters = network.initialize(1)
    start = np.vstack([parameters[0][0], parameters[0][1][None]])
    rule = GradientDescent()
    after, _ = training.descend(
        network, rule.kind, parameters, [(x, y, None)] * 25, rates(rule, RATE, 25)
    )
    expected = best + np.linalg.matrix_power(np.eye(4) - RATE * a, 25) @ (start - best)
    assert np.vstack([after[0][0], after[0][1][None]]) == pytest.approx(expected, rel=1e-12)


def test_batch_descent_with_l2_reaches_the_ridge_solution():
    """The minimum of (sum r^2 / 2 + alpha |w|^2 / 2) / N, bias free: X^T X w + alpha w = X^T y."""
    x, y, network = least_squares()
    alpha = 5.0
    ones = np.hstack([x, np.ones((len(x), 1))])
    best = np.linalg.solve(ones.T @ ones + alpha * np.diag([1, 1, 1, 0.0]), ones.T @ y)
    rule = GradientDescent()
    after, _ = training.descend(
        network,
        rule.kind,
        network.initialize(1),
        [(x, y, None)] * 400,
        rates(rule, 0.5, 400),
        l2=alpha,
    )
    assert np.vstack([after[0][0], after[0][1][None]]) == pytest.approx(best, rel=1e-10)


def test_losses_are_of_the_parameters_before_each_step():
    x, y, network = least_squares()
    parameters, rule = network.initialize(1), GradientDescent()
    after, losses = training.descend(
        network, rule.kind, parameters, [(x, y, None)] * 2, rates(rule, RATE, 2), l2=1.0
    )
    w, b = parameters[0]
    first = 0.5 * np.mean((x @ w + b - y) ** 2) + 0.5 * np.sum(w**2) / len(x)
    assert losses[0] == pytest.approx(first, rel=1e-14)
    assert losses[1] < losses[0]
    assert len(after) == 1


@pytest.mark.parametrize("batch_size", [1, 7, 30], ids=["stochastic", "mini-batch", "batch"])
@pytest.mark.parametrize("solver", ["sgd", "plain sgd", "adam"])
def test_three_epochs_give_sklearns_weights(solver, batch_size):
    """`fit` without shuffling, from the same random_state, for all three batch sizes."""
    x, y, _ = least_squares()
    options = {
        "batch_size": batch_size,
        "max_iter": 3,
        "shuffle": False,
        "random_state": 5,
        "alpha": 0.1,
        "learning_rate_init": 0.01,
        "activation": "tanh",
    }
    rule, theirs = {
        "sgd": (SGD(0.9), {"solver": "sgd"}),
        "plain sgd": (
            SGD(0.0, False),
            {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False},
        ),
        "adam": (Adam(corrected=False), {"solver": "adam"}),
    }[solver]
    model = MLPRegressor(hidden_layer_sizes=(4,), **options, **theirs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y[:, 0])
    network = Network.mlp(3, [4], 1, activation="tanh")
    starts = [*range(0, 30, batch_size)] * 3
    batches = [(x[s : s + batch_size], y[s : s + batch_size], None) for s in starts]
    after, losses = training.descend(
        network, rule.kind, network.initialize(5), batches, rates(rule, 0.01, len(batches)), l2=0.1
    )
    for (w, b), coef, intercept in zip(after, model.coefs_, model.intercepts_, strict=True):
        assert w == pytest.approx(coef, rel=1e-10, abs=1e-12)
        assert b == pytest.approx(intercept, rel=1e-10, abs=1e-12)
    sizes = [len(batch[0]) for batch in batches]
    last = slice(-len(batches) // 3, None)
    epoch = np.average(losses[last], weights=sizes[last])
    assert epoch == pytest.approx(model.loss_, rel=1e-10)


def test_weighted_epochs_give_sklearns_weights():
    random = np.random.RandomState(8)
    x, labels = random.normal(size=(24, 3)), np.arange(24) % 3
    weights = random.uniform(0.1, 3, size=24)
    model = MLPClassifier(
        (5,),
        batch_size=24,
        max_iter=4,
        shuffle=False,
        random_state=2,
        solver="sgd",
        alpha=0.2,
        learning_rate_init=0.3,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, labels, sample_weight=weights)
    network = Network.mlp(3, [5], 3, output="softmax")
    batch, rule = (x, np.eye(3)[labels], weights), SGD()
    after, _ = training.descend(
        network, rule.kind, network.initialize(2), [batch] * 4, rates(rule, 0.3, 4), l2=0.2
    )
    for (w, _), coef in zip(after, model.coefs_, strict=True):
        assert w == pytest.approx(coef, rel=1e-10, abs=1e-12)


def test_a_batch_of_no_weight_changes_nothing():
    x, y, network = least_squares()
    parameters, rule = network.initialize(0), SGD()
    slots = training.zero_slots(rule.kind, parameters)
    taken = training.step(
        network, rule.kind, parameters, slots, (x, y, np.zeros(30)), rates(rule, 0.1, 1)[0]
    )
    assert (taken.loss, taken.penalty) == (0.0, 0.0)
    np.testing.assert_array_equal(taken.parameters[0][0], parameters[0][0])


def test_weight_decay_shrinks_weights_and_spares_biases():
    """At a stationary point only the decay acts: w <- (1 - eta lambda) w."""
    network = Network(2, [Dense(1)])
    w, b = np.array([[1.0], [-2.0]]), np.array([0.5])
    x = np.array([[1.0, 1.0], [2.0, -1.0]])
    rule = WeightDecay(GradientDescent(), 0.25)
    taken = training.step(
        network,
        rule.kind,
        [(w, b)],
        [[(), ()]],
        (x, x @ w + b, None),
        rates(rule, 0.5, 1)[0],
        rule.keep(0.5, Clock(0, 0, 0, 1)),
    )
    np.testing.assert_array_equal(taken.parameters[0][0], 0.875 * w)
    np.testing.assert_array_equal(taken.parameters[0][1], b)


def test_nesterov_takes_its_gradient_at_the_look_ahead_point():
    """On loss = w^2 / 2 (x = 1, y = 0, no bias moved): u = beta u + (w - eta beta u), by hand.

    w = 1, u = 1/2, eta = 1/4, beta = 1/2: point 15/16, u = 1/4 + 15/16 = 19/16, w = 1 - 19/64.
    """
    network, rule = Network(1, [Dense(1)]), Nesterov(0.5)
    parameters = [(np.ones((1, 1)), np.zeros(1))]
    slots = [[(np.full((1, 1), 0.5),), (np.zeros(1),)]]
    batch = (np.ones((1, 1)), np.zeros((1, 1)), None)
    taken = training.step(network, rule.kind, parameters, slots, batch, rates(rule, 0.25, 1)[0])
    assert taken.slots[0][0][0] == 19 / 16
    assert taken.parameters[0][0] == 1 - 19 / 64
    assert taken.loss == 0.5 * (15 / 16) ** 2  # of the point at which the gradient was taken


def test_slots_start_at_zero_in_the_shape_and_dtype_of_the_parameters():
    network = Network.mlp(3, [4], 2)
    parameters = network.initialize(0, np.float32)
    slots = training.zero_slots(Adam().kind, parameters)
    for own, states in zip(parameters, slots, strict=True):
        for p, state in zip(own, states, strict=True):
            assert [(s.shape, s.dtype, s.any()) for s in state] == [(p.shape, p.dtype, False)] * 2
