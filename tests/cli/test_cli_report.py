"""lamina report: the page has the table's names, and the numbers of lamina evaluate."""

import html
import re
from pathlib import Path

from conftest import diabetes, iris, mixed, write


def words(path: str) -> str:
    page = Path(path).read_text(encoding="utf-8")
    page = re.sub(r"<style>.*?</style>|<wbr>|</?bdi[^>]*>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_a_classification_has_its_labels_and_scores(lamina):
    write(iris(), "iris.csv")
    lamina("train", "iris.csv", "-t", "species", "--epochs", 30, "-q")
    done = lamina("report", "iris.lamina", "iris.csv")
    assert done.status == 0 and done.err == ""
    assert done.out == "report on classification of 'species' written to iris.html\n"
    scores = lamina("evaluate", "iris.lamina", "iris.csv", "--json").json["scores"]
    said = words("iris.html")
    assert "120 rows of 4 columns to predict the 3 classes of 'species'" in said
    assert f"accuracy {scores['accuracy']:.4g}" in said
    assert "Scores on the 150 rows of iris.csv" in said and "Scores on the 30 rows held out" in said
    assert "the network learnt from 120 of them" in said
    lead = said.split("Skip to the report")[1][:600]
    assert re.search(r"an accuracy of [\d.]+ on the 30 rows held out", lead)
    write(iris().slice(0, 140), "some.csv")
    lamina("report", "iris.lamina", "some.csv", "-o", "some.html")
    own = words("some.html")
    assert "on the 140 rows of some.csv" in own and "learnt from 120 of them" not in own
    assert "virginica" in said and "'sl', 'sw', 'pl', 'pw'" in said
    assert "prepare(table, 'species', task='classification', test_size=0.2, seed=0)" in said


def test_the_code_of_the_page_trains_the_same_network(lamina):
    write(diabetes(), "t.csv")
    lamina("train", "t.csv", "-t", "progress", "--drop", "s1", "--epochs", 5, "--seed", 3, "-q")
    lamina("report", "t.lamina", "-q")
    page = Path("t.html").read_text(encoding="utf-8")
    code, check = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
    own: dict = {}
    exec(html.unescape(code).replace("TABLE", "t.csv"), own)
    said: list[str] = []
    exec(html.unescape(check), {"model": own["table_model"].estimator, "print": said.append})
    assert said[0] in page.replace("<wbr>", "")


def test_in_parts_it_is_the_same_page(lamina):
    write(mixed(), "t.parquet")
    for target in ("price", "color"):
        lamina("train", "t.parquet", "-t", target, "--epochs", 5, "-q", "-f")
        lamina("report", "t.lamina", "t.parquet", "-q", "-f")
        whole = Path("t.html").read_bytes()
        lamina("report", "t.lamina", "t.parquet", "--batch-rows", 70, "-q", "-f")
        assert Path("t.html").read_bytes() == whole


def test_quantiles_and_new_classes_are_told(lamina):
    write(mixed(), "t.parquet")
    lamina("train", "t.parquet", "-t", "price", "--quantiles", "0.1,0.9", "--epochs", 5, "-q")
    lamina("report", "t.lamina", "t.parquet", "-o", "q.html")
    assert "2 quantiles of 'price'" in words("q.html")
    assert "Samples below the quantiles" in words("q.html")
    write(iris(), "iris.csv")
    lamina("train", "iris.csv", "-t", "species", "--epochs", 5, "-q")
    other = Path("iris.csv").read_text().replace("setosa", "<b>new</b>")
    Path("other.csv").write_text(other)
    lamina("report", "iris.lamina", "other.csv", "-o", "other.html")
    assert "50 rows have a class that training did not see" in words("other.html")
    assert "<b>new" not in Path("other.html").read_text(encoding="utf-8")


def test_what_cannot_be_done_is_said_before_anything_is_written(lamina, refused):
    write(iris(), "iris.csv")
    lamina("train", "iris.csv", "-t", "species", "--epochs", 3, "-q")
    assert refused("report", "none.lamina").startswith("there is no model file none.lamina")
    assert refused("report", "iris.csv", "-o", "a.html").startswith("iris.csv is ")
    assert refused("report", "iris.lamina", "none.csv").startswith("there is no file none.csv")
    write(diabetes(), "other.csv")
    assert "no column 'species'" in refused("report", "iris.lamina", "other.csv")
    assert "there is no folder" in refused("report", "iris.lamina", "-o", "no/run.html")
    assert "is read by this command" in refused("report", "iris.lamina", "-o", "iris.lamina", "-f")
    assert not list(Path().glob("*.html"))
    Path("iris.html").write_text("mine")
    assert "--force" in refused("report", "iris.lamina")
    assert Path("iris.html").read_text() == "mine"
    assert lamina("report", "iris.lamina", "--force", "--quiet").out == ""
    assert words("iris.html").startswith("iris.lamina: the 3 classes of 'species'")
