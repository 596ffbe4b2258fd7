"""Pictures of the page on loss surfaces."""

from __future__ import annotations

from functools import cache

from picture import Picture
from sklearn.datasets import load_digits

import lamina
from lamina.displays import LossPlaneDisplay


@cache
def _models():
    """Return the page's digits, and its network from three starts."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    options = {"max_iter": 60, "n_iter_no_change": 60, "diagnose": True}
    models = [lamina.MLPClassifier(random_state=seed, **options).fit(X, y) for seed in range(3)]
    return X, y, models


def loss_surfaces_random() -> Picture:
    """Draw the page's random plane."""
    X, y, models = _models()
    display = LossPlaneDisplay.from_estimator(models[0], X, y).plot(n_levels=12)
    surface = display.surface
    return Picture(
        display.figure_,
        f"Level sets of the loss on digits over two random directions from -1 to 1: one smooth "
        f"basin around a star in the middle, the trained weights, where the loss is "
        f"{surface.loss:.2f}. It rises on all sides, up to {surface.losses.max():.1f} in a corner.",
    )


def loss_surfaces_path() -> Picture:
    """Draw the page's principal plane."""
    X, y, models = _models()
    display = LossPlaneDisplay.from_estimator(models[0], X, y, plane="path").plot()
    surface = display.surface
    first, second = 100 * surface.plane.explained
    return Picture(
        display.figure_,
        f"Level sets of the loss on the principal plane of the training's path, whose two "
        f"directions hold {first:.1f}% and {second:.1f}% of it. The path starts at a square at the "
        f"upper left, where the loss is {surface.path.losses[0]:.1f}, bends, crosses the level "
        f"sets downwards and ends at a star, epoch 60, with a loss of "
        f"{surface.path.losses[-1]:.2f}.",
    )


def loss_surfaces_checkpoints() -> Picture:
    """Draw the page's plane through three networks."""
    X, y, models = _models()
    options = {"plane": "checkpoints", "checkpoints": models}
    display = LossPlaneDisplay.from_estimator(models[0], X, y, **options).plot()
    surface = display.surface
    return Picture(
        display.figure_,
        f"Level sets of the loss on the plane of three networks from different starts: three "
        f"separate basins, a network in each with a loss of {surface.path.losses.min():.2f}, and "
        f"a hill of {surface.losses.max():.1f} between them.",
    )


def loss_surfaces_solid() -> Picture:
    """Draw the principal plane from the side."""
    X, y, models = _models()
    display = LossPlaneDisplay.from_estimator(models[0], X, y, plane="path")
    display.plot(kind="surface")
    losses = display.surface.path.losses
    return Picture(
        display.figure_,
        f"The same as a surface seen from the side, its height logarithmic: a slope that falls "
        f"into a valley, with the path from {losses[0]:.1f} at the top down to {losses[-1]:.2f}.",
    )
