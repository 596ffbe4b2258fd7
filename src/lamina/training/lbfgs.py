"""Full-batch training by SciPy's L-BFGS-B, with the loss and gradient of an engine."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

from lamina.engines import Data, Engine
from lamina.engines.protocol import Parameters
from lamina.plan import ArgumentError, GradientDescent, Network, Training
from lamina.training.listener import Listener
from lamina.training.recording.bend import along_step
from lamina.training.recording.progress import Recording
from lamina.training.recording.record import Record
from lamina.training.state import Mark, Outcome, State
from lamina.training.watch import Watch

MEASURED = 2048  # samples that a recording looks at in an iteration


class Result(NamedTuple):
    """How L-BFGS ended: its outcome, the number of iterations and SciPy's status and words."""

    outcome: Outcome
    n_iter: int
    status: int
    message: str


def fit_lbfgs(
    engine: Engine,
    network: Network,
    training: Training,
    state: State,
    data: Data,
    max_fun: int = 15000,
    listener: Listener | None = None,
    ftol: float | None = None,
    watch: Watch | None = None,
) -> Result:
    """Minimise the loss over all samples and bring `state` up to date.

    Computes in float64, whatever the dtype of the parameters, since a line search cannot live
    with the noise of float32; the parameters come back in their own dtype. The history holds one
    loss per iteration. ``training.tol`` bounds the projected gradient's largest entry, ``max_iter``
    the iterations; the rule and the learning rate play no part. As in scikit-learn, with a
    ``training.loss_scale`` other than 1 the line search sees the scaled loss and the gradient of
    the plain one; where it ends, at gradient 0, is the same. `ftol` is SciPy's: the relative
    decrease of the loss at which it ends, by default SciPy's 2.2e-9. A `watch` with a monitor ends
    it too; the loss does not, as a line search has a stop of its own.
    """
    wide = data.astype(np.float64)
    total = len(wide.y) if wide.weights is None else float(wide.weights.sum())
    alpha = training.alpha + training.regularization.l2 * total  # one is divided by the other
    with closing(engine.objective(network, wide, alpha)) as evaluate:

        def objective(packed: np.ndarray) -> tuple[float, np.ndarray]:
            loss, penalty, gradients = evaluate(_unpack(packed, network))
            return training.loss_scale * loss + penalty, _pack(gradients)

        course = Iterations(engine, network, training, state, data, watch, listener)
        try:
            options = {"maxfun": max_fun, "maxiter": training.max_iter, "gtol": training.tol}
            options |= {} if ftol is None else {"ftol": ftol}
            outcome, status, message = course.run(objective, options)
            if course.n_epochs == 0 and outcome in (Outcome.CONVERGED, Outcome.MAX_ITER):
                course.note(objective(course.packed)[0])  # there is a loss all the same
        finally:  # whatever a listener raises, the state holds what was learnt
            finite = course.finish()
    return Result(outcome if finite else Outcome.DIVERGED, course.n_epochs, status, message)


class Iterations:
    """One minimisation under way: a `Course` for its listener."""

    n_epochs = 0
    batch = 0
    n_batches = 0
    loss = np.nan

    def __init__(
        self,
        engine: Engine,
        network: Network,
        training: Training,
        state: State,
        data: Data,
        watch: Watch | None,
        listener: Listener | None,
    ) -> None:
        self.engine, self.network, self.training, self.state = engine, network, training, state
        self.data, self.watch, self.listener = data, watch or Watch(), listener or Listener()
        self.packed = _pack(state.parameters)
        self._dtype, self._ended = state.parameters[0][0].dtype, False
        self._raised: StopIteration | None = None
        state.history.go_by(self.watch.monitor, self.watch.anew)
        self.recording = Recording(training.recorder, network, state)
        self._started = perf_counter()

    def run(self, objective: Any, options: dict[str, Any]) -> tuple[Outcome, int, str]:
        """Run SciPy; return outcome, status and words."""
        try:
            if self.watch.rehearse:
                with closing(self._trainer()) as trainer:
                    self.watch.try_out(trainer)
            self.listener.begin(self)
            if self.listener.stopping:
                return Outcome.STOPPED, -1, "stopped before the first iteration"
            self._started = perf_counter()
            found = scipy.optimize.minimize(
                objective,
                self.packed,
                method="L-BFGS-B",
                jac=True,
                callback=self._after,
                options=options,
            )
        except KeyboardInterrupt:
            return Outcome.INTERRUPTED, -1, "interrupted by the user"
        if self._raised is not None:
            raise self._raised
        self.packed = found.x
        outcome = Outcome.CONVERGED if found.status == 0 or self._ended else Outcome.MAX_ITER
        outcome = Outcome.of_loss(self.network, float(found.fun)) or outcome
        if self.listener.stopping:
            outcome = Outcome.STOPPED
        return outcome, found.status, str(found.message)

    def _after(self, intermediate_result: Any) -> None:
        """Take note of an iteration; SciPy ends its loop on a StopIteration, whosever it is."""
        try:
            self._note(intermediate_result)
        except StopIteration as error:
            self._raised = error
            raise
        if self.listener.stopping or self._ended or Outcome.of_loss(self.network, self.loss):
            raise StopIteration  # with a loss that is NaN, SciPy would go on to the last iteration
        self._started = perf_counter()

    def _note(self, intermediate_result: Any) -> None:
        """Take note of an iteration, and judge it."""
        before, self.packed = self.packed, intermediate_result.x.copy()
        self._measure(before)
        self.note(float(intermediate_result.fun))
        self.n_epochs += 1
        history = self.state.history
        self.recording.end_epoch(self)
        if self.watch.evaluate is not None:
            with closing(self._trainer()) as trainer:
                self.watch.measure(trainer, history)
        if self.watch.monitor is not None:
            self.watch.judge(history, self.n_epochs, self._keep)
        self.listener.epoch(self.n_epochs, self.state)
        self._ended = self.watch.monitor is not None and (
            history.no_improvement > self.watch.patience
        )

    def note(self, loss: float) -> None:
        """Write an iteration's loss into the history."""
        history, self.loss = self.state.history, loss
        history.loss.append(loss)
        history.learning_rate.append(np.nan)
        history.seconds.append(perf_counter() - self._started)
        history.best_loss = min(history.best_loss, loss)

    def _measure(self, before: np.ndarray) -> None:
        """Measure a batch of the first samples where an iteration began, and the iteration's step.

        The gradient is that of the batch, the step that of all samples.
        """
        self.recording.begin_epoch()
        if not self.recording.waits:
            return
        weights = self.data.weights
        rows = np.arange(len(self.data.y)) if weights is None else np.flatnonzero(weights)
        rows = rows[:MEASURED]
        start, end = (_unpack(p.astype(self._dtype), self.network) for p in (before, self.packed))
        still = np.array([[1.0, 0.0]])  # a step of descent: no decay, and no learning rate
        with closing(self._trainer(start)) as trainer:
            trainer.epoch(rows, len(rows), still, measured=True)
            self.recording.take(trainer, _lengths(start, end), self._curvature(start, end, rows))

    def _curvature(self, start: Parameters, end: Parameters, rows: np.ndarray) -> float:
        """Return the curvature of these samples' loss along an iteration's step, if wanted.

        They have the share of the penalty that all samples have, so that alpha is cut with them.
        """
        if not self.recording.bends:
            return np.nan
        own, weights = self.data.rows(rows), self.data.weights
        share = len(rows) / len(self.data.y)
        if weights is not None:
            share = float(weights[rows].sum() / weights.sum())
        return along_step(self.network, start, end, own, self.training.alpha * share)

    def read_parameters(self) -> Parameters:
        """Return copies of the present parameters: what a recording reads of a trainer."""
        return self.parameters()

    def _trainer(self, parameters: Parameters | None = None) -> Any:
        """Return what measures at parameters, the present ones: a trainer that takes no step."""
        own = self.parameters() if parameters is None else parameters
        return self.engine.trainer(self.network, GradientDescent(), own, None, self.data, 0.0)

    def _keep(self, name: str) -> None:
        self.state.history.best_parameters = self.parameters()

    def finish(self) -> bool:
        """Bring the state up to date; return whether the parameters were finite."""
        state, best = self.state, self.state.history.best_parameters
        finite = bool(np.isfinite(self.packed).all())
        if finite:
            state.parameters = self.parameters()
        else:
            self.packed = _pack(state.parameters)
        self.recording.end(self, finite)
        if self.watch.restore_best and best is not None:
            state.parameters = [tuple(p.copy() for p in own) for own in best]
        return finite

    @property
    def rates(self) -> np.ndarray:
        """No learning rates."""
        return np.empty(0)

    def parameters(self) -> Parameters:
        """Return copies of the present parameters."""
        return _unpack(self.packed.astype(self._dtype), self.network)

    def record(self) -> Record | None:
        """Return what was recorded so far."""
        return self.recording.record()

    @property
    def marked(self) -> None:
        """There is no mark."""
        return

    def mark(self) -> Mark:
        """Raise ArgumentError: what SciPy remembers of earlier steps cannot be read."""
        raise ArgumentError(
            "solver must be other than 'lbfgs' for a checkpoint: SciPy keeps what it learnt of the "
            "curvature to itself, so that no resumed run would have the same bits"
        )


def _lengths(before: Parameters, after: Parameters) -> np.ndarray:
    """Return the norm of the change of each layer's weights."""
    changes = [b[0].astype(np.float64) - a[0] for a, b in zip(before, after, strict=True)]
    with np.errstate(over="ignore"):
        return np.array([np.sqrt((own**2).sum()) for own in changes])


def _pack(parameters: Parameters) -> np.ndarray:
    """Return all weights, then all biases, as one float64 vector: scikit-learn's order."""
    weights = [own[0] for own in parameters]
    biases = list(chain.from_iterable(own[1:] for own in parameters))
    flat = [np.asarray(array, dtype=np.float64).reshape(-1) for array in weights + biases]
    return np.concatenate(flat)


def _unpack(packed: np.ndarray, network: Network) -> Parameters:
    """Return the parameters that `_pack` packed; each a copy."""
    shapes = network.shapes
    slots = [(i, 0) for i in range(len(shapes))]
    slots += [(i, j) for i, own in enumerate(shapes) for j in range(1, len(own))]
    arrays: list[list[np.ndarray]] = [[np.empty(0)] * len(own) for own in shapes]
    start = 0
    for i, j in slots:
        size = int(np.prod(shapes[i][j]))
        arrays[i][j] = packed[start : start + size].reshape(shapes[i][j]).copy()
        start += size
    return [tuple(own) for own in arrays]
