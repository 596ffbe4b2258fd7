"""The head of a report: what was trained on what, how it ended, and how good it is."""

from __future__ import annotations

from typing import Any

from lamina.estimators.html import facts, text
from lamina.report.markup import Html, number, paragraph, words
from lamina.report.subject import Score, Subject


def lead(subject: Subject) -> Html:
    """Return a sentence about all of it, why training ended, and the numbers asked for first."""
    return Html(
        paragraph(sentence(subject), "lead")
        + paragraph(facts.ending(subject.estimator))
        + _tiles(subject)
    )


def sentence(subject: Subject) -> str:
    """Return the report in a sentence."""
    estimator = subject.estimator
    n = estimator.history_.n_epochs
    done = f"{n:,} {facts.unit(estimator, n)}"
    parts = [
        f"A network {hidden(estimator)} was trained on {subject.given} to predict {subject.goal}",
        f"ended after {done} with a loss of {number(estimator.loss_)}",
    ]
    best = quality(subject)
    if best is not None:
        score, where = best
        parts.append(f"has {_article(score.name)} of {number(score.value)} on {where}")
    return (", ".join(parts[:-1]) + (", and " if len(parts) > 2 else " and ") + parts[-1]) + "."


def hidden(estimator: Any) -> str:
    """Return the hidden layers in words."""
    sizes = [f"{layer.units:,}" for layer in estimator.network_.layers[:-1]]
    if not sizes:
        return "without hidden layers"
    if len(sizes) == 1:
        return f"with a hidden layer of {text.count(int(sizes[0].replace(',', '')), 'unit')}"
    shown = sizes if len(sizes) <= 4 else [*sizes[:3], f"and {len(sizes) - 3} more"]
    joined = ", ".join(shown[:-1]) + (" and " if len(sizes) <= 4 else " ") + shown[-1]
    return f"with {len(sizes)} hidden layers of {joined} units"


def quality(subject: Subject) -> tuple[Score, str] | None:
    """Return the score that says most, and which samples it is of."""
    if subject.answers is not None and not (subject.answers.learnt and subject.held_out):
        return subject.answers.scores[0], subject.answers.where
    if subject.held_out is not None:
        return subject.held_out.scores[0], subject.held_out.where
    best = getattr(subject.estimator, "best_validation_score_", None)
    if best is None:
        return None
    return Score("validation score", float(best)), "its validation samples at best"


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiouR' else 'a'} {name}"


def _tiles(subject: Subject) -> Html:
    estimator = subject.estimator
    n = estimator.history_.n_epochs
    rows = [
        ("parameters", f"{estimator.network_.n_parameters:,}"),
        (facts.unit(estimator, n), f"{n:,}"),
        ("loss", number(estimator.loss_)),
    ]
    best = quality(subject)
    if best is not None:
        rows.append((best[0].name, number(best[0].value)))
    body = "".join(f"<div><dt>{words(k)}</dt><dd>{words(v)}</dd></div>" for k, v in rows)
    return Html(f'<dl class="tiles">{body}</dl>')
