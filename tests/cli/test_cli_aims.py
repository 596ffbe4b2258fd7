"""Losses, quantiles and class weights: what they predict, and what they do not go with."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import diabetes, iris, write
from sklearn import metrics

from lamina import CrossEntropy, MLPClassifier, MLPRegressor, Quantiles
from lamina.tables import TableModel, prepare, read_table
from lamina.tables.running import RunningScores
from lamina.tables.scores import baseline, score
from lamina.tables.target import Target

TRAIN = ("train", "t.parquet", "-t", "y", "-f", "--hidden", "8", "--learning-rate", "0.01")
COUNT, PRICE = "count", "price"


def skewed(kind: str, n: int = 600) -> pa.Table:
    """Return numbers whose mean is an exponential of x, a thousand times larger than usual."""
    random = np.random.default_rng(0)
    x = random.normal(size=n)
    mean = np.exp(0.8 * x + 1)
    y = random.poisson(mean) if kind == COUNT else 1000 * mean * random.gamma(4, 0.25, n)
    return pa.table({"x": x, "y": y.astype(float)})


@pytest.mark.parametrize(("loss", "kind"), [("poisson", COUNT), ("gamma", PRICE)])
def test_losses_of_positive_numbers(lamina, loss, kind):
    table = skewed(kind)
    write(table, "t.parquet")
    done = lamina(*TRAIN, "--loss", loss, "--task", "regression", "--json").json
    assert done["settings"]["loss"] == repr(loss)
    shown = lamina("show", "t.lamina").out
    assert "→ 1 exp;" in shown and f"loss='{loss}'" in shown
    target = TableModel.load("t.lamina").target
    assert target.to_learn(np.array([0.0, target.mean])).tolist() == [0, 1]
    lamina("predict", "t.lamina", "t.parquet", "-o", "o.parquet")
    predicted, truth = read_table("o.parquet")["prediction"].to_numpy(), table["y"].to_numpy()
    assert (predicted > 0).all()
    deviance = getattr(metrics, f"mean_{loss}_deviance")
    known = np.exp(0.8 * table["x"].to_numpy() + 1) * (1000 if kind == PRICE else 1)
    guess = np.full(len(truth), truth.mean())
    # As good as the mean that the numbers were drawn from, all but a tenth of what it gains.
    gained = deviance(truth, guess) - deviance(truth, predicted)
    assert gained > 0.9 * (deviance(truth, guess) - deviance(truth, known))
    scored = lamina("evaluate", "t.lamina", "t.parquet", "--json").json
    assert scored["scores"]["r2"] == pytest.approx(metrics.r2_score(truth, predicted))
    assert scored["baseline"]["mae"] > 0 > scored["baseline"]["r2"] > -0.01


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "squared_error"])
def test_robust_losses(lamina, loss):
    x = np.random.default_rng(0).normal(size=400)
    y = 3 * x + 20
    y[::10] += 1000  # outliers draw the mean, and no median
    write(pa.table({"x": x, "y": y}), "t.parquet")
    lamina(*TRAIN, "--loss", loss, "--test-size", 0)
    predicted = TableModel.load("t.lamina").predict(read_table("t.parquet")).to_numpy()
    off = np.abs(predicted - 3 * x - 20)
    assert (np.median(off) < 20) == (loss == "absolute_error")
    assert (np.median(off) < 60) == (loss != "squared_error")


def test_quantiles(lamina):
    table = skewed(PRICE)
    write(table, "t.parquet")
    trained = lamina(*TRAIN, "--quantiles", "0.1,0.5,0.9", "--json").json
    assert trained["quantiles"] == [0.1, 0.5, 0.9]
    assert "quantiles  0.1, 0.5, 0.9" in lamina("show", "t.lamina").out
    assert trained["scores"]["pinball"] < 0.8 * trained["baseline"]["pinball"]
    lamina("predict", "t.lamina", "t.parquet", "-o", "o.parquet")
    out, truth = read_table("o.parquet"), table["y"].to_numpy()
    levels = (0.1, 0.5, 0.9)
    assert out.column_names == [f"quantile_{level}" for level in levels]
    columns = [out[name].to_numpy() for name in out.column_names]
    assert (np.diff(columns, axis=0) >= 0).all()
    for level, own in zip(levels, columns, strict=True):
        assert abs(np.mean(truth <= own) - level) < 0.06
    scored = lamina("evaluate", "t.lamina", "t.parquet", "--json").json
    pairs = list(zip(levels, columns, strict=True))
    expected = {
        "pinball": np.mean([metrics.mean_pinball_loss(truth, q, alpha=a) for a, q in pairs]),
        "d2": np.mean([metrics.d2_pinball_score(truth, q, alpha=a) for a, q in pairs]),
        "coverage": np.mean((columns[0] <= truth) & (truth <= columns[-1])),
    }
    assert scored["scores"] == pytest.approx(expected)
    assert scored["baseline"]["d2"] == pytest.approx(0, abs=0.02)
    assert scored["baseline"]["coverage"] == pytest.approx(0.8, abs=0.03)
    text = lamina("evaluate", "t.lamina", "t.parquet").out
    assert "mean pinball loss (lower is better)" in text and "D²" in text
    kept = lamina("predict", "t.lamina", "t.parquet", "-o", "k.csv", "--keep")
    assert kept.status == 0
    assert read_table("k.csv").column_names == ["x", "y", *out.column_names]


def test_one_quantile(lamina):
    write(skewed(PRICE), "t.parquet")
    lamina(*TRAIN, "--quantiles", "0.25", "--epochs", 30)
    model = TableModel.load("t.lamina")
    assert model.predictions(skewed(PRICE)).column_names == ["quantile_0.25"]
    assert set(model.facts.scores) == {"pinball", "d2"}
    with pytest.raises(ValueError, match="several quantiles are predicted: use predictions"):
        model.predict(skewed(PRICE))


def test_in_parts(lamina, refused):
    table = skewed(PRICE)
    write(table, "t.parquet")
    parts = ("--batch-rows", 100)
    lamina(*TRAIN, *parts, "--quantiles", "0.1,0.9", "--epochs", 20)
    own = TableModel.load("t.lamina")
    lamina("predict", "t.lamina", "t.parquet", "-o", "a.parquet")
    lamina("predict", "t.lamina", "t.parquet", "-o", "b.parquet", *parts)
    for name in ("quantile_0.1", "quantile_0.9"):
        whole, piece = (read_table(path)[name].to_numpy() for path in ("a.parquet", "b.parquet"))
        np.testing.assert_allclose(whole, piece, rtol=1e-5)
    whole = lamina("evaluate", "t.lamina", "t.parquet", "--json").json["scores"]
    piece = lamina("evaluate", "t.lamina", "t.parquet", *parts, "--json").json["scores"]
    assert piece == pytest.approx({name: whole[name] for name in ("pinball", "coverage")})
    assert own.facts.baseline["coverage"] == pytest.approx(0.8, abs=0.15)
    # All rows at once: the same quantiles as NumPy's.
    lamina(*TRAIN, *parts, "--quantiles", "0.1,0.9", "--epochs", 2, "--test-size", 0)
    expected = np.quantile(table["y"].to_numpy(), [0.1, 0.9])
    np.testing.assert_allclose(TableModel.load("t.lamina").target.quantiles, expected, rtol=1e-12)
    assert lamina(*TRAIN, *parts, "--loss", "gamma", "--epochs", 2).status == 0
    low = table.set_column(1, "y", pa.array(table["y"].to_numpy() - 500))
    write(low, "t.parquet")
    said = refused(*TRAIN, *parts, "--loss", "gamma")
    assert said.startswith("--loss gamma is of numbers above 0, and the target 'y' has -")


def test_running_scores_of_quantiles():
    random = np.random.default_rng(0)
    target = Target("y", levels=(0.2, 0.7), quantiles=(-1.0, 0.5))
    truth, predicted = random.normal(size=500), np.sort(random.normal(size=(500, 2)), axis=1)
    running = RunningScores(target)
    for i in range(0, 500, 77):
        running.add(truth[i : i + 77], predicted[i : i + 77])
    for own, whole in zip(
        running.scores(),
        (score(target, truth, predicted), baseline(target, truth)),
        strict=True,
    ):
        assert own == pytest.approx({name: whole[name] for name in own})
        assert set(whole) - set(own) == {"d2"}


def test_class_weights(lamina):
    random = np.random.default_rng(0)
    x = random.normal(size=900)
    labels = np.where(x + random.normal(size=900) > 2, "a=b", "rest")
    table = pa.table({"x": x, "y": labels.tolist()})
    write(table, "t.parquet")
    recalls = {}
    for words in ((), ("balanced",), ("a=b=20", "rest=0.5")):
        options = [text for weight in words for text in ("--class-weight", weight)]
        lamina(*TRAIN, *options, "--epochs", 50)
        predicted = TableModel.load("t.lamina").predict(table).to_pylist()
        recalls[words] = metrics.recall_score(labels, predicted, pos_label="a=b")
    assert recalls[()] < 0.6 < recalls[("balanced",)] < recalls[("a=b=20", "rest=0.5")]
    own = TableModel.load("t.lamina").estimator
    assert own.class_weight == {0: 20.0, 1: 0.5}
    shown = lamina("show", "t.lamina").out
    assert "class_weight={'a=b': 20.0, 'rest': 0.5}" in shown


def test_losses_of_classes(lamina):
    write(iris(), "t.parquet")
    train = ("train", "t.parquet", "-t", "species", "-f", "--epochs", 60)
    for words, loss in (
        (("--loss", "focal"), "focal"),
        (("--label-smoothing", "0.2"), CrossEntropy(smoothing=0.2)),
        (("--loss", "log_loss", "--label-smoothing", "0.2"), CrossEntropy(smoothing=0.2)),
        (("--loss", "log_loss"), "log_loss"),
    ):
        assert lamina(*train, *words).status == 0
        assert TableModel.load("t.lamina").estimator.loss == loss
    # The model is the library's own of these settings.
    prepared = prepare(iris(), "species")
    own = MLPClassifier(max_iter=60, random_state=0)
    with pytest.warns(UserWarning):
        own.fit(prepared.train.X, prepared.target.to_learn(prepared.train.y))
    made = TableModel.load("t.lamina").estimator
    np.testing.assert_array_equal(made.coefs_[0], own.coefs_[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-t species --loss hubert", "did you mean 'huber'?"),
        ("-t species --loss quantiles", "quantiles are asked for by --quantiles, such as 0.1,0.5"),
        (
            "-t species --loss huber",
            "--loss huber is for a regression, and 'species' makes a class",
        ),
        ("-t species --quantiles 0.5", "--quantiles is for a regression"),
        ("-t sl --loss focal", "--loss focal is for a classification, and 'sl' makes a regression"),
        ("-t sl --label-smoothing 0.1", "--label-smoothing is for a classification"),
        ("-t sl --class-weight balanced", "--class-weight is for a classification"),
        (
            "-t sl --label-smoothing 0.1 --class-weight balanced",
            "--label-smoothing and --class-weight are for a classification",
        ),
        ("-t sl --loss huber --quantiles 0.5", "--quantiles has a loss of its own: leave out"),
        ("-t species --loss focal --label-smoothing 0.1", "goes with --loss log_loss only"),
        ("-t sl --quantiles 0.5,0.1", "levels such as 0.1,0.5,0.9, rising between 0 and 1"),
        ("-t sl --quantiles 0,0.1", "rising between 0 and 1, not '0,0.1'"),
        ("-t sl --quantiles nan", "rising between 0 and 1, not 'nan'"),
        ("-t sl --quantiles ten", "rising between 0 and 1, not 'ten'"),
        ("-t species --class-weight heavy", "balanced, or LABEL=WEIGHT with a weight of 0 or more"),
        ("-t species --class-weight setosa=-1", "not 'setosa=-1'"),
        ("-t species --class-weight setosa=inf", "not 'setosa=inf'"),
        ("-t species --class-weight sitosa=2", "has no class 'sitosa': did you mean 'setosa'?"),
        ("-t species --class-weight q=2", "its classes are 'setosa', 'versicolor', 'virginica'"),
        (
            "-t species --class-weight setosa=1 --class-weight setosa=2",
            "'setosa' has two weights: give one",
        ),
        (
            "-t species --class-weight setosa=0 --class-weight versicolor=0 "
            "--class-weight virginica=0",
            "--class-weight gives 0 to all 3 classes",
        ),
        ("-t species --class-weight balanced --class-weight setosa=1", "not 'balanced'"),
    ],
)
def test_what_does_not_go_together(refused, words, said):
    write(iris(), "t.csv")
    assert said in refused("train", "t.csv", *words.split())
    assert not Path("t.lamina").exists()


def test_numbers_that_a_loss_does_not_take(refused, lamina):
    y = np.arange(200.0)
    write(pa.table({"x": y, "y": y}), "t.parquet")
    assert lamina(*TRAIN, "--loss", "poisson", "--epochs", 2).status == 0
    said = refused(*TRAIN, "--loss", "gamma")
    assert said == (
        "--loss gamma is of numbers above 0, and the target 'y' has 0: choose another --loss"
    )
    write(pa.table({"x": y, "y": y - 2.5}), "t.parquet")
    said = refused(*TRAIN, "--loss", "poisson")
    assert said.startswith("--loss poisson is of numbers 0 or more, and the target 'y' has -2.5")


def test_the_file_is_checked(lamina):
    """A target that says another unit than the network learnt is refused."""
    from dataclasses import replace

    write(diabetes(), "t.parquet")
    lamina("train", "t.parquet", "-t", "progress", "--quantiles", "0.1,0.9", "--epochs", 2)
    model = TableModel.load("t.lamina")
    others = (
        {"levels": (0.1, 0.8)},
        {"levels": (), "quantiles": ()},
        {"quantiles": (1.0,)},
        {"ratio": True},
    )
    for other in others:
        replace(model, target=replace(model.target, **other)).save("bad.lamina")
        with pytest.raises(ValueError, match="damaged"):
            TableModel.load("bad.lamina")
    assert model.estimator.loss == Quantiles((0.1, 0.9))
    assert isinstance(model.estimator, MLPRegressor)


@pytest.mark.parametrize("words", [("--quantiles", "0.1,0.9"), ("--loss", "gamma")])
def test_export(lamina, words):
    onnxruntime = pytest.importorskip("onnxruntime")
    table = skewed(PRICE)
    write(table, "t.parquet")
    lamina(*TRAIN, *words, "--epochs", 20)
    assert lamina("export", "t.lamina", "-o", "t.onnx").status == 0
    session = onnxruntime.InferenceSession("t.onnx")
    (found,) = session.run(["prediction"], {"x": table["x"].to_numpy()})
    expected = TableModel.load("t.lamina").predictions(table)
    expected = np.stack([column.to_numpy() for column in expected.columns], axis=-1)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-4)


def test_weights_of_other_classes_are_refused(lamina):
    write(iris(), "t.parquet")
    lamina("train", "t.parquet", "-t", "species", "--class-weight", "setosa=2", "--epochs", 2)
    model = TableModel.load("t.lamina")
    model.estimator.class_weight = {"setosa": 2.0}
    model.save("bad.lamina")
    with pytest.raises(ValueError, match="damaged"):
        TableModel.load("bad.lamina")
