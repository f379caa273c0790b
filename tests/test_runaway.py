"""Whether functions fall without end: along rays, along curves, and as said by the solvers."""

from __future__ import annotations

import math

import pytest

import taylored as ty
from taylored.optimize.descent.ray import fate


def _safe(f, s):
    try:
        return f(s)
    except OverflowError:
        return math.nan


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda s: -math.log(s), "falls"),
        (lambda s: 1e6 - math.log(s), "falls"),
        (lambda s: -(s**0.5), "falls"),
        (lambda s: -s + 1e-3 * math.sin(s), "falls"),
        (lambda s: -math.exp(s) if s < 700 else -math.inf, "falls"),
        (lambda s: 1 / s, "levels"),
        (lambda s: s**-0.1, "levels"),
        (lambda s: 1 / math.log(2 + s), "levels"),
        (lambda s: 1e6 - s / (1 + 1e-9 * s), "levels"),
        (lambda s: -1e-3 * s + 1e-25 * s * s, "turns"),
        (lambda s: -1e3 * s + 1e-200 * s * s, "turns"),
        (lambda s: -math.exp(s) + 1e-100 * math.exp(2 * s), "turns"),
        (lambda s: s, "rises"),
    ],
)
def test_fates(f, what):
    assert fate(lambda s: _safe(f, s), 1.0) == what


@pytest.mark.parametrize("method", ["auto", "lbfgs", "interior"])
@pytest.mark.parametrize(
    ("f", "x", "value"),
    [
        ("-1e-3*x + 1e-25*x^2", 5e21, -2.5e18),
        ("-1e3*x + 1e-25*x^2", 5e27, -2.5e30),
        ("1e25*(x - 1e7)^2 - 1e39", 1e7, -1e39),
    ],
)
def test_far_and_deep_minima_are_found(f, x, value, method):
    m = ty.minimize(f, {"x": 1.5}, starts=1, method=method)
    assert m.kind == "minimum" and m.value == pytest.approx(value, rel=1e-12)
    assert m.x["x"] == pytest.approx(x, rel=1e-9)


def test_a_fall_along_a_curve_is_seen():
    # On b = a^2 the objective is -a: every ray leaves the curve, and f rises along it.
    m = ty.minimize("-a", {"a": 1.0, "b": 1.0}, equal="b - a^2", starts=1)
    assert m.kind == "unbounded"


def test_a_bound_on_a_curve_is_seen():
    # On b = a^2 the objective is (a - 2000)^2, least at a = 2000.
    m = ty.minimize("b - 4000*a + 4e6", {"a": 1.0, "b": 1.0}, equal="b - a^2", starts=1)
    assert m.kind == "minimum" and m.x["a"] == pytest.approx(2000.0, rel=1e-9)


def test_a_start_outside_of_a_constraint_s_domain_is_named():
    m = ty.minimize("x^2", {"x": -1.0}, at_most={"lg": "log(x) <= 1"})
    assert m.kind == "undefined" and "lg" in m.status
