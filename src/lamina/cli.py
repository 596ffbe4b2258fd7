"""The command line ``lamina``: networks for tables, from a file to a file."""

import json
import sys
import time
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

__all__ = ["app", "main"]

app = typer.Typer(
    name="lamina",
    help="Train neural networks on tables (CSV or Parquet) and use them.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# From this many rows on, a tenth of them measures well enough when to stop.
_EARLY_FROM = 10_000
_INTERRUPTED = 130

# The ancestor of all complaints about words: click's, or of the copy that typer carries.
_WrongWords: Any = typer.BadParameter.__mro__[2]

_NET = "The network"

_Table = Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")]
_Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A file of lamina train.")]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
_Target = Annotated[str, typer.Option("--target", "-t", help="The column to predict.")]
_ModelOut = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The model file; by default TABLE's name + .lamina, here."),
]
_TableOut = Annotated[
    Path, typer.Option("--out", "-o", help="The file to write: .csv or .parquet by its name.")
]
_Keep = Annotated[bool, typer.Option("--keep", help="Copy the columns of TABLE too.")]
_Task = Annotated[
    Literal["auto", "classification", "regression"],
    typer.Option(help="What to predict; auto goes by the target's values."),
]
_TestSize = Annotated[float, typer.Option(help="The share of rows held out for the scores.")]
_Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="The seed of the split and the network.")
]
_Drop = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN", help="A column not to use; repeatable.")
]
_Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite an existing model file.")]
_Hidden = Annotated[
    str, typer.Option(help="Sizes of the hidden layers, such as 256,128.", rich_help_panel=_NET)
]
_Activation = Annotated[
    Literal["relu", "tanh", "logistic", "identity"],
    typer.Option(help="The hidden layers' function.", rich_help_panel=_NET),
]
_Solver = Annotated[
    Literal["adam", "sgd", "lbfgs"],
    typer.Option(help="The rule that changes the weights.", rich_help_panel=_NET),
]
_Rate = Annotated[float, typer.Option(help="The first step size.", rich_help_panel=_NET)]
_Batch = Annotated[
    str, typer.Option(help="Rows for one step; auto is 200, or all.", rich_help_panel=_NET)
]
_Epochs = Annotated[
    int, typer.Option(min=1, help="Passes over the rows, at most.", rich_help_panel=_NET)
]
_Alpha = Annotated[float, typer.Option(help="Strength of the L2 penalty.", rich_help_panel=_NET)]
_Early = Annotated[
    bool | None,
    typer.Option(
        "--early-stopping/--no-early-stopping",
        help="Stop when a tenth of the rows, kept aside, is predicted no better; "
        f"by default from {_EARLY_FROM:,} rows on.",
        show_default=False,
        rich_help_panel=_NET,
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from lamina import __version__

        typer.echo(f"lamina {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def train(
    table: _Table,
    target: _Target,
    out: _ModelOut = None,
    task: _Task = "auto",
    test_size: _TestSize = 0.2,
    seed: _Seed = 0,
    drop: _Drop = None,
    hidden: _Hidden = "100",
    activation: _Activation = "relu",
    solver: _Solver = "adam",
    learning_rate: _Rate = 0.001,
    batch_size: _Batch = "auto",
    epochs: _Epochs = 200,
    alpha: _Alpha = 0.0001,
    early_stopping: _Early = None,
    force: _Force = False,
    quiet: _Quiet = False,
    as_json: _Json = False,
) -> None:
    """Train a network on TABLE and write it to a model file.

    Numbers, categories, dates and missing values are prepared by themselves. Ctrl-C ends the
    training and keeps what the network has learnt so far.
    """
    from lamina.tables import prepare, read_table, report, runs

    path = runs.free_path(out or runs.model_path(table), force)
    settings: dict[str, Any] = {
        "hidden_layer_sizes": runs.sizes(hidden),
        "activation": activation,
        "solver": solver,
        "learning_rate_init": runs.between("--learning-rate", learning_rate, "above 0"),
        "batch_size": runs.batch(batch_size),
        "max_iter": epochs,
        "alpha": runs.between("--alpha", alpha, "0 or more"),
        "random_state": seed,
    }
    console = report.console(quiet=quiet or as_json)
    data = read_table(table)
    prepared = prepare(data, target, task=task, test_size=test_size, seed=seed, drop=drop or ())
    if early_stopping is None:
        early_stopping = runs.early_stopping(prepared, solver, _EARLY_FROM)
    estimator = runs.estimator(prepared, early_stopping=early_stopping, **settings)
    console.print(report.facts(runs.before(table, data, prepared)))
    start = time.perf_counter()
    with report.progress(hidden=quiet or as_json) as after_epoch:
        model, notes = runs.train(prepared, estimator, after_epoch)
    seconds = time.perf_counter() - start
    model.save(path)
    console.print(report.facts(runs.after(model, notes, seconds)))
    _print_scores(console, model.facts)
    console.print(f"\nmodel written to {path}")
    if as_json:
        _print_json(runs.as_json(model, path, notes, seconds))


@app.command()
def predict(
    model: _Model,
    table: _Table,
    out: _TableOut,
    keep: _Keep = False,
    quiet: _Quiet = False,
) -> None:
    """Predict each row of TABLE and write the predictions to a file.

    The column is named prediction; a classification adds probability_<class> for each class.
    """
    from lamina.tables import TableModel, read_table, report, runs, write_table

    runs.other_file(out, model, table)
    loaded = TableModel.load(model)
    data = read_table(table, infer=False)
    predictions = loaded.predictions(data)
    for line in runs.unseen(loaded, data):
        report.console(quiet, stderr=True).print(f"note: {line}")
    if keep:
        predictions = runs.beside(data, predictions)
    write_table(predictions, out)
    count = f"{data.num_rows:,} prediction{'s' if data.num_rows > 1 else ''}"
    report.console(quiet).print(f"{count} of {loaded.target.name!r} written to {out}")


@app.command()
def evaluate(model: _Model, table: _Table, as_json: _Json = False) -> None:
    """Score MODEL on a TABLE that has the target."""
    from lamina.tables import TableModel, read_table, report, runs

    loaded = TableModel.load(model)
    data = read_table(table, infer=False)
    outcome = loaded.evaluate(data)
    if as_json:
        _print_json(runs.outcome_json(loaded, outcome))
        return
    for line in runs.remarks(loaded, data, outcome):
        report.console(stderr=True).print(f"note: {line}")
    title = f"{loaded.target.task} of {loaded.target.name!r} on {outcome.n_rows:,} rows"
    report.console().print(report.score_table(outcome.scores, outcome.baseline, title))


@app.command()
def show(model: _Model) -> None:
    """Show what a model file holds."""
    from lamina.tables import TableModel, report

    loaded = TableModel.load(model)
    console = report.console()
    console.print(report.facts(report.shown(loaded)))
    _print_scores(console, loaded.facts)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: status 2 and one sentence if something is wrong.

    Parameters
    ----------
    arguments : list of str, optional
        The words after ``lamina``; by default those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without → still shows the rest
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        status = app(arguments, prog_name="lamina", standalone_mode=False)
        if status == _INTERRUPTED:  # some versions of typer turn it into a status
            raise KeyboardInterrupt
    except _WrongWords as error:
        return _fail(error.format_message().replace("Value error, ", ""))
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted: nothing was written", file=sys.stderr)
        return _INTERRUPTED
    except ValueError as error:
        from lamina.tables import TableError

        if not isinstance(error, TableError):
            raise
        return _fail(str(error))
    return status if isinstance(status, int) else 0


def _fail(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 2


def _print_scores(console: Any, facts: Any) -> None:
    from lamina.tables.report import score_table

    if facts.scores:
        title = f"\nscores on the {facts.n_test:,} rows held out"
        console.print(score_table(facts.scores, facts.baseline, title))


def _print_json(value: Any) -> None:
    from lamina.tables.report import without_nan

    print(json.dumps(without_nan(value), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
