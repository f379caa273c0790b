"""5I: spot the bad fit by its residuals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Match, Parameters, Wrong

__all__ = ["EXERCISE"]

_NORMAL = (-1.7, -1.2, -0.9, -0.6, -0.4, -0.1, 0.2, 0.3, 0.7, 0.8, 1.3, 1.6)
_ARCH = (1.9, 1.2, 0.5, -0.2, -0.8, -1.2, -1.4, -1.0, -0.4, 0.3, 1.1, 1.8)
_FAN = (0.1, 0.1, 0.2, 0.2, 0.3, 0.5, 0.6, 0.9, 1.3, 1.7, 2.2, 2.6)


def _turns(values: list[float]) -> int:
    return sum(a * b < 0 for a, b in pairwise(values))


def _mixed(values: list[float], rng: Random) -> list[float]:
    """In an order whose signs look like chance."""
    while True:
        rng.shuffle(values)
        if 5 <= _turns(values) <= 8:
            return values


def _residuals(kind: str, rng: Random) -> list[float]:
    if kind == "bend":
        side = rng.choice([-1, 1])
        return [round(side * (v + rng.uniform(-0.25, 0.25)), 1) for v in _ARCH]
    if kind == "spread":
        signs = _mixed([1.0] * 6 + [-1.0] * 6, rng)
        values = [s * v for s, v in zip(signs, _FAN, strict=True)]
        return values if rng.random() < 0.5 else values[::-1]
    if kind == "sigma":
        return _mixed([round(rng.uniform(2.4, 2.8) * v, 1) for v in _NORMAL], rng)
    values = _mixed([round(v + rng.uniform(-0.1, 0.1), 1) for v in _NORMAL], rng)
    if kind == "outlier":
        at = rng.randrange(2, 10)
        values = [round(0.7 * v, 1) for v in values]
        values[at] = round(rng.choice([-1, 1]) * rng.uniform(5.2, 6.8), 1)
    return values


def _parameters(rng: Random) -> dict[str, Any]:
    kinds = ["none", "bend", "outlier", "spread", "sigma"]
    rng.shuffle(kinds)
    found: dict[str, Any] = {"kinds": tuple(kinds)}
    for i, kind in enumerate(kinds, start=1):
        row = [0.1 if v == 0 else v for v in _residuals(kind, rng)]
        found[f"r{i}"] = ", ".join(f"{v:+.1f}" for v in row)
        found[f"kind{i}"] = _WORDS[kind]
    return found


_WORDS = {
    "none": "nothing is wrong",
    "bend": "the truth is bent",
    "outlier": "one wild point",
    "spread": "the scatter grows along x",
    "sigma": "all sigmas are too small",
}


def _said(kind: str, *answers: str) -> Callable[[Parameters, list[Case], list[Any]], bool]:
    """For `Wrong.when`: the fit of this kind got one of these answers."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        return outputs[0][p.kinds.index(kind)] in answers

    return when


EXERCISE = Exercise(
    id="5I",
    title="Spot the bad fit",
    answer=Match(
        left=tuple((name, f"fit {name}") for name in "PQRST"),
        right=tuple(_WORDS.items()),
    ),
    parameters=_parameters,
    right=lambda p: p.kinds,
    wrong=[
        Wrong(
            name="The order of the signs was not looked at",
            when=_said("bend", "none", "sigma", "outlier"),
            hint="In one of the lists the sizes are quite ordinary, but look at the signs from "
            "left to right: several of one kind, then a long stretch of the other, then the "
            "first kind again. Independent errors do not keep to one side for so long; "
            "twelve of them change sign about five or six times, and here it happens twice. "
            "A straight line was laid through something that is not straight: too low at "
            "both ends and too high in the middle, or the other way round. Sketch the twelve "
            "values as dots over their number and join them by hand. What shape comes out, "
            "and what would a better model need?",
        ),
        Wrong(
            name="An arch is taken for growing scatter",
            when=_said("bend", "spread"),
            hint="One of the lists has large values at both ends and small ones where the sign "
            "changes, which may look like scatter that changes. But growing scatter has "
            "large values of both signs side by side, without any order, on one end of the "
            "list only. Here neighbors always agree: the values run smoothly down, through "
            "zero, and up again. Take the differences between neighbors: they are small "
            "throughout. This smoothness is the mark of something systematic that the "
            "straight line cannot follow, while scatter jumps. Draw it as a curve, and the "
            "shape is hard to miss.",
        ),
        Wrong(
            name="The largest of many is taken for a wild point",
            when=_said("none", "outlier"),
            hint="In one of the lists the largest value is about 1.7 sigma, and you have called "
            "it wild. Of independent errors about one in three is larger than one sigma, and "
            "among a dozen the farthest is usually near two. So somebody always has to be "
            "the farthest, and that alone is no crime. A wild point stands apart: there is a "
            "wide gap between it and the next one, and its distance, five or six sigma, "
            "would not occur by chance in a lifetime. Sort the sizes of the list in "
            "question. Is there a gap, or is it an even staircase?",
        ),
        Wrong(
            name="A pattern is seen in plain noise",
            when=_said("none", "bend", "spread", "sigma"),
            hint="One of the lists is quite in order, and you see something in it that is not "
            "there. People are very good at seeing patterns; independent errors look less "
            "even than one expects, with two or three neighbors of one sign here and there. "
            "Go through the three marks: do the signs change about half of the times? Are "
            "the sizes alike on both ends? Is about one value in three larger than one, and "
            "nothing beyond two and a half? If all three hold, there is nothing to object. "
            "Compare the list with the others: which of them would you rather call even?",
        ),
        Wrong(
            name="One wild point is blamed on all of them",
            when=_said("outlier", "sigma", "none", "bend", "spread"),
            hint="One of the lists has a single value beyond five sigma, while all others are "
            "ordinary, even a little small. That value makes chi-squared large all by "
            "itself: its square is more than 25. So the trouble is not in all sigmas, nor in "
            "the shape of the curve, for then many points would be off. Cover this one value "
            "with a finger and look at the rest: is anything wrong with it? One measurement "
            "needs a second look at how it was made. It should not be dropped unseen, and it "
            "should not be averaged away by making all the error bars longer.",
        ),
        Wrong(
            name="The sizes were not looked at",
            when=_said("sigma", "none", "outlier"),
            hint="In one of the lists the signs change as they should and no point stands apart, "
            "but look at the sizes. Residuals in units of sigma should be about one: two out "
            "of three below 1, and hardly any beyond 2.5. Here most of them are larger than "
            "1, and several are beyond 3. There is no single culprit, because they are all "
            "large alike, without any pattern along the list. If the shape is right and no "
            "point is special, what remains is what every value was divided by. How would "
            "the list look if that number had been two or three times as large?",
        ),
        Wrong(
            name="Large everywhere is not the same as growing",
            when=_said("sigma", "spread", "bend"),
            hint="One of the lists has large values everywhere, at the beginning, in the middle "
            "and at the end, and signs in no order. You have read a change along the list "
            "into it. Split it in two halves and take the average size in each: are they "
            "alike? Where the scatter grows, the two differ by a factor of three or more, "
            "and where a bend is missed, the signs come in long stretches. If neither is the "
            "case, the fault is the same for all points, and that points to something that "
            "they all share. What has every residual been divided by?",
        ),
        Wrong(
            name="The change along x was not looked at",
            when=_said("spread", "none", "bend", "outlier", "sigma"),
            hint="In one of the lists the values at one end are tiny, a few tenths, and those at "
            "the other end are ten times larger. Taken together they may even give a fair "
            "chi-squared, since the small ones make up for the large ones; that is why it is "
            "easily overlooked. But a single sigma cannot be right for all of them: on one "
            "side the error bars are far too long, on the other too short. The fit trusts "
            "the careless points as much as the sure ones. Compare the first four sizes with "
            "the last four in each list. In which list do they differ most?",
        ),
    ],
    again="For each list ask three things: do the signs come in long stretches? Do the sizes "
    "change from one end to the other? Are they about one, apart from a single one?",
    worked="Go by three marks. Long stretches of one sign: the truth is bent. Sizes that change "
    "from one end to the other: the scatter grows. One value beyond five with ordinary "
    "others: a wild point. All values far too large: the sigmas are too "
    "small. None of these: nothing is wrong. Here P: <<kind1>>; Q: <<kind2>>; R: "
    "<<kind3>>; S: <<kind4>>; T: <<kind5>>.",
)
