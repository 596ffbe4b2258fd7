"""One update of a rule, split into what it remembers and what this gradient adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lamina import spec
from lamina.diagnosis.trace import html, text, update_walk
from lamina.diagnosis.trace.rules import words
from lamina.diagnosis.trace.step import Step
from lamina.plan import Clock, Rule, checks
from lamina.plan.schedule import check_place, in_place

RATE = 1e-3  # of a rule with none given


class SlotUpdate(NamedTuple):
    """A slot of a parameter: before and after, and what of the new one is history.

    `history` is what it would be without a gradient, `current` is ``after - history``.
    """

    name: str
    before: np.ndarray
    after: np.ndarray
    history: np.ndarray

    @property
    def current(self) -> np.ndarray:
        """What this gradient added."""
        return self.after - self.history

    @property
    def share(self) -> float:
        """‖history‖ / (‖history‖ + ‖current‖); NaN of a slot that is 0."""
        return _share(self.history, self.current)


@dataclass(frozen=True, eq=False)
class ParameterUpdate:
    """The update of one parameter array, all arrays of its shape.

    Attributes
    ----------
    name : str
        "W_1", "b_1", "a_1".
    place : (int, int)
        Layer from 0, and which of its parameters.
    before, after : ndarray
        w_t and w_{t+1}.
    gradient : ndarray
        g; of a rule that looks ahead, the one at the look-ahead point.
    decay, history, current : ndarray
        The three parts of the move: weight decay, what is remembered, this gradient.
    slots : list of SlotUpdate
    """

    name: str
    place: tuple[int, int]
    before: np.ndarray
    after: np.ndarray
    gradient: np.ndarray
    decay: np.ndarray
    history: np.ndarray
    current: np.ndarray
    slots: list[SlotUpdate]

    @property
    def move(self) -> np.ndarray:
        """``w_{t+1} - w_t``, the sum of the three parts to rounding."""
        return self.after - self.before

    @property
    def share(self) -> float:
        """‖history‖ / (‖history‖ + ‖current‖); NaN where nothing moves."""
        return _share(self.history, self.current)

    @property
    def relative(self) -> float:
        """‖move‖ / ‖w_t‖: how much of itself the parameter moves by; NaN where both are 0."""
        with np.errstate(all="ignore"):
            return float(np.linalg.norm(self.move) / np.linalg.norm(self.before))


@dataclass(frozen=True, eq=False, repr=False)
class UpdateTrace:
    """One update of all parameters by a rule: what `Trace.update` returns.

    The move of a parameter is the sum of three parts:

    - *decay*: what decoupled weight decay takes, ``-η λ w_t``; 0 for biases and without it.
    - *history*: the term of the old direction u or average m in the numerator.
    - *current*: the term of this gradient g in the numerator.

    Both terms are over the denominator that the step has, the new root or maximum, in which
    history and this gradient are mixed and cannot be told apart by a sum; the slot v has its own
    two parts (`SlotUpdate`). A rule without a direction (gradient descent, AdaGrad, RMSProp,
    AdaDelta, MaxProp) remembers at most how large a step to take, and its *history* is 0. Of a
    rule without a denominator, *history* is the move it would make if g were 0.

    Attributes
    ----------
    rule : Rule
    rate : float
        Learning rate η of this step.
    step : int
        t, counted from 1.
    scalars : dict of str to float
        Those of the rule's file in `lamina.spec.rules`, bias corrections included.
    keep : float
        Factor of the weights before the update: ``1 - η λ``, 1 without weight decay.
    point : Trace
        Where the gradient was taken: at the parameters, or ahead of them (Nesterov).
    looks_ahead : bool
    parameters : list of ParameterUpdate
        W_1, b_1, and so on.
    new_parameters, new_slots
        What the next step starts from.
    left_out : tuple of str
        What an estimator's training adds to a step, and this update does not have.
    """

    rule: Rule
    rate: float
    step: int
    scalars: dict[str, float]
    keep: float
    point: Any
    looks_ahead: bool
    parameters: list[ParameterUpdate]
    new_parameters: list[tuple[np.ndarray, ...]]
    new_slots: list[list[tuple[np.ndarray, ...]]]
    left_out: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> ParameterUpdate:
        """Return the update of "W_1", "b_1" and so on."""
        for own in self.parameters:
            if own.name == name:
                return own
        raise KeyError(f"{name!r} is none of {', '.join(own.name for own in self.parameters)}")

    @property
    def title(self) -> str:
        """What is followed, in a line."""
        return f"step {self.step} of {self.rule!r} at learning rate {self.rate:g}"

    @property
    def steps(self) -> list[Step]:
        """The rule, and every value of every parameter with its equation."""
        return update_walk.steps(self)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every value by its key: "W_1.before", "W_1.m_after", "W_1.history" and so on."""
        return {step.key: np.asarray(step.value) for step in self.steps if step.key}

    def text(self, digits: int = 4, rows: int = 6, width: int = 100) -> str:
        """Return the update as text; `digits`, `rows` and `width` as for `Trace.text`."""
        return text.page(self.title, self.steps, digits, rows, update_walk.legend(self), width)

    def html(self, digits: int = 4, rows: int = 6, page: bool = False) -> str:
        """Return the update as HTML: a part of a page, or with `page` a whole one."""
        checks.flag("page", page)
        shown = html.page if page else html.fragment
        return shown(self.title, self.steps, digits, rows, update_walk.legend(self))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<UpdateTrace of {self.title}>"

    def _repr_html_(self) -> str:
        return self.html()


class GoingOn(NamedTuple):
    """A rule and where it stands before a step.

    Attributes
    ----------
    rule : Rule or None
        None, if there is none to go on with.
    rate : float or None
        Learning rate; None, if its schedule has come to its end.
    slots : list of lists of tuples of arrays, or None
        None: zeros.
    clock : Clock
    start : float
        Learning rate of another rule.
    left_out : tuple of str
        What training adds to a step.
    why : str
        What to say where `rule` or `rate` is None.
    """

    rule: Rule | None = None
    rate: float | None = RATE
    slots: Any = None
    clock: Clock = Clock(0, 0, 0, 1)
    start: float = RATE
    left_out: tuple[str, ...] = ()
    why: str = ""

    def by(self, rule: Any) -> GoingOn:
        """Return another rule at its first step."""
        checks.kind("rule", rule, Rule, "a Rule, such as Adam()")
        return GoingOn(rule, self.start)

    def given(self, rate: Any, slots: Any, step: Any) -> Start:
        """Return what to start from; ArgumentError for what is neither given nor known."""
        clock, why = self.clock, f": {self.why}" if self.why else ""
        if self.rule is None:
            raise checks.fail("rule", f"a Rule, such as Adam(){why}", None)
        if step is not None:
            checks.integer("step", step, "[1, inf)")
            clock = clock._replace(step=int(step) - 1)
        rate = self.rate if rate is None else rate
        if rate is None:
            raise checks.fail("rate", f"given, as in update(rate=0.001){why}", None)
        check_place("rate", rate, "[0, inf)")
        eta = float(np.ravel(in_place("rate", rate, "[0, inf)", clock))[0])
        slots = self.slots if slots is None else slots
        return Start(self.rule, eta, slots, clock, self.left_out)


class Start(NamedTuple):
    """What a step starts from: nothing of it is missing but slots, which are zeros then."""

    rule: Rule
    rate: float
    slots: Any
    clock: Clock
    left_out: tuple[str, ...]


def update(trace: Any, own: Start) -> UpdateTrace:
    """Return one update of a trace's parameters; see `Trace.update`."""
    rule, eta, slots, clock, left_out = own
    keep, *values = rule.table(eta, clock)[0].tolist()
    kind, scalars = rule.kind, rule.kind.Scalars(*values)
    old = _slots(rule, trace.parameters, slots)
    ahead = spec.training.look_ahead(kind, trace.parameters, old, scalars)
    looks = hasattr(kind, "look_ahead")
    point = trace.at(ahead) if looks else trace
    batch = (trace.x, trace.y, trace.weights, trace.factors)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is there to be seen
        taken = spec.training.step(
            trace.network, kind, trace.parameters, old, batch, scalars, keep, trace.alpha
        )
        found = _updates(rule, trace.parameters, point, old, taken, scalars, keep)
    return UpdateTrace(
        rule,
        eta,
        clock.step + 1,
        scalars._asdict(),
        keep,
        point,
        looks,
        found,
        taken.parameters,
        taken.slots,
        left_out,
    )


def _updates(
    rule: Rule, parameters: Any, point: Any, old: Any, taken: Any, scalars: Any, keep: float
) -> list[ParameterUpdate]:
    kind, direction, found = rule.kind, words(rule).direction, []
    for i, layer in enumerate(parameters):
        for j, w in enumerate(layer):
            g = point.layers[i].gradient[j]
            decay = spec.rules.weight_decay.decay(w, keep) - w if w.ndim > 1 else w * 0
            name, after = f"{'Wba'[j]}_{i + 1}", taken.parameters[i][j]
            states = _slot_updates(kind, g, old[i][j], taken.slots[i][j], scalars)
            parts = _parts(kind, direction, g, states, scalars)
            found.append(ParameterUpdate(name, (i, j), w, after, g, decay, *parts, states))
    return found


def _parts(
    kind: Any, direction: str, g: np.ndarray, slots: list[SlotUpdate], scalars: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rule's own move by history and by g, both over the new denominator.

    The rule itself computes both, from weights 0: once with the direction and no gradient, once
    the other way round, and with a denominator that is kept as it came out.
    """
    zero = g * 0
    if not direction:
        return zero, kind.update(zero, g, *(own.before for own in slots), scalars)[0]
    kept = {"keep_v": 1.0, "gain_v": 0.0}
    frozen = scalars._replace(**{n: v for n, v in kept.items() if n in scalars._fields})
    by_history = [own.before if own.name == direction else own.after for own in slots]
    by_gradient = [zero if own.name == direction else own.after for own in slots]
    return (
        kind.update(zero, zero, *by_history, frozen)[0],
        kind.update(zero, g, *by_gradient, frozen)[0],
    )


def _slot_updates(
    kind: Any, g: np.ndarray, before: Any, after: Any, scalars: Any
) -> list[SlotUpdate]:
    history = kind.update(g * 0, g * 0, *before, scalars)[1:]
    return [SlotUpdate(*own) for own in zip(kind.SLOTS, before, after, history, strict=True)]


def _slots(rule: Rule, parameters: Any, slots: Any) -> Any:
    """Return the slots as arrays of the parameters' dtype; ArgumentError for what cannot be."""
    kind = rule.kind
    if slots is None:
        return spec.training.zero_slots(kind, parameters)
    direction = words(rule).direction  # all others are means of squares, or largest sizes
    names = ", ".join(kind.SLOTS) or "none"
    expected = f"slots[layer][parameter], a tuple of {len(kind.SLOTS)} arrays ({names}) each"
    try:
        own = [
            [
                tuple(np.array(array, dtype=w.dtype) for array in state)
                for state, w in zip(states, layer, strict=True)
            ]
            for states, layer in zip(slots, parameters, strict=True)
        ]
    except (TypeError, ValueError):
        raise checks.fail("slots", expected, slots) from None
    for states, layer in zip(own, parameters, strict=True):
        for state, w in zip(states, layer, strict=True):
            if [array.shape for array in state] != [w.shape] * len(kind.SLOTS):
                shapes = [array.shape for array in state]
                raise checks.fail("slots", f"{expected}, here of shape {w.shape}", shapes)
            if not all(np.isfinite(array).all() for array in state):
                raise checks.fail("slots", "finite", state)
            for name, array in zip(kind.SLOTS, state, strict=True):
                if name != direction and array.min(initial=0) < 0:
                    raise checks.fail(f"{name} in slots", "not negative", float(array.min()))
    return own


def _share(history: np.ndarray, current: np.ndarray) -> float:
    own, other = float(np.linalg.norm(history)), float(np.linalg.norm(current))
    return own / (own + other) if own + other > 0 else float("nan")
