"""What the two ensembles share: members from one set of data, and their predictions together."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial
from os import PathLike
from threading import Event
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted

from lamina import codec
from lamina.ensembles import outcome, parallel, sample
from lamina.ensembles.member import Shared, Trained, new, prepare, train
from lamina.estimators import jobs
from lamina.estimators.base import BaseMLP, check_stochastic
from lamina.estimators.data import inputs, preprocessing
from lamina.plan import checks

ROWS = 1 << 14  # of X, whose predictions by all members are held in memory at once
FITTED = {
    "members_",
    "failed_",
    "classes_",
    "n_features_in_",
    "feature_names_in_",
    "oob_score_",
    "oob_prediction_",
    "oob_decision_function_",
    "_population",
    "_n_calls",
}


def has_partial_fit(ensemble: Any) -> bool:
    """Return True, or raise AttributeError where the members have no `partial_fit`."""
    return check_stochastic(ensemble._template())


class BaseEnsemble(MetaEstimatorMixin, BaseEstimator, ABC):
    """Base of `lamina.EnsembleClassifier` and `lamina.EnsembleRegressor`; use those."""

    _kind: ClassVar[type[BaseMLP]]

    @abstractmethod
    def _raw(self, member: Any, X: Any) -> np.ndarray:
        """Return a member's predictions (n_samples, n_columns) for checked X."""

    @abstractmethod
    def _score_oob(
        self, template: Any, y: np.ndarray, mean: np.ndarray, weights: Any, seen: np.ndarray
    ) -> None:
        """Set the attributes of predictions out of the bag: NaN for rows that are not `seen`."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Self:
        """Train all members, each on its own sample of the rows and with its own seed.

        Ctrl-C ends the members at work within 100 of their steps and begins no other; a warning
        says what is kept: the members that had finished, or if none had, those that had learnt
        something. An error, of a callback for instance, does the same and goes on to the caller.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            Weights in the loss. A row of weight 0 is in no sample, unless all rows are.
        eval_set : (X, y), (X, y, sample_weight), list or dict of them, default=None
            Samples to evaluate after each epoch of each member, as for `MLPClassifier.fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is out of range or the data are not as they should be.
        DivergenceError
            If all members diverge; they are kept at their last finite weights. Where only some
            do, they are left out, with a warning, and stand in ``failed_``.
        """
        n_workers = self._check()
        template = self._template()
        shared = prepare(template, X, y, sample_weight, False, None, eval_set)
        population = sample.population(self.sample, len(shared.data.y), shared.data.weights)
        members = [new(shared, seed) for seed in self._seeds()]
        self._train(shared, members, population, 0, n_workers)
        if self.oob_score:
            self._out_of_bag(shared)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        n_workers = self._check()
        first = "members_" not in self.__dict__
        template = self._template() if first else copy.copy(self.members_[0])
        if not first and "feature_names_in_" in self.__dict__:
            template.feature_names_in_ = self.feature_names_in_
        shared = prepare(template, X, y, sample_weight, True, classes)
        population = sample.population(self.sample, len(shared.data.y), shared.data.weights)
        if first:
            members = [new(shared, seed) for seed in self._seeds()]
        else:
            members = [copy.copy(member) for member in self.members_]
        self._train(shared, members, population, 0 if first else self._n_calls, n_workers)
        return self

    def _seeds(self) -> list[int]:
        random = check_random_state(self.random_state)
        return random.randint(np.iinfo(np.int32).max, size=self.n_members).tolist()

    def _check(self) -> int:
        """Check the constructor's arguments; return the number of threads."""
        checks.integer("n_members", self.n_members, "[1, inf)")
        sample.check(self.sample)
        checks.flag("oob_score", self.oob_score)
        if self.oob_score and self.sample in ("all", 1):
            raise checks.fail("oob_score", f"False for sample={self.sample!r}", self.oob_score)
        check_random_state(self.random_state)
        return min(jobs.workers(self.n_jobs), int(self.n_members))

    def _template(self) -> Any:
        """Return an unfitted estimator with the members' parameters."""
        if self.estimator is None:
            return self._kind()
        name = self._kind.__name__
        checks.kind("estimator", self.estimator, self._kind, f"an {name} or None")
        return clone(self.estimator)

    def _train(
        self, shared: Shared, members: list[Any], population: np.ndarray, call: int, n_workers: int
    ) -> None:
        """Train the members at once, and take over what they learnt."""
        threads, stop = shared.template.n_threads, Event()
        if threads is None and n_workers > 1:
            threads = 1  # one core each, which pays more than to share them

        def one(number: int, member: Any) -> Trained:
            if stop.is_set():
                return Trained(number, member, cut=True)
            rows = sample.draw(self.sample, population, member.random_state, call)
            return train(shared, number, member, rows, threads, stop)

        tasks = [partial(one, number, member) for number, member in enumerate(members)]
        trained, interrupted = parallel.run(tasks, n_workers, stop)
        kept = outcome.kept(trained)
        if shared.incremental and "members_" in self.__dict__:
            kept = outcome.filled(kept, trained, self.members_)
        if kept:
            self._take(shared, kept, trained, population, call)
        outcome.tell(trained, kept, len(members), interrupted, shared)

    def _take(
        self,
        shared: Shared,
        kept: list[Trained],
        trained: list[Trained],
        population: np.ndarray,
        call: int,
    ) -> None:
        for name in FITTED:
            self.__dict__.pop(name, None)
        template = shared.template
        for name in ("n_features_in_", "feature_names_in_", "classes_"):
            if hasattr(template, name):
                setattr(self, name, getattr(template, name))
        self.members_ = [own.member for own in kept]
        self.failed_ = {own.number: own.member.stop_reason_ for own in trained if own.failed}
        whole = len(population) == len(shared.data.y)
        self._population = len(population) if whole else population
        self._n_calls = call + 1

    @property
    def samples_(self) -> list[np.ndarray]:
        """The rows that each member learnt from in the last call, ascending, with repeats.

        Drawn anew from the members' seeds each time. With early stopping some of them, each with
        all its repeats, were held out.
        """
        check_is_fitted(self, "members_")
        population = self._population
        rows = np.arange(population) if isinstance(population, int) else population
        number = self._n_calls - 1
        return [
            sample.draw(self.sample, rows, member.random_state, number) for member in self.members_
        ]

    @property
    def imputer_(self) -> Any:
        """What replaces missing numbers in all members, with ``missing="learn"``."""
        return self.members_[0].imputer_

    def _out_of_bag(self, shared: Shared) -> None:
        """Predict each row by the members that did not see it."""
        data = shared.data
        total: Any = 0.0
        count = np.zeros(len(data.y))
        for member, rows in zip(self.members_, self.samples_, strict=True):
            absent = sample.left_out(rows, len(data.y))
            own = self._from_inputs(member, data.x[absent])
            if np.isscalar(total):
                total = np.zeros((len(data.y), own.shape[1]))
            total[absent] += own
            count[absent] += 1
        with np.errstate(invalid="ignore"):
            mean = total / count[:, np.newaxis]
        seen = count > 0
        template: Any = shared.template
        y = template._decode(preprocessing.undo_y(template, data.y))
        self._score_oob(template, y, mean, data.weights, seen)

    @abstractmethod
    def _from_inputs(self, member: Any, x: Any) -> np.ndarray:
        """Return a member's predictions for inputs of its network."""

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self, "members_")
        return inputs.check_x(self, X, self.members_[0].coefs_[0].dtype, reset=False)

    def _mean(self, X: Any) -> np.ndarray:
        """Return the mean of the members' predictions, in their dtype.

        Plain sums keep the order of what is ordered in every member, such as quantiles.
        """
        X = self._checked(X)
        first = self._raw(self.members_[0], X)
        total = first.astype(np.float64)
        for member in self.members_[1:]:
            total += self._raw(member, X)
        total /= len(self.members_)
        return total.astype(first.dtype, copy=False)

    def _chunks(self, X: Any) -> Iterator[np.ndarray]:
        """Yield the predictions (n_members, n_rows, n_columns) stretch by stretch of X."""
        X = self._checked(X)
        for begin in range(0, X.shape[0], ROWS):
            part = X[begin : begin + ROWS]
            yield np.array([self._raw(member, part) for member in self.members_])

    def save(self, path: str | PathLike[str]) -> None:
        """Write the ensemble to a file of numbers and JSON, atomically.

        As `MLPClassifier.save`: `lamina.load` reads it back to the same bits and executes nothing.

        Parameters
        ----------
        path : str or path-like
        """
        codec.write_atomically(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the bytes that `save` writes."""
        if type(self).__module__.partition(".")[0] != "lamina":
            raise TypeError(
                f"only EnsembleClassifier and EnsembleRegressor themselves can be saved, got the "
                f"subclass {type(self).__name__}, which lamina.load could not make; use pickle"
            )
        own = dict(vars(self))
        if self.estimator is not None:
            own["estimator"] = self._attributes(self.estimator)
        if "members_" in own:
            own["members_"] = [self._attributes(member) for member in self.members_]
        return codec.dumps(type(self).__name__, own)

    def _attributes(self, member: Any) -> dict[str, Any]:
        if type(member) is not self._kind:
            raise TypeError(
                f"only members that are {self._kind.__name__} themselves can be saved, got the "
                f"subclass {type(member).__name__}; use pickle"
            )
        return member._kept(dict(vars(member)))

    def restore(self, attributes: dict[str, Any]) -> None:
        """Take over what `to_bytes` kept; ValueError if it cannot be such an ensemble."""
        own = set(self.get_params(deep=False))
        if not own <= set(attributes) or set(attributes) - own - FITTED:
            raise ValueError(f"its attributes are not those of {type(self).__name__}")
        attributes = dict(attributes)
        if attributes["estimator"] is not None:
            attributes["estimator"] = self._restored(attributes["estimator"])
        if "members_" in attributes:
            attributes["members_"] = [self._restored(given) for given in attributes["members_"]]
            self._check_members(attributes)
        self.__dict__.update(attributes)

    def _restored(self, given: Any) -> BaseMLP:
        if not isinstance(given, dict):
            raise ValueError("a member is of another kind")
        member = self._kind()
        member.restore(given)
        return member

    def _check_members(self, attributes: dict[str, Any]) -> None:
        members = attributes["members_"]
        if not members or not attributes.keys() >= {"n_features_in_", "_population", "_n_calls"}:
            raise ValueError("a part is missing")
        shapes = {
            (own.network_.n_outputs, own.n_features_in_) if hasattr(own, "coefs_") else None
            for own in members
        }
        if len(shapes) != 1 or shapes == {None}:
            raise ValueError("the members are not alike")
        if members[0].n_features_in_ != attributes["n_features_in_"]:
            raise ValueError("n_features_in_ is not that of the members")

    def _member_tags(self) -> Any:
        known = isinstance(self.estimator, BaseMLP)  # else it is refused by fit
        return get_tags(self.estimator if known else self._kind())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        own = self._member_tags()
        tags.input_tags.sparse = own.input_tags.sparse
        tags.input_tags.allow_nan = own.input_tags.allow_nan
        return tags
