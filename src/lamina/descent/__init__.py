"""Descent on any function of d variables, open to the eye (notes 002 §5; 004)."""

from lamina.descent import problems, surfaces
from lamina.descent.line import Line
from lamina.descent.loop import descend
from lamina.descent.objective import MeanOfTerms
from lamina.descent.optimum import Optimum, check_optimum
from lamina.descent.path import Path
from lamina.descent.perceptron import perceptron_loss
from lamina.descent.problems import Problem
from lamina.descent.racing import Race, Runner, race
from lamina.descent.rates import Rate, measure_rate
from lamina.descent.sampling import Sampling
from lamina.descent.stated import AcceleratedMomentum, StatedRate
from lamina.descent.steps import Backtracking, ExactLineSearch, StepRule
from lamina.descent.stops import GradientNorm, State, ValueChange
from lamina.descent.surfaces import Surface
from lamina.descent.table import RateTable, convergence_rates

__all__ = [
    "AcceleratedMomentum",
    "Backtracking",
    "ExactLineSearch",
    "GradientNorm",
    "Line",
    "MeanOfTerms",
    "Optimum",
    "Path",
    "Problem",
    "Race",
    "Rate",
    "RateTable",
    "Runner",
    "Sampling",
    "State",
    "StatedRate",
    "StepRule",
    "Surface",
    "ValueChange",
    "check_optimum",
    "convergence_rates",
    "descend",
    "measure_rate",
    "perceptron_loss",
    "problems",
    "race",
    "surfaces",
]
