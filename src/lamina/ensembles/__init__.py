"""Ensembles: several networks, trained at once, that predict together."""

from lamina.ensembles.classifier import EnsembleClassifier
from lamina.ensembles.regressor import EnsembleRegressor
from lamina.ensembles.spread import Uncertainty

__all__ = ["EnsembleClassifier", "EnsembleRegressor", "Uncertainty"]
