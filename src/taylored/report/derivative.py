"""Derivatives of formulas as text, LaTeX and JSON: verdict, numbers with their errors, formulas."""

from __future__ import annotations

import math
import shutil
import textwrap
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.onesided import label
from taylored.report.letters import ascii_only, shorten, visible
from taylored.report.numbers import count, number, place_of, rounded
from taylored.report.table import Cell, Style, table
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.calculus.symbolic import Derivative

__all__ = ["SCHEMA", "derivative_document", "derivative_latex", "derivative_report", "symbols"]
__all__ += ["verdict"]

SCHEMA = "taylored-derivative/1"

_WIDEST = 100
_FULL, _LEAST = 15, 5  # digits of a number alone, and in a narrow matrix
_MOST_SYMBOLS = 6  # formulas below the numbers
_SHORT = {
    "kink": "there is a kink at this point",
    "jump": "there is a jump at this point",
    "edge": "the point is at the edge of the domain",
    "branch": "the formula takes a branch of its own at this point",
    "not-finite": "not everything is finite at this point",
    "ill-conditioned": "rounding leaves no right digit at this point",
}
_COLORS = {"error": "bold red", "warning": "bold yellow", "note": "bold"}


def verdict(result: Derivative) -> str:
    """How far to trust it, in one sentence."""
    total = result.numbers.size
    what = "The derivative is" if total == 1 else f"All {total} derivatives are"
    if result.at is None:
        return f"The {result.kind}, as formulas."
    errors = [f for f in result.findings if f.severity == "error"]
    if errors:
        return f"Not to be trusted: {_SHORT.get(errors[0].name, errors[0].message.rstrip('.'))}."
    # A number that its error may well make zero has no digits to count.
    known = result.errors <= np.abs(result.numbers) / 10.0
    counted = result.digits[(result.numbers != 0) & known]
    blurred = int(np.sum((result.errors > 0) & ~known))
    if not counted.size:
        largest = float(np.max(result.errors + np.abs(result.numbers), initial=0.0))
        return f"{what} zero" + (f" within {_size(largest)}." if largest else ".")
    digits = math.floor(min(float(np.min(counted, initial=_FULL)), _FULL))
    rest = f", but {blurred} zero within the error." if blurred else "."
    return f"{what} known to {count(digits, 'digit')}" + (" or more" if total > 1 else "") + rest


# ---- terminal ----


def derivative_report(
    result: Derivative, *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """The report as text, for a terminal or a page.

    Args:
        result: any derivative.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    width = width or min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    style = Style(width, color, unicode)
    if result.at is None:
        return symbols(result, unicode=unicode)
    parts = [style.paint(_wrapped(style.clean(verdict(result)), width), _verdict_color(result))]
    parts.append("\n".join(style.paint(line, "dim") for line in _headline(result, style)))
    parts.append("\n".join(_numbers(result, style)))
    parts.append(_symbols_below(result, style))
    parts.append("\n".join(_finding(f, style) for f in result.findings))
    return "\n\n".join(part for part in parts if part)


def _verdict_color(result: Derivative) -> str:
    return "bold" if result.usable else "bold red"


def _wrapped(text: str, width: int, indent: str = "") -> str:
    return "\n".join(textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False))


def _headline(result: Derivative, style: Style) -> Iterator[str]:
    """The formulas, and the point on a line of its own where it does not fit behind."""
    several = len(result.formulas) > 1
    lines = [
        f"  f{k if several else ''} = {visible(text)}" for k, text in enumerate(result.formulas, 1)
    ]
    at = ", ".join(f"{visible(n)} = {_input(v)}" for n, v in (result.at or {}).items())
    if len(lines) == 1 and len(lines[0]) + len(at) + 7 <= style.width:
        lines = [f"{lines[0]}   at {at}"]
    else:
        lines += textwrap.wrap(f"at {at}", style.width, initial_indent="  ",
                               subsequent_indent="     ")  # fmt: skip
    return (style.clean(shorten(line, style.width)) for line in lines)


def _size(error: float) -> str:
    """An error to two digits: `2.0e-17`."""
    mantissa, _, exponent = f"{error:#.2g}".partition("e")
    return f"{mantissa.rstrip('.')}e{int(exponent)}" if exponent else mantissa.rstrip(".")


def _input(value: float) -> str:
    """A number that was given: all its digits."""
    digits, _, exponent = repr(value).partition("e")
    return digits.removesuffix(".0") + (f"e{int(exponent)}" if exponent else "")


def _numbers(result: Derivative, style: Style) -> Iterator[str]:
    matrix = result.kind != "gradient" and min(result.numbers.shape) > 0
    lines = _matrix(result, style) if matrix and result.numbers.shape[1] > 1 else None
    yield from lines if lines is not None else _list(result, style)
    yield style.paint(_wrapped(_caption(result), style.width), "dim")


def _caption(result: Derivative) -> str:
    unknown = not np.all(np.isfinite(result.errors))
    return "Error: estimated, from doubled precision with every rounding shaken." + (
        " none: no finite number." if unknown else ""
    )


def _list(result: Derivative, style: Style) -> list[str]:
    """Name, value, error, note: one row per number."""
    rows = [
        [Cell(f"f{k + 1}" if len(result.formulas) > 1 else "f", "dim"),
         *_value_cells(float(v), float(e), ""), Cell("")]
        for k, (v, e) in enumerate(zip(result.values, result.value_errors, strict=True))
    ]  # fmt: skip
    for index in np.ndindex(result.numbers.shape):
        if result.kind == "hessian" and index[0] > index[1]:
            continue
        note = result.notes.get(index, "")
        cells = _value_cells(float(result.numbers[index]), float(result.errors[index]), note)
        rows.append([Cell(label(result, index), "bold"), *cells, Cell(note)])
    return table(["", "value", "error", "note"], rows, "lrll", style)


def _value_cells(value: float, error: float, note: str) -> list[Cell]:
    if not math.isfinite(value):
        return [Cell("none"), Cell("?", "unknown")]
    shown = Cell("?" if note == "no digit is right" else shown_value(value, error))
    if not math.isfinite(error):
        return [shown, Cell("?", "unknown")]
    left_off = _left_off(shown.text, value)
    if left_off:
        error = 1.05 * (error + left_off)  # rounded up, for it is printed with two digits
    return [shown, Cell(f"≈ {_size(error)}" if error else "0", "estimated")]


def _left_off(shown: str, value: float) -> float:
    """How far the number as it is shown is from the number: the error beside it covers that too."""
    try:
        return float(abs(Fraction(shown) - Fraction(value)))
    except ValueError:
        return 0.0


def shown_value(value: float, error: float, most: int = _FULL) -> str:
    """A number to its right digits: no digit beyond its error, nor more than `most`."""
    if not math.isfinite(value):
        return "none"
    if not math.isfinite(error):
        return "?"
    if error <= abs(value) * 10.0 ** (0.5 - most) or error == 0:
        return number(value, most)
    if error > abs(value):
        return "0"
    place = place_of(value, error, most)
    return rounded(value, place) + place.suffix


def _matrix(result: Derivative, style: Style) -> list[str] | None:
    """Rows of numbers with as many digits as fit; None where not even a few do."""
    hessian = result.kind == "hessian"
    names = [visible(n) for n in result.names]
    heads = [f"d/d{n}" for n in names]
    firsts = heads if hessian else ["f"] if len(result.formulas) == 1 else [
        f"f{k}" for k in range(1, len(result.formulas) + 1)
    ]  # fmt: skip
    for most in range(_FULL, _LEAST - 1, -1):
        rows = []
        for i, first in enumerate(firsts):
            cells = [Cell(first, "bold")]
            if not hessian:
                value, error = float(result.values[i]), float(result.value_errors[i])
                cells.append(Cell(shown_value(value, error, most), "dim"))
            row = zip(result.numbers[i].tolist(), result.errors[i].tolist(), strict=True)
            cells += [Cell(shown_value(v, e, most)) for v, e in row]
            rows.append(cells)
        titles = ["", *([] if hessian else ["value"]), *heads]
        lines = table(titles, rows, "l" + "r" * (len(titles) - 1), style)
        if all(style.length(line) <= style.width for line in lines):
            return [*lines, *_below_matrix(result, most, style)]
    return None


def _below_matrix(result: Derivative, most: int, style: Style) -> Iterator[str]:
    """The value of a Hessian's formula, the largest error, and why a number is missing."""
    yield ""
    if result.kind == "hessian":
        value, error = float(result.values[0]), float(result.value_errors[0])
        known = f"   ≈ {_size(error)}" if math.isfinite(error) and error else ""
        yield style.clean(f"f      {shown_value(value, error)}{known}")
    finite = np.where(np.isfinite(result.errors), result.errors, -1.0)
    index = tuple(map(int, np.unravel_index(int(np.argmax(finite)), finite.shape)))
    if finite[index] > 0:
        text = f"≈ {_size(float(finite[index]))} at most, in {label(result, index)}"
        digits = f"; {most} digits are shown" if most < _FULL else ""
        yield "error  " + style.paint(style.clean(text), "estimated") + digits
    for index, note in result.notes.items():
        if result.kind != "hessian" or index[0] <= index[1]:
            yield style.clean(f"{label(result, index)}: {note}")


def _symbols_below(result: Derivative, style: Style) -> str:
    """The formulas of the derivatives, where they are few and short."""
    if len(_distinct(result)) > _MOST_SYMBOLS or result.texts.definitions:
        return ""
    lines = symbols(result, unicode=style.unicode).splitlines()
    if max(map(len, lines)) + 2 > style.width:
        return ""
    return "\n".join(style.paint(f"  {line}", "dim") for line in lines)


def _finding(finding: Finding, style: Style) -> str:
    text = f"{finding.name}  {finding.message} {finding.next_step}".rstrip()
    wrapped = _wrapped(style.clean(text), style.width, "  ")
    name = style.clean(finding.name)
    return style.paint(name, _COLORS[finding.severity]) + wrapped[len(name) :]


# ---- formulas ----


def _distinct(result: Derivative) -> list[tuple[int, ...]]:
    """The indices of the derivatives that differ: a Hessian is symmetric."""
    indices = np.ndindex(result.numbers.shape)
    return [i for i in indices if result.kind != "hessian" or i[0] <= i[1]]


def symbols(result: Derivative, *, unicode: bool = True) -> str:
    """The derivatives as formulas, one per line, each of which `taylored` reads again."""
    flat = dict(zip(np.ndindex(result.numbers.shape), result.texts.outputs, strict=True))
    rows = [(name, text) for name, text in result.texts.definitions]
    rows += [(label(result, i), flat[i]) for i in _distinct(result)]
    width = max(len(name) for name, _ in rows)
    lines = [f"{visible(name):<{width}} = {visible(text)}" for name, text in rows]
    return "\n".join(lines if unicode else map(ascii_only, lines))


def derivative_latex(result: Derivative) -> str:
    """The derivatives in LaTeX, aligned at their equals signs where there are several."""
    flat = dict(zip(np.ndindex(result.numbers.shape), result.latex_texts.outputs, strict=True))
    rows = list(result.latex_texts.definitions)
    rows += [(_latex_label(result, i), flat[i]) for i in _distinct(result)]
    if len(rows) == 1:
        return f"{rows[0][0]} = {rows[0][1]}"
    inside = " \\\\\n".join(f"{name} &= {text}" for name, text in rows)
    return f"\\begin{{aligned}}\n{inside}\n\\end{{aligned}}"


def _latex_label(result: Derivative, index: tuple[int, ...]) -> str:
    from taylored.readings.latex import latex_name

    d = r"\partial " if len(result.program.names) > 1 else r"\mathrm{d}"
    name = latex_name(result.names[index[-1]])
    if result.kind == "hessian":
        first = latex_name(result.names[index[0]])
        top = rf"{d.rstrip()}^{{2}} f"
        if index[0] == index[1]:
            return rf"\frac{{{top}}}{{{d}{first}^{{2}}}}"
        return rf"\frac{{{top}}}{{{d}{first} \, {d}{name}}}"
    several = result.kind == "jacobian" and len(result.formulas) > 1
    function = f"f_{{{index[0] + 1}}}" if several else "f"
    space = "" if d.endswith(" ") else " "
    return rf"\frac{{{d}{space}{function}}}{{{d}{space}{name}}}"


# ---- JSON ----


def derivative_document(result: Derivative) -> dict[str, Any]:
    """All of it as dictionaries, lists, text, numbers and None, in full precision.

    None stands for what does not exist or is not known; `note` and the findings say why.
    """
    known = result.at is not None
    return {
        "schema": SCHEMA,
        "kind": result.kind,
        "formulas": list(result.formulas),
        "inputs": list(result.names),
        "at": dict(result.at) if result.at is not None else None,
        "usable": bool(result.usable) if known else None,
        "status": verdict(result),
        "accuracy": str(result.accuracy),
        "method": "doubled precision with every rounding shaken" if known else None,
        "values": _numbers_of(result.values) if known else None,
        "value_errors": _numbers_of(result.value_errors) if known else None,
        "numbers": _numbers_of(result.numbers) if known else None,
        "errors": _numbers_of(result.errors) if known else None,
        "entries": list(_entries(result)),
        "definitions": {
            "text": dict(result.texts.definitions),
            "latex": dict(result.latex_texts.definitions),
        },
        "findings": [
            {"name": f.name, "message": f.message, "next_step": f.next_step,
             "severity": f.severity} for f in result.findings
        ],
    }  # fmt: skip


def _numbers_of(values: np.ndarray) -> Any:
    if values.ndim > 1:
        return [_numbers_of(row) for row in values]
    return [float(v) if math.isfinite(v) else None for v in values]


def _entries(result: Derivative) -> Iterator[dict[str, Any]]:
    for k, index in enumerate(np.ndindex(result.numbers.shape)):
        value, error = float(result.numbers[index]), float(result.errors[index])
        exists = math.isfinite(value)
        yield {
            "name": label(result, index),
            "formula": index[0] if result.kind == "jacobian" else 0,
            "wrt": [result.names[i] for i in (index if result.kind == "hessian" else index[-1:])],
            "value": value if exists else None,
            "error": error if math.isfinite(error) else None,
            "digits": float(result.digits[index]) if exists else None,
            "accuracy": str(Accuracy.ESTIMATED if math.isfinite(error) else Accuracy.UNKNOWN),
            "note": result.notes.get(index, ""),
            "text": result.texts.outputs[k],
            "latex": result.latex_texts.outputs[k],
        }
