"""2C: weights and bias of a neuron that is a logic gate; many answers are right."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Exercise, Judged, Numbers, Parameters, Wrong

__all__ = ["EXERCISE"]

_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
_GATES = {
    "AND": ("only where both inputs are 1", (0, 0, 0, 1)),
    "OR": ("where at least one input is 1", (0, 1, 1, 1)),
    "NAND": ("everywhere but where both inputs are 1", (1, 1, 1, 0)),
    "NOR": ("only where both inputs are 0", (1, 0, 0, 0)),
    "FIRST": ("only where $x_1$ is 1 and $x_2$ is 0", (0, 0, 1, 0)),
    "SECOND": ("only where $x_1$ is 0 and $x_2$ is 1", (0, 1, 0, 0)),
}
_SUM = "The sum of the inputs is"
_EXAMPLES = {  # weights and bias that do it, and why
    "AND": ((1, 1, -1.5), f"{_SUM} 2 where both are 1, and at most 1 elsewhere"),
    "OR": ((1, 1, -0.5), f"{_SUM} 0 where both are 0, and at least 1 elsewhere"),
    "NAND": ((-1, -1, 1.5), "It is AND with all three signs turned round"),
    "NOR": ((-1, -1, 0.5), "It is OR with all three signs turned round"),
    "FIRST": ((1, -1, -0.5), "The first input speaks for it, the second one against it"),
    "SECOND": ((-1, 1, -0.5), "The second input speaks for it, the first one against it"),
}


def _parameters(rng: Random) -> dict[str, Any]:
    gate = rng.choice(sorted(_GATES))
    (w1, w2, b), why = _EXAMPLES[gate]
    return {"gate": gate, "said": _GATES[gate][0], "w1": w1, "w2": w2, "b": b, "why": why}


def _right(p: Parameters) -> list[float]:
    return [p.w1, p.w2, p.b]


def _sums(output: Any) -> np.ndarray:
    w1, w2, b = np.asarray(output, dtype=float).ravel()
    return np.array([w1 * x1 + w2 * x2 + b for x1, x2 in _CORNERS])


def _wanted(p: Parameters) -> np.ndarray:
    return np.array(_GATES[p.gate][1], dtype=bool)


def _read(outputs: Sequence[Any]) -> np.ndarray | None:
    """The sums at the corners; None where there are not three numbers."""
    if np.size(outputs[0]) != 3 or not np.all(np.isfinite(outputs[0])):
        return None
    return _sums(outputs[0])


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    sums, wanted = _read(outputs), _wanted(p)
    if sums is None:
        return Judged(False, "", f"{np.size(outputs[0])} numbers", "three numbers: w1, w2, b")
    said = ", ".join(f"{c}: {_say(z)}" for c, z in zip(_CORNERS, sums, strict=True))
    right = bool(np.all(np.where(wanted, sums > 0, sums < 0)))
    away = [str(c) for c, z, t in zip(_CORNERS, sums, wanted, strict=True) if (z if t else -z) <= 0]
    expected = ", ".join(f"{c}: {int(t)}" for c, t in zip(_CORNERS, wanted, strict=True))
    return Judged(right, "the four corners", said, expected,
                  "" if right else f"wrong at {', '.join(away)}")  # fmt: skip


def _say(z: float) -> str:
    return f"undecided (sum {z:.3g})" if z == 0 else f"{int(z > 0)} (sum {z:.3g})"


def _table(p: Parameters, outputs: Sequence[Any]) -> tuple[int, ...] | None:
    """What the neuron says at the corners, where it is undecided nowhere."""
    sums = _read(outputs)
    if sums is None or np.any(sums == 0):
        return None
    return tuple(int(z > 0) for z in sums)


def _undecided(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
    sums = _read(outputs)
    return sums is not None and bool(np.any(sums == 0))


def _bias_only(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
    return _table(p, outputs) in ((0, 0, 0, 0), (1, 1, 1, 1))


def _negated(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
    return _table(p, outputs) == tuple(1 - t for t in _GATES[p.gate][1])


def _one_input(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
    single = ((0, 0, 1, 1), (0, 1, 0, 1), (1, 1, 0, 0), (1, 0, 1, 0))
    return _table(p, outputs) in single


def _bias_turned(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
    """Whether the neuron is right once the bias has the other sign."""
    if _table(p, outputs) is None:
        return False
    w1, w2, b = np.asarray(outputs[0], dtype=float).ravel()
    return _table(p, [np.array([w1, w2, -b])]) == tuple(_GATES[p.gate][1])


def _one_sided(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
    """Whether the neuron says 1 too often, or too seldom, but not both."""
    table = _table(p, outputs)
    if table is None:
        return False
    gaps = [a - t for a, t in zip(table, _GATES[p.gate][1], strict=True)]
    return min(gaps) * max(gaps) == 0


def _others(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
    return _table(p, outputs) is not None


EXERCISE = Exercise(
    id="2C",
    title="A neuron as a logic gate",
    answer=Numbers(names=("w1", "w2", "b")),
    parameters=_parameters,
    right=_right,
    judge=_judge,
    wrong=[
        Wrong(
            name="At a corner the sum is exactly zero",
            when=_undecided,
            hint="At one corner or more your sum is exactly zero, so the line runs right through "
            "it and the neuron cannot decide. The table above shows which corner it is. This "
            "happens with nice round numbers: at (0, 0) the weights do not count at all and the "
            "sum is the bias alone, and with weights of 1 and a bias of −1 the corners with a "
            "single 1 give zero. Work out the sum at all four corners. The bias has to lie "
            "strictly between the sum of weights that must still say no and the one that must "
            "already say yes, with its sign turned round. A value halfway between the two is the "
            "safest choice: then no corner is near the line.",
        ),
        Wrong(
            name="The bias has the wrong sign",
            when=_bias_turned,
            hint="Your two weights do the job, and the size of the bias is right, but it has the "
            "other sign. The neuron says 1 where the weights times the inputs, plus the bias, are "
            "above zero. A negative bias is a hurdle: so much must the inputs bring before the "
            "answer is yes. A positive bias is a head start: even without any input the answer is "
            "yes, and the inputs have to talk it down. Which of the two does your task need? Look "
            "at the corner (0, 0), where the weights do not count and the sum is the bias alone: "
            "should it say 1 there, or 0? This gives the sign.",
        ),
        Wrong(
            name="It says the same everywhere: the bias outweighs the inputs",
            when=_bias_only,
            hint="Your neuron gives the same answer at all four corners: the line passes beside "
            "the whole square. The bias is too strong for the weights. Remember that the inputs "
            "are only 0 or 1, so the weights can add at most w1 + w2 to the sum; if the bias is "
            "larger than that, with the other sign, nothing can outweigh it. If the bias has the "
            "same sign as the weights, nothing speaks against it at all. Begin with weights whose "
            "signs fit: an input that should make a yes more likely needs a positive weight, one "
            "that should prevent it a negative one. Then work out w1 x1 + w2 x2 at the four "
            "corners, and choose the bias so that zero falls between the corners that are to be "
            "kept apart.",
        ),
        Wrong(
            name="Yes and no are exchanged",
            when=_negated,
            hint="At every single corner your neuron says the opposite of what is wanted. So the "
            "line is in the right place, and only the sides are exchanged. The arrow of the "
            "weights points to the side on which the neuron says 1; yours points to the other "
            "one. Think of what happens to the sum if every number in it changes its sign: where "
            "it was positive it is negative, and where it was zero it stays zero. So the line "
            "does not move at all. Take care to turn all three numbers, bias included. If you "
            "turn the weights alone, the line jumps to another place, and some corners that were "
            "fine will be lost.",
        ),
        Wrong(
            name="Only one of the inputs has a say",
            when=_one_input,
            hint="What your neuron says depends on one of the two inputs alone: it answers the "
            "same whichever value the other one has. One weight is too small, against the other "
            "weight and the bias, to change any answer. But the task needs both inputs: look at "
            "two corners that differ in the neglected input only, and for which different answers "
            "are wanted. Between these two the sum must cross zero, so the weight of that input "
            "has to be larger than the distance of the sum from zero. Write down the four sums "
            "with letters: b, b + w2, b + w1, b + w1 + w2. Mark which must be positive, and read "
            "off what that asks of each weight.",
        ),
        Wrong(
            name="It says 1 too easily, or too seldom",
            when=_one_sided,
            hint="Your neuron errs to one side only: either it says 1 wherever it should and at "
            "some other corner too, or it misses a corner and says 1 nowhere else. The table "
            "above shows which. What decides this is the bias: the sum of the weighted inputs has "
            "to overcome it. Work out w1 x1 + w2 x2, without the bias, at all four corners. The "
            "smallest value at which you want a yes, and the largest one at which you want a no, "
            "leave a gap between them. The bias, with its sign turned round, has to lie in that "
            "gap; yours lies below it or above it. If there is no gap, change the weights first; "
            "often it helps to make them equal in size.",
        ),
        Wrong(
            name="That is another gate: the line divides other corners",
            when=_others,
            hint="Your line cuts off other corners than the task wants: some say 1 that should say "
            "0, and others the other way round, as the table above shows. So it is not the bias "
            "alone. Draw the square with its four corners, and mark those that should say 1. Then "
            "draw a straight line that has the marked ones on one side and the rest on the other. "
            "The arrow of the weights stands at right angles to that line and points to the "
            "marked side: read off whether it goes right or left, up or down, and you have the "
            "signs of w1 and w2. Only then choose the bias, to put the line in its place.",
        ),
    ],
    again="Write the four sums: b, b + w2, b + w1 and b + w1 + w2, for the corners (0, 0), (0, 1), "
    "(1, 0) and (1, 1). Mark which must be positive. Choose the signs of the weights first, both "
    "of size 1, then a bias halfway between two of the values.",
    worked="For example $w_1 = <<w1>>$, $w_2 = <<w2>>$, $b = <<b>>$. <<why>>. The sums at the four "
    "corners are $b$, $b + w_2$, $b + w_1$ and $b + w_1 + w_2$; put the numbers in and compare "
    "their signs with what is wanted.",
)
