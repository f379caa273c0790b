"""Derivatives of formulas: their numbers with an estimate of the error, and how they are written.

No JAX: a formula is traced, differentiated and evaluated with NumPy, in doubled precision and
with every rounding shaken, which is what says how many digits are right.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from taylored.calculus.formulas import formula_name, grounded, lifted, point_of, vector_program
from taylored.calculus.onesided import label, with_kinks
from taylored.calculus.trust import cause
from taylored.errors import ArgumentError, MissingRule, ParameterNameError
from taylored.formula import Expression, normalize_name, parse, suggest
from taylored.readings.derivative import RULES as DERIVATIVES
from taylored.readings.derivative import derivative
from taylored.readings.naming import Written
from taylored.readings.shaken import Given, shaken
from taylored.results import Accuracy, Finding
from taylored.trace.program import Atom, Constant, Program

__all__ = ["KINDS", "Derivative", "differentiate", "label"]

KINDS = ("gradient", "hessian", "jacobian")

_LOST = 1e-12  # of what a derivative may be here: an error beyond it is no rounding of a zero
_FEW = 3  # digits; fewer are worth a warning
_DENORMAL = 1e-322  # an error of a few steps of float64 near zero is as good as none
_LEAST = 1e-290
_MAGNIFIED = (
    "rounding is magnified at this point",
    "Rewrite the formula so that nearly equal numbers are not subtracted.",
)
_UNITS = "Use other units, or take the logarithm of the formula."


@dataclass(frozen=True, eq=False, repr=False)
class Derivative:
    """A gradient (inputs,), Jacobian (outputs, inputs) or Hessian (inputs, inputs) of formulas.

    `at` is None where only the symbolic form was asked for; `numbers` and `errors` are then nan.
    `numbers` is nan where a derivative does not exist, `notes` says why, by index. `errors` is
    absolute, an estimate; nan where nothing can be said.
    """

    kind: str
    formulas: tuple[str, ...]
    names: tuple[str, ...]
    at: Mapping[str, float] | None
    values: np.ndarray
    value_errors: np.ndarray
    numbers: np.ndarray
    errors: np.ndarray
    notes: Mapping[tuple[int, ...], str]
    findings: tuple[Finding, ...]
    program: Program
    atoms: tuple[Atom, ...]

    @property
    def usable(self) -> bool:
        """Whether every derivative exists and has digits that are right."""
        return not any(f.severity == "error" for f in self.findings)

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the statement about the errors."""
        known = self.at is not None and bool(np.all(np.isfinite(self.errors)))
        return Accuracy.ESTIMATED if known and self.usable else Accuracy.UNKNOWN

    @cached_property
    def digits(self) -> np.ndarray:
        """Right decimal digits of each number, at most 15.95; 0 where none is."""
        with np.errstate(all="ignore"):
            found = np.log10(np.abs(self.numbers) / self.errors)
        found = np.where(self.errors == 0, 15.95, found)
        return np.clip(np.where(np.isnan(found), 0.0, found), 0.0, 15.95)

    @property
    def status(self) -> str:
        """The verdict in one sentence."""
        return importlib.import_module("taylored.report.derivative").verdict(self)

    # ---- symbols ----

    @cached_property
    def _trees(self) -> list[Any]:
        from taylored.readings.trees import trees

        return trees(self.program, self.atoms)

    @cached_property
    def texts(self) -> Written:
        """The simplified derivatives as formulas, in the order of `numbers`."""
        from taylored.readings.plain import written

        return written(self._trees, quote=formula_name)

    @cached_property
    def latex_texts(self) -> Written:
        """The simplified derivatives in LaTeX, in the order of `numbers`."""
        from taylored.readings.latex import written

        return written(self._trees)

    # ---- elsewhere ----

    def latex(self) -> str:
        """The symbolic derivative in LaTeX."""
        return importlib.import_module("taylored.report.derivative").derivative_latex(self)

    def report(self) -> str:
        """The table of numbers with the verdict, as text for a terminal or a page."""
        return importlib.import_module("taylored.report.derivative").derivative_report(self)

    def to_dict(self) -> dict[str, Any]:
        """All results as plain numbers, strings and lists (JSON)."""
        return importlib.import_module("taylored.report.derivative").derivative_document(self)

    def __repr__(self) -> str:
        return f"Derivative({self.kind} of {', '.join(self.formulas)[:60]}: {self.status})"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


# ---- the verb ----


def differentiate(
    kind: str,
    formulas: Sequence[str],
    at: Mapping[str, Any] | None = None,
    wrt: Sequence[str] | None = None,
) -> Derivative:
    """The derivative of formulas, as numbers at a point and as formulas.

    Args:
        kind: "gradient" or "hessian" of one formula, or "jacobian" of several.
        formulas: texts; of `y ~ f(x)` the right side is taken.
        at: a number for every name; a text is taken as written ("0.1" is one tenth, "pi/4"),
            a float as it is. None: the symbolic form only.
        wrt: the inputs to differentiate by, in this order (default: all, in order of appearance).

    Numerical error: estimated by doubled precision with every rounding shaken.

    Raises:
        FormulaError: for a formula that cannot be read.
        ArgumentError: for names and numbers that do not fit.
        MissingRule: for a function without a derivative rule.
    """
    expressions = [parse(text).model for text in formulas]
    _check_count(kind, expressions)
    names = tuple(dict.fromkeys(n for e in expressions for n in e.names))
    inputs = _inputs(names, wrt)
    program = vector_program(expressions, names)
    made, first, second = _derivatives(program, [names.index(n) for n in inputs], kind)
    rows = second if kind == "hessian" else first
    shape = (len(inputs),) if kind == "gradient" else (len(rows) // len(inputs), len(inputs))
    empty = np.full(len(expressions), np.nan)
    result = Derivative(
        kind, tuple(e.text for e in expressions), inputs, None, empty, empty,
        np.full(shape, np.nan), np.full(shape, np.nan), {}, (), made, tuple(rows),
    )  # fmt: skip
    if at is None:
        return result
    point = _point(names, at)
    return _evaluated(result, program, _Parts(made, tuple(first), tuple(second)), point)


def _check_count(kind: str, expressions: Sequence[Expression]) -> None:
    if kind not in KINDS:
        step = f"write one of {', '.join(KINDS)}"
        raise ArgumentError(f"There is no derivative {kind!r}.", next_step=step)
    if not expressions:
        raise ArgumentError("A formula is missing.", next_step='write it in quotes, as in "x^2*y"')
    if kind != "jacobian" and len(expressions) > 1:
        raise ArgumentError(
            f"A {kind} has one formula, and {len(expressions)} are given.",
            next_step="put the formula in quotes; for several formulas there is the jacobian",
        )
    if not any(e.names for e in expressions):
        what = "The formula has no inputs." if len(expressions) == 1 else "There are no inputs."
        raise ArgumentError(what, next_step="write it with a name, as in x^2")


def _inputs(names: Sequence[str], wrt: Sequence[str] | None) -> tuple[str, ...]:
    if wrt is None:
        return tuple(names)
    wanted = [normalize_name(name.strip().strip("`")) for name in wrt]
    for name in wanted:
        if name not in names:
            raise _unknown("wrt", name, names)
        if wanted.count(name) > 1:
            raise ArgumentError(f"wrt: {name} is named twice.", next_step="name it once")
    if not wanted:
        raise ArgumentError("wrt names no input.", next_step=f"choose from {', '.join(names)}")
    return tuple(wanted)


def _unknown(flag: str, name: str, names: Sequence[str]) -> ParameterNameError:
    if not name:
        what, near = f"{flag}: a name is empty.", None
    else:
        what, near = f"{flag}: {name[:40]!r} is not an input of the formula.", suggest(name, names)
    step = f"did you mean {near}?" if near else f"the inputs are {', '.join(names[:20])}"
    return ParameterNameError(what, next_step=step)


def _point(names: Sequence[str], at: Mapping[str, Any]) -> list[Given]:
    """The number of every input, in the order of `names`."""
    found: dict[str, Given] = {}
    for key, value in at.items():
        name = normalize_name(str(key).strip().strip("`"))
        if name not in names:
            raise _unknown("at", name, names)
        if name in found:
            raise ArgumentError(f"at: {name} is given twice.", next_step="give it once")
        try:
            found[name] = point_of(name, value)
        except ArgumentError as error:
            raise ArgumentError(
                f"at: {error.what}", why=error.why, next_step=error.next_step
            ) from None
    missing = [n for n in names if n not in found]
    if missing:
        one = len(missing) == 1
        raise ArgumentError(
            f"at: {', '.join(missing[:20])} {'has' if one else 'have'} no number.",
            why="every name in the formula needs one",
            next_step=f"add {missing[0]}=1 or whatever it is",
        )
    return [found[name] for name in names]


def _derivatives(
    program: Program, wrt: Sequence[int], kind: str
) -> tuple[Program, list[Atom], list[Atom]]:
    """A program with all that is needed, first derivatives, and second ones for a Hessian."""
    free, constants = lifted(program)
    with np.errstate(all="ignore"):  # of constants such as 1/0
        made, count = _differentiated(free, wrt, kind)
    made = grounded(made, program.names, constants)
    found = list(made.outputs[len(program.outputs) :])
    return made, found[:count], found[count:]


def _differentiated(program: Program, wrt: Sequence[int], kind: str) -> tuple[Program, int]:
    """A program with values, first and second derivatives as outputs; how many are first ones."""
    made, table = _by_rules(program, wrt)
    first = [_or_zero(atom) for row in table for atom in row]
    made = made.keep([*program.outputs, *first])
    if kind != "hessian":
        return made, len(first)
    made, table = _by_rules(made, wrt)
    rows = table[len(program.outputs) :]
    # The lower triangle stands for both, which are the same but for rounding.
    second = [_or_zero(rows[max(i, j)][min(i, j)])
              for i in range(len(wrt)) for j in range(len(wrt))]  # fmt: skip
    return made.keep([*program.outputs, *first, *second]), len(first)


def _by_rules(program: Program, wrt: Sequence[int]) -> tuple[Program, list[list[Atom | None]]]:
    try:
        return derivative(program, wrt)
    except MissingRule as error:
        # Formulas have no lines, and their functions no other form.
        names = sorted(DERIVATIVES.missing(program), key=lambda e: e.primitive)
        listed = " and ".join(dict.fromkeys(e.primitive for e in names))
        if not listed:
            raise
        raise MissingRule(
            f"The derivative of {listed} is not among those that are known here.",
            next_step="ask for the gradient only, or subtract gradients at two points",
        ) from error


def _or_zero(atom: Atom | None) -> Atom:
    return Constant(0.0) if atom is None else atom


# ---- numbers ----


@dataclass(frozen=True, slots=True)
class _Parts:
    """The program of everything, and which atoms are first and second derivatives."""

    made: Program
    first: tuple[Atom, ...]
    second: tuple[Atom, ...]


def _evaluated(
    result: Derivative, program: Program, parts: _Parts, point: Sequence[Given]
) -> Derivative:
    """The same derivative with its numbers at a point."""
    found = shaken(parts.made, point)
    values, rest = found[: len(program.outputs)], found[len(program.outputs) :]
    wanted = rest[len(parts.first) :] if parts.second else rest
    shape = result.numbers.shape
    result = replace(
        result,
        at=_ordered(dict(zip(program.names, (g.value for g in point), strict=True)), result.names),
        values=np.array([v.value for v in values]),
        value_errors=np.array([v.error for v in values]),
        numbers=np.array([v.value for v in wanted]).reshape(shape),
        errors=np.array([v.error for v in wanted]).reshape(shape),
    )
    whole = parts.made.keep([*program.outputs, *parts.first, *parts.second])
    result = with_kinks(result, program, whole, point)
    result = _with_infinities(result, program, parts, [g.value for g in point])
    return _with_lost_digits(result)


def _ordered(at: dict[str, float], first: Sequence[str]) -> dict[str, float]:
    """The point with these names in front, as the derivatives are."""
    return {name: at[name] for name in dict.fromkeys([*first, *at])}


def _with_infinities(
    result: Derivative, program: Program, parts: _Parts, point: Sequence[float]
) -> Derivative:
    """Derivatives and values that are not finite, with their cause."""
    nowhere = ~np.isfinite(result.values)  # without a value there is no derivative either
    missing = ~np.isfinite(result.numbers)
    missing |= nowhere[:, None] if result.kind == "jacobian" else nowhere[0]
    broken = [tuple(map(int, i)) for i in np.argwhere(missing)]
    broken = [i for i in broken if i not in result.notes]
    if not broken and not nowhere.any():
        return result
    # The cause is in the formula itself, or, for second derivatives, in the first ones.
    why = cause(program, point, formula_name)
    if not why and parts.second:
        why = cause(parts.made.keep(list(parts.first)), point, formula_name)
    message = f"{why}." if why else "No part of the formula is infinite, but a product of parts is."
    if broken:
        listed = ", ".join(label(result, i) for i in broken[:4])
        more = f" and {len(broken) - 4} more" if len(broken) > 4 else ""
        message = f"{listed}{more}: no finite number. {message}"
    finding = Finding(
        "not-finite", message, "Look at a point nearby, or rewrite the formula there.", "error"
    )
    numbers = result.numbers.copy()
    errors = result.errors.copy()
    for index in broken:
        numbers[index] = errors[index] = np.nan
    notes = {**result.notes, **dict.fromkeys(broken, why.rpartition(": ")[2] or "not-finite")}
    return replace(
        result, numbers=numbers, errors=errors, notes=notes, findings=(*result.findings, finding)
    )


def _with_lost_digits(result: Derivative) -> Derivative:
    """Numbers whose error is as large as they are, or leaves few digits."""
    sizes = [abs(v) for v in (result.at or {}).values() if v]
    span = max([*sizes, 1e-300])
    errors, numbers = result.errors, np.abs(result.numbers)
    with np.errstate(all="ignore"):
        natural = np.nanmax(np.abs(result.values), initial=0.0) / span
        scale = np.nanmax(numbers, initial=natural)
        counts = (errors > _LOST * scale) & (errors > _DENORMAL)
        lost = (errors > numbers / 10.0) & counts
        lost |= np.isfinite(numbers) & np.isnan(errors)
        few = ~lost & (errors > numbers * 10.0**-_FEW) & counts
    findings = list(result.findings)
    for mask, severity, told, name in (
        (lost, "error", "no digit is right", "ill-conditioned"),
        (few, "warning", f"fewer than {_FEW} digits are right", "few-digits"),
    ):
        where = [tuple(map(int, i)) for i in np.argwhere(mask)]
        if where:
            listed = ", ".join(label(result, i) for i in where[:4])
            more = f" and {len(where) - 4} more" if len(where) > 4 else ""
            cause, step = _MAGNIFIED
            if np.all(numbers[mask] < _LEAST):
                cause, step = "rounding is magnified, or parts are too small for float64", _UNITS
            findings.append(Finding(name, f"{listed}{more}: {told}; {cause}.", step, severity))
    notes = {**result.notes, **{tuple(map(int, i)): "no digit is right" for i in np.argwhere(lost)}}
    return replace(result, findings=tuple(findings), notes=notes)
