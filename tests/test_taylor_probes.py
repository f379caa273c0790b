# ruff: noqa: E501 - tables, one function a line
"""Probes: functions as users write them either work, judged by JAX's values, or are refused by name."""

import time
import traceback

import jax
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np
import pytest
from jax import lax

from taylored.errors import (
    ArgumentError,
    CenterError,
    EnclosureError,
    FunctionError,
    MissingRule,
    TayloredError,
)
from taylored.series.taylor import taylor

A = np.array([[3.0, 1.0], [1.0, 2.0]])
BATCH = np.stack([A, 2 * A + np.eye(2)])
WEIGHTS = np.random.default_rng(0).normal(size=1000)
IMAGE, KERNEL = np.arange(1.0, 33).reshape(1, 4, 8), np.arange(1.0, 25).reshape(2, 4, 3)


@jax.custom_jvp
def wrong_rule(x):
    return jnp.sin(x)


wrong_rule.defjvp(lambda p, t: (jnp.sin(p[0]), 5 * t[0]))


def with_default(x, power=3):
    return x**power


def _matrix(x):
    return jnp.asarray(A) + x * jnp.eye(2)


def _nested_scan(x):
    def outer(c, a):
        return lax.scan(lambda d, b: (jnp.sin(d) + b, None), c, jnp.arange(2.0))[0] + a, c

    return lax.scan(outer, x, jnp.arange(3.0))[0]


def _stacked(x):
    return jnp.stack([x, x**2, jnp.sin(x) + 2])


# Smooth at 0.7 and within 0.05 of it.
WORKS = {
    "tan": jnp.tan, "asin": jnp.arcsin, "acos": jnp.arccos, "atan": jnp.arctan, "cbrt": jnp.cbrt,
    "exp2": jnp.exp2, "lgamma": jax.lax.lgamma, "digamma": jsp.special.digamma, "erf": jsp.special.erf,
    "erfc": jsp.special.erfc, "erfinv": jsp.special.erfinv, "sinc": jnp.sinc, "softplus": jax.nn.softplus,
    "sigmoid": jax.nn.sigmoid, "silu": jax.nn.silu, "gelu": jax.nn.gelu, "elu": jax.nn.elu, "relu": jax.nn.relu,
    "gelu_exact": lambda x: jax.nn.gelu(x, approximate=False), "ndtr": jsp.stats.norm.cdf, "logcdf": jsp.stats.norm.logcdf,
    "sort": lambda x: jnp.sort(_stacked(x))[1], "median": lambda x: jnp.median(_stacked(x)), "max": lambda x: jnp.max(_stacked(x)),
    "argsort": lambda x: _stacked(x)[jnp.argsort(_stacked(x))][0], "argmax": lambda x: _stacked(x)[jnp.argmax(_stacked(x))],
    "prod": lambda x: jnp.prod(_stacked(x)), "prod of nothing": lambda x: jnp.prod(jnp.zeros(0) * x) + x, "sum of nothing": lambda x: jnp.sum(jnp.zeros(0) * x) + x,
    "cumsum": lambda x: jnp.cumsum(_stacked(x))[2], "cumprod": lambda x: jnp.cumprod(_stacked(x))[2], "var": lambda x: jnp.var(_stacked(x)),
    "logsumexp": lambda x: jsp.special.logsumexp(_stacked(x)), "softmax": lambda x: jax.nn.softmax(_stacked(x))[0], "log_softmax": lambda x: jax.nn.log_softmax(_stacked(x))[0],
    "logaddexp": lambda x: jnp.logaddexp(x, 2 * x), "hypot": lambda x: jnp.hypot(x, 1.0 + x), "arctan2": lambda x: jnp.arctan2(x, 1 + x), "xlogy": lambda x: jsp.special.xlogy(x, x),
    "betaln": lambda x: jsp.special.betaln(x, 2.0), "norm": lambda x: jnp.linalg.norm(_stacked(x)),
    "solve": lambda x: jnp.linalg.solve(_matrix(x), jnp.stack([x, 1.0 + 0 * x]))[0], "inv": lambda x: jnp.linalg.inv(_matrix(x))[0, 1], "det": lambda x: jnp.linalg.det(_matrix(x)),
    "slogdet": lambda x: jnp.linalg.slogdet(_matrix(x))[1], "cholesky": lambda x: jnp.linalg.cholesky(_matrix(x))[1, 0], "matrix_power": lambda x: jnp.linalg.matrix_power(_matrix(x), 3).sum(),
    "solve batch": lambda x: jnp.linalg.solve(BATCH + x, jnp.ones((2, 2, 1))).sum(), "inv batch": lambda x: jnp.linalg.inv(BATCH + x)[1, 0, 1], "cholesky batch": lambda x: jnp.linalg.cholesky(BATCH + x * jnp.eye(2))[1, 1, 0],
    "triangular batch": lambda x: jsp.linalg.solve_triangular(BATCH + x, jnp.ones((2, 2, 1)), lower=True).sum(), "vmapped solve": lambda x: jax.vmap(lambda a: jnp.linalg.solve(a + x, jnp.ones(2)))(jnp.asarray(BATCH)).sum(),
    "expm": lambda x: jsp.linalg.expm(jnp.stack([jnp.stack([x, 1.0 + 0 * x]), jnp.stack([0 * x, x])]))[0, 1], "einsum": lambda x: jnp.einsum("i,ij,j", _stacked(x)[:2], jnp.asarray(A), _stacked(x)[1:]),
    "checkpoint": jax.checkpoint(lambda x: jnp.sin(jnp.exp(x))), "jit": jax.jit(jnp.sin), "vmap": lambda x: jax.vmap(jnp.sin)(_stacked(x)).sum(), "grad": jax.grad(lambda x: jnp.sin(x) * jnp.exp(x)),
    "scan": lambda x: lax.scan(lambda c, a: (jnp.sin(c) + a, c), x, jnp.arange(4.0))[0], "scan reversed": lambda x: lax.scan(lambda c, a: (jnp.sin(c) + a, c * a), x, jnp.arange(3.0), reverse=True)[1].sum(), "nested scan": _nested_scan,
    "fori": lambda x: lax.fori_loop(0, 5, lambda i, c: c * jnp.cos(c), x), "while": lambda x: lax.while_loop(lambda s: s[0] < 4, lambda s: (s[0] + 1, s[1] * x + 1), (0, x))[1], "while on data": lambda x: lax.while_loop(lambda s: s < 100.0, lambda s: s * s + 1, x),
    "cond": lambda x: lax.cond(x > 0, jnp.sin, jnp.cos, x), "where": lambda x: jnp.where(x > 0.1, x**2, x), "guard": lambda x: jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1.0)), 0.0), "guard of values": lambda x: jnp.where(x > 0, jnp.log(x), 0.0), "other side of a guard": lambda x: jnp.where(x < 0, jnp.log(-x), x),
    "clip": lambda x: jnp.clip(x, 0.0, 1.0), "sign": lambda x: jnp.sign(x) * x, "floor": lambda x: x - jnp.floor(x), "ceil": lambda x: jnp.ceil(x) * x, "round": lambda x: jnp.round(x) * x, "rem": lambda x: lax.rem(x, 1.0), "mod of negative": lambda x: jnp.mod(-x, 1.0), "rem by": lambda x: lax.rem(7.3, x),
    "condition": lambda x: x.astype(bool) * x, "whole": lambda x: (10 * x + 0.5).astype(int) * x, "nan_to_num": jnp.nan_to_num, "where nan": lambda x: jnp.where(jnp.isnan(x), 0.0, x), "where finite": lambda x: jnp.where(jnp.isfinite(jnp.log(x)), jnp.log(x), 0.0),
    "x**x": lambda x: x**x, "x**2.5": lambda x: x**2.5, "2**x": lambda x: 2.0**x, "x**-1": lambda x: x**-1, "powers": lambda x: jnp.sum(x ** jnp.arange(4.0)),
    "polyval": lambda x: jnp.polyval(jnp.array([1.0, 2, 3]), x), "interp": lambda x: jnp.interp(x, jnp.array([0.0, 1, 2]), jnp.array([0.0, 1, 4])), "convolve": lambda x: jnp.convolve(_stacked(x), jnp.array([1.0, 2.0]))[1],
    "conv groups": lambda x: lax.conv_general_dilated(x * IMAGE, jnp.sin(x) * KERNEL.reshape(4, 2, 3)[:, :1], (1,), "SAME", feature_group_count=4).sum(), "conv dilated": lambda x: lax.conv_general_dilated(x * IMAGE, jnp.sin(x) * KERNEL, (2,), [(2, 3)], lhs_dilation=(2,), rhs_dilation=(3,)).sum(),
    "at add": lambda x: jnp.zeros(3).at[jnp.array([1, 1])].add(x)[1], "at set": lambda x: jnp.zeros(3).at[1].set(x).at[1].add(x**2).sum(), "index outside": lambda x: _stacked(x)[7], "index by value": lambda x: _stacked(x)[(4 * x).astype(int)], "dynamic slice": lambda x: lax.dynamic_slice(_stacked(x), (jnp.int32(x * 2),), (1,))[0],
    "cumlogsumexp": lambda x: lax.cumlogsumexp(_stacked(x))[2], "constant": lambda x: 2.0, "constant array": lambda x: jnp.array(2.0) + 0 * x, "itself": lambda x: x, "default": with_default, "wrong rule": wrong_rule, "np.sin": np.sin, "np.exp": lambda x: np.exp(x) * np.sqrt(x), "a thousand terms": lambda x: jnp.sum(jnp.sin(WEIGHTS * x)), "closure": lambda x: jnp.sum(jnp.tanh(jnp.asarray(WEIGHTS.reshape(10, 100)) @ (x * jnp.ones(100)))),
    "float32 data": lambda x: x * jnp.float32(0.1) + jnp.sum(jnp.arange(3, dtype=jnp.float32) * x), "sqrt of square": lambda x: jnp.sqrt(x * x), "abs": lambda x: abs(x), "bound by itself": lambda x: jnp.maximum(x, x),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _doubles():
    with jax.enable_x64(True):
        yield


# The same ground as others, and slow.
HEAVY = "inv,inv batch,vmapped solve,nested scan,scan reversed,betaln,argsort,fori,logcdf,mod,while,expm,index by value at its edge".split(
    ","
)


def _names(table):
    return [pytest.param(n, marks=pytest.mark.slow) if n in HEAVY else n for n in table]


@pytest.mark.parametrize("name", _names(WORKS))
@pytest.mark.every(8)
def test_probe_works(name):
    function, center, radius = WORKS[name], 0.7, 0.02
    T = taylor(function, center, 3, radius=radius)
    points = np.array(
        [center - radius, center - radius / 3, center + 0.7 * radius, center + radius]
    )
    points = np.clip(points, center - radius, center + radius)
    if name.startswith("np."):
        values = np.array([function(x) for x in points])
    else:
        values = np.array([float(function(jnp.float64(x))) for x in points])
    rounding = (
        4e-15 * (1.0 + np.abs(values).max()) * (1 + 20 * ("thousand" in name or "conv" in name))
    )
    off = values - T(points)
    assert np.all(off >= T.remainder.lo - rounding)
    assert np.all(off <= T.remainder.hi + rounding)
    assert T.largest_remainder <= 2 * np.abs(off).max() + 1e-7 * rounding / 4e-15 * 1e-3 + 5e-12


# Not smooth, or not known: which error, and a word of its reason.
REFUSED = {
    "sqrt at 0": (jnp.sqrt, 0.0, CenterError, "square root of 0"), "x**0.5 at 0": (lambda x: x**0.5, 0.0, CenterError, "0"),
    "x**-1 at 0": (lambda x: x**-1, 0.0, CenterError, "division by zero"), "(-8)**(1/3)": (lambda x: x ** (1 / 3), -8.0, CenterError, "-8"),
    "log 0": (jnp.log, 0.0, CenterError, "logarithm of 0"), "acos 1": (jnp.arccos, 1.0, CenterError, "arccosine of 1"), "sqrt of square at 0": (lambda x: jnp.sqrt(x * x), 0.0, CenterError, "square root of 0"),
    "sin(x)/x at 0": (lambda x: jnp.sin(x) / x, 0.0, CenterError, "division by zero"), "tan near its pole": (jnp.tan, 1.57, EnclosureError, "pole"),
    "abs": (jnp.abs, 0.0, CenterError, "absolute value of 0"), "abs near": (jnp.abs, 0.01, EnclosureError, "abs"), "max tie": (lambda x: jnp.maximum(x, -x), 0.0, CenterError, "equal"), "max tie of slopes": (lambda x: jnp.maximum(x, 2 * x), 0.0, CenterError, "equal"),
    "floor": (lambda x: x - jnp.floor(x), 1.0, CenterError, "floor jumps at 1"), "floor near": (lambda x: x - jnp.floor(x), 1.01, EnclosureError, "floor may jump"), "mod": (lambda x: jnp.mod(3 * x, 1.0), 0.34, EnclosureError, "jump"),
    "where at its edge": (lambda x: jnp.where(x >= 0, x, -x), 0.0, CenterError, "equal"), "one point apart": (lambda x: jnp.where(x == 0.3, 5.0, x), 0.3, CenterError, "equal"), "one point apart near": (lambda x: jnp.where(x == 0.31, 5.0, x), 0.3, EnclosureError, "condition"),
    "hidden edge": (lambda x: jnp.where(x > 0, x**2, jnp.where(x > -1, 0.0, jnp.log(x))), 0.0, CenterError, "equal"),
    "sorted tie": (lambda x: jnp.sort(jnp.stack([x, 0.6 - x]))[0], 0.3, CenterError, "equal"), "argmax tie": (lambda x: jnp.stack([x, 2 * x])[jnp.argmax(jnp.stack([x, 0.6 - x]))], 0.3, CenterError, "largest"),
    "elu at 0": (jax.nn.elu, 0.0, CenterError, "equal"), "clip at its end": (lambda x: jnp.clip(x, 0.0, 0.3), 0.3, CenterError, "equal"), "whole at whole": (lambda x: x.astype(int) * x, 2.0, CenterError, "whole"), "index by value at its edge": (lambda x: jnp.stack([x, 2 * x])[(x > 0.31).astype(int)], 0.3, EnclosureError, "not the same for all"),
    "while": (lambda x: lax.while_loop(lambda s: s[0] < 10 * x, lambda s: (s[0] + 1, s[1] * x + 1), (0, x))[1], 0.3, EnclosureError, "while"),
    "rounded to float32": (lambda x: jnp.sin(x.astype(jnp.float32)), 0.3, MissingRule, "float32"), "rounded to bfloat16": (lambda x: jnp.sin(x.astype(jnp.bfloat16)), 0.3, MissingRule, "bfloat16"),
    "complex": (lambda x: jnp.abs(x + 1j), 0.3, MissingRule, "complex"), "complex exp": (lambda x: jnp.real(jnp.exp(1j * x)), 0.3, MissingRule, "real|complex"), "fft": (lambda x: jnp.real(jnp.fft.fft(jnp.stack([x, x])))[1], 0.3, MissingRule, "fft"),
    "two sort keys": (lambda x: lax.sort((jnp.array([1.0, 1.0]), jnp.stack([x, -x])), num_keys=2)[1], 0.3, MissingRule, "more than one key"),
    "eigh": (lambda x: jnp.linalg.eigh(_matrix(x))[0][0], 0.3, MissingRule, "eigh"), "svd": (lambda x: jnp.linalg.svd(_matrix(x))[1].sum(), 0.3, MissingRule, "svd"), "qr": (lambda x: jnp.linalg.qr(_matrix(x))[1].sum(), 0.3, MissingRule, "qr"),
    "batch groups": (lambda x: lax.conv_general_dilated(x * IMAGE.reshape(4, 1, 8), KERNEL.reshape(8, 1, 3), (1,), "SAME", batch_group_count=4).sum(), 0.3, MissingRule, "batch_group_count"),
    "gammainc": (lambda x: jsp.special.gammainc(2.0, x), 0.3, MissingRule, "igamma"), "zeta": (lambda x: jsp.special.zeta(x, 2.0), 2.3, MissingRule, "zeta"), "nextafter": (lambda x: jnp.nextafter(x, 1.0), 0.3, MissingRule, "nextafter"), "random": (lambda x: jax.random.normal(jax.random.key(0)) * x, 0.3, MissingRule, "random"),
    "callback": (lambda x: jax.pure_callback(np.sin, jax.ShapeDtypeStruct((), float), x), 0.3, MissingRule, "pure_callback"), "nothing to scan": (lambda x: lax.scan(lambda c, a: (c * a, c), x, jnp.zeros(0))[0], 0.3, MissingRule, "scan"), "filled with nan": (lambda x: jnp.stack([x, x]).at[7].get(mode="fill"), 0.3, MissingRule, "out of range"),
    "returns text": (lambda x: "a", 0.3, FunctionError, "traced"), "returns nothing": (lambda x: None, 0.3, ArgumentError, "no numbers"), "returns an empty array": (lambda x: jnp.zeros(0) * x, 0.3, ArgumentError, "no numbers"), "raises": (lambda x: 1 / 0, 0.3, FunctionError, "ZeroDivisionError"), "Python's if": (lambda x: x if x > 0 else -x, 0.3, FunctionError, "jnp.where"), "math": (lambda x: __import__("math").sin(x), 0.3, FunctionError, "math"), "np.interp": (lambda x: np.interp(x, [0, 1], [0, 1]), 0.3, FunctionError, "NumPy"),
}  # fmt: skip


@pytest.mark.parametrize("name", _names(REFUSED))
@pytest.mark.every(3)
def test_probe_is_refused(name):
    function, center, error, word = REFUSED[name]
    start = time.perf_counter()
    with pytest.raises(error, match=word) as caught:
        taylor(function, center, 3, radius=0.05)
    assert isinstance(caught.value, TayloredError) and "Next:" in str(caught.value)
    assert time.perf_counter() - start < 60  # hangs, not speed
    if error is MissingRule:
        assert "test_taylor_probes.py:" in str(caught.value)


@pytest.mark.parametrize("name", [n for n, row in REFUSED.items() if row[2] is CenterError])
def test_nothing_is_said_at_these_centers_without_a_radius(name):
    function, center, error, word = REFUSED[name]
    with pytest.raises(error, match=word):
        taylor(function, center, 2)


@pytest.mark.parametrize("name", ["abs near", "floor near", "one point apart near"])
def test_the_radius_that_is_offered_works(name):
    function, center, error, _ = REFUSED[name]
    with pytest.raises(error) as caught:
        taylor(function, center, 3, radius=0.05)
    offered = caught.value.radius
    assert 0.008 <= offered <= 0.01
    assert np.isfinite(taylor(function, center, 3, radius=offered).largest_remainder)


@pytest.mark.slow
def test_bessel_function_of_jax_is_refused_in_time():
    """Its series divides by what intervals cannot keep away from 0: refused, not wrong."""
    start = time.perf_counter()
    try:
        T = taylor(lambda x: jsp.special.bessel_jn(x, v=1)[0], 0.7, 2, radius=0.05)
    except TayloredError:
        assert time.perf_counter() - start < 60  # hangs, not speed
    else:
        off = float(jsp.special.bessel_jn(jnp.float64(0.72), v=1)[0]) - T(0.72)
        assert T.remainder.lo - 1e-14 <= off <= T.remainder.hi + 1e-14


def test_no_traceback_starts_inside():
    """What users see first is the error itself, not a chain of others."""
    try:
        taylor(lambda x: jnp.linalg.eigh(_matrix(x))[0][0], 0.3, 2)
    except MissingRule:
        assert "During handling" not in traceback.format_exc()
