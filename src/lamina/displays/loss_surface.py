"""Pictures of a neuron's loss over two of its weights, with the path of its descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina.displays.descent import SurfaceDisplay
from lamina.neurons.models.sigmoid import SigmoidNeuron
from lamina.plan import checks


@dataclass(eq=False, repr=False)
class LossSurfaceDisplay:
    """The loss of a sigmoid neuron over two of its weights, with its path (note 002 §3; note 004).

    After `plot` it has ``ax_`` and ``figure_``.

    Attributes
    ----------
    surface : SurfaceDisplay
    names : (str, str)
        The two weights.
    loss : str
    held : dict of str to float
        The other weights, and where they are held.
    """

    surface: SurfaceDisplay
    names: tuple[str, str]
    loss: str
    held: dict[str, float]

    @classmethod
    def from_estimator(
        cls,
        neuron: SigmoidNeuron,
        X: Any,
        y: Any,
        *,
        weights: Any = None,
        box: Any = None,
        resolution: int = 101,
    ) -> LossSurfaceDisplay:
        """Evaluate the loss on a grid.

        Parameters
        ----------
        neuron : SigmoidNeuron
            Fitted.
        X, y
            The data, usually those of its `fit`.
        weights : (str, str), optional
            Two of the neuron's ``weight_names_``; by default the first two.
        box : ((float, float), (float, float)), optional
            Range of both weights; by default what holds the path, with a margin.
        resolution : int in [2, inf), default=101
            Grid points per weight.

        Returns
        -------
        LossSurfaceDisplay

        Examples
        --------
        >>> from lamina.displays import LossSurfaceDisplay
        >>> from lamina.neurons import SigmoidNeuron
        >>> X, y = [[-3, -3], [-2, -2], [4, 4], [2, -5]], [1, 1, 0, 0]
        >>> neuron = SigmoidNeuron("sum_squared_error", fit_intercept=False).fit(X, y)
        >>> box = ((-3, 3), (-3, 3))
        >>> display = LossSurfaceDisplay.from_estimator(neuron, X, y, box=box, resolution=3)
        >>> display.surface.z[1, 1]           # at w = 0
        np.float64(1.0)
        """
        checks.kind("neuron", neuron, SigmoidNeuron, "a SigmoidNeuron")
        loss = neuron.loss_surface(X, y, weights)
        surface = SurfaceDisplay.from_function(loss, box, loss.path, resolution=resolution)
        named = zip(neuron.weight_names_, loss.held.tolist(), strict=True)
        held = {name: value for name, value in named if name not in loss.names}
        return cls(surface, loss.names, neuron.loss, held)

    def plot(
        self, ax: Any = None, *, kind: str = "contour", n_levels: int = 24
    ) -> LossSurfaceDisplay:
        """Draw it; the parameters are those of `SurfaceDisplay.plot`."""
        self.surface.plot(ax, kind=kind, n_levels=n_levels)
        self.figure_, self.ax_ = self.surface.figure_, self.surface.ax_
        loss = self.loss.replace("_", " ")
        self.ax_.set(xlabel=self.names[0], ylabel=self.names[1])
        if kind == "surface":
            self.ax_.set_zlabel(loss)
        else:
            self.figure_.axes[-1].set_ylabel(loss)  # the colour bar's axes, made last
        held = ", ".join(f"{name} = {value:.3g}" for name, value in self.held.items())
        if len(self.held) > 3:
            held = f"the other {len(self.held)} weights held"
        title = f"Descent of a sigmoid neuron: {loss}"
        self.ax_.set_title(title + (f"\nat {held}" if held else ""))
        return self
