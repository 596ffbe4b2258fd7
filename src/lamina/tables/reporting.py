"""The command that writes the report of a model."""

from pathlib import Path
from typing import Annotated

import typer

from lamina.tables import options as own
from lamina.tables import outputs, report
from lamina.tables.model import TableModel
from lamina.tables.read import opened, write_bytes

__all__ = ["add"]

_Table = Annotated[
    Path | None,
    typer.Argument(
        metavar="TABLE",
        help="A table with the target to score the model on, best one that it was not trained on.",
        show_default=False,
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="The file to write; by default MODEL's name + .html, here.",
        show_default=False,
    ),
]


def add(app: typer.Typer, written: list[Path]) -> None:
    """Add the command to `app`; it lists what it writes in `written`."""

    @app.command(name="report")
    def report_(
        model: own.Model,
        table: _Table = None,
        out: _Out = None,
        batch_rows: own.BatchRows = None,
        force: own.Force = False,
        quiet: own.Quiet = False,
    ) -> None:
        """Write what there is to know of MODEL as one page of HTML.

        The page needs no other file and no network. With TABLE it has the scores on it too.
        """
        inputs = [model] if table is None else [model, table]
        path = outputs.free_path(out or Path(f"{model.stem}.html"), force, *inputs)
        loaded = TableModel.load(model)
        data = None
        if table is not None:
            data = opened(table, batch_rows, infer=False, numbers=loaded.numbers)
        from lamina.tables import page  # what draws is loaded by those who want it

        where = "" if table is None else table.name
        write_bytes(path, page.html(loaded, model.name, data, where))
        written.append(path)
        target = loaded.target
        report.console(quiet).print(f"report on {target.task} of {target.name!r} written to {path}")
