"""Schedules in every place of a training: their values at each step, and what they learn of it."""

import copy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import lamina
from lamina import codec, plan
from lamina.engines import Data, ReferenceEngine
from lamina.training import Listener, Outcome, State, Watch, fit, reactive

RANDOM = np.random.RandomState(0)
NETWORK = plan.Network.mlp(3, [5], 2, activation="tanh", output="softmax")
DATA = Data(RANDOM.normal(size=(23, 3)), np.eye(2)[RANDOM.randint(2, size=23)])
STEPS, EPOCHS, RATE = 5, 6, 0.125  # per epoch of batches of 5; the rate makes 1 - keep exact
UNITS = {"step": STEPS * EPOCHS, "epoch": EPOCHS, "sample": 23 * EPOCHS}


def regularized(**options):
    return {"rule": plan.GradientDescent(), "regularization": plan.Regularization(**options)}


# A place: the options that put a schedule there, and how to read it from the tables of the steps,
# whose columns are the factor of weight decay, the rule's scalars, then noise and dropouts.
PLACES = {
    "learning rate": (
        lambda s: {"rule": plan.GradientDescent(), "learning_rate": s},
        lambda table: table[:, 1],
    ),
    "momentum": (lambda s: {"rule": plan.Momentum(s)}, lambda table: table[:, 1]),
    "strength": (
        lambda s: {"rule": plan.WeightDecay(plan.GradientDescent(), s)},
        lambda table: (1 - table[:, 0]) / RATE,
    ),
    "weight decay": (
        lambda s: regularized(weight_decay=s),
        lambda table: (1 - table[:, 0]) / RATE,
    ),
    "input dropout": (lambda s: regularized(input_dropout=s), lambda table: table[:, -2]),
    "dropout": (lambda s: regularized(dropout=s), lambda table: table[:, -1]),
    "dropout of a layer": (lambda s: regularized(dropout=[s]), lambda table: table[:, -1]),
}


class Spy(ReferenceEngine):
    """Keeps the tables that a training hands over."""

    def __init__(self):
        super().__init__()
        self.tables = []

    def trainer(self, *arguments):
        trainer = super().trainer(*arguments)
        run = trainer.epoch

        def epoch(order, size, table, *rest):
            self.tables.append(np.array(table))
            return run(order, size, table, *rest)

        trainer.epoch = epoch
        return trainer


def watching(errors, patience=np.inf):
    """Return a watch for which the epochs have the given errors."""
    errors = iter(errors)
    return Watch(lambda trainer: {"error": next(errors)}, "error", patience=patience)


def run(state=None, engine=None, watch=None, listener=None, mark=None, random=None, **options):
    state = state or State(NETWORK.initialize(1))
    given = {"batch_size": 5, "learning_rate_init": RATE, "max_iter": EPOCHS, **options}
    random = np.random.RandomState(0) if random is None else random
    training = plan.Training(**given)
    outcome = fit(
        engine or ReferenceEngine(), NETWORK, training, state, DATA, random, watch, listener, mark
    )
    return state, outcome


def met(place, schedule, **options):
    """Return the values of `schedule` in `place` at each step of a training, and its outcome."""
    engine, (make, read) = Spy(), PLACES[place]
    _, outcome = run(engine=engine, **make(schedule), **options)
    return read(np.vstack(engine.tables)), outcome


def assert_same(a, b):
    for own, other in zip(a.parameters, b.parameters, strict=True):
        for x, y in zip(own, other, strict=True):
            np.testing.assert_array_equal(x, y)
    assert (a.rate, a.memory, a.places) == (b.rate, b.memory, b.places)
    assert a.history.loss == b.history.loss


@pytest.mark.parametrize("unit", sorted(UNITS))
@pytest.mark.parametrize("place", sorted(PLACES))
def test_a_schedule_has_its_values_at_every_step_in_every_place_and_unit(place, unit):
    n = UNITS[unit]
    for schedule in (
        plan.Triangular(initial=0.25, low=0.0625, half=n / 3, unit=unit),
        plan.CosineRestarts(initial=0.25, low=0.0625, period=max(n // 3, 1), unit=unit),
        plan.WarmUp(initial=0.25, steps=n // 3, then=plan.Exponential(k=1 / n), unit=unit),
        plan.WarmUp(initial=0.25, steps=n // 3, then=plan.Cosine(), unit=unit),
        plan.OneCycle(initial=0.25, unit=unit),
        plan.OneCycle(initial=0.25, length=n // 2, unit=unit),
    ):
        counts = {
            "step": range(n),
            "epoch": np.repeat(range(EPOCHS), STEPS),
            "sample": np.repeat(range(0, n, 23), STEPS),
        }[unit]
        expected = [schedule.over(n)(t) for t in counts]
        assert len(set(expected)) >= 3
        np.testing.assert_allclose(met(place, schedule)[0], expected, rtol=1e-12, atol=1e-15)


def test_an_open_one_cycle_ends_with_the_training():
    rates, _ = met("learning rate", plan.OneCycle(initial=0.25))
    assert rates[0] == pytest.approx(0.25 / 25, rel=1e-14)
    assert rates.argmax() == 0.3 * 30 - 1 and rates.max() == 0.25
    assert rates[-1] == 0.25 * 1e-4 < rates[-2]


# Errors of six epochs and the shares of the start that they lead to, by hand.
REACTIONS = {
    "halve on rise": (plan.HalveOnRise(), [5, 4, 4.5, 4.5, 6, 1], [1, 1, 1, 0.5, 0.5, 0.25]),
    "halve on plateau": (
        plan.HalveOnPlateau(patience=1, factor=0.25),
        [5, 4, 4, 4.5, 4, 1],
        [1, 1, 1, 1, 0.25, 0.25],
    ),
    "after a cooldown": (
        plan.HalveOnPlateau(patience=0, cooldown=2),
        [5, 5, 5, 5, 5, 1],
        [1, 1, 0.5, 0.5, 0.5, 0.25],
    ),
    "no lower than": (
        plan.HalveOnPlateau(patience=0, smallest=0.0625),
        [5, 5, 5, 5, 5, 1],
        [1, 1, 0.5, 0.25, 0.25, 0.25],
    ),
    "warm-up before": (
        plan.WarmUp(steps=2, unit="epoch", then=plan.HalveOnPlateau(patience=1)),
        [5, 4, 4, 4, 4, 4],
        [0, 0.5, 1, 1, 0.5, 0.5],
    ),
}


@pytest.mark.parametrize("name", sorted(REACTIONS))
@pytest.mark.parametrize("place", sorted(PLACES))
def test_a_reactive_schedule_hears_of_errors_in_every_place(place, name):
    schedule, errors, shares = REACTIONS[name]
    values, _ = met(place, replace(schedule, initial=0.25), watch=watching(errors))
    np.testing.assert_array_equal(values, np.repeat(0.25 * np.array(shares), STEPS))


def test_without_a_watch_the_loss_is_what_is_heard():
    rule = plan.Momentum(plan.HalveOnRise(initial=0.9))
    engine = Spy()
    state, _ = run(engine=engine, rule=rule, learning_rate_init=4.0, max_iter=20, tol=0.0)
    betas = [table[0, 1] for table in engine.tables]
    rose = [b > a for a, b in pairwise(state.history.loss)]
    assert any(rose[:-1]) and not all(rose[:-1])
    assert betas[:2] == [0.9, 0.9]
    for i, up in enumerate(rose[:-1]):
        assert betas[i + 2] == (betas[i + 1] / 2 if up else betas[i + 1])


@pytest.mark.parametrize("place", sorted(PLACES))
def test_adaptive_holds_training_up_in_every_place_until_it_is_small_enough(place):
    """A plateau after every second epoch; 1/4, 1/8 and 1/16, which is small enough."""
    schedule = plan.Adaptive(initial=0.25, divisor=2.0, smallest=0.1)
    watch = watching([1.0] * 50, patience=1)
    values, outcome = met(place, schedule, watch=watch, max_iter=50)
    assert outcome is Outcome.CONVERGED
    np.testing.assert_array_equal(values, np.repeat([0.25] * 3 + [0.125] * 2 + [0.0625] * 2, STEPS))


def test_at_a_plateau_all_that_wait_for_one_move_together():
    heard = []

    class Hears(Listener):
        def plateau(self, state, rate):
            heard.append((rate, [base for _, base, _ in state.places]))

    slow = plan.Adaptive(initial=0.5, divisor=2.0, smallest=0.2)
    _, outcome = run(
        rule=plan.Momentum(slow),
        learning_rate=plan.Adaptive(initial=0.25, divisor=5.0, smallest=0.2),
        watch=watching([1.0] * 50, patience=1),
        listener=Hears(),
        max_iter=50,
    )
    assert outcome is Outcome.CONVERGED
    # The rate is small enough after one division; the momentum has another.
    assert heard == [(0.05, [0.25]), (0.05, [0.125]), (None, [0.125])]


EVERYWHERE = {
    "rule": plan.WeightDecay(
        plan.Nesterov(plan.HalveOnPlateau(initial=0.9, patience=0, tol=0.5)),
        plan.HalveOnRise(initial=0.5),
    ),
    "learning_rate": plan.WarmUp(steps=7, then=plan.HalveOnPlateau(patience=1, tol=0.5)),
    "regularization": plan.Regularization(
        dropout=plan.HalveOnPlateau(initial=0.5, patience=2, cooldown=1, tol=0.5)
    ),
    "tol": 0.0,
}


class Marks(Listener):
    """Takes a mark after an epoch, as a checkpoint does."""

    def __init__(self, epoch):
        self.at, self.mark = epoch, None

    def begin(self, course):
        self.course = course

    def epoch(self, n_epochs, state):
        if n_epochs == self.at:
            self.mark = copy.deepcopy(self.course.mark())


@pytest.mark.parametrize("options", [EVERYWHERE, {"learning_rate": plan.OneCycle()}], ids=str)
@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_a_resumed_training_has_the_same_bits(epoch, options):
    listener = Marks(epoch)
    whole, _ = run(listener=listener, **options)
    mark = listener.mark
    resumed, _ = run(mark.state, mark=mark, random=mark.random, **options)
    assert_same(whole, resumed)


def test_epochs_one_by_one_and_through_files_are_those_of_one_fit():
    """As `partial_fit` does, with a save and a load after every epoch."""
    whole, _ = run(shuffle=False, **EVERYWHERE)
    state = None
    for _ in range(EPOCHS):
        state, _ = run(state, shuffle=False, **{**EVERYWHERE, "max_iter": 1})
        _, read = codec.loads(codec.dumps("State", {"state": state}), "it")
        state = read["state"]
    assert_same(whole, state)
    assert len(state.places) == 3
    bases = [base for _, base, _ in [*state.places, (None, state.rate, ())]]
    assert bases != [0.9, 0.5, 0.5, RATE]  # something has moved


def test_equal_schedules_share_a_place():
    one = plan.HalveOnRise(initial=0.5)
    state, _ = run(rule=plan.WeightDecay(plan.Momentum(one), plan.HalveOnRise(initial=0.5)))
    assert [schedule for schedule, _, _ in state.places] == [one]


def test_another_schedule_starts_anew_and_the_others_stay():
    first, other = plan.HalveOnRise(initial=0.9), plan.HalveOnRise(initial=0.8)
    state, _ = run(rule=plan.Momentum(first), watch=watching([1, 2, 3]), max_iter=3)
    assert state.places == [(first, 0.225, (3,))]
    rule = plan.WeightDecay(plan.Momentum(first), other)
    run(state, rule=rule, watch=watching([1]), max_iter=1)
    assert state.places == [(first, 0.225, (1,)), (other, 0.8, (1,))]
    run(state, rule=plan.Momentum(other), watch=watching([3]), max_iter=1)
    assert state.places == [(other, 0.4, (3,))]
    run(state, rule=plan.GradientDescent(), max_iter=1)
    assert state.places == []


def test_another_learning_rate_forgets_what_the_old_one_remembered():
    state, _ = run(learning_rate=plan.HalveOnRise(), watch=watching([1, 2]), max_iter=2)
    assert (state.rate, state.memory) == (RATE / 2, (2,))
    run(state, learning_rate=plan.HalveOnRise(factor=0.25), watch=watching([3]), max_iter=1)
    assert (state.rate, state.memory) == (RATE, (3,))
    state.restart_rule()
    assert (state.rate, state.memory, state.places) == (None, (), [])


def test_what_needs_the_end_of_training_is_named_where_nobody_knows_it():
    open_one = plan.WarmUp(initial=0.9, then=plan.OneCycle())
    training = plan.Training(plan.Momentum(open_one))
    with pytest.raises(plan.ArgumentError, match=r"^the length of WarmUp\(.* must be an integer"):
        reactive.check_open_ended(training)
    reactive.check_open_ended(reactive.whole(training, 23))
    assert reactive.whole(plan.Training(), 23) == plan.Training()


def test_estimators_keep_reactive_schedules_through_files_and_partial_fits():
    X, y = DATA.x, DATA.y[:, 0]
    solver = plan.Momentum(plan.HalveOnPlateau(initial=0.9, patience=0, tol=0.05))
    models = [
        lamina.MLPClassifier((4,), solver=solver, learning_rate=plan.HalveOnRise(), random_state=0)
        for _ in range(2)
    ]
    for _ in range(8):
        for model in models:
            model.partial_fit(X, y, classes=[0, 1])
        models[1] = lamina.files.loads(models[1].to_bytes())
    a, b = (model._state for model in models)
    assert_same(a, b)
    assert a.places[0][1] < 0.9


@pytest.mark.parametrize("place", ["learning_rate", "solver"])
def test_partial_fit_needs_a_length(place):
    cycle = plan.OneCycle(initial=0.5)
    own = {"learning_rate": cycle, "solver": plan.Momentum(cycle)}
    model = lamina.MLPClassifier((4,), max_iter=3, random_state=0, **{place: own[place]})
    with pytest.raises(ValueError, match=r"the length of OneCycle\(initial=0.5\) must be"):
        model.partial_fit(DATA.x, DATA.y[:, 0], classes=[0, 1])
    assert not hasattr(model, "coefs_")
