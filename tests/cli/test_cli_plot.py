"""lamina plot: a picture of each kind, of what the model and the table hold."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import diabetes, iris, mixed, write
from PIL import Image

from lamina import displays
from lamina.tables import TableModel, drawing, plotting

PLAIN = ["curves", "gradients", "units", "weights", "spectra"]
ROWS = ["activations", "representations", "confusion", "calibration", "surface"]


def trained(lamina, table=None, target="species", *words):
    write(iris() if table is None else table, "t.csv")
    done = lamina("train", "t.csv", "-t", target, "--epochs", 5, "--hidden", 6, "-q", *words)
    assert done.status == 0, done.err


def pixels(path: str) -> int:
    with Image.open(path) as image:
        return len(image.convert("RGB").getcolors(2**24))


@pytest.mark.parametrize("kind", [*PLAIN, *ROWS])
def test_every_kind(lamina, kind):
    trained(lamina, None, "species", "--diagnose")
    words = ["t.csv"] if kind in ROWS else []
    done = lamina("plot", "t.lamina", kind, *words)
    assert done.status == 0, done.err
    assert done.out == f"{kind} of t.lamina written to t-{kind}.png\n"
    assert pixels(f"t-{kind}.png") > 10


def test_the_search_for_a_learning_rate(lamina):
    trained(lamina, iris().slice(0, 150), "species", "--epochs", 1)
    assert lamina("plot", "t.lamina", "learning-rate", "t.csv").status == 0
    assert pixels("t-learning-rate.png") > 10


def test_regressions(lamina):
    trained(lamina, diabetes(), "progress", "--diagnose")
    for words in (["representations"], ["boundary", "--column", "bmi", "--column", "bp"]):
        done = lamina("plot", "t.lamina", words[0], "t.csv", *words[1:], "-q", "-o", "p.png", "-f")
        assert (done.status, done.out, done.err) == (0, "", "")


def drawn(monkeypatch, name):
    """Keep the display that a command makes."""
    kept, kind = [], getattr(displays, name)
    plot = kind.plot
    monkeypatch.setattr(kind, "plot", lambda self: kept.append(self) or plot(self))
    return kept


def test_representations_are_of_the_models_own_inputs(lamina, monkeypatch):
    table = mixed()
    trained(lamina, table, "color", "--epochs", 2)
    kept = drawn(monkeypatch, "RepresentationsDisplay")
    assert lamina("plot", "t.lamina", "representations", "t.csv").status == 0
    model = TableModel.load("t.lamina")
    from lamina.tables import read_table

    given = read_table("t.csv", infer=False)
    there = np.array(given["color"].to_pylist(), dtype=object) != None  # noqa: E711
    X = model.preprocessing.transform(model.columns(given))
    assert kept[0].representations[0].shape[1] == model.preprocessing.width
    assert "network" in kept[0].axes_[-1].get_title()
    assert len(kept[0].y) <= there.sum() and set(kept[0].y) <= set(model.target.label_names())
    rows = {row.tobytes() for row in X}
    assert all(row.tobytes() in rows for row in kept[0].representations[0])


def test_the_boundary_is_what_predict_says_with_the_others_as_usual(lamina, monkeypatch):
    trained(lamina)
    kept = drawn(monkeypatch, "BoundaryDisplay")
    words = ["--column", "pl", "--column", "pw"]
    assert lamina("plot", "t.lamina", "boundary", "t.csv", *words).status == 0
    columns = iris().to_pandas()
    middle = {name: float(np.sort(columns[name])[75]) for name in ("sl", "sw")}
    one = pa.table({name: [value] for name, value in {**middle, "pl": 4.0, "pw": 1.5}.items()})
    expected = TableModel.load("t.lamina").predict_proba(one)
    np.testing.assert_allclose(kept[0].answer(np.array([[4.0, 1.5]])), expected, rtol=1e-6)
    assert set(kept[0].y) == set(columns["species"])
    np.testing.assert_array_equal(kept[0].points, columns[["pl", "pw"]])


def test_options_reach_the_pictures(lamina, monkeypatch):
    trained(lamina, None, "species", "--diagnose")
    flow, units = drawn(monkeypatch, "GradientFlowDisplay"), drawn(monkeypatch, "UnitHealthDisplay")
    assert lamina("plot", "t.lamina", "gradients", "--what", "bound", "--what", "slope").status == 0
    assert lamina("plot", "t.lamina", "units", "--layer", 2).status == 0
    assert flow[0].what == ("bound", "slope") and units[0].layers == [2]
    assert lamina("plot", "t.lamina", "surface", "t.csv", "--plane", "path").status == 0


def test_names_are_shown_as_they_are(lamina, monkeypatch):
    table = iris()
    two = pa.array(
        [">50K" if name == "setosa" else "<=50K" for name in table["species"].to_pylist()]
    )
    trained(lamina, table.set_column(4, "species", two))
    labels = []
    whole = drawing._DRAWN["calibration"]

    def kept(*words):
        figure = whole(*words)
        labels.append(figure.axes[0].get_xlabel())
        return figure

    monkeypatch.setitem(drawing._DRAWN, "calibration", kept)
    assert lamina("plot", "t.lamina", "calibration", "t.csv").status == 0
    assert labels == ["probability of >50K"]


@pytest.mark.parametrize(
    ("ending", "start"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")]
)
def test_endings_and_the_same_bytes_twice(lamina, ending, start):
    trained(lamina)
    for name in ("a", "b"):
        assert lamina("plot", "t.lamina", "curves", "-o", name + ending).status == 0
    first, second = (Path(name + ending).read_bytes() for name in ("a", "b"))
    assert first == second and first.startswith(start)


def test_diagnose_changes_no_prediction(lamina):
    trained(lamina)
    plain = TableModel.load("t.lamina").predict_proba(iris())
    trained(lamina, None, "species", "--diagnose", "-f")
    recorded = TableModel.load("t.lamina")
    np.testing.assert_array_equal(recorded.predict_proba(iris()), plain)
    assert recorded.estimator.record_.n_measured == 5


def test_what_is_missing_is_said(refused, lamina):
    trained(lamina)
    for kind in ("gradients", "units", "weights", "spectra"):
        said = refused("plot", "t.lamina", kind)
        assert said.startswith("t.lamina was trained without --diagnose")
    assert "--diagnose" in refused("plot", "t.lamina", "surface", "t.csv", "--plane", "path")
    for kind in (*ROWS, "boundary", "learning-rate"):
        assert refused("plot", "t.lamina", kind) == (
            f"{kind} draws the rows of a table: name it after {kind}"
        )
    assert "draws no rows: leave out t.csv" in refused("plot", "t.lamina", "curves", "t.csv")
    said = refused("plot", "t.lamina", "curve")
    assert said.startswith("KIND: 'curve' is not one of") and "did you mean 'curves'" in said
    assert not list(Path().glob("*.png"))


def test_options_that_do_not_go_with_a_kind(refused, lamina):
    trained(lamina, None, "species", "--diagnose")
    assert "--layer is for 'units'" in refused("plot", "t.lamina", "curves", "--layer", 1)
    assert "--what is for 'gradients'" in refused("plot", "t.lamina", "units", "--what", "bound")
    assert "--column is for" in refused("plot", "t.lamina", "curves", "--column", "pl")
    assert "--plane is for" in refused("plot", "t.lamina", "curves", "--plane", "path")
    assert "--plane: 'flat'" in refused("plot", "t.lamina", "surface", "t.csv", "--plane", "flat")
    assert "--layer must be between 1 and 2" in refused("plot", "t.lamina", "units", "--layer", 3)
    assert "what must be one of" in refused("plot", "t.lamina", "gradients", "--what", "norms")


def test_columns_of_boundaries(refused, lamina):
    trained(lamina, mixed(), "price")
    numbers = [
        n for n, k in TableModel.load("t.lamina").preprocessing.kinds.items() if k == "number"
    ]
    others = {
        n: k for n, k in TableModel.load("t.lamina").preprocessing.kinds.items() if k != "number"
    }
    said = "boundary draws two columns of numbers"
    assert said in refused("plot", "t.lamina", "boundary", "t.csv", "--column", numbers[0])
    assert said in refused("plot", "t.lamina", "boundary", "t.csv", *["--column", numbers[0]] * 2)
    first = ["--column", numbers[0], "--column"]
    said = refused("plot", "t.lamina", "boundary", "t.csv", *first, "sizzle")
    assert "the model has no column 'sizzle'" in said
    name, kind = next(iter(others.items()))
    said = refused("plot", "t.lamina", "boundary", "t.csv", *first, name)
    assert said == f"column {name!r} holds no numbers, but is a {kind}"


def test_regressions_have_no_classes_to_confuse(refused, lamina):
    trained(lamina, diabetes(), "progress")
    for kind in ("confusion", "calibration"):
        assert "'progress' is a number" in refused("plot", "t.lamina", kind, "t.csv")


def test_tables_that_do_not_do(refused, lamina):
    trained(lamina)
    write(iris().drop_columns(["species"]), "bare.csv")
    for kind in ("representations", "confusion", "surface"):
        assert "no column 'species'" in refused("plot", "t.lamina", kind, "bare.csv")
    write(iris().drop_columns(["pl"]), "less.csv")
    assert "lacks the column 'pl'" in refused("plot", "t.lamina", "confusion", "less.csv")
    strange = iris().set_column(4, "species", pa.array(["rose"] * 150))
    write(strange, "strange.csv")
    assert "no value that the model knows" in refused(
        "plot", "t.lamina", "confusion", "strange.csv"
    )
    write(iris().slice(0, 1), "one.csv")
    assert "two classes" in refused("plot", "t.lamina", "representations", "one.csv")
    assert "no file" in refused("plot", "t.lamina", "confusion", "none.csv")


def test_nothing_is_overwritten(refused, lamina):
    trained(lamina)
    Path("p.png").write_bytes(b"mine")
    assert "p.png exists" in refused("plot", "t.lamina", "curves", "-o", "p.png")
    assert "is read by this command" in refused(
        "plot", "t.lamina", "curves", "-o", "t.lamina", "-f"
    )
    assert "end its name in .png" in refused("plot", "t.lamina", "curves", "-o", "p.jpg")
    assert Path("p.png").read_bytes() == b"mine"
    assert lamina("plot", "t.lamina", "curves", "-o", "p.png", "-f").status == 0
    assert pixels("p.png") > 10


def test_every_kind_has_its_picture():
    assert set(plotting.KINDS) == set(drawing._DRAWN)
