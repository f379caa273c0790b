"""`taylored train DATA "price ~ ."`: a network with intervals whose coverage is measured."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from taylored.cli import _output as output
from taylored.cli._data import open_data
from taylored.cli._deliver import look_of
from taylored.cli._network import (
    exit_code,
    findings_in_shell,
    in_shell,
    reworded,
    tell_findings,
    tell_notes,
    write_text,
)
from taylored.cli.fit import wrong_count
from taylored.cli.options import Options
from taylored.errors import ArgumentError

if TYPE_CHECKING:
    from taylored.cli._cells import CellTable
    from taylored.networks.result import Network

__all__ = ["run", "show_network"]


def run(options: Options) -> int:
    """Train, deliver what was asked for, and return the exit code."""
    given = options.arguments
    if len(given) != 2:
        raise wrong_count(given, "train", "price ~ .")
    source, formula = given
    _check(options, source)
    table = open_data(source, options)
    data = table.cells(table.names, options.where)
    tell_notes(data.notes, options)
    with data.rows_as_lines(), reworded():
        net = _trained(data, formula, options)
    shown = replace(net, findings=data.findings(net.findings))
    _deliver(net, shown, data, options)
    return exit_code(net, options)


def _check(options: Options, source: str) -> None:
    """What contradicts itself or cannot be written, before any work."""
    if options.plot == "" and options.json and not options.output:
        raise ArgumentError(
            "A plot in the terminal and --json would mix.",
            next_step="draw to a file: --plot out.png",
        )
    if options.importance and options.intervals != "out-of-bag":
        raise ArgumentError(
            f"--importance needs rows left out, which --intervals {options.intervals} has not.",
            next_step="leave --intervals out",
        )
    flags = {"--save": options.save, "--plot": options.plot, "--output": options.output,
             "--checkpoint": options.checkpoint}  # fmt: skip
    output.check_writable(((f, name) for f, name in flags.items() if name), [source])


def _trained(data: CellTable, formula: str, options: Options) -> Network:
    # Heavy imports come after what can be refused without them.
    from taylored.networks.data.terms import find_sources
    from taylored.networks.train import train

    sources = find_sources(data.columns, formula, options.weights, options.groups)
    weights = [] if options.weights is None else [options.weights]
    data.require_clean([*sources.response.names, *sources.inputs.names, *weights])
    try:
        return train(
            data.columns, formula, hidden=options.hidden, activation=options.activation,
            task=options.task, weights=options.weights, groups=options.groups,
            members=options.members, intervals=options.intervals, noise=options.noise,
            regularization=options.regularization, solver=options.solver, seed=options.seed,
            missing=options.na, progress=sys.stderr.isatty() and not options.quiet,
            checkpoint=options.checkpoint,
        )  # fmt: skip
    except KeyboardInterrupt:
        file = options.checkpoint
        output.note(f"the same command goes on from {file}" if file else
                    "with --checkpoint FILE the same command would go on from here")  # fmt: skip
        raise


# ---- results ----


def show_network(net: Network, options: Options) -> int:
    """A saved network again, with the options of `taylored show`; returns the exit code."""
    for flag, given in (("--predict", options.predict), ("--csv", options.csv),
                        ("--profile", options.profile), ("--units", options.units)):  # fmt: skip
        if given:
            raise ArgumentError(
                f"{flag} is of fits, and this is a network.",
                next_step=f"write: taylored predict {options.arguments[0]} DATA",
            )
    from taylored.networks.result import LEVEL

    options.importance, options.plot_kind = False, "auto"
    options.level = LEVEL if options.level is None else options.level
    _deliver(net, net, None, options)
    return exit_code(net, options)


def _deliver(net: Network, shown: Network, data: CellTable | None, options: Options) -> None:
    """Files first; what is printed comes last, and all at once."""
    text = _text(shown, data, options)
    told = options.importance and options.plot_kind == "importance"  # the bars are in the text
    picture = _terminal(net, options) if options.plot == "" and not told else ""
    if options.save:
        output.write_file(options.save, net.save)
    if options.plot:
        output.write_file(options.plot, lambda path: _draw(net, options.plot_kind, path))
    if options.output:
        output.write_file(options.output, lambda path: write_text(path, text))
        text = ""
    if options.quiet and not options.json:
        text = ""
    parts = [part.rstrip("\n") for part in (text, picture) if part]
    if parts:
        output.emit("\n\n".join(parts))
    if options.json or options.quiet:
        tell_findings(shown.findings, options)


def _text(net: Network, data: CellTable | None, options: Options) -> str:
    """The document or the report, with the ranking of inputs where it is asked for."""
    if options.json:
        from taylored.report.network_document import network_document

        document = network_document(net, options.level)
        if data is not None:
            document["data"] = data.document()
        if options.importance:
            document["importance"] = net.importance().to_dict()
        return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=options.ascii)
    from taylored.report.network import network_page
    from taylored.report.page import page_text

    look = look_of(options)
    width = min(look.width, 100)
    page = network_page(net, options.level)
    page = replace(page, verdict=in_shell(page.verdict), findings=findings_in_shell(page.findings))
    parts = [page_text(page, width, look.color, look.unicode)]
    if options.importance:
        found = net.importance()
        parts.append(found.report(width=width, color=look.color, unicode=look.unicode))
    return "\n\n".join(parts)


def _terminal(net: Network, options: Options) -> str:
    from taylored.plot.network_terminal import terminal_network

    look = look_of(options)
    return terminal_network(net, options.plot_kind, width=min(look.width, 100), color=look.color,
                            unicode=look.unicode)  # fmt: skip


def _draw(net: Network, kind: str, path: str) -> None:
    from taylored.plot.network import draw_network
    from taylored.plot.save import blank_figure, save_figure
    from taylored.plot.style import styled

    with styled():
        figure = blank_figure()
        draw_network(net, figure, kind)
    save_figure(figure, path)
