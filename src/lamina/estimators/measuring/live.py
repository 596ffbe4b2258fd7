"""An estimator whose weights are under training, for scorers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lamina.estimators import layers

STALE = {*layers.NAMES, "_forward"}  # those of an earlier fit


class Live:
    """Mixed into an estimator's class: the present weights are read when they are asked for.

    It shares the estimator's other attributes and knows the predictions for one X, so that a
    scorer costs no forward pass of its own, and one that wants only predictions no copy of the
    weights.
    """

    def show(self, trainer: Any, x: Any = None, prediction: Any = None) -> None:
        """Stand where `trainer` stands, and know the prediction for `x`."""
        self.__dict__.update(_trainer=trainer, _known=(x, prediction))
        for name in STALE:
            self.__dict__.pop(name, None)

    def _predictions(self, X: Any) -> np.ndarray:
        known = self.__dict__.get("_known")  # a clone has none
        if known is not None and X is known[0]:
            return known[1].copy()
        return super()._predictions(X)  # type: ignore[misc]

    def __getattr__(self, name: str) -> Any:
        if name not in layers.NAMES or "_trainer" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        layers.show(self, self.__dict__["_trainer"].read()[0])
        return object.__getattribute__(self, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Become a fitted estimator of one's own class: pickle cannot find this one."""
        if "_trainer" not in self.__dict__:
            return super().__reduce_ex__(protocol)
        kind: Any = type(self).__mro__[2]
        model = object.__new__(kind)
        hidden = {"_trainer", "_known"}
        model.__dict__.update({k: v for k, v in self.__dict__.items() if k not in hidden})
        parameters = self.__dict__["_trainer"].read()[0]
        model = model._snapshot(parameters, len(self._state.history.loss))
        return _settled, (kind, model.__getstate__())


def live(estimator: Any) -> Any:
    """Return a view of an estimator that `show` brings to where a trainer stands."""
    kind: Any = type(estimator)
    view: Any = object.__new__(_class(kind))
    view.__dict__.update(estimator.__dict__)
    return view


def _settled(kind: Any, state: Any) -> Any:
    """Return an estimator of a state: what a pickle calls."""
    model = object.__new__(kind)
    model.__setstate__(state)
    return model


@cache
def _class(own: type) -> type:
    return type(own.__name__, (Live, own), {"__module__": own.__module__})
