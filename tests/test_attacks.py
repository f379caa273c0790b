"""What attackers and new users of the library found, so that it stays mended."""

import json
import os

import numpy as np
import pytest

import taylored as ty
from taylored.errors import (
    ArgumentError,
    BoundsError,
    FormulaError,
    ModelError,
    SavedFitError,
    TayloredError,
)
from taylored.optimize.least_squares import suspicious

X = np.linspace(0.0, 5.0, 20)
NOISE = np.random.default_rng(0).normal(0.0, 0.1, 20)


@pytest.mark.parametrize(
    ("formula", "x", "y"),
    [
        ("y ~ a*exp(-k*x)+c", np.arange(2.0, 7.0), np.ones(5)),
        ("y ~ a+b*x+c*exp(-k*x)", np.arange(1.0, 11.0), 2.0 + np.arange(1.0, 11.0)),
        ("y ~ a*x^b+c", np.arange(1.0, 9.0), np.full(8, 3.0)),
    ],
)
def test_what_vanishes_determines_nothing(formula, x, y):
    fit = ty.fit(formula, {"x": x, "y": y})
    assert not fit.usable
    assert fit.warnings[0].severity == "error"


def test_models_cannot_change_the_data():
    def shifting(x, a, b):
        x -= 1.0
        return a * x + b

    def reversing(x, a, b):
        x[:] = x[::-1].copy()
        return a * x + b

    x = X.copy()
    assert ty.fit(shifting, x, 2 * X + 1).params == pytest.approx({"a": 2.0, "b": 3.0})
    assert ty.fit(reversing, x, 2 * X + 1).params == pytest.approx({"a": -2.0, "b": 11.0})
    assert np.array_equal(x, X)


def test_results_do_not_change_with_a_buffer_used_again():
    y = np.exp(-X) + 1.0 + 0.1 * NOISE
    buffer = y.copy()
    fit = ty.fit("y ~ a*exp(-k*x)+c", {"x": X, "y": buffer})
    buffer *= 3.0
    again = ty.fit("y ~ a*exp(-k*x)+c", {"x": X, "y": y})
    assert fit.interval("k") == again.interval("k")
    assert fit.r_squared == again.r_squared


def test_what_a_model_reads_elsewhere_is_read_again(monkeypatch, tmp_path):
    table = {"K": 1.0}
    get = table.get
    (tmp_path / "k").write_text("1")
    path = tmp_path / "k"

    def from_file(x, a):
        with open(path) as file:
            return a * x * float(file.read())

    models = [
        lambda x, a: a * x * get("K"),
        lambda x, a: a * x * float(os.environ["TAYLORED_K"]),
        from_file,
    ]
    monkeypatch.setenv("TAYLORED_K", "1")
    assert [ty.fit(m, X, X).params["a"] for m in models] == pytest.approx([1.0] * 3)
    table["K"] = 2.0
    path.write_text("2")
    monkeypatch.setenv("TAYLORED_K", "2")
    assert [ty.fit(m, X, X).params["a"] for m in models] == pytest.approx([0.5] * 3)


def test_bands_next_to_a_bound_are_estimates():
    fit = ty.fit("y ~ a+b*x", {"x": X, "y": X + NOISE}, bounds={"a": (0, None)})
    assert fit.predict([0.0]).kind == "estimated"
    assert ty.fit("y ~ a+b*x", {"x": X, "y": X + NOISE}).predict([0.0]).kind == "calibrated"


def test_digits_know_that_x_was_rounded():
    # One decimal of seconds since 1970: a double holds it to 2e-7, and the slope sees that.
    x = 1.7e9 + 0.1 * np.arange(36)
    fit = ty.fit("y ~ a+b*x", {"x": x, "y": 3 + 0.05 * np.arange(36) + np.tile(NOISE, 2)[:36]})
    assert fit.usable
    assert 6.0 < fit.digits["b"] < 9.3
    assert fit.stderr_digits["b"] < 9.3


@pytest.mark.parametrize(
    ("formula", "statement"),
    [
        ("y ~ a*b*c*x", "only a*b*c is determined"),
        ("y ~ a*x+b*x+c*x", "only a + b + c is determined"),
        ("y ~ a+b*x+c*d", "only 1 combination of a, c, d is determined"),
        ("y ~ a*x+b*c+d*b", "only 1 combination of b, c, d is determined"),
    ],
)
def test_combinations_are_named_only_where_they_are_determined(formula, statement):
    fit = ty.fit(formula, {"x": X, "y": X + NOISE})
    assert not fit.usable
    assert statement in fit.status


def test_a_model_that_jumps_gives_estimates():
    y = np.where(X < 2.6, 1.0 * X, 3.0 * (X - 2.6)) + NOISE
    fit = ty.fit("y ~ where(x<2.6+0*c, a*x, b*(x-c))", {"x": X, "y": y})
    assert fit.jumps == ("c",)
    assert fit.interval("a").kind == "estimated"
    assert "jumps" in [f.name for f in fit.warnings]


def test_where_a_model_raises_it_is_no_number():
    def fragile(x, a, k):
        if k > 3:
            raise ValueError("k is too large")
        return np.array([a * float(np.exp(-k * float(v))) for v in x])

    fit = ty.fit(fragile, X, 2 * np.exp(-0.7 * X))
    assert fit.params == pytest.approx({"a": 2.0, "k": 0.7}, rel=1e-6)


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"seed": None}, ArgumentError, "seed"),
        ({"seed": 10**400}, ArgumentError, "seed"),
        ({"absolute_sigma": np.array([1, 2])}, ArgumentError, "absolute_sigma"),
        ({"callback": 5}, ArgumentError, "callback"),
        ({"p0": [1, 1]}, ArgumentError, "start="),
        ({"weights": X}, ArgumentError, "sigma="),
        ({"bouds": {}}, ArgumentError, "bounds="),
        ({"fixed": {"a": 1}, "bounds": {"a": (2, 3)}}, BoundsError, "outside its bounds"),
        ({"fixed": {"a": 1}, "start": {"a": 2}}, ArgumentError, "leave out one"),
    ],
)
def test_arguments(how, error, said):
    with pytest.raises(error) as caught:
        ty.fit("y ~ a+b*x", {"x": X, "y": X}, **how)
    assert said in str(caught.value)


@pytest.mark.parametrize("formula", ["y ~ a*x/0", "y ~ a*x%0", "y ~ a*x+inf", "y ~ a*y+b"])
def test_senseless_formulas(formula):
    try:
        fit = ty.fit(formula, {"x": X, "y": X})
    except TayloredError as error:
        assert error.next_step
    else:
        assert not fit.usable


@pytest.mark.parametrize("bounds", [([0, 0], [1, 9]), ([0, 0], np.inf), [(0, 1), (0, None)]])
def test_bounds_in_the_forms_of_scipy(bounds):
    fit = ty.fit("y ~ a+b*x", {"x": X, "y": X - 1.0 + NOISE}, bounds=bounds)
    assert fit.params["a"] == 0.0


def test_inputs_as_columns_of_a_matrix():
    matrix = np.column_stack([X, np.cos(X)])
    formula = ty.fit("a*x1+b*x2", matrix, 2 * X + np.cos(X))
    function = ty.fit(lambda x, a, b: a * x[0] + b * x[1], matrix, 2 * X + np.cos(X))
    assert formula.params == pytest.approx({"a": 2.0, "b": 1.0})
    assert function.params == pytest.approx({"a": 2.0, "b": 1.0})


def test_methods_after_functions():
    class Model:
        def f(self, x, a, b):
            return a * x + b

    ty.fit(Model.f, X, X)  # a method that is not bound: x is taken for a parameter
    assert ty.fit(Model().f, X, 2 * X + 1).params == pytest.approx({"a": 2.0, "b": 1.0})


def test_arrays_inside_a_model_and_new_data():
    weight = np.linspace(1.0, 2.0, 20)
    fit = ty.fit(lambda x, a, b: a * x + b * weight, X, X + weight)
    with pytest.raises(ModelError, match="new points"):
        fit.predict([1.0, 2.0])


def test_only_regular_files_are_loaded():
    with pytest.raises(SavedFitError, match="regular"):
        ty.load("/dev/zero")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("argument", ["2*pi*f*x", "f*x", "2*pi*x/f"])
def test_the_lowest_of_equal_frequencies(argument, seed):
    x = np.linspace(0, 20, 200)  # evenly spaced: 1.3 and 31.15 waves look the same
    noise = np.random.default_rng(seed).normal(0, 0.3, 200)
    y = 2 * np.sin(2 * np.pi * 1.3 * x + 0.5) + 1 + noise
    truth = {"2*pi*f*x": 1.3, "f*x": 2 * np.pi * 1.3, "2*pi*x/f": 1 / 1.3}[argument]
    fit = ty.fit(f"y ~ a*sin({argument} + p) + c", {"x": x, "y": y})
    assert fit.params["f"] == pytest.approx(truth, rel=1e-2)


def test_powers_of_zero():
    x = np.linspace(0, 10, 30)
    y = 5 * np.exp(-((x / 4) ** 0.7)) + 0.05 * np.random.default_rng(0).normal(size=30)
    start = {"a": 5, "tau": 4, "b": 0.7}
    for how in ({}, {"start": start}):
        fit = ty.fit("y ~ a*exp(-(x/tau)^b)", {"x": x, "y": y}, **how)
        assert fit.usable
        assert fit.params == pytest.approx(start, rel=0.05)


def test_an_exact_line_is_exact():
    fit = ty.line([1, 2, 3], [1, 2, 3])
    assert (fit.slope, fit.intercept) == (1.0, 0.0)
    assert 0.0 in fit.interval("intercept")
    assert "intercept" in fit.report()


def test_no_limit_is_said():
    x = np.linspace(0, 100, 400)
    y = 1 + 0.3 * x + np.random.default_rng(0).normal(0, 0.1, 400)
    fit = ty.fit("y ~ a*exp(-x/tau)+c", {"x": x, "y": y})
    assert "no limit" in fit.status
    assert not any("bound" in fit.interval(n).note for n in fit.params)


def test_loading_with_another_function_is_refused(tmp_path):
    fit = ty.fit(lambda t, a, b: a * t + b, X, X + NOISE)
    fit.save(tmp_path / "f.json")
    assert ty.load(tmp_path / "f.json", model=lambda t, a, b: a * t + b).params == fit.params
    with pytest.raises(SavedFitError):
        ty.load(tmp_path / "f.json", model=lambda t, a, b: a * t + 2 * b)


def test_numbers_that_are_none_are_no_names():
    with pytest.raises(FormulaError, match="not a number"):
        ty.fit("y ~ a*x + nan", {"x": X, "y": X})


def test_a_saved_fit_cannot_claim_more_digits(tmp_path):
    fit = ty.fit("y ~ a*exp(-k*x)+c", {"x": X, "y": np.exp(-X) + 1 + NOISE})
    path = tmp_path / "f.json"
    fit.save(path)
    honest = ty.load(path)
    document = json.loads(path.read_text())
    document["algorithm"] = "linear least squares in doubled precision"
    path.write_text(json.dumps(document))
    forged = ty.load(path)
    assert forged.digits == honest.digits
    assert forged.stderr_digits == honest.stderr_digits


@pytest.mark.parametrize("points", [20, 50, 200])
def test_noise_seldom_looks_suspicious(points):
    # What sends a fit from a given start to compare itself with others: about one in fifty.
    random = np.random.default_rng(points)
    rate = np.mean([suspicious(random.standard_normal(points), 1.25) for _ in range(4000)])
    assert rate < 0.03
    assert suspicious(np.sin(np.linspace(0, 12, points)), 1.25)


def test_a_noisy_line_needs_no_search():
    fit = ty.line(X, X + 30 * NOISE)
    assert fit.r_squared < 0.7
    assert fit.cost.evaluations < 10


@pytest.mark.parametrize(
    ("formula", "truth", "x", "noise"),
    [
        ("b1*(1-exp(-b2*x))", {"b1": 213.8, "b2": 0.5472}, [1, 2, 3, 5, 7, 10], 17.0),
        ("a*exp(-x/tau)+c", {"a": 2, "tau": 1.5, "c": 0.5}, np.linspace(0, 6, 12), 0.1),
    ],
)
def test_calibrated_bands_cover(formula, truth, x, noise):
    random = np.random.default_rng(11)
    x = np.asarray(x, float)
    values = {**truth, "x": x}
    curve = {
        "b1*(1-exp(-b2*x))": lambda v: v["b1"] * (1 - np.exp(-v["b2"] * v["x"])),
        "a*exp(-x/tau)+c": lambda v: v["a"] * np.exp(-v["x"] / v["tau"]) + v["c"],
    }[formula](values)
    runs, hits = 600, np.zeros((2, len(x)))
    for _ in range(runs):
        y = curve + random.normal(0, noise, len(x))
        fit = ty.fit(formula, x, y, start=truth)
        new = curve + random.normal(0, noise, len(x))
        for row, (kind, wanted) in enumerate([("confidence", curve), ("prediction", new)]):
            band = fit.predict(level=0.95, kind=kind)
            hits[row] += (band.lo <= wanted) & (wanted <= band.hi)
    # Five standard errors of a share of 600 for single points; the mean is held closer.
    assert np.abs(hits / runs - 0.95).max() < 5 * np.sqrt(0.95 * 0.05 / runs)
    assert np.abs(hits.mean(axis=1) / runs - 0.95).max() < 0.015
