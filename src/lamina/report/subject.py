"""What a report is about: an estimator, and what is known of it from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["classes", "labels", "numbers", "quantiles"]


@dataclass(frozen=True)
class Score:
    """A number that says how well the predictions fit.

    Attributes
    ----------
    name : str
    value : float
        NaN where too few samples define none.
    baseline : float or None
        The same of a guess that looks at no feature.
    lower : bool
        Whether less is better.
    """

    name: str
    value: float
    baseline: float | None = None
    lower: bool = False


@dataclass(frozen=True)
class HeldOut:
    """What was measured after training, on samples that are no longer there.

    Attributes
    ----------
    where : str
        Which samples these were, as in "the 30 rows held out".
    scores : tuple of Score
    """

    where: str
    scores: tuple[Score, ...]


@dataclass(frozen=True, eq=False)
class Answers:
    """What the network answers where the truth is known.

    Attributes
    ----------
    where : str
        Which samples these are, as in "the 38 samples given to this report".
    truth : ndarray of shape (n,), or (n, n_outputs)
        Places of the classes, -1 for one that the model does not know; 0 and 1 for several labels;
        or numbers.
    predicted : ndarray of shape (n, n_columns), or (n,)
        Probabilities, or numbers in the target's own unit.
    scores : tuple of Score
    notes : tuple of str
        What there is to know of them, such as rows that were left out.
    learnt : str
        A sentence, where the network learnt from them, or may have; empty where nothing is known.
    """

    where: str
    truth: NDArray[Any]
    predicted: NDArray[np.float64]
    scores: tuple[Score, ...]
    notes: tuple[str, ...] = ()
    learnt: str = ""


@dataclass(frozen=True, eq=False)
class Subject:
    """An estimator and what its report says of it.

    Attributes
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted.
    kind : {"classes", "labels", "numbers", "quantiles"}
    title : str
    given, goal : str
        What it learnt from and what it predicts, as "4 features" and "3 classes".
    names : tuple of str
        Of classes, labels, outputs or quantiles.
    X, y : array-like or None
        As the estimator takes them, for the findings.
    answers : Answers or None
    facts : tuple of (str, str)
        Of the data, before what the estimator knows.
    held_out : HeldOut or None
    imports, recipe : tuple of str
        Lines of code that fit ``model`` once it is made, and what they import; none:
        ``model.fit(X, y)``.
    lacks : tuple of str
        What the page lacks, and why.
    """

    estimator: Any
    kind: Kind
    title: str
    given: str
    goal: str
    names: tuple[str, ...]
    X: Any = None
    y: Any = None
    answers: Answers | None = None
    facts: tuple[tuple[str, str], ...] = ()
    held_out: HeldOut | None = None
    imports: tuple[str, ...] = ()
    recipe: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
