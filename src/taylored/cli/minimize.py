"""`taylored minimize FORMULA --start x=1 --subject-to "x + y <= 1"`: minima within constraints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

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
from taylored.cli._taylor_box import numbers_of
from taylored.cli.options import Options
from taylored.errors import ArgumentError, FormulaError, TayloredError

if TYPE_CHECKING:
    from taylored.optimize.relations import Relation
    from taylored.optimize.result import Minimum

__all__ = ["run"]

_EXAMPLE = 'taylored minimize "x*y" --start x=1,y=-0.5 --subject-to "x^2 + y^2 = 1"'
_TRUSTED = frozenset({"minimum"})
_OPEN = frozenset({"flat", "saddle", "maximum"})


def run(options: Options) -> int:
    """Minimize, print what was asked for, and return the exit code."""
    check_arguments(options.arguments, "--start", _EXAMPLE)
    _check(options)
    names = _names(options)
    start = numbers_of("--start", options.start, names)
    for name in options.bounds:
        if name not in names:
            _refuse_bound(name, names)
    result = _solved(options, start)
    from taylored.plot.minimum import draw_minimum
    from taylored.plot.solver_terminal import terminal_minimum
    from taylored.report.minimum import minimum_document, minimum_report

    chosen = {"prices": options.prices, "maximum": options.maximize}
    shown = replace(result, findings=findings_in_shell(result.findings))
    deliver(
        options, lambda: minimum_document(result, **chosen),
        lambda **look: minimum_report(shown, **look, **chosen),
        (lambda figure: draw_minimum(result, figure, maximum=options.maximize),
         lambda **look: terminal_minimum(result, **look, maximum=options.maximize)),
    )  # fmt: skip
    if options.json:
        tell_findings(result.findings)
    return _code(result)


def _check(options: Options) -> None:
    """What contradicts itself or is missing, before any work."""
    if len(options.arguments) > 1:
        raise ArgumentError(
            f"One formula is minimized, and {len(options.arguments)} are given.",
            why=f"the second is {options.arguments[1][:40]!r}",
            next_step="put the formula in quotes; constraints go after --subject-to",
        )
    if not options.start:
        raise ArgumentError("--start is missing.", next_step=f"write: {_EXAMPLE}")
    if options.starts < 1:
        raise ArgumentError("--starts 0 leaves nothing to do.", next_step="give --starts 1 or more")
    check_plot(options)


def _names(options: Options) -> tuple[str, ...]:
    """The variables in the order in which they appear; what cannot be read is refused."""
    from taylored.formula import parse

    text = options.arguments[0]
    try:
        found = list(parse(text).model.names)
    except FormulaError as error:
        if _is_relation(text):
            raise ArgumentError(
                f"{text[:40]!r} is an equation or an inequality.",
                why="The first formula is what is to be as small as it can be.",
                next_step=f'give constraints as --subject-to "{text.strip()[:40]}"',
            ) from None
        raise error
    for relation in _relations(options):
        found += relation.expression.names
    if not found:
        raise ArgumentError("The formula has no variables.", next_step="write one, as in x^2")
    return tuple(dict.fromkeys(found))


def _is_relation(text: str) -> bool:
    from taylored.optimize.relations import read_relations

    try:
        return bool(read_relations(text))
    except FormulaError:
        return False


def _relations(options: Options) -> list[Relation]:
    from taylored.optimize.relations import read_relations

    found: list[Relation] = []
    for text in options.subject_to:
        try:
            found += read_relations(text)
        except FormulaError as error:
            error.what = f"--subject-to: {error.what}"
            raise error from None
    return found


def _refuse_bound(name: str, names: tuple[str, ...]) -> None:
    from taylored.formula import suggest

    near = suggest(name, names)
    step = f"did you mean {near}?" if near else f"the variables are {', '.join(names[:8])}"
    raise ArgumentError(f"--bounds: {name[:40]!r} is no variable.", next_step=step)


def _solved(options: Options, start: dict[str, float]) -> Minimum:
    # Heavy imports come after what can be refused without them.
    from taylored.optimize.minimize import minimize

    text = options.arguments[0]
    if options.maximize:
        from taylored.formula import parse

        text = f"-({parse(text).model.text})"
    try:
        with Progress("Maximizing" if options.maximize else "Minimizing"):
            found = minimize(
                text, start, bounds=options.bounds or None, subject_to=options.subject_to or None,
                method=options.method, starts=options.starts, seed=options.seed,
                max_seconds=options.seconds,
            )  # fmt: skip
            _ = found.prices if options.prices and found.usable else found.accuracy
            return found
    except TayloredError as error:
        raise reworded(error) from None


def _code(result: Minimum) -> int:
    """0 a minimum, 4 no point that could be one, 5 a point that need not be one."""
    if result.end == "interrupted":
        output.tell("Interrupted.")
        return 130
    if result.usable and result.kind in _TRUSTED:
        return 0
    return 5 if result.usable and result.kind in _OPEN else 4
