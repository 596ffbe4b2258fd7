"""Each detector on evidence made by hand, on both sides of its thresholds."""

from __future__ import annotations

import dataclasses
from typing import Any

import findings_evidence as made
import numpy as np
import pytest

from lamina.diagnosis.findings import NAMES, Knobs, find
from lamina.plan import AdamW, InverseScaling, Regularization, Training
from lamina.spec.measures import Measures
from lamina.training import Culprit, Outlier, Record

DEEP = made.network(hidden=(10,) * 4)
LOGISTIC = made.network("logistic")


def names(**changes: Any) -> tuple[str, ...]:
    return find(made.evidence(**changes)).serious.names


def only(name: str, **changes: Any) -> Any:
    """Return the finding of that name."""
    found = [own for own in find(made.evidence(**changes)) if own.name == name]
    assert len(found) == 1, find(made.evidence(**changes)).names
    return found[0]


def training(**changes: Any) -> Training:
    return dataclasses.replace(made.evidence().training, **changes)


def test_a_sound_training_has_no_findings() -> None:
    assert find(made.evidence()).names == ()
    assert str(find(made.evidence())) == "Nothing was found."


@pytest.mark.parametrize("arrives, named", [(1e-5, True), (5e-4, True), (0.01, False)])
def test_vanishing_gradients(arrives: float, named: bool) -> None:
    record = made.measured(made.record(DEEP), 1, backflow=0.5 * arrives)
    changes = {"network": DEEP, "record": record, "standings": made.bad()}
    assert ("vanishing gradients" in names(**changes)) == named


def test_vanishing_gradients_that_do_no_harm_are_none() -> None:
    record = made.measured(made.record(DEEP), 1, backflow=1e-6)
    assert "vanishing gradients" not in names(network=DEEP, record=record)


@pytest.mark.parametrize("growth, named", [(1e5, True), (2e3, True), (100.0, False)])
def test_exploding_gradients(growth: float, named: bool) -> None:
    record = made.measured(made.record(DEEP), 1, slice(0, 3), backflow=0.5 * growth)
    assert ("exploding gradients" in names(network=DEEP, record=record)) == named


def test_exploding_gradients_that_are_clipped_are_a_note() -> None:
    record = made.measured(made.record(DEEP), 1, backflow=1e6)
    own = training(regularization=Regularization(clip_norm=1.0))
    found = only("exploding gradients", network=DEEP, record=record, training=own)
    assert found.severity == "note"
    assert found.layer == 1


@pytest.mark.parametrize(
    "units, harm, severity", [(4, True, None), (6, False, "note"), (6, True, "warning")]
)
def test_dead_units(units: int, harm: bool, severity: str | None) -> None:
    record = made.flat(made.record(made.network()), 2, 1.0, units)
    changes = {"record": record} | ({"standings": made.bad()} if harm else {})
    found = [own for own in find(made.evidence(**changes)) if own.name == "dead units"]
    assert [own.severity for own in found] == ([severity] if severity else [])
    if found:
        assert found[0].layer == 2
        assert found[0].evidence["dead in layer 2"] == pytest.approx(units / 10)
        assert (
            "6 of the 10 units of layer 2 are flat for every sample of 5 batches, in epochs 36 to"
            in found[0].seen
        )


def test_almost_all_units_dead_is_a_warning_without_harm_too() -> None:
    record = made.flat(made.record(made.network()), 1, 1.0, 10)
    assert "dead units" in names(record=record)


def test_units_that_are_flat_in_small_batches_by_turns_are_not_dead() -> None:
    record = made.record(made.network(), rows=5)
    arrays = record.units[0].copy()
    for epoch in range(made.EPOCHS):  # in each batch another half
        arrays[epoch, 2, epoch % 2 :: 2] = 1.0
    record = dataclasses.replace(record, units=[arrays, *record.units[1:]], health=None)
    assert "dead units" not in find(made.evidence(record=record, standings=made.bad())).names


@pytest.mark.parametrize("share, named", [(0.95, True), (0.75, True), (0.6, False)])
def test_saturated_units(share: float, named: bool) -> None:
    record = made.flat(made.record(LOGISTIC), 1, share)
    changes = {"network": LOGISTIC, "record": record, "standings": made.bad()}
    assert ("saturated units" in names(**changes)) == named


def test_units_of_relu_do_not_saturate() -> None:
    assert "saturated units" not in names(record=made.flat(made.record(made.network()), 1, 0.99))


def test_saturated_units_without_numbers_of_units() -> None:
    whole = made.flat(made.record(LOGISTIC), 1, 0.95)
    record = Record.empty(LOGISTIC)
    for epoch in range(1, 6):
        seen = Measures(100, whole.numbers[0], [own[0] for own in whole.units])
        record = record.extended(epoch, seen, units=False)
    changes = {"network": LOGISTIC, "record": record, "standings": made.bad()}
    assert "saturated units" in names(**changes)


RISING = {"loss": np.linspace(0.9, 4.0, made.EPOCHS)}


def test_learning_rate_too_high_by_a_loss_that_rises() -> None:
    assert "learning rate too high" in names(history=RISING, record=None, facts=None)


@pytest.mark.parametrize("step, named", [(0.6, True), (0.2, False)])
def test_learning_rate_too_high_by_long_steps(step: float, named: bool) -> None:
    record = made.measured(made.record(made.network()), 1, update=3 * step)
    found = names(record=record, standings=made.bad())
    assert ("learning rate too high" in found) == (step > 0.15)
    assert "learning rate too high" not in names(record=record)  # no harm
    assert named or "learning rate too high" in found


@pytest.mark.parametrize(
    "moved, first, named", [(20, 1, True), (20, 10, True), (20, 30, False), (5, 1, False)]
)
def test_learning_rate_too_high_by_the_way_of_the_weights(
    moved: float, first: int, named: bool
) -> None:
    """An epoch has four steps: they went there in as many as the first snapshot is after."""
    record = made.record(made.network(), moved=moved)
    start, end = record.snapshots
    record = record.with_snapshots([start, (first, end[1]), end], 1)
    assert ("learning rate too high" in names(record=record)) == named


@pytest.mark.parametrize("moved, named", [(0.01, True), (0.09, True), (0.2, False)])
def test_learning_rate_too_low(moved: float, named: bool) -> None:
    record = made.record(made.network(), moved=moved)
    for layer in (1, 2, 3):
        record = made.measured(record, layer, update=1e-4)
    changes = {"record": record, "standings": made.bad()}
    assert ("learning rate too low" in names(**changes)) == named
    assert "learning rate too low" not in names(record=record)  # it fits


def test_few_long_steps_are_no_low_learning_rate() -> None:
    record = made.record(made.network(), moved=0.05)
    assert "learning rate too low" not in names(record=record, standings=made.bad())


def test_divergence_names_what_brought_it_in() -> None:
    culprit = Culprit(7, 3, 2, "loss", 0, 123, 2, 4.5e6, 17.0)
    found = only("divergence", outcome="DIVERGED", culprit=culprit)
    assert (found.severity, found.layer, found.epoch) == ("error", 2, 7)
    assert "row 123" in found.seen
    assert "'age'" in found.seen
    assert "4.5e+06" in found.seen


def test_divergence_without_a_culprit() -> None:
    assert only("divergence", outcome="DIVERGED").layer is None
    losses = np.array([1.0, np.inf])
    found = only("divergence", history={"loss": losses}, n_epochs=2, outcome="MAX_ITER")
    assert found.epoch == 2
    assert only("divergence", outcome="UNDEFINED").change.startswith("Look for extreme values")


def test_divergence_is_the_first_finding() -> None:
    found = find(made.evidence(outcome="DIVERGED", history=RISING, standings=made.bad()))
    assert found.names[0] == "divergence"
    assert found.severity == "error"


SCALES = [(300.0, False, "warning"), (3, False, "note"), (3, True, "warning"), (0.9, True, None)]


@pytest.mark.parametrize("times, harm, severity", SCALES)
def test_unscaled_features(times: float, harm: bool, severity: str | None) -> None:
    bad = made.facts(out_of_scale=np.array([0.2, 0.2, times, 0.2]))
    own = {"facts": bad} | ({"standings": made.bad()} if harm else {})
    found = [f for f in find(made.evidence(**own)) if f.name == "unscaled features"]
    assert [f.severity for f in found] == ([severity] if severity else [])
    assert "unscaled features" not in names(facts=bad, knobs=Knobs(standardized="X"))
    if severity:
        assert only("unscaled features", facts=bad).seen.startswith("'age' has mean 0")


@pytest.mark.parametrize("times, harm, severity", SCALES)
def test_unscaled_target(times: float, harm: bool, severity: str | None) -> None:
    bad = made.facts(target_out_of_scale=np.array([times]))
    own = {"facts": bad, "classes": ()} | ({"standings": made.bad()} if harm else {})
    found = [f for f in find(made.evidence(**own)) if f.name == "unscaled target"]
    assert [f.severity for f in found] == ([severity] if severity else [])
    assert "unscaled target" not in names(facts=bad)  # of classes
    assert "unscaled target" not in names(facts=bad, classes=(), knobs=Knobs(standardized="y"))


@pytest.mark.parametrize("told, named", [(1.0, True), (0.991, True), (0.97, False)])
def test_leaked_column(told: float, named: bool) -> None:
    bad = made.facts(telling=np.array([np.nan, 0.3, told, np.nan]))
    assert ("leaked column" in names(facts=bad)) == named
    if named:
        assert "'age' alone" in only("leaked column", facts=bad).seen


@pytest.mark.parametrize("value", [7.0, 0.0])
def test_constant_columns_are_a_note(value: float) -> None:
    columns = made.facts().columns.copy()
    columns[:, 1] = [value, 0, value, value]
    found = only("constant columns", facts=made.facts(columns=columns))
    assert found.severity == "note"
    assert found.seen.startswith("1 column of 4 is the same in all samples")
    assert found.means.startswith("It tells nothing")
    assert found.change == "Look where it comes from, or leave it out."


@pytest.mark.parametrize(
    "rare, recall, severity",
    [(30, 0.2, None), (10, 0.9, "note"), (10, 0.2, "warning"), (10, np.nan, "note")],
)
def test_class_imbalance(rare: int, recall: float, severity: str | None) -> None:
    counts = made.facts(class_counts=np.array([200, 150, rare]))
    own = made.standing(recalls=np.array([0.9, 0.9, recall]))
    gone = {} if not np.isnan(recall) else {"class_counts": np.array([80, 80, 0])}
    standings = {"train": own, "eval": dataclasses.replace(own, **gone)}
    found = find(made.evidence(facts=counts, standings=standings))
    assert [f.severity for f in found] == ([severity] if severity else [])
    weighted = Knobs(class_weight=True)
    assert not find(made.evidence(facts=counts, standings=standings, knobs=weighted))


@pytest.mark.parametrize(
    "r2, rise, named", [(0.4, 2.0, True), (0.4, 1.1, False), (0.75, 2.0, False), (-3.0, 1.5, True)]
)
def test_overfitting(r2: float, rise: float, named: bool) -> None:
    column = np.full(made.EPOCHS, 0.5)
    column[-1] = 0.5 * rise
    history = dict(made.evidence().history) | {"eval_loss": column}
    held = made.standing(r2=r2, loss=0.5 * rise)
    found = names(history=history, standings={"train": made.standing(), "eval": held})
    assert ("overfitting" in found) == named


def test_overfitting_of_samples_that_nobody_watched() -> None:
    standings = {"train": made.standing(), "new": made.standing(r2=0.3)}
    assert "overfitting" in names(standings=standings)
    standings = {"train": made.standing(), "new": made.standing(r2=0.6)}
    assert "overfitting" not in names(standings=standings)


def test_overfitting_by_the_history_alone_is_a_note() -> None:
    own = made.evidence().history["loss"]
    rising = np.linspace(0.4, 1.4, made.EPOCHS)
    changes = {"record": None, "facts": None, "standings": {}}
    found = only("overfitting", history={"loss": own, "eval_loss": rising}, **changes)
    assert (found.severity, found.epoch) == ("note", 1)


@pytest.mark.parametrize("r2, named", [(0.5, True), (0.74, True), (0.77, False), (0.9, False)])
def test_underfitting(r2: float, named: bool) -> None:
    standings = {"train": made.standing(r2=r2)}
    assert ("underfitting" in names(standings=standings)) == named


def test_underfitting_where_no_simple_model_is_known() -> None:
    own = made.facts(reference_r2=np.nan)
    standings = {"train": made.standing(r2=np.nan, loss=0.95)}
    assert "underfitting" in names(facts=own, standings=standings)
    standings = {"train": made.standing(r2=np.nan, loss=0.5)}
    assert "underfitting" not in names(facts=own, standings=standings)


def test_underfitting_with_a_cause_is_a_note_and_with_a_strong_penalty_is_the_cause() -> None:
    far = made.measured(made.record(made.network()), 1, update=3.0)
    found = only("underfitting", standings=made.bad(), record=far)
    assert (found.severity, found.because) == ("note", "learning rate too high")
    own = training(alpha=100.0)
    falling = {"loss": np.linspace(3.0, 0.8, made.EPOCHS)}
    changes = {"standings": made.bad(), "training": own, "history": falling}
    found = find(made.evidence(**changes, outcome="MAX_ITER"))
    assert found.names == ("underfitting", "max_iter too small")
    assert found[1].because == "underfitting"
    assert "alpha=0.0001" in found[0].change


@pytest.mark.parametrize("size, step, severity", [(1, 0.02, "warning"), (1, 0.0001, "note")])
def test_batch_too_small(size: int, step: float, severity: str) -> None:
    record = made.record(made.network(), rows=size)
    for layer in (1, 2, 3):
        record = made.measured(record, layer, update=3 * step)
    own = training(batch_size=size)
    assert only("batch too small", training=own, record=record).severity == severity
    if severity == "warning":
        larger = training(batch_size=16)
        assert "batch too small" not in names(training=larger, record=record)


def test_batch_too_large() -> None:
    falling = {"loss": np.linspace(1.0, 0.6, made.EPOCHS)}
    record = made.measured(made.record(made.network(), rows=400), 1, gradient=0.9)
    for layer in (2, 3):
        record = made.measured(record, layer, gradient=0.9)
    changes = {"history": falling, "standings": made.bad(), "record": record}
    assert "batch too large" in names(training=training(batch_size=400), **changes)
    assert "batch too large" not in names(training=training(batch_size=20), **changes)


ENDS = {"CONVERGED": "early stop too early", "MAX_ITER": "max_iter too small"}
SLOWER = 0.4 + 0.6 * np.exp(-np.arange(made.EPOCHS) / 12)  # a tenth of it in the last fifth


@pytest.mark.parametrize("outcome", ENDS)
def test_training_that_ended_on_its_way_to_what_a_simple_model_knows(outcome: str) -> None:
    name, falling = ENDS[outcome], {"loss": np.linspace(1.0, 0.6, made.EPOCHS)}
    done = {"loss": np.r_[np.linspace(1.0, 0.6, 20), np.full(made.EPOCHS - 20, 0.6)]}
    assert name in names(history=falling, standings=made.bad(), outcome=outcome)
    assert name not in names(history=done, standings=made.bad(), outcome=outcome)
    slower = {"loss": SLOWER}
    assert name in names(history=slower, standings=made.bad(), outcome=outcome)
    assert name not in names(history=slower, outcome=outcome)  # it fits by now


@pytest.mark.parametrize("outcome", ENDS)
@pytest.mark.parametrize(
    "others, named",
    [
        (np.linspace(1.1, 0.7, made.EPOCHS), True),
        (np.r_[np.linspace(1.1, 0.7, 30), np.linspace(0.7, 0.75, 10)], False),
        (0.4 + 0.6 * np.exp(-np.arange(made.EPOCHS) / 6), False),
    ],
)
def test_training_that_ended_while_the_loss_of_others_fell(
    outcome: str, others: np.ndarray, named: bool
) -> None:
    both = {"loss": np.linspace(1.0, 0.6, made.EPOCHS), "eval_loss": others}
    assert (ENDS[outcome] in names(history=both, outcome=outcome)) == named


def test_early_stop_names_what_stopped_it() -> None:
    falling = {"loss": np.linspace(1.0, 0.6, made.EPOCHS)}
    knobs = Knobs(tol=0.1, patience=2)
    found = only("early stop too early", history=falling, standings=made.bad(), knobs=knobs)
    assert found.change == "Set tol=0.0001 and n_iter_no_change=10."


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"confidence": 0.99, "accuracy": 0.85, "temperature": 3.0, "gain": 0.2}, True),
        ({"confidence": 0.99, "accuracy": 0.85, "temperature": 1.2, "gain": 0.2}, False),
        ({"confidence": 0.93, "accuracy": 0.9, "temperature": 3.0, "gain": 0.2}, False),
        ({"confidence": 0.8, "accuracy": 0.95, "temperature": 3.0, "gain": 0.2}, False),
        ({"confidence": 0.99, "accuracy": 0.85, "temperature": 3.0, "gain": 0.01}, False),
    ],
)
def test_over_confidence(changes: dict[str, float], named: bool) -> None:
    standings = {"train": made.standing(), "eval": made.standing(r2=0.8, **changes)}
    assert ("over-confidence" in names(standings=standings)) == named


def test_lbfgs_has_neither_rate_nor_batches() -> None:
    own = {"knobs": Knobs(solver="lbfgs"), "history": RISING, "standings": made.bad()}
    assert not {"learning rate too high", "batch too large", "early stop too early"} & set(
        names(**own)
    )


def test_every_name_is_known() -> None:
    assert len(NAMES) == len(set(NAMES)) == 20


def test_a_scale_out_of_bounds_is_raised_where_it_explains_what_did_harm() -> None:
    facts = made.facts(out_of_scale=np.array([0.2, 3.0, 0.2, 0.2]))
    assert only("unscaled features", facts=facts).severity == "note"
    record = made.flat(made.record(LOGISTIC), 1, 0.95)
    found = find(made.evidence(network=LOGISTIC, record=record, facts=facts))
    assert found.names == ("unscaled features", "saturated units")
    assert found.severity == found[0].severity == "warning"
    assert found[1].because == "unscaled features"


@pytest.mark.parametrize("alpha, named", [(1e-4, False), (1e4, True)])
def test_only_a_strong_penalty_holds_a_network_back(alpha: float, named: bool) -> None:
    """Weights that exploded make any penalty look strong: those before training decide."""
    record = made.measured(made.record(made.network()), 1, weight=1e9)
    own = {"record": record, "standings": made.bad(), "history": RISING}
    found = find(made.evidence(**own, training=training(alpha=alpha)))
    told = next(f for f in found if f.name == "underfitting")
    assert ("alpha=0.0001" in told.change) == named
    assert (found[0].name == "underfitting") == named
    tiny = made.facts(constant_loss=1e-9)  # beside which any penalty is large
    usual = find(made.evidence(standings=made.bad(), facts=tiny, training=training(alpha=1e-4)))
    assert "alpha" not in str(usual)
    small = training(alpha=1e-3)
    assert "alpha" not in only("underfitting", **own, training=small).change


def test_an_extreme_value_is_named_by_its_row_and_explains_the_rest() -> None:
    facts = made.facts(odd_target=Outlier(55, 0, 1e6, 140.0, 200.0, 5000.0))
    facts.targets = facts.targets[:, :1]
    found = find(made.evidence(facts=facts, standings=made.bad(), classes=()))
    assert found[0].name == "extreme value" and found[0].severity == "warning"
    assert found[0].seen.startswith("y is 1e+06 in row 55; of its other numbers 98% are within 200")
    assert found[0].change.startswith("Look at y in row 55")
    assert found[1].because == "extreme value" and not found[1].change
    broken = {"history": {"loss": np.r_[1.0, np.inf]}, "n_epochs": 2, "outcome": "MAX_ITER"}
    told = find(made.evidence(facts=facts, classes=(), **broken))[0]
    assert told.name == "divergence" and "so large" not in told.means
    assert told.change.startswith("Look at the target of row 55")


def test_an_extreme_value_of_a_column() -> None:
    own = Outlier(row=55, column=2, value=1e6, middle=140.0, usual=200.0, times=5000.0)
    found = only("extreme value", facts=made.facts(odd_input=own))
    assert found.severity == "warning"
    assert found.seen.startswith("'age' is 1e+06 in row 55")


RESTRAINTS = {
    "l1": (
        {"regularization": Regularization(l1=1.0)},
        {"regularization": Regularization(l1=1e-4)},
        "l1",
    ),
    "decay": ({"rule": AdamW(strength=20.0)}, {"rule": AdamW(strength=0.1)}, "weight decay"),
    "clip": (
        {"regularization": Regularization(clip_norm=1e-3)},
        {"regularization": Regularization(clip_norm=0.1)},
        "clip_norm",
    ),
    "order": ({"shuffle": False}, {"shuffle": True}, "shuffle"),
}


@pytest.mark.parametrize("name", RESTRAINTS)
def test_what_holds_a_network_back_is_the_cause(name: str) -> None:
    strong, weak, word = RESTRAINTS[name]
    own = {
        "standings": made.bad(),
        "facts": made.facts(ordered=0.99),
        "knobs": Knobs(solver="sgd"),
        "record": made.flat(made.record(made.network()), 1, 1.0),
    }
    found = find(made.evidence(**own, training=training(**strong)))
    assert found[0].name == "underfitting" and word in found[0].change
    assert found[1].name == "dead units" and found[1].because == "underfitting"
    found = find(made.evidence(**own, training=training(**weak)))
    assert found[0].name == "dead units" and word not in str(found)


def test_a_gradient_cut_short_is_as_good_for_rules_that_divide_by_its_length() -> None:
    own = training(regularization=Regularization(clip_norm=1e-3))
    found = find(made.evidence(training=own, standings=made.bad(), knobs=Knobs(solver="adam")))
    assert "clip_norm" not in str(found)


@pytest.mark.parametrize("power, named", [(0.5, True), (0.1, False)])
def test_a_schedule_that_shortens_steps_too_soon(power: float, named: bool) -> None:
    rates = 0.1 / (1 + 100 * np.arange(made.EPOCHS)) ** power
    history = {"loss": made.evidence().history["loss"], "learning_rate": rates}
    own = training(learning_rate=InverseScaling(power=power), learning_rate_init=0.1)
    changes = {"history": history, "training": own, "standings": made.bad()}
    assert ("learning rate too low" in names(**changes)) == named
    assert "learning rate too low" not in names(history=history, training=own)  # it fits
    if named:
        found = only("learning rate too low", **changes)
        assert "InverseScaling" in found.seen and "constant" in found.change


def test_advice_against_overfitting_pulls_noticeably() -> None:
    """Alpha is divided by the batch: a hundredth of the usual strength would change nothing."""
    history = {"loss": made.evidence().history["loss"]}
    own = {"train": made.standing(r2=1.0), "eval": made.standing(r2=0.2)}
    for alpha, told in ((1e-4, "alpha=0.5,"), (1.0, "alpha=3,")):
        changes = {"standings": own, "history": history, "training": training(alpha=alpha)}
        found = only("overfitting", **changes)
        assert found.change.startswith("Set early_stopping=True, or ") and told in found.change


def test_over_confidence_may_come_of_scales() -> None:
    sharp = {"confidence": 0.99, "accuracy": 0.85, "temperature": 3.0, "gain": 0.2}
    own = {"train": made.standing(), "eval": made.standing(r2=0.8, **sharp)}
    facts = made.facts(out_of_scale=np.array([0.2, 300.0, 0.2, 0.2]))
    assert only("over-confidence", standings=own, facts=facts).because == "unscaled features"
    mild = made.facts(out_of_scale=np.array([0.2, 3.0, 0.2, 0.2]))
    assert only("unscaled features", standings=own, facts=mild).severity == "note"
