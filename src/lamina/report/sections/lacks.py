"""What is not on the page, and how to get it there."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.report.markup import Section, listed
from lamina.report.sections.health import keeps_units
from lamina.report.subject import Subject


def section(subject: Subject) -> Section:
    """Return a point for each thing that the page lacks."""
    return Section("lacks", "What this page lacks", listed([*subject.lacks, *lacks(subject)]))


def lacks(subject: Subject) -> list[str]:
    """Return what is left out, a sentence or two each."""
    estimator = subject.estimator
    points = []
    if subject.X is None:
        points.append("Scores, and findings that need samples: give the report X and y.")
    elif subject.answers is None:
        points.append("Scores: give the report y, too.")
    if getattr(estimator, "record_", None) is None:
        asked = getattr(estimator, "diagnose", False)
        points.append(
            "Gradients and units by epoch: nothing was recorded; fit again with diagnose=True."
            if asked
            else "Gradients and units by epoch: fit with diagnose=True."
        )
    else:
        points += _not_recorded(estimator.record_)
    seconds = estimator.history_["seconds"]
    if len(seconds) and np.isnan(seconds).all():
        points.append(
            "The estimator was read from a file, which holds numbers and no code: callbacks, and "
            "scorers that are functions, are not known."
        )
    points.append(
        "Pictures of activations, representations, spectra of the weights, the decision boundary "
        "and the loss surface: lamina.displays draws them, and so does lamina plot."
    )
    points.append("Times and dates, so that the same model gives the same page.")
    return points


def _not_recorded(record: Any) -> list[str]:
    """Return the sections that a record has nothing for."""
    if not record.n_measured:
        return ["Gradients and units by epoch: training ended before the first was measured."]
    points = []
    if not keeps_units(record):
        points.append("Unit health: fit with diagnose=lamina.Recorder(units=True).")
    if len(record.snapshots) < 2:
        points.append("The weights by epoch: fit with diagnose=lamina.Recorder(snapshots=16).")
    return points
