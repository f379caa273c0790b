"""Programs made from a jaxpr: nested calls and loops, and operations that have no rule."""

from __future__ import annotations

import inspect
from pathlib import Path

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
import pytest

import taylored as ty
from taylored.errors import MissingRule
from taylored.readings.derivative import RULES as DERIVATIVES
from taylored.readings.numpy import RULES as NUMPY
from taylored.readings.numpy import compile_numpy
from taylored.readings.xla import compile_xla
from taylored.trace.jaxpr import trace_jax

X = np.linspace(0.2, 3.0, 11)
A, B = 1.75, 0.6
NAMES = ["x", "a", "b"]


def jitted(x, a, b):
    return jax.jit(lambda u: a * jnp.exp(-u))(b * x)


def conditional(x, a, b):
    return jax.lax.cond(b > 0.5, lambda v: a * v, lambda v: a / v, x)


def three_branches(x, a, b):
    return jax.lax.switch(2, [lambda v: v, lambda v: a * v, lambda v: a - b * v], x)


def scanned(x, a, b):
    def step(carry, k):
        return carry * b + k, carry + k

    end, seen = jax.lax.scan(step, a * x, jnp.arange(4.0))
    return end + seen.sum(axis=0)


def scanned_backwards(x, a, b):
    end, seen = jax.lax.scan(lambda c, k: (c + k * a, c * b), x, jnp.arange(3.0), reverse=True)
    return end * seen[0] - seen[2]


def iterated(x, a, b):
    return jax.lax.while_loop(lambda s: s[0] < 5, lambda s: (s[0] + 1, s[1] * b + a), (0, x))[1]


def counted_loop(x, a, b):
    return jax.lax.fori_loop(0, 3, lambda i, v: v * b + a * i, x)


def custom(x, a, b):
    return a * jax.nn.relu(x - b) + jax.nn.softplus(x) + jax.nn.silu(x * a)


def logarithmic(x, a, b):
    return jax.scipy.special.logsumexp(jnp.stack([a * x, b * x]), axis=0)


def structured(x, a, b):
    y = jnp.concatenate([x[:3], jnp.flip(x[3:])]).reshape(1, -1)
    m = jnp.outer(y[0], jnp.array([a, b]))
    return m @ jnp.array([1.0, 2.0]) + jnp.cumsum(a * x) + jnp.max(x) * b + m.T[0]


def sorted_inside(x, a, b):
    return a * jnp.sort(x) + b * x**2


def checkpointed(x, a, b):
    return jax.checkpoint(lambda u: jnp.sin(u * a))(x) * b


NESTED = [
    jitted, conditional, three_branches, scanned, scanned_backwards, iterated, counted_loop,
    custom, logarithmic, structured, checkpointed, sorted_inside,
]  # fmt: skip
AS_VALUES = [
    *(f for f in NESTED if f not in (three_branches, custom)),
    three_branches,
    custom,
]
AS_FITS = NESTED


@pytest.mark.parametrize("function", AS_VALUES, ids=lambda f: f.__name__)
@pytest.mark.every(2)
def test_nested_jaxprs_give_what_jax_gives(function):
    program = trace_jax(function, [X.shape, (), ()], NAMES)
    by_xla = compile_xla(program)
    by_numpy = None if function is sorted_inside else compile_numpy(program)
    for b in (B, 0.3):  # both branches of the condition
        with jax.enable_x64(True):
            expected = np.asarray(function(jnp.asarray(X), A, b))
        np.testing.assert_allclose(by_xla(X, A, b)[0], expected, rtol=1e-14)
        if by_numpy:
            np.testing.assert_allclose(by_numpy(X, A, b)[0], expected, rtol=1e-14)


@pytest.mark.parametrize("function", AS_FITS, ids=lambda f: f.__name__)
@pytest.mark.every(2)
def test_fits_of_nested_jaxprs_find_what_made_the_data(function):
    with jax.enable_x64(True):
        y = np.asarray(function(jnp.asarray(X), A, B))
    fit = ty.fit(function, X, y, start={"a": 1.6, "b": 0.7})
    assert fit.setup.traces.how == "jax"
    if function is conditional:  # b only chooses the branch
        assert fit.params["a"] == pytest.approx(A, rel=1e-10)
        assert not fit.usable
    else:
        assert fit.params == pytest.approx({"a": A, "b": B}, rel=1e-10)
        assert fit.usable


def test_functions_written_with_jax_are_called_in_float64():
    x = np.linspace(0.0, 5.0, 30) + 1e5  # in float32 these are 0.008 apart at least
    fit = ty.fit(lambda x, a, b: jnp.cos(a * x) + b, x, np.cos(1.5 * x) + 1.0,
                 start={"a": 1.5 + 1e-7, "b": 0.9})  # fmt: skip
    assert fit.setup.traces.how == "jax"
    assert fit.params == pytest.approx({"a": 1.5, "b": 1.0}, rel=1e-9)


# ---- operations without a rule --------------------------------------------------------------


def invented(name):
    primitive = jax.extend.core.Primitive(name)
    primitive.def_impl(lambda x: x)
    primitive.def_abstract_eval(lambda x: x)
    return primitive


def test_missing_rules_are_named_all_at_once_with_the_users_lines():
    wobble, wiggle = invented("wobble"), invented("wiggle")

    def model(x, a):
        y = wobble.bind(x * a)
        return jax.jit(lambda v: jnp.exp(v) + wiggle.bind(v[:2]).sum())(y)

    program = trace_jax(model, [(7,), ()], ["x", "a"])
    lines, first = inspect.getsourcelines(model)
    at = {
        name: first + next(i for i, text in enumerate(lines) if name in text)
        for name in ("wobble", "wiggle")
    }
    for table, reading in ((NUMPY, "NumPy"), (DERIVATIVES, "derivative")):
        with pytest.raises(MissingRule) as caught:
            table.require(program)
        error = caught.value
        assert reading in error.what
        assert error.next_step
        for name, shape in (("wobble", "(7,)"), ("wiggle", "(2,)")):
            assert name in error.what
            (line,) = [text for text in error.where.splitlines() if text.startswith(name)]
            assert f"{Path(__file__).name}:{at[name]}" in line
            assert shape in line


def test_rules_missing_inside_a_loop_are_found_too():
    wobble = invented("wobble")

    def model(x, a):
        return jax.lax.scan(lambda c, _: (wobble.bind(c) * a, None), x, None, length=3)[0]

    program = trace_jax(model, [(7,), ()], ["x", "a"])
    assert [e.primitive for e in NUMPY.missing(program)] == ["wobble"]
    with pytest.raises(MissingRule, match=r"'wobble'"):
        compile_numpy(program)
