"""What an estimator says while it trains: scikit-learn's lines, warnings and errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from sklearn.exceptions import ConvergenceWarning

from lamina.plan import Training
from lamina.training import Listener, Outcome, State
from lamina.training.lbfgs import Result

USER = 5  # stack levels from a warning to the caller of fit


class DivergenceError(ValueError):
    """Training led to weights that are not finite; the estimator keeps the last finite ones.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.MLPRegressor(activation="identity", solver="sgd", learning_rate_init=1e9)
    >>> try:
    ...     model.fit([[1e9], [2e9]], [1e9, 2e9])
    ... except lamina.DivergenceError:
    ...     print("scale the data, or lower learning_rate_init")
    scale the data, or lower learning_rate_init
    """


class Report(Listener):
    """Prints scikit-learn's lines if `verbose` and passes each epoch on to `on_epoch`."""

    def __init__(
        self,
        training: Training,
        verbose: bool,
        on_epoch: Callable[[int, int, float, float | None], None] | None,
    ) -> None:
        self.training, self.verbose, self.on_epoch = training, verbose, on_epoch
        self.n_epochs = 0

    def epoch(self, n_epochs: int, state: State) -> None:
        """Print the epoch's loss and validation score."""
        self.n_epochs = n_epochs
        loss, scores = state.history.loss[-1], state.history.validation_score
        score = scores[-1] if self.training.early_stopping and scores else None
        if self.verbose:
            print(f"Iteration {n_epochs}, loss = {loss:.8f}")
            if score is not None:
                print(f"Validation score: {score:f}")
        if self.on_epoch is not None:
            self.on_epoch(n_epochs, self.training.max_iter, loss, score)

    def plateau(self, state: State, rate: float | None) -> None:
        """Print why training stops or what the learning rate becomes."""
        if not self.verbose:
            return
        what = "Validation score" if self.training.early_stopping else "Training loss"
        then = "Stopping." if rate is None else f"Setting learning rate to {rate:f}"
        print(
            f"{what} did not improve more than tol={self.training.tol:f} for "
            f"{state.history.no_improvement} consecutive epochs. {then}"
        )

    def end(self, end: Outcome | Result, incremental: bool) -> None:
        """Warn or raise as the end of training demands."""
        if isinstance(end, Result):
            self.lbfgs(end)
        else:
            self.outcome(end, incremental)

    def outcome(self, outcome: Outcome, incremental: bool) -> None:
        """Warn or raise as the outcome demands."""
        if outcome is Outcome.INTERRUPTED:
            warnings.warn("Training interrupted by user.", UserWarning, stacklevel=USER)
        elif outcome is Outcome.DIVERGED:
            raise self._diverged()
        elif outcome is Outcome.MAX_ITER and not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.training.max_iter}) reached "
                f"and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=USER,
            )

    def lbfgs(self, result: Result) -> None:
        """Warn or raise as the end of L-BFGS demands."""
        if result.outcome is Outcome.MAX_ITER:
            more = ""
            if result.n_iter >= self.training.max_iter:
                more = f" Increase max_iter ({self.training.max_iter})."
            warnings.warn(
                f"lbfgs failed to converge after {result.n_iter} iteration(s) "
                f"(status={result.status}): {result.message}.{more} Scaling the features to mean "
                f"0 and variance 1 often helps.",
                ConvergenceWarning,
                stacklevel=USER,
            )
        else:
            self.outcome(result.outcome, incremental=False)

    def _diverged(self) -> DivergenceError:
        return DivergenceError(
            f"Solver produced non-finite parameter weights in epoch {self.n_epochs + 1}. The input "
            f"data may contain large values and need to be preprocessed: scale features and "
            f"target to mean 0 and variance 1, or lower learning_rate_init "
            f"({self.training.initial_rate:g}). The estimator keeps the last finite weights."
        )
