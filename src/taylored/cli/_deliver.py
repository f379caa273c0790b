"""What becomes of a finished fit: report, JSON, CSV, pictures, a saved file, the exit code."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from taylored.cli import _output as output
from taylored.cli.options import Options
from taylored.errors import ArgumentError

if TYPE_CHECKING:
    from taylored.cli._prediction import Predicted
    from taylored.regression.result import Fit

__all__ = ["Ready", "Result", "check", "exit_code", "prepare"]

_NOT_CONVERGED = ("not-converged", "not-a-minimum", "not-finite")


@dataclass(frozen=True)
class Result:
    """A fit with what was asked for beside it."""

    fit: Fit
    options: Options
    data: Mapping[str, Any] | None = None
    predicted: Predicted | None = None


def check(options: Options, sources: Sequence[str]) -> None:
    """Refuse outputs that contradict each other or cannot be written, before any work."""
    if options.json and options.csv:
        raise ArgumentError("--json and --csv exclude each other.", next_step="choose one")
    if options.plot == "" and (options.json or options.csv) and not options.output:
        raise ArgumentError(
            "A plot in the terminal and --json or --csv would mix.",
            next_step="draw to a file: --plot out.png",
        )
    flags = {"--save": options.save, "--plot": options.plot, "--output": options.output}
    output.check_writable(((f, name) for f, name in flags.items() if name), sources)


def exit_code(fit: Fit, fail_on: str) -> int:
    """0 for a result, 4 not converged, 5 not to be trusted, 6 not identifiable."""
    errors = {f.name for f in fit.warnings if f.severity == "error"}
    if "undetermined" in errors:
        return 6
    if errors:
        return 4 if errors & set(_NOT_CONVERGED) else 5
    warned = any(f.severity == "warning" for f in fit.warnings)
    return 5 if warned and fail_on == "warn" else 0


@dataclass(frozen=True)
class Ready:
    """All that is left to do: what to print, what to remark, and the exit code."""

    text: str
    remarks: tuple[str, ...]
    code: int

    def deliver(self) -> int:
        """Print, and return the exit code."""
        if self.text:
            output.emit(self.text)
        for remark in self.remarks:
            output.tell(remark)
        return self.code


def prepare(result: Result) -> Ready:
    """Do all the work, and write the files; what is printed comes last, and all at once."""
    options, fit = result.options, result.fit
    shown = replace(result, fit=_profiled(fit)) if options.profile else result
    text = _result_text(shown)
    picture = _terminal_plot(fit, options) if options.plot == "" else ""
    remarks, code = tuple(_remarks(result)), exit_code(fit, options.fail_on)
    if options.save:
        output.write_file(options.save, fit.save)
    if options.plot:
        output.write_file(options.plot, lambda path: _draw(shown, path))
    if options.output:
        output.write_file(options.output, lambda path: _write_text(path, text))
        text = ""
    return Ready("\n\n".join(part.rstrip("\n") for part in (text, picture) if part), remarks, code)


def _write_text(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text.rstrip("\n") + "\n")


def _remarks(result: Result) -> Iterator[str]:
    """For standard error what a result without its report does not show."""
    options = result.options
    if not (options.json or options.csv or options.quiet):
        return
    for finding in result.fit.warnings:
        if finding.severity == "error" or not (options.quiet or finding.severity == "note"):
            yield f"{finding.severity}: {finding}"


def _result_text(result: Result) -> str:
    options = result.options
    if options.json:
        return _json(result)
    if options.csv:
        return _parameters_csv(result) if result.predicted is None else result.predicted.csv()
    if options.quiet and not options.output:
        return "" if result.predicted is None else result.predicted.text(look_of(options))
    return _report(result)


def look_of(options: Options) -> output.Look:
    """How what goes to standard output may look; a file gets no colors."""
    look = output.look(sys.stdout, options.no_color, options.ascii)
    return output.Look(80, False, not options.ascii) if options.output else look


def _profiled(fit: Fit) -> Fit:
    """The same fit with profile intervals for every parameter."""

    class Profiled(type(fit)):
        """A fit whose intervals are profiles unless another method is asked for."""

        def interval(self, name: str, level: float = 0.95, method: str = "auto") -> Any:
            return super().interval(name, level, "profile-t" if method == "auto" else method)

    return Profiled(fit.setup, fit.solution, fit.automatic, fit.cost)


# ---- the forms of a result ------------------------------------------------------------------


def _units(result: Result) -> dict[str, str]:
    if not result.options.units:
        return {}
    from taylored.cli.units import parameter_units

    return parameter_units(result.fit, result.options.units)


def _report(result: Result) -> str:
    from taylored.report.text import fit_report

    options, look = result.options, look_of(result.options)
    units = {name: unit for name, unit in _units(result).items() if unit != "1"}
    text = fit_report(
        result.fit, options.level, width=min(look.width, 100), color=look.color,
        unicode=look.unicode, units=units,
    )  # fmt: skip
    if result.predicted is None:
        return text
    return f"{text.rstrip()}\n\n{result.predicted.text(look)}"


def _json(result: Result) -> str:
    document: dict[str, Any] = result.fit.to_dict(result.options.level)
    units = _units(result)
    if units:
        document["units"] = {name: unit or None for name, unit in units.items()}
    if result.data is not None:
        document["data"] = dict(result.data)
    if result.predicted is not None:
        document["prediction"] = result.predicted.document()
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=result.options.ascii)


def _parameters_csv(result: Result) -> str:
    fit, units = result.fit, _units(result)
    rows: list[list[Any]] = [
        ["name", "value", "stderr", "lo", "hi", "level", "method", "kind", "digits", "unit"]
    ]
    for name, value in fit.params.items():
        interval = fit.interval(name, result.options.level)
        numbers = [value, fit.stderr[name], interval.lo, interval.hi, interval.level]
        trust = [interval.method, str(interval.kind), plain(round(fit.digits[name], 2))]
        rows.append([name, *map(plain, numbers), *trust, units.get(name, "")])
    return table_csv(rows)


def plain(value: float | None) -> str:
    """A number with all its figures; nothing for one that is not known."""
    return "" if value is None or math.isnan(value) else repr(float(value))


def table_csv(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


# ---- pictures -------------------------------------------------------------------------------


def _terminal_plot(fit: Fit, options: Options) -> str:
    from taylored.plot.terminal import terminal_plot

    look = look_of(options)
    return terminal_plot(fit, width=min(look.width, 100), color=look.color, unicode=look.unicode)


def _draw(result: Result, path: str) -> None:
    from taylored.plot.save import save_plot

    save_plot(result.fit, path, result.options.level, units=_given_units(result.options))


def _given_units(options: Options) -> dict[str, str]:
    """Units by the names that the formula knows."""
    from taylored.formula import normalize_name

    return {normalize_name(name): unit for name, unit in options.units.items()}
