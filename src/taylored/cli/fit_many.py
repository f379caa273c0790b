"""`taylored fit-many DATA FORMULA`: one model on every pixel, curve or group."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from taylored.cli import _output as output
from taylored.cli._data import check_sigma, open_data
from taylored.cli._deliver import look_of, plain, table_csv
from taylored.cli.fit import wrong_count
from taylored.cli.options import Options
from taylored.errors import ArgumentError, UnfinishedError
from taylored.formula import Formula, normalize_name, parse

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["run"]


def run(options: Options) -> int:
    """Fit all, deliver what was asked for, and return the exit code."""
    given = options.arguments
    if len(given) != 2:
        raise wrong_count(given, "fit-many", "a*exp(-t/tau) + c")
    source, text = given
    formula = parse(text)
    _check(options, source)
    many = _kept(options, lambda: _fitted(source, formula, options))
    _deliver(many, options)
    return _exit_code(many, options)


def _check(options: Options, source: str) -> None:
    """What contradicts itself or cannot be written, before any work."""
    if options.json and options.csv:
        raise ArgumentError("--json and --csv exclude each other.", next_step="choose one")
    if options.plot == "":
        raise ArgumentError("--plot needs a file here.", next_step="write --plot quality.png")
    if options.threads == 0:
        raise ArgumentError("--threads is 0.", next_step="give 1 or more, or leave it out")
    if options.overwrite and not options.out:
        raise ArgumentError("--overwrite belongs to --out.", next_step="add --out MAPS.zarr")
    check_sigma(options.sigma)
    if options.plot:
        output.check_writable([("--plot", options.plot)], [source])
    _check_kind(options, source)


_OF_CUBES = ("dim", "var", "mask", "coord", "ledger", "out")
_OF_TABLES = ("where", "na_values", "sep", "decimal", "header")


def _check_kind(options: Options, source: str) -> None:
    from taylored.cli._cubes import Kind, kind_of

    table = kind_of(source) == Kind.TABLE
    if table and not options.by:
        raise ArgumentError(
            f"{source[:200]!r} is read as a table: which rows belong to one fit?",
            next_step="name the columns that tell the fits apart: --by KEY; or give a cube (.zarr, "
            ".nc, .npy, .npz)",
        )
    if options.by and not table:
        raise ArgumentError("--by is for tables, and DATA holds arrays.",
                            next_step="leave it out, and give --dim")  # fmt: skip
    for name in _OF_CUBES if table else _OF_TABLES:
        if getattr(options, name) not in (None, []):
            flag = f"--{name.replace('_', '-')}"
            what = "a long table" if table else "arrays"
            raise ArgumentError(f"{flag} does not go with {what}.", next_step="leave it out")


# ---- fits -----------------------------------------------------------------------------------


def _kept(options: Options, fit: Any) -> ManyFits:
    """Fit; where it is stopped or fails, say what was kept."""
    from taylored.many.failures import Interrupted

    try:
        return fit()
    except Interrupted as stop:
        many: ManyFits = stop.result
        output.note(_finished(many, options))
        raise KeyboardInterrupt from None
    except UnfinishedError as error:
        if error.result is not None:
            error.next_step = _finished(error.result, options)
        raise


def _finished(many: ManyFits, options: Options) -> str:
    """How many fits are finished, where they are, and how to go on."""
    done = many.fits - many.counts.get("not-run", 0)
    said = f"{done:,} of {many.fits:,} fits are finished"
    maps = f"; maps so far in {options.out}" if options.out else ""
    if options.ledger:
        return f"{said} and kept in {options.ledger}{maps}. Run the same command to go on."
    return f"{said}{maps}; with --ledger DIR they would be kept, and the same command would go on."


def _fitted(source: str, formula: Formula, options: Options) -> ManyFits:
    # Heavy imports come after what can be refused without them.
    if options.by:
        return _of_table(source, formula, options)
    from taylored.cli._cubes import Kind, arrays_job, kind_of, labeled_job
    from taylored.many.run import run as run_job
    from taylored.many.verb import fit_many

    if kind_of(source) != Kind.NUMPY:
        found = labeled_job(source, formula, options)
        if found is not None:
            job, units = found
            return replace(run_job(job), units=units)
    given = arrays_job(source, formula, options)
    out = _unnamed_output(options)
    return fit_many(formula.model.text, **given, **_model_options(options), out=out,
                    threads=options.threads, ledger=options.ledger,
                    progress=not options.quiet)  # fmt: skip


def _model_options(options: Options) -> dict[str, Any]:
    return {
        "start": options.start or None, "bounds": options.bounds or None,
        "fixed": options.fixed or None, "dtype": options.dtype, "absolute_sigma": options.absolute,
    }  # fmt: skip


def _unnamed_output(options: Options) -> Any:
    if options.out is None:
        return None
    from taylored.many.output import Output

    return Output(options.out, overwrite=options.overwrite)


def _of_table(source: str, formula: Formula, options: Options) -> ManyFits:
    from taylored.many.verb import fit_many

    table = open_data(source, options)
    keys = [key.strip() for key in options.by.split(",") if key.strip()]
    known = {normalize_name(name).strip(): name for name in table.names}
    response = [] if formula.response is None else formula.response.names
    wanted = [known[n] for n in (*response, *formula.model.names) if n in known]
    sigma = _sigma(options.sigma, known)
    wanted += [*keys, *([sigma] if isinstance(sigma, str) else [])]
    data = table.cells(list(dict.fromkeys(wanted)), options.where)
    for text in data.notes:
        if not (options.quiet or text.startswith("separator: ")):
            output.note(text)
    with data.rows_as_lines():
        return fit_many(formula.text, data.columns, by=keys, sigma=sigma,
                        **_model_options(options))  # fmt: skip


def _sigma(text: str | None, known: Any) -> Any:
    if text is None:
        return None
    name = known.get(normalize_name(text).strip())
    if name is not None:
        return name
    try:
        return float(text)
    except ValueError:
        return text


# ---- results --------------------------------------------------------------------------------


def _deliver(many: ManyFits, options: Options) -> None:
    """Files first; what is printed comes last, and all at once."""
    text = _text(many, options)
    if options.plot:
        output.write_file(options.plot, lambda path: _draw(many, path))
    if text:
        output.emit(text)
    if not text or options.json or options.csv:
        for finding in many.warnings:
            if finding.severity == "error" or not options.quiet:
                output.tell(f"{finding.severity}: {finding}")


def _text(many: ManyFits, options: Options) -> str:
    if options.json:
        from taylored.report.many import many_document

        document = {**many_document(many), "out": options.out}
        return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=options.ascii)
    if options.csv:
        return _csv(many)
    if options.quiet:
        return ""
    from taylored.report.many import many_report

    options.output = None
    look = look_of(options)
    report = many_report(many, width=min(look.width, 100), color=look.color, unicode=look.unicode)
    written = f"\n\nMaps are in {output.visible(options.out)}." if options.out else ""
    return report.rstrip("\n") + written


def _csv(many: ManyFits) -> str:
    columns = many.to_table()
    cells = [
        [plain(v) for v in values.tolist()] if values.dtype.kind == "f" else values.tolist()
        for values in columns.values()
    ]
    return table_csv([[*columns], *map(list, zip(*cells, strict=True))])


def _draw(many: ManyFits, path: str) -> None:
    from taylored.plot.many import draw_many
    from taylored.plot.save import blank_figure, save_figure
    from taylored.plot.style import styled

    with styled():
        figure = blank_figure()
        draw_many(many, figure)
    save_figure(figure, path)


def _exit_code(many: ManyFits, options: Options) -> int:
    """0 where a fit is usable; 5 for none, or, if asked for, where any is not."""
    usable = many.counts.get("ok", 0)
    wanted = many.fits - many.counts.get("masked", 0)
    return 5 if not usable or (options.fail_on == "warn" and usable < wanted) else 0
