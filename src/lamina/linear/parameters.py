"""The parameters of a linear autoencoder: their ranges, and the solver that a name stands for."""

from __future__ import annotations

from typing import Any

from lamina.plan import Rule, Schedule, checks
from lamina.plan.rules import RULES

SOLVERS = ["svd", "lanczos", "lbfgs"]


def check_parameters(model: Any) -> None:
    """Raise ArgumentError for the first parameter of a `LinearAutoencoder` out of its range."""
    if model.n_components is not None:
        checks.integer("n_components", model.n_components, "[1, inf)")
    solver_of(model)
    for name in ("center", "whiten", "polish"):
        checks.flag(name, getattr(model, name))
    if model.learning_rate is not None:
        checks.kind("learning_rate", model.learning_rate, Schedule, "a Schedule or None")
    if model.learning_rate_init is not None:
        checks.real("learning_rate_init", model.learning_rate_init, "(0, inf)")
    checks.integer("max_iter", model.max_iter, "[1, inf)")
    checks.real("tol", model.tol, "[0, inf)")
    if model.n_kept is not None:
        checks.integer("n_kept", model.n_kept, f"[{model.n_components or 1}, inf)")


def solver_of(model: Any) -> Rule | str:
    """Return one of `SOLVERS`, or the rule that `solver` is or names, with its defaults."""
    solver = model.solver
    if isinstance(solver, Rule):
        return solver
    if not isinstance(solver, str) or solver not in [*SOLVERS, *RULES]:
        options = ", ".join(repr(name) for name in [*SOLVERS, *RULES])
        raise checks.fail("solver", f"a rule object, as lamina.Adam(), or one of {options}", solver)
    rule: Rule | str = solver if solver in SOLVERS else RULES[solver]()
    return rule


def refuse_above(n_components: Any, limit: int, what: str) -> None:
    """Raise ArgumentError if more components are asked for than the data can have."""
    if n_components is not None and n_components > limit:
        expected = (
            f"at most {what} = {limit}: the data matrix has no larger rank, so a larger code "
            f"cannot help"
        )
        raise checks.fail("n_components", expected, n_components)
