"""Proved roots of systems: Krawczyk's operator with epsilon-inflation, rounding included.

    K(X) = c - C F(c) + (I - C J(X)) (X - c)

maps X into its interior only where X holds exactly one root (Krawczyk 1969; Rump, Acta Numerica 19
(2010) 287, section 13). All that is claimed rests on outward-rounded arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY
from taylored.readings.jet.space import space

__all__ = ["Enclosure", "Evaluate", "NoProof", "enclosed_system", "krawczyk", "middle"]

# Of a box with ends (n,): the enclosed values (n,) at `middle` of it, and the enclosed Jacobian
# (n, n) over it, entry i, j being that of equation i and variable j.
Evaluate = Callable[[np.ndarray, np.ndarray], tuple[Bounds, Bounds]]

_UNIT = 2.0**-52
_TINY = 1e-300
_INFLATIONS = 12
_CONTRACTIONS = 8
_GROWTHS = 60


@dataclass(frozen=True, eq=False)
class Enclosure:
    """Proved: exactly one root lies in [low, high], and no other in [unique_low, unique_high]."""

    low: np.ndarray
    high: np.ndarray
    unique_low: np.ndarray
    unique_high: np.ndarray


@dataclass(frozen=True, slots=True)
class NoProof:
    """Why there is no proof: "undefined", "singular" or "wide", and a sentence."""

    kind: str
    reason: str


@dataclass(frozen=True, eq=False)
class _Image:
    """K(X) for a box X: its ends, and whether they lie inside X."""

    low: np.ndarray
    high: np.ndarray
    inside: bool


def middle(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The point of a box at which an `Evaluate` gives its values."""
    return np.clip(0.5 * low + 0.5 * high, low, high)


def enclosed_system(function: BoxFunction) -> Evaluate:
    """A function of a vector with as many outputs as variables, for `krawczyk`."""
    local = space(function.variables, 1)

    def evaluate(low: np.ndarray, high: np.ndarray) -> tuple[Bounds, Bounds]:
        point = middle(low, high)
        found = function.over(np.stack([low, point]), np.stack([high, point]), local)
        low, high = (
            function.executor.floats(found.low, False),
            function.executor.floats(found.high, True),
        )
        # Across a kink generalized gradients keep all this true; across a jump nothing is.
        if any(t.kind != "kink" for t in found.troubles):
            low, high = np.full_like(low, -np.inf), np.full_like(high, np.inf)
        return (low[0, 1], high[0, 1]), (low[1:, 0].T, high[1:, 0].T)

    return evaluate


def krawczyk(
    evaluate: Evaluate, x: np.ndarray, radius: np.ndarray | None = None, *, unique: bool = True
) -> Enclosure | NoProof:
    """Prove that exactly one root lies near x, and enclose it as tightly as float64 allows.

    Args:
        evaluate: the enclosed system.
        x: an approximate root (n,).
        radius: how far the proof may start from x in each variable; by default about the last
            Newton correction.
        unique: whether to look for the largest box without another root.
    """
    x = np.asarray(x, float)
    with np.errstate(all="ignore"):
        found = _start(evaluate, x, radius)
        if isinstance(found, NoProof):
            return found
        inverse, x, radius = found
        image = _inflated(evaluate, inverse, x, radius)
        if isinstance(image, NoProof):
            return image
        low, high = _contracted(evaluate, inverse, image)
        if not unique:
            return Enclosure(low, high, image.low, image.high)
        return Enclosure(low, high, *_unique(evaluate, inverse, (low, high), image))


def _start(
    evaluate: Evaluate, x: np.ndarray, radius: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | NoProof:
    """An approximate inverse of the Jacobian, x after Newton corrections, and a first radius."""
    smallest = 4 * _UNIT * np.abs(x) + _TINY
    for _ in range(3):
        value, jacobian = evaluate(x, x)
        value, jacobian = (0.5 * v[0] + 0.5 * v[1] for v in (value, jacobian))
        if not (np.all(np.isfinite(value)) and np.all(np.isfinite(jacobian))):
            return NoProof("undefined", "the function or its derivative is not known at the point")
        try:
            inverse = _inverse(jacobian)
        except np.linalg.LinAlgError:
            return NoProof("singular", "the Jacobian is singular there")
        step = inverse @ value
        if not np.all(np.isfinite(step)):
            return NoProof("singular", "the Jacobian is singular there")
        if radius is not None or np.all(np.abs(step) <= smallest):
            break
        x = x - step
        smallest = 4 * _UNIT * np.abs(x) + _TINY
    return inverse, x, np.maximum(2 * np.abs(step) if radius is None else radius, smallest)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """An approximate inverse; rows are scaled first, so that units do not matter."""
    scale = np.abs(matrix).max(axis=1)
    if not np.all(scale > 0):
        raise np.linalg.LinAlgError
    scale = 2.0 ** -np.round(np.log2(scale))
    return np.linalg.inv(matrix * scale[:, None]) * scale


def _image(
    evaluate: Evaluate, inverse: np.ndarray, low: np.ndarray, high: np.ndarray
) -> _Image | None:
    """K(X); None where the function is not known on X."""
    value, jacobian = evaluate(low, high)
    if not all(np.all(np.isfinite(v)) for v in (*value, *jacobian)):
        return None
    center = middle(low, high)
    magnitudes = _magnitudes(inverse, jacobian)
    radius = np.nextafter(np.maximum(high - center, center - low), np.inf)
    step = ia.linear_map(NUMPY, inverse, (value[0][:, None], value[1][:, None]))
    reach = _times(magnitudes, radius)
    down = np.nextafter(step[1][:, 0] + reach, np.inf)
    up = np.nextafter(reach - step[0][:, 0], np.inf)
    k_low, k_high = np.nextafter(center - down, -np.inf), np.nextafter(center + up, np.inf)
    inside = bool(np.all(k_low > low) and np.all(k_high < high))
    return _Image(k_low, k_high, inside)


def _magnitudes(inverse: np.ndarray, jacobian: Bounds) -> np.ndarray:
    """Upper bounds of |I - C J| for all J in the interval matrix."""
    low, high = ia.linear_map(NUMPY, inverse, jacobian)
    eye = np.eye(len(inverse))
    low, high = ia.add(NUMPY, (eye, eye), (-high, -low))
    return np.maximum(np.abs(low), np.abs(high))


def _times(magnitudes: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """An upper bound of a product of what is not negative."""
    terms = len(vector) + 2
    return (magnitudes @ vector) * (1.0 + 2 * terms * _UNIT) + terms * 1e-320


def _inflated(
    evaluate: Evaluate, inverse: np.ndarray, x: np.ndarray, radius: np.ndarray
) -> _Image | NoProof:
    """K(X) of the first box around x that is mapped into itself."""
    known = False
    for _ in range(_INFLATIONS):
        low, high = np.nextafter(x - radius, -np.inf), np.nextafter(x + radius, np.inf)
        image = _image(evaluate, inverse, low, high)
        if image is None:
            break
        known = True
        if image.inside:
            return image
        reached = np.maximum(np.abs(image.high - x), np.abs(x - image.low))
        radius = np.maximum(1.2 * reached, 1.05 * radius)
        if not np.all(np.isfinite(radius)):
            break
    if known:
        return NoProof("wide", "no box around the point is mapped into itself")
    return NoProof("undefined", "the function or its derivative is not known around the point")


def _contracted(
    evaluate: Evaluate, inverse: np.ndarray, image: _Image
) -> tuple[np.ndarray, np.ndarray]:
    """The box made smaller by its own images, as long as that helps."""
    low, high = image.low, image.high
    for _ in range(_CONTRACTIONS):
        again = _image(evaluate, inverse, low, high)
        if again is None:
            break
        width = high - low
        low, high = np.maximum(low, again.low), np.minimum(high, again.high)
        if np.all(high - low > 0.9 * width):
            break
    return low, high


def _unique(
    evaluate: Evaluate, inverse: np.ndarray, root: Bounds, proved: _Image
) -> tuple[np.ndarray, np.ndarray]:
    """A large box around the root in which no other can be; at least that of the proof.

    Where |I - C J| r < r for some r > 0, no matrix in C J is singular, and the function is
    one-to-one on the box.
    """
    low, high = root
    center = middle(low, high)
    size = np.abs(center)
    shape = np.maximum(size, 1e-3 * size.max(initial=0.0))
    shape = np.where(shape > 0, shape, 1.0)
    least = np.nextafter(np.maximum(high - center, center - low), np.inf)
    best = proved.low, proved.high

    def holds(factor: float) -> bool:
        nonlocal best
        radius = np.maximum(least, factor * shape)
        ends = np.nextafter(center - radius, -np.inf), np.nextafter(center + radius, np.inf)
        jacobian = evaluate(*ends)[1]
        if not all(np.all(np.isfinite(j)) for j in jacobian):
            return False
        if not _one_to_one(_magnitudes(inverse, jacobian), radius):
            return False
        best = ends
        return True

    _largest(holds)
    return best


def _one_to_one(magnitudes: np.ndarray, radius: np.ndarray) -> bool:
    """Whether M r < r for the radius, or for a vector near the Perron vector of M."""
    for _ in range(4):
        image = _times(magnitudes, radius)
        if np.all(image < radius):
            return True
        radius = image + 1e-3 * radius + _TINY
    return False


def _largest(holds: Callable[[float], bool]) -> None:
    """Try factors until the largest that holds is known to a fifth."""
    factor = 2.0**-6
    grow = 4.0 if holds(factor) else 0.25
    for _ in range(_GROWTHS):
        factor *= grow
        if factor > 1e12 or factor < 1e-15:
            return
        if holds(factor) != (grow > 1):
            break
    bottom = factor / 4 if grow > 1 else factor
    top = 4 * bottom
    while top > 1.25 * bottom:
        between = float(np.sqrt(bottom * top))
        if holds(between):
            bottom = between
        else:
            top = between
