"""Settings found by trying: a learning rate, by a log grid or by a ramp (note 002 §5.4)."""

from lamina.tuning.ramp import ramp_test
from lamina.tuning.ramped import RampTest
from lamina.tuning.result import LearningRateSearch
from lamina.tuning.search import search_learning_rate

__all__ = ["LearningRateSearch", "RampTest", "ramp_test", "search_learning_rate"]
