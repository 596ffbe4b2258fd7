"""Reading CSV and Parquet files: what comes in, and one sentence for each thing that is wrong."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from lamina.tables import TableError, read_table, write_table


def csv(text: str | bytes, name: str = "t.csv") -> Path:
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def types(table: pa.Table) -> dict[str, str]:
    return {field.name: str(field.type) for field in table.schema}


def test_whole_columns_decide_the_types():
    table = read_table(
        csv(
            "i,f,b,d,t,z,s,code,none\n"
            "1,1,true,2024-01-31,2024-01-31 10:20,2024-01-31T10:20:00+02:00,x,02139,\n"
            "2,2.5,False,2024-02-01,2024-02-01T11:00:00.25,2024-02-01T00:00:00Z,1,10001,NA\n"
        )
    )
    assert types(table) == {
        "i": "int64",
        "f": "double",
        "b": "bool",
        "d": "timestamp[us]",
        "t": "timestamp[us]",
        "z": "timestamp[us]",
        "s": "string",
        "code": "string",
        "none": "null",
    }
    assert table["z"][0].as_py().isoformat() == "2024-01-31T08:20:00"
    assert table["code"].to_pylist() == ["02139", "10001"]


def test_a_late_text_makes_a_column_text():
    rows = ["1"] * 200_000 + ["x"]
    assert types(read_table(csv("a,b\n" + "".join(f"{r},1\n" for r in rows)))) == {
        "a": "string",
        "b": "int64",
    }


def test_as_text_nothing_is_inferred():
    table = read_table(csv("a,b\n007,1.50\n,2\n"), infer=False)
    assert table.to_pydict() == {"a": ["007", None], "b": ["1.50", "2"]}


@pytest.mark.parametrize("missing", ["", "NA", "NaN", "?", " null ", '""'])
def test_missing_values(missing):
    table = read_table(csv(f"a,b\n1,x\n{missing},{missing}\n"))
    assert table.to_pydict() == {"a": [1, None], "b": ["x", None]}


def test_none_is_a_category():
    assert read_table(csv("a,b\nNone,1\nx,2\n"))["a"].to_pylist() == ["None", "x"]


@pytest.mark.parametrize(("mark", "b"), [(";", 2.5), ("\t", "2,5"), ("|", "2,5")])
def test_other_separators(mark, b):
    assert read_table(csv(f"a{mark}b\n1{mark}2,5\n")).to_pydict() == {"a": [1], "b": [b]}


def test_decimal_commas_between_semicolons():
    path = csv("a;b;c;d\n3,5;1,2;-,5;1\n4;x;;0,25\n")
    assert read_table(path).to_pydict() == {
        "a": [3.5, 4],
        "b": ["1,2", "x"],
        "c": [-0.5, None],
        "d": [1, 0.25],
    }
    asked = read_table(path, infer=False, numbers={"b"})
    assert asked["a"].to_pylist() == ["3,5", "4"] and asked["b"].to_pylist() == ["1.2", "x"]


def test_spaces_around_names():
    assert read_table(csv(' a ," b "\n1,2\n')).to_pydict() == {"a": [1], "b": [2]}
    with pytest.raises(TableError, match="more than one column named 'a'"):
        read_table(csv("a, a\n1,2\n"))


def test_quotes_newlines_spaces_bom_and_blank_lines():
    text = '\ufeff"a, b",c\r\n"two\nlines", 1\r\n\r\n"say ""hi""",2\r\n'
    table = read_table(csv(text))
    assert table.to_pydict() == {"a, b": ["two\nlines", 'say "hi"'], "c": [1, 2]}


def test_an_empty_line_of_a_single_column_is_a_missing_value():
    assert read_table(csv("a\n1\n\n3\n"))["a"].to_pylist() == [1, None, 3]


def test_compressed_csv():
    assert read_table(csv(gzip.compress(b"a,b\n1,2\n"), "t.csv.gz")).num_rows == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"\n\n", "is empty"),
        ("t.csv", b"a,b\n", "has a header but no rows"),
        ("t.csv", b"a,b\n1,2\n3\n", "line 3: 1 value where the header has 2 columns"),
        ("t.csv", b'a,b\n"x\ny",2\n1,2,3\n', "3 values where the header has 2 columns"),
        ("t.csv", b"a,b,a\n1,2,3\n", "more than one column named 'a': rename"),
        ("t.csv", b"a,b\n1,2\n\xff,3\n", "line 3: not UTF-8 text; save the file as UTF-8"),
        ("t.csv", b"a,\xe9\n1,2\n", "line 1: not UTF-8 text"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16"), "not UTF-8 text"),
        ("t.csv.gz", b"a,b\n1,2\n", "cannot be unpacked"),
        ("t.parquet", b"", "is empty"),
        ("t.parquet", b"a,b\n1,2\n", "is not a Parquet file, or it is damaged"),
        ("t.parquet", b"PAR1" + bytes(100) + b"PAR1", "is not a Parquet file, or it is damaged"),
        ("t.xlsx", b"PK", "its name must end in .csv or .parquet"),
        ("table", b"a", "its name must end in .csv or .parquet"),
    ],
)
def test_what_is_wrong_with_a_file(name, content, said):
    with pytest.raises(TableError) as error:
        read_table(csv(content, name))
    assert said in str(error.value) and name in str(error.value)


def test_no_file_and_a_folder():
    with pytest.raises(TableError, match=r"there is no file missing\.csv: check the name"):
        read_table("missing.csv")
    with pytest.raises(TableError, match=r"there is no file missing\.parquet"):
        read_table("missing.parquet")
    Path("data.csv").mkdir()
    with pytest.raises(TableError, match="is a folder: name a CSV or Parquet file inside"):
        read_table("data.csv")


def test_a_cut_parquet_file():
    table = pa.table({"a": list(range(1000))})
    pa.parquet.write_table(table, "t.parquet")
    Path("t.parquet").write_bytes(Path("t.parquet").read_bytes()[:-100])
    with pytest.raises(TableError, match="not a Parquet file, or it is damaged"):
        read_table("t.parquet")


def test_parquet_columns_of_one_name():
    pa.parquet.write_table(pa.table([[1], [2]], names=["a", "a"]), "t.parquet")
    with pytest.raises(TableError, match="more than one column named 'a'"):
        read_table("t.parquet")


@pytest.mark.parametrize(
    ("name", "start"), [("o.csv.gz", b"\x1f\x8b"), ("o.tsv.BZ2", b"BZh"), ("o.txt.zst", b"(\xb5")]
)
def test_compressed_output(name, start):
    write_table(pa.table({"a": [1], "b": ["x"]}), name)
    assert Path(name).read_bytes().startswith(start)
    assert read_table(name).to_pydict() == {"a": [1], "b": ["x"]}


def test_tabs_in_a_tsv():
    write_table(pa.table({"a": [1], "b": ["x"]}), "o.tsv")
    assert Path("o.tsv").read_text() == '"a"\t"b"\n1\t"x"\n'
    with pytest.raises(TableError, match=r"as o\.parquet\.gz: end its name in"):
        write_table(pa.table({"a": [1]}), "o.parquet.gz")


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_writing_replaces_the_whole_file(name):
    for count in (50, 3):
        write_table(pa.table({"a": list(range(count))}), name)
        assert read_table(name)["a"].to_pylist() == list(range(count))
    assert [path.name for path in Path().iterdir()] == [name]


def test_writing_where_nothing_can_be_written():
    with pytest.raises(TableError, match=r"cannot write no/such/out\.csv"):
        write_table(pa.table({"a": [1]}), "no/such/out.csv")
    with pytest.raises(TableError, match=r"end the name of the output in \.parquet"):
        write_table(pa.table({"a": [[1, 2]]}), "out.csv")
    with pytest.raises(TableError, match=r"out\.txtt: end its name in \.csv, \.tsv or"):
        write_table(pa.table({"a": [1]}), "out.txtt")
