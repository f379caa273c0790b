"""Reports of Taylor polynomials: what is printed is true, and claims no digit too many."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from mpmath import mp

from taylored.report.series import taylor_report, verdict
from taylored.report.series_box import box_ends, box_texts
from taylored.report.series_terms import down, ends, left_off, shown, up
from taylored.series.comparison import values
from taylored.series.taylor import taylor

# formula, the same for mpmath, center, order, radius or ends of the box
ROWS = [
    ("exp(sin(2*x))", lambda x: mp.exp(mp.sin(2 * x)), 0.3, 6, 0.5),
    ("exp(x)", mp.exp, 0.0, 20, 0.1),
    ("exp(x)", mp.exp, -3.0, 2, 0.01),
    ("1/(1+x^2)", lambda x: 1 / (1 + x * x), math.pi / 4, 8, 0.5),
    ("log(x)", mp.log, 1.0, 5, 0.9),
    ("x^3 - 2*x", lambda x: x**3 - 2 * x, 1.0, 1, 1.0),
    ("x^3 - 2*x", lambda x: x**3 - 2 * x, 1.0, 3, 1.0),
    ("sin(x)", mp.sin, 0.0, 5, 1.0),
    ("sqrt(x)", mp.sqrt, 1e-6, 3, 1e-7),
    ("1e300*exp(x)", lambda x: mp.mpf(10) ** 300 * mp.exp(x), 1.0, 3, 0.5),
    ("1e-200*cos(x)", lambda x: mp.mpf(10) ** -200 * mp.cos(x), 1.0, 4, 0.5),
    ("lgamma(x)", mp.loggamma, 3.0, 3, 0.1),
    ("exp(sin(2*x))", lambda x: mp.exp(mp.sin(2 * x)), 0.3, 6, (-1.0, 1.0)),
    ("log(x)", mp.log, 1.0, 4, (1.0, 3.0)),
    ("sqrt(x)", mp.sqrt, 1.0, 5, (0.1, 1.0)),
    ("exp(x)", mp.exp, math.pi / 4, 2, (-1.0, 2.0)),
]
IDS = [f"{row[0]}-{row[3]}-{row[4]}" for row in ROWS]


@pytest.fixture(params=ROWS, ids=IDS)
def made(request):
    text, exact, center, order, box = request.param
    return taylor(text, center, order, **_asked(box)), exact


def _asked(box):
    return {"on": box} if isinstance(box, tuple) else {"radius": box}


def points(T, count=41):
    """Points of the box, its ends included, as they are exactly."""
    center = Fraction(float(T.expansion.point[0]))
    below, above = (Fraction(float(side)) for side in T.sides[:, 0])
    steps = [-below + Fraction(k, count - 1) * (below + above) for k in range(count)]
    return [mp.mpf(f.numerator) / f.denominator for f in (center + s for s in steps)]


def decimal(text):
    return mp.mpf(text)


# ---- the table ----


def table_rows(text):
    lines = text.splitlines()
    rule = next(k for k, line in enumerate(lines) if line.startswith("──"))
    end = next(k for k in range(rule, len(lines)) if lines[k].startswith(("Error", "Terms", "All")))
    return [re.split(r"  +", line.strip()) for line in lines[rule + 1 : end]]


def degree_of(label):
    if label == "1":
        return 0
    found = re.search(r"\^(\d+)$", label)
    return int(found[1]) if found else 1


@pytest.mark.every(3)
def test_printed_coefficients_are_within_their_printed_errors(made):
    T, exact = made
    with mp.workdps(300):
        truth = mpmath.taylor(exact, mp.mpf(float(T.expansion.point[0])), T.order)
        rows = table_rows(taylor_report(T, width=100))
        for label, value, error, _ in rows:
            bound = decimal(error.removeprefix("≤ "))
            true = abs(decimal(value) - truth[degree_of(label)])
            assert true <= bound or true < mp.mpf(10) ** -40 * abs(truth[degree_of(label)])
            # Not absurdly wide: what the result claims, and half a unit of the last digit.
            claimed = mp.mpf(float(T.expansion.errors[degree_of(label), 0]))
            assert (
                bound <= 1.2 * (claimed + abs(truth[degree_of(label)]) * mp.mpf(10) ** -14) + 2e-300
            )


@pytest.mark.every(3)
def test_every_term_is_there_and_zero_ones_are_not(made):
    T, _ = made
    rows = table_rows(taylor_report(T, width=100))
    expected = [k for k, c in enumerate(T.coefficients) if c]
    assert [degree_of(row[0]) for row in rows] == expected


@pytest.mark.every(3)
def test_sizes_on_the_box_are_those_of_the_terms(made):
    T, _ = made
    for label, _, _, size in table_rows(taylor_report(T, width=100)):
        k = degree_of(label)
        exact = abs(Fraction(float(T.coefficients[k]))) * Fraction(float(T.reach[0])) ** k
        assert exact <= Fraction(size) <= exact * Fraction(12, 10)


@pytest.mark.every(3)
def test_the_printed_remainder_holds_and_is_hardly_wider(made):
    T, exact = made
    found = re.search(r"f - T +∈ \[(\S+), (\S+)\], proved", taylor_report(T, width=100))
    low, high = (decimal(t) for t in found.groups())
    assert low <= T.remainder.lo and T.remainder.hi <= high
    assert low >= T.remainder.lo - 0.011 * abs(T.remainder.lo)
    assert high <= T.remainder.hi + 0.011 * abs(T.remainder.hi)
    with mp.workdps(60):
        for x in points(T):
            at = float(x)
            assert low <= exact(mp.mpf(at)) - mp.mpf(T(at)) <= high


def test_the_verdict_says_a_bound_that_holds(made):
    T, _ = made
    found = re.search(r"is within (\S+) of ", verdict(T))
    assert T.largest_remainder <= float(found[1]) <= 1.11 * T.largest_remainder


def test_the_box_is_rounded_inward(made):
    T, _ = made
    ((_, text),) = box_texts(T)
    low, high = (Fraction(t) for t in text.strip("[]").split(", "))
    center, reach = Fraction(float(T.expansion.point[0])), Fraction(float(T.reach[0]))
    below, above = (Fraction(float(side)) for side in T.sides[:, 0])
    slack = Fraction(float(np.spacing(abs(T.expansion.point[0])) + np.spacing(T.reach[0])))
    assert center - below - slack <= low < high <= center + above + slack
    assert high - low >= below + above - reach / 500


# ---- LaTeX: the equation is true as it is printed ----


def number_of(text):
    text = text.replace(r" \times 10^{", "e").replace("10^{", "1e").replace("}", "")
    return Fraction(text)


def read_latex(text):
    """The polynomial's {degree: coefficient}, its center, and the ends of R."""
    left, rest = text.split(" = ", 1)
    assert re.fullmatch(r"f\(x\)", left)
    body, ends_, *_ = rest.split(r", \quad ")
    low, high = re.fullmatch(r"R \\in \[(.*),\\ (.*)\]", ends_).groups()
    defined = re.search(r"h = x ([+-]) (.*)$", text)
    center, found = Fraction(0), {}
    if defined:
        center = -number_of(defined[1].replace("+", "") + defined[2])
    assert body.endswith("R(x)")
    body = body.removesuffix("R(x)").removesuffix(" + ")
    pieces = re.split(r" ([+-]) (?![^(]*\))", body)
    signed = [("+", pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]
    for sign, piece in signed:
        if not piece:
            continue
        if piece.startswith("-"):
            sign, piece = "-", piece[1:]
        *number, power = piece.split(r" \, ") if re.search("[xh]", piece) else (piece, "1")
        shift = re.fullmatch(r"\(x ([+-]) (.*?)\)(.*)", power)
        if shift:
            center = -number_of(shift[1].replace("+", "") + shift[2])
        degree = re.search(r"\^\{(\d+)\}$", power)
        k = int(degree[1]) if degree else 0 if power == "1" else 1
        value = number_of(number[0]) if number else Fraction(1)
        assert k not in found
        found[k] = value if sign == "+" else -value
    return found, center, number_of(low), number_of(high)


def test_latex_is_true_as_it_is_printed(made):
    T, exact = made
    found, center, low, high = read_latex(T.latex())
    assert set(found) == {k for k, c in enumerate(T.coefficients) if c}
    assert 0 not in found.values()

    def real(f):
        return mp.mpf(f.numerator) / f.denominator

    with mp.workdps(60):
        for x in points(T):
            printed = mp.fsum(real(c) * (x - real(center)) ** k for k, c in found.items())
            assert real(low) <= exact(x) - printed <= real(high)
    width = Fraction(float(T.remainder.hi)) - Fraction(float(T.remainder.lo))
    assert high - low <= width * Fraction(11, 10)


LATEX = [
    ("sin(x)", 0.0, 5, None, r"x - 0.166667 \, x^{3} + 0.00833333 \, x^{5} + R(x)"),
    ("x^2/2 - x", 0.0, 2, None, r"f(x) = -x + 0.5 \, x^{2} + R(x), \quad R\ \text{unknown}"),
    ("x^2", -1.0, 2, None, r"1 - 2 \, (x + 1) + (x + 1)^{2} + R(x)"),
    ("1e-7*x", 0.0, 1, None, r"10^{-7} \, x + R(x)"),
    ("tau^2", 0.5, 2, 1.0, r"f(\tau) = 0.25 + (\tau - 0.5) + (\tau - 0.5)^{2} + R(\tau)"),
    ("k_1*x", {"k_1": 0, "x": 2}, 2, 0.1, r"\left|k_{1}\right| \le 0.1,\ \left|x - 2\right|"),
    ("0*x", 0.0, 2, None, r"f(x) = R(x), \quad R\ \text{unknown}"),
    ("x^2", math.pi, 2, 0.5, r"\left|h\right| \le 0.5,\ h = x - 3.141592653589793"),
    ("x^2", math.pi, 2, (math.pi, 4.0), r"h \in [0,\ 0.8584073464102069],\ h = x - 3.14159"),
    ("exp(x)", 0.3, 1, (-1.0, 1.0), r", \quad x \in [-1,\ 1]"),
    ("exp(x)", 0.3, 1, (-0.2, 0.8), r", \quad \left|x - 0.3\right| \le 0.5"),
    ("x*y", (0, 1), 2, ((-1, 1), (0.5, 1)), r", \quad x \in [-1,\ 0.5],\ y = 1"),
]


@pytest.mark.parametrize(("text", "at", "order", "box", "expected"), LATEX)
def test_latex_texts(text, at, order, box, expected):
    assert expected in taylor(text, at, order, **_asked(box)).latex()


def test_latex_of_several_outputs():
    T = taylor(lambda x: jnp.stack([x, x * x]), 0.0, 2, radius=0.5)
    lines = T.latex().splitlines()
    assert lines[0] == r"\begin{aligned}" and lines[-1] == r"\end{aligned}"
    assert lines[1].startswith("f_{0}(x) &= x + R_{0}(x)")
    assert lines[2].startswith(r"f_{1}(x) &= x^{2} + R_{1}(x)")
    many = taylor(lambda x: jnp.exp(jnp.arange(30.0) * x), 0.0, 1, radius=0.1).latex()
    assert r"\vdots" in many and many.count("R_{") == 24


# ---- words ----


def test_verdicts():
    T = taylor("exp(sin(2*x))", 0.3, 6, radius=0.5)
    said = "On [-0.2, 0.8] the polynomial of order 6 is within 0.017 of exp(sin(2*x)), proved."
    assert verdict(T) == T.status == said
    bare = taylor("exp(x)", 0.0, 3)
    assert verdict(bare).startswith("Nothing is known of what the polynomial of order 3 leaves out")
    assert "no radius was given" in verdict(bare)
    two = taylor("exp(x*y)", {"x": 0, "y": 1}, 3, radius={"x": 0.5, "y": 0.0})
    assert verdict(two).startswith("For x in [-0.5, 0.5], y = 1, the polynomial of order 3")
    six = taylor(lambda x: jnp.sum(x), np.zeros(6), 1, radius=0.25)
    assert verdict(six).startswith("Within 0.25 of the center in each of 6 inputs, the")
    uneven = taylor(lambda x: jnp.sum(x), np.zeros(6), 1, on=(np.full(6, -0.5), np.full(6, 0.25)))
    assert verdict(uneven).startswith("Between the ends of the box in each of 6 inputs, the")
    fixed = taylor(lambda x: jnp.sum(x), np.zeros(6), 1, on=(np.zeros(6), np.eye(6)[0]))
    assert verdict(fixed).startswith("Between the ends of the box")
    one = taylor("exp(x*y)", {"x": 0, "y": 1}, 3, on=({"x": -1, "y": 1}, {"x": 0.25, "y": 2}))
    assert verdict(one).startswith("For x in [-1, 0.25], y in [1, 2], the polynomial")
    vector = taylor(lambda x: jnp.stack([x, x**2, x**3]), 1.0, 1, radius=0.1)
    assert "of each of the 3 outputs of" in verdict(vector)
    long = taylor("+".join(["x"] * 60), 0.0, 1, radius=1.0)
    assert "..." in verdict(long) and len(verdict(long)) < 160


def test_no_radius_is_said_and_gives_no_interval():
    text = taylor_report(taylor("exp(x)", 0.0, 3), width=100)
    assert "f - T     ? unknown" in text and "∈" not in text
    assert "proved" not in text.replace("Error: proved", "")
    assert "on the box" not in text and "best" not in text


def test_convergence_is_estimated_and_names_the_singularity():
    text = taylor_report(taylor("1/(1+x^2)", 0.0, 6, radius=0.5), width=100)
    (line,) = [line for line in text.splitlines() if line.startswith("converges")]
    assert "≈ for |x| < 1" in line and "estimated" in line and "0.000 ± 1.000i" in line
    text = taylor_report(taylor("log(x)", 2.0, 6, radius=0.5), width=100)
    assert "|x - 2| < 2" in text and "singularity at x = 0.00" in text
    assert "≈ everywhere" in taylor_report(taylor("exp(x)", 0.0, 6), width=100)
    past = taylor_report(taylor("1/(1+x^2)", 0.0, 6, radius=1.5), width=100)
    assert "box reaches past it" in " ".join(past.split())


def test_comparison_with_the_best_polynomial():
    # Of degree 0 the best one is the middle of the range: half of what 1 leaves of cos.
    text = taylor_report(taylor("cos(x)", 0.0, 0, radius=1.0), width=100)
    half = (1 - math.cos(1.0)) / 2
    assert f"the best polynomial of degree 0 leaves {half:.2g}: 2.0 times less, estimated" in text
    # Of x^2 and degree 1 it is 1/2 below: a half of the Taylor polynomial's error, by symmetry.
    text = taylor_report(taylor("x^2", 0.0, 1, radius=1.0), width=100)
    assert "leaves 0.5: 2.0 times less" in text
    noise = taylor_report(taylor("exp(x)", 0.0, 20, radius=0.1), width=100)
    assert "rounding hides how much less the best polynomial of degree 20 leaves" in noise


def test_twenty_terms_at_most_the_largest_first():
    T = taylor("exp(a*b) + 100*c", {"a": 1, "b": 2, "c": 3}, 6, radius=0.1)
    text = taylor_report(T, width=100)
    rows = [r for r in text.splitlines() if "≤" in r]
    terms = int(np.count_nonzero(T.coefficients))
    assert len(rows) == 20 and f"{terms - 20} more terms, each smaller" in text
    sizes = [float(r.split()[-1]) for r in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert "da = a - 1, db = b - 2, dc = c - 3" in text and rows[1].startswith("dc ")


def test_outputs_are_summed_up_widest_first():
    T = taylor(lambda x: jnp.exp(jnp.arange(30.0) * x), 0.0, 1, radius=0.1)
    text = taylor_report(T, width=100)
    rows = [r for r in text.splitlines() if r.startswith("f[")]
    assert [r.split()[0] for r in rows] == [f"f[{k}]" for k in range(29, 9, -1)]
    assert "10 more outputs" in text
    for k, row in zip(range(29, 9, -1), rows, strict=True):
        low, high = map(float, re.search(r"∈ \[(\S+), (\S+)\]", row).groups())
        assert low <= 0.0 and high >= math.exp(0.1 * k) - 1 - 0.1 * k > 0.9 * high


def test_coefficients_without_known_errors_show_three_digits():
    T = taylor("besselj0(x)", 1.0, 3)
    rows = table_rows(taylor_report(T, width=100))
    assert [row[2] for row in rows] == ["?"] * 4
    assert all(len(row[1].strip("-0.").replace(".", "")) <= 3 for row in rows)
    assert "Error: unknown" in taylor_report(T) and "converges" not in taylor_report(T)
    assert "proved" not in taylor_report(T)


def test_number_texts():
    assert shown(1.23456, 0.01) == "1.235" and shown(0.001, 0.1) == "0"
    assert left_off("0", 0.001, 0.1) >= 0.101 and left_off("0.5", 0.5, 0.0) == 0.0
    assert up(0.0161) == "0.017" and up(2.0001) == "2.1" and up(-0.0169) == "-0.016"
    assert down(0.0169) == "0.016" and down(-0.0161) == "-0.017"
    assert ends(-1.0, 2.0) == "[-1, 2]" and ends(-0.1234, 1e-9) == "[-0.124, 1.01e-9]"
    assert Fraction(up(0.1)) >= Fraction(0.1) and Fraction(down(0.3)) <= Fraction(0.3)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_ascii_and_width(width):
    for T in (
        taylor("exp(sin(2*x))", 0.3, 3, radius=0.5),
        taylor("1/(1+x^2)", 0.0, 3, radius=0.5),
        taylor("1/(1+x*y)", {"x": 0.5, "y": 1}, 2, radius=0.1),
    ):
        text = taylor_report(T, width=width, unicode=False)
        assert text.isascii() and "in [" in text
        assert max(map(len, text.splitlines())) <= max(width, 56)  # a table is not broken
        colored = taylor_report(T, width=width, color=True)
        assert "\x1b[32m" in colored and taylor_report(T, width=width).count("\x1b") == 0


def test_names_cannot_steer_a_terminal():
    def evil(x):
        return x

    evil.__name__ = "\x1b[2Jf"
    assert "\x1b" not in taylor_report(taylor(evil, 0.0, 1, radius=0.1))


# ---- JSON ----


def test_document_is_plain_and_of_full_precision():
    T = taylor("exp(sin(2*x))", 0.3, 6, radius=0.5)
    found = json.loads(json.dumps(T.to_dict(), allow_nan=False))
    assert found["schema"] == "taylored-taylor/1" and found["status"] == T.status
    (output,) = found["outputs"]
    assert output["coefficients"] == T.coefficients.tolist()
    assert output["coefficient_errors"] == T.coefficient_errors.tolist()
    assert output["remainder"] == {"lo": T.remainder.lo, "hi": T.remainder.hi}
    assert output["truncation"] == {"lo": T.truncation.lo, "hi": T.truncation.hi}
    assert found["exponents"] == [[k] for k in range(7)] and found["radius"] == [0.5]
    assert found["box"] == [[-0.2], [0.8]]
    assert found["usable"] is True and found["accuracy"] == "proved"
    assert found["convergence"]["infinite"] is True and found["convergence"]["hi"] is None
    assert found["best"]["error"] == T.best.error


# Ends, and what is asked for at the center 0.3: symmetric or not, at an end, not a short decimal.
BOXES = [(-1.0, 1.0), (-0.2, 0.8), (0.3, 2.0), (-1.7, 0.3), (0.0, 0.6), (1 / 7, 2 / 3), (-1e6, 1.0)]


@pytest.mark.parametrize("on", BOXES)
def test_ends_are_those_that_were_typed_and_never_outside(on):
    T = taylor("sin(x)", 0.3, 1, on=on)
    low, high = (float(end[0]) for end in box_ends(T))
    proved = [float(end[0]) for end in T.box]
    assert proved[0] <= low and high <= proved[1]
    scale = np.spacing(0.3 + float(T.reach[0]))
    assert abs(low - on[0]) <= 2 * scale and abs(high - on[1]) <= 2 * scale
    if on[0] != 1 / 7:
        assert (low, high) == on
    found = T.to_dict()
    assert found["box"] == [[low], [high]]
    even = abs((on[1] - 0.3) - (0.3 - on[0])) < 1e-9
    assert found["radius"] == ([pytest.approx(on[1] - 0.3, rel=1e-15)] if even else None)


def test_document_of_what_is_not_known():
    found = json.loads(json.dumps(taylor("besselj0(x)", 1.0, 3).to_dict(), allow_nan=False))
    assert found["usable"] is False and found["accuracy"] == "unknown"
    assert found["outputs"][0]["remainder"] is None and found["largest_remainder"] is None
    assert found["radius"] is None and found["box"] is None
    assert found["convergence"] is None and found["best"] is None
    assert found["findings"][0]["name"] == "no-remainder"


def test_document_of_trees():
    def tree(p):
        return {"u": p["a"] * p["b"], "v": jnp.stack([p["a"] ** 3, p["b"]])}

    T = taylor(tree, {"a": 1.0, "b": 2.0}, 2, radius=0.3)
    found = json.loads(json.dumps(T.to_dict(), allow_nan=False))
    assert [o["name"] for o in found["outputs"]] == ["f1", "f2[0]", "f2[1]"]
    by_degree = dict(zip(map(tuple, found["exponents"]), found["outputs"][1]["coefficients"],
                         strict=True))  # fmt: skip
    assert by_degree == {(0, 0): 1, (1, 0): 3, (2, 0): 3, (0, 1): 0, (1, 1): 0, (0, 2): 0}
    low, high = found["outputs"][1]["remainder"].values()
    assert low <= -0.027 and 0.027 <= high < 0.02701


def test_values_in_float64_are_those_of_the_function():
    T = taylor("exp(sin(2*x))", 0.3, 2)
    x = np.linspace(-1, 1, 7)
    assert np.allclose(values(T, x[:, None])[:, 0], np.exp(np.sin(2 * x)), rtol=1e-15)
