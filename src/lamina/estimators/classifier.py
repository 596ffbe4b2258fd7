"""The classifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)

from lamina.estimators import inputs, translate
from lamina.estimators.base import BaseMLP, check_stochastic
from lamina.plan import BinaryCrossEntropy, CrossEntropy, Network


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Multilayer perceptron for classification: a drop-in for scikit-learn's.

    For the same data, parameters and ``random_state`` it gives the model that scikit-learn's
    ``MLPClassifier`` gives, to rounding. It minimises cross-entropy with a softmax output, or
    binary cross-entropy with logistic outputs for two classes and for several labels at once.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int in [1, inf), default=(100,)
        Units of each hidden layer; empty for none.
    activation : str or sequence of str, default="relu"
        Activation of the hidden layers, or one name for each: "identity", "logistic", "tanh",
        "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "hard_tanh" or
        "exp" (`lamina.spec.activations`).
    solver : str or rule, default="adam"
        "adam", "sgd" or "lbfgs" as in scikit-learn; another rule by name ("gradient_descent",
        "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adamw", "adamax", "maxprop",
        "nadam"), which takes `momentum`, `beta_1`, `beta_2` and `epsilon` where it has them; or
        a rule object such as ``lamina.RMSProp(beta=0.95)``.
    alpha : float in [0, inf), default=1e-4
        Strength of the L2 penalty, divided by the batch's sum of sample weights.
    batch_size : int in [1, inf) or "auto", default="auto"
        "auto" is 200, or all samples if there are fewer. Not used by "lbfgs".
    learning_rate : {"constant", "invscaling", "adaptive"} or schedule, default="constant"
        How the learning rate changes. The names have no effect with "adam", as in scikit-learn;
        a schedule object such as ``lamina.CosineRestarts(period=500)`` works with every rule.
    learning_rate_init : float in (0, inf), default=0.001
        The learning rate that training, and every schedule without an ``initial``, starts from.
    power_t : float in [0, inf), default=0.5
        Exponent of "invscaling".
    max_iter : int in [1, inf), default=200
        Largest number of epochs, or of iterations of "lbfgs".
    shuffle : bool, default=True
        Whether to shuffle the samples in each epoch.
    random_state : int, RandomState instance or None, default=None
        Source of the initial weights, the validation split and the shuffles.
    tol : float in [0, inf], default=1e-4
        What counts as an improvement of the loss, or of the validation score.
    verbose : bool or int, default=False
        Whether to print each epoch's loss.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last call.
    momentum : float in [0, 1], default=0.9
        Momentum of "sgd", "momentum" and "nesterov".
    nesterovs_momentum : bool, default=True
        Whether "sgd" takes Nesterov's step.
    early_stopping : bool, default=False
        Whether to hold out samples, stop on their accuracy and keep the best epoch's weights.
    validation_fraction : float in (0, 1), default=0.1
        Share of the samples held out for early stopping.
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay rates of the averages of "adam" and its kin.
    epsilon : float in (0, inf), default=1e-8
        Keeps denominators of adaptive rules away from 0.
    n_iter_no_change : int in [1, inf) or inf, default=10
        Training ends with the first epoch that makes more than this number of epochs in a row
        without an improvement by `tol`.
    max_fun : int in [1, inf), default=15000
        Largest number of loss evaluations of "lbfgs".
    n_threads : int in [1, 1024] or None, default=None
        Threads of the engine; None takes as many as pay for the network, of the cores that this
        process may use. The model does not depend on it. Not in scikit-learn.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coefs_, intercepts_ : list of ndarray
        Weights of shape (d_{l-1}, d_l) and biases of shape (d_l,) of each layer.
    loss_, best_loss_ : float
        Last and smallest loss; `best_loss_` is None with early stopping.
    loss_curve_ : list of float
        Loss of each epoch, or of each iteration of "lbfgs".
    validation_scores_, best_validation_score_ : list of float and float, or None
    n_iter_, t_ : int
        Epochs of the last fit, samples seen by all.
    n_layers_, n_outputs_, n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X has column names that are all strings.
    out_activation_ : str
    network_ : lamina.Network
        The plan of the network, for `lamina.check_gradients` and the functions of `lamina.spec`.

    Examples
    --------
    >>> from lamina import MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((16, 8), ["tanh", "gelu"], tol=1e-3, max_iter=500, random_state=0)
    >>> model.fit(scale(X), y).score(scale(X), y) > 0.95
    True
    """

    loss = "log_loss"  # scikit-learn's name for it; not a parameter

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        n_threads: int | None = None,
    ) -> None:
        self._keep(locals())

    @available_if(check_stochastic)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on X and y, going on from where the estimator stands.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will bring: required in the first call.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, or of each label.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), columns in the order of ``classes_``
        """
        p = self._predictions(X)
        if p.shape[1] > 1:
            return p
        return np.ones_like(p) if len(self.classes_) == 1 else np.hstack([1 - p, p])

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of `predict_proba`; minus infinity where that is 0.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _network(self, n_inputs: int, n_outputs: int, dtype: np.dtype) -> Network:
        units, names = translate.hidden_layers(self)
        floor = float(np.finfo(dtype).eps)  # scikit-learn's cut of the probabilities
        several = self._label_binarizer.y_type_ == "multiclass"
        output, loss = (
            ("softmax", CrossEntropy(floor)) if several else ("logistic", BinaryCrossEntropy(floor))
        )
        activation = names or self.activation
        return Network.mlp(
            n_inputs, units, n_outputs, activation=activation, output=output, loss=loss
        )

    def _validate(
        self, X: Any, y: Any, first: bool, incremental: bool, classes: Any
    ) -> tuple[Any, np.ndarray]:
        if incremental and _check_partial_fit_first_call(self, classes):
            several = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if several else classes)
        X, y = inputs.check_x_y(self, X, y, self._dtype(first), reset=first)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if first and not incremental:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y), incremental)
        return X, self._targets(y, X.dtype)

    def _targets(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Return a column per class or label, and one column for two classes."""
        classes = self.classes_
        if y.ndim != 1 or len(classes) < 2:
            return self._label_binarizer.transform(y).astype(dtype)
        # As the binarizer does, which takes longer than to train on a thousand samples.
        codes = np.searchsorted(classes, y)
        if len(classes) == 2:
            return codes.astype(dtype)[:, np.newaxis]
        targets = np.zeros((len(y), len(classes)), dtype)
        targets[np.arange(len(y)), codes] = 1
        return targets

    def _check_classes(self, classes: np.ndarray, incremental: bool) -> None:
        """Raise unless `classes` go with those of earlier calls."""
        if self.warm_start and not incremental and set(classes) != set(self.classes_):
            raise ValueError(
                f"warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )

    def _decode(self, prediction: np.ndarray) -> np.ndarray:
        binarizer = self._label_binarizer
        if binarizer.y_type_ == "multiclass":
            return self.classes_[prediction.argmax(axis=1)]
        on = (prediction > 0.5).astype(int)
        if not binarizer.y_type_.startswith("multilabel"):
            return self.classes_[on.ravel() % len(self.classes_)]  # one class: always that one
        return csr_matrix(on) if binarizer.sparse_input_ else on

    def _metric(self, y: np.ndarray, predicted: np.ndarray, weights: Any) -> float:
        return accuracy_score(y, predicted, sample_weight=weights)

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        return y if y.shape[1] == 1 else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
