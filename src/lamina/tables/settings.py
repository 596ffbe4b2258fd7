"""The options of the command line that shape the network, from text to an estimator's settings."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.plan import (
    Adaptive,
    CosineRestarts,
    Exponential,
    HalveOnRise,
    InverseScaling,
    Schedule,
    StepDecay,
    WarmUp,
)
from lamina.plan.rules import RULES
from lamina.spec.activations import ACTIVATIONS as FUNCTIONS
from lamina.tables.errors import TableError, listed, similar
from lamina.tables.model import early_stopping_fits
from lamina.tables.prepare import Prepared
from lamina.tables.stream import Streamed

__all__ = [
    "ACTIVATIONS",
    "SCHEDULES",
    "SOLVERS",
    "activation",
    "batch",
    "between",
    "early_stopping",
    "estimator",
    "in_parts",
    "schedule",
    "sizes",
    "solver",
    "without_effect",
]

# exp is the output of the Poisson loss: a hidden layer of it overflows.
ACTIVATIONS = tuple(name for name in FUNCTIONS if name != "exp")
SOLVERS = ("lbfgs", *sorted(RULES))
_MOST_UNITS = 1_000_000

# Each with the library's defaults; the cosine falls once, over all the epochs.
SCHEDULES: dict[str, Callable[[int], Schedule | str]] = {
    "constant": lambda _: "constant",
    "adaptive": lambda _: Adaptive(),
    "cosine": lambda epochs: CosineRestarts(period=epochs, unit="epoch"),
    "exponential": lambda _: Exponential(),
    "halve": lambda _: HalveOnRise(),
    "invscaling": lambda _: InverseScaling(),
    "step": lambda _: StepDecay(),
    "warmup": lambda _: WarmUp(),
}


def sizes(text: str) -> tuple[int, ...]:
    """Return the layer sizes in a text such as ``256,128``."""
    try:
        layers = tuple(int(part) for part in text.split(","))
    except ValueError:
        layers = (0,)
    if min(layers) < 1 or max(layers) > _MOST_UNITS:
        raise TableError(
            f"--hidden takes sizes such as 100 or 256,128, each from 1 to {_MOST_UNITS:,}, not "
            f"{text!r}"
        )
    return layers


def activation(text: str, n_layers: int) -> str | list[str]:
    """Return the one function in ``text``, or a list of one for each of ``n_layers``."""
    names = [_one_of(part.strip(), ACTIVATIONS, "--activation") for part in text.split(",")]
    if len(names) == 1:
        return names[0]
    if len(names) != n_layers:
        raise TableError(
            f"--activation names {len(names)} functions and --hidden {n_layers} layers: name one "
            "function, or one for each layer"
        )
    return names


def solver(text: str) -> str:
    """Return the name of a rule, or of L-BFGS."""
    return _one_of(text, SOLVERS, "--solver")


def schedule(text: str, epochs: int) -> Schedule | str:
    """Return the schedule of that name for a training of at most ``epochs``."""
    return SCHEDULES[_one_of(text, SCHEDULES, "--schedule")](epochs)


def batch(text: str) -> int | Literal["auto"]:
    """Return the batch size in a text: a number or ``auto``."""
    if text == "auto":
        return "auto"
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise TableError(f"--batch-size takes auto or a number of rows, not {text!r}")
    return int(text)


def between(option: str, value: float, wanted: Literal["above 0", "0 or more"]) -> float:
    """Return ``value`` if it is finite and in the range that is called ``wanted``."""
    if not math.isfinite(value) or value < 0 or (value == 0 and wanted == "above 0"):
        raise TableError(f"{option} is a number {wanted}, not {value:g}")
    return value


def without_effect(solver: str, given: Mapping[str, object]) -> None:
    """Raise TableError for the options ``given`` that the solver would not even look at."""
    idle = [name for name, value in given.items() if value]
    if solver == "lbfgs" and idle:
        raise TableError(
            f"--solver lbfgs always takes all rows at once and finds its own steps: leave out "
            f"{' and '.join(idle)}, or choose another --solver"
        )


def in_parts(solver: str) -> None:
    """Raise TableError for the solver that cannot learn from a table read in parts."""
    if solver == "lbfgs":
        raise TableError(
            "--solver lbfgs takes all rows at once, and the table is read in parts: choose another "
            "--solver"
        )


def early_stopping(prepared: Prepared | Streamed, solver: str, least: int) -> bool:
    """Return whether to stop early where nobody says so."""
    enough = prepared.n_train >= least
    return enough and solver != "lbfgs" and early_stopping_fits(prepared)


def estimator(prepared: Prepared | Streamed, **settings: Any) -> MLPClassifier | MLPRegressor:
    """Return an estimator, not yet fitted, for the task of a prepared table."""
    kind = MLPClassifier if prepared.target.classes else MLPRegressor
    return kind(**settings)


def _one_of(name: str, names: Iterable[str], option: str) -> str:
    known = list(names)
    if name in known:
        return name
    close = similar(name, known)
    hint = f": did you mean {listed(close)}?" if close else ""
    raise TableError(f"{option}: {name!r} is not one of {listed(known, len(known))}{hint}")
