"""The reference problems are whole: an error in the ruler would be an error in every length."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp

from nist import digits, problem, problems

EXAMPLES = Path(__file__).parents[1] / "examples"
ALL = [*problems("nonlinear"), *problems("linear")]
FUNCTIONS = {
    name: np.frompyfunc(getattr(mp, name.replace("arctan", "atan")), 1, 1)
    for name in ("exp", "log", "sin", "cos", "arctan")
}


def rss_by_mpmath(p):
    """The sum of squares at the exact parameters, evaluated in 40 digits."""
    with mp.workdps(40):
        to_mp = np.frompyfunc(lambda v: mp.mpf(repr(float(v))), 1, 1)
        scope = {**FUNCTIONS, "pi": +mp.pi}
        scope |= {name: to_mp(column) for name, column in p.columns.items()}
        scope |= {n: mp.mpf(float(v)) for n, v in zip(p.names, p.exact.params, strict=True)}
        response, model = (eval(side, scope) for side in p.formula.split("~"))  # our own text
        return float(sum((response - model) ** 2))


def test_there_are_all_of_them():
    assert (len(problems("nonlinear")), len(problems("linear"))) == (27, 11)


@pytest.mark.parametrize("p", ALL, ids=lambda p: p.name)
def test_figures_belong_to_the_data(p):
    assert p.exact.dof == len(p.columns["y"]) - len(p.names) > 0
    assert all(len(column) == len(p.columns["y"]) for column in p.columns.values())
    assert all(set(start) == set(p.names) for start in p.starts)
    # At a minimum a rounding of the parameters changes the sum of squares to second order only;
    # where that sum is (nearly) zero, the rounding is all there is.
    scale = float(np.sum(p.columns["y"] ** 2))
    assert math.isclose(rss_by_mpmath(p), p.exact.rss, rel_tol=1e-9, abs_tol=1e-24 * scale)


@pytest.mark.parametrize("p", ALL, ids=lambda p: p.name)
def test_exact_agrees_with_certified(p):
    assert digits(p.exact.params, p.certified.params).min() >= 10  # NIST prints 11
    assert digits(p.exact.stderr, p.certified.stderr).min() >= 10


@pytest.mark.parametrize("name", ["Thurber", "Norris", "Misra1a", "Gauss2", "BoxBOD"])
def test_examples_hold_the_same_numbers(name):
    with (EXAMPLES / f"{name.lower()}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for column, truth in problem(name).columns.items():
        assert [float(row[column]) for row in rows] == truth.tolist()


def test_digits():
    assert digits(1.0, 1.0) == 15.95
    assert digits(1.001, 1.0) == pytest.approx(3)
    assert digits(1e-5, 0.0) == pytest.approx(5)
    assert digits([math.nan, math.inf, 7.0, -2.0], 2.0).tolist() == [0, 0, 0, 0]
