"""What is said against the statements made of rows left out: by these rows, and by their inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.networks.alike import copies, near_copies, shared_columns
from taylored.networks.averages import correlation_within
from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.ensemble import Rows
from taylored.networks.outofbag import OutOfBag
from taylored.networks.result import LEVEL
from taylored.networks.unlearned import left_residuals, unlearned
from taylored.results import Finding

__all__ = ["alike_in_column", "doubts_of", "left_to_learn", "rows_together"]

_SURE = 5.0  # standard errors of a correlation between neighbors
_STRONG = 0.2  # and how large it is at least: below it does little harm
_SOME = 5  # rows of a class of which one at least should be found
_HEAVY = 0.5  # of the squared error in a hundredth of the rows
_FEW_ROWS, _FEW_GROUPS = 50, 30  # below, what is said of the coverage is rough
_LEFT, _LITTLE = 0.2, 0.005  # of the residuals' variance, and of that of y: worth learning
_NAMED = 4  # columns that a finding names


def doubts_of(found: OutOfBag | ClassesOutOfBag, classes: tuple[Any, ...]) -> list[Finding]:
    """Findings about too few rows, errors that depend on the order, and classes left out."""
    if isinstance(found, ClassesOutOfBag):
        return [*_few(found), *_never_found(found, classes)]
    return [*_too_few(found), *_few(found), *_in_order(found), *_few_rows_carry(found)]


def rows_together(rows: Rows, names: dict[int, str]) -> tuple[np.ndarray | None, list[Finding]]:
    """Which rows are to be left out together, (rows,) or None, and findings about rows alike.

    `names` are of the features that are measured numbers.
    """
    z, features = rows.z, list(names)
    shared, things = shared_columns(z[:, features])
    if 0 < len(shared) < z.shape[1]:  # whether new rows are of these things only the user knows
        made = [_of_same_things([names[features[k]] for k in shared], things, len(z))]
    else:
        made, near = [], near_copies(z)
        if near is not None:
            return near, [_near_rows(near)]
    equal = copies(z, rows.t)
    return equal, made if equal is None else [*made, _repeated_rows(equal)]


def alike_in_column(
    found: OutOfBag | ClassesOutOfBag, z: np.ndarray, names: dict[int, str]
) -> list[Finding]:
    """Where errors of rows that agree in one column are alike; `names` are of features of z."""
    r = left_residuals(found)
    for k, name in names.items():
        alike = _alike_within(np.unique(z[:, k], return_inverse=True)[1], r)
        if alike:
            return [_alike_errors(name, alike)]
    return []


def left_to_learn(found: OutOfBag | ClassesOutOfBag, z: np.ndarray) -> Finding | None:
    """Where residuals of neighbors in the inputs z (rows, features) have much in common."""
    share = unlearned(found, z)
    if share.of_residuals < _LEFT or share.of_y < _LITTLE:
        return None
    return Finding(
        "more-to-learn",
        f"rows with similar inputs have similar errors: {100 * share.of_residuals:.0f} % of their "
        "variance is common to neighbors.",
        'The network has not learned all: more units (hidden=), activation="sin" for waves, or '
        "inputs that say more, such as lags, sines and cosines. If their noise is shared, groups=.",
    )


def _repeated_rows(number: np.ndarray) -> Finding:
    """Of exact copies; `number` (rows,) is the same for copies."""
    count = len(number) - int(number.max()) - 1
    return Finding(
        "repeated-rows",
        f"{count} of {len(number)} rows are exact copies of others.",
        "They were left out together with them; if they are one measurement entered twice, remove "
        "them, else use weights=.",
        severity="note",
    )


def _near_rows(number: np.ndarray) -> Finding:
    """Of rows with nearly the same inputs; `number` (rows,) is the same for these."""
    sizes = np.bincount(number)
    return Finding(
        "near-copies",
        f"{int(sizes[sizes > 1].sum())} of {len(number)} rows have the same inputs as others, or "
        f"nearly: {len(sizes)} groups of rows, which were left out together.",
        "What is stated holds for rows unlike these. If each row is a measurement of its own, "
        "and new rows will be as close to these, give groups=range(rows).",
    )


def _of_same_things(names: list[str], things: int, rows: int) -> Finding:
    listed = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return Finding(
        "rows-belong-together",
        f"{listed} take only {things} combinations of values in {rows} rows, as if rows that "
        "agree in them were of one thing: a person, a place, a day.",
        "What is stated holds for new rows of the same things. For new things, number these and "
        "give groups=.",
    )


def _alike_errors(name: str, alike: float) -> Finding:
    return Finding(
        "rows-belong-together",
        f"the errors of rows with equal {name} are alike (correlation {alike:.2f}).",
        f"What is stated holds for new rows with the same values. For others, give "
        f"groups={name!r}.",
    )


def _alike_within(group: np.ndarray, r: np.ndarray) -> float:
    """The correlation of the residuals r (rows, outputs) of two rows of a group, where it is sure;
    else 0."""
    sizes = np.bincount(group)
    pairs = float((sizes * (sizes - 1.0)).sum())
    if not 10 <= len(sizes) <= len(group) / 3 or not pairs:
        return 0.0
    best = max(correlation_within(each, group) for each in r.T)
    return best if best > max(_STRONG, _SURE * (2 / pairs) ** 0.5) else 0.0


def _few(found: OutOfBag | ClassesOutOfBag) -> list[Finding]:
    groups = found.folds.groups is not None
    units, least = found.units, _FEW_GROUPS if groups else _FEW_ROWS
    if units >= least:
        return []
    what = found.folds.drawn
    if units < 0.9 * found.folds.units:
        what = f"{what} of so different weight, which count as {units:.0f},"
    return [
        Finding(
            "few-groups" if groups else "few-rows",
            f"{what} tell little about how often intervals hold: see the standard errors"
            + (", themselves rough." if groups else "."),
            f"More {'groups' if groups else 'rows'} would make the statement sharper.",
            severity="warning" if groups else "note",
        )
    ]


def _too_few(found: OutOfBag) -> list[Finding]:
    if np.isfinite(found.quantile(LEVEL)).all():
        return []
    return [
        Finding(
            "intervals-without-ends",
            f"{found.folds.drawn} are too few for intervals that hold {100 * LEVEL:g} %: they have "
            "no ends.",
            f"{int(LEVEL / (1 - LEVEL) + 0.5)} are the least; or ask for a lower level.",
        )
    ]


def _in_order(found: OutOfBag) -> list[Finding]:
    """Neighbors in the table whose errors are alike: rows of one day, or of one series.

    Of those that were left out together nothing follows.
    """
    r, groups = found.residual - found.residual.mean(0), found.folds.groups
    apart = np.ones(len(r) - 1, bool) if groups is None else groups[1:] != groups[:-1]
    if not apart.any():
        return []
    alike = (r[1:] * r[:-1])[apart].mean(0) / np.maximum((r * r).mean(0), 1e-300)
    most = float(alike.max())
    if most <= max(_STRONG, _SURE / int(apart.sum()) ** 0.5):
        return []
    return [
        Finding(
            "errors-depend-on-order",
            f"the errors of neighboring rows are alike (correlation {most:.2f}): rows seem to "
            "belong together, or to follow one another.",
            "What is stated holds for rows between these, not for new groups or for what comes "
            "next; give groups=.",
        )
    ]


def _few_rows_carry(found: OutOfBag) -> list[Finding]:
    squares = np.sort((found.residual**2 / np.maximum((found.residual**2).sum(0), 1e-300)).max(1))
    few = max(1, len(squares) // 100)
    share = float(squares[-few:].sum())
    if share <= _HEAVY:
        return []
    return [
        Finding(
            "few-rows-carry-the-error",
            f"{100 * share:.0f} % of the squared error comes from {few} of {len(squares)} rows: "
            "the root mean square error and its standard error hang on them.",
            "Look at these rows (net.leverage()); intervals do not hang on them.",
        )
    ]


def _never_found(found: ClassesOutOfBag, classes: tuple[Any, ...]) -> list[Finding]:
    predicted, made = found.probability.argmax(1), []
    for k, label in enumerate(classes):
        own = found.t == k
        if own.sum() >= _SOME and not (predicted[own] == k).any():
            made.append(
                Finding(
                    "class-never-found",
                    f"none of the {int(own.sum())} rows of class {label} was recognized when left "
                    "out.",
                    "Rates hold for all classes together, not for this one; more rows of it, or "
                    "weights=, may help.",
                )
            )
    return made
