"""Pictures of the page on races."""

from __future__ import annotations

import tempfile
from pathlib import Path

from picture import Picture
from sklearn.datasets import load_digits

import lamina
from lamina.displays import RaceDisplay


def race_rosenbrock() -> Picture:
    """Draw three rules in the bent valley."""
    race = lamina.race("rosenbrock", ["gradient_descent", "momentum", "adam"], n_steps=1000)
    display = RaceDisplay.from_race(race).plot(panels=["paths", "steps"])
    steps = [runner.steps_to(race.levels[-1]) for runner in race]
    assert steps[0] is None
    return Picture(
        display.figure_,
        f"Left the bent valley of Rosenbrock's function and three paths from (-1.2, 1) along it to "
        f"the minimum at (1, 1). Right the loss of each on a logarithmic axis: after {steps[1]} "
        f"steps that of momentum stays below a millionth of the first, that of Adam after "
        f"{steps[2]}, that of gradient descent not within 1000.",
    )


def race_ravine() -> Picture:
    """Draw four rules in the ravine, as it happens."""
    rules = ["gradient_descent", "momentum", "nesterov", "adam"]
    display = RaceDisplay.from_race(lamina.race("ravine", rules, n_steps=120))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "race.gif"
        film = display.animate(file, panels=["paths", "steps"], n_frames=40).read_bytes()
    return Picture(
        film,
        "An animation: from one point four rules go down an oblique ravine. Gradient descent first "
        "bounces from wall to wall and then creeps along the bottom, momentum and Adam swing "
        "across it in waves, Nesterov's momentum is the first at the minimum.",
    )


def race_digits() -> Picture:
    """Draw four rules on a network's loss."""
    X, y = load_digits(return_X_y=True)
    model = lamina.MLPClassifier(32, random_state=0, n_threads=1)
    rules = ["gradient_descent", "momentum", "rmsprop", "adam"]
    race = lamina.race(model, rules, X=X / 16, y=y, epochs=20)
    display = RaceDisplay.from_race(race).plot(panels=["paths", "steps"])
    assert all(own.loss < 0.1 for own in race)
    first = race.runners[0].losses[0]
    return Picture(
        display.figure_,
        f"Left the principal plane of four paths from the same first weights, on the level sets of "
        f"a network's loss on digits: momentum goes far to the right into one valley, Adam and "
        f"RMSProp up into another. Right the losses of all samples on a logarithmic axis, from "
        f"{first:.1f} down to below 0.1 in 180 steps.",
    )
