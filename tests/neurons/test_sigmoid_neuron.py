"""The sigmoid neuron: the notes' four points in fractions, scikit-learn, SciPy, the surface."""

import importlib.util
import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina import ArgumentError, RobbinsMonro
from lamina.descent import ExactLineSearch
from lamina.neurons import SigmoidNeuron


def _worked_points():
    """Return the module with note 004's four points and their exact numbers."""
    path = Path(__file__).parents[1] / "spec" / "test_worked_points.py"
    spec = importlib.util.spec_from_file_location("worked_points", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


four = _worked_points()
X, Y = four.POINTS, four.LABELS
IRIS = scale(load_iris().data[50:]), load_iris().target_names[load_iris().target[50:]]
PLATEAU, WRONG = np.array([[-3, -3], [-2, -2], [4, 4], [2, 5]]) * 1e200, [1, 0, 0, 0]
CLASSES = (IRIS[1] == "virginica").astype(float)
SETTINGS = settings(deadline=None, max_examples=30, derandomize=True, database=None)


def note_004(**options):
    """Return the neuron of note 004: E = Σ (y - σ)², no bias."""
    return SigmoidNeuron("sum_squared_error", fit_intercept=False, **options)


@parametrize_with_checks([SigmoidNeuron(max_iter=200, step=1.0)])
def test_scikit_learns_checks(estimator, check):
    assert not hasattr(estimator, "path_")
    check(estimator)


# Note 004's four points


@pytest.mark.parametrize("place", sorted(four.PLACES))
def test_error_and_gradient_at_the_worked_places(place):
    w, sigma = four.PLACES[place]
    neuron = note_004(start=w, max_iter=1, step=0.1).fit(X, Y)
    slope = np.array([float(s) for s in four.slope(sigma)])
    assert neuron.path_.values[0] == pytest.approx(float(four.error(sigma)), rel=1e-14)
    assert neuron.path_.gradients[0] == pytest.approx(slope, rel=1e-13)
    assert neuron.coef_[0] == pytest.approx(np.array(w) - 0.1 * slope, rel=1e-14)
    surface = neuron.loss_surface(X, Y)
    assert surface(w) == pytest.approx(float(four.error(sigma)), rel=1e-14)
    assert surface.gradient(w) == pytest.approx(slope, rel=1e-13)


def test_predictions_at_the_worked_place():
    w, sigma = four.PLACES["logs"]
    neuron = note_004(start=w, max_iter=1, tol=1e9).fit(X, Y)  # no step: the tolerance is reached
    assert neuron.n_iter_ == 0
    assert neuron.predict_proba(X)[:, 1] == pytest.approx([float(s) for s in sigma], rel=1e-14)


def test_the_losses_differ_by_what_the_notes_say():
    """½ mean, mean (note 002) and sum (note 004): E = 8 loss with N = 4, at every step."""
    runs = [
        SigmoidNeuron(loss, fit_intercept=False, step=step, max_iter=50).fit(X, Y).path_
        for loss, step in [
            ("squared_error", 0.8),
            ("mean_squared_error", 0.4),
            ("sum_squared_error", 0.1),
        ]
    ]
    for path, factor in zip(runs, [8, 4, 1], strict=True):
        assert path.points == pytest.approx(runs[2].points, rel=1e-12)
        assert factor * path.values == pytest.approx(runs[2].values, rel=1e-12)


def test_exact_line_search_turns_at_right_angles():
    """Note 004: at argmin_α E(w + α d) the new gradient is orthogonal to d."""
    path = note_004(step=ExactLineSearch(), max_iter=6).fit(*IRIS).path_
    turns = np.sum(path.gradients[1:] * path.directions, axis=1)
    assert turns == pytest.approx(0, abs=1e-9)
    assert (np.diff(path.values) < 0).all()


def test_along_the_first_direction_the_four_points_have_no_argmin():
    """-∇E = -(11/4, 1) at w = 0 separates the points: E falls along it until it rounds to 0."""
    path = note_004(step=ExactLineSearch()).fit(X, Y).path_
    assert (path.n_steps, path.value) == (1, 0)
    assert path.point[0] / path.point[1] == pytest.approx(11 / 4, rel=1e-14)


def test_descent_from_zero_separates_the_points_and_from_the_plateau_it_does_not():
    """At (2, -1.5) the fourth point is far on the wrong side, where σ hardly slopes."""
    good, stuck = note_004().fit(X, Y), note_004(start=[2.0, -1.5], step=0.05).fit(X, Y)
    assert good.score(X, Y) == 1 and good.path_.value < 1e-3
    assert stuck.score(X, Y) == 0.75 and stuck.path_.value == pytest.approx(1, abs=1e-3)
    assert stuck.path_.gradient_norms[-1] < good.path_.gradient_norms[0] / 500
    assert "max_steps" in stuck.path_.reason


def test_on_separable_points_there_is_no_lowest_loss():
    """Twice the weights are always better: E falls towards 0 and the length of w grows."""
    neuron = note_004().fit(X, Y)
    surface, lengths = neuron.loss_surface(X, Y), np.hypot(*neuron.path_.points.T)
    assert not neuron.path_.converged
    assert (np.diff(lengths) > 0).all()
    values = [surface(neuron.coef_[0] * factor) for factor in (1, 2, 4, 8)]
    assert (np.diff(values) < 0).all()


# Against others


def test_cross_entropy_reaches_logistic_regression():
    oracle = LogisticRegression(C=np.inf, tol=1e-12, max_iter=5000).fit(*IRIS)
    loss = SigmoidNeuron("binary_cross_entropy").fit(*IRIS).loss_surface(*IRIS).loss
    best = loss(np.append(oracle.coef_[0], oracle.intercept_))
    neuron = SigmoidNeuron("binary_cross_entropy", step=6.0, max_iter=4000).fit(*IRIS)
    assert neuron.path_.value == pytest.approx(best, rel=1e-3)
    assert neuron.path_.value >= best
    assert (neuron.predict(IRIS[0]) == oracle.predict(IRIS[0])).all()


def test_squared_error_reaches_what_scipy_finds():
    data = scale(load_breast_cancer().data[:, :2]), load_breast_cancer().target
    neuron = SigmoidNeuron("mean_squared_error", step=4.0).fit(*data)
    with_ones = np.column_stack([data[0], np.ones(len(data[0]))])

    def loss(w):
        return np.mean((data[1] - 1 / (1 + np.exp(-with_ones @ w))) ** 2)

    found = minimize(loss, np.zeros(3), tol=1e-9)
    assert neuron.path_.value == pytest.approx(found.fun, rel=1e-9)
    assert neuron.path_.point == pytest.approx(found.x, abs=1e-3)


def test_its_unit_is_the_neuron_and_its_level_set_at_a_half_the_boundary():
    neuron = SigmoidNeuron(step=2.0).fit(*IRIS)
    assert neuron.unit()(IRIS[0]) == pytest.approx(neuron.predict_proba(IRIS[0])[:, 1], rel=1e-12)
    (boundary,) = neuron.unit().level_set(0.5).hyperplanes
    side = IRIS[0] @ boundary.normal > boundary.offset
    assert (neuron.classes_[side.astype(int)] == neuron.predict(IRIS[0])).all()


# The loss surface


def test_the_whole_surface_passes_through_the_path():
    """Note 002 §3.3: one input, w and b."""
    data = [[0.5], [2.5]], ["no", "yes"]
    neuron = SigmoidNeuron("mean_squared_error", step=1.0, max_iter=30).fit(*data)
    surface = neuron.loss_surface(*data)
    assert surface.names == ("w1", "b")
    assert [surface(two) for two in surface.path] == pytest.approx(neuron.path_.values, rel=1e-15)
    slopes = np.array([surface.gradient(two) for two in surface.path])
    assert slopes == pytest.approx(neuron.path_.gradients, rel=1e-15)


@given(two=st.tuples(st.floats(-3, 3), st.floats(-3, 3)))
@SETTINGS
def test_a_cut_holds_the_other_weights(two):
    neuron = SigmoidNeuron(max_iter=20).fit(*IRIS)
    surface = neuron.loss_surface(*IRIS, weights=("b", "w2"))
    w, b = neuron.coef_[0].copy(), two[0]
    w[1] = two[1]
    expected = np.mean((CLASSES - 1 / (1 + np.exp(-(IRIS[0] @ w + b)))) ** 2) / 2
    assert surface(two) == pytest.approx(expected, rel=1e-12)
    assert surface.gradient(two) == pytest.approx(approx_fprime(two, surface, 1e-7), abs=1e-6)
    assert surface(surface.path[-1]) == neuron.path_.value


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (("w1", "w1"), "weights must be two different names"),
        (("w1", "w9"), "weights must be one of 'w1', 'w2', 'w3', 'w4', 'b', got 'w9'"),
        (("w1",), "weights must be two different names"),
        ("w1", "weights must be two different names"),
        ((0, 1), "weights must be one of 'w1'"),
    ],
)
def test_weights_that_are_not_two_of_the_neurons_are_named(weights, message):
    neuron = SigmoidNeuron(max_iter=1).fit(*IRIS)
    with pytest.raises(ArgumentError, match="^" + message):
        neuron.loss_surface(*IRIS, weights=weights)


def test_one_weight_makes_no_surface():
    neuron = SigmoidNeuron(fit_intercept=False, max_iter=1).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ArgumentError, match="two weights; this neuron has only one"):
        neuron.loss_surface([[0.0], [1.0]], [0, 1])


def test_a_surface_wants_the_classes_of_fit():
    neuron = SigmoidNeuron(max_iter=1).fit(*IRIS)
    with pytest.raises(ValueError, match=r"y must hold the classes .*, got also \['other'\]"):
        neuron.loss_surface(IRIS[0][:2], ["virginica", "other"])


# Parameters and data


def test_starts():
    zeros = SigmoidNeuron(max_iter=1).fit(*IRIS).path_.points[0]
    drawn = [SigmoidNeuron(start="random", random_state=s, max_iter=1) for s in (0, 0, 1)]
    points = [neuron.fit(*IRIS).path_.points[0] for neuron in drawn]
    assert zeros.tolist() == [0] * 5
    assert points[0].tolist() == points[1].tolist() != points[2].tolist()
    given_start = np.arange(5.0)
    neuron = SigmoidNeuron(start=given_start, max_iter=1, step=RobbinsMonro(initial=1.0))
    assert neuron.fit(*IRIS).path_.points[0].tolist() == [0, 1, 2, 3, 4]
    assert given_start.tolist() == [0, 1, 2, 3, 4]


def test_without_a_bias_the_boundary_goes_through_the_origin():
    neuron = note_004(max_iter=5).fit(X, Y)
    assert neuron.intercept_.tolist() == [0]
    assert neuron.weight_names_ == ["w1", "w2"]
    assert neuron.decision_function([[0, 0]]).tolist() == [0]


def test_labels_come_back_as_they_were():
    frame = pd.DataFrame(IRIS[0], columns=list("abcd"))
    neuron = SigmoidNeuron(max_iter=300, step=2.0).fit(frame, pd.Series(IRIS[1]))
    assert set(neuron.predict(frame)) == {"versicolor", "virginica"}
    assert neuron.feature_names_in_.tolist() == list("abcd")
    assert neuron.summary().startswith("P(y = virginica) = σ(")
    again = pickle.loads(pickle.dumps(neuron))
    assert (again.predict(frame) == neuron.predict(frame)).all()
    assert clone(neuron).get_params() == neuron.get_params()


def test_read_only_and_strided_data_are_left_alone():
    data = np.asfortranarray(IRIS[0])[::2]
    data.flags.writeable = False
    before = data.copy()
    neuron = SigmoidNeuron(max_iter=3).fit(data, IRIS[1][::2])
    assert (data == before).all()
    expected = SigmoidNeuron(max_iter=3).fit(before, IRIS[1][::2]).coef_
    assert neuron.coef_ == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("options", [{}, {"step": ExactLineSearch()}])
def test_it_warns_where_the_descent_does_not_converge(options):
    with pytest.warns(
        ConvergenceWarning, match=r"max_iter = 3 steps were taken; the gradient"
    ) as w:
        neuron = SigmoidNeuron(max_iter=3, **options).fit(*IRIS)
    assert w[0].filename == __file__
    assert neuron.summary().endswith("stopped: max_iter = 3 steps were taken")


def test_it_does_not_warn_where_it_converges():
    data = [[-1.0], [0.0], [1.0], [0.5]], [0, 1, 0, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron = SigmoidNeuron("binary_cross_entropy", step=1.0).fit(*data)
    assert "\nconverged: the gradient norm" in neuron.summary()


def test_a_plateau_is_not_called_convergence():
    """Of X · 1e200 the first step saturates all points: the slope is 0, one of four is wrong."""
    with pytest.warns(ConvergenceWarning, match="1 sample is on the wrong side .* scale X"):
        neuron = SigmoidNeuron().fit(PLATEAU, WRONG)
    assert neuron.path_.converged and neuron.score(PLATEAU, WRONG) == 0.75
    assert "\nstuck: the gradient norm 0 " in neuron.summary()


def test_the_columns_of_a_frame_are_named():
    frame = pd.DataFrame(IRIS[0][:, :2], columns=["petal length", "width"])
    neuron = SigmoidNeuron(max_iter=50).fit(frame, IRIS[1])
    w, b = neuron.coef_[0], neuron.intercept_[0]
    first = neuron.summary().splitlines()[0]
    assert f"{abs(w[0]):.4g} petal length" in first and f"{abs(w[1]):.4g} width" in first
    assert f"{abs(b):.4g})" in first


def test_huge_inputs_saturate_and_do_not_break():
    neuron = SigmoidNeuron(step=1e-300, max_iter=3).fit([[-1e200], [1e200]], [0, 1])
    assert np.isfinite(neuron.predict_proba([[-1e200], [1e200]])).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "hinge"}, "loss must be one of 'squared_error', "),
        ({"fit_intercept": 1}, "fit_intercept must be True or False"),
        ({"max_iter": 0}, r"max_iter must be an integer in \[1, inf\)"),
        ({"tol": -1.0}, r"tol must be a number in \[0, inf\)"),
        ({"step": 0.0}, r"step must be a number in \(0, inf\)"),
        ({"start": "ones"}, "start must be one of 'zeros', 'random'"),
        ({"start": [0.0, 1.0]}, r"start must be of shape \(5,\), got \(2,\)"),
        ({"start": [0, 0, 0, 0, np.nan]}, "start must be finite"),
    ],
)
def test_parameters_out_of_range_are_named(options, message):
    with pytest.raises(ArgumentError, match="^" + message):
        SigmoidNeuron(**options).fit(*IRIS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([[0.0], [1.0]], [1, 1]), r"y must have two classes, got one class: \[1\]"),
        (([[0.0], [1.0], [2.0]], [0, 1, 2]), "Only binary classification is supported"),
        (([[0.0], [np.nan]], [0, 1]), "X contains NaN: the first is at row 1, column 0"),
        (([[0.0], [1.0]], [0.5, 0.7]), "Unknown label type"),
        (([[0.0], [1.0]], [0, np.nan]), "y contains NaN"),
        (([[0.0]], [0, 1]), "inconsistent numbers of samples"),
        ((np.empty((0, 2)), []), "0 sample"),
        (([["a"], ["b"]], [0, 1]), "could not convert string to float"),
    ],
)
def test_bad_data_are_named(data, message):
    with pytest.raises(ValueError, match=message):
        SigmoidNeuron().fit(*data)
