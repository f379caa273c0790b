"""Hold a row of elementwise facts against independent truth, point by point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.readings.facts import Row, resolve
from taylored.readings.numpy import compile_numpy
from taylored.results import Finding
from taylored.testing.oracles import mpmath
from taylored.trace.tracer import record

__all__ = ["RuleCheck", "check_rule"]

_WORKING_DIGITS = 40
_MOST = 15.95


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """What `check_rule` found.

    `digits` gives the fewest correct digits seen: of "numpy" and "jax", and of "derivative 0",
    "derivative 1", ... with respect to each input. `findings` name every part that has too few,
    and the point where.
    """

    digits: dict[str, float]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every part has the digits asked for."""
        return not self.findings


def check_rule(
    row: Row,
    value: Callable[..., Any],
    points: Iterable[float | Sequence[float]],
    *,
    digits: float = 12.0,
) -> RuleCheck:
    """Compare an elementwise row with the function it stands for.

    The values by NumPy and by JAX, and the local derivatives, are held against `value` and its
    numerical derivatives in 40 digits of mpmath.

    Args:
        row: what is to be added to `taylored.readings.facts.ELEMENTWISE`.
        value: the same function of mpmath's numbers, written independently.
        points: numbers, or one number per input; away from kinks and jumps, where a derivative
            does not exist. Near a zero of the function (or of a derivative) digits are counted
            relative to the largest of value, derivative and one.
        digits: how many digits must be right.

    Returns:
        RuleCheck: `.ok`, `.findings`, `.digits`.

    Numerical error:
        The derivatives of `value` carry about 20 digits; what is counted is the error of the row.

    Raises:
        MissingExtraError: without mpmath.

    Example:
        >>> import mpmath
        >>> from taylored.readings.facts import Row
        >>> from taylored.testing import check_rule
        >>> square = Row("numpy:square", "jax.numpy:square", lambda x, y: (2.0 * x,))
        >>> check_rule(square, lambda x: x * x, [-1.5, 0.0, 3.0]).ok
        True
        >>> wrong = Row("numpy:square", "jax.numpy:square", lambda x, y: (3.0 * x,))
        >>> print(check_rule(wrong, lambda x: x * x, [2.0]).findings[0])
        derivative 0: it is 6 at 2, but should be 4. Correct the row.
    """
    spots = [tuple(map(float, np.atleast_1d(np.asarray(point, float)))) for point in points]
    count = len(spots[0])
    parts = {"numpy": resolve(row.numpy), "jax": _with_jax(row)}
    for i in range(count if row.derivatives else 0):
        parts[f"derivative {i}"] = _derivative(row, i, count)
    found = {name: _worst(name, run, value, spots) for name, run in parts.items()}
    findings = [f for worst, f in found.values() if worst < digits]
    return RuleCheck({name: worst for name, (worst, _) in found.items()}, tuple(findings))


def _with_jax(row: Row) -> Callable[..., float]:
    def run(*point: float) -> float:
        from taylored.trace.jaxpr import float64

        with float64():
            return float(resolve(row.jax)(*map(np.float64, point)))

    return run


def _derivative(row: Row, index: int, count: int) -> Callable[..., float]:
    """The row's derivative as a program of the inputs and the result, run by NumPy."""
    rule = row.derivatives
    assert rule is not None
    names = [*(f"x{i}" for i in range(count)), "result"]

    def local(*inputs: Any) -> Any:
        given = rule(*inputs)
        if len(given) != count:
            raise ValueError(f"{len(given)} derivatives for {count} inputs")
        return 0.0 if given[index] is None else given[index]

    run = compile_numpy(record(local, names))

    def at(*point: float) -> float:
        wide = [np.float64(v) for v in point]
        return float(run(*wide, resolve(row.numpy)(*wide))[0])

    return at


def _worst(
    name: str, run: Callable[..., float], value: Callable[..., Any], spots: list[tuple[float, ...]]
) -> tuple[float, Finding]:
    """The fewest digits at any point, and the sentence about it."""
    worst, at, seen, wanted = np.inf, spots[0], np.nan, np.nan
    with np.errstate(all="ignore"):
        for point in spots:
            truth, scale = _truth(name, value, point)
            now = float(run(*point))
            error = abs(now - truth) / scale
            good = 0.0 if not np.isfinite(now) else -np.log10(max(error, 1e-99))
            if good < worst:
                worst, at, seen, wanted = good, point, now, truth
    where = ", ".join(f"{v:g}" for v in at)
    return min(float(worst), _MOST), Finding(
        name,
        f"it is {seen:.6g} at {where}, but should be {wanted:.6g}.",
        "Correct the row.",
        "error",
    )


def _truth(name: str, value: Callable[..., Any], point: tuple[float, ...]) -> tuple[float, float]:
    """What a part must give at a point, and the size that its error is relative to."""
    mp = mpmath()
    with mp.workdps(_WORKING_DIGITS):
        exact = [mp.mpf(v) for v in point]
        here = float(value(*exact))
        if not name.startswith("derivative"):
            return here, abs(here) or 1.0
        order = [0] * len(point)
        order[int(name.split()[1])] = 1
        slope = float(mp.diff(value, tuple(exact) if len(exact) > 1 else exact[0],
                              tuple(order) if len(order) > 1 else 1))  # fmt: skip
    return slope, max(abs(slope), abs(here), 1.0)
