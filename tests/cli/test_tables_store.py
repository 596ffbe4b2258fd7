"""The model file: the same model comes back, and nothing else than a model is let in."""

import io
import json
import math
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import iris, mixed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina import MLPClassifier, MLPRegressor
from lamina.files import dumps, loads
from lamina.tables import TableError, TableModel, prepare, train

SMALL: dict[str, Any] = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
PARTS = ["lamina.json", "preprocessing.json", "estimator.safetensors"]


def trained(table: Any, target: str, estimator: Any) -> TableModel:
    return train(prepare(table, target), estimator)[0]


@pytest.fixture(scope="module")
def regression() -> TableModel:
    return trained(mixed(), "price", MLPRegressor(**SMALL))


@pytest.fixture(scope="module")
def classification() -> TableModel:
    return trained(iris(), "species", MLPClassifier(**SMALL))


@pytest.fixture
def parts(regression: TableModel) -> dict[str, bytes]:
    regression.save("m.lamina")
    with zipfile.ZipFile("m.lamina") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(parts: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile("bad.lamina", "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return Path("bad.lamina")


def refusal(path: str | Path) -> str:
    with pytest.raises(TableError) as error:
        TableModel.load(path)
    said = str(error.value)
    assert str(path) in said and "\n" not in said
    return said


def test_the_same_model_comes_back(regression, classification):
    for model, table in ((regression, mixed()), (classification, iris())):
        model.save("m.lamina")
        same = TableModel.load("m.lamina")
        assert (same.target, same.preprocessing, same.facts) == (
            model.target,
            model.preprocessing,
            model.facts,
        )
        assert same.predictions(table).equals(model.predictions(table))
        assert same.evaluate(table) == model.evaluate(table)


def test_scores_that_are_not_defined(regression):
    from dataclasses import replace

    facts = replace(regression.facts, scores={"r2": math.nan}, baseline={"r2": math.nan})
    replace(regression, facts=facts).save("m.lamina")
    assert math.isnan(TableModel.load("m.lamina").facts.scores["r2"])


def test_the_file_is_three_parts_of_data(parts):
    assert list(parts) == PARTS
    about, columns = json.loads(parts["lamina.json"]), json.loads(parts["preprocessing.json"])
    assert about["format"] == "lamina table model" and about["version"] == 1
    assert about["target"]["name"] == "price"
    assert [entry["name"] for entry in columns["categories"]] == ["color", "stars"]
    assert loads(parts["estimator.safetensors"]).n_features_in_ > 0


def test_files_of_other_kinds():
    class Evil:
        def __reduce__(self):
            return (os.system, ("touch executed",))

    others = {
        "empty": b"",
        "pickle": pickle.dumps(Evil()),
        "text": b"hello",
        "parquet": b"PAR1....PAR1",
        "numpy": np.zeros(3).tobytes(),
    }
    for name, data in others.items():
        Path(name).write_bytes(data)
        assert "name a file that lamina train has written" in refusal(name)
    assert not Path("executed").exists()


def test_zip_files_of_other_kinds(parts):
    assert "not a lamina model" in refusal(pack({"a.txt": b"hello"}))
    assert "not a lamina model" in refusal(pack({}))
    assert "not a lamina model" in refusal(pack({"lamina.json": b"[1]"}))
    assert "not a lamina model" in refusal(pack({"lamina.json": b'{"format": "other"}'}))


def test_a_skops_file_is_refused():
    """As another library would write a forbidden type: a zip with a schema that names it."""
    schema = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}
    assert "not a lamina model" in refusal(pack({"schema.json": json.dumps(schema).encode()}))


def test_a_newer_format(parts):
    about = json.loads(parts["lamina.json"]) | {"version": 2}
    # Its other parts may be anything: the version is what has to be said.
    said = refusal(pack({"lamina.json": json.dumps(about).encode(), "weights": b""}))
    assert "written by a newer lamina (its format is 2, this one reads up to 1): upgrade" in said


def test_additional_missing_and_doubled_parts(parts):
    assert "damaged" in refusal(pack({**parts, "evil.pkl": b"x"}))
    for name in PARTS[1:]:
        assert "damaged" in refusal(pack({k: v for k, v in parts.items() if k != name}))
    with zipfile.ZipFile("bad.lamina", "w") as archive:
        for name in PARTS:
            archive.writestr(name, parts[name])
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(PARTS[1], parts[PARTS[1]])
    assert "damaged" in refusal("bad.lamina")


def test_compressed_parts_cannot_explode(parts):
    bomb = {**parts, "preprocessing.json": b" " * 50_000_000}
    path = pack(bomb, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 200_000
    assert "damaged" in refusal(path)
    assert "damaged" in refusal(pack(parts, zipfile.ZIP_DEFLATED))


def test_a_part_that_claims_to_be_larger_than_the_file(parts):
    data = bytearray(pack(parts).read_bytes())
    entry = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    for field in (20, 24):  # both sizes in the directory
        data[entry + field : entry + field + 4] = (2**31).to_bytes(4, "little")
    Path("bad.lamina").write_bytes(data)
    assert "damaged" in refusal("bad.lamina")


def test_every_way_to_cut_it_short(parts):
    data = Path("m.lamina").read_bytes()
    for length in [*range(0, 200), *range(200, len(data), 997)]:
        Path("cut.lamina").write_bytes(data[:length])
        refusal("cut.lamina")


@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_a_changed_byte_is_refused_or_harmless(parts, regression, data):
    whole = bytearray(Path("m.lamina").read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    Path("flip.lamina").write_bytes(whole)
    try:
        same = TableModel.load("flip.lamina")
    except TableError as error:
        assert "\n" not in str(error)
    else:  # a date in the zip's directory, say
        assert same.predictions(mixed()).equals(regression.predictions(mixed()))


def edited(parts: dict[str, bytes], name: str, change: Callable[[Any], None]) -> Path:
    value = json.loads(parts[name])
    change(value)
    return pack({**parts, name: json.dumps(value).encode()})


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["target"].update(name=3),
        lambda v: v["target"].update(scale=0),
        lambda v: v["target"].update(scale="1"),
        lambda v: v["target"].update(mean=None),
        lambda v: v["target"].update(classes=["a"]),
        lambda v: v["target"].update(classes=["a", "a"], shares=[0.5, 0.5]),
        lambda v: v["target"].update(classes=["a", 1], shares=[0.5, 0.5]),
        lambda v: v["target"].update(classes=[["a"], ["b"]], shares=[0.5, 0.5]),
        lambda v: v["target"].update(classes=["a", "b"], shares=[0.5, 0.5]),
        lambda v: v["target"].update(classes=["a", "\ud800"], shares=[0.5, 0.5]),
        lambda v: v.pop("target"),
        lambda v: v.update(target=[]),
        lambda v: v.pop("facts"),
        lambda v: v["facts"].update(n_train=-1),
        lambda v: v["facts"].update(seed="0"),
        lambda v: v["facts"].update(dropped=["x"]),
        lambda v: v["facts"].update(scores={"beauty": 1}),
        lambda v: v["facts"].update(scores=3),
    ],
)
def test_facts_that_no_model_has(parts, change):
    assert "damaged" in refusal(edited(parts, "lamina.json", change))


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.clear(),
        lambda v: v.update(measures=3),
        lambda v: v.update(measures=[], categories=[]),
        lambda v: v["measures"].append(v["measures"][0]),
        lambda v: v["measures"].pop(),
        lambda v: v["categories"].pop(),
        lambda v: v["measures"][0].update(kind="category"),
        lambda v: v["measures"][0].update(kind="lambda: 0"),
        lambda v: v["measures"][0].update(parts=["hour"]),
        lambda v: v["measures"][0].update(missing=1),
        lambda v: v["measures"][0].update(fill=[]),
        lambda v: v["measures"][0].update(mean=[1, 2]),
        lambda v: v["measures"][0].update(scale=[0]),
        lambda v: v["measures"][0].update(scale=[True]),
        lambda v: v["measures"][0].update(scale=[10**400]),
        lambda v: v["measures"][0].update(name=None),
        lambda v: v["categories"][0].update(categories=[]),
        lambda v: v["categories"][0].update(categories=["a", "a"]),
        lambda v: v["categories"][0].update(categories=[None, "a"]),
        lambda v: v["categories"][0].update(categories=[1, 2]),
        lambda v: v["categories"][0].update(categories="abc"),
    ],
)
def test_preprocessing_that_no_model_has(parts, change):
    assert "damaged" in refusal(edited(parts, "preprocessing.json", change))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nothing",
        b"\xff",
        b"[" * 100_000,
        b'{"measures": [], "categories": NaN}',
        b"1e999",
    ],
)
def test_text_that_is_no_json(parts, text):
    assert "damaged" in refusal(pack({**parts, "preprocessing.json": text}))


def test_infinity_in_the_numbers(parts):
    text = parts["preprocessing.json"].decode()
    first = json.loads(text)["measures"][0]["mean"][0]
    for number in ("1e999", "Infinity", "NaN"):
        changed = text.replace(repr(first), number).encode()
        assert "damaged" in refusal(pack({**parts, "preprocessing.json": changed}))


def test_networks_of_other_models(parts, classification):
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 3)).astype(np.float32)
    width = loads(parts["estimator.safetensors"]).n_features_in_
    wide = random.normal(size=(30, width)).astype(np.float32)
    others = [
        dumps(classification.estimator),
        dumps(MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(X, X[:, 0])),
        dumps(MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(wide, wide[:, :2])),
        dumps(MLPRegressor()),
        b"",
        bytes(100),
        pickle.dumps(3),
    ]
    for data in others:
        refusal(pack({**parts, "estimator.safetensors": data}))


def test_saving_is_all_or_nothing(regression, monkeypatch):
    regression.save("m.lamina")
    before = Path("m.lamina").read_bytes()

    def broken(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(TableError, match=r"cannot write m\.lamina: no space left on device"):
        regression.save("m.lamina")
    assert Path("m.lamina").read_bytes() == before
    assert [path.name for path in Path().iterdir()] == ["m.lamina"]


def test_overlapping_parts(parts):
    """Directory entries that share one stretch of the file."""
    data = bytearray(pack(parts).read_bytes())
    directory = data.index(b"PK\x01\x02")
    entries = bytes(data[directory:]).split(b"PK\x01\x02")[1:]
    assert len(entries) == 3 and io.BytesIO(data)
    offset = entries[2][38:42]
    place = data.index(entries[1][:42])
    data[place + 38 : place + 42] = offset
    Path("bad.lamina").write_bytes(data)
    assert "damaged" in refusal("bad.lamina")
