"""Objects of a plan as values: equality, hash, repr, copies, pickles; they stay as made."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

import lamina
from lamina import plan

L = lamina
VALUES = [
    L.Dense(3),
    L.Dense(3, "tanh", "he_normal"),
    L.SquaredError(),
    L.AbsoluteError(),
    L.Huber(),
    L.Huber(2.0),
    L.Quantile(0.9),
    L.CrossEntropy(floor=1e-7),
    L.BinaryCrossEntropy(),
    L.Poisson(),
    L.CrossEntropy(smoothing=0.1),
    L.BinaryCrossEntropy(positive=(1.0, 2.0), negative=(0.5, 1.0)),
    L.Quantiles(),
    L.Quantiles((0.25, 0.75)),
    L.Focal(),
    L.Focal(1.5),
    L.BinaryFocal(),
    L.Gamma(),
    L.LeakyReLU(),
    L.LeakyReLU(0.2),
    L.Dense(3, L.LeakyReLU(0.2)),
    L.Regularization(),
    L.Regularization(dropout=0.5, clip_norm=1.0),
    L.Regularization(dropout=(0.5, L.WarmUp(initial=0.2)), input_noise=0.1, l1=1e-4),
    L.Regularization(weight_decay=L.Exponential(initial=0.1), max_norm=2.0),
    L.Training(regularization=L.Regularization(input_dropout=0.1)),
    L.GradientDescent(),
    L.Momentum(),
    L.Momentum(L.MomentumRamp(initial=0.95)),
    L.SGD(0.5, nesterovs_momentum=False),
    L.Nesterov(0.8),
    L.AdaGrad(1e-5, False),
    L.RMSProp(0.8),
    L.AdaDelta(epsilon=1e-7),
    L.Adam(beta_2=0.99, corrected=False),
    L.AdaMax(),
    L.NAdam(0.8),
    L.MaxProp(0.5),
    L.WeightDecay(L.Momentum(), 0.001),
    L.AdamW(strength=0.1),
    L.AdamW(strength=L.Triangular(initial=0.1, half=5)),
    L.Constant(initial=0.1),
    L.StepDecay(every=3),
    L.HalveOnRise(factor=0.1),
    L.HalveOnPlateau(patience=2, cooldown=3),
    L.Adaptive(),
    L.Exponential(k=0.1, unit="epoch"),
    L.InverseTime(),
    L.InverseScaling(power=1.0),
    L.RobbinsMonro(power=0.75),
    L.Triangular(half=10, low=0.01),
    L.CosineRestarts(period=7),
    L.Cosine(low=0.01),
    L.OneCycle(length=100, shape="linear"),
    L.WarmUp(steps=5, then=L.Exponential(k=0.5)),
    L.MomentumRamp(every=100),
    L.Training(),
    L.Training(L.SGD(), L.StepDecay(), tol=0.0, n_iter_no_change=float("inf")),
]
NETWORKS = [
    L.Network(3, [L.Dense(2)]),
    L.Network.mlp(3, [4, 5], 2, activation=["tanh", "gelu"], output="softmax"),
    L.Network.mlp(3, [4], 1, loss=L.Huber(0.5)),
    L.Network.mlp(3, [4], 1, activation=L.LeakyReLU(0.5)),
    L.Network.mlp(3, [4], 2, output="ascending", loss=L.Quantiles((0.1, 0.6))),
    L.Network.mlp(3, [4], 2, loss=L.CustomLoss(np.hypot, np.subtract)),
]
EVERYTHING = VALUES + NETWORKS
NAMES = {name: getattr(plan, name) for name in plan.__all__} | {"inf": float("inf")}


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_repr_is_the_call_that_makes_it(value):
    assert eval(repr(value), NAMES) == value


@pytest.mark.parametrize("value", EVERYTHING, ids=repr)
def test_a_pickle_is_equal(value):
    again = pickle.loads(pickle.dumps(value))
    assert again == value
    assert type(again) is type(value)
    assert hash(again) == hash(value)


@pytest.mark.parametrize("value", EVERYTHING, ids=repr)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_equal(value, copied):
    assert copied(value) == value


@pytest.mark.parametrize("value", EVERYTHING, ids=repr)
def test_a_field_cannot_be_set(value):
    for name in [*(field.name for field in dataclasses.fields(value)), "something_new"]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(value, name)


def test_all_are_different_and_may_be_in_a_set():
    assert len(set(EVERYTHING)) == len(EVERYTHING)
    for i, value in enumerate(EVERYTHING):
        assert [value == other for other in EVERYTHING].count(True) == 1
        assert EVERYTHING.index(value) == i


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (L.Huber(), L.Quantile()),
        (L.AdaMax(), L.NAdam()),
        (L.Momentum(), L.Nesterov()),
        (L.SquaredError(), L.AbsoluteError()),
        (L.Focal(), L.BinaryFocal()),
        (L.Poisson(), L.Gamma()),
        (L.CrossEntropy(), L.BinaryCrossEntropy()),
        (L.Exponential(), L.InverseTime()),
    ],
    ids=repr,
)
def test_two_kinds_with_the_same_fields_are_not_equal(one, other):
    assert one != other


def test_numbers_of_equal_value_make_equal_objects():
    assert L.Adam(np.float64(0.9)) == L.Adam()
    assert hash(L.Dense(np.int64(3))) == hash(L.Dense(3))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (L.Adam(), "Adam()"),
        (L.Adam(0.9, 0.99), "Adam(beta_2=0.99)"),
        (L.Dense(16, "tanh"), "Dense(units=16, activation='tanh')"),
        (L.AdamW(), "WeightDecay(rule=Adam())"),
        (L.WarmUp(steps=3, initial=0.1), "WarmUp(initial=0.1, steps=3)"),
        (L.Training(alpha=0.5), "Training(alpha=0.5)"),
        (NETWORKS[1], "Network(3 -> 4 tanh -> 5 gelu -> 2 softmax, CrossEntropy())"),
        (NETWORKS[2], "Network(3 -> 4 relu -> 1 identity, Huber(width=0.5))"),
        (L.Network(3, [L.Dense(4), L.Dense(2)]), "Network(3 -> 4 -> 2 identity, SquaredError())"),
    ],
)
def test_repr_shows_what_differs_from_the_defaults(value, shown):
    assert repr(value) == shown


def test_networks_do_not_share_the_callers_list():
    layers = [L.Dense(4), L.Dense(2)]
    network = L.Network(3, layers)
    layers.append(L.Dense(7))
    assert network.layers == (L.Dense(4), L.Dense(2))


def test_replace_checks_again():
    with pytest.raises(L.ArgumentError, match=r"^beta_1"):
        dataclasses.replace(L.Adam(), beta_1=1.0)
    assert dataclasses.replace(L.Adam(), beta_1=0.5) == L.Adam(0.5)


@pytest.mark.parametrize("name", sorted(set(plan.__all__) & set(dir(lamina))))
def test_public_names_are_the_same_objects(name):
    assert getattr(lamina, name) is getattr(plan, name)


@pytest.mark.parametrize("base", [plan.Rule, plan.Loss, plan.Schedule])
def test_the_bases_cannot_be_made(base):
    with pytest.raises(TypeError):
        base()


def test_a_momentum_schedule_that_leaves_its_range_is_named():
    ramp = plan.WarmUp(initial=0.5, steps=1, then=plan.Constant(initial=7.0))
    with pytest.raises(plan.ArgumentError, match="momentum must be a schedule with values in"):
        plan.Momentum(ramp).table(0.1, plan.Clock(0, 0, 0, 5))
