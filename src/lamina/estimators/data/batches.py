"""`fit_batches`: from chunks of any size to a training that never holds all of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from lamina.engines import Data, default_engine
from lamina.estimators import translate
from lamina.estimators.data import inputs, preprocessing, scales
from lamina.estimators.data.scan import Scan
from lamina.estimators.inspection import seen
from lamina.estimators.measuring import validation
from lamina.estimators.running.report import Report
from lamina.estimators.running.task import Task
from lamina.plan import Training, checks
from lamina.training import Outcome, State, reactive
from lamina.training.stream import fit_stream

GROUP = 1 << 26  # bytes of the rows that are gathered, if nobody says how many
FORM = "(X, y) or (X, y, sample_weight)"


def check_batches(estimator: Any) -> bool:
    """Return True, or raise AttributeError where there is no `fit_batches`."""
    if translate.is_lbfgs(estimator):
        raise AttributeError("fit_batches needs another solver than 'lbfgs', which takes all rows")
    return True


class Chunk(NamedTuple):
    """A chunk as it was given, and its number in the epoch."""

    number: int
    X: Any
    y: Any
    weights: Any


class Stream:
    """Chunks on their way to the training loop: a `lamina.training.stream.Source`.

    Parameters
    ----------
    batches : iterable, or function that returns one
        As `fit_batches` was given it.
    classes : array-like or None
    shuffle_rows : int or None
    """

    n_samples: int | None = None
    group: int
    sample: Data

    def __init__(self, batches: Any, classes: Any, shuffle_rows: int | None) -> None:
        self._open, self.again = _opener(batches)
        self._opened: Any = None  # the last iterator
        if shuffle_rows is not None:
            checks.integer("shuffle_rows", shuffle_rows, "[1, inf)")
        self._classes, self._rows = classes, shuffle_rows
        self._rest: Iterator[Chunk] = iter(())  # of chunks that come once
        self._estimator: Any = None
        self._weighted = False

    def prepare(self, estimator: Any, plan: validation.Plan) -> tuple[Training, Any, Any]:
        """Check everything, and set the network and the state to train from."""
        translate.hidden_layers(estimator)
        training = translate.training_of(estimator)
        self._estimator = estimator
        first = not hasattr(estimator, "coefs_") or not estimator.warm_start
        self._check(estimator, training, plan, first)
        preprocessing.check(estimator, first)
        scan = self._scan(estimator, training, first)
        network = scan.network()
        scales.warn(estimator, *scan.example, network, scan.begin.weights)
        scan.finish_y(network)
        if not first:
            estimator._check_same(network)
        random = check_random_state(estimator.random_state)
        state = State(network.initialize(random, scan.dtype)) if first else estimator._going_on()
        state.restart_rule()
        estimator.network_, estimator._state = network, state
        estimator.__dict__.pop("temperature_", None)
        estimator._weighed(scan.stand_in())  # which finds the weights of the classes
        self.sample = self._ready(scan.begin)
        self.group = self._rows or _rows(self.sample)
        loss_scale = estimator._loss_scale(network.n_outputs)
        return replace(training, loss_scale=loss_scale), None, random

    def train(
        self, estimator: Any, task: Task, training: Training, _: Any, random: Any, report: Report
    ) -> Outcome:
        """Train and return why it ended."""
        evaluate = None
        if task.sets:
            own = training.loss_scale
            evaluate = validation.Evaluation(estimator, report.plan, task.sets, own)
        watch = validation.watch(training, report.plan, evaluate)
        report.save = _refuse_checkpoint
        arguments = default_engine(estimator.n_threads), estimator.network_, training
        seen.begin(estimator, training, None)
        end = fit_stream(*arguments, estimator._state, self, random, watch, report)
        seen.end(estimator, training, end, None, task.sets)
        return end

    def chunks(self) -> Iterator[Data]:
        """Yield the chunks of another epoch as the network takes them."""
        with closing(self._chunks() if self.again else self._rest) as chunks:  # type: ignore[type-var]
            for chunk in chunks:
                yield self._ready(chunk)

    def _check(
        self, estimator: Any, training: Training, plan: validation.Plan, first: bool
    ) -> None:
        """Raise for what cannot be, before any chunk is read."""
        if plan.holds_out:
            raise ValueError(
                "fit_batches holds no samples out: pass eval_set=(X, y) for early stopping"
            )
        if self.again:
            return
        if training.max_iter > 1:
            raise ValueError(
                f"batches must be there for max_iter={training.max_iter} epochs, got "
                f"{type(self._open()).__name__!r}, which can be iterated over only once: pass a "
                f"list, a function that returns a new iterator each time, or set max_iter=1"
            )
        once = "where batches can be iterated over only once"
        if first and is_classifier(estimator) and self._classes is None:
            raise ValueError(f"classes must be given {once}, got None")
        if is_classifier(estimator) and isinstance(estimator.class_weight, str):
            raise ValueError(f"class_weight must be a dict or None {once}, got 'balanced'")
        reactive.check_open_ended(training)

    def _scan(self, estimator: Any, training: Training, first: bool) -> Scan:
        """Return what there is to know of the chunks before the training: of all, if need be."""
        scan = Scan(estimator, first, self._classes)
        all_of_them = self.again and (scan.needs_all or _open_ended(training))
        chunks = self._chunks()
        for chunk in chunks:
            with _named(chunk.number):
                scan.add(chunk)
            if not all_of_them:
                break
        if scan.begin is None:
            raise ValueError("batches must give at least one chunk with rows, got none")
        if all_of_them:
            self.n_samples = scan.n_samples
        if not self.again:
            self._rest = (chunk for chunk in itertools.chain([scan.first_chunk], chunks))
            scan.warn_of_first()
        scan.first_chunk = None
        with _named(scan.begin.number):
            scan.finish_x()
        return scan

    def _chunks(self) -> Iterator[Chunk]:
        """Yield the chunks that have rows."""
        iterator = _iterator(self._open())
        if self.again and iterator is self._opened:
            raise ValueError(
                f"batches must give a new iterator each time, got the same "
                f"{type(iterator).__name__!r} again, part of which has been read: pass the "
                f"iterator itself, and max_iter=1"
            )
        self._opened = iterator
        for number, given in enumerate(iterator):
            if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
                raise checks.fail(f"chunk {number} of batches", FORM, given)
            X, y, own = (*given, None)[:3]
            if (X.shape[0] if hasattr(X, "shape") and len(X.shape) else len(X)) > 0:
                yield Chunk(number, X, y, own)

    def _ready(self, chunk: Chunk) -> Data:
        """Return a chunk as the network takes it."""
        own = self._estimator
        with _named(chunk.number):
            X, y = own._validate(chunk.X, chunk.y, first=False, incremental=True, classes=None)
            n_outputs = own.network_.n_outputs
            if y.shape[1] != n_outputs:
                raise ValueError(f"y has {y.shape[1]} outputs, the first chunk's has {n_outputs}")
            given = inputs.check_weights(chunk.weights, X)
            self._same_weights(chunk, given)
            x, y = preprocessing.apply(own, X), preprocessing.apply_y(own, y)
            data = own._weighed_alike(Data(x, y, given))
            return Data(*(_kept(array, chunk) for array in data))

    def _same_weights(self, chunk: Chunk, given: Any) -> None:
        if not hasattr(self, "sample"):
            self._weighted = given is not None
        elif self._weighted != (given is not None):
            has, before = ("has", "has none") if given is not None else ("has no", "has")
            raise ValueError(f"it {has} sample_weight, and the first chunk {before}")


def _kept(array: Any, chunk: Chunk) -> Any:
    """Return an array that stays as it is when the chunk's own memory is filled anew."""
    if array is None:
        return None
    memory = array.data if scipy.sparse.issparse(array) else array
    if array is chunk.X or not memory.flags.owndata or memory is chunk.y or memory is chunk.weights:
        return array.copy()
    if scipy.sparse.issparse(array) and scipy.sparse.issparse(chunk.X):
        return array.copy() if np.may_share_memory(memory, chunk.X.data) else array
    return array


def _opener(batches: Any) -> tuple[Callable[[], Any], bool]:
    """Return what gives an iterable for each epoch, and whether it does so more than once."""
    if isinstance(batches, Iterable):
        return (lambda: batches), not isinstance(batches, Iterator)
    if callable(batches):
        return batches, True
    if hasattr(batches, "__getitem__"):  # the older protocol, of torch's Dataset
        return (lambda: batches), True
    expected = f"an iterable of chunks {FORM}, or a function that returns one"
    raise checks.fail("batches", expected, batches)


def _iterator(opened: Any) -> Iterator[Any]:
    try:
        return iter(opened)
    except TypeError:
        expected = f"a function that returns an iterable of chunks {FORM}"
        raise checks.fail("batches", expected, opened) from None


def _open_ended(training: Training) -> bool:
    """Return whether a schedule takes its length from the number of samples."""
    return reactive.whole(training, 1) is not training


def _rows(sample: Data) -> int:
    """Return the rows of about `GROUP` bytes."""
    x = sample.x
    own = x.data.nbytes + x.indices.nbytes if scipy.sparse.issparse(x) else x.nbytes
    return max(1, GROUP * len(sample.y) // (own + sample.y.nbytes + 8))


@contextmanager
def _named(number: int) -> Iterator[None]:
    """Say in which chunk an error is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"chunk {number} of batches: {error}") from None


def _refuse_checkpoint(_: Any) -> bytes:
    raise checks.ArgumentError(
        "fit_batches has no run to resume, since a checkpoint cannot know its chunks: use "
        "run.model().save, and warm_start=True to go on"
    )
