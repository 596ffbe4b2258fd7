"""How well the network does on samples whose truth is known."""

from __future__ import annotations

from lamina.report.markup import Html, Section, grid, number, paragraph
from lamina.report.sections import classes, numbers
from lamina.report.subject import Answers, HeldOut, Subject

PARTS = {
    "classes": classes.parts,
    "labels": classes.of_labels,
    "numbers": numbers.parts,
    "quantiles": numbers.of_quantiles,
}
GUESSES = {
    "classes": "Without features: always the most frequent class; for the log loss the shares of "
    "the classes.",
    "labels": "Without features: for each label what is more frequent.",
    "numbers": "Without features: always the mean.",
    "quantiles": "Without features: always the quantiles of these samples, and the share that the "
    "levels ask for.",
}

UNKNOWN = (
    "This page does not know whether the network learnt from some of these samples: if it did, the "
    "scores are better than they would be on new ones."
)


def section(subject: Subject) -> Section | None:
    """Return the scores, and pictures of right and wrong answers."""
    answers, held = subject.answers, subject.held_out
    if answers is None and held is None:
        return None
    body = Html("")
    if answers is not None:
        body = Html(_table("scores-table", answers) + paragraph(GUESSES[subject.kind], "aside"))
        notes = (answers.learnt or UNKNOWN, *answers.notes)
        body = Html(body + "".join(paragraph(note, "aside") for note in notes))
        body = Html(body + PARTS[subject.kind](subject, answers))
    if held is not None:
        body = Html(body + _table("scores-held-out", held))
    return Section("scores", "Scores", body)


def _table(name: str, own: Answers | HeldOut) -> Html:
    """Return the scores beside those of a guess that looks at no feature."""
    guessed = any(score.baseline is not None for score in own.scores)
    head = ["score", "this network", *(["without features"] if guessed else []), "better if"]
    rows = [
        [
            score.name,
            number(score.value),
            *([_baseline(score.baseline)] if guessed else []),
            "lower" if score.lower else "higher",
        ]
        for score in own.scores
    ]
    caption = f"Scores on {own.where}"
    table = grid(name, caption, head, rows, "numbers")
    return table


def _baseline(value: float | None) -> str:
    return "" if value is None else number(value)
