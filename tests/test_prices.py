"""Prices against closed forms; degenerate ones are said to be so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from certified_programs import program
from taylored.optimize.certificate.prices import Price, prices
from taylored.optimize.certify import certificate, polish
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Answer

CALLS: list[int] = []


def _resolve(program: NonlinearProgram, start: np.ndarray) -> Answer:
    CALLS.append(1)
    return Answer(start, None, "stalled")


def _prices(f: str, start: list, **given: Any) -> dict[str, Price]:
    p = program(f, **given)
    x, y = polish(p, np.array(start, float))
    return {price.name: price for price in prices(p, x, certificate(p, x, y), _resolve)}


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_the_circle(form: str) -> None:
    """min x*y on x^2+y^2 = r is -r/2: one half for each r up to any."""
    (price,) = _prices("x*y", [0.7, -0.7], equal={"circle": "x^2+y^2-1"}, form=form).values()
    assert price.name == "circle" and price.agrees
    assert price.multiplier == pytest.approx(0.5, abs=1e-12)
    assert price.verified == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_the_ranges_of_a_linear_program(form: str) -> None:
    """Wyndor Glass (Hillier and Lieberman): ranges of the right-hand sides 12 and 18."""
    found = _prices(
        "-3*a-5*b", [2, 6], at_most={"two": "2*b-12", "three": "3*a+2*b-18", "one": "a-4"},
        bounds=(0, np.inf), form=form,
    )  # fmt: skip
    assert set(found) == {"two", "three"}
    two, three = found["two"], found["three"]
    assert (two.multiplier, three.multiplier) == pytest.approx((1.5, 1.0))
    assert two.agrees and three.agrees
    assert (two.low, two.high) == pytest.approx((-6.0, 6.0))  # 6 <= b2 <= 18
    assert (three.low, three.high) == pytest.approx((-6.0, 6.0))  # 12 <= b3 <= 24


def test_bounds_have_prices_with_signs() -> None:
    """min (x-2)^2 + (y+1)^2 with x <= 1 and y >= 0: both bounds cost 2."""
    found = _prices("(x-2)^2 + (y+1)^2", [1, 0], bounds=([-5, 0], [1, 5]))
    upper, lower = found["the upper bound of x"], found["the lower bound of y"]
    assert upper.multiplier == pytest.approx(2.0) and upper.agrees
    assert lower.multiplier == pytest.approx(-2.0) and lower.agrees
    assert upper.high == pytest.approx(1.0) and lower.low == pytest.approx(-1.0)


def test_the_same_solution_is_followed() -> None:
    """A concave function over a box: the corner moves with its bounds, far from the maximum."""
    found = _prices("-(x+0.1)^2 - (y+0.1)^2", [1, 1], bounds=(-1, 1))
    for price in found.values():
        assert price.agrees and price.multiplier == pytest.approx(2.2)


def test_curved_values_are_verified_on_both_sides() -> None:
    """min exp(x) with x >= t, a constraint: exp(t); below and above differ, the middle agrees."""
    (price,) = _prices("exp(x)", [0], at_most={"least": "-x"}).values()
    assert price.agrees and price.multiplier == pytest.approx(1.0)
    assert price.below < 1.0 < price.above or price.below > 1.0 > price.above


def test_degenerate_prices_are_said_to_be_so() -> None:
    found = _prices("x+y", [0, 0], at_most={"one": "-x", "two": "-y", "sum": "-x-y"})
    assert all(price.agrees is None and "not unique" in price.note for price in found.values())
    weak = _prices("x^2", [0], at_most={"half": "-x"})
    (price,) = weak.values()
    assert price.agrees is None and "without a force" in price.note
    assert price.multiplier == 0.0 and abs(price.below) < 1e-2


def test_a_limit_that_cannot_be_moved_both_ways() -> None:
    """x >= 1 as a constraint and x <= 1 as a bound: lowering leaves nothing."""
    CALLS.clear()
    found = _prices("x", [1], at_most={"least": "1-x"}, bounds=(-5, 1))
    price = found["least"]
    assert price.agrees is None and "not unique" in price.note and np.isnan(price.verified)
    assert price.above == pytest.approx(1.0) and np.isnan(price.below)
    assert CALLS  # the solver was asked


def test_no_prices_without_a_solution() -> None:
    p = program("x+y", at_most="x^2+y^2-1")
    assert prices(p, np.zeros(2), certificate(p, np.zeros(2)), _resolve) == ()
