"""Fields of options objects as parameters: `get_params`, `set_params`, and what searches do."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import lamina
from lamina import MLPClassifier, MLPRegressor, Regularization

X, Y = load_iris(return_X_y=True)
X = scale(X)


def test_the_fields_of_options_are_listed_and_only_when_asked_for():
    own = Regularization(dropout=0.2, weight_decay=lamina.Cosine(initial=0.1))
    model = MLPClassifier(regularization=own, solver=lamina.WeightDecay(lamina.Momentum(0.8)))
    deep, plain = model.get_params(), model.get_params(deep=False)
    assert {name: deep[name] for name in plain} == plain
    assert not any("__" in name for name in plain)
    assert deep["regularization__dropout"] == 0.2
    assert deep["regularization__weight_decay__initial"] == 0.1
    assert deep["solver__rule__momentum"] == 0.8
    assert not any(name.startswith("loss__") for name in deep)  # a name has no fields
    assert not any("__" in name for name in MLPClassifier().get_params())


@pytest.mark.parametrize(
    ("options", "changes", "expected"),
    [
        ({}, {"regularization__dropout": 0.1}, ("regularization", Regularization(dropout=0.1))),
        (
            {"regularization": Regularization(l2=0.01)},
            {"regularization__dropout": 0.1, "regularization__l1": 1.0},
            ("regularization", Regularization(dropout=0.1, l1=1.0, l2=0.01)),
        ),
        ({"loss": lamina.Huber()}, {"loss__width": 2.0}, ("loss", lamina.Huber(2.0))),
        ({"solver": lamina.Adam()}, {"solver__beta_1": 0.5}, ("solver", lamina.Adam(0.5))),
        (
            {"solver": lamina.AdamW()},
            {"solver__rule__beta_1": 0.5, "solver__strength": 0.3},
            ("solver", lamina.WeightDecay(lamina.Adam(0.5), 0.3)),
        ),
        (
            {"learning_rate": lamina.StepDecay(every=3)},
            {"learning_rate__every": 5},
            ("learning_rate", lamina.StepDecay(every=5)),
        ),
        (
            {"early_stopping": lamina.EarlyStopping()},
            {"early_stopping__patience": 4},
            ("early_stopping", lamina.EarlyStopping(patience=4)),
        ),
        (
            {"activation": lamina.LeakyReLU()},
            {"activation__slope": 0.3},
            ("activation", lamina.LeakyReLU(0.3)),
        ),
        (
            {"loss": "huber"},
            {"loss": lamina.Huber(), "loss__width": 3.0},  # the object of the same call
            ("loss", lamina.Huber(3.0)),
        ),
    ],
)
def test_a_field_that_is_set_replaces_the_object(options, changes, expected):
    model = MLPRegressor(**options)
    before, other = dict(options), clone(model)
    assert model.set_params(**changes) is model
    assert getattr(model, expected[0]) == expected[1]
    assert other.get_params() == MLPRegressor(**before).get_params()  # nothing is shared
    again = pickle.loads(pickle.dumps(clone(model)))
    assert again.get_params() == model.get_params()
    assert repr(again) == repr(model)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"regularization__drop": 0.1}, r"Invalid parameter 'drop' for regularization=.*'dropout'"),
        ({"regularization__dropout": 2}, r"dropout must be a number in \[0, 1\), got 2"),
        ({"loss__width": 2}, "loss must be an object with options to set loss__width, got 'huber'"),
        ({"regularisation__dropout": 0.1}, "Invalid parameter 'regularisation' for estimator"),
        ({"alpha__x": 1}, "alpha must be an object with options"),
        ({"solver__rule__beta_1": 1}, r"Invalid parameter 'rule' for solver=Adam\(\)"),
    ],
)
def test_what_cannot_be_set_is_named_and_changes_nothing(changes, words):
    model = MLPRegressor("huber", solver=lamina.Adam())
    before = model.get_params()
    with pytest.raises(ValueError, match=words):
        model.set_params(tol=1.0, **changes)
    assert model.get_params() == before


def test_grids_reach_into_options_of_pipelines_and_ensembles():
    network = MLPClassifier((8,), max_iter=5, random_state=0, tol=np.inf)
    name = "mlpclassifier__regularization__dropout"
    search = GridSearchCV(make_pipeline(StandardScaler(), network), {name: [0.0, 0.5]}, cv=2)
    found = search.fit(X, Y)
    assert [own[name] for own in found.cv_results_["params"]] == [0.0, 0.5]
    assert found.best_params_ == {name: found.best_estimator_[1].regularization.dropout}

    own = lamina.EnsembleClassifier(network, n_members=2, random_state=0)
    name = "estimator__regularization__dropout"
    found = GridSearchCV(own, {name: [0.25]}, cv=2).fit(X, Y)
    members = found.best_estimator_.members_
    assert [member.regularization.dropout for member in members] == [0.25, 0.25]
    assert own.estimator.regularization is None


def test_a_model_with_options_is_saved_and_read_back(tmp_path):
    model = MLPClassifier((4,), max_iter=2, tol=np.inf, solver=lamina.Adam(0.8), loss="focal")
    model.set_params(regularization__dropout=0.5).fit(X, Y).save(tmp_path / "model")
    assert lamina.load(tmp_path / "model").get_params() == model.get_params()
