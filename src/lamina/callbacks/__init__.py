"""Callbacks: what hears of a training while it is under way, and may stop it.

An estimator's `callbacks` is a list of them. They show (`ProgressBar`, `LivePlot`), write
(`CSVLog`, `JSONLog`, `Checkpoint`), remember (`LearningRateRecorder`) and stop (`TimeBudget`,
`StopOnTarget`); one of your own is a subclass of `Callback`.
"""

from lamina.callbacks.checkpoint import Checkpoint
from lamina.callbacks.limits import StopOnTarget, TimeBudget
from lamina.callbacks.logs import CSVLog, JSONLog
from lamina.callbacks.plot import LivePlot
from lamina.callbacks.progress import ProgressBar
from lamina.callbacks.recorder import LearningRateRecorder
from lamina.estimators.running.callback import Callback, Run

__all__ = [
    "CSVLog",
    "Callback",
    "Checkpoint",
    "JSONLog",
    "LearningRateRecorder",
    "LivePlot",
    "ProgressBar",
    "Run",
    "StopOnTarget",
    "TimeBudget",
]
