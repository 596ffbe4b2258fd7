"""Callbacks: what they may do, what they may look at, and who calls them."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.engines.protocol import Parameters
from lamina.estimators.measuring.history import TrainingHistory
from lamina.plan import checks
from lamina.training import Course, Mark, Record


class Callback:
    """Base of all callbacks: hears what happens in a training, and may stop it.

    Override what you need. An exception that a callback raises ends the fit and goes on to its
    caller; the estimator then stands where training stood, at the best epoch so far with early
    stopping, or as it was before the fit where nothing was learnt yet. One instance may serve one
    fit after another, not two at once: `on_train_begin` is the place to start anew.

    Attributes
    ----------
    every_batches : int or None, default=None
        `on_batch_end` is called after every so many steps of a fit; None: never.

    Examples
    --------
    >>> import lamina
    >>> class Half(lamina.callbacks.Callback):
    ...     def on_epoch_end(self, run):
    ...         if run.loss < run.history["loss"][0] / 2:
    ...             run.stop(f"Half of the loss after {run.epoch} epochs.")
    >>> model = lamina.MLPRegressor(learning_rate_init=0.1, random_state=0, callbacks=[Half()])
    >>> model.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).stop_reason_
    'Half of the loss after 3 epochs.'
    """

    every_batches: int | None = None

    def on_train_begin(self, run: Run) -> None:
        """Hear that training begins, or goes on from a checkpoint, where ``run.epoch > 0``."""

    def on_batch_end(self, run: Run) -> None:
        """Hear that another `every_batches` steps were taken. Not with solver="lbfgs"."""

    def on_epoch_end(self, run: Run) -> None:
        """Hear that an epoch, or an iteration of "lbfgs", ended; ``run.latest`` has its numbers."""

    def on_train_end(self, run: Run) -> None:
        """Hear that training ended, why ever: ``run.estimator`` is as it leaves `fit`.

        ``run.stop_reason`` says why. After an error, which is ``run.error``, it is called too, to
        tidy up; an error of its own is then not heard of. A `run` that is kept beyond this call
        knows its numbers still, but neither samples nor checkpoints.
        """


class Over:
    """A training that is over: a `Course` that holds neither samples nor trainer."""

    def __init__(self, course: Course, mark: Mark | None) -> None:
        self.state, self.training, self.n_epochs = course.state, course.training, course.n_epochs
        self.batch, self.n_batches, self.loss = course.batch, course.n_batches, course.loss
        self.rates = np.array(course.rates)
        self._mark = mark

    @property
    def marked(self) -> int | None:
        """The epoch whose end `mark` is of; None where there is no mark."""
        return None if self._mark is None else self._mark.n_epochs

    def parameters(self) -> Parameters:
        """Return copies of the parameters that training left."""
        return [tuple(array.copy() for array in layer) for layer in self.state.parameters]

    def record(self) -> Record | None:
        """Return what was recorded."""
        return self.state.record

    def mark(self) -> Mark:
        """Return all that is needed to go on from the end of the last epoch."""
        if self._mark is None:
            raise checks.ArgumentError("a training that is over has no checkpoint")
        return self._mark


class Run:
    """A training under way, as callbacks see it.

    Attributes
    ----------
    estimator : MLPClassifier or MLPRegressor
        The one that is fitted; its weights are the present ones at the end only: `model` before.
    stop_reason : str or None
        Why training ends, once it does or a callback asked for it.
    error : BaseException or None
        What ended training.
    incremental : bool
        Whether this is the one epoch of a `partial_fit`.
    resumed : bool
        Whether training goes on from a checkpoint, if only from one before the first epoch.
    """

    def __init__(
        self,
        estimator: Any,
        course: Course,
        plan: Any,
        save: Any,
        incremental: bool,
        resumed: bool = False,
    ) -> None:
        self.estimator, self.incremental, self.resumed = estimator, incremental, resumed
        self.stop_reason: str | None = None
        self.error: BaseException | None = None
        self.stopping = False
        self._course, self._save = course, save
        self._plan = replace(plan, given=[], scorers={})  # neither samples nor functions
        self._before = len(course.state.history.loss) - course.n_epochs

    @property
    def epoch(self) -> int:
        """Epochs of this fit that have ended."""
        return self._course.n_epochs

    @property
    def max_epochs(self) -> int:
        """The largest number of epochs."""
        return self._course.training.max_iter

    @property
    def step(self) -> int:
        """Steps of the update rule so far: of this fit, and with `partial_fit` of the ones before.

        The steps of an epoch that is under way count once their stretch is over.
        """
        return self._course.state.step

    @property
    def batch(self) -> int:
        """Steps of the present, or last, epoch."""
        return self._course.batch

    @property
    def n_batches(self) -> int:
        """Steps that the present, or last, epoch has in all."""
        return self._course.n_batches

    @property
    def learning_rate(self) -> float:
        """Learning rate of the last step; NaN if there was none."""
        rates = self.learning_rates
        return float(rates[-1]) if len(rates) else np.nan

    @property
    def learning_rates(self) -> np.ndarray:
        """Learning rate of each step taken in the present, or last, epoch."""
        return np.array(self._course.rates[: self.batch])

    @property
    def loss(self) -> float:
        """Mean loss over the batches of the present, or last, epoch so far."""
        return self._course.loss

    @property
    def history(self) -> TrainingHistory:
        """All epochs so far, those of earlier fits included."""
        return TrainingHistory(self._course.state.history)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the losses and scores that each epoch gives."""
        return tuple(self._plan.signs)

    @property
    def latest(self) -> dict[str, float]:
        """The last epoch's numbers by name; empty before there is one in this fit."""
        history = self._course.state.history
        if not self.epoch:
            return {}
        own = {name: history.last(name) for name in self.names if name != "loss"}
        rate, seconds = history.learning_rate[-1], history.seconds[-1]
        plain = {"loss": history.loss[-1], "learning_rate": rate, "seconds": seconds}
        return {"epoch": self.epoch, **plain, **own}

    @property
    def row(self) -> dict[str, float]:
        """The last line of `history`: as `latest`, but with the epoch counted over all fits."""
        return {**self.latest, "epoch": self._before + self.epoch}

    def greater_is_better(self, name: str) -> bool:
        """Return whether large is good for a number; ArgumentError if it is not recorded."""
        self._check_name(name)
        return self._plan.signs[name] > 0

    def sign(self, name: str, mode: str = "auto") -> float:
        """Return 1 where larger is better, else -1; ArgumentError if nobody can know.

        `mode` is "min", "max" or "auto": small for a loss, large for a score, and neither for a
        function of one's own that is named like an error.
        """
        self._check_name(name)
        return self._plan.sign(name, mode)

    def _check_name(self, name: str) -> None:
        if name not in self._plan.signs:
            expected = "one of " + ", ".join(repr(own) for own in self.names)
            raise checks.fail("monitor", expected, name)

    def parameters(self) -> Parameters:
        """Return copies of the present weights and biases, a pair per layer."""
        return self._course.parameters()

    @property
    def record(self) -> Record | None:
        """What was measured so far, with ``diagnose``; None without."""
        return self._course.record()

    def model(self) -> Any:
        """Return a fitted estimator of its own that stands where training stands."""
        return self.estimator._snapshot(self.parameters(), self.epoch, self.record)

    def checkpoint(self) -> bytes:
        """Return the bytes from which `lamina.resume` goes on; ValueError where none can.

        Not within an epoch. In `on_train_end` they are of the last epoch's end, `checkpoint_epoch`,
        if one of the callbacks has ``marks = True``, as `Checkpoint` has.
        """
        if self.incremental:
            raise checks.ArgumentError("partial_fit has no run to resume: use the estimator's save")
        if self._save is None:
            raise checks.ArgumentError("a training that is over has no checkpoint")
        return self._save(self._course)

    @property
    def checkpoint_epoch(self) -> int | None:
        """The epoch whose end `checkpoint` is of; None where there is none."""
        return self._course.marked

    def over(self) -> None:
        """Stand where training ended, whatever becomes of its course."""
        marked = self._course.marked is not None and not isinstance(self._course, Over)
        self._course = Over(self._course, self._course.mark() if marked else None)

    def release(self) -> None:
        """Let go of the samples and of all that can neither be copied nor kept."""
        self._course, self._save = Over(self._course, None), None

    def stop(self, reason: str) -> None:
        """End training here; `reason` becomes ``estimator.stop_reason_``."""
        checks.kind("reason", reason, str, "a sentence")
        self.stop_reason = self.stop_reason or reason
        self.stopping = True


class Told:
    """Calls the callbacks of a fit."""

    def __init__(self, callbacks: Any, lbfgs: bool) -> None:
        self.own = _checked(callbacks)
        self.run: Run | None = None
        every = {own.every_batches for own in self.own if own.every_batches is not None}
        self.batches = tuple(sorted(every))
        self.marks = any(getattr(own, "marks", False) for own in self.own)
        self._begun: list[Callback] = []
        if self.batches and lbfgs:
            raise checks.fail(
                "every_batches of a callback", "None for solver='lbfgs'", self.batches[0]
            )

    def begin(self, run: Run) -> None:
        """Call on_train_begin."""
        self.run = run
        for own in self.own:
            self._begun.append(own)
            own.on_train_begin(run)

    def batch(self) -> None:
        """Call on_batch_end of those whose turn it is."""
        assert self.run is not None
        for own in self.own:
            if own.every_batches is not None and self.run.step % own.every_batches == 0:
                own.on_batch_end(self.run)

    def epoch(self) -> None:
        """Call on_epoch_end."""
        assert self.run is not None
        for own in self.own:
            own.on_epoch_end(self.run)

    def end(self, reason: str) -> None:
        """Call on_train_end of all, even where one of them fails; its error goes on."""
        if self.run is None:
            return
        self.run.stop_reason = reason
        self.run.over()
        begun, self._begun = self._begun, []
        with contextlib.ExitStack() as stack:
            for own in reversed(begun):
                stack.callback(own.on_train_end, self.run)

    def fail(self, error: BaseException, reason: str) -> None:
        """Call on_train_end of all that began, after an error, which must not be lost."""
        if self.run is None:
            return
        self.run.error = error
        with contextlib.suppress(Exception):
            self.end(reason)


def _checked(callbacks: Any) -> list[Callback]:
    """Return the callbacks, those that want to be the last at the end."""
    if callbacks is None:
        return []
    if not isinstance(callbacks, (list, tuple)):
        raise checks.fail("callbacks", "a list of callbacks, or None", callbacks)
    for own in callbacks:
        checks.kind("every entry of callbacks", own, Callback, "a lamina.callbacks.Callback")
        if own.every_batches is not None:
            checks.integer("every_batches of a callback", own.every_batches, "[1, inf)")
    return sorted(callbacks, key=lambda own: getattr(own, "last", False))
