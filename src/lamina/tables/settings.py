"""The options of the command line that shape the network, from text to an estimator's settings."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.plan import (
    AdamW,
    Adaptive,
    Cosine,
    Exponential,
    HalveOnPlateau,
    HalveOnRise,
    InverseScaling,
    LeakyReLU,
    OneCycle,
    Regularization,
    Rule,
    Schedule,
    StepDecay,
    Triangular,
    WarmUp,
)
from lamina.plan.network import HIDDEN
from lamina.plan.rules import RULES
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
    "one_of",
    "regularization",
    "schedule",
    "sizes",
    "solver",
    "without_effect",
]

# exp is the output of the Poisson loss: a hidden layer of it overflows.
ACTIVATIONS = tuple(name for name in HIDDEN if name != "exp")
_LEAKY = re.compile(r"leaky_relu\((.*)\)")
SOLVERS = ("lbfgs", *sorted(RULES))
_MOST_UNITS = 1_000_000

# Each with the library's defaults.
SCHEDULES: dict[str, Callable[[], Schedule | str]] = {
    "constant": lambda: "constant",
    "adaptive": Adaptive,
    "cosine": Cosine,
    "exponential": Exponential,
    "halve": HalveOnRise,
    "invscaling": InverseScaling,
    "one-cycle": OneCycle,
    "plateau": HalveOnPlateau,
    "step": StepDecay,
    "triangular": Triangular,
    "warmup": WarmUp,
}
Range = Literal["above 0", "0 or more", "from 0 to below 1"]


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


def activation(text: str, n_layers: int) -> str | LeakyReLU | list[str | LeakyReLU]:
    """Return the one function in ``text``, or a list of one for each of ``n_layers``."""
    names = [_activation(part.strip()) for part in text.split(",")]
    if len(names) == 1:
        return names[0]
    if len(names) != n_layers:
        raise TableError(
            f"--activation names {len(names)} functions and --hidden {n_layers} layers: name one "
            "function, or one for each layer"
        )
    return names


def _activation(text: str) -> str | LeakyReLU:
    leaky = _LEAKY.fullmatch(text)
    if not leaky:
        return one_of(text, ACTIVATIONS, "--activation")
    slope = _number(leaky[1])
    if not 0 <= slope <= 1:
        raise TableError(f"--activation: leaky_relu takes a slope from 0 to 1, not {leaky[1]!r}")
    return LeakyReLU(slope)


def solver(text: str, weight_decay: float = 0.0) -> str | Rule:
    """Return the name of a rule, or of L-BFGS; AdamW has a weight decay of its own."""
    name = one_of(text, SOLVERS, "--solver")
    between("--weight-decay", weight_decay, "0 or more")
    return AdamW(strength=weight_decay) if name == "adamw" and weight_decay else name


def regularization(
    solver: str,
    n_layers: int,
    dropout: str | None,
    input_dropout: float,
    weight_decay: float,
    l1: float,
    clip_norm: float | None,
) -> Regularization | None:
    """Return what the options of the same names ask for, None if nothing."""
    own: dict[str, Any] = {
        "dropout": 0.0 if dropout is None else _dropout(dropout, n_layers),
        "input_dropout": between("--input-dropout", input_dropout, "from 0 to below 1"),
        "weight_decay": between("--weight-decay", weight_decay, "0 or more"),
        "l1": between("--l1", l1, "0 or more"),
    }
    if clip_norm is not None:
        own["clip_norm"] = between("--clip-norm", clip_norm, "above 0")
    if solver == "adamw":
        own["weight_decay"] = 0.0  # the rule has it
    made = Regularization(**own)
    return None if made == Regularization() else made


def _dropout(text: str, n_layers: int) -> float | tuple[float, ...]:
    shares = tuple(_number(part) for part in text.split(","))
    if not all(0 <= share < 1 for share in shares):
        raise TableError(
            "--dropout takes a share such as 0.2, or one for each hidden layer such as 0.2,0.1, "
            f"from 0 to below 1, not {text!r}"
        )
    if len(shares) not in (1, n_layers):
        raise TableError(
            f"--dropout names {len(shares)} shares and --hidden {n_layers} layers: name one share, "
            "or one for each layer"
        )
    return shares[0] if len(shares) == 1 else shares


def _number(text: str) -> float:
    """Return the number in a text; NaN, which is in no range, if there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def schedule(text: str) -> Schedule | str:
    """Return the schedule of that name."""
    return SCHEDULES[one_of(text, SCHEDULES, "--schedule")]()


def batch(text: str) -> int | Literal["auto"]:
    """Return the batch size in a text: a number or ``auto``."""
    if text == "auto":
        return "auto"
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise TableError(f"--batch-size takes auto or a number of rows, not {text!r}")
    return int(text)


def between(option: str, value: float, wanted: Range) -> float:
    """Return ``value`` if it is finite and in the range that is called ``wanted``."""
    too_low = value < 0 or (value == 0 and wanted == "above 0")
    too_high = value >= 1 and wanted == "from 0 to below 1"
    if not math.isfinite(value) or too_low or too_high:
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


def in_parts(solver: str, checkpoint: object) -> None:
    """Raise TableError for what cannot be done with a table that is read in parts."""
    if checkpoint is not None:
        raise TableError(
            "--checkpoint takes a table that is read as a whole, and this one is read in parts: "
            "leave it out"
        )
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
    kind: Any = MLPClassifier if prepared.target.classes else MLPRegressor
    return kind(**settings)


def one_of(name: str, names: Iterable[str], option: str) -> str:
    """Return ``name`` if it is one of ``names``."""
    known = list(names)
    if name in known:
        return name
    close = similar(name, known)
    hint = f": did you mean {listed(close)}?" if close else ""
    raise TableError(f"{option}: {name!r} is not one of {listed(known, len(known))}{hint}")
