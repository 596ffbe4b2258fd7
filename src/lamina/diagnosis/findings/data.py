"""What is wrong with the samples themselves."""

from __future__ import annotations

import math

import numpy as np

from lamina.diagnosis.findings import alike
from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.harm import harmed
from lamina.diagnosis.findings.words import count, listed, number, share

EXTREME = 1e6  # of a feature as the network sees it: usual are 0 to 10
STRONGLY = 100.0  # times out of bounds: before that only what did harm is a warning
# Of a column alone: real ones of public data tell up to 0.97 (petal width of irises).
LEAKED = 0.99
RARE = 0.1  # a class's samples over those of the largest one
VERY_RARE = 0.05
MISSED = 0.75  # of a rare class: so much of it at least should be found
FEW = 8  # samples of it from which on a share of them means something


def extreme_value(evidence: Evidence) -> Finding | None:
    """Find the one number of the target, or of X, that is far away from all others."""
    facts = evidence.facts
    own = None if facts is None else facts.odd_target or facts.odd_input
    if facts is None or own is None:
        return None
    of_target = own is facts.odd_target
    name, spot = _capital(evidence.name_of(own.column)), evidence.name_of(own.column)
    if of_target:
        name = spot = "y" if facts.targets.shape[1] == 1 else f"output {own.column} of y"
    return Finding(
        "extreme value",
        "warning",
        f"{name} is {number(own.value)} in row {own.row:,}; of its other numbers 98% are within "
        f"{number(own.usual)} of {number(own.middle)}.",
        "Its error is so large that the network learns this row, and hardly the others."
        if of_target
        else "A number so far away drowns all others, of its column when that is standardized.",
        f"Look at {spot} in row {own.row:,}: correct the value, or leave the row out.",
        layer=None if of_target else 1,
        evidence={"row": own.row, "value": own.value, "times as far as 98%": own.times},
    )


def unscaled_features(evidence: Evidence) -> Finding | None:
    """Find inputs of scales that descent does not do well with."""
    facts = evidence.facts
    if (other := scaled_otherwise(evidence)) is not None:
        return other
    if "X" in evidence.knobs.standardized:
        return None
    bad = np.flatnonzero(facts.out_of_scale > 1) if facts is not None else np.empty(0)
    if facts is None or not len(bad):
        return _extreme(evidence)
    worst = int(facts.out_of_scale.argmax())
    mean, deviation = facts.inputs[:2, worst]
    others = f", and {count(len(bad) - 1, 'more column')} out of scale" if len(bad) > 1 else ""
    return Finding(
        "unscaled features",
        _severity(evidence, float(facts.out_of_scale[worst])),
        f"{_capital(evidence.name_of(worst))} has mean {number(mean)} and standard deviation "
        f"{number(deviation)}{others}.",
        "A network learns from columns of about the same size: large ones drown the others and "
        "make steps overshoot, small ones are hardly seen.",
        "Set standardize=True.",
        layer=1,
        evidence={
            "mean": float(mean),
            "standard deviation": float(deviation),
            "columns out of scale": len(bad),
            "times out of bounds": float(facts.out_of_scale[worst]),
        },
    )


def scaled_otherwise(evidence: Evidence) -> Finding | None:
    """Find other samples whose columns are mostly not of the scales that were learnt from."""
    facts = evidence.facts
    for name, own in evidence.held.items():
        if facts is None or evidence.incremental or own.inputs.shape[1] != facts.inputs.shape[1]:
            continue
        worst = alike.unlike(facts.inputs, own.inputs)
        if worst is None or min(facts.n_samples, own.n_samples) < alike.LEAST:
            continue
        (mean, deviation), (other, spread) = facts.inputs[:2, worst], own.inputs[:, worst]
        return Finding(
            "unscaled features",
            "warning",
            f"As the network sees it, {evidence.name_of(worst)} has mean {number(other)} and "
            f"standard deviation {number(spread)} in {name}, and {number(mean)} and "
            f"{number(deviation)} in the samples that it learnt from; so do most columns differ.",
            "These samples were not prepared as those were: what the network says of them means "
            "nothing.",
            f"Scale {name} by what was fitted to X, or set standardize=True and give both as they "
            f"are.",
            layer=1,
            evidence={"mean": float(other), "mean in fit": float(mean)},
        )
    return None


def _extreme(evidence: Evidence) -> Finding | None:
    """Find the value that broke training, where no more is known of the samples."""
    own = evidence.culprit
    if own is None or not abs(own.value) > EXTREME:
        return None
    name = evidence.name_of(own.feature)
    return Finding(
        "unscaled features",
        "warning",
        f"{_capital(name)} is {number(own.value)} in row {own.sample:,}.",
        "A network learns from columns of about the same size: a value so large drowns all others.",
        "Set standardize=True if the whole column is so large, else correct the value.",
        layer=1,
        evidence={"value": own.value, "sample": own.sample},
    )


def unscaled_target(evidence: Evidence) -> Finding | None:
    """Find a target of a scale that the output does not reach well."""
    facts = evidence.facts
    if facts is None or evidence.classes or "y" in evidence.knobs.standardized:
        return None
    worst = int(facts.target_out_of_scale.argmax())
    if not facts.target_out_of_scale[worst] > 1:
        return None
    mean, deviation = facts.targets[:2, worst]
    name = "The target" if len(facts.target_out_of_scale) == 1 else f"Output {worst} of the target"
    return Finding(
        "unscaled target",
        _severity(evidence, float(facts.target_out_of_scale[worst])),
        f"{name} has mean {number(mean)} and standard deviation {number(deviation)}.",
        "A network starts with answers of about 0 to 1: it takes many steps to get so far, and its "
        "errors, and with them its steps, are as large as the target.",
        "Set standardize=True.",
        layer=len(evidence.network.layers),
        evidence={"mean": float(mean), "standard deviation": float(deviation)},
    )


def _severity(evidence: Evidence, times: float) -> str:
    """Return "warning" for a scale far out of bounds, or one that did harm."""
    return "warning" if times > STRONGLY or harmed(evidence) else "note"


def leaked(evidence: Evidence) -> Finding | None:
    """Find a column that tells the target by itself."""
    facts = evidence.facts
    if facts is None or np.isnan(facts.telling).all():
        return None
    bad = np.flatnonzero(np.nan_to_num(facts.telling) > LEAKED)
    if not len(bad):
        return None
    worst = int(np.nanargmax(facts.telling))
    names = [evidence.name_of(int(j)) for j in bad]
    told = (
        f"{_capital(names[0])} alone" if len(names) == 1 else f"Each of {listed(names)} by itself"
    )
    what = (
        f"tells {share(facts.telling[worst])} of the classes that a guess would get wrong"
        if evidence.classes
        else f"has a correlation of {number(facts.telling[worst])} with the target"
    )
    many = "them" if len(bad) > 1 else "it"
    return Finding(
        "leaked column",
        "warning",
        f"{told} {what}.",
        "Data are seldom so simple: such a column may hold the answer itself, or what is known "
        "only after it. The score then says nothing about new data.",
        f"Ask where the column comes from; leave {many} out: X without {listed(names)}.",
        evidence={"told": float(facts.telling[worst]), "columns": len(bad)},
    )


def constant_columns(evidence: Evidence) -> Finding | None:
    """Find columns that are the same for all samples."""
    facts = evidence.facts
    if facts is None or facts.n_samples < 2:
        return None
    least, largest = facts.columns[2:]
    noise = 10 * np.finfo(np.float64).eps * np.maximum(abs(least), abs(largest))
    same = largest - least <= noise
    if not same.any():
        return None
    bad = np.flatnonzero(same)
    odd = bad[least[bad] != 0]  # a column of zeros has no say in the network
    shown = odd if len(odd) else bad
    names = [evidence.name_of(int(j)) for j in shown]
    values = "" if not len(odd) else f", {number(least[odd[0]])}"
    if len(odd) > 1:
        values += " in the first"
    verb = "is" if len(shown) == 1 else "are"
    they = "It tells" if len(shown) == 1 else "They tell"
    return Finding(
        "constant columns",
        "note",
        f"{count(len(shown), 'column')} of {len(same):,} {verb} the same in all samples{values}: "
        f"{listed(names)}.",
        f"{they} nothing"
        + (": often a column that was not read or joined as it should be." if len(odd) else "."),
        f"Look where {'it comes' if len(shown) == 1 else 'they come'} from, or leave "
        f"{'it' if len(shown) == 1 else 'them'} out.",
        evidence={"constant columns": len(bad), "of them not zero": len(odd)},
    )


def imbalance(evidence: Evidence) -> Finding | None:
    """Find a class so rare that the network does well without it."""
    facts = evidence.facts
    if facts is None or len(evidence.classes) < 2 or evidence.knobs.class_weight:
        return None
    if evidence.network.output == "logistic" and evidence.network.n_outputs > 1:
        return None
    counts = facts.class_counts.astype(float)
    there = np.flatnonzero(counts > 0)
    if len(there) < 2:
        return None
    rare = int(there[counts[there].argmin()])
    ratio = counts[rare] / counts.max()
    if ratio > RARE:
        return None
    recall = _recall(evidence, rare)
    bad = recall < MISSED if not math.isnan(recall) else ratio < VERY_RARE
    found = "" if math.isnan(recall) else f" The network finds {share(recall)} of its samples."
    numbers = {"samples of the class": counts[rare], "of the largest": counts.max()}
    if not math.isnan(recall):
        numbers["recall"] = recall
    return Finding(
        "class imbalance",
        "warning" if bad else "note",
        f"Class {evidence.classes[rare]} has {count(int(counts[rare]), 'sample')} of "
        f"{int(counts.sum()):,}, {share(ratio)} of those of the largest class.{found}",
        "Rare classes count so little in the loss that the network may leave them out; its "
        "accuracy is high all the same.",
        "Set class_weight='balanced', and score by scoring='balanced_accuracy'.",
        evidence=numbers,
    )


def _recall(evidence: Evidence, rare: int) -> float:
    """Return the share of a class's samples that is found: of unseen ones, if there are any."""
    held = [own for own in evidence.held.values() if len(own.recalls) > rare]
    found = sum(
        own.recalls[rare] * own.class_counts[rare] for own in held if own.class_counts[rare]
    )
    n = sum(own.class_counts[rare] for own in held)
    if n >= FEW:
        return float(found / n)
    own = evidence.train
    if held or own is None or len(own.recalls) <= rare:
        return math.nan
    return float(own.recalls[rare])


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
