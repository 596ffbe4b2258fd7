"""Class weights: what an error costs, by class.

For two or more classes they are sample weights, for several labels at once they are in the loss.
They count in the losses of training and evaluation sets and in no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.engines import Data
from lamina.plan import BinaryCrossEntropy, Network, checks

BALANCED = "balanced"


def check(class_weight: Any, multilabel: bool) -> None:
    """Check the form of `class_weight`; its labels are checked once the data are known."""
    if class_weight is None or isinstance(class_weight, Mapping):
        return
    if isinstance(class_weight, str) and class_weight == BALANCED:
        return
    if isinstance(class_weight, str) or not (multilabel and isinstance(class_weight, Sequence)):
        expected = "a dict, 'balanced' or None" + ", or a list of dicts" * multilabel
        raise checks.fail("class_weight", expected, class_weight)


def refuse_balanced(class_weight: Any) -> None:
    """Raise if the weights are to come from y, of which partial_fit sees a part only."""
    if isinstance(class_weight, str) and class_weight == BALANCED:
        raise ValueError(
            "class_weight='balanced' is not supported for partial_fit, which does not see all of y "
            "at once: pass the dict of weights that sklearn.utils.class_weight."
            "compute_class_weight('balanced', classes=classes, y=y) gives for all of y, or use "
            "fit_batches"
        )


def of_classes(class_weight: Any, classes: np.ndarray, data: Data) -> np.ndarray:
    """Return the weight of each class.

    "balanced" is n / (n_classes n_c), n being the sum of the sample weights and n_c that of class
    c: as if a sample of weight 2 were there twice.
    """
    if isinstance(class_weight, str):
        return _balanced(np.bincount(_codes(data.y), data.weights, len(classes)))
    _refuse_typing_mistakes(class_weight, classes.tolist())
    return _by_label(class_weight, classes.tolist())


def of_samples(by_class: np.ndarray, data: Data) -> Data:
    """Return the samples with the weights of their classes, as factors of their losses.

    Were they sample weights, they would count in a batch's mean too, and cancel in a batch of one
    class.
    """
    return data._replace(factors=by_class[_codes(data.y)].astype(data.y.dtype, copy=False))


def checked(data: Data) -> Data:
    """Return the samples; ValueError if there is nothing to learn."""
    factors: Any = data.factors
    if not (factors if data.weights is None else factors * data.weights).any():
        raise ValueError("class_weight must leave a sample of a weight above 0, got none")
    return data


def _codes(y: np.ndarray) -> np.ndarray:
    """Return the place of each sample's class, from a column each or one for the second of two."""
    return y.argmax(axis=1) if y.shape[1] > 1 else (y[:, 0] > 0.5).astype(int)


def in_loss(class_weight: Any, network: Network, data: Data) -> Network:
    """Return the network with weights of each label's y = 1 and y = 0 in its loss.

    ``-sum_j [a_j y_j ln p_j + b_j (1 - y_j) ln(1 - p_j)]``; "balanced" takes n / (2 n_c) of each
    label by itself.
    """
    if not isinstance(network.loss, BinaryCrossEntropy):
        raise ValueError(
            f"class_weight with several labels needs loss='log_loss' or a BinaryCrossEntropy, got "
            f"{network.loss!r}"
        )
    if network.loss.positive is not None:
        raise ValueError(
            f"class_weight must be None for several labels and a loss with weights of its own, got "
            f"{class_weight!r} and {network.loss!r}: give the weights in one place"
        )
    if isinstance(class_weight, str):
        ones = np.average(data.y, axis=0, weights=data.weights)
        pairs = np.array([_balanced(np.array([1 - p, p])) for p in ones])
    else:
        pairs = _by_output(class_weight, network.n_outputs)
    negative, positive = pairs.T.tolist()
    return replace(network, loss=replace(network.loss, positive=positive, negative=negative))


def _balanced(counts: np.ndarray) -> np.ndarray:
    """Return a weight for each class, so that those which are there have the same sum."""
    there = counts > 0
    return np.where(there, counts.sum() / (there.sum() * np.where(there, counts, 1)), 1.0)


def _by_output(class_weight: Any, n_outputs: int) -> np.ndarray:
    """Return the weights (n_outputs, 2) of y = 0 and y = 1 of each label."""
    if isinstance(class_weight, Mapping):
        _refuse_numbers(class_weight, class_weight.values())
        _refuse_strangers("class_weight", class_weight, range(n_outputs))
        each = [class_weight.get(j) for j in range(n_outputs)]
    else:
        each = list(class_weight)
        _refuse_numbers(class_weight, each)
    if len(each) != n_outputs:
        raise checks.fail("class_weight", f"a list of {n_outputs} dicts, one per label", each)
    pairs = []
    for j, own in enumerate(each):
        name = f"class_weight of label {j}"
        _refuse_strangers(name, own or {}, [0, 1])
        pairs.append(_by_label(own or {}, [0, 1], name))
    return np.array(pairs)


def _refuse_numbers(class_weight: Any, entries: Iterable) -> None:
    """Raise unless all entries are dicts or None: of a number nobody knows which side it weighs."""
    if not all(own is None or isinstance(own, Mapping) for own in entries):
        expected = (
            "for several labels a list with a dict for each, as [{0: 1, 1: 5}, {}], or a dict of "
            "such dicts by the label's place, as {0: {0: 1, 1: 5}}"
        )
        raise checks.fail("class_weight", expected, class_weight)


def _by_label(given: Mapping, labels: list, name: str = "class_weight") -> np.ndarray:
    """Return a weight for each label, 1 for those that are not in the dict."""
    for label, weight in given.items():
        checks.real(f"{name}, the weight of {label!r},", weight, "[0, inf)")
    return np.array([float(given.get(label, 1.0)) for label in labels])


def _refuse_typing_mistakes(given: Mapping, labels: list) -> None:
    """Raise for a key that is no label while a label has no weight, as scikit-learn does.

    Where all labels have one, others may have one too: a part of the data may lack a class.
    """
    if not all(label in given for label in labels):
        _refuse_strangers("class_weight", given, labels)


def _refuse_strangers(name: str, given: Mapping, known: Sequence) -> None:
    strangers = [label for label in given if label not in known]
    if strangers:
        shown = ", ".join(repr(label) for label in known[:20]) + ", ..." * (len(known) > 20)
        raise ValueError(f"{name} must have only keys of {shown}, got {strangers[0]!r}")
