"""What the commands say on the terminal, and the same as JSON."""

import errno
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from lamina.plan import LeakyReLU
from lamina.tables.errors import counted, grouped, listed
from lamina.tables.model import OnEpoch, TableModel
from lamina.tables.preprocess import Preprocessing
from lamina.tables.scores import LOWER_IS_BETTER, NAMES, Scores

__all__ = [
    "console",
    "facts",
    "kinds",
    "network",
    "progress",
    "score_table",
    "settings",
    "shown",
    "without_nan",
]

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLURALS = {"number": "numbers", "boolean": "booleans", "category": "categories", "date": "dates"}
_SINGULARS = {"number": "number", "boolean": "boolean", "category": "category", "date": "date"}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise, where rich would exit without a word."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def console(quiet: bool = False, stderr: bool = False) -> Console:
    """Return a console; one that is no terminal has room for the longest line."""
    made = _Console(quiet=quiet, stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = 10_000
    return made


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Return the lines of ``rows``: a word, and what there is to say about it."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), Text(value))
    return grid


def score_table(scores: Scores, baseline: Scores, title: str) -> Table:
    """Return the scores of a network beside those of the guess that ignores all columns."""
    table = Table("", "this network", "baseline", title=title, title_justify="left", box=None)
    table.columns[0].style = "bold"
    for column in table.columns[1:]:
        column.justify = "right"
    for name, value in scores.items():
        hint = " (lower is better)" if name in LOWER_IS_BETTER else ""
        table.add_row(NAMES[name] + hint, _number(value), _number(baseline[name]))
    return table


def kinds(preprocessing: Preprocessing) -> str:
    """Return how many columns there are of each kind, and of how many inputs."""
    counts = Counter(preprocessing.kinds.values())
    words = [
        f"{count} {(_PLURALS if count > 1 else _SINGULARS)[kind]}" for kind, count in counts.items()
    ]
    return f"{', '.join(words)}, {counted(preprocessing.width, 'network input')} in all"


def network(estimator: Any) -> str:
    """Return the layers of a fitted estimator and the number of its parameters."""
    sizes = [len(intercept) for intercept in estimator.intercepts_]
    hidden = estimator.activation
    hidden = list(hidden) if isinstance(hidden, list | tuple) else [hidden] * (len(sizes) - 1)
    functions = [*map(_function, hidden), estimator.out_activation_]
    layers = [f"{size} {name}" for size, name in zip(sizes, functions, strict=True)]
    slopes = [own for own in getattr(estimator, "slopes_", None) or [] if own is not None]
    count = sum(own.size for own in (*estimator.coefs_, *estimator.intercepts_, *slopes))
    inputs = counted(estimator.coefs_[0].shape[0], "input")
    return f"{' → '.join([inputs, *layers])}; {counted(count, 'parameter')}"


def shown(model: TableModel) -> list[tuple[str, str]]:
    """Return the facts of a model, a word and a line each."""
    estimator, known, target = model.estimator, model.facts, model.target
    rows = [("task", f"{target.task} of {target.name!r}")]
    if target.classes:
        pairs = zip(target.label_names(), target.shares, strict=True)
        classes = [f"{name!r} {share:.1%}" for name, share in pairs]
        more = f" and {len(classes) - 12} more" if len(classes) > 12 else ""
        rows.append((f"{len(classes)} classes", ", ".join(classes[:12]) + more))
    else:
        rows.append(("target", f"mean {target.mean:.6g}, standard deviation {target.scale:.6g}"))
    if target.levels:
        rows.append(("quantiles", ", ".join(map(str, target.levels))))
    for kind, word in _PLURALS.items():
        names = [name for name, own in model.preprocessing.kinds.items() if own == kind]
        if names:
            rows.append((word, listed(names, most=20)))
    rows += [("not used", line) for line in grouped(known.dropped)]
    rows.append(("network", network(estimator)))
    said = ", ".join(f"{name}={value}" for name, value in settings(model).items())
    rows.append(("settings", said or "all at their defaults"))
    rows.append(("rows", split(known.n_train, known.n_test, known.n_unlabelled)))
    losses = list(getattr(estimator, "loss_curve_", None) or [])
    if losses:
        line = f"{_sparkline(losses)}  {losses[0]:.4g} to {losses[-1]:.4g}"
        rows.append(("loss", f"{line} in {counted(len(losses), 'epoch')}"))
    rows.append(("made by", f"lamina {known.lamina}, seed {known.seed}"))
    return rows


def split(n_train: int, n_test: int, n_unlabelled: int) -> str:
    """Return what became of the rows of a table."""
    held = f"{n_test:,} held out" if n_test else "none held out"
    rest = f", {n_unlabelled:,} left out: the target is missing" if n_unlabelled else ""
    return f"{n_train:,} to learn from, {held}{rest}"


@contextmanager
def progress(hidden: bool) -> Iterator[OnEpoch]:
    """Show a bar on the terminal's error stream; the value is to be called after each epoch."""
    screen = console(stderr=True)
    if hidden or not screen.is_terminal:
        yield lambda *_: None
        return
    bar = Progress(
        TextColumn("epoch"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
        TextColumn("{task.fields[score]}"),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None, loss=math.nan, score="")

        def after(epoch: int, most: int, loss: float, validation: float | None) -> None:
            said = "" if validation is None else f"validation {validation:.4f}"
            bar.update(task, completed=epoch, total=most, loss=loss, score=said)

        yield after


def without_nan(value: Any) -> Any:
    """Return ``value`` as JSON has it: null where a number is not defined."""
    if isinstance(value, Mapping):
        return {key: without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def settings(model: TableModel) -> dict[str, str]:
    """Return those of a network's settings that are not the defaults, as Python writes them."""
    estimator = model.estimator
    usual = type(estimator)().get_params(deep=False)
    own = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in ("random_state", "callbacks") and value != usual[name]
    }
    if isinstance(own.get("class_weight"), Mapping):  # by place, which only the network goes by
        classes = model.target.classes
        own["class_weight"] = {classes[i]: weight for i, weight in own["class_weight"].items()}
    return {name: repr(value) for name, value in own.items()}


def _function(activation: Any) -> str:
    return f"leaky_relu({activation.slope:g})" if isinstance(activation, LeakyReLU) else activation


def _sparkline(values: list[float], width: int = 40) -> str:
    places = np.linspace(0, len(values) - 1, min(width, len(values))).round().astype(int)
    heights = np.asarray(values, dtype=float)[places]
    low, high = heights.min(), heights.max()
    steps = (heights - low) / (high - low if high > low else 1.0) * (len(_BLOCKS) - 1)
    return "".join(_BLOCKS[int(step)] for step in np.nan_to_num(steps).round())


def _number(value: float) -> str:
    if math.isnan(value):
        return "not defined"
    digits = 4 if abs(value) < 10 else 2 if abs(value) < 1000 else 0
    return f"{value:,.{digits}f}"
