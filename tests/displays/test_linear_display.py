"""Pictures of linear networks show the numbers that were computed."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

import lamina
from lamina.displays import AutoencoderSpectrumDisplay, ModeDynamicsDisplay
from lamina.linear import DeepLinear, LinearAutoencoder, Moments

X = load_iris().data


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def run(**options):
    moments = Moments(np.eye(3), np.diag([4.0, 2.0, 1.0]), 21.0)
    return DeepLinear.balanced(moments, random_state=0).descend(moments, **options)


def error(X, m):
    pca = PCA(m).fit(X) if m else None
    back = X.mean(axis=0) if pca is None else pca.inverse_transform(pca.transform(X))
    return 0.5 * np.mean(np.sum((X - back) ** 2, axis=1))


@pytest.mark.parametrize("solver", ["svd", "lanczos", lamina.Adam()])
def test_errors_by_rank_are_sklearns(solver):
    model = LinearAutoencoder(2, solver=solver, random_state=0).fit(X)
    display = AutoencoderSpectrumDisplay.from_estimator(model)
    expected = [error(X, m) for m in range(len(display.errors))]
    np.testing.assert_allclose(display.errors, expected, rtol=1e-9, atol=1e-12)
    assert display.reached == pytest.approx(expected[2], rel=1e-6)


def test_errors_of_a_shortened_factor_end_at_what_was_reached():
    model = LinearAutoencoder(1, n_kept=2)
    for chunk in np.array_split(X, 5):
        model.partial_fit(chunk)
    display = AutoencoderSpectrumDisplay.from_estimator(model)
    assert display.errors[1] == pytest.approx(model.reconstruction_error_, rel=1e-12)
    assert display.errors[0] == pytest.approx(error(X, 0), rel=1e-12)


def test_the_spectrum_is_drawn_as_computed():
    model = LinearAutoencoder(2).fit(X)
    display = AutoencoderSpectrumDisplay.from_estimator(model).plot()
    ratio = LinearAutoencoder().fit(X).explained_variance_ratio_
    np.testing.assert_allclose([bar.get_height() for bar in display.bars_], ratio, atol=1e-12)
    np.testing.assert_allclose(display.line_.get_ydata(), 1 - np.cumsum([0, *ratio]), atol=1e-12)
    assert display.mark_.get_xdata()[0] == 2
    assert "2.23%" in display.ax_.get_title()
    assert display.ax_.get_xlabel()
    assert display.figure_ is display.ax_.figure


def test_the_largest_rank_shown_can_be_set_and_axes_given():
    _, ax = plt.subplots()
    model = LinearAutoencoder(2).fit(X)
    display = AutoencoderSpectrumDisplay.from_estimator(model).plot(ax, max_rank=3)
    assert display.ax_ is ax
    assert len(display.bars_) == 3
    with pytest.raises(lamina.ArgumentError, match="max_rank"):
        display.plot(max_rank=0)


def test_nothing_to_explain_can_be_drawn():
    model = LinearAutoencoder().fit(np.ones((4, 2)))
    display = AutoencoderSpectrumDisplay.from_estimator(model).plot()
    assert not display.errors.any()
    assert "nothing to lose" in display.ax_.get_title()


def test_modes_and_exact_solutions_are_drawn_as_computed():
    dynamics = run()
    display = ModeDynamicsDisplay.from_dynamics(dynamics).plot()
    assert len(display.modes_) == len(display.exact_) == 3
    for i, (line, dots) in enumerate(zip(display.modes_, display.exact_, strict=True)):
        assert np.array_equal(line.get_ydata(), dynamics.modes[i])
        exact = np.interp(dots.get_xdata(), dynamics.times, dynamics.exact[i])
        np.testing.assert_allclose(dots.get_ydata(), exact)
    assert f"{dynamics.deviation:.1e}" in display.ax_.get_title()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["mode 1, s = 4", "mode 2, s = 2", "mode 3, s = 1", "exact solution"]


def test_only_so_many_modes_are_drawn():
    _, ax = plt.subplots()
    display = ModeDynamicsDisplay.from_dynamics(run(n_steps=5)).plot(ax, max_modes=1)
    assert display.ax_ is ax
    assert len(display.modes_) == 1


def test_modes_below_0_have_their_exact_solution_drawn_too():
    moments = Moments(np.eye(2), np.diag([2.0, 1.0]))
    dynamics = DeepLinear([-0.1 * np.eye(2), 0.1 * np.eye(2)]).descend(moments, n_steps=20)
    display = ModeDynamicsDisplay.from_dynamics(dynamics).plot()
    assert np.isfinite(display.exact_[0].get_ydata()).all()
    assert display.exact_[0].get_ydata()[0] == pytest.approx(-0.01)
    assert "starts below 0" in display.ax_.get_legend().get_texts()[0].get_text()


def test_the_title_says_what_the_deviation_is_relative_to_and_how_many_modes_are_drawn():
    moments = Moments(np.eye(10), np.diag(np.arange(10.0, 0.0, -1)))
    dynamics = DeepLinear.balanced(moments, random_state=0).descend(moments, n_steps=50)
    title = ModeDynamicsDisplay.from_dynamics(dynamics).plot().ax_.get_title()
    assert "6 of 10 modes" in title
    assert f"{dynamics.deviation:.1e} of the largest mode" in title
    display = ModeDynamicsDisplay.from_dynamics(dynamics).plot(max_modes=10)
    looks = {(line.get_color(), line.get_linestyle()) for line in display.modes_}
    assert len(looks) == 10
    assert "of 10" not in display.ax_.get_title()


def test_legends_stay_within_axes_that_were_given():
    model = LinearAutoencoder(2).fit(X)
    figure, both = plt.subplots(1, 2, figsize=(9, 4))
    AutoencoderSpectrumDisplay.from_estimator(model).plot(both[0])
    ModeDynamicsDisplay.from_dynamics(run(n_steps=50)).plot(both[1])
    figure.canvas.draw()
    for ax in both:
        box, legend = ax.get_window_extent(), ax.get_legend().get_window_extent()
        assert box.x0 <= legend.x0 <= legend.x1 <= box.x1
        assert box.y0 <= legend.y0 <= legend.y1 <= box.y1


def test_own_legends_do_not_cover_the_picture():
    display = AutoencoderSpectrumDisplay.from_estimator(LinearAutoencoder(2).fit(X)).plot()
    display.figure_.canvas.draw()
    legend = display.ax_.get_legend().get_window_extent()
    assert not legend.overlaps(display.ax_.get_window_extent())


def test_a_code_beyond_the_ranks_shown_is_told_and_not_drawn():
    wide = np.random.RandomState(0).randn(40, 12)
    display = AutoencoderSpectrumDisplay.from_estimator(LinearAutoencoder(10).fit(wide))
    display.plot(max_rank=5)
    assert display.ax_.get_xlim()[1] < 6
    assert len(display.mark_.get_xdata()) == 0
    assert "10 code units lose" in display.ax_.get_title()
    assert "ranks up to 5 shown" in display.ax_.get_title()


def test_what_is_only_an_upper_bound_is_called_so():
    model = LinearAutoencoder(1, n_kept=2)
    for chunk in np.array_split(X, 5):
        model.partial_fit(chunk)
    display = AutoencoderSpectrumDisplay.from_estimator(model).plot()
    assert "1 code unit loses at most" in display.ax_.get_title()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert any(label.startswith("upper bound of the least error") for label in labels)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(lamina.ArgumentError, match="estimator must be a LinearAutoencoder"):
        AutoencoderSpectrumDisplay.from_estimator(PCA())
    with pytest.raises(NotFittedError):
        AutoencoderSpectrumDisplay.from_estimator(LinearAutoencoder())
    with pytest.raises(lamina.ArgumentError, match="ax must be matplotlib Axes"):
        ModeDynamicsDisplay.from_dynamics(run(n_steps=5)).plot(3)
    with pytest.raises(lamina.ArgumentError, match="dynamics must be a ModeDynamics"):
        ModeDynamicsDisplay.from_dynamics(3)
