"""What an estimator says while it trains: scikit-learn's lines, warnings and errors."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from lamina.estimators import translate
from lamina.estimators.measuring import validation
from lamina.estimators.running.callback import Run, Told
from lamina.plan import CustomLoss, Training
from lamina.training import Course, Listener, Outcome, State
from lamina.training.lbfgs import Result

USER = 5  # stack levels from a warning to the caller of fit
DIVERGED = "The weights were no longer finite; these are the last that were."
UNDEFINED = "The loss was not a finite number, though the weights are."
BLIND = "Findings: only the history was looked at; diagnose=True looks at layers and samples too."


class DivergenceError(ValueError):
    """Training led to weights, or a loss, that are not finite.

    The estimator keeps the last finite weights.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.MLPRegressor(activation="identity", solver="sgd", learning_rate_init=1e9)
    >>> try:
    ...     model.fit([[1.0], [2.0]], [1.0, 2.0])
    ... except lamina.DivergenceError:
    ...     print("scale the data, or lower learning_rate_init")
    scale the data, or lower learning_rate_init
    """


class Report(Listener):
    """Prints scikit-learn's lines if the estimator is verbose, and tells the callbacks."""

    def __init__(
        self,
        estimator: Any,
        training: Training,
        plan: validation.Plan,
        told: Told,
        incremental: bool,
    ) -> None:
        self.estimator, self.training, self.plan, self.told = estimator, training, plan, told
        self.incremental, self.batches, self.marks = incremental, told.batches, told.marks
        self.verbose, self.on_epoch = bool(estimator.verbose), estimator._on_epoch
        self.plain, self.lbfgs_solver = validation.plain(estimator), translate.is_lbfgs(estimator)
        self.save: Any = None  # makes a checkpoint of a course
        self.resumed = False
        self.course: Course | None = None
        self._begin = (0, 0)

    @property
    def stopping(self) -> bool:  # type: ignore[override]
        """Whether a callback wants training to end."""
        return self.told.run is not None and self.told.run.stopping

    @property
    def n_epochs(self) -> int:
        """Epochs of this fit that have ended."""
        return 0 if self.course is None else self.course.n_epochs

    @property
    def learnt(self) -> bool:
        """Whether anything was learnt: a step is enough."""
        course = self.course
        return course is not None and (course.n_epochs, course.state.step) != self._begin

    def begin(self, course: Course) -> None:
        """Tell the callbacks."""
        self.course, self._begin = course, (course.n_epochs, course.state.step)
        if self.told.own:
            more = self.save, self.incremental, self.resumed
            run = Run(self.estimator, course, self.plan, *more)
            self.told.begin(run)

    def batch(self) -> None:
        """Tell the callbacks."""
        self.told.batch()

    def epoch(self, n_epochs: int, state: State) -> None:
        """Print the epoch's numbers and tell the callbacks."""
        history = state.history
        early = self.plain and history.validation_score
        score = history.validation_score[-1] if early else None
        if self.verbose:
            print(f"Iteration {n_epochs}, loss = {history.loss[-1]:.8f}")
            if score is not None:
                print(f"Validation score: {score:f}")
            else:
                for name, column in history.columns.items():
                    print(f"{name}: {column[-1]:f}")
        if self.on_epoch is not None:
            self.on_epoch(n_epochs, self.training.max_iter, history.loss[-1], score)
        if self.told.own:
            self.told.epoch()

    def plateau(self, state: State, rate: float | None) -> None:
        """Print why training stops or what the learning rate becomes."""
        if not self.verbose:
            return
        then = "Stopping." if rate is None else f"Setting learning rate to {rate:f}"
        print(
            f"{self._what()} did not improve more than tol={self._limits()[0]:f} for "
            f"{state.history.no_improvement} consecutive epochs. {then}"
        )

    def _what(self) -> str:
        if self.plain:
            return "Validation score"
        return "Training loss" if self.plan.monitor is None else self.plan.monitor

    def _limits(self) -> tuple[float, float]:
        """Return tol and patience."""
        own, training = self.training.early_stopping, self.training
        tol, patience = getattr(own, "tol", None), getattr(own, "patience", None)
        return (
            training.tol if tol is None else tol,
            training.n_iter_no_change if patience is None else patience,
        )

    def reason(self, end: Outcome | Result | BaseException) -> str:
        """Return why training ended, in a sentence."""
        if isinstance(end, BaseException):
            words = str(end).strip().splitlines()
            return f"{type(end).__name__} ended training{': ' + words[0] if words else '.'}"
        outcome = end.outcome if isinstance(end, Result) else end
        if outcome is Outcome.STOPPED and self.told.run is not None:
            return str(self.told.run.stop_reason)
        if outcome is Outcome.INTERRUPTED:
            return "The user interrupted training."
        if outcome is Outcome.DIVERGED:
            return DIVERGED
        if outcome is Outcome.UNDEFINED:
            return UNDEFINED
        if isinstance(end, Result) and not end.message.startswith("`callback`"):
            return f"L-BFGS: {end.message.strip().rstrip('.')}."
        if outcome is Outcome.CONVERGED:
            tol, patience = self._limits()
            return f"{self._what()} did not improve by {tol:g} for more than {patience} epochs."
        if self.incremental:
            return "The epoch of partial_fit ended."
        return f"max_iter = {self.training.max_iter} epochs ended."

    def warn_clipped(self, n_samples: int) -> None:
        """Warn of batches larger than all samples, in scikit-learn's words."""
        size = self.training.batch_size
        if not isinstance(size, str) and size > n_samples and not self.lbfgs_solver:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                UserWarning,
                stacklevel=USER,
            )

    def tell(self, incremental: bool) -> None:
        """Print what is wrong with the training, if it is to be heard of."""
        if not self.verbose or incremental:
            return
        # Findings stand on the estimators' own parts, which stand on this module.
        from lamina.estimators.inspection.diagnosing import at_end

        found = at_end(self.estimator)
        if found:
            print(found.short)
        if self.training.recorder is None:
            print(BLIND)

    def release(self) -> None:
        """Let go of the training, or its samples would stay until garbage is collected."""
        if self.told.run is not None:
            self.told.run.release()
        self.told.run = self.course = self.save = None

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
        elif outcome is Outcome.UNDEFINED:
            raise self._undefined()
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
            f"Solver produced non-finite parameter weights in epoch {self.n_epochs + 1}. "
            f"{self._blamed()}"
            f"The input data may contain large values and need to be preprocessed: scale features "
            f"and target to mean 0 and variance 1, or lower learning_rate_init "
            f"({self.training.initial_rate:g}). The estimator keeps the last finite weights."
        )

    def _blamed(self) -> str:
        """Return what brought it in, in a sentence, if that is known."""
        culprit = self.estimator._state.seen.culprit
        if culprit is None:
            return ""
        what = "The first such number was"
        if culprit.jumped:
            what = f"The weights exploded {culprit.when}: by"
        return (
            f"{what} {culprit.where}, for row {culprit.sample} of X (lamina.diagnose tells more). "
        )

    def _undefined(self) -> DivergenceError:
        own = isinstance(self.estimator.network_.loss, CustomLoss)
        why = (
            "Its value(h, y) must be finite wherever h and y are: a logarithm or a root may need a "
            "floor."
            if own
            else "A sample may be so large that its loss is infinite, with a weight of 0."
        )
        when = f"epoch {self.n_epochs + 1}"
        if translate.is_lbfgs(self.estimator):  # which notes its loss before it ends
            when = f"iteration {max(1, self.n_epochs)}"
        return DivergenceError(
            f"The loss {self.estimator.network_.loss!r} was not a finite number in {when}, though "
            f"the weights are. {self._blamed()}{why} The estimator keeps these weights."
        )
