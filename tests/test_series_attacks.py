"""What a hostile reader of the series tried: odd points, unknown numbers, long searches."""

import os
import re
import time

import flint
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import taylored as ty
from taylored.errors import ArgumentError, EnclosureError, MissingRule
from taylored.readings.interval.record import exceeded, place

E = ty.taylor("exp(x)", 0.0, 3, radius=1.0)
PRODUCT = ty.taylor("x*y", {"x": 0, "y": 0}, 2, radius=1.0)
ARRAY = ty.taylor(lambda p: jnp.sum(p**2), np.ones(3), 2, radius=1.0)


# ---- points of every form ----


def test_a_point_may_have_the_form_of_the_center():
    assert E({"x": 0.5}) == E(0.5)
    found = E.enclose({"x": 0.5})
    with flint.ctx.workprec(200):
        truth = flint.arb(0.5).exp()
        assert flint.arb(found.lo) <= truth <= flint.arb(found.hi)
    assert np.array_equal(E({"x": np.array([0.25, 0.5])}), E(np.array([0.25, 0.5])))


BAD_POINTS = (
    (E, 1j), (E, np.array([1j])), (E, object()), (E, {"y": 0.1}), (E, {}), (E, "a"),
    (ARRAY, [1, 2, "a"]), (ARRAY, [[1, 2], [3]]), (ARRAY, np.ones(2)),
    (PRODUCT, {"x": np.ones(3), "y": np.ones(2)}), (PRODUCT, {"x": "a", "y": np.ones(2)}),
    (PRODUCT, (1, 2, 3)), (PRODUCT, 1.0),
)  # fmt: skip


@pytest.mark.parametrize("k", range(len(BAD_POINTS)))
def test_what_is_no_point_is_refused(k):
    T, x = BAD_POINTS[k]
    for use in (T, T.enclose):
        with pytest.raises(ArgumentError) as caught:
            use(x)
        assert caught.value.next_step


def test_polynomials_far_out_overflow_in_silence():
    assert E(1e308) == np.inf
    assert E(-1e308) == -np.inf


@pytest.mark.parametrize("tol", [1e300, 1e308])
def test_a_radius_for_an_endless_tolerance(tol):
    """exp(x) passes 1e308 near 709: no radius beyond is right, and nearly all up to there are."""
    radius = E.radius_for(tol)
    assert 600 < radius < 710
    assert E.within(radius).largest_remainder <= tol


# ---- inside of other programs ----

INSIDE = {
    "bounds": lambda x: ty.bounds(jnp.sin, x, x + 1).lo,
    "bounds of a formula": lambda x: ty.bounds("sin(x)", x, x + 1).lo,
    "propagate": lambda x: ty.propagate(jnp.sin, x, std=0.1).std,
    "center": lambda x: ty.taylor(jnp.exp, x, 2).coefficients,
    "center in a tree": lambda x: ty.taylor(lambda p: p["a"] ** 2, {"a": x}, 2).coefficients,
    "center of a formula": lambda x: ty.taylor("x*y", {"x": x, "y": 1.0}, 2).coefficients,
    "radius": lambda x: ty.taylor("exp(x)", 0.0, 2, radius=x).remainder.lo,
    "point": E,
    "enclose": lambda x: E.enclose(x).lo,
    "within": lambda x: E.within(x).remainder.lo,
}


@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.parametrize("transform", [jax.jit, jax.grad, lambda f: lambda x: jax.vmap(f)(x[None])])
def test_numbers_that_are_not_known_yet(name, transform):
    with pytest.raises(ArgumentError, match="not known yet") as caught:
        transform(INSIDE[name])(jnp.ones(()))
    assert "outside" in caught.value.next_step


def test_known_numbers_work_inside_jit():
    def f(x):
        return x + ty.bounds("sin(x)", 0.0, 1.0).hi

    assert abs(float(jax.jit(f)(0.0)) - np.sin(1.0)) < 1e-5


# ---- the function of this call ----


def test_what_a_closure_holds_is_read_at_each_call():
    factor, weights = [1.0], np.array([1.0, 2.0])

    def f(x):
        return jnp.sum(factor[0] * weights * x)

    one = ty.taylor(f, np.ones(2), 1, radius=0.5)
    factor[0], weights[0] = 2.0, 10.0
    two = ty.taylor(f, np.ones(2), 1, radius=0.5)
    assert (one.coefficients[0], two.coefficients[0]) == (3.0, 24.0)
    found, later = ty.bounds(f, np.zeros(2), np.ones(2)), one.enclose(np.array([1.2, 1.2]))
    assert found.lo <= 0 and found.hi >= 24
    assert later.lo <= 3 * 1.2 <= later.hi  # of the function as it was


# ---- searches come to an end ----


def test_a_tolerance_in_three_variables_is_refused_in_time():
    start = time.process_time()
    with pytest.raises(EnclosureError, match="coefficients") as caught:
        ty.taylor("log(1.2 + x + y + z)", {"x": 0.0, "y": 0.0, "z": 0.0}, tol=1e-10, radius=0.36)
    assert time.process_time() - start < 60  # hangs, not speed
    assert caught.value.next_step


def test_the_tolerance_that_is_offered_is_met():
    with pytest.raises(EnclosureError) as caught:
        ty.taylor("gamma(1+x*y)", {"x": 0.5, "y": 0.5}, tol=1e-17, radius=0.05)
    ((tol, order),) = re.findall(r"tol=(\S+) is met with order=(\d+)", caught.value.next_step)
    T = ty.taylor("gamma(1+x*y)", {"x": 0.5, "y": 0.5}, int(order), radius=0.05)
    assert T.largest_remainder <= float(tol)
    assert ty.taylor("gamma(1+x*y)", {"x": 0.5, "y": 0.5}, tol=float(tol), radius=0.05).usable


def test_advice_for_bounds_fits_bounds():
    with pytest.raises(MissingRule) as caught:
        ty.bounds(lambda x: jax.lax.top_k(x, 2)[0], np.zeros(3), np.ones(3))
    assert "operations that have one" in caught.value.next_step
    assert "ask for no remainder" not in caught.value.next_step


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_place_of_the_record_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = place(1)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert exceeded("numpy", 1, {"exp": 3.0}) == {}


# ---- radii of convergence that float64 cannot see ----

UNSEEN = (
    ("sqrt(x)", 1e300), ("1/(1+1e-200*x)", 0.0), ("sin(x)", 1e300), ("1/(2+sin(x))", 1e300),
    ("x^40/(1-x)", 0.0), ("exp(x)-exp(x)", 1.0),
)  # fmt: skip


@pytest.mark.parametrize(("formula", "center"), UNSEEN)
def test_what_underflow_or_rounding_hides_is_not_called_a_polynomial(formula, center):
    found = ty.taylor(formula, center, 3).convergence
    assert found.kind.value == "unknown"
    assert np.isnan(found.radius)
    assert (found.lo, found.hi) == (0.0, np.inf)


@pytest.mark.parametrize(
    ("formula", "center"),
    [
        ("0*x", 0.0),
        ("x/1e308", 0.0),
        ("1e-310*x^2", 1.0),
        ("(x+0.1)^2*pi", 0.7),
        ("sqrt(x)^2", 2.0),
    ],
)
def test_polynomials_are_still_seen(formula, center):
    assert ty.taylor(formula, center, 3).convergence_radius == np.inf
