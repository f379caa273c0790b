"""NumPy rules of what derivatives are made of: indexing, order, linear algebra, special functions.

Registered from `readings.numpy`, whose table this extends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.readings.numpy import RULES
from taylored.readings.positions import gather_positions, scatter_positions
from taylored.trace.program import Equation

__all__: list[str] = []


# ---- gather and scatter ----


@RULES.register("gather")
def _gather(equation: Equation) -> Callable:
    params = equation.params

    def run(x: Any, starts: Any) -> Any:
        x, starts = np.asarray(x), np.asarray(starts)
        places, _ = gather_positions(x.shape, starts, np.zeros(starts.shape, bool), params)
        found = x.reshape(-1)[np.maximum(places, 0)]
        if (places >= 0).all():
            return found
        return np.where(places < 0, np.asarray(_fill(params.get("fill_value"), x.dtype)), found)

    return run


def _fill(value: Any, dtype: np.dtype) -> Any:
    if value is not None:
        return value
    if dtype.kind in "iu":
        return np.iinfo(dtype).min if dtype.kind == "i" else np.iinfo(dtype).max
    return dtype.kind == "b" or np.nan


def _scatter(combine: Callable[[Any, Any, Any], None]) -> Callable[[Equation], Callable]:
    def rule(equation: Equation) -> Callable:
        def run(x: Any, starts: Any, updates: Any) -> Any:
            x, starts, updates = np.array(x), np.asarray(starts), np.asarray(updates)
            known = np.zeros(starts.shape, bool)
            places, _ = scatter_positions(x.shape, starts, known, equation.params, updates.shape)
            keep = places >= 0
            target = x.reshape(-1)
            combine(target, places[keep], updates[keep])
            return target.reshape(x.shape)

        return run

    return rule


def _assign(target: np.ndarray, index: Any, values: Any) -> None:
    target[index] = values


RULES.family(["scatter"], _scatter(_assign))
for _name, _function in {"scatter-add": np.add, "scatter-mul": np.multiply,
                         "scatter-max": np.maximum, "scatter-min": np.minimum,
                         "scatter_add": np.add, "scatter_mul": np.multiply,
                         "scatter_max": np.maximum, "scatter_min": np.minimum}.items():  # fmt: skip
    RULES.family([_name], _scatter(_function.at))


@RULES.register("dynamic_update_slice")
def _dynamic_update_slice(equation: Equation) -> Callable:
    def run(x: Any, update: Any, *starts: Any) -> Any:
        result = np.array(x)
        begins = [
            min(max(int(s), 0), n - k)
            for s, n, k in zip(starts, result.shape, update.shape, strict=True)
        ]
        key = tuple(slice(b, b + k) for b, k in zip(begins, update.shape, strict=True))
        result[key] = update
        return result

    return run


@RULES.register("pad")
def _pad(equation: Equation) -> Callable:
    config = equation.params["padding_config"]

    def run(x: Any, filler: Any) -> Any:
        x = np.asarray(x)
        inner = [n + max(n - 1, 0) * gap for n, (_, _, gap) in zip(x.shape, config, strict=True)]
        low = [max(lo, 0) for lo, _, _ in config]
        whole = [n + max(lo, 0) + max(hi, 0) for n, (lo, hi, _) in zip(inner, config, strict=True)]
        result = np.full(whole, filler, x.dtype)
        placed = [
            slice(a, a + n, gap + 1) for a, n, (_, _, gap) in zip(low, inner, config, strict=True)
        ]
        result[tuple(placed)] = x
        cut = tuple(
            slice(-min(lo, 0), n + min(hi, 0)) for n, (lo, hi, _) in zip(whole, config, strict=True)
        )
        return result[cut]

    return run


# ---- order ----


@RULES.register("sort")
def _sort(equation: Equation) -> Callable:
    axis, keys = equation.params["dimension"], equation.params["num_keys"]

    def run(*values: Any) -> Any:
        values = tuple(np.asarray(v) for v in values)
        if len(values) == 1:
            return np.sort(values[0], axis=axis, kind="stable")
        order = np.lexsort(values[:keys][::-1], axis=axis)
        return tuple(np.take_along_axis(v, order, axis) for v in values)

    return run


def _extreme(function: Callable) -> Callable[[Equation], Callable]:
    def rule(equation: Equation) -> Callable:
        (axis,), dtype = equation.params["axes"], np.dtype(equation.params["index_dtype"])
        return lambda x: np.asarray(function(x, axis=axis)).astype(dtype)

    return rule


RULES.family(["argmax"], _extreme(np.argmax))
RULES.family(["argmin"], _extreme(np.argmin))


# ---- arithmetic that derivatives bring ----


@RULES.register("add_any")
def _add_any(equation: Equation) -> Callable:
    return np.add


for _name, _ufunc in {"real": np.real, "imag": np.imag, "conj": np.conj}.items():
    RULES.family([_name], lambda equation, _ufunc=_ufunc: lambda x, *_: _ufunc(x))


@RULES.register("complex")
def _complex(equation: Equation) -> Callable:
    return lambda x, y: x + 1j * np.asarray(y)


@RULES.register("cumlogsumexp")
def _cumlogsumexp(equation: Equation) -> Callable:
    axis, reverse = equation.params["axis"], equation.params["reverse"]

    def run(x: Any) -> Any:
        given = np.flip(x, axis) if reverse else x
        found = np.logaddexp.accumulate(given, axis=axis)
        return np.flip(found, axis) if reverse else found

    return run


def _scipy(name: str, *order: int) -> Callable[[Equation], Callable]:
    def rule(equation: Equation) -> Callable:
        from scipy import special

        function = getattr(special, name)
        return (lambda *xs: function(*(xs[k] for k in order))) if order else function

    return rule


for _name, _rule in {
    "igamma": _scipy("gammainc"), "igammac": _scipy("gammaincc"), "bessel_i0e": _scipy("i0e"),
    "bessel_i1e": _scipy("i1e"), "zeta": _scipy("zeta"), "polygamma": _scipy("polygamma"),
    "regularized_incomplete_beta": _scipy("betainc"),
}.items():  # fmt: skip
    RULES.family([_name], _rule)


# ---- linear algebra ----


@RULES.register("cholesky")
def _cholesky(equation: Equation) -> Callable:
    def run(x: Any) -> Any:
        try:
            return np.linalg.cholesky(x)
        except np.linalg.LinAlgError:
            return np.full_like(x, np.nan)

    return run


@RULES.register("triangular_solve")
def _triangular_solve(equation: Equation) -> Callable:
    p = equation.params

    def run(a: Any, b: Any) -> Any:
        a = np.tril(a) if p["lower"] else np.triu(a)
        if p["unit_diagonal"]:
            a = a - a * np.eye(a.shape[-1], dtype=a.dtype) + np.eye(a.shape[-1], dtype=a.dtype)
        if p["transpose_a"]:
            a = np.conj(np.swapaxes(a, -1, -2)) if p["conjugate_a"] else np.swapaxes(a, -1, -2)
        flat = (a, b) if p["left_side"] else (np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2))
        lower = p["lower"] != p["transpose_a"] if p["left_side"] else p["lower"] == p["transpose_a"]
        found = _substituted(*flat, lower)
        return found if p["left_side"] else np.swapaxes(found, -1, -2)

    return run


def _substituted(a: np.ndarray, b: np.ndarray, lower: bool) -> np.ndarray:
    """The solution of a triangular system, row by row; a zero on the diagonal gives inf or nan."""
    found = np.zeros(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + b.shape[-2:], b.dtype)
    rows = range(a.shape[-1]) if lower else range(a.shape[-1] - 1, -1, -1)
    done: list[int] = []
    for i in rows:
        rest = b[..., i, :]
        if done:
            rest = rest - np.einsum("...k,...kj->...j", a[..., i, done], found[..., done, :])
        found[..., i, :] = rest / a[..., i, i, None]
        done.append(i)
    return found


@RULES.register("lu")
def _lu(equation: Equation) -> Callable:
    def run(a: Any) -> Any:
        a = np.array(a)
        batch, (rows, columns) = a.shape[:-2], a.shape[-2:]
        flat = a.reshape((-1, rows, columns))
        steps = min(rows, columns)
        pivots = np.zeros((len(flat), steps), np.int32)
        order = np.tile(np.arange(rows, dtype=np.int32), (len(flat), 1))
        for matrix, chosen, moved in zip(flat, pivots, order, strict=True):
            _eliminate(matrix, chosen, moved)
        return (flat.reshape(a.shape), pivots.reshape((*batch, steps)),
                order.reshape((*batch, rows)))  # fmt: skip

    return run


def _eliminate(matrix: np.ndarray, pivots: np.ndarray, order: np.ndarray) -> None:
    """Gaussian elimination in place, with partial pivoting."""
    for k in range(len(pivots)):
        j = k + int(np.argmax(np.abs(matrix[k:, k])))
        pivots[k] = j
        if j != k:
            matrix[[k, j]], order[[k, j]] = matrix[[j, k]], order[[j, k]]
        if matrix[k, k] != 0:
            matrix[k + 1 :, k] /= matrix[k, k]
        matrix[k + 1 :, k + 1 :] -= np.outer(matrix[k + 1 :, k], matrix[k, k + 1 :])


@RULES.register("fft")
def _fft(equation: Equation) -> Callable:
    kinds = {"RFFT": np.fft.rfftn, "IRFFT": np.fft.irfftn, "IFFT": np.fft.ifftn}
    transform = kinds.get(equation.params["fft_type"].name, np.fft.fftn)
    lengths = tuple(equation.params["fft_lengths"])
    return lambda x: transform(x, lengths, axes=tuple(range(-len(lengths), 0)))


# ---- whole numbers bit by bit, and rounding away from zero ----


for _name, _function in {
    "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor,
    "bitwise_not": np.invert,
}.items():  # fmt: skip
    RULES.family([_name], lambda equation, run=_function: run)


@RULES.register("round_half_away")
def _round_half_away(equation: Equation) -> Callable:
    return lambda x: np.where(np.abs(x % 1.0) == 0.5, x + np.copysign(0.5, x), np.rint(x))
