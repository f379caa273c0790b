"""1H: find the deepest place of a sandpit with few probes, twelve times."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Judged, Parameters, Wrong

__all__ = ["EXERCISE", "Pit", "play"]

PITS, NEEDED = 12, 9
_MOST = 3_000  # probes until the player gives up
_GAP, _BEST, _PROBES, _SLOPE, _ABOVE_FIRST, _RANK, _TURNED = range(
    7
)  # what the player notes of a pit


class Pit:
    """A wide bowl with four hollows, one of them clearly the deepest; it counts its probes."""

    def __init__(self, seed: int):
        rng = Random(f"1H {seed}")
        places = [(0.0, 0.0)] * 4
        while min(math.dist(a, b) for a, b in combinations(places, 2)) < 0.95:
            places = [(rng.uniform(0.4, 3.6), rng.uniform(0.4, 2.6)) for _ in range(4)]
        self.places = np.array(places)
        self.depths = np.array([1.0, *(rng.uniform(0.35, 0.6) for _ in range(3))])
        self.widths = np.array([rng.uniform(0.42, 0.6) for _ in range(4)])
        self.heights: list[float] = []

    def at(self, x: float, y: float) -> tuple[float, float, float]:
        """Height and both slopes."""
        dx, dy = x - self.places[:, 0], y - self.places[:, 1]
        hollow = self.depths * np.exp(-(dx * dx + dy * dy) / self.widths)
        height = 0.04 * ((x - 2) ** 2 + (y - 1.5) ** 2) - hollow.sum()
        return (float(height), float(0.08 * (x - 2) + np.sum(2 * dx * hollow / self.widths)),
                float(0.08 * (y - 1.5) + np.sum(2 * dy * hollow / self.widths)))  # fmt: skip

    def probe(self, x: float, y: float) -> tuple[float, float, float]:
        """What the learner's function may call."""
        x, y = float(x), float(y)
        if len(self.heights) >= _MOST:
            raise RuntimeError(f"more than {_MOST} probes: the search does not come to an end")
        if not (0 <= x <= 4 and 0 <= y <= 3):
            raise ValueError(f"probe({x:.3g}, {y:.3g}) lies outside the pit: 0..4 and 0..3")
        found = self.at(x, y)
        self.heights.append(found[0])
        return found

    def deepest(self) -> float:
        """The height of the deepest place: down from the deepest of the four hollows' middles."""
        best = min((self.at(x, y)[0], x, y) for x, y in self.places)
        place = np.array(best[1:])
        for _ in range(150):
            place = place - 0.1 * np.array(self.at(*place)[1:])
        return self.at(*place)[0]


@lru_cache(maxsize=4096)
def _trap(seed: int) -> bool:
    """Whether walks down from two usual starts end in hollows that are not the deepest."""
    pit = Pit(seed)
    for place in (np.array([2.0, 1.5]), np.array([1.0, 1.0])):
        for _ in range(40):
            place = np.clip(place - 0.15 * np.array(pit.at(*place)[1:]), (0, 0), (4, 3))
        if np.linalg.norm(place - pit.places[0]) < 0.4:
            return False
    return True


def _inputs(rng: Random, p: Parameters) -> Case:
    """A pit; most of them are traps for a single walk."""
    wanted, seed = rng.random() < 0.8, rng.randint(1, 10**6)
    while wanted and not _trap(seed):
        seed = rng.randint(1, 10**6)
    return (seed,)


def play(function: Callable[..., Any], p: Parameters, cases: list[Case]) -> list[Any]:
    """Let a function hunt in every pit, and note how it did."""
    return [_noted(function, int(p.k), int(seed)) for (seed,) in cases]


def _noted(function: Callable[..., Any], k: int, seed: int) -> list[float]:
    pit = Pit(seed)
    found = function(pit.probe, k)
    if found is None:
        raise TypeError("hunt returned None: is `return` missing?")
    place = np.asarray(found, dtype=float).ravel()
    if place.shape != (2,) or not np.isfinite(place).all():
        raise ValueError(f"hunt returned {place.size} numbers; the place (x, y) is wanted")
    x, y = np.clip(place, (0, 0), (4, 3))
    height, sx, sy = pit.at(float(x), float(y))
    lowest, seen = pit.deepest(), pit.heights or [height]
    higher = sum(h > height + 1e-9 for h in seen) / len(seen)
    turned = pit.at(*np.clip(place[::-1], (0, 0), (4, 3)))[0]
    return [height - lowest, min(seen) - lowest, len(pit.heights), float(np.hypot(sx, sy)),
            height - seen[0], higher, turned - lowest]  # fmt: skip


def _table(outputs: list[Any]) -> np.ndarray:
    return np.array([np.asarray(o, dtype=float) for o in outputs])


def _parameters(rng: Random) -> dict[str, Any]:
    return {"k": rng.choice([40, 45, 50]), "tolerance": rng.choice([0.04, 0.05, 0.06])}


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    rows = _table(outputs)
    found = int(np.sum(rows[:, _GAP] <= p.tolerance))
    most = int(rows[:, _PROBES].max())
    right = found >= NEEDED and most <= p.k
    worst = int(np.argmax(rows[:, _GAP]))
    return Judged(
        right,
        f"{len(rows)} pits, {p.k} probes each",
        f"{found} found, at most {most} probes in a pit",
        f"{NEEDED} found, at most {p.k} probes",
        "" if right else f"in pit {worst + 1} the answer is {rows[worst, _GAP]:.2f} m too high",
    )


def _too_many(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return bool(_table(outputs)[:, _PROBES].max() > p.k)


def _missed(p: Parameters, outputs: list[Any]) -> np.ndarray:
    rows = _table(outputs)
    return rows[rows[:, _GAP] > p.tolerance]


def _uphill(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The answer is mostly the highest place that was probed."""
    rows = _table(outputs)
    return bool(np.mean(rows[:, _RANK] == 0) > 0.7 and np.mean(rows[:, _GAP]) > 0.6
                and rows[:, _PROBES].min() > 1)  # fmt: skip


def _blind(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return bool(_table(outputs)[:, _PROBES].max() <= 1)


def _better_known(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Better places were probed than the one that was returned."""
    rows = _missed(p, outputs)
    return bool(np.mean(rows[:, _GAP] - rows[:, _BEST] > 0.5 * p.tolerance) > 0.6)


def _stuck(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Level ground, and still far above the deepest place."""
    rows = _missed(p, outputs)
    return bool(np.mean(rows[:, _SLOPE] < 0.12) > 0.6)


def _not_down(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Steep ground: the descent was not made, or stopped too early."""
    rows = _missed(p, outputs)
    return bool(np.mean(rows[:, _SLOPE] >= 0.12) >= 0.4)


def _exchanged(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """With x and y the other way round it would be right."""
    return bool(np.sum(_table(outputs)[:, _TURNED] <= p.tolerance) >= NEEDED)


EXERCISE = Exercise(
    id="1H",
    title="Find the telephone with few probes",
    answer=Code(
        name="hunt",
        starter="def hunt(probe, k):\n    height, slope_x, slope_y = probe(2.0, 1.5)\n"
        "    return 2.0, 1.5\n",
        returns="the place, two numbers",
        player="e1h:play",
    ),
    parameters=_parameters,
    inputs=_inputs,
    count=PITS,
    right=lambda p, seed: [0.0] * 7,
    judge=_judge,
    wrong=[
        Wrong(
            name="East and north are exchanged",
            when=_exchanged,
            hint="The places that you found are good, but you return them with x and y exchanged: "
            "with the two in the other order most of your answers would be right. The function is "
            "to return x first, the way toward the east, between 0 and 4, and then y, the way "
            "toward the north, between 0 and 3. The same order holds for probe: probe(x, y), and "
            "of the three numbers that it gives, the second is the slope by x and the third the "
            "slope by y. Look through your code for a place at which the two change sides, in a "
            "return, in a call, or where three numbers are unpacked.",
        ),
        Wrong(
            name="Too many probes",
            vague=True,
            when=_too_many,
            hint="Your search digs more often than is allowed. With enough probes anybody finds "
            "the telephone: a fine grid over the whole pit would do. The art is to get by with "
            "few. Count them: every call of probe is one, also those that only look whether a "
            "step was good, and also a call that repeats a place that is already known. Keep what "
            "you have seen in a list, so that nothing is dug twice. A good plan has two parts: "
            "spend about half of the probes on a coarse look around, and the rest on walking "
            "downhill from the best place seen. Let k decide both numbers, and stop the loop when "
            "the count is reached.",
        ),
        Wrong(
            name="The answer does not depend on the pit",
            vague=True,
            when=_blind,
            hint="Your function returns a place after one probe or none, so it returns nearly the "
            "same in every pit, and the telephone is somewhere else each time. Each probe tells "
            "three numbers: the height and the two slopes. The slopes say which way is down: "
            "where the slope along x is positive, the ground rises toward larger x, so go toward "
            "smaller x. Start with one place, move a little against both slopes, probe there, and "
            "repeat. That already finds the bottom of a hollow. Then think about which hollow it "
            "is: the pit has several. Begin with a loop over a few places and print what probe "
            "gives there.",
        ),
        Wrong(
            name="The search goes uphill",
            when=_uphill,
            hint="Your answers are among the highest places that you have probed, not the lowest. "
            "The gradient, the pair of slopes that probe returns, points the steepest way up. The "
            "telephone lies at the deepest place, so the step must go against the gradient: minus "
            "in front of both slopes. Or, if you keep the best of several places, look at which "
            "way you compare: the heights here are negative in the hollows, and deeper means a "
            "smaller number, that is a more negative one. So min is wanted and not max. Print the "
            "height after each step for one pit: it should fall from step to step. If it grows, a "
            "sign is turned.",
        ),
        Wrong(
            name="A better place was already known",
            vague=True,
            when=_better_known,
            hint="In most of the pits that you missed, your search had already dug at a deeper "
            "place than the one it returned. It walked on and forgot. The last step of a walk is "
            "not always the best one: with long steps one jumps over the bottom and up the other "
            "side, and after a look around the last place of the list is just the last. So keep "
            "the best place with its height at all times: whenever a probe is lower than the best "
            "so far, replace both. Return that one at the end. It costs no probe at all. If your "
            "walk jumps to and fro, also make its steps shorter, or halve them whenever the "
            "height has grown.",
        ),
        Wrong(
            name="Stuck in a hollow that is not the deepest",
            vague=True,
            when=_stuck,
            hint="Your walk arrives at level ground, so the downhill part works. But in many pits "
            "it is the wrong hollow. Each pit has several, and whoever starts at one place and "
            "follows the slope ends in the hollow that this place belongs to; nothing tells that "
            "another one is deeper. This is the trap of the lesson, and no better step rule "
            "helps. What helps is to look around first: spend part of the probes on places spread "
            "evenly over the whole pit, and only then go down, from the deepest of them. Perhaps "
            "even from the two deepest, if probes are left. How coarse may the net be, if a "
            "hollow is about half a meter to each side?",
        ),
        Wrong(
            name="The search stops before the bottom",
            vague=True,
            when=_not_down,
            hint="In many pits the ground under your answer is still steep: it can be seen from "
            "the slopes there that it goes on downhill. You have looked around, perhaps on a grid "
            "or at random places, and returned the best one seen, or the walk was too short or "
            "its steps too small. A grid alone must be very fine to come within a few "
            "centimeters, and that costs hundreds of probes. The slopes are free information that "
            "you have not used up: from the best place take a step against the gradient, probe "
            "there, and go on until the slopes are nearly zero. A step of about 0.15 times the "
            "gradient is a good beginning; halve it when the height grows.",
        ),
    ],
    again="Half of the probes on a coarse net over the whole pit, the other half on steps against "
    "the gradient from the deepest place of the net. Keep the best place seen, and return it.",
    worked="For example: probe a net of $5 \\times 4$ places at $x = 0.4, 1.2, \\dots, 3.6$ and "
    "$y = 0.4, 1.1, 1.9, 2.6$, that is 20 probes. Take the deepest. With the remaining probes (of "
    "the <<k>>) step from it by $-0.15$ times the gradient; where the height grows, go back and "
    "halve the factor. Return the deepest place of all.",
)
