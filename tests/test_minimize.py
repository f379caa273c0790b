"""The verbs `minimize` and `certify`: forms of problems, limits, verdicts, bad input."""

from __future__ import annotations

import math
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

import taylored as ty
from taylored.errors import ArgumentError, BoundsError, FormulaError


def banana(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def test_formula_function_and_arrays_agree():
    by_text = ty.minimize("100*(y - x^2)^2 + (1 - x)^2", {"x": -1.2, "y": 1.0})
    by_numbers = ty.minimize(lambda x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2, (-1.2, 1.0))
    by_array = ty.minimize(banana, np.array([-1.2, 1.0]))
    by_xla = ty.minimize(banana, np.array([-1.2, 1.0]), executor="xla")
    assert by_text.x == pytest.approx({"x": 1.0, "y": 1.0}, abs=1e-12)
    assert by_numbers.x == pytest.approx((1.0, 1.0), abs=1e-12)
    assert by_array.x == pytest.approx([1.0, 1.0], abs=1e-12)
    assert by_xla.x == pytest.approx([1.0, 1.0], abs=1e-12)
    for m in (by_text, by_numbers, by_array, by_xla):
        assert m.kind == "minimum" and m.usable and m.kkt < 1e-10 and m.end == "converged"
        assert m.accuracy == "proved"


def test_trees_and_named_constraints():
    start = {"box": np.array([1.0, 1.0, 1.0])}
    m = ty.minimize(
        lambda p: -jnp.prod(p["box"]),
        start,
        bounds=(0, None),
        at_most={"area": lambda p: 2 * (p["box"] * jnp.roll(p["box"], 1)).sum() - 6},
    )
    assert m.x["box"] == pytest.approx([1.0, 1.0, 1.0], abs=1e-9)
    assert m.value == pytest.approx(-1.0)
    # V = (S/6)^(3/2): the price of surface is dV/dS = (S/6)^(1/2)/4 = 1/4
    assert m.multipliers["area"] == pytest.approx(0.25, abs=1e-9)
    assert m.multipliers["lower"]["box"] == pytest.approx(np.zeros(3), abs=1e-9)


def test_the_circle_of_the_lesson():
    m = ty.minimize("x*y", {"x": 1.0, "y": -0.5}, equal={"circle": "x^2 + y^2 = 1"})
    assert m.x == pytest.approx({"x": math.sqrt(0.5), "y": -math.sqrt(0.5)})
    assert m.multipliers["circle"] == pytest.approx(0.5)
    assert m.accuracy == "proved"
    found = m.enclosure["x"]
    assert found.lo <= math.sqrt(0.5) <= found.hi and found.width < 1e-12
    (price,) = m.prices
    assert price.name == "circle" and price.agrees and price.multiplier == pytest.approx(0.5)


def test_subject_to_reads_relations_and_chains():
    m = ty.minimize(
        "(x - 2)^2 + (y - 1)^2", {"x": 0.5, "y": 0.5}, subject_to=["y >= x^2", "0 <= x + y <= 2"]
    )
    assert m.value == pytest.approx(1.0) and m.x == pytest.approx({"x": 1.0, "y": 1.0})
    assert set(m.multipliers) == {"y >= x^2", "0 <= x + y", "x + y <= 2", "lower", "upper"}
    assert m.multipliers["y >= x^2"] == pytest.approx(2 / 3)
    assert m.multipliers["x + y <= 2"] == pytest.approx(2 / 3)


def test_bounds_are_met_exactly_and_have_prices():
    m = ty.minimize(banana, np.array([0.0, 0.0]), bounds=([-1, -1], [0.5, 2]))
    assert m.x[0] == 0.5 and m.x[1] == pytest.approx(0.25, abs=1e-12)
    assert m.multipliers["upper"][0] == pytest.approx(1.0)  # -d/dx (1 - x)^2 at 1/2


def test_start_outside_of_the_bounds_is_moved_and_said():
    m = ty.minimize(lambda x: (x - 3) ** 2, 10.0, bounds=(0, 5))
    assert m.x == pytest.approx(3.0)
    assert any(f.name == "start-moved" for f in m.findings)


def test_infeasible_names_the_conflict():
    m = ty.minimize(
        "x^2 + y^2", {"x": 1.0, "y": 1.0},
        at_most={"low": "x + y <= 1", "high": "x + y >= 2", "free": "x <= 100"},
    )  # fmt: skip
    assert m.kind == "infeasible" and not m.usable
    found = next(f for f in m.findings if f.name == "infeasible")
    assert set(found.params) == {"low", "high"}
    assert "low" in m.status and "high" in m.status


def test_unbounded_is_said_with_a_hint():
    for m in (
        ty.minimize("x + y", {"x": 0.0, "y": 0.0}, subject_to="x >= y"),
        ty.minimize(lambda x: -(x**2), 1.0),
    ):
        assert m.kind == "unbounded" and not m.usable and "nbounded" in m.status
        assert any("maximize" in f.next_step for f in m.findings)


def test_saddles_are_left():
    m = ty.minimize(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, np.zeros(2))
    assert m.kind == "minimum" and m.value == pytest.approx(-0.25)


def test_flat_and_kinked_points_are_no_proved_minima():
    flat = ty.minimize("x^4", {"x": 1.0})
    assert flat.kind == "flat" and flat.usable and flat.accuracy != "proved"
    kink = ty.minimize(lambda x: jnp.abs(x[0] - 1.0) + x[1] ** 2, np.array([3.0, 1.0]))
    assert kink.kind != "minimum" or kink.kkt > 1e-6


def test_undefined_start_is_named():
    m = ty.minimize("log(x) + y^2", {"x": -1.0, "y": 1.0})
    assert m.kind == "undefined" and not m.usable
    assert any(f.name == "undefined" for f in m.findings)
    with pytest.raises(ArgumentError, match="start"):
        ty.minimize("x^2", {"x": float("nan")})


def test_domain_edges_inside_the_bounds():
    m = ty.minimize("x*log(x) + sqrt(y - 1) * 0 + y", {"x": 2.0, "y": 3.0}, bounds={"y": (1.5, 9)})
    assert m.x == pytest.approx({"x": math.exp(-1), "y": 1.5})


def test_dependent_constraints_are_named():
    m = ty.minimize(
        "x^2 + y^2", {"x": 3.0, "y": 0.0}, equal={"one": "x + y = 2", "two": "2*x + 2*y = 4"}
    )
    assert m.value == pytest.approx(2.0) and m.certificate.independent is False
    assert set(m.certificate.dependent) <= {"one", "two"} and m.certificate.dependent


LIMITS = [
    ({"max_iterations": 2}, "iterations"),
    ({"max_evaluations": 3}, "evaluations"),
    ({"max_seconds": 1e-9}, "time"),
    ({"callback": lambda i: i.number >= 3}, "callback"),
]


@pytest.mark.parametrize(("limit", "end"), LIMITS)
def test_limits_return_the_best_so_far(limit, end):
    m = ty.minimize(banana, np.array([-1.2, 1.0]), **limit)
    assert m.end == end and not m.usable and m.kind == "not-stationary"
    assert m.value <= banana(np.array([-1.2, 1.0]))
    assert any(f.name == "stopped" for f in m.findings)


def test_interrupt_returns_the_best_so_far():
    def stop(iterate):
        if iterate.number == 4:
            raise KeyboardInterrupt

    m = ty.minimize(banana, np.array([-1.2, 1.0]), callback=stop)
    assert m.end == "interrupted" and m.value < 24.2


def test_path_and_cost():
    m = ty.minimize(banana, np.array([-1.2, 1.0]))
    assert m.path.x.shape == (len(m.path), 2) and m.path.x[0].tolist() == [-1.2, 1.0]
    assert m.cost.iterations + 1 >= len(m.path) > 3
    assert m.cost.evaluations >= m.cost.iterations > 0 and m.cost.hessians > 0


def test_many_starts_find_the_lowest():
    def egg(x):
        return jnp.sum(x**2) / 20 - jnp.cos(3 * x[0]) * jnp.cos(3 * x[1])

    one = ty.minimize(egg, np.array([4.0, 4.0]), bounds=(-5, 5))
    many = ty.minimize(egg, np.array([4.0, 4.0]), bounds=(-5, 5), starts=30, seed=1)
    assert many.value == pytest.approx(-1.0) and one.value > -0.9
    assert many.others and many.others[0][0] >= many.value
    again = ty.minimize(egg, np.array([4.0, 4.0]), bounds=(-5, 5), starts=30, seed=1)
    assert again.x.tolist() == many.x.tolist()


def test_certify_judges_points_from_elsewhere():
    good = ty.certify("x*y", {"x": 0.5**0.5, "y": -(0.5**0.5)}, equal="x^2 + y^2 = 1")
    assert good.kind == "minimum" and good.multipliers["equal"] == pytest.approx(0.5)
    assert len(good.path) == 0 and good.method == "given"
    assert ty.certify("x^2 - y^2", {"x": 0.0, "y": 0.0}).kind == "saddle"
    assert ty.certify("-x^2", {"x": 0.0}).kind == "maximum"
    near = ty.certify("x^2 + y^2", {"x": 1e-3, "y": 0.0})
    assert near.kind == "not-stationary" and not near.usable
    off = ty.certify("x", {"x": 0.5}, bounds=(1, None))
    assert off.kind == "infeasible" and off.certificate.violation == pytest.approx(0.5)


BAD = [
    ({"f": 3, "start": 1.0}, ArgumentError, "objective is a int"),
    ({"f": "x^2 +", "start": {"x": 1.0}}, FormulaError, "\\^"),
    ({"f": "x^2", "start": {"y": 1.0}}, ArgumentError, "y"),
    ({"f": "x^2", "start": {"x": 1.0}, "bounds": (2, 1)}, BoundsError, "x cross"),
    ({"f": "x^2", "start": {"x": 1.0}, "method": "magic"}, ArgumentError, "magic"),
    ({"f": "x^2", "start": {"x": 1.0}, "starts": 0}, ArgumentError, "starts"),
    ({"f": "x^2", "start": {"x": 1.0}, "max_seconds": -1}, ArgumentError, "max_seconds"),
    ({"f": "x^2", "start": {"x": 1.0}, "equal": "x <= 1"}, ArgumentError, "inequality"),
    (
        {"f": "x^2", "start": {"x": 1.0}, "equal": "x = 1", "method": "trust-region"},
        ArgumentError,
        "constraints",
    ),
]


@pytest.mark.parametrize(("problem", "error", "words"), BAD)
def test_bad_input_is_named(problem, error, words):
    f, start = problem.pop("f"), problem.pop("start")
    with pytest.raises(error, match=words) as caught:
        ty.minimize(f, start, **problem)
    assert "Next:" in str(caught.value) or error is FormulaError


def test_formulas_need_no_jax():
    code = (
        "import sys, taylored as ty\n"
        "m = ty.minimize('(x-1)^2 + y^2', {'x': 0.0, 'y': 1.0}, subject_to='x + y >= 2')\n"
        "assert m.kind == 'minimum', m\n"
        "assert 'jax' not in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_ipopt_answers_with_the_same_result():
    start = np.array([1.0, 5.0, 5.0, 1.0])
    found = []
    m = ty.minimize(
        lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2],
        start,
        bounds=(1, 5),
        equal=lambda x: x @ x - 40,
        at_most=lambda x: 25 - jnp.prod(x),
        method="ipopt",
        callback=lambda i: found.append(i.value),
    )
    assert m.kind == "minimum" and m.value == pytest.approx(17.0140173, abs=1e-6)
    assert m.kkt < 1e-9 and m.multipliers["at_most"] == pytest.approx(0.5522937, abs=1e-6)
    assert len(found) > 5 and m.cost.hessians > 5
    sparse = ty.minimize(
        lambda x: jnp.sum((x[1:] - x[:-1]) ** 2) + jnp.sum((x - 1) ** 2),
        np.zeros(300),
        at_most=lambda x: x[::3] - 0.5,
        method="ipopt",
    )
    assert sparse.kind == "minimum" and sparse.kkt < 1e-9


def test_ipopt_hands_exceptions_on():
    def stop(iterate):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ty.minimize("x^2 + y^4", {"x": 1.0, "y": 2.0}, method="ipopt", callback=stop)


def test_ipopt_that_is_missing_is_named(monkeypatch):
    from taylored.errors import MissingExtraError
    from taylored.optimize import ipopt

    monkeypatch.setattr(ipopt, "available", lambda: False)
    with pytest.raises(MissingExtraError, match="casadi"):
        ty.minimize("x^2", {"x": 1.0}, method="ipopt")


LENNARD_JONES = "4*1.65e-21*((3.4e-10/r)^12 - (3.4e-10/r)^6)"


@pytest.mark.parametrize("start", [3.9e-10, 4.5e-10, 5e-10])
def test_tiny_units_are_solved_in_units_of_their_own(start):
    m = ty.minimize(LENNARD_JONES, {"r": start})
    truth = 3.4e-10 * 2 ** (1 / 6)
    assert m.kind == "minimum" and m.accuracy == "proved"
    assert m.x["r"] == pytest.approx(truth, rel=1e-11) and m.value == pytest.approx(-1.65e-21)
    assert m.enclosure["r"].lo <= truth * (1 + 1e-14) and truth <= m.enclosure["r"].hi * (1 + 1e-14)
    assert m.path.x[0] == pytest.approx([start]) and m.path.x[-1] == pytest.approx(
        [truth], rel=1e-3
    )
    assert not ty.certify(LENNARD_JONES, {"r": start}).usable


def test_what_is_huge_at_the_start_keeps_its_units():
    def brown(x):
        return (x[0] - 1e6) ** 2 + (x[1] - 2e-6) ** 2 + (x[0] * x[1] - 2) ** 2

    m = ty.minimize(brown, np.array([1.0, 1.0]))
    assert m.value < 1e-10 and (m.kind != "minimum" or m.certificate.stationarity < 1e-3)


def test_a_small_number_far_from_the_solution_is_no_minimum():
    m = ty.minimize("(E - 1.6e-19)^2", {"E": 1e-18})
    assert m.kind == "minimum" and m.x["E"] == pytest.approx(1.6e-19, rel=1e-12)
