"""From an estimator's constructor parameters to the objects of a plan."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral
from typing import Any

import numpy as np

from lamina.plan import (
    SGD,
    Adam,
    Adaptive,
    Constant,
    InverseScaling,
    Recorder,
    Regularization,
    Rule,
    Schedule,
    Training,
    checks,
)
from lamina.plan.network import activations
from lamina.plan.rules import RULES

LBFGS = "lbfgs"


def hidden_layers(estimator: Any) -> tuple[list[int], list[Any]]:
    """Return the units and the activation of each hidden layer."""
    sizes = estimator.hidden_layer_sizes
    if isinstance(sizes, str) or not (np.iterable(sizes) or isinstance(sizes, Integral)):
        raise checks.fail("hidden_layer_sizes", "an integer or a sequence of integers", sizes)
    units = list(sizes) if np.iterable(sizes) else [sizes]
    for size in units:
        # scikit-learn's words for this mistake, then which and what came
        if isinstance(size, Integral) and not isinstance(size, bool) and size <= 0:
            raise checks.ArgumentError(f"hidden_layer_sizes must be > 0, got {units}.")
        checks.integer("every entry of hidden_layer_sizes", size, "[1, inf)")
    names = estimator.activation
    if isinstance(names, np.ndarray):
        names = names.tolist()
    return [int(size) for size in units], activations(names, len(units))


def is_lbfgs(estimator: Any) -> bool:
    """Return whether the solver is SciPy's L-BFGS-B."""
    return isinstance(estimator.solver, str) and estimator.solver == LBFGS


def rule_of(estimator: Any) -> Rule:
    """Return the update rule that `solver` names or is.

    A rule by name takes those of the estimator's ``momentum, nesterovs_momentum, beta_1, beta_2,
    epsilon`` that it has. All of them are checked, whether the rule has them or not.
    """
    own = {
        "sgd": SGD(estimator.momentum, estimator.nesterovs_momentum),
        "adam": Adam(estimator.beta_1, estimator.beta_2, estimator.epsilon, corrected=False),
    }
    solver = estimator.solver
    if isinstance(solver, Rule):
        return solver
    if not isinstance(solver, str) or solver not in [LBFGS, *RULES]:
        names = ", ".join(repr(name) for name in [LBFGS, *RULES])
        expected = f"a rule object or one of {names}"
        raise checks.fail("solver", expected, solver, [LBFGS, *RULES])
    if solver == LBFGS:
        return own["adam"]  # plays no part
    if solver in own:
        return own[solver]
    if solver == "adamw":
        return RULES[solver](estimator.beta_1, estimator.beta_2, estimator.epsilon)
    shared = {"momentum", "beta_1", "beta_2", "epsilon"}
    rule = RULES[solver]
    own_names = {field.name for field in fields(rule)} & shared
    return rule(**{name: getattr(estimator, name) for name in own_names})


def schedule_of(estimator: Any) -> Schedule:
    """Return the learning-rate schedule that `learning_rate` names or is.

    As in scikit-learn the names have an effect only where the solver is not "adam".
    """
    named = {
        "constant": Constant(),
        "invscaling": InverseScaling(power=_power(estimator)),
        "adaptive": Adaptive(),
    }
    rate = estimator.learning_rate
    if isinstance(rate, Schedule):
        return rate
    if not isinstance(rate, str) or rate not in named:
        names = ", ".join(repr(name) for name in named)
        raise checks.fail("learning_rate", f"a schedule object or one of {names}", rate, named)
    if isinstance(estimator.solver, str) and estimator.solver == "adam":
        return named["constant"]
    return named[rate]


def _power(estimator: Any) -> float:
    checks.real("power_t", estimator.power_t, "[0, inf)")
    return float(estimator.power_t)


def regularization_of(estimator: Any) -> Regularization:
    """Return the regularisation; ArgumentError for what this network or L-BFGS cannot have."""
    own = estimator.regularization
    if own is None:
        return Regularization()
    words = f"a Regularization, such as {_example(own)}, or None"
    checks.kind("regularization", own, Regularization, words)
    own.check_layers(len(hidden_layers(estimator)[0]))
    allowed = Regularization(l2=own.l2)
    if is_lbfgs(estimator) and own != allowed:
        expected = "one with l2 only for solver='lbfgs', which takes no steps of its own"
        raise checks.fail("regularization", expected, own)
    return own


def recorder_of(estimator: Any) -> Recorder | None:
    """Return what is to be recorded; ArgumentError for what is neither a flag nor a Recorder."""
    own = estimator.diagnose
    if isinstance(own, Recorder):
        return own
    if not isinstance(own, (bool, np.bool_)):
        raise checks.fail("diagnose", "True, False or a Recorder", own)
    return Recorder() if own else None


def _example(given: Any) -> str:
    """Return what to write, in place of a dict of options what it stands for."""
    options = given if isinstance(given, dict) else {"dropout": 0.5}
    return f"Regularization({', '.join(f'{name}={value!r}' for name, value in options.items())})"


def _check_schedules(estimator: Any) -> None:
    """Raise ArgumentError for a schedule that nothing would follow."""
    solver, rate, momentum = estimator.solver, estimator.learning_rate, estimator.momentum
    if is_lbfgs(estimator) and isinstance(rate, Schedule):
        expected = "a name for solver='lbfgs', which has no learning rate"
        raise checks.fail("learning_rate", expected, rate)
    known: Any = RULES.get(solver) if isinstance(solver, str) else None
    takes = hasattr(known, "__dataclass_fields__") and "momentum" in known.__dataclass_fields__
    if isinstance(momentum, Schedule) and not takes:
        expected = f"a number for solver={solver!r}, which takes no momentum from here"
        raise checks.fail("momentum", expected, momentum)


def training_of(estimator: Any, loss_scale: float = 1.0) -> Training:
    """Return all options of the training; ArgumentError for the first that is out of range."""
    checks.flag("warm_start", estimator.warm_start)
    checks.integer("max_fun", estimator.max_fun, "[1, inf)")
    if estimator.n_threads is not None:
        checks.integer("n_threads", estimator.n_threads, "[1, 1024]")
    if not isinstance(estimator.verbose, (bool, np.bool_, Integral)):
        raise checks.fail("verbose", "True, False or an integer", estimator.verbose)
    _check_schedules(estimator)
    own = ["learning_rate_init", "alpha", "batch_size", "max_iter", "shuffle", "tol"]
    own += ["n_iter_no_change", "early_stopping", "validation_fraction"]
    return Training(
        rule=rule_of(estimator),
        learning_rate=schedule_of(estimator),
        loss_scale=loss_scale,
        regularization=regularization_of(estimator),
        recorder=recorder_of(estimator),
        **{name: getattr(estimator, name) for name in own},
    )
