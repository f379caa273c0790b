"""`taylored taylor FORMULA --at 0.3 --order 6 --on -1:1`: polynomials with proved remainders."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taylored.cli import _output as output
from taylored.cli._progress import Progress
from taylored.cli._taylor_box import box_of, center_of, radius_of
from taylored.cli.options import Options
from taylored.errors import ArgumentError, TayloredError

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["run"]

_EXAMPLE = 'taylored taylor "exp(sin(2*x))" --at 0.3 --order 6 --on -1:1'
_PICTURES = {".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".eps", ".ps"}
# The words of the library in those of the shell, the longest first.
_WORDS = (
    (r"Ask for T\.within\(radius\), or T\.radius_for\(tol\)\.", "Give --on -1:1, or --radius 0.1."),
    (r"use T\.within\([\w.]+\)\.\w+(\(\))?\.?", "give --radius 0.1"),
    (r"T\.within\([\w.]+\)", "--radius 0.1"),
    (r"; T\.radius_for\(tol\) says how far an order reaches", ""),
    (r"\bthorough=True\b", "--thorough"),
    (r"\bexact=True\b", "--exact"),
    (r"\b(radius|order|tol)=\[(.*?)\]", r"--\1 \2"),
    (r"\b(radius|order|tol)=(?=[\w.-])", r"--\1 "),
    (r"\border <= ", "--order <= "),
    (r"\bat=\{", "--at {"),
    (r"^(at|radius|tol)\b(?=[:= ])", r"--\1"),
)


def run(options: Options) -> int:
    """Expand, bound, print what was asked for, and return the exit code."""
    text = _formula(options.arguments)
    _check(options)
    from taylored.formula import parse

    expression = parse(text).model
    names = expression.names
    if not names:
        raise ArgumentError("The formula has no inputs.", next_step="write one, as in x^2")
    center = center_of(options.at, names)
    box = box_of(options.on, center) if options.on else None
    radius = radius_of(options.radius, names) if options.radius else None
    result = _expanded(text, center, {"radius": radius, "on": box}, options)
    picture = _terminal_plot(result, options) if options.plot == "" else ""
    shown = _text(result, options)
    if options.plot:
        output.write_file(options.plot, lambda path: _draw(result, path))
    output.emit("\n\n".join(part for part in (shown, picture) if part))
    _remark(text, expression.text, result, options)
    return 0 if result.usable else 5


def _formula(arguments: Sequence[str]) -> str:
    if not arguments:
        raise ArgumentError("A formula is missing.", next_step=f"write: {_EXAMPLE}")
    for text in arguments:
        if re.fullmatch(r"\s*[^\W\d]\w*\s*=[^=~<>]*", text):
            what = f"{text[:40]!r} is not a formula."
            raise ArgumentError(what, next_step=f"for the center write --at {text.strip()[:40]}")
    if len(arguments) > 1:
        if Path(arguments[1]).suffix.lower() in _PICTURES:
            from taylored.plot.save import check_suffix

            check_suffix(Path(arguments[1]))
        raise ArgumentError(
            f"One formula is expanded, and {len(arguments)} are given.",
            why=f"the second is {arguments[1][:40]!r}",
            next_step="put the formula in quotes",
        )
    return arguments[0]


def _check(options: Options) -> None:
    """What contradicts itself or is missing, before any work."""
    if not options.at:
        raise ArgumentError("--at is missing: the center.", next_step=f"write: {_EXAMPLE}")
    if options.on and options.radius:
        raise ArgumentError("--on and --radius are both given.", next_step="give one of them")
    if options.order is None and options.tol is None:
        raise ArgumentError(
            "--order is missing.", next_step="give --order 5, or --tol 1e-8 with --on or --radius"
        )
    if options.order is not None and options.tol is not None:
        raise ArgumentError("--order and --tol are both given.", next_step="give one of them")
    if options.tol is not None and not (options.on or options.radius):
        raise ArgumentError(
            "--tol needs the interval on which it is to hold.", next_step="give --on -1:1"
        )
    if options.plot == "" and (options.json or options.latex):
        raise ArgumentError(
            "A plot in the terminal and --json or --latex would mix.",
            next_step="draw to a file: --plot out.png",
        )
    output.check_writable([("--plot", options.plot)] if options.plot else [], [])


def _expanded(text: str, center: dict[str, float], box: dict[str, Any], options: Options) -> Taylor:
    # Heavy imports come after what can be refused without them.
    import numpy as np

    from taylored.series.taylor import taylor

    try:
        # Beyond the range of float64 bounds become infinite, and that is refused in words.
        with Progress("Bounding the remainder"), np.errstate(all="ignore"):
            return taylor(
                text, center, options.order, tol=options.tol,
                thorough=options.thorough, exact=options.exact, **box,
            )  # fmt: skip
    except TayloredError as error:
        for part in ("what", "why", "next_step"):
            setattr(error, part, _in_shell(_ends_in_shell(getattr(error, part), tuple(center))))
        raise


def _ends_in_shell(text: str, names: Sequence[str]) -> str:
    """`on=(-1, 1)` as `--on -1:1`, and `on=([0, 1], [2, 3])` as `--on x=0:2,y=1:3`."""

    def replaced(found: re.Match[str]) -> str:
        low, high = (end.strip("[]").split(", ") for end in found.groups())
        if len(names) == 1:
            return f"--on {low[0]}:{high[0]}"
        pairs = zip(names, low, high, strict=False)
        return "--on " + ",".join(f"{n}={a}:{b}" if a != "..." else a for n, a, b in pairs)

    return re.sub(r"\bon=\((\[[^]]*\]|[^],()]+), (\[[^]]*\]|[^],()]+)\)", replaced, text)


def _in_shell(text: str) -> str:
    """A message of the library with its Python arguments as options."""
    for python, shell in _WORDS:
        text = re.sub(python, shell, text)
    return text


# ---- the forms of a result ----


def _text(result: Taylor, options: Options) -> str:
    look = output.look(sys.stdout, options.no_color, options.ascii)
    if options.json:
        from taylored.report.series_document import taylor_document

        document = taylor_document(result)
        return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=options.ascii)
    if options.latex:
        from taylored.report.series_latex import taylor_latex

        return taylor_latex(result)
    from taylored.report.series import taylor_report

    return taylor_report(
        result, width=min(look.width, 100), color=look.color, unicode=look.unicode,
        findings=_findings(result),
    )  # fmt: skip


def _findings(result: Taylor) -> list[Any]:
    return [
        replace(f, message=_in_shell(f.message), next_step=_in_shell(f.next_step))
        for f in result.findings
    ]


def _terminal_plot(result: Taylor, options: Options) -> str:
    from taylored.plot.taylor_terminal import terminal_taylor

    look = output.look(sys.stdout, options.no_color, options.ascii)
    try:
        return terminal_taylor(
            result, width=min(look.width, 100), color=look.color, unicode=look.unicode
        )
    except ArgumentError as error:
        step = "draw to a file: --plot out.png"
        raise ArgumentError(f"--plot: {error.what}", next_step=step) from None


def _draw(result: Taylor, path: str) -> None:
    from taylored.plot.save import blank_figure, save_figure
    from taylored.plot.style import styled
    from taylored.plot.taylor import draw_taylor

    try:
        with styled():
            figure = blank_figure()
            draw_taylor(result, figure)
    except ArgumentError as error:
        step = _in_shell(error.next_step)
        raise ArgumentError(f"--plot: {error.what}", why=error.why, next_step=step) from None
    save_figure(figure, path)


def _remark(text: str, model: str, result: Taylor, options: Options) -> None:
    """For standard error what was taken otherwise, and what a bare result does not say."""
    if "~" in text:
        output.note(f"expanded is the right side, {model}; what stands before ~ is left out")
    if options.json or options.latex:
        for finding in _findings(result):
            output.tell(f"{finding.severity}: {finding}")
