"""Estimators: scikit-learn's parameters and attributes on one side, plans on the other."""

from lamina.estimators.classifier import MLPClassifier
from lamina.estimators.regressor import MLPRegressor
from lamina.estimators.report import DivergenceError
from lamina.estimators.resume import resume
from lamina.estimators.scales import ScaleWarning

__all__ = ["DivergenceError", "MLPClassifier", "MLPRegressor", "ScaleWarning", "resume"]
