"""Where a training broke: the first step that went wrong, and what brought it in.

An epoch is replayed, step by step and with the same bits, up to the first step whose loss or
parameters are not finite, or which changes a parameter beyond all proportion: what overflows after
such a step may be any sample. The step is then computed the slow way, by the spec.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from lamina import spec
from lamina.engines import Data, Trainer
from lamina.engines.protocol import Parameters
from lamina.plan import Network, Training
from lamina.spec.arrays import Array
from lamina.spec.regularization import Draws, drop

JUMP = 1e6  # times the largest weight, in one step; sound steps are up to 10 times as large


@dataclass(frozen=True)
class Culprit:
    """The first number that is not finite, or far too large, and what it comes from.

    Attributes
    ----------
    epoch, step : int
        Epoch, counted from 1 over all fits, and step in it, counted from 1; 0 where the weights had
        become too large before it.
    layer : int
        Counted from 1.
    what : str
        "activation", "loss", "gradient" or "update": of which part of the step.
    unit : int
        Of the layer, counted from 0; -1 where no unit is meant.
    sample : int
        Row in the fit's X.
    feature : int
        Input of the network that contributes most to that sample's z_1.
    value : float
        Of that feature, as the network sees it.
    largest : float
        Largest number among the weights of the layer before the step.
    jumped : bool
        Whether the number was finite itself, but so large that what came after it was not.
    target : float
        The sample's largest target, as the network sees it.
    """

    epoch: int
    step: int
    layer: int
    what: str
    unit: int
    sample: int
    feature: int
    value: float
    largest: float
    jumped: bool = False
    target: float = math.nan

    @property
    def where(self) -> str:
        """Which number it was, in words."""
        if self.what == "loss":
            return "the loss"
        part = {"activation": "output"}.get(self.what, self.what)
        return f"the {part} of layer {self.layer}"

    @property
    def when(self) -> str:
        """When that was, in words."""
        if not self.step:
            return f"before epoch {self.epoch:,}"
        return f"in step {self.step:,} of epoch {self.epoch:,}"


class Stretch(NamedTuple):
    """Steps of an epoch: as the trainer took them."""

    order: np.ndarray
    batch_size: int
    table: np.ndarray
    first_step: int


def find(
    trainer: Trainer,
    network: Network,
    training: Training,
    seed: int,
    data: Data,
    taken: Stretch,
    epoch: int,
) -> Culprit | None:
    """Return the culprit of an epoch whose steps led to numbers that are not finite, or too large.

    `trainer` keeps where the epoch began as "last", and stands there afterwards. None if no step
    of the replay goes wrong.
    """
    with np.errstate(all="ignore"):
        trainer.recall("last")
        before = trainer.read_parameters()
        if exploded(1.0, before) and (earlier := _earlier(before, data, epoch)) is not None:
            return earlier
        try:
            found = _replayed(trainer, taken)
            parameters, slots = trainer.read()
        finally:
            trainer.recall("last")
        if found is None:
            return None
        step, jumped = found
        rows = taken.order[step * taken.batch_size : (step + 1) * taken.batch_size]
        point, draws = _point(network, training, seed, parameters, slots, taken, step)
        seen = _seen(network, point, draws, data.rows(rows))
        layer, what, place, unit = seen.outlier() if jumped else seen.first()
        feature, value = seen.feature(place)
        return Culprit(
            epoch=epoch,
            step=step + 1,
            layer=layer,
            what=what,
            unit=unit,
            sample=int(rows[place]),
            feature=feature,
            value=value,
            largest=float(np.abs(parameters[layer - 1][0]).max()),
            jumped=jumped,
            target=_target(data, int(rows[place])),
        )


def _earlier(parameters: Parameters, data: Data, epoch: int) -> Culprit | None:
    """Return the sample that probably made weights explode before, if one sticks out."""
    sizes = _row_maxima(data.x)
    there = sizes[sizes > 0]
    if not len(there) or not sizes.max() > JUMP * np.median(there):
        return None
    sample = int(sizes.argmax())
    row = _row(data.x, sample)
    feature = int(np.abs(row).argmax())
    own = float(row[feature]), float(np.abs(parameters[0][0]).max())
    of = sample, feature, *own, True, _target(data, sample)
    return Culprit(epoch, 0, 1, "activation", -1, *of)


def _target(data: Data, sample: int) -> float:
    y = np.asarray(data.y[sample], np.float64).ravel()
    return float(y[np.abs(y).argmax()])


def exploded(before: float, parameters: Parameters) -> bool:
    """Return whether a parameter is beyond all proportion to the largest one before."""
    return not largest(parameters) <= JUMP * (before or 1.0)


def largest(parameters: Parameters) -> float:
    """Return the largest absolute value of all parameters."""
    return max(_largest(own) for own in parameters)


def _replayed(trainer: Trainer, taken: Stretch) -> tuple[int, bool] | None:
    """Take the steps again up to the first that goes wrong, before which the trainer then stands.

    Returns its place, and whether it jumped, with numbers that are finite.
    """
    size, before = taken.batch_size, largest(trainer.read_parameters())
    for step in range(len(taken.table)):
        trainer.keep("before")
        rows, own = taken.order[step * size : (step + 1) * size], taken.table[step : step + 1]
        loss, _ = trainer.epoch(rows, size, own, taken.first_step + step)
        after = trainer.read_parameters()
        finite = np.isfinite(loss) and trainer.finite()
        if not finite or exploded(before, after):
            trainer.recall("before")
            return step, bool(finite)
        before = largest(after)
    return None


def _point(
    network: Network,
    training: Training,
    seed: int,
    parameters: Parameters,
    slots: Any,
    taken: Stretch,
    step: int,
) -> tuple[Parameters, Draws]:
    """Return where the step's gradient is taken, and its random draws."""
    rule = training.rule.kind
    n_scalars = len(rule.Scalars._fields)
    _, *values = taken.table[step].tolist()
    values, rates = values[:n_scalars], values[n_scalars:]
    point = spec.training.look_ahead(rule, parameters, slots, rule.Scalars(*values))
    if not rates:
        return list(point), Draws()
    return list(point), Draws(seed, taken.first_step + step, rates[0], rates[1:])


class _Seen(NamedTuple):
    """A step's passes forward and backward."""

    network: Network
    point: Parameters
    passed: Any
    result: Any

    def first(self) -> tuple[int, str, int, int]:
        """Return layer, part, place in the batch and unit of what is first not finite."""
        inputs, last = self.passed.inputs, len(self.passed.layers)
        for layer, trace in enumerate(self.passed.layers, start=1):
            for own in (trace.z, trace.h):
                if (found := _worst(own, inputs[layer - 1])) is not None:
                    return layer, "activation", *found
        for what, own in (("activation", self.passed.prediction), ("loss", self.result.loss)):
            if (found := _worst(own, self.passed.layers[-1].h)) is not None:
                return last, what, *found
        for layer in range(last, 0, -1):
            delta = self.result.layers[layer - 1].delta
            if (found := _worst(delta, inputs[layer - 1])) is not None:
                return layer, "gradient", *found
        for layer in range(last, 0, -1):
            if not all(np.isfinite(g).all() for g in self.result.gradients[layer - 1]):
                return layer, "gradient", self._largest(layer), -1
        layer = 1 + int(np.argmax([_largest(own) for own in self.result.gradients]))
        return layer, "update", self._largest(layer), -1

    def outlier(self) -> tuple[int, str, int, int]:
        """Return the same of what is first beyond all proportion to the batch's other samples."""
        traces = list(enumerate(self.passed.layers, start=1))
        deltas = [(layer, self.result.layers[layer - 1].delta) for layer, _ in traces]
        parts = [("activation", layer, trace.z) for layer, trace in traces]
        parts += [("gradient", layer, delta) for layer, delta in reversed(deltas)]
        for what, layer, own in parts:
            sizes = _row_maxima(own)
            there = sizes[sizes > 0]
            if len(there) and sizes.max() > JUMP * np.median(there):
                place = int(sizes.argmax())
                return layer, what, place, int(np.abs(np.asarray(own[place])).argmax())
        layer = 1 + int(np.argmax([_largest(own) for own in self.result.gradients]))
        return layer, "update", self._largest(layer), -1

    def _largest(self, layer: int) -> int:
        """Return the sample with the largest part in a layer's gradient."""
        delta = np.abs(np.asarray(self.result.layers[layer - 1].delta, np.float64)).max(axis=1)
        return int(np.argmax(delta * _row_maxima(self.passed.inputs[layer - 1])))

    def feature(self, place: int) -> tuple[int, float]:
        """Return the feature with the largest part in a sample's z_1, and its value."""
        row = _row(drop(self.passed.h_0, self.passed.masks[0]), place)
        part = np.abs(row) * np.abs(np.asarray(self.point[0][0], np.float64)).max(axis=1)
        # where products overflow too, the largest number itself decides
        part = np.where(np.isfinite(part), part, np.inf)
        best = np.flatnonzero(part == part.max())
        feature = int(best[np.abs(row[best]).argmax()])
        return feature, float(row[feature])


def _seen(network: Network, point: Parameters, draws: Draws, batch: Data) -> _Seen:
    x = spec.regularization.noisy(batch.x, draws)
    masks = spec.network.dropout_masks(network, draws, x)
    passed = spec.network.forward(network, point, x, masks)
    result = spec.network.backward(
        network, point, passed, batch.y, batch.weights, 0.0, batch.factors
    )
    return _Seen(network, point, passed, result)


def _worst(array: Array, source: Array) -> tuple[int, int] | None:
    """Return row and column of a number that is not finite: of many rows, the largest source's."""
    own = np.asarray(array)
    own = own[:, None] if own.ndim == 1 else own
    bad = np.flatnonzero(~np.isfinite(own).all(axis=1))
    if not len(bad):
        return None
    row = int(bad[np.nan_to_num(_row_maxima(source[bad])).argmax()])
    return row, int(np.flatnonzero(~np.isfinite(own[row]))[0])


def _largest(own: Any) -> float:
    return max(float(np.abs(g).max()) for g in own)


def _row(x: Any, place: int) -> np.ndarray:
    row = x[[place]].toarray()[0] if scipy.sparse.issparse(x) else x[place]
    return np.asarray(row, np.float64)


def _row_maxima(x: Any) -> np.ndarray:
    if scipy.sparse.issparse(x):
        return abs(x).max(axis=1).toarray().ravel().astype(np.float64)
    return np.abs(np.asarray(x, np.float64)).max(axis=1)
