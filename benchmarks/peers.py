"""The peers of regression.py: each a function from a case and a start to an answer.

A peer that is not installed is left out of `PEERS` and named in `MISSING`. Standard errors that a
peer does not give are computed from its answer with an exact Jacobian.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.optimize import curve_fit

import taylored as ty
from taylored.errors import TayloredError
from taylored.formula import parse
from taylored.readings.numpy import compile_numpy
from taylored.readings.xla import run_jax
from taylored.trace.tracer import OPS, record

__all__ = ["MISSING", "OURS", "PEERS", "Answer", "Case", "answer"]

OURS = "taylored"
TIGHT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "maxfev": 100_000}


@dataclass(frozen=True)
class Answer:
    """Parameters and standard errors, and whether the peer calls them good."""

    params: np.ndarray
    stderr: np.ndarray
    success: bool

    @property
    def claimed(self) -> bool:
        """Success claimed, with finite numbers: what a user would believe."""
        return bool(self.success and np.isfinite([*self.params, *self.stderr]).all())


@dataclass(frozen=True, eq=False)
class Case:
    """A least-squares problem as every peer needs it."""

    formula: str
    names: tuple[str, ...]
    columns: dict[str, np.ndarray]
    sd: float  # of the noise: what iminuit needs

    @cached_property
    def inputs(self) -> tuple[np.ndarray, ...]:
        return tuple(self.columns[c] for c in self.columns if c != "y")

    @cached_property
    def x(self) -> np.ndarray:
        return self.inputs[0] if len(self.inputs) == 1 else np.array(self.inputs)

    @cached_property
    def y(self) -> np.ndarray:
        left = self.formula.partition("~")[0].strip()
        return np.log(self.columns["y"]) if left == "log(y)" else self.columns["y"]

    @cached_property
    def _program(self) -> Any:
        right = parse(self.formula).model
        names = (*(c for c in self.columns if c != "y"), *self.names)
        return record(lambda *v: right.evaluate(dict(zip(names, v, strict=True)), OPS), names)

    @cached_property
    def model(self) -> Callable[..., np.ndarray]:
        """f(x, *params), by plain NumPy calls."""
        run, inputs = compile_numpy(self._program), self.inputs

        def model(_x: Any, *params: float) -> np.ndarray:
            return run(*inputs, *params)[0]

        return model

    @cached_property
    def jax_model(self) -> Callable[..., Any]:
        """f(params) on JAX arrays."""
        return lambda theta: run_jax(self._program, (*self.inputs, *theta))[0]

    @cached_property
    def jacobian(self) -> Callable[..., np.ndarray]:
        """Exact derivatives: (points, params)."""
        import jax

        compiled = jax.jit(jax.jacfwd(self.jax_model))
        return lambda _x, *params: np.asarray(compiled(np.array(params)))

    def stderr(self, params: np.ndarray) -> np.ndarray:
        """Standard errors from J'J at the parameters."""
        residuals = self.y - self.model(None, *params)
        r = np.linalg.qr(self.jacobian(None, *params), mode="r")
        inverse = np.linalg.inv(r)
        dof = len(self.y) - len(params)
        return np.sqrt(np.diag(inverse @ inverse.T) * residuals.dot(residuals) / dof)


def taylored(case: Case, start: np.ndarray | None) -> Answer:
    names = case.names
    given = None if start is None else dict(zip(names, start.tolist(), strict=True))
    fit = ty.fit(case.formula, case.columns, start=given)
    params, stderr = fit.params, fit.stderr
    return Answer(
        np.array([params[n] for n in names]), np.array([stderr[n] for n in names]), fit.usable
    )


def scipy_default(case: Case, start: np.ndarray) -> Answer:
    params, covariance = curve_fit(case.model, case.x, case.y, p0=start)
    return Answer(params, np.sqrt(np.diag(covariance)), True)


def scipy_tuned(case: Case, start: np.ndarray) -> Answer:
    params, covariance = curve_fit(case.model, case.x, case.y, p0=start, **TIGHT)
    return Answer(params, np.sqrt(np.diag(covariance)), True)


def scipy_exact(case: Case, start: np.ndarray) -> Answer:
    options = {"jac": case.jacobian, **TIGHT}
    params, covariance = curve_fit(case.model, case.x, case.y, p0=start, **options)
    return Answer(params, np.sqrt(np.diag(covariance)), True)


def lmfit_default(case: Case, start: np.ndarray) -> Answer:
    import lmfit

    params = lmfit.Parameters()
    for name, value in zip(case.names, start.tolist(), strict=True):
        params.add(name, value)

    def residual(p: Any) -> np.ndarray:
        return case.model(None, *(p[n].value for n in case.names)) - case.y

    found: Any = lmfit.minimize(residual, params)
    values = [found.params[n].value for n in case.names]
    errors = [found.params[n].stderr or np.nan for n in case.names]
    return Answer(np.array(values), np.array(errors, float), found.success and found.errorbars)


def iminuit_default(case: Case, start: np.ndarray) -> Answer:
    from iminuit import Minuit
    from iminuit.cost import LeastSquares

    cost = LeastSquares(case.x, case.y, case.sd, case.model)
    found = Minuit(cost, *start.tolist(), name=case.names)
    found.migrad()
    found.hesse()
    return Answer(np.array(found.values), np.array(found.errors), found.valid and found.accurate)


def _odrpack(case: Case, start: np.ndarray, **options: Any) -> Answer:
    from odrpack import odr_fit

    def model(x: np.ndarray, beta: np.ndarray) -> np.ndarray:
        return case.model(x, *beta.tolist())

    found = odr_fit(model, case.x, case.y, start, task="OLS", **options)
    return Answer(found.beta, found.sd_beta, found.success)


def odrpack_default(case: Case, start: np.ndarray) -> Answer:
    return _odrpack(case, start)


def odrpack_tuned(case: Case, start: np.ndarray) -> Answer:
    options = {"diff_scheme": "central", "maxit": 2000, "sstol": 1e-15, "partol": 1e-15}
    return _odrpack(case, start, **options)


_solvers: dict[Case, Callable] = {}


def optimistix_lm(case: Case, start: np.ndarray) -> Answer:
    import jax
    import optimistix

    if case not in _solvers:
        solver = optimistix.LevenbergMarquardt(rtol=1e-10, atol=1e-10)

        def residuals(theta: Any, _args: Any) -> Any:
            return case.jax_model(theta) - case.y

        @jax.jit
        def solve(theta: Any) -> Any:
            found = optimistix.least_squares(
                residuals, solver, theta, max_steps=20_000, throw=False
            )
            return found.value, found.result == optimistix.RESULTS.successful

        _solvers[case] = solve
    params, success = _solvers[case](start)
    return Answer(np.asarray(params), case.stderr(np.asarray(params)), bool(success))


_ALL: dict[str, tuple[str, Callable[[Case, Any], Answer]]] = {
    OURS: ("taylored", taylored),
    "curve_fit (default)": ("scipy", scipy_default),
    "curve_fit, tol 1e-15": ("scipy", scipy_tuned),
    "curve_fit, tol 1e-15, exact Jacobian": ("scipy", scipy_exact),
    "lmfit (default)": ("lmfit", lmfit_default),
    "iminuit (default, sigma known)": ("iminuit", iminuit_default),
    "odrpack OLS (default)": ("odrpack", odrpack_default),
    "odrpack OLS, central, tol 1e-15": ("odrpack", odrpack_tuned),
    "optimistix LM 1e-10": ("optimistix", optimistix_lm),
}
PEERS = {name: solve for name, (package, solve) in _ALL.items() if find_spec(package)}
MISSING = sorted({package for package, _ in _ALL.values() if not find_spec(package)})


def answer(name: str, case: Case, start: np.ndarray | None) -> Answer:
    """A peer's answer; an exception of any kind is a failure that it owned up to."""
    if name != OURS and start is None:
        start = np.ones(len(case.names))  # what curve_fit does without p0
    nothing = np.full(len(case.names), np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return PEERS[name](case, start)
        except TayloredError:
            return Answer(nothing, nothing, False)
        except Exception:
            if name == OURS:
                raise
            return Answer(nothing, nothing, False)
