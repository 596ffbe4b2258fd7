"""The sections of a report, in their order: each a function of a subject.

One returns what it has to say, or None where there is nothing to say it of.
"""

from collections.abc import Callable

from lamina.report.markup import Section
from lamina.report.sections import (
    curves,
    data,
    environment,
    findings,
    health,
    lacks,
    network,
    reproduce,
    scores,
    settings,
)
from lamina.report.subject import Subject

SECTIONS: tuple[Callable[[Subject], Section | None], ...] = (
    findings.section,
    scores.section,
    network.section,
    curves.section,
    health.gradients,
    health.units,
    health.weights,
    settings.section,
    data.section,
    reproduce.section,
    environment.section,
    lacks.section,
)
