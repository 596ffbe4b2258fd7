"""The equations of activations, outputs and losses as text, in the symbols of a walk-through.

Each stands for a function of the spec; `tests/diagnosis/test_trace_equations.py` reads every one
of them as it is written and compares what it gives.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lamina.plan import Network

NOTE_UNIT, NOTE_SUM = "note 003 §4.3", "note 002 §4.3, algorithm 6"


class Formula(NamedTuple):
    """A right-hand side, its source, and words about it."""

    text: str
    source: str
    words: str = ""


# phi(z) and phi'(z): {z} and {h} stand for the layer's own.
ACTIVATIONS: dict[str, tuple[Formula, Formula]] = {
    "identity": (Formula("{z}", "note 002 §4.2"), Formula("1", "note 002 §4.2")),
    "logistic": (
        Formula("1 / (1 + exp(−{z}))", NOTE_UNIT),
        Formula("{h} ⊙ (1 − {h})", "note 003 §4.3, proposition 3"),
    ),
    "tanh": (Formula("tanh({z})", NOTE_UNIT), Formula("1 − {h}²", "note 002 §4.3")),
    "relu": (
        Formula("max(0, {z})", "note 002 §1.5"),
        Formula("1 if {z} > 0 else 0", "note 002 §1.5"),
    ),
    "elu": (
        Formula("{z} if {z} > 0 else exp({z}) − 1", "Clevert et al. (2016)"),
        Formula("1 if {z} > 0 else exp({z})", "Clevert et al. (2016)"),
    ),
    "selu": (
        Formula(
            "λ {z} if {z} > 0 else λ μ (exp({z}) − 1)",
            "Klambauer et al. (2017)",
            "λ = 1.0507…, μ = 1.6733…",
        ),
        Formula("λ if {z} > 0 else λ μ exp({z})", "Klambauer et al. (2017)"),
    ),
    "gelu": (
        Formula("{z} ⊙ Φ({z})", "Hendrycks and Gimpel (2016)", "Φ: the normal distribution"),
        Formula("Φ({z}) + {z} ⊙ N({z})", "Hendrycks and Gimpel (2016)", "N: the normal density"),
    ),
    "silu": (
        Formula("{z} ⊙ σ({z})", "Elfwing et al. (2018)", "σ: the logistic function"),
        Formula("σ({z}) + {h} ⊙ (1 − σ({z}))", "Elfwing et al. (2018)"),
    ),
    "softplus": (
        Formula("ln(1 + exp({z}))", "Dugas et al. (2001)"),
        Formula("σ({z})", "Dugas et al. (2001)", "σ: the logistic function"),
    ),
    "mish": (
        Formula("{z} ⊙ tanh(ln(1 + exp({z})))", "Misra (2020)"),
        Formula(
            "T + {z} ⊙ σ({z}) ⊙ (1 − T²) with T = tanh(ln(1 + exp({z})))",
            "Misra (2020)",
            "σ: the logistic function",
        ),
    ),
    "hard_tanh": (
        Formula("max(−1, min(1, {z}))", "Collobert (2004)"),
        Formula("1 if |{z}| < 1 else 0", "Collobert (2004)"),
    ),
    "exp": (Formula("exp({z})", "the log link"), Formula("{h}", "the log link")),
}


def activation(layer: Any, at: int) -> tuple[Formula, Formula]:
    """Return h_l and φ′_l of a layer."""
    z, h = f"z_{at}", f"h_{at}"
    if layer.activation == "prelu":
        own = Formula(f"{z} if {z} > 0 else a_{at} ⊙ {z}", "He et al. (2015)", "a: learned slopes")
        return own, Formula(f"1 if {z} > 0 else a_{at}", "He et al. (2015)")
    if layer.activation == "leaky_relu":
        own = Formula(f"{z} if {z} > 0 else {layer.slope:g} {z}", "note 002 §1.5")
        return own, Formula(f"1 if {z} > 0 else {layer.slope:g}", "note 002 §1.5")
    return _filled(layer.activation, z, h)


def _filled(name: str, z: str, h: str) -> tuple[Formula, Formula]:
    value, slope = ACTIVATIONS[name]
    return (
        value._replace(text=value.text.format(z=z, h=h)),
        slope._replace(text=slope.text.format(z=z, h=h)),
    )


def output(network: Network) -> Formula:
    """Return ŷ of z_L."""
    z = f"z_{len(network.layers)}"
    if network.output == "softmax":
        return Formula(f"exp({z}) / Σ_j exp({z})", "note 003 §4.4", "softmax")
    if network.output == "ascending":
        text = f"Σ_{{i≤j}} a with a = {z} if j < 1 else ln(1 + exp({z}))"
        words = "j: the column; Σ_{i≤j}: over the columns up to it"
        return Formula(text, "quantiles that never cross", words)
    return _filled(network.output, z, "ŷ")[0]


def output_slope(network: Network) -> Formula:
    """Return the derivative of an elementwise output function."""
    return _filled(network.output, f"z_{len(network.layers)}", "ŷ")[1]


def smoothed(network: Network) -> str:
    """Return what the loss takes for y: y itself, or less sure labels."""
    smoothing = getattr(network.loss, "smoothing", 0.0)
    if not smoothing:
        return ""
    share = "½" if network.loss_name == "binary_cross_entropy" else f"1 / {network.n_outputs}"
    return f"(1 − {smoothing:g}) y + {smoothing:g} ({share})"


def loss(network: Network) -> Formula:
    """Return ℓ of ŷ and y."""
    own: Any = network.loss
    y = "ỹ" if smoothed(network) else "y"
    floor = getattr(own, "floor", 0.0)
    words = f"ŷ cut to [{floor:.3g}, 1 − {floor:.3g}] before the logarithm" if floor else ""
    name = network.loss_name
    if name == "huber":
        text = f"Σ_j (½ r² if |r| ≤ {own.width:g} else {own.width:g} (|r| − ½ {own.width:g}))"
        return Formula(f"{text} with r = ŷ − y", "Huber (1964)")
    if name == "quantile":
        text = f"Σ_j max({own.level:g} (y − ŷ), ({own.level:g} − 1) (y − ŷ))"
        return Formula(text, "Koenker and Bassett (1978)")
    if name == "quantiles":
        words = f"q: the levels {', '.join(f'{level:g}' for level in own.levels)}"
        text = "Σ_j max(q ⊙ (y − ŷ), (q − 1) ⊙ (y − ŷ))"
        return Formula(text, "Koenker and Bassett (1978)", words)
    if name == "binary_cross_entropy":
        return _binary(own, y, words)
    if name == "focal":
        text = f"−Σ_j y ⊙ (1 − ŷ)^{own.gamma:g} ⊙ ln(ŷ)"
        return Formula(text, "Lin et al. (2017)")
    if name == "binary_focal":
        g = f"{own.gamma:g}"
        text = f"−Σ_j (y ⊙ (1 − ŷ)^{g} ⊙ ln(ŷ) + (1 − y) ⊙ ŷ^{g} ⊙ ln(1 − ŷ))"
        return Formula(text, "Lin et al. (2017)")
    return {
        "squared_error": Formula("½ Σ_j (ŷ − y)²", "note 002 §4.2, note 003 §4.5"),
        "absolute_error": Formula("Σ_j |ŷ − y|", "the median's loss"),
        "cross_entropy": Formula(f"−Σ_j {y} ⊙ ln(ŷ)", "note 003 §4.4", words),
        "poisson": Formula("Σ_j (y ⊙ ln(y / ŷ) − y + ŷ)", "half the Poisson deviance"),
        "gamma": Formula("Σ_j (ln(ŷ / y) + y / ŷ − 1)", "half the gamma deviance"),
        "custom": Formula("value(ŷ, y)", "a loss of your own"),
    }[name]


def _binary(own: Any, y: str, words: str) -> Formula:
    if own.positive is None:
        text = f"−Σ_j ({y} ⊙ ln(ŷ) + (1 − {y}) ⊙ ln(1 − ŷ))"
        return Formula(text, "note 002 §4.2", words)
    weights = f"p = {_row(own.positive)}, q = {_row(own.negative)}"
    text = f"−Σ_j (p ⊙ {y} ⊙ ln(ŷ) + q ⊙ (1 − {y}) ⊙ ln(1 − ŷ))"
    return Formula(text, "note 002 §4.2", f"{weights}; {words}" if words else weights)


def _row(values: Any) -> str:
    return f"[{', '.join(f'{value:g}' for value in values)}]"


def loss_slope(network: Network) -> Formula:
    """Return ∂ℓ/∂ŷ of a loss of the prediction."""
    own: Any = network.loss
    name = network.loss_name
    if name == "huber":
        text = f"max(−{own.width:g}, min({own.width:g}, ŷ − y))"
        return Formula(text, "Huber (1964)")
    if name == "quantiles":
        text, words = "1 − q if ŷ > y else (−q if ŷ < y else 0)", "q: as in the loss"
        return Formula(text, "Koenker and Bassett (1978)", words)
    if name == "quantile":
        text = f"1 − {own.level:g} if ŷ > y else (−{own.level:g} if ŷ < y else 0)"
        return Formula(text, "Koenker and Bassett (1978)")
    return {
        "squared_error": Formula("ŷ − y", "note 003 §4.6"),
        "absolute_error": Formula("sign(ŷ − y)", "the median's loss"),
        "custom": Formula("gradient(ŷ, y)", "a loss of your own"),
    }[name]


def delta(network: Network) -> Formula:
    """Return δ_L = ∂ℓ/∂z_L of an output function and a loss that belong together."""
    own: Any = network.loss
    y = "ỹ" if smoothed(network) else "y"
    name = network.loss_name
    if name == "binary_cross_entropy" and own.positive is not None:
        text = f"q ⊙ (1 − {y}) ⊙ ŷ − p ⊙ {y} ⊙ (1 − ŷ)"
        return Formula(text, "note 002 §4.2", "p and q: as in the loss")
    if name == "focal":
        g = f"{own.gamma:g}"
        a = f"y ⊙ ({g} (1 − ŷ)^({g} − 1) ⊙ ŷ ⊙ ln(ŷ) − (1 − ŷ)^{g})"
        return Formula(f"A − ŷ ⊙ Σ_j A with A = {a}", "Lin et al. (2017)")
    if name == "binary_focal":
        g = f"{own.gamma:g}"
        one = f"y ⊙ (1 − ŷ) ⊙ ({g} (1 − ŷ)^({g} − 1) ⊙ ŷ ⊙ ln(ŷ) − (1 − ŷ)^{g})"
        zero = f"(1 − y) ⊙ ŷ ⊙ ({g} ŷ^({g} − 1) ⊙ (1 − ŷ) ⊙ ln(1 − ŷ) − ŷ^{g})"
        return Formula(f"{one} − {zero}", "Lin et al. (2017)")
    return {
        "cross_entropy": Formula(f"ŷ − {y}", "note 002 §4.3, note 003 §4.4"),
        "binary_cross_entropy": Formula(f"ŷ − {y}", NOTE_SUM),
        "poisson": Formula("ŷ − y", "half the Poisson deviance"),
        "gamma": Formula("1 − y / ŷ", "half the gamma deviance"),
    }[name]
