"""How long does a prediction take: one row, 100 rows, 100,000 rows?

A classifier's probabilities in float32, the same weights on every side. By lamina: the estimator's
`predict_proba` with all its checks, its bare `predictor()`, and the engine's made anew for each
call, which copies the weights. By the peers: scikit-learn's `predict_proba`, PyTorch eager in
inference mode on a tensor that is there already, and ONNX Runtime's bare `session.run`.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import common
import machine
import numpy as np
import peers
from shapes import MAIN, Shape, problem

import lamina
from lamina.engines import default_engine

MODULES = {"sklearn": "sklearn", "torch": "torch", "onnxruntime": "onnxruntime"}
ROWS = "1,100,100000"
TOLERANCE = 1e-5  # of a probability
OPSET, IR = 17, 8  # of ONNX: old enough for every runtime of the last years


def lamina_sides(shape: Shape, parameters: Any, engine: Any) -> dict[str, Callable[[Any], Any]]:
    """Return our ways to predict."""
    estimator = fitted(lamina.MLPClassifier, shape, parameters)
    network = estimator.network_
    return {
        "lamina predict_proba": estimator.predict_proba,
        "lamina predictor()": estimator.predictor(),
        "lamina engine, made anew": lambda x: engine.predictor(network, parameters)(x),
    }


def fitted(kind: type, shape: Shape, parameters: Any) -> Any:
    """Return an estimator with given weights, after one epoch on a few rows."""
    x = problem(shape).x[: max(50, 2 * shape.n_outputs)]
    labels = np.arange(len(x)) % shape.n_outputs
    model = kind(shape.hidden, shape.activation, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one epoch does not converge
        model.fit(x, labels)
    for i, (w, b) in enumerate(parameters):
        model.coefs_[i], model.intercepts_[i] = w, b
    return model


def sklearn_side(shape: Shape, parameters: Any, _: int) -> Callable[[Any], Any]:
    from sklearn.neural_network import MLPClassifier

    return fitted(MLPClassifier, shape, parameters).predict_proba


def torch_side(shape: Shape, parameters: Any, threads: int) -> Callable[[Any], Any]:
    import torch

    torch.set_num_threads(threads)
    model = peers.torch_network(shape, torch.float32).append(torch.nn.Softmax(dim=1)).eval()
    with torch.no_grad():
        flat = [array for own in parameters for array in (own[0].T, own[1])]
        for mine, given in zip(model.parameters(), flat, strict=True):
            mine.copy_(torch.from_numpy(given))

    def predict(x: Any) -> Any:
        with torch.inference_mode():
            return model(x)

    return predict


def onnxruntime_side(shape: Shape, parameters: Any, threads: int) -> Callable[[Any], Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        onnx_model(shape, parameters), options, providers=["CPUExecutionProvider"]
    )
    return lambda x: session.run(None, {"x": x})[0]


def onnx_model(shape: Shape, parameters: Any) -> bytes:
    """Return the network as an ONNX file: Gemm, activation, ..., Softmax."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, h = [], [], "x"
    activation = {"relu": "Relu", "tanh": "Tanh"}[shape.activation]
    for i, (w, b) in enumerate(parameters):
        weights += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [h, f"w{i}", f"b{i}"], [f"z{i}"]))
        last = i == len(parameters) - 1
        h = "p" if last else f"h{i}"
        kind, options = ("Softmax", {"axis": 1}) if last else (activation, {})
        nodes.append(helper.make_node(kind, [f"z{i}"], [h], **options))
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, shape.n_inputs])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, shape.n_outputs])],
        weights,
    )
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR).SerializeToString()


MAKERS = {"sklearn": sklearn_side, "torch": torch_side, "onnxruntime": onnxruntime_side}


def compare(shape: Shape, chosen: list[str], rows: list[int], engine: Any, options: Any) -> Any:
    """Return microseconds per call for each number of rows and side, and whether they agree."""
    parameters = problem(shape).parameters
    sides = lamina_sides(shape, parameters, engine)
    for peer in chosen:
        sides[peer] = MAKERS[peer](shape, parameters, options.threads)
    found: dict[str, Any] = {}
    for n in rows:
        x = np.random.default_rng(0).standard_normal((n, shape.n_inputs), dtype=np.float32)
        inputs = dict.fromkeys(sides, x)
        if "torch" in chosen:
            inputs["torch"] = __import__("torch").from_numpy(x)
        first = np.asarray(sides["lamina predictor()"](x))
        gap = max(float(np.abs(np.asarray(f(inputs[s])) - first).max()) for s, f in sides.items())
        contenders = {s: common.timed(*enough(f, inputs[s])) for s, f in sides.items()}
        figures = common.alternate(contenders, options.rounds, options.seconds, options.turn)
        own = {side: common.summary(f, unit=1e-6) for side, f in figures.items()}
        found[str(n)] = {"sides": own, "largest_difference": gap, "agree": gap <= TOLERANCE}
    return found


def enough(predict: Callable[[Any], Any], x: Any) -> tuple[Callable[[], Any], int]:
    """Return a call, warmed up, and how often to repeat it for about five milliseconds."""

    def call() -> Any:
        return predict(x)

    call()
    start = time.perf_counter()
    call()
    return call, max(1, int(0.005 / (time.perf_counter() - start)))


def show(found: dict[str, Any]) -> str:
    """Return the table: median (best) microseconds per call."""
    sides = list(next(iter(found.values()))["sides"])
    rows = []
    for side in sides:
        own = [found[n]["sides"][side] for n in found]
        rows.append([side, *(f"{o['median']:.2f} ({o['best']:.2f})" for o in own)])
    return common.table(["µs", *(f"{int(n):,} row{'s' * (n != '1')}" for n in found)], rows)


def main() -> int:
    parser = common.parser(__doc__)
    parser.add_argument("--shapes", default="sk,image", help="networks to predict with")
    parser.add_argument("--peers", default=",".join(MODULES), help="of sklearn,torch,onnxruntime")
    parser.add_argument("--rows", default=ROWS, help="numbers of rows")
    options = parser.parse_args()
    options.threads = common.limit_threads(options.threads)
    known = {name: shape for name, shape in MAIN.items() if shape.n_outputs > 2}
    if unknown := set(options.shapes.split(",")) - set(known):  # two classes: another network
        sys.exit(f"--shapes must be some of {', '.join(known)}, got {', '.join(unknown)}")
    shapes = [known[name] for name in options.shapes.split(",")]
    chosen = common.present([p for p in options.peers.split(",") if p], MODULES)
    if "onnxruntime" in chosen and not common.has("onnx"):
        chosen.remove("onnxruntime")
        print("left out: onnxruntime (onnx, which writes its file, is not installed)")
    rows = [int(n) for n in options.rows.split(",")]
    common.use_engine(options.engine)
    engine = default_engine()
    found_on = machine.environment(engine, options.threads)
    print(machine.line(found_on))
    results = {}
    for shape in shapes:
        results[shape.name] = compare(shape, chosen, rows, engine, options)
        print(f"\n{shape.name}: {shape.sizes}, microseconds per call, median (best)\n")
        print(show(results[shape.name]))
        result = {"kind": "prediction", "environment": found_on, "shapes": results}
        common.write(options.json, result)
    wrong = [s for s, found in results.items() if not all(f["agree"] for f in found.values())]
    if wrong:
        print(f"the probabilities do not agree at: {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
