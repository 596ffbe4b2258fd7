"""What the two estimators share: from parameters and data to a plan, its training, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from os import PathLike
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from lamina import codec
from lamina.engines import Data, Predictor, default_engine
from lamina.estimators import inputs, translate
from lamina.estimators.report import Report
from lamina.plan import Network, Training
from lamina.training import Outcome, State, Validation, fit, fit_lbfgs
from lamina.training.lbfgs import Result

FITTED = {
    "coefs_",
    "intercepts_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "n_iter_",
    "t_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_features_in_",
    "feature_names_in_",
    "network_",
    "classes_",
    "_label_binarizer",
    "_state",
}


def check_stochastic(estimator: Any) -> bool:
    """Return True, or raise AttributeError where there is no `partial_fit`."""
    if translate.is_lbfgs(estimator):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


class BaseMLP(BaseEstimator, ABC):
    """Base of `lamina.MLPClassifier` and `lamina.MLPRegressor`; use those."""

    _on_epoch: Any = None  # called after each epoch with (n, max_iter, loss, score or None)

    def _keep(self, given: dict[str, Any]) -> None:
        """Keep a constructor's arguments under their names, as scikit-learn wants them."""
        self.__dict__.update({name: value for name, value in given.items() if name != "self"})

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

    def _loss_scale(self, n_outputs: int) -> float:
        """Return the factor of the data loss wherever it is reported."""
        return 1.0

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X and y, from new weights unless ``warm_start`` is True.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
            float32 is kept as it is, everything else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels, a 0/1 matrix of several labels, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is out of range, the data are not as they should be, or training
            diverges (`DivergenceError`); then the estimator keeps the last finite weights.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, incremental: bool, classes: Any = None
    ) -> Self:
        before, report = dict(vars(self)), None
        try:
            training, data, random = self._prepare(X, y, sample_weight, incremental, classes)
            report = Report(training, bool(self.verbose), self._on_epoch)
            end = self._train(training, data, random, report)
        except BaseException:
            if report is None or report.n_epochs == 0:
                # Nothing was learnt: an earlier model must not answer in the names of these data.
                self.__dict__.clear()
                self.__dict__.update(before)
            else:
                self._settle(training, report)
            raise
        self._settle(training, report)
        report.end(end, incremental)
        return self

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, incremental: bool, classes: Any
    ) -> tuple[Training, Data, Any]:
        """Check everything, and set the network and the state to train from."""
        translate.hidden_layers(self)
        training = translate.training_of(self)
        if incremental and training.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: one epoch at a time leaves no "
                "series of scores to stop on. Call set_params(early_stopping=False) first."
            )
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._validate(X, y, first, incremental, classes)
        data = Data(X, y, inputs.check_weights(sample_weight, X))
        network = self._network(X.shape[1], y.shape[1], X.dtype)
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
        return training, data, random

    def _check_same(self, network: Network) -> None:
        if network.sizes != self.network_.sizes:
            raise ValueError(
                f"hidden_layer_sizes and the data must stay as they were to go on training: the "
                f"fitted network has layers of {self.network_.sizes}, this call asks for "
                f"{network.sizes}. Set warm_start=False and call fit to start anew."
            )

    def _going_on(self) -> State:
        """Return the state of the last fit with copies of the weights that the user sees."""
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        return replace(self._state, parameters=[(w.copy(), b.copy()) for w, b in pairs])

    def _dtype(self, first: bool) -> Any:
        """Return the dtypes that X may have: a fitted network keeps its own."""
        return (np.float64, np.float32) if first else self.coefs_[0].dtype

    def _train(
        self, training: Training, data: Data, random: Any, report: Report
    ) -> Outcome | Result:
        engine, network, state = default_engine(self.n_threads), self.network_, self._state
        if translate.is_lbfgs(self):
            return fit_lbfgs(engine, network, training, state, data, self.max_fun, report)
        data, held_out = self._hold_out(training, data, random)
        return fit(engine, network, training, state, data, random, held_out, report)

    def _hold_out(
        self, training: Training, data: Data, random: Any
    ) -> tuple[Data, Validation | None]:
        """Split off the validation samples as scikit-learn does, from the same random draws."""
        if not training.early_stopping:
            return data, None
        rows, held = train_test_split(
            np.arange(len(data.y)),
            random_state=random,
            test_size=training.validation_fraction,
            stratify=self._strata(data.y),
        )
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        validation = data.rows(held)
        y, weights = self._decode(validation.y), validation.weights

        def score(prediction: np.ndarray) -> float:
            if not np.isfinite(prediction).all():
                return np.nan
            return float(self._metric(y, self._decode(prediction), weights))

        return data.rows(rows), Validation(validation.x, score)

    def _settle(self, training: Training, report: Report) -> None:
        """Show the state as scikit-learn's attributes."""
        state, history, early = self._state, self._state.history, training.early_stopping
        self.coefs_ = [own[0] for own in state.parameters]
        self.intercepts_ = [own[1] for own in state.parameters]
        self.n_iter_, self.t_ = report.n_epochs, state.sample
        self.n_layers_, self.n_outputs_ = len(self.coefs_) + 1, self.network_.n_outputs
        self.out_activation_ = self.network_.output
        self.loss_curve_ = list(history.loss)
        self.loss_ = history.loss[-1] if history.loss else np.nan
        early = early and not translate.is_lbfgs(self)
        self.best_loss_ = None if early else history.best_loss
        self.validation_scores_ = list(history.validation_score) if early else None
        self.best_validation_score_ = history.best_score if early else None
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
        return self.predictor()(X)

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
        parameters: Any = list(zip(self.coefs_, self.intercepts_, strict=True))
        return default_engine(self.n_threads).predictor(self.network_, parameters)

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
            self._forward = default_engine().forward(self.network_, self.coefs_[0].dtype)

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

    def save(self, path: str | PathLike[str]) -> None:
        """Write the estimator to a file of numbers and JSON, atomically.

        Reading it back by `lamina.load` gives the same bits, training state included, and never
        executes code.

        Parameters
        ----------
        path : str or path-like

        Examples
        --------
        >>> import lamina, tempfile, os
        >>> model = lamina.MLPClassifier(solver="lbfgs").fit([[0.0], [1.0]], ["no", "yes"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.safetensors")
        ...     model.save(path)
        ...     print(lamina.load(path).predict([[1.0]]))
        ['yes']
        """
        codec.write_atomically(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the bytes that `save` writes."""
        if type(self).__module__.partition(".")[0] != "lamina":
            raise TypeError(
                f"only MLPClassifier and MLPRegressor themselves can be saved, got the subclass "
                f"{type(self).__name__}, which lamina.load could not make; use pickle or joblib"
            )
        transient = {"_on_epoch", "_forward"}
        kept = {name: value for name, value in vars(self).items() if name not in transient}
        if "_state" in kept:  # its parameters stand in coefs_ and intercepts_
            kept["_state"] = replace(kept["_state"], parameters=[])
        return codec.dumps(type(self).__name__, kept)

    def restore(self, attributes: dict[str, Any]) -> None:
        """Take over what `to_bytes` kept; ValueError if it cannot be an estimator of this kind."""
        strange = sorted(set(attributes) - set(self.get_params()) - FITTED)
        if strange or not set(self.get_params()) <= set(attributes):
            raise ValueError(f"its attributes are not those of {type(self).__name__}")
        self.__dict__.update(attributes)
        if not hasattr(self, "coefs_"):
            return
        if not attributes.keys() >= {"network_", "_state", "intercepts_", "n_features_in_"}:
            raise ValueError("a part is missing")
        if not isinstance(self.network_, Network) or not isinstance(self._state, State):
            raise ValueError("a part is of another kind")
        parameters: Any = list(zip(self.coefs_, self.intercepts_, strict=True))
        shapes = [[getattr(p, "shape", None) for p in own] for own in parameters]
        if shapes != self.network_.shapes or self.network_.n_inputs != self.n_features_in_:
            raise ValueError("the weights are not of the network's shapes")
        self._state.parameters = parameters
        self._get_ready()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
