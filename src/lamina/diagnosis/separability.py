"""How well a layer's output separates the classes, or gives the target, by linear means alone."""

from __future__ import annotations

import html
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from lamina.plan import checks

FOLDS = 5
LEAST = 4  # samples, of which two folds can be made
MEANINGS = {
    "linear": "accuracy of a linear classifier, cross-validated",
    "between": "share of the variance that is between the classes",
    "r2": "R² of a linear fit, cross-validated",
    "spread": "standard deviation of h over the samples",
}


@dataclass(frozen=True, eq=False, repr=False)
class Separability:
    """Scores of the representations after each layer: a table with a row per layer.

    Attributes
    ----------
    names : list of str
        Of the representations: "input", "layer 1", ..., "prediction".
    sizes : list of int
        Their numbers of units.
    scores : dict of str to ndarray of shape (n_layers + 1,)
        "linear" and "between" of classes, "r2" of numbers, and "spread" of both.
    baseline : float
        What "linear" or "r2" is for who knows nothing of the sample: the share of the largest
        class, or 0.
    own : float
        What the network itself makes of the same samples: accuracy, or R². NaN where `y` is not
        what it predicts.
    """

    names: list[str]
    sizes: list[int]
    scores: dict[str, np.ndarray]
    baseline: float
    own: float = np.nan

    def __getitem__(self, name: str) -> np.ndarray:
        checks.choice("name", name, list(self.scores))
        return self.scores[name]

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table's rows as text, the first being its head."""
        head = ("after", "units", *self.scores)
        columns = [self.names, [f"{n:,}" for n in self.sizes]]
        columns += [
            [f"{score:.3g}" if name == "spread" else f"{score:.3f}" for score in own]
            for name, own in self.scores.items()
        ]
        return [head, *zip(*columns, strict=True)]

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for first, *rest in rows:
            cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
            lines.append("  ".join([first.ljust(widths[0]), *cells]))
        return "\n".join([*lines, *self._notes()])

    __repr__ = __str__

    def _notes(self) -> list[str]:
        notes = [f"{name}: {MEANINGS[name]}" for name in self.scores]
        notes[0] += f"; {self.baseline:.3f} without any"
        if self.own == self.own:
            word = "R²" if "r2" in self.scores else "accuracy"
            notes[0] += f"; the network itself has {word} {self.own:.3f}"
        return notes

    def _repr_html_(self) -> str:
        head, *rows = self.rows()
        cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        notes = "<br>".join(map(html.escape, self._notes()))
        table = f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{notes}</p>"


def names_of(n: int) -> list[str]:
    """Return what `n` representations are called, input and prediction included."""
    return ["input", *(f"layer {i}" for i in range(1, n - 1)), "prediction"]


def separability_of(
    representations: Sequence[Any], y: Any, *, classes: bool, random_state: int = 0
) -> Separability:
    """Score representations of the same samples, one after the other.

    Parameters
    ----------
    representations : list of arrays of shape (n_samples, d_l)
        The first may be sparse.
    y : array-like of shape (n_samples,), or (n_samples, n_outputs) of numbers
        Labels, or numbers.
    classes : bool
        Whether `y` are labels.
    random_state : int, default=0
        Draws the folds.

    Returns
    -------
    Separability

    Raises
    ------
    ArgumentError
        If there are fewer than four samples, fewer than two classes of two samples each, or a
        representation is not finite.
    """
    names = names_of(len(representations))
    n = representations[0].shape[0]
    truth = _labels(y, n) if classes else _numbers(y, n)
    kept = _of_two_or_more(truth) if classes else np.arange(n)
    if len(kept) < LEAST:
        raise checks.fail("X", f"at least {LEAST} samples to score", n)
    truth, layers = truth[kept], [_finite(h, name)[kept] for h, name in _named(representations)]
    if not classes:
        scores: dict[str, np.ndarray] = {
            "r2": np.array([_r2(h, truth, random_state) for h in layers])
        }
        baseline = 0.0
    else:
        own = [[_accuracy(h, truth, random_state), between_share(h, truth)] for h in layers]
        scores = dict(zip(("linear", "between"), np.transpose(own), strict=True))
        baseline = float(np.bincount(truth).max() / len(truth))
    scores["spread"] = np.array([spread(h) for h in layers])
    return Separability(names, [h.shape[1] for h in layers], scores, baseline)


def spread(h: Any) -> float:
    """Return the standard deviation of (n, d) samples: the root of the units' mean variance."""
    if scipy.sparse.issparse(h):
        mean = np.asarray(h.mean(axis=0)).ravel()
        square = np.asarray(h.multiply(h).mean(axis=0)).ravel()
        return float(np.sqrt(max(0.0, (square - mean**2).mean())))
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.var(h, axis=0).mean()))


def between_share(h: Any, codes: np.ndarray) -> float:
    """Return the share of the variance of h (n, d) that is between the classes, in [0, 1].

    ``sum_c n_c |m_c - m|² / sum_i |h_i - m|²``, where m_c is the mean of a class and m that of all:
    0 where all classes have the same mean, 1 where each is a single point. With Fisher's ratio F of
    the variance between to that within it is F / (1 + F). It is 0 where h does not vary at all.
    """
    n = len(codes)
    member = scipy.sparse.csr_array((np.ones(n), (codes, np.arange(n))))
    counts = np.bincount(codes)
    sums = member @ h
    sums = np.asarray(sums.toarray() if scipy.sparse.issparse(sums) else sums)
    centre = sums.sum(axis=0) / n
    if scipy.sparse.issparse(h):
        total = float((h.data**2).sum() - n * centre @ centre)
    else:
        total = float(((h - centre) ** 2).sum())
    between = float((((sums / counts[:, None] - centre) ** 2).sum(axis=1) * counts).sum())
    return min(between / total, 1.0) if total > 0 else 0.0


def _named(representations: Sequence[Any]) -> list[tuple[Any, str]]:
    return list(zip(representations, names_of(len(representations)), strict=True))


def _accuracy(h: Any, codes: np.ndarray, seed: int) -> float:
    """Return the share of samples that logistic regression, fitted to the others, has right."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(min(FOLDS, np.bincount(codes).min()), shuffle=True, random_state=seed)
    return float((_predicted(LogisticRegression(max_iter=300), h, codes, folds) == codes).mean())


def _r2(h: Any, y: np.ndarray, seed: int) -> float:
    """Return R² of what ridge regression, fitted to the others, says of each sample."""
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score
    from sklearn.model_selection import KFold

    folds = KFold(min(FOLDS, len(y) // 2), shuffle=True, random_state=seed)
    return float(r2_score(y, _predicted(Ridge(alpha=1e-3), h, y, folds)))


def _predicted(model: Any, h: Any, y: np.ndarray, folds: Any) -> np.ndarray:
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scaled = make_pipeline(StandardScaler(with_mean=not scipy.sparse.issparse(h)), model)
    with warnings.catch_warnings():  # a fit that is cut short separates nearly as well
        warnings.simplefilter("ignore")
        return cross_val_predict(scaled, h, y, cv=folds)


def _labels(y: Any, n: int) -> np.ndarray:
    """Return the places of the labels among the sorted ones, (n,)."""
    given = np.asarray(y)
    if given.shape != (n,):
        raise checks.fail(
            "y",
            f"of shape ({n},), a label for each sample; of several labels one column",
            given.shape,
        )
    missing = [value is None or (isinstance(value, float) and value != value) for value in given]
    if any(missing):
        raise checks.fail("y", f"a label for each sample, row {missing.index(True)} too", None)
    try:
        found, codes = np.unique(given, return_inverse=True)
    except TypeError:
        raise checks.fail("y", "labels that can be sorted", y) from None
    if given.dtype.kind == "f" and len(found) > max(n // 2, 2):
        raise checks.fail("y", "labels of classes, of which most samples share one", y)
    if (np.bincount(codes) > 1).sum() < 2:
        raise checks.fail("y", "labels of two classes or more, of two samples each", found.tolist())
    return codes


def _numbers(y: Any, n: int) -> np.ndarray:
    try:
        numbers = np.asarray(y, np.float64)
    except (TypeError, ValueError):
        raise checks.fail("y", "numbers", y) from None
    if numbers.ndim not in (1, 2) or len(numbers) != n:
        raise checks.fail("y", f"of shape ({n},) or ({n}, n_outputs)", numbers.shape)
    if not np.isfinite(numbers).all():
        raise checks.fail("y", "finite numbers", numbers[~np.isfinite(numbers)][0])
    return numbers


def _of_two_or_more(codes: np.ndarray) -> np.ndarray:
    """Return the rows of classes that have at least two samples, one for each of two folds.

    The codes of those that remain keep no gap: they are changed in place.
    """
    kept = np.flatnonzero(np.bincount(codes)[codes] > 1)
    codes[kept] = np.unique(codes[kept], return_inverse=True)[1]
    return kept


def _finite(h: Any, name: str) -> Any:
    h = h.astype(np.float64)
    numbers = h.data if scipy.sparse.issparse(h) else h
    if not np.isfinite(numbers).all():
        raise checks.ArgumentError(f"the output of {name!r} is not finite: training diverged")
    return h
