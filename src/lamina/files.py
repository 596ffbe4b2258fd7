"""Saving and loading estimators, without ever executing code."""

from __future__ import annotations

import os
from os import PathLike
from typing import Any

from lamina import codec
from lamina.codec import FileError, write_atomically
from lamina.ensembles import EnsembleClassifier, EnsembleRegressor
from lamina.estimators import MLPClassifier, MLPRegressor

__all__ = ["FileError", "dumps", "load", "loads", "write_atomically"]

CLASSES: dict[str, Any] = {
    own.__name__: own
    for own in (MLPClassifier, MLPRegressor, EnsembleClassifier, EnsembleRegressor)
}


def load(path: str | PathLike[str]) -> Any:
    """Read an estimator that its ``save(path)`` wrote; never executes code.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    MLPClassifier, MLPRegressor, EnsembleClassifier or EnsembleRegressor
        Equal to the saved one bit for bit, training state included.

    Raises
    ------
    FileError
        If the file is damaged, foreign or of a newer format.
    FileNotFoundError
        If there is none.

    Examples
    --------
    >>> import lamina, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
    >>> lamina.MLPClassifier(solver="lbfgs").fit([[0.0], [1.0]], [0, 1]).save(path)
    >>> lamina.load(path)
    MLPClassifier(solver='lbfgs')
    """
    with open(path, "rb") as file:
        return loads(file.read(), os.fspath(path))


def dumps(estimator: Any) -> bytes:
    """Return the bytes that ``estimator.save`` writes."""
    return estimator.to_bytes()


def loads(data: bytes, name: str = "the file") -> Any:
    """Return the estimator of such bytes; `name` is what errors call them."""
    kind, attributes = codec.loads(data, name)
    if kind not in CLASSES:
        hint = ": lamina.resume goes on from it" if kind.startswith("checkpoint of") else ""
        raise FileError(f"{name} holds a {kind!r}, not an estimator of lamina{hint}")
    estimator = CLASSES[kind]()
    try:
        estimator.restore(attributes)
    except ValueError as error:
        raise FileError(f"{name} is not a lamina model: {error}") from None
    return estimator
