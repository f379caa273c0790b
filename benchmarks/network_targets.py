"""CPU time to a tight target on formulas without noise: Levenberg-Marquardt against L-BFGS, from
the same start, in the same precision, and without counting compilation or evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from network_data import formulas

__all__ = ["HIDDEN", "METHODS", "TARGET", "Ended", "Problem", "problem"]

HIDDEN, ROWS, NEW = (20, 20), 1000, 2000
TARGET = 0.003  # of the standard deviation of the formula, on fresh points


class Reached(Exception):
    """The target, or the end of the budget."""


@dataclass
class Problem:
    """A formula, its rows (standardized target) and a start; the clock stops while it is judged."""

    X: np.ndarray
    y: np.ndarray
    X_new: np.ndarray
    y_new: np.ndarray
    start: np.ndarray
    model: Any
    budget: float
    error: float = np.inf
    checks: int = 0
    spent: float = 0.0
    _since: float = field(default=0.0, repr=False)

    def begin(self) -> None:
        self.error, self.checks, self.spent, self._since = np.inf, 0, 0.0, time.process_time()

    def look(self, theta: np.ndarray) -> None:
        """Judge these parameters; raises at the target or when the budget is spent."""
        self.spent += time.process_time() - self._since
        found = self.model.values(np.asarray(theta, float)[None], self.X_new[None])[0, :, 0]
        self.error = min(self.error, float(np.sqrt(np.mean((found - self.y_new) ** 2))))
        self.checks += 1
        if self.error <= TARGET or self.spent > self.budget:
            raise Reached
        self._since = time.process_time()


@dataclass(frozen=True)
class Ended:
    """CPU seconds, iterations, and the best error where the target was not reached."""

    seconds: float
    looks: int
    error: float

    @property
    def hit(self) -> bool:
        return self.error <= TARGET


def problem(name: str, seed: int, budget: float) -> Problem:
    from taylored.networks.model import perceptron

    rng = np.random.default_rng([seed, 77])
    X, X_new = rng.uniform(-1, 1, (ROWS, 4)), rng.uniform(-1, 1, (NEW, 4))
    law = formulas()[name]
    y, y_new = law(X), law(X_new)
    center, unit = y.mean(), y.std()
    model = perceptron(4, HIDDEN, 1, "tanh")
    start = model.draw(rng, 1, np.float64)[0]
    sd = X.std(0)
    return Problem(
        X / sd, (y - center) / unit, X_new / sd, (y_new - center) / unit, start, model, budget
    )


def _ended(p: Problem, run: Callable[[], Any]) -> Ended:
    p.begin()
    try:
        run()
    except Reached:
        pass
    else:
        p.spent += time.process_time() - p._since
    return Ended(p.spent, p.checks, p.error)


def levenberg(p: Problem, dtype: Any) -> Ended:
    """Ours, without evidence: a fixed tiny penalty."""
    from taylored.networks.losses import Squared
    from taylored.networks.solvers.levenberg import Batch, Limits, State, run

    limits = Limits(steps=100_000, small=0.0, evidence=False, precision=1e-8)
    batch = Batch(p.X[None].astype(dtype), p.y[None, :, None].astype(dtype))
    state = State.at(p.start[None].astype(dtype), limits)

    def watch(s: State) -> None:
        p.look(s.theta[0])

    return _ended(p, lambda: run(p.model, Squared(), batch, state, limits, watch=watch))


def _objective(p: Problem, dtype: Any) -> tuple[Any, Any]:
    import jax
    import jax.numpy as jnp

    X, y = jnp.asarray(p.X, dtype), jnp.asarray(p.y, dtype)

    def value(theta: Any) -> Any:
        return ((p.model.apply(theta, X)[:, 0] - y) ** 2).mean() / 2

    return value, jax.jit(jax.value_and_grad(value))


def scipy_lbfgs(p: Problem, dtype: Any) -> Ended:
    """scipy's L-BFGS-B with 20 pairs around a jitted value and gradient."""
    import jax
    from scipy.optimize import minimize

    with jax.enable_x64(True):
        _, compiled = _objective(p, dtype)
        start = p.start.astype(dtype)
        jax.block_until_ready(compiled(start))

        def both(theta: np.ndarray) -> tuple[float, np.ndarray]:
            f, g = compiled(theta.astype(dtype))
            return float(f), np.asarray(g, float)

        options = {"maxiter": 10**6, "maxfun": 10**7, "ftol": 0, "gtol": 0, "maxcor": 20}
        return _ended(
            p,
            lambda: minimize(
                both, p.start, jac=True, method="L-BFGS-B", options=options, callback=p.look
            ),
        )


def optax_lbfgs(p: Problem, dtype: Any) -> Ended:
    """optax's L-BFGS, 20 pairs, ten iterations inside one scan from look to look."""
    import jax
    import jax.numpy as jnp
    import optax

    with jax.enable_x64(dtype == np.float64):
        value, _ = _objective(p, dtype)
        optimizer = optax.lbfgs(memory_size=20)
        again = optax.value_and_grad_from_state(value)

        def one(carry: Any, _: Any) -> Any:
            theta, state = carry
            f, g = again(theta, state=state)
            updates, state = optimizer.update(g, state, theta, value=f, grad=g, value_fn=value)
            return (optax.apply_updates(theta, updates), state), f

        chunk = jax.jit(lambda carry: jax.lax.scan(one, carry, None, 10)[0])
        start = jnp.asarray(p.start, dtype)
        first = (start, optimizer.init(start))
        jax.block_until_ready(chunk(first))

        def run() -> None:
            carry = first
            while True:
                carry = chunk(carry)
                p.look(np.asarray(carry[0]))

        return _ended(p, run)


METHODS: dict[str, Callable[[Problem, Any], Ended]] = {
    "taylored, Levenberg-Marquardt": levenberg,
    "L-BFGS-B of scipy, jitted gradient": scipy_lbfgs,
    "L-BFGS of optax in a scan": optax_lbfgs,
}
