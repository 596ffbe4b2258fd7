"""Text that looks like numbers or dates: named with an example, and left as it is."""

import pyarrow as pa
import pytest

from lamina.tables import prepare
from lamina.tables.hints import hint


def said(values: list[str | None]) -> str:
    found = hint(pa.chunked_array([pa.array(values, pa.string())]), "x")
    return found.said if found else ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["3,5", "4", "-0,25"], "'x' holds numbers with a decimal comma such as '3,5'"),
        (["1.000,5", "20,1"], "'x' holds numbers with a decimal comma such as '1.000,5'"),
        (["1,000", "999", "2,000,000.5"], "'x' holds numbers with separated thousands such as"),
        (["$1.00", "$-2", "$ 1,000.50"], "'x' holds amounts of money such as '$1.00'"),
        (["5 €", "7€"], "'x' holds amounts of money such as '5 €'"),
        (["5%", "7.5 %", "0"], "'x' holds percentages such as '5%'"),
        (["12/31/2024", "1/2/24", None], "'x' holds dates such as '12/31/2024'"),
        (["31.12.2024 10:30", "01.02.2024 11:00"], "'x' holds dates such as '31.12.2024 10:30'"),
        (["2024/05/31"], "'x' holds dates such as '2024/05/31'"),
        (["1.5"] * 77 + ["n.a."] + ["2"] * 122, "199 of 200 values of 'x' are numbers; row 78 is"),
        ([None, "tall"] + ["7"] * 9, "9 of 10 values of 'x' are numbers; row 2 is 'tall'"),
        (["3,5"] * 9 + ["y" * 99], f"such as '3,5'; row 10 is '{'y' * 39}…'"),
    ],
)
def test_named(values, expected):
    assert expected in said(values)


@pytest.mark.parametrize(
    "values",
    [
        ["red", "blue"],
        ["1", "2", "x"],
        ["02139", "10001"] * 9 + ["x"],  # codes
        ["1", "2"],
        ["5%", "half"],
        ["1/2", "3/4"],
        [None],
        [],
        ["", "NA"],
    ],
)
def test_text_that_is_meant_so(values):
    assert said(values) == ""


def test_only_text():
    assert hint(pa.chunked_array([[1, 2]]), "x") is None


def test_in_the_notes_of_a_table():
    n = 60
    columns = {
        "bad": ["oops", *(f"{i}" for i in range(1, n))],
        "price": [f"${i % 7}" for i in range(n)],
        "unused": [f"{i}%" for i in range(n)],
        "z": [i / 2 for i in range(n)],
        "y": [i / 3 for i in range(n)],
    }
    prepared = prepare(pa.table(columns), "y", drop=["unused"])
    assert prepared.notes == (
        "59 of 60 values of 'bad' are numbers; row 1 is 'oops': taken as categories, as long as "
        "not all are numbers or empty",
        "'price' holds amounts of money such as '$0': taken as categories; write them as 1.00",
    )
