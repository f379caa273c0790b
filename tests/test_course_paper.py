"""Formulas as written on paper are read, and mistakes in one term of a polynomial are seen."""

import math
from types import SimpleNamespace

import pytest

from taylored.course.checking.answers import Unread, outputs, read_number
from taylored.course.checking.exercise import Exercise, Formulas, Number
from taylored.course.checking.paper import plain, without_label
from taylored.course.checking.terms import Terms, rounded, scalars, shows

ON_PAPER = {
    "3x(x+1)": 3 * 2 * 3,
    "(x+1)x": 6,
    "2 x y": 2 * 2 * 3,
    "5xy": 30,
    "x²(y+1)": 16,
    "[x-y]^2": 1,
    "x^{3}/3!": 8 / 6,
    "\\frac{x}{2y}": 2 / 6,
    "\\frac{x^{2}}{4y^{3}}": 4 / 108,
    "\\frac{\\sqrt{x+2}}{\\frac{y}{x^{2}}}": 8 / 3,
    "½x + 1½": 2.5,
    "√(x+y+4) + √4": 5,
    "|x-y|": 1,
    "ln 5": math.log(5),
    "ln5": math.log(5),
    "sin 2x cos y": math.sin(4) * math.cos(3),
    "xsin(y)": 2 * math.sin(3),
    "e^x y": math.exp(2) * 3,
    "np.exp(x)": math.exp(2),
    "2π": 2 * math.pi,
    "x − y·2": -4,
    "factorial(4)": 24,
    "log10(x)": math.log10(2),
    "x if x > 0 else y": 2,
}


def value_of(text):
    task = Exercise(id="9Z", title="", answer=Formulas(variables=("x", "y")), wrong=[], again="",
                    worked="", right=lambda p, x, y: 0.0)  # fmt: skip
    return float(outputs(task, SimpleNamespace(), [(2.0, 3.0)], text)[0])


@pytest.mark.parametrize("text", ON_PAPER)
def test_formulas_on_paper(text):
    assert value_of(text) == pytest.approx(ON_PAPER[text], rel=1e-12)


@pytest.mark.parametrize("text", ["x 2", "1 2", "sin x^2", "x!", "f(x)", "xz", "("])
def test_what_may_mean_two_things_is_asked_back(text):
    with pytest.raises(Unread):
        value_of(text)


def test_greek_letters_stand_for_their_names():
    assert plain("2λx", {"x", "lam"}) == "2*lam*x"
    assert plain("lambda*x", {"x", "lam"}) == "lam*x"
    assert plain("cos θ", {"theta"}) == "cos(theta)"


@pytest.mark.parametrize("label", ["x =", "f(x) ≈", "x_{n+1} =", "x_(n+1)=", "∂L/∂x =", "x' ="])
def test_what_a_formula_is_called_is_not_part_of_it(label):
    assert without_label(f"{label} x + 1").strip() == "x + 1"


NUMBERS = {
    "np.float64(0.25)": 0.25,
    "float(3)": 3.0,
    "0 < rate < 0.0625": 0.0625,
    "≈ 11.7": 11.7,
    "|x| < 5": 5,
    "R = √136": 136**0.5,
    "16.5%": 0.165,
    "|R_3(0.5)| ≤ 2e-3": 0.002,
    "1.3x10^-4": 1.3e-4,
    "1.3×10⁻⁴": 1.3e-4,
    "€4845": 4845,
    "4845 euros": 4845,
}


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_on_paper(text):
    assert read_number(text) == pytest.approx(NUMBERS[text], rel=1e-12)


def test_a_comma_is_asked_back():
    with pytest.raises(Unread, match=r"4\.845 or 4845"):
        read_number("4,845")


def number_of(text):
    task = Exercise(id="9Z", title="", answer=Number(), wrong=[], again="", worked="",
                    right=lambda p: 1.0)  # fmt: skip
    return float(outputs(task, SimpleNamespace(), [()], text)[0])


def test_infinity_is_an_answer_and_an_interval_is_none():
    assert number_of("∞") == number_of("infinity") == math.inf
    with pytest.raises(Unread, match="several"):
        number_of("(1.5, 3)")


def test_equations_are_taken_as_left_minus_right():
    task = Exercise(id="9Z", title="", answer=Formulas(variables=("x", "y"), equations=True),
                    wrong=[], again="", worked="", right=lambda p, x, y: 0.0)  # fmt: skip
    for text, value in {"x^2 = y": 1.0, "x - 2 = 0": 0.0, "∂L/∂x = x": 2.0, "x": 2.0}.items():
        assert float(outputs(task, SimpleNamespace(), [(2.0, 3.0)], text)[0]) == value


TERMS = Terms([(k,) for k in range(5)], lambda p: [1.0, p.a, 3.0], lambda p: 2.0)
P = SimpleNamespace(a=4.0)
CASES = [(2 + h,) for h in (-0.9, -0.5, -0.2, 0.3, 0.6, 0.8, 1.1)]


def polynomial(*coefficients):
    return [sum(c * (x - 2) ** k for k, c in enumerate(coefficients)) for (x,) in CASES]


@pytest.mark.parametrize(("coefficients", "at"), [
    ((2.0, 4.0, 3.0), 0), ((1.0, -4.0, 3.0), 1), ((1.0, 4.0, 0.0), 2), ((1.0, 4.0, 3.0, 0.5), 3),
])  # fmt: skip
def test_the_first_wrong_coefficient_is_found(coefficients, at):
    seen = [TERMS.first_off(k)(P, CASES, polynomial(*coefficients)) for k in range(5)]
    assert seen.index(True) == at and sum(seen) == 1
    assert TERMS.beyond(3)(P, CASES, polynomial(*coefficients)) == (at >= 3)


def test_the_right_polynomial_and_none_at_all():
    assert not any(TERMS.first_off(k)(P, CASES, polynomial(1.0, 4.0, 3.0)) for k in range(5))
    assert TERMS.none(P, CASES, [math.exp(3 * x) for (x,) in CASES])
    assert TERMS.none(P, CASES, [math.nan for _ in CASES])
    assert not TERMS.none(P, CASES, polynomial(0.0, 1.0))


def test_a_wrong_coefficient_counts_only_where_it_is_not_the_right_one():
    seen = TERMS.is_at(1, lambda p: 2 * p.a, lambda p: 4.0)
    assert seen(P, CASES, polynomial(1.0, 8.0, 3.0))
    assert not seen(P, CASES, polynomial(1.0, 4.0, 3.0))


def test_shows_takes_any_of_its_models():
    seen = shows(lambda p, x: x + p.a, lambda p, x: 1 / (x - x))
    assert seen(P, CASES, [x + 4 for (x,) in CASES])
    assert not seen(P, CASES, [x + 5 for (x,) in CASES])


def test_rounded_compares_with_no_less_than_a_least_size():
    same = rounded(1e-3, 1.0)
    assert same(scalars([0.0005])[0:1], scalars([0.0])[0:1])
    assert not same(scalars([0.002])[0:1], scalars([0.0])[0:1])
    assert math.isnan(scalars([[1.0, 2.0]])[0])
