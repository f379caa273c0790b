"""`taylored root FORMULA --start 2`: roots of equations and systems, one or all in a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taylored.cli import _output as output
from taylored.cli._progress import Progress
from taylored.cli._solving import (
    check_arguments,
    check_plot,
    deliver,
    findings_in_shell,
    reworded,
    tell_findings,
)
from taylored.cli._taylor_box import intervals_of, numbers_of
from taylored.cli.options import Options
from taylored.errors import ArgumentError, TayloredError

if TYPE_CHECKING:
    from taylored.optimize.roots.collection import Roots
    from taylored.optimize.roots.result import Root

__all__ = ["run"]

_EXAMPLE = 'taylored root "x^3 - 2*x - 5" --start 2'


def run(options: Options) -> int:
    """Solve, print what was asked for, and return the exit code."""
    check_arguments(options.arguments, "--start", _EXAMPLE)
    _check(options)
    names = _names(options.arguments)
    return _every(options, names) if options.all else _one(options, names)


def _check(options: Options) -> None:
    """What contradicts itself or is missing, before any work."""
    ways = [("--start", options.start), ("--bracket", options.bracket), ("--all", options.all)]
    given = [flag for flag, value in ways if value]
    if len(given) > 1:
        what = f"{' and '.join(given)} are {'both' if len(given) == 2 else 'all'} given."
        raise ArgumentError(what, next_step="give one of them")
    if options.on and not options.all:
        raise ArgumentError(
            "--on belongs to --all.", next_step="add --all, or give --bracket instead"
        )
    if options.all and not options.on:
        raise ArgumentError("--on is missing: where --all looks.", next_step="write --on -5:5")
    if options.all and options.tol is not None:
        raise ArgumentError("--tol does not go with --all.", next_step="leave it out")
    if not given:
        step = f"write: {_EXAMPLE}; or --bracket 2:3, or --all --on -5:5"
        raise ArgumentError("--start is missing.", next_step=step)
    check_plot(options)


def _names(formulas: Sequence[str]) -> tuple[str, ...]:
    from taylored.optimize.roots.system import formula_names

    names = formula_names(list(formulas)) or ()
    if not names:
        raise ArgumentError("The formula has no unknowns.", next_step="write one, as in x^2 - 2")
    return names


def _stated(formulas: Sequence[str]) -> Any:
    return formulas[0] if len(formulas) == 1 else list(formulas)


# ---- one root ----


def _one(options: Options, names: tuple[str, ...]) -> int:
    start, bracket = None, None
    if options.bracket:
        if len(names) != 1 or len(options.arguments) != 1:
            raise ArgumentError(
                "--bracket is for one formula in one unknown.",
                why=f"here are {len(options.arguments)} formulas in {', '.join(names[:8])}",
                next_step="give --start, or --all --on",
            )
        bracket = intervals_of("--bracket", [options.bracket], names)[names[0]]
    else:
        start = numbers_of("--start", options.start, names)
    result = _solved(options, start, bracket)
    from taylored.plot.root import draw_root_in
    from taylored.plot.solver_terminal import terminal_root
    from taylored.report.root import root_document, root_report

    shown = findings_in_shell(result.findings)
    deliver(
        options, lambda: root_document(result),
        lambda **look: root_report(result, **look, findings=shown),
        (lambda figure: draw_root_in(figure, result),
         lambda **look: terminal_root(result, **look)),
    )  # fmt: skip
    if options.json:
        tell_findings(result.findings)
    return _code(result)


def _solved(options: Options, start: Any, bracket: Any) -> Root:
    # Heavy imports come after what can be refused without them.
    from taylored.optimize.roots.root import root

    try:
        with Progress("Solving"):
            found = root(
                _stated(options.arguments), start, bracket=bracket, tol=options.tol,
                max_seconds=options.seconds,
            )  # fmt: skip
            _ = found.accuracy  # the proof is made when it is asked for
            return found
    except TayloredError as error:
        raise reworded(error) from None


def _code(result: Root) -> int:
    """0 a root, 4 none, 5 least squares, or a root of which nothing is known."""
    if any(f.name == "stopped" and "interrupted" in f.message for f in result.findings):
        output.tell("Interrupted.")
        return 130
    if not result.usable:
        return 4
    return 0 if result.kind == "root" and str(result.accuracy) != "unknown" else 5


# ---- all of them ----


def _every(options: Options, names: tuple[str, ...]) -> int:
    box = intervals_of("--on", options.on, names)
    ends = tuple({n: box[n][side] for n in names} for side in (0, 1))
    limits = {} if options.seconds is None else {"max_seconds": options.seconds}
    from taylored.optimize.roots.roots import roots

    try:
        with Progress("Searching the box"):
            result = roots(_stated(options.arguments), *ends, **limits)
    except TayloredError as error:
        raise reworded(error) from None
    from taylored.plot.root import draw_roots_in
    from taylored.plot.solver_terminal import terminal_roots
    from taylored.report.root import roots_document, roots_report

    shown = findings_in_shell(result.findings)
    deliver(
        options, lambda: roots_document(result),
        lambda **look: roots_report(result, **look, findings=shown),
        (lambda figure: draw_roots_in(figure, result),
         lambda **look: terminal_roots(result, **look)),
    )  # fmt: skip
    if options.json:
        tell_findings(result.findings)
    return _code_of_all(result)


def _code_of_all(result: Roots) -> int:
    """0 where it is proved that these are all, 5 where it is not."""
    if result.stopped == "interrupted":
        output.tell("Interrupted.")
        return 130
    return 0 if result.complete else 5
