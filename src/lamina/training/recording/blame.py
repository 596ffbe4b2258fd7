"""When to look for what broke a training: where it did, and where it is about to."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from lamina.training.recording import culprit

if TYPE_CHECKING:
    from lamina.training.loop import Loop


class Blame:
    """Looks once for the culprit of a training, and remembers it.

    It is handed the loop by its caller: one that it held would keep the samples in memory.
    """

    found: culprit.Culprit | None = None
    _least = 1.0  # loss of an epoch
    _looked = False

    def after_epoch(self, loop: Loop) -> None:
        """Look at an epoch whose loss has jumped: it may be a later one that overflows."""
        limit, loss = culprit.JUMP * max(self._least, 1.0), loop.loss
        self._least = min(self._least, loss) if loop.n_epochs > 1 else loss
        if loss <= limit:
            return
        if not isfinite(loss) or culprit.exploded(1.0, loop.parameters()):
            self.look(loop, len(loop.state.history.loss))
        if not isfinite(loss):
            loop.state.seen.culprit = self.found

    def look(self, loop: Loop, epoch: int) -> None:
        """Find what went wrong in the present epoch; the trainer stands where it stood again."""
        if self._looked or loop.taken is None or loop.data is None:
            return
        trainer, self._looked = loop.trainer, True
        own = loop.network, loop.training, loop.state.seed or 0, loop.data, loop.taken
        done = trainer.n_done
        trainer.keep("here")
        try:
            self.found = culprit.find(trainer, *own, epoch)
        finally:
            trainer.recall("here")
            trainer.n_done = done

    def at_end(self, loop: Loop, within: bool) -> None:
        """Find what brought in the first number that is not finite; the trainer is at "last".

        `within` says whether it was within an epoch, or since the end of one.
        """
        epoch = len(loop.state.history.loss) + within
        if self.found is None:
            self._looked = False
            self.look(loop, epoch)
        if self.found is not None and loop.taken is not None and within:
            step = self.found.step if self.found.epoch == epoch else 1
            loop.recording.look_back(loop.trainer, loop.taken, max(step, 1))
        loop.state.seen.culprit = self.found
