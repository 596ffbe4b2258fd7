"""Pictures and tables of predicted numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from lamina.displays.figure import COLOURS
from lamina.report.figures import picture
from lamina.report.markup import Html, details, grid, number
from lamina.report.scoring import score
from lamina.report.subject import Answers, Subject

POINTS = 600  # of a picture
PICTURES = 4
ROWS = 100


def parts(subject: Subject, answers: Answers) -> Html:
    """Return what was predicted against what is so, for each output."""
    truth, predicted = _columns(answers.truth), _columns(answers.predicted)
    n = truth.shape[1]
    pictures = [
        _against(f"scores-output-{i + 1}", name, truth[:, i], predicted[:, i])
        for i, name in enumerate(subject.names[:PICTURES])
    ]
    body = Html(f'<div class="beside">{"".join(pictures)}</div>')
    return body if n == 1 else Html(body + _by_output(subject.names, truth, predicted))


def of_quantiles(subject: Subject, answers: Answers) -> Html:
    """Return how many samples are below each quantile, which should be its level."""
    levels = subject.estimator.network_.loss.levels
    rows = [
        [str(level), number(float(np.mean(answers.truth <= own)))]
        for level, own in zip(levels, _columns(answers.predicted).T, strict=True)
    ]
    head = ["level", "share of samples at or below"]
    return grid("scores-quantiles", "Samples below the quantiles", head, rows, "numbers")


def _columns(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(len(values), -1)


def _against(name: str, called: str, truth: NDArray[Any], predicted: NDArray[Any]) -> Html:
    """Return the picture of predictions against the truth, or nothing where none is finite."""
    there = np.isfinite(predicted)
    truth, predicted = truth[there], predicted[there]
    if not len(truth):
        return Html("")
    # Evenly by size, so that both ends are seen, and the same for the same samples.
    order = np.argsort(truth, kind="stable")
    order = order[np.unique(np.linspace(0, len(order) - 1, min(len(order), POINTS)).astype(int))]

    def draw(figure: Any) -> None:
        from matplotlib.ticker import MaxNLocator, ScalarFormatter

        ax = figure.subplots()
        display = metrics.PredictionErrorDisplay(y_true=truth[order], y_pred=predicted[order])
        display.plot(
            ax=ax,
            kind="actual_vs_predicted",
            scatter_kwargs={"color": COLOURS[1], "s": 14, "alpha": 0.55, "linewidths": 0},
            line_kwargs={"lw": 1},
        )
        ax.set(xlabel="predicted", ylabel="true")
        for axis in (ax.xaxis, ax.yaxis):  # scikit-learn's ticks are at odd places
            axis.set_major_locator(MaxNLocator(5))
            axis.set_major_formatter(ScalarFormatter())
        ax.spines[["top", "right"]].set_visible(False)

    error = predicted - truth
    low, middle, high = np.quantile(error, [0.05, 0.5, 0.95])
    seen = (
        f"True values from {number(truth.min())} to {number(truth.max())}, predictions from "
        f"{number(predicted.min())} to {number(predicted.max())}. Predicted less true is "
        f"{number(middle)} in the middle, and between {number(low)} and {number(high)} for nine "
        f"samples of ten."
    )
    shown = f", {len(order):,} of {len(truth):,} samples" if len(order) < len(truth) else ""
    title = f"True against predicted{'' if called == 'output' else ' ' + called[:60]}{shown}"
    return picture(name, title, seen, draw)


def _by_output(names: tuple[str, ...], truth: NDArray[Any], predicted: NDArray[Any]) -> Html:
    rows = [
        [name, *(number(own.value) for own in score("numbers", truth[:, i], predicted[:, i]))]
        for i, name in enumerate(names)
    ]
    head = ["output", "R²", "mean absolute error", "root mean squared error"]
    table = grid("scores-by-output", "Scores by output", head, rows[:ROWS], "numbers")
    return table if len(rows) <= 20 else details(f"Scores of {len(rows):,} outputs", table)
