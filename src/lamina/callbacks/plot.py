"""A callback that draws the curves of a training while it is under way."""

from __future__ import annotations

import io
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from lamina import codec
from lamina.callbacks import screen
from lamina.estimators.measuring.history import TrainingHistory
from lamina.estimators.running.callback import Callback, Run
from lamina.plan import checks

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


@dataclass(eq=False, repr=False)
class LivePlot(Callback):
    """Draws losses and scores by epoch while training is under way.

    In a notebook it keeps one picture up to date; elsewhere it rewrites a file, whose suffix says
    of which kind.

    Parameters
    ----------
    path : str or path-like or None, default=None
        The file; needed outside notebooks.
    every_epochs : int in [1, inf) or None, default=None
    every_seconds : float in (0, inf) or None, default=1.0
        Draw after so many epochs, or after the first epoch that ends so long after the last
        drawing; and always at the end.

    Examples
    --------
    >>> import lamina, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "curves.png")
    >>> plot = lamina.callbacks.LivePlot(path)
    >>> model = lamina.MLPRegressor(max_iter=3, callbacks=[plot]).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> os.path.exists(path)
    True
    """

    path: str | PathLike[str] | None = None
    every_epochs: int | None = None
    every_seconds: float | None = 1.0

    def __post_init__(self) -> None:
        if self.path is not None:
            checks.kind("path", self.path, (str, PathLike), "a path")  # type: ignore[arg-type]
        if self.every_epochs is not None:
            checks.integer("every_epochs", self.every_epochs, "[1, inf)")
        if self.every_seconds is not None:
            checks.real("every_seconds", self.every_seconds, "(0, inf)")

    def on_train_begin(self, run: Run) -> None:
        """Find out where to draw."""
        display = screen.notebook() if self.path is None else None
        if display is None:
            if self.path is None:
                raise checks.fail("path", "a file to draw to outside a notebook", None)
            _check_format(self.path)
            codec.check_writable(self.path)
        self._handle, self._drawn = None, monotonic()

    def on_epoch_end(self, run: Run) -> None:
        """Draw, if it is time."""
        due = self.every_epochs is not None and run.epoch % self.every_epochs == 0
        waited = monotonic() - self._drawn
        if due or (self.every_seconds is not None and waited >= self.every_seconds):
            self._draw(run)
            self._drawn = monotonic()

    def on_train_end(self, run: Run) -> None:
        """Draw the whole, and leave nothing that cannot be copied."""
        if run.history.n_epochs:
            self._draw(run)
        self._handle = None

    def _draw(self, run: Run) -> None:
        scores = [name for name in run.names if run.greater_is_better(name)]
        figure = draw(run.history, scores)
        if self.path is not None:
            text = io.BytesIO()
            figure.savefig(text, format=Path(self.path).suffix[1:] or "png", dpi=120)
            codec.write_atomically(self.path, text.getvalue())
            return
        image = io.BytesIO()
        figure.savefig(image, format="png", dpi=96)
        display = screen.notebook()
        picture = display.Image(data=image.getvalue(), format="png")
        if self._handle is None:
            self._handle = display.display(picture, display_id=True)
        else:
            self._handle.update(picture)

    __repr__ = checks.short_repr


def _check_format(path: str | PathLike[str]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    known = sorted(FigureCanvasAgg.get_supported_filetypes())
    if (Path(path).suffix[1:].lower() or "png") not in known:
        raise checks.fail("the suffix of path", f"one of {', '.join(known)}", str(path))


def draw(history: TrainingHistory, scores: list[str]) -> Any:
    """Return a figure: losses above, `scores` below if there are any.

    It belongs to no window and to no pyplot, so that any thread may draw.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    plain = ("epoch", "learning_rate", "seconds")
    losses = [name for name in history if name not in {*plain, *scores}]
    panels = [("loss", losses)] + ([("score", scores)] if scores else [])
    figure = Figure(figsize=(7, 3.2 * len(panels)), layout="constrained")
    for ax, (what, own) in zip(
        np.ravel(figure.subplots(len(panels), sharex=True)), panels, strict=True
    ):
        for i, name in enumerate(own):
            marker = "." if history.n_epochs == 1 else ""
            colour = COLOURS[i % len(COLOURS)]
            ax.plot(history["epoch"], history[name], color=colour, marker=marker, label=name)
        if what == "loss" and _spread(history, own):
            ax.set_yscale("log")
        if history.best_epoch is not None and history.monitor is not None:
            ax.axvline(history.best_epoch, color="#888888", lw=1, ls=":", label="best epoch")
        ax.set_ylabel(what)
        ax.legend(frameon=False, fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _spread(history: TrainingHistory, names: list[str]) -> bool:
    """Return whether the losses span a power of ten, all above 0."""
    values = np.concatenate([history[name] for name in names])
    values = values[np.isfinite(values)]
    return len(values) > 0 and values.min() > 0 and values.max() > 10 * values.min()
