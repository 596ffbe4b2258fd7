"""A recording under way: what is measured of which step, and when weights are copied."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lamina.engines.protocol import Parameters, Trainer
from lamina.plan import Network, Recorder
from lamina.spec.measures import NUMBERS
from lamina.training.recording.culprit import Stretch
from lamina.training.recording.record import Record
from lamina.training.state import State


class Readable(Protocol):
    """What has parameters to copy: a trainer, or L-BFGS."""

    def read_parameters(self) -> Parameters:
        """Return copies of the parameters."""
        ...


class Recording:
    """Measures one step of each epoch that is due, and adds it all to a record.

    Without a recorder it does nothing. Which epochs are measured and copied depends on their
    number over all fits alone: cutting a training into several, or resuming it, changes nothing.
    """

    waits: bool  # for a step to be measured

    def __init__(self, recorder: Recorder | None, network: Network, state: State) -> None:
        self.recorder, self._state = recorder, state
        self.waits = self._within = False
        if recorder is None:
            return
        before = Record.empty(network) if state.record is None else state.record
        before = before.until(self._epoch)  # an epoch that was cut short is done again
        self._own, self._stride = before.under(network), before.stride
        self._most = recorder.most(sum(p.nbytes for own in state.parameters for p in own))
        self._snapshots = before.snapshots
        if self._most:
            self._thin()
            if self._due_to_copy():
                self._copy([tuple(p.copy() for p in layer) for layer in state.parameters])

    @property
    def _epoch(self) -> int:
        """Epochs over all fits that have ended."""
        return len(self._state.history.loss)

    def begin_epoch(self) -> None:
        """Hear that an epoch begins."""
        own = self.recorder
        self._within = True
        self.waits = own is not None and self._epoch % own.every == 0

    def due(
        self, order: np.ndarray, batch_size: int, weights: np.ndarray | None = None
    ) -> int | None:
        """Return which of the coming steps to measure, the last full batch's; None for none.

        One whose samples have no weight reveals nothing: then it is the last before it that has.
        """
        if not self.waits:
            return None
        last = max(len(order) // batch_size, 1) - 1
        if weights is None:
            return last
        starts = range(last * batch_size, -1, -batch_size)
        weighty = (s for s in starts if weights[order[s : s + batch_size]].any())
        start = next(weighty, None)
        return None if start is None else start // batch_size

    @property
    def bends(self) -> bool:
        """Whether the curvature along measured steps is wanted."""
        return self.recorder is not None and self.recorder.curvature

    def take(
        self,
        trainer: Trainer,
        updates: np.ndarray | None = None,
        curvature: float = np.nan,
    ) -> None:
        """Take note of the step that the trainer measured last, or of longer `updates`."""
        seen = trainer.measures()
        self.waits = False
        if seen is None or self.recorder is None:
            return
        if updates is not None:
            seen.numbers[:, NUMBERS.index("update")] = updates
        self._own = self._own.extended(self._epoch + 1, seen, self.recorder.units, curvature)

    def look_back(self, trainer: Trainer, taken: Stretch, broke: int) -> None:
        """Measure an epoch that broke in a step, by the one before it, or in the first by that one.

        What the step to be measured would have shown is not finite any more. The trainer is where
        the epoch began, as "last", and is so again afterwards.
        """
        if self.recorder is None or self._epoch + 1 in self._own.epochs[-1:]:
            return
        n, size = max(broke - 1, 1), taken.batch_size
        rows, table = taken.order[: n * size], taken.table[:n]
        with np.errstate(all="ignore"):
            trainer.epoch(rows, size, table, taken.first_step, measured=True)
        self.take(trainer)
        trainer.recall("last")

    def end_epoch(self, trainer: Readable) -> None:
        """Hear that an epoch ended: weights may be due to be copied."""
        self._within = False
        if self.recorder is not None and self._most and self._due_to_copy():
            self._copy(trainer.read_parameters())

    def end(self, trainer: Readable, stepped: bool) -> None:
        """Hear that training ended, why ever; the trainer has its last parameters.

        `stepped` says whether they have steps of an epoch that was cut short, if one was.
        """
        if self.recorder is None:
            return
        own, epoch = self._record(), self._epoch + (self._within and stepped)
        if self._most and own.snapshots[-1][0] != epoch:
            own.snapshots.append((epoch, trainer.read_parameters()))
        self._state.record = own

    def _due_to_copy(self) -> bool:
        """Return whether this is the first snapshot, or a multiple of the stride."""
        kept, epoch = self._snapshots, self._epoch
        return not kept or (kept[-1][0] != epoch and epoch % self._stride == 0)

    def _copy(self, parameters: Parameters) -> None:
        self._snapshots.append((self._epoch, parameters))
        self._thin()

    def _thin(self) -> None:
        """Let ends of earlier fits go and, while there are too many, every other snapshot.

        One less is kept than there may be: there is to be room for the end.
        """
        while True:
            own, stride = self._snapshots, self._stride
            self._snapshots = own[:1] + [later for later in own[1:] if later[0] % stride == 0]
            if len(self._snapshots) < self._most:
                return
            self._stride *= 2

    def record(self, n_epochs: int | None = None) -> Record | None:
        """Return all that was recorded, also by earlier fits, or up to the end of an epoch."""
        if self.recorder is None:
            return self._state.record
        own = self._record()
        return own if n_epochs is None else own.until(n_epochs)

    def _record(self) -> Record:
        return self._own.with_snapshots(list(self._snapshots), self._stride)
