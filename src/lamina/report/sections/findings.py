"""What `lamina.diagnose` finds, in words."""

from __future__ import annotations

import warnings
from typing import Any

from lamina.estimators.html import facts
from lamina.estimators.inspection.diagnosing import diagnose
from lamina.report.markup import Html, Section, listed, paragraph, words
from lamina.report.subject import Subject

NEW = "The findings take the samples given to this report for ones that the network has not seen."


def section(subject: Subject) -> Section:
    """Return what was found, what explains most first."""
    learnt = bool(subject.answers and subject.answers.learnt)
    others = None if subject.y is None or learnt else (subject.X, subject.y)
    own = (subject.X, subject.y) if learnt else (None, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that are not finite
        found = diagnose(subject.estimator, *own, eval_set=others)
    if found:
        body = Html(f'<ol class="findings">{"".join(map(_item, found))}</ol>')
    else:
        body = paragraph("Nothing is wrong with what is known of this network and its training.")
    wrong = facts.warnings(subject.estimator)
    if wrong:
        body = Html(listed(wrong, "warnings") + body)
    if subject.y is not None and not learnt:
        body = Html(body + paragraph(NEW, "aside"))
    return Section("findings", "Findings", body)


def _item(own: Any) -> Html:
    parts = [("Seen", own.seen), ("Means", own.meaning), ("To change", own.change)]
    rows = "".join(f"<div><dt>{k}</dt><dd>{words(v, 2000)}</dd></div>" for k, v in parts if v)
    where = f", {own.where}" if own.where else ""
    return Html(
        f'<li class="{own.severity}"><h3>{words(own.name)} '
        f'<span class="severity">{words(own.severity + where)}</span></h3><dl>{rows}</dl></li>'
    )
