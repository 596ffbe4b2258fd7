"""What keeps a network from learning by heart: entries, schedules, tables for engines, files."""

import math

import numpy as np
import pytest

import lamina
from lamina import (
    Adam,
    AdamW,
    ArgumentError,
    Constant,
    Exponential,
    Momentum,
    Regularization,
    StepDecay,
    Training,
    WarmUp,
    WeightDecay,
    codec,
)
from lamina.plan import Clock, Schedule
from lamina.spec.regularization import Penalties

CLOCK = Clock(10, 2, 500, 4)
LINE = WarmUp(initial=0.5, steps=20)


@pytest.mark.parametrize(
    ("dropout", "words"),
    [
        (1.0, "dropout must be a number in [0, 1), got 1.0 (float)"),
        (-0.1, "dropout must be a number in [0, 1), got -0.1 (float)"),
        (None, "dropout must be a number in [0, 1), got None"),
        (True, "dropout must be a number in [0, 1), got True"),
        (float("nan"), "dropout must be a number in [0, 1), got nan"),
        ("0.5", "dropout must be a number or a sequence of numbers, got '0.5' (str)"),
        ({0.5}, "dropout must be a number or a sequence of numbers"),
        (np.array(0.5), "dropout must be a number or a sequence of numbers"),
        ((0.5, 1.0), "every entry of dropout must be a number in [0, 1), got 1.0 (float)"),
        ([0.5, "a"], "every entry of dropout must be a number"),
        (np.ones((2, 2)), "every entry of dropout must be a number"),
        (Constant(), "dropout must be a schedule with initial in [0, 1), got Constant()"),
        (Constant(initial=1.0), "dropout must be a schedule with initial in [0, 1)"),
        ((0.1, Constant()), "every entry of dropout must be a schedule with initial in [0, 1)"),
    ],
)
def test_another_dropout_is_named(dropout, words):
    with pytest.raises(ArgumentError) as error:
        Regularization(dropout=dropout)
    assert str(error.value).startswith(words)


@pytest.mark.parametrize("name", ["input_dropout", "input_noise", "weight_decay"])
def test_a_schedule_needs_a_start_of_its_own(name):
    own = Exponential(initial=0.5)
    assert getattr(Regularization(**{name: own}), name) is own
    with pytest.raises(ArgumentError, match=f"^{name} must be a schedule with initial in"):
        Regularization(**{name: Exponential()})


@pytest.mark.parametrize("name", ["l1", "l2", "max_norm", "clip_value", "clip_norm"])
def test_a_schedule_is_no_strength_of_a_penalty(name):
    with pytest.raises(ArgumentError, match=f"^{name} must be a number in"):
        Regularization(**{name: Constant(initial=0.5)})


def test_options_go_by_name():
    with pytest.raises(TypeError):
        Regularization(0.5)


def test_a_sequence_is_kept_as_a_tuple():
    own = Regularization(dropout=[0.5, LINE])
    assert own.dropout == (0.5, LINE)
    assert own == Regularization(dropout=(0.5, LINE))
    assert hash(own) == hash(Regularization(dropout=(0.5, LINE)))
    assert Regularization(dropout=np.array([0.25, 0.5])) == Regularization(dropout=(0.25, 0.5))
    assert repr(Regularization(dropout=[0.5, 0.25])) == "Regularization(dropout=(0.5, 0.25))"


def test_numbers_of_numpy_are_numbers():
    own = Regularization(dropout=np.float32(0.5), l1=np.float64(0.1), clip_norm=np.int64(3))
    assert own == Regularization(dropout=0.5, l1=0.1, clip_norm=3)
    assert {type(value) for value in own.penalties} == {float}


def test_penalties_are_those_of_a_step():
    own = Regularization(l1=1, l2=2, clip_value=3, clip_norm=4, max_norm=5)
    assert own.penalties == Penalties(l1=1, l2=2, clip_value=3, clip_norm=4, max_norm=5)
    assert Regularization(dropout=0.5).penalties == Penalties()
    assert Penalties().max_norm == math.inf


@pytest.mark.parametrize(
    ("options", "draws", "scheduled"),
    [
        ({}, False, False),
        ({"l1": 1.0, "clip_norm": 1.0, "max_norm": 1.0, "weight_decay": 0.1}, False, False),
        ({"dropout": 0.5}, True, False),
        ({"dropout": (0.0, 0.0)}, False, False),
        ({"dropout": (0.0, 0.5)}, True, False),
        ({"dropout": ()}, False, False),
        ({"input_dropout": 0.5}, True, False),
        ({"input_noise": 0.5}, True, False),
        ({"dropout": LINE}, True, True),
        ({"dropout": (0.0, LINE)}, True, True),
        ({"input_noise": LINE}, True, True),
        ({"weight_decay": LINE}, False, True),
    ],
)
def test_whether_a_step_draws_and_whether_a_schedule_moves_something(options, draws, scheduled):
    own = Regularization(**options)
    assert (own.draws, own.scheduled) == (draws, scheduled)
    assert Training(regularization=own).scheduled == scheduled


def test_columns_are_noise_dropout_of_the_inputs_and_of_each_hidden_layer():
    own = Regularization(dropout=(0.5, LINE), input_dropout=0.1, input_noise=StepDecay(initial=2.0))
    columns = own.columns(2, CLOCK)
    assert columns.shape == (4, 4)
    assert columns[:, :3].tolist() == [[2.0, 0.1, 0.5]] * 4
    assert columns[:, 3] == pytest.approx([0.25, 0.275, 0.3, 0.325], rel=1e-14)
    one = Regularization(dropout=0.5).columns(3, CLOCK)
    assert one.tolist() == [[0.0, 0.0, 0.5, 0.5, 0.5]] * 4
    assert Regularization(input_dropout=0.5).columns(0, CLOCK).tolist() == [[0.0, 0.5]] * 4


class Rising(Schedule):
    """Leaves every range after ten steps; it says that it does not."""

    def value(self, t, initial):
        return initial * (1 + (t > 10) * 100)

    def largest(self, initial):
        return initial


@pytest.mark.parametrize("name", ["dropout", "input_dropout"])
def test_a_schedule_that_leaves_the_range_in_training_is_named(name):
    own = Regularization(**{name: Rising(initial=0.5)})
    assert own.columns(1, Clock(0, 0, 0, 5)).max() == 0.5
    with pytest.raises(ArgumentError, match=rf"^{name} must be a schedule with values in \[0, 1\)"):
        own.columns(1, CLOCK)


@pytest.mark.parametrize("dropout", [(0.5,), (0.5, 0.5, 0.5), (), (0.0, 0.0, 0.0)], ids=str)
def test_a_sequence_for_another_number_of_layers_is_named_before_the_first_step(dropout):
    training = Training(regularization=Regularization(dropout=dropout))
    words = r"^dropout must be a number, or a sequence of 2, one per hidden layer, got \("
    with pytest.raises(ArgumentError, match=words):
        training.table(0.1, CLOCK, 2)
    with pytest.raises(ArgumentError, match=words):
        training.regularization.columns(2, CLOCK)
    assert training.table(0.1, CLOCK, len(dropout)).shape[0] == 4


def test_a_table_has_the_rules_columns_and_then_the_draws():
    plain, own = Training(Momentum()), Regularization(dropout=0.5, input_noise=0.1)
    rule = Momentum().table(0.1, CLOCK)
    np.testing.assert_array_equal(plain.table(0.1, CLOCK, 2), rule)
    drawn = Training(Momentum(), regularization=own).table(0.1, CLOCK, 2)
    np.testing.assert_array_equal(drawn[:, : rule.shape[1]], rule)
    assert drawn[:, rule.shape[1] :].tolist() == [[0.1, 0.0, 0.5, 0.5]] * 4


def test_weight_decay_is_that_of_the_rule_around():
    training = Training(Adam(), regularization=Regularization(weight_decay=0.1))
    assert training.decayed_rule == AdamW(strength=0.1)
    np.testing.assert_array_equal(
        training.table(0.01, CLOCK, 1), AdamW(strength=0.1).table(0.01, CLOCK)
    )
    assert Training(Adam()).decayed_rule == Adam()
    scheduled = Training(Adam(), regularization=Regularization(weight_decay=LINE))
    keep = 1 - 0.01 * np.array([0.25, 0.275, 0.3, 0.325])
    assert scheduled.table(0.01, CLOCK, 1)[:, 0] == pytest.approx(keep, rel=1e-14)


def test_weight_decay_twice_is_an_error():
    with pytest.raises(
        ArgumentError, match=r"^weight_decay must be 0 for a rule with weight decay"
    ):
        Training(AdamW(), regularization=Regularization(weight_decay=0.1))
    twice = WeightDecay(Momentum(), 0.1)
    assert Training(twice, regularization=Regularization(dropout=0.5)).decayed_rule == twice


SAVED = [
    Regularization(),
    Regularization(dropout=0.5, input_dropout=LINE, clip_norm=1.0, max_norm=2),
    Regularization(dropout=(0.5, LINE), weight_decay=Exponential(initial=0.1)),
    Regularization(dropout=(np.float32(0.5), np.float64(0.25)), l2=np.int64(1)),
    Training(regularization=Regularization(dropout=(0.5,))),
    lamina.LeakyReLU(0.2),
    lamina.Quantiles((0.1, 0.9)),
    lamina.BinaryCrossEntropy(smoothing=0.1, positive=(1, 2), negative=(0.5, 1)),
    lamina.Focal(1.5),
    lamina.BinaryFocal(),
    lamina.Gamma(),
    lamina.CrossEntropy(smoothing=0.1),
    lamina.Network.mlp(
        3,
        [4, 5],
        2,
        activation=[lamina.LeakyReLU(0.2), "tanh"],
        output="ascending",
        loss=lamina.Quantiles((0.2, 0.8)),
    ),
]


@pytest.mark.parametrize("value", SAVED, ids=repr)
def test_a_file_gives_it_back(value):
    kind, attributes = codec.loads(codec.dumps("test", {"own": value}), "the file")
    assert kind == "test"
    assert attributes == {"own": value}
    assert type(attributes["own"]) is type(value)
    assert hash(attributes["own"]) == hash(value)


def test_files_know_every_class_of_a_plan():
    classes = {name for name in lamina.plan.__all__ if name in codec._registry()}
    named = {type(value).__name__ for value in SAVED}
    assert named <= classes
