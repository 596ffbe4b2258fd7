"""Estimators as files of numbers and JSON."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from lamina import codec
from lamina.estimators import layers
from lamina.estimators.data import preprocessing
from lamina.estimators.measuring import scoring
from lamina.plan import Network
from lamina.training import State

LATER = {  # parameters that files of the first version lack: they have their defaults
    "loss",
    "class_weight",
    "regularization",
    "standardize",
    "missing",
    "scoring",
    "callbacks",
    "diagnose",
}
FITTED = {
    "coefs_",
    "intercepts_",
    "slopes_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "stop_reason_",
    "n_iter_",
    "t_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_features_in_",
    "feature_names_in_",
    "network_",
    "classes_",
    "class_weight_",
    "temperature_",
    *preprocessing.ATTRIBUTES,
    "_label_binarizer",
    "_state",
}


class Saving:
    """What an estimator does to be saved, and to be restored by `lamina.load`."""

    network_: Any
    _state: Any
    get_params: Any
    _get_ready: Any
    _get_param_names: Any

    def save(self, path: str | PathLike[str]) -> None:
        """Write the estimator to a file of numbers and JSON, atomically.

        Reading it back by `lamina.load` gives the same bits, training state included, and never
        executes code. What is code is left out: `callbacks`, and `scoring` unless it is names. So
        is what tells one run from another of the same bits: the history's seconds.

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
        return codec.dumps(type(self).__name__, self._kept(dict(vars(self))))

    def _kept(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return those of its attributes that a file holds."""
        own = {*self._get_param_names(), *FITTED}  # others may have left something of theirs
        kept = {name: value for name, value in attributes.items() if name in own}
        kept["callbacks"] = None
        if not scoring.names_only(kept["scoring"]):
            kept["scoring"] = None
        if "_state" in kept:  # its parameters stand in attributes of their own
            history = replace(kept["_state"].history, seconds=[])
            kept["_state"] = replace(kept["_state"], parameters=[], history=history)
        return kept

    def restore(self, attributes: dict[str, Any]) -> None:
        """Take over what `to_bytes` kept; ValueError if it cannot be an estimator of this kind."""
        known = set(self.get_params(deep=False))
        strange = sorted(set(attributes) - known - FITTED)
        if strange or not known - LATER <= set(attributes):
            raise ValueError(f"its attributes are not those of {type(self).__name__}")
        self.__dict__.update(attributes)
        if not hasattr(self, "coefs_"):
            return
        if not attributes.keys() >= {"network_", "_state", "intercepts_", "n_features_in_"}:
            raise ValueError("a part is missing")
        if not isinstance(self.network_, Network) or not isinstance(self._state, State):
            raise ValueError("a part is of another kind")
        parameters = layers.of(self)
        shapes = [[getattr(p, "shape", None) for p in own] for own in parameters]
        preprocessing.check_restored(self)
        if shapes != self.network_.shapes or self.network_.n_inputs != preprocessing.n_inputs(self):
            raise ValueError("the weights are not of the network's shapes")
        self._state.parameters = parameters
        history = self._state.history
        history.seconds = [np.nan] * len(history.loss)
        self._get_ready()
