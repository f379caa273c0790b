"""Constraints as text: what they mean, and carets at the place of what cannot be read."""

from __future__ import annotations

import math
import random

import pytest

from taylored.errors import FormulaError
from taylored.optimize.relations import read_relation, read_relations
from taylored.trace.tracer import OPS

POINT = {"x": 1.5, "y": -0.25, "z": 3.0, "time (s)": 2.0}

# text, kind, what is 0 or at most 0 at POINT, by hand
ROWS = [
    ("x^2 + y^2 = 1", "equal", 2.25 + 0.0625 - 1),
    ("x^2 + y^2 == 1", "equal", 2.25 + 0.0625 - 1),
    ("x + y <= 1", "at_most", 0.25),
    ("x + y < 1", "at_most", 0.25),
    ("x + y ≤ 1", "at_most", 0.25),
    ("x*y >= 3 - z", "at_most", 0.0 + 0.375),
    ("z > x", "at_most", -1.5),
    ("z ≥ x - y", "at_most", 1.75 - 3),
    ("0 <= x - y", "at_most", -1.75),
    ("1 >= x/y", "at_most", -6.0 - 1.0),
    ("x - y = y - x", "equal", 3.5),
    ("`time (s)` <= 2*x", "at_most", -1.0),
    ("where(x == 1, 2, 3) = y", "equal", 3.25),
    ("-x <= -(y - 1)", "at_most", -1.5 - 1.25),
    ("2 = x", "equal", 0.5),
    ("exp(x - 1.5) <= max(y, z)", "at_most", -2.0),
]


def value_of(expression):
    return float(expression.evaluate({n: POINT[n] for n in expression.names}, OPS))


@pytest.mark.parametrize(("text", "kind", "value"), ROWS)
def test_meaning(text, kind, value):
    relation = read_relation(text)
    assert relation.kind == kind and relation.text == text
    assert value_of(relation.expression) == pytest.approx(value, abs=1e-15)
    for name, at in relation.expression.positions.items():
        assert text[at:].lstrip("`").startswith(name)


def test_chains_are_one_constraint_for_each_sign():
    low, high = read_relations("0 <= x - y <= 2")
    assert (low.text, high.text) == ("0 <= x - y", "x - y <= 2")
    assert value_of(low.expression) == -1.75 and value_of(high.expression) == -0.25
    first, second, third = read_relations("1 = x + y >= y = z")
    assert [r.kind for r in (first, second, third)] == ["equal", "at_most", "equal"]
    assert value_of(second.expression) == -0.25 - 1.25
    with pytest.raises(FormulaError, match="2 signs make as many constraints") as error:
        read_relation("0 <= x - y <= 2")
    assert error.value.position == 11 and "0 <= x - y and x - y <= 2" in error.value.next_step


def test_the_sign_of_a_turned_constraint_is_noted():
    assert read_relation("x >= y").turned and not read_relation("y <= x").turned
    for text in ("x >= y", "y <= x"):
        assert value_of(read_relation(text).expression) == -1.75


def test_bounds_are_known_as_such():
    inf = math.inf
    rows = [("x >= 0", ("x", 0.0, inf)), ("3 > y", ("y", -inf, 3.0)), ("-1 <= z", ("z", -1.0, inf)),
            ("x <= 2", ("x", -inf, 2.0)), ("2 = x", ("x", 2.0, 2.0)), ("x <= y", None),
            ("2*x <= 3", None), ("x + 1 <= 3", None)]  # fmt: skip
    for text, bound in rows:
        assert read_relation(text).bound == bound


# text, where the caret stands, what is said
REFUSED = [
    ("x", 1, "no constraint"),
    ("x + y  ", 5, "no constraint"),
    ("(x <= 3)", 8, "no constraint"),
    ("x = ", 2, "Nothing stands after ="),
    ("<= 3", 0, "Nothing stands before <="),
    ("x <= y <= ", 7, "Nothing stands after <="),
    ("x = = 3", 2, "Nothing stands after ="),
    ("1 <= 2", 2, "no variable"),
    ("x =< 3", 2, "=< has no meaning"),
    ("x => 3", 2, "=> has no meaning"),
    ("x != 3", 2, "cannot be a ≠"),
    ("x ≠ 3", 2, "cannot be a ≠"),
    ("y ~ 3", 2, "~"),
    ("x < 1 and y < 2", 6, "and does not join"),
    ("x < 1 & y < 2", 6, "& does not join"),
    ("x <= 1 if y > 0 else 2", 7, "if is not clear"),
    ("x +* y <= 3", 3, "A value is missing"),
    ("x <= y +* z", 8, "A value is missing"),
    ("x <= np.exp(y)", 5, "dot"),
    ("f(x) <= 3", 0, "not a function"),
    ("x <= (y - 1", 5, "partner"),
    ("", 0, "empty"),
]


@pytest.mark.parametrize(("text", "at", "said"), REFUSED)
def test_carets(text, at, said):
    with pytest.raises(FormulaError) as error:
        read_relations(text)
    assert said in error.value.what and error.value.position == at
    assert error.value.next_step
    if text:
        assert error.value.text == text and error.value.where.startswith(text)


def test_what_is_no_text():
    for thing in (3, None, ["x = 1"], b"x = 1"):
        with pytest.raises(FormulaError, match="text"):
            read_relations(thing)


def test_nothing_but_formula_errors():
    """Random strings of the signs that a constraint is made of."""
    rng = random.Random(7)
    pieces = [*"xyzxyz()+-*/^=<>~!&|,`' .012", "<=", ">=", "==", "≤", " and ", " if ", "sin("]
    read = 0
    for _ in range(6000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 9)))
        try:
            read += len(read_relations(text))
        except FormulaError as error:
            assert 0 <= error.position <= len(text)
    assert read > 5
