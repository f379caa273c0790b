"""0A: which graph is the slope of which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Match, Parameters, Wrong

__all__ = ["EXERCISE"]

_LEFT = (
    ("wave", "curve: sin(<<a>>*x)"),
    ("dome", "curve: <<b>> - 0.3*x^2"),
    ("cubic", "curve: 0.9*x - 0.12*x^3"),
    ("step", "curve: tanh(<<c>>*x)"),
)
_RIGHT = (
    ("r1", "curve: <<a>>*cos(<<a>>*x)"),
    ("r2", "curve: -0.6*x"),
    ("r3", "curve: 0.9 - 0.36*x^2"),
    ("r4", "curve: <<c>>/cosh(<<c>>*x)^2"),
    ("r5", "curve: -<<a>>*cos(<<a>>*x)"),
    ("r6", "curve: 0.6*x"),
    ("r7", "curve: 0.36*x^2 - 0.9"),
    ("r8", "curve: sin(<<a>>*x)"),
    ("r9", "curve: tanh(<<c>>*x)"),
)
_SLOPES = ("r1", "r2", "r3", "r4")
_TURNED = ("r5", "r6", "r7", "")  # the slopes with the other sign
_ITSELF = ("r8", "r3", "r8", "r9")  # the graphs that look like the function


def _right(p: Parameters) -> Sequence[str]:
    return _SLOPES


def _parameters(rng: Random) -> dict[str, Any]:
    return {
        "a": rng.choice([1.4, 1.6, 1.8]), "b": rng.choice([0.8, 1.1, 1.4]),
        "c": rng.choice([1.3, 1.5, 1.7]),
    }  # fmt: skip


def _chosen(wanted: Sequence[str], least: int = 1) -> Callable[..., bool]:
    """Whether at least so many wrong choices are the ones wanted."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        hits = [
            got == bad != right for got, bad, right in zip(outputs[0], wanted, _SLOPES, strict=True)
        ]
        return sum(hits) >= least

    return when


def _one_wrong(at: int) -> Callable[..., bool]:
    return lambda p, cases, outputs: outputs[0][at] != _SLOPES[at]


EXERCISE = Exercise(
    id="0A",
    title="Which graph is the slope?",
    answer=Match(left=_LEFT, right=_RIGHT),
    parameters=_parameters,
    right=_right,
    wrong=[
        Wrong(
            name="The graph chosen has the shape of the function itself",
            when=_chosen(_ITSELF),
            hint="At least one of the graphs you chose looks like the function it is to belong "
            "to: high where the function is high, low where it is low. That is the height once "
            "more, and not the slope. The two are easily confused, because both are drawn upward. "
            "Take a pencil and lay it along the curve on the left, at its highest place. The "
            "pencil lies level there, so the slope is zero, although the height is not. So the "
            "graph of the slope must cross the middle line right below the top. Then move the "
            "pencil to the place where the curve climbs most steeply: only there may the graph of "
            "the slope have its top. Check these two places for every pair.",
        ),
        Wrong(
            name="Uphill and downhill are exchanged",
            when=_chosen(_TURNED),
            hint="The graph you chose has its zeros at the right places, but it is upside down: "
            "it is negative where the function climbs and positive where it falls. The zeros alone "
            "do not decide, because a graph and its mirror image share them. One more look is "
            "needed: walk along the curve on the left from left to right, as one reads. Where you "
            "go uphill the slope is positive, and its graph lies above the middle line; where you "
            "go downhill it lies below. A reason for the mistake may be that one looks at which "
            "side of the line the curve itself is on. A curve can lie far below the line and still "
            "climb. Walk along the left graph once more and note plus or minus for each stretch.",
        ),
        Wrong(
            name="The step has another slope",
            when=_one_wrong(3),
            hint="Look once more at the curve that is flat on the left, rises in the middle, and "
            "is flat again on the right. Flat means: slope zero, whether the flat part lies low or "
            "high. So far out on both sides the graph of the slope must run along the middle line. "
            "Only in the middle is there a climb, and it is a climb everywhere, never a descent. "
            "So the slope is never negative; it rises from nothing to its largest value where the "
            "curve is steepest, and sinks back to nothing. What such a graph looks like you can "
            "say without any formula: compare it with a hill in a plain. Find the one graph on the "
            "right that does this.",
        ),
        Wrong(
            name="The zeros do not lie under the tops and valleys",
            when=lambda p, cases, outputs: tuple(outputs[0]) != _SLOPES,
            hint="One of the pairs cannot be right, and there is a quick test for it. Mark each "
            "top and each valley of the curve on the left, and go straight down or across to the "
            "same place on the graph you chose: there it must cross the middle line, because a "
            "curve is level at a top and in a valley. Count them, too. A curve with one top and "
            "one valley has a slope with two zeros, a curve with a single top one zero, and a "
            "curve that always climbs none at all. Then look at the steepest place: there the "
            "graph of the slope is farthest from the line. It may be that you compared the general "
            "look of the graphs; compare single places and you will find the pair that fails.",
        ),
    ],
    again="Mark the tops and valleys of each function: the graph of its slope is zero exactly "
    "there. Then note where the function climbs: there the slope lies above the line.",
    worked="The wave $\\sin(<<a>>x)$ climbs fastest at $x = 0$ and is level at its tops, so its "
    "slope is the wave with a top at $x = 0$: $<<a>>\\cos(<<a>>x)$. The dome climbs on the left, "
    "is level at $0$ and falls ever faster: the straight line that falls, $-0.6x$. The cubic is "
    "level twice and climbs in between: a dome with two zeros, $0.9 - 0.36x^2$. The step is "
    "flat, climbs once, and is flat again: a single bump.",
)
