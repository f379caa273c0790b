"""What an exercise is: the kind of its answer, what is right, and a bank of wrong models.

A wrong model is an executable misconception: where the learner's answer agrees with it on all the
test inputs, its hint is the one to give. Test inputs are drawn from a seed, and drawn again until
the right answer and every wrong model give clearly different results on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any, ClassVar

__all__ = ["Answer", "Case", "Choice", "Code", "Drawn", "Exercise", "Formulas", "Judged", "Match"]
__all__ += ["Number", "Numbers", "Parameters", "Place", "Wrong"]

Parameters = SimpleNamespace  # the numbers drawn for a learner: `p.a`, `p.b`
Case = tuple[Any, ...]  # the inputs of one call: numbers, lists (given to code as NumPy arrays)


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number, typed: `0.5`, `1/2`, `sqrt(2)/2`, `-3e-2`, `pi/4`. The model returns a float."""

    type: ClassVar[str] = "number"
    label: str = "your answer"
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Several numbers: one field each, or rows of a matrix. The model returns them as an array.

    `names` label the fields of a vector; a `shape` of two makes a matrix, typed `1 2; 3 4` or
    `[[1, 2], [3, 4]]`. `free`: a list of any length (roots, rankings), typed `1, 2, 3`. `units`:
    for each field the unit that may be typed behind its number, in all its spellings, parted by
    blanks ("day days d").
    """

    type: ClassVar[str] = "numbers"
    names: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    free: bool = False
    units: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Formulas:
    """One formula or several, of `variables`, one field for each of `names`.

    The model returns one number, or one for each field; a case is the values of the variables.
    Drawn parameters may be used by name too. With `equations` a field may be an equation: its
    left side minus its right side is taken.
    """

    type: ClassVar[str] = "formulas"
    variables: tuple[str, ...]
    names: tuple[str, ...] = ("f",)
    equations: bool = False


@dataclass(frozen=True, kw_only=True)
class Code:
    """A Python function, called with each case.

    `starter` is the text in the editor. `player` ("file:function" in `course.exercises`) plays a
    longer game with it in the learner's process: `player(function, p, cases) -> list of outputs`.
    """

    type: ClassVar[str] = "code"
    name: str
    starter: str
    returns: str  # in words: "two numbers", "an array of shape (2, 3)"
    player: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of several: (id, text in Markdown). The model returns the id."""

    type: ClassVar[str] = "choice"
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Match:
    """For every item of `left` one of `right`: (id, text). The model returns the ids, in order.

    Texts may hold `curve:` followed by a formula of x: then its graph over -3 to 3 is shown.
    """

    type: ClassVar[str] = "match"
    left: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A point, typed `1.2, 0.4`; with one name a number on a line. The model returns it."""

    type: ClassVar[str] = "place"
    names: tuple[str, ...] = ("x", "y")


Answer = Number | Numbers | Formulas | Code | Choice | Match | Place


@dataclass(frozen=True)
class Judged:
    """What a judge says of an answer's outputs: right or not, and what was seen and wanted."""

    right: bool
    tried: str = ""
    got: str = ""
    expected: str = ""
    gap: str = ""


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A misconception: its name (a short sentence), its hint (80 to 160 words), and how it shows.

    Either `model(p, *case)`, which makes the mistake, or `when(p, cases, outputs)`, which sees it.
    `last`: looked for after the mistakes common to all exercises (a lost sign, a factor of two).
    `vague`: it says what is seen (it never stops) and not what was done; the small change of the
    learner's own text that mends it, if there is one, is then named too.
    """

    name: str
    hint: str
    model: Callable[..., Any] | None = None
    when: Callable[..., bool] | None = None
    last: bool = False
    vague: bool = False
    others: Sequence[Callable[..., Any]] = ()

    @property
    def models(self) -> list[Callable[..., Any]]:
        """All that make the mistake."""
        return [*([self.model] if self.model else []), *self.others]


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """An exercise; its text stands in the lesson, with `<<name>>` for the drawn parameters.

    `right(p, *case)` is the right answer's output; `parameters(rng)` draws a dictionary, `inputs(
    rng, p)` one case. `tolerance` is relative to the larger of 1e-3 of the expected array's largest
    entry and the entry itself; typed numbers are usually asked to three digits (5e-3).
    `same(got, expected)` replaces the comparison where several answers are right (the sign of an
    eigenvector). `judge(p, cases, outputs) -> Judged` replaces it altogether, where an answer is a
    rule and not a value. `again` is the second hint; `worked` the worked answer (Markdown, with
    `<<name>>`). `formulas`: the right answer in Python's arithmetic, one for each entry, of the
    drawn parameters and of `names`, one for each input of a case ("x y"); small slips in them are
    then recognized.
    """

    id: str
    title: str
    answer: Answer
    right: Callable[..., Any]
    wrong: Sequence[Wrong]
    again: str
    worked: str
    parameters: Callable[[Random], dict[str, Any]] | None = None
    inputs: Callable[[Random, Parameters], Case] | None = None
    count: int = 12
    tolerance: float = 1e-6
    same: Callable[[Any, Any], bool] | None = None
    judge: Callable[[Parameters, list[Case], list[Any]], Judged] | None = None
    names: str = ""
    formulas: Sequence[str] = ()


@dataclass(frozen=True)
class Drawn:
    """The numbers and test inputs that one learner meets: a function of exercise and seed."""

    p: Parameters
    cases: list[Case]
