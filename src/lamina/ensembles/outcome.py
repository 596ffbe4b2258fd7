"""What becomes of members that did not come to a good end, and what is said of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from lamina.ensembles.member import Shared, Trained
from lamina.estimators import DivergenceError, translate
from lamina.training import Outcome


def kept(trained: Sequence[Trained]) -> list[Trained]:
    """Return the members to keep: those that finished, or else those that learnt something.

    Networks of a few epochs beside finished ones would do harm; alone they are what there is.
    """
    finished = [own for own in trained if own.finished]
    learnt = [own for own in trained if own.learnt and not own.failed]
    return finished or learnt or [own for own in trained if own.failed]


def filled(
    kept: Sequence[Trained], trained: Sequence[Trained], before: Sequence[Any]
) -> list[Trained]:
    """Return all members after a `partial_fit`: those that it did not reach are as before."""
    found = {own.number: own for own in trained if own.learnt or own.failed}
    found = {number: Trained(number, member) for number, member in enumerate(before)} | found
    if any(own.finished for own in found.values()):
        found = {n: own for n, own in found.items() if not own.failed}
    return list(found.values())


def tell(
    trained: Sequence[Trained],
    kept: Sequence[Trained],
    n_members: int,
    interrupted: bool,
    shared: Shared,
) -> None:
    """Warn or raise as the ends of the trainings demand."""
    level = 5 if shared.incremental else 4  # of the caller of fit or partial_fit
    for own in trained:
        if own.error is not None:
            own.error.add_note(f"in member {own.number} of {n_members} of the ensemble")
            raise own.error
    if interrupted:
        if not kept:
            raise KeyboardInterrupt
        _interrupted(kept, n_members, level, shared)
    _diverged(trained, kept, n_members, level, shared)
    unfinished = sum(own.outcome is Outcome.MAX_ITER for own in kept)
    if unfinished and not shared.incremental:
        solver = "lbfgs" if translate.is_lbfgs(shared.template) else "Stochastic Optimizer"
        warnings.warn(
            f"{solver}: Maximum iterations ({shared.training.max_iter}) reached and the "
            f"optimization hasn't converged yet in {unfinished} of {n_members} members.",
            ConvergenceWarning,
            stacklevel=level,
        )


def _interrupted(kept: Sequence[Trained], n_members: int, level: int, shared: Shared) -> None:
    what = "had finished" if kept[0].finished else "had learnt something"
    words = f"the {len(kept)} of {n_members} members that {what} are kept"
    if shared.incremental:
        words = "some members have not seen all of these samples"
    message = f"Training interrupted by user: {words}."
    warnings.warn(message, UserWarning, stacklevel=level + 1)


def _diverged(
    trained: Sequence[Trained], kept: Sequence[Trained], n_members: int, level: int, shared: Shared
) -> None:
    numbers = [own.number for own in trained if own.failed]
    if not numbers:
        return
    who = f"{'members' if len(numbers) > 1 else 'member'} {', '.join(map(str, numbers))}"
    words = (
        f"{who} of {n_members} produced non-finite parameter weights or losses: scale features "
        f"and target to mean 0 and variance 1 (standardize=True), or lower learning_rate_init "
        f"({shared.training.initial_rate:g})."
    )
    if not any(not own.failed for own in kept):
        raise DivergenceError(f"All that trained diverged: {words} They keep the last finite ones.")
    warnings.warn(f"Left out: {words} The others predict.", UserWarning, stacklevel=level + 1)
