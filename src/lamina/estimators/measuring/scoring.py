"""What `scoring` names: scikit-learn's scorers, by name or as they are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from sklearn.metrics import get_scorer, get_scorer_names

from lamina.plan import checks

Scorer = Callable[..., Any]
TAKEN = ("loss", "score")  # the columns that every evaluation set has, or may have
_ERROR = re.compile(r"(^|_)(loss|error|err|r?mse|r?msle|mae|mape|deviance|distance|cost|risk)$")
_EXPECTED = "a scorer's name, a function of (estimator, X, y), or a list or dict of them"


def scorers(scoring: Any) -> dict[str, Scorer]:
    """Return the scorers by name; ArgumentError unless all of them are known."""
    if scoring is None:
        return {}
    if isinstance(scoring, Mapping):
        named = [(name, _scorer(own)) for name, own in scoring.items()]
    else:
        several = [scoring] if isinstance(scoring, str) or callable(scoring) else scoring
        if not isinstance(several, (list, tuple, set)):
            raise checks.fail("scoring", _EXPECTED, scoring)
        named = [(_name(own), _scorer(own)) for own in several]
    found: dict[str, Scorer] = {}
    for name, own in named:
        if not isinstance(name, str) or not name:
            raise checks.fail("every name in scoring", "a text", name)
        if name in TAKEN or name in found:
            raise checks.fail("every name in scoring", f"another than {[*TAKEN, *found]}", name)
        found[name] = own
    if not found:
        raise checks.fail("scoring", _EXPECTED, scoring)
    return found


def names_only(scoring: Any) -> bool:
    """Return whether `scoring` is made of names, which a file can hold."""
    if isinstance(scoring, Mapping):
        return all(isinstance(own, str) for own in scoring.values())
    if isinstance(scoring, (list, tuple)):
        return all(isinstance(own, str) for own in scoring)
    return scoring is None or isinstance(scoring, str)


def like_an_error(name: str, scorer: Scorer) -> bool:
    """Return whether a scorer is named as if small were good, though scorers' large is."""
    if getattr(scorer, "_sign", 1) < 0:  # scikit-learn has turned it around
        return False
    names = [own.lower() for own in (name, _name(scorer))]
    return any(_ERROR.search(own) and not own.startswith("neg") for own in names)


def takes_weights(scorer: Scorer) -> bool:
    """Return whether a scorer can be told sample weights."""
    try:
        parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    except (TypeError, ValueError):  # no signature to look at
        return False
    return "sample_weight" in parameters


def _scorer(given: Any) -> Scorer:
    if callable(given):
        _refuse_metric(given)
        return given
    if not isinstance(given, str):
        raise checks.fail("scoring", _EXPECTED, given)
    try:
        return get_scorer(given)
    except ValueError:
        close = get_close_matches(given, get_scorer_names())
        hint = f" (did you mean {' or '.join(repr(name) for name in close)}?)" if close else ""
        expected = f"a name in sklearn.metrics.get_scorer_names(){hint}"
        raise checks.fail("scoring", expected, given) from None


def _refuse_metric(given: Any) -> None:
    module = str(getattr(given, "__module__", ""))
    if module.startswith("sklearn.metrics.") and not module.startswith("sklearn.metrics._scorer"):
        raise checks.ArgumentError(  # scikit-learn's words
            f"scoring value {given!r} looks like it is a metric function rather than a scorer. A "
            f"scorer should require an estimator as its first parameter. Please use `make_scorer` "
            f"to convert a metric to a scorer."
        )


def _name(given: Any) -> str:
    if isinstance(given, str):
        return given
    own = getattr(given, "_score_func", given)  # that of make_scorer
    return getattr(own, "__name__", type(own).__name__)
