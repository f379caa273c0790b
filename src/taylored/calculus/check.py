"""The verb `check`: how far can the derivative of a function at a point be trusted?"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.calculus import soundness, verdicts
from taylored.calculus.arguments import read_arguments
from taylored.calculus.derived import flat
from taylored.calculus.evidence import Study
from taylored.calculus.function import trace
from taylored.calculus.soundness import Kink
from taylored.errors import ArgumentError, FunctionError
from taylored.results import Accuracy, Finding

__all__ = ["Check", "check"]

_NEAR = 1e-2  # of the inputs' size: kinks nearer than that are told
_SIDED = frozenset(["kink", "jump"])
_ORDER = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Check:
    """How far a derivative can be trusted at a point.

    Attributes:
        findings: what the reader must know, most important first.
        error: relative error of the derivative by rounding, estimated; relative to the largest
            entry of the output's row, each input measured in its own size. nan where unknown, as
            where the derivative cannot be told from zero.
        difference: the largest gap between JAX's slopes and differences, relative in the same way.
        difference_error: the widest error bar of the differences that were used; nan if none.
        directions: how many directions were tried.
        kinks: kinks, jumps and branches of the function, the nearest first.
        name: of the function.
    """

    findings: tuple[Finding, ...]
    error: float
    difference: float
    difference_error: float
    directions: int
    kinks: tuple[Kink, ...]
    name: str
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing was found that speaks against the derivative."""
        return all(f.severity == "note" for f in self.findings)

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the statement about `error`."""
        known = np.isfinite(self.error) or any(f.name == "vanishing" for f in self.findings)
        faulty = any(f.severity == "error" or f.name in _SIDED for f in self.findings)
        return Accuracy.ESTIMATED if known and not faulty else Accuracy.UNKNOWN

    @property
    def status(self) -> str:
        """The verdict in one sentence."""
        return importlib.import_module("taylored.report.check").verdict(self)

    def report(self, **options: Any) -> str:
        """The report as text; options: width, color, unicode."""
        return importlib.import_module("taylored.report.check").check_report(self, **options)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return importlib.import_module("taylored.report.check").check_document(self)

    def __repr__(self) -> str:
        return f"<Check of {self.name}: {self.status}>"


def check(
    function: Callable, *args: Any, argnums: int | Sequence[int] = 0, seed: int = 0, **kwargs: Any
) -> Check:
    """How far the derivative of a function at a point can be trusted.

    JAX's ∂f/∂u along directions u is compared with (f(x+hu) - f(x))/h and (f(x) - f(x-hu))/h,
    extrapolated to h = 0; derivative rules with what they stand for; NaN is traced to its cause.

    Args:
        function: of arrays, or trees of arrays, written with jax.numpy.
        args: the point, and further arguments.
        argnums: which positional argument, or arguments, the derivative is by.
        seed: of the random directions and roundings.
        kwargs: passed on to the function.

    Returns:
        A `Check`: `.ok`, `.findings`, `.error`, `.difference`, `.kinks`, `.report()`.

    Numerical error:
        `.error` is the spread under random rounding of every operation, three times; about 1e-15
        for a benign function. Differences are usually good to 1e-10, and their bars are given.

    Raises:
        ArgumentError: for inputs that are not finite floating-point numbers, or inside jit.
        FunctionError: if the function cannot be traced or has no derivative that JAX knows.

    Example:
        >>> import jax.numpy as jnp
        >>> import taylored as ty
        >>> ty.check(lambda x: jnp.sin(x) * x, 1.0).ok
        True
        >>> [f.name for f in ty.check(jnp.abs, 0.0).findings]
        ['kink']

    Source:
        Ridders, Adv. Eng. Software 4 (1982) 75; Vignes, Math. Comput. Simul. 35 (1993) 233.
    """
    arguments = read_arguments(function, argnums, args, kwargs)
    traced = trace(function, arguments)
    if not arguments.concrete or traced.captured:
        raise ArgumentError(
            "A check needs the numbers of the point.",
            why="inside jit, vmap or grad they are not known.",
            next_step="call check outside of them.",
        )
    if traced.outputs.size == 0:
        raise FunctionError(
            f"The function {traced.name} returns no numbers.",
            next_step="return an array or a tree of arrays.",
        )
    study = Study(function, arguments, traced, seed)
    with np.errstate(all="ignore"):
        return _checked(study)


def _checked(study: Study) -> Check:
    given = [*study.leaves, *study.rest]
    value = flat(study.machine(study.derived.function, *given))
    if not np.isfinite(value).all():
        found = soundness.not_finite(
            study, "value-not-finite", study.derived.function, given, "The function itself"
        )
        return _result(study, [found], float("nan"))
    _require_derivative(study)
    findings = _first_not_finite(study)
    finite = not findings
    error = float("nan")
    rules, calls = soundness.custom_rules(study)
    compared = verdicts.compare(study)
    if finite:
        error, found = soundness.rounding(study, compared.moved)
        findings += found
    if compared.kinks and any(g.tied for g in study.gaps):
        # Rounding decides between the sides: that is the kink, and no error of rounding.
        findings = [f for f in findings if f.name != "ill-conditioned"]
        error = float("nan")
    findings += verdicts.difference_findings(study, compared, rules, calls)
    findings += soundness.rule_findings(rules)
    if finite and compared.moved.any():
        findings += soundness.second(study)
    kinks = soundness.nearby(study)
    named = any(f.name in ("kink", "jump") for f in findings)
    if kinks and kinks[0].distance < _NEAR and not named:
        findings.append(Finding("nearest-kink", f"The nearest kink: {kinks[0]}.", "", "note"))
    return _result(study, findings, error, compared, kinks)


def _require_derivative(study: Study) -> None:
    derived = study.derived
    if derived.forward is None and derived.backward is None:
        raise FunctionError(
            f"The function {study.traced.name} has no derivative that JAX knows.",
            why=" ".join(derived.reasons.values()),
            next_step="give the operation a rule with jax.custom_jvp.",
        )


def _first_not_finite(study: Study) -> list[Finding]:
    """The cause, where the gradient or a slope is not finite."""
    derived = study.derived
    if study.backward is not None and derived.backward is not None:
        for weights, row in zip(study.weights, study.backward, strict=True):
            if not np.isfinite(row).all():
                given = study.backward_inputs(weights)
                names = study.inputs.names(np.flatnonzero(~np.isfinite(row))[:5].tolist())
                what = f"The derivative by {names[0]}"
                found = soundness.not_finite(study, "not-finite", derived.backward, given, what)
                return [replace(found, params=tuple(names))]
    if study.forward is not None and derived.forward is not None:
        for direction, row in zip(study.directions, study.forward, strict=True):
            if not np.isfinite(row).all():
                given = study.forward_inputs(direction.vector)
                return [
                    soundness.not_finite(study, "not-finite", derived.forward, given, "A slope")
                ]
    return []


def _result(
    study: Study,
    findings: list[Finding],
    error: float,
    compared: verdicts.Differences | None = None,
    kinks: tuple[Kink, ...] = (),
) -> Check:
    findings = sorted(findings, key=lambda f: _ORDER[f.severity])
    used = compared is not None and compared.total > 0
    return Check(
        tuple(findings), error,
        compared.gap if compared and used else float("nan"),
        compared.bar if compared and used else float("nan"),
        len(study.directions), kinks, study.traced.name,
    )  # fmt: skip
