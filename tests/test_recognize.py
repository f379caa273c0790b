"""Smooth functions whose code has kinks or branches: found, and nothing else taken for one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from flint import arb, arb_series, ctx
from jax import lax
from jax.scipy.special import logsumexp

from taylored.errors import CenterError, EnclosureError, MissingRule
from taylored.readings.jet.recognize import recognized
from taylored.readings.jet.run import enclose, expand
from taylored.readings.jet.space import space
from taylored.readings.numpy import compile_numpy
from taylored.series.taylor import taylor
from taylored.trace.jaxpr import trace_jax
from taylored.trace.program import Constant, Program
from taylored.trace.rules import nested_programs
from taylored.trace.tracer import record

ORDER = 8


@pytest.fixture(autouse=True)
def _many_bits():
    before = ctx.prec, ctx.cap
    ctx.prec, ctx.cap = 300, ORDER + 2
    with mp.workprec(300):
        yield
    ctx.prec, ctx.cap = before


def _primitives(program: Program) -> Iterator[str]:
    """All of them, but for those inside free shifts."""
    for equation in program.equations:
        yield equation.primitive
        if equation.primitive != "free_shift":
            for inner in nested_programs(equation.params):
                yield from _primitives(inner)


def _jax(function: Callable, *shapes: tuple[int, ...]) -> Program:
    return trace_jax(function, shapes, [f"x{k}" for k in range(len(shapes))])


# ---- found ----


def _guarded(x):
    safe = jnp.where(x == 0, 1.0, x)
    return jnp.where(x == 0, 1.0, jnp.sin(safe) / safe)


def _user(x):
    m = jnp.max(x)
    return m + jnp.log(jnp.sum(jnp.exp(x - m)))


def _user_softmax(x):
    e = jnp.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _user_two(x):
    m = jnp.maximum(x[0], x[1])
    return m + jnp.log(jnp.exp(x[0] - m) + jnp.exp(x[1] - m))


def _weighted(x):
    return logsumexp(x, axis=1, b=jnp.array([1.0, 2.0, 3.0]))


def _in_scan(x):
    def step(c, a):
        return logsumexp(jnp.stack([c, a, 2 * a])), jax.nn.softplus(c)

    return lax.scan(step, x[0], x)[1]


def _in_cond(x):
    return lax.cond(x[1] > 5, lambda y: 2 * jax.nn.softplus(y), jnp.sinc, x)


FOUND = [
    ("softplus", jax.nn.softplus, (4,), "softplus"),
    ("softplus, scalar", jax.nn.softplus, (), "softplus"),
    ("softplus(-x)", lambda x: jnp.logaddexp(0.0, -x), (4,), "softplus"),
    ("softplus, zeros", lambda x: jnp.logaddexp(x, jnp.zeros(4)), (4,), "softplus"),
    ("softplus, grown", lambda x: jnp.logaddexp(x[:1], jnp.zeros(4)), (4,), "logaddexp"),
    ("written out", lambda x: jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-abs(x))), (4,), "softplus"),
    ("log(1+exp)", lambda x: jnp.log(1 + jnp.exp(2 * x)), (4,), "softplus"),
    ("log1p(exp)", lambda x: jnp.log1p(jnp.exp(x)), (), "softplus"),
    ("log_sigmoid", jax.nn.log_sigmoid, (4,), "softplus"),
    ("mish", jax.nn.mish, (4,), "softplus"),
    ("derivative", jax.grad(jax.nn.softplus), (), "softplus"),
    ("logaddexp", lambda x: jnp.logaddexp(x[:, None], x), (4,), "logaddexp"),
    ("logistic", lambda x: 1 / (1 + jnp.exp(-x)), (4,), "logistic"),
    ("logistic, turned", lambda x: 1.0 / (jnp.exp(-3 * x) + 1), (4,), "logistic"),
    ("logistic, power", lambda x: (1 + jnp.exp(x)) ** -1, (4,), "logistic"),
    ("exp/(1+exp)", lambda x: jnp.exp(x) / (1 + jnp.exp(x)), (4,), "logistic"),
    ("sinc", jnp.sinc, (4,), "sinc0"),
    ("sinc, scalar", jnp.sinc, (), "sinc0"),
    ("sinc by hand", lambda x: jnp.where(x == 0, 1.0, jnp.sin(x) / x), (4,), "sinc0"),
    ("sinc of 3x", lambda x: jnp.where(x == 0, 1.0, jnp.sin(3 * x) / (3 * x)), (4,), "sinc0"),
    ("sinc, guarded", _guarded, (4,), "sinc0"),
    ("sinc, ne", lambda x: jnp.where(x != 0, jnp.sin(x * 2) / (x * 2), 1.0), (4,), "sinc0"),
    ("logsumexp", logsumexp, (4,), "free_shift"),
    ("logsumexp, axis", lambda x: logsumexp(x, axis=0), (3, 2), "free_shift"),
    ("logsumexp, weights", _weighted, (2, 3), "free_shift"),
    ("logsumexp'", jax.grad(logsumexp), (4,), "free_shift"),
    ("logsumexp''", jax.hessian(logsumexp), (3,), "free_shift"),
    ("softmax", jax.nn.softmax, (4,), "free_shift"),
    ("softmax, axis", lambda x: jax.nn.softmax(x, axis=0), (3, 2), "free_shift"),
    ("log_softmax", jax.nn.log_softmax, (4,), "free_shift"),
    ("by hand", _user, (4,), "free_shift"),
    ("by hand, rows", _user_softmax, (2, 3), "free_shift"),
    ("by hand, two", _user_two, (2,), "free_shift"),
    ("scan", _in_scan, (4,), "free_shift"),
    ("cond", _in_cond, (4,), "sinc0"),
    ("interp", lambda x: jnp.interp(x, jnp.arange(3.0), jnp.arange(3.0) ** 2), (4,), "copy"),
]  # fmt: skip
_ROUGH = {"max", "abs", "reduce_max", "stop_gradient", "is_finite"}


@pytest.mark.parametrize(("name", "function", "shape", "primitive"), FOUND)
def test_found(name, function, shape, primitive):
    program = _jax(function, shape)
    made = set(_primitives(recognized(program)))
    assert primitive in made
    assert primitive in ("copy",) or primitive not in set(_primitives(program))
    if primitive != "copy":
        left = made & _ROUGH
        assert left <= ({"abs"} if name.startswith("logsumexp") or name == "scan" else set())
    if primitive == "sinc0" and name != "cond":
        assert "select_n" not in made


@pytest.mark.parametrize(("name", "function", "shape", "primitive"), FOUND[:-1])
def test_values_are_those_of_the_code(name, function, shape, primitive):
    program = _jax(function, shape)
    rng = np.random.default_rng(5)
    points = rng.uniform(-4, 4, (60, *shape))
    points[:20] = np.round(points[:20])
    found = expand(program, space(1, 0), [points[None]]).outputs[0][0]
    run = compile_numpy(program)
    with np.errstate(all="ignore"):
        wanted = np.stack([np.asarray(run(p)[0]) for p in points])
    usable = np.isfinite(wanted) & np.isfinite(np.asarray(found, float))
    assert usable.mean() > 0.5
    assert np.all(usable == np.isfinite(wanted))  # where the code has a value there is one
    np.testing.assert_allclose(
        np.asarray(found, float)[usable], wanted[usable], rtol=2e-13, atol=2e-15
    )


@pytest.mark.parametrize(
    ("name", "function", "shape", "primitive"), [f for f in FOUND if f[-1] == "free_shift"][:-1]
)
def test_any_number_in_place_of_a_shift_gives_the_same(name, function, shape, primitive):
    program, rng = _jax(function, shape), np.random.default_rng(9)
    made = recognized(program)
    rows = [
        replace(e, primitive="copy", inputs=(Constant(rng.normal(size=made.shapes[e.outputs[0]])),))
        if e.primitive == "free_shift" else e for e in made.equations
    ]  # fmt: skip
    other = replace(made, equations=tuple(rows))
    x = rng.normal(size=shape)
    wanted = compile_numpy(program)(x)[0]
    np.testing.assert_allclose(compile_numpy(other)(x)[0], wanted, rtol=1e-13, atol=1e-15)


def test_numpys_sinc_as_the_tracer_writes_it():
    program = record(lambda x: x * np.sinc(2 * x) + np.sinc(x + 1), ["x"])
    made = list(_primitives(recognized(program)))
    assert made.count("sinc0") == 2
    assert not {"select_n", "lt", "abs", "div"} & set(made)
    other = record(lambda x: np.where(abs(x) < 0.02, 1.0, np.sin(x) / x), ["x"])
    assert recognized(other).equations == other.equations


def test_lines_and_shapes_are_kept_and_the_work_is_done_once():
    program = _jax(lambda x: jnp.sinc(logsumexp(x, axis=0)), (3, 2))
    made = recognized(program)
    assert recognized(program) is made
    assert made.names == program.names
    assert made.outputs == program.outputs
    assert all(e.source.startswith(__file__) for e in made.equations)
    assert all(made.shapes[v] == program.shapes[v] for e in made.equations for v in e.outputs)


# ---- not found ----


def _other_axis(x):
    m = jnp.max(x, axis=0)
    return jnp.log(jnp.sum(jnp.exp(x - m), axis=1)) + m


def _mixed_rows(x):
    # Rows are shifted by their own maxima, and then summed over all of them.
    e = jnp.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum()


def _leaks(x):
    m = jnp.max(x)
    return m + jnp.log(jnp.sum(jnp.exp(x - m))) + 0.1 * m


def _half(x):
    m = jnp.max(x)
    return jnp.log(jnp.sum(jnp.exp(x - 0.5 * m))) + 0.5 * m


def _twice(x):
    m = lax.stop_gradient(jnp.max(x))
    return 2 * m + jnp.log(jnp.sum(jnp.exp(x - m)))


def _base_two(x):
    m = jnp.max(x)
    return m + jnp.log2(jnp.sum(jnp.exp(x - m)))


def _plus(x):
    m = jnp.max(x)
    return m + jnp.log(1e-9 + jnp.sum(jnp.exp(x - m)))


def _reversed_rows(x):
    m = jnp.max(x, axis=1)
    return m[::-1] + jnp.log(jnp.sum(jnp.exp(x - m[:, None]), axis=1))


MISSES = [
    ("log(2+exp)", lambda x: jnp.log(2 + jnp.exp(x)), (4,)),
    ("log1p(exp2)", lambda x: jnp.log1p(jnp.exp2(x)), (4,)),
    ("1/(2+exp)", lambda x: 1 / (2 + jnp.exp(-x)), (4,)),
    ("2/(1+exp)", lambda x: 2 / (1 + jnp.exp(-x)), (4,)),
    ("1/(1-exp)", lambda x: 1 / (1 - jnp.exp(-x)), (4,)),
    ("1/(nearly 1+exp)", lambda x: 1 / (np.nextafter(1.0, 2.0) + jnp.exp(-x)), (4,)),
    ("exp(2x)/(1+exp)", lambda x: jnp.exp(2 * x) / (1 + jnp.exp(x)), (4,)),
    ("one by row", lambda x: jnp.log(jnp.array([1.0, 2.0]) + jnp.exp(x)), (2,)),
    ("min", lambda x: jnp.minimum(x, 0) + jnp.log1p(jnp.exp(-abs(x))), (4,)),
    ("no minus", lambda x: jnp.maximum(x, 0) + jnp.log1p(jnp.exp(abs(x))), (4,)),
    ("max(x, 1)", lambda x: jnp.maximum(x, 1) + jnp.log1p(jnp.exp(-abs(x))), (4,)),
    ("other difference", lambda x: jnp.maximum(x, 3) + jnp.log1p(jnp.exp(-abs(x - 2))), (4,)),
    ("base 2", lambda x: jnp.logaddexp2(x, 0.0), (4,)),
    ("sinc, swapped", lambda x: jnp.where(x == 0, jnp.sin(x) / x, 1.0), (4,)),
    ("sinc, ne swapped", lambda x: jnp.where(x != 0, 1.0, jnp.sin(x) / x), (4,)),
    ("sinc, 0 at 0", lambda x: jnp.where(x == 0, 0.0, jnp.sin(x) / x), (4,)),
    ("sinc, not 0", lambda x: jnp.where(x == 1, 1.0, jnp.sin(x) / x), (4,)),
    ("sinc, near 0", lambda x: jnp.where(abs(x) < 1e-8, 1.0, jnp.sin(x) / x), (4,)),
    ("sinc, two factors", lambda x: jnp.where(x == 0, 1.0, jnp.sin(2 * x) / (3 * x)), (4,)),
    ("sinc, cos", lambda x: jnp.where(x == 0, 1.0, jnp.cos(x) / x), (4,)),
    ("sinc, square", lambda x: jnp.where(x == 0, 1.0, jnp.sin(x * x) / (x * x)), (4,)),
    ("sinc, zero times", lambda x: jnp.where(x == 0, 1.0, jnp.sin(0.0 * x) / (0.0 * x)), (4,)),
    ("sinc, others", lambda x: jnp.where(x[::-1] == 0, 1.0, jnp.sin(x) / x), (4,)),
    ("0 at 0, not x", lambda x: jnp.where(x == 0, 0.0, x + 1), (4,)),
    ("1 at 0", lambda x: jnp.where(x == 0, 1.0, x), (4,)),
    ("other axis", _other_axis, (3, 3)),
    ("mixed rows", _mixed_rows, (2, 3)),
    ("used elsewhere", _leaks, (4,)),
    ("half", _half, (4,)),
    ("twice", _twice, (4,)),
    ("log2", _base_two, (4,)),
    ("plus a constant", _plus, (4,)),
    ("reversed rows", _reversed_rows, (2, 3)),
    ("max alone", lambda x: jnp.max(x), (4,)),
    ("relu", jax.nn.relu, (4,)),
    ("squared shift", lambda x: (x - x.max()) ** 2 + x.max(), (4,)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "function", "shape"), MISSES)
def test_close_misses_stay_as_they_are(name, function, shape):
    program = _jax(function, shape)
    # log1p(exp(u)) alone is softplus(u), whatever is made of it.
    wanted = " ".join(_primitives(program)).replace(" exp log1p", " softplus")
    assert " ".join(_primitives(recognized(program))) == wanted


def test_a_value_at_zero_is_not_taken_for_one_because_of_rounding():
    @jax.custom_jvp
    def nearly(x):
        return (x + 1e-30) + 1.0

    nearly.defjvp(lambda p, t: (nearly(*p), t[0]))
    program = _jax(lambda x: jnp.where(x == 0, nearly(x), jnp.sin(x) / x), (3,))
    assert "sinc0" not in set(_primitives(recognized(program)))


def test_the_shift_of_another_sum_is_refused_and_right_away_from_ties():
    x = np.array([[0.1, 0.9, -0.3], [0.4, 0.2, 1.3], [2.0, 0.3, 0.1]])
    T = taylor(_other_axis, x, 1, radius=1e-3)
    m = x.max(axis=0)
    wanted = np.log(np.exp(x - m).sum(axis=1)) + m
    np.testing.assert_allclose(T(x), wanted, rtol=1e-14)
    with pytest.raises(CenterError, match="reduce_max"):
        taylor(_leaks, np.zeros(3), 2)


# ---- coefficients at ties ----


def _softplus(x):
    return (1 + x.exp()).log()


def _sinc(x: arb_series, factor: Any = 1) -> arb_series:
    """sin(a h)/(a h) by its power series."""
    a = arb(factor)
    terms = [arb(0)] * (ORDER + 1)
    for k in range(ORDER // 2 + 1):
        terms[2 * k] = (-1) ** k * a ** (2 * k) / math.factorial(2 * k + 1)
    return arb_series(terms)


TIES: list[tuple[str, Callable, Callable]] = [
    ("softplus", jax.nn.softplus, _softplus),
    ("logaddexp", lambda x: jnp.logaddexp(x, -x), lambda h: (h.exp() + (-h).exp()).log()),
    ("logaddexp, quick", lambda x: jnp.logaddexp(3 * x, x * x),
     lambda h: ((3 * h).exp() + (h * h).exp()).log()),
    ("sinc", jnp.sinc, lambda h: _sinc(h, arb.pi())),
    ("numpy's sinc", np.sinc, lambda h: _sinc(h, arb.pi())),
    ("sinc by hand", _guarded, _sinc),
    ("logsumexp", lambda x: logsumexp(jnp.stack([x, 2 * x, x**2])),
     lambda h: (h.exp() + (2 * h).exp() + (h * h).exp()).log()),
    ("by hand", lambda x: _user(jnp.stack([x, -x, jnp.sin(x)])),
     lambda h: (h.exp() + (-h).exp() + h.sin().exp()).log()),
    ("softmax", lambda x: jax.nn.softmax(jnp.stack([x, 2 * x, x**2]))[0],
     lambda h: h.exp() / (h.exp() + (2 * h).exp() + (h * h).exp())),
    ("log_softmax", lambda x: jax.nn.log_softmax(jnp.stack([x, 0 * x]))[1],
     lambda h: -_softplus(h)),
    ("logistic", lambda x: 1 / (1 + jnp.exp(-2 * x)), lambda h: 1 / (1 + (-2 * h).exp())),
    ("silu", jax.nn.silu, lambda h: h / (1 + (-h).exp())),
    ("scan", lambda x: lax.scan(lambda c, a: (logsumexp(jnp.stack([c, a * c])), c), x,
                                jnp.array([2.0, 1.0]))[0],
     lambda h: 2 * arb_series([1]) * 0 + (h.exp() + (2 * h).exp()).log() + arb(2).log()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "function", "truth"), TIES)
def test_coefficients_at_ties(name, function, truth):
    T = taylor(function, 0.0, ORDER)
    exact = truth(arb_series([0, 1]))
    for k in range(ORDER + 1):
        error = abs(arb(float(T.coefficients[k])) - exact[k])
        assert error <= arb(float(T.coefficient_errors[k])) + arb("1e-40")
        assert error <= 1e-15 * (1 + abs(exact[k]))


@pytest.mark.every(3)
@pytest.mark.parametrize(("name", "function", "truth"), TIES)
@pytest.mark.parametrize("order", [1, 4])
def test_remainders_hold_across_ties(name, function, truth, order):
    T = taylor(function, 0.0, order, radius=0.25)
    assert 0 < T.largest_remainder < 0.3
    for x in np.linspace(-0.25, 0.25, 11):
        # The constant term of the series at x; at 0 that of sinc has no quotient to take.
        rest = _at(truth, name, float(x)) - arb(float(T(float(x))))
        assert rest >= arb(float(T.remainder.lo)) - arb("1e-60")
        assert rest <= arb(float(T.remainder.hi)) + arb("1e-60")


def _at(truth: Callable, name: str, x: float) -> arb:
    if "sinc" not in name:
        return truth(arb_series([arb(x), 1]))[0]
    a = arb(x) * (1 if "hand" in name else arb.pi())
    return a.sin() / a if x else arb(1)


def test_softmax_and_its_derivatives_in_several_variables():
    for function, order in ((logsumexp, 3), (jax.grad(logsumexp), 2), (_user_softmax, 2)):
        T = taylor(function, np.zeros(3), order, radius=0.2)
        rng = np.random.default_rng(2)
        for x in rng.uniform(-0.2, 0.2, (25, 3)):
            e = [mp.exp(mp.mpf(v)) for v in x]
            exact = [mp.log(sum(e))] if function is logsumexp else [v / sum(e) for v in e]
            rest = [float(a - mp.mpf(float(b))) for a, b in zip(exact, np.ravel(T(x)), strict=True)]
            assert np.all(rest >= np.ravel(T.remainder.lo))
            assert np.all(rest <= np.ravel(T.remainder.hi))


def test_far_out_nothing_overflows():
    T = taylor(lambda x: jnp.log(1 + jnp.exp(x)), 800.0, 2, radius=1.0)
    assert T(800.5) == 800.5
    T = taylor(lambda x: logsumexp(jnp.stack([x, x + 1])), 2000.0, 3, radius=1.0)
    assert abs(T(2000.0) - float(2000 + mp.log(1 + mp.e))) < 1e-12
    assert T.largest_remainder < 1e-9


def test_exactly_with_balls():
    T = taylor(logsumexp, np.zeros(2), 3, radius=0.2, exact=True)
    exact = mp.log(mp.exp(mp.mpf(0.2)) + mp.exp(mp.mpf(-0.2)))
    rest = float(exact - mp.mpf(float(T(np.array([0.2, -0.2])))))
    assert T.remainder.lo <= rest <= T.remainder.hi


# ---- what has to stay refused ----


def test_a_shift_that_is_not_defined_is_refused():
    def f(x):
        m = jnp.max(jnp.log(x))
        return (x - m) + m

    program = _jax(f, (2,))
    assert "free_shift" in set(_primitives(recognized(program)))
    assert taylor(f, np.ones(2), 1, radius=0.5).largest_remainder < 1e-14
    with pytest.raises(CenterError, match="logarithm"):
        taylor(f, np.array([-1.0, 1.0]), 1)
    with pytest.raises(EnclosureError, match="log"):
        taylor(f, np.ones(2), 1, radius=2.0)


def test_kinks_and_branches_stay_refused():
    with pytest.raises((CenterError, EnclosureError)):
        taylor(jax.nn.elu, 0.0, 2, radius=0.5)
    with pytest.raises(CenterError, match="equal"):
        taylor(lambda x: jnp.maximum(x, -x), 0.0, 2)
    for function in (jax.nn.gelu, jax.nn.silu, lambda x: jax.nn.gelu(x, approximate=False)):
        assert taylor(function, 0.0, 3, radius=0.5).largest_remainder < 0.02


# ---- conditions, whole numbers and lines ----


def test_one_condition_for_arrays_in_as_many_boxes_as_elements():
    program = _jax(lambda x: lax.select(x[0] > 0, x * 2, x * 3), (2,))
    low = np.array([[-2.0, 1.0], [1.0, 1.0]])
    found = enclose(program, space(2, 0), [(low, low + 0.5)], [np.eye(2)[:, None]])
    assert not found.troubles
    np.testing.assert_allclose(found.low[0][0], [[-6, 3], [2, 2]])
    np.testing.assert_allclose(found.high[0][0], [[-4.5, 4.5], [3, 3]])


def test_interpolation_is_linear_between_nodes():
    nodes, heights = jnp.array([-1.0, 0.5, 2.0]), jnp.array([0.0, 1.0, 4.0])
    T = taylor(lambda x: jnp.interp(x, nodes, heights), 0.0, 2, radius=0.3)
    wanted = [Fraction(2, 3), Fraction(2, 3), Fraction(0)]
    np.testing.assert_allclose(T.coefficients, [float(w) for w in wanted], rtol=1e-15)
    assert T.largest_remainder < 1e-14
    program = _jax(lambda x: jnp.interp(x, nodes, heights), (5,))
    points = np.random.default_rng(0).uniform(-2, 3, (1, 40, 5))
    found = expand(program, space(1, 0), [points]).outputs[0]
    np.testing.assert_allclose(
        found.astype(float), np.interp(points, np.asarray(nodes), np.asarray(heights)), atol=1e-15
    )
    with pytest.raises(CenterError, match=r"test_recognize\.py"):
        taylor(lambda x: jnp.interp(x, nodes, heights), 0.5, 2)


def test_exponential_of_a_matrix():
    a = np.array([[0.3, 1.0], [0.5, 0.2]])
    T = taylor(lambda x: jax.scipy.linalg.expm(x * jnp.asarray(a))[0, 1], 0.7, 3, radius=0.05)
    for x in np.linspace(0.65, 0.75, 5):
        exact = mp.expm(mp.matrix(a.tolist()) * mp.mpf(float(x)), method="taylor")[0, 1]
        rest = float(exact - mp.mpf(float(T(float(x)))))
        assert T.remainder.lo <= rest <= T.remainder.hi
    assert T.largest_remainder < 1e-5


def test_zero_times_anything_has_no_sign():
    T = taylor(lambda x: abs(0.0 * jnp.exp(x)) + x, 0.0, 2, radius=1.0)
    np.testing.assert_array_equal(T.coefficients, [0, 1, 0])
    assert T.largest_remainder < 1e-14


def test_refusals_name_the_users_line_and_never_ours():
    gamma = jax.scipy.special.gamma
    with pytest.raises(MissingRule) as found:
        taylor(lambda x: gamma(x) + 1, 0.7, 2)
    assert "test_recognize.py" in str(found.value)
    with pytest.raises(MissingRule) as found:
        taylor(gamma, 0.7, 2)
    assert "bitcast" in str(found.value)
    assert "function.py" not in str(found.value)
