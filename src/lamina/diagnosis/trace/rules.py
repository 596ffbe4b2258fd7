"""The update rules as text, in the notes' symbols; each stands for a file of `lamina.spec.rules`.

u, m and v are a rule's slots, t − 1 before the step and t after it; g is the gradient.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lamina.plan import SGD, Rule, WeightDecay


class Words(NamedTuple):
    """A rule in words and symbols.

    Attributes
    ----------
    lines : tuple of str
        What is computed, in order; the last is the new w.
    history, current : str
        The two parts of the move: what is remembered, and this gradient's.
    symbols : dict of str to str
        Which of the rule's scalars a symbol is.
    scalars : str
        What the other scalars are.
    source : str
    direction : str
        The slot that the move has in its numerator beside the gradient; "" for none.
    """

    lines: tuple[str, ...]
    history: str
    current: str
    symbols: dict[str, str]
    source: str
    scalars: str = ""
    direction: str = ""


_V = "v_t = β₂ v_{t−1} + (1 − β₂) g²"
_M = "m_t = β₁ m_{t−1} + (1 − β₁) g"
_BETAS = {"β₁": "keep_m", "β₂": "keep_v"}
# What the scalars of the two momentum kernels do, in the words of `lamina.spec.rules.momentum`.
_ROLES = "u_t = keep u_{t−1} + gain g, w_{t+1} = w_t − (along u_t + ahead g)"
_BELOW = "0"  # the history of a rule that has it in the denominator alone


def words(rule: Rule) -> Words:
    """Return a rule's words; of a rule that has none here, what its module says of itself."""
    inner: Any = rule.rule if isinstance(rule, WeightDecay) else rule
    name = inner.kind.__name__.rpartition(".")[2]
    if isinstance(inner, SGD):
        return _sgd(inner.nesterovs_momentum)
    if name == "adam":
        return _adam(inner.corrected)
    if name in ("adagrad", "rmsprop"):
        return _rooted(name, inner.epsilon_inside)
    return _OTHERS.get(name) or _plain(inner.kind)


def _plain(kind: Any) -> Words:
    """Return the words of a rule that is not split into history and gradient."""
    before = "".join(f", {slot}_{{t−1}}" for slot in kind.SLOTS)
    after = tuple(f"{slot}_t = {slot}(w_t, g{before})" for slot in kind.SLOTS)
    about = (kind.__doc__ or "").strip().partition("\n")[0]
    new = f"w_{{t+1}} = w(w_t, g{before})"
    return Words((*after, new), _BELOW, "w_{t+1} − w_t, not split", {}, about)


def _sgd(nesterov: bool) -> Words:
    first, source = "u_t = β u_{t−1} + η g", "Sutskever et al. (2013)"
    if not nesterov:
        lines = (first, "w_{t+1} = w_t − u_t")
        about = f"{_ROLES}: here β, η, 1, 0"
        return Words(lines, "−β u_{t−1}", "−η g", {"β": "keep"}, source, about, "u")
    lines = (first, "w_{t+1} = w_t − (β u_t + η g)")
    symbols = {"β": "keep"}
    source, about = f"{source}; note 002 §6", f"{_ROLES}: here β, η, β, η"
    return Words(lines, "−β² u_{t−1}", "−(1 + β) η g", symbols, source, about, "u")


def _adam(corrected: bool) -> Words:
    source = "note 002 §6; Kingma and Ba (2015)"
    if corrected:
        hats = "m̂ = m_t / (1 − β₁^t), v̂ = v_t / (1 − β₂^t)"
        lines = (_M, _V, f"w_{{t+1}} = w_t − η m̂ / (√v̂ + ε) with {hats}")
        below = "/ ((1 − β₁^t) (√v̂ + ε)) with v̂ = v_t / (1 − β₂^t)"
        scalars = "step = η / (1 − β₁^t), root = 1 / √(1 − β₂^t)"
        ahead = "−η"
    else:
        rate = "ρ = η √(1 − β₂^t) / (1 − β₁^t)"
        lines = (_M, _V, f"w_{{t+1}} = w_t − ρ m_t / (√v_t + ε) with {rate}")
        below = f"/ (√v_t + ε) with {rate}"
        scalars, ahead = "step = η √(1 − β₂^t) / (1 − β₁^t)", "−ρ"
    history, current = f"{ahead} β₁ m_{{t−1}} {below}", f"{ahead} (1 − β₁) g {below}"
    return Words(lines, history, current, _BETAS, source, scalars, "m")


def _rooted(name: str, inside: bool) -> Words:
    root = "√(v_t + ε)" if inside else "(√v_t + ε)"
    if name == "adagrad":
        first, symbols, source = "v_t = v_{t−1} + g²", {}, "note 002 §6; Duchi et al. (2011)"
    else:
        first, symbols = "v_t = β v_{t−1} + (1 − β) g²", {"β": "keep"}
        source = "note 002 §6; Tieleman and Hinton (2012)"
    move = f"η g / {root}"
    return Words((first, f"w_{{t+1}} = w_t − {move}"), _BELOW, f"−{move}", symbols, source)


_NADAM = "with v̂ = v_t / (1 − β₂^t)"
_OTHERS = {
    "gradient_descent": Words(
        ("w_{t+1} = w_t − η g",), _BELOW, "−η g", {}, "note 002 §3.3, note 003 §4.6"
    ),
    "momentum": Words(
        ("u_t = β u_{t−1} + g", "w_{t+1} = w_t − η u_t"),
        "−η β u_{t−1}",
        "−η g",
        {"β": "keep"},
        "note 002 §5.1",
        f"{_ROLES}: here β, 1, η, 0",
        "u",
    ),
    "nesterov": Words(
        ("u_t = β u_{t−1} + g", "w_{t+1} = w_t − η u_t"),
        "−η β u_{t−1}",
        "−η g",
        {"β": "keep"},
        "note 002 §5.2",
        "keep = β, rate = η, ahead = η β of w̃ = w_t − ahead u_{t−1}",
        "u",
    ),
    "adadelta": Words(
        (
            "v_t = β v_{t−1} + (1 − β) g²",
            "d = √(u_{t−1} + ε) / √(v_t + ε) g",
            "u_t = β u_{t−1} + (1 − β) d²",
            "w_{t+1} = w_t − d",
        ),
        _BELOW,
        "−d",
        {"β": "keep"},
        "note 002 §6; Zeiler (2012)",
    ),
    "adamax": Words(
        (
            _M,
            "v_t = max(β₂ v_{t−1}, |g|)",
            "w_{t+1} = w_t − η m_t / ((1 − β₁^t) (v_t + ε))",
        ),
        "−η β₁ m_{t−1} / ((1 − β₁^t) (v_t + ε))",
        "−η (1 − β₁) g / ((1 − β₁^t) (v_t + ε))",
        _BETAS,
        "note 002 §6; Kingma and Ba (2015), §7.1",
        "step = η / (1 − β₁^t)",
        "m",
    ),
    "maxprop": Words(
        ("v_t = max(β v_{t−1}, |g|)", "w_{t+1} = w_t − η g / (v_t + ε)"),
        _BELOW,
        "−η g / (v_t + ε)",
        {"β": "keep"},
        "note 002 §6",
    ),
    "nadam": Words(
        (
            _M,
            _V,
            "w_{t+1} = w_t − η m̄ / (√v̂ + ε) "
            "with m̄ = β₁ m_t / (1 − β₁^(t + 1)) + (1 − β₁) g / (1 − β₁^t), v̂ = v_t / (1 − β₂^t)",
        ),
        f"−η β₁² m_{{t−1}} / ((1 − β₁^(t + 1)) (√v̂ + ε)) {_NADAM}",
        "−η (1 − β₁) (β₁ / (1 − β₁^(t + 1)) + 1 / (1 − β₁^t)) g / (√v̂ + ε) " + _NADAM,
        _BETAS,
        "note 002 §6; Dozat (2016)",
        "along = η β₁ / (1 − β₁^(t + 1)), ahead = η (1 − β₁) / (1 − β₁^t), root = 1 / √(1 − β₂^t)",
        "m",
    ),
}
