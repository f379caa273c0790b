"""`taylored gradient|jacobian|hessian FORMULA --at x=1`: derivatives of formulas."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taylored.cli import _output as output
from taylored.cli.options import Options
from taylored.errors import ArgumentError
from taylored.formula import normalize_name

if TYPE_CHECKING:
    from taylored.calculus.symbolic import Derivative

__all__ = ["point_texts", "run", "split_pieces"]

_AT = "--at x=1,y=2"


def run(options: Options) -> int:
    """Differentiate, print what was asked for, and return the exit code."""
    formulas = options.arguments
    _check(options.command, formulas)
    at = point_texts(options.at) if options.at else None
    wrt = None if options.wrt is None else [piece.strip() for piece in options.wrt.split(",")]
    # Heavy imports come after what can be refused without them.
    from taylored.calculus.symbolic import differentiate

    try:
        result = differentiate(options.command, formulas, at, wrt)
    except ArgumentError as error:
        what = re.sub(r"^(at|wrt)\b(?=:| names)", r"--\1", error.what)
        raise type(error)(what, why=error.why, next_step=error.next_step) from None
    text = _text(result, options)
    output.emit(text)
    for note in _notes(formulas, result):
        output.note(note)
    if options.json or options.latex or options.symbolic:
        for finding in result.findings:
            output.tell(f"{finding.severity}: {finding}")
    return 0 if result.usable else 5


def _check(command: str, formulas: Sequence[str]) -> None:
    """What is wrong with the arguments before any formula is read."""
    if not formulas:
        example = '"x*y" "sin(x)"' if command == "jacobian" else '"x^2*sin(y)"'
        step = f"write: taylored {command} {example} {_AT}"
        raise ArgumentError("A formula is missing.", next_step=step)
    for text in formulas:
        if re.fullmatch(r"\s*\w+\s*=[^=~<>]*", text):
            what = f"{text[:40]!r} is not a formula."
            raise ArgumentError(what, next_step=f"for the point write --at {text.strip()[:40]}")
        pieces = [piece.strip() for piece in split_pieces(text)]
        if len(pieces) > 1 and all(pieces) and not re.search(r"\d\s*,\s*\d", text):
            quoted = " ".join(f'"{piece[:40]}"' for piece in pieces[:4])
            raise ArgumentError(
                f"{text[:40]!r} holds {len(pieces)} formulas.",
                next_step=f"put each in quotes of its own: taylored jacobian {quoted}",
            )
    if len(formulas) > 1 and command != "jacobian":
        raise ArgumentError(
            f"A {command} has one formula, and {len(formulas)} are given.",
            why=f"the second is {formulas[1][:40]!r}",
            next_step="put the formula in quotes; for several formulas there is taylored jacobian",
        )


def point_texts(texts: Sequence[str]) -> dict[str, str]:
    """All `name=value` of --at, as text."""
    found: dict[str, str] = {}
    for piece in (piece for text in texts for piece in split_pieces(text)):
        name, sign, value = (part.strip() for part in piece.partition("="))
        if not (name.strip("` ") and sign and value):
            shown = piece.strip()[:40]
            raise ArgumentError(f"--at: {shown!r} is not NAME=VALUE.", next_step=f"write {_AT}")
        name = normalize_name(name.strip("`"))
        if name in found:
            raise ArgumentError(f"--at: {name[:40]} is given twice.", next_step="give it once")
        found[name] = value
    return found


def split_pieces(text: str) -> list[str]:
    """Pieces between commas; those within parentheses and backquotes belong to a piece."""
    pieces, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == "`"
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0 and not quoted:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _text(result: Derivative, options: Options) -> str:
    from taylored.report import derivative as report

    look = output.look(sys.stdout, options.no_color, options.ascii)
    if options.json:
        document = report.derivative_document(result)
        return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=options.ascii)
    if options.latex:
        return report.derivative_latex(result)
    if options.symbolic:
        return report.symbols(result, unicode=look.unicode)
    return report.derivative_report(
        result, width=min(look.width, 100), color=look.color, unicode=look.unicode
    )


def _notes(formulas: Sequence[str], result: Derivative) -> list[str]:
    """What was taken otherwise than a reader may think."""
    return [
        f"the derivative is that of the right side, {model}; what stands before ~ is left out"
        for text, model in zip(formulas, result.formulas, strict=True)
        if "~" in text and text.strip() != model.strip()
    ]
