"""The command that draws pictures of a model."""

from pathlib import Path
from typing import Annotated

import typer

from lamina.tables import options as own
from lamina.tables import outputs, report, settings
from lamina.tables.errors import TableError, listed
from lamina.tables.model import TableModel
from lamina.tables.parquet import ParquetSet
from lamina.tables.read import opened, write_bytes

__all__ = ["ENDINGS", "KINDS", "add"]

ENDINGS = (".png", ".svg", ".pdf")
# What each needs: the record of --diagnose, a table, the target in it.
KINDS: dict[str, tuple[str, ...]] = {
    "curves": (),
    "gradients": ("record",),
    "units": ("record",),
    "weights": ("record",),
    "spectra": ("record",),
    "activations": ("record", "table"),
    "representations": ("table", "target"),
    "boundary": ("table",),
    "confusion": ("table", "target"),
    "calibration": ("table", "target"),
    "surface": ("table", "target"),
    "learning-rate": ("table", "target"),
}
LAYERED = ("units", "weights", "spectra", "activations")
PLANES = ("random", "path")

_Kind = Annotated[str, typer.Argument(metavar="KIND", help=f"What to draw: {', '.join(KINDS)}.")]
_Table = Annotated[
    Path | None,
    typer.Argument(
        metavar="TABLE",
        help="The rows to draw, for the kinds from activations on; best rows that it was not "
        "trained on.",
        show_default=False,
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help=f"The file to write ({', '.join(ENDINGS)}); by default MODEL's name + -KIND.png, "
        "here.",
        show_default=False,
    ),
]
_Layer = Annotated[
    list[int] | None,
    typer.Option(
        "--layer",
        metavar="NUMBER",
        help=f"A layer, counted from 1, of {', '.join(LAYERED)}; repeatable.",
        show_default=False,
    ),
]
_What = Annotated[
    list[str] | None,
    typer.Option(
        "--what",
        metavar="NAME",
        help="What gradients draws: gradient_norm, bound, factors, update_ratio, ...; repeatable.",
        show_default=False,
    ),
]
_Column = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="COLUMN",
        help="A column of boundary: name two, each by a --column of its own.",
        show_default=False,
    ),
]
_Plane = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(PLANES),
        help="The plane of surface: random, or that of the training's path (--diagnose).",
        show_default=False,
    ),
]


def add(app: typer.Typer, written: list[Path]) -> None:
    """Add the command to `app`; it lists what it writes in `written`."""

    @app.command()
    def plot(
        model: own.Model,
        kind: _Kind,
        table: _Table = None,
        out: _Out = None,
        layer: _Layer = None,
        what: _What = None,
        column: _Column = None,
        plane: _Plane = None,
        force: own.Force = False,
        quiet: own.Quiet = False,
    ) -> None:
        """Draw a picture of MODEL: of its training, of its layers, or of what it answers.

        gradients, units, weights, spectra and activations need a model of lamina train --diagnose.
        """
        _check(
            kind, table, {"--layer": layer, "--what": what, "--column": column, "--plane": plane}
        )
        inputs = [model] if table is None else [model, table]
        path = outputs.free_path(out or Path(f"{model.stem}-{kind}.png"), force, *inputs)
        if path.suffix.lower() not in ENDINGS:
            raise TableError(
                f"cannot tell what to write as {path.name}: end its name in {', '.join(ENDINGS)}"
            )
        loaded = TableModel.load(model)
        if "record" in KINDS[kind] and loaded.estimator._state.record is None:
            raise TableError(
                f"{model} was trained without --diagnose, and {kind} draws what that records: "
                "train it again with it"
            )
        data = None
        if table is not None:
            data = opened(table, None, infer=False, numbers=loaded.numbers)
            if isinstance(data, ParquetSet):
                raise TableError(
                    f"{table} is too large to be read as a whole: draw a table of some of its rows"
                )
        from lamina.tables import drawing  # what draws is loaded by those who want it

        chosen = drawing.Chosen(tuple(layer or ()), tuple(what or ()), tuple(column or ()), plane)
        write_bytes(path, drawing.picture(loaded, kind, data, chosen, path.suffix.lower()))
        written.append(path)
        report.console(quiet).print(f"{kind} of {model.name} written to {path}")


def _check(kind: str, table: Path | None, given: dict[str, object]) -> None:
    """Raise TableError for a kind that is none, or for what does not go with it."""
    settings.one_of(kind, KINDS, "KIND")
    if "table" in KINDS[kind] and table is None:
        raise TableError(f"{kind} draws the rows of a table: name it after {kind}")
    if "table" not in KINDS[kind] and table is not None:
        with_rows = [name for name, needs in KINDS.items() if "table" in needs]
        raise TableError(f"{kind} draws no rows: leave out {table}, or draw {listed(with_rows)}")
    for_kinds = {
        "--layer": LAYERED,
        "--what": ("gradients",),
        "--column": ("boundary",),
        "--plane": ("surface",),
    }
    for option, kinds in for_kinds.items():
        if given[option] and kind not in kinds:
            raise TableError(f"{option} is for {listed(kinds)}, and {kind} is drawn: leave it out")
    if isinstance(given["--plane"], str):
        settings.one_of(given["--plane"], PLANES, "--plane")
