"""The labelled suite on data that scikit-learn ships: a quick part of it."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import faults
import findings

SETS = ("wine", "wine_alcohol")


@pytest.fixture(scope="module")
def runs() -> list[dict]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [run for name in SETS for run in findings.suite(name, 0)]


@pytest.mark.parametrize("mode", findings.MODES)
def test_faults_are_named(runs: list[dict], mode: str) -> None:
    broken = [run for run in runs if run["fault"] and run["broken"]]
    assert {run["name"] for run in broken} >= set(faults.FAULTS) - {"batch too small"}
    missed = [(r["name"], r["set"], r[mode]["all"]) for r in broken if not r[mode]["named"]]
    assert len(missed) <= 0.05 * len(broken), missed


@pytest.mark.parametrize("mode", findings.MODES)
def test_healthy_runs_are_not_accused(runs: list[dict], mode: str) -> None:
    healthy = [run for run in runs if not run["fault"] and run["healthy"]]
    assert len(healthy) >= 10
    told = [(run["name"], run["set"], run[mode]) for run in healthy]
    assert not [own for own in told if own[2]["serious"]]


def test_tables_count_what_there_is(runs: list[dict]) -> None:
    text = findings.table(runs, "close")
    assert "| vanishing gradients | 1/1 | 1/1 | 2/2 (100.0%) | 2/2 (100.0%) | 0 |" in text
    assert findings.accused(runs, "close").startswith("Healthy runs accused: 0/")


def test_the_names_that_count_are_findings() -> None:
    from lamina.diagnosis.findings import NAMES

    assert {name for fault in faults.FAULTS.values() for name in fault.names} <= set(NAMES)
    assert set(faults.FAULTS) == set(NAMES)
