"""The command that races update rules on a test surface."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from lamina.plan import ArgumentError, Schedule
from lamina.plan.rules import RULES
from lamina.tables import options as own
from lamina.tables import outputs, report, settings
from lamina.tables.errors import TableError
from lamina.tables.read import write_bytes

__all__ = ["SURFACES", "add"]

# The names only: what else it takes to race is imported by those who race.
SURFACES = "bowl", "ravine", "saddle", "rosenbrock", "beale"

_PICTURES, _ANIMATIONS = (".png", ".svg", ".pdf"), (".gif", ".mp4")
# Adaptive waits for a plateau, which a race of fixed length has no use for.
_SCHEDULES = {name: made for name, made in settings.SCHEDULES.items() if name != "adaptive"}

_Surface = Annotated[
    str, typer.Argument(metavar="SURFACE", help=f"What to race on: {', '.join(SURFACES)}.")
]
_Rules = Annotated[
    list[str], typer.Argument(metavar="RULES...", help=f"Who races: {', '.join(RULES)}.")
]
_Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help=f"A picture to write ({', '.join(_PICTURES)}) or an animation "
        f"({', '.join(_ANIMATIONS)}).",
        show_default=False,
    ),
]
_Steps = Annotated[int, typer.Option(min=1, help="Steps of each runner.")]
_Rate = Annotated[
    str, typer.Option(help="The learning rate of all, or best: searched for, for each by itself.")
]
_Schedule = Annotated[
    str, typer.Option(help=f"How the learning rate changes: {', '.join(_SCHEDULES)}.")
]


_Times = Annotated[
    bool, typer.Option("--times", help="Tell the times too, which are others in every run.")
]


def add(app: typer.Typer, written: list[Path]) -> None:
    """Add the command to `app`; it lists what it writes in `written`."""

    @app.command()
    def race(
        surface: _Surface,
        rules: _Rules,
        out: _Out = None,
        steps: _Steps = 200,
        learning_rate: _Rate = "best",
        schedule: _Schedule = "constant",
        times: _Times = False,
        force: own.Force = False,
        quiet: own.Quiet = False,
        as_json: own.Json = False,
    ) -> None:
        """Race update rules side by side on a test surface, and rank them.

        Each rule has the learning rate that suits it best, unless --learning-rate says another.
        """
        draw = None if out is None else _drawer(outputs.free_path(out, force), times)
        found = _raced(surface, rules, steps, _rate(learning_rate), schedule, times)
        if as_json:
            told = {"surface": found.name, "levels": list(found.levels)}
            told["runners"] = found.rows(times=times)
            print(json.dumps(report.without_nan(told), indent=2))
        else:
            table = f"{found.head}\n{found.table(times=times)}"
            report.console(quiet).print(table, markup=False, highlight=False, soft_wrap=True)
        if out is not None and draw is not None:
            draw(found)
            written.append(out)
            report.console(quiet or as_json).print(f"\nwritten to {out}")


def _raced(
    surface: str, rules: list[str], steps: int, rate: Any, schedule: str, times: bool
) -> Any:
    from lamina.descent import race

    own = settings.one_of(schedule, _SCHEDULES, "--schedule")
    made = None if own == "constant" else _SCHEDULES[own]()
    schedules = {own: made} if isinstance(made, Schedule) else None
    named = [settings.one_of(rule, RULES, "RULES") for rule in rules]
    surface = settings.one_of(surface.lower().removeprefix("quadratic "), SURFACES, "SURFACE")
    if len(set(named)) < len(named):
        raise TableError("RULES has a rule twice: name each once")
    repeats = 3 if times else 1
    return race(surface, named, schedules, n_steps=steps, learning_rate=rate, repeats=repeats)


def _rate(text: str) -> float | str:
    """Return the learning rate in a text: a number above 0, or best."""
    if text == "best":
        return text
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise TableError(f"--learning-rate takes best or a number above 0, not {text!r}")
    return rate


def _drawer(path: Path, times: bool) -> Callable[[Any], object]:
    """Return what draws a race into a file, once it is known that the file can be written."""
    ending = path.suffix.lower()
    if ending not in (*_PICTURES, *_ANIMATIONS):
        raise TableError(
            f"--out takes a picture ({', '.join(_PICTURES)}) or an animation "
            f"({', '.join(_ANIMATIONS)}), not {path.name!r}"
        )
    from lamina.displays import RaceDisplay, race_animation
    from lamina.tables import drawing

    if ending in _ANIMATIONS:
        try:
            race_animation.checked(path)
        except ArgumentError as error:
            raise TableError(str(error)) from None

    def draw(race: Any) -> None:
        panels = ["paths", "steps", "seconds"] if times else ["paths", "steps"]
        with drawing.plain():
            display = RaceDisplay.from_race(race)
            if ending in _ANIMATIONS:
                display.animate(path, panels=panels)
            else:
                write_bytes(path, drawing.saved(display.plot(panels=panels).figure_, ending))

    return draw
