"""What a recording keeps: rows that grow, snapshots that thin out, and what units come to."""

import copy
import pickle
import re
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina import ArgumentError, Network, Recorder
from lamina.spec.measures import NUMBERS, UNITS, Measures
from lamina.training import Record, State
from lamina.training.recording import record as record_module
from lamina.training.recording.health import HEALTH
from lamina.training.recording.progress import Recording
from lamina.training.recording.record import LAYERS
from lamina.training.recording.room import Room

NETWORK = Network.mlp(2, [3], 1, activation="tanh", output="identity", loss="squared_error")
COLUMNS = ("epochs", "rows", "numbers", "curvatures", "health", "effective")


def seen(seed, rows=5):
    """Return measures that no other seed has."""
    random = np.random.RandomState(seed)
    units = [random.uniform(size=(len(UNITS), layer.units)) for layer in NETWORK.layers]
    return Measures(rows, random.uniform(size=(2, len(NUMBERS))), units)


def grown(epochs, record=None, units=True):
    record = Record.empty(NETWORK) if record is None else record
    for epoch in epochs:
        record = record.extended(epoch, seen(epoch), units)
    return record


def same(a, b):
    """Assert that two records are the same in all that a user can see."""
    assert a.activations == b.activations and a.stride == b.stride
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), strict=True)
    for own, other in zip(a.units, b.units, strict=True):
        np.testing.assert_array_equal(own, other, strict=True)
    assert [e for e, _ in a.snapshots] == [e for e, _ in b.snapshots]
    for (_, own), (_, other) in zip(a.snapshots, b.snapshots, strict=True):
        for p, q in zip(own, other, strict=True):
            for x, y in zip(p, q, strict=True):
                np.testing.assert_array_equal(x, y, strict=True)


class Trainer:
    """Stands in for a trainer: its weights say which epoch ended last."""

    def __init__(self, state):
        self.state, self.reads = state, 0

    def read_parameters(self):
        self.reads += 1
        n = len(self.state.history.loss)
        return [tuple(np.full(p, float(n)) for p in own) for own in NETWORK.shapes]

    def measures(self):
        return seen(len(self.state.history.loss) + 1)


def started():
    return State(NETWORK.initialize(np.random.RandomState(0), np.float64))


def run(state, n_epochs, recorder, cut=False):
    """Record a fit of some epochs, and one more that is cut after its measured step."""
    recording, trainer = Recording(recorder, NETWORK, state), Trainer(state)
    for last in [False] * n_epochs + [True] * cut:
        recording.begin_epoch()
        if recording.due(np.arange(20), 5) is not None:
            recording.take(trainer)
        if not last:
            state.history.loss.append(0.0)
            recording.end_epoch(trainer)
    recording.end(trainer, stepped=True)
    return trainer


# --- rows


def test_rows_of_before_stay_as_they_are_wherever_a_record_goes_on():
    stem = grown([1, 2, 3])
    before = copy.deepcopy(stem)
    one = grown([4, 5, 6, 7], stem)
    other = grown([14, 15], stem)  # from the same place, by other epochs
    same(stem, before)
    same(one, grown([1, 2, 3, 4, 5, 6, 7]))
    same(other, grown([1, 2, 3, 14, 15]))
    same(grown([8], one.until(3)), grown([1, 2, 3, 8]))


def test_adding_rows_takes_time_in_proportion(monkeypatch):
    copied = []
    real = Room.__init__

    def init(self, arrays):
        copied.append(len(arrays[0]))
        real(self, arrays)

    monkeypatch.setattr(Room, "__init__", init)
    record, moves = Record.empty(NETWORK), 0
    for epoch in range(1, 3001):
        before = record.numbers
        record = record.with_snapshots([], 1).extended(epoch, seen(0))
        moves += not np.shares_memory(before, record.numbers)
    assert copied == [0]  # one room for all of them
    assert moves < 20
    np.testing.assert_array_equal(record.epochs, np.arange(1, 3001))


def test_threads_that_go_on_from_one_record_do_not_meet():
    stem, ends = grown([1, 2]), {}

    def go(name):
        ends[name] = grown(range(name, name + 200), stem)

    threads = [threading.Thread(target=go, args=(100 * k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, own in ends.items():
        same(own, grown([1, 2, *range(name, name + 200)]))


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_copies_go_on_by_themselves(copied):
    record = grown([1, 2, 3])
    other = copied(record)
    same(other, record)
    same(grown([4], other), grown([4], record))


def test_units_that_were_kept_now_and_then():
    never = grown([1, 2], units=False)
    assert [own.shape for own in never.units] == [(0, 4, 3), (0, 4, 1)]
    with pytest.raises(ArgumentError, match=r"not kept: Recorder\(units=True\)"):
        never.unit("mean", 1)
    parts = (getattr(never, name) for name in ("activations", *COLUMNS[:3], "units", "curvatures"))
    assert np.isnan(Record(*parts)["dead"]).all()  # nothing to tell it from
    mixed = grown([5], grown([4], grown([3], never), units=False))
    assert np.isnan(mixed.unit("mean", 1)).all(axis=1).tolist() == [True, True, False, True, False]
    always = grown([1, 2, 3, 4, 5])
    for name in LAYERS:  # what they come to by layer is always kept
        np.testing.assert_array_equal(mixed[name], always[name])
        np.testing.assert_array_equal(never[name], always[name][:2])


# --- snapshots


@given(
    fits=st.lists(st.integers(0, 30), max_size=6),
    most=st.integers(2, 9),
    cuts=st.sets(st.integers(0, 5)),
)
@settings(max_examples=60, deadline=None)
def test_snapshots_depend_on_the_number_of_epochs_alone(fits, most, cuts):
    """Cutting a training into fits, or within epochs, changes nothing."""
    parts, whole, own = started(), started(), Recorder(snapshots=most)
    for number, n in enumerate(fits):
        run(parts, n, own, cut=number in cuts)
    run(parts, 1, own)
    run(whole, sum(fits) + 1, own)
    same(parts.record, whole.record)
    n, epochs = sum(fits) + 1, [epoch for epoch, _ in whole.record.snapshots]
    assert epochs[0] == 0 and epochs[-1] == n and len(epochs) <= most
    steps = np.diff(epochs[:-1])
    assert (steps == whole.record.stride).all()
    assert n < 2 * most or len(epochs) >= most // 2
    for epoch, parameters in whole.record.snapshots[1:]:
        assert parameters[0][0][0, 0] == epoch


def test_few_weights_are_read():
    trainer = run(started(), 5000, Recorder(every=10))
    assert trainer.reads < 16 * 10  # half as often after each thinning
    assert run(started(), 50, Recorder(snapshots=0)).reads == 0


def test_an_epoch_that_was_cut_short_is_done_again():
    state = started()
    run(state, 3, Recorder(), cut=True)
    assert state.record.epochs.tolist() == [1, 2, 3, 4]
    assert [epoch for epoch, _ in state.record.snapshots] == [0, 1, 2, 3, 4]
    run(state, 2, Recorder())
    whole = started()
    run(whole, 5, Recorder())
    same(state.record, whole.record)


def test_recorders_that_change_between_fits():
    state = started()
    run(state, 10, Recorder(every=3))
    assert state.record.epochs.tolist() == [1, 4, 7, 10]
    run(state, 10, None)
    assert state.record.epochs.tolist() == [1, 4, 7, 10]
    run(state, 5, Recorder(every=2, snapshots=4))
    assert state.record.epochs.tolist() == [1, 4, 7, 10, 21, 23, 25]
    assert [epoch for epoch, _ in state.record.snapshots] == [0, 8, 24, 25]
    run(state, 1, Recorder(snapshots=0))
    assert state.record.snapshots[-1][0] == 25
    late = started()
    run(late, 7, None)
    assert late.record is None
    run(late, 4, Recorder(snapshots=3))
    assert [epoch for epoch, _ in late.record.snapshots] == [7, 8, 11]


# --- what units come to


def units_of(rows):
    """Return units' numbers of a batch from (mean, deviation, flat) of each unit."""
    own = np.array([[*unit, 0.5] for unit in rows], np.float64).T
    return own


@pytest.mark.parametrize(
    ("activation", "rows", "expected"),
    [
        ("relu", 8, {"dead": 0.25, "saturated": 0.0, "constant": 0.5}),
        ("leaky_relu", 8, {"dead": 0.25, "saturated": 0.0, "constant": 0.5}),
        ("tanh", 8, {"dead": 0.0, "saturated": 0.5, "constant": 0.5}),
        ("logistic", 1, {"dead": 0.0, "saturated": 0.5, "constant": np.nan}),
    ],
)
def test_shares_of_units_by_hand(activation, rows, expected):
    network = Network.mlp(2, [4], 1, activation=activation, output="identity")
    own = units_of([(0.0, 0.0, 1.0), (2.0, 0.0019, 0.9), (2.0, 0.0021, 0.89), (-1.0, 3.0, 0.0)])
    last = units_of([(0.5, 0.25, 0.0)])
    numbers = np.ones((2, len(NUMBERS)))
    record = Record.empty(network).extended(1, Measures(rows, numbers, [own, last]))
    for name, share in expected.items():
        np.testing.assert_array_equal(record[name][0, 0], share)
    assert record["activation_mean"][0] == pytest.approx([0.75, 0.5])
    mean_variance = (0 + 0.0019**2 + 0.0021**2 + 9) / 4
    assert record["activation_spread"][0] == pytest.approx([mean_variance**0.5, 0.25])
    same(
        Record(
            *(getattr(record, n) for n in ("activations", *COLUMNS[:3])),
            record.units,
            record.curvatures,
        ),
        record,
    )


@pytest.mark.parametrize("number", [1e300, -1e30, np.inf, np.nan])
def test_numbers_on_the_way_to_infinity(number):
    """No warning, and no share of what is not a number."""
    units = [np.full((len(UNITS), layer.units), number) for layer in NETWORK.layers]
    measures = Measures(8, np.full((2, len(NUMBERS)), abs(number)), units)
    record = Record.empty(NETWORK).extended(1, measures)
    for name in LAYERS:
        assert record[name].shape == (1, 2)
    if number > 1e100:
        assert (record["activation_mean"] == number).all()
        assert (record["activation_spread"] == number).all()
    assert np.isnan(record["dead"]).all() == np.isnan(number)
    assert "inf" in repr(record) or "nan" in repr(record) or number == -1e30


def test_what_was_measured_under_another_activation_stays():
    tanh = Network.mlp(2, [4], 1, activation="tanh", output="identity")
    relu = Network.mlp(2, [4], 1, activation="relu", output="identity")
    measures = Measures(8, np.ones((2, len(NUMBERS))), [np.ones((4, 4)), np.ones((4, 1))])
    record = Record.empty(tanh).extended(1, measures)
    assert record.under(tanh) is record
    record = record.under(relu).extended(2, measures)
    assert record["saturated"][:, 0].tolist() == [1, 0] and record["dead"][:, 0].tolist() == [0, 1]


# --- reading


def test_names_are_what_they_say():
    record = grown([1, 2])
    assert record.names == LAYERS
    for name, words in record.names.items():
        assert record[name].shape == (2, 2) and len(words) > 5
        record[name][:] = -7  # a copy: nothing is lost
    assert not (record.numbers == -7).any() and not (record.health == -7).any()
    ratio = record["update_norm"] / record["weight_norm"]
    np.testing.assert_array_equal(record["update_ratio"], ratio)


def test_it_is_a_mapping():
    record = grown([1, 2])
    assert (
        isinstance(record, Mapping) and list(record) == list(LAYERS) and len(record) == len(LAYERS)
    )
    assert "dead" in record and "alive" not in record and 0 not in record
    assert record and Record.empty(NETWORK)  # there are names, whatever was measured
    assert record.get("alive") is None
    with pytest.raises(KeyError, match="name must be one of"):
        record["alive"]
    for name, own in record.items():
        np.testing.assert_array_equal(own, record[name])
    assert record == record and record != grown([1, 2]) and len({record, record}) == 1


def test_what_is_shared_cannot_be_written_to():
    stem = grown([1, 2])
    for own in (*(getattr(stem, name) for name in COLUMNS), *stem.units):
        with pytest.raises(ValueError, match="read-only"):
            own[0] = 7


@pytest.mark.parametrize("units", [True, False])
def test_health_is_told_once(monkeypatch, units):
    """Asked for after each epoch it takes no more time than asked for at the end."""
    told, real = [], record_module.health

    def counting(own, activation, rows):
        told.append(len(own))
        return real(own, activation, rows)

    monkeypatch.setattr(record_module, "health", counting)
    record = Record.empty(NETWORK)
    for epoch in range(1, 101):
        record = record.with_snapshots([], 1).extended(epoch, seen(epoch), units)
        record["dead"], record["constant"]
    assert sum(told) == 2 * 100
    repr(record)
    assert sum(told) < 2 * 200  # by the last rows
    whole = grown(range(1, 101))
    for name in HEALTH:
        np.testing.assert_array_equal(record[name], whole[name])
        np.testing.assert_array_equal(record.until(40)[name], whole[name][:40])
        gone_on = grown([41], record.until(40))
        np.testing.assert_array_equal(gone_on[name], grown(range(1, 42))[name])


def test_the_last_rows_are_shown_as_they_are():
    record = grown(range(1, 31))
    for name in ("signal_to_noise", "gradient_norm", "dead"):
        at = repr(record).splitlines()[1].split().index(name)
        assert repr(record).splitlines()[2].split()[at] == f"{record[name][-1, 0]:.3g}"


def test_every_name_is_explained_in_the_guide():
    page = (Path(__file__).parents[2] / "docs" / "guide" / "recording.md").read_text("utf-8")
    table = page[page.index("| name |") : page.index("`record.unit(")]
    named = re.findall(r"`(\w+)`", " ".join(row.split("|")[0] for row in table.split("\n| ")[1:]))
    assert sorted(named) == sorted(LAYERS)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda r: r["gradient"], "name must be one of 'gradient_norm', .* did you mean"),
        (lambda r: r[0], r"name must be one of .* got 0 \(int\)"),
        (lambda r: r["curvatures"], "not a number by layer: it is in record.curvatures"),
        (lambda r: r["snapshots"], "not a number by layer: it is in record.snapshots"),
        (lambda r: r.unit("dead", 1), "name must be one of 'mean', 'deviation', 'flat', 'signal'"),
        (lambda r: r.unit("mean", 0), r"layer must be an integer in \[1, 2\], got 0 \(int\)"),
        (lambda r: r.unit("mean", 3), r"layer must be an integer in \[1, 2\], got 3"),
        (lambda r: r.unit("mean", 1.0), r"layer must be an integer in \[1, 2\], got 1.0"),
    ],
)
def test_what_is_not_there_is_named(read, message):
    with pytest.raises(ArgumentError, match=message):
        read(grown([1]))


def test_it_shows_the_last_epoch_by_layer():
    record = grown([1, 8])
    lines = repr(record).splitlines()
    assert lines[0] == "2 measured epochs, 0 snapshots; epoch 8:"
    assert lines[1].split("  ")[0].strip() == "layer" and "gradient_norm" in lines[1]
    assert len(lines) == 4 and len({len(line) for line in lines[1:]}) == 1
    assert lines[2].split()[1] == f"{record['gradient_norm'][-1, 0]:.3g}"
    page = record._repr_html_()
    assert page.count("<tr>") == 3 and page.count('<th scope="row">') == 2
    assert page.count('<th scope="col">') == 7 and "<caption>2 measured epochs" in page
    empty = Record.empty(NETWORK)
    assert repr(empty) == "0 measured epochs, 0 snapshots"
    assert empty._repr_html_() == "<p>0 measured epochs, 0 snapshots</p>"
    assert empty.n_measured == 0 and empty["dead"].shape == (0, 2)


def test_a_frame_has_a_row_per_epoch_and_layer(monkeypatch):
    record = grown([3, 6])
    frame = record.as_frame()
    assert frame.epoch.tolist() == [3, 3, 6, 6] and frame.layer.tolist() == [1, 2, 1, 2]
    assert list(frame) == ["epoch", "layer", "rows", *LAYERS, "curvature"]
    assert frame.rows.tolist() == [5] * 4
    own = frame.set_index(["epoch", "layer"]).gradient_norm
    assert own[6, 1] == record["gradient_norm"][1, 0]
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        record.as_frame()
