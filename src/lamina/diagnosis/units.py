"""In what state each unit of a layer is: live, or of no use to learn with."""

from __future__ import annotations

import numpy as np

from lamina.plan import checks
from lamina.training import Record
from lamina.training.recording.record import CONSTANT, SATURATED, SIGMOIDAL

STATES = ("live", "nearly dead", "dead", "saturated", "constant", "unknown")


def unit_states(record: Record, layer: int) -> np.ndarray:
    """Return the state of each unit of a layer in each measured epoch, as a place in `STATES`.

    A unit is flat for a sample where its slope is below 0.01: next to no gradient comes through.
    "dead" is one that is flat for every sample of the batch, "nearly dead" for at least 90% of
    them; a sigmoidal unit (logistic, tanh, hard_tanh) that is so for 90% is "saturated".
    "constant" is another one whose standard deviation is at most a thousandth of its mean, in a
    batch of two samples or more. "unknown" is one whose numbers are not finite, or were not kept
    in that epoch. The shares of dead and saturated units are those of ``record["dead"]`` and
    ``record["saturated"]``.

    Parameters
    ----------
    record : Record
        ``model.record_`` of a fit with ``diagnose=True``.
    layer : int in [1, n_layers]

    Returns
    -------
    ndarray of int8, shape (n_measured, d_l)

    Raises
    ------
    ArgumentError
        If it is no record, there is no such layer, or the record has no numbers of units:
        ``Recorder(units=False)``.

    Examples
    --------
    >>> import lamina
    >>> from lamina.diagnosis import STATES, unit_states
    >>> model = lamina.MLPClassifier(3, max_iter=20, random_state=0, diagnose=True)
    >>> record = model.fit([[0.0], [1.0]], [0, 1]).record_
    >>> [STATES[own] for own in unit_states(record, 1)[-1]]
    ['live', 'live', 'live']
    """
    checks.kind("record", record, Record, "a Record, such as model.record_")
    mean, deviation, flat = (record.unit(n, layer) for n in ("mean", "deviation", "flat"))
    states = np.zeros(flat.shape, np.int8)
    several = record.rows[:, np.newaxis] > 1  # one sample alone tells nothing of what varies
    states[(deviation <= CONSTANT * abs(mean)) & several] = STATES.index("constant")
    if record.activations[layer - 1] in SIGMOIDAL:
        states[flat >= SATURATED] = STATES.index("saturated")
    else:
        states[(flat >= SATURATED) & (flat < 1)] = STATES.index("nearly dead")
        states[flat == 1] = STATES.index("dead")
    states[~np.isfinite(mean) | ~np.isfinite(deviation)] = STATES.index("unknown")
    return states
