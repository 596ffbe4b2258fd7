"""Estimators: scikit-learn's parameters and attributes on one side, plans on the other."""

from lamina.estimators.classifier import MLPClassifier
from lamina.estimators.data.scales import ScaleWarning
from lamina.estimators.regressor import MLPRegressor
from lamina.estimators.running.report import DivergenceError
from lamina.estimators.running.resume import resume

__all__ = ["DivergenceError", "MLPClassifier", "MLPRegressor", "ScaleWarning", "resume"]
