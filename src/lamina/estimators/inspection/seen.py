"""What a fit leaves for its findings, beside the numbers by epoch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.engines import Data
from lamina.estimators.inspection import facts, standing
from lamina.estimators.inspection.effort import QUICK
from lamina.estimators.measuring import validation
from lamina.plan import Training
from lamina.training import DataFacts, Outcome, Seen
from lamina.training.lbfgs import Result

TRAIN = "train"


def begin(estimator: Any, training: Training, data: Data | None, incremental: bool = False) -> None:
    """Take note of the samples before a fit, if something is to be recorded.

    Those of the first `partial_fit` stand for the ones to come.
    """
    state, recorded = estimator._state, training.recorder is not None
    own = state.seen.facts if recorded and incremental else None
    if recorded and own is None and data is not None:
        own = facts.facts(estimator, data, QUICK)
    state.seen = Seen(facts=own)


def end(
    estimator: Any,
    training: Training,
    end: Outcome | Result,
    data: Data | None,
    sets: list[validation.Checked],
    rows: np.ndarray | None = None,
    incremental: bool = False,
) -> None:
    """Take note of how a fit ended; `rows` are those of the user's X that `data` has."""
    state = estimator._state
    seen = state.seen
    outcome = end.outcome if isinstance(end, Result) else end
    seen.outcome = outcome.name
    if seen.culprit is not None and rows is not None:
        seen.culprit = replace(seen.culprit, sample=int(rows[seen.culprit.sample]))
    if rows is not None and not incremental:
        seen.facts = placed(seen.facts, rows)
    if training.recorder is None or incremental:  # of one epoch it would be most of the time
        return
    own = [] if data is None else [(TRAIN, data)]
    own += [(held.given.name, estimator._weighed_alike(held.data)) for held in sets]
    seen.standings = {
        name: standing.standing(estimator, samples, state.parameters, QUICK, name == TRAIN)
        for name, samples in own
    }


def placed(own: DataFacts | None, rows: np.ndarray) -> DataFacts | None:
    """Return facts with what sticks out in other rows: entry i of `rows` is that of row i."""
    if own is None:
        return None
    x, y = (odd and replace(odd, row=int(rows[odd.row])) for odd in (own.odd_input, own.odd_target))
    return replace(own, odd_input=x, odd_target=y)
