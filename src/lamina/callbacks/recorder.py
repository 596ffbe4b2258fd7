"""A callback that remembers the learning rates."""

from __future__ import annotations

import numpy as np

from lamina.estimators.running.callback import Callback, Run


class LearningRateRecorder(Callback):
    """Remembers the learning rate of each step of a fit.

    After `lamina.resume` it knows the steps from the checkpoint on.

    Attributes
    ----------
    steps_ : ndarray of int
        Numbers of the steps, from 1.
    rates_ : ndarray of float
        The learning rate of each.

    Examples
    --------
    >>> import lamina
    >>> recorder = lamina.callbacks.LearningRateRecorder()
    >>> wave = lamina.Triangular(initial=0.1, half=2)
    >>> model = lamina.MLPRegressor(learning_rate=wave, max_iter=5, callbacks=[recorder])
    >>> recorder = model.fit([[0.0], [1.0]], [0.0, 1.0]).callbacks[0]
    >>> recorder.rates_
    array([0.  , 0.05, 0.1 , 0.05, 0.  ])
    """

    def on_train_begin(self, run: Run) -> None:
        """Forget an earlier fit."""
        self._first, self._parts = run.step, list[np.ndarray]()
        self._epoch = run.epoch

    def on_epoch_end(self, run: Run) -> None:
        """Take note of an epoch's steps."""
        self._parts.append(run.learning_rates)
        self._epoch = run.epoch

    def on_train_end(self, run: Run) -> None:
        """Take note of an epoch that was cut off, and make the arrays."""
        missing = run.step - self._first - sum(len(part) for part in self._parts)
        if missing > 0:
            self._parts.append(run.learning_rates[:missing])
        self.rates_ = np.concatenate([np.empty(0), *self._parts])
        self.steps_ = np.arange(self._first + 1, self._first + 1 + len(self.rates_))
        del self._parts

    def __repr__(self) -> str:
        return "LearningRateRecorder()"
