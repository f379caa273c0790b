"""`taylored chain FORMULA --at x=1`: the chain rule of a formula, node by node and path by path."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from taylored.cli import _output as output
from taylored.cli._network import tell
from taylored.cli._solving import check_arguments
from taylored.cli._taylor_box import center_of
from taylored.cli.options import Options
from taylored.errors import ArgumentError

if TYPE_CHECKING:
    from taylored.networks.chain import Chain

__all__ = ["run"]

_EXAMPLE = 'taylored chain "x*exp(-x/tau)" --at x=1,tau=2'


def run(options: Options) -> int:
    """Walk the graph, print what was asked for, and return the exit code."""
    check_arguments(options.arguments, "--at", _EXAMPLE)
    _check(options)
    from taylored.formula import parse

    text = options.arguments[0]
    names = parse(text).model.names
    if not names:
        raise ArgumentError("The formula has no inputs.", next_step="write one, as in x^2")
    center = center_of(options.at, names)
    # Heavy imports come after what can be refused without them.
    from taylored.networks.chain import chain

    result = chain(text, center)
    shown = _text(result, options)
    if options.plot:
        output.write_file(options.plot, lambda path: _draw(result, path))
    output.emit(f"{shown}\n\n{_tree(result, options)}" if options.plot == "" else shown)
    if options.json or options.latex or options.of:
        for finding in result.findings:
            tell(f"{finding.severity}: {finding}", options)
    return 5 if any(f.severity != "note" for f in result.findings) else 0


def _check(options: Options) -> None:
    """What contradicts itself or is missing, before any work."""
    if len(options.arguments) > 1:
        raise ArgumentError(
            f"The chain rule is shown of one formula, and {len(options.arguments)} are given.",
            why=f"the second is {options.arguments[1][:40]!r}",
            next_step="put the formula in quotes",
        )
    if not options.at:
        raise ArgumentError("--at is missing: the point.", next_step=f"write: {_EXAMPLE}")
    if options.plot == "" and (options.json or options.latex):
        raise ArgumentError(
            "A plot in the terminal and --json or --latex would mix.",
            next_step="draw to a file: --plot graph.png",
        )
    output.check_writable([("--plot", options.plot)] if options.plot else [], [])


def _text(result: Chain, options: Options) -> str:
    what: Any = result if options.of is None else result.influence(options.of)
    if options.json:
        document = what.to_dict()
        return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=options.ascii)
    if options.latex:
        return what.latex()
    look = output.look(sys.stdout, options.no_color, options.ascii)
    return what.report(width=min(look.width, 100), color=look.color, unicode=look.unicode)


def _tree(result: Chain, options: Options) -> str:
    from taylored.plot.chain_terminal import terminal_chain

    look = output.look(sys.stdout, options.no_color, options.ascii)
    return terminal_chain(result, width=min(look.width, 100), unicode=look.unicode)


def _draw(result: Chain, path: str) -> None:
    from taylored.plot.chain import draw_chain
    from taylored.plot.save import blank_figure, save_figure
    from taylored.plot.style import styled

    with styled():
        figure = blank_figure()
        draw_chain(result, figure)
    save_figure(figure, path)
