"""Saved fits: the same numbers come back, and nothing in a hostile file is run or believed."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from functools import cache

import numpy as np
import pytest

import taylored as ty
from nist import problem
from taylored.errors import SavedFitError, TayloredError
from taylored.regression.fit import line

X = np.linspace(0.1, 5.0, 20)
Y = 2.5 * np.exp(-X / 1.3) + 0.4 + 0.02 * np.random.default_rng(9).normal(size=20)
TABLE = {"x": X, "y": Y}
DECAY = "y ~ a*exp(-x/tau) + c"


def curve(x, a, tau, c):
    return a * np.exp(-x / tau) + c


def two_inputs(x, a, b):
    return a * x[0] + b * x[1]


def with_missing():
    y = Y.copy()
    y[[3, 8]] = np.nan
    return ty.fit(DECAY, {"x": X, "y": y}, sigma=np.linspace(0.01, 0.03, 20))


FITS = {
    "formula": lambda: ty.fit(DECAY, TABLE),
    "start": lambda: ty.fit(DECAY, TABLE, start={"a": 2, "tau": 1, "c": 0}, search="never", seed=4),
    "x and y": lambda: ty.fit(DECAY, X, Y),
    "right-hand side": lambda: ty.fit("a*exp(-x/tau) + c", X, Y),
    "right-hand side, table": lambda: ty.fit("a*exp(-t/tau) + c", {"t": X}, Y),
    "without blanks": lambda: ty.fit("y~a*exp(-x/tau)+c", TABLE),
    "without blanks, x and y": lambda: ty.fit("y~a*exp(-x/tau)+c", X, Y),
    "transformed": lambda: ty.fit("log(y) ~ a + b*x", TABLE),
    "transformed, x and y": lambda: ty.fit("log(y) ~ a + b*x", X, Y),
    "quoted": lambda: ty.fit("`I (mA)` ~ a + b*`U (V)`", {"U (V)": X, "I (mA)": Y}),
    "greek": lambda: ty.fit("y ~ α*exp(-x₁/τ) + c", {"x₁": X, "y": Y}),
    "sigma": lambda: ty.fit(DECAY, TABLE, sigma=0.02),
    "relative sigma": lambda: ty.fit(DECAY, TABLE, sigma=np.linspace(1, 2, 20),
                                     absolute_sigma=False),
    "named sigma": lambda: ty.fit(DECAY, {**TABLE, "e": np.linspace(0.01, 0.03, 20)}, sigma="e"),
    "bounds": lambda: ty.fit(DECAY, TABLE, bounds={"tau": (0, None), "c": (None, 3)}),
    "at bound": lambda: ty.fit(DECAY, TABLE, bounds={"c": (0.6, None)}),
    "fixed": lambda: ty.fit(DECAY, TABLE, fixed={"c": 0.4}),
    "line": lambda: line(X, Y),
    "line with sigma": lambda: line(X, Y, sigma=0.1),
    "missing": with_missing,
    "two inputs": lambda: ty.fit("z ~ a*x + b*y", {**TABLE, "z": X + Y**2}),
    "undetermined": lambda: ty.fit("y ~ a*k*exp(-x/tau) + c", TABLE),
    "no freedom": lambda: line([1.0, 2.0], [3.0, 5.0]),
    "perfect": lambda: line(X, 3.0 * X + 0.1),
    "NIST Longley": lambda: ty.fit(problem("Longley").formula, problem("Longley").columns),
    "NIST Hahn1": lambda: ty.fit(problem("Hahn1").formula, problem("Hahn1").columns),
}  # fmt: skip


def alike(found, expected):
    assert list(found.params) == list(expected.params)
    assert found.params == pytest.approx(expected.params, rel=1e-11, nan_ok=True)
    assert found.stderr == pytest.approx(expected.stderr, rel=1e-9, nan_ok=True)
    assert (found.dof, found.points) == (expected.dof, expected.points)
    assert found.absolute_sigma is expected.absolute_sigma
    assert found.usable is expected.usable
    assert type(found) is type(expected)
    for name in found.params:
        first, second = found.interval(name), expected.interval(name)
        assert tuple(first) == pytest.approx(tuple(second), rel=1e-6)
        assert (first.method, first.kind) == (second.method, second.kind)
    np.testing.assert_allclose(found.residuals, expected.residuals, atol=1e-12)


BLANKS = "load looks for ' ~ ' to tell whether the response is in the table"


@pytest.mark.parametrize("name", list(FITS))
@pytest.mark.every(2)
def test_a_fit_comes_back(name, tmp_path):
    fit = FITS[name]()
    fit.save(tmp_path / "f.json")
    back = ty.load(tmp_path / "f.json")
    alike(back, fit)
    back.save(tmp_path / "g.json")
    alike(ty.load(str(tmp_path / "g.json")), fit)


def test_loading_does_not_hide_the_verb_line(tmp_path):
    path = tmp_path / "f.json"
    line(X, Y).save(path)
    program = f"import taylored as ty; ty.load({str(path)!r}); ty.line([0, 1, 2], [1, 2, 4])"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_predictions_come_back(tmp_path):
    fit = ty.fit(DECAY, TABLE)
    fit.save(tmp_path / "f.json")
    new = np.array([0.5, 9.0])
    back = ty.load(tmp_path / "f.json").predict(new, level=0.8, kind="prediction")
    expected = fit.predict(new, level=0.8, kind="prediction")
    np.testing.assert_allclose(back.lo, expected.lo, rtol=1e-9)


@pytest.mark.parametrize(("function", "x"), [(curve, X), (two_inputs, (X, X**2))])
def test_functions_are_not_saved(function, x, tmp_path):
    fit = ty.fit(function, x, Y)
    fit.save(tmp_path / "f.json")
    with pytest.raises(SavedFitError, match=r"function.*not saved") as caught:
        ty.load(tmp_path / "f.json")
    assert "model=f" in caught.value.next_step
    alike(ty.load(tmp_path / "f.json", model=function), fit)
    with pytest.raises(SavedFitError):
        ty.load(tmp_path / "f.json", model=lambda x, p, q: p + q * np.asarray(x[0]))


def test_the_file_is_json_that_anyone_can_read(tmp_path):
    ty.fit(DECAY, TABLE).save(tmp_path / "f.json")
    document = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"), parse_constant=_never)
    assert document["format"] == "taylored-fit"
    assert document["columns"]["x"] == X.tolist()  # every bit


def _never(text):
    raise AssertionError(f"{text} is not JSON")


def test_the_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "f.json"
    path.write_text("what was there before")
    fit = ty.fit(DECAY, TABLE)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    for place in ("replace", "fdopen"):
        with monkeypatch.context() as patch:
            patch.setattr(os, place, full)
            with pytest.raises(OSError, match="No space"):
                fit.save(path)
        assert path.read_text() == "what was there before"
        assert os.listdir(tmp_path) == ["f.json"]
    fit.save(path)
    assert os.listdir(tmp_path) == ["f.json"]
    assert ty.load(path).params == pytest.approx(fit.params)
    with pytest.raises(ty.errors.SavedFitError, match="No such file or directory"):
        fit.save(tmp_path / "no such folder" / "f.json")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SavedFitError, match="cannot be read") as caught:
        ty.load(tmp_path / "absent.json")
    assert "absent.json" in str(caught.value)
    with pytest.raises(SavedFitError):
        ty.load(tmp_path)


# ---- hostile files --------------------------------------------------------------------------


@cache
def good():
    """The document of a good fit, as text."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.json")
        fit = ty.fit(DECAY, TABLE, sigma=0.02, start={"a": 2, "tau": 1, "c": 0},
                     bounds={"tau": (0, None)})  # fmt: skip
        fit.save(path)
        with open(path, encoding="utf-8") as file:
            return file.read()


def changed(*keys, value):
    """The good document with one field of it replaced."""
    document = copy.deepcopy(json.loads(good()))
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return json.dumps(document)


def without(key):
    document = json.loads(good())
    del document[key]
    return json.dumps(document)


RUNS = "__import__('os').system('touch hostile')"
WRONG_TYPES = [None, 7, "text", [], {}, [1, 2], {"a": "b"}, True, -1e308]
FIELDS = ["formula", "columns", "params", "sigma", "options", "bounds", "results", "response",
          "fixed", "version", "format"]  # fmt: skip
# Values that are as good as what was there, or that mean something else just as well.
# (The response is named by the formula, and True is 1.)
HARMLESS = [("sigma", None), ("fixed", {}), ("fixed", None), ("fixed", []), ("bounds", {}),
            ("bounds", None), ("bounds", []), ("version", True)]  # fmt: skip
HARMLESS += [("response", value) for value in WRONG_TYPES]

HOSTILE = {
    "empty": b"",
    "random bytes": np.random.default_rng(0).bytes(5000),
    "not UTF-8": b"\xff\xfe{}",
    "zeros": bytes(4096),
    "truncated": lambda: good()[: len(good()) // 2],
    "truncated by one": lambda: good().rstrip()[:-1],
    "another file behind it": lambda: good() + good(),
    "a list": "[1, 2, 3]",
    "a number": "17",
    "null": "null",
    "another format": '{"format": "something", "version": 1}',
    "nothing but the format": '{"format": "taylored-fit", "version": 1}',
    "version 999": lambda: changed("version", value=999),
    "version text": lambda: changed("version", value="1"),
    "NaN": lambda: good().replace('"chi2":', '"chi2": NaN, "x":'),
    "Infinity": lambda: changed("params", "a", value=0).replace('"a": 0', '"a": Infinity'),
    "huge float": lambda: changed("params", "a", value=0).replace('"a": 0', '"a": 1e999'),
    "huge integer": lambda: changed("params", "a", value=10**400),
    "longest integer": lambda: good().replace('"version": 1', '"version": 1' + "0" * 100_000),
    "huge seed": lambda: changed("options", "seed", value=0).replace('"seed": 0', '"seed": 1e999'),
    "seed text": lambda: changed("options", "seed", value="x"),
    "deep lists": "[" * 200_000 + "]" * 200_000,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep column": lambda: changed("columns", "x", value=0).replace(
        '"x": 0', '"x": ' + "[" * 500 + "]" * 500),
    "import": lambda: changed("formula", value=f"y ~ a*{RUNS}*x"),
    "only import": lambda: changed("formula", value=RUNS),
    "attribute": lambda: changed("formula", value="y ~ a*x.__class__.__mro__"),
    "lambda": lambda: changed("formula", value="y ~ (lambda: a)()*x"),
    "huge power": lambda: changed("formula", value="y ~ a*9^9^9^9^9*x"),
    "parentheses": lambda: changed("formula", value="y ~ " + "(" * 10**6 + "a" + ")" * 10**6),
    "long formula": lambda: changed("formula", value="y ~ a" + "+a*x" * 10**5),
    "another formula": lambda: changed("formula", value="y ~ a*exp(-x*tau) + c"),
    "function": lambda: changed("formula", value=None),
    "model text": lambda: changed("model", value=RUNS).replace('"formula": "', '"was": "', 1),
    "another estimate": lambda: changed("params", "a", value=3.0),
    "estimate of nothing": lambda: changed("params", value={"q": 1.0}),
    "another point": lambda: changed("columns", "y", 3, value=99.0),
    "text in a column": lambda: changed("columns", "y", 3, value=RUNS),
    "column of null": lambda: changed("columns", "y", value=[None] * 20),
    "column too short": lambda: changed("columns", "x", value=[1.0, 2.0]),
    "column too long": lambda: changed("columns", "x", value=[1.0] * 100_000),
    "column empty": lambda: changed("columns", "x", value=[]),
    "column of lists": lambda: changed("columns", "x", value=[[1.0, 2.0]] * 20),
    "no columns": lambda: changed("columns", value={}),
    "sigma zero": lambda: changed("sigma", value=[0.0] * 20),
    "sigma negative": lambda: changed("sigma", value=[-0.02] * 20),
    "sigma short": lambda: changed("sigma", value=[0.02] * 3),
    "crossed bounds": lambda: changed("bounds", "tau", value=[5, 1]),
    "bounds of text": lambda: changed("bounds", "tau", value=["a", "b"]),
    "estimate outside": lambda: changed("bounds", "tau", value=[5, None]),
    "all fixed": lambda: changed("fixed", value={"a": 1, "tau": 1, "c": 1}),
    "search": lambda: changed("options", "search", value=RUNS),
    "absolute": lambda: changed("options", "absolute_sigma", value="perhaps"),
    "chi2": lambda: changed("results", "chi2", value=1.0),
    "chi2 text": lambda: changed("results", "chi2", value="small"),
    "a line that is none": lambda: changed("line", value=True),
    **{f"without {key}": (lambda key=key: without(key)) for key in FIELDS},
    **{f"{key} = {value!r}": (lambda key=key, value=value: changed(key, value=value))
       for key in FIELDS for value in WRONG_TYPES
       if not any(key == k and value == v for k, v in HARMLESS)},
}  # fmt: skip


def write(content, path):
    content = content() if callable(content) else content
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_files_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "f.json"
    write(HOSTILE[name], path)
    started = time.perf_counter()
    with pytest.raises(TayloredError) as caught:
        ty.load(path)
    assert time.perf_counter() - started < 60  # hangs, not speed
    assert isinstance(caught.value, SavedFitError)
    assert caught.value.next_step
    assert len(str(caught.value)) < 2000
    assert os.listdir(tmp_path) == ["f.json"]  # nothing was run


def test_there_are_fifty_hostile_files():
    assert len(HOSTILE) >= 50
    json.loads(good())


def test_a_file_with_ties_to_another_fit_is_refused(tmp_path):
    """Numbers that do not belong together are not believed, whatever else is right."""
    document = json.loads(good())
    document["params"]["tau"] *= 1.1
    path = tmp_path / "f.json"
    path.write_text(json.dumps(document))
    with pytest.raises(SavedFitError, match="damaged"):
        ty.load(path)
