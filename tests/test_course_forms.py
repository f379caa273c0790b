"""Ways to write an answer, and mistakes of form, at exercises made for this test."""

import math

import pytest

from taylored.course.checking import Code, Exercise, Formulas, Match, Numbers
from taylored.course.checking.check import check

_BELL = Exercise(
    id="9Y", title="", answer=Formulas(variables=("x", "s"), names=("f", "g")), wrong=[], again="",
    worked="", inputs=lambda rng, p: (rng.uniform(0.4, 1.4), rng.uniform(0.6, 1.7)),
    right=lambda p, x, s: [math.exp(3 * x) * s, x / (2 * s**2)],
)  # fmt: skip
_TWO = Exercise(id="9X", title="", answer=Numbers(names=("a", "b")), wrong=[], again="", worked="",
                right=lambda p: [0.25, 4.0])  # fmt: skip
_CODE = Exercise(id="9W", title="", answer=Code(name="f", starter="", returns="two numbers"),
                 wrong=[], again="", worked="", inputs=lambda rng, p: (rng.uniform(1.1, 2.3),),
                 right=lambda p, x: [x, 3 * x])  # fmt: skip
_PAIRS = Exercise(id="9V", title="", answer=Match(left=(("l", "one"), ("m", "two")), right=(
    ("p", "grows by <<a>>"), ("q", "falls"))), wrong=[], again="", worked="",
    parameters=lambda rng: {"a": 7}, right=lambda p: ("p", "q"))  # fmt: skip


def judged(exercise, raw, outputs=None):
    def run(job):
        return {"outputs": [{"value": outputs(*case)} for case in job["calls"]]}

    return check(exercise, 1, raw, tries=0, run=run)


@pytest.mark.parametrize("first", ["e^(3x)s", "s Exp(3X)", "$ e^{3x} s $", "f = exp(3x)*s;",
                                   "f: s·e^(3x)", "= s*np.exp(3*x)", r"s \exp(3x)."])  # fmt: skip
def test_a_formula_as_it_is_written(first):
    assert judged(_BELL, [first, "x/(2s²)"]).right, first


@pytest.mark.parametrize(("first", "second", "field"), [
    ("e^3x*s", "x/(2s^2)", "f"),
    ("e^(3x)*s", "x/2s^2", "g"),
    ("e^(3x)*s", "x/2*s^2", "g"),
    ("3", "x/2s^2", "g"),
])  # fmt: skip
def test_lost_parentheses_are_named(first, second, field):
    said = judged(_BELL, [first, second])
    assert (said.right, said.mistake) == (False, "Parentheses are missing")
    assert f"In {field}:" in said.message


def test_a_wrong_formula_has_not_lost_parentheses():
    assert judged(_BELL, ["e^(3x)*s", "x/2s^3"]).mistake != "Parentheses are missing"


@pytest.mark.parametrize(("raw", "mistake"), [
    (["25", "400"], "The decimal point is shifted"),
    (["0.2", "4.0"], "It is nearly right: the digits are too few"),
    (["4.0", "0.25"], "The entries come in the reverse order"),
])  # fmt: skip
def test_slips_of_digits_are_named(raw, mistake):
    assert judged(_TWO, raw).mistake == mistake


@pytest.mark.parametrize(("outputs", "mistake"), [
    (lambda x: [x, 3 * x, 5.0], "More is returned than was asked for"),
    (lambda x: [x, math.nan], "There is no number in some places"),
    (lambda x: [x, math.inf], "There is no number in some places"),
    (lambda x: [round(x, 1), round(3 * x, 1)], "It is nearly right: the digits are too few"),
])  # fmt: skip
def test_slips_of_code_are_named(outputs, mistake):
    said = judged(_CODE, "x", outputs)
    assert (said.right, said.mistake) == (False, mistake)


def test_choices_are_told_in_their_own_words():
    assert judged(_PAIRS, ["q", "q"]).got == "1: falls; 2: falls"
    assert judged(_PAIRS, ["p", "q"]).expected == "1: grows by 7; 2: falls"


def test_a_unit_behind_a_number_is_refused_in_words():
    said = judged(_TWO, ["0.25 cm", "4"])
    assert said.unread
    assert "the number alone" in said.message


_SPRING = Exercise(id="9U", title="", answer=Numbers(names=("m", "c"), units=("cm/N", "day days")),
                   wrong=[], again="", worked="", right=lambda p: [0.5, 4.0])  # fmt: skip


@pytest.mark.parametrize("m", ["0.5", "0.5 cm/N", "0.5cm/N", "(1/2) cm/N"])
@pytest.mark.parametrize("c", ["4", "c = 4 days", "4 day", "4days"])
def test_numbers_may_have_their_units(m, c):
    assert judged(_SPRING, [m, c]).right


@pytest.mark.parametrize("text", ["4 mm", "4 day day", "days", "4 kg", "4dayss", "4 cm/N"])
def test_other_units_are_not_taken(text):
    """A number in another unit may be wrong: it is not read at all, and the reply says why."""
    found = judged(_SPRING, ["0.5", text])
    assert found.unread and not found.right and "not a number" in found.message
