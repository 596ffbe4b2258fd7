"""Tables that are read in parts: equal to those in memory, in flat memory, with the same words."""

import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import iris, mixed, write
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lamina import MLPClassifier, MLPRegressor
from lamina.tables import (
    ParquetSet,
    TableError,
    TableModel,
    parquet,
    prepare,
    prepare_parts,
    read_table,
    train,
)
from lamina.tables.columns import values_of
from lamina.tables.learning import Texts, learner
from lamina.tables.moments import Median, Moments
from lamina.tables.running import RunningScores
from lamina.tables.scores import baseline, score
from lamina.tables.stream import Split
from lamina.tables.target import Target


def adult(n=6000, seed=0):
    """Return a table like adult's: numbers with holes, categories, a rare class."""
    random = np.random.default_rng(seed)
    age, hours = random.integers(17, 90, n), random.normal(40, 12, n)
    work = random.choice(["private", "state", "self", None], n, p=[0.6, 0.2, 0.15, 0.05])
    gain = np.where(random.random(n) < 0.1, random.lognormal(8, 1, n), 0.0)
    logit = 0.05 * (age - 50) + 0.04 * (hours - 45) + 1.0 * (work == "self") + 3 * (gain > 0) - 0.8
    rich = random.random(n) < 1 / (1 + np.exp(-logit))
    holes = [None if random.random() < 0.1 else float(h) for h in hours]
    columns = {"age": age, "hours": pa.array(holes), "gain": gain, "work": pa.array(work.tolist())}
    return pa.table({**columns, "income": np.where(rich, ">50K", "<=50K").tolist()})


@pytest.mark.parametrize("target", ["price", "sold", "color", "stars"])
def test_what_is_learnt_is_what_the_whole_table_teaches(target):
    path = write(mixed(1500), "a.parquet")
    pq.write_table(read_table(path), path, row_group_size=400)
    whole = prepare(read_table(path), target, test_size=0)
    parts = prepare_parts(ParquetSet(path, rows=150), target, test_size=0)
    for name in ("preprocessing", "target", "reason", "dropped", "unlabelled", "notes", "n_train"):
        assert getattr(parts, name) == getattr(whole, name), name
    kind = MLPClassifier if whole.target.classes else MLPRegressor
    given = {"hidden_layer_sizes": (8,), "max_iter": 2, "shuffle": False, "random_state": 0}
    models = [train(own, kind(**given))[0].estimator for own in (whole, parts)]
    for own, other in zip(*(m.coefs_ + m.intercepts_ for m in models), strict=True):
        np.testing.assert_array_equal(own, other)


def test_dates_as_text_and_text_that_is_none_at_last():
    days = [f"2024-01-{1 + i % 28:02d}" for i in range(300)]
    late = [*days[:-1], "soon"]
    table = pa.table({"day": days, "late": late, "none": [None] * 300, "y": np.arange(300.0)})
    path = write(table.set_column(2, "none", pa.array([None] * 300, pa.string())), "a.parquet")
    whole = prepare(read_table(path), "y", test_size=0)
    parts = prepare_parts(ParquetSet(path, rows=70), "y", test_size=0)
    assert parts.preprocessing == whole.preprocessing
    assert parts.preprocessing.kinds == {"day": "date", "late": "category"}
    assert parts.dropped == whole.dropped == {"none": "all values missing"}


def test_the_score_is_that_of_the_whole_table(lamina):
    pq.write_table(adult(), "adult.parquet", row_group_size=1000)
    words = ["train", "adult.parquet", "-t", "income", "--epochs", 60, "--json", "--early-stopping"]
    whole = lamina(*words, "-o", "whole.lamina")
    parts = lamina(*words, "-o", "parts.lamina", "--batch-rows", 500)
    for own in (whole, parts):
        assert own.status == 0, own.err
        assert own.json["scores"]["accuracy"] > own.json["baseline"]["accuracy"] + 0.03
    for name, noise in (("accuracy", 0.03), ("balanced_accuracy", 0.05), ("log_loss", 0.05)):
        assert abs(whole.json["scores"][name] - parts.json["scores"][name]) < noise, name
    assert parts.json["inputs"] == whole.json["inputs"]
    assert abs(parts.json["rows"]["test"] - 1200) < 150


def test_predict_and_evaluate_give_the_same_in_parts(lamina):
    pq.write_table(adult(), "adult.parquet", row_group_size=1000)
    lamina("train", "adult.parquet", "-t", "income", "--epochs", 3, "-q", "--batch-rows", 800)
    assert lamina("show", "adult.lamina").status == 0
    whole = lamina("evaluate", "adult.lamina", "adult.parquet", "--json").json
    parts = lamina("evaluate", "adult.lamina", "adult.parquet", "--json", "--batch-rows", 333).json
    assert parts["rows"] == whole["rows"]
    for side in ("scores", "baseline"):
        assert parts[side] == pytest.approx(whole[side], rel=1e-9)
    for out in ("p.parquet", "p.csv", "p.tsv.gz"):
        for keep in ([], ["--keep"]):
            command = ["predict", "adult.lamina", "adult.parquet", *keep, "-o"]
            assert lamina(*command, f"whole-{out}", "-f").status == 0
            said = lamina(*command, f"parts-{out}", "-f", "--batch-rows", 333)
            assert said.out == f"6,000 predictions of 'income' written to parts-{out}\n"
            own, other = read_table(f"whole-{out}"), read_table(f"parts-{out}")
            assert own.column_names == other.column_names
            for name in own.column_names:
                if name.startswith("probability"):  # a matrix product of other rows may round so
                    np.testing.assert_allclose(own[name], other[name], rtol=1e-5)
                else:
                    assert own[name].equals(other[name]), name


def test_a_regression_in_parts(lamina):
    pq.write_table(mixed(3000), "mixed.parquet", row_group_size=700)
    made = lamina("train", "mixed.parquet", "-t", "price", "--batch-rows", 300, "--epochs", 30)
    assert made.status == 0 and "300 rows at a time, again in each epoch" in made.out
    whole = lamina("evaluate", "mixed.lamina", "mixed.parquet", "--json").json
    parts = lamina("evaluate", "mixed.lamina", "mixed.parquet", "--json", "--batch-rows", 7).json
    assert parts["scores"] == pytest.approx(whole["scores"], rel=1e-9)
    assert parts["rows"] == whole["rows"] and whole["scores"]["r2"] > 0.7


def test_a_folder_of_files(lamina):
    from pathlib import Path

    folder = Path("set")
    (folder / "deep").mkdir(parents=True)
    table = adult(3000)
    for i, name in enumerate(["a.parquet", "b.pq", "deep/c.parquet"]):
        pq.write_table(table.slice(1000 * i, 1000), folder / name)
    (folder / "_SUCCESS").touch()
    (folder / "_metadata.parquet").touch()
    assert read_table(folder).equals(table)
    rows = [piece.table for piece in ParquetSet(folder, rows=300).pieces()]
    assert pa.concat_tables(rows).equals(table)
    prepared = prepare_parts(ParquetSet(folder, rows=300), "income")
    counts = [sum(len(y) for _, y in prepared.parts(prepared.split, side)) for side in (0, 1)]
    assert counts == [prepared.n_train, prepared.n_test]
    places = [p.first for p in ParquetSet(folder, rows=1000).pieces()]
    assert places == [0, 1000, 2000]
    assert lamina("train", folder, "-t", "income", "--epochs", 2, "-q").status == 0
    in_parts = lamina("train", folder, "-t", "income", "--epochs", 2, "-f", "--batch-rows", 400)
    assert in_parts.status == 0 and "model written to set.lamina" in in_parts.out
    assert lamina("evaluate", "set.lamina", folder).status == 0


def test_large_is_a_question_of_free_memory(lamina, monkeypatch):
    path = write(adult(2000), "a.parquet")
    assert "reading" not in lamina("train", path, "-t", "income", "--epochs", 1).out
    monkeypatch.setattr(parquet.memory, "available", lambda: 200_000)
    assert ParquetSet(path).is_large
    assert "reading" in lamina("train", path, "-t", "income", "--epochs", 1, "-f").out


def test_rows_are_mixed_and_all_there(tmp_path):
    table = pa.table({"x": np.arange(1000.0), "y": np.arange(1000.0)})
    pq.write_table(table, "a.parquet", row_group_size=100)
    source = ParquetSet(tmp_path / "a.parquet", rows=80)
    for _ in range(2):
        found = [p.table["x"].to_numpy() for p in source.mixed(["x"], np.random.default_rng(0))]
        assert np.array_equal(np.sort(np.concatenate(found)), np.arange(1000.0))
        firsts = [part[0] // 100 for part in found[:8]]
        assert len(set(firsts)) == 8  # row groups side by side
    for piece in source.mixed(["x"], np.random.default_rng(0)):
        assert piece.table["x"][0].as_py() == piece.first == piece.place


def test_a_single_row_group_is_not_held_as_a_whole():
    x = np.random.default_rng(0).normal(size=500_000)
    pq.write_table(pa.table({f"x{j}": x for j in range(10)}), "one.parquet")  # 40 MB
    source, most = ParquetSet(parquet.Path("one.parquet"), rows=10_000), 0
    assert len(source._groups) == 1
    del x
    before = pa.total_allocated_bytes()
    for _ in source.pieces():
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 30e6


def test_the_split_goes_by_the_row_alone():
    split = Split(seed=3, test_size=0.2, watched=0.1)
    sides = split.of(0, 100_000)
    parts = np.concatenate([split.of(first, 1000) for first in range(0, 100_000, 1000)])
    np.testing.assert_array_equal(sides, parts)
    shares = np.bincount(sides) / len(sides)
    np.testing.assert_allclose(shares, [0.72, 0.2, 0.08], atol=0.01)
    assert (Split(3, 0.2).of(0, 100_000) == 1).tolist() == (sides == 1).tolist()
    assert not np.array_equal(Split(4, 0.2).of(0, 1000), Split(3, 0.2).of(0, 1000))
    assert not Split(0, 0.0).of(0, 1000).any()


floats = hnp.arrays(
    np.float64,
    st.integers(1, 40),
    elements=st.floats(-1e90, 1e90, allow_subnormal=False).filter(
        lambda x: x == 0 or abs(x) > 1e-90
    ),
)


@given(floats, st.integers(1, 5))
def test_moments_and_medians_are_exact_whatever_the_pieces(numbers, n_parts):
    moments, median = Moments(), Median()
    for part in np.array_split(numbers, n_parts):
        moments.add(part)
    exact = [Fraction(x) for x in numbers.tolist()]
    mean = sum(exact) / len(exact)
    variance = sum(x * x for x in exact) / len(exact) - mean**2
    scale = math.sqrt(variance)
    if scale <= 10 * np.finfo(float).eps * abs(float(mean)):
        scale = 1.0
    assert moments.mean_and_scale() == (float(mean), scale)
    while median.value is None:
        for part in np.array_split(numbers, n_parts):
            median.add(part)
        median.end_pass()
    assert median.value == np.median(numbers)


def test_texts_forget_the_rarest():
    random = np.random.default_rng(0)
    values = np.array([f"{i}" for i in range(5000)] + ["a"] * 500 + ["b"] * 300, dtype=object)
    random.shuffle(values)
    texts = Texts(most=200)
    for part in np.array_split(values, 50):
        texts.add(part)
    assert set(texts.frequent()) >= {"a", "b"} and len(texts.counts) <= 300
    assert texts.useless == ""
    alone = learner("category", 100)
    for part in np.array_split(np.array([f"{i}" for i in range(5000)], dtype=object), 50):
        alone.add(part)
    assert alone.useless == "a different text in every row"


def test_running_scores_are_those_of_all_rows():
    random = np.random.default_rng(0)
    target = Target("y", ("a", "b", "c", "never"), shares=(0.5, 0.3, 0.1, 0.1))
    truth = random.integers(-1, 3, 500).astype(float)
    predicted = random.dirichlet([0.3] * 4, 500)
    numbers = Target("y", mean=0.1, scale=1.0)
    x = random.normal(size=500)
    for own, t, p in [(target, truth, predicted), (numbers, x, x + 1), (numbers, x[:1], x[:1])]:
        running = RunningScores(own)
        for i in range(0, len(t), 77):
            running.add(t[i : i + 77], p[i : i + 77])
        network, guess = running.scores()
        assert network == pytest.approx(score(own, t, p), rel=1e-9, nan_ok=True)
        assert guess == pytest.approx(baseline(own, t), rel=1e-9, nan_ok=True, abs=1e-12)


def test_errors(refused, tmp_path):
    path = write(iris(), "iris.parquet")
    write(iris(), "iris.csv")
    assert "--batch-rows is for Parquet" in refused(
        "train", "iris.csv", "-t", "species", "--batch-rows", 9
    )
    words = refused("train", path, "-t", "species", "--batch-rows", 9, "--solver", "lbfgs")
    assert "choose another --solver" in words
    assert "did you mean 'species'" in refused("train", path, "-t", "specie", "--batch-rows", 9)
    drop = [word for name in ("sl", "sw", "pl", "pw") for word in ("--drop", name)]
    words = refused("train", path, "-t", "species", "--batch-rows", 9, *drop)
    assert "no column is left" in words
    (tmp_path / "cut.parquet").write_bytes(path.read_bytes()[:-50])
    assert "damaged" in refused("train", "cut.parquet", "-t", "species", "--batch-rows", 9)
    table = pa.table({"x": [1.0] * 99 + [np.inf] + [2.0] * 100, "y": np.arange(200.0)})
    write(table, "inf.parquet")
    words = refused("train", "inf.parquet", "-t", "y", "--batch-rows", 30)
    assert "column 'x', row 100: the value is infinite" in words
    for column, said in [
        (pa.array([None] * 200, pa.float64()), "has no value in any row"),
        (pa.array([[1]] * 200), "holds values of type list"),
        (pa.array(["a"] * 200), "is 'a' in every row"),
        (pa.array([f"t{i}" for i in range(200)]), "too many to be classes"),
        (pa.array(np.arange("2020-01-01", 200, dtype="datetime64[D]")[:200]), "holds dates"),
    ]:
        write(table.set_column(1, "y", column).slice(0, 99), "bad.parquet")
        assert said in refused("train", "bad.parquet", "-t", "y", "--batch-rows", 30)


def test_files_of_a_folder_that_do_not_go_together(refused):
    from pathlib import Path

    Path("set").mkdir()
    write(iris(), "set/a.parquet")
    write(iris().drop_columns(["sw"]), "set/b.parquet")
    assert "b.parquet lacks the column 'sw'" in refused("train", "set", "-t", "species")
    write(iris().set_column(0, "sl", pa.array(["x"] * 150)), "set/b.parquet")
    assert "'sl' is of type double in set/a.parquet and string" in refused(
        "train", "set", "-t", "species"
    )
    Path("set/b.parquet").unlink()
    Path("set/year=2024").mkdir()
    write(iris(), "set/year=2024/c.parquet")
    assert "has a column in its name" in refused("train", "set", "-t", "species")


def test_errors_count_rows_in_their_file(refused, lamina):
    from pathlib import Path

    Path("set").mkdir()
    write(iris(), "set/a.parquet")
    lamina("train", "set/a.parquet", "-t", "species", "--epochs", 2, "-q", "-o", "m.lamina")
    broken = iris().set_column(0, "sl", pa.array([*["1"] * 120, "x", *["1"] * 29]))
    good = iris().set_column(0, "sl", pa.array(["1"] * 150))
    write(good, "set/a.parquet")
    write(broken, "set/b.parquet")
    words = refused("predict", "m.lamina", "set", "-o", "p.csv", "--batch-rows", 50)
    assert "set/b.parquet: column 'sl', row 121: 'x' is not a number" in words
    assert not Path("p.csv").exists() and not list(Path().glob(".lamina-*"))


def test_values_count_from_the_rows_before():
    with pytest.raises(TableError, match="row 1003: 'x'"):
        values_of(pa.chunked_array([["1", "2", "x"]]), "number", "a", 1000)


def test_ctrl_c_keeps_what_was_learnt(monkeypatch):
    pq.write_table(adult(2000), "a.parquet")
    prepared = prepare_parts(ParquetSet(parquet.Path("a.parquet"), rows=300), "income")

    def interrupt(epoch, *_):
        if epoch == 2:
            raise KeyboardInterrupt

    model, notes = train(prepared, MLPClassifier(max_iter=9, random_state=0), interrupt)
    assert model.estimator.n_iter_ == 2 and "stopped by Ctrl-C" in notes[0]
    assert model.facts.scores


PEAK = """
import resource, sys
from lamina.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are counted in other units")
def test_memory_stays_flat(tmp_path):
    def write_rows(n, path):
        random = np.random.default_rng(0)
        weights = np.linspace(-1, 1, 10)
        schema = pa.schema([*((f"x{j}", pa.float64()) for j in range(10)), ("y", pa.float64())])
        with pq.ParquetWriter(path, schema) as writer:
            for _ in range(n // 100_000):
                x = random.normal(size=(100_000, 10))
                columns = [*x.T, np.tanh(x @ weights)]
                writer.write_table(pa.table(columns, schema=schema))

    def peak(*words):
        command = [sys.executable, "-c", PEAK, *map(str, words)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        return int(ran.stdout.splitlines()[-1]) * 1024

    def peaks(n):
        write_rows(n, tmp_path / "t.parquet")
        own = ["--batch-rows", 20_000]
        most = peak("train", "t.parquet", "-t", "y", "-f", *own, "--epochs", 1, "--hidden", 8, "-q")
        return most, peak("predict", "t.lamina", "t.parquet", "-o", "p.parquet", "-f", *own)

    few, many = peaks(100_000), peaks(2_000_000)  # 9 MB and 176 MB of numbers
    for small, large in zip(few, many, strict=True):
        assert large - small < 60e6, (small, large)
    assert TableModel.load(tmp_path / "t.lamina").facts.n_train > 1_500_000
