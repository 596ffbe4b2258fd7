"""`lamina diagnose`, and `lamina train --diagnose`."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

from lamina.diagnosis import findings
from lamina.diagnosis.findings import Finding, Findings
from lamina.tables import prepare
from lamina.tables.wording import columns_of, in_words


@pytest.fixture
def table(folder):
    """A table whose column `unit` is constant, and the model of a few epochs."""
    x, y = load_iris(return_X_y=True)
    rows = [f"{a},{b},{'xyz'[label]}" for (a, b, *_), label in zip(x, y, strict=True)]
    (folder / "t.csv").write_text("\n".join(["length,width,kind", *rows]))
    return folder / "t.csv"


def trained(lamina, table, *words):
    return lamina("train", table, "-t", "kind", "--epochs", 3, "--force", *words)


def test_train_says_what_is_wrong_in_options(lamina, table):
    result = trained(lamina, table, "--diagnose")
    assert result.status == 0
    assert "warning: max_iter too small (epoch 3)" in result.out
    assert "To change: Set --epochs 200." in " ".join(result.out.split())
    assert "max_iter too small" not in trained(lamina, table).out


def test_diagnose_a_model_with_and_without_a_table(lamina, table):
    trained(lamina, table, "--diagnose")
    alone = lamina("diagnose", "t.lamina")
    assert alone.status == 0
    assert "max_iter too small" in alone.out
    for words in ((), ("--trained",)):
        assert "max_iter too small" in lamina("diagnose", "t.lamina", table, *words).out


def test_a_model_without_a_record(lamina, table):
    trained(lamina, table)
    assert "max_iter too small" in lamina("diagnose", "t.lamina", table, "--trained").out


def test_json(lamina, table):
    result = trained(lamina, table, "--diagnose", "--json")
    (first, *_) = result.json["findings"]
    assert set(first) >= {"name", "severity", "layer", "epoch", "seen", "means", "change"}
    again = lamina("diagnose", "t.lamina", "--json").json
    assert [own["name"] for own in again] == [own["name"] for own in result.json["findings"]]
    assert all(np.isfinite(list(own["evidence"].values())).all() for own in again)
    assert "findings" not in json.loads(trained(lamina, table, "--json").out)


def test_errors(lamina, table, refused):
    trained(lamina, table)
    assert "--trained is about a TABLE" in refused("diagnose", "t.lamina", "--trained")
    assert "no model file" in refused("diagnose", "nothing.lamina")
    (table.parent / "other.csv").write_text("a,kind\n1,x\n")
    assert "lacks" in refused("diagnose", "t.lamina", "other.csv")
    (table.parent / "empty.csv").write_text("length,width,kind\n1,2,\n3,4,\n")
    assert "has no value" in refused("diagnose", "t.lamina", "empty.csv")


def noisy(n, seed=0):
    """A table whose classes a network of hundreds of units can only learn by heart."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 4))
    kind = np.where(x[:, 0] + 2 * random.normal(size=n) > 0, "a", "b")
    return pa.table({**{f"x{j}": x[:, j] for j in range(4)}, "kind": kind})


BY_HEART = "-t", "kind", "--hidden", 200, "--learning-rate", 0.02, "--epochs", 100, "--diagnose"


def test_rows_held_out_show_overfitting(lamina, folder):
    pa.parquet.write_table(noisy(200), "n.parquet")
    result = lamina("train", "n.parquet", *BY_HEART)
    assert "warning: overfitting" in result.out and "rows held out" in result.out
    assert re.search(r"To change: [^.]*--[a-z]", " ".join(result.out.split()))
    for line in result.out.splitlines():
        if " accuracy  " in line and "balanced" not in line:
            accuracy = float(line.split()[1])
    again = lamina("diagnose", "n.lamina", "--json").json
    held = [own["evidence"].get("accuracy on others") for own in again]
    assert held[0] == pytest.approx(accuracy, abs=1e-4)
    all_rows = lamina("train", "n.parquet", *BY_HEART, "--test-size", 0, "--force")
    assert "overfitting\n" not in all_rows.out
    in_parts = lamina("train", "n.parquet", *BY_HEART, "--batch-rows", 50, "--force")
    assert "over-confidence" in in_parts.out and "rows held out" in in_parts.out


def square(n=100):
    a = np.arange(float(n))
    return a, pa.table({"b": np.cos(a), "first": a, "y": a**2})


WILD = "-t", "y", "--solver", "sgd", "--learning-rate", "1e30", "--activation", "identity"


def test_a_training_that_diverged_says_where(lamina, folder):
    a, table = square()
    pa.parquet.write_table(table, "t.parquet")
    result = lamina("train", "t.parquet", *WILD, "--diagnose", "--json")
    assert result.status == 2 and not (folder / "t.lamina").exists()
    first = json.loads(result.out)["findings"][0]
    seen, numbers = first["seen"], first["evidence"]
    row = int(numbers["sample"])
    assert first["name"] == "divergence" and first["layer"] and f"row {row}." in seen
    assert f"row {row} of the table" in result.err and "--diagnose" not in result.err
    assert "'first'" in seen or "'b'" in seen
    train, _ = train_test_split(np.arange(100), test_size=20, random_state=0)
    values = np.cos(a) if "'b'" in seen else a
    standard = (values[row - 1] - values[train].mean()) / values[train].std()
    assert numbers["value"] == pytest.approx(standard, rel=1e-5)
    target = (a[row - 1] ** 2 - (a[train] ** 2).mean()) / (a[train] ** 2).std()
    assert numbers["target"] == pytest.approx(target, rel=1e-5)
    assert "--learning-rate" in first["change"]


def test_a_training_that_diverged_tells_more_with_diagnose(lamina, folder):
    pa.parquet.write_table(square()[1], "t.parquet")
    words = "error: divergence"
    said = lamina("train", "t.parquet", *WILD, "--diagnose")
    assert words in said.out and said.err.startswith("error: the training diverged")
    for more in ((), ("--diagnose", "--quiet")):
        silent = lamina("train", "t.parquet", *WILD, *more)
        assert words not in silent.out
        assert ("--diagnose tells more" in silent.err) == (not more)
    in_parts = lamina("train", "t.parquet", *WILD, "--diagnose", "--batch-rows", 30)
    assert in_parts.status == 2 and words in in_parts.out and " row " not in in_parts.err


def test_a_row_with_an_extreme_target_is_named_in_the_table(lamina, folder):
    random = np.random.default_rng(0)
    x = random.normal(size=(150, 3))
    price = x @ [3.0, 2.0, 1.0] + 10
    price[[3, 70, 71]] = np.nan, np.nan, 1e7
    columns = {f"x{j}": x[:, j] for j in range(3)}
    pa.parquet.write_table(pa.table({**columns, "price": price}), "p.parquet")
    words = "-t", "price", "--epochs", 5, "--diagnose", "--test-size", 0.02
    first = lamina("train", "p.parquet", *words, "--json").json["findings"][0]
    assert first["name"] == "extreme value"
    assert first["seen"].startswith("'price' is 1e+07 in row 72") or "10,000,000" in first["seen"]
    assert first["change"].startswith("Look at 'price' in row 72")
    assert first["evidence"]["value"] == pytest.approx(1e7, rel=1e-4)
    again = lamina("diagnose", "p.lamina", "p.parquet", "--trained", "--json").json
    assert again[0]["change"] == first["change"]


def test_other_rows_are_not_those_of_the_training(lamina, refused, folder):
    table = noisy(60)
    pa.parquet.write_table(table, "n.parquet")
    lamina("train", "n.parquet", "-t", "kind", "--epochs", 3, "--diagnose")
    moved = {name: pa.array(table[name].to_numpy() + 3) for name in table.column_names[:4]}
    pa.parquet.write_table(pa.table({**moved, "kind": table["kind"]}), "moved.parquet")
    said = refused("diagnose", "n.lamina", "moved.parquet", "--trained")
    assert "leave out --trained" in said
    assert lamina("diagnose", "n.lamina", "moved.parquet").status == 0


def test_what_was_not_looked_at(lamina, folder):
    pa.parquet.write_table(noisy(60), "n.parquet")
    pa.parquet.write_table(noisy(60, 1), "new.parquet")
    lamina("train", "n.parquet", "-t", "kind", "--epochs", 10, "--hidden", 2)
    alone = lamina("diagnose", "n.lamina").out
    assert "only the losses of the training were looked at" in alone and "--diagnose" in alone
    other = lamina("diagnose", "n.lamina", "new.parquet").out
    assert "and how the network does on rows that it has not learnt from" in other
    assert "only the history" not in alone + other and "eval_set" not in alone + other


def told(change, table, target="y"):
    preprocessing = prepare(table, target, test_size=0).preprocessing
    names = [f"{name!r}" for name in inputs_of(preprocessing)]
    columns = dict(zip(names, columns_of(preprocessing), strict=True))
    own = Finding("leaked column", "warning", change, "", change)
    (found,) = in_words(Findings([own]), columns, target, "")
    assert found.seen == found.change
    return found.change


def test_columns_are_left_out_by_an_option():
    y = np.arange(20.0)
    kinds = ["red", "blue"] * 10
    table = pa.table({"alpha": y, "my leak": -y, "colour": kinds, "X": y % 7, "y": y})
    ask = "leave it out: X without"
    assert told(f"{ask} 'alpha'.", table) == "leave it out: --drop alpha."
    both = f"{ask} 'my leak', 'colour is red' and 'colour is blue'."
    assert told(both, table) == "leave it out: --drop 'my leak' --drop colour."
    many = f"{ask} 'X', 'alpha' and 1,234 more."
    assert told(many, table) == "leave it out: --drop X --drop alpha and 1,234 more."
    assert told("'X' and 'alpha' of X: raise alpha.", table) == (
        "'X' and 'alpha' of the columns: raise --alpha."
    )
    assert told("Look at y in row 3 of X.", table, "my leak") == "Look at 'my leak' in row 3."


@pytest.mark.parametrize(
    ("python", "options"),
    [
        ("Set learning_rate_init=1e-05.", "Set --learning-rate 1e-05."),
        ("Raise alpha, now 0.1, or max_iter.", "Raise --alpha, now 0.1, or --epochs."),
        ("Set hidden_layer_sizes=(100,).", "Set --hidden 100."),
        ("Set hidden_layer_sizes=(64, 32).", "Set --hidden 64,32."),
        ("regularization=Regularization(dropout=0.2).", "--dropout 0.2."),
        ("Set clip_norm=1.0 in regularization.", "Set --clip-norm 1.0."),
        ("Set a smaller l1 in regularization.", "Set a smaller --l1."),
        ("Set learning_rate='constant'.", "Set --schedule constant."),
        (
            "Call model.calibrate(X, y) with others; early_stopping=True or a larger alpha help "
            "too.",
            "Set --early-stopping or a larger --alpha.",
        ),
        (
            "Set tol=0.0001 and n_iter_no_change=20.",
            "Train from Python with a tolerance of 0.0001 and a patience of 20, for which there "
            "is no option.",
        ),
    ],
)
def test_options_in_place_of_parameters(python, options):
    assert told(python, pa.table({"a": np.arange(9.0), "y": np.arange(9.0)})) == options


def inputs_of(preprocessing):
    from lamina.tables.tracing import _inputs

    return _inputs(preprocessing)


PYTHON = re.compile(
    r"=True|=False|lamina\.\w|eval_set|\bX\b|='|model\.|\b[A-Z]\w+\(|\w=\S|learning_rate|max_iter"
    r"|batch_size|hidden_layer|n_iter|class_weight|clip_norm|weight_decay|(?<!-)\balpha\b"
)


def test_every_sentence_of_the_findings_is_in_words_of_the_command_line():
    folder = Path(findings.__file__).parent
    texts = {text for path in folder.glob("*.py") for text in sentences(path)}
    texts = {text for text in texts if not text.startswith("<")}
    assert sum("learning_rate_init" in text for text in texts) >= 2
    found = [Finding("", "note", text, "", "") for text in sorted(texts)]
    left = [own.seen for own in in_words(Findings(found), {}, "price", "")]
    assert not [text for text in left if PYTHON.search(text)]


def sentences(path):
    """Texts of a module but docstrings and names; 1 stands for what is put into them."""
    tree = ast.parse(path.read_text())
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [own.value if isinstance(own, ast.Constant) else "1" for own in node.values]
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from [node.value] if " " in node.value or "=" in node.value else []
