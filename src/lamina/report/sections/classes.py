"""Pictures and tables of classes and labels: which are confused, and what probabilities mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.calibration import CalibrationDisplay, calibration_curve

from lamina.displays.classes import names_of
from lamina.displays.figure import COLOURS
from lamina.estimators.html import text
from lamina.report.figures import picture
from lamina.report.markup import Html, Shaded, details, grid, number
from lamina.report.subject import Answers, Subject

MOST = 20  # classes of a whole matrix, and pairs of a list in its place
ROWS = 100
BINS = 10
APART = 0.02  # that the points of a calibration are from each other at least
LETTERS, OVER, LISTED = 40, 16, 80  # of a name beside a row, over a column, in a list


def parts(subject: Subject, answers: Answers) -> Html:
    """Return the confusion matrix, the scores of each class and the calibration."""
    known = answers.truth >= 0
    truth, p = answers.truth[known], answers.predicted[known]
    if p.shape[1] < 2:
        return Html("")
    names, answer = subject.names, p.argmax(axis=1)
    matrix = metrics.confusion_matrix(truth, answer, labels=np.arange(p.shape[1]))
    shown = _matrix(names, matrix) if len(names) <= MOST else _pairs(names, matrix)
    shown = Html(shown + _by_class(names, truth, answer))
    if p.shape[1] == 2:
        title = f"Calibration of “{names[1][:60]}”"
        return Html(shown + _calibration("scores", title, truth, p[:, 1]))
    right, top = (answer == truth).astype(int), p.max(axis=1)
    return Html(shown + _calibration("scores", "Calibration of the answers", right, top))


def of_labels(subject: Subject, answers: Answers) -> Html:
    """Return the scores of each label."""
    truth, p = answers.truth.astype(int), answers.predicted
    scores = metrics.precision_recall_fscore_support(
        truth, (p > 0.5).astype(int), average=None, zero_division=np.nan
    )
    return _scores(subject.names, scores, "label")


def _matrix(names: tuple[str, ...], matrix: NDArray[np.int64]) -> Html:
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    heads, names = names_of(names, OVER), tuple(names_of(names, LETTERS))
    rows = [
        [name, *(Shaded(f"{n:,}", s) for n, s in zip(own, share, strict=True))]
        for name, own, share in zip(names, matrix.tolist(), shares.tolist(), strict=True)
    ]
    caption = (
        "Confusion matrix: a row for each class, a column for each answer; the stronger the "
        "colour, the more of the row"
    )
    return grid("scores-confusion", caption, ["class", *heads], rows, "numbers confusion")


def _pairs(names: tuple[str, ...], matrix: NDArray[np.int64]) -> Html:
    """Return the most frequent confusions, where a matrix would be too large to read."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST]
    pairs = [divmod(int(i), len(names)) for i in order]
    rows = [
        [names[i], names[j], f"{wrong[i, j]:,}", number(wrong[i, j] / matrix[i].sum())]
        for i, j in pairs
        if wrong[i, j]
    ]
    head = ["class", "answer", "samples", "share of the class"]
    return grid("scores-confusion", "The most frequent confusions", head, rows, "numbers")


def _by_class(names: tuple[str, ...], truth: NDArray[Any], answer: NDArray[Any]) -> Html:
    scores = metrics.precision_recall_fscore_support(
        truth, answer, labels=np.arange(len(names)), average=None, zero_division=np.nan
    )
    return _scores(names, scores, "class")


def _scores(names: tuple[str, ...], scores: Any, word: str) -> Html:
    rows = [
        [name, number(precision), number(recall), number(f1), f"{n:,}"]
        for name, precision, recall, f1, n in zip(names_of(names, LISTED), *scores, strict=True)
    ]
    plural = "classes" if word == "class" else f"{word}s"
    table = grid(
        "scores-by-class",
        f"Scores by {word}",
        [word, "precision", "recall", "F1", "samples"],
        rows[:ROWS],
        "numbers",
    )
    if len(rows) <= MOST:
        return table
    more = f", the first {ROWS}" if len(rows) > ROWS else ""
    return details(f"Scores of {len(rows):,} {plural}{more}", table)


def _calibration(name: str, title: str, truth: NDArray[Any], p: NDArray[np.float64]) -> Html:
    """Return the picture of what probabilities mean: how many are right of those that say 0.8."""
    there = np.isfinite(p)
    if not there.any():
        return Html("")
    truth, p = truth[there], np.clip(p[there], 0, 1)
    right, said = calibration_curve(truth, p, n_bins=5)
    if len(p) >= 200:
        right, said = calibration_curve(truth, p, n_bins=BINS, strategy="quantile")
        if (np.diff(said) < APART).any():  # points upon each other would not be told apart
            right, said = calibration_curve(truth, p, n_bins=BINS)

    def draw(figure: Any) -> None:
        ax = figure.subplots()
        # The labels are given, so that no name of a class is read as one of scikit-learn's.
        display = CalibrationDisplay(right, said, p, estimator_name="this network", pos_label=1)
        display.plot(ax=ax, color=COLOURS[1])
        ax.set(xlabel="probability given", ylabel="share that is so", xlim=(-0.02, 1.02))
        ax.set_ylim(-0.02, 1.02)
        ax.get_legend().remove()
        figure.legend(frameon=False, fontsize=11, loc="outside upper left", ncols=2)
        ax.spines[["top", "right"]].set_visible(False)

    points = [f"given {s:.2f}, so in {r:.2f}" for r, s in zip(right, said, strict=True)]
    seen = f"{text.count(len(points), 'point')}: {'; '.join(points)}"
    return picture(f"{name}-calibration", title, seen, draw)
