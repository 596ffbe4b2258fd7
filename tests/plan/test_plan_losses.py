"""Options of losses that are sequences or functions: what passes and what is named."""

import pickle

import numpy as np
import pytest

from lamina import (
    ArgumentError,
    BinaryCrossEntropy,
    CustomLoss,
    Dense,
    Network,
    Quantiles,
    SquaredError,
    codec,
)
from lamina.plan.losses import LOSSES, loss_of

EACH_OUTPUT = "a sequence of numbers, one per output"


@pytest.mark.parametrize(
    "levels", [(0.1, 0.9), [0.1, 0.9], np.array([0.1, 0.9]), (np.float64(0.1), np.float64(0.9))]
)
def test_levels_may_come_in_any_sequence(levels):
    assert Quantiles(levels) == Quantiles((0.1, 0.9))
    assert Quantiles(levels).levels == (0.1, 0.9)
    assert {type(level) for level in Quantiles(levels).levels} == {float}


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        (0.5, "levels must be an ascending sequence of numbers in (0, 1), got 0.5 (float)"),
        ("0.5", "levels must be an ascending sequence"),
        (None, "levels must be an ascending sequence"),
        ((), "levels must be an ascending sequence"),
        ({0.1, 0.9}, "levels must be an ascending sequence"),
        ({0.1: 1}, "levels must be an ascending sequence"),
        (np.array(0.5), "levels must be an ascending sequence"),
        ((0.9, 0.1), "levels must be an ascending sequence"),
        ((0.5, 0.5), "levels must be an ascending sequence"),
        ((0.0, 0.5), "every entry of levels must be a number in (0, 1), got 0.0 (float)"),
        ((0.5, 1.0), "every entry of levels must be a number in (0, 1), got 1.0 (float)"),
        ((0.5, float("nan")), "every entry of levels must be a number"),
        ((0.5, "0.6"), "every entry of levels must be a number"),
        ((True,), "every entry of levels must be a number"),
        (np.array([[0.1, 0.9]]), "every entry of levels must be a number"),
    ],
)
def test_other_levels_are_named(levels, words):
    with pytest.raises(ArgumentError) as error:
        Quantiles(levels)
    assert str(error.value).startswith(words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"positive": (1.0,)}, "negative must be given with the other one, got None"),
        ({"negative": (1.0,)}, "positive must be given with the other one, got None"),
        ({"positive": 2.0, "negative": (1.0,)}, f"positive must be {EACH_OUTPUT}, got 2.0 (float)"),
        ({"positive": (1.0,), "negative": "1"}, f"negative must be {EACH_OUTPUT}"),
        ({"positive": {1.0}, "negative": (1.0,)}, f"positive must be {EACH_OUTPUT}"),
        (
            {"positive": (-1.0,), "negative": (1.0,)},
            "every entry of positive must be a number in [0, inf), got -1.0 (float)",
        ),
        (
            {"positive": (1.0,), "negative": (float("inf"),)},
            "every entry of negative must be a number in [0, inf), got inf (float)",
        ),
        ({"positive": (1.0,), "negative": (None,)}, "every entry of negative must be a number"),
    ],
)
def test_other_weights_of_classes_are_named(options, words):
    with pytest.raises(ArgumentError) as error:
        BinaryCrossEntropy(**options)
    assert str(error.value).startswith(words)


def test_weights_of_classes_may_be_arrays_of_whole_numbers():
    own = BinaryCrossEntropy(positive=np.array([2, 0]), negative=[1, np.float32(0.5)])
    assert own == BinaryCrossEntropy(positive=(2.0, 0.0), negative=(1.0, 0.5))
    assert hash(own) == hash(BinaryCrossEntropy(positive=(2.0, 0.0), negative=(1.0, 0.5)))
    assert repr(own) == "BinaryCrossEntropy(positive=(2.0, 0.0), negative=(1.0, 0.5))"


def slope(h, y):
    return h - y


@pytest.mark.parametrize("wrong", [None, 1.0, "sum"])
@pytest.mark.parametrize("name", ["value", "gradient"])
def test_what_is_no_function_is_named(name, wrong):
    given = {"value": slope, "gradient": slope, name: wrong}
    with pytest.raises(ArgumentError, match=f"^{name} must be a function of h and y, got"):
        CustomLoss(**given)


def test_a_loss_of_the_users_own_is_given_and_not_named():
    with pytest.raises(ArgumentError, match=r"^loss must be one of 'squared_error'"):
        loss_of("custom")
    assert "custom" not in LOSSES
    assert loss_of(CustomLoss(slope, slope)) == CustomLoss(slope, slope)
    assert CustomLoss(slope, slope) != CustomLoss(slope, np.subtract)


def test_a_loss_of_the_users_own_is_pickled_if_its_functions_can_be():
    own = CustomLoss(slope, slope)
    assert pickle.loads(pickle.dumps(own)) == own
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(CustomLoss(lambda h, y: h, slope))


@pytest.mark.parametrize(
    "value",
    [CustomLoss(slope, slope), Network(2, [Dense(1)], loss=CustomLoss(slope, slope))],
    ids=["loss", "network"],
)
def test_a_loss_of_the_users_own_is_not_saved(value):
    with pytest.raises(TypeError, match=r"cannot be saved: a CustomLoss .* pickle"):
        codec.dumps("test", {"loss": value})


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_can_be_named(name):
    assert type(loss_of(name)) is LOSSES[name]
    assert loss_of(name) == LOSSES[name]()
    assert (loss_of(name) == SquaredError()) == (name == "squared_error")
