"""Programs for the tests of certificates: from formulas, and quadratic ones from their matrices."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from taylored.optimize.functions.choose import prepared
from taylored.optimize.functions.read import read_constraints
from taylored.optimize.nlp import NonlinearProgram

__all__ = ["Quadratic", "Wrapped", "program", "quadratic"]


class Wrapped:
    """The same functions with sparse matrices, or with products only."""

    def __init__(self, functions: Any, form: str):
        self.functions, self.form = functions, form
        self.variables, self.constraints = functions.variables, functions.constraints

    def values(self, x: np.ndarray) -> Any:
        return self.functions.values(x)

    def first(self, x: np.ndarray) -> Any:
        gradient, jacobian = self.functions.first(x)
        return gradient, csr_array(np.asarray(jacobian))

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        assert self.form == "sparse"
        return csr_array(np.asarray(self.functions.second(x, weight, y)))

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> Any:
        return self.functions.second(x, weight, y) @ v

    def box(self) -> None:
        return None


def program(
    f: str, *, equal: Any = None, at_most: Any = None, bounds: Any = None, form: str = "dense"
) -> NonlinearProgram:
    """A program of formulas whose inputs are named in alphabetical order."""
    text = f"{f} ; {equal} ; {at_most}"
    names = [c for c in "abcdxyz" if re.search(rf"(?<![a-z0-9.]){c}(?![a-z(])", text)]
    ordered = " + ".join(f"0*{c}" for c in names) + f" + {f}"
    start = dict.fromkeys(names, 0.5)
    statement, _, functions, _ = prepared(ordered, read_constraints(equal, at_most), start)
    assert list(statement.names) == names
    n = len(names)
    lower, upper = (-np.inf, np.inf) if bounds is None else bounds
    ends = [np.broadcast_to(np.asarray(b, float), (n,)).copy() for b in (lower, upper)]
    made: Any = functions if form == "dense" else Wrapped(functions, form)
    return NonlinearProgram(
        made, ends[0], ends[1], statement.equality, statement.names, statement.constraint_names
    )


class Quadratic:
    """f = x'Hx/2 + g'x, c = Ax - b, dense or sparse."""

    def __init__(self, h: Any, g: np.ndarray, a: Any, b: np.ndarray):
        self.h, self.g, self.a, self.b = h, g, a, b
        self.variables, self.constraints = g.size, b.size
        self.form = "dense" if isinstance(h, np.ndarray) else "sparse"

    def values(self, x: np.ndarray) -> Any:
        return float(0.5 * x @ (self.h @ x) + self.g @ x), self.a @ x - self.b

    def first(self, x: np.ndarray) -> Any:
        return self.h @ x + self.g, self.a

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        return weight * self.h

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> Any:
        return weight * (self.h @ v)

    def box(self) -> None:
        return None


def quadratic(
    h: Any, g: Any, a: Any = None, b: Any = None, *, equations: int = 0,
    bounds: tuple[Any, Any] = (-np.inf, np.inf),
) -> NonlinearProgram:  # fmt: skip
    """min x'Hx/2 + g'x with Ax = b in the first `equations` rows, Ax <= b in the others."""
    g = np.asarray(g, float)
    n = g.size
    a = np.zeros((0, n)) if a is None else a
    b = np.zeros(0) if b is None else np.asarray(b, float)
    lower, upper = (np.broadcast_to(np.asarray(e, float), (n,)).copy() for e in bounds)
    return NonlinearProgram(
        Quadratic(h, g, a, b), lower, upper, np.arange(b.size) < equations,
        [f"x[{k}]" for k in range(n)], [f"c[{k}]" for k in range(b.size)],
    )  # fmt: skip
