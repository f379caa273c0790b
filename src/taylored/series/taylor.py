"""`taylor` and `linearize`: a polynomial, and a proved bound on what it leaves out."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.series.enclosed import Settings, expansion, proved_remainder
from taylored.series.function import read_target
from taylored.series.order import HIGHEST, least_order
from taylored.series.radius import box_sides, radius_sides
from taylored.series.refusals import refuse
from taylored.series.result import Taylor

__all__ = ["linearize", "taylor"]


def taylor(
    f: Any,
    at: Any,
    order: int | None = None,
    *,
    radius: Any = None,
    on: Any = None,
    tol: float | None = None,
    thorough: bool = False,
    exact: bool = False,
) -> Taylor:
    """The Taylor polynomial of a function, with a proved bound on what it leaves out.

    T(x) = sum over |a| <= order of c_a (x - at)**a, c_a = (d/dx)**a f(at) / a!, and
    f(x) - T(x) in [remainder.lo, remainder.hi] for all x with |x - at| <= radius, rounding
    included.

    Args:
        f: a formula such as "exp(sin(2*x))", or a function of numbers, arrays or trees of them,
            written with JAX, NumPy or plain operators.
        at: the center: what f takes. A tuple or dictionary for a function of several arguments
            or a formula with several names.
        order: the degree of the polynomial. Leave it out with `tol`.
        radius: how far the box reaches from the center in each direction: one number, or one for
            each input in the form of `at`. Without it nothing is said about the remainder.
        on: the box by its ends (lo, hi) instead, each in the form of `at`; the center lies in it.
        tol: the remainder wanted. The order is then the least one whose proved remainder on the
            box is at most `tol` in absolute value.
        thorough: spend more time on a narrower remainder.
        exact: compute the remainder with python-flint's balls at 128 bits instead of float64
            rounded outward: slow, and nothing rests on measured margins of vendor functions.

    Returns:
        A `Taylor`: `T(x)`, `T.coefficients`, `T.remainder`, `T.radius_for(tol)`, and more.

    Numerical error: coefficients have a proved error each, `T.coefficient_errors`.

    Raises:
        ArgumentError: for arguments that make no sense together.
        CenterError: where f has no Taylor polynomial at the center.
        EnclosureError: where f is not smooth on the box; it names a radius that works.
        FormulaError, FunctionError: where f cannot be read.
        MissingRule: for operations that cannot be expanded or bounded, with the user's lines.

    Example:
        >>> import taylored as ty
        >>> T = ty.taylor("exp(sin(2*x))", at=0.3, order=6, radius=0.5)
        >>> T.remainder.largest < 0.05
        True

    Source: Moore, Kearfott and Cloud, Introduction to Interval Analysis (2009), chapters 6 and 8;
    Griewank and Walther, Evaluating Derivatives (2008), chapter 13.
    """
    _check(order, tol, (radius, on))
    target, point = read_target(f, at)
    sides = None
    if radius is not None:
        sides = radius_sides(target, radius)
    elif on is not None:
        sides = box_sides(target, point, on)
    settings = Settings(bool(thorough), bool(exact))
    if order is None:
        assert sides is not None  # tol needs a radius: checked above
        made, enclosed = least_order(target, point, sides, float(tol or 0.0), settings)
        return Taylor(target, at, made, settings, sides, enclosed)
    made = expansion(target, point, int(order), settings)
    if sides is None:
        return Taylor(target, at, made, settings, None, None)
    enclosed = proved_remainder(made, sides, settings)
    if not enclosed.proved:
        raise refuse(made, sides, settings, enclosed)
    return Taylor(target, at, made, settings, sides, enclosed)


def linearize(
    f: Any, at: Any, *, radius: Any = None, on: Any = None, thorough: bool = False
) -> Taylor:
    """The linear approximation of a function, with a proved bound on what it leaves out.

    L(x) = f(at) + f'(at) (x - at): the Taylor polynomial of order 1. See `taylor` for the
    arguments, what is returned and raised, and the numerical error.

    Example:
        >>> import taylored as ty
        >>> L = ty.linearize("sqrt(x)", at=4.0, radius=0.1)
        >>> L(4.1)
        2.025
    """
    return taylor(f, at, 1, radius=radius, on=on, thorough=thorough)


def _check(order: Any, tol: Any, box: tuple[Any, Any]) -> None:
    if box[0] is not None and box[1] is not None:
        raise ArgumentError("Both radius and on are given.", next_step="give one of them.")
    if order is None and tol is None:
        raise ArgumentError(
            "The order is missing.", next_step="give order=5, or tol=1e-8 and a radius."
        )
    if order is not None and tol is not None:
        raise ArgumentError(
            "Both order and tol are given.",
            next_step="give one of them; T.radius_for(tol) says how far an order reaches.",
        )
    if order is not None:
        if isinstance(order, bool) or not isinstance(order, numbers.Integral) or order < 0:
            raise ArgumentError(
                f"order={order!r} is no whole number >= 0.", next_step="give order=5."
            )
        if int(order) > HIGHEST:
            raise ArgumentError(
                f"order={order} is beyond what float64 coefficients can carry.",
                why="long before, terms are smaller than the rounding of the first ones.",
                next_step=f"give order <= {HIGHEST}, or tol=1e-12 and a radius for the least one.",
            )
    if tol is not None:
        if not (isinstance(tol, numbers.Real) and float(tol) > 0 and np.isfinite(float(tol))):
            raise ArgumentError(f"tol={tol!r} is no positive number.", next_step="give tol=1e-8.")
        if box == (None, None):
            raise ArgumentError(
                "tol needs a radius (or on=): the box on which the remainder is to be so small.",
                next_step="give radius=0.1.",
            )
