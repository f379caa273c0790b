"""The figure of the first page: the polynomials of the sine, each with the range it is proved for.

Drawn once, with radio buttons that choose an order; the style sheet alone does the rest.
"""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["hero_html"]

_ORDERS = (1, 3, 5, 7, 9, 11)
_FIRST = 5
_X, _Y = 9.2, 2.4  # what is shown on either side of zero
_WIDE, _HIGH = 1080, 300
_TOLERANCE = 0.01


@lru_cache(maxsize=1)
def hero_html() -> str:
    """The figure with its choice of order."""
    choices = "".join(
        f'<label><input type="radio" name="order" value="{n}" class="order-{n}"'
        f"{' checked' if n == _FIRST else ''}><span>{n}</span></label>"
        for n in _ORDERS
    )
    words = "".join(f'<p class="says n{n}">{_sentence(n)}</p>' for n in _ORDERS)
    return (
        f'<figure class="hero"><svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        'preserveAspectRatio="xMidYMid slice" aria-label="The sine and six of '
        "its Taylor polynomials at 0. The higher the order, the "
        'farther out the polynomial stays with the curve before it leaves.">'
        f"{_bands()}{_axis()}{_curves()}</svg><figcaption>"
        f'<fieldset class="orders"><legend>Order of the polynomial</legend>{choices}</fieldset>'
        f'<div class="saying" aria-live="polite">{words}</div></figcaption></figure>'
    )


def _sentence(n: int) -> str:
    radius = _radius(n)
    return (
        f"Order {n}: the polynomial is within {_TOLERANCE} of sin <i>x</i> wherever "
        f'<span class="nobr">|<i>x</i>| ≤ {radius:.2f}</span>, <b class="proved">proved</b>.'
    )


def _radius(n: int) -> float:
    """Where |x|^(n+2)/(n+2)!, the bound on what is left out, is 0.01; two digits, rounded down."""
    exact = (_TOLERANCE * math.factorial(n + 2)) ** (1 / (n + 2))
    return math.floor(100 * exact - 1e-9) / 100


def _polynomial(n: int, x: float) -> float:
    return sum((-1) ** (k // 2) * x**k / math.factorial(k) for k in range(1, n + 1, 2))


def _at(x: float, y: float) -> tuple[float, float]:
    return (x / _X + 1) / 2 * _WIDE, (1 - y / _Y) / 2 * _HIGH


def _curves() -> str:
    xs = [_X * (k / 240 - 1) for k in range(481)]
    lines = "".join(_line(xs, lambda x, n=n: _polynomial(n, x), f"approx n{n}") for n in _ORDERS)
    return _line(xs, math.sin, "truth") + lines


def _line(xs: list[float], f, kind: str) -> str:
    kept = [(x, f(x)) for x in xs]
    points = " ".join("{:.1f},{:.1f}".format(*_at(x, y)) for x, y in kept if abs(y) <= 1.3 * _Y)
    return f'<polyline class="{kind}" points="{points}"/>'


def _bands() -> str:
    """The stretch of the axis on which each order is proved to be good to 0.01."""
    parts = []
    for n in _ORDERS:
        (x0, _), (x1, _) = _at(-_radius(n), 0), _at(_radius(n), 0)
        parts.append(f'<rect class="band n{n}" x="{x0:.1f}" y="0" width="{x1 - x0:.1f}" '
                     f'height="{_HIGH}"/>')  # fmt: skip
    return "".join(parts)


def _axis() -> str:
    y = _HIGH / 2
    ticks = "".join(f"M{_at(k * math.pi, 0)[0]:.1f} {y - 4}v8" for k in (-2, -1, 0, 1, 2))
    texts = "".join(
        f'<text x="{_at(k * math.pi, 0)[0]:.1f}" y="{y + 22}" text-anchor="middle">{said}</text>'
        for k, said in ((-2, "−2π"), (-1, "−π"), (1, "π"), (2, "2π"))
    )
    return f'<path class="axes" d="M0 {y}H{_WIDE}{ticks}"/>{texts}'
