"""What `taylored root` and `taylored minimize` share: checks, words, the forms of results."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from taylored.cli import _output as output
from taylored.cli.options import Options
from taylored.errors import ArgumentError, TayloredError
from taylored.results import Finding

__all__ = ["check_arguments", "check_plot", "deliver", "findings_in_shell", "in_shell", "reworded"]
__all__ += ["tell_findings"]

_PICTURES = {".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".eps", ".ps"}
# The words of the library in those of the shell, the longest first.
_WORDS = (
    (r"start=1\.0, or bracket=\(0, 2\)", "--start 1, or --bracket 0:2"),
    (r"\bbracket=\((-?[\w.+-]+), (-?[\w.+-]+)\)", r"--bracket \1:\2"),
    (r"\bmax_seconds= or max_boxes= more", "--seconds more"),
    (r"\bty\.roots\b", "--all --on -1:1"),
    (r"\bty\.root\b", "taylored root"),
    (r"\bto maximize, minimize -f\b", "to maximize, give --maximize"),
    (r"\bto maximize was meant\? Minimize -f for the opposite", "give --maximize for that"),
    (r"\bsubject_to\b=?", "--subject-to"),
    (r"\bleave method out\b", "leave --method out"),
    (r"\b(start|starts|seed|tol|method|seconds)=\"?([\w.+-]+)\"?", r"--\1 \2"),
    (r"\bmax_seconds\b", "--seconds"),
    (r"^(start|tol|lo|hi|bracket)(?=[:=])", r"--\1"),
)


def in_shell(text: str) -> str:
    """A message of the library with its Python arguments as options."""
    for python, shell in _WORDS:
        text = re.sub(python, shell, text)
    return text


def reworded(error: TayloredError) -> TayloredError:
    """The same error in the words of the shell."""
    for part in ("what", "why", "next_step"):
        setattr(error, part, in_shell(getattr(error, part)))
    return error


def check_arguments(arguments: Sequence[str], flag: str, example: str) -> None:
    """Refuse what is no formula though it stands where formulas do."""
    if not arguments:
        raise ArgumentError("A formula is missing.", next_step=f"write: {example}")
    for text in arguments:
        suffix = Path(text).suffix.lower()
        if suffix in _PICTURES:
            from taylored.plot.save import check_suffix

            check_suffix(Path(text))
        if re.fullmatch(r"\s*[^\W\d]\w*\s*=\s*[-+]?[\d.]+(e[-+]?\d+)?\s*(,.*)?", text):
            raise ArgumentError(
                f"{text[:40]!r} is a value, and a formula belongs there.",
                next_step=f"write {flag} {text.strip()[:40]}",
            )


def check_plot(options: Options) -> None:
    """Refuse a picture that cannot be drawn, before any work."""
    if options.plot == "" and options.json:
        raise ArgumentError(
            "A plot in the terminal and --json would mix.",
            next_step="draw to a file: --plot out.png",
        )
    output.check_writable([("--plot", options.plot)] if options.plot else [], [])


def deliver(
    options: Options, document: Callable[[], Any], report: Callable[..., str],
    pictures: tuple[Callable[[Any], Any], Callable[..., str]],
) -> None:  # fmt: skip
    """Print the document or the report, and draw: `pictures` for a figure and for the terminal."""
    look = output.look(sys.stdout, options.no_color, options.ascii)
    parts = []
    if options.json:
        parts.append(json.dumps(document(), indent=1, allow_nan=False, ensure_ascii=options.ascii))
    else:
        parts.append(report(width=min(look.width, 100), color=look.color, unicode=look.unicode))
    draw, characters = pictures
    if options.plot == "":
        width = min(look.width, 100)
        parts.append(characters(width=width, color=look.color, unicode=look.unicode))
    if options.plot:
        output.write_file(options.plot, lambda path: _save(draw, path))
    output.emit("\n\n".join(part for part in parts if part))


def _save(draw: Callable[[Any], Any], path: str) -> None:
    from taylored.plot.save import blank_figure, save_figure
    from taylored.plot.style import styled

    with styled():
        figure = blank_figure()
        draw(figure)
    save_figure(figure, path)


def findings_in_shell(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings in the words of the shell."""
    return tuple(
        replace(f, message=in_shell(f.message), next_step=in_shell(f.next_step)) for f in findings
    )


def tell_findings(findings: Sequence[Finding]) -> None:
    """Findings on standard error, where a document has taken standard output."""
    for finding in findings_in_shell(findings):
        output.tell(f"{finding.severity}: {finding}")
