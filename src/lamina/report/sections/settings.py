"""What the estimator was told."""

from __future__ import annotations

from lamina.estimators.html import facts
from lamina.report.markup import Html, Section, details, paragraph
from lamina.report.markup import facts as table
from lamina.report.subject import Subject


def section(subject: Subject) -> Section:
    """Return the settings, those that differ from the defaults first."""
    estimator = subject.estimator
    own = facts.settings(estimator)
    changed = {name for name, _ in own}
    others = [(n, repr(v)) for n, v in estimator.get_params(deep=False).items() if n not in changed]
    body = table("Settings that differ from the defaults", own)
    if not own:
        body = paragraph("All settings are at their defaults.")
    rest = details(f"{len(others)} settings at their defaults", table("Defaults", others))
    return Section("settings", "Settings", Html(body + (rest if others else "")))
