"""The network 1-6-7-2 walked forwards and backwards, rightly or with mistakes of exercise 2F."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taylored.course.checking import Case
from taylored.course.checking.compare import same

__all__ = ["NAMES", "TOLERANCE", "Walk", "model", "wrong_ones"]

NAMES = ("dW1", "db1", "dW2", "db2", "dW3", "db3")
TOLERANCE = 5e-4  # single precision will do


class Walk:
    """One point, forwards and backwards, with switches for the mistakes that are made here."""

    def __init__(
        self,
        case: Sequence[Any],
        bend: Callable[[Any], Any] = np.tanh,
        end: Callable[[Any], Any] = np.asarray,
        biases: float = 1.0,
    ):
        t, y, *rest = (np.asarray(v, dtype=float) for v in case)
        self.t, self.y, self.rest = t, y, rest
        W1, b1, W2, b2, W3, b3 = rest
        self.z1 = W1 @ t + biases * b1
        self.a1 = bend(self.z1)
        self.z2 = W2 @ self.a1 + biases * b2
        self.a2 = bend(self.z2)
        self.a3 = end(W3 @ self.a2 + b3)

    def back(self, **wrong: Any) -> list[float]:
        """The six gradients end to end."""
        slope = wrong.get("slope", lambda z, a: 1 - a * a)
        W2, W3 = self.rest[2], self.rest[4]
        d3 = wrong.get("miss", lambda a, y: wrong.get("factor", 2.0) * (a - y))(self.a3, self.y)
        if wrong.get("last"):
            d3 = d3 * wrong["last"](self.a3)
        d2 = (W3.T @ d3) * (1.0 if wrong.get("no2") else slope(self.z2, self.a2))
        d1 = (W2.T @ d2) * (1.0 if wrong.get("no1") else slope(self.z1, self.a1))
        if wrong.get("shifted"):
            d2, d1 = W3.T @ d3, W2.T @ ((W3.T @ d3) * slope(self.z2, self.a2))
        if wrong.get("skips"):
            d1 = (W2.T @ W3.T @ d3) * slope(self.z1, self.a1)
        ins = wrong.get("ins", lambda w: (w.t, w.a1, w.a2))(self)
        outers = [np.outer(d, a) for d, a in zip((d1, d2, d3), ins, strict=True)]
        if "outer1" in wrong:
            outers[0] = wrong["outer1"](self, d1)
        if wrong.get("turned"):
            outers = [o.T for o in outers]
        biases = wrong.get("biases", lambda *d: d)(d1, d2, d3)
        parts = [v for pair in zip(outers, biases, strict=True) for v in pair]
        return np.concatenate([np.ravel(v) for v in parts]).tolist()


def model(**wrong: Any) -> Callable[..., list[float]]:
    network = wrong.pop("network", {})
    return lambda p, *case: Walk(case, **network).back(**wrong)


def wrong_ones(cases: Sequence[Case], outputs: Sequence[Any]) -> set[str]:
    """The names of the gradients that are not right in every case."""
    ends = np.cumsum([0, 6, 6, 42, 7, 14, 2])
    wrong = set()
    for case, output in zip(cases, outputs, strict=True):
        right, got = np.array(Walk(case).back()), np.ravel(np.asarray(output, dtype=float))
        for name, a, b in zip(NAMES, ends[:-1], ends[1:], strict=True):
            if got.size != 77 or not same(got[a:b], right[a:b], TOLERANCE):
                wrong.add(name)
    return wrong
