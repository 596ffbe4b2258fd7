"""lamina trace: a row of a table through the network, with the numbers of the model."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import diabetes, iris, mixed, write

import lamina as library
from lamina.tables import TableModel, read_table
from lamina.tables.parquet import ParquetSet
from lamina.tables.tracing import follow

OPTIONS = ("--hidden", 3, "--epochs", 5, "-q")


@pytest.fixture
def flowers(lamina):
    write(iris(), "iris.csv")
    lamina("train", "iris.csv", "-t", "species", *OPTIONS)
    return TableModel.load("iris.lamina")


def test_the_text_is_that_of_the_estimators_trace(lamina, flowers):
    said = lamina("trace", "iris.lamina", "iris.csv", "--row", 3, "--digits", 9)
    assert said.status == 0 and said.err == ""
    X = flowers.preprocessing.transform(flowers.columns(iris().slice(2, 1)))
    own = library.trace(flowers.estimator, X, [0])
    for step in own.steps:
        if step.part.startswith(("Forward", "Backward")):
            assert step.equation in said.out
    for value in own.layers[0].gradient.W.ravel():
        assert f"{value:.9g}" in said.out
    for words in ("row 3", "setosa", "4.7", "probability_virginica", "1 sample"):
        assert words in said.out


def test_the_first_row_by_itself_and_several(lamina, flowers):
    first = lamina("trace", "iris.lamina", "iris.csv").out
    assert first == lamina("trace", "iris.lamina", "iris.csv", "--row", 1).out
    several = lamina("trace", "iris.lamina", "iris.csv", "--row", 60, "--row", 2).out
    assert "2 samples" in several and several.index("row 60") < several.index("row 2")


def test_a_page_of_html(lamina, flowers, refused):
    said = lamina("trace", "iris.lamina", "iris.csv", "--html", "row.html")
    assert said.out == "trace of 1 row written to row.html\n"
    page = Path("row.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "δ_2 = ŷ − y" in page
    assert "exists" in refused("trace", "iris.lamina", "iris.csv", "--html", "row.html")
    lamina("trace", "iris.lamina", "iris.csv", "--html", "row.html", "--force")
    own = refused("trace", "iris.lamina", "iris.csv", "--html", "iris.csv", "--force")
    assert "is read by this command" in own


@pytest.mark.parametrize("target", ["price", "color", "sold"])
def test_a_table_of_everything(lamina, target):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", target, *OPTIONS)
    model, table = TableModel.load("t.lamina"), read_table("t.parquet")
    known = [i for i, v in enumerate(table[target].to_pylist()) if v is not None][:20]
    trace = follow(model, table, [i + 1 for i in known])
    inputs = next(step for step in trace.before if step.name == "x")
    assert len(inputs.rows) == trace.network.n_inputs == model.preprocessing.width
    np.testing.assert_array_equal(inputs.value.T, trace.x)
    answer = model.predictions(table.take(known))
    shown = trace.after[0]
    assert shown.columns == tuple(answer.column_names)
    for j, name in enumerate(answer.column_names):
        assert shown.value[:, j].tolist() == answer[name].to_pylist()
    if target == "price":
        shift, factor = model.target.unit
        own = [(table[target][i].as_py() - shift) / factor for i in known]
        np.testing.assert_allclose(trace.y[:, 0], own, rtol=1e-6)
    else:
        places = trace.y.argmax(axis=1) if trace.y.shape[1] > 1 else trace.y[:, 0].astype(int)
        labels = [model.target.classes[place] for place in places]
        assert labels == table[target].take(known).to_pylist()


def test_each_category_has_its_inputs_name(lamina):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", "price", *OPTIONS)
    model, table = TableModel.load("t.lamina"), read_table("t.parquet")
    row = table["color"].to_pylist().index("green") + 1
    inputs = next(step for step in follow(model, table, [row]).before if step.name == "x")
    values = dict(zip(inputs.rows, inputs.value[:, 0], strict=True))
    colors = {name: value for name, value in values.items() if name.startswith("color is")}
    assert colors.pop("color is green") == 1 and not any(colors.values()) and len(colors) == 3


def test_parquet_in_parts_gives_the_same_rows(lamina):
    write(diabetes(), "t.parquet")
    lamina("train", "t.parquet", "-t", "progress", *OPTIONS)
    model, rows = TableModel.load("t.lamina"), [400, 3, 77]
    whole = follow(model, read_table("t.parquet"), rows)
    parts = follow(model, ParquetSet(Path("t.parquet"), 50), rows)
    np.testing.assert_array_equal(whole.x, parts.x)
    assert str(whole) == str(parts)


def test_quantiles_and_ratios(lamina):
    write(diabetes(), "t.csv")
    for words in (("--quantiles", "0.1,0.9"), ("--loss", "poisson")):
        lamina("train", "t.csv", "-t", "progress", *words, *OPTIONS, "-f")
        said = lamina("trace", "t.lamina", "t.csv", "--row", 5)
        assert said.status == 0 and "progress" in said.out


def test_the_next_step_of_training(lamina, flowers, refused):
    said = lamina("trace", "iris.lamina", "iris.csv", "--update")
    assert said.out.startswith(lamina("trace", "iris.lamina", "iris.csv").out.rstrip("\n"))
    assert "step 6 of Adam" in said.out and "history share" in said.out
    lamina("trace", "iris.lamina", "iris.csv", "--update", "--html", "row.html")
    page = Path("row.html").read_text(encoding="utf-8")
    assert "step 6 of Adam" in page and page.count("<main>") == page.count("</html>") == 1


def test_each_line_fits_and_all_columns_are_there(lamina):
    names = [f"measured {i}" for i in range(20)]
    columns = {name: np.random.RandomState(i).normal(size=30) for i, name in enumerate(names)}
    write(pa.table(columns | {"kind": ["a", "b", "c"] * 10}), "wide.csv")
    lamina("train", "wide.csv", "-t", "kind", *OPTIONS)
    said = lamina("trace", "wide.lamina", "wide.csv").out
    assert all(said.count(f"\n      {name} ") >= 2 for name in names)
    assert max(map(len, said.splitlines())) <= 100


def test_missing_columns_come_first(lamina, flowers, refused):
    write(diabetes(), "other.csv")
    assert "lacks the columns" in refused("trace", "iris.lamina", "other.csv")


def test_what_is_wrong_is_said_in_a_sentence(refused, lamina, flowers):
    write(iris().drop_columns("species"), "no.csv")
    assert "no column 'species', the target" in refused("trace", "iris.lamina", "no.csv")
    words = refused("trace", "iris.lamina", "iris.csv", "--row", 151)
    assert words == "there is no row 151: the table has 150 rows"
    for row in (0, -1):
        assert "--row" in refused("trace", "iris.lamina", "iris.csv", "--row", row)
    assert "--digits" in refused("trace", "iris.lamina", "iris.csv", "--digits", 0)
    assert "--shown" in refused("trace", "iris.lamina", "iris.csv", "--shown", 1)
    assert "there is no file" in refused("trace", "iris.lamina", "nothing.csv")
    odd = iris().slice(0, 2).set_column(4, "species", pa.array(["rose", None]))
    write(odd, "odd.parquet")
    words = refused("trace", "iris.lamina", "odd.parquet")
    assert words.startswith("row 1 has 'rose' as 'species', which the model does not know")
    words = refused("trace", "iris.lamina", "odd.parquet", "--row", 2)
    assert words == "row 2 has no 'species': choose a row that has it"
