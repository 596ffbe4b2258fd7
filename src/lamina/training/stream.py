"""The training loop over samples that come in chunks, too many to be held at once.

Chunks are gathered into groups of about a given number of rows, and each group is cut into batches.
What is left of it, less than a batch, goes to the next group: the batches do not depend on where
the chunks begin and end. Without shuffling they are those of all rows in one piece.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import scipy.sparse

from lamina.engines import Data, Engine, Trainer
from lamina.engines.protocol import Parameters, Slots
from lamina.plan import Clock, Network, Training, over_epoch
from lamina.spec.measures import Measures
from lamina.training import reactive
from lamina.training.ahead import Ahead
from lamina.training.listener import Listener
from lamina.training.loop import Loop, permutation
from lamina.training.recording.progress import Recording
from lamina.training.state import Outcome, State
from lamina.training.watch import Watch

_ANY = 2**62  # more samples than there are


class Source(Protocol):
    """Where the samples of each epoch come from.

    Attributes
    ----------
    n_samples : int or None
        In an epoch, if that is known.
    group : int
        Rows to gather before a part of an epoch is trained.
    sample : Data
        A row or more, to begin with.
    """

    n_samples: int | None
    group: int
    sample: Data

    def chunks(self) -> Iterator[Data]:
        """Return the chunks of another epoch."""
        ...


def fit_stream(
    engine: Engine,
    network: Network,
    training: Training,
    state: State,
    source: Source,
    random: np.random.RandomState,
    watch: Watch,
    listener: Listener,
) -> Outcome:
    """Train as `lamina.training.fit` does, on the chunks of a source.

    With shuffling, the rows of a group are shuffled together. A group that is all of the epoch is
    trained as `fit` would train it.
    """
    if source.n_samples is None:
        reactive.check_open_ended(training)
    else:
        training = reactive.whole(training, source.n_samples)
    state.adopt(training)
    reactive.adopt(state, training)
    state.draw_seed(training, random)

    def make(parameters: Parameters, slots: Slots | None, data: Data) -> Trainer:
        rule, alpha, seed = training.rule, training.alpha, state.seed or 0
        drawn = training.regularization, seed
        return engine.trainer(network, rule, parameters, slots, data, alpha, *drawn)

    ahead = Ahead(training, len(network.layers) - 1)
    with closing(Moving(make, state.parameters, state.slots, source.sample)) as trainer:
        loop = StreamLoop(trainer, training, state, random, ahead, watch, listener)
        loop.network, loop.source, loop.order = network, source, np.arange(0)
        loop.recording = Recording(training.recorder, network, state)
        try:
            outcome = loop.run()
        except KeyboardInterrupt:
            outcome = Outcome.INTERRUPTED
        finally:  # whatever the source raises, the state holds what was learnt
            if not loop.finish():
                outcome = Outcome.DIVERGED
    return outcome


class StreamLoop(Loop):
    """One training over chunks under way."""

    trainer: Moving
    source: Source
    _rates: tuple[np.ndarray, ...] = ()
    _rows = 0  # of an epoch, once it is known

    def _epoch(self) -> Outcome | None:
        """Run one epoch, a group after another; return why there is no going on, or None."""
        started, state, training = perf_counter(), self.state, self.training
        size = training.batch_of(_ANY)
        seen = state.sample if state.step else 0
        n_samples = self.source.n_samples
        self._begin_epoch(self.n_batches if n_samples is None else -(-n_samples // size))
        self._rates = ()
        with closing(self._groups(size)) as groups:
            for data, order, last in groups:
                n_steps = -(-len(order) // size)
                bases = reactive.bases(state.places)
                clock = Clock(state.step, state.epoch, seen, n_steps, bases)
                rate = over_epoch(training.learning_rate, state.rate, clock)
                self._rates += (np.broadcast_to(np.asarray(rate, float), (n_steps,)),)
                self.trainer.bind(data)
                ended = self._steps(order, size, self.ahead.table(rate, clock))
                if ended is not None:
                    return ended
                if self.listener.stopping and not last:
                    return Outcome.STOPPED
        if not self._met:
            raise ValueError(
                f"batches gave no rows in epoch {self.n_epochs + 1}: every iteration over them "
                f"must give all chunks again"
            )
        self._rows = self._rows or self.source.n_samples or self._met
        if self._met != self._rows:
            warnings.warn(
                f"batches gave {self._met} rows in epoch {self.n_epochs + 1}, and {self._rows} "
                f"before: every iteration over them should give all chunks again",
                UserWarning,
                stacklevel=2,
            )
        self.n_batches = self.batch
        self._end_epoch(self._met, float(self._rates[0][0]), perf_counter() - started)
        return None

    def _groups(self, size: int) -> Generator[tuple[Data, np.ndarray, bool]]:
        """Yield groups, the order in which to take their rows, and whether one is the last."""
        least, first = max(self.source.group, size), True
        held: list[Data] = []
        for piece, last in _and_last(_pieces(self.source.chunks(), least)):
            held.append(piece)
            n = sum(len(own.y) for own in held)
            if n < least and not last:
                continue
            data = joined(held)
            held.clear()
            order = self._order(n, first and last)
            now = n if last else n // size * size
            yield data, order[:now], last
            if now < n:
                held.append(data.rows(order[now:]))
            del data
            first = False

    def _order(self, n: int, whole: bool) -> np.ndarray:
        """Return the order of a group's rows; of a whole epoch it is shuffled on and on."""
        if whole and len(self.order) == n:  # shuffled by now
            return self.order
        order = np.arange(n)
        if self.training.shuffle:
            order = permutation(self.random, n)
        self.order = order if whole else np.arange(0)
        return order

    def samples(self) -> Data:
        """Return the samples of the present group."""
        return self.trainer.data

    @property
    def rates(self) -> np.ndarray:
        """Learning rate of each step of the present or last epoch that was taken."""
        return np.concatenate([np.empty(0), *self._rates])


class Moving:
    """A trainer that goes on from one group of samples to the next: a `Trainer`."""

    def __init__(
        self,
        make: Callable[[Parameters, Slots | None, Data], Trainer],
        parameters: Parameters,
        slots: Slots | None,
        data: Data,
    ) -> None:
        self._make, self.data = make, data
        self._own = make(parameters, slots, data)
        self._kept: dict[str, tuple[Parameters, Slots]] = {}

    def bind(self, data: Data) -> None:
        """Train on these samples from now on."""
        self.data = data
        self._begin(*self._own.read())

    def _begin(self, parameters: Parameters, slots: Slots) -> None:
        self._own.close()
        self._own = self._make(parameters, slots, self.data)

    @property
    def n_done(self) -> int:
        """Steps taken in the last call of `epoch`."""
        return self._own.n_done

    @n_done.setter
    def n_done(self, value: int) -> None:
        self._own.n_done = value

    def epoch(self, *arguments: Any) -> tuple[float, float]:
        """Take one step per batch."""
        return self._own.epoch(*arguments)

    def measures(self) -> Measures | None:
        """Return what the last measured step revealed."""
        return self._own.measures()

    def losses(self, data: Data) -> float:
        """Return the mean data loss of the present parameters for other samples."""
        return self._own.losses(data)

    def predict(self, x: Any) -> np.ndarray:
        """Return the predictions of the present parameters."""
        return self._own.predict(x)

    def finite(self) -> bool:
        """Return whether all parameters are finite."""
        return self._own.finite()

    def keep(self, name: str) -> None:
        """Keep a copy of parameters and slots under a name."""
        self._kept[name] = self._own.read()

    def recall(self, name: str) -> None:
        """Go back to what was kept under a name."""
        self._begin(*self._kept[name])

    def read_parameters(self) -> Parameters:
        """Return copies of the parameters alone."""
        return self._own.read_parameters()

    def read(self) -> tuple[Parameters, Slots]:
        """Return copies of parameters and slots."""
        return self._own.read()

    def close(self) -> None:
        """Release what the trainer holds."""
        self._own.close()


def joined(parts: list[Data]) -> Data:
    """Return the rows of all parts in one piece."""
    if len(parts) == 1:
        return parts[0]
    return Data(*(_together(own) for own in zip(*parts, strict=True)))


def _together(arrays: tuple[Any, ...]) -> Any:
    if arrays[0] is None:
        return None
    if scipy.sparse.issparse(arrays[0]):
        return scipy.sparse.vstack(arrays, format="csr")
    return np.concatenate(arrays)


def _pieces(chunks: Iterator[Data], most: int) -> Iterator[Data]:
    """Yield the chunks, larger ones cut to at most that many rows."""
    for data in chunks:
        n = len(data.y)
        for begin in range(0, n, most):
            yield data if n <= most else data.rows(slice(begin, begin + most))


def _and_last(pieces: Iterator[Data]) -> Iterator[tuple[Data, bool]]:
    """Yield each piece, and whether it is the last."""
    before = None
    for piece in pieces:
        if before is not None:
            yield before, False
        before = piece
    if before is not None:
        yield before, True
