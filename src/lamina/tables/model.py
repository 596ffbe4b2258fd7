"""A trained network together with all that leads from a table to its predictions."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lamina.callbacks import Callback, Run
from lamina.estimators import DivergenceError, MLPClassifier, MLPRegressor, losses
from lamina.plan import Quantiles
from lamina.tables.checkpoints import go_on
from lamina.tables.columns import Values, plain, values_of
from lamina.tables.errors import TableError, counted, listed, similar
from lamina.tables.noting import DivergedError, note, note_rows
from lamina.tables.prepare import Prepared, as_table
from lamina.tables.preprocess import Preprocessing
from lamina.tables.scores import Scores, baseline, score
from lamina.tables.stream import Streamed
from lamina.tables.target import Target

__all__ = ["Facts", "Outcome", "TableModel", "early_stopping_fits", "train"]

OnEpoch = Callable[[int, int, float, float | None], None]


@dataclass(frozen=True)
class Facts:
    """What is known of a model's training.

    Parameters
    ----------
    n_train, n_test, n_unlabelled : int
        Rows learnt from, held out, and left out because their target is missing.
    seed : int
        The seed of the split and of the network.
    dropped : dict of str to str
        Columns that are not used, and why.
    scores, baseline : dict of str to float
        On the rows held out, of the network and of the guess that ignores all columns; empty
        if none was held out.
    lamina : str
        The version that trained it.
    """

    n_train: int
    n_test: int
    n_unlabelled: int
    seed: int
    dropped: dict[str, str] = field(default_factory=dict)
    scores: Scores = field(default_factory=dict)
    baseline: Scores = field(default_factory=dict)
    lamina: str = ""


@dataclass(frozen=True)
class Outcome:
    """How well a model does on a table: see ``TableModel.evaluate``."""

    scores: Scores
    baseline: Scores
    n_rows: int
    n_unlabelled: int
    n_unknown: int
    unknown: str = ""  # the first such value and its row


@dataclass(frozen=True)
class TableModel:
    """A network for tables: preprocessing, estimator, target and the facts of its training.

    Parameters
    ----------
    target : Target
        The column that it predicts.
    preprocessing : Preprocessing
        From columns to inputs.
    estimator : MLPClassifier or MLPRegressor
        From inputs to the places of the classes, or to the standardised target.
    facts : Facts
        How it was trained.
    """

    target: Target
    preprocessing: Preprocessing
    estimator: MLPClassifier | MLPRegressor
    facts: Facts

    @property
    def numbers(self) -> set[str]:
        """Give the names of the columns that hold numbers, the target's too if it does."""
        own = {name for name, kind in self.preprocessing.kinds.items() if kind == "number"}
        return own if self.target.label_type == pa.string() else own | {self.target.name}

    def predict(self, data: Any) -> pa.Array:
        """Return the predicted labels, in their own type, or numbers: one for each row."""
        if self.target.levels:
            raise TableError("several quantiles are predicted: use predictions")
        predicted = self._outputs(data)
        if not self.target.classes:
            return pa.array(predicted)
        labels = pa.array(self.target.classes, self.target.label_type)
        return labels.take(pa.array(predicted.argmax(axis=1)))

    def predict_proba(self, data: Any) -> NDArray[np.float64]:
        """Return the probabilities of the classes, of shape (n_rows, n_classes)."""
        if not self.target.classes:
            raise TableError("a regression has no probabilities: use predict")
        return self._outputs(data)

    def predictions(self, data: Any) -> pa.Table:
        """Return a table of the column ``prediction`` and, for classes, ``probability_<class>``.

        Of quantiles it has the columns ``quantile_<level>`` alone.
        """
        return self.as_columns(self._outputs(data))

    def as_columns(self, predicted: NDArray[np.float64]) -> pa.Table:
        """Return what `predictions` does for numbers, or the probabilities of the classes."""
        if self.target.levels:
            names = [f"quantile_{level}" for level in self.target.levels]
            return pa.table(dict(zip(names, predicted.T.copy(), strict=True)))
        if not self.target.classes:
            return pa.table({"prediction": predicted})
        labels = pa.array(self.target.classes, self.target.label_type)
        columns = {"prediction": labels.take(pa.array(predicted.argmax(axis=1)))}
        for place, name in enumerate(self.target.label_names()):
            columns[f"probability_{name}"] = pa.array(predicted[:, place])
        return pa.table(columns)

    def evaluate(self, data: Any) -> Outcome:
        """Return the scores on a table that has the target; rows without it are left out."""
        table = as_table(data)
        self.check_target(table.column_names)
        truth = self.target.read(table[self.target.name])
        rows = np.flatnonzero(~np.isnan(truth))
        if not rows.size:
            raise TableError(f"target {self.target.name!r} has no value: nothing to compare with")
        strange = np.flatnonzero(truth < 0) if self.target.classes else rows[:0]
        unknown = ""
        if strange.size:
            value = plain(table[self.target.name])[int(strange[0])].as_py()
            unknown = f"row {strange[0] + 1:,} is {value!r}"
        predicted, truth = self._outputs(table)[rows], truth[rows]
        return Outcome(
            scores=score(self.target, truth, predicted),
            baseline=baseline(self.target, truth),
            n_rows=len(rows),
            n_unlabelled=table.num_rows - len(rows),
            n_unknown=len(strange),
            unknown=unknown,
        )

    def check_target(self, names: list[str]) -> None:
        """Raise TableError unless the target is among the names of a table's columns."""
        if self.target.name in names:
            return
        close = similar(self.target.name, names)
        hint = f" (did you mean {listed(close)}?)" if close else ""
        raise TableError(
            f"the table has no column {self.target.name!r}, the target{hint}: to score the model "
            "it has to be there; to get predictions use lamina predict"
        )

    def unseen(self, data: Any) -> dict[str, int]:
        """Count, by column, the rows whose category the model has no input for."""
        return self.preprocessing.unseen(self.columns(data))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file, all of it or nothing."""
        from lamina.tables.store import save

        save(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "TableModel":
        """Read a model from a file; no code from the file is ever executed.

        Raises
        ------
        TableError
            If the file is missing, damaged, of another kind or of a newer version.
        """
        from lamina.tables.store import load

        return load(path)

    def columns(self, data: Any, before: int = 0) -> dict[str, Values]:
        """Return the columns that the model takes; errors count rows from the one after `before`.

        Raises
        ------
        TableError
            If one is missing, or holds what it did not in training.
        """
        table = as_table(data)
        kinds = self.preprocessing.kinds
        absent = [name for name in kinds if name not in table.column_names]
        if absent:
            many = "columns" if len(absent) > 1 else "column"
            others = [name for name in table.column_names if name not in kinds]
            close = list(dict.fromkeys(own for name in absent for own in similar(name, others)))
            hint = f" (did you mean {listed(close)}?)" if close else ""
            raise TableError(
                f"the table lacks the {many} {listed(absent)} that the model was trained on"
                f"{hint}: add what is missing, or train a model without"
            )
        return {name: values_of(table[name], kind, name, before) for name, kind in kinds.items()}

    def answer(self, columns: dict[str, Values]) -> NDArray[np.float64]:
        """Return probabilities, or numbers in the target's own unit, for such columns."""
        return outputs(self.target, self.estimator, self.preprocessing.transform(columns))

    def _outputs(self, data: Any) -> NDArray[np.float64]:
        return self.answer(self.columns(data))


def outputs(target: Target, estimator: Any, X: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return probabilities, or numbers in the target's own unit, for inputs."""
    if target.classes:
        chances = np.asarray(estimator.predict_proba(X), dtype=np.float64)
        return chances / chances.sum(axis=1, keepdims=True)  # to 1 in float64 too
    standard = np.asarray(estimator.predict(X), dtype=np.float64)
    shift, factor = target.unit
    own = standard.reshape(len(X), -1) if target.levels else standard
    return own * factor + shift


def levels_of(estimator: Any) -> tuple[float, ...]:
    """Return the levels of the quantiles that an estimator predicts, or none."""
    loss = getattr(estimator, "loss", None)
    return tuple(loss.levels) if isinstance(loss, Quantiles) else ()


def learns_ratio(estimator: Any) -> bool:
    """Say whether the loss is of numbers above 0, which a shift would spoil."""
    if isinstance(estimator, MLPClassifier):
        return False
    output, _ = losses.of_regressor(estimator.loss)
    return output == "exp"


def _aimed(prepared: Prepared | Streamed, estimator: Any) -> Prepared | Streamed:
    """Return the table with its target in the unit that the estimator's loss asks for."""
    if prepared.target.classes:
        return prepared
    levels = levels_of(estimator)
    quantiles = prepared.quantiles(levels) if levels else ()
    own = replace(
        prepared.target, ratio=learns_ratio(estimator), levels=levels, quantiles=quantiles
    )
    return replace(prepared, target=own)


def train(
    prepared: Prepared | Streamed,
    estimator: Any,
    on_epoch: OnEpoch | None = None,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
) -> tuple[TableModel, list[str]]:
    """Train ``estimator`` on a prepared table and score it on the rows held out.

    Parameters
    ----------
    prepared : Prepared or Streamed
        The table.
    estimator : MLPClassifier or MLPRegressor
        Not yet fitted, of the kind of the task. Ctrl-C ends its training and keeps what it has
        learnt.
    on_epoch : callable, optional
        Called after each epoch with its number, the largest number, the loss and the
        validation score or None.
    checkpoint : str or path-like, optional
        What `lamina.callbacks.Checkpoint` wrote in the same training, which is gone on with.

    Returns
    -------
    model : TableModel
        The trained model.
    notes : list of str
        What the training warned of.
    """
    from lamina import __version__

    prepared = _aimed(prepared, estimator)
    estimator, notes = _fit(prepared, estimator, on_epoch, checkpoint)
    note(prepared, estimator)
    target = prepared.target
    scores, guess = prepared.scores(lambda X: outputs(target, estimator, X))
    facts = Facts(
        n_train=prepared.n_train,
        n_test=prepared.n_test,
        n_unlabelled=prepared.unlabelled,
        seed=prepared.seed,
        dropped=prepared.dropped,
        scores=scores,
        baseline=guess,
        lamina=__version__,
    )
    return TableModel(target, prepared.preprocessing, estimator, facts), notes


class _Told(Callback):
    """Calls a function after each epoch."""

    def __init__(self, on_epoch: OnEpoch) -> None:
        self._on_epoch = on_epoch

    def on_epoch_end(self, run: Run) -> None:
        """Pass the epoch's numbers on; the rows that are watched are of the one set there is."""
        numbers = run.latest
        scores = [value for name, value in numbers.items() if name.endswith("_score")]
        self._on_epoch(run.epoch, run.max_epochs, numbers["loss"], scores[0] if scores else None)


def _fit(
    prepared: Prepared | Streamed,
    estimator: Any,
    on_epoch: OnEpoch | None,
    checkpoint: str | os.PathLike[str] | None,
) -> tuple[Any, list[str]]:
    """Return the fitted estimator, and what it warned of."""
    _check_validation(prepared, estimator)
    told = [] if on_epoch is None else [_Told(on_epoch)]
    callbacks = estimator.callbacks
    estimator.callbacks = [*told, *(callbacks or [])] or None
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if checkpoint is None:
                estimator = prepared.fit(estimator)
            else:
                estimator = go_on(checkpoint, prepared, estimator)
    except DivergenceError as error:
        note_rows(prepared, estimator)
        raise DivergedError(prepared, estimator) from error
    except ValueError as error:
        raise TableError(" ".join(str(error).split())) from error
    finally:
        estimator.callbacks = callbacks
    if not estimator.n_iter_:
        raise TableError("stopped before the first epoch ended: there is no model to keep yet")
    notes = list(dict.fromkeys(_note(entry, estimator) for entry in caught))
    if estimator.stop_reason_.startswith("The time budget"):
        notes.append(f"stopped: t{estimator.stop_reason_[1:].rstrip('.')}")
    return estimator, notes


def _note(entry: warnings.WarningMessage, estimator: Any) -> str:
    """Return a warning of the training in the words of tables."""
    text = str(entry.message)
    if "interrupted" in text:
        return f"stopped by Ctrl-C in epoch {estimator.n_iter_ + 1}: the model keeps what it learnt"
    if text.startswith("Stochastic"):
        return f"still learning after all {counted(estimator.n_iter_, 'epoch')}: more may do better"
    if text.startswith("lbfgs") and estimator.n_iter_ >= estimator.max_iter:
        steps = counted(estimator.n_iter_, "step")
        return f"still learning after all {steps}: more (--epochs) may do better"
    return text.removesuffix(" Scaling the features to mean 0 and variance 1 often helps.")


def early_stopping_fits(prepared: Prepared | Streamed, share: float = 0.1) -> bool:
    """Say whether a ``share`` of the training rows can hold every class as validation rows."""
    n_rows, classes = prepared.n_train, prepared.target.classes
    n_validation = int(np.ceil(share * n_rows))
    if not classes:
        return n_validation >= 2
    least = min(prepared.target.shares) * n_rows
    return round(least) >= 2 and n_validation >= max(2, len(classes))


def _check_validation(prepared: Prepared | Streamed, estimator: Any) -> None:
    if estimator.early_stopping and not early_stopping_fits(
        prepared, estimator.validation_fraction
    ):
        raise TableError(
            "too few rows, or a class in too few, to stop early by rows held out for it: use "
            "--no-early-stopping"
        )
