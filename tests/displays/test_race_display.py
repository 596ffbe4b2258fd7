"""Pictures of races show the paths, the losses and the times they were given; films move."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.animation import FFMpegWriter, FuncAnimation
from PIL import Image
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.preprocessing import scale

import lamina
from lamina.descent import problems
from lamina.displays import RaceDisplay
from lamina.plan import ArgumentError

RULES = ["gradient_descent", "momentum", "adam"]
SHORT = {"learning_rate": 0.01, "n_steps": 20, "repeats": 1}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def beale():
    return lamina.race("beale", RULES, **SHORT)


@pytest.fixture(scope="module")
def network():
    X, y = load_iris(return_X_y=True)
    model = lamina.MLPClassifier(4, random_state=0, batch_size=50)
    return lamina.race(model, RULES, X=scale(X), y=y, learning_rate=0.05, epochs=6, repeats=1)


@pytest.fixture(scope="module")
def drawn(beale):
    return RaceDisplay.from_race(beale, resolution=15)


def test_the_grid_is_the_surface_in_its_window(drawn, beale):
    grid = drawn.grid
    assert grid.z.shape == (15, 15)
    for i, j in [(0, 0), (14, 3), (6, 9)]:
        assert grid.z[j, i] == beale.losses([[grid.x[i], grid.y[j]]])[0]
    (x_low, x_high), (y_low, y_high) = beale.window
    assert (grid.x[0], grid.x[-1], grid.y[-1]) == (x_low, x_high, y_high)
    lowest = min(runner.points[:, 1].min() for runner in beale)
    assert grid.y[0] <= y_low and grid.y[0] < lowest  # which a path nearly leaves


def test_each_panel_has_each_runner_where_it_was(drawn, beale):
    assert drawn.plot() is drawn
    assert list(drawn.lines_) == ["paths", "steps", "seconds"] and len(drawn.axes_) == 3
    for i, runner in enumerate(beale):
        path, steps, seconds = (np.array(drawn.lines_[name][i].get_data()) for name in drawn.lines_)
        np.testing.assert_array_equal(path.T, runner.points)
        np.testing.assert_array_equal(steps, [runner.steps, runner.losses])
        np.testing.assert_allclose(seconds, [1e3 * runner.seconds, runner.losses])
    assert drawn.ax_ is drawn.axes_[0] and drawn.ax_.get_title() == "Paths: beale"
    assert drawn.axes_[1].get_yscale() == "log"
    assert drawn.axes_[2].get_xlabel() == "time in milliseconds"


def test_one_legend_names_every_runner_outside_the_panels(drawn):
    drawn.plot()
    (legend,) = drawn.figure_.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == [f"{name} (0.01)" for name in RULES]
    assert all(ax.get_legend() is None for ax in drawn.axes_)
    drawn.figure_.canvas.draw()
    box = legend.get_window_extent()
    assert all(box.y1 < ax.get_window_extent().y0 for ax in drawn.axes_)
    assert 0 <= box.x0 < box.x1 <= drawn.figure_.bbox.x1


def test_the_minima_and_the_start_are_marked():
    display = RaceDisplay.from_race(lamina.race("saddle", "adam", **SHORT), resolution=11).plot()
    marks = {(line.get_marker(), *np.ravel(line.get_data()).tolist()) for line in display.ax_.lines}
    assert {("+", 0.0, 1.0), ("+", 0.0, -1.0), ("s", 1.4, 0.0013)} <= marks


def test_a_networks_plane_is_the_principal_one_of_scikit_learn(network):
    display = RaceDisplay.from_race(network, resolution=9)
    points = np.concatenate([runner.points for runner in network])
    theirs = PCA(2).fit(points)
    plane = display.grid.plane
    assert plane.shares == pytest.approx(theirs.explained_variance_ratio_)
    assert np.abs(plane.project(points)) == pytest.approx(np.abs(theirs.transform(points)))
    assert plane.axes @ plane.axes.T == pytest.approx(np.eye(2))
    assert plane.project(plane.lift(np.array([[0.3, -2.0]]))) == pytest.approx(
        np.array([[0.3, -2.0]])
    )
    for i, j in [(0, 0), (8, 2)]:
        lifted = plane.lift(np.array([[display.grid.x[i], display.grid.y[j]]]))
        assert display.grid.z[j, i] == pytest.approx(network.losses(lifted)[0])
    display.plot()
    assert "% of the spread" in display.ax_.get_xlabel()
    assert display.axes_[1].get_ylabel() == "loss of all samples"


def test_the_same_race_gives_the_same_picture(network):
    first, second = (RaceDisplay.from_race(network, resolution=5).grid for _ in range(2))
    np.testing.assert_array_equal(first.z, second.z)
    np.testing.assert_array_equal(first.plane.axes, second.plane.axes)


def test_runners_that_diverge_are_drawn_to_the_edge_and_named():
    rates = {"gradient_descent": 0.02, "adam": 0.01}
    race = lamina.race("rosenbrock", list(rates), learning_rate=rates, n_steps=30, repeats=1)
    assert race["gradient_descent"].diverged
    display = RaceDisplay.from_race(race, resolution=11).plot()
    display.figure_.canvas.draw()
    assert display.lines_["paths"][0].get_label() == "gradient_descent (0.02), diverged"
    path = np.array(display.lines_["paths"][0].get_data())
    assert np.isfinite(path).all() and np.abs(path).max() < 100
    assert display.axes_[1].get_ylim()[1] <= 3.001 * race["adam"].losses[0]


def test_all_may_diverge():
    race = lamina.race("rosenbrock", "gradient_descent", learning_rate=10.0, n_steps=30)
    display = RaceDisplay.from_race(race, resolution=5).plot()
    display.figure_.canvas.draw()


def test_problems_of_one_variable_have_no_paths_and_of_many_a_plane():
    line = lamina.race(problems.slow_slope(9), "momentum", **SHORT)
    display = RaceDisplay.from_race(line)
    assert display.grid is None
    assert list(display.plot().lines_) == ["steps", "seconds"]
    with pytest.raises(ArgumentError, match="panels must be without 'paths' for a race on one"):
        display.plot(panels=["paths", "steps"])
    many = lamina.race(problems.quadratic(dimension=4), RULES, **SHORT)
    assert RaceDisplay.from_race(many, resolution=4).plot().grid.plane.axes.shape == (2, 4)


def test_paths_that_were_not_kept_are_not_drawn(beale):
    race = lamina.race("beale", "adam", paths=False, **SHORT)
    display = RaceDisplay.from_race(race)
    assert display.grid is None and list(display.plot().lines_) == ["steps", "seconds"]


def test_it_draws_into_given_axes(drawn):
    figure, panels = plt.subplots(1, 3)
    assert drawn.plot(panels).figure_ is figure
    assert panels[2].get_legend() is not None and not figure.legends
    ax = plt.subplots()[1]
    assert drawn.plot(ax, panels="steps").ax_ is ax
    assert list(drawn.lines_) == ["steps"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ax": 3}, "ax must be 3 matplotlib Axes, one for each panel"),
        ({"panels": "path"}, "every panel of panels must be one of .*did you mean 'paths'"),
        ({"panels": []}, "panels must be one panel at least"),
        ({"panels": ["steps", "steps"]}, "panels must be one panel at least, each once"),
        ({"panels": 3}, "panels must be 'paths', 'steps', 'seconds' or a sequence of these"),
    ],
)
def test_what_cannot_be_drawn_is_named(drawn, options, words):
    with pytest.raises(ArgumentError, match=words):
        drawn.plot(**options)


def test_what_is_no_race_is_named(beale):
    with pytest.raises(ArgumentError, match=r"race must be a Race, as lamina\.race returns"):
        RaceDisplay.from_race("beale")
    with pytest.raises(ArgumentError, match="resolution must be an integer"):
        RaceDisplay.from_race(beale, resolution=1)


def test_a_gif_grows_with_the_race(drawn, tmp_path):
    path = drawn.animate(tmp_path / "race.gif", n_frames=4, dpi=40, fps=10)
    assert path == tmp_path / "race.gif" and not plt.get_fignums()
    with Image.open(path) as film:
        assert film.n_frames == 4 and film.info["loop"] == 0
        frames = []
        for k in range(film.n_frames):
            film.seek(k)
            frames.append(np.asarray(film.convert("RGB"), dtype=int))
    assert frames[0].shape[1] == 440
    vermilion = np.array([0xD5, 0x5E, 0x00])
    coloured = [(np.abs(frame - vermilion).sum(axis=2) < 90).sum() for frame in frames]
    assert coloured[0] < coloured[1] < coloured[-1]
    grey = [np.ptp(frame, axis=2) < 12 for frame in frames]
    still = grey[0] & grey[-1]
    assert np.abs(frames[0] - frames[-1])[still].mean() < 6  # nothing moves but the runners


def test_a_film_ends_as_the_picture(drawn, beale):
    animation = drawn.animate(n_frames=3)
    assert isinstance(animation, FuncAnimation)
    assert animation.to_jshtml().count("data:image/png") == 3
    lines = {line.get_label(): line for line in animation._fig.axes[0].lines}
    for runner in beale:
        line = lines[f"{runner.name} (0.01)"]
        np.testing.assert_array_equal(np.array(line.get_data()).T, runner.points)


def test_a_film_leaves_the_picture_as_it_was(drawn, tmp_path):
    drawn.plot(panels="steps")
    figure, lines = drawn.figure_, drawn.lines_
    drawn.animate(tmp_path / "race.gif", n_frames=2, dpi=20)
    assert drawn.figure_ is figure and drawn.lines_ is lines and list(lines) == ["steps"]
    assert plt.fignum_exists(figure.number)


def ends(ax, marker):
    """Return the places of the marks of a kind, in the axes from 0 to 1."""
    to_axes = ax.transData + ax.transAxes.inverted()
    marks = [line for line in ax.lines if line.get_marker() == marker]
    return np.array([to_axes.transform(np.ravel(line.get_data())) for line in marks])


def test_every_runner_has_an_end_within_each_panel():
    rules = {"deep": "momentum", "far": "gradient_descent", "slow": "adam"}
    rates = {"deep": 0.05, "far": 1.2, "slow": 0.01}
    race = lamina.race("bowl", rules, learning_rate=rates, n_steps=400, repeats=1)
    assert race["deep"].loss < 1e-12 * race["deep"].losses[0] and race["far"].diverged
    display = RaceDisplay.from_race(race, resolution=11).plot()
    display.figure_.canvas.draw()
    for ax in display.axes_:
        for marker, n in (("o", 2), ("X", 1)):
            found = ends(ax, marker)
            assert len(found) == n and np.isfinite(found).all()
            assert (found > -1e-9).all() and (found < 1 + 1e-9).all()


def test_who_ends_at_the_minimum_itself_has_an_end():
    problem = problems.Problem(
        "round", lambda x: 0.5 * x @ x, lambda x: x, np.array([3.0, 1.0]), np.zeros(2)
    )  # in which a step of 1 ends
    race = lamina.race(problem, "gradient_descent", learning_rate=1.0, n_steps=3, repeats=1)
    assert race[0].loss == race.lowest
    display = RaceDisplay.from_race(race, resolution=11).plot(panels="steps")
    display.figure_.canvas.draw()
    assert ends(display.ax_, "o")[0, 1] == pytest.approx(0, abs=1e-6)


def test_a_minimum_is_seen_over_the_ends():
    race = lamina.race("bowl", "gradient_descent", learning_rate=0.5, n_steps=60, repeats=1)
    ax = RaceDisplay.from_race(race, resolution=11).plot().ax_
    orders = {
        mark: max(own.zorder for own in ax.lines if own.get_marker() == mark) for mark in "+o"
    }
    assert orders["+"] > orders["o"]


def test_level_sets_have_their_heights():
    race = lamina.race("beale", "adam", **SHORT)
    display = RaceDisplay.from_race(race, resolution=41).plot(panels="paths")
    heights = [float(text.get_text()) for text in display.ax_.texts]
    grid = display.grid.z
    assert len(set(heights)) >= 2 and min(heights) >= grid.min() and max(heights) <= grid.max()


@pytest.mark.skipif(not FFMpegWriter.isAvailable(), reason="without ffmpeg")
def test_an_mp4_is_one(drawn, tmp_path):
    path = drawn.animate(tmp_path / "race.mp4", n_frames=4, dpi=40)
    assert path.read_bytes()[4:8] == b"ftyp"


def test_an_mp4_without_ffmpeg_names_what_to_install(drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(FFMpegWriter, "isAvailable", classmethod(lambda cls: False))
    monkeypatch.setattr(RaceDisplay, "plot", None)
    with pytest.raises(ArgumentError, match=r"needs the program ffmpeg.*apt install ffmpeg"):
        drawn.animate(tmp_path / "race.mp4")


@pytest.mark.parametrize(
    ("path", "options", "error", "words"),
    [
        ("race.png", {}, ArgumentError, r"path must be the name of a \.gif or \.mp4 file"),
        ("race", {}, ArgumentError, r"path must be the name of a \.gif or \.mp4 file"),
        (3, {}, ArgumentError, r"path must be the name of a \.gif or \.mp4 file"),
        ("none/race.gif", {}, OSError, "none"),
        ("race.gif", {"n_frames": 1}, ArgumentError, "n_frames must be an integer"),
        ("race.gif", {"n_frames": 10**8}, ArgumentError, "n_frames must be an integer"),
        ("race.gif", {"fps": 0.001}, ArgumentError, r"fps must be a number in \[0.1, 100\]"),
        ("race.gif", {"dpi": 5}, ArgumentError, r"dpi must be a number in \[10, 1000\]"),
    ],
)
def test_what_cannot_be_filmed_is_named_before_any_work(
    drawn, tmp_path, monkeypatch, path, options, error, words
):
    monkeypatch.setattr(RaceDisplay, "plot", None)
    with pytest.raises(error, match=words):
        drawn.animate(tmp_path / path if isinstance(path, str) else path, **options)
    assert list(tmp_path.iterdir()) == []
