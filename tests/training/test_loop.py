"""The training loop against the reference loop of the spec, and its own promises."""

import numpy as np
import pytest

from lamina import plan, spec
from lamina.engines import Data, ReferenceEngine
from lamina.training import Listener, Outcome, State, Watch, fit

RANDOM = np.random.RandomState(0)
NETWORK = plan.Network.mlp(3, [5, 4], 2, activation="tanh", output="softmax")
DATA = Data(RANDOM.normal(size=(23, 3)), np.eye(2)[RANDOM.randint(2, size=23)])


def new_state():
    return State(NETWORK.initialize(1))


def run(state=None, seed=0, listener=None, watch=None, data=DATA, **options):
    state = state or new_state()
    outcome = fit(
        ReferenceEngine(),
        NETWORK,
        plan.Training(**options),
        state,
        data,
        np.random.RandomState(seed),
        watch,
        listener,
    )
    return state, outcome


@pytest.mark.parametrize("batch_size", [1, 5, 23])
@pytest.mark.parametrize("rule", [plan.Adam(), plan.Nesterov(), plan.AdaDelta()], ids=repr)
def test_the_loop_is_the_reference_loop_of_the_spec(rule, batch_size):
    state, _ = run(rule=rule, batch_size=batch_size, shuffle=False, max_iter=3, alpha=0.1)
    starts = list(range(0, 23, batch_size)) * 3
    batches = [(DATA.x[s : s + batch_size], DATA.y[s : s + batch_size], None) for s in starts]
    scalars = []
    for t in range(1, len(starts) + 1):
        clock = plan.Clock(t - 1, 0, 0, 1)
        own = rule.scalars(t, 1e-3, clock)
        scalars.append(rule.kind.Scalars(*(float(np.ravel(value)[0]) for value in own)))
    expected, _ = spec.training.descend(
        NETWORK, rule.kind, NETWORK.initialize(1), batches, scalars, l2=0.1
    )
    for a, b in zip(state.parameters, expected, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-13)


@pytest.mark.parametrize(("batch_size", "steps"), [(23, 1), (1, 23), (5, 5)])
def test_steps_per_epoch_of_batch_stochastic_and_mini_batch_descent(batch_size, steps):
    state, _ = run(batch_size=batch_size, max_iter=4)
    assert state.step == 4 * steps == 4 * spec.schedules.steps_per_epoch(23, batch_size)
    assert state.epoch == 4 and state.sample == 4 * 23


def test_epochs_in_one_fit_or_in_two_give_the_same_bits():
    rule = plan.Momentum(plan.MomentumRamp(every=3))
    options = {"rule": rule, "learning_rate": plan.Exponential(k=0.01), "batch_size": 4}
    whole, _ = run(max_iter=6, shuffle=False, **options)
    part, _ = run(max_iter=2, shuffle=False, **options)
    part, _ = run(part, max_iter=4, shuffle=False, **options)
    for a, b in zip(whole.parameters, part.parameters, strict=True):
        np.testing.assert_array_equal(a[0], b[0])
    assert whole.history.loss == part.history.loss


class InterruptAt(Listener):
    def __init__(self, epoch):
        self.at = epoch

    def epoch(self, n_epochs, state):
        if n_epochs == self.at:
            raise KeyboardInterrupt


def test_an_interrupt_between_epochs_ends_training_and_keeps_what_was_learnt():
    state, outcome = run(max_iter=50, listener=InterruptAt(3))
    three, _ = run(max_iter=3)
    assert outcome is Outcome.INTERRUPTED
    assert state.step == three.step and len(state.history.loss) == 3
    np.testing.assert_array_equal(state.parameters[0][0], three.parameters[0][0])


def test_an_interrupt_within_an_epoch_keeps_the_steps_taken(monkeypatch):
    taken, step = [], spec.training.step

    def interrupted(*arguments, **options):
        if len(taken) == 7:
            raise KeyboardInterrupt
        taken.append(step(*arguments, **options))
        return taken[-1]

    monkeypatch.setattr(spec.training, "step", interrupted)
    state, outcome = run(max_iter=5, batch_size=5)
    assert outcome is Outcome.INTERRUPTED
    assert state.step == 7
    np.testing.assert_array_equal(state.parameters[0][0], taken[-1].parameters[0][0])


def test_a_listener_that_fails_leaves_a_usable_state():
    class Fails(Listener):
        def epoch(self, n_epochs, state):
            if n_epochs == 2:
                raise RuntimeError("mine")

    state = new_state()
    with pytest.raises(RuntimeError, match="mine"):
        run(state, max_iter=5, listener=Fails())
    two, _ = run(max_iter=2)
    np.testing.assert_array_equal(state.parameters[0][0], two.parameters[0][0])


def test_the_best_epochs_parameters_are_kept_and_copied():
    scores = iter([0.1, 0.9, 0.3, 0.9, 0.2])
    watch = Watch(lambda trainer: {"score": next(scores)}, "score", 1.0, restore_best=True)
    state, outcome = run(max_iter=5, watch=watch)
    two, _ = run(max_iter=2)
    assert outcome is Outcome.MAX_ITER and state.history.best_score == 0.9
    np.testing.assert_array_equal(state.parameters[0][0], two.parameters[0][0])
    state.parameters[0][0][:] = 0
    assert state.history.best_parameters[0][0].any()


def test_a_score_that_is_not_a_number_counts_as_no_improvement():
    watch = Watch(lambda trainer: {"score": np.nan}, "score", 1.0, patience=3)
    state, outcome = run(max_iter=50, watch=watch)
    assert outcome is Outcome.CONVERGED
    assert len(state.history.loss) == 4


def test_divergence_goes_back_to_the_last_finite_parameters():
    network = plan.Network.mlp(3, [4], 1, activation="identity")
    state = State(network.initialize(0))
    data = Data(DATA.x * 1e8, DATA.y[:, :1])
    training = plan.Training(rule=plan.GradientDescent(), learning_rate_init=1e8)
    with np.errstate(all="ignore"):
        outcome = fit(ReferenceEngine(), network, training, state, data, np.random.RandomState(0))
    assert outcome is Outcome.DIVERGED
    assert all(np.isfinite(p).all() for own in state.parameters for p in own)


def test_another_rule_starts_with_new_slots_and_other_options_do_not():
    state, _ = run(rule=plan.Adam(), max_iter=2, batch_size=23)
    assert state.step == 2
    run(state, rule=plan.Adam(beta_1=0.5), max_iter=1, batch_size=23)
    assert state.step == 3
    run(state, rule=plan.Momentum(), max_iter=1, batch_size=23)
    assert state.step == 1


def test_the_caller_s_arrays_are_never_written_to():
    state = new_state()
    given = state.parameters
    copies = [tuple(p.copy() for p in own) for own in given]
    run(state, max_iter=3)
    for own, copy in zip(given, copies, strict=True):
        np.testing.assert_array_equal(own[0], copy[0])


class Stops(Listener):
    """Asks for an end after a number of steps, and hears of every second one."""

    batches = (2,)

    def __init__(self, step):
        self.step, self.heard = step, []

    def begin(self, course):
        self.course = course

    def batch(self):
        self.heard.append(self.course.state.step)
        self.stopping = self.course.state.step >= self.step


@pytest.mark.parametrize("step", [2, 4, 6, 10])
def test_a_listener_ends_training_between_batches(step):
    listener = Stops(step)
    state, outcome = run(max_iter=9, batch_size=5, listener=listener)
    assert outcome is Outcome.STOPPED and state.step == step
    assert listener.heard == list(range(2, step + 1, 2))
    assert len(state.history.loss) == step // 5 == state.epoch


def test_divergence_within_stretches_goes_back_to_the_epochs_beginning():
    network = plan.Network.mlp(3, [4], 1, activation="identity")
    listener = Stops(10**9)
    state = State(network.initialize(0))
    data = Data(DATA.x * 1e8, DATA.y[:, :1])
    training = plan.Training(rule=plan.GradientDescent(), learning_rate_init=1e8, batch_size=2)
    with np.errstate(all="ignore"):
        outcome = fit(
            ReferenceEngine(),
            network,
            training,
            state,
            data,
            np.random.RandomState(0),
            listener=listener,
        )
    assert outcome is Outcome.DIVERGED and listener.heard
    assert state.step == 0 and not state.history.loss
    np.testing.assert_array_equal(state.parameters[0][0], network.initialize(0)[0][0])


def test_the_watch_measures_after_each_epoch_and_a_gap_is_not_a_number():
    numbers = iter([3.0, 2.0, 1.0])
    watch = Watch(lambda trainer: {"far": next(numbers)})
    state, _ = run(max_iter=2)
    run(state, max_iter=3, watch=watch)
    np.testing.assert_array_equal(state.history.columns["far"], [np.nan, np.nan, 3, 2, 1])
    assert state.history.last("far") == 1 and state.history.monitor is None
    run(state, max_iter=1)
    assert np.isnan(state.history.last("far")) and np.isnan(state.history.last("near"))
