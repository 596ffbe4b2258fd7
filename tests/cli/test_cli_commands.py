"""The four commands from a table to its predictions."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from conftest import diabetes, iris, mixed, write
from sklearn import metrics

from lamina import __version__
from lamina.tables import TableModel, read_table


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_classification(lamina, ending):
    write(iris(), f"iris.{ending}")
    trained = lamina("train", f"iris.{ending}", "--target", "species")
    assert trained.status == 0 and trained.err == ""
    for said in (
        "150 rows, 5 columns",
        "classification: the target 'species' is text with 3 different values",
        "4 numbers, 4 network inputs in all",
        "120 to learn from, 30 held out",
        "4 inputs → 100 relu → 3 softmax; 803 parameters",
        "still learning after all 200 epochs",
        "balanced accuracy",
        "model written to iris.lamina",
    ):
        assert said in trained.out, said
    predicted = lamina("predict", "iris.lamina", f"iris.{ending}", "-o", f"out.{ending}")
    assert predicted.out == "150 predictions of 'species' written to out." + ending + "\n"
    out = read_table(f"out.{ending}")
    classes = ["setosa", "versicolor", "virginica"]
    assert out.column_names == ["prediction", *(f"probability_{name}" for name in classes)]
    chances = np.stack([out[f"probability_{name}"].to_numpy() for name in classes], axis=1)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)
    assert out["prediction"].to_pylist() == [classes[i] for i in chances.argmax(axis=1)]
    truth = iris()["species"].to_pylist()
    scored = lamina("evaluate", "iris.lamina", f"iris.{ending}", "--json").json
    assert scored["scores"] == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(truth, out["prediction"].to_pylist()),
            "balanced_accuracy": metrics.balanced_accuracy_score(
                truth, out["prediction"].to_pylist()
            ),
            "log_loss": metrics.log_loss(truth, chances),
        }
    )
    assert scored["scores"]["accuracy"] > 0.9
    assert scored["baseline"]["accuracy"] == pytest.approx(1 / 3)
    assert "accuracy" in lamina("evaluate", "iris.lamina", f"iris.{ending}").out


def test_a_regression_in_its_own_unit(lamina):
    table = diabetes()
    far = table.set_column(10, "progress", pa.array(table["progress"].to_numpy() * 1e6 + 1e9))
    write(far, "t.parquet")
    trained = lamina("train", "t.parquet", "-t", "progress", "--json").json
    assert trained["task"] == "regression"
    assert trained["scores"]["r2"] > 0.2 > trained["baseline"]["r2"]
    lamina("predict", "t.lamina", "t.parquet", "-o", "out.csv")
    out = read_table("out.csv")
    assert out.column_names == ["prediction"]
    truth, predicted = far["progress"].to_numpy(), out["prediction"].to_numpy()
    scored = lamina("evaluate", "t.lamina", "t.parquet", "--json").json
    assert scored["scores"] == pytest.approx(
        {
            "r2": metrics.r2_score(truth, predicted),
            "mae": metrics.mean_absolute_error(truth, predicted),
            "rmse": metrics.root_mean_squared_error(truth, predicted),
        }
    )
    assert scored["rows"] == {"scored": 442, "unlabelled": 0, "unknown_class": 0}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_of_everything(lamina, ending):
    write(mixed(), f"t.{ending}")
    trained = lamina("train", f"t.{ending}", "-t", "price", "--solver", "lbfgs", "--json").json
    kinds = {
        "size": "number",
        "color": "category",
        "sold": "boolean",
        "day": "date",
        "seen": "date",
    }
    assert trained["columns"] == {**kinds, "stars": "number"}
    assert set(trained["dropped"]) == {"id", "country", "nothing"}
    assert trained["rows"]["unlabelled"] == mixed()["price"].null_count
    assert trained["scores"]["r2"] > 0.6
    assert lamina("evaluate", "t.lamina", f"t.{ending}").err.startswith("note: ")
    predicted = lamina("predict", "t.lamina", f"t.{ending}", "-o", "out.parquet", "--keep")
    assert predicted.status == 0
    out = pyarrow.parquet.read_table("out.parquet")
    assert out.column_names == [*mixed().column_names, "prediction"]
    assert out["prediction"].null_count == 0 and np.isfinite(out["prediction"].to_numpy()).all()


def test_a_model_of_parquet_reads_csv_and_the_other_way_round(lamina):
    write(mixed(), "t.parquet")
    write(mixed(), "t.csv")
    for source in ("parquet", "csv"):
        lamina("train", f"t.{source}", "-t", "price", "-o", "m.lamina", "-f", "--epochs", 3)
        for given in ("parquet", "csv"):
            lamina("predict", "m.lamina", f"t.{given}", "-o", f"{given}.csv", "-f")
        assert Path("parquet.csv").read_bytes() == Path("csv.csv").read_bytes()


def test_show(lamina):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", "price", "--hidden", "8,4", "--activation", "tanh")
    shown = lamina("show", "t.lamina")
    for said in (
        "regression of 'price'",
        "'size'",
        "'id': a different text in every row",
        "→ 8 tanh → 4 tanh → 1 identity",
        "activation='tanh', hidden_layer_sizes=(8, 4)",
        "▁",
        f"lamina {__version__}, seed 0",
        "R²",
    ):
        assert said in shown.out, said


def test_labels_keep_their_type(lamina):
    x = np.tile([0.0, 1.0, 2.0], 40)
    for name, labels, kind in (
        ("whole", [10, 20, 30] * 40, pa.int64()),
        ("flag", [True, False, False] * 40, pa.bool_()),
        ("text", ["01", "02", "03"] * 40, pa.string()),
    ):
        write(pa.table({"x": x, "y": labels}), f"{name}.parquet")
        lamina("train", f"{name}.parquet", "-t", "y", "--solver", "lbfgs")
        lamina("predict", f"{name}.lamina", f"{name}.parquet", "-o", f"out-{name}.parquet")
        out = pyarrow.parquet.read_table(f"out-{name}.parquet")
        assert out.schema.field("prediction").type == kind
        assert out["prediction"].to_pylist() == labels
    assert "probability_false" in pyarrow.parquet.read_table("out-flag.parquet").column_names


def test_the_same_seed_gives_the_same_file(lamina):
    write(mixed(), "t.parquet")
    train = ("train", "t.parquet", "-t", "price", "--epochs", 5, "-f")
    for out, seed in (("a.lamina", 1), ("b.lamina", 1), ("c.lamina", 2)):
        lamina(*train, "-o", out, "--seed", seed)
    assert digest("a.lamina") == digest("b.lamina") != digest("c.lamina")


def test_the_same_bits_in_a_new_process(lamina):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", "price", "--epochs", 5)
    expected = TableModel.load("t.lamina").predict(mixed())
    command = [
        sys.executable,
        "-m",
        "lamina",
        "predict",
        "t.lamina",
        "t.parquet",
        "-o",
        "o.parquet",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert pyarrow.parquet.read_table("o.parquet")["prediction"].combine_chunks().equals(expected)


def test_saving_again_gives_the_same_file(lamina):
    write(iris(), "t.parquet")
    lamina("train", "t.parquet", "-t", "species", "--epochs", 3)
    TableModel.load("t.lamina").save("again.lamina")
    assert digest("t.lamina") == digest("again.lamina")


def test_other_tables_in_python(lamina):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", "price", "--epochs", 3)
    model = TableModel.load("t.lamina")
    assert model.predict(pl.read_parquet("t.parquet")).equals(model.predict(mixed()))


def test_integer_categories_of_pandas(lamina):
    frame = mixed().to_pandas()
    frame["stars"] = frame["stars"].astype("category")
    frame.to_parquet("t.parquet")
    trained = lamina("train", "t.parquet", "-t", "price", "--epochs", 2, "--json").json
    assert trained["columns"]["stars"] == "category"
    frame["stars"] = frame["stars"].astype(float)
    frame.to_csv("t.csv")
    done = lamina("predict", "t.lamina", "t.csv", "-o", "out.csv")
    assert done.status == 0 and "stars" not in done.err


def test_more_and_fewer_columns_and_categories(lamina):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", "price", "--epochs", 3)
    table = mixed(20).drop_columns(["price", "id", "country", "nothing"])
    table = table.append_column("extra", pa.array(range(20)))
    table = table.set_column(1, "color", pa.array(["violet"] * 20))
    write(table, "new.parquet")
    done = lamina("predict", "t.lamina", "new.parquet", "-o", "out.csv")
    assert done.status == 0
    assert "column 'color' has a category that training never or hardly saw in 20 of 20" in done.err
    assert lamina("predict", "t.lamina", "new.parquet", "-o", "out.csv", "-qf").err == ""


def test_unknown_and_missing_classes_in_an_evaluation(lamina):
    write(iris(), "t.parquet")
    lamina("train", "t.parquet", "-t", "species", "--solver", "lbfgs")
    labels = iris()["species"].to_pylist()
    labels[0], labels[1] = "tulip", None
    write(iris().set_column(4, "species", pa.array(labels)), "new.parquet")
    done = lamina("evaluate", "t.lamina", "new.parquet")
    assert "note: 1 row left out: the target is missing" in done.err
    assert "note: 1 row has a class that training did not see (row 1 is 'tulip')" in done.err
    scored = lamina("evaluate", "t.lamina", "new.parquet", "--json").json
    assert scored["rows"] == {"scored": 149, "unlabelled": 1, "unknown_class": 1}
    assert 0 < scored["scores"]["log_loss"] < 0.5
    one = lamina("evaluate", "t.lamina", write(iris().slice(0, 1), "one.parquet"), "--json").json
    assert one["scores"]["accuracy"] == 1


def test_a_single_row_has_no_r2(lamina):
    write(diabetes(), "t.parquet")
    lamina("train", "t.parquet", "-t", "progress", "--epochs", 2)
    write(diabetes().slice(0, 1), "one.parquet")
    assert lamina("evaluate", "t.lamina", "one.parquet", "--json").json["scores"]["r2"] is None
    assert "not defined" in lamina("evaluate", "t.lamina", "one.parquet").out


def test_training_on_all_rows(lamina):
    write(iris(), "t.csv")
    trained = lamina("train", "t.csv", "-t", "species", "--test-size", 0, "--epochs", 2)
    assert "150 to learn from, none held out" in trained.out and "accuracy" not in trained.out
    assert "accuracy" not in lamina("show", "t.lamina").out


def test_options_reach_the_network(lamina):
    write(iris(), "t.csv")
    options = "--hidden 5,6 --activation logistic --solver sgd --learning-rate 0.5 --batch-size 16"
    more = "--epochs 3 --alpha 0.01 --early-stopping --seed 4 --drop sw"
    lamina("train", "t.csv", "-t", "species", *options.split(), *more.split())
    own = TableModel.load("t.lamina").estimator.get_params()
    expected = {
        "hidden_layer_sizes": (5, 6),
        "activation": "logistic",
        "solver": "sgd",
        "learning_rate_init": 0.5,
        "batch_size": 16,
        "max_iter": 3,
        "alpha": 0.01,
        "early_stopping": True,
        "random_state": 4,
    }
    assert {name: own[name] for name in expected} == expected
