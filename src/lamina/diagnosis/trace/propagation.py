"""One batch followed forward and backward. The spec computes; here its values get their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import spec
from lamina.diagnosis import inputs
from lamina.diagnosis.trace.inputs import samples
from lamina.diagnosis.trace.layer import Bound, Gradient, LayerTrace
from lamina.plan import Network, checks
from lamina.spec.activations import ACTIVATIONS
from lamina.spec.losses import CUSTOM, OF_PREDICTION, ROWWISE, pinball_slopes


@dataclass(frozen=True, eq=False)
class Passes:
    """What went in, and what the passes forward and backward gave.

    Attributes
    ----------
    network : Network
    parameters : list of tuples of arrays
    x, y : ndarray of shape (n, d_0) and (n, d_L)
        As the network takes them: h_0 and the targets.
    weights, factors : ndarray of shape (n,) or None
        A batch's loss is the mean with the weights; factors do not count in the mean.
    alpha : float
        L2 penalty, as in the estimators.
    layers : list of LayerTrace
    prediction : ndarray of shape (n, d_L)
    loss : ndarray of shape (n,)
        ℓ of each sample.
    objective : float
        L, the mean loss and the penalty: what the gradients are derivatives of.
    d_x : ndarray of shape (n, d_0)
        ∂ℓ/∂x; of a batch with weights and factors, of the weighed loss s c ℓ.
    d_prediction : ndarray of shape (n, d_L) or None
        ∂ℓ/∂ŷ, where the loss is one of the prediction.
    output_slope : ndarray of shape (n, d_L) or None
        Derivative of an elementwise output function, where the chain rule goes by it.
    """

    network: Network
    parameters: list[tuple[np.ndarray, ...]]
    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    factors: np.ndarray | None
    alpha: float
    layers: list[LayerTrace]
    prediction: np.ndarray
    loss: np.ndarray
    objective: float
    d_x: np.ndarray
    d_prediction: np.ndarray | None
    output_slope: np.ndarray | None

    @property
    def total(self) -> float:
        """S, the sum of the sample weights: n without them."""
        return float(len(self.x) if self.weights is None else self.weights.sum())


def follow(
    network: Network,
    parameters: Any,
    x: Any,
    y: Any,
    weights: Any = None,
    factors: Any = None,
    alpha: float = 0.0,
) -> Passes:
    """Check everything, and run both passes of the spec."""
    checks.kind("network", network, Network, "a Network")
    checks.real("alpha", alpha, "[0, inf)")
    alpha = float(alpha)
    own = inputs.parameters(network, parameters)
    dtype = own[0][0].dtype
    x, y = samples(network, x, y, dtype)
    weights = inputs.weights("sample_weight", weights, len(x), dtype)
    factors = inputs.weights("factors", factors, len(x), dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is there to be seen
        passed = spec.network.forward(network, own, x)
        back = spec.network.backward(network, own, passed, y, weights, alpha, factors)
        total = float(len(x) if weights is None else weights.sum())
        mean = float(spec.losses.mean_loss(back.loss, weights, factors))
        penalty = float(spec.network.penalty(own, alpha)) / total
        layers = _layers(network, own, passed, back, total)
    z_last = passed.layers[-1].h
    return Passes(
        network=network,
        parameters=own,
        x=x,
        y=y,
        weights=weights,
        factors=factors,
        alpha=alpha,
        layers=layers,
        prediction=passed.prediction,
        loss=back.loss,
        objective=mean + penalty,
        d_x=back.layers[0].d_in,
        d_prediction=_loss_slope(network, passed.prediction, y),
        output_slope=_output_slope(network, z_last, passed.prediction),
    )


def _layers(network: Network, own: Any, passed: Any, back: Any, total: float) -> list[LayerTrace]:
    backflow = [result.d_in for result in back.layers[1:]] + [back.layers[-1].delta]
    found = []
    for i, layer in enumerate(network.layers):
        trace, h_in, parameters = passed.layers[i], passed.inputs[i], own[i]
        slope = layer.kind.slope(layer, parameters, trace)
        summed = back.layers[i].gradients[0]
        found.append(
            LayerTrace(
                number=i + 1,
                activation=layer.called,
                W=parameters[0],
                b=parameters[1],
                a=parameters[2] if len(parameters) > 2 else None,
                input=h_in,
                z=trace.z,
                h=trace.h,
                slope=slope,
                d_h=backflow[i],
                delta=back.layers[i].delta,
                gradient=Gradient(*back.gradients[i]),
                bound=_bound(slope, backflow[i], h_in, summed, total),
            )
        )
    return found


def _bound(slope: Any, backflow: Any, h_in: Any, summed: Any, total: float) -> Bound:
    each = spec.measures.factors(slope, backflow, h_in)
    return Bound(spec.measures.norm(summed) / total, spec.measures.bound(each, total), *each)


def _loss_slope(network: Network, prediction: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Return ∂ℓ/∂ŷ where the loss is one of the prediction alone."""
    options = network.loss_options
    if network.loss_name == CUSTOM:
        return options["gradient"](prediction, y)
    if network.loss_name == "quantiles":
        return pinball_slopes(prediction, y, **options)
    if network.loss_name in OF_PREDICTION:
        return OF_PREDICTION[network.loss_name].delta(prediction, y, **options)
    return None


def _output_slope(network: Network, z: np.ndarray, prediction: np.ndarray) -> np.ndarray | None:
    """Return the slope of an elementwise output that the chain rule goes through."""
    chained = network.loss_name == CUSTOM or network.loss_name in OF_PREDICTION
    if not chained or network.output in ROWWISE or network.output == "identity":
        return None
    return ACTIVATIONS[network.output].derivative(z, prediction)
