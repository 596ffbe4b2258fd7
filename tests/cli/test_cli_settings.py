"""Everything that the library has for a network, by name on the command line."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import iris, mixed, write

from lamina import AdamW, LeakyReLU, Regularization
from lamina.plan.rules import RULES
from lamina.spec.activations import ACTIVATIONS
from lamina.tables import TableModel, settings

TRAIN = ("train", "iris.csv", "-t", "species", "-f", "--hidden", "4,3", "--epochs")


@pytest.fixture(autouse=True)
def table(folder):
    write(iris(), "iris.csv")


def test_the_names_are_the_library_s():
    assert set(settings.ACTIVATIONS) == set(ACTIVATIONS) - {"exp"} | {"prelu"}
    assert set(settings.SOLVERS) == set(RULES) | {"lbfgs"}


@pytest.mark.parametrize("name", settings.ACTIVATIONS)
def test_activations(lamina, name):
    assert f"4 {name} → 3 {name} → 3 softmax" in lamina(*TRAIN, 1, "--activation", name).out


def test_an_activation_for_each_layer(lamina, refused):
    done = lamina(*TRAIN, 2, "--activation", "tanh, gelu")
    assert "4 inputs → 4 tanh → 3 gelu → 3 softmax" in done.out
    assert "4 inputs → 4 tanh → 3 gelu → 3 softmax" in lamina("show", "iris.lamina").out
    assert lamina("predict", "iris.lamina", "iris.csv", "-o", "o.csv").status == 0
    said = refused(*TRAIN, 2, "--activation", "tanh,gelu,relu")
    assert "names 3 functions and --hidden 2 layers" in said
    assert "'exp' is not one of" in refused(*TRAIN, 2, "--activation", "exp")
    assert "did you mean 'gelu'" in refused(*TRAIN, 2, "--activation", "gelo")


def test_slopes(lamina, refused):
    done = lamina(*TRAIN, 2, "--activation", "leaky_relu(0.2), prelu")
    # Three slopes are learnt besides 4 * 4 + 4 * 3 + 3 * 3 weights and 10 biases.
    assert "4 inputs → 4 leaky_relu(0.2) → 3 prelu → 3 softmax; 50 parameters" in done.out
    own = TableModel.load("iris.lamina").estimator.activation
    assert own == [LeakyReLU(0.2), "prelu"]
    assert "4 leaky_relu(0.2) → 3 prelu" in lamina("show", "iris.lamina").out
    for slope in ("2", "-1", "", "nan", "x"):
        said = refused(*TRAIN, 2, "--activation", f"leaky_relu({slope})")
        assert said == f"--activation: leaky_relu takes a slope from 0 to 1, not {slope!r}"


def test_regularization(lamina, refused):
    words = "--dropout 0.2,0.1 --input-dropout 0.05 --weight-decay 0.01 --l1 0.001 --clip-norm 2"
    done = lamina(*TRAIN, 2, *words.split(), "--json").json
    expected = Regularization(
        dropout=(0.2, 0.1), input_dropout=0.05, weight_decay=0.01, l1=0.001, clip_norm=2.0
    )
    assert TableModel.load("iris.lamina").estimator.regularization == expected
    assert done["settings"]["regularization"] == repr(expected)
    assert f"regularization={expected!r}" in lamina("show", "iris.lamina").out
    assert lamina(*TRAIN, 2, "--dropout", 0.3).status == 0
    assert TableModel.load("iris.lamina").estimator.regularization == Regularization(dropout=0.3)
    assert lamina(*TRAIN, 2).status == 0
    assert TableModel.load("iris.lamina").estimator.regularization is None


def test_the_weight_decay_of_adamw_is_its_own(lamina):
    assert lamina(*TRAIN, 2, "--solver", "adamw", "--weight-decay", 0.3).status == 0
    own = TableModel.load("iris.lamina").estimator
    assert own.solver == AdamW(strength=0.3) and own.regularization is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--dropout 1", "--dropout takes a share such as 0.2, or one for each hidden layer"),
        ("--dropout half", "from 0 to below 1, not 'half'"),
        ("--dropout 0.1,", "from 0 to below 1, not '0.1,'"),
        ("--dropout 0.1,0.1,0.1", "--dropout names 3 shares and --hidden 2 layers"),
        ("--input-dropout 1", "--input-dropout is a number from 0 to below 1, not 1"),
        ("--weight-decay -1", "--weight-decay is a number 0 or more, not -1"),
        ("--weight-decay nan --solver adamw", "--weight-decay is a number 0 or more, not nan"),
        ("--l1 inf", "--l1 is a number 0 or more, not inf"),
        ("--clip-norm 0", "--clip-norm is a number above 0, not 0"),
        ("--time-budget 0", "--time-budget is a number above 0, not 0"),
        ("--label-smoothing 1", "--label-smoothing is a number from 0 to below 1, not 1"),
    ],
)
def test_numbers_out_of_range(refused, words, said):
    assert said in refused(*TRAIN, 2, *words.split())


def squeezed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_a_time_budget(lamina):
    done = lamina(*TRAIN, 10**7, "--time-budget", 0.001, "--no-early-stopping")
    assert "note      stopped: the time budget of 0.001 seconds ended\n" in squeezed(done.out)
    assert 0 < TableModel.load("iris.lamina").estimator.n_iter_ < 10**7


@pytest.mark.parametrize("name", settings.SOLVERS)
def test_solvers(lamina, name):
    assert lamina(*TRAIN, 2, "--solver", name).status == 0
    assert TableModel.load("iris.lamina").estimator.solver == name


@pytest.mark.parametrize("name", settings.SCHEDULES)
def test_schedules(lamina, refused, name):
    assert lamina(*TRAIN, 3, "--schedule", name).status == 0
    own = TableModel.load("iris.lamina").estimator.learning_rate
    assert own == settings.schedule(name)
    assert "did you mean 'cosine'" in refused(*TRAIN, 3, "--schedule", "cosin")


@pytest.mark.parametrize(
    "option",
    [
        ["--early-stopping"],
        ["--batch-size", "9"],
        ["--schedule", "step"],
        ["--dropout", "0.2"],
        ["--input-dropout", "0.2"],
        ["--weight-decay", "0.2"],
        ["--l1", "0.2"],
        ["--clip-norm", "1"],
        ["--checkpoint", "c"],
    ],
)
def test_what_lbfgs_would_not_look_at(refused, option):
    said = refused(*TRAIN, 3, "--solver", "lbfgs", *option)
    assert said.startswith("--solver lbfgs always takes all rows at once")
    assert f"leave out {option[0]}, or" in said


def test_lbfgs_that_needs_more_steps(lamina):
    done = lamina(*TRAIN, 2, "--solver", "lbfgs")
    assert "note      still learning after all 2 steps: more (--epochs) may do better" in done.out
    assert "max_iter" not in done.out and "Scaling" not in done.out
    assert lamina(*TRAIN, 2, "--solver", "lbfgs", "--no-early-stopping").status == 0


def test_no_words_at_all(lamina):
    done = lamina()
    assert done.status == 0 and done.err == "" and "Usage: lamina" in done.out
    assert not list(Path().glob("*.lamina"))


def test_decimal_commas_from_the_training_to_the_score(lamina):
    x = np.random.default_rng(0).normal(size=300).round(3)
    rows = (f"{a};{2 * a}".replace(".", ",") for a in x)
    Path("t.csv").write_text("\n".join([" x ; y ", *rows]))
    trained = lamina("train", "t.csv", "-t", "y", "--solver", "lbfgs", "--json").json
    assert trained["columns"] == {"x": "number"} and trained["scores"]["r2"] > 0.99
    assert lamina("evaluate", "t.lamina", "t.csv", "--json").json["scores"]["r2"] > 0.99
    done = lamina("predict", "t.lamina", "t.csv", "-o", "o.csv", "--keep")
    assert done.status == 0 and Path("o.csv").read_text().splitlines()[1].startswith(f'"{x[0]}"')


def test_notes_of_the_columns(lamina):
    table = mixed().set_column(1, "size", [["n.a.", *map(str, range(1, 300))]])
    write(table, "t.csv")
    said = "299 of 300 values of 'size' are numbers; row 1 is 'n.a.'"
    assert f"note      {said}" in lamina("train", "t.csv", "-t", "price", "--epochs", 1).out
    notes = lamina("train", "t.csv", "-t", "price", "-f", "--epochs", 1, "--json").json["notes"]
    assert said in notes[0] and len(notes) == 2


def test_columns_of_no_use_share_a_line(lamina):
    table = pa.table({"x": range(50), **{f"c{i}": [1] * 50 for i in range(7)}, "y": range(50)})
    write(table, "t.csv")
    line = "not used  'c0', 'c1', 'c2', 'c3', 'c4', and 2 more: the same value in every row\n"
    assert line in "\n".join(
        text.rstrip() + "\n" for text in lamina("train", "t.csv", "-t", "y").out.splitlines()
    )


def test_names_that_are_nearly_right(lamina, refused):
    lamina(*TRAIN, 1)
    assert "did you mean 'species'?" in refused("train", "iris.csv", "-t", " Species", "-f")
    names = ["SL", "sw", "pl", "pw", "Species"]
    write(iris().rename_columns(names), "new.csv")
    assert "(did you mean 'Species'?)" in refused("evaluate", "iris.lamina", "new.csv")
    said = refused("predict", "iris.lamina", "new.csv", "-o", "o.csv")
    assert "lacks the column 'sl' that the model was trained on (did you mean 'SL'?)" in said


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_classes_of_integers_written_as_numbers(lamina, ending):
    labels = [i % 3 for i in range(90)]
    write(pa.table({"x": [float(label) for label in labels], "y": labels}), "t.csv")
    lamina("train", "t.csv", "-t", "y", "--solver", "lbfgs")
    gaps = pa.array([None, *map(float, labels[1:])], pa.float64())
    write(pa.table({"x": [float(label) for label in labels], "y": gaps}), f"gaps.{ending}")
    scored = lamina("evaluate", "t.lamina", f"gaps.{ending}", "--json").json
    assert scored["scores"]["accuracy"] == 1
    assert scored["rows"] == {"scored": 89, "unlabelled": 1, "unknown_class": 0}
    Path("text.csv").write_text("x,y\n1,1.0\n2,two\n")
    assert lamina("evaluate", "t.lamina", "text.csv", "--json").json["scores"]["accuracy"] == 0.5
    done = lamina("evaluate", "t.lamina", "text.csv")
    assert "1 row has a class that training did not see (row 2 is 'two'): counted as" in done.err
