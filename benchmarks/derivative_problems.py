"""The problems of derivatives.py, and how each tool differentiates them.

Every function is made anew on request, so that no tool finds it again in a cache. A peer that is
not installed is left out of `PEERS` and named in `MISSING`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize._numdiff import approx_derivative, group_columns
from scipy.sparse import coo_array, csr_array

import taylored as ty
from taylored.calculus.plan import _plans

__all__ = [
    "DENSE", "IN_JIT", "MISSING", "OURS", "PEERS", "PROBLEMS", "SERIAL_MOST", "Prepared", "Problem",
    "gradient_of", "imported", "network", "ours", "ours_in_jit", "sparsity", "three",
    "two_stages",
]  # fmt: skip

OURS, IN_JIT, DENSE = "taylored", "taylored in jit", "dense JAX"
_PACKAGES = ("asdex", "sparsejac", "casadi")
MISSING = tuple(name for name in _PACKAGES if find_spec(name) is None)
DENSE_MOST = 1100  # inputs; grids have 1024
SERIAL_MOST = 1000  # passes of a peer: more would take the whole time of the benchmark


@dataclass(frozen=True)
class Problem:
    """A function of n numbers: `make(n)` gives it; `casadi(module, x)` is the same for CasADi.

    `order` 1: its Jacobian is asked for; 2: its Hessian. `size(n)` is the nearest size there is.
    `dense`: columns that share a row are nearly all of them, so that coloring columns is hopeless.
    """

    name: str
    order: int
    make: Callable[[int], Callable[[Any], Any]]
    casadi: Callable[[Any, Any], Any] | None = None
    size: Callable[[int], int] = int
    dense: bool = False

    def point(self, n: int, seed: int = 0) -> jax.Array:
        """A point of n (a size there is) numbers."""
        return jnp.asarray(np.random.default_rng(seed).uniform(0.3, 1.7, n))


# ---- the functions ----


def _rosenbrock(n: int) -> Callable:
    return lambda x: jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def _rosenbrock_casadi(ca: Any, x: Any) -> Any:
    return ca.sumsqr(10 * (x[1:] - x[:-1] ** 2)) + ca.sumsqr(1 - x[:-1])


def _brusselator(n: int) -> Callable:
    def f(x: Any) -> Any:
        u, v = x[: n // 2], x[n // 2 :]
        p, q = jnp.pad(u, 1, constant_values=1.0), jnp.pad(v, 1, constant_values=3.0)
        du = 1 + u * u * v - 4 * u + 50 * (p[:-2] - 2 * u + p[2:])
        dv = 3 * u - u * u * v + 50 * (q[:-2] - 2 * v + q[2:])
        return jnp.concatenate([du, dv])

    return f


def _brusselator_casadi(ca: Any, x: Any) -> Any:
    m = x.shape[0] // 2
    u, v = x[:m], x[m:]
    p, q = ca.vertcat(1, u, 1), ca.vertcat(3, v, 3)
    du = 1 + u * u * v - 4 * u + 50 * (p[:-2] - 2 * u + p[2:])
    dv = 3 * u - u * u * v + 50 * (q[:-2] - 2 * v + q[2:])
    return ca.vertcat(du, dv)


def _laplacian(u: Any) -> Any:
    """Zero beyond the edges, in any number of dimensions."""
    p = jnp.pad(u, 1)
    total = -2 * u.ndim * u
    for axis in range(u.ndim):
        for first in (0, 2):
            place = [slice(1, -1)] * u.ndim
            place[axis] = slice(first, first + u.shape[axis])
            total = total + p[tuple(place)]
    return total


def _gray_scott(n: int) -> Callable:
    m = round((n / 2) ** 0.5)

    def f(x: Any) -> Any:
        u, v = x.reshape(2, m, m)
        du = 0.16 * _laplacian(u) - u * v * v + 0.035 * (1 - u)
        dv = 0.08 * _laplacian(v) + u * v * v - 0.1 * v
        return jnp.stack([du, dv]).reshape(-1)

    return f


def _gray_scott_casadi(ca: Any, x: Any) -> Any:
    m = round((x.shape[0] / 2) ** 0.5)

    def laplacian(u: Any) -> Any:
        row, column = type(x)(1, m), type(x)(m, 1)
        down, up = ca.vertcat(row, u[:-1, :]), ca.vertcat(u[1:, :], row)
        right, left = ca.horzcat(column, u[:, :-1]), ca.horzcat(u[:, 1:], column)
        return down + up + right + left - 4 * u

    u, v = (ca.reshape(part, m, m) for part in (x[: m * m], x[m * m :]))
    du = 0.16 * laplacian(u) - u * v * v + 0.035 * (1 - u)
    dv = 0.08 * laplacian(v) + u * v * v - 0.1 * v
    return ca.vertcat(ca.vec(du), ca.vec(dv))


def _broyden(n: int) -> Callable:
    def f(x: Any) -> Any:
        p = jnp.pad(x * (1 + x), (5, 1))
        return x * (2 + 5 * x * x) + 1 - sum(p[k : k + n] for k in range(7) if k != 5)

    return f


def _broyden_casadi(ca: Any, x: Any) -> Any:
    n, empty = x.shape[0], type(x)
    p = ca.vertcat(empty(5, 1), x * (1 + x), empty(1, 1))
    return x * (2 + 5 * x * x) + 1 - sum(p[k : k + n] for k in range(7) if k != 5)


def _arrow(n: int) -> Callable:
    return lambda x: jnp.concatenate([jnp.sum(x * x)[None], x[1:] ** 2 * x[0]])


def _arrow_casadi(ca: Any, x: Any) -> Any:
    return ca.vertcat(ca.sumsqr(x), x[1:] ** 2 * x[0])


def _powell(n: int) -> Callable:
    def f(x: Any) -> Any:
        a, b, c, d = x.reshape(-1, 4).T
        rows = [a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2]
        return jnp.stack(rows, axis=1).reshape(-1)

    return f


def _powell_casadi(ca: Any, x: Any) -> Any:
    a, b, c, d = (x[k::4] for k in range(4))
    rows = [a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2]
    return ca.vec(ca.horzcat(*rows).T)


def _bdqrtic(n: int) -> Callable:
    def f(x: Any) -> Any:
        a, b, c, d = (x[k : n - 4 + k] ** 2 for k in range(4))
        return jnp.sum((3 - 4 * x[:-4]) ** 2 + (a + 2 * b + 3 * c + 4 * d + 5 * x[-1] ** 2) ** 2)

    return f


def _bratu(dimensions: int) -> Callable[[int], Callable]:
    def make(n: int) -> Callable:
        shape = (round(n ** (1 / dimensions)),) * dimensions
        return lambda x: (_laplacian(x.reshape(shape)) + jnp.exp(x.reshape(shape))).reshape(-1)

    return make


def _random(n: int) -> Callable:
    rng = np.random.default_rng(1)
    places, weights = rng.integers(0, n, (n, 5)), rng.uniform(1, 2, (n, 5))
    return lambda x: jnp.sum(weights * x[places] ** 2, axis=1)


def _trigonometric(n: int) -> Callable:
    k = np.arange(1.0, n + 1)
    return lambda x: n - jnp.sum(jnp.cos(x)) + k * (1 - jnp.cos(x)) - jnp.sin(x)


def _blocks(n: int) -> Callable:
    weights = np.random.default_rng(2).uniform(1, 2, (n // 8, 8, 8))
    return lambda x: jnp.einsum("kij,kj->ki", weights, x.reshape(-1, 8) ** 2).reshape(-1)


def _kkt(n: int) -> Callable:
    m = n // 3
    places = np.random.default_rng(3).integers(0, n - m, (m, 3))

    def f(z: Any) -> Any:
        x, multipliers = z[:-m], z[-m:]
        return jnp.sum(x**4) / 4 + multipliers @ (jnp.sum(x[places], axis=1) - 1)

    return f


def _powers(dimensions: int, copies: int = 1) -> Callable[[int], int]:
    return lambda n: copies * round((n / copies) ** (1 / dimensions)) ** dimensions


PROBLEMS = {
    p.name: p
    for p in (
        Problem("Rosenbrock Hessian", 2, _rosenbrock, _rosenbrock_casadi),
        Problem("Brusselator 1-D", 1, _brusselator, _brusselator_casadi),
        Problem("Gray-Scott 2-D", 1, _gray_scott, _gray_scott_casadi, _powers(2, 2)),
        Problem("Broyden banded", 1, _broyden, _broyden_casadi),
        Problem("arrow-head", 1, _arrow, _arrow_casadi, dense=True),
        Problem("Powell singular", 1, _powell, _powell_casadi),
        Problem("BDQRTIC Hessian", 2, _bdqrtic, dense=True),
        Problem("Laplacian 2-D", 1, _bratu(2), None, _powers(2)),
        Problem("Laplacian 3-D", 1, _bratu(3), None, _powers(3)),
        Problem("random sparse", 1, _random),
        Problem("trigonometric", 1, _trigonometric, dense=True),
        Problem("block diagonal", 1, _blocks, size=lambda n: 8 * (n // 8)),
        Problem("KKT Hessian", 2, _kkt),
    )
}


def network() -> tuple[Callable, dict[str, Any]]:
    """The loss of a small network with tanh, 9,629 parameters, on 1024 rows."""
    rng = np.random.default_rng(0)
    sizes = (30, 100, 64, 1)
    data, aim = jnp.asarray(rng.normal(size=(1024, 30))), jnp.asarray(rng.normal(size=(1024, 1)))
    params = {}
    for k, (a, b) in enumerate(pairwise(sizes)):
        params[f"w{k}"] = jnp.asarray(rng.normal(size=(a, b)) / a**0.5)
        params[f"b{k}"] = jnp.zeros(b)

    def loss(p: dict[str, Any]) -> Any:
        y = data
        for k in range(3):
            y = y @ p[f"w{k}"] + p[f"b{k}"]
            y = jnp.tanh(y) if k < 2 else y
        return jnp.mean((y - aim) ** 2)

    return loss, params


def three(n: int) -> list[tuple[str, Callable[[], Callable], Any]]:
    """Functions with one number as their value: name, maker, point."""
    x = jnp.asarray(np.random.default_rng(5).uniform(0.3, 1.7, n))
    weights = jnp.asarray(np.random.default_rng(6).uniform(size=n))

    def chain() -> Callable:
        return lambda x: jnp.sum(jnp.sin(x[1:] * x[:-1]) * jnp.exp(-x[1:]))

    def logarithm() -> Callable:
        return lambda x: jnp.log(jnp.sum(jnp.exp(weights * x)))

    return [
        ("Rosenbrock", lambda: _rosenbrock(n), x),
        ("sin, exp, neighbors", chain, x),
        ("log of a sum of exp", logarithm, x),
    ]


# ---- the tools ----


@cache
def imported(package: str) -> Any:
    """A peer's module. Numba asks for a module `coverage` and must not find the one beside us."""
    here = str(Path(__file__).parent)
    kept = list(sys.path)
    sys.path[:] = [p for p in kept if p not in ("", here)]
    try:
        return import_module(package)
    finally:
        sys.path[:] = kept


@dataclass(frozen=True)
class Prepared:
    """A derivative ready to run: `call(x)` computes it and waits, `matrix(result)` reads it."""

    call: Callable[[Any], Any]
    matrix: Callable[[Any], csr_array]
    passes: int | None = None


def ours(problem: Problem, n: int) -> Prepared:
    """Found out anew: detection, coloring and compilation are not remembered."""
    _plans.clear()
    transform = (ty.jacobian if problem.order == 1 else ty.hessian)(problem.make(n))
    at = transform(problem.point(n))
    pattern = at.pattern

    def matrix(values: Any) -> csr_array:
        given = (np.asarray(values), pattern.indices, pattern.indptr)
        return csr_array(given, shape=pattern.shape)

    def call(x: Any) -> Any:
        return jax.block_until_ready(transform(x).values)

    return Prepared(call, matrix, at.passes)


def ours_in_jit(problem: Problem, n: int) -> Prepared:
    """The same inside a user's own jit."""
    transform = (ty.jacobian if problem.order == 1 else ty.hessian)(problem.make(n))
    run = jax.jit(lambda x: transform(x).values)
    plain = ours(problem, n)
    return Prepared(lambda x: jax.block_until_ready(run(x)), plain.matrix, plain.passes)


def dense(problem: Problem, n: int) -> Prepared | None:
    if n > DENSE_MOST:
        return None
    run = jax.jit((jax.jacfwd if problem.order == 1 else jax.hessian)(problem.make(n)))
    return Prepared(lambda x: jax.block_until_ready(run(x)), lambda m: csr_array(np.asarray(m)))


def _from_bcoo(found: Any) -> csr_array:
    rows, columns = np.asarray(found.indices).T
    return coo_array((np.asarray(found.data), (rows, columns)), shape=found.shape).tocsr()


def by_asdex(problem: Problem, n: int) -> Prepared | None:
    if problem.dense and problem.order == 1 and n > SERIAL_MOST:
        return None
    asdex = imported("asdex")
    f, kind = problem.make(n), "jacobian" if problem.order == 1 else "hessian"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it will be dense
        coloring = getattr(asdex, f"{kind}_coloring")(f, problem.point(n))
        run = jax.jit(getattr(asdex, f"{kind}_from_coloring")(f, coloring))
    return Prepared(lambda x: jax.block_until_ready(run(x)), _from_bcoo, coloring.num_colors)


def by_sparsejac(problem: Problem, n: int) -> Prepared | None:
    if problem.dense:
        return None
    from jax.experimental.sparse import BCOO

    f, pattern = problem.make(n), sparsity(problem, n).tocoo()
    places = jnp.stack([jnp.asarray(pattern.row), jnp.asarray(pattern.col)], axis=1)
    given = BCOO((jnp.ones(pattern.nnz), places), shape=pattern.shape)
    run = jax.jit(imported("sparsejac").jacfwd(f if problem.order == 1 else jax.grad(f), given))
    return Prepared(lambda x: jax.block_until_ready(run(x)), _from_bcoo)


def by_casadi(problem: Problem, n: int) -> Prepared | None:
    if problem.casadi is None or (problem.dense and n > SERIAL_MOST):
        return None
    ca = imported("casadi")
    x = ca.SX.sym("x", n)
    f = problem.casadi(ca, x)
    found = ca.jacobian(f, x) if problem.order == 1 else ca.hessian(f, x)[0]
    run = ca.Function("derivative", [x], [found])
    places = run.sparsity_out(0)
    values, given, rows = np.zeros(places.nnz()), np.zeros(n), np.array(places.row())
    columns = np.repeat(np.arange(places.size2()), np.diff(places.colind()))
    buffer, evaluate = run.buffer()
    buffer.set_arg(0, memoryview(given))
    buffer.set_res(0, memoryview(values))

    def call(point: Any) -> np.ndarray:
        given[:] = point
        evaluate()
        return values

    def matrix(found: np.ndarray) -> csr_array:
        return coo_array((found, (rows, columns)), shape=(places.size1(), places.size2())).tocsr()

    call.keeps = run, buffer  # type: ignore[attr-defined]  # `evaluate` keeps neither
    return Prepared(call, matrix)


def by_differences(problem: Problem, n: int) -> Prepared | None:
    if problem.dense and n > DENSE_MOST:
        return None
    pattern = sparsity(problem, n)
    groups = (pattern, group_columns(pattern))
    run = jax.jit(gradient_of(problem, n))

    def plain(x: np.ndarray) -> np.ndarray:
        return np.asarray(run(x))

    def call(x: Any) -> Any:
        return approx_derivative(plain, np.asarray(x), method="2-point", sparsity=groups)

    return Prepared(call, lambda m: csr_array(m), int(groups[1].max()) + 1)


def two_stages(found: Any, x: Any) -> tuple[int, int]:
    """Bytes that XLA holds at the peak beside the arguments, and those of the arguments.

    The passes are one program, and picking the entries from their results is another.
    """
    first = found._compiled.lower([x], [])
    results = jax.ShapeDtypeStruct(first.out_info.shape, first.out_info.dtype)
    one = first.compile().memory_analysis()
    two = found._picked.lower(results, found._source_there).compile().memory_analysis()
    kept = one.output_size_in_bytes
    held = kept + max(one.temp_size_in_bytes, two.temp_size_in_bytes + two.output_size_in_bytes)
    own = one.argument_size_in_bytes + two.argument_size_in_bytes - kept
    return held, own


def gradient_of(problem: Problem, n: int) -> Callable:
    """What one pass differentiates: the function, or its gradient."""
    f = problem.make(n)
    return f if problem.order == 1 else jax.grad(f)


@lru_cache(32)
def sparsity(problem: Problem, n: int) -> csr_array:
    """Ones where the derivative may have entries: for the tools that must be told."""
    pattern = (ty.jacobian if problem.order == 1 else ty.hessian)(problem.make(n))(
        problem.point(n)
    ).pattern
    given = (np.ones(pattern.nnz), pattern.indices, pattern.indptr)
    return csr_array(given, shape=pattern.shape)


PEERS: dict[str, Callable[[Problem, int], Prepared | None]] = {
    name: peer
    for name, peer in {
        "asdex": by_asdex,
        "sparsejac": by_sparsejac,
        DENSE: dense,
        "casadi": by_casadi,
        "scipy differences": by_differences,
    }.items()
    if name not in MISSING
}
