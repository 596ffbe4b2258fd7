"""Callbacks that write each epoch's numbers to a file, a line each."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import dataclass
from os import PathLike
from typing import Any

from lamina import codec
from lamina.estimators.running.callback import Callback, Run
from lamina.plan import checks


@dataclass(eq=False, repr=False)
class _Log(Callback):
    """Writes the file's earlier lines at the beginning, then a line per epoch.

    The file is opened for each line, so that it is whole after every epoch and a copy of the
    callback can be pickled at any time. The lines are those of ``history_``: where a fit goes on
    from a checkpoint, lines of epochs after it go.
    """

    path: str | PathLike[str]

    def __post_init__(self) -> None:
        checks.kind("path", self.path, (str, PathLike), "a path")  # type: ignore[arg-type]

    def on_train_begin(self, run: Run) -> None:
        """Write a new file: the lines of earlier epochs of the estimator, if it has any."""
        history = run.history
        self._names = list(dict.fromkeys([*history, *run.names]))
        rows = [history.row(i) for i in range(history.n_epochs)]
        text = self._head() + "".join(map(self._line, rows))
        codec.write_atomically(self.path, text.encode())

    def on_epoch_end(self, run: Run) -> None:
        """Write a line."""
        line = self._line(run.row)
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            file.write(line)

    def _head(self) -> str:
        return ""

    def _line(self, row: dict[str, Any]) -> str:
        raise NotImplementedError

    __repr__ = checks.short_repr


@dataclass(eq=False, repr=False)
class CSVLog(_Log):
    """Writes the columns of ``history_`` to a CSV file, a line after each epoch.

    Parameters
    ----------
    path : str or path-like
        A file that is there is replaced.

    Examples
    --------
    >>> import lamina, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "log.csv")
    >>> log = lamina.callbacks.CSVLog(path)
    >>> model = lamina.MLPRegressor(max_iter=2, callbacks=[log]).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with open(path) as file:
    ...     print(file.readline().strip(), len(file.readlines()))
    epoch,loss,learning_rate,seconds 2
    """

    def _head(self) -> str:
        return self._joined(self._names)

    def _line(self, row: dict[str, Any]) -> str:
        return self._joined([row.get(name, math.nan) for name in self._names])

    def _joined(self, cells: list[Any]) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator=os.linesep).writerow(cells)
        return text.getvalue()


@dataclass(eq=False, repr=False)
class JSONLog(_Log):
    """Writes the columns of ``history_`` to a file, a JSON object a line after each epoch.

    Parameters
    ----------
    path : str or path-like
        A file that is there is replaced. A number that is not finite is written as null.

    Examples
    --------
    >>> import json, lamina, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "log.jsonl")
    >>> log = lamina.callbacks.JSONLog(path)
    >>> model = lamina.MLPRegressor(max_iter=2, callbacks=[log]).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with open(path) as file:
    ...     [json.loads(line)["loss"] for line in file] == model.loss_curve_
    True
    """

    def _line(self, row: dict[str, Any]) -> str:
        own = {name: value if math.isfinite(value) else None for name, value in row.items()}
        return json.dumps(own) + "\n"
