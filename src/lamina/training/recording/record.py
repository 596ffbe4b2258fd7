"""What a fit recorded of its layers, epoch by epoch: a table of what an engine measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from lamina.engines.protocol import Parameters
from lamina.plan import Network, checks
from lamina.spec.measures import NUMBERS, UNITS, Measures
from lamina.training.recording.health import CONSTANT, HEALTH, SATURATED, SIGMOIDAL, health
from lamina.training.recording.noise import WINDOW, noise, signal_to_noise
from lamina.training.recording.room import Room

__all__ = ["CONSTANT", "LAYERS", "SATURATED", "SIGMOIDAL", "Record"]

_COLUMNS = ("epochs", "rows", "numbers", "curvatures", "health", "effective")
_SHOWN = (  # in a repr
    "gradient_norm",
    "update_ratio",
    "signal_to_noise",
    "dead",
    "saturated",
    "activation_spread",
)

LAYERS: dict[str, str] = {
    "gradient_norm": "norm of the mean gradient of the data loss by W_l",
    "bias_gradient_norm": "the same by b_l",
    "slope": "mean of ‖Diag φ'_l‖ over the samples",
    "backflow": "mean of ‖V_{l+1} … V_L δ_L‖, the derivative of a sample's loss by h_l",
    "input_norm": "mean of ‖h_{l-1}‖",
    "bound": "mean of the product of the three, which bounds gradient_norm (note 004)",
    "weight_norm": "‖W_l‖ before the step",
    "update_norm": "‖change of W_l by the step‖",
    "update_ratio": "update_norm / weight_norm; NaN for weights of 0",
    "effective_rate": "update_norm / gradient_norm: the learning rate of plain descent with a "
    "step of the same length; NaN for a gradient of 0",
    "gradient_noise": "root of the variance of a batch's gradient by (W_l, b_l); NaN for batches "
    "of one sample",
    "signal_to_noise": f"‖gradient‖² / gradient_noise², each a mean over the last {WINDOW} "
    "measured epochs and without bias; infinite where all samples have the same gradient",
    "dead": "share of units, not sigmoidal, with a slope below 0.01 for all samples",
    "saturated": "share of sigmoidal units with a slope below 0.01 for at least 90% of the samples",
    "constant": "share of units whose standard deviation is at most a thousandth of their mean; "
    "NaN for batches of one sample",
    "activation_mean": "mean of h_l over samples and units",
    "activation_spread": "root of the units' mean variance",
}


class UnknownNameError(checks.ArgumentError, KeyError):
    """A mapping has no such name."""

    __str__ = ValueError.__str__  # a KeyError's would be in quotation marks


@dataclass(eq=False, repr=False)
class Record(Mapping[str, np.ndarray]):
    """What was measured, one step in each measured epoch, and copies of the weights.

    A mapping from names to numbers: ``record["gradient_norm"]`` is an array of shape (n_measured,
    n_layers), one row per epoch of `epochs`; ``record.names`` says what each name means. Layers
    count from 1 in words and arguments, from 0 in arrays. `unit` gives a number of each unit of a
    layer. All arrays are as they were given out, whatever is recorded later; those that are
    attributes are shared, and not to be written to.

    Attributes
    ----------
    activations : tuple of str
        Of each layer.
    epochs : ndarray of int, shape (n_measured,)
        The epochs that were measured, counted from 1 over all fits, in ascending order. One that
        was cut short is among them if its step was taken, and one that diverged by its last sound
        step, until training goes on.
    rows : ndarray of int, shape (n_measured,)
        Samples in the batch of each.
    numbers : ndarray of shape (n_measured, n_layers, 9)
        `lamina.spec.measures.NUMBERS`.
    units : list of ndarray of shape (n_measured, 4, d_l)
        `lamina.spec.measures.UNITS` of each layer; of no rows if they were never kept, NaN in
        epochs without.
    curvatures : ndarray of shape (n_measured,)
        ``d' H d / d' d`` along the step d for the batch's objective; NaN if not asked for.
    snapshots : list of (int, list of tuples of arrays)
        Epochs, 0 being the start, and the parameters after them: of the start, of multiples of
        `stride`, and of the end, whether or not it is the best.
    stride : int
        Epochs from one snapshot to the next, now.
    health : ndarray of shape (n_measured, n_layers, 5)
        `lamina.training.recording.health.HEALTH` where it cannot be told from `units`, else NaN.
    effective : ndarray of shape (n_measured,)
        As how many samples of the same weight each batch counts: `rows` without sample weights.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.MLPRegressor(hidden_layer_sizes=3, max_iter=2, diagnose=True)
    >>> record = model.fit([[0.0], [1.0]], [0.0, 1.0]).record_
    >>> record["weight_norm"].shape, record.unit("mean", layer=1).shape
    ((2, 2), (2, 3))
    >>> [epoch for epoch, parameters in record.snapshots]
    [0, 1, 2]
    """

    activations: tuple[str, ...]
    epochs: np.ndarray
    rows: np.ndarray
    numbers: np.ndarray
    units: list[np.ndarray]
    curvatures: np.ndarray
    snapshots: list[tuple[int, Parameters]] = field(default_factory=list)
    stride: int = 1
    health: np.ndarray = None  # type: ignore[assignment]
    effective: np.ndarray = None  # type: ignore[assignment]
    _room: ClassVar[Room | None] = None  # where the arrays are, if they have grown here

    def __post_init__(self) -> None:
        if self.health is None:
            self.health = np.full((self.n_measured, self.n_layers, len(HEALTH)), np.nan)
        if self.effective is None:
            self.effective = self.rows.astype(np.float64)

    @classmethod
    def empty(cls, network: Network) -> Record:
        """Return a record of nothing yet."""
        n_layers = len(network.layers)
        return cls(
            tuple(str(layer.activation) for layer in network.layers),
            np.empty(0, np.int64),
            np.empty(0, np.int64),
            np.empty((0, n_layers, len(NUMBERS))),
            [np.empty((0, len(UNITS), layer.units)) for layer in network.layers],
            np.empty(0),
        )

    def extended(
        self, epoch: int, seen: Measures, units: bool = True, curvature: float = np.nan
    ) -> Record:
        """Return a record with another measured epoch, in time that does not grow with this one.

        Without `units` those are NaN, if any were kept before.
        """
        n = self.n_measured
        if units and n and not self._keeps_units:
            return self._with(units=self._filled_units(), _room=None).extended(
                epoch, seen, units, curvature
            )
        own = [part[None] for part in seen.units]
        health: Any = np.nan  # all at once where someone asks for it: it would take time by epochs
        if not units:
            health = self._health_of(own, np.array([seen.rows]))[0]
        effective = seen.rows if seen.effective is None else seen.effective
        columns = [getattr(self, name) for name in _COLUMNS]
        row: list[Any] = [epoch, seen.rows, seen.numbers, curvature, health, effective]
        if units or self._keeps_units:
            columns += self.units
            row += own if units else [np.nan] * len(own)
        room = self._room
        grown = None if room is None else room.add(n, row)
        if grown is None:  # nothing grew here yet, or it did elsewhere
            room = Room(columns)
            grown = room.added(row)
        arrays = dict(zip(_COLUMNS, grown, strict=False))
        return self._with(**arrays, units=grown[len(_COLUMNS) :] or self.units, _room=room)

    def until(self, epoch: int) -> Record:
        """Return a record of the epochs up to one."""
        n = int(np.searchsorted(self.epochs, epoch, side="right"))
        snapshots = [own for own in self.snapshots if own[0] <= epoch]
        return self._cut(slice(n))._with(snapshots=snapshots, _room=self._room)

    def _cut(self, rows: slice) -> Record:
        """Return a record of some of the measured epochs."""
        arrays = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return self._with(**arrays, units=[own[rows] for own in self.units], _room=None)

    def under(self, network: Network) -> Record:
        """Return a record to go on with by a network, which may have other activations."""
        activations = tuple(str(layer.activation) for layer in network.layers)
        if activations == self.activations:
            return self
        return self._with(activations=activations, health=self._whole_health(), _room=None)

    def with_snapshots(self, snapshots: list[tuple[int, Parameters]], stride: int) -> Record:
        """Return a record of the same epochs with other snapshots."""
        return self._with(snapshots=snapshots, stride=stride)

    def _with(self, **changes: Any) -> Record:
        other = object.__new__(Record)
        other.__dict__.update(self.__dict__ | changes)
        return other

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the room, which is a copy's own."""
        return {name: own for name, own in self.__dict__.items() if name != "_room"}

    @property
    def _keeps_units(self) -> bool:
        return 0 < self.n_measured == len(self.units[0])

    def _filled_units(self) -> list[np.ndarray]:
        """Return the units' numbers with NaN where there are none."""
        if len(self.units[0]) == self.n_measured:
            return self.units
        shapes = [(self.n_measured, *own.shape[1:]) for own in self.units]
        return [np.full(shape, np.nan) for shape in shapes]

    def _health_of(self, units: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
        """Return the health of all layers, of shape (n, n_layers, 5)."""
        pairs = zip(units, self.activations, strict=True)
        return np.stack([health(own, activation, rows) for own, activation in pairs], axis=1)

    def _whole_health(self) -> np.ndarray:
        """Return the health of all measured epochs, of which some may be told already."""
        room = self._room
        if room is None:
            return self._told()
        told = room.told
        if told is None or len(told) < self.n_measured:
            known = [] if told is None else [told]
            rest = self._cut(slice(sum(map(len, known)), None))
            told = room.told = np.concatenate([*known, rest._told()])
        return told[: self.n_measured]

    def _told(self) -> np.ndarray:
        """Return the health of all measured epochs, told anew."""
        if not self._keeps_units:
            return self.health
        told = self._health_of(self.units, self.rows)
        return np.where(np.isnan(self.health), told, self.health)

    @property
    def names(self) -> dict[str, str]:
        """What each name of a number by layer means."""
        return dict(LAYERS)

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.activations)

    @property
    def n_measured(self) -> int:
        """Number of measured epochs."""
        return len(self.epochs)

    def __len__(self) -> int:
        return len(LAYERS)

    def __iter__(self) -> Iterator[str]:
        return iter(LAYERS)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in LAYERS

    __eq__, __hash__ = object.__eq__, object.__hash__  # those of arrays have no one answer

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self:
            raise self._unknown(name)
        if name in HEALTH:
            return self._whole_health()[:, :, HEALTH.index(name)].copy()
        own = {n: self.numbers[:, :, i] for i, n in enumerate(NUMBERS)}
        if name == "update_ratio":
            return _ratio(own["update"], own["weight"])
        if name == "effective_rate":
            return _ratio(own["update"], own["gradient"])
        if name in ("gradient_noise", "signal_to_noise"):
            batch = np.hypot(own["gradient"], own["bias_gradient"])
            spread = noise(batch, own["sample_gradient"], self.rows, self.effective)
            return spread if name == "gradient_noise" else signal_to_noise(batch, spread)
        return own[name.removesuffix("_norm")].copy()

    def _unknown(self, name: Any) -> UnknownNameError:
        """Return an error that says what there is."""
        others = (*_COLUMNS, "units", "snapshots", "activations", "stride")
        if isinstance(name, str) and name in others:
            return UnknownNameError(f"{name!r} is not a number by layer: it is in record.{name}")
        expected = "one of " + ", ".join(map(repr, LAYERS))
        return UnknownNameError(str(checks.fail("name", expected, name, list(LAYERS))))

    def unit(self, name: str, layer: int) -> np.ndarray:
        """Return a number of each unit of a layer, of shape (n_measured, d_l).

        Parameters
        ----------
        name : {"mean", "deviation", "flat", "signal"}
            Mean and standard deviation of the unit's output over the batch, the share of samples
            where its slope is below 0.01, and the root of its mean squared delta.
        layer : int in [1, n_layers]

        Raises
        ------
        ArgumentError
            If the name or the layer is another, or ``Recorder(units=False)`` kept none.
        """
        checks.choice("name", name, UNITS)
        checks.integer("layer", layer, f"[1, {self.n_layers}]")
        if len(self.units[layer - 1]) != self.n_measured:
            raise checks.ArgumentError("the numbers of units were not kept: Recorder(units=True)")
        return self.units[layer - 1][:, UNITS.index(name)].astype(np.float64)  # a copy

    def as_frame(self) -> Any:
        """Return a pandas data frame: a row per measured epoch and layer, a column per number.

        `rows` and `curvatures` are there too, the same for all layers.

        Raises
        ------
        ImportError
            If pandas, which lamina does not need otherwise, is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("as_frame needs pandas: pip install pandas") from error
        epochs, rows, curvatures = (
            np.repeat(own, self.n_layers) for own in (self.epochs, self.rows, self.curvatures)
        )
        layers = np.tile(np.arange(1, self.n_layers + 1), self.n_measured)
        columns = {name: own.ravel() for name, own in self.items()}
        columns = {"epoch": epochs, "layer": layers, "rows": rows, **columns}
        return pandas.DataFrame({**columns, "curvature": curvatures})

    def summary(self) -> str:
        """Return how much there is, in words."""
        n, kept = self.n_measured, len(self.snapshots)
        words = f"{n} measured epoch{'' if n == 1 else 's'}, {kept} snapshot"
        return words if kept == 1 else words + "s"

    def _head(self) -> str:
        more = f"; epoch {self.epochs[-1]}:" if self.n_measured else ""
        return self.summary() + more

    def _lines(self) -> list[list[str]]:
        """Return the cells of the names, and of each layer in the last measured epoch."""
        if not self.n_measured:
            return []
        end = self._cut(slice(-WINDOW, None))
        last = [end[name][-1] for name in _SHOWN]
        return [["layer", *_SHOWN]] + [
            [str(layer + 1), *(f"{own[layer]:.3g}" for own in last)]
            for layer in range(self.n_layers)
        ]

    def __repr__(self) -> str:
        lines = self._lines()
        widths = [max(len(line[j]) for line in lines) for j in range(len(lines[0]) if lines else 0)]
        table = [
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        ]
        return "\n".join([self._head(), *table])

    def _repr_html_(self) -> str:
        lines = self._lines()
        if not lines:
            return f"<p>{self._head()}</p>"
        head = "".join(f'<th scope="col">{cell}</th>' for cell in lines[0])
        body = "".join(
            f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in own)}</tr>'
            for first, *own in lines[1:]
        )
        return (
            f"<table><caption>{self._head()}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b, and NaN where b is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(b == 0, np.nan, a / b)
