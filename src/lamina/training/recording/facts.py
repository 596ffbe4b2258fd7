"""Plain numbers about the samples of a fit, and about how a network does on some: for findings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lamina.training.recording.culprit import Culprit

MOMENTS = ("mean", "deviation", "least", "largest")


@dataclass(frozen=True)
class Outlier:
    """A number that is far away from all the others of its column.

    Attributes
    ----------
    row, column : int
        Of X as it was given, or of the target.
    value : float
        As it was given.
    middle, usual : float
        The column's median, and how far 98% of its numbers are from it at most.
    times : float
        How far the value is from the median, over that.
    """

    row: int
    column: int
    value: float
    middle: float
    usual: float
    times: float


@dataclass(eq=False)
class DataFacts:
    """What there is to know of the samples of a fit.

    The columns are those of X as it was given, once missing numbers are replaced; the inputs are
    what the network sees: the columns once standardized, and those that ``missing="learn"`` adds.

    Attributes
    ----------
    n_samples : int
        The fit's.
    columns, inputs, targets : ndarray of shape (4, n)
        `MOMENTS` of each column, of each input, and of each output of the target as the network
        sees it: of many rows, those of a sample. Where least and largest are the same, they are of
        all rows.
    out_of_scale, target_out_of_scale : ndarray of shape (n,)
        How far each input, and each output of the target, is beyond the bounds of
        `lamina.ScaleWarning`: above 1 it is.
    telling : ndarray of shape (n_columns,)
        How much of the target each column tells by itself, between 0 and 1; NaN where it is not
        nearly all.
    class_counts : ndarray of shape (n_classes,)
        Samples of each class, or with each label; empty for numbers.
    constant_loss : float
        Mean loss of the best guess that ignores X; NaN where it was not computed.
    reference_r2 : float
        R² of a simple model on samples that it has not seen; NaN where none was made.
    reference : str
        Which model that is.
    reference_accuracy : float
        Share of those samples that it gets right; NaN for numbers and several labels.
    ordered : float
        How much more alike the targets of neighbouring rows are than by chance: 1 where they are
        sorted. NaN where rows are shuffled.
    odd_input, odd_target : Outlier or None
        The number that is farthest away from the others of its column, where one is. The rows
        beyond all that is usual there count in no moments and scales.
    """

    n_samples: int
    columns: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray
    out_of_scale: np.ndarray
    target_out_of_scale: np.ndarray
    telling: np.ndarray
    class_counts: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    constant_loss: float = np.nan
    reference_r2: float = np.nan
    reference: str = ""
    reference_accuracy: float = np.nan
    ordered: float = np.nan
    odd_input: Outlier | None = None
    odd_target: Outlier | None = None


@dataclass(eq=False)
class Standing:
    """How a network does on some samples.

    Attributes
    ----------
    n_samples : int
    loss : float
        Mean data loss, without penalty.
    r2 : float
        Share of the target's variance that is predicted, the mean over its outputs; of classes
        that of the 0/1 outputs by the probabilities. NaN where predictions are no means.
    accuracy, confidence : float
        Share of samples that are right, and mean probability of the predicted class; NaN for
        numbers and several labels.
    recalls : ndarray of shape (n_classes,)
        Share of each class that is found, NaN for one that is absent.
    class_counts : ndarray of shape (n_classes,)
        Samples of each.
    temperature, gain : float
        What z is to be divided by for the best probabilities of these samples, and by how much that
        lowers their mean cross-entropy; NaN for numbers and several labels.
    inputs : ndarray of shape (2, n)
        Mean and deviation of each input; empty for samples that it learnt from.
    """

    n_samples: int
    loss: float
    r2: float = np.nan
    accuracy: float = np.nan
    confidence: float = np.nan
    recalls: np.ndarray = field(default_factory=lambda: np.empty(0))
    class_counts: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    temperature: float = np.nan
    gain: float = np.nan
    inputs: np.ndarray = field(default_factory=lambda: np.empty((2, 0)))


@dataclass(eq=False)
class Seen:
    """What is known of a fit beside its numbers by epoch.

    Attributes
    ----------
    outcome : str
        Name of the `Outcome` of the last fit; "" where none has ended.
    culprit : Culprit or None
        What brought in the first number that is not finite, where training diverged.
    facts : DataFacts or None
        Of the samples; only if something was recorded.
    standings : dict of str to Standing
        How the network does at the end: on the samples that it learnt from, "train", and on each
        evaluation set; only if something was recorded.
    """

    outcome: str = ""
    culprit: Culprit | None = None
    facts: DataFacts | None = None
    standings: dict[str, Standing] = field(default_factory=dict)
