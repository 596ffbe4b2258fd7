"""What a fitted estimator shows of itself by its own attributes and methods."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from lamina.estimators.inspection import sample_losses
from lamina.estimators.measuring.history import TrainingHistory
from lamina.training import Record


class Inspection:
    """The history and the record of the fit, losses of samples, and the page about it all."""

    _state: Any

    @property
    def history_(self) -> TrainingHistory:
        """What each epoch gave: `lamina.estimators.measuring.history.TrainingHistory`."""
        if "_state" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no history_ before it is fitted")
        return TrainingHistory(self._state.history)

    @property
    def record_(self) -> Record:
        """What each layer did in each epoch: only with ``diagnose``."""
        state = self.__dict__.get("_state")
        if state is None or state.record is None:
            why = "before it is fitted" if state is None else "without diagnose=True"
            raise AttributeError(f"{type(self).__name__} has no record_ {why}")
        return state.record

    def sample_losses(self, X: Any, y: Any) -> np.ndarray:
        """Return the loss of each sample, for instance to find those that are labelled wrongly.

        It is the loss that was trained on, without penalty, for the weights as they are now; their
        mean is the loss that ``eval_set`` measures. Units are those of training: a target that
        ``standardize`` scaled is measured in its scale, and `calibrate` changes nothing. What
        samples and classes weigh does not count, but for weights that are within the loss, as
        those of several labels are.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        ndarray of shape (n_samples,)
            In float64.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If the data are not as they should be.

        Examples
        --------
        >>> import lamina
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier(solver="lbfgs", max_iter=50, random_state=0).fit(X, y)
        >>> model.sample_losses(X, y).argmax()     # a versicolor that looks like a virginica
        np.int64(83)
        """
        return sample_losses.sample_losses(self, X, y)

    def report(self, path: str | PathLike[str], X: Any = None, y: Any = None) -> None:
        """Write what there is to know of the fitted network as one page of HTML, atomically.

        The page needs no other file, no network and no script, follows the light or dark theme of
        its reader, and has its pictures in words too. It has the findings of `lamina.diagnose`,
        the network drawn, the learning curves, what ``diagnose`` recorded, settings, data,
        environment, and how to get the same weights again; with `X` and `y` the scores. The same
        model and samples give the same page on the same machine: no time or date is in it.

        Parameters
        ----------
        path : str or path-like
            A file that is there is replaced.
        X : array-like, data frame or sparse matrix of shape (n_samples, n_features), optional
            Samples to look at, best such as the network was not trained on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
            What is true of them; a class that the network does not know counts as wrong.

        Raises
        ------
        ArgumentError
            If `path` is no path, or there is a `y` without `X`.
        NotFittedError
            Before `fit`.
        OSError
            If the file cannot be written.
        ValueError
            If the samples are not as they should be.

        Examples
        --------
        >>> import lamina, pathlib, tempfile
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier(4, standardize=True, solver="lbfgs", random_state=0)
        >>> path = pathlib.Path(tempfile.mkdtemp(), "run.html")
        >>> model.fit(X[::2], y[::2]).report(path, X[1::2], y[1::2])
        >>> page = path.read_text(encoding="utf-8")
        >>> "3 classes from 4 features" in page, "://" in page
        (True, False)
        """
        # The page stands on all that is above the estimators, and is imported where it is wanted.
        from lamina import report

        report.write(self, path, X, y)
