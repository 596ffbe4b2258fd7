"""Schedules of a plan: against PyTorch and optax (stored goldens), in epochs, after one another."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from lamina import (
    Adaptive,
    ArgumentError,
    Constant,
    CosineRestarts,
    Exponential,
    HalveOnRise,
    InverseScaling,
    InverseTime,
    MomentumRamp,
    RobbinsMonro,
    StepDecay,
    Triangular,
    WarmUp,
)
from lamina.plan import Clock, over_epoch

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "schedules.json").read_text())
DIGITS = {"rel": 1e-12, "abs": 1e-15}

BY_LIBRARY = {
    "torch StepLR": StepDecay(initial=0.8, every=5, factor=0.5),
    "torch ExponentialLR": Exponential(initial=0.8, k=0.07),
    "torch LambdaLR 1/(1+kt)": InverseTime(initial=0.8, k=0.3),
    "torch CyclicLR": Triangular(initial=0.8, low=0.1, half=7),
    "torch CosineAnnealingLR": CosineRestarts(initial=0.8, low=0.1, period=12),
    "torch LinearLR": WarmUp(initial=0.8, steps=10, start=0.25),
    "torch SequentialLR": WarmUp(initial=0.8, steps=10, start=0.25, then=Exponential(k=0.07)),
    "optax constant_schedule": Constant(initial=0.8),
    "optax warmup_cosine_decay_schedule": WarmUp(
        initial=0.8, steps=6, then=CosineRestarts(low=0.1, period=12)
    ),
}
CHANGING = [
    StepDecay(initial=0.8, unit="step"),
    Exponential(initial=0.8),
    InverseTime(initial=0.8),
    InverseScaling(initial=0.8, unit="step"),
    RobbinsMonro(initial=0.8),
    Triangular(initial=0.8, half=9),
    CosineRestarts(initial=0.8, period=11),
    WarmUp(initial=0.8, steps=13, then=Exponential(k=0.2)),
    MomentumRamp(every=4),
]


@pytest.mark.parametrize("name", sorted(BY_LIBRARY))
def test_called_with_a_count_it_gives_the_librarys_value(name):
    expected = GOLDENS[name]
    assert [BY_LIBRARY[name](t) for t in range(len(expected))] == pytest.approx(expected, **DIGITS)


@pytest.mark.parametrize("schedule", CHANGING, ids=repr)
@given(cuts=st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_over_epoch_gives_the_same_values_however_the_steps_are_cut_into_epochs(schedule, cuts):
    gathered, done = [], 0
    for epoch, n_steps in enumerate(cuts):
        gathered.extend(over_epoch(schedule, None, Clock(done, epoch, 7 * done, n_steps)))
        done += n_steps
    assert gathered == [schedule(t) for t in range(done)]


@pytest.mark.parametrize("schedule", CHANGING[:-1], ids=repr)
def test_over_epoch_starts_from_the_given_value_if_there_is_one(schedule):
    """The momentum ramp, last in the list, has a bound there and not a start."""
    halved = over_epoch(schedule, schedule.initial / 2, Clock(3, 0, 0, 4))
    assert halved == pytest.approx(over_epoch(schedule, None, Clock(3, 0, 0, 4)) / 2)


@pytest.mark.parametrize(("unit", "count"), [("epoch", 6), ("sample", 1200)])
def test_a_schedule_in_epochs_or_samples_is_one_number_per_epoch(unit, count):
    clock = Clock(step=30, epoch=6, sample=1200, n_steps=5)
    schedule = Exponential(initial=0.8, k=0.01, unit=unit)
    assert over_epoch(schedule, None, clock) == schedule(count)


def test_a_schedule_in_steps_is_one_number_per_step():
    clock = Clock(step=30, epoch=6, sample=1200, n_steps=3)
    values = over_epoch(RobbinsMonro(initial=1.0), None, clock)
    assert values.tolist() == [1 / 31, 1 / 32, 1 / 33]


@pytest.mark.parametrize("number", [0.3, 1, np.float64(0.25)])
def test_a_plain_number_goes_through(number):
    assert over_epoch(number, 7.0, Clock(0, 0, 0, 5)) is number


@pytest.mark.parametrize("schedule", [Constant(), HalveOnRise(), Adaptive()], ids=repr)
def test_what_changes_at_an_epochs_end_alone_is_one_number(schedule):
    assert over_epoch(schedule, 0.125, Clock(3, 1, 9, 4)) == 0.125


@pytest.mark.parametrize("schedule", [Constant(), Exponential(), HalveOnRise()], ids=repr)
def test_a_schedule_without_a_start_is_an_error_where_none_is_given(schedule):
    with pytest.raises(ArgumentError, match=r"^initial must be a number"):
        over_epoch(schedule, None, Clock(0, 0, 0, 2))
    with pytest.raises(ArgumentError, match=r"^initial must be a number"):
        schedule(0)


def test_units_by_default():
    """Epochs where the note speaks of epochs, samples for scikit-learn's invscaling, else steps."""
    in_epochs = {StepDecay, HalveOnRise, Adaptive}
    kinds = in_epochs | {type(s) for s in CHANGING} | {Constant}
    for kind in kinds:
        expected = "epoch" if kind in in_epochs else "sample" if kind is InverseScaling else "step"
        assert kind().unit == expected


def test_adaptive_goes_down_and_stops_as_sklearn():
    optimizer = SGDOptimizer([], 0.05, lr_schedule="adaptive")
    schedule, rate = Adaptive(), 0.05
    while not optimizer.trigger_stopping("", False):
        rate = schedule.on_plateau(rate)
        assert rate == optimizer.learning_rate
    assert schedule.on_plateau(rate) is None


@pytest.mark.parametrize("schedule", [Constant(), StepDecay(), Exponential()], ids=repr)
def test_other_schedules_stop_at_a_plateau_as_sklearn(schedule):
    assert SGDOptimizer([], 0.05, lr_schedule="constant").trigger_stopping("", False)
    assert schedule.on_plateau(0.05) is None


def test_halve_on_rise_acts_on_a_rise_alone():
    schedule = HalveOnRise()
    assert schedule.after_epoch(0.8, 2.0, 1.0) == 0.4
    assert schedule.after_epoch(0.8, 1.0, 1.0) == 0.8
    assert schedule.after_epoch(0.8, 0.5, 1.0) == 0.8
    assert schedule.after_epoch(0.8, 2.0, None) == 0.8
    assert HalveOnRise(factor=0.1).after_epoch(0.8, 2.0, 1.0) == pytest.approx(0.08)


def test_warm_up_hands_over_at_the_end_of_its_line():
    """The next schedule's t starts at 0 there, so the value at the joint is its first."""
    warm = WarmUp(initial=0.8, steps=4, then=StepDecay(every=2, factor=0.5))
    assert [warm(t) for t in range(9)] == pytest.approx(
        [0.0, 0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.4, 0.2], rel=1e-15
    )


def test_warm_up_may_lead_to_a_schedule_with_its_own_start():
    warm = WarmUp(initial=0.8, steps=2, then=Constant(initial=0.1))
    assert [warm(t) for t in range(4)] == [0.0, 0.4, 0.1, 0.1]


def test_warm_up_leaves_the_end_of_an_epoch_to_what_follows():
    assert WarmUp(then=HalveOnRise()).after_epoch(0.8, 2.0, 1.0) == 0.4
    assert WarmUp(then=Adaptive()).on_plateau(0.5) == 0.1
    assert WarmUp().after_epoch(0.8, 2.0, 1.0) == 0.8
    assert WarmUp().on_plateau(0.5) is None


def test_warm_up_may_follow_warm_up():
    warm = WarmUp(initial=0.8, steps=2, then=WarmUp(steps=2, start=0.5, then=Constant()))
    assert [warm(t) for t in range(6)] == pytest.approx([0.0, 0.4, 0.4, 0.6, 0.8, 0.8])


def test_robbins_monro_is_the_typical_choice_of_the_note():
    assert [RobbinsMonro(initial=1.0)(k) for k in range(4)] == [1.0, 1 / 2, 1 / 3, 1 / 4]
