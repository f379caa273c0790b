"""Gradients at a constrained optimum as arrows that balance: that of f and those of the limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.labels import Label
from taylored.plot.style import INK
from taylored.report.letters import shorten, visible
from taylored.report.numbers import number

if TYPE_CHECKING:
    from taylored.optimize.result import Minimum

__all__ = ["FORCE", "Force", "draw_forces", "forces_of", "symbols_of"]

FORCE = "#7B3FA0"  # of the limits' gradients; not one of the kinds of accuracy
_REACH = 0.21  # of the shorter side of the axes: the longest arrow
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Force:
    """A gradient times its multiplier (2,), and what is written beside its arrow."""

    text: str
    vector: np.ndarray
    color: str


def symbols_of(result: Minimum) -> dict[int, str]:
    """A letter for each active constraint: g for a single one, else g₁, g₂, ..."""
    active = np.flatnonzero(result.certificate.active).tolist()
    if len(active) == 1:
        return {active[0]: "g"}
    return {k: f"g{str(i).translate(_SUBSCRIPTS)}" for i, k in enumerate(active, 1)}


def forces_of(result: Minimum, maximum: bool = False) -> list[Force]:
    """The gradient of f, and of each limit times its multiplier: together they are zero.

    With `maximum` f is the function whose maximum was asked for, and all of it is turned around.
    """
    known, program = result.certificate, result.program.quietly()
    if not result.usable or len(result.point) != 2:
        return []
    gradient, jacobian = program.first(result.point)
    rows = np.asarray(jacobian.todense()) if hasattr(jacobian, "todense") else np.asarray(jacobian)
    found, turn = [], -1.0 if maximum else 1.0
    for k, symbol in symbols_of(result).items():
        y = turn * float(known.y[k])
        if y:
            found.append(Force(f"{number(y, 3)} ∇{symbol}", y * rows[k], FORCE))
    for which, held, sign in (("lower", known.z_lower, -1.0), ("upper", known.z_upper, 1.0)):
        for k in np.flatnonzero(held > 0).tolist():
            vector = np.zeros(2)
            vector[k] = turn * sign * held[k]
            text = f"from the {which} bound of {shorten(visible(str(result.names[k])), 12)}"
            found.append(Force(f"{number(float(held[k]), 3)} {text}", vector, FORCE))
    return [Force("∇f", turn * np.asarray(gradient, float), INK), *found] if found else []


def draw_forces(ax: Any, at: np.ndarray, forces: list[Force]) -> tuple[list[Label], np.ndarray]:
    """Arrows from the optimum, all to one scale; the layout of the axes is settled.

    They are gradients by lengths on the page, so that they stand upright on the level lines
    whatever the scales of the axes are.

    Returns:
        Labels for their tips, and points that they cover.
    """
    frame, view = ax.get_window_extent(), np.array([ax.get_xlim(), ax.get_ylim()])
    unit = (view[:, 1] - view[:, 0]) / np.array([frame.width, frame.height])  # data per pixel
    sizes = [float(np.hypot(*(f.vector * unit))) for f in forces]
    longest = max(sizes, default=0.0)
    if not 0 < longest < np.inf:
        return [], np.empty((0, 2))
    scale = _REACH * min(frame.width, frame.height) / longest
    labels, covered = [], []
    for force, size in zip(forces, sizes, strict=True):
        tip = at + force.vector * unit * scale * unit
        if size < 0.02 * longest:
            continue
        ax.annotate(
            "", tuple(tip), tuple(at), zorder=6,
            arrowprops={"arrowstyle": "-|>,head_width=0.22,head_length=0.5", "lw": 2.0,
                        "color": force.color, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        along = at + np.linspace(0.0, 1.0, 25)[:, None] * (tip - at)
        covered.append(along)
        end = at + np.linspace(0.93, 1.06, 5)[:, None] * (tip - at)
        labels.append(Label(force.text, force.color, *end.T))
    return labels, np.concatenate(covered)
