"""The surface: scikit-learn's signatures, and the rules, schedules and activations beyond it."""

import inspect
import pickle
from itertools import pairwise

import joblib
import numpy as np
import pytest
import sklearn
import sklearn.neural_network as peer
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import lamina
from lamina.plan.rules import RULES

KINDS = ["MLPClassifier", "MLPRegressor"]
X, Y = load_iris(return_X_y=True)
X = scale(X)

RULE_OBJECTS = [
    lamina.GradientDescent(),
    lamina.Momentum(lamina.MomentumRamp(initial=0.95, every=5)),
    lamina.Nesterov(0.8),
    lamina.RMSProp(epsilon_inside=False),
    lamina.WeightDecay(lamina.Momentum(), 0.1),
    lamina.AdamW(strength=0.1),
]
SCHEDULES = [
    lamina.Constant(),
    lamina.StepDecay(every=3),
    lamina.HalveOnRise(),
    lamina.Adaptive(),
    lamina.Exponential(k=0.1),
    lamina.InverseTime(k=0.1),
    lamina.InverseScaling(),
    lamina.RobbinsMonro(power=0.6),
    lamina.Triangular(half=5),
    lamina.CosineRestarts(period=7),
    lamina.WarmUp(steps=4, then=lamina.Exponential(k=0.01)),
    lamina.StepDecay(initial=0.05, unit="step", every=10),
]


@pytest.mark.parametrize("kind", KINDS)
def test_constructor_parameters_and_defaults_are_those_of_scikit_learn(kind):
    ours = dict(inspect.signature(getattr(lamina, kind)).parameters)
    added = {name: ours.pop(name).default for name in list(ours)[list(ours).index("n_threads") :]}
    assert added.pop("loss", "log_loss") == "log_loss"  # of the classifier
    assert added.pop("missing") == "error"
    assert not any(added.values())  # off, all of them
    theirs = inspect.signature(getattr(peer, kind)).parameters
    assert [(p.name, p.default, p.kind) for p in ours.values()] == [
        (p.name, p.default, p.kind) for p in theirs.values()
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_public_methods_and_their_parameters_are_those_of_scikit_learn(kind):
    ours, theirs = getattr(lamina, kind), getattr(peer, kind)
    for name in [n for n in dir(theirs) if not n.startswith("_")]:
        parameters = inspect.signature(getattr(theirs, name)).parameters
        own = [p for p in inspect.signature(getattr(ours, name)).parameters if p != "eval_set"]
        assert own == list(parameters), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_fitted_attribute_of_scikit_learn_is_there(kind, early_stopping):
    parameters = {"max_iter": 2, "early_stopping": early_stopping}
    theirs = getattr(peer, kind)(**parameters).fit(X, Y)
    ours = getattr(lamina, kind)(**parameters).fit(X, Y)
    for name in [n for n in vars(theirs) if n.endswith("_") and not n.startswith("_")]:
        expected = type(getattr(theirs, name))
        expected = float if issubclass(expected, float) else expected
        assert isinstance(getattr(ours, name), expected), name


@pytest.mark.parametrize("name", [*RULES, "lbfgs"])
def test_every_rule_by_name_learns(name):
    rate = {"adadelta": 1.0, "adagrad": 0.1, "gradient_descent": 0.3, "sgd": 0.1}.get(name, 0.02)
    model = lamina.MLPClassifier(
        (10,), solver=name, learning_rate_init=rate, max_iter=300, random_state=0
    ).fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert model.loss_curve_[-1] < 0.6 * model.loss_curve_[0]


@pytest.mark.parametrize("rule", RULE_OBJECTS, ids=repr)
def test_every_rule_object_trains_and_survives_clone_pickle_and_repr(rule):
    model = clone(lamina.MLPRegressor(solver=rule, learning_rate_init=0.05, max_iter=30))
    model.set_params(random_state=0).fit(X[:, :3], X[:, 3])
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert repr(rule) in repr(model)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X[:, :3]), model.predict(X[:, :3]))


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_the_learning_rate_follows_the_schedule_with_every_rule(schedule, solver):
    model = lamina.MLPClassifier(
        solver=solver,
        learning_rate=schedule,
        learning_rate_init=0.02,
        batch_size=50,
        max_iter=12,
        random_state=0,
    ).fit(X, Y)
    seen = model._state.history.learning_rate
    start = 0.02 if schedule.initial is None else schedule.initial
    if isinstance(schedule, (lamina.Adaptive, lamina.HalveOnRise)):
        assert seen[0] == 0.02
        return
    counts = {"step": 3, "epoch": 1, "sample": 150}[schedule.unit]
    expected = [schedule.value(epoch * counts, start) for epoch in range(12)]
    np.testing.assert_allclose(seen, expected, rtol=1e-15)


def test_halve_on_rise_halves_exactly_after_an_epoch_with_a_larger_loss():
    model = lamina.MLPClassifier(
        solver="gradient_descent",
        learning_rate=lamina.HalveOnRise(),
        learning_rate_init=8.0,
        max_iter=25,
        random_state=0,
    ).fit(X, Y)
    losses, rates = model.loss_curve_, model._state.history.learning_rate
    rose = [b > a for a, b in pairwise(losses)]
    assert any(rose) and not all(rose)
    for i, up in enumerate(rose[:-1]):
        assert rates[i + 2] == (rates[i + 1] / 2 if up else rates[i + 1])


def test_one_activation_per_hidden_layer():
    names = ["tanh", "gelu", "leaky_relu"]
    model = lamina.MLPClassifier((8, 6, 5), names, max_iter=2, random_state=0).fit(X, Y)
    assert [layer.activation for layer in model.network_.layers] == [*names, "identity"]
    same = lamina.MLPClassifier((8, 6), ["tanh"] * 2, max_iter=4, random_state=0).fit(X, Y)
    one = lamina.MLPClassifier((8, 6), "tanh", max_iter=4, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(same.coefs_[0], one.coefs_[0])


def test_sample_weight_is_routed_as_scikit_learn_routes_it():
    with sklearn.config_context(enable_metadata_routing=True):
        model = lamina.MLPClassifier(max_iter=3, random_state=0).set_fit_request(sample_weight=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        weights = np.where(Y == 0, 5.0, 0.1)
        pipe.fit(X, Y, sample_weight=weights)
    direct = clone(model).fit(StandardScaler().fit_transform(X), Y, sample_weight=weights)
    np.testing.assert_array_equal(pipe[-1].coefs_[0], direct.coefs_[0])


def test_grid_search_in_processes_and_threads_over_rules_and_schedules():
    grid = {
        "solver": ["adam", lamina.RMSProp()],
        "learning_rate": ["constant", lamina.CosineRestarts(period=5)],
    }
    search = GridSearchCV(lamina.MLPClassifier(max_iter=5, random_state=0), grid, cv=2, n_jobs=2)
    assert search.fit(X, Y).best_score_ > 0.3
    with joblib.parallel_backend("threading", n_jobs=2):
        scores = cross_val_score(lamina.MLPClassifier(max_iter=5, random_state=0), X, Y, cv=4)
    alone = cross_val_score(lamina.MLPClassifier(max_iter=5, random_state=0), X, Y, cv=4)
    np.testing.assert_array_equal(scores, alone)


def test_partial_fit_is_absent_with_lbfgs():
    assert not hasattr(lamina.MLPClassifier(solver="lbfgs"), "partial_fit")
    assert hasattr(lamina.MLPClassifier(), "partial_fit")


def test_verbose_prints_the_lines_of_scikit_learn(capsys):
    parameters = {"max_iter": 3, "verbose": True, "early_stopping": True, "random_state": 0}
    peer.MLPClassifier(**parameters).fit(X, Y)
    theirs = capsys.readouterr().out
    lamina.MLPClassifier(**parameters).fit(X, Y)
    ours = capsys.readouterr().out
    assert ours.startswith(theirs)
    assert len(ours.removeprefix(theirs).splitlines()) == 1  # of the findings


def test_reaching_max_iter_warns():
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match=r"Maximum iterations \(2\)"):
        lamina.MLPClassifier(max_iter=2).fit(X, Y)
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match=r"Increase max_iter \(2\)"):
        lamina.MLPClassifier(max_iter=2, solver="lbfgs").fit(X, Y)


def test_warnings_point_at_the_line_that_called_fit():
    with pytest.warns(sklearn.exceptions.ConvergenceWarning) as caught:
        lamina.MLPClassifier(max_iter=1).fit(X, Y)
        lamina.MLPClassifier(max_iter=1, solver="lbfgs").fit(X, Y)
    assert [warning.filename for warning in caught] == [__file__] * 2
