"""The Jacobian as a map: a small square, its true image, and the parallelogram that stands in."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from taylored.course.figures.proofs import (
    enclosed,
    known,
    minus,
    outward,
    product,
    proved,
    total,
    values,
)
from taylored.course.kit import (
    Axis,
    Choice,
    Handle,
    Panel,
    Scene,
    Settings,
    Slider,
    Statement,
    figure,
    line,
    polygon,
)
from taylored.report.numbers import number
from taylored.report.series_terms import up

__all__ = ["square"]

_MAPS = {
    "polar": ("polar coordinates", ("u*cos(v)", "u*sin(v)"), (0.0, 3.0), (0.0, 3.2), (-3.2, 3.2)),
    "swirl": ("a swirl", ("u*cos(0.5*(u^2+v^2)/3) - v*sin(0.5*(u^2+v^2)/3)",
                          "u*sin(0.5*(u^2+v^2)/3) + v*cos(0.5*(u^2+v^2)/3)"),
              (-2.0, 2.0), (-2.0, 2.0), (-3.0, 3.0)),
    "fold": ("a fold", ("u + 0.2*v", "0.5*v^2 + 0.2*u - 0.8"), (-2.0, 2.0), (-2.0, 2.0),
             (-2.8, 2.8)),
    "bend": ("the square of a complex number", ("u^2 - v^2", "2*u*v"), (0.0, 1.6), (0.0, 1.6),
             (-2.8, 5.3)),
}  # fmt: skip
_NAMES = ("u", "v")
_PIECES = 160


@lru_cache(maxsize=8)
def _grid(which: str) -> tuple[list, list]:
    """Lines of equal u and of equal v, before and after the map."""
    _, formulas, (a, b), (c, d), _ = _MAPS[which]
    before, after = [], []
    for k in np.linspace(0, 1, 9):
        for u, v, role in (
            (np.full(41, a + k * (b - a)), np.linspace(c, d, 41), "a"),
            (np.linspace(a, b, 41), np.full(41, c + k * (d - c)), "b"),
        ):
            before.append(line(u[[0, -1]], v[[0, -1]], role))
            x, y = (values(f, u=u, v=v) for f in formulas)
            after.append(line(x, y, role))
    return before, after


@lru_cache(maxsize=8)
def _edges(count: int = 25) -> tuple[np.ndarray, np.ndarray]:
    """The outline of the unit square around the middle, side by side."""
    k = np.linspace(-0.5, 0.5, count)
    one = np.full(count, 0.5)
    return np.concatenate([k, one, -k, -one]), np.concatenate([-one, k, one, -k])


@figure(
    "A square through a magnifying map",
    Choice(name="which", label="the map", options=tuple((k, v[0]) for k, v in _MAPS.items())),
    Handle(name="at", label="middle of the square", at=(1.2, 0.9), x=(-2.0, 3.0), y=(-2.0, 3.2),
           panel="before"),
    Slider(name="h", label="side of the square", lo=0.02, hi=1.0, at=0.6, log=True),
    about="On the left a grid with a small square on it, on the right the grid after a map. The "
    "square becomes a curved patch. The Jacobian makes a straight parallelogram of it, drawn over "
    "the patch; the smaller the square, the better they agree.",
)  # fmt: skip
def square(s: Settings) -> Scene:
    _, formulas, u_range, v_range, out = _MAPS[s.which]
    u, v = np.clip(s.at[0], *u_range), np.clip(s.at[1], *v_range)
    found = [enclosed(f, _NAMES, [u, v]) for f in formulas]
    j = [[(lo[k, 0], hi[k, 0]) for k in (1, 2)] for lo, hi in found]
    middle = [float(0.5 * (lo[0, 0] + hi[0, 0])) for lo, hi in found]
    m = np.array([[0.5 * (a + b) for a, b in row] for row in j])
    det = total(product(j[0][0], j[1][1]), minus(product(j[0][1], j[1][0])))
    a, b = _edges()
    du, dv = s.h * a, s.h * b
    x, y = (values(f, u=u + du, v=v + dv) for f in formulas)
    ratio = _area(formulas, u, v, s.h)
    before, after = _grid(s.which)
    spread = Axis("y", *out)
    readings = [
        *(proved(f"j{r}{c}", f"∂{'xy'[r]}/∂{'uv'[c]}", *j[r][c]) for r in (0, 1) for c in (0, 1)),
        proved("det", "determinant: the parallelogram's area for each unit", *det),
        proved("ratio", "the true patch's area for each unit", *ratio, "integral along its edges"),
    ]
    gap = max(abs(ratio[1] - det[0]), abs(det[1] - ratio[0]))
    return Scene(
        [Panel(Axis("u", *u_range), Axis("v", *v_range), [polygon(u + du, v + dv, "truth")],
               name="before", title="before", still=before, equal=True, height=1.0,
               handles={"at": (float(u), float(v))}),
         Panel(Axis("x", *out), spread,
               [polygon(x, y, "truth", "true image"),
                polygon(middle[0] + m[0, 0] * s.h * _CORNERS[0] + m[0, 1] * s.h * _CORNERS[1],
                        middle[1] + m[1, 0] * s.h * _CORNERS[0] + m[1, 1] * s.h * _CORNERS[1],
                        "approx", "Jacobian")],
               name="after", title="after the map", still=after, equal=True, height=1.0)],
        f"A square with sides of {number(s.h, 2)} becomes a patch with [[ratio]] times its area. "
        f"The Jacobian says [[det]] times. {_turned(det)}",
        readings,
        [Statement(known(), "The patch's area is enclosed by an integral along its four edges, "
                   f"in {_PIECES} pieces each. Patch and parallelogram differ by "
                   f"{up(outward(0.0, gap)[1])} in area for each unit at most; a smaller square "
                   "makes that less.")],
    )  # fmt: skip


_CORNERS = np.array([[-0.5, 0.5, 0.5, -0.5], [-0.5, -0.5, 0.5, 0.5]])


def _area(formulas: tuple[str, str], u: float, v: float, h: float) -> tuple[float, float]:
    """The signed area of the image, divided by that of the square: an integral along its edges."""
    edges = ((-0.5, 0, 1), (0.5, 1, 1), (0.5, 0, -1), (-0.5, 1, -1))
    low, high = (np.array([u, v]) + h * side for side in _pieces(edges))
    found = [enclosed(f, _NAMES, low, high) for f in formulas]
    whole = 0.0, 0.0
    for k, (_, across, sign) in enumerate(edges):
        on = slice(k * _PIECES, (k + 1) * _PIECES)
        (x, dx), (y, dy) = (((lo[0, on], hi[0, on]), (lo[1 + across, on], hi[1 + across, on]))
                            for lo, hi in found)  # fmt: skip
        part = total(product(x, dy), minus(product(y, dx)))
        mean = float(np.mean(part[0])), float(np.mean(part[1]))
        whole = total(whole, mean if sign > 0 else minus(mean))
    slack = 1e-12 * (1 + abs(whole[0]) + abs(whole[1]))
    return 0.5 / h * (whole[0] - slack), 0.5 / h * (whole[1] + slack)


def _pieces(edges: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corners (pieces, 2) of the pieces of all edges of the unit square."""
    ends = np.linspace(-0.5, 0.5, _PIECES + 1)
    sides = []
    for part in (ends[:-1], ends[1:]):
        rows = [(part, np.full(_PIECES, at)) for at, _, _ in edges]
        sides.append(
            np.concatenate(
                [
                    np.stack(row[:: 1 if across == 0 else -1], axis=1)
                    for row, (_, across, _) in zip(rows, edges, strict=True)
                ]
            )
        )
    return sides[0], sides[1]


def _turned(det: tuple) -> str:
    if det[0] > 0.02:
        return "Its sides keep their order around the middle."
    if det[1] < -0.02:
        return "The sign is negative: the patch is turned over, as in a mirror."
    return "Near zero the square is crushed to a line: here the map cannot be undone."
