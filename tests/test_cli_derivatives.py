"""`taylored gradient`, `jacobian`, `hessian`: numbers against mpmath, claims, messages, codes."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from mpmath import mp

from taylored.calculus.formulas import vector_program
from taylored.calculus.symbolic import differentiate
from taylored.cli.main import main
from taylored.errors import ArgumentError, MissingRule
from taylored.formula import parse
from taylored.readings.shaken import exactly, given, shaken
from taylored.results import Accuracy


@pytest.fixture
def run(capsys):
    """Run a command line in this process within a second: its code, and what it wrote."""

    def run(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err and "internal error" not in err
        return SimpleNamespace(code=code, out=out, err=err)

    return run


# ---- the truth: the formula in many digits, numbers as they are written --------------------------


def _exact(value):
    if value == math.pi:
        return mp.pi
    return mpmath.mpf(repr(value)) if isinstance(value, float) else value


_OPS = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y, "pow": lambda x, y: x**y, "neg": lambda x: -x,
    "abs": abs, "log10": mpmath.log10, "hypot": mpmath.hypot, "expm1": mpmath.expm1,
    "max": lambda x, y: max(x, y), "min": lambda x, y: min(x, y), "log1p": mpmath.log1p,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "sinc": lambda x: mpmath.sincpi(x), "besselj1": lambda x: mpmath.besselj(1, x),
    "besselj0": lambda x: mpmath.besselj(0, x), "lgamma": mpmath.loggamma,
    "gt": lambda x, y: x > y, "where": lambda c, x, y: x if c else y,
    **{n: getattr(mpmath, n) for n in """exp log sqrt cbrt sin cos tan asin acos atan atan2 sinh
        cosh tanh asinh erf erfc gamma digamma""".split()},
}  # fmt: skip


def _lifted(function, *values):
    return function(*map(_exact, values))


def exact_derivative(text, at, order):
    """The derivative of this order, one number per name, of a formula at a point."""
    model = parse(text).model
    lifted = {name: partial(_lifted, function) for name, function in _OPS.items()}

    def value(*inputs):
        return mpmath.mpf(model.evaluate(dict(zip(model.names, inputs, strict=True)), lifted))

    # The steps of mpmath.diff are absolute: far from 1 they need more digits.
    far = any(not 1e-5 < abs(float(v)) < 1e5 for v in at.values())
    with mp.workdps(200 if far else 60):
        point = [mpmath.mpf(at[n]) for n in model.names]
        orders = tuple(order.get(n, 0) for n in model.names)
        if sum(orders) == 0:
            return value(*point)
        if len(point) == 1:
            return mpmath.diff(value, point[0], orders[0])
        return mpmath.diff(value, tuple(point), orders)


def check_claim(claimed, error, truth, widest):
    """The true error is within the claim, and the claim is not absurdly wide."""
    true = abs(mpmath.mpf(claimed) - truth)
    assert true <= error + mpmath.mpf(10) ** -50, (claimed, error, truth)
    rounding = abs(truth) * mpmath.mpf(2) ** -50  # the claim may always be a few roundings
    assert error <= max(widest * true, rounding, 1e-320), (claimed, error, truth)


POINTS = [
    ("x^2*y + sin(x*y)", {"x": "1.3", "y": "2"}),
    ("a*exp(-t/tau) + c", {"a": "2.5", "t": "1", "tau": "1.5", "c": "0.3"}),
    ("a*exp(-(x-m)^2/(2*s^2))", {"a": "2", "x": "1", "m": "0.5", "s": "0.7"}),
    ("x^y", {"x": "1.7", "y": "0.3"}),
    ("sqrt(x^2 + y^2)/(1 + x*y)", {"x": "3", "y": "4"}),
    ("100*(y - x^2)^2 + (1 - x)^2", {"x": "1.2", "y": "1"}),
    ("log(x)/x + cbrt(x)", {"x": "2.3"}),
    ("sinc(x)", {"x": "0.01"}),
    ("sinc(x)", {"x": "0.3"}),
    ("sinc(x)", {"x": "2.2"}),
    ("besselj1(x)*y", {"x": "0.7", "y": "3"}),
    ("besselj0(x) + lgamma(x)", {"x": "1.7"}),
    ("gamma(x)*erf(x) + erfc(x)", {"x": "1.7"}),
    ("sigmoid(x) + softplus(-x)", {"x": "0.8"}),
    ("atan2(y, x) + tanh(x) + asinh(y)", {"x": "0.4", "y": "0.9"}),
    ("hypot(x, y)*log10(x)", {"x": "0.4", "y": "0.9"}),
    ("tan(x)", {"x": "1.570796326"}),
    ("tan(x)", {"x": "1.5707963267948"}),
    ("log(1 + x)", {"x": "1e-12"}),
    ("log(1 + x)/x", {"x": "1e-12"}),
    ("(1 - cos(x))/x^2", {"x": "1e-3"}),
    ("(1 - cos(x))/x^2", {"x": "1e-4"}),
    ("1 - erf(x)", {"x": "5"}),
    ("(exp(x) - 1 - x)/x^2", {"x": "0.001"}),
    ("((1 + x)^2 - 1 - 2*x)/x^2 + x", {"x": "1e-7"}),
    ("sin(x)", {"x": "1e22"}),
    ("sin(pi*x)", {"x": "100000"}),
    ("x - 1e16 + y", {"x": "1e16", "y": "0.1"}),
    ("exp(x)", {"x": "-700"}),
    ("exp(-x^2)*1e-200", {"x": "15"}),
    ("x^3*1e100", {"x": "1e60"}),
    ("abs(x)*y + max(x, y)", {"x": "-0.3", "y": "0.2"}),
    ("where(x > 0, x^2, -x)", {"x": "0.3"}),
    ("x^-2.5", {"x": "1e-20"}),
]


@pytest.mark.parametrize(("text", "at"), POINTS, ids=lambda v: v if isinstance(v, str) else "")
def test_gradients_and_their_claims(text, at):
    found = differentiate("gradient", [text], at)
    check_claim(found.values[0], found.value_errors[0], exact_derivative(text, at, {}), 1e5)
    for name, number, error in zip(found.names, found.numbers, found.errors, strict=True):
        check_claim(number, error, exact_derivative(text, at, {name: 1}), 1e5)
    assert found.accuracy is Accuracy.ESTIMATED


@pytest.mark.parametrize(("text", "at"), POINTS[:19], ids=lambda v: v if isinstance(v, str) else "")
def test_hessians_and_their_claims(text, at):
    found = differentiate("hessian", [text], at)
    np.testing.assert_array_equal(found.numbers, found.numbers.T)
    for i, first in enumerate(found.names):
        for j, second in enumerate(found.names[: i + 1]):
            order = {first: 2} if i == j else {first: 1, second: 1}
            check_claim(found.numbers[i, j], found.errors[i, j],
                        exact_derivative(text, at, order), 1e5)  # fmt: skip


def test_claims_of_an_ill_conditioned_formula_are_not_wide():
    """One true error may be small by luck; the median over many points is not."""
    for text, size in (("(1 - cos(x))/x^2", 1e-4), ("log(1 + x) - x", 1e-6), ("tan(x)", 1.5707963)):
        ratios = []
        for k in range(25):
            at = {"x": repr(size * (1 + k * 1e-9))}
            found = differentiate("gradient", [text], at)
            true = abs(mpmath.mpf(float(found.numbers[0])) - exact_derivative(text, at, {"x": 1}))
            assert true <= found.errors[0]
            ratios.append(float(found.errors[0] / max(true, mpmath.mpf(1e-40))))
        assert np.median(ratios) < 300, (text, ratios)


def test_lost_digits_are_said():
    found = differentiate("gradient", ["(1 - cos(x))/x^2"], {"x": "1e-6"})
    truth = exact_derivative("(1 - cos(x))/x^2", {"x": "1e-6"}, {"x": 1})
    assert not found.usable and found.accuracy is Accuracy.UNKNOWN
    assert "no digit is right" in found.report()
    assert abs(found.numbers[0] - float(truth)) <= found.errors[0]


def test_jacobian_of_polar_coordinates(run):
    done = run("jacobian", "r*cos(phi)", "r*sin(phi)", "--at", "r=2,phi=pi/6", "--json")
    document = json.loads(done.out)
    half, root = 0.5, math.sqrt(0.75)
    assert document["numbers"] == pytest.approx(np.array([[root, -1], [half, 2 * root]]), rel=1e-15)
    assert document["inputs"] == ["r", "phi"] and document["kind"] == "jacobian"
    # 2*sin(pi/6) is 1 where pi/6 is pi/6, and not the float next to it
    assert document["values"][1] == 1.0


def test_numbers_mean_what_is_written():
    at_text = differentiate("gradient", ["tan(x)"], {"x": "pi/2"})
    assert not at_text.usable  # there is a pole
    at_float = differentiate("gradient", ["tan(x)"], {"x": math.pi / 2})  # and here there is none
    truth = exact_derivative("tan(x)", {"x": math.pi / 2}, {"x": 1})
    check_claim(at_float.numbers[0], at_float.errors[0], truth, 1e5)
    zero = differentiate("gradient", ["cos(pi*x)"], {"x": 1.0})
    assert zero.usable and abs(zero.numbers[0]) <= zero.errors[0] < 1e-17


@pytest.mark.parametrize("text", ["2*x", "x^2", "x*y - y", "abs(x)"])
def test_exact_numbers_are_exact(text):
    found = differentiate("gradient", [text], dict.fromkeys(parse(text).model.names, 3.0))
    assert np.all(found.errors < 1e-28) and np.all(found.numbers == np.rint(found.numbers))


def test_report(run):
    done = run("gradient", "x^2*y + sin(x*y)", "--at", "x=1", "--at", "y=2")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("All 2 derivatives are known to 15 digits or more.\n")
    assert "df/dx   3.16770632690572  ≈" in done.out
    assert "df/dx = 2*x*y + y*cos(x*y)" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    plain = run("gradient", "x^2*y + sin(x*y)", "--at", "x=1,y=2", "--ascii").out
    shown, error = re.search(r"^f +(\S+) +~ (\S+)$", plain, re.M).groups()
    with mpmath.workdps(40):
        off = abs(mpmath.mpf(shown) - 2 - mpmath.sin(2))
    assert plain.isascii() and off <= float(error) < 1e-14


def test_wrt_chooses_and_orders(run):
    done = json.loads(run("gradient", "a*x + b*y", "--at", "a=2,b=3,x=5,y=7", "--wrt", "y,a",
                          "--json").out)  # fmt: skip
    assert done["inputs"] == ["y", "a"] and done["numbers"] == [3.0, 5.0]
    assert done["at"] == {"a": 2.0, "x": 5.0, "b": 3.0, "y": 7.0}
    done = json.loads(run("hessian", "x^2*y^3*c", "--at", "x=1,y=2,c=1", "--wrt=y,x", "--json").out)
    assert done["numbers"] == [[12.0, 24.0], [24.0, 16.0]]
    assert [e["name"] for e in done["entries"]][:2] == ["d²f/dy²", "d²f/dy dx"]


def test_symbolic_forms(run):
    done = run("gradient", "a*exp(-x/tau)", "--symbolic", "--wrt", "tau")
    assert (done.code, done.out) == (0, "df/dtau = a*x*exp(-x/tau)/tau^2\n")
    assert run("gradient", "a*exp(-x/tau)", "--wrt", "tau").out == done.out
    done = run("gradient", "a*exp(-x/tau)", "--latex", "--wrt", "tau")
    expected = r"\frac{\partial f}{\partial \tau} = \frac{a x}{\tau^{2}} e^{-x/\tau}"
    assert done.out.strip() == expected
    assert (
        run("gradient", "x^3", "--latex").out == "\\frac{\\mathrm{d} f}{\\mathrm{d} x} = 3 x^{2}\n"
    )
    done = run("hessian", "x^2*y", "--latex")
    assert (
        done.out.startswith(r"\begin{aligned}") and r"\partial x \, \partial y} &= 2 x" in done.out
    )
    done = run("jacobian", "x*y", "x/y", "--symbolic", "--ascii")
    assert [line.split(" = ") for line in done.out.splitlines()] == [
        ["df1/dx", "y"], ["df1/dy", "x"], ["df2/dx", "1/y"], ["df2/dy", "-x/y^2"],
    ]  # fmt: skip


def test_json_is_one_strict_document(run):
    def constant(name):
        raise AssertionError(name)

    for arguments in (("sqrt(x)*y", "--at", "x=0,y=1"), ("x*y",), ("x*y", "--at", "x=1,y=pi")):
        done = run("gradient", *arguments, "--json")
        document = json.loads(done.out, parse_constant=constant)
        assert document["schema"] == "taylored-derivative/1"
        assert [e["wrt"] for e in document["entries"]] == [["x"], ["y"]]
        assert document["entries"][1]["latex"]
    assert document["entries"][0]["value"] == math.pi and document["usable"] is True


def test_matrices_fit_the_terminal(run):
    done = run("jacobian", "x*y*z*w", "sin(x)+z", "exp(-x*w)/y", "--at", "x=1,y=2,z=3,w=0.1")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    (head,) = [line for line in lines if "d/dx" in line]
    assert head.split() == ["value", "d/dx", "d/dy", "d/dz", "d/dw"]
    rows = [line.split() for line in lines if re.match(r"f\d ", line)]
    assert [row[0] for row in rows] == ["f1", "f2", "f3"] and rows[0][-1] == "6"
    names = [f"x{k}" for k in range(12)]
    wide = run(
        "hessian", "exp(" + "+".join(names) + ")", "--at", ",".join(f"{n}=0.1" for n in names)
    )
    assert max(map(len, wide.out.splitlines())) <= 80 and "d²f/dx0 dx11" in wide.out


def test_color_only_where_asked():
    report = differentiate("gradient", ["x^2"], {"x": 1}).report()
    assert "\x1b" not in report
    from taylored.report.derivative import derivative_report

    result = differentiate("hessian", ["x^2*y"], {"x": 1, "y": 2})
    colored = derivative_report(result, width=80, color=True)
    assert "\x1b[33m" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == derivative_report(result, width=80)


def test_response_is_left_out(run):
    done = run("gradient", "y ~ a*x", "--at", "a=1,x=2")
    assert done.code == 0 and "right side, a*x" in done.err and "f = a*x" in done.out


# ---- where there is no derivative --------------------------------------------------------------

KINKS = [
    ("abs(x)", "x=0", "kink", "-1 on the left, 1 on the right"),
    ("max(x, 2)*y", "x=2,y=3", "kink", "0 on the left, 3 on the right"),
    ("min(x, y)", "x=0.3,y=0.3", "kink", "1 on the left, 0 on the right"),
    ("abs(sin(x))", "x=pi", "kink", "-1 on the left, 1 on the right"),
    ("sign(x)", "x=0", "jump", "from -1 to 1"),
    ("floor(x)*y", "x=2,y=3", "jump", "from 3 to 6"),
    ("round(x)", "x=0.5", "jump", "from 0 to 1"),
    ("where(x > 1, x, 2*x)", "x=1", "jump", "from 2 to 1"),
    ("where(x == 0, 1, 1 + x)", "x=0", "branch", "1 on both sides, but 0 as computed"),
    ("abs(x)*1e-12", "x=0", "kink", "-1e-12 on the left, 1e-12 on the right"),
    ("max(x, 1.00001*x)", "x=0", "kink", "1 on the left, 1.00001 on the right"),
    ("sqrt(x^2)", "x=0", "kink", "-1 on the left, 1 on the right"),
    ("hypot(x, 0*x)", "x=0", "kink", "-1 on the left, 1 on the right"),
    ("(x^3)^(1/3)", "x=0", "branch", "1 on the right, but 0 as computed"),
    ("(x^2)^0.3", "x=0", "kink", "infinite on the left, infinite on the right"),
    ("mod(x, 1)", "x=2", "jump", "a jump, from 1 to 0."),
    ("0^x", "x=0", "jump", "a jump, to 0 on the right"),
    ("atan2(x, -1)", "x=0", "jump", "from -3.14159 to 3.14159"),
    ("sqrt(x)", "x=0", "not-finite", "sqrt(x) at x = 0: infinite slope"),
    ("x*sqrt(x - 1)", "x=1", "not-finite", "sqrt(x - 1) at x = 1: infinite slope"),
    ("log(x)", "x=-1", "not-finite", "log(x) at x = -1: not a real number"),
    ("1/x", "x=0", "not-finite", "1/x at x = 0: infinite"),
    ("exp(x)", "x=1000", "not-finite", "exp(x) at x = 1000: too large for float64"),
    ("asin(x)", "x=1", "not-finite", "asin(x) at x = 1: infinite slope"),
    ("1/x", "x=1e-200", "not-finite", "too large for float64"),
    ("x^0.5*y", "x=0,y=2", "not-finite", "sqrt(x) at x = 0: infinite slope"),
]


@pytest.mark.parametrize(("formula", "at", "name", "text"), KINKS)
def test_no_derivative(run, formula, at, name, text):
    done = run("gradient", formula, "--at", at)
    assert done.code == 5 and done.err == ""
    assert done.out.startswith("Not to be trusted: ")
    joined = re.sub(r"\s+", " ", done.out)
    assert name in joined and text in joined and "none" in joined
    quiet = run("gradient", formula, "--at", at, "--json")
    assert quiet.code == 5 and text in quiet.err
    assert None in json.loads(quiet.out)["numbers"]


@pytest.mark.parametrize(
    ("kind", "formula", "at", "numbers"),
    [
        ("gradient", "max(x, 0)^2", "x=0", [0.0]),
        ("gradient", "x*abs(x) + y", "x=0,y=1", [0.0, 1.0]),
        ("gradient", "relu(x)^3", "x=0", [0.0]),
        ("hessian", "relu(x)^4", "x=0", [[0.0]]),
        ("gradient", "abs(x)*y", "x=0.1,y=2", [2.0, 0.1]),
        ("gradient", "where(x > 1, x^2, 2*x - 1)", "x=1", [2.0]),
        ("gradient", "(a*x)^b", "a=0,x=2,b=2", [0.0, 0.0, 0.0]),
        ("hessian", "sinc(x)", "x=0", [[-(math.pi**2) / 3]]),
        ("gradient", "besselj1(x)", "x=0", [0.5]),
    ],
)
def test_switches_that_are_smooth(run, kind, formula, at, numbers):
    done = run(kind, formula, "--at", at, "--json")
    assert done.code == 0, done.out
    np.testing.assert_allclose(json.loads(done.out)["numbers"], numbers, rtol=1e-15, atol=1e-300)


def test_kink_of_a_hessian(run):
    done = run("hessian", "max(x, 0)^2*y", "--at", "x=0,y=3")
    assert done.code == 5 and "0 on the left, 6 on the right" in done.out
    assert "none  0" in re.sub(" +", "  ", done.out)  # the others exist


# ---- wrong input --------------------------------------------------------------------------------

# arguments, pieces of the message
WRONG = [
    (["gradient"], "A formula is missing"),
    (["jacobian", "--at", "x=1"], "A formula is missing"),
    (["gradient", "x", "y"], "jacobian"),
    (["hessian", "x*y", "x=1", "--at", "y=1"], "--at x=1"),
    (["gradient", "3*pi"], "no inputs"),
    (["gradient", "x*y", "--at", "x=1"], "y has no number"),
    (["gradient", "x", "--at", "x=1,x=2"], "x is given twice"),
    (["gradient", "x", "--at", "x=1", "--at", "`x`=2"], "x is given twice"),
    (["gradient", "alpha*x", "--at", "alhpa=1,x=2"], "did you mean alpha"),
    (["gradient", "x", "--at", "x=nan"], "'nan' for x is not a number"),
    (["gradient", "x", "--at", "x=inf"], "'inf' for x is not a number"),
    (["gradient", "x", "--at", "x=-inf"], "'-inf' for x is not a number"),
    (["gradient", "x", "--at", "x=1e999"], "'1e999' for x is not a number"),
    (["gradient", "x", "--at", "x=1/0"], "'1/0' for x is not a finite real number"),
    (["gradient", "x", "--at", "x=sqrt(-1)"], "for x is not a finite real number"),
    (["gradient", "x", "--at", "x=1j"], "'1j' for x is not a number"),
    (["gradient", "x", "--at", "x=1+2i"], "for x is not a number"),
    (["gradient", "x", "--at", "x=y"], "y is a name"),
    (["gradient", "x", "--at", "x=one two"], "for x is not a number"),
    (["gradient", "x", "--at", "x="], "is not NAME=VALUE"),
    (["gradient", "x", "--at", "=1"], "is not NAME=VALUE"),
    (["gradient", "x", "--at", ""], "is not NAME=VALUE"),
    (["gradient", "x", "--at", "x"], "is not NAME=VALUE"),
    (["gradient", "x", "--at", "x=1,,"], "is not NAME=VALUE"),
    (["gradient", "x", "--at"], "needs a value"),
    (["gradient", "x", "--at", "x==1"], "for x is not a number"),
    (["gradient", "x", "--at", "x=x~1"], "for x is not a number"),
    (
        ["gradient", "x", "--at", "x=__import__('os').system('touch hacked')"],
        "for x is not a number",
    ),
    (["gradient", "x", "--at", "x=open(1)"], "for x is not a number"),
    (["gradient", "x", "--at", "x=" + "9" * 5000], "for x is not a number"),
    (["gradient", "x", "--at", "x=" + "(" * 500 + "1" + ")" * 500], "for x is not a number"),
    (["gradient", "x", "--at", "x=\x1b[2J"], "for x is not a number"),
    (["gradient", "x*y", "--wrt", "z"], "'z' is not an input"),
    (["gradient", "x*y", "--wrt", "x,x"], "x is named twice"),
    (["gradient", "x*y", "--wrt", ""], "a name is empty"),
    (["gradient", "x*y", "--wrt", "x,,y"], "a name is empty"),
    (["gradient", "x", "--json", "--latex"], "not allowed with"),
    (["gradient", "x", "--symbolic", "--json"], "not allowed with"),
    (["gradient", "x", "--laetx"], "did you mean --latex"),
    (["gradient", ""], "empty"),
    (["gradient", "__import__('os').system('touch hacked')"], "not a name"),
    (["gradient", "().__class__"], "has no meaning"),
    (["gradient", "eval(x)"], "not a function"),
    (["gradient", "x +"], "missing"),
    (["gradient", "x\0"], "character"),
    (["gradient", "x\x1b[2J"], "character"),
    (["gradient", "(" * 4000 + "x" + ")" * 4000], "nested"),
    (["gradient", "x" + "+x" * 6000], "too long"),
    (["gradient", "y = a*x"], "not a formula"),
    (["gradiant", "x"], "did you mean gradient"),
    (["hessian", "digamma(x)"], "trigamma"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG, ids=range(len(WRONG)))
def test_wrong_input(run, tmp_path, monkeypatch, arguments, text):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert (done.code, done.out) == (2, ""), done
    assert text in done.err and "Next:" in done.err and "\x1b" not in done.err
    assert len(done.err.splitlines()) <= 8 and max(map(len, done.err.splitlines())) <= 250
    assert not list(tmp_path.iterdir())


HARD = [
    "x" + "%2" * 200,
    "x" + "*x" * 900,
    "x^2" + "^1.01" * 60,
    "+".join(f"sin({k}*x)*exp(-x/{k + 1})" for k in range(60)),
    "exp(" * 90 + "-x" + ")" * 90,
    "(1+x)^64*(1-x)^64*(1+2*x)^64",
    "/".join(["1"] + ["(1+x)"] * 80),
    "9^9^9^x",
    "max(" + ",".join(f"{k}*x" for k in range(120)) + ")",
]


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
@pytest.mark.every(4)
def test_hard_formulas_do_not_grow_without_end(run, text):
    assert run("hessian", text, "--at", "x=0.4").code in (0, 5)
    for done in (run("gradient", text, "--latex"), run("hessian", text, "--symbolic")):
        assert done.code == 0 and len(done.out) < 200_000


def test_python_side_refuses_too():
    with pytest.raises(ArgumentError, match="no derivative 'slope'"):
        differentiate("slope", ["x"])
    with pytest.raises(ArgumentError, match="A formula is missing"):
        differentiate("jacobian", [])
    with pytest.raises(ArgumentError, match="not finite"):
        differentiate("gradient", ["x"], {"x": float("nan")})
    with pytest.raises(ArgumentError, match="not a number"):
        differentiate("gradient", ["x"], {"x": 1j})
    with pytest.raises(MissingRule):
        differentiate("hessian", ["digamma(x)"])
    assert "gradient of x^2" in repr(differentiate("gradient", ["x^2"], {"x": 1}))
    assert differentiate("gradient", ["x^2"])._repr_latex_().startswith(r"$\displaystyle \frac")


# ---- starting ---------------------------------------------------------------------------------

WATCH = """
import sys
from taylored.cli.main import main
code = main({arguments!r})
print(*sorted({{"jax", "scipy", "polars", "matplotlib", "rich", "numpy"}} & set(sys.modules)))
"""


def imported(*arguments):
    script = WATCH.format(arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_first_answer_needs_numpy_only():
    assert imported("gradient", "x^2*sin(y)", "--at", "x=1,y=2") == ["numpy"]
    assert imported("hessian", "--help") == []
    assert imported("gradient", "x", "--at", "x") == []


# ---- shaken arithmetic ---------------------------------------------------------------------


def test_shaken_is_the_same_every_time_and_knows_what_it_is_given():
    program = vector_program([parse("(x - 0.3)*1e10").model], ("x",))
    first, again = shaken(program, [given(0.3)]), shaken(program, [given(0.3)])
    assert first == again
    assert first[0].value == pytest.approx(-1.1102230246251565e-07, rel=1e-12)  # the float 0.3
    assert abs(shaken(program, [exactly(0.3)])[0].value) <= shaken(program, [exactly(0.3)])[0].error
