"""What a network and its training reveal, in numbers and in words."""

from lamina.diagnosis.gradients import GradientCheck, check_gradients

__all__ = ["GradientCheck", "check_gradients"]
