"""Full-batch training by SciPy's L-BFGS-B, with the loss and gradient of an engine."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

from lamina.engines import Data, Engine
from lamina.engines.protocol import Parameters
from lamina.plan import Network, Training
from lamina.training.loop import Listener
from lamina.training.state import Outcome, State


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
) -> Result:
    """Minimise the loss over all samples and bring `state` up to date.

    Computes in float64, whatever the dtype of the parameters, since a line search cannot live
    with the noise of float32; the parameters come back in their own dtype. The history holds one
    loss per iteration. ``training.tol`` bounds the projected gradient's largest entry, ``max_iter``
    the iterations; the rule and the learning rate play no part. As in scikit-learn, with a
    ``training.loss_scale`` other than 1 the line search sees the scaled loss and the gradient of
    the plain one; where it ends, at gradient 0, is the same. `ftol` is SciPy's: the relative
    decrease of the loss at which it ends, by default SciPy's 2.2e-9.
    """
    listener = listener or Listener()
    dtype = state.parameters[0][0].dtype
    wide = data.astype(np.float64)
    history, last, n_before = state.history, [_pack(state.parameters)], len(state.history.loss)

    with closing(engine.objective(network, wide, training.alpha)) as evaluate:

        def objective(packed: np.ndarray) -> tuple[float, np.ndarray]:
            loss, penalty, gradients = evaluate(_unpack(packed, network))
            return training.loss_scale * loss + penalty, _pack(gradients)

        def after(intermediate_result: Any) -> None:
            last[0] = intermediate_result.x.copy()
            history.loss.append(float(intermediate_result.fun))
            history.best_loss = min(history.best_loss, history.loss[-1])
            listener.epoch(len(history.loss) - n_before, state)

        try:
            options = {"maxfun": max_fun, "maxiter": training.max_iter, "gtol": training.tol}
            options |= {} if ftol is None else {"ftol": ftol}
            outcome, status, message = _minimise(objective, after, last, options)
            n_iter = len(history.loss) - n_before
            if n_iter == 0 and outcome is not Outcome.INTERRUPTED:  # there is a loss all the same
                history.loss.append(objective(last[0])[0])
                history.best_loss = min(history.best_loss, history.loss[-1])
        finally:  # whatever a listener raises, the state holds what was learnt
            finite = bool(np.isfinite(last[0]).all())
            if finite:
                state.parameters = _unpack(last[0].astype(dtype), network)
    return Result(outcome if finite else Outcome.DIVERGED, n_iter, status, message)


def _minimise(
    objective: Any, after: Any, last: list[np.ndarray], options: dict[str, Any]
) -> tuple[Outcome, int, str]:
    """Run SciPy from ``last[0]``, which becomes the end; return outcome, status and words."""
    try:
        found = scipy.optimize.minimize(
            objective, last[0], method="L-BFGS-B", jac=True, callback=after, options=options
        )
    except KeyboardInterrupt:
        return Outcome.INTERRUPTED, -1, "interrupted by the user"
    last[0] = found.x
    outcome = Outcome.CONVERGED if found.status == 0 else Outcome.MAX_ITER
    return outcome, found.status, str(found.message)


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
