"""A callback that writes checkpoints, from which `lamina.resume` goes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from os import PathLike
from time import monotonic

from lamina import codec
from lamina.estimators.callback import Callback, Run
from lamina.plan import checks


@dataclass(eq=False, repr=False)
class Checkpoint(Callback):
    """Writes all that training needs to go on with the same bits, at the end of epochs.

    A kill at any moment leaves the file as it was or as it is to be, whole. The first one is
    written before the first epoch, so that a fit that cannot be resumed says so before any work:
    one with ``solver="lbfgs"``, whose state SciPy keeps to itself, a `partial_fit`, and one with a
    loss of one's own, which is code.

    Parameters
    ----------
    path : str or path-like
    every_epochs : int in [1, inf) or None, default=None
        None: after each, unless `every_seconds` says otherwise.
    every_seconds : float in (0, inf) or None, default=None
        After the first epoch that ends so long after the last checkpoint.
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

    def __post_init__(self) -> None:
        checks.kind("path", self.path, (str, PathLike), "a path")  # type: ignore[arg-type]
        if self.every_epochs is not None:
            checks.integer("every_epochs", self.every_epochs, "[1, inf)")
        if self.every_seconds is not None:
            checks.real("every_seconds", self.every_seconds, "(0, inf)")
        checks.integer("keep", self.keep, "[1, inf)")

    def on_train_begin(self, run: Run) -> None:
        """Write the first one, and remove what a kill has left of one that was never whole."""
        codec.remove_leftovers(self.path)
        self._written = monotonic()
        if not run.epoch:  # else it is the one that training goes on from
            codec.write_atomically(self.path, run.checkpoint())

    def on_epoch_end(self, run: Run) -> None:
        """Write one if it is time, or if training ends here."""
        if not (self._due(run) or run.stopping or run.epoch == run.max_epochs):
            return
        data = run.checkpoint()
        self._rotate()
        codec.write_atomically(self.path, data)
        self._written = monotonic()

    def _due(self, run: Run) -> bool:
        if self.every_seconds is not None and monotonic() - self._written >= self.every_seconds:
            return True
        every = self.every_epochs or (None if self.every_seconds is not None else 1)
        return every is not None and run.epoch % every == 0

    def _rotate(self) -> None:
        """Make room for a new one. The newest stays where it is until it is replaced."""
        names = [
            os.fspath(self.path),
            *(f"{os.fspath(self.path)}.{i}" for i in range(1, self.keep)),
        ]
        for older, newer in reversed(list(zip(names[2:], names[1:], strict=False))):
            if os.path.exists(newer):
                os.replace(newer, older)
        if self.keep > 1 and os.path.exists(names[0]):
            with open(names[0], "rb") as file:
                codec.write_atomically(names[1], file.read())

    __repr__ = checks.short_repr
