"""Changes in code that suit the estimator at hand."""

from __future__ import annotations

from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.words import number

USUAL = {  # learning rates that suit most networks, by solver
    "adam": 1e-3,
    "adamw": 1e-3,
    "adamax": 1e-3,
    "nadam": 1e-3,
    "rmsprop": 1e-3,
    "maxprop": 1e-3,
    "sgd": 1e-2,
    "momentum": 1e-2,
    "nesterov": 1e-2,
    "gradient_descent": 1e-1,
    "adagrad": 1e-2,
    "adadelta": 1.0,
}


def usual_rate(evidence: Evidence) -> float:
    """Return a learning rate that suits the solver for most networks."""
    return USUAL.get(evidence.knobs.solver.lower(), 1e-3)


def lower_rate(evidence: Evidence) -> str:
    """Return the sentence that sets a smaller learning rate."""
    now, usual = evidence.training.initial_rate, usual_rate(evidence)
    own = usual if now > 3 * usual else now / 10
    return f"Set learning_rate_init={own:.3g}."


def higher_rate(evidence: Evidence) -> str:
    """Return the sentence that sets a larger learning rate."""
    now, usual = evidence.training.initial_rate, usual_rate(evidence)
    own = usual if now < usual / 3 else now * 10
    return f"Set learning_rate_init={own:.3g}."


def more_epochs(evidence: Evidence) -> str:
    """Return the sentence that lets training go on for longer."""
    return f"Set max_iter={max(200, 5 * evidence.training.max_iter)}."


def scale(evidence: Evidence) -> str:
    """Return the sentence that standardizes what is out of scale, or ""."""
    facts, done = evidence.facts, evidence.knobs.standardized
    if facts is None:
        return "" if done else "Set standardize=True."
    x = "X" not in done and bool((facts.out_of_scale > 1).any())
    y = "y" not in done and not evidence.classes and bool((facts.target_out_of_scale > 1).any())
    return "Set standardize=True." if x or y else ""


def standing_rate(evidence: Evidence) -> str:
    """Return the learning rate as it is set."""
    return f"learning_rate_init={number(evidence.training.initial_rate)}"
