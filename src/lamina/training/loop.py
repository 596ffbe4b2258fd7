"""The training loop: epochs, stretches of batches, measuring, stopping, best weights.

It knows neither the mathematics, which is the engine's, nor scikit-learn, which is the
estimators'. Random draws happen here, in scikit-learn's order, so that the same random state
gives the same shuffles on every engine.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from math import isfinite
from time import perf_counter

import numpy as np

from lamina.engines import Data, Engine, Trainer
from lamina.engines.protocol import Parameters
from lamina.plan import ArgumentError, Clock, Network, Training, over_epoch
from lamina.spec.arrays import Numbers
from lamina.training import reactive
from lamina.training.ahead import Ahead
from lamina.training.listener import Listener
from lamina.training.recording.bend import along_step
from lamina.training.recording.blame import Blame
from lamina.training.recording.culprit import Stretch
from lamina.training.recording.progress import Recording
from lamina.training.recording.record import Record
from lamina.training.state import Mark, Outcome, State
from lamina.training.watch import Watch


def fit(
    engine: Engine,
    network: Network,
    training: Training,
    state: State,
    data: Data,
    random: np.random.RandomState,
    watch: Watch | None = None,
    listener: Listener | None = None,
    mark: Mark | None = None,
    rows: np.ndarray | None = None,
) -> Outcome:
    """Train until the largest number of epochs, convergence, a stop, an interrupt or divergence.

    `state` is brought up to date, however training ends. With a `watch` that restores the best,
    the parameters at the end are those of the best epoch so far. With a `mark`, whose state and
    random draws `state` and `random` must be, training goes on from there. With `rows`, which may
    repeat, an epoch has those of the samples, as a fit of ``data.rows(rows)`` would but uncopied.
    """
    rows = np.arange(len(data.y)) if rows is None else rows
    training = reactive.whole(training, len(rows))
    state.adopt(training)
    reactive.adopt(state, training)
    state.draw_seed(training, random)
    arguments = network, training.rule, state.parameters, state.slots, data, training.alpha
    drawn = training.regularization, state.seed or 0
    ahead = Ahead(training, len(network.layers) - 1)
    watch = watch or Watch.loss(training)
    with closing(engine.trainer(*arguments, *drawn)) as trainer:
        loop = Loop(trainer, training, state, random, ahead, watch, listener or Listener())
        loop.network, loop.order = network, rows if mark is None else mark.order
        loop.data = data
        loop.n_epochs = 0 if mark is None else mark.n_epochs
        loop.recording = Recording(training.recorder, network, state)
        try:
            outcome = loop.run()
        except KeyboardInterrupt:
            outcome = Outcome.INTERRUPTED
        finally:  # whatever a listener raises, the state holds what was learnt
            if not loop.finish():
                outcome = Outcome.DIVERGED
    return outcome


class Loop:
    """One training under way: a `Course` for its listener."""

    order: np.ndarray
    network: Network
    n_epochs = 0
    batch = 0
    n_batches = 0
    loss = np.nan
    recording: Recording
    data: Data | None = None  # where all of it is at hand
    taken: Stretch | None = None  # the steps of the present or last epoch

    def __init__(
        self,
        trainer: Trainer,
        training: Training,
        state: State,
        random: np.random.RandomState,
        ahead: Ahead,
        watch: Watch,
        listener: Listener,
    ) -> None:
        self.trainer, self.training, self.state, self.random = trainer, training, state, random
        self.ahead, self.watch, self.listener = ahead, watch, listener
        self._rate: Numbers = np.nan
        self._step_before = state.step
        self._sums, self._met = (0.0, 0.0), 0  # losses and samples of the epoch so far
        self._between = True  # whether the last epoch is done with, and the next has not begun
        self.blame = Blame()
        self._last: Mark | None = None  # of the last epoch's end, but for what the trainer keeps
        self._final: Mark | None = None
        self._over = False
        state.history.go_by(watch.monitor, watch.anew)
        self._best_before = state.history.best_score

    def run(self) -> Outcome:
        """Run epoch after epoch; return why they ended."""
        self.watch.try_out(self.trainer)
        self.listener.begin(self)
        while (ended := self._ended()) is None:
            if self.listener.marks:
                self.trainer.keep("last")
                self._last = self._remembered()
            self._between = False
            if self.training.shuffle:
                self.order = self.order[permutation(self.random, len(self.order))]
            ended = self._epoch()
            if ended is not None:
                return ended
            self._measure()
            self._between = True
            self.listener.epoch(self.n_epochs, self.state)
        return ended

    def _ended(self) -> Outcome | None:
        """Return why training ends before another epoch, or None."""
        if self.listener.stopping:
            return Outcome.STOPPED
        if self.n_epochs == 0:
            return None
        if not self.trainer.finite():  # since the epoch's last step: no loss has shown it
            return Outcome.DIVERGED
        if not self._go_on():
            return Outcome.CONVERGED
        return Outcome.MAX_ITER if self.n_epochs >= self.training.max_iter else None

    def _epoch(self) -> Outcome | None:
        """Run one epoch and write it into the history; return why there is no going on, or None."""
        started, state, training, n = perf_counter(), self.state, self.training, len(self.order)
        size = training.batch_of(n)
        # A rule's first epoch counts its samples from 0, whatever earlier fits have seen.
        seen = state.sample if state.step else 0
        clock = Clock(state.step, state.epoch, seen, -(-n // size), reactive.bases(state.places))
        self._rate = over_epoch(training.learning_rate, state.rate, clock)
        self._begin_epoch(clock.n_steps)
        ended = self._steps(self.order, size, self.ahead.table(self._rate, clock))
        if ended is not None:
            if ended is Outcome.UNDEFINED:
                self.blame.look(self, len(state.history.loss) + 1)
                state.seen.culprit = self.blame.found
            return ended
        rate = self._rate
        first = rate if isinstance(rate, float) else float(np.ravel(rate)[0])
        self._end_epoch(n, first, perf_counter() - started)
        self.blame.after_epoch(self)
        return None

    def _begin_epoch(self, n_batches: int) -> None:
        """Set all that is counted within an epoch to its start."""
        self.batch, self.n_batches, self._step_before = 0, n_batches, self.state.step
        self._sums, self._met = (0.0, 0.0), 0
        self.trainer.keep("last")
        self.recording.begin_epoch()

    def _end_epoch(self, n: int, rate: float, seconds: float) -> None:
        """Count an epoch of n samples and write it into the history."""
        state, history = self.state, self.state.history
        state.epoch += 1
        state.sample += n
        self.n_epochs += 1
        history.loss.append(self.loss)
        history.learning_rate.append(rate)
        history.seconds.append(seconds)
        self.recording.end_epoch(self.trainer)

    def _steps(self, order: np.ndarray, size: int, table: np.ndarray) -> Outcome | None:
        """Take the steps of an epoch or a part, in stretches where someone wants to hear of them.

        That is a listener, or the recording, of one step.
        """
        self.taken = Stretch(order, size, table, self._step_before)
        every, end, due = self.listener.batches, 0, self._due(order, size)
        while end < len(table):
            begin, end, first = end, len(table), self.state.step
            part, rows = order, table
            if every:
                end = min(end, *(begin + e - first % e for e in every))
            measured = due is not None and begin <= due < end
            if due is not None and measured:  # the last one of its stretch
                end, measured = self._until(due, begin)
            if end - begin < len(table):
                part, rows = order[begin * size : end * size], table[begin:end]
            bends = measured and self.recording.bends
            before = self.parameters() if bends else None
            with np.errstate(over="ignore", invalid="ignore"):
                self._sums = sums = self.trainer.epoch(
                    part, size, rows, first, self._sums, measured
                )
            sound = isfinite(sums[0] + sums[1])
            if not sound and not self.trainer.finite():
                return Outcome.DIVERGED
            if measured:
                self._take(before, part)
            if not sound and (ended := Outcome.of_loss(self.network, sums[0])):
                return ended
            self.state.step += end - begin
            self.trainer.n_done = 0  # counted: an interrupt from here on must not count them again
            self.batch += end - begin
            self._met += len(part)
            self.loss = (self.training.loss_scale * sums[0] + sums[1]) / self._met
            if every and any(self.state.step % e == 0 for e in every):
                self.listener.batch()
                if self.listener.stopping and end < len(table):
                    return Outcome.STOPPED
        return None

    def _due(self, order: np.ndarray, size: int) -> int | None:
        """Return which of the coming steps the recording wants to be measured, if it does."""
        if not self.recording.waits:
            return None
        return self.recording.due(order, size, self.samples().weights)

    def _until(self, due: int, begin: int) -> tuple[int, bool]:
        """Return where a stretch ends, and whether its last step is the one to be measured.

        One whose curvature is wanted stands alone, between two readings of the parameters.
        """
        return (due, False) if self.recording.bends and begin < due else (due + 1, True)

    def _take(self, before: Parameters | None, rows: np.ndarray) -> None:
        """Hand the measured step to the recording, with the curvature along it if wanted."""
        curvature = np.nan
        if before is not None:
            own, alpha = self.samples().rows(rows), self.training.alpha
            curvature = along_step(self.network, before, self.parameters(), own, alpha)
        self.recording.take(self.trainer, curvature=curvature)

    def samples(self) -> Data:
        """Return the samples that an order's numbers are of."""
        if self.data is None:
            raise RuntimeError("a loop needs its samples")
        return self.data

    def _measure(self) -> None:
        """Measure the epoch, hold it against the best so far, and tell the schedules."""
        history = self.state.history
        self.watch.measure(self.trainer, history)
        error = self.watch.judge(history, self.n_epochs, self.trainer.keep)
        reactive.after_epoch(self.state, self.training, error)

    def _go_on(self) -> bool:
        """Return whether to go on: at a plateau the schedule may have a smaller rate to try."""
        if self.state.history.no_improvement <= self.watch.patience:
            return True
        rate = reactive.on_plateau(self.state, self.training)
        self.listener.plateau(self.state, rate)
        if rate is None:
            return False
        self.state.history.no_improvement = 0
        return True

    def finish(self) -> bool:
        """Bring the state up to date; return whether the parameters were finite."""
        finite = self.trainer.finite()
        if self.listener.marks and finite:
            self._final = self.mark() if self._between else self._went_back()
        self._over = True
        if finite:
            self.state.step += self.trainer.n_done  # of an epoch that was cut short
        else:
            self.trainer.recall("last")
            self.state.step = self._step_before
            self.blame.at_end(self, not self._between)
        self.recording.end(self.trainer, finite and self.state.step > self._step_before)
        self._settle()
        return finite

    def _settle(self) -> None:
        """Read the parameters back: those of the best epoch of all fits, if they are wanted.

        The best are copied, so that no later fit changes them.
        """
        state, history = self.state, self.state.history
        state.parameters, state.slots = self.trainer.read()
        if not self.watch.restore_best:
            return
        if history.best_score > self._best_before:
            self.trainer.recall("best")
            history.best_parameters, _ = self.trainer.read()
        if history.best_parameters is not None:
            state.parameters = _copied(history.best_parameters)

    @property
    def rates(self) -> np.ndarray:
        """Learning rate of each step of the present or last epoch."""
        return np.broadcast_to(np.asarray(self._rate, float), (self.n_batches,))

    def parameters(self) -> Parameters:
        """Return copies of the present parameters."""
        return self.trainer.read_parameters()

    def record(self) -> Record | None:
        """Return what was recorded so far."""
        return self.recording.record()

    @property
    def marked(self) -> int | None:
        """The epoch whose end `mark` is of; None where there is no mark."""
        if not self._over:
            return self.n_epochs
        return None if self._final is None else self._final.n_epochs

    def _remembered(self) -> Mark:
        """Return the mark of an epoch's end without the parameters, which the trainer keeps."""
        state = replace(self.state, parameters=[], slots=None, history=self.state.history.copy())
        return Mark(state, self.n_epochs, self.order, _as_it_is(self.random))

    def _went_back(self) -> Mark | None:
        """Return the mark of the last epoch's end from within an epoch; None if it is lost."""
        last, now = self._last, self.state.history
        if last is None or last.state.history.best_score != now.best_score:
            return None
        self.trainer.keep("here")
        self.trainer.recall("last")
        parameters, slots = self.trainer.read()
        self.trainer.recall("here")
        own = replace(last.state.history, best_parameters=self._best())
        seen = self.recording.record(len(own.loss))
        last.state = replace(
            last.state, parameters=parameters, slots=slots, history=own, record=seen
        )
        return last

    def mark(self) -> Mark:
        """Return all that is needed to go on from here, the end of an epoch or the beginning."""
        if self._over:
            if self._final is None:
                raise ArgumentError("a training that is over, or was cut off, has no checkpoint")
            return self._final
        if not self._between:
            raise ArgumentError("a checkpoint is of an epoch's end: make it in on_epoch_end")
        state, history = self.state, self.state.history
        parameters, slots = self.trainer.read()
        own = replace(history, best_parameters=self._best())
        seen = self.recording.record()
        now = replace(state, parameters=parameters, slots=slots, history=own, record=seen)
        return Mark(now, self.n_epochs, self.order, self.random)

    def _best(self) -> Parameters | None:
        """Return the best parameters so far, which this fit's trainer or an earlier fit has."""
        history = self.state.history
        if not self.watch.restore_best or history.best_score <= self._best_before:
            return history.best_parameters
        self.trainer.keep("here")
        self.trainer.recall("best")
        best, _ = self.trainer.read()
        self.trainer.recall("here")
        return best


def _as_it_is(random: np.random.RandomState) -> np.random.RandomState:
    """Return a source of the draws that `random` is about to give."""
    other = np.random.RandomState()
    other.set_state(random.get_state())
    return other


def _copied(parameters: Parameters) -> Parameters:
    return [tuple(p.copy() for p in own) for own in parameters]


def permutation(random: np.random.RandomState, n: int) -> np.ndarray:
    """Return the permutation that `sklearn.utils.shuffle` would apply, from the same draws."""
    permutation = np.arange(n)
    random.shuffle(permutation)
    return permutation
