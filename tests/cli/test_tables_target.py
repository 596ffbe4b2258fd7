"""The task that a target implies, and targets that no network can learn."""

from datetime import date, time

import numpy as np
import pyarrow as pa
import pytest

from lamina.tables import TableError, prepare
from lamina.tables.target import infer_target


def column(values, kind=None):
    array = values if isinstance(values, pa.Array) else pa.array(values, kind)
    return pa.chunked_array([array])


@pytest.mark.parametrize(
    ("values", "classes", "reason"),
    [
        (column(["b", "a", None] * 9), ("a", "b"), "is text with 2 different values"),
        (column([True, False] * 9), (False, True), "is true or false"),
        (column([3, 1, 2] * 10), (1, 2, 3), "is integers with 3 different values"),
        (column(pa.array([3, 1] * 9).dictionary_encode()), (1, 3), "is categories with 2"),
        (column(["2024-01-01x", "b"] * 9), ("2024-01-01x", "b"), "is text"),
        (column([3, 1, 2] * 9), (), "is integers with 3"),
        (column(list(range(21)) * 50), (), "is integers with 21"),
        (column([0.0, 1.0] * 50), (), "is numbers with 2"),
    ],
)
def test_inferred(values, classes, reason):
    target, why = infer_target(values, "y")
    assert target.classes == classes
    assert target.task == ("classification" if classes else "regression")
    assert why.startswith(reason)
    assert ("--task" in why) == ("numbers" in why or "integers" in why)


def test_asked_for():
    integers = column([3, 1, 2] * 10)
    assert infer_target(integers, "y", "regression")[0].classes == ()
    assert infer_target(column([0.5, 1.0] * 10), "y", "classification")[0].classes == (0.5, 1.0)
    assert infer_target(column([True, False] * 9), "y", "regression")[0].task == "regression"


def test_labels_as_places():
    target, _ = infer_target(column([10, 20, None] * 30), "y", "classification")
    assert target.classes == (10, 20)
    for values in (
        column([20, None, 30]),
        column(["20", "", "30"]),
        column([20.0, np.nan, 30.0]),
        column(["20.0", "NA", "x"]),
        column([" 2e1", None, "20.5"]),
        column([20.0, None, 10.5]),
    ):
        np.testing.assert_array_equal(target.read(values), [1, np.nan, -1])
    with pytest.raises(TableError, match=r"'y', row 2: .*2024.* cannot be one of the model's cla"):
        target.read(column([None, date(2024, 1, 1)]))


def test_booleans_as_places():
    target, _ = infer_target(column([True, False] * 9), "y")
    for values in (column(["TRUE", "0", "", "maybe"]), column([1, 0, None, 2])):
        np.testing.assert_array_equal(target.read(values), [1, 0, np.nan, -1])


@pytest.mark.parametrize(
    ("n", "distinct", "offered"), [(1000, 100, True), (1000, 101, False), (99, 50, False)]
)
def test_classes_are_offered_where_they_are_plausible(n, distinct, offered):
    _, why = infer_target(column([i % distinct / 2 for i in range(n)]), "y")
    assert ("--task classification" in why) is offered


def test_a_target_of_numbers_but_one():
    values = column([*map(str, range(50)), "n.a."])
    said = (
        "50 of 51 values of 'y' are numbers; row 51 is 'n.a.': correct or empty what is no number"
    )
    with pytest.raises(TableError, match=said):
        infer_target(values, "y")
    few = column(["1", "2"] * 50 + ["n.a."])
    assert infer_target(few, "y", "classification")[0].classes == ("1", "2", "n.a.")


def test_a_target_written_another_way():
    with pytest.raises(
        TableError, match=r"target 'y' holds amounts of money such as '\$0\.5': wri"
    ):
        infer_target(column([f"${i}.5" for i in range(50)]), "y")
    target, why = infer_target(column(["5%", "10%"] * 20), "y")
    assert target.classes == ("10%", "5%") and why.endswith("holds percentages such as '5%'")


@pytest.mark.parametrize(
    ("values", "task", "said"),
    [
        (column([None, None], pa.float64()), "auto", "has no value in any row"),
        (column([np.nan, np.nan]), "auto", "has no value in any row"),
        (column([date(2024, 1, 1)]), "auto", "'y' holds dates: choose"),
        (column([[1]]), "auto", "'y' holds values of type list<item: int64>"),
        (column(["a"] * 9), "auto", "is 'a' in every row"),
        (column([1] * 9), "auto", "is 1 in every row"),
        (column([2.5] * 9), "auto", "is 2.5 in every row"),
        (column([f"n{i}" for i in range(9)]), "auto", "9 different values in 9 rows, too many"),
        (column([i / 2 for i in range(9)]), "classification", "use --task regression"),
        (column([2**64 - 1, 2**64 - 2] * 10, pa.uint64()), "auto", "cannot be classes: use --task"),
        (column([time(1), time(2)] * 9), "classification", "cannot be classes: use --task"),
        (column(["1.5", "2", "high"]), "regression", "row 3: 'high' is not a number"),
        (column([1.0, -np.inf]), "auto", "'y', row 2: the value is infinite"),
    ],
)
def test_refused(values, task, said):
    with pytest.raises(TableError) as error:
        infer_target(values, "y", task)
    assert said in str(error.value)


def test_too_few_rows_to_hold_some_out():
    few = pa.table({"x": [1.0, 2.0, 3.0, 4.0], "y": ["a", "b", "a", "b"]})
    with pytest.raises(TableError, match=r"too few to hold out 1: .*--test-size 0"):
        prepare(few, "y")
    assert len(prepare(few, "y", test_size=0).train.y) == 4
    alone = pa.table({"x": list(range(31)), "y": ["a", "b"] * 15 + ["c"]})
    many = pa.table({"x": list(range(60)), "y": [f"c{i % 20}" for i in range(60)]})
    with pytest.raises(
        TableError, match=r"20 classes, too many for 12 of 60 rows .* --test-size 0"
    ):
        prepare(many, "y")
    numbers = many.set_column(1, "y", pa.array([i % 20 for i in range(60)]))
    with pytest.raises(TableError, match="or --task regression if it is a quantity"):
        prepare(numbers, "y", task="classification")
    with pytest.raises(TableError, match=r"--test-size 0\.9 leaves 6 rows of 60 to learn from"):
        prepare(many, "y", test_size=0.9)
    with pytest.raises(TableError, match="only one row has the target 'c', too few"):
        prepare(alone, "y")


def test_every_class_stands_in_both_parts():
    labels = ["a"] * 90 + ["b"] * 8 + ["c"] * 2
    prepared = prepare(pa.table({"x": list(range(100)), "y": labels}), "y", test_size=0.5)
    assert np.unique(prepared.train.y).tolist() == [0, 1, 2]
    np.testing.assert_allclose(prepared.target.shares, [0.9, 0.08, 0.02])
