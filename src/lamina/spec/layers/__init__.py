"""One kind of layer per file, all of one shape.

A kind of layer is a module with

- ``initialize(layer, d_in, random) -> parameters``,
- ``forward(layer, parameters, h_in) -> Trace`` whose last field, ``h``, is the layer's output,
- ``backward(layer, parameters, h_in, trace, d_h) -> Backward``,

where `layer` holds the layer's options, `parameters` is a tuple of arrays (empty for a layer
without any) and `d_h` the derivative of each sample's loss by the output.
"""

from lamina.spec.layers import dense

__all__ = ["dense"]
