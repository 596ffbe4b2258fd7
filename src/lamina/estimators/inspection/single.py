"""The check of what must be one fitted network: what to pass in place of a pipeline, and so on."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from lamina.estimators.base import BaseMLP
from lamina.plan import checks

WORDS = "an MLPClassifier or an MLPRegressor"


def check_fitted(estimator: Any, name: str = "estimator", words: str = WORDS) -> None:
    """Raise ArgumentError for another kind of thing, NotFittedError before `fit`."""
    if not isinstance(estimator, BaseMLP):
        error = checks.fail(name, words, estimator)
        raise checks.ArgumentError(f"{error}{_instead(estimator)}")
    check_is_fitted(estimator)


def _instead(given: Any) -> str:
    """Return what to pass for something that holds a network, or is another library's."""
    if hasattr(given, "named_steps"):
        return "; of a pipeline pass its last step, pipe[-1], and X as pipe[:-1].transform(X)"
    if hasattr(given, "members_") or type(given).__name__.startswith("Ensemble"):
        return "; of an ensemble pass a member, ensemble.members_[i]"
    if type(given).__module__.startswith("sklearn.neural_network"):
        return f"; fit lamina.{type(given).__name__}, which takes the same parameters"
    if hasattr(given, "best_estimator_"):
        return "; of a search pass its best_estimator_"
    return ""
