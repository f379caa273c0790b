"""Reports of roots, minima and descents: what is printed is true, and claims no digit too many."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from mpmath import mp

from taylored.optimize.descent.descend import descend
from taylored.optimize.minimize import minimize
from taylored.optimize.roots.root import root
from taylored.optimize.roots.roots import roots
from taylored.report.minimum import minimum_document, minimum_report, short_verdict
from taylored.report.minimum_facts import limits_of
from taylored.results import Accuracy


def printed(text: str, names) -> dict[str, tuple[Fraction, Fraction]]:
    """Value and error of each name in the first table that has it."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"(\S+)\s+(-?\d[\d.e+-]*)\s+(?:[≤≈] )?(\d[\d.e+-]*|\?)", line)
        if match and match[1] in names and match[1] not in found and match[3] != "?":
            found[match[1]] = (Fraction(match[2]), Fraction(match[3]))
    return found


def exactly(value) -> Fraction:
    sign, man, exponent, _ = value._mpf_
    return (-1) ** int(sign) * Fraction(int(man)) * Fraction(2) ** int(exponent)


# ---- minima ----

# objective, start, constraints, bounds, the minimizer by hand
MINIMA = [
    ("x*y", {"x": 1.0, "y": -0.5}, ["x^2 + y^2 = 1"], None,
     lambda: {"x": 1 / mp.sqrt(2), "y": -1 / mp.sqrt(2)}),
    ("x + y", {"x": 1.0, "y": 2.0}, ["x*y >= 3"], None,
     lambda: {"x": mp.sqrt(3), "y": mp.sqrt(3)}),
    ("(x-2)^2 + (y-1)^2", {"x": 0.0, "y": 0.5}, ["x + y <= 2", "x^2 <= y"], None,
     lambda: {"x": mp.mpf(1), "y": mp.mpf(1)}),
    ("exp(x) - 3*x", {"x": 0.0}, None, None, lambda: {"x": mp.log(3)}),
    ("100*(y - x^2)^2 + (1 - x)^2", {"x": -1.2, "y": 1.0}, None, None,
     lambda: {"x": mp.mpf(1), "y": mp.mpf(1)}),
    ("cos(x)", {"x": 3.0}, None, {"x": (0, 3)}, lambda: {"x": mp.mpf(3)}),
]  # fmt: skip


@pytest.mark.parametrize(("f", "start", "constraints", "bounds", "truth"), MINIMA)
def test_printed_values_are_within_their_errors(f, start, constraints, bounds, truth):
    result = minimize(f, start, subject_to=constraints, bounds=bounds)
    assert result.kind == "minimum"
    text = minimum_report(result, width=100)
    found = printed(text, start)
    assert set(found) == set(start)
    with mp.workdps(40):
        for name, exact in truth().items():
            value, error = found[name]
            assert abs(value - exactly(exact)) <= error
            assert error <= Fraction(1, 10**9)
        exact = mp.mpf(str(eval_text(f, truth())))
    match = re.search(r"^value\s+(-?[\d.e+-]+), error [≤≈] ([\d.e+-]+)", text, re.MULTILINE)
    assert match
    assert abs(Fraction(match[1]) - exactly(exact)) <= Fraction(match[2]) + Fraction(1, 10**38)


def eval_text(f: str, point):
    """The objective at a point, by mpmath; the formulas here are our own."""
    table = {
        "x*y": lambda x, y: x * y,
        "x + y": lambda x, y: x + y,
        "(x-2)^2 + (y-1)^2": lambda x, y: (x - 2) ** 2 + (y - 1) ** 2,
        "exp(x) - 3*x": lambda x: mp.exp(x) - 3 * x,
        "100*(y - x^2)^2 + (1 - x)^2": lambda x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2,
        "cos(x)": mp.cos,
    }
    return table[f](**point) if f != "cos(x)" else mp.cos(point["x"])


# constraint, bounds, price by hand: how much the minimum of x + y falls when the right side rises
PRICES = [
    ("x*y >= 3", None, {"x*y >= 3": -1 / math.sqrt(3)}),
    ("3 <= x*y", None, {"3 <= x*y": 1 / math.sqrt(3)}),
    ("-x*y <= -3", None, {"-x*y <= -3": 1 / math.sqrt(3)}),
    ("x*y = 3", None, {"x*y = 3": -1 / math.sqrt(3)}),
    # x = 1, y = 3: the minimum is u + c/u
    ("x*y >= 3", {"x": (0.5, 1)}, {"x*y >= 3": -1.0, "x <= 1": 2.0}),
    ("x - y = 1", {"y": (2, None)}, {"x - y = 1": -1.0, "y >= 2": -2.0}),
]


@pytest.mark.parametrize(("constraint", "bounds", "prices"), PRICES)
def test_prices_have_the_sign_that_the_words_say(constraint, bounds, prices):
    result = minimize("x + y", {"x": 1.0, "y": 3.0}, subject_to=constraint, bounds=bounds)
    limits = {u.name: u for u in limits_of(result, True)}
    assert {n: u.price for n, u in limits.items()} == pytest.approx(prices, rel=1e-9)
    for name, limit in limits.items():
        assert limit.agrees and limit.verified_price == pytest.approx(prices[name], rel=1e-4)
    text = " ".join(minimum_report(result, width=200).split())
    most = max(limits.values(), key=lambda u: abs(u.price))
    word = "raises" if most.price < 0 else "lowers"
    assert f"raising {most.side} by 1 {word} the minimum by about" in text


def test_range_of_a_price_is_that_of_the_right_side():
    # x >= 3 may fall by 1, until x >= 2 holds the point instead, and rise without end
    result = minimize("x", {"x": 5.0}, subject_to=["x >= 3", "x >= 2"])
    (limit, _) = limits_of(result, True)
    assert limit.price == pytest.approx(-1.0) and limit.low == pytest.approx(-1.0)
    assert math.isinf(limit.high) and limit.range == "-1 to any"


def test_maximum_is_told_as_such():
    result = minimize("-(4 - (x-1)^2)", {"x": 0.0}, bounds={"x": (None, 0.5)})
    text = minimum_report(result, maximum=True)
    assert text.startswith("Local maximum 3.75:") and "minim" not in text
    words = " ".join(text.split())
    assert "maximize 4 - (x-1)^2" in words and "raises the maximum by about 1." in words
    assert short_verdict(result, True).startswith("Local maximum 3.75")
    assert minimum_document(result, maximum=True)["value"] == pytest.approx(3.75)


ENDS = [
    ("x + y", {"x": 1.0, "y": 1.0}, None, "unbounded"),
    ("x + y", {"x": 1.0, "y": 1.0}, ["x^2 + y^2 <= 1", "x + y >= 3"], "infeasible"),
    ("log(x) + y", {"x": -1.0, "y": 1.0}, None, "undefined"),
    ("x^4 + y^4", {"x": 1.0, "y": 1.0}, None, "flat"),
    ("(x - y)^2", {"x": 1.0, "y": 0.0}, None, "flat"),
]


@pytest.mark.parametrize(("f", "start", "constraints", "kind"), ENDS)
def test_what_is_no_minimum(f, start, constraints, kind):
    result = minimize(f, start, subject_to=constraints)
    assert result.kind == kind
    text = minimum_report(result)
    assert text.split("\n\n")[0].replace("\n", " ") == result.status
    assert "proved" not in text.replace("can be proved", "")
    if kind != "flat":
        assert "?" in text and "no optimum" in text and "≈" not in text.split("residuals")[0]
        assert "Price" not in text
    document = result.to_dict()
    json.dumps(document, allow_nan=False)
    assert document["kind"] == kind and document["usable"] == (kind == "flat")
    assert short_verdict(result) and "proved" not in short_verdict(result)


def test_many_variables():
    count = 300
    result = minimize(lambda x: ((x - np.arange(count) / 100) ** 2).sum(), np.full(count, 2.0),
                      bounds=(0.5, None))  # fmt: skip
    text = minimum_report(result)
    rows = [line for line in text.splitlines() if re.match(r"x\[\d+\]\s+\d", line)]
    assert len(rows) == 20 and "280 more variables" in text
    assert sum("at its lower bound" in row for row in rows) >= 10
    document = result.to_dict()
    assert document["x"] == pytest.approx(np.maximum(0.5, np.arange(count) / 100).tolist())
    assert document["path"]["x"] is None


def test_look():
    result = minimize("x + y", {"x": 1.0, "y": 3.0}, subject_to="x*y >= 3")
    for width in (50, 80, 120):
        lines = minimum_report(result, width=width, unicode=False).splitlines()
        assert all(line.isascii() for line in lines)
        wide = [line for line in lines if len(line) > width]
        assert not [line for line in wide if "  " not in line.strip()]  # tables are not broken
    assert "\x1b[32m" in minimum_report(result, color=True)  # proved


def test_names_cannot_break_the_page():
    result = minimize("(`a<b>\x1b` - 1)^2".replace("\x1b", ""), {"a<b>": 0.0})
    page = result._repr_html_()
    assert "<b>" not in page and "a&lt;b&gt;" in page and "Local minimum" in page
    assert page.count("<table") == page.count("</table>") >= 2


# ---- roots ----


def test_root_table():
    result = root("x^3 - 2*x - 5", 2.0)
    text = result.report(width=100)
    with mp.workdps(40):
        exact = exactly(mpmath.findroot(lambda x: x**3 - 2 * x - 5, 2.1))
    value, error = printed(text, ["x"])["x"]
    assert abs(value - exact) <= error <= Fraction(1, 10**13)
    # The interval of uniqueness is rounded inward: a claim on all of it.
    low, high = (Fraction(v) for v in re.search(r"\[([-\d.e]+), ([-\d.e]+)\]", text).groups())
    assert result.unique.lo <= low < exact < high <= result.unique.hi
    rows = re.findall(r"^\s+(\d+)\s+([\d.]+)\s+(\S+)\s+([\d.]+|all)$", text, re.MULTILINE)
    assert [int(r[0]) for r in rows] == list(range(len(rows))) and len(rows) >= 4
    for _, x, f, digits in rows:
        off = abs(Fraction(x) - exact)
        there = float(Fraction(x) ** 3 - 2 * Fraction(x) - 5)  # x has 15 digits, and f slope 11
        assert float(f) == pytest.approx(there, rel=6e-3, abs=12 * 5e-15)
        if digits != "all":
            assert 10 ** -float(digits) == pytest.approx(float(off / exact), rel=0.13)


def test_root_that_is_none():
    result = root("x^2 + 1", 1.0)
    text = result.report()
    assert text.startswith("No root") and "?" in text and "proved" not in text.split("no-root")[0]
    assert result.to_dict()["enclosure"] is None
    result = root("(x - 1)^2", 3.0)
    text = result.report()
    assert "multiplicity" in text and "about 2" in text and "no other root in" not in text
    json.dumps(result.to_dict(), allow_nan=False)


def test_systems():
    result = root(["x^2 + y^2 = 4", "x*y = 1"], {"x": 2.0, "y": 0.3})
    text = result.report(width=100)
    assert "2 equations in 2 unknowns" in text and "left - right" in text
    with mp.workdps(40):
        truth = {"x": exactly((mp.sqrt(6) + mp.sqrt(2)) / 2),
                 "y": exactly((mp.sqrt(6) - mp.sqrt(2)) / 2)}  # fmt: skip
    for name, (value, error) in printed(text, truth).items():
        assert abs(value - truth[name]) <= error
    assert "<table" in result._repr_html_()


def test_all_roots():
    found = roots("sin(5*x) - x/2", -5, 5)
    text = found.report()
    assert text.startswith("The box holds exactly 7 roots") and "yes, proved" in text
    rows = re.findall(r"^\s+(\d)\s+(-?[\d.]+)\s+≤ ([\d.e+-]+)$", text, re.MULTILINE)
    assert len(rows) == 7
    with mp.workdps(40):
        for _, x, error in rows:
            exact = mpmath.findroot(lambda t: mp.sin(5 * t) - t / 2, mp.mpf(x))
            assert abs(Fraction(x) - exactly(mp.mpf(exact))) <= Fraction(error) + Fraction(
                1, 10**35
            )
    document = found.to_dict()
    json.dumps(document, allow_nan=False)
    assert document["complete"] and len(document["roots"]) == 7
    part = roots("(x-1)^2*(x+2)", -5, 5)
    text = part.report()
    assert "? not known" in text and "yes, proved" not in text
    assert not part.to_dict()["complete"] and part.to_dict()["undecided"]
    low, high = map(Fraction, re.search(r"x in \[([\d.]+), ([\d.]+)\]  ", text).groups())
    assert low <= part.undecided[0].low[0] and part.undecided[0].high[0] <= high


# ---- descent ----


def test_descent():
    safe = descend("x^2 + 5*y^2", {"x": 3.0, "y": 1.0})
    text = safe.report()
    assert "every step proved to lower f" in text and text.startswith("Reached a local minimum")
    assert "each step leaves 0.80 of the gradient" in " ".join(text.split())  # 1 - 2/10
    rows = re.findall(r"^ +(\d+) +([\d.e-]+) +([\d.e-]+)", text, re.MULTILINE)
    assert rows[0][:2] == ("0", "14") and rows[1][:2] == ("1", "5.76")  # x = 2.4, y = 0
    document = safe.to_dict()
    json.dumps(document, allow_nan=False)
    assert document["safe"] and document["rate_accuracy"] == str(Accuracy.PROVED)
    given = descend("x^2 + 5*y^2", {"x": 3.0, "y": 1.0}, rate=0.3)
    text = given.report()
    assert "nothing is proved" in text and text.startswith("Diverges") and "no minimum" in text
    assert not given.to_dict()["safe"] and "<table" in given._repr_html_()
