"""What the schedules of a training start from now, and what they remember between epochs.

The learning rate's base and memory are the state's `rate` and `memory`. Every schedule in another
place (a momentum, a dropout, a strength) has a `Place` of its own; equal ones share it, since they
hear the same errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from lamina.plan import Clock, Schedule, Training, checks, places
from lamina.training.state import State

Place = tuple[Schedule, float, tuple[float, ...]]  # schedule, base, memory


def whole(training: Training, n_samples: int) -> Training:
    """Return the training with every schedule's open length set: ``max_iter`` epochs."""
    n_steps = -(-n_samples // training.batch_of(n_samples))
    n = training.max_iter
    return places.over(training, Clock(n * n_steps, n, n * n_samples, 0))


def check_open_ended(training: Training) -> None:
    """Raise ArgumentError if a schedule needs the end of training, and nobody knows it."""
    for schedule in places.schedules_in(training):
        if schedule.over(1) is not schedule:
            expected = "an integer in [1, inf), since this training has no known end"
            raise checks.fail(f"the length of {schedule!r}", expected, None)


def adopt(state: State, training: Training) -> None:
    """Go on under a training's options: a schedule that it did not have before starts anew."""
    state.places = begin(elsewhere(training), state.places)


def elsewhere(training: Training) -> list[Schedule]:
    """Return the schedules in all places but the learning rate."""
    options = [f.name for f in fields(training) if f.name != "learning_rate"]
    return list(places.schedules_in([getattr(training, name) for name in options]))


def begin(schedules: Iterable[Schedule], known: Iterable[Place] = ()) -> list[Place]:
    """Return a place for each of `schedules`: as `known` has it, or at its start."""
    found: list[Place] = []
    for schedule in schedules:
        if schedule.initial is not None and all(schedule != own for own, _, _ in found):
            start: Place = (schedule, float(schedule.initial), ())
            found.append(next((place for place in known if place[0] == schedule), start))
    return found


def bases(own: Iterable[Place]) -> tuple[tuple[Schedule, float], ...]:
    """Return what a `Clock` carries."""
    return tuple((schedule, base) for schedule, base, _ in own)


def heard(own: Iterable[Place], error: float) -> list[Place]:
    """Return the places after an epoch with that error."""
    return [(s, *s.after_epoch(base, error, memory)) for s, base, memory in own]


def after_epoch(state: State, training: Training, error: float) -> None:
    """Tell every schedule the error of the epoch that ended."""
    assert state.rate is not None
    schedule = training.learning_rate
    state.rate, state.memory = schedule.after_epoch(state.rate, error, state.memory)
    state.places = heard(state.places, error)
    state.error = error


def on_plateau(state: State, training: Training) -> float | None:
    """Return the learning rate to go on with after a plateau, or None to stop.

    Training goes on if any schedule, in whatever place, has a new value to try.
    """
    assert state.rate is not None
    rate = training.learning_rate.on_plateau(state.rate)
    moved = [(s, s.on_plateau(base), base, memory) for s, base, memory in state.places]
    if rate is None and all(new is None for _, new, _, _ in moved):
        return None
    state.rate = state.rate if rate is None else rate
    state.places = [(s, base if new is None else new, memory) for s, new, base, memory in moved]
    return state.rate
