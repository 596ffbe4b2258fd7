"""Files: the same bits after a round trip, never code, one clear error for a damaged file."""

import json
import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
import safetensors.numpy
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.preprocessing import scale

import lamina
from lamina import codec

X, Y = load_iris(return_X_y=True)
X = scale(X)

MODELS = {
    "plain": lambda: lamina.MLPClassifier(max_iter=4, random_state=0).fit(X, Y),
    "text": lambda: lamina.MLPClassifier(max_iter=4, random_state=0).fit(
        X, np.array(["eins", "zwei", "drei"])[Y]
    ),
    "objects": lambda: lamina.MLPClassifier(max_iter=4, random_state=0).fit(
        X, np.array(["a", "b", "c"], dtype=object)[Y]
    ),
    "multilabel": lambda: lamina.MLPClassifier(max_iter=3).fit(
        *make_multilabel_classification(n_samples=50, n_features=4, random_state=0)
    ),
    "regressor": lambda: lamina.MLPRegressor(max_iter=4, random_state=0).fit(X, X[:, :2]),
    "float32": lambda: lamina.MLPRegressor(max_iter=4, random_state=0).fit(
        X.astype(np.float32), X[:, 0]
    ),
    "lbfgs": lambda: lamina.MLPClassifier(solver="lbfgs", max_iter=4).fit(X, Y),
    "early stopping": lambda: lamina.MLPClassifier(early_stopping=True, max_iter=4).fit(X, Y),
    "options": lambda: lamina.MLPClassifier(
        (5, 4),
        ["tanh", "gelu"],
        solver=lamina.WeightDecay(lamina.Momentum(lamina.MomentumRamp()), 0.1),
        learning_rate=lamina.WarmUp(steps=3, then=lamina.CosineRestarts(period=9)),
        n_iter_no_change=np.inf,
        random_state=np.random.RandomState(4),
        max_iter=4,
    ).fit(X, Y),
    "numpy scalars": lambda: lamina.MLPClassifier(alpha=np.float32(0.5), max_iter=np.int64(3)).fit(
        X, Y
    ),
    "unfitted": lambda: lamina.MLPClassifier(hidden_layer_sizes=[3]),
}


def assert_same_bits(a, b):
    """Compare everything two objects hold, recursively."""
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, strict=True)
    elif isinstance(a, np.random.RandomState):
        np.testing.assert_array_equal(a.get_state()[1], b.get_state()[1])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same_bits(x, y)
    elif hasattr(a, "__dict__"):
        assert vars(a).keys() == vars(b).keys()
        for name in vars(a).keys() - {"_forward", "seconds"}:  # a function of the rest, and clocks
            assert_same_bits(vars(a)[name], vars(b)[name])
    else:
        assert a == b or a != a


@pytest.mark.parametrize("name", MODELS)
def test_round_trip_gives_the_same_bits_of_everything(name, tmp_path):
    model = MODELS[name]()
    model.save(tmp_path / "model.safetensors")
    assert_same_bits(lamina.load(tmp_path / "model.safetensors"), model)


@pytest.mark.parametrize("name", ["plain", "options", "float32"])
def test_training_goes_on_with_the_same_bits_after_loading(name, tmp_path):
    model = MODELS[name]()
    model.save(tmp_path / "model")
    other = lamina.load(tmp_path / "model")
    joblib.dump(MODELS[name](), tmp_path / "joblib")
    third = pickle.loads(pickle.dumps(model))
    for each in (model, other, third):
        each.partial_fit(X, X[:, 0] if name == "float32" else Y)
    assert_same_bits(other, model)
    assert_same_bits(third, model)


def test_another_process_predicts_the_same_bits(tmp_path):
    model = MODELS["text"]()
    model.save(tmp_path / "model")
    np.save(tmp_path / "x.npy", X)
    code = (
        "import lamina, numpy as np, sys;"
        "m = lamina.load(sys.argv[1]);"
        "np.save(sys.argv[3], m.predict_proba(np.load(sys.argv[2])))"
    )
    paths = [str(tmp_path / name) for name in ("model", "x.npy", "p.npy")]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), model.predict_proba(X))


def header_of(data):
    size = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["lamina"][64:])


def with_header(data, change):
    header = header_of(data)
    change(header)
    arrays = safetensors.numpy.load(data)
    return codec.pack(header, arrays)


def test_truncated_and_foreign_files_give_one_clear_error(tmp_path):
    data = lamina.files.dumps(MODELS["plain"]())
    cases = [b"", b"hello", pickle.dumps([1, 2]), data[:100], data[: len(data) // 2], data[:-1]]
    cases.append(safetensors.numpy.save({"a": np.ones(3)}))
    for i, case in enumerate(cases):
        path = tmp_path / f"bad{i}"
        path.write_bytes(case)
        with pytest.raises(lamina.FileError, match=f"bad{i} is not a lamina model, or it is dam"):
            lamina.load(path)


@pytest.mark.parametrize("place", range(0, 4000, 97))
def test_a_flipped_byte_anywhere_is_found(place):
    data = bytearray(lamina.files.dumps(MODELS["plain"]()))
    data[place] ^= 0x41
    with pytest.raises(lamina.FileError, match="the file is not a lamina model, or it is damaged"):
        lamina.files.loads(bytes(data))


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.update(kind="Popen"),
        lambda h: h["attributes"].update(x={"object": "Popen", "fields": {}}),
        lambda h: h["attributes"].update(x={"object": "Adam", "fields": {"beta_1": 7}}),
        lambda h: h["attributes"].update(x={"array": "999"}),
        lambda h: h["attributes"].update(x={"entries": [1], "shape": [5], "dtype": "|O"}),
        lambda h: h["attributes"].update(predict=[1]),
        lambda h: h["attributes"].update(__class__=3),
        lambda h: h["attributes"].update(network_=None),
        lambda h: h["attributes"].update(n_features_in_=7),
        lambda h: h["attributes"].pop("coefs_") and h["attributes"].pop("alpha"),
        lambda h: h["attributes"].pop("intercepts_"),
        lambda h: h["attributes"]["coefs_"].reverse(),
        lambda h: h.update(attributes=[1]),
        lambda h: h.pop("attributes"),
        lambda h: h.update(format="one"),
    ],
)
def test_a_file_that_names_anything_else_is_refused(change):
    data = with_header(lamina.files.dumps(MODELS["plain"]()), change)
    with pytest.raises(lamina.FileError):
        lamina.files.loads(data)


def test_a_file_cannot_ask_for_more_memory_than_its_text_has():
    data = with_header(
        lamina.files.dumps(MODELS["text"]()),
        lambda h: h["attributes"]["classes_"].update(dtype="<U1000000000"),
    )
    assert lamina.files.loads(data).classes_.dtype == "<U4"


def test_a_file_without_what_came_later_is_read():
    def older(header):
        own = header["attributes"]
        for name in ("loss", "class_weight", "missing", "scoring", "callbacks", "stop_reason_"):
            own.pop(name)
        own.pop("diagnose")
        state = own["_state"]["fields"]
        for name in ("memory", "places", "seed", "record"):
            state.pop(name)
        state["training"]["fields"].pop("recorder")
        for name in ("seconds", "columns", "monitor", "best_epoch"):
            state["history"]["fields"].pop(name)

    model = MODELS["plain"]()
    old = lamina.files.loads(with_header(lamina.files.dumps(model), older))
    assert old.missing == "error" and old.callbacks is None and old.diagnose is False
    assert not hasattr(old, "record_")
    assert np.isnan(old.history_["seconds"]).all()
    assert_same_bits(old.partial_fit(X, Y).coefs_, model.partial_fit(X, Y).coefs_)


def test_a_newer_format_says_what_to_install():
    data = lamina.files.dumps(MODELS["plain"]())
    newer = with_header(data, lambda h: h.update(format=2, version="9.1"))
    with pytest.raises(lamina.FileError, match=r"has format 2.*install lamina 9\.1 or newer"):
        lamina.files.loads(newer)


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "model"
    MODELS["plain"]().save(path)
    before = path.read_bytes()
    broken = lamina.MLPClassifier(solver=object())
    with pytest.raises(TypeError, match="solver cannot be saved: no form for a object"):
        broken.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model"]


def test_a_subclass_is_refused_before_a_file_is_there(tmp_path):
    class Sub(lamina.MLPClassifier):
        pass

    with pytest.raises(TypeError, match="got the subclass Sub"):
        Sub().save(tmp_path / "model")
    assert not os.listdir(tmp_path)


def test_what_is_not_a_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="not a regular file"):
            MODELS["unfitted"]().save(target)
    with pytest.raises(FileNotFoundError, match="nowhere/model"):
        MODELS["unfitted"]().save(tmp_path / "nowhere" / "model")


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        lamina.load(tmp_path / "nothing")
