"""Pictures of the page on pictures of a training."""

from __future__ import annotations

import numpy as np
from picture import Picture
from sklearn.datasets import load_digits, make_circles

import lamina
from lamina.displays import (
    ActivationHistogramsDisplay,
    BoundaryDisplay,
    GradientFlowDisplay,
    RepresentationsDisplay,
    UnitHealthDisplay,
    WeightHistogramsDisplay,
    WeightSpectraDisplay,
)


def _digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def _deep():
    """Return the page's deep network of logistic units, whose gradients vanish."""
    model = lamina.MLPClassifier(
        (16,) * 7, "logistic", max_iter=40, n_iter_no_change=40, random_state=0, diagnose=True
    )
    return model.fit(*_digits())


def _hot():
    """Return the page's network that learns too fast, so that units die."""
    model = lamina.MLPClassifier(
        (64, 48), learning_rate_init=0.05, max_iter=40, random_state=0, diagnose=True
    )
    return model.fit(*_digits())


def _healthy():
    model = lamina.MLPClassifier((32, 16), max_iter=64, random_state=0, diagnose=True)
    return model.fit(*_digits())


def _circles():
    X, y = make_circles(300, noise=0.1, factor=0.5, random_state=0)
    model = lamina.MLPClassifier((6, 6), "tanh", solver="lbfgs", alpha=0.01, random_state=0)
    return model.fit(X, y), X, y


def pictures_of_training_gradients() -> Picture:
    """Draw the map of the deep network's gradients."""
    model = _deep()
    display = GradientFlowDisplay.from_estimator(model).plot()
    display.figure_.set_size_inches(7, 3.4)
    norms = model.record_["gradient_norm"][-1]
    return Picture(
        display.figure_,
        f"Gradient norm by layer and epoch, on a logarithmic scale of colours: eight stripes, the "
        f"last layer the brightest, each layer before it darker. In the last epoch the norm is "
        f"{norms[-1]:.2f} in layer 8 and below {10 ** np.ceil(np.log10(norms[0])):.5f} in layer 1.",
    )


def pictures_of_training_factors() -> Picture:
    """Draw what the same gradients are made of."""
    model = _deep()
    display = GradientFlowDisplay.from_estimator(model, "factors").plot()
    display.figure_.set_size_inches(8, 5)
    slope = model.record_["slope"][:, :-1]
    return Picture(
        display.figure_,
        f"Four maps of epochs by layers: gradient norm, slope, backflow and input norm. The slope "
        f"of the hidden layers is about {slope.mean():.2f} all along; the backflow gets smaller "
        f"from the last layer to the first, as the gradient does; the input norm is much the same.",
    )


def pictures_of_training_units() -> Picture:
    """Draw the health of the units that learnt too fast."""
    display = UnitHealthDisplay.from_estimator(_hot()).plot()
    display.figure_.set_size_inches(7, 4.4)
    first, second = (display.counts(layer).get("dead", 0) for layer in (1, 2))
    return Picture(
        display.figure_,
        f"A row per unit, a column per epoch, for two layers: light blue where a unit is live, "
        f"orange where it is nearly dead, dark grey where it is dead. At the end {first} of 64 "
        f"units of the first layer are dead and {second} of 48 of the second.",
    )


def pictures_of_training_weights() -> Picture:
    """Draw the weights of a healthy training."""
    model = _healthy()
    display = WeightHistogramsDisplay.from_estimator(model).plot()
    display.figure_.set_size_inches(8, 3.6)
    spread = [float(own.std()) for own in (model.record_.snapshots[0][1][0][0], model.coefs_[0])]
    return Picture(
        display.figure_,
        f"Histograms of the weights of three layers, one above the other from epoch 0 to 64: flat "
        f"boxes at the start, bells with tails at the end. The standard deviation in the first "
        f"layer goes from {spread[0]:.2f} to {spread[1]:.2f}.",
    )


def pictures_of_training_spectra() -> Picture:
    """Draw the singular values of the same training."""
    display = WeightSpectraDisplay.from_estimator(_healthy()).plot()
    display.figure_.set_size_inches(8, 3)
    largest, smallest = (display.values[1][[0, -1], place] for place in (0, -1))
    return Picture(
        display.figure_,
        f"Singular values of the weights of three layers by rank, a line per epoch: the largest "
        f"grow most, in the first layer from {largest[0]:.1f} to {largest[1]:.1f}, the smallest "
        f"from {smallest[0]:.1f} to {smallest[1]:.1f}.",
    )


def pictures_of_training_activations() -> Picture:
    """Draw the outputs of tanh units that learnt too fast."""
    X, y = _digits()
    options = {"learning_rate_init": 0.05, "max_iter": 32, "random_state": 0, "diagnose": True}
    model = lamina.MLPClassifier((32, 16), "tanh", **options).fit(X, y)
    display = ActivationHistogramsDisplay.from_estimator(model, X).plot()
    display.figure_.set_size_inches(7, 3.4)
    ends = float((abs(lamina.representations(model, X)[1]) > 0.95).mean())
    return Picture(
        display.figure_,
        f"Histograms of the outputs of two layers of tanh units, one above the other from epoch 0 "
        f"to 32: one broad hill at the start, later two peaks at -1 and 1. In the first layer "
        f"{ends:.0%} of the outputs end within 0.05 of them.",
    )


def pictures_of_training_representations() -> Picture:
    """Draw two rings after each layer."""
    model, X, y = _circles()
    display = RepresentationsDisplay.from_estimator(model, X, y).plot()
    display.figure_.set_size_inches(7, 6)
    scores = ", ".join(f"{score:.2f}" for score in display.separability["linear"])
    return Picture(
        display.figure_,
        f"Two noisy rings, one within the other, as the input has them and as the first layer, the "
        f"second and the prediction see them: from layer to layer the classes move apart. A linear "
        f"classifier has shares of {scores} right.",
    )


def pictures_of_training_boundary() -> Picture:
    """Draw the boundary between the rings."""
    model, X, y = _circles()
    display = BoundaryDisplay.from_estimator(model, X, y).plot()
    display.figure_.set_size_inches(6, 4.4)
    return Picture(
        display.figure_,
        f"The plane of the two features, orange where the network says the inner ring and blue "
        f"where it says the outer one, with a closed black line between and the samples upon it. "
        f"It has {model.score(X, y):.2f} of them right.",
    )
