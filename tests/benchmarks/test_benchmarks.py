"""The benchmarks run, with tiny settings and scikit-learn alone, and write what the report reads.

Nothing here looks at a time.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
QUICK = ["--rounds", "1", "--turn", "0", "--threads", "1"]
SCRIPTS = {
    "training": ["--shapes", "tiny,sk:float64,one", "--steps", "3", "--peers", "sklearn"],
    "fits": ["--sets", "iris", "--epochs", "2", "--dtypes", "float64"],
    "prediction": ["--shapes", "sk", "--rows", "1,3", "--peers", "sklearn"],
    "scaling": ["--shapes", "tab", "--steps", "2", "--samples", "400", "--widths", "16"],
    "small": ["--parts", "first,iris,memory", "--peers", "sklearn", "--rows", "2000"],
}
FROM_THE_NEURON_UP = {
    "perceptron": ["--samples", "500", "--features", "3", "--margins", "0.5"],
    "separation": ["--rows", "300", "--columns", "3"],
}


def call(script, *words):
    """Return what a script printed."""
    command = [sys.executable, str(FOLDER / script), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_training(result):
    """Both sides did the same job."""
    assert list(result["shapes"]) == ["tiny", "sk:float64", "one"]
    for own in result["shapes"].values():
        sides = own["sides"]
        assert own["agree"] and set(sides) == {"lamina", "sklearn"}
        assert all(len(side["all"]) == 1 for side in sides.values())
        ratio = sides["sklearn"]["median"] / sides["lamina"]["median"]
        assert own["peers"]["sklearn"]["ratio"]["median"] == ratio


def check_fits(result):
    (own,) = result["fits"]
    assert own["sides"]["lamina"]["score"] == own["sides"]["sklearn"]["score"]
    assert own["to_score"]["lamina"]["epochs"] == own["to_score"]["sklearn"]["epochs"] <= 2


def check_prediction(result):
    found = result["shapes"]["sk"]
    assert set(found) == {"1", "3"}
    for own in found.values():
        assert own["agree"] and {"lamina predict_proba", "sklearn"} <= set(own["sides"])


def check_scaling(result):
    own = result["threads"]["tab"]["1"]
    assert own["share_of_peak"]["median"] == own["gflops"]["median"] / result["peak_gflops"]["1"]
    assert set(result["fits"]) == {"1", "2"} and set(result["samples"]) == {"400"}
    assert result["widths"]["16"]["share_of_peak"]["best"] > 0


def check_small(result):
    assert set(result["first"]) == {"lamina", "sklearn"}
    assert result["memory"]["lamina"]["peak"] > result["memory"]["lamina"]["data"] > 0
    assert result["iris"]["lamina"]["epochs"] == result["iris"]["sklearn"]["epochs"]


def check_perceptron(result):
    separable, flipped = result["fits"]
    assert separable["converged"] and not flipped["converged"]
    assert set(separable["sides"]) == {"lamina", "sklearn"}


def check_separation(result):
    found = result["separation"]
    assert found["wide margin"]["separable"] and not found["random labels"]["separable"]
    assert [result["counting"][n]["count"] for n in "1234"] == [4, 14, 104, 1882]


@pytest.mark.parametrize("name", FROM_THE_NEURON_UP)
def test_a_script_on_neurons_writes_what_it_measured(name, tmp_path):
    path = tmp_path / "result.json"
    call(f"{name}.py", *QUICK, *FROM_THE_NEURON_UP[name], "--json", str(path))
    result = json.loads(path.read_text())
    assert result["kind"] == name and result["environment"]["versions"]["lamina"]
    globals()[f"check_{name}"](result)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_writes_where_and_what_it_measured_and_makes_a_report(name, tmp_path):
    path = tmp_path / "result.json"
    call(f"{name}.py", *QUICK, *SCRIPTS[name], "--json", str(path))
    result = json.loads(path.read_text())
    assert result["kind"] == name
    found_on = result["environment"]
    assert found_on["cpu"] and found_on["date"] and found_on["threads"] == 1
    assert found_on["versions"]["scikit-learn"] and found_on["versions"]["lamina"]
    assert str(path) not in found_on["command"]
    globals()[f"check_{name}"](result)
    told = call("report.py", str(path))
    assert told.startswith(f"## {name.capitalize()}") and found_on["command"] in told


def test_a_peer_that_is_not_installed_is_left_out_with_a_word(monkeypatch, capsys):
    monkeypatch.syspath_prepend(FOLDER)
    import common

    modules = {"sklearn": "sklearn", "other": "no_such_module"}
    assert common.present(["sklearn", "other"], modules) == ["sklearn"]
    assert "left out: other" in capsys.readouterr().out


def test_contenders_take_turns_in_a_rotating_order(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    import common

    monkeypatch.setattr(common, "PAUSE", 0)
    seen = []

    def contender(name):
        return lambda: seen.append(name) or float(len(seen))

    figures = common.alternate({n: contender(n) for n in "abc"}, rounds=3, seconds=10)
    assert "".join(seen) == "abcbcacab"
    assert figures == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}
