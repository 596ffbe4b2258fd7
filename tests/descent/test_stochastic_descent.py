"""Stochastic descent on means of terms, and perceptron learning as one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Perceptron

import lamina
from lamina.descent import Backtracking, MeanOfTerms, Sampling, descend, perceptron_loss

A = np.random.RandomState(3).normal(size=(7, 2))


def scatter(seen=None):
    """Return the mean of ½ |w - a_i|^2, which writes down the rows it is asked for."""

    def gradients(w, rows):
        if seen is not None:
            seen.append(rows.tolist())
        return w - A[rows]

    return MeanOfTerms(lambda w, rows: 0.5 * ((w - A[rows]) ** 2).sum(axis=1), gradients, len(A))


@pytest.mark.parametrize("order", ["cyclic", "random", "shuffle"])
def test_robbins_monro_steps_make_the_running_mean_of_the_terms_seen(order):
    """gamma_k = 1/(k + 1): w_k is the mean of the first k points drawn, whatever the start."""
    seen = []
    path = descend(
        scatter(seen),
        [100.0, -100.0],
        step=lamina.RobbinsMonro(initial=1.0),
        sampling=Sampling(1, order, random_state=0),
        max_steps=30,
        tolerance=None,
    )
    drawn = [rows[0] for rows in seen if len(rows) == 1]
    means = np.cumsum(A[drawn], axis=0) / np.arange(1, 31)[:, None]
    assert path.points[1:] == pytest.approx(means, rel=1e-12)


def test_batch_descent_is_descent_of_the_mean():
    options = {"step": 0.3, "max_steps": 20, "tolerance": None}
    batch = descend(scatter(), [5.0, 5.0], sampling=Sampling(7, "cyclic"), **options)
    plain = descend(scatter(), [5.0, 5.0], **options)
    by_hand = [(1 - 0.3) ** k * (5.0 - A.mean(axis=0)) + A.mean(axis=0) for k in range(21)]
    assert batch.points == pytest.approx(np.array(by_hand), rel=1e-13)
    np.testing.assert_array_equal(plain.points, batch.points)


@pytest.mark.parametrize(("size", "steps"), [(1, 7), (2, 4), (3, 3), (7, 1), (100, 1)])
def test_an_epoch_of_shuffled_batches_has_every_term_once(size, steps):
    sampling = Sampling(size, random_state=0)
    batches = sampling.batches(7)
    epochs = [[next(batches) for _ in range(steps)] for _ in range(3)]
    assert sampling.steps_per_epoch(7) == steps
    assert all(sorted(np.concatenate(epoch).tolist()) == list(range(7)) for epoch in epochs)
    orders = {tuple(np.concatenate(epoch).tolist()) for epoch in epochs}
    assert len(orders) == 3


def test_random_batches_have_no_term_twice_and_all_terms_in_the_end():
    batches = Sampling(3, "random", random_state=0).batches(7)
    drawn = [next(batches) for _ in range(100)]
    assert all(len(set(rows.tolist())) == 3 for rows in drawn)
    counts = np.bincount(np.concatenate(drawn), minlength=7)
    assert counts.min() > 20


def test_the_random_state_decides():
    def path(state):
        return descend(scatter(), [1.0, 1.0], sampling=Sampling(2, random_state=state)).points

    np.testing.assert_array_equal(path(1), path(1))
    assert not np.array_equal(path(1), path(2))


def test_epochs_of_schedules_are_passes_over_the_terms():
    step = lamina.StepDecay(initial=0.4, every=1)
    path = descend(
        scatter(), [1.0, 1.0], step=step, sampling=Sampling(2), max_steps=9, tolerance=None
    )
    assert path.step_lengths.tolist() == [0.4] * 4 + [0.2] * 4 + [0.1]


def test_samples_of_schedules_are_counted_at_the_end_of_epochs():
    step = lamina.InverseScaling(initial=1.0, power=1.0)
    path = descend(
        scatter(), [1.0, 1.0], step=step, sampling=Sampling(4), max_steps=4, tolerance=None
    )
    assert path.step_lengths.tolist() == [1.0, 1.0, 1 / 8, 1 / 8]


def test_values_and_gradients_of_a_path_are_those_of_the_whole_mean():
    f = scatter()
    path = descend(f, [3.0, -1.0], sampling=Sampling(1, random_state=0), max_steps=5)
    assert path.values.tolist() == [f(w) for w in path.points]
    np.testing.assert_array_equal(path.gradients, [f.gradient(w) for w in path.points])
    assert path.n_gradients == 6 + 5


def test_rules_take_sampled_gradients_too():
    path = descend(
        scatter(),
        [3.0, -1.0],
        rule=lamina.Adam(),
        step=lamina.RobbinsMonro(initial=1.0),
        sampling=Sampling(2, random_state=0),
        tolerance=None,
    )
    assert path.point == pytest.approx(A.mean(axis=0), abs=0.05)


def test_stochastic_steps_need_not_descend_but_settle():
    path = descend(
        scatter(),
        A.mean(axis=0) + 0.01,
        step=lamina.RobbinsMonro(initial=1.0),
        sampling=Sampling(1, random_state=0),
        max_steps=700,
        tolerance=None,
    )
    assert (path.slopes > 0).any()
    assert path.value - 0.5 * A.var(axis=0).sum() < 1e-4


def points(draw_separable):
    random = np.random.RandomState(draw_separable)
    X = np.column_stack([np.ones(20), random.normal(size=(20, 2))])
    return X, np.where(X @ [0.3, 1.0, -2.0] >= 0, 1, -1)


def perceptron(X, y, w, n_checks, at_zero):
    """Return the weights after each look at a sample, cyclic: the plain algorithm of note 002."""
    path = [w]
    for t in range(n_checks):
        x, label = X[t % len(X)], y[t % len(X)]
        if at_zero == "note":
            wrong = w @ x < 0 if label == 1 else w @ x >= 0
        else:
            wrong = label * (w @ x) <= 0
        w = w + label * x if wrong else w
        path.append(w)
    return np.array(path)


@given(st.integers(0, 1000), st.sampled_from(["correct", "note"]))
def test_cyclic_perceptron_learning_is_cyclic_descent_of_its_loss(seed, at_zero):
    """Bit for bit, separable or not."""
    X, y = points(seed)
    y = np.where(np.arange(20) % (2 + seed % 9), y, -y)
    path = descend(
        perceptron_loss(X, y, at_zero=at_zero),
        np.zeros(3),
        step=1.0,
        sampling=Sampling(1, "cyclic"),
        tolerance=None,
        max_steps=200,
    )
    np.testing.assert_array_equal(path.points, perceptron(X, y, np.zeros(3), 200, at_zero))


def test_descent_ends_with_a_separating_vector_and_the_corrections_of_sklearn():
    """scikit-learn's Perceptron goes by epochs in the same order: the same weights, bit for bit."""
    X, y = points(0)
    path = descend(
        perceptron_loss(X, y),
        np.zeros(3),
        step=1.0,
        sampling=Sampling(1, "cyclic"),
        tolerance=0,
        max_steps=10_000,
    )
    assert path.converged
    assert (y * (X @ path.point) > 0).all()
    theirs = Perceptron(fit_intercept=False, shuffle=False, tol=None, max_iter=500).fit(X, y)
    np.testing.assert_array_equal(path.point, theirs.coef_[0])


def test_perceptron_loss_is_the_mean_and_its_gradients_are_subgradients():
    X, y = points(5)
    loss = perceptron_loss(X, y)
    random = np.random.RandomState(0)
    for _ in range(50):
        v, w = random.normal(size=(2, 3))
        assert loss(w) == pytest.approx(
            np.mean([max(0, -b * (a @ w)) for a, b in zip(X, y, strict=True)])
        )
        assert loss(v) >= loss(w) + loss.gradient(w) @ (v - w) - 1e-12
    assert loss(np.zeros(3)) == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Sampling(0), r"batch_size must be an integer in \[1, inf\)"),
        (lambda: Sampling(1, "sorted"), "order must be one of 'shuffle', 'random', 'cyclic'"),
        (lambda: MeanOfTerms(1, len, 3), "terms must be a function"),
        (lambda: MeanOfTerms(len, None, 3), "gradients must be a function"),
        (lambda: MeanOfTerms(len, len, 0), r"n_terms must be an integer in \[1, inf\)"),
        (
            lambda: MeanOfTerms(lambda w, i: 1.0, len, 3)(np.ones(2)),
            r"terms\(w, rows\) must be of shape \(3,\), got \(\)",
        ),
        (
            lambda: MeanOfTerms(len, lambda w, i: w, 3).gradient(np.ones(2)),
            r"gradients\(w, rows\) must be of shape \(3, 2\), got \(2,\)",
        ),
        (
            lambda: descend(lambda w: w @ w, [1.0], sampling=Sampling()),
            "f must be a MeanOfTerms where there is a sampling",
        ),
        (
            lambda: descend(scatter(), [1.0, 1.0], gradient=len, sampling=Sampling()),
            "gradient must be None with a sampling",
        ),
        (
            lambda: descend(scatter(), [1.0, 1.0], step=Backtracking(), sampling=Sampling()),
            "step must be a number or a schedule",
        ),
        (lambda: perceptron_loss([[1.0]], [0]), "y must be 1 or -1, got '0 at row 0'"),
        (lambda: perceptron_loss([[1.0]], [1, -1]), r"y must be of shape \(1,\), got \(2,\)"),
        (lambda: perceptron_loss([1.0], [1]), r"X must be of shape \(n_samples, d\)"),
        (lambda: perceptron_loss(np.ones((0, 2)), []), r"X must be of shape \(n_samples, d\)"),
        (lambda: perceptron_loss([[np.nan]], [1]), r"X must be finite, got 'nan at \[0, 0\]'"),
        (lambda: perceptron_loss([["a"]], [1]), "X must be an array of numbers"),
        (lambda: perceptron_loss([[1.0]], [True]), "y must be an array of numbers"),
        (lambda: perceptron_loss([[1.0]], [1], at_zero="?"), "at_zero must be one of"),
    ],
)
def test_bad_arguments_are_named(make, words):
    with pytest.raises(lamina.ArgumentError, match=words):
        make()
