"""The commands: each a line of steps from files to files."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from lamina.tables import (
    checkpoints,
    diagnosing,
    outputs,
    plotting,
    racing,
    report,
    reporting,
    runs,
    settings,
    tracing,
)
from lamina.tables import options as own
from lamina.tables.aims import Aim
from lamina.tables.errors import counted
from lamina.tables.export import exporter
from lamina.tables.model import TableModel
from lamina.tables.noting import DivergedError
from lamina.tables.parquet import ParquetSet
from lamina.tables.passes import evaluate_parts, predict_parts
from lamina.tables.prepare import Prepared, prepare
from lamina.tables.read import opened, write_bytes, write_table
from lamina.tables.stream import Streamed, prepare_parts

__all__ = ["app", "written"]

# The files that the command of this run has written.
written: list[Path] = []

app = typer.Typer(
    name="lamina",
    help="Train neural networks on tables (CSV or Parquet) and use them.",
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from lamina import __version__

        typer.echo(f"lamina {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def train(
    table: own.Table,
    target: own.Target,
    out: own.ModelOut = None,
    task: own.Task = "auto",
    test_size: own.TestSize = 0.2,
    seed: own.Seed = 0,
    drop: own.Drop = None,
    batch_rows: own.BatchRows = None,
    hidden: own.Hidden = "100",
    activation: own.Activation = "relu",
    loss: own.Loss = None,
    quantiles: own.Quantiles = None,
    class_weight: own.ClassWeight = None,
    alpha: own.Alpha = 0.0001,
    l1: own.L1 = 0.0,
    weight_decay: own.WeightDecay = 0.0,
    dropout: own.Dropout = None,
    input_dropout: own.InputDropout = 0.0,
    label_smoothing: own.LabelSmoothing = 0.0,
    clip_norm: own.ClipNorm = None,
    solver: own.Solver = "adam",
    learning_rate: own.Rate = 0.001,
    schedule: own.Schedule = "constant",
    batch_size: own.Batch = "auto",
    epochs: own.Epochs = 200,
    early_stopping: own.Early = None,
    time_budget: own.TimeBudget = None,
    checkpoint: own.Checkpoint = None,
    resume: own.Resume = False,
    diagnose: own.Diagnose = False,
    force: own.Force = False,
    quiet: own.Quiet = False,
    as_json: own.Json = False,
) -> None:
    """Train a network on TABLE and write it to a model file.

    Numbers, categories, dates and missing values are prepared by themselves. Ctrl-C ends the
    training and keeps what the network has learnt so far.
    """
    path = outputs.free_path(out or outputs.model_path(table), force, table)
    checkpoint = outputs.checkpoint_path(checkpoint, resume, force, path, table)
    layers = settings.sizes(hidden)
    penalties = dropout, input_dropout, weight_decay, l1, clip_norm
    chosen: dict[str, Any] = {
        "hidden_layer_sizes": layers,
        "activation": settings.activation(activation, len(layers)),
        "solver": settings.solver(solver, weight_decay),
        "learning_rate_init": settings.between("--learning-rate", learning_rate, "above 0"),
        "learning_rate": settings.schedule(schedule),
        "batch_size": settings.batch(batch_size),
        "max_iter": epochs,
        "alpha": settings.between("--alpha", alpha, "0 or more"),
        "random_state": seed,
        "regularization": settings.regularization(solver, len(layers), *penalties),
        "callbacks": runs.callbacks(checkpoint, time_budget),
        "diagnose": diagnose,
    }
    aim = Aim.of(loss, quantiles, label_smoothing, class_weight or [])
    idle = {
        "--early-stopping": early_stopping,
        "--batch-size": batch_size != "auto",
        "--schedule": schedule != "constant",
        "--dropout": dropout,
        "--input-dropout": input_dropout,
        "--weight-decay": weight_decay,
        "--l1": l1,
        "--clip-norm": clip_norm,
        "--checkpoint": checkpoint,
    }
    settings.without_effect(solver, idle)
    data = opened(table, batch_rows)
    wanted: dict[str, Any] = {
        "task": task,
        "test_size": test_size,
        "seed": seed,
        "drop": drop or (),
    }
    prepared: Prepared | Streamed
    if isinstance(data, ParquetSet):
        settings.in_parts(solver, checkpoint)
        prepared = prepare_parts(data, target, **wanted)
        size = data.n_rows, len(data.schema.names)
    else:
        prepared = prepare(data, target, **wanted)
        size = data.num_rows, data.num_columns
    if early_stopping is None:
        early_stopping = settings.early_stopping(prepared, solver, own.EARLY_FROM)
    chosen |= aim.settings(prepared)
    estimator = settings.estimator(prepared, early_stopping=early_stopping, **chosen)
    if resume and checkpoint is not None:
        checkpoints.check(checkpoint, estimator)
    report.console(quiet or as_json).print(report.facts(runs.before(table, *size, prepared)))
    _train(prepared, estimator, path, checkpoint if resume else None, quiet, as_json)


def _train(
    prepared: Any, estimator: Any, path: Path, start_from: Path | None, quiet: bool, as_json: bool
) -> None:
    """Train, write the model, and say what came of it."""
    console = report.console(quiet or as_json)
    start = time.perf_counter()
    try:
        with report.progress(hidden=quiet or as_json) as after_epoch:
            model, notes = runs.train(prepared, estimator, after_epoch, checkpoint=start_from)
    except DivergedError as error:
        if error.estimator.diagnose:
            why = diagnosing.of_diverged(error)
            console.print(str(why) if why else "")
            if as_json:
                _print_json({"findings": diagnosing.as_json(why)})
        raise
    seconds = time.perf_counter() - start
    model.save(path)
    written.append(path)
    console.print(report.facts(runs.after(model, notes, seconds, prepared.watched)))
    _print_scores(console, model.facts)
    found = diagnosing.diagnose(model) if model.estimator.diagnose else None
    if found is not None:
        console.print(f"\n{found}")
    console.print(f"\nmodel written to {path}")
    if as_json:
        own = runs.as_json(model, path, [*prepared.notes, *notes], seconds)
        own |= {} if found is None else {"findings": diagnosing.as_json(found)}
        _print_json(own)


@app.command()
def predict(
    model: own.Model,
    table: own.Table,
    out: own.TableOut,
    keep: own.Keep = False,
    batch_rows: own.BatchRows = None,
    force: own.Force = False,
    quiet: own.Quiet = False,
) -> None:
    """Predict each row of TABLE and write the predictions to a file.

    The column is named prediction; a classification adds probability_<class> for each class.
    Quantiles have the columns quantile_<level> in its place.
    """
    outputs.table_path(out, force, model, table)
    loaded = TableModel.load(model)
    data = opened(table, batch_rows, infer=False, numbers=loaded.numbers)
    if isinstance(data, ParquetSet):
        n_rows, strange = predict_parts(loaded, data, out, keep)
    else:
        n_rows, strange = data.num_rows, loaded.unseen(data)
        predictions = loaded.predictions(data)
        write_table(runs.beside(data, predictions) if keep else predictions, out)
    for line in runs.unseen(strange, n_rows):
        report.console(quiet, stderr=True).print(f"note: {line}")
    written.append(out)
    count = counted(n_rows, "prediction")
    report.console(quiet).print(f"{count} of {loaded.target.name!r} written to {out}")


@app.command()
def evaluate(
    model: own.Model,
    table: own.Table,
    batch_rows: own.BatchRows = None,
    as_json: own.Json = False,
) -> None:
    """Score MODEL on a TABLE that has the target."""
    loaded = TableModel.load(model)
    data = opened(table, batch_rows, infer=False, numbers=loaded.numbers)
    if isinstance(data, ParquetSet):
        outcome, strange = evaluate_parts(loaded, data)
    else:
        outcome, strange = loaded.evaluate(data), loaded.unseen(data)
    if as_json:
        _print_json(runs.outcome_json(loaded, outcome))
        return
    for line in runs.remarks(strange, outcome.n_rows + outcome.n_unlabelled, outcome):
        report.console(stderr=True).print(f"note: {line}")
    rows = counted(outcome.n_rows, "row")
    title = f"{loaded.target.task} of {loaded.target.name!r} on {rows}"
    report.console().print(report.score_table(outcome.scores, outcome.baseline, title))


@app.command()
def export(
    model: own.Model,
    out: own.ExportOut,
    force: own.Force = False,
    quiet: own.Quiet = False,
) -> None:
    """Write MODEL for other programs: as ONNX, or as NumPy arrays.

    An ONNX file has an input for each column of the table and prepares them itself.
    """
    write = exporter(out)
    outputs.free_path(out, force, model)
    loaded = TableModel.load(model)
    write_bytes(out, write(loaded))
    written.append(out)
    target = loaded.target
    report.console(quiet).print(f"{target.task} of {target.name!r} written to {out}")


@app.command()
def show(model: own.Model) -> None:
    """Show what a model file holds."""
    loaded = TableModel.load(model)
    console = report.console()
    console.print(report.facts(report.shown(loaded)))
    _print_scores(console, loaded.facts)


diagnosing.add(app)
plotting.add(app, written)
racing.add(app, written)
reporting.add(app, written)
tracing.add(app, written)


def _print_scores(console: Any, facts: Any) -> None:
    if facts.scores:
        title = f"\nscores on the {counted(facts.n_test, 'row')} held out"
        console.print(report.score_table(facts.scores, facts.baseline, title))


def _print_json(value: Any) -> None:
    print(json.dumps(report.without_nan(value), ensure_ascii=False, indent=2))
