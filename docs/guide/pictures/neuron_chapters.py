"""Pictures of the chapters from the neuron up: lamina's displays of what the chapters compute."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from picture import Picture, new
from sklearn.datasets import load_iris

import lamina
from lamina import displays
from lamina.descent import ExactLineSearch, convergence_rates, descend
from lamina.linear import DeepLinear, LinearAutoencoder, Moments
from lamina.neurons import (
    BooleanNetwork,
    McCullochPittsNeuron,
    Perceptron,
    SigmoidNeuron,
    Unit,
    approximate,
    rows,
    separate,
)

INPUTS, AND = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]


def mcculloch_pitts_neuron() -> Picture:
    """Draw the chapter's first neuron."""
    neuron = McCullochPittsNeuron(n_excitatory=2, n_inhibitory=1, threshold=1)
    display = displays.NeuronDisplay.from_neuron(neuron).plot()
    return Picture(
        display.figure_,
        "A McCulloch-Pitts neuron: arrows from the excitatory inputs x1 and x2, a line with a "
        "circle from the inhibitory x3, the threshold 1 in the body, the output y.",
    )


def mcculloch_pitts_separation() -> Picture:
    """Draw a plane half-way, and a point in both hulls."""
    found = separate([[0, 0], [0, 4], [3, 0], [5, 9]], ["left", "left", "right", "right"])
    figure, panels = new(8.6, 3.8, columns=2)
    for ax, separation in zip(panels, (found, separate(rows(2), [0, 1, 1, 0])), strict=True):
        displays.SeparationDisplay.from_separation(separation).plot(ax)
        ax.title.set_fontsize(9.5)
    return Picture(
        figure,
        f"Left: four points and the line at distance {found.margin:g} from the nearest of either "
        f"class. Right: XOR, whose two hulls are the diagonals of a square and meet in its middle, "
        f"(0.5, 0.5).",
    )


def perceptron_line() -> Picture:
    """Draw the lines of a perceptron that learns AND."""
    model = Perceptron(trace=True).fit(INPUTS, AND)
    display = displays.PerceptronDisplay.from_estimator(model, INPUTS, AND).plot()
    return Picture(
        display.figure_,
        f"The four points of AND, the lines of the perceptron after its corrections, the later "
        f"the darker, and the last one after {model.n_corrections_} corrections, with (1, 1) alone "
        f"on its side.",
    )


def perceptron_corrections() -> Picture:
    """Draw the bound beside the run."""
    model = Perceptron(trace=True).fit(INPUTS, AND)
    display = displays.CorrectionsDisplay.from_estimator(model).plot()
    return Picture(
        display.figure_,
        f"Above, on logarithmic axes, k γ and √k R, which meet at {model.bound_:.0f} corrections, "
        f"and between them w·w* and ‖w‖ of the run, which ends after {model.n_corrections_}. Below "
        f"the angle between w and w*, which goes up and down on its way to "
        f"{model.trace_.as_frame()['angle'].iloc[-1]:.1f}°.",
    )


def boolean_networks_xor() -> Picture:
    """Draw XOR as a network, with an input."""
    xor = BooleanNetwork("x1 xor x2")
    display = displays.BooleanNetworkDisplay.from_network(xor, x=[0, 1]).plot()
    return Picture(
        display.figure_,
        "The network for XOR: two inputs below, four hidden perceptrons, one output above. Given "
        "(0, 1) one hidden perceptron fires, and so does the output.",
    )


def approximation_towers() -> Picture:
    """Draw the sine by towers."""
    found = approximate(np.sin, (0, 2 * np.pi), tolerance=0.1)
    display = displays.ApproximationDisplay.from_approximation(found).plot()
    return Picture(
        display.figure_,
        f"The sine from 0 to 2π, a staircase of {found.n_units} steps along it, the towers that "
        f"it is made of, and below the error, which stays within the tolerance of 0.1.",
    )


def sigmoid_neuron_surface() -> Picture:
    """Draw the loss of the four points on the board, as a map and as a landscape."""
    X, y = [[-3, -3], [-2, -2], [4, 4], [2, -5]], [1, 1, 0, 0]
    neuron = SigmoidNeuron("sum_squared_error", fit_intercept=False, step=0.1).fit(X, y)
    box = ((-4, 4), (-4, 4))
    display = displays.LossSurfaceDisplay.from_estimator(neuron, X, y, box=box)
    figure = plt.figure(figsize=(8.2, 3.7), layout="constrained")
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2, projection="3d")
    for ax, kind in ((left, "contour"), (right, "surface")):
        display.plot(ax, kind=kind)
        ax.set_title("")
    right.get_legend().remove()
    return Picture(
        figure,
        "The error over the two weights as a map and as a landscape: flat terraces at heights near "
        "0, 1, 3 and 4 with cliffs between them, and the path of the descent from 1 at w = 0 down "
        "to 0.",
    )


def linear_networks_modes() -> Picture:
    """Draw four modes, learnt one after the other."""
    moments = Moments(np.eye(4), np.diag([4.0, 3.0, 2.0, 1.0]), yy=30.0)
    run = DeepLinear.balanced(moments, depth=2, scale=1e-3, random_state=0).descend(moments)
    display = displays.ModeDynamicsDisplay.from_dynamics(run).plot()
    return Picture(
        display.figure_,
        "Four modes of strengths 4, 3, 2 and 1 against time: each stays near 0, then rises steeply "
        "to its strength, half way at t = 1.0, 1.3, 1.9 and 3.5; the dots of the exact solution "
        "lie on the lines of the run.",
    )


def linear_autoencoder_spectrum() -> Picture:
    """Draw what every rank loses."""
    model = LinearAutoencoder(2, solver=lamina.Momentum(), random_state=0).fit(load_iris().data)
    display = displays.AutoencoderSpectrumDisplay.from_estimator(model).plot()
    return Picture(
        display.figure_,
        "The least error of a code by its number of units, 0 to 4, for iris: a line that falls "
        "steeply to one unit and slowly after; a diamond, the trained autoencoder with two units, "
        "lies on it and loses 2.23%.",
    )


def units_logistic() -> Picture:
    """Draw the level sets and gradients of a ridge unit."""
    unit = Unit([1, 2], -1, "logistic")
    display = displays.UnitDisplay.from_unit(unit, ((-3, 3), (-3, 3))).plot()
    return Picture(
        display.figure_,
        "Values of a logistic unit of two inputs as colours: parallel level lines, close together "
        "in the middle, and arrows of the gradient at right angles to them, longest where the "
        "value is 0.5.",
    )


def descent_paths() -> Picture:
    """Draw two descents into one valley."""
    f = lambda x: x[0] ** 2 + 10 * x[1] ** 2  # noqa: E731
    gradient = lambda x: np.array([2 * x[0], 20 * x[1]])  # noqa: E731
    start = [10.0, 1.0]
    race = {
        "exact line search": descend(f, start, gradient=gradient, step=ExactLineSearch()),
        "momentum": descend(f, start, gradient=gradient, rule=lamina.Momentum(), step=0.01),
    }
    display = displays.SurfaceDisplay.from_function(f, None, race).plot()
    steps = [path.n_steps for path in race.values()]
    return Picture(
        display.figure_,
        f"Level sets of x² + 10 y², ellipses, and two paths from (10, 1) to the minimum in the "
        f"middle: exact line search zigzags in {steps[0]} steps, momentum takes {steps[1]} and "
        f"swings to and fro.",
    )


def descent_rates() -> Picture:
    """Draw the measured rates against the stated ones."""
    table = convergence_rates(n_steps=300)
    display = displays.RateDisplay.from_rates(table).plot()
    return Picture(
        display.figure_,
        "The gap to the optimum against the step on logarithmic axes, for four methods and their "
        "bounds: nearly straight lines with slopes of about -0.5 for subgradients, -1 for gradient "
        "steps and for stochastic steps, and -2 for Nesterov's momentum; none above its bound.",
    )
