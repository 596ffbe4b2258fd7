"""The passes as a list of steps, in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from lamina.diagnosis.trace import equations, worked
from lamina.diagnosis.trace.layer import LayerTrace
from lamina.diagnosis.trace.propagation import Passes
from lamina.diagnosis.trace.step import Step
from lamina.spec.losses import smooth

FORWARD, BACKWARD = "note 002 §4.3, algorithm 5", "note 002 §4.3, algorithm 6"
CHAIN = "note 003 §4.6"
INPUT, LOSS = "What comes in", "Prediction and loss"
SMALL = 30  # parameters: up to there an entry of every equation is worked, else one of each kind


def steps(own: Passes, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> list[Step]:
    """Return every value of both passes with its equation; names are of h_0's and ŷ's columns."""
    return _Walk(own, inputs, outputs).steps()


def legend(own: Passes) -> str:
    """Return what the symbols mean that the equations use without saying so."""
    loss, total = _loss(own), _total(own)
    found = ["h W: product of matrices", "u ⊙ v: of their entries"]
    mean = "ℓ" if len(own.x) == 1 and own.weights is None else f"Σ_i {loss} / {total}"
    found += [f"ℓ: loss of a sample, L = {mean}" + (" + penalty" if own.alpha else "")]
    found.append(f"δ_l = ∂{loss}/∂z_l")
    if len(own.layers) > 1:
        found.append("φ′_l: slope of layer l's activation")
    if len(own.x) > 1:
        found += ["Σ_i: over the samples, of each a row"]
        found += [f"n = {len(own.x)} samples"] if own.weights is None else []
    if "Σ_j" in equations.loss(own.network).text:
        found.append("Σ_j: over the outputs")
    if own.weights is not None:
        found.append(f"S = Σ_i s = {own.total:.6g}")
    return "; ".join([*found, "z_1[0, 1]: an entry, counted from 0"])


def _loss(own: Passes) -> str:
    """Return what backpropagation takes the derivatives of: ℓ, or what a sample's weight makes."""
    letters = "s" * (own.weights is not None) + "c" * (own.factors is not None)
    return f"({letters}ℓ)" if letters else "ℓ"


def _scale(own: Passes) -> str:
    return ("s ⊙ " if own.weights is not None else "") + ("c ⊙ " if own.factors is not None else "")


def _total(own: Passes) -> str:
    return "n" if own.weights is None else "S"


class _Walk:
    """The steps of one trace."""

    def __init__(self, own: Passes, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self.own, self.inputs, self.outputs = own, inputs, outputs
        self.loss, self.scale, self.n_layers = _loss(own), _scale(own), len(own.layers)
        self.alone = len(own.x) == 1 and own.weights is None
        self.seen: set[str] = set()
        k = own.network.n_outputs
        self.j = int(np.argmax(own.y[0])) if k > 1 else 0  # of the output that is worked

    def steps(self) -> list[Step]:
        text, own = "h_0 = x", self.own
        found = [Step("h_0", "h_0", text, FORWARD, own.x, INPUT, columns=self.inputs, samples=0)]
        for layer in own.layers:
            found += self._forward(layer)
        found += self._losses()
        found += self._head()
        for layer in reversed(own.layers):
            found += self._backward(layer)
        return [*found, self._bound()]

    def _works(self, kind: str) -> bool:
        """Return whether to work an entry of an equation of this kind."""
        wanted = self.own.network.n_parameters <= SMALL or kind not in self.seen
        self.seen.add(kind)
        return wanted

    def _entry(self, kind: str, text: str, numbers: dict[str, Any], at: tuple[int, ...]) -> Any:
        unfit = any(mark in text for mark in (" with ", " if ", "Σ", "(ŷ, y)"))
        if unfit or not self._works(kind):
            return None
        letters = zip("sc", (self.own.weights, self.own.factors), strict=True)
        numbers |= {name: value[at[0]] for name, value in letters if value is not None}
        return partial(worked.entry, text, numbers, at)

    def _forward(self, layer: LayerTrace) -> Iterator[Step]:
        at, part = layer.number, f"Forward: layer {layer.number}"
        for letter, array in zip("Wba", (layer.W, layer.b, layer.a), strict=True):
            if array is not None:
                name = f"{letter}_{at}"
                yield Step(name, name, f"{name} is given", "given", array, part)
        last = at == self.n_layers
        name, j = f"z_{at}", self.j if last else worked.place(layer.z[0])
        text = f"{name} = h_{at - 1} W_{at} + b_{at}"
        show = None
        if self._works("z"):
            pair, rest = (layer.input[0], layer.W[:, j]), [(layer.b[j],)]
            show = partial(worked.products, name, (0, j), layer.z[0, j], pair, rest, None)
        columns = self.outputs if last else ()
        yield Step(name, name, text, FORWARD, layer.z, part, "", (), columns, 0, show)
        if last:
            return
        phi, _ = equations.activation(self.own.network.layers[at - 1], at)
        words = f"{layer.activation}; {phi.words}" if phi.words else layer.activation
        name, text = f"h_{at}", f"h_{at} = {phi.text}"
        j = worked.place(layer.h[0])
        numbers = {f"z_{at}": layer.z[0, j], name: layer.h[0, j]}
        show = self._entry(layer.activation, text, numbers, (0, j))
        yield Step(name, name, text, phi.source, layer.h, part, words, samples=0, worked=show)

    def _losses(self) -> Iterator[Step]:
        own, network = self.own, self.own.network
        yield self._prediction()
        yield Step("y", "y", "y is given", "given", own.y, LOSS, "", (), self.outputs, 0)
        less_sure = equations.smoothed(network)
        target = own.y
        if less_sure:
            smoothing = network.loss.smoothing  # type: ignore[union-attr]
            share = 0.5 if network.loss_name == "binary_cross_entropy" else 1 / network.n_outputs
            target = smooth(own.y, smoothing, share)
            text = f"ỹ = {less_sure}"
            paper = "Szegedy et al. (2016)"
            yield Step("ỹ", "y_smooth", text, paper, target, LOSS, "", (), self.outputs, 0)
        yield self._loss_step(target)
        for name, key, value in (("s", "weights", own.weights), ("c", "factors", own.factors)):
            if value is not None:
                words = "sample weights" if name == "s" else "factors, of class weights"
                yield Step(name, key, f"{name} is given", "given", value, LOSS, words, samples=0)
        source = "note 002 §4.2"
        yield Step("L", "objective", self._objective(), source, own.objective, LOSS)

    def _prediction(self) -> Step:
        own, network, j = self.own, self.own.network, self.j
        out, z = equations.output(network), own.layers[-1].z
        text, show = f"ŷ = {out.text}", None
        if network.output == "softmax":
            if self._works("softmax"):
                show = partial(worked.softmax, z[0], j, own.prediction[0, j])
        elif network.output != "identity":
            numbers = {f"z_{self.n_layers}": z[0, j], "ŷ": own.prediction[0, j]}
            show = self._entry("output", text, numbers, (0, j))
        words = out.words if network.output in ("softmax", "ascending") else network.output
        value, names = own.prediction, self.outputs
        return Step("ŷ", "prediction", text, out.source, value, LOSS, words, (), names, 0, show)

    def _loss_step(self, target: np.ndarray) -> Step:
        own, loss = self.own, equations.loss(self.own.network)
        text, show = f"ℓ = {loss.text}", None
        unfit = (" with ", " if ", "q ⊙", "p ⊙")
        if "Σ_j " in text and not any(mark in text for mark in unfit):
            y = "ỹ" if equations.smoothed(own.network) else "y"
            terms = [{"ŷ": p, y: t} for p, t in zip(own.prediction[0], target[0], strict=True)]
            if own.network.output == "softmax":  # where y is 0 there is no term
                terms = [term for term in terms if term[y]]
            show = partial(worked.summed, text, terms, own.loss[0], (0,))
        return Step(
            "ℓ", "loss", text, loss.source, own.loss, LOSS, loss.words, samples=0, worked=show
        )

    def _objective(self) -> str:
        alpha, total = self.own.alpha, _total(self.own)
        over = "" if self.alone else f" / {total}"
        whole = self.alone and not self.scale
        text = "ℓ" if whole else f"Σ_i {self.scale}ℓ{over}"
        if alpha:
            text += f" + ½ {alpha:g} Σ_l ‖W_l‖²{over}"
        words = "" if self.own.weights is None else " with S = Σ_i s"
        return f"L = {text}{words}"

    def _head(self) -> Iterator[Step]:
        """Yield what the loss says of the prediction, and δ_L."""
        own, last, j = self.own, self.own.layers[-1], self.j
        name, words = f"δ_{last.number}", f"∂{self.loss}/∂z_{last.number}"
        numbers = {"ŷ": own.prediction[0, j], "y": own.y[0, j], name: last.delta[0, j]}
        numbers[f"z_{last.number}"] = last.z[0, j]
        source = CHAIN
        if own.d_prediction is None:
            delta = equations.delta(own.network)
            text, source = f"{name} = {_times(self.scale, delta.text)}", delta.source
            words = delta.words or words
            plain = "ỹ" not in text and not delta.words
        else:
            yield from self._slopes(own.d_prediction, numbers)
            text, about = self._chained(name)
            words, plain = words + about, True
        show = self._entry("head", text, numbers, (0, j)) if plain else None
        yield self._output(name, f"delta_{last.number}", text, source, last.delta, words, show)

    def _output(
        self, name: str, key: str, text: str, source: str, value: Any, words: str, show: Any
    ) -> Step:
        """Return a step of the last layer's way back, a column for each output."""
        part = f"Backward: layer {self.n_layers}"
        return Step(name, key, text, source, value, part, words, (), self.outputs, 0, show)

    def _slopes(self, d_prediction: np.ndarray, numbers: dict[str, Any]) -> Iterator[Step]:
        """Yield ∂ℓ/∂ŷ, and the slope of an elementwise output; their entries join `numbers`."""
        network, slope, at = self.own.network, self.own.output_slope, (0, self.j)
        own, name = equations.loss_slope(network), "∂ℓ/∂ŷ"
        text, numbers[name] = f"{name} = {own.text}", d_prediction[at]
        show = self._entry("slope of ℓ", text, numbers, at)
        yield self._output(name, "dprediction", text, own.source, d_prediction, own.words, show)
        if slope is not None:
            phi = equations.output_slope(network)
            text, numbers["ŷ′"] = f"ŷ′ = {phi.text}", slope[at]
            show, words = self._entry("ŷ′", text, numbers, at), phi.words
            words = words or f"the slope of {network.output}"
            yield self._output("ŷ′", "output_slope", text, phi.source, slope, words, show)

    def _chained(self, name: str) -> tuple[str, str]:
        """Return δ_L by the chain rule, and words about it."""
        text = f"{name} = {self.scale}"
        if self.own.output_slope is not None:
            return f"{text}∂ℓ/∂ŷ ⊙ ŷ′", ""
        if self.own.network.output == "softmax":
            return f"{text}ŷ ⊙ (∂ℓ/∂ŷ − Σ_j ŷ ⊙ ∂ℓ/∂ŷ)", ""
        if self.own.network.output == "ascending":
            a = f"a = 1 if j < 1 else σ(z_{self.n_layers})"
            words = "; Σ_{i≥j}: over the columns from j on; σ: the logistic function"
            return f"{text}a ⊙ Σ_{{i≥j}} ∂ℓ/∂ŷ with {a}", words
        return f"{text}∂ℓ/∂ŷ", ""

    def _backward(self, layer: LayerTrace) -> Iterator[Step]:
        at, part = layer.number, f"Backward: layer {layer.number}"
        if at < self.n_layers:
            yield from self._delta(layer, part)
        yield from self._gradients(layer, part)
        d_in = self.own.d_x if at == 1 else self.own.layers[at - 2].d_h
        name = f"∂{self.loss}/∂h_{at - 1}"
        text, words = f"{name} = δ_{at} W_{at}ᵀ", f"V_{at} … V_L δ_L of note 004"
        words, show = "by the input x" if at == 1 else words, None
        if self._works("dh"):
            k, rest = worked.place(d_in[0]), ()
            pair = layer.delta[0], layer.W[k]
            show = partial(worked.products, name, (0, k), d_in[0, k], pair, rest, None)
        names = self.inputs if at == 1 else ()
        yield Step(name, f"dh_{at - 1}", text, BACKWARD, d_in, part, words, (), names, 0, show)

    def _delta(self, layer: LayerTrace, part: str) -> Iterator[Step]:
        at, name, d_h = layer.number, f"δ_{layer.number}", f"∂{self.loss}/∂h_{layer.number}"
        _, phi = equations.activation(self.own.network.layers[at - 1], at)
        j, slope = worked.place(layer.delta[0]), f"φ′_{at}"
        numbers = {
            f"z_{at}": layer.z[0, j],
            f"h_{at}": layer.h[0, j],
            slope: layer.slope[0, j],
            d_h: layer.d_h[0, j],
            name: layer.delta[0, j],
        }
        text = f"{slope} = {phi.text}"
        show = self._entry(f"slope of {layer.activation}", text, numbers, (0, j))
        key, value = f"slope_{at}", layer.slope
        yield Step(slope, key, text, phi.source, value, part, phi.words, samples=0, worked=show)
        text = f"{name} = {d_h} ⊙ {slope}"
        words, show = f"∂{self.loss}/∂z_{at}", self._entry("delta", text, numbers, (0, j))
        key, value = f"delta_{at}", layer.delta
        yield Step(name, key, text, "note 004", value, part, words, samples=0, worked=show)

    def _gradients(self, layer: LayerTrace, part: str) -> Iterator[Step]:
        own, at, one = self.own, layer.number, len(self.own.x) == 1
        over = "" if self.alone else f" / {_total(own)}"
        outer = f"h_{at - 1}ᵀ δ_{at}"
        penalty = f" + {own.alpha:g} W_{at}" if own.alpha else ""
        text = f"({outer}{penalty}){over}" if penalty and over else f"{outer}{penalty}{over}"
        words = "an outer product" if one else "summed over the samples"
        name, gradient, show = f"∂L/∂W_{at}", layer.gradient, None
        if self._works("dW"):
            j = self.j if at == self.n_layers else worked.place(layer.delta[0])
            k = worked.place(layer.input[0])
            pair = layer.input[:, k], layer.delta[:, j]
            rest = [(own.alpha, layer.W[k, j])] if own.alpha else []
            by, value = None if self.alone else own.total, gradient.W[k, j]
            show = partial(worked.products, name, (k, j), value, pair, rest, by)
        yield Step(
            name, f"dW_{at}", f"{name} = {text}", BACKWARD, gradient.W, part, words, worked=show
        )
        name, text = f"∂L/∂b_{at}", f"δ_{at}" if one else f"Σ_i δ_{at}"
        yield Step(name, f"db_{at}", f"{name} = {text}{over}", BACKWARD, gradient.b, part)
        if gradient.a is not None:
            name = f"∂L/∂a_{at}"
            text = f"{name} = Σ_i ∂{self.loss}/∂h_{at} ⊙ min(0, z_{at}){over}"
            yield Step(name, f"da_{at}", text, "He et al. (2015), equation 11", gradient.a, part)

    def _bound(self) -> Step:
        own, rows = self.own, []
        for layer in own.layers:
            b = layer.bound
            flow = b.backflow.sum() / own.total  # as `spec.measures` has it
            rows.append([b.gradient, b.bound, b.slope.mean(), flow, b.input.mean()])
        over = "" if self.alone else f" / {_total(own)}"
        left, head = "‖∂L/∂W_l‖", "‖∂L/∂W‖"
        words = f"V_{{l+1}} … V_L δ_L is ∂{self.loss}/∂h_l"
        if own.alpha:  # which is no part of what is bounded
            left, head = f"‖h_{{l−1}}ᵀ δ_l‖{over}", f"‖hᵀ δ‖{over}"
            words += "; on the left ∂L/∂W_l without the penalty"
        mean = "" if len(own.x) == 1 else "mean of "
        text = f"{left} ≤ {mean}‖Diag φ′_l‖ ‖V_{{l+1}} … V_L δ_L‖ ‖h_{{l−1}}‖"
        words += "" if len(own.x) == 1 else "; of the three factors their means over the samples"
        names = tuple(f"layer {layer.number}" for layer in own.layers)
        columns = head, "bound", "‖Diag φ′‖", f"‖∂{self.loss}/∂h‖", "‖h before‖"
        value, part = np.array(rows, np.float64), "The bound on the gradients"
        return Step("bound", "bound", text, "note 004", value, part, words, names, columns)


def _times(scale: str, text: str) -> str:
    """Return the product with a right-hand side that may be a sum."""
    body, _, where = text.partition(" with ")
    body = f"{scale}({body})" if scale else body
    return f"{body} with {where}" if where else body
