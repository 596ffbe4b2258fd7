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
from sklearn.utils.validation import check_is_fitted

from lamina.engines import Data, Predictor
from lamina.estimators import calibration, losses, translate
from lamina.estimators.base import BaseMLP, check_stochastic
from lamina.estimators.data import inputs, preprocessing, weights
from lamina.estimators.data.batches import Stream, check_batches
from lamina.plan import Network


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
        "exp" (`lamina.spec.activations`), "prelu", whose slopes are learned, or a
        ``lamina.LeakyReLU(slope)``.
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
    early_stopping : bool or EarlyStopping, default=False
        Whether to hold out samples, or take the first evaluation set that `fit` is given, stop on
        the accuracy for them and keep the best epoch's weights; or what else to stop on.
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
        process may use. The model does not depend on it. Not in scikit-learn, as all that follow.
    loss : str or loss, default="log_loss"
        "log_loss" is cross-entropy, as in scikit-learn; "focal" counts samples that are right
        already less; or a loss object, such as ``lamina.CrossEntropy(smoothing=0.1)``,
        ``lamina.Focal(gamma=1)`` or a ``lamina.CustomLoss``.
    class_weight : dict, "balanced", list or None, default=None
        Weights of the classes, by label, 1 for those left out; labels that y lacks are let pass
        where all of y's have a weight. "balanced": in inverse proportion to their frequencies. For
        several labels a list with a dict such as ``{0: 1, 1: 5}``, or None, for each, or a dict of
        them by the label's place. They count in the losses, also of evaluation sets, and in no
        score.
    regularization : Regularization or None, default=None
        Dropout, noise, penalties, decay, clipping and max-norm: `lamina.Regularization`. Its
        options are parameters too, as ``regularization__dropout``; so are those of every object.
    standardize : bool or "X", default=False
        Whether the features are brought to mean 0 and variance 1 first, in `predict` too. The
        statistics are those of the first fit's samples and sample weights, and stay as long as
        the weights do, over `partial_fit` and warm starts; a sparse X is scaled and not centred.
    missing : {"error", "learn"}, default="error"
        What to do with NaN in X: raise, or replace it by the column's mean and add an input m,
        1 where a number is missing and else 0, for each column with NaN in the first fit. A unit
        of the first layer with the weights w of the column and v of m then takes for a missing
        number ``w mean + v = w r``, r being ``mean + v / w``: the replacement is learnt, for each
        unit its own.
    scoring : str, callable, list or dict of them, or None, default=None
        scikit-learn's scorers by name, or functions of (estimator, X, y): measured on each
        evaluation set, and on held-out samples, after each epoch. Larger is better.
    callbacks : list of Callback or None, default=None
        Hear of each epoch and may stop training: `lamina.callbacks`.
    diagnose : bool or Recorder, default=False
        Whether to record in ``record_`` what each layer does in each epoch, or what else to record:
        `lamina.Recorder`. The model is the same.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    class_weight_ : ndarray of shape (n_classes,)
        Only with ``class_weight``; for several labels the weights are in ``network_.loss``.
    temperature_ : float
        What z is divided by before the output function; only after `calibrate`.
    imputer_ : sklearn.impute.SimpleImputer
        Only with ``missing="learn"``.
    x_scaler_ : sklearn.preprocessing.StandardScaler
        Only with ``standardize``. Of the features, once imputed, not of the added inputs.
    coefs_, intercepts_ : list of ndarray
        Weights of shape (d_{l-1}, d_l) and biases of shape (d_l,) of each layer.
    slopes_ : list of ndarray or None
        Only with the activation "prelu": the learned slopes (d_l,) of each layer that has them.
    loss_, best_loss_ : float
        Last and smallest loss; `best_loss_` is None with ``early_stopping=True``.
    loss_curve_ : list of float
        Loss of each epoch, or of each iteration of "lbfgs".
    validation_scores_, best_validation_score_ : list of float and float, or None
        With early stopping that goes by a score.
    history_ : mapping of str to ndarray
        What each epoch gave, as a table: `lamina.estimators.measuring.history.TrainingHistory`.
    record_ : Record
        What each layer did, only with `diagnose`: `lamina.training.Record`.
    stop_reason_ : str
        Why the last training ended, in a sentence.
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
        loss: Any = "log_loss",
        class_weight: Any = None,
        regularization: Any = None,
        standardize: Any = False,
        missing: str = "error",
        scoring: Any = None,
        callbacks: Any = None,
        diagnose: Any = False,
    ) -> None:
        self._keep(locals())

    @available_if(check_stochastic)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        eval_set: Any = None,
    ) -> Self:
        """Train for one epoch on X and y, going on from where the estimator stands.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will bring: required in the first call.
        eval_set
            As for `fit`: measured after the epoch.

        Returns
        -------
        self
        """
        weights.refuse_balanced(self.class_weight)
        return self._fit(X, y, sample_weight, incremental=True, classes=classes, eval_set=eval_set)

    @available_if(check_batches)
    def fit_batches(
        self,
        batches: Any,
        *,
        classes: Any = None,
        eval_set: Any = None,
        shuffle_rows: int | None = None,
    ) -> Self:
        """Train on chunks of rows that need not fit into memory together.

        The model is that of `fit` on all rows: for ``max_iter`` epochs the chunks are iterated
        over, and their rows are cut into mini-batches of `batch_size` wherever chunks begin and
        end. With ``shuffle=False`` the weights are those of `fit` bit for bit, but for the
        rounding of what `standardize` and `missing` find.

        Parameters
        ----------
        batches : iterable, or function that returns one
            Of ``(X, y)`` or ``(X, y, sample_weight)``, each as for `fit` and of any number of rows:
            a list, a generator function, a loader. What can be iterated over only once, such as a
            generator, serves for ``max_iter=1``.
        classes : array-like of shape (n_classes,), default=None
            All classes that the chunks have; None: they are found in a pass over all chunks.
        eval_set
            As for `fit`; needed for early stopping, since no samples are held out.
        shuffle_rows : int in [1, inf) or None, default=None
            Rows that are gathered and shuffled together, and the measure of the memory in use; None
            is what 64 MiB hold. If all rows are no more, they are shuffled as `fit` shuffles them.
            Rows of the same class or time in long runs are to be mixed before they come here.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As for `fit`; the error names the chunk, counted from 0, and the row in it. What the
            iterable itself raises ends training and goes on to the caller; the estimator then has
            the weights up to there.

        Notes
        -----
        A pass over all chunks before the training finds what only all of them tell, where that is
        asked for: the classes, the statistics of ``standardize`` and ``missing="learn"``, the
        weights of ``class_weight="balanced"``, and the length of a schedule that goes by the end
        of training.

        Examples
        --------
        >>> import lamina, numpy as np
        >>> def chunks():
        ...     random = np.random.default_rng(0)
        ...     for _ in range(10):
        ...         X = random.normal(size=(300, 2))
        ...         yield X, X[:, 0] > X[:, 1]
        >>> model = lamina.MLPClassifier((8,), max_iter=50, tol=0.01, random_state=0)
        >>> model.fit_batches(chunks, classes=[False, True]).predict([[1, 0], [0, 1]])
        array([ True, False])
        """
        stream = Stream(batches, classes, shuffle_rows)
        return self._fit(None, None, None, incremental=False, eval_set=eval_set, stream=stream)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, or of each label.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), columns in the order of ``classes_``
        """
        tempered = "temperature_" in self.__dict__
        p = self._tempered(X) if tempered else self._predictions(X)
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

    def calibrate(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the temperature of the probabilities to samples that the fit has not seen.

        A network that is trained for long is too sure of itself. The output function is then
        applied to ``z / T`` in place of z: softmax, or logistic for two classes and for several
        labels. T makes the mean cross-entropy of the samples the smallest (Guo et al., 2017, "On
        Calibration of Modern Neural Networks", section 4.2). `predict_proba` and `predictor` use
        it; `predict` gives the same labels as before. The next fit removes it.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels that the classifier knows.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If no T above 0 is the best: the network has all samples right, or what it says of
            them is worse than nothing.

        Examples
        --------
        >>> from lamina import MLPClassifier
        >>> from sklearn.datasets import load_breast_cancer
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> model = MLPClassifier(standardize=True, solver="lbfgs", alpha=0, random_state=0)
        >>> model.fit(X[:300], y[:300]).calibrate(X[300:], y[300:]).temperature_ > 2
        True
        """
        check_is_fitted(self)
        if len(self.classes_) < 2:
            raise ValueError("a classifier of one class has no temperature")
        X, y = self._validate(X, y, first=False, incremental=True, classes=None)
        own = inputs.check_weights(sample_weight, X)
        z = self._bare(calibration.without_output(self.network_))(preprocessing.apply(self, X))
        self.temperature_ = calibration.fit(z, y, own, self.network_.output)
        return self

    def predictor(self) -> Predictor:
        """Return a bare function of X for the weights as they are now.

        As `MLPRegressor.predictor`, and calibrated like `predict_proba`; there is one column for
        two classes.
        """
        if "temperature_" not in self.__dict__:
            return super().predictor()
        return preprocessing.around(self, self._tempered_network())

    def _tempered_network(self) -> Predictor:
        """Return the calibrated network as a function of its own inputs."""
        z = self._bare(calibration.without_output(self.network_))
        return calibration.around(z, self.network_.output, self.temperature_)

    def _tempered(self, X: Any) -> np.ndarray:
        """Return the calibrated network's predictions (n_samples, n_outputs)."""
        X = inputs.check_x(self, X, self.coefs_[0].dtype, reset=False)
        return self._tempered_network()(preprocessing.apply(self, X))

    def _weighed(self, data: Data) -> Data:
        self.__dict__.pop("class_weight_", None)
        if self.class_weight is None:
            return data
        if self._label_binarizer.y_type_.startswith("multilabel"):
            self.network_ = weights.in_loss(self.class_weight, self.network_, data)
            return data
        self.class_weight_ = weights.of_classes(self.class_weight, self.classes_, data)
        return weights.checked(weights.of_samples(self.class_weight_, data))

    def _weighed_alike(self, data: Data) -> Data:
        if "class_weight_" not in self.__dict__:
            return data
        return weights.of_samples(self.class_weight_.astype(data.y.dtype), data)

    def _network(self, n_inputs: int, n_outputs: int, dtype: np.dtype) -> Network:
        units, names = translate.hidden_layers(self)
        several = self._label_binarizer.y_type_ == "multiclass"
        output, loss = losses.of_classifier(self.loss, several, dtype)
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
        weights.check(self.class_weight, multilabel=y.ndim == 2)
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
