"""Schedules against PyTorch and optax (stored goldens), SciPy, and the properties they promise."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer
from sklearn.utils import gen_batches

from lamina.spec import schedules

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "schedules.json").read_text())
DIGITS = {"rel": 1e-12, "abs": 1e-15}  # PyTorch's multiply step by step and gather roundings

LINE_OF_40 = {"length": 40, "rise": 0.4, "cosine": False}


def values(function, n, *options, **named):
    return [function(t, *options, **named) for t in range(n)]


@pytest.mark.parametrize(
    ("golden", "function", "options"),
    [
        ("optax constant_schedule", schedules.constant, {}),
        ("torch StepLR", schedules.step_decay, {"every": 5, "factor": 0.5}),
        ("optax exponential_decay staircase", schedules.step_decay, {}),
        ("torch ExponentialLR", schedules.exponential, {"k": 0.07}),
        ("optax exponential_decay", schedules.exponential, {"k": 0.07}),
        ("torch LambdaLR 1/(1+kt)", schedules.inverse_time, {"k": 0.3}),
        ("torch CyclicLR", schedules.triangular, {"low": 0.1, "half": 7}),
        ("torch CosineAnnealingLR", schedules.cosine_restarts, {"low": 0.1, "period": 12}),
        ("optax cosine_decay_schedule", schedules.cosine_restarts, {"low": 0.1, "period": 12}),
        ("optax cosine_decay_schedule and on", schedules.cosine, {"low": 0.1, "length": 12}),
        ("torch OneCycleLR cos", schedules.one_cycle, {"length": 40}),
        ("torch OneCycleLR linear", schedules.one_cycle, LINE_OF_40),
        ("torch OneCycleLR cos of 33", schedules.one_cycle, {"length": 33, "rise": 0.25}),
        ("torch LinearLR", schedules.warm_up, {"steps": 10, "start": 0.25}),
        ("optax linear_schedule", schedules.warm_up, {"steps": 10, "start": 0.25}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_equals_the_librarys(golden, function, options):
    expected = GOLDENS[golden]
    ours = values(function, len(expected), initial=0.8, **options)
    assert ours == pytest.approx(expected, **DIGITS)


def test_cosine_restarts_has_one_step_more_to_a_cycle_than_torch():
    """PyTorch restarts at T and never reaches the low end; the note restarts at T + 1.

    So the k-th value of a cycle is the same for k < T = 12, and lamina adds the low one at k = T.
    """
    theirs = GOLDENS["torch CosineAnnealingWarmRestarts"]
    for t, expected in enumerate(theirs):
        cycle, k = divmod(t, 12)
        ours = schedules.cosine_restarts(cycle * 13 + k, 0.8, 0.1, 12)
        assert ours == pytest.approx(expected, **DIGITS)
    assert schedules.cosine_restarts(12, 0.8, 0.1, 12) == pytest.approx(0.1, rel=1e-15)
    assert schedules.cosine_restarts(13, 0.8, 0.1, 12) == 0.8


@pytest.mark.parametrize(("t", "value"), [(0, 0.8), (2, 0.45), (4, 0.1), (5, 0.8), (7, 0.45)])
def test_cosine_restarts_at_the_angles_one_knows(t, value):
    """T = 4: pi t / 4 is 0, pi / 2 and pi; then 5 % 5 = 0 again."""
    assert schedules.cosine_restarts(t, 0.8, 0.1, 4) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("half", [1, 3, 250, 2.5])
def test_triangular_is_scipys_sawtooth_of_equal_sides(half):
    t = np.arange(40)
    wave = scipy.signal.sawtooth(math.pi * t / half, width=0.5)  # from -1 up to 1 and back
    expected = 0.1 + 0.7 * (wave + 1) / 2
    assert values(schedules.triangular, 40, 0.8, 0.1, half) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("largest", [0.999, 0.995, 0.99, 0.9, 0.0])
def test_momentum_ramp_in_fractions(largest):
    """2^(-1 - log2(n)) = 1 / (2 n): 1/2, 3/4, 5/6, 7/8, ... in blocks of 250 steps.

    The values of `largest` are those that Sutskever et al. (2013) and the note choose from.
    """
    for block in range(600):
        exact = min(1 - Fraction(1, 2 * (block + 1)), Fraction(largest))
        for t in (250 * block, 250 * block + 249):
            assert schedules.momentum_ramp(t, largest) == pytest.approx(float(exact), rel=4e-16)


def test_momentum_ramp_published_milestones():
    ramp = values(lambda b: schedules.momentum_ramp(250 * b, 0.99), 52)
    assert ramp[0] == 0.5
    assert ramp[1] == 0.75
    assert ramp[3] == 0.875
    assert ramp[4] == pytest.approx(0.9, rel=1e-15)
    assert ramp[48] < 0.99
    assert ramp[49:] == pytest.approx([0.99] * 3, rel=1e-15)


@pytest.mark.parametrize("n", [10, 1000, 100_000])
def test_robbins_monro_sums_of_the_typical_choice(n):
    """gamma_k = 1 / (k + 1): the sum is digamma(n + 1) + Euler's constant, past every bound; the

    squares stay below pi^2 / 6.
    """
    gamma = values(schedules.power, n, 1.0, 1.0)
    assert math.fsum(gamma) == pytest.approx(scipy.special.digamma(n + 1) + np.euler_gamma)
    assert math.fsum(gamma) > math.log(n)
    assert math.pi**2 / 6 - 1 / n < math.fsum(g * g for g in gamma) < math.pi**2 / 6


@pytest.mark.parametrize("exponent", [0.51, 0.6, 0.75, 0.9])
def test_robbins_monro_conditions_hold_between_a_half_and_one(exponent):
    """By the integral test the sum passes n^(1 - p); the squares' sum stays below zeta(2 p)."""
    for n in (100, 10_000):
        gamma = values(schedules.power, n, 1.0, exponent)
        assert math.fsum(gamma) > ((n + 1) ** (1 - exponent) - 1) / (1 - exponent)
        assert math.fsum(g * g for g in gamma) < scipy.special.zeta(2 * exponent)


def test_robbins_monro_conditions_fail_outside():
    """At 1/2 the squares' sum diverges as ln n; above 1 the sum itself stays below zeta(p)."""
    half = values(schedules.power, 20_000, 1.0, 0.5)
    steep = values(schedules.power, 20_000, 1.0, 1.5)
    assert math.fsum(g * g for g in half) > math.log(20_000)
    assert math.fsum(steep) < scipy.special.zeta(1.5)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.3])
def test_power_of_the_samples_seen_is_sklearns_invscaling(exponent):
    optimizer = SGDOptimizer([], 0.3, lr_schedule="invscaling", power_t=exponent)
    for seen in (0, 1, 200, 12_345):
        optimizer.iteration_ends(seen)
        rate = pytest.approx(optimizer.learning_rate, rel=1e-14, abs=0)
        assert schedules.power(seen, 0.3, exponent) == rate


@pytest.mark.parametrize(("n", "b", "steps"), [(60, 60, 1), (60, 1, 60), (60, 12, 5), (61, 12, 6)])
def test_steps_per_epoch_of_batch_stochastic_and_mini_batch(n, b, steps):
    """1, N and N / B (note 002, table 5); a last smaller batch counts as a step."""
    assert schedules.steps_per_epoch(n, b) == steps


@given(st.integers(1, 5000), st.integers(1, 600))
def test_steps_per_epoch_is_sklearns_number_of_batches(n, b):
    assert schedules.steps_per_epoch(n, b) == len(list(gen_batches(n, b)))


def test_divide_on_plateau_is_sklearns_adaptive():
    optimizer = SGDOptimizer([], 0.1, lr_schedule="adaptive")
    rate, plateaus = 0.1, 0
    while not optimizer.trigger_stopping("", False):
        rate, plateaus = schedules.divide_on_plateau(rate), plateaus + 1
        assert rate == optimizer.learning_rate
    assert plateaus == 8  # 0.1 / 5^8 = 2.56e-7 is the first at or below 1e-6
    assert schedules.divide_on_plateau(rate) is None


def test_halve_on_rise_follows_the_errors():
    """Errors 5, 4, 4.5, 4.5, 6, 1: a rise at the third and the fifth epoch alone."""
    rate, previous, rates = 0.8, None, []
    for error in (5, 4, 4.5, 4.5, 6, 1):
        rate = schedules.halve_on_rise(rate, error, previous)
        previous = error
        rates.append(rate)
    assert rates == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]


PLATEAUS = {
    "torch ReduceLROnPlateau": {"patience": 5},
    "torch ReduceLROnPlateau cooldown": {
        "factor": 0.3,
        "patience": 2,
        "tol": 0.01,
        "cooldown": 4,
        "smallest": 0.002,
    },
    "torch ReduceLROnPlateau patience 0": {"factor": 0.9, "patience": 0, "tol": 0.0},
}


@pytest.mark.parametrize("golden", sorted(PLATEAUS))
def test_halve_on_plateau_is_torchs(golden):
    rate, rates, memory = 0.8, [], ()
    for error in GOLDENS["errors of the plateaus"]:
        rate, *memory = schedules.halve_on_plateau(rate, error, *memory, **PLATEAUS[golden])
        rates.append(rate)
    assert rates == pytest.approx(GOLDENS[golden], **DIGITS)
    assert len(set(rates)) > 5  # there is something to see


def test_halve_on_plateau_counts_what_is_no_number_as_no_improvement():
    rate, *memory = schedules.halve_on_plateau(0.8, math.nan, 1.0, patience=1)
    assert (rate, memory) == (0.8, [1.0, 1, 0])
    assert schedules.halve_on_plateau(0.8, math.nan, *memory, patience=1)[0] == 0.4


def test_halve_on_plateau_never_raises_a_rate_that_is_small_already():
    assert schedules.halve_on_plateau(0.1, 1.0, 0.5, patience=0, smallest=0.2)[0] == 0.1


@pytest.mark.parametrize("cosine", [True, False])
@pytest.mark.parametrize(("length", "rise"), [(1, 0.3), (2, 0.3), (3, 0.0), (7, 0.99), (1000, 0.3)])
def test_one_cycle_goes_up_to_the_top_and_down_to_the_end_at_any_length(length, rise, cosine):
    cycle = values(schedules.one_cycle, length + 5, 0.8, length, rise, 0.5, 0.25, cosine)
    top = max(range(length), key=cycle.__getitem__)
    assert cycle[: top + 1] == sorted(cycle[: top + 1])
    assert cycle[top:] == sorted(cycle[top:], reverse=True)
    assert cycle[length - 1 :] == [0.2] * 6
    assert 0.2 <= min(cycle) <= max(cycle) <= 0.8


def test_halve_on_rise_is_not_moved_by_nan():
    assert schedules.halve_on_rise(0.8, math.nan, 1.0) == 0.8


@given(st.integers(0, 10_000), st.floats(1e-6, 1e3))
def test_no_schedule_leaves_its_bounds(t, initial):
    low = initial / 4
    for value in (
        schedules.step_decay(t, initial),
        schedules.exponential(t, initial, 0.01),
        schedules.inverse_time(t, initial, 0.01),
        schedules.power(t, initial, 0.7),
        schedules.warm_up(t, initial, 500),
    ):
        assert 0 <= value <= initial
    top = initial * (1 + 1e-15)
    assert low * (1 - 1e-15) <= schedules.triangular(t, initial, low, 37) <= top
    assert low * (1 - 1e-15) <= schedules.cosine_restarts(t, initial, low, 41) <= top
