"""When no step helps: less violation first; where that ends without feasibility, the conflict."""

from __future__ import annotations

import numpy as np

from taylored.optimize.interior.barrier import Barrier, Point, elastic
from taylored.optimize.interior.method import Method

__all__ = ["Restoration"]

_PRICE = 1000.0
_ENOUGH = 0.9
_LARGE_MULTIPLIER = 1000.0


class Restoration:
    """Replaces the point of a method by one with less violation that its filter accepts.

    `thorough` asks for next to none. After an infeasible end, `last` is the elastic method.
    """

    def __init__(self, thorough: bool):
        self.thorough = thorough
        self.last: Method | None = None

    def __call__(self, method: Method, thorough: bool = False) -> str:
        """ "" where a new point was found, else how the method ends."""
        before = method.point
        method.search.filter.add(method.search.violation, method.search.value)
        start = float(np.abs(before.rows).sum())
        goal = (1e-6 if thorough or self.thorough else _ENOUGH) * start
        phase = self._phase(method)

        def finished(point: Point) -> bool:
            rows = _rows(phase.barrier, point)
            violation = float(np.abs(rows).sum())
            if not (violation <= goal and np.isfinite(point.f)):
                return False
            return method.search.filter.accepts(violation, self._value(method, point))

        phase.finished = finished
        end = phase.run()
        self.last = phase
        found = phase.point
        rows = _rows(phase.barrier, found)
        if end == "restored" or (
            end in ("converged", "stalled")
            and float(np.abs(rows).max()) <= 10 * method.tolerance
            and float(np.abs(rows).sum()) < 0.1 * start
        ):
            if end != "restored":
                method.search.filter.clear()
            self._hand_over(method, found, rows)
            return ""
        method.point = self._stopped(method, found, rows)
        if end == "converged":
            return "infeasible" if float(np.abs(rows).max()) > 1e-6 else "stalled"
        return end

    def _phase(self, method: Method) -> Method:
        """The elastic problem around the method's point, its variables on the central path."""
        before, scaled = method.point, method.barrier.scaled
        n, m, system = scaled.n, scaled.m, method.directions.system
        mu = max(method.mu, float(np.abs(before.rows).max()))
        x = before.v[:n]
        pull = np.sqrt(mu) * np.minimum(1.0, 1.0 / np.maximum(np.abs(x), 1e-300)) ** 2
        barrier = elastic(scaled, x.copy(), pull, _PRICE)
        half = (mu - _PRICE * before.rows) / (2 * _PRICE)
        below = half + np.sqrt(half**2 + mu * before.rows / (2 * _PRICE))
        above = before.rows + below
        v = np.concatenate([before.v, above, below])
        distance = np.concatenate([before.distance, above, below])
        z = np.concatenate([np.minimum(before.z, _PRICE), mu / above, mu / below])
        point = Point(v, distance, np.zeros(m), z)
        point.f, point.goal = before.f, float(barrier.cost @ v[n:])
        w = v[n:]
        point.rows = before.rows - above + below
        assert w.size == barrier.row.size
        point.gradient, point.jacobian = np.zeros(n), before.jacobian
        phase = Method(barrier, system, point, mu, method.tolerance)
        phase.note = method.note
        phase.directions.expired = method.directions.expired
        return phase

    def _value(self, method: Method, point: Point) -> float:
        size = method.point.distance.size
        return point.f + method.mu * method.barrier.logarithms(point.distance[:size])

    def _stopped(self, method: Method, found: Point, rows: np.ndarray) -> Point:
        count = method.barrier.size
        bounds = method.point.distance.size
        point = Point(found.v[:count], found.distance[:bounds], found.y, found.z[:bounds])
        point.f, point.goal, point.rows = found.f, found.f, rows
        point.jacobian, point.gradient = found.jacobian, found.gradient
        return point

    def _hand_over(self, method: Method, found: Point, rows: np.ndarray) -> None:
        """Give the method its new point, with multipliers that do not remember the phase."""
        point = self._stopped(method, found, rows)
        step = point.distance - method.point.distance
        z = method.point.z
        z = z + (method.mu - z * step) / method.point.distance - z
        z = np.maximum(z, 1e-3 * method.mu / point.distance)
        if z.size and float(z.max()) > _LARGE_MULTIPLIER:
            z = np.ones_like(z)
        point.z = z
        method.barrier.differentiate(point)
        method.point = point
        y = method.directions.least_squares(point, _LARGE_MULTIPLIER)
        point.y = np.zeros(method.barrier.m) if y is None else y


def _rows(barrier: Barrier, point: Point) -> np.ndarray:
    """The rows without the elastic variables."""
    m = barrier.m
    w = point.v[barrier.size - 2 * m :]
    return point.rows + w[:m] - w[m:]
