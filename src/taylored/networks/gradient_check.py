"""The Taylor test: whether what is called the gradient is the derivative of the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["GradientCheck", "check_gradient"]

_STEPS = 10.0 ** np.arange(-1.0, -7.1, -0.5)
_CLEAR = 1e3  # a remainder is read where it is so many times larger than rounding
_FITTED = 4  # of the smallest clear steps
_UNIT = 2.0**-52


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """Whether |L(θ + h d) - L(θ) - h ∇L·d| falls like h².

    Attributes:
        steps: the h.
        remainders: what is left at each.
        noise: about how large rounding makes them.
        slope: of log remainder over log h at the smallest steps that rounding does not hide; nan
            where it hides all: the function is then linear along d as far as can be told.
    """

    steps: np.ndarray
    remainders: np.ndarray
    noise: float
    slope: float

    @property
    def linear(self) -> bool:
        """Whether nothing is left but rounding."""
        return bool(np.isfinite(self.remainders).all() and np.isnan(self.slope))

    @property
    def ok(self) -> bool:
        """Whether the slope is 2.0 ± 0.05, or more where the second derivative vanishes."""
        return self.linear or self.slope >= 1.95

    def __str__(self) -> str:
        if self.linear:
            return "Taylor test: linear, nothing is left but rounding"
        if np.isnan(self.slope):
            return "Taylor test: not made, for there are numbers that are not finite"
        said = "as it must be: 2.0 ± 0.05" if self.ok else "not 2.0 ± 0.05"
        if self.slope > 2.05:
            said = "more than 2.0, as where the second derivative vanishes"
        return f"Taylor test: slope {self.slope:.2f}, {said}"


def check_gradient(
    value: Callable[[np.ndarray], float], at: np.ndarray, gradient: np.ndarray,
    rng: np.random.Generator,
) -> GradientCheck:  # fmt: skip
    """The Taylor test along one random direction, about as long as `at`.

    Args:
        value: a function of a vector (size,).
        at: where.
        gradient: what is tested (size,).
        rng: for the direction.
    """
    direction = rng.normal(size=at.size) * (float(np.sqrt(np.mean(at**2))) or 1.0)
    start, rise = value(at), float(gradient @ direction)
    with np.errstate(all="ignore"):
        moved = np.array([value(at + h * direction) for h in _STEPS])
        left = np.abs((moved - start) - _STEPS * rise)
        # θ + h d is rounded too: its error moves the value by the gradient.
        noise = 8 * _UNIT * (abs(start) + float(np.abs(gradient) @ np.abs(at)))
    return GradientCheck(_STEPS, left, noise, _slope(left, noise))


def _slope(left: np.ndarray, noise: float) -> float:
    clear = np.flatnonzero(left > _CLEAR * noise)
    if len(clear) < 2 or not np.isfinite(left).all():
        return float("nan")
    used = clear[-_FITTED:]
    return float(np.polyfit(np.log(_STEPS[used]), np.log(left[used]), 1)[0])
