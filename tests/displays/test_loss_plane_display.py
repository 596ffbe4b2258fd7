"""Pictures of losses over planes show the numbers they were given."""

from dataclasses import replace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

import lamina
from lamina.diagnosis import LossPlane, Plane, PlanePath
from lamina.diagnosis.surface import PlanePoint
from lamina.displays import LossPlaneDisplay

NETWORK = lamina.Network.mlp(2, [3], 1)
AXIS = np.linspace(-1, 1, 5)
BOWL = 0.5 + AXIS**2 + AXIS[:, None] ** 2
EPOCHS = np.array([0, 3, 9, 20])
PLACES = np.array([[-0.9, 0.5], [-0.5, 0.3], [-0.2, -0.4], [0.0, 0.0]])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def surface(losses=BOWL, kind="path", points=4):
    own = [NETWORK.initialize(seed) for seed in range(4)]
    made = {
        "random": lambda: Plane.random(NETWORK, own[0]),
        "parameters": lambda: Plane.of_parameters(NETWORK, own[0], ("W_1", 0, 1), ("b_1", 0)),
        "checkpoints": lambda: Plane.through(NETWORK, own[:3]),
        "path": lambda: Plane.principal(NETWORK, own),
    }
    path = PlanePath(
        EPOCHS[:points],
        PLACES[:points],
        np.zeros(points),
        np.array([2.0, 1, 0.7, 0.5])[:points],
        0.02,
    )
    return LossPlane(made[kind](), AXIS, AXIS, losses, 0.5, None if kind == "random" else path)


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("kind", ["contour", "surface"])
def test_the_path_is_drawn_where_it_went(kind):
    display = LossPlaneDisplay.from_surface(surface())
    assert display.plot(kind=kind) is display
    line = display.path_
    drawn = np.array(line.get_data_3d() if kind == "surface" else line.get_data()).T
    np.testing.assert_array_equal(drawn[:, :2], PLACES)
    if kind == "surface":
        np.testing.assert_array_equal(drawn[:, 2], surface().path.losses)
    legend = texts(display.ax_)
    assert "epoch 0: loss 2" in legend and "epoch 20: loss 0.5" in legend
    assert display.figure_ is display.ax_.figure


def test_axes_levels_and_epochs_are_those_of_the_surface():
    display = LossPlaneDisplay(surface()).plot()
    ax = display.ax_
    assert ax.get_xlim() == ax.get_ylim() == (-1, 1)
    explained = display.surface.plane.explained
    assert ax.get_xlabel() == f"principal direction 1 ({explained[0]:.1%})"
    assert ax.get_title() == "Loss on the principal plane of the path"
    assert "path (2.0% of it outside)" in texts(ax)
    assert {text.get_text() for text in ax.texts} == {"3", "9"}
    filled = ax.collections[0]
    assert filled.get_array().min() >= 0.5 and filled.levels[-1] == pytest.approx(2.5)
    assert [float(word) for word in colour_bar(display)] == [
        0.5,
        0.75,
        1,
        1.25,
        1.5,
        1.75,
        2,
        2.25,
        2.5,
    ]


def colour_bar(display):
    return [text.get_text() for text in display.figure_.axes[-1].get_yticklabels()]


def test_losses_that_are_wide_apart_have_levels_of_equal_factors():
    display = LossPlaneDisplay(surface(10 ** (2 * BOWL))).plot(n_levels=8)
    levels = display.ax_.collections[0].levels
    np.testing.assert_allclose(np.diff(levels), 0.5, rtol=1e-6)
    assert [float(word) for word in colour_bar(display)] == [10, 100, 1000, 10000, 100000]
    flat = display.ax_.collections[0].get_array()
    assert flat is not None


def test_what_is_not_finite_is_left_out():
    losses = BOWL.copy()
    losses[0, 0], losses[4, 4], losses[0, 4] = np.nan, np.inf, 1e300
    losses[4, 0] = -np.inf
    for kind in ("contour", "surface"):
        display = LossPlaneDisplay(surface(losses)).plot(kind=kind)
        display.figure_.canvas.draw()
    levels = LossPlaneDisplay(surface(losses)).plot().ax_.collections[0].levels
    assert levels[-1] == pytest.approx(1.75)  # of the highest that is left
    with pytest.raises(lamina.ArgumentError, match="finite somewhere on the grid"):
        LossPlaneDisplay(surface(losses * np.nan)).plot()


@pytest.mark.parametrize("losses", [BOWL * 0, BOWL * 0 + 3, BOWL - 0.5], ids=["0", "3", "from 0"])
def test_a_plain_and_losses_down_to_zero(losses):
    LossPlaneDisplay(surface(losses)).plot().figure_.canvas.draw()


@pytest.mark.parametrize("kind", ["contour", "surface"])
def test_present_weights_off_the_paths_end_are_marked(kind):
    own = replace(surface(), present=PlanePoint(np.array([-0.2, -0.4]), 0.1, 0.7))
    ax = LossPlaneDisplay(own).plot(kind=kind).ax_
    assert "present weights: loss 0.7" in texts(ax) and "epoch 20: loss 0.5" in texts(ax)
    stars = [line for line in ax.lines if line.get_marker() == "*"]
    assert len(stars) == 1


def test_without_a_path_the_weights_are_marked():
    display = LossPlaneDisplay(surface(kind="random")).plot()
    assert display.path_ is None
    (star,) = display.ax_.lines
    assert star.get_xydata().tolist() == [[0, 0]]
    assert texts(display.ax_) == ["present weights: loss 0.5"]
    solid = LossPlaneDisplay(surface(kind="random")).plot(kind="surface")
    assert [float(own[0]) for own in solid.ax_.lines[0].get_data_3d()] == [0, 0, 0.5]


def test_three_checkpoints_are_marked_but_not_joined():
    display = LossPlaneDisplay(surface(kind="checkpoints", points=3)).plot()
    assert display.path_ is None
    assert [line.get_xydata()[0].tolist() for line in display.ax_.lines] == PLACES[:3].tolist()
    assert texts(display.ax_)[1] == "checkpoint 2: loss 1"
    assert [text.get_text() for text in display.ax_.texts] == ["1", "2", "3"]


def test_names_of_two_parameters():
    ax = LossPlaneDisplay(surface(kind="parameters")).plot().ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("W_1[0, 1]", "b_1[0]")


def test_own_axes_are_drawn_into():
    figure, ax = plt.subplots()
    display = LossPlaneDisplay(surface()).plot(ax)
    assert display.ax_ is ax and display.figure_ is figure


def test_from_estimator_evaluates():
    x, y = np.random.RandomState(0).normal(size=(30, 2)), np.arange(30) % 2
    model = lamina.MLPClassifier(3, max_iter=5, random_state=0).fit(x, y)
    display = LossPlaneDisplay.from_estimator(model, x, y, points=3, radius=2)
    expected = lamina.loss_surface(model, x, y, points=3, radius=2)
    np.testing.assert_array_equal(display.surface.losses, expected.losses)
    assert display.surface.a.tolist() == [-2, 0, 2]


def test_bad_input_is_named():
    with pytest.raises(lamina.ArgumentError, match="surface must be what lamina"):
        LossPlaneDisplay.from_surface(BOWL)
    display = LossPlaneDisplay(surface())
    with pytest.raises(lamina.ArgumentError, match="kind must be one of 'contour', 'surface'"):
        display.plot(kind="solid")
    with pytest.raises(lamina.ArgumentError, match=r"n_levels must be an integer in \[2, inf\)"):
        display.plot(n_levels=1)
    with pytest.raises(lamina.ArgumentError, match="ax must be 3-D axes"):
        display.plot(plt.figure().subplots(), kind="surface")
    with pytest.raises(lamina.ArgumentError, match="ax must be matplotlib Axes"):
        display.plot(3)
