"""A walk-through of forward and backward propagation, and of the update that may follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from lamina.diagnosis.trace import html, text, walk
from lamina.diagnosis.trace.propagation import Passes, follow
from lamina.diagnosis.trace.step import Step
from lamina.diagnosis.trace.update import GoingOn, UpdateTrace, update
from lamina.plan import Network, checks


@dataclass(frozen=True, eq=False, repr=False)
class Trace(Passes):
    """Every value of forward and backward propagation, with the equation that made it.

    What `lamina.trace` returns. ``print(trace)`` shows it as text, a notebook as HTML.

    Attributes
    ----------
    network : Network
    parameters : list of tuples of arrays
    x, y : ndarray of shape (n, d_0) and (n, d_L)
        As the network takes them: h_0 and the targets.
    weights, factors : ndarray of shape (n,) or None
        Sample weights, and factors of the losses that do not count in the mean.
    alpha : float
        L2 penalty: ``½ alpha Σ ‖W‖² / S`` is added to the mean loss.
    layers : list of LayerTrace
        ``layers[l - 1]`` has `z`, `h`, `slope`, `d_h`, `delta`, `gradient`, `bound` of layer l.
    prediction : ndarray of shape (n, d_L)
    loss : ndarray of shape (n,)
        ℓ of each sample.
    objective : float
        L, what the gradients are derivatives of.
    d_x : ndarray of shape (n, d_0)
        ∂ℓ/∂x, of a batch with weights s and factors c that of the weighed loss s c ℓ.
    d_prediction, output_slope : ndarray of shape (n, d_L) or None
        ∂ℓ/∂ŷ, and the slope of the output function, where the chain rule goes by them.
    before, after : tuple of Step
        What an estimator does to X and y, and what it answers.
    inputs, outputs : tuple of str
        Names of the columns of h_0, and of z_L, ŷ, y and δ_L: features and classes.
    going_on : GoingOn or None
        An estimator's rule, and where it stands.
    """

    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    going_on: GoingOn | None = None

    @property
    def n_samples(self) -> int:
        """Number of samples n."""
        return len(self.x)

    @property
    def steps(self) -> list[Step]:
        """Every value in the order in which it is computed, with its equation and source."""
        targets = [replace(s, part=walk.LOSS) for s in self.before if s.name in ("Y", "y")]
        found = [replace(s, part=walk.INPUT) for s in self.before if s.name not in ("Y", "y")]
        for step in walk.steps(self, self.inputs, self.outputs):
            found += targets if step.name == "y" and targets else [step]
            if step.name == "ŷ":
                found += [replace(own, part=walk.LOSS) for own in self.after]
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every value by its key: "z_1", "h_1", "delta_1", "dW_1", "loss" and so on.

        "slope_1" is φ′_1, "dh_1" is ∂ℓ/∂h_1, "dprediction" is ∂ℓ/∂ŷ; "bound" has a row per layer
        and the columns of `Step.columns`. What an estimator does before and after has no key here.
        """
        return {step.key: np.asarray(step.value) for step in walk.steps(self)}

    def __getitem__(self, key: str) -> np.ndarray:
        """Return one of `arrays` by its key, as in ``trace["z_1"]``."""
        own = self.arrays()
        if key not in own:
            raise KeyError(f"{key!r} is none of {', '.join(own)}")
        return own[key]

    def sample(self, i: int) -> Trace:
        """Return the trace of one sample's own loss: no weights, no penalty.

        Its gradients of the weights are the outer products ``h_{l-1}ᵀ δ_l`` (note 004).

        Parameters
        ----------
        i : int in [-n, n)
        """
        n = self.n_samples
        checks.integer("i", i, f"[{-n}, {n - 1}]")
        rows = [i % n]
        kept = replace(
            self,
            before=tuple(step.of(rows) for step in self.before),
            after=tuple(step.of(rows) for step in self.after),
        )
        return kept._with(self.parameters, self.x[rows], self.y[rows])

    def at(self, parameters: Any) -> Trace:
        """Return the trace of the same samples, weights and penalty at other parameters.

        What an estimator answers, and where its training stands, are not theirs and left out.
        """
        own = self.x, self.y, self.weights, self.factors, self.alpha
        return replace(self, after=(), going_on=None)._with(parameters, *own)

    def _with(self, parameters: Any, *own: Any) -> Trace:
        """Return the trace of `follow`'s arguments, with the names and steps of this one."""
        names = "before", "after", "inputs", "outputs", "going_on"
        kept = {name: getattr(self, name) for name in names}
        return Trace.of(self.network, parameters, *own, **kept)

    def update(
        self,
        rule: Any = None,
        rate: Any = None,
        slots: Any = None,
        step: int | None = None,
        alpha: Any = None,
    ) -> UpdateTrace:
        """Follow one update of these parameters by a rule, with this gradient.

        Each move is split into what the rule remembers and what this gradient adds; see
        `UpdateTrace` for what that means.

        Parameters
        ----------
        rule : Rule, optional
            For instance ``lamina.Adam()`` or ``lamina.AdamW(strength=0.1)``. A schedule within it
            stands where `step` says; one that counts epochs or samples, at its start. By default,
            of a fitted estimator, its own rule, with the learning rate, slots and step that its
            next `partial_fit` would go on with, which adds what the estimator's `Regularization`
            asks for: that is left out here, and `UpdateTrace.left_out` names it.
        rate : float in [0, inf) or Schedule, optional
            Learning rate; by default 1e-3, or the ``learning_rate_init`` of an estimator.
        slots : list of lists of tuples of arrays, optional
            The rule's state before the step, ``slots[layer][parameter][slot]``; zeros by default.
        step : int in [1, inf), optional
            Number of the step, on which bias corrections depend; 1 by default.
        alpha : float in [0, inf), optional
            Another L2 penalty than that of this trace.

        Returns
        -------
        UpdateTrace

        Raises
        ------
        ArgumentError
            If an argument is of another kind, shape or range; without a rule also if the
            estimator has none to go on with (L-BFGS), or its learning rate has come to its end.
        """
        if alpha is not None:
            own = self.x, self.y, self.weights, self.factors, alpha
            return self._with(self.parameters, *own).update(rule, rate, slots, step)
        going_on = GoingOn() if self.going_on is None else self.going_on
        if rule is not None:
            going_on = going_on.by(rule)
        return update(self, going_on.given(rate, slots, step))

    @classmethod
    def of(cls, network: Network, parameters: Any, *own: Any, **steps: Any) -> Self:
        """Return the trace of `follow`'s arguments, with an estimator's own steps."""
        return cls(**vars(follow(network, parameters, *own)), **steps)

    @property
    def title(self) -> str:
        """What is followed, in a line."""
        n = self.n_samples
        own = self.network
        hidden = [f"{layer.units} {layer.called}" for layer in own.layers[:-1]]
        chain = " → ".join([str(own.n_inputs), *hidden, f"{own.n_outputs} {own.output}"])
        loss = own.loss_name.replace("_", " ")
        return f"{chain}, {loss}, {n} sample{'s' * (n > 1)}"

    def text(self, digits: int = 4, rows: int = 6, width: int = 100) -> str:
        """Return the walk-through as text.

        Parameters
        ----------
        digits : int in [1, 17], default=4
            Digits that count, of each number.
        rows : int in [2, 1000], default=6
            Rows, and columns, shown of an array. Columns with names are shown up to 12, and of
            a larger matrix without names the upper left corner.
        width : int in [40, inf), default=100
            Longest line.
        """
        return text.page(self.title, self.steps, digits, rows, walk.legend(self), width)

    def html(self, digits: int = 4, rows: int = 6, page: bool = False) -> str:
        """Return the walk-through as HTML: a part of a page, or with `page` a whole one."""
        checks.flag("page", page)
        shown = html.page if page else html.fragment
        return shown(self.title, self.steps, digits, rows, walk.legend(self))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Trace of {self.title}: loss {self.objective:.6g}>"

    def _repr_html_(self) -> str:
        return self.html()
