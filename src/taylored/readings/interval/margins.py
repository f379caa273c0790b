"""Measured margins of floating-point functions: how far a computed value may be off.

`v` computed for an exact input stands for a value within `m*|v|*2**-52 + tiny` of it, with the
margin m of the function. Margins are twice a measured maximum and one more: evidence about the
machines measured, not a proof, so that `trusted` checks hard points once in every process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, MissingRule
from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.readings.interval.record import exceeded

__all__ = [
    "LIMITS",
    "MEASURED_WITH",
    "NUMPY_MARGINS",
    "TABLES",
    "TABLE_VERSION",
    "UNIT",
    "XLA_MARGINS",
    "Margins",
    "clear",
    "device_without_margins",
    "off",
    "self_check",
    "tiny",
    "trusted",
]

TABLE_VERSION = 1
UNIT = 2.0**-52


class Margins(Mapping[str, float]):
    """The margin of each function, in units of 2**-52 of its computed value.

    Looking up a function that has none is a `MissingRule`.
    """

    def __init__(self, executor: str, margins: Mapping[str, float]):
        self.executor, self._margins = executor, dict(margins)

    def __getitem__(self, function: str) -> float:
        try:
            return self._margins[function]
        except KeyError:
            raise MissingRule(
                f"There is no measured margin for {function} as {self.executor} computes it.",
                why="nothing can be said about how far its computed values are off",
                next_step="exact=True computes with python-flint instead",
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._margins)

    def __len__(self) -> int:
        return len(self._margins)

    def __contains__(self, function: object) -> bool:  # Mapping's own expects a KeyError
        return function in self._margins

    def get(self, key: str, default: Any = None) -> Any:
        """The margin of a function, or `default` where it has none."""
        return self._margins.get(key, default)


# What was measured: benchmarks/margins.py prints it. Arithmetic and square roots are correctly
# rounded, 0.5 at most, for which 1 is enough.
MEASURED_WITH: Mapping[str, str] = {
    "numpy": "2.4.6", "scipy": "1.17.1", "jaxlib": "0.10.2", "C library": "glibc 2.36",
    "processor": "x86-64, with and without AVX-512 and AVX2", "date": "2026-11-21",
}  # fmt: skip

NUMPY_MARGINS = Margins("NumPy", {
    "add": 1.0, "sub": 1.0, "mul": 1.0, "div": 1.0, "sqrt": 1.0, "rsqrt": 3.0, "cbrt": 7.0,
    "exp": 3.0, "exp2": 3.0, "expm1": 3.0, "log": 3.0, "log2": 3.0, "log10": 4.0, "log1p": 3.0,
    "logistic": 4.0, "sin": 3.0, "cos": 3.0, "tan": 3.0, "asin": 3.0, "acos": 3.0, "atan": 3.0,
    "atan2": 3.0, "sinh": 4.0, "cosh": 4.0, "tanh": 4.0, "asinh": 4.0, "acosh": 4.0, "atanh": 4.0,
    "erf": 5.0, "pow": 3.0,
    # exp(-x*x) of a rounded square: 256 near x = 24, about 1 where |x| < 1
    "erfc": 520.0,
})  # fmt: skip

XLA_MARGINS = Margins("XLA", {
    "add": 1.0, "sub": 1.0, "mul": 1.0, "sqrt": 1.0, "rsqrt": 4.0, "exp": 4.0, "expm1": 7.0,
    "div": 4.0,  # a division by one number becomes a multiplication by its inverse
    "log": 3.0, "log2": 3.0, "log10": 4.0, "logistic": 5.0, "sin": 3.0, "cos": 3.0, "tan": 4.0,
    "asin": 4.0, "acos": 4.0, "atan": 7.0, "atan2": 3.0, "tanh": 8.0, "asinh": 5.0, "acosh": 6.0,
    "erf": 3.0, "pow": 3.0,
    # Large but true; better by another way: cbrt, exp2, sinh, cosh and erfc are exponentials of a
    # rounded number and lose with its size, log1p and atanh lose at x near -0.4142.
    "cbrt": 125.0, "exp2": 740.0, "sinh": 510.0, "cosh": 510.0, "erfc": 520.0, "log1p": 250.0,
    "atanh": 160.0,
})  # fmt: skip

TABLES: Mapping[str, Margins] = {"numpy": NUMPY_MARGINS, "xla": XLA_MARGINS}

# Where |x| is beyond these, the margins say nothing. sin and cos of large numbers, by the C
# library, are off by up to 1e5 units near their zeros: cos(1.5986289000543612e+74), for one.
LIMITS: Mapping[str, float] = {"sin": 2.0**26, "cos": 2.0**26, "tan": 2.0**26}

# NumPy keeps subnormal numbers; XLA takes them for zero, also on the way to a result.
_TINY: Mapping[str, float] = {"numpy": 4 * 5e-324, "xla": 2.0**-1010}
_FLUSHED = ("logistic", "erfc")  # SciPy answers zero where NumPy would go on to subnormal numbers


def tiny(executor: str, function: str) -> float:
    """What a computed value may be off beside its margin."""
    return max(_TINY[executor], 2.0**-1021 if function in _FLUSHED else 0.0)


def off(computed: Any, value: Any, rest: Any, absolute: float) -> np.ndarray:
    """By how many units of itself each computed number is off, beyond `absolute`.

    The exact values are `value*(1 + rest*2**-52)`. Infinity stands for a number that is no
    approximation; an infinite one is right only where the exact value is beyond all float64.
    """
    v, y = np.broadcast_arrays(np.asarray(computed, float), np.asarray(value, float))
    with np.errstate(all="ignore"):
        units = np.abs((v - y) / y / UNIT - rest) * np.abs(y / v)
        units = units - absolute / np.abs(v) / UNIT
    units = np.where(np.isfinite(units), np.maximum(units, 0.0), np.inf)
    zero = (v == 0) | (y == 0)
    units[zero] = np.where(np.abs(v[zero] - y[zero]) <= absolute, 0.0, np.inf)
    return np.where(np.isinf(y) & (v == y), 0.0, units)


# ---- trust ----------------------------------------------------------------------------------


@cache
def trusted(executor: str = "numpy") -> tuple[bool, str]:
    """Whether the margins hold on this machine, as far as is known; and if not, why not.

    Hard points are computed once in a process; what `taylored doctor` found is remembered.
    """
    try:
        reason = device_without_margins(executor) or _recorded(executor) or _wrong_here(executor)
    except ArgumentError:
        raise
    except Exception as error:  # what cannot be checked is not trusted, whatever is broken
        reason = f"The functions of {executor} cannot be checked: {type(error).__name__}: {error}"
    return not reason, reason


def clear() -> None:
    """Forget what `trusted` found in this process."""
    trusted.cache_clear()


def device_without_margins(executor: str) -> str:
    """A sentence about the device where it is none for which margins were measured, else ""."""
    if executor != "xla":
        return ""
    import jax

    device = jax.default_backend()
    return "" if device == "cpu" else f"No margins were measured for XLA on a {device} device."


def _recorded(executor: str) -> str:
    for name, ulps in exceeded(executor, TABLE_VERSION, _table(executor)).items():
        return f"{_sentence(executor, name, ulps)} It was found by `taylored doctor`."
    return ""


def _wrong_here(executor: str) -> str:
    margins = _table(executor)
    for name, ulps in self_check(executor).items():
        if ulps > margins[name]:
            return _sentence(executor, name, ulps)
    return ""


def _sentence(executor: str, name: str, ulps: float) -> str:
    table = _table(executor)
    return (
        f"{name} as {table.executor} computes it here is off by {ulps:.3g} units of 2**-52, "
        f"more than its margin of {table[name]:g}."
    )


def _table(executor: str) -> Margins:
    if executor not in TABLES:
        raise ArgumentError(f"There are no margins of {executor!r}.", next_step='"numpy" or "xla"')
    return TABLES[executor]


def self_check(executor: str = "numpy") -> dict[str, float]:
    """The largest error of each function at the points that the package carries, on this machine.

    For each function some thirty points: those found hardest, and plain ones, with exact values.
    """
    _table(executor)
    points = _sentinels()
    inputs = {name: columns[:-2] for name, columns in points.items()}
    computed = (_by_xla if executor == "xla" else _by_numpy)(inputs)
    return {
        name: float(np.max(off(computed[name], value, rest, tiny(executor, name))))
        for name, (*_, value, rest) in points.items()
    }


@cache
def _sentinels() -> dict[str, np.ndarray]:
    """For each function rows of numbers: its inputs, the values, and what the values lack."""
    text = (files("taylored.readings.interval") / "sentinels.json").read_text("utf-8")
    return {name: np.array(rows).T.copy() for name, rows in json.loads(text).items()}


def _by_numpy(inputs: Mapping[str, Any]) -> dict[str, Any]:
    with np.errstate(all="ignore"):
        return {name: resolve(ELEMENTWISE[name].numpy)(*x) for name, x in inputs.items()}


def _by_xla(inputs: Mapping[str, Any]) -> dict[str, Any]:
    import jax

    from taylored.trace.jaxpr import float64

    def every(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: resolve(ELEMENTWISE[name].jax)(*x) for name, x in values.items()}

    with float64():
        return jax.tree.map(np.asarray, jax.jit(every)(jax.tree.map(jax.numpy.asarray, inputs)))
