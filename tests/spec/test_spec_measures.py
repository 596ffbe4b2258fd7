"""What a step reveals, against samples one by one, finite differences and plain statistics."""

import statistics

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lamina import GradientDescent, Network
from lamina.plan import LeakyReLU
from lamina.spec import losses
from lamina.spec import network as propagation
from lamina.spec.activations import ACTIVATIONS
from lamina.spec.measures import FLAT, NUMBERS, UNITS
from lamina.spec.regularization import Draws, Penalties
from lamina.spec.training import step, zero_slots

RATE, H = 0.1, 1e-6
NETWORK = Network.mlp(3, [5, 4], 2, activation=["tanh", "silu"], output="softmax")


def batch(network=NETWORK, n=7, seed=0):
    """Return parameters, and x and y of n samples."""
    random = np.random.RandomState(seed)
    y = np.eye(network.n_outputs)[random.randint(network.n_outputs, size=n)]
    return network.initialize(random), random.normal(size=(n, network.n_inputs)), y


def measured(network, parameters, x, y, weights=None, factors=None, keep=1.0, **options):
    """Take a step of gradient descent; return its measures and the parameters after it."""
    rule = GradientDescent()
    scalars = rule.kind.Scalars(RATE)
    slots = zero_slots(rule.kind, parameters)
    own = x, y, weights, factors
    taken = step(
        network, rule.kind, parameters, slots, own, scalars, keep, measured=True, **options
    )
    return taken.measures, taken.parameters


def number(seen, name):
    return seen.numbers[:, NUMBERS.index(name)]


def unit(seen, name, layer):
    return seen.units[layer][UNITS.index(name)]


def mean_loss(network, parameters, x, y):
    """Return the mean loss of predictions, from the head's value alone."""
    head = losses.head(network.output, network.loss_name)
    z = propagation.forward(network, parameters, x).layers[-1].h
    return float(head.value(z, y, **network.loss_options).mean())


def slopes_of_loss(network, parameters, x, y, layer, part):
    """Return the derivatives of the mean loss by a parameter, by central differences."""
    found = np.empty_like(parameters[layer][part])
    for place in np.ndindex(found.shape):
        sides = []
        for sign in (1, -1):
            moved = [tuple(p.copy() for p in own) for own in parameters]
            moved[layer][part][place] += sign * H
            sides.append(mean_loss(network, moved, x, y))
        found[place] = (sides[0] - sides[1]) / (2 * H)
    return found


def test_gradients_are_slopes_of_the_loss():
    parameters, x, y = batch()
    seen, _ = measured(NETWORK, parameters, x, y)
    for part, name in enumerate(("gradient", "bias_gradient")):
        for layer, own in enumerate(number(seen, name)):
            slopes = slopes_of_loss(NETWORK, parameters, x, y, layer, part)
            assert own == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_sample_gradients_are_those_of_samples_one_by_one():
    parameters, x, y = batch()
    seen, _ = measured(NETWORK, parameters, x, y)
    alone = propagation.per_sample_gradients(NETWORK, parameters, x, y)
    for layer, own in enumerate(number(seen, "sample_gradient")):
        squares = [sum(np.linalg.norm(g) ** 2 for g in sample[layer]) for sample in alone]
        assert own == pytest.approx(np.sqrt(statistics.fmean(squares)), rel=1e-12)


def test_backflow_is_the_slope_of_a_samples_loss_by_what_leaves_the_layer():
    parameters, x, y = batch()
    seen, _ = measured(NETWORK, parameters, x, y)
    passed = propagation.forward(NETWORK, parameters, x)
    for layer in range(2):
        above = Network(NETWORK.layers[layer].units, NETWORK.layers[layer + 1 :], "softmax")
        lengths = []
        for h, target in zip(passed.layers[layer].h, y, strict=True):
            sides = [
                [
                    mean_loss(above, parameters[layer + 1 :], row[None], target[None])
                    for row in moved
                ]
                for moved in (h + H * np.eye(len(h)), h - H * np.eye(len(h)))
            ]
            lengths.append(np.linalg.norm(np.subtract(*sides)) / (2 * H))
        own = number(seen, "backflow")[layer]
        assert own == pytest.approx(statistics.fmean(lengths), rel=1e-6)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, LeakyReLU(0.3), "prelu"])
def test_slopes_and_flat_units_are_those_of_the_activation(activation):
    network = Network.mlp(3, [6], 2, activation=activation)
    parameters, x, y = batch(network, 9)
    seen, _ = measured(network, parameters, 3 * x, y)

    def h(nudge):
        moved = [(parameters[0][0], parameters[0][1] + nudge, *parameters[0][2:]), parameters[1]]
        return propagation.forward(network, moved, 3 * x).layers[0].h

    slopes = abs(h(H) - h(-H)) / (2 * H)
    own = number(seen, "slope")
    assert own[0] == pytest.approx(statistics.fmean(slopes.max(axis=1)), rel=1e-6)
    assert own[1] == 1
    np.testing.assert_array_equal(unit(seen, "flat", 0), (slopes < FLAT - 1e-8).mean(axis=0))
    assert not unit(seen, "flat", 1).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_slope_of_a_hundredth_is_not_flat(dtype):
    network = Network.mlp(1, [1], 1, activation=LeakyReLU(FLAT))
    parameters = [tuple(abs(p).astype(dtype) for p in own) for own in network.initialize(0)]
    x = -np.ones((2, 1), dtype)
    parameters[0][1][:] = 0
    seen, _ = measured(network, parameters, x, x)
    assert unit(seen, "flat", 0) == [0]


def test_units_have_the_statistics_of_their_outputs():
    parameters, x, y = batch()
    seen, _ = measured(NETWORK, parameters, x, y)
    passed = propagation.forward(NETWORK, parameters, x)
    alone = propagation.per_sample_gradients(NETWORK, parameters, x, y)
    for layer, trace in enumerate(passed.layers):
        for j, h in enumerate(trace.h.T.tolist()):
            assert unit(seen, "mean", layer)[j] == pytest.approx(statistics.fmean(h), rel=1e-12)
            deviation = statistics.pstdev(h)
            assert unit(seen, "deviation", layer)[j] == pytest.approx(deviation, rel=1e-12)
            squares = [sample[layer][1][j] ** 2 for sample in alone]  # a bias' gradient is delta
            signal = np.sqrt(statistics.fmean(squares))
            assert unit(seen, "signal", layer)[j] == pytest.approx(signal, rel=1e-12)


def test_lengths_of_inputs_weights_and_updates():
    parameters, x, y = batch()
    seen, after = measured(NETWORK, parameters, x, y)
    lengths = [np.linalg.norm(row) for row in x]
    assert number(seen, "input")[0] == pytest.approx(statistics.fmean(lengths), rel=1e-12)
    frobenius = [np.linalg.norm(own[0]) for own in parameters]
    assert number(seen, "weight") == pytest.approx(frobenius, rel=1e-12)
    # a step of gradient descent is the learning rate times the gradient
    assert number(seen, "update") == pytest.approx(RATE * number(seen, "gradient"), rel=1e-12)
    moved = [np.linalg.norm(b[0] - a[0]) for a, b in zip(parameters, after, strict=True)]
    assert number(seen, "update") == pytest.approx(moved, rel=1e-12)


def test_decay_and_bounds_are_part_of_the_update_and_not_of_the_gradient():
    parameters, x, y = batch()
    plain, _ = measured(NETWORK, parameters, x, y)
    own = Penalties(max_norm=0.5, clip_norm=0.01, l1=0.1)
    seen, after = measured(NETWORK, parameters, x, y, keep=0.9, l2=2.0, penalties=own)
    np.testing.assert_array_equal(seen.numbers[:, :8], plain.numbers[:, :8])
    moved = [np.linalg.norm(b[0] - a[0]) for a, b in zip(parameters, after, strict=True)]
    assert number(seen, "update") == pytest.approx(moved, rel=1e-12)
    assert (number(seen, "update") > 2 * number(plain, "update")).all()


def test_whole_weights_are_repeated_samples():
    parameters, x, y = batch()
    counts = np.array([2, 0, 1, 3, 1, 1, 5])
    seen, _ = measured(NETWORK, parameters, x, y, counts.astype(float))
    repeated, _ = measured(NETWORK, parameters, *(np.repeat(a, counts, axis=0) for a in (x, y)))
    for name in ("gradient", "bias_gradient", "backflow", "bound", "update"):
        np.testing.assert_allclose(number(seen, name), number(repeated, name), rtol=1e-12)
    factors = np.full(7, 3.0)
    scaled, _ = measured(NETWORK, parameters, x, y, counts.astype(float), factors)
    for name in ("gradient", "bias_gradient", "sample_gradient", "backflow", "bound"):
        np.testing.assert_allclose(number(scaled, name), 3 * number(seen, name), rtol=1e-12)


def test_dropout_counts_as_part_of_the_activation():
    network = Network.mlp(3, [64], 2)  # relu: h after dropout is 0 where it has no slope, and
    parameters, x, y = batch(network, 40)  # the slope elsewhere is what it is multiplied by
    seen, _ = measured(network, parameters, x, y, draws=Draws(1, 0, 0.0, [0.0, 0.75]))
    plain, _ = measured(network, parameters, x, y)
    assert number(seen, "slope")[0] == pytest.approx(4)
    assert unit(seen, "flat", 0).mean() > unit(plain, "flat", 0).mean() + 0.2
    # mean of squares of the units is that of the rows that enter the next layer
    squares = (unit(seen, "mean", 0) ** 2 + unit(seen, "deviation", 0) ** 2).sum()
    assert number(seen, "input")[1] <= np.sqrt(squares) < 1.5 * number(seen, "input")[1]


def test_sparse_and_dense_inputs_agree():
    parameters, x, y = batch()
    x[np.random.RandomState(0).uniform(size=x.shape) < 0.5] = 0
    dense, _ = measured(NETWORK, parameters, x, y)
    sparse, _ = measured(NETWORK, parameters, scipy.sparse.csr_array(x), y)
    np.testing.assert_allclose(sparse.numbers, dense.numbers, rtol=1e-12)


def test_a_batch_without_weight_reveals_nothing():
    parameters, x, y = batch()
    assert measured(NETWORK, parameters, x, y, np.zeros(7))[0] is None


FINITE = {"allow_nan": False, "allow_infinity": False}


@given(
    x=arrays(float, (4, 3), elements=st.floats(-10, 10, **FINITE)),
    weights=arrays(float, 4, elements=st.floats(0.01, 3)),
    seed=st.integers(0, 100),
    activations=st.lists(st.sampled_from(list(ACTIVATIONS)), min_size=1, max_size=3),
    dropout=st.sampled_from([0.0, 0.4]),
)
def test_the_bound_bounds_the_gradient(x, weights, seed, activations, dropout):
    network = Network.mlp(3, [4] * len(activations), 2, activation=activations, output="softmax")
    random = np.random.RandomState(seed)
    parameters = [tuple(0.3 * p for p in own) for own in network.initialize(random)]
    y = np.eye(2)[random.randint(2, size=4)]
    draws = Draws(seed, 0, 0.0, [dropout] * (1 + len(activations)))
    with np.errstate(over="ignore", invalid="ignore"):
        seen, _ = measured(network, parameters, x, y, weights, draws=draws)
    gradient, bound = number(seen, "gradient"), number(seen, "bound")
    finite = np.isfinite(bound) & np.isfinite(gradient)
    assert (gradient <= bound * (1 + 1e-9))[finite].all()
    product = number(seen, "slope") * number(seen, "backflow") * number(seen, "input")
    assert (bound[finite] >= 0).all() and (product[finite] >= 0).all()
