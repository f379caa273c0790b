"""`taylored show FILE`: a saved fit or network again, without the data file."""

from __future__ import annotations

from taylored.cli._deliver import Result, check, prepare
from taylored.cli._prediction import predicted
from taylored.cli._progress import Progress
from taylored.cli.grids import grid
from taylored.cli.options import LEVEL, Options
from taylored.errors import ArgumentError

__all__ = ["run"]


def run(options: Options) -> int:
    """Load what was saved, deliver what was asked for, and return the exit code."""
    if len(options.arguments) != 1:
        what = "One file is expected, written by taylored fit or train with --save."
        raise ArgumentError(what, next_step="see: taylored show --help")
    path = options.arguments[0]
    sources = [path]
    if options.predict is not None and grid(options.predict) is None:
        sources.append(options.predict)
    check(options, sources)
    with Progress("Loading", not options.quiet):
        import taylored

        fit = taylored.load(path)
        if not isinstance(fit, taylored.Fit):
            from taylored.cli.train import show_network

            return show_network(fit, options)
        options.level = LEVEL if options.level is None else options.level
        result = Result(fit, options, None, predicted(fit, options, {}))
        ready = prepare(result)
    return ready.deliver()
