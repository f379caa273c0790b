"""Proofs of strict local minima: the KKT conditions of the active set solved by intervals.

Krawczyk's test encloses one solution (x, y) of the equations; over that box the other constraints
are not reached, multipliers are positive, and H + r A'A is positive definite for some r > 0, which
makes the Hessian of the Lagrangian positive along the constraints (Finsler, Debreu).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.errors import TayloredError
from taylored.optimize.certificate.system import assembled, equilibrated
from taylored.optimize.certify import Certificate
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.roots.krawczyk import NoProof, krawczyk, middle
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY
from taylored.readings.interval.margins import trusted
from taylored.readings.jet.space import Space, space
from taylored.results import Accuracy

__all__ = ["Proof", "prove"]

_MOST_VARIABLES = 40


@dataclass(frozen=True, eq=False)
class Proof:
    """Exactly one point of [low, high] is a KKT point with this active set, and it is a strict
    local minimum; its value, its multipliers y and the forces z of its bounds lie in these ends.

    Where there is no proof the ends are None, `accuracy` is `unknown` and `note` says why.
    `accuracy` is `estimated` where this machine's functions are not within their measured margins.
    """

    accuracy: Accuracy
    note: str
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    value: tuple[float, float] | None = None
    y_low: np.ndarray | None = None
    y_high: np.ndarray | None = None
    z_low: np.ndarray | None = None
    z_high: np.ndarray | None = None
    method: str = "krawczyk"

    @property
    def proved(self) -> bool:
        return self.accuracy is Accuracy.PROVED


def _refused(reason: str) -> Proof:
    return Proof(Accuracy.UNKNOWN, reason)


@dataclass(frozen=True, eq=False)
class _Jet:
    """Enclosed values (1 + constraints,), gradients (.., n) and Hessians (.., n, n) of f and c."""

    values: Bounds
    gradients: Bounds
    hessians: Bounds


class _System:
    """The KKT equations of an active set, in the free variables and the multipliers of rows."""

    def __init__(
        self, function: BoxFunction, program: NonlinearProgram, x: np.ndarray, c: Certificate
    ):
        self.function, self.program = function, program
        self.rows, held = np.flatnonzero(c.active), c.at_lower | c.at_upper
        self.held, self.free = np.flatnonzero(held), np.flatnonzero(~held)
        self.x = np.where(c.at_lower, program.lower, np.where(c.at_upper, program.upper, x))
        self.space: Space = space(x.size, 2)
        self._places = _places(self.space, x.size)

    def boxes(self, low: np.ndarray, high: np.ndarray) -> tuple[Bounds, Bounds]:
        """The boxes of all variables, and of the multipliers of the rows."""
        k = self.free.size
        below, above = self.x.copy(), self.x.copy()
        below[self.free], above[self.free] = low[:k], high[:k]
        return (below, above), (low[k:], high[k:])

    def jets(self, *boxes: Bounds) -> list[_Jet] | None:
        """Of several boxes at once; None where something is not smooth or not defined."""
        lows, highs = (np.stack(ends) for ends in zip(*boxes, strict=True))
        found = self.function.over(lows, highs, self.space)
        if found.troubles:
            return None
        e = self.function.executor
        low, high = e.floats(found.low, False), e.floats(found.high, True)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            return None
        return [self._jet(low[:, b], high[:, b]) for b in range(len(boxes))]

    def _jet(self, low: np.ndarray, high: np.ndarray) -> _Jet:
        first, second, factor = self._places

        def moved(part: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            # Doubling is exact.
            return part[0], part[first].T, np.moveaxis(part[second], 2, 0) * factor

        return _Jet(*zip(moved(low), moved(high), strict=True))

    def slope(self, jet: _Jet, y: Bounds, columns: np.ndarray) -> Bounds:
        """The gradient of f + y.c in some variables."""
        part = (jet.gradients[0][:, columns], jet.gradients[1][:, columns])
        return _weighted(part, y, self.rows)

    def hessian(self, jet: _Jet, y: Bounds) -> Bounds:
        """The Hessian of f + y.c in the free variables."""
        at = np.ix_(np.arange(jet.values[0].size), self.free, self.free)
        return _weighted((jet.hessians[0][at], jet.hessians[1][at]), y, self.rows)

    def jacobian(self, jet: _Jet) -> Bounds:
        """The gradients of the rows in the free variables."""
        at = np.ix_(1 + self.rows, self.free)
        return jet.gradients[0][at], jet.gradients[1][at]

    def evaluate(self, low: np.ndarray, high: np.ndarray) -> tuple[Bounds, Bounds]:
        """For `krawczyk`."""
        center = middle(low, high)
        point, y_point = self.boxes(center, center)
        box, y_box = self.boxes(low, high)
        size = low.size
        jets = self.jets(point, box)
        if jets is None:
            nothing = np.full(size, np.inf), np.full((size, size), np.inf)
            return (-nothing[0], nothing[0]), (-nothing[1], nothing[1])
        slope = self.slope(jets[0], y_point, self.free)
        values = tuple(
            np.concatenate([s, v[1 + self.rows]])
            for s, v in zip(slope, jets[0].values, strict=True)
        )
        hessian, rows = self.hessian(jets[1], y_box), self.jacobian(jets[1])
        matrix = tuple(_kkt(h, a) for h, a in zip(hessian, rows, strict=True))
        return (values[0], values[1]), (matrix[0], matrix[1])


def _places(polynomials: Space, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where first and second derivatives stand among the coefficients, and their factors."""
    unit = np.eye(n, dtype=np.int16)
    first = np.array([polynomials.place(u) for u in unit], int)
    second = np.zeros((n, n), int)
    for i in range(n):
        for j in range(i + 1):
            second[i, j] = second[j, i] = polynomials.place(unit[i] + unit[j])
    return first, second, 1.0 + np.eye(n)


def _weighted(parts: Bounds, y: Bounds, rows: np.ndarray) -> Bounds:
    """The part of f and the sum of y_i times that of the rows."""
    shape = (-1,) + (1,) * (parts[0].ndim - 1)
    weights = (y[0].reshape(shape), y[1].reshape(shape))
    products = ia.multiply(NUMPY, weights, (parts[0][1 + rows], parts[1][1 + rows]))
    terms = tuple(
        np.concatenate([p[:1], q]) for p, q in zip(parts, products, strict=True)
    )  # fmt: skip
    return ia.sum_over(NUMPY, (terms[0], terms[1]), axis=0)


def _kkt(hessian: np.ndarray, rows: np.ndarray) -> np.ndarray:
    k = rows.shape[0]
    return np.block([[hessian, rows.T], [rows, np.zeros((k, k))]])


def prove(program: NonlinearProgram, x: np.ndarray, certificate: Certificate) -> Proof:
    """Prove that a strict local minimum lies near x, and enclose it with its multipliers."""
    if certificate.kind != "minimum":
        return _refused("only strict minima can be proved, and this is not certified as one")
    if not certificate.strict:
        return _refused("a constraint or bound is reached without a force")
    if x.size > _MOST_VARIABLES:
        return _refused(f"there are {x.size} variables, and {_MOST_VARIABLES} are the most")
    try:
        function = program.functions.box()
    except TayloredError as error:
        return _refused(error.what.rstrip("."))
    if function is None:
        return _refused("these functions have no interval reading")
    try:
        with np.errstate(all="ignore"):
            system = _System(function, program, np.asarray(x, float), certificate)
            return _proved(system, certificate)
    except TayloredError as error:  # an operation that has no intervals
        return _refused(error.what.rstrip("."))


def _proved(system: _System, c: Certificate) -> Proof:
    unknowns = np.concatenate([system.x[system.free], c.y[system.rows]])
    low = high = unknowns
    if unknowns.size:
        found = krawczyk(system.evaluate, unknowns, unique=False)
        if isinstance(found, NoProof):
            return _refused(found.reason)
        low, high = found.low, found.high
    box, y = system.boxes(low, high)
    center = np.clip(0.5 * box[0] + 0.5 * box[1], *box)
    jets = system.jets((center, center), box)
    if jets is None:
        return _refused("the functions are not known around the point")
    inactive = _inactive(system, box, jets[1])
    if inactive:
        return _refused(inactive)
    z = system.slope(jets[1], y, system.held)
    if not _signs(system, c, y, z):
        return _refused("the sign of a multiplier cannot be proved")
    if not _curved(system.hessian(jets[1], y), system.jacobian(jets[1])):
        return _refused("the curvature along the constraints is not proved positive")
    return _made(system, (box, y, z), jets)


def _inactive(system: _System, box: Bounds, jet: _Jet) -> str:
    """The name of a constraint that should not be reached, but might be."""
    program, free = system.program, system.free
    others = np.setdiff1d(np.arange(program.constraints), system.rows)
    reached = others[~(jet.values[1][1 + others] < 0.0)]
    if reached.size:
        return f"{program.constraint_names[reached[0]]} may be reached"
    inside = (box[0] > program.lower) & (box[1] < program.upper)
    outside = free[~inside[free]]
    return f"{program.names[outside[0]]} may reach its bound" if outside.size else ""


def _signs(system: _System, c: Certificate, y: Bounds, z: Bounds) -> bool:
    """Whether all multipliers of inequalities and of bounds are proved to push the right way."""
    program, held = system.program, system.held
    pushing = program.equality[system.rows] | (y[0] > 0.0)
    fixed = program.lower[held] == program.upper[held]
    lower = c.at_lower[held]
    return bool(pushing.all() and (fixed | np.where(lower, z[0] > 0.0, z[1] < 0.0)).all())


def _curved(hessian: Bounds, rows: Bounds) -> bool:
    """Whether H + r A'A is positive definite for all H and A, for one r.

    As many rows as variables leave no direction: Krawczyk's test has shown that they are
    independent.
    """
    k, n = rows[0].shape
    if n == k:
        return True
    hessian, rows = _in_scale(hessian, rows)
    if not k:
        return _positive(hessian)
    for weight in (1.0, 32.0, 2.0**10, 2.0**17):
        columns = (weight * rows[0][:, :, None], weight * rows[1][:, :, None])
        across = (rows[0][:, None, :], rows[1][:, None, :])
        squares = ia.sum_over(NUMPY, ia.multiply(NUMPY, columns, across), axis=0)
        if _positive(ia.add(NUMPY, hessian, squares)):
            return True
    return False


def _in_scale(hessian: Bounds, rows: Bounds) -> tuple[Bounds, Bounds]:
    """Rows and columns multiplied by powers of two, which is exact, to be about 1."""
    n = hessian[0].shape[0]
    center, a = (0.5 * p[0] + 0.5 * p[1] for p in (hessian, rows))
    scale = 2.0 ** np.round(np.log2(equilibrated(assembled(center, a))))
    x, y = scale[:n], scale[n:]
    low, high = (x[:, None] * h * x for h in hessian)
    return (low, high), (y[:, None] * rows[0] * x, y[:, None] * rows[1] * x)


def _positive(matrix: Bounds) -> bool:
    """Whether all symmetric matrices within are positive definite: C M C' is near the identity."""
    center = 0.5 * matrix[0] + 0.5 * matrix[1]
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(0.5 * (center + center.T)))
    except np.linalg.LinAlgError:
        return False
    half = ia.linear_map(NUMPY, inverse, matrix)
    low, high = ia.linear_map(NUMPY, inverse, (half[0].T, half[1].T))
    eye = np.eye(center.shape[0])
    departure = np.maximum(np.abs(low - eye), np.abs(high - eye))
    return bool(departure.sum(axis=1).max() < 0.99)


def _made(system: _System, found: tuple[Bounds, Bounds, Bounds], jets: list[_Jet]) -> Proof:
    box, y, z = found
    trust, caveat = trusted("numpy")
    n, m = system.x.size, system.program.constraints
    ends = [np.zeros(m), np.zeros(m), np.zeros(n), np.zeros(n)]
    ends[0][system.rows], ends[1][system.rows] = y
    # z is the size of the force, for lower and upper bounds alike.
    at_upper = system.x[system.held] == system.program.upper[system.held]
    ends[2][system.held] = np.where(at_upper, -z[1], z[0])
    ends[3][system.held] = np.where(at_upper, -z[0], z[1])
    kind = Accuracy.PROVED if trust else Accuracy.ESTIMATED
    return Proof(
        kind, caveat, box[0], box[1], _value(box, jets), y_low=ends[0], y_high=ends[1],
        z_low=ends[2], z_high=ends[3],
    )  # fmt: skip


def _value(box: Bounds, jets: list[_Jet]) -> tuple[float, float]:
    """f over the box: by its own enclosure and by the mean value form, what both allow."""
    here, over = jets
    center = np.clip(0.5 * box[0] + 0.5 * box[1], *box)
    moves = ia.add(NUMPY, box, (-center, -center))
    slope = (over.gradients[0][0], over.gradients[1][0])
    terms = ia.multiply(NUMPY, slope, moves)
    change = ia.sum_over(NUMPY, terms, axis=0)
    total = ia.add(NUMPY, (here.values[0][0], here.values[1][0]), change)
    low, high = max(total[0], over.values[0][0]), min(total[1], over.values[1][0])
    return float(low), float(high)
