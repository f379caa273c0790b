"""2B: the Jacobian of two maps in a row, in the right order and at the right places."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Exercise, Numbers, Parameters, Wrong

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    x, y = rng.sample([2, 3, 4, 5], 2)
    return {"a": rng.choice([2, 3, 4]), "x": x, "y": y}


def _factors(p: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """J_f at (x, y) and J_g at f(x, y)."""
    u, v = p.x * p.y, p.x + p.a * p.y
    return np.array([[p.y, p.x], [1.0, p.a]]), _outer(u, v)


def _outer(u: float, v: float) -> np.ndarray:
    return np.array([[1.0, 2.0 * v], [v, u]])


def _right(p: Parameters) -> np.ndarray:
    f, g = _factors(p)
    return g @ f


def _reversed(p: Parameters) -> np.ndarray:
    f, g = _factors(p)
    return f @ g


def _old_place(p: Parameters) -> np.ndarray:
    f, _ = _factors(p)
    return _outer(p.x, p.y) @ f


def _both(p: Parameters) -> np.ndarray:
    f, _ = _factors(p)
    return f @ _outer(p.x, p.y)


def _entries(p: Parameters) -> np.ndarray:
    f, g = _factors(p)
    return g * f


def _transposed_parts(p: Parameters) -> np.ndarray:
    f, g = _factors(p)
    return g.T @ f.T


def _f_after_g(p: Parameters) -> np.ndarray:
    """The Jacobian of f after g: the maps applied in the other order."""
    u, v = p.x + p.y**2, p.x * p.y
    return np.array([[v, u], [1.0, p.a]]) @ _outer(p.x, p.y)


def _sum(p: Parameters) -> np.ndarray:
    f, g = _factors(p)
    return f + g


def _inner_transposed(p: Parameters) -> np.ndarray:
    f, g = _factors(p)
    return g @ f.T


def _outer_transposed(p: Parameters) -> np.ndarray:
    f, g = _factors(p)
    return g.T @ f


def _place(p: Parameters) -> tuple[float, float]:
    return p.x * p.y, p.x + p.a * p.y


def _with_inner(p: Parameters, *rows: list[float]) -> np.ndarray:
    return _factors(p)[1] @ np.array(rows, dtype=float)


def _with_outer(
    p: Parameters, v: float = 0.0, two: float = 0.0, turned: bool = False
) -> np.ndarray:
    """With `v` or `two` in the place of a factor of 2v, or with the last row turned round."""
    outer = _factors(p)[1]
    if v or two:
        outer[0, 1] = two or v * _place(p)[1]
    if turned:
        outer[1] = outer[1, ::-1]
    return outer @ _factors(p)[0]


EXERCISE = Exercise(
    id="2B",
    title="Two Jacobians, one order",
    answer=Numbers(shape=(2, 2)),
    parameters=_parameters,
    right=_right,
    tolerance=5e-3,
    wrong=[
        Wrong(
            name="The factors are in the wrong order",
            model=_reversed,
            hint="Both Jacobians are right, and each is taken at the right place; only their order "
            "is not. A step in x and y is a column. It stands at the far right, and the matrix "
            "next to it works on it first. Since f comes first, its Jacobian has to stand next to "
            "the step, on the right, and that of g to the left of it. Reading from left to right "
            "one sees the last map first, which feels odd; it is the same with g(f(x)), where f "
            "also stands nearer to x. A way to see it: give the maps different sizes, say f from "
            "2 to 3 numbers and g from 3 to 1. Only one order of the factors can be multiplied.",
        ),
        Wrong(
            name="The outer Jacobian is taken at the wrong place",
            model=_old_place,
            hint="The order of the factors is right, and so is the Jacobian of f. But you have put "
            "the numbers x and y into the Jacobian of g. The map g never meets x and y: what it "
            "is given are the two numbers that f has made of them. A chain of gears shows it: the "
            "second gear turns at the speed that the first one hands it, not at that of the "
            "pedals. So first work out u and v, the outputs of f at the given point, and put "
            "these into the derivatives of g. In one dimension you do the same: the derivative of "
            "sin(x²) is cos(x²) times 2x, not cos(x) times 2x.",
        ),
        Wrong(
            name="Wrong order, and the outer Jacobian at the wrong place",
            model=_both,
            hint="The entries of your Jacobian matrices have the right formulas, but two things "
            "went wrong with them. First the place: g is never given x and y, it is given the two "
            "outputs of f. So work out u and v at the point, and put them into the Jacobian of g. "
            "Second the order: a step in x and y is a column at the far right, and the map that "
            "works first must stand next to it. So the Jacobian of f belongs on the right, that "
            "of g on the left. A check for the whole: write the first output of g as one formula "
            "of x and y, differentiate it by x, and put the numbers in.",
        ),
        Wrong(
            name="The matrices are multiplied entry by entry",
            model=_entries,
            hint="You have multiplied each entry of one matrix with the entry at the same place of "
            "the other. That is what some programs do when they are told to multiply arrays, but "
            "it is not the product of matrices. Think of the ways from x to the first output: one "
            "goes through u, one through v. Along each way the two rates multiply, and the two "
            "ways add. So every entry of the result is a sum of two products: a row of the left "
            "matrix, walked from left to right, against a column of the right one, walked from "
            "top to bottom. With your rule the way through v is not counted at all.",
        ),
        Wrong(
            name="The result is transposed",
            model=lambda p: _right(p).T,
            hint="All four numbers of your answer are right, but two of them stand in each other's "
            "place: rows and columns are exchanged. The rule here is that each row belongs to one "
            "output and each column to one input. So the first row holds how the first output of "
            "g reacts to x and then to y. In your matrix the first row holds how the first and "
            "the second output react to x. The rule is not only a matter of taste: a step in x "
            "and y is written as a column, and for matrix times column to give the change of the "
            "outputs, each row has to collect what one output receives from all the inputs.",
        ),
        Wrong(
            name="Both Jacobians are transposed",
            model=_transposed_parts,
            hint="You have written both Jacobians with rows and columns exchanged, and then "
            "multiplied them in the order that would be right for the proper ones. In a Jacobian "
            "each row belongs to an output and each column to an input. The first row of the one "
            "of f holds how the output xy reacts to x and to y. With transposed matrices the "
            "order of the factors would have to be turned round as well, and the result would be "
            "transposed too. Write the two matrices anew, row by row: one output, all its "
            "derivatives from left to right, then the next output. Then multiply rows by columns, "
            "with the matrix of f on the right.",
        ),
        Wrong(
            name="The inner Jacobian is transposed",
            model=_inner_transposed,
            hint="The Jacobian of g is right, and so is the order. The one of f has rows and "
            "columns exchanged. Each row belongs to one output of f: the first row holds the "
            "derivatives of xy, first by x, then by y. The second row holds those of the other "
            "output. You have put the derivatives of one output below each other. A test with a "
            "step: if only x moves by a little, the changes of both outputs are the first column "
            "of the matrix times that step. Ask yourself how u reacts to x, and look whether that "
            "number stands in the upper left corner, and how v reacts to x, in the lower left one.",
        ),
        Wrong(
            name="The outer Jacobian is transposed",
            model=_outer_transposed,
            hint="The Jacobian of f is right, and so is the order. The one of g has rows and "
            "columns exchanged. Each row belongs to one output of g: the first row holds how the "
            "output u + v² reacts, first to u and then to v. The second row does the same for the "
            "product uv. You have put the derivatives of one output below each other. A test with "
            "a step: if only u moves by a little, the changes of both outputs are the first "
            "column of the matrix times that step. So the first column must hold the derivatives "
            "by u, all of them, and the second column those by v.",
        ),
        Wrong(
            name="The maps are applied in the other order",
            model=_f_after_g,
            hint="You have found the Jacobian of f after g: first g was given x and y, and then f "
            "its results. The task asks for g after f. In the sign g ∘ f the map on the right is "
            "applied first, as in g(f(x)): read it from the inside to the outside. So f gets the "
            "given point, and g gets what f has made of it. Work out u and v from f, take the "
            "Jacobian of g there, and multiply it from the left onto the Jacobian of f at the "
            "given point. That the two orders give different matrices is no surprise: to put on "
            "socks and then shoes is not the same as the other way round.",
        ),
        Wrong(
            name="The Jacobians are added",
            model=_sum,
            hint="You have added the two Jacobians. Adding would be right for the sum of two maps, "
            "f + g, which both work on the same x and y. Here they work one after the other, and "
            "rates along a chain multiply: if f makes a step three times as long, and g makes "
            "what it is given twice as long, the step ends six times as long, not five times. For "
            "matrices the product plays this part: the Jacobian of g works on the change that the "
            "Jacobian of f has made of the step. Take your two matrices as they are, and multiply "
            "rows of the left one by columns of the right one.",
        ),
        Wrong(
            name="Only one of the two Jacobians is there",
            model=lambda p: _factors(p)[0],
            others=(lambda p: _factors(p)[1], lambda p: _outer(p.x, p.y)),
            hint="You give one of the two Jacobians by itself, and it is a good start. The "
            "question asks for the Jacobian of both maps in a row: first f, then g. A small step "
            "of (x, y) is turned by the Jacobian of f into a step of (u, v), and this by the "
            "Jacobian of g into a step of the result. So both matrices are needed, and they are "
            "multiplied: that of g on the left, that of f on the right, next to the step that it "
            "gets to work on. The Jacobian of g is taken at the place (u, v) = f(x, y), so this "
            "place has to be worked out before.",
        ),
        Wrong(
            name="The square in g is not derived rightly",
            model=lambda p: _with_outer(p, v=1.0),
            others=(lambda p: _with_outer(p, two=2.0), lambda p: _with_outer(p, v=_place(p)[1])),
            hint="In the Jacobian of g one entry is not right: the derivative of the first output "
            "by v. This output is u + v². If v moves and u is held still, the slope of the square "
            "is 2v: the exponent comes down as a factor, and one v remains. So it is not v, not 2, "
            "and not the square itself. The number for v is the second output of f, at the place "
            "of the question. All the rest of your product fits. Correct this entry, and form the "
            "upper row of the product once more. The lower row does not contain it and stays as it "
            "is.",
        ),
        Wrong(
            name="The two derivatives of a product are exchanged",
            model=lambda p: _with_outer(p, turned=True),
            others=(lambda p: _with_inner(p, [p.x, p.y], [1, p.a]),),
            hint="Both f and g have an output that is a product of their two inputs. Its "
            "derivative by the first factor is the second factor, and by the second factor it is "
            "the first one: what stands still stays. In one of your Jacobians the two are "
            "exchanged. For xy the row is (y, x), and not (x, y); for uv it is (v, u). The reason "
            "is easy to see from a rectangle with the sides x and y: make x longer by a little, "
            "and the area grows by a strip that is as long as y. Mend this row, and multiply the "
            "two matrices again.",
        ),
        Wrong(
            name="The second row of the Jacobian of f is not right",
            model=lambda p: _with_inner(p, [p.y, p.x], [1, 1]),
            others=(
                lambda p: _with_inner(p, [p.y, p.x], [p.a, 1]),
                lambda p: _with_inner(p, [p.y, p.x], [0, p.a]),
            ),
            hint="The second output of f is x plus a multiple of y. Its two derivatives are plain "
            "numbers. If x moves by one unit, this output moves by one unit: so the first is 1, "
            "not 0. If y moves by one unit, it moves by as many units as the factor of y says: so "
            "the second is that factor. In your matrix this row has something else, perhaps the "
            "two exchanged, or the factor left out. Write the four derivatives of f in letters "
            "first, ∂u/∂x, ∂u/∂y, ∂v/∂x, ∂v/∂y, and only then put in the numbers. After that "
            "multiply once more.",
        ),
        Wrong(
            name="The place where g works is not worked out rightly",
            model=lambda p: _outer(p.x * p.y, p.x + p.y) @ _factors(p)[0],
            others=(
                lambda p: _outer(p.x + p.y, p.x + p.a * p.y) @ _factors(p)[0],
                lambda p: _outer(*_place(p)[::-1]) @ _factors(p)[0],
            ),
            hint="Your matrices have the right form and the right order, but the Jacobian of g is "
            "taken at a place that f does not lead to. The map g works on what comes out of f. So "
            "work out u and v first: u is the product of x and y, and v is x plus the multiple of "
            "y that stands in the question; do not forget this factor. Then take care which is "
            "which. In the Jacobian of g the upper right entry contains v, and in the lower row v "
            "comes first and u second. Put in the two numbers again and multiply.",
        ),
        Wrong(
            name="That is not the Jacobian itself",
            model=lambda p: [_place(p)[0] + _place(p)[1] ** 2, _place(p)[0] * _place(p)[1]],
            others=(lambda p: np.linalg.det(_right(p)), lambda p: np.linalg.inv(_right(p))),
            hint="What you give is something else than the Jacobian: the two values of g(f(x, y)), "
            "or the determinant or the inverse of the matrix. The Jacobian is a table of four "
            "slopes. In its first row stand the slopes of the first output of g ∘ f, by x and by "
            "y; in its second row those of the second output. To find it, take the Jacobian of f "
            "at the place of the question and the Jacobian of g at the place to which f leads, and "
            "multiply them, that of g on the left. Type the result with a semicolon between the "
            "two rows.",
        ),
    ],
    again="Work out u = xy and v first: that is the place where g works. Then J_f with rows (y, x) "
    "and (1, the number), and J_g with rows (1, 2v) and (v, u). Multiply with J_f on the right.",
    worked="At the point, $u = <<x>> \\cdot <<y>>$ and $v = <<x>> + <<a>> \\cdot <<y>>$. The "
    "Jacobians are $J_f = \\begin{pmatrix} <<y>> & <<x>> \\\\ 1 & <<a>> \\end{pmatrix}$ at the "
    "point and $J_g = \\begin{pmatrix} 1 & 2v \\\\ v & u \\end{pmatrix}$ at $(u, v)$. The product "
    "with $J_f$ on the right is $$J_g J_f = \\begin{pmatrix} <<y>> + 2v & <<x>> + <<a>> \\cdot 2v "
    "\\\\ <<y>>v + u & <<x>>v + <<a>>u \\end{pmatrix},$$ with the numbers for $u$ and $v$ put in.",
)
