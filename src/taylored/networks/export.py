"""Write the prediction of a network as StableHLO (by jax.export) or ONNX, parameters included.

A `.stablehlo` file is what `jax.export.deserialize` reads; beside it lies a `.json` with the names
of the columns. It runs without taylored, on CPU and CUDA:

    import jax, json, numpy as np
    with jax.enable_x64(True):
        net = jax.export.deserialize(bytearray(open("m.stablehlo", "rb").read()))
        found = net.call(np.array([[1.0, 2.0]]))  # {"mean": ..., "lo": ..., "hi": ..., ...}
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError, ModelError
from taylored.files import as_path, write_whole
from taylored.networks.classes import LEAST_PROBABILITY
from taylored.networks.exported import (
    Columns,
    Interval,
    Sets,
    description,
    interval_of,
    sets_of,
)
from taylored.networks.noise import LARGEST_BEND
from taylored.networks.plan import check_level
from taylored.readings.facts import resolve
from taylored.trace.jaxpr import float64

if TYPE_CHECKING:
    from taylored.networks.model import Model
    from taylored.networks.result import Network

__all__ = ["export", "prediction_function"]

_FORMATS = {".stablehlo": "stablehlo", ".onnx": "onnx"}
_PLATFORMS = ("cpu", "cuda")


def export(net: Network, path: str | Path, format: str = "auto", level: float = 0.9) -> None:
    """Write the prediction, with intervals or sets at `level` where they were calibrated.

    Args:
        net: a trained network.
        path: a file name ending in .stablehlo (a .json with the columns is written beside it) or
            .onnx (they are in its metadata).
        format: "stablehlo", "onnx", or "auto": by the ending.
        level: of the intervals; it is fixed in the file.

    Raises:
        ArgumentError: for an unknown format or level.
        MissingExtraError: where ONNX is wanted and not installed.
        ModelError: where a user's function cannot be exported.
        SavedFitError: where the file cannot be written.
    """
    path, level = as_path(path), check_level(level)
    if format == "auto":
        format = _FORMATS.get(path.suffix, path.suffix)
    if format not in _FORMATS.values():
        raise ArgumentError(
            f"There is no format {format!r} to export to.",
            next_step="give a path ending in .stablehlo or .onnx.",
        )
    about = description(net, level)
    if format == "onnx":
        from taylored.networks.export_onnx import onnx_bytes

        write_whole(path, onnx_bytes(net, about, level), "The export")
        return
    data = _stablehlo(net, level)
    text = json.dumps(about, indent=1, allow_nan=False) + "\n"
    write_whole(path.with_name(f"{path.name}.json"), text.encode(), "The description")
    write_whole(path, data, "The export")


def _stablehlo(net: Network, level: float) -> bytes:
    import jax
    from jax import export as exporting

    columns = len(net.encoder.columns)
    with float64():
        (rows,) = exporting.symbolic_shape("rows")
        x = jax.ShapeDtypeStruct((rows, columns), np.float64)
        try:
            made = exporting.export(jax.jit(prediction_function(net, level)), platforms=_PLATFORMS)(
                x
            )
            return bytes(made.serialize())
        except (ValueError, TypeError, NotImplementedError) as error:
            raise ModelError(
                "The model cannot be exported.",
                why=str(error).strip().splitlines()[0][:200],
                next_step="use jax.numpy functions of any number of rows alone: no callbacks, no "
                "shapes that depend on the rows.",
            ) from error


def prediction_function(net: Network, level: float) -> Any:
    """The prediction as a function for JAX: x (rows, columns) to a dict of arrays, in float64."""
    columns = Columns.of(net.encoder)
    theta = net.theta.astype(float)
    intervals, sets = interval_of(net, level), sets_of(net, level)
    center, scale = net.response.center, net.response.scale

    def decoded(values: Any) -> Any:
        values = values * scale + center
        return values[:, 0] if net.response.flat else values

    def predict(x: Any) -> dict[str, Any]:
        z, trusted = _features(columns, x)
        f = _members(net.model, theta, z)
        if net.task == "classification":
            return {**_classes(f, sets), "trusted": trusted}
        mean = f.mean(0)
        found = {"mean": decoded(mean), "trusted": trusted}
        if intervals is not None:
            reach = _reach(intervals, z, mean, f)
            found |= {"lo": decoded(mean - reach), "hi": decoded(mean + reach)}
        return found

    return predict


def _members(model: Model, theta: np.ndarray, z: Any) -> Any:
    """f (members, rows, outputs)."""
    import jax

    return jax.vmap(model.apply, (0, None))(theta, z)


def _features(columns: Columns, x: Any) -> tuple[Any, Any]:
    """The features of rows, and whether these are where there were training data."""
    import jax.numpy as jnp

    raw = x[:, columns.source]
    # A missing code stays missing: 0 * nan is nan.
    of_category = (raw == columns.code) / columns.scale + 0.0 * raw
    z = jnp.where(columns.code < 0, (raw - columns.center) / columns.scale, of_category)
    return z, ((x >= columns.low) & (x <= columns.high)).all(1)


def _reach(intervals: Interval, z: Any, mean: Any, f: Any) -> Any:
    """Half the width of the intervals (rows, outputs), standardized."""
    import jax.numpy as jnp

    noise = intervals.noise
    deviation = jnp.sqrt(noise.base + f.var(0, ddof=1))
    if noise.model is not None and noise.theta is not None:
        inputs = jnp.concatenate([z, mean], 1)
        bend = _members(noise.model, noise.theta.astype(float), inputs).mean(0)
        deviation = deviation * jnp.exp(jnp.clip(bend, -LARGEST_BEND, LARGEST_BEND))
    return intervals.width * deviation


def _classes(f: Any, sets: Sets | None) -> dict[str, Any]:
    import jax.numpy as jnp

    softmax = resolve("jax.nn:softmax")
    if f.shape[-1] == 1:
        p = resolve("jax.nn:sigmoid")(f)
        p = jnp.concatenate([1 - p, p], -1).mean(0)
    else:
        p = softmax(f, -1).mean(0)
    if sets is None:
        return {"probabilities": p}
    p = softmax(jnp.log(jnp.clip(p, LEAST_PROBABILITY, 1.0)) / sets.temperature, -1)
    return {"probabilities": p, "sets": (p >= sets.least) | (p == p.max(1, keepdims=True))}
