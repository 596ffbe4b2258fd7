"""One update rule per file, all of one shape.

A rule is a module with

- ``SLOTS``: the names of its state arrays, each of the parameter's shape and zero at the start,
- ``Scalars``: a named tuple of everything that depends on the step, float64,
- ``scalars(t, rate, ...) -> Scalars``, t counted from 1, `rate` the learning rate of the step;
  each of them a number or an array with one number per step,
- ``update(w, g, *slots, s) -> (w, *slots)``: elementwise in the parameter w, its gradient g and
  the slots, using operators, sqrt, abs, sign, maximum and where only.

A rule that wants its gradient elsewhere than at w has ``look_ahead(w, *slots, s) -> point`` too.
"""

from lamina.spec.rules import (
    adadelta,
    adagrad,
    adam,
    adamax,
    gradient_descent,
    maxprop,
    momentum,
    nadam,
    nesterov,
    rmsprop,
    weight_decay,
)

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "gradient_descent",
    "maxprop",
    "momentum",
    "nadam",
    "nesterov",
    "rmsprop",
    "weight_decay",
]
