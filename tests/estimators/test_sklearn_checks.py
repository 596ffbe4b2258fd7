"""scikit-learn's own checks of estimators."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import lamina


@parametrize_with_checks([lamina.MLPClassifier(max_iter=100), lamina.MLPRegressor(max_iter=100)])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::lamina.ScaleWarning")  # of their data, with means of 100
def test_scikit_learn_check(estimator, check):
    check(estimator)
