"""From columns to inputs, against scikit-learn's own pipeline and the calendar of Python."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from conftest import mixed
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lamina.tables import TableError, prepare
from lamina.tables.dates import PARTS, date_parts
from lamina.tables.learning import Dates
from lamina.tables.preprocess import learn


def test_agrees_with_a_scikit_learn_pipeline():
    random = np.random.default_rng(0)
    numbers = random.normal(size=(200, 2))
    numbers[random.random(200) < 0.2, 1] = np.nan
    cells = random.choice(np.array(["a", "b", "c", None], dtype=object), size=(200, 1))
    columns = {
        "p": ("number", numbers[:, 0]),
        "q": ("number", numbers[:, 1]),
        "k": ("category", cells[:, 0]),
    }
    learnt, dropped = learn({name: (kind, v[:150]) for name, (kind, v) in columns.items()})
    got = learnt.transform({name: v for name, (_, v) in columns.items()})

    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(numbers[:150])
    encoder = OneHotEncoder(sparse_output=False).fit(cells[:150])
    flag = np.isnan(numbers[:, 1:])
    expected = np.hstack([scaled.transform(numbers), flag, encoder.transform(cells)])
    assert dropped == {} and learnt.width == got.shape[1]
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected.astype(np.float32))


def test_only_rows_of_training_are_learnt_from():
    table = mixed()
    prepared = prepare(table, "price", seed=3)
    size = next(m for m in prepared.preprocessing.measures if m.name == "size")
    rows = prepared.train.X.shape[0]
    np.testing.assert_allclose(prepared.train.X[:, 0].mean(), 0, atol=0.2)
    assert rows + len(prepared.test.y) + prepared.unlabelled == table.num_rows
    assert size.fill[0] != np.nanmedian(table["size"].to_numpy())


def test_columns_of_no_use_are_named():
    prepared = prepare(mixed(), "price", drop=["stars"])
    assert prepared.dropped == {
        "stars": "as asked",
        "id": "a different text in every row",
        "country": "the same value in every row",
        "nothing": "all values missing",
    }
    assert set(prepared.preprocessing.kinds) == {"size", "color", "sold", "day", "seen"}
    lists = pa.table(
        {"a": [[1]] * 50, "": list(range(50)), "x": list(range(50)), "y": [1.0, 2.0] * 25}
    )
    assert prepare(lists, "y").dropped == {
        "a": "values of type list<item: int64>, which a network cannot use",
        "": "numbers of the rows",
    }


def test_nothing_left():
    table = pa.table({"a": ["x"] * 50, "b": [f"{i}" for i in range(50)], "y": [1.0, 2.0] * 25})
    with pytest.raises(TableError, match=r"no column is left to predict 'y' from \('a': the same"):
        prepare(table, "y")
    with pytest.raises(TableError, match="there is no other"):
        prepare(table.select(["y"]), "y")


def test_unseen_rare_and_missing_categories():
    values = np.array(["a"] * 5 + ["b"] * 5 + ["rare"] + [None] * 2, dtype=object)
    learnt, _ = learn({"k": ("category", values)})
    assert learnt.categories[0].categories == ("a", "b", None)
    new = np.array(["b", "rare", "new", None], dtype=object)
    expected = [[0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]
    np.testing.assert_array_equal(learnt.transform({"k": new}), expected)
    assert learnt.unseen({"k": new}) == {"k": 2}
    never = np.array(["a", "b"] * 3, dtype=object)
    learnt, _ = learn({"k": ("category", never)})
    np.testing.assert_array_equal(learnt.transform({"k": new}), [[0, 1], [0, 0], [0, 0], [0, 0]])


def test_missing_where_training_had_none_is_the_median():
    learnt, _ = learn({"x": ("number", np.array([1.0, 2.0, 9.0]))})
    nan, median = learnt.transform({"x": np.array([np.nan, 2.0])})
    assert nan == median


def test_extreme_values_are_held():
    learnt, _ = learn({"x": ("number", np.arange(10.0))})
    got = learnt.transform({"x": np.array([1e300, -1e300])})
    np.testing.assert_array_equal(got, [[5], [-5]])


def test_at_most_a_hundred_categories():
    values = np.array([f"c{i % 300}" for i in range(3000)], dtype=object)
    learnt, _ = learn({"k": ("category", values)})
    assert learnt.width == 100


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))
def test_parts_of_a_date(moment):
    got = date_parts(np.array([moment], dtype="datetime64[us]"), PARTS)[0]
    seconds = (moment - datetime(1970, 1, 1)) / timedelta(seconds=1)
    parts = (moment.year, moment.month, moment.day, moment.weekday(), moment.hour, moment.minute)
    np.testing.assert_allclose(got, [seconds, *parts], rtol=1e-15)


def test_only_parts_that_vary():
    days = np.array(["2024-05-01", "2024-05-30", "NaT"], dtype="datetime64[us]")
    own = Dates()
    own.add(days)
    assert own.useful == ("seconds", "day", "weekday")
    assert np.isnan(date_parts(days, PARTS)[2]).all()
    learnt, _ = learn({"d": ("date", days)})
    assert learnt.measures[0].missing and learnt.width == 4
