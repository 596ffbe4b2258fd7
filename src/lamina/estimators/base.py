"""What the two estimators share: from parameters and data to a plan, its training, and back."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from lamina.engines import Data, Predictor, default_engine
from lamina.estimators import html, layers, options, translate
from lamina.estimators.data import inputs, preprocessing, scales
from lamina.estimators.inspection.methods import Inspection
from lamina.estimators.measuring import validation
from lamina.estimators.running import checkpoint
from lamina.estimators.running.callback import Told
from lamina.estimators.running.report import Report
from lamina.estimators.running.task import Task, train
from lamina.estimators.saving import Saving
from lamina.plan import Network, Training
from lamina.training import Record, State, reactive


def check_stochastic(estimator: Any) -> bool:
    """Return True, or raise AttributeError where there is no `partial_fit`."""
    if translate.is_lbfgs(estimator):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


class BaseMLP(Saving, Inspection, BaseEstimator, ABC):
    """Base of `lamina.MLPClassifier` and `lamina.MLPRegressor`; use those."""

    _on_epoch: Any = None  # called after each epoch with (n, max_iter, loss, score or None)

    def _keep(self, given: dict[str, Any]) -> None:
        """Keep a constructor's arguments under their names, as scikit-learn wants them."""
        self.__dict__.update({name: value for name, value in given.items() if name != "self"})

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the fields of parameters that hold an object with options, such as a
            rule or a `lamina.Regularization`, as ``regularization__dropout``.

        Returns
        -------
        dict of str to object
        """
        own = super().get_params(deep=False)
        return own | options.listed(own) if deep else own

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Parameters
        ----------
        **params
            Parameters, or fields of those that hold an object with options, which is replaced by
            a changed one: ``regularization__dropout=0.1`` does so also where `regularization` is
            None.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a name is unknown, or a field is out of the range of its object.

        Examples
        --------
        >>> import lamina
        >>> lamina.MLPClassifier().set_params(regularization__dropout=0.1)
        MLPClassifier(regularization=Regularization(dropout=0.1))
        """
        return super().set_params(**options.merged(params, self.get_params(deep=False)))

    @abstractmethod
    def _network(self, n_inputs: int, n_outputs: int, dtype: np.dtype) -> Network:
        """Return the network for this task."""

    @abstractmethod
    def _validate(
        self, X: Any, y: Any, first: bool, incremental: bool, classes: Any
    ) -> tuple[Any, np.ndarray]:
        """Return X and the targets (n_samples, n_outputs) in X's dtype."""

    @abstractmethod
    def _decode(self, prediction: np.ndarray) -> np.ndarray:
        """Return what `predict` returns for the network's predictions."""

    @abstractmethod
    def _metric(self, y: np.ndarray, predicted: np.ndarray, weights: Any) -> float:
        """Return the validation score of decoded predictions: larger is better."""

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """Return what the validation split is stratified by."""
        return None

    def _weighed(self, data: Data) -> Data:
        """Return the samples to train on with all that weighs in their loss, but in no score."""
        return data

    def _weighed_alike(self, data: Data) -> Data:
        """Return other samples with what weighs in the loss of those that are trained on."""
        return data

    def _loss_scale(self, n_outputs: int) -> float:
        """Return the factor of the data loss wherever it is reported."""
        return 1.0

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Self:
        """Train on X and y, from new weights unless ``warm_start`` is True.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
            float32 is kept as it is, everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels, a 0/1 matrix of several labels, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.
        eval_set : (X, y), (X, y, sample_weight), list or dict of them, default=None
            Samples to evaluate after each epoch: their loss, without penalty, and `scoring`, in
            ``history_``. One is called "eval", those of a list "eval_0" and so on, those of a
            dict by their keys. With ``early_stopping=True`` the first is used in place of samples
            held out, and its score decides.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is out of range, the data are not as they should be, or training
            diverges (`DivergenceError`); then the estimator keeps the last finite weights.
        """
        return self._fit(X, y, sample_weight, incremental=False, eval_set=eval_set)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        incremental: bool,
        classes: Any = None,
        eval_set: Any = None,
        saved: checkpoint.Saved | None = None,
        stream: Any = None,
    ) -> Self:
        """Fit to X and y, or to a `lamina.estimators.data.batches.Stream` in their place."""
        before, report = dict(vars(self)), None
        told, plan = Told(self.callbacks, translate.is_lbfgs(self)), validation.plan(self, eval_set)
        try:
            if stream is None:
                training, data, random = self._prepare(X, y, sample_weight, incremental, classes)
            else:
                training, data, random = stream.prepare(self, plan)
            report = Report(self, training, plan, told, incremental)
            sets = validation.checked(self, plan.given)
            validation.warn_unmeasured(plan, incremental)
            task = Task((X, y, sample_weight), sets, before, saved)
            run = train if stream is None else stream.train
            end = run(self, task, training, data, random, report)
        except BaseException as error:
            if report is None or not report.learnt:
                # Nothing was learnt: an earlier model must not answer in the names of these data.
                self.__dict__.clear()
                self.__dict__.update(before)
            else:
                self._settle(report.n_epochs, report.reason(error))
            told.fail(error, "" if report is None else report.reason(error))
            raise
        else:
            reason = report.reason(end)
            self._settle(report.n_epochs, reason)
            told.end(reason)
            report.tell(incremental)
            report.end(end, incremental)
        finally:
            if report is not None:
                report.release()
        return self

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, incremental: bool, classes: Any
    ) -> tuple[Training, Data, Any]:
        """Check everything, and set the network and the state to train from."""
        translate.hidden_layers(self)
        training = translate.training_of(self)
        if incremental and training.early_stopping:
            raise ValueError(
                f"partial_fit does not support early_stopping={self.early_stopping!r}: one epoch "
                f"at a time leaves no series of scores to stop on. Call "
                f"set_params(early_stopping=False) first."
            )
        if incremental:
            reactive.check_open_ended(training)
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        preprocessing.check(self, first)
        X, y = self._validate(X, y, first, incremental, classes)
        weights = inputs.check_weights(sample_weight, X)
        X = preprocessing.fit_x(self, X, weights) if first else preprocessing.apply(self, X)
        network = self._network(X.shape[1], y.shape[1], X.dtype)
        if first or not incremental:
            scales.warn(self, X, y, network, weights)
        y = preprocessing.fit_y(self, y, weights, network, first)
        data = Data(X, y, weights)
        if not first:
            self._check_same(network)
        random = check_random_state(self.random_state)
        state = State(network.initialize(random, X.dtype)) if first else self._going_on()
        if not incremental:
            state.restart_rule()
        training = replace(
            training,
            max_iter=1 if incremental else self.max_iter,
            loss_scale=self._loss_scale(y.shape[1]),
        )
        self.network_, self._state = network, state
        self.__dict__.pop("temperature_", None)  # it belonged to other weights
        return training, data, random

    def _check_same(self, network: Network) -> None:
        preprocessing.check_output(self, network)
        if network.sizes == self.network_.sizes and network.shapes != self.network_.shapes:
            raise ValueError(
                f"activation may not turn to or from 'prelu', which has parameters of its own, to "
                f"go on training {self.network_}. Set warm_start=False and call fit to start anew."
            )
        if network.sizes != self.network_.sizes:
            raise ValueError(
                f"hidden_layer_sizes and the data must stay as they were to go on training: the "
                f"fitted network has layers of {self.network_.sizes}, this call asks for "
                f"{network.sizes}. Set warm_start=False and call fit to start anew."
            )

    def _going_on(self) -> State:
        """Return the state of the last fit with copies of the weights that the user sees."""
        own = [tuple(array.copy() for array in layer) for layer in layers.of(self)]
        return replace(self._state, parameters=own)

    def _dtype(self, first: bool) -> Any:
        """Return the dtypes that X may have: a fitted network keeps its own."""
        return (np.float64, np.float32) if first else self._state.parameters[0][0].dtype

    def _snapshot(self, parameters: Any, n_epochs: int, record: Record | None = None) -> Self:
        """Return a fitted estimator of its own with these weights."""
        model = copy.copy(self)
        history = copy.deepcopy(self._state.history)
        seen = self._state.record if record is None else record
        model._state = replace(self._state, parameters=parameters, history=history, record=seen)
        model._settle(n_epochs, "Training goes on elsewhere.")
        return model

    def _settle(self, n_epochs: int, reason: str) -> None:
        """Show the state as scikit-learn's attributes."""
        state, history = self._state, self._state.history
        self.stop_reason_ = reason
        layers.show(self, state.parameters)
        self.n_iter_, self.t_ = n_epochs, state.sample
        self.n_layers_, self.n_outputs_ = len(self.coefs_) + 1, self.network_.n_outputs
        self.out_activation_ = self.network_.output
        self.loss_curve_ = list(history.loss)
        self.loss_ = history.loss[-1] if history.loss else np.nan
        plain = validation.plain(self)
        scored = plain or bool(self.early_stopping and history.validation_score)
        self.best_loss_ = None if plain else history.best_loss
        self.validation_scores_ = list(history.validation_score) if scored else None
        self.best_validation_score_ = history.best_score if scored else None
        self._get_ready()

    def _predictions(self, X: Any) -> np.ndarray:
        """Return the network's predictions (n_samples, n_outputs) for checked X."""
        own = self.__dict__
        forward = own.get("_forward")
        if forward and type(X) is np.ndarray and "feature_names_in_" not in own:
            prediction = forward(X, self.coefs_, self.intercepts_, self.n_threads)
            if prediction is not None:
                return prediction
        check_is_fitted(self)
        X = inputs.check_x(self, X, self.coefs_[0].dtype, reset=False)
        return preprocessing.undo_y(self, self._bare()(preprocessing.apply(self, X)))

    def predictor(self) -> Predictor:
        """Return a bare function of X for the weights as they are now.

        It checks shape and dtype only, so that one row takes about a microsecond, and any number
        of threads may call it at once. It returns what the network does, of shape (n_samples,
        n_outputs): numbers, or probabilities, with one column for two classes.

        Returns
        -------
        callable
            Of a C-ordered ndarray of the weights' dtype.

        Examples
        --------
        >>> import lamina, numpy as np
        >>> model = lamina.MLPClassifier(solver="lbfgs", random_state=0).fit([[0.0], [1.0]], [0, 1])
        >>> model.predictor()(np.array([[1.0]])).round(2)
        array([[1.]])
        """
        check_is_fitted(self)
        return preprocessing.around(self, self._bare())

    def _bare(self, network: Network | None = None) -> Predictor:
        """Return the network, or another of its shapes, as a function of its own inputs."""
        engine = default_engine(self.n_threads)
        return engine.predictor(network or self.network_, layers.of(self))

    def __getstate__(self) -> Any:
        """Return the state without the function `_forward`, which `__setstate__` makes again."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_forward"}

    def __setstate__(self, state: Any) -> None:
        """Take over a state, and make a fitted estimator ready to predict."""
        super().__setstate__(state)
        self._get_ready()

    def _get_ready(self) -> None:
        """Make the function that answers plain matrices, from the weights where they stand."""
        if "coefs_" in self.__dict__:
            forward = default_engine().forward(self.network_, self.coefs_[0].dtype)
            self._forward = preprocessing.around_quick(self, forward)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted labels or numbers.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._decode(self._predictions(X))

    def _html_repr(self) -> str:
        """Return what scikit-learn's ``_repr_html_`` shows in notebooks."""
        return html.represent(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing == "learn"
        return tags
