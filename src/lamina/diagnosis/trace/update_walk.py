"""An update as a list of steps: the rule, and each parameter's way from w_t to w_{t+1}."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.diagnosis.trace.rules import Words, words
from lamina.diagnosis.trace.step import Step
from lamina.plan import WeightDecay

if TYPE_CHECKING:
    from lamina.diagnosis.trace.update import ParameterUpdate, UpdateTrace


TOLD = "What moves how far"


def steps(own: UpdateTrace) -> list[Step]:
    """Return a table of all parameters, the rule, and each parameter's way."""
    found = [_table(own), *_rule_steps(own)]
    for parameter in own.parameters:
        found += _parameter_steps(own, parameter)
    return found


def legend(own: UpdateTrace) -> str:
    """Return what the table's columns mean, and what is left out."""
    remembers = bool(words(own.rule).direction)
    text = "history share: ‖history‖ / (‖history‖ + ‖this gradient‖)" if remembers else ""
    if not own.left_out:
        return text
    rest = f"left out, which training adds to its steps: {', '.join(own.left_out)}"
    return f"{text}; {rest}" if text else rest


def _table(own: UpdateTrace) -> Step:
    rows = [
        [np.linalg.norm(p.before), np.linalg.norm(p.move), p.relative, p.share]
        for p in own.parameters
    ]
    columns, n = ["‖w_t‖", "‖move‖", "‖move‖ / ‖w_t‖", "history share"], 4
    if not words(own.rule).direction:
        columns, n = columns[:3], 3
    names = tuple(p.name for p in own.parameters)
    value, text = np.array(rows, np.float64)[:, :n], "lengths of each parameter array and its move"
    return Step("", "", text, "", value, TOLD, "", names, tuple(columns))


def _rule_steps(own: UpdateTrace) -> list[Step]:
    said, part = words(own.rule), "The rule"
    lines = list(said.lines)
    if own.looks_ahead:
        lines.insert(0, "g = ∂L/∂w at w̃ = w_t − η β u_{t−1}")
    if own.keep != 1:
        lines[-1] = lines[-1].replace("= w_t", "= (1 − η λ) w_t")
    found = [Step("", "", line, said.source, None, part) for line in lines]
    symbols = {"t": own.step, "η": own.rate}
    symbols |= {name: own.scalars[field] for name, field in said.symbols.items()}
    inner: Any = own.rule.rule if isinstance(own.rule, WeightDecay) else own.rule
    if hasattr(inner, "epsilon"):
        symbols["ε"] = inner.epsilon
    if own.keep != 1:
        symbols["1 − η λ"] = own.keep
    decays = "weights decay, biases do not" if own.keep != 1 else ""
    return [
        *found,
        _row("symbols", "the numbers in it", symbols, decays, part),
        _row("scalars", "the scalars that an engine is given", own.scalars, said.scalars, part),
    ]


def _row(key: str, title: str, values: dict[str, Any], about: str, part: str) -> Step:
    row = np.array([list(values.values())])
    return Step(key, key, title, "", row, part, about, columns=tuple(values))


def _parameter_steps(own: UpdateTrace, p: ParameterUpdate) -> list[Step]:
    said, part, name = words(own.rule), f"Update of {p.name}", p.name
    place = f"∂L/∂{name}" + (" at the look-ahead point w̃" if own.looks_ahead else "")
    found = [Step("w_t", f"{name}.before", f"w_t = {name}", "given", p.before, part)]
    if own.looks_ahead:
        layer, index = p.place
        ahead = own.point.parameters[layer][index]
        equation = "w̃ = w_t − η β u_{t−1}"
        found.append(Step("w̃", f"{name}.ahead", equation, said.source, ahead, part))
    found.append(Step("g", f"{name}.gradient", f"g = {place}", "", p.gradient, part))
    equations = {line.split(" = ")[0]: line for line in said.lines}
    for slot in p.slots:
        before, after, key = f"{slot.name}_{{t−1}}", f"{slot.name}_t", f"{name}.{slot.name}"
        given = f"{before} is given"
        found.append(Step(before, f"{key}_before", given, "given", slot.before, part))
        own_part = _percent(slot.share)
        equation, source = equations[after], said.source
        found.append(Step(after, f"{key}_after", equation, source, slot.after, part, own_part))
    return [*found, *_move_steps(own, p, said, part)]


def _move_steps(own: UpdateTrace, p: ParameterUpdate, said: Words, part: str) -> Iterator[Step]:
    name, source = p.name, said.source
    decays = own.keep != 1 and p.before.ndim > 1
    if decays:
        paper = "Loshchilov and Hutter (2019)"
        yield Step("decay", f"{name}.decay", "decay = −η λ w_t", paper, p.decay, part)
    remembers = bool(said.direction)
    about = "this rule remembers nothing"
    if p.slots:
        about = "this rule remembers how large a step to take, and no direction"
    equation, about = f"history = {said.history}", "" if remembers else about
    yield Step("history", f"{name}.history", equation, source, p.history, part, about)
    equation = f"this gradient = {said.current}"
    yield Step("this gradient", f"{name}.current", equation, source, p.current, part)
    equation = f"move = {'decay + ' if decays else ''}history + this gradient"
    about = _percent(p.share) if remembers else ""
    yield Step("move", f"{name}.move", equation, "", p.move, part, about)
    yield Step("w_{t+1}", f"{name}.after", "w_{t+1} = w_t + move", source, p.after, part)


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{share:.0%} of it history"
