"""Reads an equation of a walk-through as it is written and computes its right-hand side.

Grammar: sums of terms; a term is a product by juxtaposition, "⊙" or "/"; "Σ_i" and "Σ_j" sum the
rest of a term over rows or columns, "Σ_{i≤j}" and "Σ_{i≥j}" over the columns up to each or from it
on; "A if C else B"; "… with T = …, S = …" defines. Two matrices side by side are multiplied as
matrices where `matrices` is set, entry by entry where it is not.
"""

import re
from math import erf, pi, sqrt

import numpy as np

NAME = r"(?:(?![ᵀΣ²½])[^\W\d_])+[\u0300-\u036f′₀-₉]*(?:_\{[^}]*\}|_[A-Za-z0-9]+)?"
TOKEN = re.compile(
    rf"\s*(∂(?:[ℓL]|\([sc]+ℓ\))/∂[A-Za-zŷ]+(?:_\d+)?|Σ_[ij]|Σ_{{i[≤≥]j}}|"
    rf"{NAME}|\d+(?:\.\d+)?(?:e-?\d+)?|[-+−/⊙()|^²ᵀ<>≤,½√])"
)
FUNCTIONS = {
    "exp": np.exp,
    "ln": lambda x: np.log(np.where(x == 0, 1, x)),  # 0 ln 0 is 0
    "tanh": np.tanh,
    "sign": np.sign,
    "max": np.maximum,
    "min": np.minimum,
    "σ": lambda x: 1 / (1 + np.exp(-x)),
    "Φ": np.vectorize(lambda x: 0.5 * (1 + erf(x / sqrt(2)))),
    "N": lambda x: np.exp(-x * x / 2) / sqrt(2 * pi),
}
COMPARE = {"<": np.less, ">": np.greater, "≤": np.less_equal}


def evaluate(equation, names, matrices=True):
    """Return the value of an equation's right-hand side."""
    text = equation.split(" = ", 1)[1]
    text, _, where = text.partition(" with ")
    names = dict(names)
    for definition in filter(None, re.split(r", (?=\S+ = )", where)):
        name, body = definition.split(" = ", 1)
        names[name] = _Reader(body, names, matrices).all()
    return _Reader(text, names, matrices).all()


class _Reader:
    def __init__(self, text, names, matrices):
        self.tokens, self.names, self.matrices = _tokens(text), names, matrices
        self.bars = 0

    def all(self):
        value = self.choice()
        assert not self.tokens, self.tokens
        return value

    def peek(self):
        return self.tokens[0] if self.tokens else None

    def take(self, *wanted):
        if self.peek() in wanted:
            return self.tokens.pop(0)
        return None

    def need(self, wanted):
        assert self.take(wanted), (wanted, self.tokens)

    def choice(self):
        value = self.sum()
        if not self.take("if"):
            return value
        left, sign, right = self.sum(), self.tokens.pop(0), self.sum()
        self.need("else")
        with np.errstate(all="ignore"):
            return np.where(COMPARE[sign](left, right), value, self.choice())

    def sum(self):
        value = -self.term() if self.take("−", "-") else self.term()
        while sign := self.take("+", "−", "-"):
            value = value + self.term() if sign == "+" else value - self.term()
        return value

    def term(self):
        if self.peek() in ("Σ_{i≤j}", "Σ_{i≥j}"):
            back = slice(None, None, 1 if "≤" in self.tokens.pop(0) else -1)
            return np.cumsum(np.atleast_2d(self.term())[:, back], axis=1)[:, back]
        if (token := self.peek()) in ("Σ_i", "Σ_j"):
            self.tokens.pop(0)
            return np.sum(np.atleast_2d(self.term()), axis="ij".index(token[-1]), keepdims=True)
        value = self.power()
        while self.peek() not in (None, "+", "−", "-", ")", ",", "if", "else", *COMPARE):
            if self.peek() == "|" and self.bars:
                break
            if self.take("/"):
                value = value / self.factor()
            elif self.take("⊙"):
                value = value * self.factor()
            else:
                other = self.factor()
                both = np.ndim(value) == np.ndim(other) == 2 and self.matrices
                value = value @ other if both else value * other
        return value

    def factor(self):
        return self.term() if (self.peek() or "").startswith("Σ_") else self.power()

    def power(self):
        value = self.atom()
        while sign := self.take("²", "ᵀ", "^"):
            value = value.T if sign == "ᵀ" else value ** (2 if sign == "²" else self.atom())
        return value

    def atom(self):
        token = self.tokens.pop(0)
        if token == "(":
            value = self.choice()
            self.need(")")
            return value
        if token == "|":
            self.bars += 1
            value = self.sum()
            self.need("|")
            self.bars -= 1
            return np.abs(value)
        if token == "√":
            return np.sqrt(self.atom())
        if token == "½":
            return 0.5
        if token in FUNCTIONS and self.peek() == "(":
            return self.call(FUNCTIONS[token])
        if token[0].isdigit():
            return float(token)
        return self.names[token]

    def call(self, function):
        self.need("(")
        values = [self.choice()]
        while self.take(","):
            values.append(self.choice())
        self.need(")")
        return function(*values)


def _tokens(text):
    found, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        assert match, (text, text[at:])
        found.append(match[1])
        at = match.end()
    return found
