"""`taylored gradient` and the like where float64 ends, formulas branch, and words begin with -."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import mpmath
import pytest
from mpmath import mp

from taylored.calculus.symbolic import differentiate
from taylored.cli.main import main
from taylored.errors import ArgumentError


@pytest.fixture
def run(capsys):
    """Run a command line in this process: its code, and what it wrote."""

    def run(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err and "internal error" not in err
        return SimpleNamespace(code=code, out=out, err=err)

    return run


# ---- numbers beyond the range of float64 ---------------------------------------------------

TINY = [
    ("(x*1e-300*1e-20)*1e300", {"x": "0.7"}, lambda: mp.mpf("1e-20")),
    ("(x*1.2345678e-300*1e-20)*1e300", {"x": "0.7"}, lambda: mp.mpf("1.2345678e-20")),
    ("x*1e-320", {"x": "1"}, lambda: mp.mpf("1e-320")),
    ("exp(-x)*1e300", {"x": "800"}, lambda: -mp.exp(-mp.mpf(800)) * mp.mpf(10) ** 300),
    ("exp(-x)", {"x": "800"}, lambda: -mp.exp(-mp.mpf(800))),
    ("1/exp(x)*1e300", {"x": "800"}, lambda: -mp.exp(-mp.mpf(800)) * mp.mpf(10) ** 300),
    ("x^4*1e300", {"x": "1e-120"}, lambda: 4 * mp.mpf(10) ** -60),
    ("x^2*1e300", {"x": "1e-320"}, lambda: 2 * mp.mpf(10) ** -20),
    ("log(x)*1e-200", {"x": "1e-320"}, lambda: mp.mpf(10) ** 120),
    ("erf(x)", {"x": "30"}, lambda: 2 / mp.sqrt(mp.pi) * mp.exp(-mp.mpf(900))),
    ("sigmoid(-x)*1e300", {"x": "800"}, lambda: -mp.exp(-mp.mpf(800)) * mp.mpf(10) ** 300),
    (
        "gamma(-x)*1e300",
        {"x": "200.5"},
        lambda: -mp.gamma(mp.mpf(-200.5)) * mp.digamma(mp.mpf(-200.5)) * mp.mpf(10) ** 300,
    ),
    ("x" + "/10" * 330 + "*1e300", {"x": "1"}, lambda: mp.mpf(10) ** -30),
    ("y*exp(-x)", {"y": "1e300", "x": "740"}, lambda: mp.exp(-mp.mpf(740))),
]


@pytest.mark.parametrize(("text", "at", "truth"), TINY, ids=[row[0][:30] for row in TINY])
def test_underflow_is_never_hidden(text, at, truth):
    found = differentiate("gradient", [text], at)
    number, error = found.numbers[0], found.errors[0]
    with mp.workdps(60):  # more than the claim, so that half a unit of float64 is seen
        assert abs(mpmath.mpf(number) - truth()) <= error and error > 0
    # right digits, or refused, or zero within a few steps of float64
    assert error < 1e-14 * abs(truth()) or not found.usable or error < 1e-322


def test_inputs_too_small_are_refused_or_exact():
    found = differentiate("gradient", ["log(x)"], {"x": "1e-320"})
    assert abs(found.values[0] - float(mpmath.log(mpmath.mpf("1e-320")))) < 2e-13
    with pytest.raises(ArgumentError, match="too small for float64"):
        differentiate("gradient", ["x"], {"x": "exp(-800)"})
    assert differentiate("gradient", ["x"], {"x": "cos(pi/2)"}).usable


def test_less_than_a_digit_is_not_trusted(run):
    assert "0 digits" not in run("gradient", "y*exp(-x)", "--at", "x=740,y=1e300").out


def test_powers_of_zero(run):
    done = run("gradient", "x^y", "--at", "x=0,y=0", "--wrt", "x", "--json")
    assert done.code == 0 and json.loads(done.out)["numbers"] == [0.0]
    done = run("gradient", "x^y", "--at", "x=0,y=0", "--wrt", "y")
    assert done.code == 5 and "jump" in done.out
    mixed = differentiate("hessian", ["x^y"], {"x": 2, "y": 0})
    assert abs(mixed.numbers[0, 1] - 0.5) <= mixed.errors[0, 1] < 1e-15
    assert run("gradient", "x^y", "--wrt", "x").out == "df/dx = y*x^(y - 1)\n"
    kept = run("gradient", "where((x == 0) & (y == 0), 0, x)", "--wrt", "x").out
    assert "where" in kept


def test_one_point_of_its_own(run):
    done = run("hessian", "abs(x)^2", "--at", "x=0")
    assert done.code == 5 and "2 on both sides, but 0 as computed" in done.out
    assert "kink" not in done.out
    assert run("gradient", "where(x==0,1,sin(x)/x)", "--at", "x=0").code == 0
    assert run("gradient", "relu(x)^1.5", "--at", "x=0").code == 0
    steep = run("gradient", "abs(x) + x^2*1e30", "--at", "x=0")
    assert steep.code == 5 and "-1 on the left, 1 on the right" in re.sub(r"\s+", " ", steep.out)


# ---- words and order ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["-x^2"], ["--", "-x^2"], ["-x*x"], ["--", "-x*x", ], ["-(x^2)"]], ids=str
)  # fmt: skip
def test_formulas_that_start_with_a_minus_sign(run, words):
    done = run("gradient", "--at", "x=1", "--json", *words)
    assert done.code == 0 and json.loads(done.out)["numbers"] == [-2.0]
    assert run("jacobian", "x", *words).code == 0


def test_words_of_the_report(run):
    done = run("jacobian", "x*y, x/y")
    assert done.code == 2 and 'taylored jacobian "x*y" "x/y"' in done.err
    for text in ("x*1e308*10", "x/0*0"):
        done = run("gradient", text, "--at", "x=1")
        assert done.code == 5 and "Warning" not in done.err and "(1/0)" not in done.out
    done = run("gradient", "mod(x,1)", "--at", "x=2")
    assert done.out.startswith("Not to be trusted: there is a jump at this point.\n")
    assert "jax" not in run("hessian", "digamma(x)").err
    out = run("hessian", "y*x^2", "--wrt", "x,y", "--at", "x=1,y=1").out
    assert "at x = 1, y = 1" in out


def test_data_given_as_spread_is_told():
    import numpy as np

    import taylored as ty

    with pytest.raises(ty.errors.FunctionError, match=r"args=\(data,\)"):
        ty.influence(lambda p, data: (p * data).sum(), np.ones(3), np.ones(3))
    one = ty.influence(lambda p: (p**4).sum(), np.ones(1), 0.9)
    assert any("the input that makes 95 %" in f.message for f in one.findings)
