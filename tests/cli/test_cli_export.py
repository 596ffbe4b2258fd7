"""lamina export: what ONNX Runtime makes of the columns is what lamina predict makes of them."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import diabetes, iris, mixed, write

from lamina.tables import TableModel, read_table

onnxruntime = pytest.importorskip("onnxruntime")


def columns(table: pa.Table, inputs: list) -> dict[str, np.ndarray]:
    """Return a table's columns as the types of the inputs want them, as a user would."""
    frame, made = table.to_pandas(), {}
    for one in inputs:
        values = frame[one.name]
        if one.type == "tensor(string)":
            made[one.name] = values.astype(object).where(values.notna(), "").astype(str).to_numpy()
            made[one.name] = made[one.name].astype(object)
        elif one.type == "tensor(int64)":
            made[one.name] = values.to_numpy("datetime64[us]").astype(np.int64)
        else:
            made[one.name] = values.astype(float).to_numpy()
    return made


def run(path: str, table: pa.Table) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(names, columns(table, session.get_inputs()))
    return dict(zip(names, outputs, strict=True))


def numbers_are_those_of_predict(lamina, table: pa.Table, outputs: dict[str, np.ndarray]) -> None:
    write(table, "given.parquet")
    lamina("predict", "t.lamina", "given.parquet", "-o", "out.parquet", "-fq")
    out = read_table("out.parquet")
    chances = [name for name in out.column_names if name.startswith("probability_")]
    if not chances:
        expected = out["prediction"].to_numpy()
        np.testing.assert_allclose(outputs["prediction"], expected, rtol=1e-5, atol=1e-5)
        return
    expected = np.stack([out[name].to_numpy() for name in chances], axis=1)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)
    assert outputs["label"].tolist() == out["prediction"].to_pylist()


@pytest.mark.parametrize("target", ["price", "color", "sold", "stars"])
def test_a_table_of_everything(lamina, target):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", target, "--epochs", 20)
    done = lamina("export", "t.lamina", "-o", "t.onnx")
    kind = "regression" if target == "price" else "classification"
    assert done.out == f"{kind} of {target!r} written to t.onnx\n" and done.err == ""
    numbers_are_those_of_predict(lamina, mixed(), run("t.onnx", mixed()))
    # Other rows, with categories that training never saw and numbers far away.
    other = mixed(50, seed=1)
    if target != "color":
        other = other.set_column(2, "color", pa.array(["violet", None] * 25))
    other = other.set_column(1, "size", pa.array([1e9, -1e9, None, 0.0, 1.0] * 10))
    numbers_are_those_of_predict(lamina, other, run("t.onnx", other))
    empty = run("t.onnx", mixed().slice(0, 0))
    assert all(len(output) == 0 for output in empty.values())


@pytest.mark.parametrize("table", [iris(), diabetes()], ids=["iris", "diabetes"])
def test_numbers_alone(lamina, table):
    write(table, "t.csv")
    lamina("train", "t.csv", "-t", table.column_names[-1], "--epochs", 5)
    assert lamina("export", "t.lamina", "-o", "t.onnx", "-q").out == ""
    numbers_are_those_of_predict(lamina, table, run("t.onnx", table))


def test_columns_with_names_of_the_graph(lamina):
    random = np.random.default_rng(0)
    names = ["label", "probabilities", "W1", "b1", "constant", "Gemm", "classes", "ç d"]
    table = pa.table({name: random.normal(size=60) for name in names} | {"y": ["a", "b"] * 30})
    write(table, "t.parquet")
    lamina("train", "t.parquet", "-t", "y", "--epochs", 2)
    lamina("export", "t.lamina", "-o", "t.onnx")
    outputs = run("t.onnx", table)
    assert list(outputs) == ["label_", "probabilities_"]
    numbers_are_those_of_predict(lamina, table, {name[:-1]: out for name, out in outputs.items()})


def test_arrays(lamina):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", "price", "--epochs", 2)
    lamina("export", "t.lamina", "-o", "t.npz")
    with np.load("t.npz") as file:
        arrays = dict(file)
    model = TableModel.load("t.lamina")
    assert len(arrays["input_columns"]) == len(arrays["W1"]) == model.preprocessing.width
    rows = zip(
        arrays["input_columns"], arrays["input_parts"], arrays["input_categories"], strict=True
    )
    assert [row for row in rows if row[0] == "color"] == [
        ("color", "category", "blue"),
        ("color", "category", "green"),
        ("color", "category", "red"),
        ("color", "missing", ""),
    ]
    # The number 'size' alone moves the first input and its indicator: by the arrays as predicted.
    x = model.preprocessing.transform(model.columns(mixed()))
    size = mixed()["size"].to_pandas().to_numpy()
    place = arrays["input_columns"].tolist().index("size")
    fill, mean, scale = (arrays[f"input_{name}"][place] for name in ("fill", "mean", "scale"))
    scaled = (np.where(np.isnan(size), fill, size) - mean) / scale
    limit = arrays["input_limit"]
    np.testing.assert_allclose(x[:, place], np.clip(scaled, -limit, limit), rtol=1e-6)
    h = np.maximum(x @ arrays["W1"] + arrays["b1"], 0) @ arrays["W2"] + arrays["b2"]
    price = h[:, 0] * arrays["target_scale"] + arrays["target_mean"]
    np.testing.assert_allclose(price, model.predict(mixed()).to_numpy(), rtol=1e-5)
    assert arrays["target"] == "price"


def test_refusals(lamina, refused, monkeypatch):
    write(iris(), "t.csv")
    lamina("train", "t.csv", "-t", "species", "--epochs", 2)
    assert refused("export", "t.lamina", "-o", "t.pmml") == (
        "cannot tell what to write as t.pmml: end its name in .onnx or .npz"
    )
    Path("t.onnx").write_text("mine")
    assert "t.onnx exists" in refused("export", "t.lamina", "-o", "t.onnx")
    assert Path("t.onnx").read_text() == "mine"
    assert lamina("export", "t.lamina", "-o", "t.onnx", "--force").status == 0
    assert "there is no model file" in refused("export", "no.lamina", "-o", "new.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert 'pip install "lamina[onnx]"' in refused("export", "t.lamina", "-o", "new.onnx")
    assert not Path("new.onnx").exists()
    assert lamina("export", "t.lamina", "-o", "new.npz").status == 0


def test_text_that_cannot_be_told_apart(lamina, refused):
    texts = pa.array(["", None, "a", "b"] * 20)
    write(pa.table({"x": texts, "y": [1.0, 2.0, 3.0, 4.5] * 20}), "t.parquet")
    lamina("train", "t.parquet", "-t", "y", "--epochs", 2)
    said = refused("export", "t.lamina", "-o", "t.onnx")
    assert said.startswith("column 'x' has both \"\" and missing values as categories")
