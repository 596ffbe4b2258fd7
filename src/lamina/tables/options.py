"""The words and options of the commands, with what their help says."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lamina.tables.aims import LOSSES
from lamina.tables.settings import ACTIVATIONS, SCHEDULES, SOLVERS

__all__ = ["EARLY_FROM"]

# From this many rows on, a tenth of them measures well enough when to stop.
EARLY_FROM = 10_000

_NET, _REGULAR, _WHILE = "The network", "Regularisation", "While training"

Table = Annotated[
    Path,
    typer.Argument(metavar="TABLE", help="A CSV or Parquet file, or a folder of Parquet files."),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A file of lamina train.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Target = Annotated[str, typer.Option("--target", "-t", help="The column to predict.")]
ModelOut = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The model file; by default TABLE's name + .lamina, here."),
]
TableOut = Annotated[
    Path,
    typer.Option("--out", "-o", help="The file to write: .csv, .tsv, .csv.gz or .parquet."),
]
ExportOut = Annotated[Path, typer.Option("--out", "-o", help="The file to write: .onnx or .npz.")]
Keep = Annotated[bool, typer.Option("--keep", help="Copy the columns of TABLE too.")]
Task = Annotated[
    Literal["auto", "classification", "regression"],
    typer.Option(help="What to predict; auto goes by the target's values."),
]
TestSize = Annotated[float, typer.Option(help="The share of rows held out for the scores.")]
Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="The seed of the split and the network.")
]
Drop = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN", help="A column not to use; repeatable.")
]
BatchRows = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Read Parquet so many rows at a time, not as a whole; by default if it would take too "
        "much of the free memory.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite an existing file.")]
Hidden = Annotated[
    str, typer.Option(help="Sizes of the hidden layers, such as 256,128.", rich_help_panel=_NET)
]
Activation = Annotated[
    str,
    typer.Option(
        help="The hidden layers' function, or one for each, such as tanh,gelu: "
        f"{', '.join(ACTIVATIONS)}; leaky_relu(0.2) has another slope.",
        rich_help_panel=_NET,
    ),
]
Loss = Annotated[
    str | None,
    typer.Option(
        help=f"What training makes small: {LOSSES}; by default the first.",
        show_default=False,
        rich_help_panel=_NET,
    ),
]
Quantiles = Annotated[
    str | None,
    typer.Option(
        metavar="LEVELS",
        help="Predict quantiles in place of the mean: their levels, such as 0.1,0.5,0.9.",
        show_default=False,
        rich_help_panel=_NET,
    ),
]
ClassWeight = Annotated[
    list[str] | None,
    typer.Option(
        metavar="BALANCED|LABEL=WEIGHT",
        help="What an error costs by class: balanced, or LABEL=WEIGHT; repeatable, 1 for the "
        "others.",
        rich_help_panel=_NET,
    ),
]
Solver = Annotated[
    str,
    typer.Option(
        help=f"The rule that changes the weights: {', '.join(SOLVERS)}.", rich_help_panel=_WHILE
    ),
]
Rate = Annotated[
    float,
    typer.Option(
        help="The first step size, or the largest of a schedule that rises.",
        rich_help_panel=_WHILE,
    ),
]
Schedule = Annotated[
    str,
    typer.Option(
        help=f"How the step size changes: {', '.join(SCHEDULES)}.", rich_help_panel=_WHILE
    ),
]
Batch = Annotated[
    str, typer.Option(help="Rows for one step; auto is 200, or all.", rich_help_panel=_WHILE)
]
Epochs = Annotated[
    int, typer.Option(min=1, help="Passes over the rows, at most.", rich_help_panel=_WHILE)
]
Alpha = Annotated[float, typer.Option(help="Strength of the L2 penalty.", rich_help_panel=_REGULAR)]
L1 = Annotated[
    float, typer.Option("--l1", help="Strength of the L1 penalty.", rich_help_panel=_REGULAR)
]
WeightDecay = Annotated[
    float,
    typer.Option(help="Decoupled weight decay; of adamw its own.", rich_help_panel=_REGULAR),
]
Dropout = Annotated[
    str | None,
    typer.Option(
        metavar="SHARES",
        help="The share of hidden units left out of a step, or one for each layer, such as "
        "0.2,0.1.",
        show_default=False,
        rich_help_panel=_REGULAR,
    ),
]
InputDropout = Annotated[
    float, typer.Option(help="The share of inputs left out of a step.", rich_help_panel=_REGULAR)
]
LabelSmoothing = Annotated[
    float,
    typer.Option(help="Draw labels towards all classes alike.", rich_help_panel=_REGULAR),
]
ClipNorm = Annotated[
    float | None,
    typer.Option(
        help="The largest length of a gradient.", show_default=False, rich_help_panel=_REGULAR
    ),
]
Early = Annotated[
    bool | None,
    typer.Option(
        "--early-stopping/--no-early-stopping",
        help="Stop when a tenth of the rows, kept aside, is predicted no better; "
        f"by default from {EARLY_FROM:,} rows on.",
        show_default=False,
        rich_help_panel=_WHILE,
    ),
]
TimeBudget = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Stop with the first epoch that ends after so long.",
        show_default=False,
        rich_help_panel=_WHILE,
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write there every minute, and at the end, all that is needed to go on.",
        show_default=False,
        rich_help_panel=_WHILE,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on from the checkpoint, as if it had not been cut off.",
        rich_help_panel=_WHILE,
    ),
]
Diagnose = Annotated[
    bool,
    typer.Option(
        "--diagnose",
        help="Record what each layer does in each epoch, and say what is wrong: lamina diagnose.",
        rich_help_panel=_WHILE,
    ),
]
