"""The history of a training as a table."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lamina.training import History

SHOWN = 10  # rows of a repr


class TrainingHistory(Mapping[str, np.ndarray]):
    """What each epoch gave, over all fits: a mapping from a column's name to its numbers.

    The columns are ``epoch``, counted from 1; ``loss``, the mean over the epoch's batches with the
    penalty, as each batch was met; ``learning_rate`` of the epoch's first step; ``seconds`` that
    its steps took; and for each evaluation set its ``{set}_loss``, without penalty, and a
    ``{set}_{scorer}`` per score, both after the epoch. A number that was not recorded is NaN:
    files keep no seconds, since the same training is to give the same file.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.MLPRegressor(hidden_layer_sizes=3, max_iter=2, random_state=0)
    >>> history = model.fit([[0.0], [1.0]], [0.0, 1.0], eval_set=([[2.0]], [2.0])).history_
    >>> list(history)
    ['epoch', 'loss', 'learning_rate', 'seconds', 'eval_loss']
    >>> history["epoch"], history.best_epoch
    (array([1, 2]), 2)
    """

    def __init__(self, history: History) -> None:
        n = len(history.loss)
        columns: dict[str, Any] = {"epoch": np.arange(1, n + 1), "loss": history.loss}
        columns |= {"learning_rate": history.learning_rate, "seconds": history.seconds}
        columns |= history.columns
        self._columns = {name: _filled(column, n) for name, column in columns.items()}
        self._best, self.monitor = history.best_epoch, history.monitor

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._columns:
            raise KeyError(f"{name!r} is not one of {', '.join(self._columns)}")
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def n_epochs(self) -> int:
        """Number of epochs, or iterations of L-BFGS."""
        return len(self._columns["epoch"])

    @property
    def best_epoch(self) -> int | None:
        """The best epoch by what early stopping monitors, else that of the smallest loss."""
        if self.monitor is not None or not np.isfinite(self["loss"]).any():
            return self._best
        return int(np.nanargmin(self["loss"])) + 1

    def row(self, i: int) -> dict[str, Any]:
        """Return the numbers of one epoch by column; -1 is the last one."""
        return {name: column[i].item() for name, column in self._columns.items()}

    def as_frame(self) -> Any:
        """Return a pandas data frame of one row per epoch, with the epoch as its index.

        Raises
        ------
        ImportError
            If pandas, which lamina does not need otherwise, is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("as_frame needs pandas: pip install pandas") from error
        return pandas.DataFrame(dict(self)).set_index("epoch")

    def _repr_html_(self) -> str:
        head, *rows = [[html.escape(cell) for cell in line] for line in self._lines()]
        names = "".join(f"<th>{cell}</th>" for cell in head)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in rows)
        return (
            f"<table><caption>{self._head()}</caption><thead><tr>{names}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def _lines(self) -> list[list[str]]:
        """Return the cells of the names, and of the first and the last epochs."""
        n = self.n_epochs
        rows: list[int] = list(range(n))
        if n > SHOWN:
            rows = [*range(SHOWN // 2), -1, *range(n - SHOWN // 2, n)]
        return [list(self)] + [["…"] * len(self) if i < 0 else self._cells(i) for i in rows]

    def _head(self) -> str:
        best = "" if self.best_epoch is None else f", the best is {self.best_epoch}"
        return f"{self.n_epochs} epochs{best}"

    def __repr__(self) -> str:
        lines = self._lines()
        widths = [max(len(line[j]) for line in lines) for j in range(len(self))]
        table = [
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        ]
        return "\n".join([self._head(), *table])

    def _cells(self, i: int) -> list[str]:
        return [str(v) if name == "epoch" else f"{v:.4g}" for name, v in self.row(i).items()]


def _filled(column: Any, n: int) -> np.ndarray:
    """Return a column as an array, with NaN for the last epochs if it is too short."""
    if isinstance(column, np.ndarray):
        return column
    return np.array(column + [np.nan] * (n - len(column)), np.float64)
