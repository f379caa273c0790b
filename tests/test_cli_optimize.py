"""`taylored root` and `taylored minimize`: numbers against mpmath, exit codes, messages, no JAX."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import mpmath
import pytest
from mpmath import mp

from taylored.cli.completion import script
from taylored.cli.main import main
from taylored.errors import ArgumentError
from taylored.optimize.roots.root import root


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command line in this process: its code, and what it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(list(map(str, arguments)))
        out, err = capsys.readouterr()
        assert "Traceback" not in err and "internal error" not in err and "Warning" not in err
        return SimpleNamespace(code=code, out=out, err=err, words=" ".join(out.split()))

    return run


# ---- roots ----

# arguments, the root by mpmath
ROOTS = [
    (("x^3 - 2*x - 5", "--start", 2), lambda: mpmath.findroot(lambda x: x**3 - 2 * x - 5, 2.1)),
    (("cos(x) = x", "--bracket", "0:1"), lambda: mpmath.findroot(lambda x: mp.cos(x) - x, 0.7)),
    (("-exp(-x) + x", "--start", "x=0.1"), lambda: mp.lambertw(1)),
    (("x^2 = 2", "--start", "-1"), lambda: -mp.sqrt(2)),
    (("tan(x) = x", "--bracket", "4:9/2"), lambda: mpmath.findroot(lambda x: mp.tan(x) - x, 4.49)),
]


@pytest.mark.parametrize(("arguments", "truth"), ROOTS)
def test_root_is_enclosed(run, arguments, truth):
    done = run("root", *arguments, "--json")
    found = json.loads(done.out)
    assert done.code == 0 and found["schema"] == "taylored-root/1" and found["kind"] == "root"
    assert found["accuracy"] == "proved"
    (low,), (high,) = found["enclosure"]
    with mp.workdps(40):
        exact = truth()
        assert low <= exact <= high and high - low <= 1e-13 * abs(exact)
        (only_low,), (only_high,) = found["unique_in"]
        assert only_low <= exact <= only_high
        assert abs(found["x"][0] - exact) <= found["errors"][0]


def test_report_of_a_root(run):
    done = run("root", "x^3 - 2*x - 5", "--start", 2)
    assert done.code == 0 and done.err == ""
    assert done.words.startswith("A root at x = 2.094551482, proved")
    assert "x^3 - 2*x - 5 = 0 1 equation in 1 unknown" in done.words
    assert "no other root in" in done.out and "quadratic" in done.out
    done = run("root", "x^3 - 2*x - 5", "--start", 2, "--ascii")
    assert done.out.isascii()


def test_system(run):
    done = run("root", "x^2 + y^2 = 4", "x*y = 1", "--start", "x=2,y=0.5", "--json")
    found = json.loads(done.out)
    assert done.code == 0 and found["names"] == ["x", "y"]
    with mp.workdps(30):  # x + y = sqrt(6), x - y = sqrt(2)
        exact = [(mp.sqrt(6) + s * mp.sqrt(2)) / 2 for s in (1, -1)]
        for low, high, value in zip(*found["enclosure"], exact, strict=True):
            assert low <= value <= high


def test_all_roots(run):
    done = run("root", "sin(5*x) = x/2", "--all", "--on", "-5:5", "--json")
    found = json.loads(done.out)
    assert done.code == 0 and found["complete"] and found["count"] == 7
    done = run("root", "(x-1)^2*(x+2)", "--all", "--on", "-5:5")
    assert done.code == 5 and "touches zero, or nearly" in done.out
    done = run("root", "x^2 + y^2 = 4", "x*y = 1", "--all", "--on", "x=-3:3,y=-3:3")
    assert done.code == 0 and "exactly 4 roots" in done.words and "yes, proved" in done.out
    done = run("root", "x^2 + 1", "--all", "--on", "x=-3:3")
    assert done.code == 0 and done.words.startswith("No root in the box: proved.")


def test_exit_codes_of_root(run):
    assert run("root", "x^2 + 1", "--start", 1).code == 4
    assert run("root", "1/(x-0.3)", "--bracket", "-1:1").code == 4
    assert run("root", "x + y = 1", "x - y = 2", "x + 2*y = 7", "--start", "x=1,y=1").code == 5


# arguments of root, what the message says
ROOT_REFUSED = [
    ((), "A formula is missing."),
    (("x^2 - 2",), "--start is missing."),
    (("x^2 - 2", "--start", 1, "--bracket", "0:2"), "--start and --bracket are both given."),
    (("x^2 - 2", "--all"), "--on is missing"),
    (("x^2 - 2", "--start", 1, "--on", "0:2"), "--on belongs to --all."),
    (("x^2 - 2", "--all", "--on", "0:2", "--tol", 1e-3), "--tol does not go with --all."),
    (("x=2", "--start", 1), "'x=2' is a value"),
    (("x*y", "--start", 1), "does not say which input"),
    (("x*y", "--start", "x=1"), "nothing is given for y"),
    (("x*y", "--bracket", "0:1"), "--bracket is for one formula in one unknown."),
    (("x^2 - 2", "--bracket", "2:1"), "goes from 2 to 1"),
    (("x^2 - 2", "--bracket", "1"), "is not LOW:HIGH"),
    (("x^2 + 1", "--bracket", "0:1"), "same sign at both ends"),
    (("x^2 +* 2", "--start", 1), "A value is missing before *"),
    (("x = ", "--start", 1), "Nothing stands after ="),
    (("2 + 2", "--start", 1), "no unknowns"),
    (("x", "--start", 1, "--json", "--plot"), "would mix"),
    (("x", "--start", 1, "--plot", "no/such/place.png"), "There is no directory"),
    (("x", "--start", "one"), "--start"),
    (("x", "--strat", 1), "did you mean --start?"),
]


@pytest.mark.parametrize(("arguments", "said"), ROOT_REFUSED)
def test_root_refuses(run, arguments, said):
    done = run("root", *arguments)
    assert done.code == 2 and done.out == ""
    assert said in done.err and "Next: " in done.err
    assert "start=" not in done.err and "bracket=" not in done.err


# ---- minima ----

PRODUCT = ("minimize", "x + y", "--start", "x=1,y=2", "--subject-to", "x*y >= 3")


def test_minimum_and_its_price(run):
    done = run(*PRODUCT, "--prices", "--json")
    found = json.loads(done.out)
    assert done.code == 0 and found["schema"] == "taylored-minimum/1"
    assert found["kind"] == "minimum" and found["accuracy"] == "proved"
    with mp.workdps(30):
        exact = mp.sqrt(3)
        for low, high in zip(*found["enclosure"], strict=True):
            assert low <= exact <= high
        low, high = found["value_interval"]
        assert low <= 2 * exact <= high
        (limit,) = found["constraints"]
        # the minimum is 2*sqrt(c): raising c raises it by 1/sqrt(c)
        assert limit["price"] == pytest.approx(float(-1 / exact), rel=1e-12)
        assert limit["solved_again"] == pytest.approx(float(-1 / exact), rel=1e-4)
    assert limit["agrees"] and limit["name"] == "x*y >= 3" and limit["multiplier"] > 0


def test_report_of_a_minimum(run):
    done = run(*PRODUCT, "--prices")
    assert done.code == 0 and done.err == ""
    assert done.words.startswith("Local minimum 3.464101615")
    assert "minimize x + y 2 variables, 1 constraint" in done.words
    assert "raising the right side of x*y >= 3 by 1 raises the minimum by about 0.577" in done.words
    assert "agrees" in done.out
    assert run(*PRODUCT, "--ascii").out.isascii()


def test_maximize(run):
    linear = ("minimize", "3*x + 2*y", "--maximize", "--start", "x=1,y=1", "--bounds", "x=0:,y=0:",
              "--subject-to", "x + y <= 4", "--subject-to", "x + 3*y <= 6")  # fmt: skip
    done = run(*linear)
    assert done.code == 0 and done.words.startswith("Local maximum 12:")
    assert "maximize 3*x + 2*y" in done.out and "raises the maximum by about 3." in done.words
    assert "minim" not in done.out
    found = json.loads(run(*linear, "--json").out)
    assert found["sense"] == "maximize" and found["value"] == pytest.approx(12.0, abs=1e-12)
    low, high = found["value_interval"]
    assert low <= 12 <= high
    prices = {u["name"]: u["price"] for u in found["constraints"]}
    assert prices == pytest.approx({"x + y <= 4": 3.0, "x + 3*y <= 6": 0.0, "y >= 0": -1.0})
    done = run("minimize", "x + y", "--maximize", "--start", "x=1,y=1")
    assert done.code == 4 and done.words.startswith("Unbounded: the objective rises above ")
    assert "give --maximize" not in done.out


def test_open_and_fixed_bounds(run):
    done = run("minimize", "(x-1)^2 + (y-2)^2", "--start", "x=0,y=0", "--bounds", "x=3:3",
               "--bounds", "y=:1", "--json")  # fmt: skip
    found = json.loads(done.out)
    assert done.code == 0 and found["x"] == [3.0, 1.0] and found["value"] == 5.0
    assert found["upper"] == [3.0, 1.0] and found["lower"] == [3.0, None]


def test_several_starts(run):
    done = run("minimize", "x^4 - 3*x^2 + x", "--start", 1, "--bounds", "x=-2:2", "--starts", 8,
               "--seed", 3, "--json")  # fmt: skip
    found = json.loads(done.out)
    with mp.workdps(30):
        exact = mp.findroot(lambda x: 4 * x**3 - 6 * x + 1, -1.3)  # the left of two minima
        assert found["enclosure"][0][0] <= exact <= found["enclosure"][1][0]


# arguments of minimize, exit code, what is said
ENDS = [
    (("x + y", "--start", "x=1,y=1"), 4, "Unbounded"),
    (("x + y", "--start", "x=1,y=1", "--subject-to", "x^2+y^2<=1", "--subject-to", "x+y>=3"), 4,
     "x^2+y^2<=1 and x+y>=3"),
    (("log(x)", "--start", "-1"), 4, "No solution"),
    (("x^4", "--start", "1"), 5, "First-order point"),
    (("(x-1)^2", "--start", "5"), 0, "Local minimum"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "code", "said"), ENDS)
def test_exit_codes_of_minimize(run, arguments, code, said):
    done = run("minimize", *arguments)
    assert done.code == code and said in done.words
    document = json.loads(run("minimize", *arguments, "--json").out)
    assert document["usable"] == (code != 4)


# arguments of minimize, what the message says
MINIMIZE_REFUSED = [
    ((), "A formula is missing."),
    (("x^2",), "--start is missing."),
    (("x^2", "y^2", "--start", 1), "2 are given."),
    (("x^2 = 1", "--start", 1), "is an equation or an inequality."),
    (("x^2 + y^2", "--start", "x=1"), "nothing is given for y"),
    (("x^2", "--start", "x=1", "--subject-to", "x + z >= 1"), "nothing is given for z"),
    (("x^2", "--start", 1, "--subject-to", "x +* 2 <= 1"), "--subject-to: A value is missing"),
    (("x^2", "--start", 1, "--subject-to", "x"), "--subject-to: This is no constraint."),
    (("x^2", "--start", 1, "--bounds", "q=0:"), "'q' is no variable."),
    (("x^2", "--start", 1, "--bounds", "x=3:1"), "the bounds of x cross: 3:1"),
    (("x^2", "--start", 1, "--bounds", "x=3"), "is not LOW:HIGH"),
    (("x^2", "--start", 1, "--starts", 0), "--starts 0"),
    (("x^2", "--start", 1, "--method", "best"), "--method"),
    (("x^2", "--start", 1, "--method", "lbfgs", "--subject-to", "x >= 1"), "--method lbfgs takes"),
    (("x^2", "--start", 1, "--plot", "a.jpg"), "cannot be saved as 'a.jpg'"),
    (("2", "--start", 1), "no variables"),
    (("x^2", "--start", 1, "--maximise"), "did you mean --maximize?"),
]


@pytest.mark.parametrize(("arguments", "said"), MINIMIZE_REFUSED)
def test_minimize_refuses(run, arguments, said):
    done = run("minimize", *arguments)
    assert done.code == 2 and done.out == ""
    assert said in done.err and "Next: " in done.err


def test_caret_stands_in_the_constraint_as_written(run):
    done = run("minimize", "x^2", "--start", 1, "--subject-to", "x <= y +* 2")
    lines = done.err.splitlines()
    assert lines[1].index("*") == lines[2].index("^")


# ---- pictures, completion, what is imported ----

PICTURES = [
    ("root", "x^3 - 2*x - 5", "--start", 3),
    ("root", "x^2 + y^2 = 4", "x*y = 1", "--start", "x=2,y=1"),
    ("root", "sin(5*x) = x/2", "--all", "--on", "-5:5"),
    pytest.param(
        ("root", "x^2 + y^2 = 4", "x*y = 1", "--all", "--on", "x=-3:3,y=-3:3"),
        marks=pytest.mark.slow,
    ),
    PRODUCT,
    ("minimize", "x^4 - 3*x^2 + x", "--start", 0.2, "--bounds", "x=-2:2"),
]


@pytest.mark.parametrize("arguments", PICTURES)
@pytest.mark.every(3)
def test_pictures(run, arguments, tmp_path):
    done = run(*arguments, "--plot", "picture.png")
    assert done.code == 0
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    done = run(*arguments, "--plot", "--ascii")
    assert done.out.isascii() and done.code == 0
    lines = done.out.splitlines()
    assert any(set(line) & set("|'-.\\/o") and line.lstrip().startswith("|") for line in lines[-8:])
    assert max(map(len, lines)) <= 80


def test_completion_knows_the_commands():
    for shell in ("bash", "fish", "zsh"):
        text = script(shell)
        assert re.search(r"\broot\b", text) and re.search(r"\bminimize\b", text)
        assert "subject-to" in text and "bracket" in text


def test_help(run):
    for command in ("root", "minimize"):
        done = run(command, "--help")
        assert done.code == 0 and done.out.startswith(f"usage: taylored {command}")
        assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [ROOTS[0][0], PRODUCT[1:]])
def test_no_jax(arguments, tmp_path):
    command = "root" if arguments is ROOTS[0][0] else "minimize"
    words = [command, *map(str, arguments)]
    script = (
        "import sys; from taylored.cli.main import main; "
        f"code = main({words!r}); "
        "sys.exit(9 if {'jax', 'matplotlib', 'polars'} & set(sys.modules) else code)"
    )
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_words_of_the_shell():
    from taylored.cli._solving import in_shell

    with pytest.raises(ArgumentError) as error:
        root("x^2 - 2")
    said = in_shell(f"{error.value.what} {error.value.next_step}")
    assert "--start 1" in said and "--bracket 0:2" in said and "=" not in said
