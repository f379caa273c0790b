"""What the rows that were left out say against the statements made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.outofbag import OutOfBag
from taylored.networks.result import LEVEL
from taylored.results import Finding

__all__ = ["doubts_of"]

_SURE = 5.0  # standard errors of a correlation between neighbors
_STRONG = 0.2  # and how large it is at least: below it does little harm
_SOME = 5  # rows of a class of which one at least should be found
_HEAVY = 0.5  # of the squared error in a hundredth of the rows


def doubts_of(found: OutOfBag | ClassesOutOfBag, classes: tuple[Any, ...]) -> list[Finding]:
    """Findings about errors that depend on the order, hang on few rows, or leave a class out."""
    if isinstance(found, ClassesOutOfBag):
        return _never_found(found, classes)
    return [*_too_few(found), *_in_order(found), *_few_rows_carry(found)]


def _too_few(found: OutOfBag) -> list[Finding]:
    if np.isfinite(found.quantile(LEVEL)).all():
        return []
    return [
        Finding(
            "intervals-without-ends",
            f"{len(found.t)} rows are too few for intervals that hold {100 * LEVEL:g} %: they have "
            "no ends.",
            f"{int(LEVEL / (1 - LEVEL)) + 1} rows are the least; or ask for a lower level.",
        )
    ]


def _in_order(found: OutOfBag) -> list[Finding]:
    """Neighbors in the table whose errors are alike: rows of one day, or of one series."""
    r = found.residual - found.residual.mean(0)
    alike = (r[1:] * r[:-1]).sum(0) / np.maximum((r * r).sum(0), 1e-300)
    most = float(alike.max())
    if most <= max(_STRONG, _SURE / len(r) ** 0.5):
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
