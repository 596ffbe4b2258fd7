"""Pictures of descents show the numbers they were given."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

import lamina
from lamina.descent import convergence_rates, descend
from lamina.displays import DescentDisplay, RateDisplay, SurfaceDisplay

BOX = ((-3, 3), (-2, 1))


def bowl(x):
    return x[0] ** 2 + 10 * x[1] ** 2


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def path():
    return descend(bowl, [2.0, 0.5], step=0.05, max_steps=20)


@pytest.fixture(scope="module")
def table():
    return convergence_rates(n_steps=60, n_runs=2)


def test_a_surface_is_f_on_the_grid(path):
    display = SurfaceDisplay.from_function(bowl, BOX, path, resolution=31)
    assert display.z.shape == (31, 31)
    for i, j in [(0, 0), (30, 4), (7, 19)]:
        assert display.z[j, i] == bowl([display.x[i], display.y[j]])
    assert (display.x[0], display.x[-1], display.y[0], display.y[-1]) == (-3, 3, -2, 1)
    np.testing.assert_array_equal(display.paths["path"][:, :2], path.points)
    np.testing.assert_array_equal(display.paths["path"][:, 2], path.values)


@pytest.mark.parametrize("kind", ["contour", "surface"])
def test_the_path_is_drawn_where_it_went(path, kind):
    display = SurfaceDisplay.from_function(bowl, BOX, path, resolution=21)
    assert display.plot(kind=kind) is display
    line = display.paths_[0]
    drawn = np.array(line.get_data_3d() if kind == "surface" else line.get_data()).T
    np.testing.assert_array_equal(drawn[:, :2], path.points)
    assert display.figure_ is display.ax_.figure
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("$x_1$", "$x_2$")
    assert "Descent on the" in display.ax_.get_title()


def test_several_paths_are_named(path):
    race = {"plain": path, "Adam": descend(bowl, [2, 0.5], rule=lamina.Adam()), "raw": [[0, 0]]}
    display = SurfaceDisplay.from_function(bowl, None, race, resolution=11).plot()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == [f"plain ({path.n_steps} steps)", labels[1], "raw (0 steps)"]
    assert labels[1].startswith("Adam (")
    assert len({line.get_color() for line in display.paths_}) == 3
    for own in (path.points, [[0, 0]]):
        assert (np.min(own, axis=0) > [display.x[0], display.y[0]]).all()


def test_level_sets_without_a_path_and_with_holes():
    def f(x):
        return np.log(x[0]) + x[1] ** 2

    display = SurfaceDisplay.from_function(f, ((-1, 1), (-1, 1)), resolution=12).plot()
    assert np.isnan(display.z[:, 0]).all()
    assert display.ax_.get_title() == "Level sets"
    assert display.ax_.get_legend() is None


def test_a_constant_function_can_be_drawn():
    display = SurfaceDisplay.from_function(lambda x: 2.0, BOX, resolution=5).plot()
    assert (display.z == 2).all()


def test_it_draws_into_given_axes(path, table):
    figure, (left, middle, right) = plt.subplots(1, 3)
    assert SurfaceDisplay.from_function(bowl, BOX, path, resolution=5).plot(left).ax_ is left
    assert DescentDisplay.from_path(path).plot(middle).figure_ is figure
    assert RateDisplay.from_rates(table).plot(right).ax_ is right


def test_legends_of_given_axes_lie_within_them(path, table):
    displays = [
        SurfaceDisplay.from_function(bowl, BOX, path, resolution=5),
        DescentDisplay.from_path(path),
        RateDisplay.from_rates(table),
    ]
    for display in displays:
        ax = plt.subplots()[1]
        for given in (ax, None):
            drawn = display.plot(given)
            drawn.figure_.canvas.draw()
            box = drawn.ax_.get_legend().get_window_extent()
            inside = drawn.ax_.bbox.padded(1)
            if given is None:  # below, in the figure
                inside, other = drawn.figure_.bbox, drawn.ax_.bbox
                assert box.y1 < other.y0
            assert inside.y0 <= box.y0 < box.y1 <= inside.y1
        assert ax.get_legend().get_frame_on()


@pytest.mark.parametrize("ax", ["x", 3, [None]])
def test_what_is_no_axes_is_named(path, table, ax):
    for display in (DescentDisplay.from_path(path), RateDisplay.from_rates(table)):
        with pytest.raises(lamina.ArgumentError, match="ax must be matplotlib Axes or None"):
            display.plot(ax)


def test_a_diverging_run_is_drawn():
    run = descend(bowl, [10.0, 1.0], step=0.2, max_steps=5000)
    assert run.values.max() > 1e300
    display = DescentDisplay.from_path(run).plot()
    display.figure_.canvas.draw()  # warnings are errors here
    low, high = display.ax_.get_ylim()
    for line in display.lines_:
        shown = line.get_ydata()[np.isfinite(line.get_ydata())]
        assert len(shown) > 100
        assert 0 < low < shown.min() < shown.max() < high < np.inf
    gaps = run.values - run.values.min()
    np.testing.assert_array_equal(display.lines_[0].get_ydata()[1:100], gaps[1:100])


def test_a_run_without_a_step_is_seen_as_points():
    display = DescentDisplay.from_path(descend(bowl, [1.0, 1.0], max_steps=0), 0.0).plot()
    assert [line.get_marker() for line in display.lines_] == ["o", "o"]
    assert display.lines_[0].get_ydata().tolist() == [11.0]


def test_gap_and_gradient_norm_are_drawn_on_a_logarithmic_axis(path):
    display = DescentDisplay.from_path(path, optimum=0.0).plot()
    gap, norm = display.lines_
    np.testing.assert_array_equal(gap.get_ydata(), path.values)
    np.testing.assert_array_equal(norm.get_ydata(), path.gradient_norms)
    assert display.ax_.get_yscale() == "log"
    again = DescentDisplay.from_path({"a": path, "b": path}).plot()
    assert again.optimum == path.values.min()
    assert np.isnan(again.lines_[0].get_ydata()[-1])
    assert len(again.lines_) == 4


@pytest.mark.parametrize("kind", ["sublinear", "linear"])
def test_rates_are_drawn_with_their_bounds_and_fits(table, kind):
    display = RateDisplay.from_rates(table, kind).plot()
    rows = [row for row in table.rows if row.rate.kind == kind]
    assert len(display.lines_) == len(rows) == (4 if kind == "sublinear" else 3)
    for i, row in enumerate(rows):
        curve, bound, fit = display.ax_.get_lines()[3 * i : 3 * i + 3]
        shown = ~np.isnan(curve.get_ydata())
        np.testing.assert_array_equal(curve.get_ydata()[shown], row.gaps[1:][shown])
        np.testing.assert_array_equal(bound.get_ydata(), row.bound[1:])
        k, fitted = fit.get_data()
        assert (k[0], k[-1]) == pytest.approx((row.rate.first, row.rate.last))
        assert fitted[-1] == pytest.approx(row.gaps[row.rate.last], rel=0.7)
    assert display.ax_.get_xscale() == ("log" if kind == "sublinear" else "linear")
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert all("measured" in label and "stated" in label for label in labels)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: SurfaceDisplay.from_function(1, BOX), "f must be a function"),
        (
            lambda p: SurfaceDisplay.from_function(lambda x: x, BOX),
            "f must be a function that returns",
        ),
        (lambda p: SurfaceDisplay.from_function(bowl), "box must be two intervals where there is"),
        (lambda p: SurfaceDisplay.from_function(bowl, (1, 2)), "box must be two intervals"),
        (lambda p: SurfaceDisplay.from_function(bowl, ((1, 0), (0, 1))), "box must be two finite"),
        (lambda p: SurfaceDisplay.from_function(bowl, "box"), "box must be an array of numbers"),
        (lambda p: SurfaceDisplay.from_function(bowl, BOX, [[1.0]]), "path must be of shape"),
        (lambda p: SurfaceDisplay.from_function(bowl, BOX, [[1, np.inf]]), "path must be finite"),
        (lambda p: SurfaceDisplay.from_function(bowl, BOX, resolution=1), "resolution must be an"),
        (lambda p: SurfaceDisplay.from_function(bowl, BOX).plot(kind="pie"), "kind must be one"),
        (lambda p: SurfaceDisplay.from_function(bowl, BOX).plot(n_levels=1), "n_levels must be"),
        (
            lambda p: SurfaceDisplay.from_function(bowl, BOX).plot(plt.gca(), kind="surface"),
            "ax must be 3-D axes for a surface",
        ),
        (
            lambda p: SurfaceDisplay.from_function(lambda x: np.nan, BOX, resolution=3).plot(),
            "f must be finite somewhere in the box",
        ),
        (lambda p: DescentDisplay.from_path([1, 2]), "path must be a Path or a dict"),
        (lambda p: DescentDisplay.from_path({}), "path must be a Path or a dict"),
        (lambda p: DescentDisplay.from_path(p, 1.0), "optimum must be at most the lowest value"),
        (lambda p: DescentDisplay.from_path(p, "low"), "optimum must be a number"),
        (lambda p: RateDisplay.from_rates(3), "rates must be a RateTable"),
        (
            lambda p: RateDisplay.from_rates([]),
            "rates must be rows of which at least one has a sublinear",
        ),
        (lambda p: RateDisplay.from_rates([], "odd"), "kind must be one of"),
    ],
)
def test_bad_arguments_are_named(path, make, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        make(path)
