"""`taylored predict NET DATA`: what a saved network says of new rows, with intervals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.cli import _output as output
from taylored.cli._data import open_data
from taylored.cli._deliver import plain, table_csv
from taylored.cli._network import (
    in_shell,
    reworded,
    tell,
    tell_findings,
    tell_notes,
    write_text,
)
from taylored.cli.options import Options
from taylored.errors import ArgumentError, ColumnError, EmptyDataError, NotNumericError

if TYPE_CHECKING:
    from taylored.cli._cells import CellTable
    from taylored.networks.prediction import Prediction
    from taylored.networks.result import Network

__all__ = ["run"]

_EXAMPLE = "taylored predict net.safetensors new.csv"


def run(options: Options) -> int:
    """Load, predict, print, and return the exit code."""
    given = options.arguments
    if len(given) != 2:
        raise ArgumentError(
            "Two arguments are expected, the saved network and DATA.",
            next_step=f"write: {_EXAMPLE}",
        )
    path, source = given
    if path == "-":
        raise ArgumentError("The network is read from a file, not from -.",
                            next_step=f"write: {_EXAMPLE}")  # fmt: skip
    if options.output:
        output.check_writable([("--output", options.output)], [path, source])
    net = _loaded(path)
    table = open_data(source, options)
    data = table.cells(table.names, options.where)
    tell_notes(data.notes, options)
    columns = _inputs(net, table.names, table.index)
    kept = _complete(data, columns, options)
    rest = data.take(kept)
    with rest.rows_as_lines(), reworded():
        found = net.predict(_table(net, rest, columns), options.level)
    _deliver(found, data, kept, options)
    missing = data.rows - data.left_out - len(kept)
    _tell(net, found, rest, missing, options)
    return _code(net, found, missing, options)


def _loaded(path: str) -> Network:
    import taylored
    from taylored.networks.result import Network

    found = taylored.load(path)
    if not isinstance(found, Network):
        raise ArgumentError(
            f"{path!r} holds a fit, not a network.",
            next_step=f"write: taylored show {path} --predict DATA",
        )
    return found


# ---- rows ----


def _inputs(net: Network, names: tuple[str, ...], index: Any) -> list[str]:
    """The columns of the file that are the inputs, in their order."""
    wanted = [str(c.name) for c in net.encoder.columns]
    if net.encoder.named:
        return [names[index(name)] for name in wanted]
    if len(names) != len(wanted):
        raise ColumnError(
            f"The network was trained on {len(wanted)} columns without names, and there are "
            f"{len(names)}.",
            next_step="give these columns alone, in the order of training",
        )
    return list(names)


def _complete(data: CellTable, columns: list[str], options: Options) -> np.ndarray:
    """The positions of rows without missing inputs."""
    gone = np.logical_or.reduce([_absent(data.columns[name]) for name in columns])
    if gone.any() and options.na == "fail":
        first = int(np.flatnonzero(gone)[0]) + 1
        raise NotNumericError(
            f"Inputs are missing in {int(gone.sum())} rows.",
            where=f"{data.source}, {data.in_lines(f'row {first}')}",
            next_step="fill them in, or leave such rows without prediction: --na drop",
        )
    if gone.all():
        raise EmptyDataError(
            f"Every row of {data.source} has a missing input.", next_step="fill the cells in"
        )
    return np.flatnonzero(~gone)


def _absent(cells: np.ndarray) -> np.ndarray:
    if cells.dtype.kind == "f":
        return np.isnan(cells)
    if cells.dtype.kind == "O":
        return np.array([c is None for c in cells], bool)
    return np.zeros(len(cells), bool)


def _table(net: Network, data: CellTable, columns: list[str]) -> Any:
    """What `predict` takes: columns by the names of training."""
    cells = [data.columns[name] for name in columns]
    if net.encoder.named:
        return {str(c.name): v for c, v in zip(net.encoder.columns, cells, strict=True)}
    if any(c.dtype.kind == "O" for c in cells):
        return np.column_stack([c.astype(object) for c in cells])
    return np.column_stack(cells)


# ---- results ----


def _deliver(p: Prediction, data: CellTable, kept: np.ndarray, options: Options) -> None:
    text = _document(p, data, kept, options) if options.json else _csv(p, data, kept)
    if options.output:
        output.write_file(options.output, lambda path: write_text(path, text))
    else:
        output.emit(text)


def _document(p: Prediction, data: CellTable, kept: np.ndarray, options: Options) -> str:
    from taylored.report.network_document import prediction_document

    document = prediction_document(p)
    document["rows"] = [int(k) + 1 for k in kept]
    document["lines"] = None if data.lines is None else [int(data.lines[k]) for k in kept]
    document["data"] = data.document()
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=options.ascii)


def _csv(p: Prediction, data: CellTable, kept: np.ndarray) -> str:
    """The columns of the data, then what is said of each row; nothing where nothing is claimed."""
    total = len(next(iter(data.texts.values())))
    said: dict[str, list[str]] = {}
    for name, cells in _said(p).items():
        own = [""] * total
        for k, cell in zip(kept, cells, strict=True):
            own[k] = cell
        said[_free(name, data.texts)] = own
    trusted = np.zeros(total, bool)
    trusted[kept] = p.trusted
    said[_free("trusted", data.texts)] = [str(bool(t)).lower() for t in trusted]
    rows = zip(*data.texts.values(), *said.values(), strict=True)
    return table_csv([[*data.texts, *said], *rows])


def _free(name: str, taken: dict[str, list[str]]) -> str:
    while name in taken:
        name = f"predicted_{name}"
    return name


def _said(p: Prediction) -> dict[str, list[str]]:
    """The new columns, by name."""
    if p.probabilities is not None:
        return _classes(p)
    found: dict[str, list[str]] = {}
    values = p.value.reshape(len(p), -1)
    lo, hi = (None if e is None else e.reshape(len(p), -1) for e in (p.lo, p.hi))
    for k, name in enumerate(p.names):
        head = f"{name}_" if len(p.names) > 1 else ""
        found[f"{head}value"] = [plain(v) for v in values[:, k].tolist()]
        for side, ends in (("lo", lo), ("hi", hi)):
            cells = [""] * len(p) if ends is None else [
                plain(v) if ok else "" for v, ok in zip(ends[:, k].tolist(), p.trusted, strict=True)
            ]  # fmt: skip
            found[f"{head}{side}"] = cells
    return found


def _classes(p: Prediction) -> dict[str, list[str]]:
    assert p.probabilities is not None
    found = {"class": [str(v) for v in p.value.tolist()]}
    for k, label in enumerate(p.classes):
        found[f"probability {label}"] = [plain(v) for v in p.probabilities[:, k].tolist()]
    if p.sets is not None:
        labels = [str(c) for c in p.classes]
        found["set"] = [
            ";".join(label for label, within in zip(labels, row, strict=True) if within) if ok
            else "" for row, ok in zip(p.sets.tolist(), p.trusted, strict=True)
        ]  # fmt: skip
    return found


# ---- what is told beside them ----


def _tell(net: Network, p: Prediction, rest: CellTable, missing: int, options: Options) -> None:
    from taylored.report.network_prediction import prediction_status

    if not options.quiet:
        tell(f"note: {in_shell(prediction_status(p))}", options)
        if missing:
            said = "row with a missing input has" if missing == 1 else (
                "rows with missing inputs have")  # fmt: skip
            output.note(f"{missing} {said} no prediction")
    tell_findings(rest.findings(p.findings), options)
    tell_findings([f for f in net.findings if f.severity == "error"], options)


def _code(net: Network, p: Prediction, missing: int, options: Options) -> int:
    """0, or 5 where the network or with --fail-on warn a row is not to be trusted."""
    from taylored.results import Accuracy

    if not net.usable:
        return 5
    doubtful = missing > 0 or not p.trusted.all() or p.kind is Accuracy.UNKNOWN
    return 5 if doubtful and options.fail_on == "warn" else 0
