"""Schedules of a plan: against PyTorch and optax (stored goldens), in epochs, after one another."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from lamina import (
    AdamW,
    Adaptive,
    ArgumentError,
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    HalveOnPlateau,
    HalveOnRise,
    InverseScaling,
    InverseTime,
    Momentum,
    MomentumRamp,
    OneCycle,
    RobbinsMonro,
    StepDecay,
    Training,
    Triangular,
    WarmUp,
    WeightDecay,
)
from lamina.plan import Clock, Regularization, Schedule, over_epoch, places

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
    "torch OneCycleLR cos": OneCycle(initial=0.8, length=40),
    "torch OneCycleLR cos momentum": OneCycle(
        initial=0.85, start=0.95 / 0.85, end=0.95 / 0.85, length=40
    ),
    "torch OneCycleLR linear": OneCycle(initial=0.8, length=40, rise=0.4, shape="linear"),
    "torch OneCycleLR cos of 33": OneCycle(initial=0.8, length=33, rise=0.25),
    "optax cosine_decay_schedule and on": Cosine(initial=0.8, low=0.1, length=12),
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
    Cosine(initial=0.8, length=20),
    OneCycle(initial=0.8, length=20),
    WarmUp(initial=0.8, steps=13, then=Exponential(k=0.2)),
    MomentumRamp(every=4),
]
REACTIVE = [HalveOnRise(), HalveOnPlateau(), Adaptive()]


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


@pytest.mark.parametrize("schedule", [Constant(), *REACTIVE], ids=repr)
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
    in_epochs = {StepDecay, *(type(schedule) for schedule in REACTIVE)}
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
    assert schedule.after_epoch(0.8, 2.0, (1.0,)) == (0.4, (2.0,))
    assert schedule.after_epoch(0.8, 1.0, (1.0,)) == (0.8, (1.0,))
    assert schedule.after_epoch(0.8, 0.5, (1.0,)) == (0.8, (0.5,))
    assert schedule.after_epoch(0.8, 2.0, ()) == (0.8, (2.0,))
    assert HalveOnRise(factor=0.1).after_epoch(0.8, 2.0, (1.0,))[0] == pytest.approx(0.08)


def test_halve_on_plateau_is_torchs_with_every_option():
    schedule = HalveOnPlateau(factor=0.3, patience=2, tol=0.01, smallest=0.002, cooldown=4)
    rate, memory, rates = 0.8, (), []
    for error in GOLDENS["errors of the plateaus"]:
        rate, memory = schedule.after_epoch(rate, error, memory)
        rates.append(rate)
    assert rates == pytest.approx(GOLDENS["torch ReduceLROnPlateau cooldown"], **DIGITS)


@pytest.mark.parametrize("name", ["patience", "cooldown"])
@pytest.mark.parametrize("wrong", [-1, 0.5, True, None, "1"])
def test_halve_on_plateau_counts_from_nought(name, wrong):
    HalveOnPlateau(**{name: 0})
    with pytest.raises(ArgumentError, match=rf"^{name} must be an integer in \[0, inf\), got "):
        HalveOnPlateau(**{name: wrong})


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
    assert WarmUp(then=HalveOnRise()).after_epoch(0.8, 2.0, (1.0,)) == (0.4, (2.0,))
    assert WarmUp(then=Adaptive()).on_plateau(0.5) == 0.1
    assert WarmUp().after_epoch(0.8, 2.0, ()) == (0.8, ())
    assert WarmUp().on_plateau(0.5) is None


@pytest.mark.parametrize("then", [HalveOnRise(initial=0.1), WarmUp(initial=0.1, then=Adaptive())])
def test_warm_up_to_a_reactive_schedule_has_one_base(then):
    """With two, what the reactive one changed would have no effect."""
    with pytest.raises(ArgumentError, match=r"^then must be a reactive schedule without an"):
        WarmUp(initial=0.8, then=then)
    assert WarmUp(then=WarmUp(then=Adaptive())).reactive and not WarmUp().reactive


@pytest.mark.parametrize("kind", [OneCycle, Cosine])
def test_an_open_length_is_set_by_the_training_and_a_given_one_is_kept(kind):
    assert kind(initial=0.8).over(30) == kind(initial=0.8, length=30)
    given = kind(initial=0.8, length=7)
    assert given.over(30) is given
    warm = WarmUp(initial=0.8, steps=10, then=kind())
    assert warm.over(30).then == kind(length=20)
    assert warm.over(5).then == kind(length=1)
    with pytest.raises(ArgumentError, match=r"^length must be an integer in \[1, inf\) where"):
        kind(initial=0.8)(3)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, "10", math.inf])
@pytest.mark.parametrize("kind", [OneCycle, Cosine])
def test_another_length_is_an_error(kind, wrong):
    with pytest.raises(ArgumentError, match=r"^length must be an integer in \[1, inf\), got "):
        kind(length=wrong)


def test_lengths_are_set_wherever_a_schedule_stands_and_in_its_own_units():
    training = Training(
        WeightDecay(Momentum(OneCycle(initial=0.9)), Cosine(initial=0.1, unit="epoch")),
        WarmUp(steps=6, then=OneCycle(), unit="sample"),
        regularization=Regularization(dropout=[0.1, Cosine(initial=0.5)]),
    )
    known = places.over(training, Clock(step=60, epoch=20, sample=300, n_steps=0))
    assert [s.length for s in places.schedules_in(known.rule)] == [60, 20]
    assert known.learning_rate.then.length == 294
    assert known.regularization.dropout == (0.1, Cosine(initial=0.5, length=60))
    assert places.over(known, Clock(1, 1, 1, 0)) is known


BOUNDED = {
    "momentum": (Momentum, {"initial": 0.9}, {"low": 1.5}, r"\[0, 1\]"),
    "every entry of dropout": (
        lambda own: Regularization(dropout=[own]),
        {"initial": 0.5},
        {"low": 1.0},
        r"\[0, 1\)",
    ),
}


@pytest.mark.parametrize("name", sorted(BOUNDED))
def test_a_schedule_that_would_leave_its_place_s_range_is_an_error_at_once(name):
    make, start, low, interval = BOUNDED[name]
    said = rf"^{name} must be a schedule with values in {interval}, got "
    wrong = [
        Triangular(**start, **low),
        CosineRestarts(**start, **low),
        Cosine(**start, **low),
        OneCycle(**start, end=3.0),
        WarmUp(**start, then=Triangular(**low)),
        WarmUp(**start, then=Constant(initial=7.0)),
    ]
    for schedule in wrong:
        with pytest.raises(ArgumentError, match=said):
            make(schedule)
    for schedule in [Triangular(**start), OneCycle(**start), WarmUp(**start)]:
        make(schedule)


@given(st.integers(0, 10_000), st.floats(0, 2), st.floats(0, 2))
def test_no_value_is_above_the_largest_or_below_nought(t, initial, low):
    for schedule in (
        *(type(s)(initial=initial) for s in CHANGING[:5]),
        Triangular(initial=initial, low=low, half=37),
        CosineRestarts(initial=initial, low=low, period=41),
        Cosine(initial=initial, low=low, length=5000),
        OneCycle(initial=initial, start=low, end=0.7, length=5000),
        WarmUp(initial=initial, steps=50, then=Constant(initial=low)),
    ):
        assert 0 <= schedule(t) <= schedule.largest(initial) * (1 + 1e-15)


@dataclass(frozen=True, repr=False, kw_only=True)
class Unbounded(Schedule):
    def value(self, t, initial):
        return initial + t if t < 5 else np.nan


@pytest.mark.parametrize("clock", [Clock(0, 0, 0, 3), Clock(9, 0, 0, 2)])
@pytest.mark.parametrize("unit", ["step", "epoch"])
def test_a_schedule_of_ones_own_is_held_to_its_place_when_it_leaves_it(clock, unit):
    own = Unbounded(initial=0.5, unit=unit)
    clock = clock._replace(epoch=clock.step + 1)
    with pytest.raises(ArgumentError, match=r"^momentum must be a schedule with values in"):
        Momentum(own).table(0.1, clock)
    if clock.step:  # not a number
        with pytest.raises(ArgumentError, match=r"^strength must be a schedule with values in"):
            WeightDecay(Momentum(), own).table(0.1, clock)


@pytest.mark.parametrize("unit", ["step", "epoch", "sample"])
def test_weight_decay_follows_a_schedule(unit):
    """The factor is 1 - rate strength, both as they are at the step."""
    strength = Exponential(initial=0.5, k=0.1, unit=unit)
    clock = Clock(step=8, epoch=2, sample=24, n_steps=4)
    rule, rates = AdamW(strength=strength), np.array([0.1, 0.2, 0.3, 0.4])
    assert rule.scheduled
    counts = {"step": range(8, 12), "epoch": [2] * 4, "sample": [24] * 4}[unit]
    expected = [1 - rate * strength(t) for rate, t in zip(rates, counts, strict=True)]
    assert rule.table(rates, clock)[:, 0].tolist() == expected


def test_a_base_on_the_clock_is_where_a_schedule_starts_from():
    schedule = WarmUp(initial=0.8, steps=4, then=HalveOnPlateau())
    clock = Clock(2, 0, 0, 4, bases=((Constant(initial=0.8), 7.0), (schedule, 0.4)))
    equal = WarmUp(initial=0.8, steps=4, then=HalveOnPlateau())
    assert over_epoch(equal, None, clock).tolist() == pytest.approx([0.2, 0.3, 0.4, 0.4])
    assert over_epoch(equal, 0.8, clock).tolist() == pytest.approx([0.4, 0.6, 0.8, 0.8])
    assert WeightDecay(Momentum(), equal).table(1.0, clock)[0, 0] == 1 - 0.2


def test_warm_up_may_follow_warm_up():
    warm = WarmUp(initial=0.8, steps=2, then=WarmUp(steps=2, start=0.5, then=Constant()))
    assert [warm(t) for t in range(6)] == pytest.approx([0.0, 0.4, 0.4, 0.6, 0.8, 0.8])


def test_robbins_monro_is_the_typical_choice_of_the_note():
    assert [RobbinsMonro(initial=1.0)(k) for k in range(4)] == [1.0, 1 / 2, 1 / 3, 1 / 4]


@pytest.mark.parametrize("unit", ["step", "sample"])
@pytest.mark.parametrize("kind", [HalveOnRise, HalveOnPlateau, Adaptive])
def test_what_hears_of_errors_counts_epochs_only(kind, unit):
    with pytest.raises(ArgumentError, match="unit must be 'epoch', at whose end the error is"):
        kind(unit=unit)
    assert kind(unit="epoch") == kind()


@pytest.mark.parametrize("t", ["a", None, -1, float("nan")])
def test_a_schedule_is_called_with_a_count(t):
    with pytest.raises(ArgumentError, match=r"t must be a number in \[0, inf\)"):
        Triangular(initial=1.0)(t)
