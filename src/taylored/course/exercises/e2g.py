"""2G: the gradient check, as a function that says how far a gradient is from the cost's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Judged, Parameters, Wrong
from taylored.course.checking.terms import any_of

__all__ = ["EXERCISE", "play"]

_STARTER = '''import numpy as np

def gradient_check(cost, gradient, w):
    """cost(w) is a number; w and gradient are arrays of the same length."""
    h = 1e-5
    gaps = []
    for i in range(len(w)):
        ...
    return max(gaps)
'''
_MARGIN = 1e-4  # relative; a good step leaves far less
_LIKE = 3e-3  # so near to what a wrong rule gives
_SIZE = 5
_SMALL = 3e-6  # a right gradient: a step to both sides leaves far less, one to one side more
_ASKED, _SIDES, _EXACT, _MISSED = 6, 7, 8, 9  # places in the outputs


def _slopes(w: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The true gradient of the cost below."""
    return c * (np.roll(w, -1) + np.cos(w)) + np.roll(c, 1) * np.roll(w, 1)


def _cost(w: Any, c: np.ndarray) -> float:
    w = np.asarray(w, dtype=float)
    return float(np.sum(c * (w * np.roll(w, -1) + np.sin(w))))


def _inputs(rng: Random, p: Parameters) -> Case:
    """Where, with which numbers, and a gradient with three mistakes.

    A factor in one entry, and two wrong signs: one entry too small and one too large, so that it
    matters by which of the two slopes a gap is divided.
    """
    while True:
        w = [rng.uniform(0.3, 1.4) * rng.choice([-1, 1]) for _ in range(_SIZE)]
        c = [rng.uniform(0.6, 2.5) * rng.choice([-1, 1]) for _ in range(_SIZE)]
        true = _slopes(np.array(w), np.array(c))
        if np.min(np.abs(true)) > 0.4:
            break
    small, large, scaled = rng.sample(range(_SIZE), 3)
    gradient = true.copy()
    gradient[small] *= -rng.uniform(0.3, 0.75)
    gradient[large] *= -rng.uniform(1.4, 2.4)
    gradient[scaled] *= rng.uniform(1.15, 1.25)
    return w, c, gradient.tolist()


def play(function: Callable[..., Any], p: Any, cases: Sequence[Sequence[Any]]) -> list[Any]:
    """Call the learner's function, and see where it asks for the cost.

    Each output: what it returned, and for the same cost with all signs turned; the smallest and
    the largest step; the fewest and the most parameters that were moved at once; how often the
    cost was asked, and how many parameters were moved to one side only; what it returned for the
    true gradient; and for how many entries with a wrong sign it did not say 2.
    """
    return [_often(function, *(np.asarray(v, dtype=float) for v in case)) for case in cases]


def _often(
    function: Callable[..., Any], w: np.ndarray, c: np.ndarray, g: np.ndarray
) -> list[float]:
    first, second = _watched(function, w, c, g), _watched(function, w, -c, -g)
    true = _slopes(w, c)
    exact = _watched(function, w, c, true)[0]
    signs = [np.where(np.arange(_SIZE) == i, -true, true) for i in range(_SIZE)]
    missed = sum(abs(_watched(function, w, c, g)[0] - 2) > 0.01 for g in signs)
    return [first[0], second[0], *first[1:], exact, float(missed)]


def _watched(
    function: Callable[..., Any], w: np.ndarray, c: np.ndarray, gradient: np.ndarray
) -> list[float]:
    asked: list[np.ndarray] = []

    def cost(at: Any) -> float:
        place = np.array(at, dtype=float)
        if place.shape != w.shape:
            raise ValueError(f"cost takes an array of {len(w)} numbers; it got {place.shape}")
        asked.append(place - w)
        return _cost(place, c)

    found = function(cost, gradient.copy(), w.copy())
    if found is None:
        raise TypeError("gradient_check returned None: is `return` missing?")
    if isinstance(found, bool | np.bool_):
        raise ValueError("gradient_check returned True or False; the largest gap is wanted")
    value = np.asarray(found, dtype=float)
    if value.size != 1:
        raise ValueError(f"gradient_check returned {value.size} numbers; the largest gap is wanted")
    return [float(value.ravel()[0]), *_steps(asked)]


def _steps(asked: Sequence[np.ndarray]) -> list[float]:
    """Of the places at which the cost was asked, what `play` tells of them."""
    moved = [step for step in asked if np.any(step)]
    sizes = [float(np.abs(step).max()) for step in moved] or [0.0]
    counts = [float(np.count_nonzero(step)) for step in moved] or [0.0]
    places = np.array(moved or [np.zeros(_SIZE)])
    to_one_side = np.any(places > 0, axis=0) != np.any(places < 0, axis=0)
    return [min(sizes), max(sizes), min(counts), max(counts), len(asked), float(to_one_side.sum())]


def _gaps(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """True gradient and given gradient."""
    w, c, gradient = (np.asarray(v, dtype=float) for v in case)
    return _slopes(w, c), gradient


def _relative(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))


def _right(p: Parameters, *case: Any) -> list[float]:
    return [float(_relative(*_gaps(case)).max())]


def _near(values: Any, wanted: Any, margin: float) -> bool:
    """Whether both answers of a case are what is wanted."""
    values, wanted = np.asarray(values, dtype=float), np.asarray(wanted, dtype=float)
    if not np.isfinite(values).all():
        return False
    return bool(np.all(np.abs(values - wanted) <= margin * np.maximum(np.abs(wanted), 1e-3)))


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    values = [np.ravel(o)[:2] for o in outputs]
    wanted = [_right(p, *case)[0] for case in cases]
    fits = [
        _near(v, t, _MARGIN) and o[_SIDES] == 0 and o[_EXACT] <= _SMALL and o[_MISSED] == 0
        for v, t, o in zip(values, wanted, map(np.ravel, outputs), strict=True)
    ]
    at = fits.index(False) if False in fits else 0
    if not fits[at] and _near(values[at], wanted[at], _MARGIN):
        return _not_always(np.ravel(outputs[at]))
    turned = _near(values[at][:1], wanted[at], _MARGIN) and not fits[at]
    value, sign = float(values[at][int(turned)]), -1.0 if turned else 1.0
    said = ", ".join(f"{sign * g:.4g}" for g in _gaps(cases[at])[1])
    return Judged(all(fits), f"the gradient [{said}], which has three mistakes",
                  f"largest gap {value:.6g}", "the largest relative gap, a number above 1",
                  "" if all(fits) else f"off by {abs(value - wanted[at]):.3g}")  # fmt: skip


def _not_always(output: np.ndarray) -> Judged:
    """What to say where two mistakes are found, but not every one, or a right gradient fails."""
    if output[_MISSED]:
        return Judged(False, "a right gradient but for the sign of one entry, each in turn",
                      f"not noticed at {output[_MISSED]:.0f} of {_SIZE} entries",
                      "2 at each of them")  # fmt: skip
    tried = "a gradient that is right"
    if output[_SIDES]:
        tried += ", with steps to one side only"
    return Judged(False, tried, f"largest gap {output[_EXACT]:.2g}",
                  f"at most {_SMALL:.0e}, from steps to both sides")  # fmt: skip


def _as(rule: Callable[[np.ndarray, np.ndarray], Any]) -> Callable[..., bool]:
    """Whether all answers are what a rule makes of the true and the given gradient."""

    def of(case: Case) -> list[float]:
        t, g = _gaps(case)
        return [float(rule(t, g)), float(rule(-t, -g))]

    def seen(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
        pairs = zip(cases, outputs, strict=True)
        return all(_near(np.ravel(o)[:2], of(case), _LIKE) for case, o in pairs)

    return seen


def _watching(rule: Callable[[np.ndarray], bool]) -> Callable[..., bool]:
    """Whether a rule holds for what was seen of the calls, in every case."""
    return lambda p, cases, outputs: all(rule(np.ravel(o)) for o in outputs)


EXERCISE = Exercise(
    id="2G",
    title="The gradient check",
    answer=Code(
        name="gradient_check",
        starter=_STARTER,
        returns="a number: the largest relative gap",
        player="e2g:play",
    ),
    inputs=_inputs,
    count=6,
    right=_right,
    judge=_judge,
    wrong=[
        Wrong(
            name="Both places are one and the same array",
            when=_watching(lambda o: o[3] < 5e-16 and o[_ASKED] >= 2 * _SIZE),
            hint="You do change w, but whenever the cost is asked, it is asked at w itself. This "
            "happens with arrays that are not copied. The line up = w makes no new array; it "
            "gives a second name to the one that is there. If you add h to an entry of up and "
            "then take it away from an entry of down, both changes hit the same numbers and "
            "cancel. So the two costs are equal and the slope is 0, or 0 over 0. Make a copy for "
            "each side, up = w.copy() and down = w.copy(), or ask for the cost at once after each "
            "change. Safer still is a step e that is zero except at one place: then w + e and w - "
            "e are new arrays, and w stays as it is.",
        ),
        Wrong(
            name="The parameters are not put back",
            when=_watching(lambda o: o[4] == 1 and o[5] > 1),
            hint="You change w in place, and after a parameter has had its turn, it does not stand "
            "where it stood. So the next derivative is taken at another place, and with every "
            "parameter the error grows. After adding h you have to take away 2h to reach the "
            "other side, and then add h again. Even so rounding may leave something behind, so it "
            "is better to keep the old value, old = w[i], and to write it back at the end, w[i] = "
            "old. Better still, leave w alone: make a step e that is zero except at the place i, "
            "and ask for the cost at w + e and at w - e.",
        ),
        Wrong(
            name="The step goes to one side only",
            last=True,
            when=_watching(lambda o: o[_SIDES] > 0),
            hint="Your slopes compare the cost at a moved place with the cost at w itself, or you "
            "have moved to one side both times. The question asks for a central difference: one "
            "place a step h above, one a step h below, divided by 2h. It is worth the second call. "
            "To one side the error grows with the step itself, and even a right gradient then "
            "shows a gap of 1e-5 or so; to both sides it grows with the square of the step, and a "
            "right gradient agrees to 1e-7 or better. Only so there is a wide empty space between "
            "right and wrong, in which the limit can be drawn.",
        ),
        Wrong(
            name="Not every entry is compared",
            last=True,
            when=_watching(lambda o: 0 < o[_MISSED] < _SIZE and _near(o[_EXACT], 0, 0.1)),
            hint="There are entries of the gradient that your function never looks at: a wrong "
            "sign there goes unnoticed. A check is worth something only if no entry escapes it. "
            "Three causes are frequent. The loop does not run over all the places: range(len(w)) "
            "begins at 0 and ends before len(w), and that is just what is needed. Or a return "
            "stands inside the loop, so that the function ends after the first parameter; it "
            "belongs below the loop, further to the left. Or a gap is written into one variable, "
            "where each round overwrites the one before. Collect all the gaps in a list.",
        ),
        Wrong(
            name="No gap is found at all, whatever the gradient",
            last=True,
            when=_watching(lambda o: abs(o[0]) < 1e-4 and abs(o[1]) < 1e-4),
            hint="Your function returns nearly nothing even for gradients that are wrong. So it "
            "does not compare the two things that are to be compared, or it returns the smallest "
            "gap and not the largest. On one side stands the slope that you find yourself from the "
            "cost; on the other side the entry of the gradient that was handed in. Neither may be "
            "made from the other. Look at which name stands for which, and whether both occur in "
            "the difference. And the smallest gap is nearly always tiny, since some entry is right "
            "even in a bad gradient: it is the largest that tells.",
        ),
        Wrong(
            name="A slope is returned, not a gap",
            when=any_of(
                *(_as(lambda t, g, i=i: t[i]) for i in range(_SIZE)), _as(lambda t, g: t.max())
            ),
            hint="What you return is one of the slopes, and not how far it is from the gradient's "
            "entry. The slope is only half of the way. For each parameter there are two numbers "
            "that ought to be the same: the slope n from the two costs, and the claimed entry g. "
            "Form the absolute value of their difference, and divide by the larger of their two "
            "sizes. That is the gap of this parameter, a number near 0 if the entry is right and "
            "near 2 if its sign is wrong. Keep the gaps of all parameters, and return the largest "
            "one when the loop has ended.",
        ),
        Wrong(
            name="The cost is never asked at another place",
            when=_watching(lambda o: o[3] == 0 and o[_ASKED] < 2 * _SIZE),
            hint="Your function never asks for the cost at a moved point, so it cannot know the "
            "slope. A gradient check needs a second opinion that owes nothing to the code under "
            "test, and the only one at hand is the cost itself. Move one parameter a little, ask "
            "for the cost, move it the same way to the other side, ask again. The difference of "
            "the two answers over the distance between the two places is the slope along that "
            "parameter. Do this for each parameter in turn, starting each time from the original "
            "w, and compare with the entry of the gradient that belongs to it.",
        ),
        Wrong(
            name="All parameters are moved at once",
            when=_watching(lambda o: o[4] > 1),
            hint="You move all the parameters together. What comes out is how the cost changes "
            "along one slanted direction, the sum of all the slopes, and it is the same number "
            "whichever entry you compare it with. A partial derivative asks about one parameter "
            "while the others are held still. In NumPy, w + h adds h to every entry; that is the "
            "trap. Make a copy of w and change a single entry of it, or make a step that is zero "
            "everywhere except at the place i. Then ask for the cost at w plus that step and at w "
            "minus it. This takes two calls for each parameter, which is why the check is slow "
            "and is done on a few parameters only.",
        ),
        Wrong(
            name="The difference is divided by h instead of 2h",
            when=_as(lambda t, g: _relative(2 * t, g).max()),
            hint="Your slopes come out twice as large as they are. You go a step h forward and a "
            "step h back, so the two places are 2h apart, but you have divided by h. The slope is "
            "the change of the cost over the distance between the two places. If you had gone to "
            "one side only, from w to w + h, then h would be right. A quick test of such a "
            "function: give it a cost that you can differentiate in your head, such as the sum of "
            "the entries, whose slope is 1 for every parameter, together with its right gradient. "
            "The gap must come out as zero, or nearly so.",
        ),
        Wrong(
            name="The difference is to one side, but divided by 2h",
            when=_as(lambda t, g: _relative(0.5 * t, g).max()),
            hint="Your slopes come out half as large as they are. You have gone a step h to one "
            "side only, from w to w + h, or the second place is w itself and not w − h, but you "
            "have divided by 2h. The slope is the change of the cost over the distance between "
            "the two places that were asked. Watch out if you change w in place: after adding h "
            "to an entry you have to take away 2h in order to be at the other side, and then add "
            "h again to put it back. It is safer to make two fresh copies, one for each side.",
        ),
        Wrong(
            name="The gap is absolute, not relative",
            when=_as(lambda t, g: np.abs(t - g).max()),
            hint="You return the bare distance between the two slopes. How much is 0.01? For a "
            "slope of 1000 it is a rounding error, for a slope of 0.02 it is half of everything. "
            "In a network the slopes of different layers may differ by many powers of ten, and an "
            "absolute gap would look only at the large ones; a mistake in a small one stays "
            "hidden. So divide each gap by the size of what is compared: the larger of the two "
            "absolute values, of the difference quotient and of the entry of the gradient. Then "
            "the number says which share is wrong, and one limit serves for all the parameters.",
        ),
        Wrong(
            name="The gap is divided by something else",
            vague=True,
            when=any_of(
                _as(lambda t, g: (np.abs(t - g) / (np.abs(t) + np.abs(g))).max()),
                _as(lambda t, g: (np.abs(t - g) / np.abs(g)).max()),
                _as(lambda t, g: (np.abs(t - g) / np.abs(t)).max()),
                _as(lambda t, g: (np.abs(t - g) / np.minimum(np.abs(t), np.abs(g))).max()),
                _as(lambda t, g: (np.abs(t - g) / np.maximum(t, g)).max()),
                _as(lambda t, g: (_relative(t, g) ** 2).max()),
                _as(lambda t, g: 100 * _relative(t, g).max()),
            ),
            hint="Your slopes are right, and the gaps too; only the size that they are divided by "
            "is another one than asked. There are several customs: the sum of both absolute "
            "values, the gradient's own entry, the difference quotient. They agree when the two "
            "slopes are close, but not when something is wrong. Dividing by one of the two alone "
            "can blow up if just that one happens to be near zero; dividing by the sum makes "
            "every wrong sign look the same, with the value 1. Here the larger of the two "
            "absolute values is wanted. In Python, max(abs(a), abs(b)); for whole arrays, "
            "np.maximum.",
        ),
        Wrong(
            name="The mean or the sum of the gaps is returned",
            when=any_of(
                _as(lambda t, g: _relative(t, g).mean()),
                _as(lambda t, g: _relative(t, g).sum()),
            ),
            hint="You return the mean or the sum of all gaps. But a single wrong entry is enough "
            "to spoil a training, and among a thousand right ones it would be averaged away: a gap "
            "of 1 becomes a mean of 0.001, which looks harmless. The question of this check is not "
            "how good the gradient is on the whole; it is whether there is any entry that is "
            "wrong. So the worst one counts. Keep the gaps of all parameters in a list and take "
            "the largest at the end. It is also worth knowing at which place it stands, for that "
            "leads to the line of code with the mistake.",
        ),
        Wrong(
            name="Whole vectors are compared by their lengths",
            when=any_of(
                _as(lambda t, g: _length(t - g) / (_length(t) + _length(g))),
                _as(lambda t, g: _length(t - g) / max(_length(t), _length(g))),
                _as(lambda t, g: _length(t - g) / _length(t)),
                _as(lambda t, g: _length(t - g) / _length(g)),
                _as(lambda t, g: np.abs(t - g).max() / max(np.abs(t).max(), np.abs(g).max())),
                _as(lambda t, g: np.abs(t - g).max() / np.abs(g).max()),
                _as(lambda t, g: np.abs(t - g).max() / np.abs(t).max()),
            ),
            hint="You have compared the two gradients as whole vectors, by the length of their "
            "difference over a length. That is a well-known form of the check, and it is good for "
            "a first look. But the length of a vector is ruled by its large entries: if one slope "
            "is 1000 and another 0.1, the small one may be completely wrong, and the quotient "
            "hardly shows it. Asked here is the worst single entry. So form the gap of each entry "
            "on its own, divide it by the larger of the two absolute values of that entry, and "
            "return the largest of these numbers.",
        ),
        Wrong(
            name="Signs are not compared",
            when=_as(lambda t, g: _relative(np.abs(t), np.abs(g)).max()),
            hint="You compare absolute values, so a wrong sign passes unseen. In each of the "
            "gradients here two entries have the wrong sign, and a sign is the worst that can go "
            "wrong: with it a step downhill becomes a step uphill. Absolute values are wanted at "
            "two places, and only there: around the difference of the two slopes, so that the gap "
            "is never negative, and around each of the two slopes below it, where they measure a "
            "size. The two slopes themselves must go into the difference as they are, signs and "
            "all. In Python: abs(a - b), and not abs(abs(a) - abs(b)).",
        ),
        Wrong(
            name="The gap keeps its sign",
            when=any_of(
                _as(lambda t, g: ((t - g) / np.maximum(np.abs(t), np.abs(g))).max()),
                _as(lambda t, g: ((g - t) / np.maximum(np.abs(t), np.abs(g))).max()),
            ),
            hint="You take the largest of gaps that still have a sign. A gap of −1.5 is a bad "
            "mistake, but among numbers such as 0 and 0.2 it is the smallest, not the largest, "
            "and so it is overlooked. How far two numbers are apart does not depend on which of "
            "them is the larger. Put an absolute value around the difference of the two slopes, "
            "before you divide. Below it the sizes need absolute values as well: otherwise two "
            "negative slopes would turn the sign of the quotient. Then the worst entry has the "
            "largest gap, whichever way it errs.",
        ),
        Wrong(
            name="The step is far too small",
            when=_watching(lambda o: 0 < o[2] < 2e-9),
            hint="Your step is so small that rounding drowns the difference. A number in the "
            "computer has about sixteen digits. If w moves by 1e-14, the cost changes in its last "
            "two digits only, and those are not to be trusted; dividing by the tiny step makes "
            "their error huge. What remains is noise, and every entry of the gradient looks "
            "wrong. The error of a difference has two parts: one grows with the step, like its "
            "square if it is taken to both sides; the other shrinks, like 1e-16 over the step. "
            "They balance far from both extremes. In the lesson's figure this is the bottom of "
            "the V; look where it lies.",
        ),
        Wrong(
            name="The step is far too large",
            when=_watching(lambda o: o[2] > 5e-4),
            hint="Your step is so large that the cost bends on the way. A difference gives the "
            "slope of a straight line through two places of the curve; only when the two are "
            "close is that the slope of the curve between them. The error grows with the square "
            "of the step if it is taken to both sides, and with the step itself if it is taken to "
            "one. So a right gradient would be called wrong. But do not make the step as small as "
            "you can, for then rounding takes over. In the lesson's figure the two errors form a "
            "V; look where its bottom lies, and choose a step near it.",
        ),
        Wrong(
            name="The slopes may be right, the gap is not formed as asked",
            last=True,
            when=_watching(lambda o: o[4] == 1 == o[5] and o[_SIDES] == 0),
            hint="The cost is asked at the right places: one parameter at a time, to both sides, "
            "with a sensible step. What comes out in the end is still not the number that is "
            "asked. Go through the last lines. The slope is the upper cost minus the lower one, "
            "over 2h, so without a further factor or power of h. The gap of a parameter is the "
            "absolute value of slope minus claimed entry, over the larger of the two absolute "
            "values, and nothing else: no logarithm, no rounding, no fixed number below. Then the "
            "largest of the gaps is returned, itself and not its place.",
        ),
    ],
    again="For each i: e = np.zeros(len(w)); e[i] = h; slope = (cost(w + e) - cost(w - e)) / "
    "(2*h). The gap is abs(slope - gradient[i]) over max(abs(slope), abs(gradient[i])). Return "
    "the largest.",
    worked="```python\nimport numpy as np\n\ndef gradient_check(cost, gradient, w):\n    h = "
    "1e-5\n    gaps = []\n    for i in range(len(w)):\n        e = np.zeros(len(w))\n        e[i] "
    "= h\n        slope = (cost(w + e) - cost(w - e)) / (2 * h)\n        size = max(abs(slope), "
    "abs(gradient[i]))\n        gaps.append(abs(slope - gradient[i]) / size)\n    return "
    "max(gaps)\n```\n\nOne entry at a time, to both sides, and compared with the larger of the "
    "two sizes.",
)


def _length(v: np.ndarray) -> float:
    return float(np.sqrt(np.sum(v * v)))
