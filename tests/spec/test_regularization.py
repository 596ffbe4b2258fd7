"""Dropout, noise, penalties, clipping and max-norm: PyTorch (stored), differences, statistics."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from lamina import Adam, AdamW, Dense, GradientDescent, Momentum, Network
from lamina.plan import Clock
from lamina.spec import draws, losses, regularization, training
from lamina.spec import network as propagation
from lamina.spec.regularization import Draws, Penalties

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "regularization.json").read_text())
STEPS = sorted(name for name in GOLDENS if " with " in name)
RULES = {"gradient_descent": GradientDescent, "momentum": Momentum, "adam": Adam, "adamw": AdamW}


# Dropout


@pytest.mark.parametrize(
    ("probability", "parts"),
    [(0.0, 0), (0.5, 32768), (0.1, 6554), (1e-6, 0), (1e-5, 1), (0.999999999, 65535)],
)
def test_a_probability_is_rounded_to_parts_of_65536_and_never_all(probability, parts):
    assert regularization.dropout_threshold(probability) == parts


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_as_many_units_are_dropped_as_asked_and_the_mean_stays(probability):
    n, d = 3000, 200
    mask = regularization.dropout_mask(7, 1, 11, (n, d), probability, np.float64)
    rounded = regularization.dropout_threshold(probability) / 65536
    assert rounded == pytest.approx(probability, abs=2**-17)
    spread = math.sqrt(rounded * (1 - rounded) / (n * d))
    assert (mask == 0).mean() == pytest.approx(rounded, abs=4 * spread)
    kept = np.unique(mask[mask > 0])
    assert kept == pytest.approx([1 / (1 - rounded)], rel=1e-15)
    h = np.random.RandomState(0).normal(size=(n, d)) + 3
    mean = regularization.drop(h, mask).mean()
    assert mean == pytest.approx(h.mean(), abs=4 * math.sqrt((h**2).mean()) * kept[0] * spread)


def test_dropout_is_unbiased_for_each_unit_over_the_steps():
    """The mean of h mask over many steps is h, unit by unit."""
    h = np.random.RandomState(1).normal(size=(4, 6))
    masks = [regularization.dropout_mask(3, 0, t, h.shape, 0.3, np.float64) for t in range(20_000)]
    mean = np.mean([h * mask for mask in masks], axis=0)
    spread = np.abs(h) * math.sqrt(0.3 / 0.7 / 20_000)
    assert (np.abs(mean - h) < 4.5 * spread).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mask_has_the_dtype_asked_for(dtype):
    mask = regularization.dropout_mask(0, 1, 0, (3, 40), 0.5, dtype)
    assert mask.dtype == dtype
    assert set(np.unique(mask)) == {0, 2}
    h = np.ones((3, 40), dtype)
    assert regularization.drop(h, mask).dtype == dtype
    assert regularization.drop(h, None) is h


def test_what_is_dropped_is_zero_whatever_it_was():
    h = np.array([[np.inf, -np.inf, np.nan, -2.0]])
    mask = np.array([[0.0, 0.0, 0.0, 2.0]])
    np.testing.assert_array_equal(regularization.drop(h, mask), [[0, 0, 0, -4]])


def dropping(dropout=(0.25, 0.5, 0.25), noise=0.0, step=5):
    """Return a network of two hidden layers, its parameters, a batch, and draws for a step."""
    random = np.random.RandomState(2)
    network = Network(3, [Dense(6, "tanh"), Dense(5, "gelu"), Dense(2)])
    x, y = random.normal(size=(8, 3)), random.normal(size=(8, 2))
    weights = random.uniform(0.5, 2, size=8)
    return network, network.initialize(random), (x, y, weights), Draws(9, step, noise, dropout)


def test_masks_are_of_the_inputs_and_of_each_hidden_layer_and_change_with_the_step():
    network, _, (x, *_), own = dropping()
    masks = propagation.dropout_masks(network, own, x)
    assert [mask.shape for mask in masks] == [(8, 3), (8, 6), (8, 5)]
    for layer, mask in enumerate(masks):
        expected = regularization.dropout_mask(
            9, layer, 5, mask.shape, own.dropout[layer], np.float64
        )
        np.testing.assert_array_equal(mask, expected)
    after = propagation.dropout_masks(network, own._replace(step=6), x)
    assert any((a != b).any() for a, b in zip(masks, after, strict=True))
    assert propagation.dropout_masks(network, own._replace(dropout=(0.0, 0.0, 0.0)), x) is None
    assert propagation.dropout_masks(network, Draws(), x) is None


def test_the_output_is_that_of_a_network_without_the_dropped_units():
    """Dropping a unit is taking its row out of the next layer's weights, sample by sample."""
    network, parameters, (x, *_), own = dropping()
    masks = propagation.dropout_masks(network, own, x)
    passed = propagation.forward(network, parameters, x, masks)
    for i in range(len(x)):
        thinned = [
            (np.diag(mask[i]) @ w, b) for mask, (w, b) in zip(masks, parameters, strict=True)
        ]
        expected = propagation.predict(network, thinned, x[i : i + 1])
        assert passed.prediction[i : i + 1] == pytest.approx(expected, rel=1e-12, abs=1e-14)
    np.testing.assert_array_equal(passed.inputs[1][masks[1] == 0], 0)


def objective(network, point, batch, masks, alpha, own):
    """Return data loss plus penalties, written out, for the same masks."""
    x, y, weights = batch
    passed = propagation.forward(network, point, x, masks)
    head = losses.head(network.output, network.loss_name)
    per_sample = head.value(passed.layers[-1].h, y, **network.loss_options)
    squares = sum((w**2).sum() for w, _ in point)
    data = (weights @ per_sample + 0.5 * alpha * squares) / weights.sum()
    return data + 0.5 * own.l2 * squares + own.l1 * sum(np.abs(w).sum() for w, _ in point)


def test_a_step_with_dropout_and_penalties_follows_the_differences_of_the_same_masks():
    network, parameters, batch, own = dropping()
    penalties, rate = Penalties(l1=0.03, l2=0.2), 0.5
    slots = training.zero_slots(GradientDescent.kind, parameters)
    scalars = GradientDescent().scalars(1, rate, Clock(0, 0, 0, 1))
    taken = training.step(
        network, GradientDescent.kind, parameters, slots, batch, scalars, 1.0, 0.4, penalties, own
    )
    masks = propagation.dropout_masks(network, own, batch[0])
    value = objective(network, parameters, batch, masks, 0.4, penalties)
    assert taken.loss + taken.penalty == pytest.approx(value, rel=1e-13)
    for before, after in zip(parameters, taken.parameters, strict=True):
        for array, moved in zip(before, after, strict=True):
            gradient = (array - moved) / rate
            for index in np.ndindex(*array.shape):
                kept, sides = array[index], []
                for h in (1e-5, -1e-5):
                    array[index] = kept + h
                    sides.append(objective(network, parameters, batch, masks, 0.4, penalties))
                array[index] = kept
                slope = (sides[0] - sides[1]) / 2e-5
                assert gradient[index] == pytest.approx(slope, rel=1e-7, abs=1e-9)


def test_the_same_step_draws_the_same_and_another_step_or_seed_does_not():
    network, parameters, batch, own = dropping(noise=0.3)
    slots = training.zero_slots(GradientDescent.kind, parameters)
    scalars = GradientDescent().scalars(1, 0.1, Clock(0, 0, 0, 1))

    def loss(own):
        return training.step(
            network, GradientDescent.kind, parameters, slots, batch, scalars, draws=own
        ).loss

    assert loss(own) == loss(own)
    others = [own._replace(step=6), own._replace(seed=10), own._replace(noise=0.2)]
    assert len({loss(own), *(loss(other) for other in others)}) == 4


def test_without_draws_nothing_changes():
    network, parameters, batch, _ = dropping()
    slots = training.zero_slots(GradientDescent.kind, parameters)
    scalars = GradientDescent().scalars(1, 0.1, Clock(0, 0, 0, 1))
    arguments = network, GradientDescent.kind, parameters, slots, batch, scalars, 0.9, 0.4
    plain, same = (
        training.step(*arguments),
        training.step(*arguments, Penalties(), Draws(5, 7, 0.0, (0.0, 0.0, 0.0))),
    )
    assert plain[:2] == same[:2]
    for own, other in zip(plain.parameters, same.parameters, strict=True):
        np.testing.assert_array_equal(own[0], other[0])


# Noise


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_has_the_standard_deviation_asked_for(dtype):
    x = np.full((2000, 100), 4.0, dtype)
    noisy = regularization.noisy(x, Draws(1, 2, 0.25))
    assert noisy.dtype == dtype
    drift = (noisy.astype(float) - 4) / 0.25
    n = drift.size
    assert drift.mean() == pytest.approx(0, abs=4 / math.sqrt(n))
    assert drift.std() == pytest.approx(1, abs=4 / math.sqrt(2 * n))
    assert (drift != 0).mean() > 0.999
    assert regularization.noisy(x, Draws(1, 2)) is x
    assert (x == 4).all()


def test_noise_is_of_its_own_stream_and_step():
    x = np.zeros((50, 20))
    own = regularization.noisy(x, Draws(1, 2, 1.0))
    np.testing.assert_array_equal(own, draws.normals(draws.keys(1, draws.NOISE, 2, 50), 20))
    other = regularization.noisy(x, Draws(1, 3, 1.0))
    assert abs(np.corrcoef(own.ravel(), other.ravel())[0, 1]) < 4 / math.sqrt(own.size)


# Penalties


def test_the_gradient_of_the_penalties_is_their_slope():
    w = np.random.RandomState(3).normal(size=(4, 3))
    own = Penalties(l1=0.3, l2=0.7)

    def penalty(w):
        return regularization.l1_penalty([(w,)], own.l1) + propagation.penalty([(w,)], own.l2)

    gradient = regularization.penalised(np.zeros_like(w), w, own)
    for index in np.ndindex(*w.shape):
        moved = np.zeros_like(w)
        moved[index] = 1e-6
        slope = (penalty(w + moved) - penalty(w - moved)) / 2e-6
        assert gradient[index] == pytest.approx(slope, rel=1e-8)
    assert regularization.penalised(w, w, Penalties()) is w


def test_l1_is_the_sum_of_absolute_weights_without_biases():
    parameters = [(np.array([[1.0, -2.0]]), np.array([5.0, 7.0])), (np.array([[3.0]]), np.ones(1))]
    assert regularization.l1_penalty(parameters, 0.5) == 3.0
    assert regularization.l1_penalty(parameters, 0) == 0.0
    assert regularization.penalised(np.ones(1), np.zeros(1), Penalties(l1=0.5)).tolist() == [1.0]


def test_l1_leads_to_the_soft_threshold():
    """The minimum of ½ (w - b)^2 + l1 |w| is b drawn towards 0 by l1."""
    w, wanted, own = np.zeros((1, 4)), np.array([[2.0, -1.0, 0.3, -0.2]]), Penalties(l1=0.5)
    for _ in range(4000):
        w = w - 1e-3 * regularization.penalised(w - wanted, w, own)
    soft = np.sign(wanted) * np.maximum(np.abs(wanted) - 0.5, 0)
    assert w == pytest.approx(soft, abs=0.03)


@pytest.mark.parametrize("batch_size", [1, 4, 16])
def test_a_penalty_means_the_same_for_every_batch_size(batch_size):
    """Where the data gradient is 0, a step shrinks the weights alike; alpha does not."""
    network, rule = Network(2, [Dense(1)]), GradientDescent()
    w, b = np.array([[1.0], [-2.0]]), np.array([0.5])
    x = np.random.RandomState(0).normal(size=(batch_size, 2))
    taken = training.step(
        network,
        rule.kind,
        [(w, b)],
        [[(), ()]],
        (x, x @ w + b, None),
        rule.scalars(1, 0.5, Clock(0, 0, 0, 1)),
        penalties=Penalties(l1=0.1, l2=0.2),
    )
    assert taken.parameters[0][0] == pytest.approx(
        w - 0.5 * (0.1 * np.sign(w) + 0.2 * w), rel=1e-13
    )
    np.testing.assert_array_equal(taken.parameters[0][1], b)
    assert taken.penalty == pytest.approx(0.1 * 3 + 0.5 * 0.2 * 5, rel=1e-14)


# Clipping and max-norm


def gradients():
    return [(np.array(g),) for g in GOLDENS["clipped"]["gradients"]]


def test_clipping_by_value_equals_torch():
    case = GOLDENS["clipped"]["value"]
    for (g,), expected in zip(gradients(), case["result"], strict=True):
        clipped = regularization.clip_value(g, case["bound"])
        np.testing.assert_array_equal(clipped, np.array(expected))
        assert regularization.clip_value(g, math.inf) is g


@pytest.mark.parametrize("name", ["norm", "long norm"])
def test_clipping_by_norm_equals_torch(name):
    case = GOLDENS["clipped"][name]
    factor = regularization.clip_factor(gradients(), case["bound"])
    for (g,), expected in zip(gradients(), case["result"], strict=True):
        assert g * factor == pytest.approx(np.array(expected), rel=1e-6)  # torch adds 1e-6
    length = math.sqrt(sum((g * g).sum() for (g,) in gradients()))
    assert factor * length == pytest.approx(min(length, case["bound"]), rel=1e-15)
    assert factor <= 1


def test_a_gradient_of_zero_is_not_clipped():
    assert regularization.clip_factor([(np.zeros((2, 2)), np.zeros(2))], 1.0) == 1.0
    assert regularization.clip_factor(gradients(), math.inf) == 1.0


def test_max_norm_equals_torchs_renorm():
    case = GOLDENS["bounded"]
    w = np.array(case["w"])
    bounded = regularization.max_norm(w, case["bound"])
    assert bounded == pytest.approx(np.array(case["result"]), rel=1e-6)  # torch adds 1e-7
    before, after = (np.linalg.norm(a, axis=0) for a in (w, bounded))
    assert after == pytest.approx(np.minimum(before, case["bound"]), rel=1e-15)
    np.testing.assert_array_equal(
        bounded[:, before <= case["bound"]], w[:, before <= case["bound"]]
    )
    assert (before > case["bound"]).sum() in range(1, 5)
    assert regularization.max_norm(w, math.inf) is w


def test_float32_stays_float32():
    w = np.random.RandomState(0).normal(size=(3, 2)).astype(np.float32)
    own = Penalties(0.1, 0.2, 0.3, 0.4, 0.5)
    for result in (
        regularization.penalised(w, w, own),
        regularization.clip_value(w, 0.3),
        w * regularization.clip_factor([(w,)], 0.4),
        regularization.max_norm(w, 0.5),
    ):
        assert result.dtype == np.float32


# Whole steps


@pytest.mark.parametrize("name", STEPS)
def test_steps_equal_torch(name, monkeypatch):
    """Dropout, penalties, clipping, max-norm and decay together, with PyTorch's own masks."""
    case = GOLDENS[name]
    options = dict(case["options"])
    alpha = options.pop("alpha")
    network = Network(3, [Dense(5, "leaky_relu", slope=0.2), Dense(4, "tanh"), Dense(2)])
    batch = tuple(np.array(case[key]) for key in ("x", "y", "weights"))
    kind = RULES[name.split(" with ")[0]]
    rule = kind(strength=case["decay"]) if kind is AdamW else kind()
    parameters = [tuple(np.array(p) for p in layer) for layer in case["start"]]
    slots = training.zero_slots(rule.kind, parameters)
    for t, expected in enumerate(case["steps"], 1):
        masks = [np.array(mask) for mask in expected["masks"]]
        monkeypatch.setattr(propagation, "dropout_masks", lambda *_, masks=masks: masks)
        clock = Clock(t - 1, 0, 0, 1)
        scalars, keep = rule.scalars(t, case["rate"], clock), rule.keep(case["rate"], clock)
        taken = training.step(
            network,
            rule.kind,
            parameters,
            slots,
            batch,
            rule.kind.Scalars(*(float(np.ravel(value)[0]) for value in scalars)),
            float(keep),
            alpha,
            Penalties(**options),
        )
        parameters, slots = taken.parameters, taken.slots
        assert taken.loss == pytest.approx(expected["loss"], rel=1e-11)
        assert taken.penalty == pytest.approx(expected["penalty"], rel=1e-11)
        for own, theirs in zip(parameters, expected["parameters"], strict=True):
            for array, other in zip(own, theirs, strict=True):
                assert array == pytest.approx(np.array(other), rel=1e-9, abs=1e-12)


def test_the_stored_steps_are_clipped_and_bounded_and_drop():
    """Or they would show nothing."""
    for name in STEPS:
        case, options = GOLDENS[name], GOLDENS[name]["options"]
        lengths = [step["gradient_length"] for step in case["steps"]]
        assert options["clip_norm"] > 1e100 or max(lengths) > options["clip_norm"]
        columns = [np.linalg.norm(np.array(w), axis=0) for w, _ in case["steps"][0]["parameters"]]
        longest = max(c.max() for c in columns)
        assert options["max_norm"] > 1e100 or longest == pytest.approx(options["max_norm"])
        assert all(0 in np.array(m) for m in case["steps"][0]["masks"])
