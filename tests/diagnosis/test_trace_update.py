"""One update: its parts sum to the move of the engines; what is history without its gradient."""

from types import ModuleType

import numpy as np
import pytest

import lamina
from lamina.diagnosis.trace.rules import words
from lamina.engines import Data, NativeEngine, ReferenceEngine
from lamina.plan.rules import RULES
from lamina.plan.schedule import Clock

RANDOM = np.random.RandomState(3)
X, Y = RANDOM.normal(size=(6, 3)), RANDOM.normal(size=(6, 2))
WEIGHTS = np.array([1, 2, 0, 1, 3, 0.5])
NETWORK = lamina.Network.mlp(3, [4], 2, activation="prelu")
PARAMETERS = NETWORK.initialize(0)
OWN = [
    *(rule() for rule in RULES.values()),
    lamina.SGD(nesterovs_momentum=False),
    lamina.AdaGrad(epsilon_inside=False),
    lamina.RMSProp(epsilon_inside=False),
    lamina.Adam(corrected=False),
    *(lamina.WeightDecay(rule(), 0.5) for name, rule in RULES.items() if name != "adamw"),
]
LINEAR = ("GradientDescent", "Momentum", "Nesterov", "SGD")


def engines():
    return [ReferenceEngine(), NativeEngine()]


def slots_of(rule, seed=0):
    random = np.random.RandomState(seed)
    return [
        [tuple(abs(random.normal(size=w.shape)) + 0.1 for _ in rule.kind.SLOTS) for w in own]
        for own in PARAMETERS
    ]


@pytest.fixture(params=OWN, ids=repr)
def rule(request):
    return request.param


@pytest.fixture
def trace():
    return lamina.trace(NETWORK, X, Y, PARAMETERS, sample_weight=WEIGHTS, alpha=0.3)


@pytest.mark.parametrize("given", [False, True], ids=["zero slots", "slots"])
@pytest.mark.parametrize("engine", engines(), ids=lambda engine: engine.name)
def test_the_parts_sum_to_the_move_of_an_engine(trace, rule, engine, given):
    slots, t, rate = slots_of(rule) if given else None, 4, 0.03
    update = trace.update(rule, rate, slots, step=t)
    trainer = engine.trainer(NETWORK, rule, PARAMETERS, slots, Data(X, Y, WEIGHTS), alpha=0.3)
    trainer.epoch(np.arange(6), 6, rule.table(rate, Clock(t - 1, 0, 0, 1)), t - 1)
    parameters, new_slots = trainer.read()
    trainer.close()
    names = iter(update.parameters)
    for own, states, before in zip(parameters, new_slots, PARAMETERS, strict=True):
        for after, state, w in zip(own, states, before, strict=True):
            found = next(names)
            np.testing.assert_array_equal(found.before, w)
            parts = found.decay + found.history + found.current
            close = {"rtol": 1e-10, "atol": 1e-15 * (1 + abs(w).max())}
            np.testing.assert_allclose(parts, after - w, **close)
            np.testing.assert_allclose(found.move, after - w, **close)
            for slot, theirs in zip(found.slots, state, strict=True):
                np.testing.assert_allclose(slot.after, theirs, **close)
                np.testing.assert_allclose(slot.history + slot.current, theirs, **close)


def test_history_is_the_move_without_a_gradient_where_the_rule_has_no_denominator(trace, rule):
    inner = getattr(rule, "rule", rule)
    if type(inner).__name__ not in LINEAR:
        return
    slots = slots_of(rule)
    row = rule.table(0.03, Clock(3, 0, 0, 1))[0].tolist()
    for own, (w, state) in zip(
        trace.update(rule, 0.03, slots, step=4).parameters,
        [
            pair
            for ws, ss in zip(PARAMETERS, slots, strict=True)
            for pair in zip(ws, ss, strict=True)
        ],
        strict=True,
    ):
        alone = rule.kind.update(w, w * 0, *state, rule.kind.Scalars(*row[1:]))[0] - w
        np.testing.assert_allclose(own.history, alone, rtol=1e-9, atol=1e-15)


def test_without_a_past_all_of_the_rules_move_is_this_gradients(trace, rule):
    for own in trace.update(rule, 0.03).parameters:
        assert not own.history.any()
        assert own.share == 0 or np.isnan(own.share)
        np.testing.assert_allclose(own.current, own.move - own.decay, rtol=1e-9, atol=1e-15)


def test_without_a_gradient_nothing_is_its(rule):
    """At a minimum the rule moves on by what it remembers."""
    flat = lamina.Network.mlp(1, [], 1)
    own = [(np.ones((1, 1)), np.zeros(1))]
    trace = lamina.trace(flat, [[2.0]], [[2.0]], own)
    assert not trace.layers[0].gradient.W.any()
    slots = [[tuple(np.full(w.shape, 0.5) for _ in rule.kind.SLOTS) for w in own[0]]]
    if rule.kind.__name__.endswith("nesterov"):
        return  # whose gradient is elsewhere
    for update in trace.update(rule, 0.1, slots, step=3).parameters:
        assert not update.current.any()
        np.testing.assert_allclose(update.history, update.move - update.decay, atol=1e-15)
        inner = type(getattr(rule, "rule", rule)).__name__
        remembers = inner in (*LINEAR[1:], "Adam", "AdaMax", "NAdam")
        assert bool(update.history.any()) == remembers
        assert update.share == 1 if remembers else np.isnan(update.share)


def test_the_parts_follow_the_gradients_sign_and_the_old_directions(trace):
    slots = slots_of(lamina.Adam())
    found = trace.update(lamina.Adam(), 0.1, slots, step=2)["W_1"]
    np.testing.assert_array_equal(np.sign(found.current), -np.sign(found.gradient))
    np.testing.assert_array_equal(np.sign(found.history), -np.sign(slots[0][0][0]))


def test_nesterov_takes_its_gradient_ahead(trace):
    rule, slots = lamina.Nesterov(0.8), slots_of(lamina.Nesterov())
    update = trace.update(rule, 0.05, slots)
    assert update.looks_ahead
    ahead = PARAMETERS[0][0] - 0.05 * 0.8 * slots[0][0][0]
    np.testing.assert_allclose(update.point.parameters[0][0], ahead, rtol=1e-14)
    elsewhere = lamina.trace(
        NETWORK, X, Y, update.point.parameters, sample_weight=WEIGHTS, alpha=0.3
    )
    np.testing.assert_array_equal(update["W_1"].gradient, elsewhere.layers[0].gradient.W)
    assert abs(update["W_1"].gradient - trace.layers[0].gradient.W).max() > 1e-3
    np.testing.assert_array_equal(update.arrays()["W_1.ahead"], update.point.parameters[0][0])
    assert "at the look-ahead point w̃" in update.text()
    assert not trace.update(lamina.Momentum()).looks_ahead


def test_ten_updates_are_ten_steps_of_the_engine(rule, trace):
    trainer = ReferenceEngine().trainer(
        NETWORK, rule, PARAMETERS, None, Data(X, Y, WEIGHTS), alpha=0.3
    )
    trainer.epoch(np.tile(np.arange(6), 10), 6, rule.table(0.02, Clock(0, 0, 0, 10)))
    slots = None
    for t in range(1, 11):
        update = trace.update(rule, 0.02, slots, step=t)
        trace, slots = trace.at(update.new_parameters), update.new_slots
    for ours, theirs in zip(trace.parameters, trainer.read()[0], strict=True):
        for own, expected in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(own, expected, rtol=1e-12, atol=1e-14)


def test_the_share_falls_as_the_past_does():
    """u = beta u + g with g of one size: half of the move is history where beta is ½, twice on."""
    trace = lamina.trace(NETWORK, X, Y, PARAMETERS)
    g = [layer.gradient for layer in trace.layers]
    slots = [[(own,) for own in layer if own is not None] for layer in g]
    update = trace.update(lamina.Momentum(1.0), 0.1, slots)
    assert all(own.share == pytest.approx(0.5) for own in update.parameters)
    update = trace.update(lamina.Momentum(0.25), 0.1, slots)
    assert all(own.share == pytest.approx(0.2) for own in update.parameters)
    assert "20% of it history" in update.text()


def test_scalars_hold_the_bias_corrections(trace):
    update = trace.update(lamina.Adam(), 0.1, step=3)
    assert update.scalars["step"] == pytest.approx(0.1 / (1 - 0.9**3))
    assert update.scalars["root"] == pytest.approx(1 / np.sqrt(1 - 0.999**3))
    assert (update.keep, update.rate, update.step) == (1.0, 0.1, 3)
    assert trace.update(lamina.AdamW(strength=0.2), 0.1).keep == pytest.approx(0.98)


def test_schedules_stand_where_the_step_says(trace):
    rule = lamina.Momentum(lamina.MomentumRamp(initial=0.9, every=2))
    first, later = (trace.update(rule, 0.1, step=t).scalars["keep"] for t in (1, 7))
    assert first == 0.5 < later
    rate = lamina.Exponential(initial=0.1, k=0.5)
    rates = [trace.update(lamina.GradientDescent(), rate, step=t).rate for t in (1, 2)]
    assert rates == pytest.approx([0.1, 0.1 * np.exp(-0.5)])


def test_another_penalty_is_another_gradient(trace):
    update = trace.update(lamina.GradientDescent(), 1.0, alpha=0.0)
    plain = lamina.trace(NETWORK, X, Y, PARAMETERS, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(update["W_1"].gradient, plain.layers[0].gradient.W)
    same = trace.update(lamina.GradientDescent(), 1.0)["W_1"].gradient
    np.testing.assert_array_equal(same, trace.layers[0].gradient.W)


def test_float32_stays():
    single = NETWORK.initialize(0, np.float32)
    update = lamina.trace(NETWORK, X, Y, single).update(lamina.AdamW())
    arrays = update.arrays()
    own = {name: array.dtype for name, array in arrays.items() if "." in name}
    assert set(own.values()) == {np.dtype("f4")}, own


WRONG = [
    ({"rule": "adam"}, "rule must be a Rule, such as Adam"),
    ({"rule": lamina.Adam}, r"write Adam\(\), an object"),
    ({"rate": -0.1}, r"rate must be a number in \[0, inf\)"),
    ({"rate": "fast"}, "rate must be"),
    ({"rate": lamina.Constant()}, r"rate must be a schedule with initial in"),
    ({"step": 0}, r"step must be an integer in \[1, inf\)"),
    ({"step": 1.5}, "step must be an integer"),
    ({"alpha": -1.0}, r"alpha must be a number in \[0, inf\)"),
    ({"slots": 3}, r"slots must be slots\[layer\]\[parameter\], a tuple of 2 arrays \(m, v\) each"),
    ({"slots": [[(PARAMETERS[0][0],)]]}, "slots must be"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_bad_input_is_named(trace, options, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        trace.update(**({"rule": lamina.Adam()} | options))


def test_slots_of_other_shapes_or_numbers_are_named(trace):
    slots = slots_of(lamina.Adam())
    slots[0][0] = (slots[0][0][0][:2], slots[0][0][1])
    with pytest.raises(lamina.ArgumentError, match=r"here of shape \(3, 4\), got \[\(2, 4\)"):
        trace.update(lamina.Adam(), slots=slots)
    slots = slots_of(lamina.Momentum())
    slots[1][1][0][0] = np.nan
    with pytest.raises(lamina.ArgumentError, match="slots must be finite"):
        trace.update(lamina.Momentum(), slots=slots)


@pytest.mark.parametrize("rule", [lamina.Adam(), lamina.AdaDelta(), lamina.MaxProp()], ids=repr)
def test_negative_means_of_squares_are_refused(trace, rule):
    slots = [
        [tuple(np.full(w.shape, -1.0) for _ in rule.kind.SLOTS) for w in own] for own in PARAMETERS
    ]
    with pytest.raises(lamina.ArgumentError, match=r"[uv] in slots must be not negative"):
        trace.update(rule, slots=slots)
    rule = lamina.Momentum()  # whose slot is a direction
    slots = [[(np.full(w.shape, -1.0),) for w in own] for own in PARAMETERS]
    assert trace.update(rule, slots=slots)["W_1"].history.all()


def test_every_rule_of_the_spec_has_its_words():
    known = {rule.kind.__name__.rpartition(".")[2] for rule in (make() for make in RULES.values())}
    assert known | {"weight_decay"} == set(lamina.spec.rules.__all__)
    for make in RULES.values():
        assert "not split" not in words(make()).current


def test_a_rule_without_words_is_shown_as_one_move(trace):
    """A kind of one's own, sign descent: it is not split, and nothing is made up."""
    kind = ModuleType("lamina.spec.rules.signs")
    kind.__doc__ = "Sign descent.\n\nMore."
    kind.SLOTS, kind.Scalars = ("k",), lamina.spec.rules.gradient_descent.Scalars
    kind.scalars = lamina.spec.rules.gradient_descent.scalars
    kind.update = lambda w, g, k, s: (w - s.rate * np.sign(g), k + 1)

    class Signs(lamina.GradientDescent):
        @property
        def kind(self):
            return kind

    update = trace.update(Signs(), 0.1)
    own = update["W_1"]
    np.testing.assert_allclose(own.current, own.move, atol=1e-15)
    page = update.text()
    assert "w_{t+1} = w(w_t, g, k_{t−1})" in page and "Sign descent." in page


def test_the_table_of_all_moves(trace):
    update = trace.update(lamina.Momentum(), 0.1, slots_of(lamina.Momentum()))
    table = update.steps[0]
    assert table.rows == ("W_1", "b_1", "a_1", "W_2", "b_2")
    for own, row in zip(update.parameters, table.value, strict=True):
        lengths = np.linalg.norm(own.before), np.linalg.norm(own.move)
        expected = [*lengths, lengths[1] / lengths[0], own.share]
        np.testing.assert_allclose(row, expected)
    assert "history share: ‖history‖ / (‖history‖ + ‖this gradient‖)" in update.text()
    plain = trace.update(lamina.GradientDescent())
    assert plain.steps[0].columns[-1] == "‖move‖ / ‖w_t‖" and "share" not in plain.text()


@pytest.mark.parametrize("rule", [lamina.Momentum(0.8), lamina.SGD(0.8), lamina.SGD(0.8, False)])
def test_the_scalars_of_momentum_are_what_is_said_of_them(trace, rule):
    said = words(rule).scalars.rpartition("here ")[2].split(", ")
    update = trace.update(rule, 0.25)
    meant = [{"β": 0.8, "η": 0.25, "1": 1.0, "0": 0.0}[symbol] for symbol in said]
    assert list(update.scalars.values()) == meant


def test_a_name_that_is_not_there(trace):
    with pytest.raises(KeyError, match="'W_9' is none of W_1, b_1, a_1, W_2, b_2"):
        trace.update(lamina.Adam())["W_9"]
