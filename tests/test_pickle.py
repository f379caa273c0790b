"""Results through pickle: the same numbers come back, bit for bit, and can be asked further."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import taylored as ty
from taylored.errors import FormulaError

X = np.linspace(0.1, 5.0, 20)
Y = 2.5 * np.exp(-X / 1.3) + 0.4 + 0.02 * np.random.default_rng(9).normal(size=20)
DECAY = "y ~ a*exp(-x/tau) + c"
TABLE = {"x": X, "y": Y}
ERRORS = np.linspace(0.01, 0.03, 20)


def curve(x, a, tau, c):
    return a * np.exp(-x / tau) + c


def rows(x, a, b):
    return a * x[0] + b * x[1]


def turned(a, b, v, u):
    return a * u + b * v


def looped(x, a, tau, c):
    """Not traced: every value goes through float."""
    return np.array([a * np.exp(-float(v) / float(tau)) + float(c) for v in x])


def of_jax(x, a, tau, c):
    import jax.numpy as jnp

    return a * jnp.exp(-x / tau) + c


class Decay:
    """A function that is an object."""

    def __call__(self, x, a, tau, c):
        return curve(x, a, tau, c)


START = {"a": 2.0, "tau": 1.0, "c": 0.0}
FITS = {
    "formula": lambda: ty.fit(DECAY, TABLE),
    "x and y": lambda: ty.fit("a*exp(-x/tau) + c", X, Y),
    "transformed": lambda: ty.fit("log(y) ~ a + b*x", TABLE),
    "quoted": lambda: ty.fit("`I (mA)` ~ a + b*`U (V)`", {"U (V)": X, "I (mA)": Y}),
    "arrays": lambda: ty.fit("b*x2 + a*x1", (X, X**2), Y),
    "sigma": lambda: ty.fit(DECAY, TABLE, sigma=0.02),
    "named sigma": lambda: ty.fit(DECAY, {**TABLE, "e": ERRORS}, sigma="e"),
    "bounds": lambda: ty.fit(DECAY, TABLE, bounds={"c": (0.6, None)}),
    "fixed": lambda: ty.fit(DECAY, TABLE, fixed={"c": 0.4}),
    "missing": lambda: ty.fit(DECAY, {"x": X, "y": np.where(X > 4.0, np.nan, Y)}, sigma=ERRORS),
    "undetermined": lambda: ty.fit("y ~ a*k*exp(-x/tau) + c", TABLE),
    "line": lambda: ty.line(X, Y),
    "function": lambda: ty.fit(curve, X, Y),
    "function of rows": lambda: ty.fit(rows, (X, X**2), Y),
    "function of points by inputs": lambda: ty.fit(rows, np.stack([X, X**2], axis=1), Y),
    "function by names": lambda: ty.fit(turned, {"u": X, "v": X**2}, Y),
    "function with a loop": lambda: ty.fit(looped, X, Y, start=START),
    "function of JAX": lambda: ty.fit(of_jax, X, Y),
    "object": lambda: ty.fit(Decay(), X, Y),
}


def through_pickle(result):
    return pickle.loads(pickle.dumps(result))


@pytest.mark.parametrize("name", list(FITS))
@pytest.mark.every(2)
def test_a_fit_comes_back(name):
    fit = FITS[name]()
    fresh = through_pickle(fit)
    for back in (fresh, copy.deepcopy(fit), through_pickle(fresh)):
        assert type(back) is type(fit)
        for field in ("params", "stderr", "digits", "status", "usable", "accuracy", "cost"):
            np.testing.assert_equal(getattr(back, field), getattr(fit, field))
        np.testing.assert_array_equal(back.covariance, fit.covariance)
        np.testing.assert_array_equal(back.residuals, fit.residuals)
        np.testing.assert_array_equal(back.predict().hi, fit.predict().hi)
        np.testing.assert_equal(back.to_dict(), fit.to_dict())
        assert back.report() == fit.report()


@pytest.mark.parametrize("name", ["formula", "x and y", "function", "line"])
def test_it_can_be_asked_further(name):
    fit = FITS[name]()
    back = through_pickle(fit)
    new = np.array([0.5, 7.0])
    np.testing.assert_array_equal(back.predict(new).lo, fit.predict(new).lo)
    first = next(iter(fit.params))
    assert back.interval(first, 0.9, "profile-t") == fit.interval(first, 0.9, "profile-t")


def test_what_can_be_computed_again_is_not_pickled():
    fit = FITS["formula"]()
    before = len(pickle.dumps(fit))
    assert fit.report() and fit.predict() and fit.profile("tau") and fit.to_dict()
    assert len(pickle.dumps(fit)) == before < 10_000


def test_a_pickled_fit_is_saved_as_the_fit_is(tmp_path):
    fit = FITS["named sigma"]()
    fit.save(tmp_path / "f.json")
    through_pickle(fit).save(tmp_path / "g.json")
    assert (tmp_path / "f.json").read_bytes() == (tmp_path / "g.json").read_bytes()


def test_a_function_that_cannot_be_found_again_is_refused():
    fit = ty.fit(lambda x, a, b: a + b * x, X, Y)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(fit)


def test_cloudpickle_takes_functions_along():
    """As joblib does: its processes get functions by value, whatever they are."""
    cloudpickle = pytest.importorskip("cloudpickle")
    fit = ty.fit(lambda x, a, b: a + b * x, X, Y)
    back = pickle.loads(cloudpickle.dumps(fit))
    assert (back.params, back.report()) == (fit.params, fit.report())


MINIMA = ("(x - 1)^2 + (y - x^2)^2", {"x": 0.0, "y": 0.0})
RESULTS = {
    "minimum": lambda: ty.minimize(*MINIMA),
    "minimum with constraints": lambda: ty.minimize(
        *MINIMA, subject_to=["x + y <= 1", "x*y = 0.1"], bounds={"x": (0, None)}),
    "minimum of one number": lambda: ty.minimize("x^4 - x", 0.3),
    "minimum, compiled": lambda: ty.minimize(*MINIMA, executor="xla"),
    "certified": lambda: ty.certify("x^2 + y^2", {"x": 0.0, "y": 0.0}),
    "descent": lambda: ty.descend("x^2 + 3*y^2", {"x": 1.0, "y": 2.0}),
    "root": lambda: ty.root("x^3 - 2*x - 5", 2.0),
    "root of a system": lambda: ty.root(["x^2 + y^2 = 4", "x = y"], {"x": 1.0, "y": 2.0}),
    "roots": lambda: ty.roots("cos(x) - x/3", -5, 5),
    "Taylor": lambda: ty.taylor("exp(x)", 0.0, order=5),
    "Taylor with a box": lambda: ty.taylor(
        "exp(x)*y", {"x": 0.0, "y": 1.0}, order=3, radius=0.1),
    "propagated": lambda: ty.propagate(
        "4*pi^2*L/T^2", {"L": 1.0, "T": 2.0}, std={"L": 0.01, "T": 0.02}),
    "bounds": lambda: ty.bounds("x*y", {"x": 0.0, "y": 1.0}, {"x": 1.0, "y": 2.0}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(RESULTS))
def test_results_of_formulas_come_back(name):
    result = RESULTS[name]()
    before = through_pickle(result)  # before anything was asked
    shown = repr(result), result.report() if hasattr(result, "report") else ""
    for back in (before, through_pickle(result), copy.deepcopy(result)):
        assert type(back) is type(result)
        assert (repr(back), back.report() if hasattr(back, "report") else "") == shown


def test_results_can_be_asked_further():
    minimum = through_pickle(RESULTS["minimum"]())
    assert minimum.proof.accuracy is ty.Accuracy.PROVED
    assert minimum.x == pytest.approx({"x": 1.0, "y": 1.0}, abs=1e-9)
    box = minimum.enclosure
    assert box["x"].lo <= 1.0 <= box["x"].hi
    assert box["y"].lo <= 1.0 <= box["y"].hi
    series = through_pickle(RESULTS["Taylor"]())
    x = np.array([-0.1, 0.2])
    np.testing.assert_allclose(series(x), np.polyval([1 / 120, 1 / 24, 1 / 6, 0.5, 1, 1], x))
    root = through_pickle(RESULTS["root of a system"]())
    assert root.x == pytest.approx({"x": 2**0.5, "y": 2**0.5}, rel=1e-14)


def test_errors_come_back():
    with pytest.raises(FormulaError) as caught:
        ty.fit("y ~ a*(x", TABLE)
    back = through_pickle(caught.value)
    assert (type(back), str(back)) == (FormulaError, str(caught.value))


@pytest.mark.slow
def test_another_process_reads_them(tmp_path):
    for name, result in {"fit": FITS["formula"](), "root": RESULTS["root"]()}.items():
        (tmp_path / name).write_bytes(pickle.dumps(result))
        program = (
            "import pathlib, pickle, sys\n"
            f"print(pickle.loads(pathlib.Path({str(tmp_path / name)!r}).read_bytes()).report())\n"
            "assert 'jax' not in sys.modules"
        )
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert (run.returncode, run.stdout) == (0, result.report() + "\n"), run.stderr
