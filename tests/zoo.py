# ruff: noqa: E501 - a table, one case a line
"""Functions of every kind for the derivative tests: each a name, a function, and a point.

Jacobian functions return arrays, Hessian functions one number.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

__all__ = ["HESSIANS", "JACOBIANS", "Case"]


class Case:
    """A function at a point; `exact` is how many entries its pattern has where that is known."""

    def __init__(self, name, function, x, exact=None):
        self.name, self.function, self.x, self.exact = name, function, x, exact

    def __repr__(self):
        return self.name


def _points(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.3, 1.7, shape)


@jax.custom_jvp
def straight_through(x):
    return jnp.round(x)


straight_through.defjvp(lambda p, t: (straight_through(*p), 2.0 * t[0]))


@jax.custom_jvp
def only_neighbor(x):
    """A rule that has another pattern than what it wraps."""
    return x * x


only_neighbor.defjvp(lambda p, t: (p[0] ** 2, 2 * p[0] * jnp.roll(t[0], 1)))


@jax.custom_vjp
def reverse_only(x):
    return jnp.sin(x)


reverse_only.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (g * jnp.cos(x),))


@jax.custom_vjp
def reverse_straight_through(x):
    return jnp.floor(x)


reverse_straight_through.defvjp(lambda x: (jnp.floor(x), None), lambda _, g: (g,))

_A = _points(4, 3, 3, seed=1) + 3 * np.eye(3)
_SPARSE = np.where(np.random.default_rng(2).uniform(size=(12, 12)) < 0.2, 1.5, 0.0)
_SEGMENTS = np.array([0, 1, 0, 1, 2, 2, 3, 3, 3, 0, 1, 2])
_INDEX = np.array([3, 3, 0, 11, 7])


def _scan_map(x):
    return lax.scan(lambda c, a: (c, a * a + 1), 0.0, x)[1]


def _scan_sum(x):
    return lax.scan(lambda c, a: (c + a, c * a), 0.0, x)[1]


def _scan_reverse(x):
    return lax.scan(lambda c, a: (c * 0.5 + a, jnp.sin(c)), 0.0, x, reverse=True)[1]


def _scan_counter(x):
    def body(k, a):
        return k + 1, a * x[k % 3]

    return lax.scan(body, 0, x)[1]


def _fori(x):
    return lax.fori_loop(1, 11, lambda k, y: y.at[k].set(y[k - 1] * x[k]), x)


def _while(x):
    def body(state):
        k, y = state
        return k + 1, y * jnp.roll(x, 1)

    return lax.while_loop(lambda s: s[0] < 3, body, (0, x))[1]


def _while_shift(x):
    def body(state):
        k, y = state
        return k + 1, jnp.concatenate([y[:1], y[:-1] + y[1:]])

    return lax.while_loop(lambda s: s[0] < 2, body, (0, x))[1]


def _cond(x):
    return lax.cond(x[0] > 1, lambda v: v * 2, lambda v: v[::-1] ** 2, x)


def _switch(x):
    branches = [lambda v: v, lambda v: jnp.roll(v, 1), lambda v: v * v[0]]
    return lax.switch(jnp.int32(x[0]), branches, x)


def _conv(x):
    image = x.reshape(1, 1, 4, 3)
    kernel = jnp.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]).reshape(1, 1, 3, 3)
    return lax.conv_general_dilated(image, kernel, (1, 1), "SAME")


def _conv_kernel(x):
    return lax.conv_general_dilated(
        jnp.asarray(_points(2, 3, 6, 6)), x.reshape(1, 3, 2, 2), (2, 2), "VALID"
    )


def _conv_groups(x):
    image = x.reshape(1, 4, 3)
    kernel = jnp.asarray(_points(4, 1, 2))
    return lax.conv_general_dilated(
        image, kernel, (1,), [(1, 0)], feature_group_count=4, rhs_dilation=(2,)
    )


def _conv_channels(x):
    kernel = jnp.asarray(_points(5, 2, 2))
    return lax.conv_general_dilated(x.reshape(2, 2, 3), kernel, (1,), "VALID")


def _max_pool(x):
    return lax.reduce_window(x.reshape(4, 3), -jnp.inf, lax.max, (2, 1), (2, 1), "VALID")


def _avg_pool(x):
    return lax.reduce_window(x.reshape(4, 3), 0.0, lax.add, (2, 2), (1, 1), "SAME")


def _cg(x):
    matrix = jnp.asarray(_A[0] @ _A[0].T)
    return jax.scipy.sparse.linalg.cg(lambda v: matrix @ v, x[:3] ** 2)[0]


def _solve(x):
    return jnp.linalg.solve(jnp.asarray(_A), (x**2).reshape(4, 3, 1))


def _solve_columns(x):
    return jnp.linalg.solve(jnp.asarray(_A[0]), (x**2).reshape(3, 4))


def _solve_matrix(x):
    return jnp.linalg.solve(x.reshape(4, 3, 3), jnp.ones((4, 3, 1)))


def _root(x):
    def solve(g, y0):
        return lax.fori_loop(0, 20, lambda _, y: y - g(y) / (3 * y**2), y0)

    return lax.custom_root(
        lambda y: y**3 - x, jnp.ones_like(x), solve, lambda g, y: y / g(jnp.ones_like(y))
    )


def _lu(x):
    return jax.scipy.linalg.lu(x.reshape(3, 3) + 3 * jnp.eye(3))[2]


def _tree(p):
    return {"s": jnp.sin(p["a"]) * p["w"], "t": p["w"][:2].sum() * p["a"]}


def _remat(x):
    return jax.checkpoint(lambda v: jnp.sin(v) * v[::-1])(x)


def _bessel(x):
    return jax.scipy.special.i0e(x) + jax.scipy.special.i1(x) * jnp.roll(x, 1)


def _vmapped_while(x):
    def one(a):
        return lax.while_loop(lambda s: s[1] < 3, lambda s: (s[0] * a, s[1] + 1), (a, 0))[0]

    return jax.vmap(one)(x)


def _associative(x):
    return lax.associative_scan(jnp.multiply, x)


def _take_along(x):
    order = jnp.argsort(x.reshape(4, 3), axis=1)
    return jnp.take_along_axis(x.reshape(4, 3), order, axis=1)


def _dynamic_update(x):
    k = jnp.argmax(x[:4])
    return lax.dynamic_update_slice(jnp.zeros(12), x[4:7] ** 2, (k,))


def _jit_inner(x):
    @jax.jit
    def inner(v):
        return v[1:] - v[:-1]

    return inner(inner(x**2))


_X = _points(12)
_M = _points(4, 3)

JACOBIANS = [
    Case("square", lambda x: x**2, _X, 12),
    Case("identity", lambda x: x, _X, 12),
    Case("constant", lambda x: jnp.ones(3), _X, 0),
    Case("sum", lambda x: jnp.sum(x**2), _X, 12),
    Case("differences", lambda x: x[1:] - x[:-1] ** 2, _X, 22),
    Case("strided", lambda x: x[::3] * x[1::3], _X, 8),
    Case("roll", lambda x: x * jnp.roll(x, 2), _X, 24),
    Case("reverse", lambda x: x[::-1] * 2.0, _X, 12),
    Case("outer", lambda x: jnp.outer(x[:3], x[3:7]), _X, 24),
    Case("transpose", lambda x: x.reshape(4, 3).T * 3, _X, 12),
    Case("row sums", lambda x: x.reshape(4, 3).sum(axis=1), _X, 12),
    Case("broadcast", lambda x: x[:3][:, None] + x[None, 3:6], _X, 18),
    Case("pad", lambda x: jnp.pad(x, (2, 1)) ** 2, _X, 12),
    Case("pad interior", lambda x: lax.pad(x, 0.0, [(1, -2, 1)]), _X, 11),
    Case("concatenate", lambda x: jnp.concatenate([x[6:], x[:6] * x[6:]]), _X, 18),
    Case("stack", lambda x: jnp.stack([x[:4], x[4:8] * x[8:]], axis=1), _X, 12),
    Case("gather", lambda x: x[_INDEX] ** 2, _X, 5),
    Case("gather 2d", lambda x: x.reshape(4, 3)[jnp.array([0, 2]), jnp.array([1, 2])], _X, 2),
    Case("scatter add", lambda x: jnp.zeros(5).at[jnp.array([0, 0, 4])].add(x[:3]), _X, 3),
    Case("scatter set", lambda x: x.at[jnp.array([1, 4])].set(x[:2] * 3), _X, 12),
    Case("scatter multiply", lambda x: x.at[jnp.array([1, 4])].multiply(x[6:8], unique_indices=True), _X, 14),
    Case("segment sum", lambda x: jax.ops.segment_sum(x * x, _SEGMENTS, 4), _X, 12),
    Case("segment max", lambda x: jax.ops.segment_max(x, _SEGMENTS, 4), _X),
    Case("dynamic slice", lambda x: lax.dynamic_slice(x, (jnp.argmax(x[:3]),), (4,)), _X, 12),
    Case("dynamic update", _dynamic_update, _X),
    Case("dynamic index", lambda x: x[jnp.argmax(x)] * x, _X),
    Case("masked", lambda x: x * (jnp.arange(12) < 5), _X, 5),
    Case("where", lambda x: jnp.where(x > 1, x**2, jnp.roll(x, 1)), _X, 24),
    Case("where constant", lambda x: jnp.where(jnp.arange(12) % 2 == 0, x, x[::-1]), _X, 12),
    Case("abs max min", lambda x: jnp.maximum(jnp.abs(x), jnp.minimum(x[::-1], 1.0)), _X, 24),
    Case("clip", lambda x: jnp.clip(x, 0.5, 1.5), _X, 12),
    Case("relu", lambda x: jax.nn.relu(x - 1) * x[0], _X, 23),
    Case("floor", lambda x: jnp.floor(x) + jnp.sign(x), _X, 0),
    Case("argmax", lambda x: jnp.argmax(x) * x, _X, 12),
    Case("stop gradient", lambda x: lax.stop_gradient(x) * x[::-1], _X, 12),
    Case("sort", lambda x: jnp.sort(x), _X),
    Case("sort lanes", lambda x: jnp.sort(x.reshape(4, 3), axis=1), _X, 36),
    Case("sort columns", lambda x: jnp.sort(x.reshape(4, 3), axis=0), _X, 48),
    Case("median", lambda x: jnp.median(x.reshape(4, 3), axis=1), _X, 12),
    Case("take along", _take_along, _X, 36),
    Case("top k", lambda x: lax.top_k(x.reshape(4, 3), 2)[0], _X, 24),
    Case("reduce max", lambda x: jnp.max(x.reshape(4, 3), axis=0), _X, 12),
    Case("product", lambda x: jnp.prod(x.reshape(4, 3), axis=1), _X, 12),
    Case("cumsum", lambda x: jnp.cumsum(x), _X, 78),
    Case("cumsum reverse", lambda x: lax.cumsum(x.reshape(4, 3), 0, reverse=True), _X, 30),
    Case("cumprod", lambda x: jnp.cumprod(x), _X),
    Case("cummax", lambda x: lax.cummax(x), _X),
    Case("logsumexp", lambda x: jax.scipy.special.logsumexp(x.reshape(4, 3), axis=1), _X, 12),
    Case("softmax", lambda x: jax.nn.softmax(x.reshape(4, 3), axis=1), _X, 36),
    Case("norms", lambda x: jnp.linalg.norm(x.reshape(4, 3), axis=1), _X, 12),
    Case("matmul", lambda x: jnp.asarray(_points(5, 12)) @ x**2, _X, 60),
    Case("matmul sparse", lambda x: jnp.asarray(_SPARSE) @ x, _X, int(np.count_nonzero(_SPARSE))),
    Case("matmul both", lambda x: x[:6].reshape(2, 3) @ x[6:].reshape(3, 2), _X, 24),
    Case("einsum batch", lambda x: jnp.einsum("bij,bj->bi", jnp.asarray(_A), x.reshape(4, 3)), _X, 36),
    Case("vmap dot", lambda x: jax.vmap(jnp.dot)(x.reshape(4, 3), x.reshape(4, 3)), _X, 12),
    Case("block of identity", lambda x: jnp.kron(jnp.eye(3), x[:4].reshape(2, 2)), _X, 12),
    Case("solve", lambda x: jnp.linalg.solve(jnp.asarray(_A[0]), x[:3]), _X, 9),
    Case("solve batched", _solve, _X, 36),
    Case("solve columns", _solve_columns, _X, 36),
    Case("solve matrix", _solve_matrix, _A.ravel(), 108),
    Case("inverse batched", lambda x: jnp.linalg.inv(x.reshape(4, 3, 3)), _A.ravel(), 324),
    Case("determinant", lambda x: jnp.linalg.det(x.reshape(4, 3, 3)), _A.ravel(), 36),
    Case("slogdet", lambda x: jnp.linalg.slogdet(x.reshape(4, 3, 3))[1], _A.ravel(), 36),
    Case("cholesky", lambda x: jnp.linalg.cholesky(x.reshape(4, 3, 3) @ x.reshape(4, 3, 3).mT), _A.ravel()),
    Case("cholesky plain", lambda x: jnp.linalg.cholesky(x.reshape(3, 3)), (_A[0] @ _A[0].T).ravel()),
    Case("triangular", lambda x: lax.linalg.triangular_solve(jnp.tril(jnp.asarray(_A[0])), x[:3, None], left_side=True, lower=True), _X, 6),
    Case("eigh", lambda x: jnp.linalg.eigh(x.reshape(3, 3) + x.reshape(3, 3).T)[0], _A[0].ravel()),
    Case("svd", lambda x: jnp.linalg.svd(x.reshape(2, 3, 3), compute_uv=False), _A[:2].ravel(), 54),
    Case("qr", lambda x: jnp.linalg.qr(x.reshape(3, 3))[1], _A[0].ravel(), 42),
    Case("lu", _lu, _A[0].ravel()),
    Case("expm", lambda x: jax.scipy.linalg.expm(x.reshape(3, 3)), _A[0].ravel() / 5),
    Case("cg", _cg, _X),
    Case("custom root", _root, _X),
    Case("fft", lambda x: jnp.abs(jnp.fft.fft(x.reshape(4, 3), axis=1)) ** 2, _X, 36),
    Case("rfft", lambda x: jnp.real(jnp.fft.rfft(x)), _X),
    Case("irfft", lambda x: jnp.fft.irfft(jnp.fft.rfft(x) * 2), _X),
    Case("complex", lambda x: jnp.real((x[:6] + 1j * x[6:]) ** 2), _X, 12),
    Case("convolve", lambda x: jnp.convolve(x, jnp.array([1.0, 0, 2]), mode="same"), _X, 22),
    Case("conv zeros", _conv, _X),
    Case("conv kernel", _conv_kernel, _X),
    Case("conv groups", _conv_groups, _X),
    Case("conv channels", _conv_channels, _X),
    Case("max pool", _max_pool, _X, 12),
    Case("average pool", _avg_pool, _X),
    Case("interp", lambda x: jnp.interp(x, jnp.arange(4.0), jnp.arange(4.0) ** 2), _X, 12),
    Case("interp values", lambda x: jnp.interp(jnp.array([0.5, 1.5]), jnp.arange(12.0), x), _X),
    Case("polyval", lambda x: jnp.polyval(x[:4], x[4:]), _X, 40),
    Case("gammainc", lambda x: jax.scipy.special.gammainc(2.5, x), _X, 12),
    Case("betainc", lambda x: jax.scipy.special.betainc(2.0, 3.0, x / 2), _X, 12),
    Case("special", lambda x: jax.scipy.special.erf(x) + jax.lax.lgamma(x) * lax.digamma(x), _X, 12),
    Case("bessel", _bessel, _X, 24),
    Case("xlogy", lambda x: jax.scipy.special.xlogy(x, x[::-1]), _X, 24),
    Case("scan map", _scan_map, _X, 12),
    Case("scan sum", _scan_sum, _X, 77),
    Case("scan reverse", _scan_reverse, _X, 66),
    Case("scan counter", _scan_counter, _X),
    Case("lax map", lambda x: lax.map(lambda a: a**2, x), _X, 12),
    Case("fori", _fori, _X),
    Case("while", _while, _X, 24),
    Case("while shift", _while_shift, _X),
    Case("while vmapped", _vmapped_while, _X, 12),
    Case("cond", _cond, _X, 24),
    Case("switch", _switch, _X),
    Case("associative scan", _associative, _X, 78),
    Case("custom jvp", lambda x: straight_through(x) * 1.0, _X, 12),
    Case("custom jvp pattern", only_neighbor, _X, 12),
    Case("custom vjp", lambda x: reverse_only(x) * x[0], _X, 23),
    Case("custom vjp straight through", reverse_straight_through, _X, 12),
    Case("remat", _remat, _X, 24),
    Case("jit inside", _jit_inner, _X, 30),
    Case("tree", _tree, {"a": np.float64(0.7), "w": _points(4)}, 11),
    Case("two leaves", lambda p: p[0] @ p[1], [_points(3, 4), _points(4)], 24),
    Case("upcast", lambda x: x.astype(jnp.float32).astype(jnp.float64) * 2, _X, 12),
    Case("arrow", lambda x: jnp.concatenate([jnp.sum(x**2)[None], x[1:] * x[0]]), _X, 34),
    Case("bilinear resize", lambda x: jax.image.resize(x.reshape(4, 3), (8, 6), "linear"), _X),
    Case("unique lanes", lambda x: jnp.ptp(x.reshape(4, 3), axis=1), _X, 12),
    Case("trapezoid", lambda x: jnp.trapezoid(x**2), _X, 12),
    Case("gradient", lambda x: jnp.gradient(x**2), _X),
    Case("tril", lambda x: jnp.tril(x[:9].reshape(3, 3)), _X, 6),
    Case("diag", lambda x: jnp.diag(x[:3]) @ jnp.diag(x[3:6]), _X),
    Case("argsort gather", lambda x: x[jnp.argsort(x)], _X),
    Case("searchsorted", lambda x: x * jnp.searchsorted(jnp.arange(3.0), x), _X, 12),
    Case("pad modes", lambda x: jnp.pad(x, 2, mode="edge") ** 2, _X, 16),
    Case("mixed rank", lambda x: x[:6].reshape(2, 3) / x[6:8, None], _X, 12),
]  # fmt: skip


def _rosenbrock(x):
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def _mlp(p):
    hidden = jnp.tanh(jnp.asarray(_points(5, 3)) @ p["w"] + p["b"])
    return jnp.sum((hidden @ p["v"]) ** 2)


def _bdqrtic(x):
    n = len(x)
    bands = x[: n - 4] ** 2 + 2 * x[1 : n - 3] ** 2 + 3 * x[2 : n - 2] ** 2 + 4 * x[3 : n - 1] ** 2
    return jnp.sum((3 - 4 * x[: n - 4]) ** 2 + (bands + 5 * x[-1] ** 2) ** 2)


def _rnn(x):
    state = lax.scan(lambda h, a: (jnp.tanh(0.5 * h + a), h), 0.0, x)[0]
    return state**2


HESSIANS = [
    Case("separable", lambda x: jnp.sum(jnp.sin(x)), _X, 12),
    Case("linear", lambda x: jnp.sum(3 * x), _X, 0),
    Case("rosenbrock", _rosenbrock, _X, 34),
    Case("product", lambda x: jnp.prod(x[:3]) + x[5] * x[6], _X, 8),
    Case("square of sum", lambda x: jnp.sum(x) ** 2, _X, 144),
    Case("arrow", lambda x: jnp.sum(x[0] * x[1:] ** 2), _X, 33),
    Case("bdqrtic", _bdqrtic, _X),
    Case("blocks", lambda x: jnp.sum(jnp.prod(x.reshape(4, 3), axis=1)), _X, 24),
    Case("where", lambda x: jnp.sum(jnp.where(x > 1, x**2, x[::-1] * x)), _X),
    Case("logsumexp", lambda x: jax.scipy.special.logsumexp(x), _X, 144),
    Case("mlp", _mlp, {"w": _points(3, 4), "b": _points(4), "v": _points(4)}),
    Case("recurrence", _rnn, _X, 144),
    Case("conv", lambda x: jnp.sum(jnp.convolve(x, jnp.array([1.0, -2, 1]), "valid") ** 2), _X, 54),
    Case("solve", lambda x: jnp.sum(jnp.linalg.solve(jnp.asarray(_A), (x**2).reshape(4, 3, 1)) ** 2), _X, 36),
    Case("log determinant", lambda x: jnp.linalg.slogdet(x.reshape(4, 3, 3))[1].sum(), _A.ravel(), 324),
    Case("segment", lambda x: jnp.sum(jax.ops.segment_sum(x, _SEGMENTS, 4) ** 2), _X, 36),
    Case("gather", lambda x: jnp.sum(x[_INDEX] ** 3), _X, 4),
    Case("sort", lambda x: jnp.sum(jnp.sort(x)[:3] ** 2), _X),
    Case("max", lambda x: jnp.max(x) ** 2 + x[0] * x[1], _X),
    Case("cumsum", lambda x: jnp.sum(jnp.cumsum(x) ** 2), _X, 144),
    Case("fft", lambda x: jnp.sum(jnp.abs(jnp.fft.rfft(x)) ** 4), _X),
    Case("cond", lambda x: lax.cond(x[0] > 1, lambda v: v[0] * v[1], lambda v: v[2] ** 2, x), _X, 3),
    Case("while", lambda x: lax.while_loop(lambda s: s[1] < 3, lambda s: (s[0] * x[1], s[1] + 1), (x[0] ** 2, 0))[0], _X),
    Case("custom jvp", lambda x: jnp.sum(straight_through(x) * x), _X),
    Case("custom vjp", lambda x: jnp.sum(reverse_only(x) * x), _X),
    Case("huber", lambda x: jnp.sum(jnp.where(jnp.abs(x) < 1, 0.5 * x**2, jnp.abs(x) - 0.5)), _X, 12),
    Case("distances", lambda x: jnp.sum((x.reshape(4, 3)[:, None] - x.reshape(4, 3)[None]) ** 2 + 1), _X),
]  # fmt: skip
