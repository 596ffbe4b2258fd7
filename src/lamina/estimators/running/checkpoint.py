"""Checkpoints of a fit: what they hold, and whether data are those that they were made with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse

from lamina import codec
from lamina.engines import Data
from lamina.estimators.measuring import scoring
from lamina.plan import checks
from lamina.training import Mark

KIND = "checkpoint of an "


@dataclass
class Saved:
    """What a checkpoint holds.

    Attributes
    ----------
    estimator : dict of str to object
        The estimator's attributes before the fit.
    mark : Mark
    rows : list of ndarray or None
        The rows to learn from and those held out.
    digests : dict of str to str
        Of the data, by the name of what they are.
    functions : list of str
        Names of the scorers, where some are functions, which a file does not hold.
    """

    estimator: dict[str, Any]
    mark: Mark
    rows: list[np.ndarray] | None
    digests: dict[str, str]
    functions: list[str] = field(default_factory=list)

    def check_scoring(self, given: Any) -> None:
        """Raise ArgumentError unless scorers that were functions are given again."""
        if self.functions and given is None:
            names = ", ".join(repr(name) for name in self.functions)
            expected = f"given again, since a checkpoint holds no functions: scorers called {names}"
            raise checks.fail("scoring", expected, given)

    def check(self, digests: dict[str, str]) -> None:
        """Raise ValueError that says what differs, unless the data are the checkpoint's."""
        for name in {**self.digests, **digests}:
            old, new = self.digests.get(name), digests.get(name)
            if old == new:
                continue
            if old is None or new is None:
                what = "was not there" if old is None else "is missing now"
            else:
                what = _difference(old, new)
            raise ValueError(f"the data must be those of the checkpoint: {name} {what}")


def check_class(estimator: Any) -> None:
    """Raise ArgumentError for a subclass, which `lamina.resume` could not make."""
    kind = type(estimator)
    if kind.__module__.partition(".")[0] != "lamina":
        raise checks.ArgumentError(
            f"a checkpoint is of MLPClassifier and MLPRegressor themselves, got the subclass "
            f"{kind.__name__}, which lamina.resume could not make"
        )


def functions(given: Any) -> list[str]:
    """Return the names of the scorers if some of them are functions."""
    return [] if scoring.names_only(given) else list(scoring.scorers(given))


def dumps(name: str, saved: Saved) -> bytes:
    """Return the bytes of a checkpoint of an estimator of that class."""
    return codec.dumps(KIND + name, vars(saved))


def digests(data: Data, sets: list[Any], classes: Any) -> dict[str, str]:
    """Return a digest of all that the bits of a training depend on, shape and dtype in front."""
    own = {"X": data.x, "y": data.y, "sample_weight": data.weights, "the classes of y": classes}
    for name, more in sets:
        own |= {f"X of eval_set {name!r}": more.x, f"y of eval_set {name!r}": more.y}
        own[f"sample_weight of eval_set {name!r}"] = more.weights
    return {name: _digest(array) for name, array in own.items() if array is not None}


def _digest(array: Any) -> str:
    whole = hashlib.sha256()
    sparse = scipy.sparse.issparse(array)
    for part in (array.data, array.indices, array.indptr) if sparse else (np.asarray(array),):
        kept = np.array(part.tolist(), dtype=str) if part.dtype == object else part
        kept = np.ascontiguousarray(kept).reshape(-1)
        whole.update(kept.view(np.uint8) if kept.size else b"")  # type: ignore[arg-type]
    form = "a sparse matrix" if sparse else "an array"
    return f"{form} of shape {array.shape} and dtype {array.dtype} {whole.hexdigest()}"


def _difference(old: str, new: str) -> str:
    (old_form, _, _), (new_form, _, _) = old.rpartition(" "), new.rpartition(" ")
    if old_form != new_form:
        return f"is {new_form}, was {old_form}"
    return f"has other values, of the same shape ({new_form})"
