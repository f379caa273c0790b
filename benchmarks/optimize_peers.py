"""The solvers that benchmarks/optimize.py runs side by side, all with the same JAX derivatives."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import common  # noqa: F401 - finds the problems of the tests
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
from scipy.optimize import NonlinearConstraint, minimize, root

from problem_sets import Problem, System
from taylored.optimize.ipopt import available, run

__all__ = [
    "MINIMIZERS",
    "ROOTS",
    "Outcome",
    "Shared",
    "has_ipopt",
    "ipopt",
    "of_problem",
    "of_system",
]

jax.config.update("jax_enable_x64", True)
CAP = 10.0  # seconds of one solution


@dataclass
class Outcome:
    """Where a solver ended, what it said, and what it took."""

    x: np.ndarray
    said: str = ""
    success: bool = False
    f: int = 0
    first: int = 0
    second: int = 0
    cpu: float = 0.0
    answer: Any = None


@dataclass
class Shared:
    """f, c and their derivatives, compiled once; each distinct point is computed and counted once.

    `dense` problems use plain JAX; others hand over `functions` with CSR matrices.
    """

    n: int
    m: int
    equality: np.ndarray
    start: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    values_at: Callable
    first_at: Callable
    second_at: Callable
    pattern: tuple[Any, Any] | None = None
    counts: list[int] = field(default_factory=lambda: [0, 0, 0])
    _kept: dict[int, tuple[bytes, Any]] = field(default_factory=dict)

    @property
    def variables(self) -> int:
        return self.n

    @property
    def constraints(self) -> int:
        return self.m

    def fresh(self) -> Shared:
        """The same with counts at zero."""
        self.counts, self._kept = [0, 0, 0], {}
        return self

    def _once(self, kind: int, key: bytes, made: Callable) -> Any:
        kept = self._kept.get(kind)
        if kept is None or kept[0] != key:
            self.counts[kind] += 1
            kept = self._kept[kind] = (key, made())
        return kept[1]

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        return self._once(0, x.tobytes(), lambda: self.values_at(x))

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        return self._once(1, x.tobytes(), lambda: self.first_at(x))

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        key = x.tobytes() + y.tobytes() + np.float64(weight).tobytes()
        return self._once(2, key, lambda: self.second_at(x, float(weight), y))


def of_problem(p: Problem) -> Shared:
    """The shared functions of a small problem, dense."""
    parts = [c for c in (p.equal, p.at_most) if c is not None]

    def c(x: Any) -> Any:
        if not parts:
            return jnp.zeros(0)
        return jnp.concatenate([jnp.atleast_1d(g(x)) for g in parts])

    def lagrangian(x: Any, weight: Any, y: Any) -> Any:
        return weight * p.f(x) + y @ c(x)

    values = jax.jit(lambda x: (p.f(x), c(x)))
    first = jax.jit(lambda x: (jax.grad(p.f)(x), jax.jacobian(c)(x)))
    second = jax.jit(jax.hessian(lagrangian))

    def values_at(x: np.ndarray) -> tuple[float, np.ndarray]:
        f, found = values(x)
        return float(f), np.asarray(found)

    m = int(jax.eval_shape(c, p.start).size)
    equations = 0 if p.equal is None else int(np.size(jax.eval_shape(p.equal, p.start)))
    made = Shared(
        p.n, m, np.arange(m) < equations, np.clip(p.start, p.lower, p.upper), p.lower, p.upper,
        values_at, lambda x: tuple(map(np.asarray, first(x))),
        lambda x, w, y: np.asarray(second(x, w, y)),
    )  # fmt: skip
    made.values(made.start), made.first(made.start), made.second(made.start, 1.0, np.zeros(m))
    return made.fresh()


def of_system(s: System) -> Shared:
    """A square system as a program with objective zero and equations."""
    p = Problem(s.name, lambda x: 0.0 * x[0], s.start, 0.0, (), np.full(s.n, -np.inf),
                np.full(s.n, np.inf), equal=s.f)  # fmt: skip
    return of_problem(p)


# ---- Ipopt by the C interface of the library that casadi ships ----


def has_ipopt() -> bool:
    """Whether casadi's Ipopt can be loaded."""
    return available()


def ipopt(s: Shared, cap: float = CAP, tight: bool = False) -> Outcome:
    """Ipopt with its defaults, silent; `tight`: to 1e-12, without relaxed bounds."""
    options: dict[str, Any] = {"linear_solver": "mumps", "max_cpu_time": float(cap)}
    if tight:
        options |= {"tol": 1e-12, "constr_viol_tol": 1e-12, "mu_target": 0.0,
                    "bound_relax_factor": 0.0}  # fmt: skip
    began = time.process_time()
    x, _, code = run(s, s.start.copy(), options)
    took = time.process_time() - began
    s.counts[2] -= 1  # for the pattern, before Ipopt started
    said = {0: "solved", 1: "acceptable", 2: "infeasible", 4: "unbounded"}.get(code, str(code))
    return Outcome(x, said, code in (0, 1), *s.counts, took)


# ---- SciPy ----


def _scipy(method: str, options: dict, hessian: bool = False, bounds: bool = False,
           limits: str = "") -> Callable[[Problem, Shared], Outcome]:  # fmt: skip
    """A method of `minimize`; `limits` is how it takes constraints."""

    def run(p: Problem, s: Shared) -> Outcome:
        more: dict[str, Any] = {}
        if hessian:
            more["hess"] = lambda x: s.second(x, 1.0, np.zeros(s.m))
        if bounds:
            more["bounds"] = list(zip(s.lower, s.upper, strict=True))
        if limits and s.m:
            more["constraints"] = _limits(s, limits)
        began, started = time.process_time(), time.perf_counter()
        last = [s.start]

        def stop(x: Any, *rest: Any) -> bool:
            last[0] = x if isinstance(x, np.ndarray) else x.x
            if time.perf_counter() - started > CAP:
                raise TimeoutError
            return False

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                r = minimize(lambda x: s.values(x)[0], s.start, method=method, callback=stop,
                             jac=lambda x: s.first(x)[0], options=options, **more)  # fmt: skip
                x, said, success = r.x, str(r.message), bool(r.success)
            except (TimeoutError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
                x, said, success = last[0], repr(error), False
        took = time.process_time() - began
        return Outcome(np.asarray(x, float), said, success, *s.counts, took)

    return run


def _limits(s: Shared, how: str) -> Any:
    if how == "dicts":
        made = []
        for kind, sign, which in (("eq", 1, s.equality), ("ineq", -1, ~s.equality)):
            if which.any():
                made.append({
                    "type": kind,
                    "fun": lambda x, k=which, g=sign: g * s.values(x)[1][k],
                    "jac": lambda x, k=which, g=sign: g * s.first(x)[1][k],
                })  # fmt: skip
        return made
    return NonlinearConstraint(
        lambda x: s.values(x)[1], np.where(s.equality, 0.0, -np.inf), 0.0,
        jac=lambda x: s.first(x)[1], hess=lambda x, y: s.second(x, 0.0, np.asarray(y, float)),
    )  # fmt: skip


# ---- ours ----


def _ours(p: Problem, s: Shared) -> Outcome:
    import taylored as ty

    bounded = p.kind == "bounds" or np.any(np.isfinite(p.lower)) or np.any(np.isfinite(p.upper))
    began = time.process_time()
    m = ty.minimize(p.f, p.start, bounds=(p.lower, p.upper) if bounded else None, equal=p.equal,
                    at_most=p.at_most, max_seconds=CAP)  # fmt: skip
    took = time.process_time() - began
    cost = m.cost
    return Outcome(np.asarray(m.x, float), m.kind, m.usable, cost.evaluations, cost.gradients,
                   cost.hessians, took, m)  # fmt: skip


# ---- optimistix ----


@cache
def _with_args(f: Callable) -> Callable:
    """The function as optimistix calls it; one object for each, so that it is compiled once."""
    return lambda x, args: f(x)


def _optimistix(p: Problem, s: Shared) -> Outcome:
    """BFGS; its steps are counted, for its evaluations cannot be."""
    began = time.process_time()
    r = optimistix.minimise(_with_args(p.f), optimistix.BFGS(1e-10, 1e-10), jnp.asarray(p.start),
                            max_steps=3000, throw=False)  # fmt: skip
    x, steps = np.asarray(r.value), int(r.stats["num_steps"])
    took = time.process_time() - began
    good = bool(r.result == optimistix.RESULTS.successful)
    return Outcome(x, str(r.result)[:60], good, steps, steps, 0, took)


def _optimistix_root(solver: Any) -> Callable[[System, Shared], Outcome]:
    def run(p: System, s: Shared) -> Outcome:
        began = time.process_time()
        r = optimistix.root_find(_with_args(p.f), solver, jnp.asarray(p.start), max_steps=1000,
                                 throw=False)  # fmt: skip
        x, steps = np.asarray(r.value), int(r.stats["num_steps"])
        took = time.process_time() - began
        good = bool(r.result == optimistix.RESULTS.successful)
        return Outcome(x, str(r.result)[:60], good, steps, steps, 0, took)

    return run


_QUIET: dict[str, Any] = {"maxiter": 3000}
_BFGS = _scipy("BFGS", _QUIET | {"gtol": 1e-8})
_LBFGSB = _scipy("L-BFGS-B", _QUIET | {"ftol": 1e-15, "gtol": 1e-8, "maxfun": 20_000}, bounds=True)
_SLSQP = _scipy("SLSQP", {"maxiter": 1000, "ftol": 1e-12}, bounds=True, limits="dicts")
_TRUST = _scipy("trust-constr", {"maxiter": 1000, "gtol": 1e-8, "xtol": 1e-12}, hessian=True,
                bounds=True, limits="object")  # fmt: skip
_BASE = {"taylored": _ours, "Ipopt": lambda p, s: ipopt(s)}
MINIMIZERS: dict[str, dict[str, Callable[[Problem, Shared], Outcome]]] = {
    "unconstrained": _BASE | {
        "trust-exact": _scipy("trust-exact", _QUIET | {"gtol": 1e-8}, hessian=True),
        "Newton-CG": _scipy("Newton-CG", _QUIET | {"xtol": 1e-12}, hessian=True),
        "BFGS": _BFGS, "L-BFGS-B": _LBFGSB, "optimistix BFGS": _optimistix,
    },
    "bounds": _BASE | {"L-BFGS-B": _LBFGSB, "SLSQP": _SLSQP, "trust-constr": _TRUST},
    "equalities": _BASE | {"SLSQP": _SLSQP, "trust-constr": _TRUST},
    "inequalities": _BASE | {"SLSQP": _SLSQP, "trust-constr": _TRUST},
}  # fmt: skip


# ---- roots ----


def _scipy_root(method: str) -> Callable[[System, Shared], Outcome]:
    def run(p: System, s: Shared) -> Outcome:
        began = time.process_time()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            r = root(lambda x: s.values(x)[1], s.start, jac=lambda x: s.first(x)[1], method=method,
                     tol=1e-12)  # fmt: skip
        took = time.process_time() - began
        return Outcome(r.x, str(r.message), bool(r.success), *s.counts, took)

    return run


def _our_root(p: System, s: Shared) -> Outcome:
    import taylored as ty

    began = time.process_time()
    r = ty.root(p.f, p.start)
    took = time.process_time() - began
    cost = getattr(r, "cost", None)
    counts = [getattr(cost, name, 0) for name in ("evaluations", "jacobians", "hessians")]
    said = str(getattr(r, "status", getattr(r, "kind", "")))
    return Outcome(np.atleast_1d(np.asarray(r.x, float)), said, bool(getattr(r, "usable", False)),
                   *counts, took, r)  # fmt: skip


ROOTS: dict[str, Callable[[System, Shared], Outcome]] = {
    "taylored": _our_root, "Ipopt": lambda p, s: ipopt(s), "scipy hybr": _scipy_root("hybr"),
    "scipy lm": _scipy_root("lm"),
    "optimistix Newton": _optimistix_root(optimistix.Newton(1e-10, 1e-10)),
    "optimistix LM": _optimistix_root(optimistix.LevenbergMarquardt(1e-10, 1e-10)),
}  # fmt: skip
