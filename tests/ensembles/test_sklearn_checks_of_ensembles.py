"""scikit-learn's own checks of estimators."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import lamina

CLASSIFIER = lamina.MLPClassifier(max_iter=100)
REGRESSOR = lamina.MLPRegressor(max_iter=100)
DRAWN = "a sample of weighted rows is not one of rows that are there several times"


def failing(ensemble):
    """A random sample of rows: as for scikit-learn's own BaggingClassifier."""
    if ensemble.sample == "all":
        return {}
    name = "check_sample_weight_equivalence_on_{}_data"
    return {name.format(kind): DRAWN for kind in ("dense", "sparse")}


@parametrize_with_checks(
    [
        lamina.EnsembleClassifier(CLASSIFIER, n_members=3),
        lamina.EnsembleRegressor(REGRESSOR, n_members=3),
        lamina.EnsembleClassifier(CLASSIFIER, n_members=2, sample="all"),
        lamina.EnsembleRegressor(REGRESSOR, n_members=2, sample="all"),
    ],
    expected_failed_checks=failing,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")  # of their data, with means of 100
def test_scikit_learn_check(estimator, check):
    check(estimator)
