"""Pictures of what each epoch of a training gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.utils.validation import check_is_fitted

from lamina.displays.figure import COLOURS, axes, legend
from lamina.estimators.base import BaseMLP
from lamina.estimators.html import curves, facts
from lamina.estimators.measuring.history import TrainingHistory
from lamina.plan import checks

BLUE_FIRST = (COLOURS[1], COLOURS[0], *COLOURS[2:])
HEIGHT = 3.2  # of one panel, in inches


@dataclass(eq=False, repr=False)
class LearningCurvesDisplay:
    """Losses and scores by epoch, with the best epoch marked.

    Made by `from_estimator` or `from_history`; after `plot` it has ``ax_`` (the axes of the losses,
    or of the scores if there are no losses), ``score_ax_`` (those of the scores, or None),
    ``figure_``, ``lines_`` (by name) and ``best_`` (the upright line at the best epoch, or None).

    Attributes
    ----------
    history : TrainingHistory
    losses, scores : list of str
        The columns of the history that are drawn.
    unit : str
        What the history counts: "epoch", or "iteration" of L-BFGS.
    """

    history: TrainingHistory
    losses: list[str]
    scores: list[str]
    unit: str = "epoch"

    @classmethod
    def from_estimator(
        cls, estimator: Any, names: Sequence[str] | None = None
    ) -> LearningCurvesDisplay:
        """Take the curves of a fitted estimator.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        names : sequence of str, optional
            Columns of ``history_``: by default the loss, and each set's loss and scores.

        Returns
        -------
        LearningCurvesDisplay

        Raises
        ------
        ArgumentError
            If `estimator` is of another kind, or a name is not one of a loss or a score.
        NotFittedError
            If it is not fitted.

        Examples
        --------
        >>> import lamina
        >>> from lamina.displays import LearningCurvesDisplay
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = lamina.MLPClassifier(8, early_stopping=True, max_iter=300, random_state=0)
        >>> display = LearningCurvesDisplay.from_estimator(model.fit(X, y))
        >>> display.losses, display.scores
        (['loss', 'validation_loss'], ['validation_score'])
        """
        checks.kind("estimator", estimator, BaseMLP, "an MLPClassifier or an MLPRegressor")
        check_is_fitted(estimator)
        return cls._of(
            estimator.history_, names, facts.scorers(estimator), facts.unit(estimator, 1)
        )

    @classmethod
    def from_history(
        cls, history: TrainingHistory, names: Sequence[str] | None = None
    ) -> LearningCurvesDisplay:
        """Take the curves of a history, such as ``estimator.history_`` or a callback's.

        Parameters
        ----------
        history : TrainingHistory
        names : sequence of str, optional
            As for `from_estimator`.

        Returns
        -------
        LearningCurvesDisplay
        """
        checks.kind("history", history, TrainingHistory, "a TrainingHistory")
        return cls._of(history, names, (), "epoch")

    @classmethod
    def _of(
        cls, history: TrainingHistory, names: Any, scorers: Any, unit: str
    ) -> LearningCurvesDisplay:
        losses, scores = curves.losses_and_scores(history, scorers)
        if names is not None:
            known = [*losses, *scores]
            if isinstance(names, str) or not isinstance(names, Sequence) or not names:
                raise checks.fail("names", f"a list of names out of {known}", names)
            for name in names:
                checks.choice("every entry of names", name, known)
            losses, scores = ([n for n in own if n in names] for own in (losses, scores))
        return cls(history, losses, scores, unit)

    def plot(self, ax: Any = None) -> LearningCurvesDisplay:
        """Draw the losses and, below them on axes of their own, the scores.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default new ones. In given axes the scores have an axis at the right.

        Returns
        -------
        LearningCurvesDisplay
            Itself.
        """
        both = bool(self.losses and self.scores)
        options = {"nrows": 1 + both, "sharex": True} if ax is None else {}
        size = (7, HEIGHT * (1 + both) + 0.6)
        self.figure_, made = axes(ax, figsize=size, squeeze=False, **options)
        panels = made.ravel().tolist() if ax is None else [ax]
        if both and ax is not None:
            panels.append(ax.twinx())
        self.ax_, self.score_ax_ = panels[0], panels[-1] if self.scores else None
        looks = curves.styles([*self.losses, *self.scores], BLUE_FIRST)
        self.lines_: dict[str, Any] = {}
        self.best_ = None
        groups = [(n, w) for n, w in ((self.losses, "loss"), (self.scores, "score")) if n]
        for panel, (names, what) in zip(panels, groups, strict=True):
            self.lines_ |= curves.draw(panel, self.history, {name: looks[name] for name in names})
            best = curves.dress(panel, self.history, names, what, self.unit)
            self.best_ = self.best_ or best
        self._finish(panels, ax is not None)
        return self

    def _finish(self, panels: list[Any], given: bool) -> None:
        """Label what is shared by the panels."""
        if given and len(panels) > 1:
            panels[1].spines["right"].set_visible(True)
            panels[1].grid(visible=False)
        elif len(panels) > 1:
            panels[0].set_xlabel("")
        panels[0].set_title("Learning curves")
        named = dict(self.lines_)
        if self.best_ is not None:
            named[f"best {self.unit}: {self.history.best_epoch}"] = self.best_
        # Names are the user's: none of them is a formula, or to be left out.
        handles, safe = list(named.values()), [str(i) for i in range(len(named))]
        own = {} if given or len(panels) < 2 else {"bbox_to_anchor": (0.5, -0.2)}
        box = legend(panels[-1], given, handles=handles, labels=safe, **own)
        for text, name in zip(box.get_texts(), named, strict=True):
            text.set_parse_math(False)
            text.set_text(name)
