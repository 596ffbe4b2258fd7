"""Step by step: every value of forward and backward propagation, and of one update of a rule."""

from lamina.diagnosis.trace.layer import Bound, Gradient, LayerTrace
from lamina.diagnosis.trace.step import Step
from lamina.diagnosis.trace.trace import Trace
from lamina.diagnosis.trace.update import GoingOn, ParameterUpdate, SlotUpdate, UpdateTrace

__all__ = [
    "Bound",
    "GoingOn",
    "Gradient",
    "LayerTrace",
    "ParameterUpdate",
    "SlotUpdate",
    "Step",
    "Trace",
    "UpdateTrace",
]
