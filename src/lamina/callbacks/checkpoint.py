"""A callback that writes checkpoints, from which `lamina.resume` goes on."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from os import PathLike
from time import monotonic

from lamina import codec
from lamina.estimators.running.callback import Callback, Run
from lamina.plan import checks

SHARE = 0.1  # of the time that writing may take, where nobody says how often


@dataclass(eq=False, repr=False)
class Checkpoint(Callback):
    """Writes all that training needs to go on with the same bits, at the end of epochs.

    A kill at any moment leaves the file as it was or as it is to be, whole. The first one is
    written before the first epoch, so that a fit that cannot be resumed says so before any work:
    one with ``solver="lbfgs"``, whose state SciPy keeps to itself, a `partial_fit`, a subclass, and
    one with a loss of one's own, which is code. The last one is written when training ends, also by
    Ctrl-C, a callback or an error, and is of the last epoch that ended; an epoch that was cut off
    is done again. Only where the weights are no longer finite is there no last one.

    Parameters
    ----------
    path : str or path-like
        The newest checkpoint of an earlier fit that is there becomes ``path.before``.
    every_epochs : int in [1, inf) or None, default=None
    every_seconds : float in (0, inf) or None, default=None
        After so many epochs, or after the first epoch that ends so long after the last checkpoint.
        Both None: as often as takes a tenth of the time. Writing one takes some milliseconds, the
        more the larger the network, as the file is on the disk before training goes on.
    keep : int in [1, inf), default=1
        Number of checkpoints to keep: the one before is ``path.1``, the one before that
        ``path.2`` and so on.

    See Also
    --------
    lamina.resume : goes on from the file.

    Examples
    --------
    >>> import lamina, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "checkpoint")
    >>> every = lamina.callbacks.Checkpoint(path, every_epochs=10)
    >>> model = lamina.MLPRegressor(max_iter=20, random_state=0, callbacks=[every])
    >>> X, y = [[0.0], [1.0]], [0.0, 1.0]
    >>> model.fit(X, y).loss_ == lamina.resume(path, X, y).loss_
    True
    """

    path: str | PathLike[str]
    every_epochs: int | None = None
    every_seconds: float | None = None
    keep: int = 1

    last = True  # of all callbacks, so that it knows whether one of them ends training
    marks = True  # it makes a checkpoint after training too

    def __post_init__(self) -> None:
        checks.kind("path", self.path, (str, PathLike), "a path")  # type: ignore[arg-type]
        if self.every_epochs is not None:
            checks.integer("every_epochs", self.every_epochs, "[1, inf)")
        if self.every_seconds is not None:
            checks.real("every_seconds", self.every_seconds, "(0, inf)")
        checks.integer("keep", self.keep, "[1, inf)")

    def on_train_begin(self, run: Run) -> None:
        """Write the first one, and remove what a kill has left of one that was never whole."""
        self._epoch: int | None = None
        codec.remove_leftovers(self.path)
        codec.check_writable(self.path)
        if run.resumed:
            here = os.path.exists(self.path)  # as a rule it is what training goes on from
            self._epoch, self._written, self._took = run.epoch if here else -1, monotonic(), 0.0
            return
        data = run.checkpoint()
        self._put_aside()
        self._write(run, data)

    def on_epoch_end(self, run: Run) -> None:
        """Write one if it is time, or if training ends here."""
        if self._due(run) or run.stopping or run.epoch == run.max_epochs:
            self._write(run, run.checkpoint())

    def on_train_end(self, run: Run) -> None:
        """Write one of the last epoch's end, unless there is one."""
        if self._epoch is not None and run.checkpoint_epoch not in (None, self._epoch):
            self._write(run, run.checkpoint())

    def _write(self, run: Run, data: bytes) -> None:
        started = monotonic()
        self._rotate()
        codec.write_atomically(self.path, data)
        self._epoch, self._written = run.checkpoint_epoch, monotonic()
        self._took = self._written - started

    def _due(self, run: Run) -> bool:
        waited = monotonic() - self._written
        if self.every_epochs is None and self.every_seconds is None:
            return self._took <= SHARE * waited
        if self.every_seconds is not None and waited >= self.every_seconds:
            return True
        return self.every_epochs is not None and run.epoch % self.every_epochs == 0

    def _names(self) -> list[str]:
        path = os.fspath(self.path)
        return [path, *(f"{path}.{i}" for i in range(1, self.keep))]

    def _put_aside(self) -> None:
        """Make way for another run's checkpoints; the newest that is there is kept."""
        newest, *older = self._names()
        with contextlib.suppress(FileNotFoundError):
            os.replace(newest, f"{newest}.before")
        for name in older:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)

    def _rotate(self) -> None:
        """Make room for a new one. The newest stays where it is until it is replaced."""
        names = self._names()
        for older, newer in reversed(list(zip(names[2:], names[1:], strict=False))):
            if os.path.exists(newer):
                os.replace(newer, older)
        if self.keep > 1 and os.path.exists(names[0]):
            with open(names[0], "rb") as file:
                codec.write_atomically(names[1], file.read())

    __repr__ = checks.short_repr
