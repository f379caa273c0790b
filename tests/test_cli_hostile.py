"""Hostile and wrong input on the command line: the right exit code, a clear message, no code run.

Each command runs in a folder with good.csv (x, y, dy); a file `content` is there as bad.csv.
"""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from taylored.cli.main import main

MODEL = "y ~ a*exp(-x/tau) + c"
GOOD = "x,y,dy\n" + "".join(f"{k},{2 * 0.5**k + 0.1 * (k % 3):.4f},0.1\n" for k in range(12))
LIMIT = 60  # seconds: hangs, not speed


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command line that must fail, within a second, and say why without a traceback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(GOOD)
    main(["fit", "good.csv", "y ~ a*x"])  # what is imported once is not what is timed
    capsys.readouterr()
    before = {path.name for path in tmp_path.iterdir()}

    def run(*arguments, new=()):
        start = time.perf_counter()
        code = main([str(a) for a in arguments])
        spent = time.perf_counter() - start
        out, err = capsys.readouterr()
        assert spent < LIMIT
        assert "Traceback" not in err and "internal error" not in err
        assert {path.name for path in tmp_path.iterdir()} == before | set(new)
        return SimpleNamespace(code=code, out=out, err=err)

    return run


def refused(done, code, *texts):
    assert done.code == code, done.err
    assert done.out == ""
    for text in texts:
        assert text in done.err
    assert len(done.err.splitlines()) <= 8 and max(map(len, done.err.splitlines())) <= 250


FORMULAS = [
    ("y ~ __import__('os').system('touch hacked')", "not a name"),
    ("y ~ ().__class__.__bases__", "has no meaning"),
    ("y ~ a.__class__", "has a dot"),
    ("y ~ __class__*x", "not a name"),
    ("y ~ open(x)", "not a function"),
    ("y ~ eval(a)", "not a function"),
    ("y ~ exec(x)*a", "not a function"),
    ("y ~ (lambda: a)()", "has no meaning"),
    ("y ~ [a for a in x]", "has no meaning"),
    ("y ~ a*x; import os", "has no meaning"),
    ("y ~ f'{a}'", "has no meaning"),
    ("y ~ a if x", "else"),
    ("y ~ x[0]*a", "has no meaning"),
    ("y ~ a := x", "has no meaning"),
    ("y ~ `touch hacked`; a", "has no meaning"),
    ("y ~ $(touch hacked)*a", "has no meaning"),
    ("y ~ " + "(" * 100_000 + "a" + ")" * 100_000, "too long"),
    ("y ~ " + "(" * 4000 + "a" + ")" * 4000, "nested"),
    ("y ~ " + "-" * 5000 + "a*x", "too long"),
    ("y ~ a*x" + "+a" * 4000, "too long"),
    ("y ~ a*1e999", "double"),
    ("y ~ a*x\0", "character"),
    ("y ~ a*\x1b[2Jx", "character"),
    ("y ~ a*\u202ex", "character"),
    ("y ~ a*x \ud800", "character"),
    ("", "empty"),
    ("   ", "empty"),
    ("~", "out of place"),
    ("y ~", "missing"),
    ("~ a*x", "out of place"),
    ("y ~ a ~ x", "out of place"),
    ("y = a*x", "= is not read"),
    ("a*x", "does not say what"),
    ("y ~ a*x +", "missing"),
    ("y ~ a**", "missing"),
    ("y ~ a x", "operator is missing"),
    ("y ~ sin(a*x", "parenthesis"),
    ("y ~ sinn(a*x)", "write sin"),
    ("y ~ sin(a, x)", "argument"),
    ("y ~ np.exp(-a*x)", "write exp"),
    ("y ~ " + "-" * 1500 + "a*x", "nested"),
    ("y ~ 2*x", "no parameters"),
    ("3 ~ a*x", "no column"),
]


@pytest.mark.parametrize(("formula", "text"), FORMULAS, ids=range(len(FORMULAS)))
def test_formulas(run, formula, text):
    refused(run("fit", "good.csv", formula), 2, text)


# content of bad.csv, the exit code, pieces of the message
FILES = [
    ("", 3, "empty"),
    ("x,y\n", 3, "no data rows"),
    ("# only a comment\n", 3, "no data rows"),
    ("x,y\n1,2\n3,oops\n5,6\n7,8\n", 3, "line 3", "'oops'"),
    ("x,y\n1,2\n3,4,5\n6,7\n", 3, "line 3"),
    ("x,z\n1,2\n3,4\n5,6\n", 3, "no column 'y'", "--columns y="),
    ("time,y\n1,2\n3,4\n5,6\n", 3, "--columns x="),
    ("1,2\n3,4\n5,6\n7,8\n", 3, "c1, c2", "--columns y="),
    ("x,y,y\n1,2,3\n3,4,5\n5,6,7\n", 3, "2 times", "number"),
    ("x,y\n1,2\n2,3\n", 3, "2 points cannot determine 3 parameters", "--fixed"),
    ("x,y\n1,NA\n2,NA\n3,\n4,nan\n", 3, "Every row has a missing value", "line"),
    ("x,y\n1,2\n2,inf\n3,4\n4,5\n", 3, "infinite", "bad.csv, line 3"),
    ("x,y\n1,2\n2,1e999\n3,4\n4,5\n", 3, "infinite", "line 3"),
    ('x,y\n1,"2\n3,4\n', 3, "line"),
    (b"x,y\n1,\xff\xfe\n2,3\n4,5\n", 3, "line 2"),
    (b"\x89PNG\r\n\x1a\n" + bytes(200), 3, "PNG"),
    (b"PK\x03\x04" + bytes(200), 3, "Excel"),
    (b"PAR1" + bytes(200), 3, "damaged"),
    (bytes(range(256)) * 20, 3, "bad.csv"),
    (gzip.compress(b"x,y\n1,2\n" * 1000)[:-20], 3, "truncated"),
    ("<!doctype html><table><tr><td>1</td></tr></table>", 3, "web page"),
    ('{"x": 1, "y": 2}\n{"x": 1, "y": \n', 3, "line 2"),
    ("x,y\n" + "1," * 3000 + "\n", 3, "line 2"),
    ("x,y\n=cmd|' /C calc'!A0,1\n2,3\n3,4\n4,5\n", 3, "line 2"),
    ("x,y\n\x1b[31mred,1\n2,3\n3,4\n4,5\n", 3, "line 2"),
]


@pytest.mark.parametrize("case", FILES, ids=range(len(FILES)))
def test_files(run, tmp_path, case):
    content, code, *texts = case
    (tmp_path / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("fit", "bad.csv", MODEL, new=["bad.csv"])
    if content == "x,y\n1,NA\n2,NA\n3,\n4,nan\n":
        texts = texts[:1]
    refused(done, code, *texts)
    assert "\x1b" not in done.err


# arguments after `taylored`, the exit code, pieces of the message
ARGUMENTS = [
    (["fit", "good.csv", MODEL, "--start", "q=1"], 2, "--start names 'q'"),
    (["fit", "good.csv", MODEL, "--start", "a"], 2, "NAME=VALUE"),
    (["fit", "good.csv", MODEL, "--start", "a=1,a=2"], 2, "twice"),
    (["fit", "good.csv", MODEL, "--start", "a=os.getcwd()"], 2, "not a number"),
    (["fit", "good.csv", MODEL, "--start", "a=nan"], 2, "not a number"),
    (["fit", "good.csv", MODEL, "--bounds", "tau=5:1"], 2, "cross"),
    (["fit", "good.csv", MODEL, "--bounds", "tau=5"], 2, "LOW:HIGH"),
    (["fit", "good.csv", MODEL, "--start", "a=9,tau=1,c=0", "--bounds", "a=0:1"], 2, "outside"),
    (["fit", "good.csv", MODEL, "--fixed", "a=1,tau=1,c=1"], 2, "Every parameter is fixed"),
    (["fit", "good.csv", MODEL, "--sigma", "nope"], 3, "no column 'nope'"),
    (["fit", "good.csv", MODEL, "--sigma", "0"], 2, "positive"),
    (["fit", "good.csv", MODEL, "--sigma", "-1"], 2, "positive"),
    (["fit", "good.csv", MODEL, "--sigma", "nan"], 2, "positive"),
    (["fit", "good.csv", MODEL, "--level", "95"], 2, "0.95"),
    (["fit", "good.csv", MODEL, "--level", "nan"], 2, "0.95"),
    (["fit", "good.csv", MODEL, "--seed", "-1"], 2, "whole number"),
    (["fit", "good.csv", MODEL, "--na", "skip"], 2, "drop"),
    (["fit", "good.csv", MODEL, "--where", "x <"], 2, "cannot be read"),
    (["fit", "good.csv", MODEL, "--where", "__import__('os')"], 2, "comparison"),
    (["fit", "good.csv", MODEL, "--where", "x > 1000"], 3, "leaves out all 12 rows"),
    (["fit", "good.csv", MODEL, "--where", "q > 1"], 3, "no column 'q'"),
    (["fit", "good.csv", MODEL, "--columns", "q=x"], 2, "not a name of the formula"),
    (["fit", "good.csv", MODEL, "--columns", "x=nope"], 3, "no column 'nope'"),
    (["fit", "good.csv", MODEL, "--columns", "x=9"], 3, "no column '9'"),
    (["fit", "good.csv", MODEL, "--predict", "0:10:0"], 2, "step"),
    (["fit", "good.csv", MODEL, "--predict", "0:1:1e-9"], 2, "points"),
    (["fit", "good.csv", MODEL, "--predict", "0:1e999999999:1"], 2, "range"),
    (["fit", "good.csv", MODEL, "--predict", "nope.csv"], 2, "neither"),
    (["fit", "good.csv", MODEL, "--sep", "xyz"], 2, "separator"),
    (["fit", "good.csv", MODEL, "--decimal", ";"], 2, "decimal"),
    (["fit", "good.csv", MODEL, "--json", "--csv"], 2, "exclude"),
    (["fit", "good.csv", MODEL, "--absolute-sigma", "--relative-sigma"], 2, "not allowed with"),
    (["fit", "good.csv", MODEL, "--units", "t=s"], 2, "not a column"),
    (["fit", "good.csv", MODEL, "--strat", "a=1"], 2, "did you mean --start?"),
    (["fit", "good.csv", "y", "~", "a*x"], 2, "quotes"),
    (["fit", "good.csv"], 2, "formula is missing"),
    (["fit", MODEL], 2, "DATA is missing"),
    (["fit"], 2, "missing"),
    (["fit", ".", MODEL], 3, "directory"),
    (["fit", "/dev/null", MODEL], 3, "empty"),
    (["fit", "https://example.org/x.csv", MODEL], 3, "address"),
    (["fit", "good.cvs", MODEL], 3, "did you mean 'good.csv'?"),
    (["fit", "good.csv\0", MODEL], 3, "cannot be read"),
    (["fit", "good.csv", "y ~ b^2*a*log(-x)", "--start", "a=1,b=1"], 2, "finite"),
    (["fit", "good.csv", "log(y-5) ~ a*x"], 3, "good.csv, line 2"),
    (["fit", "good.csv", "y ~ c", "--predict", "0:1"], 2, "constant"),
    (["fit", "good.csv", "y ~ a*x+b*dy*x", "--predict", "0:1"], 2, "2 inputs, x, dy"),
    (["fit", "-", MODEL, "--predict", "-"], 2, "cannot both be -"),
    (["fit", "good.csv", MODEL, "--save", "x\0y"], 2, "not a name of a file"),
    (["line", "good.csv"], 3, "has 3"),
    (["line", "good.csv", "y"], 2, "two"),
    (["line", "good.csv", "y", "q"], 3, "no column 'q'"),
    (["show", "good.csv"], 3, "not a saved fit"),
    (["show", "nope.json"], 3, "cannot be read"),
    (["show"], 2, "file"),
    (["rules", "x"], 2, "no arguments"),
    (["completion"], 2, "Which shell"),
    (["\x1b[31m"], 2, "command"),
    (["--frob"], 2, "option"),
]  # fmt: skip


@pytest.mark.parametrize("case", ARGUMENTS, ids=range(len(ARGUMENTS)))
def test_arguments(run, case):
    arguments, code, *texts = case
    done = run(*arguments)
    refused(done, code, *texts)
    assert "\x1b" not in done.err


@pytest.mark.parametrize("model", ["a*9^9^9^9^9", "a*10^10000", "a*log(-x)", "a*sqrt(-1-x^2)"])
def test_a_linear_model_that_is_nowhere_finite(run, model):
    done = run("fit", "good.csv", f"y ~ {model}")
    assert done.code == 4 and "not a finite number" in done.out


def changed(document, *path, to):
    document = json.loads(json.dumps(document))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return json.dumps(document)


def test_saved_fits(run, tmp_path):
    assert run("fit", "good.csv", MODEL, "--save", "f.json", new=["f.json"]).code == 0
    saved = json.loads((tmp_path / "f.json").read_text())
    hostile = [
        "", "null", "[]", "{}", "{" * 100_000, "NaN", json.dumps(saved)[:-50],
        changed(saved, "version", to=99), changed(saved, "format", to="pickle"),
        changed(saved, "formula", to="y ~ __import__('os').system('touch hacked')"),
        changed(saved, "formula", to=["y", "a"]), changed(saved, "formula", to="y ~ a*x"),
        changed(saved, "params", "a", to="1e400"), changed(saved, "params", "a", to=1.0),
        changed(saved, "params", to={}), changed(saved, "columns", to={"x": [1.0], "y": [2.0]}),
        changed(saved, "columns", "y", to=["a", "b"]), changed(saved, "sigma", to=[0.0]),
        changed(saved, "bounds", to={"a": [2, 1]}), changed(saved, "bounds", to=[[]]),
        changed(saved, "options", to=None), changed(saved, "results", "chi2", to=1e-9),
    ]  # fmt: skip
    for text in hostile:
        (tmp_path / "bad.json").write_text(text)
        refused(run("show", "bad.json", new=["f.json", "bad.json"]), 3, "bad.json")
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe\x00garbage")
    refused(run("show", "bad.json", new=["f.json", "bad.json"]), 3, "bad.json")


def test_numbers_at_the_edge_of_float64_are_fitted_or_refused(run, tmp_path):
    for name, (x, y) in {
        "constant x": ([2.0] * 9, np.arange(9.0)),
        "constant y": (np.arange(9.0), [3.0] * 9),
        "all zero": ([0.0] * 9, [0.0] * 9),
        "huge": (np.arange(9.0) * 1e300, np.arange(9.0) * 1e305),
        "tiny": (np.arange(9.0) * 1e-300, np.arange(9.0) * 1e-305),
        "whole numbers": (np.arange(9), np.arange(9) ** 2),
    }.items():
        pl.DataFrame({"x": np.asarray(x, float), "y": np.asarray(y, float)}).write_csv("bad.csv")
        for formula in ("y ~ a + b*x", MODEL):
            done = run("fit", "bad.csv", formula, new=["bad.csv"])
            assert done.code in (0, 2, 3, 4, 5, 6), (name, formula, done.err)
            assert done.out or done.err


def test_a_bad_row_at_the_end_of_a_long_file(run, tmp_path):
    x = np.arange(300_000)
    text = io.StringIO()
    text.write("x,y\n")
    text.writelines(f"{k},{2 * k + 1}\n" for k in x)
    text.write("300000,oops\n")
    (tmp_path / "bad.csv").write_text(text.getvalue())
    done = run("fit", "bad.csv", "y ~ a + b*x", new=["bad.csv"])
    refused(done, 3, "bad.csv, line 300002", "'oops'")


@pytest.mark.parametrize("arguments", [["fit", "--help"], ["fit", "d.csv", "y ~ a*"]])
def test_a_wrong_formula_costs_no_heavy_import(arguments, tmp_path):
    script = (
        "import sys; from taylored.cli.main import main; code = main(sys.argv[1:])\n"
        "heavy = {'jax', 'numpy', 'scipy', 'polars', 'matplotlib', 'rich'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy), code)"
    )
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == f"HEAVY [] {0 if '--help' in arguments else 2}"
