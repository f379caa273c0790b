"""1F: four stationary points by their Hessians."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Match, Parameters, Wrong

__all__ = ["EXERCISE"]

_KINDS = ("minimum", "maximum", "saddle", "open")
_ITEMS = ("A", "B", "C", "D", "E")


def _matrix(letter: str) -> str:
    a, b, c = (f"<<{letter}{k}>>" for k in "abc")
    return f"$\\begin{{pmatrix}} {a} & {b} \\\\ {b} & {c} \\end{{pmatrix}}$"


def _bowl(rng: Random) -> tuple[int, int, int]:
    """a, c > 0 and a twist that is too small for a saddle."""
    a, c = rng.randint(3, 6), rng.randint(3, 6)
    return a, rng.choice([-2, -1, 1, 2]), c


def _hidden(rng: Random) -> tuple[int, int, int]:
    """a, c > 0 and a twist that makes a saddle of it."""
    a, c = rng.randint(1, 3), rng.randint(2, 4)
    return a, rng.choice([-1, 1]) * rng.randint(4, 6), c


def _zero(rng: Random) -> tuple[int, int, int]:
    """A determinant of zero."""
    m, n = rng.sample([1, 2, 3], 2)
    return m * m, rng.choice([-1, 1]) * m * n, n * n


def _parameters(rng: Random) -> dict[str, Any]:
    bowl, dome, hidden, zero = _bowl(rng), _bowl(rng), _hidden(rng), _zero(rng)
    while sum(b < 0 for _, b, _ in (bowl, dome, zero)) < 2:  # or its sign would tell nothing
        bowl, dome, zero = _bowl(rng), _bowl(rng), _zero(rng)
    cross = (rng.randint(2, 5), rng.choice([-1, 0, 1]), -rng.randint(2, 5))
    rows = [
        (bowl, "minimum"), ((-dome[0], dome[1], -dome[2]), "maximum"), (hidden, "saddle"),
        (cross, "saddle"), (zero, "open"),
    ]  # fmt: skip
    rng.shuffle(rows)
    drawn: dict[str, Any] = {"kinds": [kind for _, kind in rows]}
    for letter, ((a, b, c), _) in zip(_ITEMS, rows, strict=True):
        drawn |= {f"{letter}a": a, f"{letter}b": b, f"{letter}c": c}
    return drawn


def _right(p: Parameters) -> Sequence[str]:
    return p.kinds


def _entries(p: Parameters, letter: str) -> tuple[int, int, int]:
    a, b, c = (getattr(p, f"{letter}{k}") for k in "abc")
    return a, b, c


def _mistakes(p: Parameters, outputs: list[Any]) -> list[tuple[tuple[int, int, int], str, str]]:
    """(entries, right kind, chosen kind) where the choice is wrong."""
    rows = zip((_entries(p, k) for k in _ITEMS), p.kinds, outputs[0], strict=True)
    return [row for row in rows if row[1] != row[2]]


def _twist_left_out(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return any(a > 0 < c and kind == "saddle" and chosen == "minimum"
               for (a, _, c), kind, chosen in _mistakes(p, outputs))  # fmt: skip


def _turned(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return any({kind, chosen} == {"minimum", "maximum"}
               for _, kind, chosen in _mistakes(p, outputs))  # fmt: skip


def _zero_passed(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return any(kind == "open" for _, kind, _ in _mistakes(p, outputs))


def _too_careful(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return any(chosen == "open" for _, _, chosen in _mistakes(p, outputs))


def _no_saddle(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """A saddle seen where the determinant is positive."""
    return any(chosen == "saddle" and a * c > b * b
               for (a, b, c), _, chosen in _mistakes(p, outputs))  # fmt: skip


def _signs_missed(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """A plain saddle, with one positive and one negative bend, taken for an extremum."""
    return any(a * c < 0 for (a, _, c), _, _ in _mistakes(p, outputs))


def _by_sign_of_twist(p: Parameters) -> list[str]:
    twists = [getattr(p, f"{letter}b") for letter in _ITEMS]
    return ["saddle" if b < 0 else kind for b, kind in zip(twists, p.kinds, strict=True)]


EXERCISE = Exercise(
    id="1F",
    title="Minimum, maximum, saddle, or not decided",
    answer=Match(
        left=tuple((letter.lower(), _matrix(letter)) for letter in _ITEMS),
        right=(
            ("minimum", "a minimum"),
            ("maximum", "a maximum"),
            ("saddle", "a saddle"),
            ("open", "not decided by the Hessian"),
        ),
    ),
    parameters=_parameters,
    right=_right,
    wrong=[
        Wrong(
            name="A negative twist is taken for a saddle",
            model=_by_sign_of_twist,
            hint="You have called a point a saddle because its mixed entry b is negative. The sign "
            "of b alone says nothing about minimum, maximum or saddle. It only says along which "
            "diagonal the ground bends more: with a positive b it is the one to the north-east, "
            "with a negative b the one to the south-east. Mirror the map at the east-west line, "
            "and b changes its sign, while a bowl remains a bowl. So in the test b enters squared, "
            "in the determinant ac − b². What counts is how large b is, compared with a and c. "
            "Work out the determinant for every matrix, and look at the sign of a only where it is "
            "positive.",
        ),
        Wrong(
            name="The twist is left out",
            when=_twist_left_out,
            hint="At one of the points you looked at the two numbers on the diagonal, found both "
            "positive, and said minimum. The diagonal tells about two directions only: east and "
            "north bend upward. But there are all the directions in between, and along a diagonal "
            "the number off the diagonal, the twist, takes part. If it is large, the ground falls "
            "along one slant although it rises east and north. The bend along the slant with "
            "steps of 1 and −1 is a − 2b + c; along 1 and 1 it is a + 2b + c. Compute both for "
            "your matrix: is each of them positive? The determinant looks at all directions at "
            "once; compare the product of the diagonal with the square of the twist.",
        ),
        Wrong(
            name="Minimum and maximum are exchanged",
            when=_turned,
            hint="At one of the points you chose the opposite of what it is. You saw rightly that "
            "it is no saddle: all directions bend the same way. But which way? A positive second "
            "derivative means that the slope grows as you walk on: first downhill, then level, "
            "then uphill. That is a hollow, and its lowest point is in the middle. A negative one "
            "means uphill, level, downhill: a hilltop. The word positive tempts one to think of "
            "up and of a top, but it is the sides that go up, not the point. The parabola x² is "
            "the shape to remember: its second derivative is 2, positive, and it is a bowl. Which "
            "sign does your diagonal have?",
        ),
        Wrong(
            name="A zero determinant is passed over",
            when=_zero_passed,
            hint="One of the Hessians has a determinant that is exactly zero: the product of the "
            "diagonal equals the square of the twist. Then one of the two eigenvalues is zero, "
            "and in that direction the ground does not bend at all, as far as second derivatives "
            "can tell. What it does there is decided by finer things, the third and fourth "
            "derivatives, which the Hessian does not contain. It may be a trough, a ridge, or a "
            "bent saddle. The three functions x⁴, −x⁴ and x³ all have a second derivative of zero "
            "at 0, and are a minimum, a maximum and neither. Compute the five determinants once "
            "more, and look for the one that vanishes; there the right answer is a refusal.",
        ),
        Wrong(
            name="The test does decide here",
            when=_too_careful,
            hint="At one of the points you said that the Hessian does not decide, but it does. It "
            "is silent only where an eigenvalue is zero, and that is the same as a determinant of "
            "zero: the product of the two numbers on the diagonal minus the square of the number "
            "off it. A zero somewhere inside the matrix, or mixed signs in it, is no reason to "
            "give up. If the determinant is negative, it is a saddle, whatever else the matrix "
            "holds. If it is positive, all directions bend the same way, and the sign of either "
            "number on the diagonal says which. Compute the determinant of that point and you "
            "will see that it is not zero.",
        ),
        Wrong(
            name="A saddle is seen where there is none",
            when=_no_saddle,
            hint="At one of the points you chose saddle, but there the ground bends the same way "
            "in all directions. Perhaps a minus sign off the diagonal, or two minus signs on it, "
            "looked like a mixture. The sign of the twist says only along which slant the ground "
            "is steeper; turn the map around and it changes its sign. And two negative numbers on "
            "the diagonal do not mix up and down: both mean down, and their product is positive. "
            "A saddle needs a negative determinant: the product of the diagonal must be smaller "
            "than the square of the twist. Compute this for your point, and if the result is "
            "positive, ask only which way the diagonal bends.",
        ),
        Wrong(
            name="One bend up and one bend down",
            when=_signs_missed,
            hint="One of the matrices has a positive and a negative number on its diagonal. The "
            "first says: toward the east the ground bends upward. The second says: toward the "
            "north it bends downward. So east and west lead up, north and south lead down, and "
            "the point is lowest along one line and highest along another. That can be neither "
            "the lowest nor the highest of its surroundings. It is the shape of a mountain pass: "
            "the road goes over it, down on both sides, with the peaks to the left and right. In "
            "numbers the product of the diagonal is negative, and taking away the square of the "
            "twist makes it more negative still. Which kind of point has a negative determinant?",
        ),
    ],
    again="For each matrix compute the determinant $ac - b^2$. Negative: saddle. Zero: not "
    "decided. Positive: look at the sign of $a$.",
    worked="The determinants decide. Where $ac - b^2 < 0$ it is a saddle, even if $a$ and $c$ are "
    "both positive. Where it is zero the Hessian does not decide. Where it is positive, a "
    "positive $a$ means a minimum and a negative $a$ a maximum. Here, in order: <<kinds>>, where "
    "*open* means not decided.",
)
