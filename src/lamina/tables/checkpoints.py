"""Going on with a training from its checkpoint, once it is known to be of the same one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lamina import codec
from lamina.estimators import resume
from lamina.tables.errors import TableError
from lamina.tables.prepare import Prepared
from lamina.tables.stream import Streamed

__all__ = ["check", "go_on"]

# The option of the command line for each parameter of an estimator.
_OPTIONS = {
    "activation": "--activation",
    "alpha": "--alpha",
    "batch_size": "--batch-size",
    "class_weight": "--class-weight",
    "diagnose": "--diagnose",
    "early_stopping": "--early-stopping",
    "hidden_layer_sizes": "--hidden",
    "learning_rate": "--schedule",
    "learning_rate_init": "--learning-rate",
    "loss": "--loss",
    "random_state": "--seed",
    "regularization": "the regularisation",
    "solver": "--solver",
}
# What may be another one: no weight depends on it, or only how long the training lasts.
_FREE = {"callbacks", "max_iter", "n_threads", "verbose"}


def check(path: str | os.PathLike[str], estimator: Any) -> None:
    """Raise TableError unless the file is a checkpoint of an estimator of these settings."""
    name = os.fspath(path)
    try:
        kind, attributes = codec.loads(Path(path).read_bytes(), name)
        if kind != f"checkpoint of an {type(estimator).__name__}":
            raise TableError(f"{name} holds a {kind!r}, which is not what --resume can go on from")
        before = attributes["estimator"]
    except FileNotFoundError:
        raise TableError(f"there is no checkpoint {name}: leave out --resume to start") from None
    except (codec.FileError, KeyError) as error:
        raise TableError(f"{name} is not a checkpoint, or it is damaged: start anew") from error
    now = estimator.get_params(deep=False)
    others = [own for own in now if own not in _FREE and now[own] != before.get(own)]
    if others:
        words = ", ".join(_OPTIONS.get(own, own) for own in others)
        was, first = before.get(others[0]), now[others[0]]
        raise TableError(
            f"{name} is the checkpoint of a training that differs in {words} ({was!r} there, "
            f"{first!r} here): give what it was made with, or start anew with --force in place of "
            "--resume"
        )


def go_on(path: str | os.PathLike[str], prepared: Prepared | Streamed, estimator: Any) -> Any:
    """Return an estimator of these settings that went on from its checkpoint to the end.

    Raises
    ------
    TableError
        If the file is no checkpoint, or one of another table or of other settings.
    """
    if isinstance(prepared, Streamed):
        raise TableError("a table that is read in parts has no checkpoint to go on from")
    check(path, estimator)
    X, y = prepared.given()
    own = {"callbacks": estimator.callbacks, "max_iter": estimator.max_iter}
    try:
        return resume(path, X, y, **own)
    except ValueError as error:
        if not str(error).startswith("the data must be"):
            raise
        raise TableError(
            f"{os.fspath(path)} is the checkpoint of another table, --target, --drop or "
            "--test-size: give what it was made with, or start anew with --force in place of "
            "--resume"
        ) from error
