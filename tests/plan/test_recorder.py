"""Options of a recording."""

import dataclasses
import pickle

import numpy as np
import pytest

from lamina import Recorder
from lamina.plan import ArgumentError
from lamina.plan.recorder import MEMORY


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, r"every must be an integer in \[1, inf\), got 0 \(int\)"),
        ({"every": 2.0}, r"every must be an integer in \[1, inf\), got 2.0 \(float\)"),
        ({"every": True}, "every must be an integer"),
        ({"every": None}, "every must be an integer"),
        ({"units": 1}, r"units must be True or False, got 1 \(int\)"),
        ({"units": None}, "units must be True or False"),
        ({"snapshots": 1}, r"snapshots must be an integer in \[2, inf\), 0 or None, got 1 \(int\)"),
        ({"snapshots": -2}, "snapshots must be an integer"),
        ({"snapshots": 0.0}, r"snapshots must be .* got 0.0 \(float\)"),
        ({"snapshots": False}, r"snapshots must be .* got False \(bool\)"),
        ({"snapshots": "all"}, r"snapshots must be .* got 'all' \(str\)"),
        ({"curvature": "yes"}, r"curvature must be True or False, got 'yes' \(str\)"),
    ],
)
def test_what_is_out_of_range_is_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        Recorder(**options)


def test_options_are_values():
    own = Recorder(every=np.int64(5), units=np.False_, snapshots=2)
    assert own == Recorder(every=5, units=False, snapshots=2) == pickle.loads(pickle.dumps(own))
    assert repr(Recorder()) == "Recorder()"
    assert repr(Recorder(snapshots=0, curvature=True)) == "Recorder(snapshots=0, curvature=True)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        own.every = 2


@pytest.mark.parametrize(
    ("n_bytes", "most"), [(1, 16), (MEMORY // 16, 16), (MEMORY // 10, 10), (2 * MEMORY, 2), (0, 16)]
)
def test_snapshots_that_are_left_open_respect_the_memory(n_bytes, most):
    assert Recorder().most(n_bytes) == most
    assert most * n_bytes <= MEMORY or most == 2
    assert Recorder(snapshots=20).most(n_bytes) == 20
    assert Recorder(snapshots=0).most(n_bytes) == 0
