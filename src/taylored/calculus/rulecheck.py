"""Derivative rules written by hand against the derivative of the function that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.calculus.arguments import scope
from taylored.calculus.derived import flat, holds
from taylored.calculus.kinks import Gaps, mark_live
from taylored.calculus.noise import spread
from taylored.calculus.observe import (
    CALLS,
    CUSTOM,
    Boxed,
    Code,
    Machine,
    Step,
    Watching,
    alone,
    in_jax,
)

__all__ = ["Calls", "Rule", "compared"]

_TOLERANCE = 2e-11  # relative; beyond the rounding of both sides
_MOST = 3  # times that a rule is compared


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that differs: its function, where that is defined, where it is called, by how much."""

    name: str
    defined: str
    line: str
    difference: float


class Calls(Watching):
    """Runs code and keeps what rules of the user, and stop_gradient, were given."""

    def __init__(self):
        self.rules: list[tuple[Step, list[Any]]] = []
        self.library: dict[str, None] = {}
        self.stopped: dict[str, None] = {}
        self._times: dict[int, int] = {}

    def call(self, step: Step, values: list[Any]) -> list[Any]:
        if step.name not in CUSTOM:
            return super().call(step, values)
        name, _ = _definition(step)
        if not step.live:
            pass
        elif in_jax(_body(step).jaxpr):
            self.library[f"{name} at {step.line}"] = None
        elif self._times.setdefault(id(step), 0) < _MOST:
            self._times[id(step)] += 1
            self.rules.append((step, [v.value for v in values]))
        # What is inside is not what is differentiated.
        inner = Machine().code(step.codes[0], [v.value for v in values])
        return [Boxed(v) for v in inner]

    def watched(self, step: Step, values: list[Boxed], results: list[Boxed]) -> list[Boxed]:
        if step.name == "stop_gradient" and step.live:
            self.stopped[step.line] = None
        return results


def _body(step: Step) -> Any:
    return step.eqn.params[CALLS[step.name]]


def _definition(step: Step) -> tuple[str, str]:
    """The name of a function with a rule, and `file:line` of its definition."""
    info = str(getattr(_body(step).jaxpr.debug_info, "func_src_info", "") or "")
    name, _, place = info.partition(" at ")
    return name or "a function", place


def compared(step: Step, values: list[Any], seed: int) -> Rule | None:
    """The rule of one call against what it wraps; None where they agree or cannot be compared."""
    inner = mark_live(Code(_body(step)))
    gaps = Gaps()
    gaps(inner, *values)
    if any(gap.tied for gap in gaps.found.values()):
        return None  # the wrapped function has no derivative there: differences decide
    random = np.random.default_rng(seed)
    worst = 0.0
    programs = _programs(step, values)
    if programs is None:
        return None
    floats = [k for k, v in enumerate(values) if np.asarray(v).dtype.kind == "f"]
    backward, rule, body = programs
    like = step.eqn.outvars if backward else [step.eqn.invars[k] for k in floats]
    for _ in range(2):
        seeds = [_seed(random, v.aval) for v in like]
        worst = max(worst, _gap(rule, body, [*values, *seeds], seed))
    name, defined = _definition(step)
    return Rule(name, defined, step.line, worst) if worst > _TOLERANCE else None


def _seed(random: Any, aval: Any) -> np.ndarray:
    if aval.dtype.kind != "f":
        return np.zeros(aval.shape, aval.dtype)
    signs = random.choice([-1.0, 1.0], aval.shape)
    return (signs * random.uniform(0.5, 1.5, aval.shape)).astype(aval.dtype)


def _gap(rule: Code, body: Code, given: list[Any], seed: int) -> float:
    """The largest relative difference that rounding does not explain."""
    machine = Machine()
    ours, theirs = flat(machine(rule, *given)), flat(machine(body, *given))
    unsure = flat(spread(rule, given, 3, seed)) + flat(spread(body, given, 3, seed + 7))
    with np.errstate(all="ignore"):
        gap = np.abs(ours - theirs) - 10 * unsure
        relative = gap / np.maximum(np.abs(ours), np.abs(theirs))
    return float(np.max(relative[np.isfinite(relative)], initial=0.0))


def _programs(step: Step, values: list[Any]) -> tuple[bool, Code, Code] | None:
    """Whether backward, and the derivative by the rule and by what it wraps."""
    import jax
    import jax.extend.core as jex

    floats = [k for k, v in enumerate(values) if np.asarray(v).dtype.kind == "f"]
    shapes = [jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in step.eqn.invars]
    outs = [jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in step.eqn.outvars]
    backward = step.name != "custom_jvp_call"
    count = len(shapes)

    def derivative(closed: Any) -> Callable:
        run = jex.jaxpr_as_fun(closed)

        def of(*given: Any) -> Any:
            fixed, seeds = list(given[:count]), list(given[count:])

            def only(moving: Any) -> Any:
                merged = list(fixed)
                for k, v in zip(floats, moving, strict=True):
                    merged[k] = v
                return run(*merged)

            moving = [fixed[k] for k in floats]
            if backward:
                return jax.vjp(only, moving)[1](seeds)[0]
            return jax.jvp(only, (moving,), (seeds,))[1]

        return of

    given = [*shapes, *(outs if backward else [shapes[k] for k in floats])]
    wide = any(s.dtype == np.float64 for s in given)
    try:
        with scope(wide):
            pair = [jax.make_jaxpr(derivative(c))(*given) for c in (alone(step.eqn), _body(step))]
    except Exception:  # the wrapped function need not have a derivative at all
        return None
    if any(holds(c.jaxpr, "custom_lin") for c in pair):
        return None
    return backward, Code(pair[0]), Code(pair[1])
