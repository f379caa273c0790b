"""The prediction of a network as an ONNX graph, built node by node, in float64.

ONNX Runtime has the error function in float32 only: with the activation "gelu" values are right to
about 1e-7 of their size, with all others to rounding.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

import taylored
from taylored.errors import MissingExtraError, ModelError
from taylored.networks.classes import LEAST_PROBABILITY
from taylored.networks.exported import Columns, Interval, Sets, interval_of, sets_of
from taylored.networks.model import Perceptron
from taylored.networks.noise import LARGEST_BEND

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["onnx_bytes"]

_OPERATORS, _FORM = 18, 9  # versions of the operators and of the file: runtimes from 2023 on


def onnx_bytes(net: Network, about: dict[str, Any], level: float) -> bytes:
    """The model as ONNX; `about` goes into its metadata.

    Raises:
        MissingExtraError: where onnx is not installed; ModelError: for a user's function.
    """
    if not isinstance(net.model, Perceptron):
        raise ModelError(
            "A function of your own cannot be written as ONNX.",
            why="only layers of our own have ONNX operators for each of their steps.",
            next_step="export it to a path ending in .stablehlo.",
        )
    graph = _Graph()
    z, trusted = _features(graph, Columns.of(net.encoder))
    f = _members(graph, net.model, net.theta, z)
    if net.task == "classification":
        outputs = _classes(graph, f, net.model.outputs, sets_of(net, level))
    else:
        outputs = _regression(graph, net, z, f, interval_of(net, level))
    return graph.model(len(net.encoder.columns), {**outputs, "trusted": trusted}, about)


class _Graph:
    """Nodes and constants under way; values are the names that ONNX gives them."""

    def __init__(self):
        try:
            import onnx
        except ImportError:
            raise MissingExtraError(
                "Exporting to ONNX needs the package onnx, which is not installed.",
                next_step='pip install "taylored[onnx]", or export to .stablehlo.',
            ) from None
        self._onnx, self._nodes, self._constants = onnx, [], []

    def __call__(self, operator: str, *inputs: Any, **attributes: Any) -> str:
        """A node of one output; arrays and numbers among the inputs become constants."""
        names = [i if isinstance(i, str) else self._constant(i) for i in inputs]
        output = f"v{len(self._nodes)}"
        node = self._onnx.helper.make_node(operator, names, [output], **attributes)
        self._nodes.append(node)
        return output

    def _constant(self, value: Any) -> str:
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else float)
        name = f"c{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def cast(self, value: str, kind: str) -> str:
        """To "DOUBLE", "FLOAT" or "BOOL"."""
        return self("Cast", value, to=getattr(self._onnx.TensorProto, kind))

    def mean(self, value: str) -> str:
        """Over the first axis."""
        return self("ReduceMean", value, [0], keepdims=0)

    def model(self, columns: int, outputs: dict[str, str], about: dict[str, Any]) -> bytes:
        """The file, with outputs by name."""
        helper, kinds = self._onnx.helper, self._onnx.TensorProto
        declared = []
        for name, value in outputs.items():
            self._nodes.append(helper.make_node("Identity", [value], [name]))
            kind = kinds.BOOL if name in ("trusted", "sets") else kinds.DOUBLE
            declared.append(helper.make_tensor_value_info(name, kind, None))
        given = helper.make_tensor_value_info("x", kinds.DOUBLE, ["rows", columns])
        graph = helper.make_graph(self._nodes, "taylored", [given], declared, self._constants)
        made = helper.make_model(
            graph, producer_name="taylored", producer_version=taylored.__version__,
            opset_imports=[helper.make_opsetid("", _OPERATORS)], ir_version=_FORM,
        )  # fmt: skip
        made = self._onnx.shape_inference.infer_shapes(made, strict_mode=True)
        helper.set_model_props(made, {"taylored": json.dumps(about, allow_nan=False)})
        self._onnx.checker.check_model(made)
        return made.SerializeToString(deterministic=True)


def _features(graph: _Graph, columns: Columns) -> tuple[str, str]:
    """The features of rows, and whether these are where there were training data."""
    raw = graph("Gather", "x", columns.source, axis=1)
    z = graph("Div", graph("Sub", raw, columns.center), columns.scale)
    if (columns.code >= 0).any():
        hit = graph.cast(graph("Equal", raw, columns.code), "DOUBLE")
        # A missing code stays missing: 0 * nan is nan.
        hit = graph("Add", graph("Div", hit, columns.scale), graph("Mul", raw, 0.0))
        number = graph("Less", columns.code, 0.0)
        z = graph("Where", number, z, hit)
    above = graph("GreaterOrEqual", "x", columns.low)
    inside = graph("And", above, graph("LessOrEqual", "x", columns.high))
    least = graph("ReduceMin", graph.cast(inside, "FLOAT"), [1], keepdims=0)
    return z, graph.cast(least, "BOOL")


def _members(graph: _Graph, model: Perceptron, theta: np.ndarray, z: str) -> str:
    """f (members, rows, outputs)."""
    layers = model.weights(theta.astype(float))
    for k, (weight, bias) in enumerate(layers):
        z = graph("Add", graph("MatMul", z, weight), bias)
        if k < len(layers) - 1:
            z = _bend(graph, model.activation.name, z)
    return z


_SIMPLE = {"tanh": "Tanh", "relu": "Relu", "logistic": "Sigmoid", "softplus": "Softplus",
           "sin": "Sin", "identity": "Identity"}  # fmt: skip


def _bend(graph: _Graph, activation: str, u: str) -> str:
    """An activation function."""
    if activation in _SIMPLE:
        return graph(_SIMPLE[activation], u)
    if activation == "silu":
        return graph("Mul", u, graph("Sigmoid", u))
    if activation == "gelu":
        half = graph.cast(graph("Mul", u, 0.5**0.5), "FLOAT")
        error = graph.cast(graph("Erf", half), "DOUBLE")
        return graph("Mul", u, graph("Mul", graph("Add", error, 1.0), 0.5))
    raise ModelError(
        f"The activation {activation!r} has no ONNX operator.",
        next_step="export to a path ending in .stablehlo.",
    )


def _regression(
    graph: _Graph, net: Network, z: str, f: str, intervals: Interval | None
) -> dict[str, str]:
    response = net.response

    def decoded(value: str) -> str:
        value = graph("Add", graph("Mul", value, response.scale), response.center)
        return graph("Squeeze", value, [1]) if response.flat else value

    mean = graph.mean(f)
    if intervals is None:
        return {"mean": decoded(mean)}
    apart = graph("Sub", f, mean)
    members = len(net.theta)
    spread = graph("Mul", graph.mean(graph("Mul", apart, apart)), members / (members - 1))
    deviation = graph("Sqrt", graph("Add", spread, intervals.noise.base))
    noise = intervals.noise
    if noise.model is not None and noise.theta is not None:
        inputs = graph("Concat", z, mean, axis=1)
        bend = graph.mean(_members(graph, noise.model, noise.theta, inputs))
        bend = graph("Clip", bend, -LARGEST_BEND, LARGEST_BEND)
        deviation = graph("Mul", deviation, graph("Exp", bend))
    reach = graph("Mul", deviation, intervals.width)
    lo, hi = graph("Sub", mean, reach), graph("Add", mean, reach)
    return {"mean": decoded(mean), "lo": decoded(lo), "hi": decoded(hi)}


def _classes(graph: _Graph, f: str, outputs: int, sets: Sets | None) -> dict[str, str]:
    if outputs == 1:
        p = graph("Sigmoid", f)
        p = graph("Concat", graph("Sub", 1.0, p), p, axis=-1)
    else:
        p = graph("Softmax", f, axis=-1)
    p = graph.mean(p)
    if sets is None:
        return {"probabilities": p}
    log = graph("Log", graph("Clip", p, LEAST_PROBABILITY, 1.0))
    p = graph("Softmax", graph("Div", log, sets.temperature), axis=-1)
    largest = graph("ReduceMax", p, [1], keepdims=1)
    chosen = graph("Or", graph("GreaterOrEqual", p, sets.least), graph("Equal", p, largest))
    return {"probabilities": p, "sets": chosen}
