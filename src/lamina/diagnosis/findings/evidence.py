"""What findings go by: plain numbers of one training, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lamina.plan import Network, Training
from lamina.training import Culprit, DataFacts, Record, Standing

TRAIN = "train"
EARLY = 3  # measured epochs that count as the beginning
LATE = 10  # and as the end


@dataclass(frozen=True)
class Knobs:
    """What of an estimator's parameters the advice goes by.

    Attributes
    ----------
    solver : str
        As in a constructor's call.
    standardized : str
        What `standardize` does: "", "X", "y" or "Xy".
    class_weight : bool
        Whether classes are weighted.
    stops_early : bool
        Whether early stopping on other samples is on.
    patience : float
        Of what ends training.
    tol : float
    """

    solver: str = "adam"
    standardized: str = ""
    class_weight: bool = False
    stops_early: bool = False
    patience: float = 10
    tol: float = 1e-4


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a training and of where it led.

    Attributes
    ----------
    network : Network
    training : Training
    history : mapping of str to ndarray
        Columns by epoch: "loss", "learning_rate", "eval_loss" and so on.
    knobs : Knobs
    outcome : str
        Name of an `lamina.training.Outcome`, or "".
    n_epochs : int
        Epochs of the last fit.
    monitor : str or None
        The column that early stopping goes by.
    record : Record or None
        Of the training.
    now : Record or None
        Of one row: the network as it is, measured on given samples.
    culprit : Culprit or None
    facts : DataFacts or None
    standings : mapping of str to Standing
        "train", and evaluation sets by their names.
    features, classes : tuple of str
        Names; of classes none for numbers.
    incremental : bool
        Whether it was trained by `partial_fit`, or in chunks, whose facts are not all known.
    """

    network: Network
    training: Training
    history: Mapping[str, np.ndarray]
    knobs: Knobs = field(default_factory=Knobs)
    outcome: str = ""
    n_epochs: int = 0
    monitor: str | None = None
    record: Record | None = None
    now: Record | None = None
    culprit: Culprit | None = None
    facts: DataFacts | None = None
    standings: Mapping[str, Standing] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    incremental: bool = False

    @property
    def lbfgs(self) -> bool:
        """Whether SciPy's L-BFGS trained, which has neither rate nor batches."""
        return self.knobs.solver == "lbfgs"

    @property
    def unit(self) -> str:
        """What the history counts."""
        return "iteration" if self.lbfgs else "epoch"

    @cached_property
    def losses(self) -> np.ndarray:
        """Losses of the last fit's epochs."""
        own = np.asarray(self.history.get("loss", ()), np.float64)
        return own[len(own) - min(self.n_epochs, len(own)) :] if self.n_epochs else own

    @property
    def last_epoch(self) -> int:
        """The last epoch, counted over all fits."""
        return len(self.history.get("loss", ()))

    @cached_property
    def baseline(self) -> float:
        """Loss of the best guess that ignores X, NaN if it is not known."""
        own = math.nan if self.facts is None else self.facts.constant_loss
        return own if math.isfinite(own) and own > 0 else math.nan

    @property
    def learns_means(self) -> bool:
        """Whether the reference can be held against the network."""
        return math.isfinite(self.reference)

    @property
    def reference(self) -> float:
        """R² of a simple model; NaN if there is none."""
        return math.nan if self.facts is None else self.facts.reference_r2

    @property
    def train(self) -> Standing | None:
        """How the network does on the samples that it learnt from."""
        return self.standings.get(TRAIN)

    @cached_property
    def held(self) -> dict[str, Standing]:
        """How it does on other samples, by name."""
        return {name: own for name, own in self.standings.items() if name != TRAIN}

    @cached_property
    def behind(self) -> float:
        """R² that the network lacks on its own samples to a simple model on unseen ones.

        0 where it is no worse; NaN where that is not known.
        """
        own = math.nan if self.train is None else self.train.r2
        if math.isnan(own) or math.isnan(self.reference):
            return math.nan
        return max(0.0, self.reference - max(own, -1.0))

    @cached_property
    def behind_on_others(self) -> float:
        """R² that the network lacks to a simple model where neither has seen the samples."""
        for own in self.held.values():
            if not math.isnan(own.r2) and not math.isnan(self.reference):
                return max(0.0, self.reference - max(own.r2, -1.0))
        return math.nan

    @cached_property
    def explained(self) -> float:
        """Share of the best guess's loss that training has removed; NaN if it is not known."""
        loss = math.nan
        if self.train is not None and math.isfinite(self.train.loss):
            loss = self.train.loss
        elif len(self.losses):
            loss = float(self.losses[-1])
        return 1 - loss / self.baseline if math.isfinite(loss) else math.nan

    def layers(self, name: str, part: str = "late") -> np.ndarray:
        """Return the median of a number of each layer over the first or the last measured epochs.

        Of the network as it is, if that was measured and the end is asked for; NaN where nothing
        was recorded.
        """
        if part == "late" and self.now is not None:
            return self.now[name][-1]
        own = self.record
        if own is None or not own.n_measured:
            return np.full(len(self.network.layers), np.nan)
        rows = own[name][:EARLY] if part == "early" else own[name][-LATE:]
        with np.errstate(all="ignore"):
            there = np.isfinite(rows)
            filled = np.where(there, rows, np.nan)
            return np.array([_median(column) for column in filled.T])

    def epoch_of(self, part: str = "late") -> int | None:
        """Return the epoch that `layers` is about."""
        if part == "late" and self.now is not None:
            return None
        if self.record is None or not self.record.n_measured:
            return None
        return int(self.record.epochs[0 if part == "early" else -1])

    @property
    def batch(self) -> int:
        """Samples of a batch, 0 if that is not known."""
        if self.record is not None and self.record.n_measured:
            return int(self.record.rows[-1])
        n = self.facts.n_samples if self.facts is not None else 0
        return self.training.batch_of(n) if n else 0

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch, 0 if that is not known."""
        if self.facts is None or not self.batch:
            return 0
        return -(-self.facts.n_samples // self.training.batch_of(self.facts.n_samples))

    @cached_property
    def moved(self) -> float:
        """How far the weights came from their start, over its length; NaN without snapshots."""
        return self._way(-1)

    @cached_property
    def pace(self) -> float:
        """How far they came in a step, on average, up to the first copy of them after the start."""
        steps = self.steps_per_epoch
        if self.record is None or len(self.record.snapshots) < 2 or not steps:
            return math.nan
        epochs = self.record.snapshots[1][0] - self.record.snapshots[0][0]
        return self._way(1) / max(1, epochs * steps)

    @cached_property
    def first_lengths(self) -> np.ndarray:
        """Norm of each layer's weights before training, or else in the first measured epochs."""
        if self.record is None or not self.record.snapshots:
            return self.layers("weight_norm", "early")
        return np.array([_length(own[0].astype(float)) for own in self.record.snapshots[0][1]])

    def _way(self, to: int) -> float:
        """Return how far the weights are from their start at a snapshot, over its length."""
        if self.record is None or len(self.record.snapshots) < 2:
            return math.nan
        first, last = self.record.snapshots[0][1], self.record.snapshots[to][1]
        pairs = [(a[0].astype(float), b[0].astype(float)) for a, b in zip(first, last, strict=True)]
        way = math.hypot(*(_length(b - a) for a, b in pairs))
        length = math.hypot(*(_length(a) for a, _ in pairs))
        return way / length if length > 0 else math.nan

    def name_of(self, feature: int) -> str:
        """Return the name of an input in a sentence."""
        if feature < len(self.features):
            return self.features[feature]
        return f"input {feature}"


def _length(array: np.ndarray) -> float:
    """Return the norm of numbers whose squares may overflow."""
    unit = float(np.abs(array).max(initial=0.0))
    return unit * float(np.sqrt(((array / unit) ** 2).sum())) if 0 < unit < math.inf else unit


def _median(values: np.ndarray) -> float:
    own = values[~np.isnan(values)]
    return float(np.median(own)) if len(own) else math.nan
