"""The fitted curve at the points of `--predict`, as text, CSV and JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taylored.cli._deliver import plain, table_csv
from taylored.cli._output import Look
from taylored.cli.options import Options
from taylored.errors import ArgumentError, ColumnError

if TYPE_CHECKING:
    import numpy as np

    from taylored.regression.predict import Prediction
    from taylored.regression.result import Fit

__all__ = ["Predicted", "predicted"]


@dataclass(frozen=True)
class Predicted:
    """A prediction with the columns that it was asked at."""

    columns: dict[str, np.ndarray]
    prediction: Prediction

    def document(self) -> dict[str, Any]:
        """For JSON; what is not a finite number is null."""
        p = self.prediction
        return {
            "band": p.band,
            "level": p.level,
            "kind": str(p.kind),
            "note": p.note,
            "columns": {name: _finite(values) for name, values in self.columns.items()},
            **{name: _finite(getattr(p, name)) for name in ("value", "lo", "hi", "stderr")},
        }

    def csv(self) -> str:
        """One row per point, with all figures."""
        p = self.prediction
        series = [*self.columns.values(), p.value, p.lo, p.hi, p.stderr]
        rows = [[plain(v) for v in row] for row in zip(*(s.tolist() for s in series), strict=True)]
        return table_csv([[*self.columns, "value", "lo", "hi", "stderr"], *rows])

    def text(self, look: Look) -> str:
        """A table to read: each value with the place of its error."""
        from taylored.report.letters import ascii_only, visible
        from taylored.report.numbers import bounds, number, percent, place_of, rounded

        p = self.prediction
        rows = [[*self.columns, "value", "interval"]]
        series = [s.tolist() for s in (*self.columns.values(), p.value, p.lo, p.hi)]
        for *at, value, lo, hi in zip(*series, strict=True):
            known = math.isfinite(value) and math.isfinite(hi - lo)
            place = place_of(value, (hi - lo) / 2) if known and hi > lo else None
            shown = rounded(value, place) + place.suffix if place else number(value, 6)
            rows.append([*(number(v, 8) for v in at), shown, bounds(lo, hi, place)])
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
        lines = ["  ".join([*map(str.rjust, row, widths), row[-1]]) for row in map(list, rows)]
        head = f"Prediction: {p.band} band, {percent(p.level)}, {p.kind}"
        head = textwrap.fill(visible(f"{head}. {p.note}" if p.note else head), min(look.width, 100))
        text = "\n".join([head, "", *map(visible, lines)])
        return text if look.unicode else ascii_only(text)


def _finite(values: np.ndarray) -> list[float | None]:
    return [v if math.isfinite(v) else None for v in values.tolist()]


def predicted(fit: Fit, options: Options, where_from: Mapping[str, str]) -> Predicted | None:
    """The prediction that `--predict` asks for, None without it."""
    if options.predict is None:
        return None
    columns = _points(fit, options, where_from)
    prediction = fit.predict(columns, level=options.level, kind=options.band)
    return Predicted(columns, prediction)


def _points(fit: Fit, options: Options, where_from: Mapping[str, str]) -> dict[str, np.ndarray]:
    from taylored.cli.grids import grid

    names = fit.setup.model.columns
    values = grid(options.predict)
    if values is None:
        return _from_file(names, options, where_from)
    if not names:
        raise ArgumentError("--predict: the model is a constant, without any input.",
                            next_step="leave --predict out")  # fmt: skip
    if len(names) != 1:
        raise ArgumentError(
            f"--predict: the model has {len(names)} inputs, {', '.join(names)}; a grid is for one.",
            next_step="give a file with these columns",
        )
    import numpy as np

    return {names[0]: np.array(values)}


def _from_file(
    names: tuple[str, ...], options: Options, where_from: Mapping[str, str]
) -> dict[str, np.ndarray]:
    from taylored.cli.tables import open_table

    table = open_table(options.predict)
    found = {}
    for name in names:
        known = [n for n in (name, where_from.get(name, name)) if n in table.names]
        if not known and len(names) == len(table.names) == 1:
            known = ["1"]
        if not known:
            raise ColumnError(
                f"--predict: there is no column {name!r}.",
                where=table.source,
                why=f"the columns are {', '.join(table.names[:20])}",
                next_step="give the columns of the model the same names there",
            )
        found[name] = known[0]
    loaded = table.load(list(dict.fromkeys(found.values())))
    return {name: loaded.columns[column] for name, column in found.items()}
