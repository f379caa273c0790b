"""`taylored taylor`: numbers against mpmath, exit codes, messages, hostile input, cold start."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import time
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from mpmath import mp

from taylored.cli.completion import script
from taylored.cli.main import main

F = "exp(sin(2*x))"
LIMIT = 60  # seconds: hangs, not speed


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command line in this process: its code, and what it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        start = time.perf_counter()
        code = main(["taylor", *map(str, arguments)])
        spent = time.perf_counter() - start
        out, err = capsys.readouterr()
        assert spent < LIMIT
        assert "Traceback" not in err and "internal error" not in err and "Warning" not in err
        return SimpleNamespace(code=code, out=out, err=err)

    return run


# ---- what comes out ----


def test_table(run):
    done = run(F, "--at", "0.3", "--order", 6, "--on", "-0.2:0.8")
    assert done.code == 0 and done.err == ""
    first = "On [-0.2, 0.8] the polynomial of order 6 is within 0.017 of exp(sin(2*x)), proved."
    assert " ".join(done.out.split()).startswith(first)
    assert "(x - 0.3)^6" in done.out and "f - T     ∈ [-0.016" in done.out
    assert "best polynomial of degree 6" in done.out


# arguments, function, center, half-width or ends that the bound must hold on
BOUNDS = [
    (("exp(x)", "--at", "0", "--order", "3", "--on", "-1:1"), mp.exp, "0", 1.0),
    (("exp(x)", "--at=-0.5", "--order=3", "--on=-1:0"), mp.exp, "-0.5", 0.5),
    (("exp(x)", "--at", "-0.5", "--order", "3", "--on", "-1:0.5"), mp.exp, "-0.5", (-1.0, 0.5)),
    (("exp(x)", "--at", "0.3", "--order", "3", "--on", "0.3:1.1"), mp.exp, "0.3", (0.3, 1.1)),
    (("log(x)", "--at", "1", "--order", "4", "--on", "0.25:1"), mp.log, "1", (0.25, 1.0)),
    ((F, "--at", "0.3", "--order", "6", "--on", "-1:1"), lambda x: mp.exp(mp.sin(2 * x)), "0.3",
     (-1.0, 1.0)),
    (("-sin(x)", "--at", "pi/4", "--order", "5", "--radius", "0.5"), lambda x: -mp.sin(x),
     "0.7853981633974483", 0.5),
    (("--at", "1", "--tol", "1e-6", "--on", "0.5:1.5", "log(x)"), mp.log, "1", 0.5),
    (("x^2", "--at", "x=-2", "--order", "1", "--radius", "x=1/4"), lambda x: x * x, "-2", 0.25),
    (("y ~ exp(x)", "--at", "0", "--order", "1", "--radius", "1e-3"), mp.exp, "0", 1e-3),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "exact", "center", "reach"), BOUNDS)
def test_json_holds(run, arguments, exact, center, reach):
    done = run(*arguments, "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["schema"] == "taylored-taylor/1" and found["accuracy"] == "proved"
    assert found["at"] == [float(center)]
    uneven = isinstance(reach, tuple)
    assert found["radius"] == (None if uneven else pytest.approx([reach], rel=1e-15))
    low, high = reach if uneven else (float(center) - reach, float(center) + reach)
    assert np.ravel(found["box"]) == pytest.approx([low, high], abs=0 if uneven else 1e-15)
    (output,) = found["outputs"]
    with mp.workdps(50):
        c = mp.mpf(found["at"][0])
        truth = mpmath.taylor(exact, c, found["order"])
        for k, (value, error) in enumerate(
            zip(output["coefficients"], output["coefficient_errors"], strict=True)
        ):
            assert abs(value - truth[k]) <= error + mp.mpf(10) ** -40
        for k in range(21):
            h = low - c + (mp.mpf(high) - low) * k / 20
            p = mp.fsum(v * h**j for j, v in enumerate(output["coefficients"]))
            assert output["remainder"]["lo"] <= exact(c + h) - p <= output["remainder"]["hi"]
    if "--tol" in arguments:
        assert found["largest_remainder"] <= 1e-6
        assert found["order"] > 5


def test_several_inputs(run):
    done = run("exp(-x*y)", "--at", "x=0,y=1", "--order", 3, "--on", "x=-1:1,y=0:2", "--json")
    found = json.loads(done.out)
    assert done.code == 0 and done.err == ""
    assert found["inputs"] == ["x", "y"] and found["radius"] == [1.0, 1.0]
    assert found["box"] == [[-1.0, 0.0], [1.0, 2.0]]
    again = run("exp(-x*y)", "--at", "y=1", "--at", "x=0", "--order", 3, "--radius", 1, "--json")
    again = json.loads(again.out)
    assert again["box"] == found["box"] and again["exponents"] == found["exponents"]
    assert again["largest_remainder"] == pytest.approx(found["largest_remainder"], rel=1e-13)
    done = run("atan2(y,x)", "--at", "x=max(1,2),y=1", "--order", 1, "--radius", "x=0.1,y=0")
    assert done.code == 0 and "For y = 1, x in [1.9, 2.1], the" in done.out


def test_an_interval_is_taken_as_it_is_given(run):
    done = run("exp(x)", "--at", "0", "--order", 2, "--on", "-1:0.25")
    assert done.code == 0 and done.err == "" and done.out.startswith("On [-1, 0.25] the polynomial")
    done = run("exp(x*y)", "--at", "x=0,y=1", "--order", 2, "--on", "x=0:1,y=-1:1", "--latex")
    assert done.code == 0 and r"x \in [0,\ 1],\ y \in [-1,\ 1]" in done.out
    # Beyond 2, where log is as smooth as before, but not down to -1.
    assert run("log(x)", "--at", "1", "--order", 2, "--on", "0.5:3").code == 0


# arguments: refused, with a box to type that works
REFUSED_BOXES = [
    ("log(x)", "--at", "1", "--on", "-1:2"),
    ("sqrt(x)*exp(y)", "--at", "x=1,y=0", "--on", "x=-1:3,y=0:2"),
]


@pytest.mark.parametrize("arguments", REFUSED_BOXES)
def test_a_refused_box_names_one_that_works(run, arguments):
    done = run(*arguments, "--order", 2)
    assert done.code == 4 and f"cannot be bounded for --on {arguments[-1]}." in done.err
    step = re.search(r"Next: --on (\S+) works", done.err)
    assert run(*arguments[:-1], step[1], "--order", 2).code == 0


def test_without_a_box_nothing_is_known(run):
    done = run("exp(x)", "--at", "0", "--order", 3)
    assert done.code == 5 and done.err == ""
    assert done.out.startswith("Nothing is known") and "Give --on -1:1, or --radius" in done.out
    done = run("exp(x)", "--at", "0", "--order", 3, "--latex")
    assert done.code == 5 and r"R\ \text{unknown}" in done.out
    assert done.err.startswith("note: no-remainder: ") and "within(" not in done.err


def test_latex(run):
    done = run("sin(x)", "--at", "0", "--order", 3, "--radius", "0.5", "--latex")
    assert done.code == 0 and done.err == "" and done.out.count("\n") == 1
    assert done.out.startswith(r"f(x) = x - 0.16667 \, x^{3} + R(x), \quad R \in [")


def test_thorough_and_exact_agree_with_the_plain_one(run):
    ends = []
    for flags in ((), ("--thorough",), ("--exact",)):
        done = run("exp(x)", "--at", "0.5", "--order", 2, "--radius", "0.25", "--json", *flags)
        remainder = json.loads(done.out)["outputs"][0]["remainder"]
        ends.append((remainder["lo"], remainder["hi"]))
    with mp.workdps(30):
        sharp = [mp.exp(0.5) * (mp.exp(h) - 1 - h - h * h / 2) for h in (-mp.mpf("0.25"), 0.25)]
    for low, high in ends:
        assert low <= sharp[0] <= 0.98 * low and 0.98 * high <= sharp[1] <= high


# ---- pictures ----


def test_plot_in_the_terminal_and_to_files(run, tmp_path):
    done = run(F, "--at", "0.3", "--order", 2, "--on", "0:0.6", "--plot")
    assert done.code == 0 and "●" in done.out and "f - T as computed" in done.out
    done = run(F, "--at", "0.3", "--order", 2, "--on", "0:0.6", "--plot", "a.png", "--json")
    assert done.code == 0 and json.loads(done.out)
    header = (tmp_path / "a.png").read_bytes()[16:24]
    assert struct.unpack(">II", header) == (1600, 1000)
    assert run("x*y", "--at", "x=1,y=1", "--order", 1, "--radius", 1, "--plot", "b.svg").code == 0
    assert (tmp_path / "b.svg").read_text().startswith("<?xml")
    ascii_ = run(F, "--at", "0.3", "--order", 2, "--ascii", "--plot")
    assert ascii_.out.isascii() and "proved" not in ascii_.out.replace("Error: proved", "")


# ---- what is refused: arguments, exit code, pieces of the message ----

AT = ("--at", "0", "--order", "2")
REFUSED = [
    ((), 2, "formula is missing", "taylored taylor"),
    (("exp(x)",), 2, "--at is missing"),
    (("exp(x)", "--at", "0"), 2, "--order is missing", "--tol"),
    (("exp(x)", "--at", "0", "--order", "-1"), 2, "--order", "whole number"),
    (("exp(x)", "--at", "0", "--order", "2.5"), 2, "--order", "whole number"),
    (("exp(x)", "--at", "0", "--order", "1e3"), 2, "--order", "whole number"),
    (("exp(x)", "--at", "0", "--order", "129"), 2, "--order 129", "--order <= 128"),
    (("exp(x)", "--at", "0", "--order", "9" * 400), 2, "--order"),
    (("exp(x)", "--at", "nan", "--order", "2"), 2, "--at: 'nan' for x is not a number"),
    (("exp(x)", "--at", "1e400", "--order", "2"), 2, "--at: '1e400'"),
    (("exp(x)", "--at", "", "--order", "2"), 2, "--at"),
    (("exp(x)", "--at", "1/0", "--order", "2"), 2, "--at: '1/0'"),
    (("exp(x)", "--at", "x", "--order", "2"), 2, "--at: 'x' for x is not a number"),
    (("exp(x)", "--at", "y=1", "--order", "2"), 2, "--at: 'y' is no input", "inputs are x"),
    (("exp(tau)", "--at", "tua=1", "--order", "2"), 2, "did you mean tau"),
    (("exp(x)", "--at", "x=1,x=2", "--order", "2"), 2, "x is given twice"),
    (("exp(x)", "--at", "x=1", "--at", "2", "--order", "2"), 2, "'2' is not NAME=VALUE"),
    (("x*y", "--at", "1", "--order", "2"), 2, "which input", "--at x=0.5,y=0.5"),
    (("x*y", "--at", "x=1", "--order", "2"), 2, "nothing is given for y"),
    (("exp(x)", "--at", "__import__('os')", "--order", "2"), 2, "--at"),
    (("__import__('os').system('touch hacked')", *AT), 2, "not a name"),
    (("exp(x", *AT), 2, "parenthesis"),
    (("", *AT), 2, "empty"),
    (("3", *AT), 2, "no inputs"),
    (("x=1", *AT), 2, "is not a formula", "--at x=1"),
    (("exp(x)", "sin(x)", *AT), 2, "One formula", "quotes"),
    (("(" * 5000 + "x" + ")" * 5000, *AT), 2, "error"),
    (("exp(x)\x1b[2J", *AT), 2, "character"),
    (("exp(x)", *AT, "--on", "1:2"), 2, "the center x = 0 is not in [1, 2]"),
    (("exp(x)", *AT, "--on", "1:-1"), 2, "--on: '1:-1'", "lower end first"),
    (("exp(x)", *AT, "--on", "0:0"), 2, "--on: '0:0'"),
    (("exp(x)", *AT, "--on", "-1"), 2, "LOW:HIGH", "--on -1:1"),
    (("exp(x)", *AT, "--on", ":"), 2, "LOW:HIGH"),
    (("exp(x)", *AT, "--on", "-1:1:2"), 2, "LOW:HIGH"),
    (("exp(x)", *AT, "--on", "-inf:1"), 2, "--on: '-inf'"),
    (("exp(x)", *AT, "--on", "y=-1:1"), 2, "--on: 'y' is no input"),
    (("x*y", "--at", "x=0,y=0", "--order", "2", "--on", "-1:1"), 2, "x=-1:1,y=-1:1"),
    (("exp(x)", "--at", "1e308", "--order", "2", "--on", "-1e308:1.5e308"), 2, "too wide"),
    (("exp(x)", *AT, "--radius", "0"), 2, "--radius: '0' is no positive"),
    (("exp(x)", *AT, "--radius", "-1"), 2, "--radius: '-1' is no positive"),
    (("exp(x)", *AT, "--radius", "x"), 2, "--radius: 'x'"),
    (("x*y", "--at", "x=0,y=0", "--order", "1", "--radius", "x=-1,y=1"), 2, "is negative"),
    (("exp(x)", *AT, "--radius", "1", "--on", "-1:1"), 2, "--on and --radius"),
    (("exp(x)", "--at", "0", "--tol", "1e-8"), 2, "--tol needs"),
    (("exp(x)", "--at", "0", "--tol", "0", "--radius", "1"), 2, "--tol"),
    (("exp(x)", "--at", "0", "--tol", "inf", "--radius", "1"), 2, "--tol"),
    (("exp(x)", *AT, "--tol", "1", "--radius", "1"), 2, "--order and --tol"),
    (("exp(x)", *AT, "--json", "--latex"), 2, "not allowed with"),
    (("exp(x)", *AT, "--plot", "--json"), 2, "would mix", "--plot out.png"),
    (("exp(x)", *AT, "--plot", "no/a.png"), 2, "--plot", "no directory"),
    (("exp(x)", *AT, "--plot=a.gif"), 2, "--plot", ".png"),
    (("x*y*z", "--at", "x=1,y=1,z=1", "--order", "1", "--plot", "a.png"), 2, "--plot"),
    (("x*y", "--at", "x=1,y=1", "--order", "1", "--plot"), 2, "--plot: In the terminal"),
    (("exp(x)", *AT, "--raduis", "1"), 2, "did you mean --radius"),
    (("abs(x)", *AT), 2, "no Taylor polynomial at x = 0", "absolute value of 0"),
    (("sqrt(x)", *AT), 2, "no Taylor polynomial", "square root"),
    (("log(x)", "--at", "-1", "--order", "2"), 2, "no Taylor polynomial", "logarithm of -1"),
    (("abs(x)", "--at", "1", "--order", "2", "--on", "-1:3"), 4, "--radius", "works"),
    (("log(x)", "--at", "1", "--order", "2", "--radius", "1"), 4, "--radius", "works"),
    (("exp(exp(x))", *AT, "--radius", "700"), 4, "--radius"),
    (("exp(x)", *AT, "--on", "-1e308:1e308"), 4, "cannot be bounded"),
    (("exp(x)", "--at", "0", "--tol", "1e-30", "--radius", "1"), 4, "rounding", "--tol"),
    (("exp(x)", *AT, "--plot", "a.jpg"), 2, "a.jpg", "png, svg, pdf", "a.png"),
    (("besselj0(x)", "--at", "1", "--order", "2", "--radius", "0.1"), 2, "bessel_j0"),
]


@pytest.mark.parametrize("row", REFUSED, ids=range(len(REFUSED)))
def test_refused(run, row, tmp_path):
    arguments, code, *pieces = row
    done = run(*arguments)
    assert done.code == code, done.err
    assert done.out == "" and done.err.startswith("error: ")
    for piece in pieces:
        assert piece in done.err
    assert len(done.err.splitlines()) <= 8 and max(map(len, done.err.splitlines())) <= 250
    assert "T.within" not in done.err and "radius=" not in done.err and "order=" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_interrupted(run, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("taylored.series.taylor.taylor", stop)
    done = run("exp(x)", *AT)
    assert done.code == 130 and done.err == "Interrupted.\n"


# ---- help, completion, cold start ----


def test_help(capsys):
    assert main(["taylor", "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: taylored taylor") and err == ""
    assert max(map(len, out.splitlines())) <= 80
    shown = re.findall(r"^  taylored taylor (.*)$", out, re.M)
    assert len(shown) >= 4
    assert main(["--help"]) == 0 and "  taylor " in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    assert "taylor" in script(shell) and "radius" in script(shell) and "thorough" in script(shell)


@pytest.mark.every(2)
@pytest.mark.parametrize("line", [0, 1, 2, 3])
def test_examples_of_the_help_run(run, line, capsys):
    import shlex

    main(["taylor", "--help"])
    shown = re.findall(r"^  taylored taylor (.*)$", capsys.readouterr().out, re.M)
    assert run(*shlex.split(shown[line])).code == 0


def test_cold_start_imports_neither_jax_nor_matplotlib():
    code = """
import sys
from taylored.cli.main import main
code = main(["taylor", "exp(sin(2*x))", "--at", "0.3", "--order", "4", "--on", "0:0.6", "--plot"])
loaded = {"jax", "matplotlib", "flint", "mpmath", "pandas", "polars", "rich"} & set(sys.modules)
assert code == 0 and not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
