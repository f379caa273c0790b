"""Gradient descent: proved rates, predicted factors, and what is said of bad rates."""

from __future__ import annotations

import numpy as np
import pytest

from taylored.errors import ArgumentError, BoundsError
from taylored.optimize.descent.descend import descend
from taylored.optimize.descent.rates import largest_curvature
from taylored.results import Accuracy
from taylored.series.function import read_target

BOWL = "x^2 + 5*y^2"
AT = {"x": 3.0, "y": 1.0}


def names(found):
    return [finding.name for finding in found.findings]


def test_the_proved_rate_of_a_bowl_is_one_over_its_curvature():
    d = descend(BOWL, AT)
    assert d.safe and d.rate_accuracy is Accuracy.PROVED and names(d) == ["rate-proved"]
    np.testing.assert_allclose(d.rates, 0.1, rtol=1e-9)
    assert d.rates.max() <= 0.1  # the curvature 10 is attained
    assert d.kind == "minimum" and d.usable and d.end == "converged"
    assert isinstance(d.x, dict) and abs(d.x["x"]) < 1e-8
    assert d.condition == pytest.approx(5.0) and d.predicted == pytest.approx(0.8)
    assert d.factor == pytest.approx(0.8, rel=1e-6)


@pytest.mark.parametrize(
    ("f", "start"),
    [
        ("100*(y - x^2)^2 + (1 - x)^2", {"x": -1.2, "y": 1.0}),
        ("exp(x) - x + log(1 + y^2)", {"x": -1.2, "y": 1.0}),
        ("x - log(x) + (x - y)^2", {"x": 0.01, "y": 1.0}),
        ("sin(x)*cos(y) + 0.1*x^2", {"x": 1.0, "y": 0.3}),
        ("x^4 + y^4", {"x": -1.2, "y": 1.0}),
        ("sqrt(1 + x^2) + exp(-y)*y^2", {"x": 4.0, "y": 0.5}),
    ],
)
def test_each_proved_step_lowers_f_by_what_is_promised(f, start):
    d = descend(f, start, steps=150)
    assert d.safe
    values, x = d.path.values, d.path.x
    slopes = np.array([d.program.functions.first(p)[0] for p in x])
    promised = 0.5 * d.rates * (slopes[:-1] ** 2).sum(axis=1)
    noise = 1e-15 * (1.0 + np.abs(values[:-1]))
    assert np.all(values[1:] <= values[:-1] - promised + noise)
    # 1/rate is at least the curvature anywhere on the step.
    rng = np.random.default_rng(0)
    for k in range(0, len(x) - 1, 7):
        for t in rng.random(3):
            h = d.program.functions.second(x[k] + t * (x[k + 1] - x[k]), 1.0, np.zeros(0))
            assert np.abs(np.linalg.eigvalsh(h)).max() <= (1 + 1e-12) / d.rates[k]


def test_the_bound_covers_the_curvature_in_boxes():
    rng = np.random.default_rng(1)
    f = "exp(x*y) + sin(x + z^2)*y + x/(2 + z^2)"
    d = descend(f, {"x": 0.1, "y": 0.2, "z": 0.3}, steps=1)
    box = d.program.functions.box()
    assert box is not None
    for width in (0.0, 1e-3, 0.1, 1.0):
        center = rng.normal(size=3)
        low, high = center - width, center + width
        bound = largest_curvature(box, low, high)
        for _ in range(40):
            h = d.program.functions.second(rng.uniform(low, high), 1.0, np.zeros(0))
            assert np.abs(np.linalg.eigvalsh(h)).max() <= bound * (1 + 1e-12)


def test_the_bound_is_sharp_for_quadratics_and_infinite_at_kinks():
    from taylored.readings.enclosure.boxes import BoxFunction

    target, _ = read_target("3*x^2 + 4*x*y + 3*y^2", {"x": 0.0, "y": 0.0})
    function = BoxFunction(target.program, target.shapes)
    low, high = -np.ones(2), np.ones(2)
    assert 10.0 <= largest_curvature(function, low, high) <= 10.0 * (1 + 1e-9)
    kinked, _ = read_target("abs(x) + y", {"x": 0.0, "y": 0.0})
    assert largest_curvature(BoxFunction(kinked.program, kinked.shapes), low, high) == np.inf


def test_a_rate_that_is_too_large_is_named():
    d = descend(BOWL, AT, 0.3)
    assert d.kind == d.end == "diverged" and not d.usable and d.accuracy is Accuracy.UNKNOWN
    assert names(d)[0] == "diverged" and "0.3 is above 0.2" in d.findings[0].message
    assert not d.safe


def test_a_rate_that_overshoots_is_named():
    d = descend(BOWL, AT, 0.19)
    assert d.usable and "oscillates" in names(d)
    assert d.factor == pytest.approx(0.9, rel=1e-3)  # |1 - 0.19*10|


def test_a_rate_that_is_slow_says_how_many_steps_are_missing():
    d = descend("x^2 + 500*y^2", AT, 1e-4, steps=2000)
    assert d.end == "iterations" and d.condition == pytest.approx(500.0)
    message = d.findings[0].message
    more = int(message.split("about ")[1].split(" more")[0].replace(",", ""))
    # The slow direction shrinks by 1 - 2e-4 in each step.
    exact = np.log(1e-8 / (6.0 * (1 - 2e-4) ** 2000)) / np.log(1 - 2e-4)
    assert more == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(
    "options", [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"nesterov": True}]
)
def test_momentum(options):
    d = descend("x^2 + 500*y^2", AT, 1e-3, steps=5000, **options)
    assert d.usable and d.kind == "minimum"
    plain = descend("x^2 + 500*y^2", AT, 1e-3, steps=20000)
    assert d.steps < plain.steps
    if "momentum" in options:  # sqrt(momentum) or sqrt(momentum*(1 - rate*curvature))
        assert d.factor == pytest.approx(d.predicted, rel=0.02)


def test_momentum_with_proved_rates_claims_no_descent():
    d = descend(BOWL, AT, momentum=0.5)
    assert not d.safe and "momentum-not-monotone" in names(d) and d.usable


def test_line_search():
    d = descend("(y - x^2)^2 + (1 - x)^2", {"x": -1.2, "y": 1.0}, line_search=True, steps=3000)
    assert d.usable and not d.safe and d.rate_accuracy is Accuracy.UNKNOWN
    assert np.all(np.diff(d.path.values) < 0)


def test_without_a_bound_a_line_search_is_used_and_said():
    d = descend("abs(x - 0.3) + y^2", AT, steps=50)
    assert not d.safe and d.rate_accuracy is Accuracy.UNKNOWN
    assert "rate-not-proved" in names(d)


def test_functions_of_arrays():
    jnp = pytest.importorskip("jax.numpy")
    a = np.diag([1.0, 2.0, 3.0])
    d = descend(lambda x: 0.5 * x @ a @ x - jnp.sum(x), np.zeros(3))
    assert d.safe and d.rate == pytest.approx(1 / 3)
    np.testing.assert_allclose(d.x, [1.0, 0.5, 1 / 3], atol=1e-7)


def test_bounds_by_projection():
    d = descend("(x - 2)^2 + (y - 0.5)^2 + x*y", {"x": 0.1, "y": 0.1}, bounds={"x": (0, 1)})
    assert d.safe and d.x["x"] == 1.0 and abs(d.x["y"]) < 1e-8
    assert np.all(np.diff(d.path.values) <= 0)


def test_unbounded_and_undefined():
    d = descend("-x^2 + y^2", AT)
    assert d.kind == "unbounded" and not d.usable
    d = descend("log(x) + y^2", {"x": -1.0, "y": 0.0})
    assert d.kind == "undefined" and not d.usable


def test_a_start_on_a_saddle_is_called_one():
    d = descend("x^2 - y^2", {"x": 0.0, "y": 0.0})
    assert d.kind == "saddle" and d.steps == 0 and "saddle" in d.status


def test_a_rate_for_each_step_and_a_callback():
    d = descend(BOWL, AT, lambda k: 0.1 / (1 + k), steps=10)
    np.testing.assert_allclose(d.rates, 0.1 / (1 + np.arange(10)))
    d = descend(BOWL, AT, 0.05, callback=lambda i: i.number >= 4)
    assert d.end == "callback" and d.steps == 4 and len(d.path) == 5


@pytest.mark.parametrize(
    "options",
    [{"rate": 0.0}, {"rate": -1.0}, {"rate": float("nan")}, {"rate": True}, {"momentum": 1.0},
     {"momentum": -0.1}, {"steps": 0}, {"steps": 2.5}, {"tolerance": -1.0}, {"max_seconds": 0.0},
     {"rate": 0.1, "line_search": True}],
)  # fmt: skip
def test_bad_arguments_are_refused(options):
    with pytest.raises(ArgumentError):
        descend(BOWL, AT, **options)


def test_bad_bounds_are_refused():
    with pytest.raises(BoundsError, match="x"):
        descend(BOWL, AT, bounds={"x": (2, 1)})


def test_a_derivative_by_a_rule_is_checked_where_a_rate_is_to_be_safe():
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def wrong(x):
        return (x**2).sum()

    wrong.defvjp(lambda x: (wrong(x), x), lambda x, g: (x * g,))

    @jax.custom_vjp
    def right(x):
        return (x**2).sum()

    right.defvjp(lambda x: (right(x), x), lambda x, g: (2 * x * g,))

    def nested(x):
        return jax.lax.fori_loop(
            0, 2, lambda k, s: s + jnp.cos(jax.lax.stop_gradient(3 * x)), (x - 1) ** 2
        )

    start = np.array([0.7, 1.3])
    assert descend(right, start).safe and not descend(wrong, start).safe
    assert not descend(nested, 0.2).safe
    # Its gradient is right although a part of it is cut.
    found = descend(lambda x: jax.scipy.special.logsumexp(x) + (x**2).sum(), start)
    assert found.safe and found.kind == "minimum"


def test_no_step_is_no_safe_step():
    found = descend("log(x)", {"x": -1.0})
    assert found.kind == "undefined" and not found.safe


def test_a_flat_end_has_no_error():
    found = descend("x^4", {"x": 1.5}, tolerance=1e-4)
    assert found.accuracy == "unknown" and np.isnan(found.errors["x"])
