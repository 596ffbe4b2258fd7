"""One epoch of training by lamina and by each peer: the same job.

Every trainer starts each epoch from the same weights and a fresh Adam (`reset`, not timed) and
`epoch` returns the seconds of: gathering each batch through the order of the samples, forward,
loss, backward, update, and the epoch's mean loss. Nothing is read back in between.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from shapes import RATE, Problem

from lamina import Adam
from lamina.engines import Data
from lamina.plan import Clock

Parameters = list[tuple[np.ndarray, ...]]


class Lamina:
    """`Trainer.epoch`, with the table of the epoch's scalars made in the time measured."""

    def __init__(self, problem: Problem, engine: Any, corrected: bool = True) -> None:
        shape, self.problem, self.rule = problem.shape, problem, Adam(corrected=corrected)
        self.clock = Clock(0, 0, 0, shape.steps)
        data = Data(problem.x, problem.y)
        self.trainer = engine.trainer(
            shape.network(), self.rule, problem.parameters, None, data, 0.0
        )
        self.trainer.keep("start")

    def reset(self) -> None:
        self.trainer.recall("start")

    def epoch(self) -> float:
        start = time.perf_counter()
        table = self.rule.table(RATE, self.clock)
        total, _ = self.trainer.epoch(self.problem.order, self.problem.shape.batch, table)
        seconds = time.perf_counter() - start
        self.loss = total / self.problem.shape.n_samples
        return seconds

    def parameters(self) -> Parameters:
        return self.trainer.read()[0]

    def close(self) -> None:
        self.trainer.close()


class Sklearn:
    """scikit-learn's own training loop, on its estimator.

    Timed is all of `_fit_stochastic`: the draw of the order, the loop, and Adam's state. Checks of
    the input and the encoding of labels in `fit` are not timed. Of its public ways only a warm
    start takes given weights, and only labels of several columns leave a softmax of two outputs
    possible (of its own accord it takes one logistic output for two classes).
    """

    def __init__(self, problem: Problem) -> None:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        shape, self.problem = problem.shape, problem
        options: dict[str, Any] = {
            "hidden_layer_sizes": shape.hidden,
            "activation": shape.activation,
            "batch_size": shape.batch,
            "learning_rate_init": RATE,
            "alpha": 0.0,
            "max_iter": 1,
            "warm_start": True,
            "random_state": problem.seed,
        }
        kind = _timing(MLPRegressor if shape.regression else MLPClassifier)
        self.y = problem.y.ravel() if shape.regression else problem.y.astype(int)
        self.model = kind(**options)
        self._fit()
        if not shape.regression:
            self.model.out_activation_ = "softmax"

    def _fit(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one epoch does not converge
            self.model.fit(self.problem.x, self.y)

    def reset(self) -> None:
        self.model.coefs_ = [own[0].copy() for own in self.problem.parameters]
        self.model.intercepts_ = [own[1].copy() for own in self.problem.parameters]

    def epoch(self) -> float:
        self._fit()
        self.loss = self.model.loss_
        return self.model.loop_seconds

    def parameters(self) -> Parameters:
        return list(zip(self.model.coefs_, self.model.intercepts_, strict=True))

    def close(self) -> None:
        pass


def _timing(base: type) -> type:
    """Return a scikit-learn estimator that times its training loop."""

    def loop(self: Any, *args: Any, **options: Any) -> None:
        start = time.perf_counter()
        base._fit_stochastic(self, *args, **options)
        self.loop_seconds = time.perf_counter() - start

    return type(base.__name__, (base,), {"_fit_stochastic": loop, "__module__": base.__module__})


class Torch:
    """PyTorch with fused Adam: eager, or gather, forward and loss (and their backward) compiled."""

    def __init__(self, problem: Problem, threads: int, compiled: bool) -> None:
        import torch
        from torch import nn

        torch.set_num_threads(threads)
        shape, self.problem, self.torch = problem.shape, problem, torch
        self.dtype = getattr(torch, shape.dtype)
        self.model = torch_network(shape, self.dtype)
        x, order = torch.from_numpy(problem.x), torch.from_numpy(problem.order)
        y = torch.from_numpy(problem.y if problem.labels is None else problem.labels)
        self.batches = order.split(shape.batch)

        def loss(index: Any) -> Any:
            z, target = self.model(x.index_select(0, index)), y.index_select(0, index)
            if shape.regression:
                return 0.5 * nn.functional.mse_loss(z, target)
            return nn.functional.cross_entropy(z, target)

        self.batch_loss = torch.compile(loss) if compiled else loss

    def reset(self) -> None:
        torch = self.torch
        layers = [layer for layer in self.model if hasattr(layer, "weight")]
        with torch.no_grad():
            for layer, (w, b) in zip(layers, self.problem.parameters, strict=True):
                layer.weight.copy_(torch.from_numpy(w.T))
                layer.bias.copy_(torch.from_numpy(b))
        self.adam = torch.optim.Adam(self.model.parameters(), lr=RATE, fused=True)

    def epoch(self) -> float:
        start = time.perf_counter()
        total = self.torch.zeros((), dtype=self.dtype)
        for index in self.batches:
            self.adam.zero_grad()
            loss = self.batch_loss(index)
            loss.backward()
            self.adam.step()
            total += loss.detach()
        self.loss = float(total) / len(self.batches)
        return time.perf_counter() - start

    def parameters(self) -> Parameters:
        flat = [p.detach().numpy().copy() for p in self.model.parameters()]
        return [(w.T, b) for w, b in zip(flat[::2], flat[1::2], strict=True)]

    def close(self) -> None:
        self.torch.compiler.reset()


def torch_network(shape: Any, dtype: Any) -> Any:
    """Return the network as a torch module that gives the last pre-activation."""
    from torch import nn

    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[shape.activation]
    layers: list[Any] = []
    for d_in, d_out in zip(shape.sizes[:-1], shape.sizes[1:], strict=True):
        layers += [nn.Linear(d_in, d_out, dtype=dtype), activation()]
    return nn.Sequential(*layers[:-1])


class Jax:
    """JAX: the whole epoch is one compiled call, a scan over the batches."""

    def __init__(self, problem: Problem, unroll: int) -> None:
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_enable_x64", problem.shape.dtype == "float64")
        self.problem, self.jax = problem, jax
        order = problem.order.reshape(-1, problem.shape.batch).astype(np.int32)
        y = problem.y if problem.labels is None else problem.labels.astype(np.int32)
        self.arguments = jax.device_put((problem.parameters, problem.x, y, order))
        self.compiled = jax.jit(jax_epoch(jax, problem.shape, unroll))

    def reset(self) -> None:
        """Do nothing: an epoch leaves its arguments as they were."""

    def epoch(self) -> float:
        start = time.perf_counter()
        self.new, loss = self.jax.block_until_ready(self.compiled(*self.arguments))
        seconds = time.perf_counter() - start
        self.loss = float(loss)
        return seconds

    def parameters(self) -> Parameters:
        return [tuple(np.asarray(p) for p in own) for own in self.new]

    def close(self) -> None:
        self.jax.clear_caches()


def jax_epoch(jax: Any, shape: Any, unroll: int) -> Any:
    """Return a function of weights, data and order that gives new weights and the mean loss."""
    jnp, each = jax.numpy, jax.tree.map
    activation = {"relu": jax.nn.relu, "tanh": jnp.tanh}[shape.activation]

    def batch_loss(parameters: Any, x: Any, y: Any) -> Any:
        for w, b in parameters[:-1]:
            x = activation(x @ w + b)
        z = x @ parameters[-1][0] + parameters[-1][1]
        if shape.regression:
            return 0.5 * jnp.mean((z - y) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))

    def epoch(parameters: Any, x: Any, y: Any, order: Any) -> Any:
        def step(state: Any, index: Any) -> Any:
            w, m, v, t = state
            t = t + 1
            loss, g = jax.value_and_grad(batch_loss)(w, x[index], y[index])
            m = each(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = each(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            rate, root = RATE / (1 - 0.9**t), 1 / jnp.sqrt(1 - 0.999**t)
            w = each(lambda w, m, v: w - rate * m / (root * jnp.sqrt(v) + 1e-8), w, m, v)
            return (w, m, v, t), loss

        zeros = each(jnp.zeros_like, parameters)
        start = parameters, zeros, zeros, jnp.zeros((), x.dtype)
        (parameters, *_), losses = jax.lax.scan(step, start, order, unroll=unroll)
        return parameters, losses.mean()

    return epoch
