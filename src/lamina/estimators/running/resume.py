"""Going on with a fit from a checkpoint."""

from __future__ import annotations

import os
from os import PathLike
from typing import Any

from lamina import codec
from lamina.estimators.classifier import MLPClassifier
from lamina.estimators.regressor import MLPRegressor
from lamina.estimators.running.checkpoint import KIND, Saved
from lamina.training import Mark

CLASSES = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}


def resume(
    path: str | PathLike[str],
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    eval_set: Any = None,
    callbacks: Any = None,
    scoring: Any = None,
    max_iter: int | None = None,
) -> Any:
    """Go on with a fit from a checkpoint, with the same bits as if it had not been cut off.

    Parameters
    ----------
    path : str or path-like
        What `lamina.callbacks.Checkpoint` wrote.
    X, y, sample_weight, eval_set
        What `fit` was given.
    callbacks : sequence of Callback or None, default=None
        A checkpoint holds no code, so they are given again: a `Checkpoint` too, if it is to go on.
    scoring : default=None
        None: what the estimator had, if it was names. Functions must be given again.
    max_iter : int in [1, inf) or None, default=None
        None: the estimator's. Another one lengthens or shortens the training, also one that had
        reached its end; the bits are then those of a `fit` with it, unless a schedule takes its
        length from it.

    Returns
    -------
    MLPClassifier or MLPRegressor
        The fitted estimator; at once, if the fit had reached its end.

    Raises
    ------
    ValueError
        If the data are not those of the checkpoint; the error says what differs. If scorers that
        were functions are not given again.
    FileError
        If the file is damaged, foreign or of a newer format.

    Examples
    --------
    >>> import lamina, os, tempfile
    >>> from lamina.callbacks import Checkpoint, StopOnTarget
    >>> path = os.path.join(tempfile.mkdtemp(), "checkpoint")
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 4.0]
    >>> whole = lamina.MLPRegressor(max_iter=30, tol=0, random_state=0).fit(X, y)
    >>> part = lamina.MLPRegressor(max_iter=30, tol=0, random_state=0)
    >>> stop = StopOnTarget("loss", whole.loss_curve_[9])
    >>> part.set_params(callbacks=[stop, Checkpoint(path)]).fit(X, y).n_iter_
    10
    >>> lamina.resume(path, X, y).loss_curve_ == whole.loss_curve_
    True
    """
    with open(path, "rb") as file:
        kind, saved = _read(file.read(), os.fspath(path))
    estimator = CLASSES[kind]()
    estimator.restore(saved.estimator)
    saved.check_scoring(scoring)
    given = {"scoring": scoring, "max_iter": max_iter}
    given = {name: own for name, own in given.items() if own is not None}
    estimator.set_params(callbacks=callbacks, **given)
    return estimator._fit(X, y, sample_weight, incremental=False, eval_set=eval_set, saved=saved)


def _read(data: bytes, name: str) -> tuple[str, Saved]:
    kind, attributes = codec.loads(data, name)
    own = kind.removeprefix(KIND)
    if own == kind or own not in CLASSES:
        raise codec.FileError(f"{name} holds a {kind!r}, not a checkpoint")
    try:
        saved = Saved(**attributes)
        if not isinstance(saved.mark, Mark):
            raise TypeError
    except TypeError:
        raise codec.FileError(f"{name} is not a lamina checkpoint") from None
    return own, saved
