"""1C: the Jacobian of two functions of three variables."""

from __future__ import annotations

from math import cos, exp, sin
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong

__all__ = ["EXERCISE"]

Rows = list[list[float]]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"a": rng.choice([3, 4, 5]), "b": rng.choice([2, 3]), "c": rng.choice([4, 5, 7])}


def _inputs(rng: Random, p: Parameters) -> Case:
    return rng.uniform(0.3, 1.9), rng.uniform(0.4, 1.7), rng.uniform(-1.6, -0.3)


def _right(p: Parameters, x: float, y: float, z: float) -> Rows:
    return [
        [2 * p.a * x * y, p.a * x**2, p.b * exp(p.b * z)],
        [p.c * cos(p.c * x), z**2, 2 * y * z],
    ]


def _changed(p: Parameters, case: Case, entries: dict[tuple[int, int], float]) -> Rows:
    """The right Jacobian with some entries replaced."""
    rows = _right(p, *case)
    for (row, column), value in entries.items():
        rows[row][column] = value
    return rows


def _not_put_back(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether each column is the sum of the columns so far, to the accuracy of differences."""
    rights = [np.cumsum(_right(p, *case), axis=1) for case in cases]
    return all(
        np.shape(got) == (2, 3) and np.allclose(got, right, rtol=2e-3, atol=2e-3)
        for got, right in zip(outputs, rights, strict=True)
    )


_TRANSPOSED = (
    "All six entries are there, but rows and columns are exchanged: your table has three rows of "
    "two. The Jacobian has one row for each output and one column for each input, and here two "
    "outputs listen to three inputs. The order is not a matter of taste, because the Jacobian is "
    "going to be multiplied by a step: its three entries stand above each other, and each row of "
    "the Jacobian must have as many entries as that, so that row times column works. The result "
    "then has two entries, one for each output. Think of a row as the gradient of one function. "
    "Collect in the first row everything that belongs to f, in the second all that belongs to g, "
    "or turn the whole table over its diagonal."
)

EXERCISE = Exercise(
    id="1C",
    title="A Jacobian with two rows and three columns",
    answer=Code(
        name="jacobian",
        starter="from math import cos, exp, sin\n\n\ndef jacobian(x, y, z):\n"
        "    # f = <<a>>*x**2*y + exp(<<b>>*z)\n    # g = sin(<<c>>*x) + y*z**2\n"
        "    return [[0, 0, 0],\n            [0, 0, 0]]\n",
        returns="two rows of three numbers",
    ),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    names="x y z",
    formulas=["2*a*x*y", "a*x**2", "b*exp(b*z)", "c*cos(c*x)", "z**2", "2*y*z"],
    wrong=[
        Wrong(
            name="Rows and columns are exchanged",
            model=lambda p, x, y, z: [list(r) for r in zip(*_right(p, x, y, z), strict=True)],
            hint=_TRANSPOSED,
        ),
        Wrong(
            name="The two rows are exchanged",
            model=lambda p, x, y, z: _right(p, x, y, z)[::-1],
            hint="Both gradients are right, but the one of g stands above the one of f. The rows "
            "of a Jacobian come in the order of the outputs: f was named first, so its "
            "derivatives fill the first row, and those of g the second. The order seems harmless "
            "as long as one only looks at the table. But as soon as it is multiplied by a step, "
            "the first number of the result is the change of the first output, and with the rows "
            "exchanged the change of g would be taken for that of f. Nobody would notice, because "
            "both are numbers of a reasonable size. So exchange the two rows, and write the name "
            "of the output beside each as a comment.",
        ),
        Wrong(
            name="An inner derivative is missing",
            model=lambda p, x, y, z: _changed(
                p, (x, y, z), {(0, 2): exp(p.b * z), (1, 0): cos(p.c * x)}
            ),
            hint="Four of your six entries are right. The other two belong to functions with "
            "something inside: the exponential of a multiple of z, and the sine of a multiple of "
            "x. Each runs faster than the plain function by just that multiple, and so it is "
            "steeper by the same factor. The chain rule says: differentiate the outer function, "
            "leave the inside as it is, and multiply by the derivative of the inside. For both of "
            "them the derivative of the inside is the number that stands there in front of the "
            "variable. Test it with a small step: compute f at z and at z + 0.001, subtract, "
            "divide, and compare with your entry.",
        ),
        Wrong(
            name="The inner derivative of the exponential is missing",
            model=lambda p, x, y, z: _changed(p, (x, y, z), {(0, 2): exp(p.b * z)}),
            hint="Five entries are right. Look at the one in the first row and last column, the "
            "derivative of f with respect to z. The exponential is its own slope, but that holds "
            "for the exponential of z alone. Here a multiple of z is in the exponent: the "
            "function grows that many times faster, and so its slope is that multiple of its "
            "height. In the language of the chain rule: outer slope with the inside left as it "
            "is, times the slope of the inside. A test without any rule: at z = 0 the exponential "
            "is 1; go a step of 0.001 further and see by how much it has grown. It is more than "
            "0.001, and the factor is what you are looking for.",
        ),
        Wrong(
            name="The inner derivative of the sine is missing",
            model=lambda p, x, y, z: _changed(p, (x, y, z), {(1, 0): cos(p.c * x)}),
            hint="Five entries are right. Look at the one in the second row and first column, the "
            "derivative of g with respect to x. The sine becomes a cosine, that part is right. "
            "But inside it there is a multiple of x, which means that the wave is pressed "
            "together and all its slopes are steeper by that factor. The chain rule says: slope "
            "of the outer function at the unchanged inside, times the slope of the inside. You "
            "did the first half. To see what is missing, look at x = 0: sin(10x) goes from zero "
            "to its top within a tenth of the way that sin(x) needs, and so starts out ten times "
            "as steep.",
        ),
        Wrong(
            name="Terms that stand still were kept",
            model=lambda p, x, y, z: [
                [
                    2 * p.a * x * y + exp(p.b * z),
                    p.a * x**2 + exp(p.b * z),
                    p.a * x**2 * y + p.b * exp(p.b * z),
                ],
                [p.c * cos(p.c * x) + y * z**2, sin(p.c * x) + z**2, sin(p.c * x) + 2 * y * z],
            ],
            hint="Each of your entries contains one term too many. When x moves and y and z stand "
            "still, a term without x is a constant: it lifts the whole function, and lifting "
            "changes no slope. So the derivative of that term is zero, and it must vanish from "
            "the entry. A factor that stands still is another matter: it stays, since it makes "
            "everything steeper. The difference is between plus and times. Compare 7 + x², whose "
            "slope is 2x, with 7x², whose slope is 14x. Go through the entries one at a time: "
            "which letter moves here, and which of the two terms contains it? The other term goes.",
        ),
        Wrong(
            name="The moved input is not put back before the next one moves",
            when=_not_put_back,
            hint="Your first column is right, and each later one is the sum of all columns up to "
            "it. This is what differences give when an input that was moved stays moved: while y "
            "moves, x is still off by a step, so the outputs change by both. In a partial "
            "derivative only one input moves, and all others are where they were. Put the input "
            "back at the end of each round of the loop, or start each round from a fresh copy of "
            "the point, list(p) or p.copy(), and move one entry of that. A second name for the "
            "same list is no copy.",
        ),
        Wrong(
            name="A factor that stands still is differentiated as well",
            model=lambda p, x, y, z: _changed(p, (x, y, z), {(1, 1): 2 * z}),
            others=[lambda p, x, y, z: _changed(p, (x, y, z), {(0, 1): 2 * p.a * x})],
            hint="In one of the products you have differentiated both factors. In y times z "
            "squared only one letter moves at a time. While y moves, z squared is a plain number "
            "that multiplies it, such as the 7 in 7y, so the slope is z squared itself, "
            "undifferentiated. While z moves, y is the plain number, and the slope is y times 2z. "
            "Cover the factor that stands still with a finger, differentiate what is left, and put "
            "the covered factor back as it was. Do so for the product in f too: x squared times y "
            "has two factors, and they move one at a time.",
        ),
        Wrong(
            name="The six numbers are not in rows",
            model=lambda p, x, y, z: [v for row in _right(p, x, y, z) for v in row],
            hint="All six numbers are right, and in the right order, but they come as one long "
            "list. A Jacobian is a table, and its shape carries meaning: which row a number "
            "stands in says which output it belongs to, and which column says which input. A list "
            "of six could as well be six outputs of one input, or three rows of two. In Python a "
            "table is a list of lists: one inner list for each row, all of the same length. With "
            "NumPy you may also call reshape(2, 3) on an array of six numbers. So put an inner "
            "pair of brackets around the three derivatives of f, another around those of g.",
        ),
        Wrong(
            name="The exponential is derived like a power",
            model=lambda p, *case: _changed(
                p, case, {(0, 2): p.b * case[2] * exp(p.b * case[2] - 1)}
            ),
            others=(
                lambda p, *case: _changed(p, case, {(0, 2): p.b * case[2] * exp(p.b * case[2])}),
            ),
            hint="One entry of the first row is not right: the one by z. There an exponential is "
            "to be derived, and you have treated it like a power, with the exponent coming down as "
            "a factor. The power rule is for a variable below and a fixed number above, as in z³. "
            "Here it is the other way round: the number e is fixed below, and the variable stands "
            "above. Such a function is its own derivative, so the exponential is copied unchanged, "
            "exponent and all. Then the chain rule adds the slope of the exponent as a factor. The "
            "exponent is a number times z, and its slope is that number alone, without the z.",
        ),
        Wrong(
            name="Those are the values of the functions",
            model=lambda p, x, y, z: [
                p.a * x**2 * y + exp(p.b * z),
                sin(p.c * x) + y * z**2,
            ],
            hint="You return the two values f and g. The Jacobian holds no values; it holds "
            "slopes. For each of the two functions and for each of the three inputs it says how "
            "fast this function changes when this input moves and the two others are held still. "
            "That makes six numbers: two rows of three. Start with the first row, which belongs to "
            "f: derive f by x, then by y, then by z. The second row is the same for g. A function "
            "that does not contain an input at all has a zero in its place, and a term that does "
            "not contain it drops out.",
        ),
        Wrong(
            name="The rows of the two functions are added up",
            model=lambda p, *case: [u + v for u, v in zip(*_right(p, *case), strict=True)],
            hint="You return three numbers: for each input the sum of the slopes of f and of g. "
            "But the two functions are two outputs, and they are kept apart. If f is a height and "
            "g a brightness, their sum means nothing at all. The Jacobian has a row of its own for "
            "each output. In the first row stand the three slopes of f, by x, by y and by z, and "
            "in the second row the three slopes of g. In Python that is a list which holds two "
            "lists of three numbers each. Take your three sums apart again: what came from f goes "
            "into the first row, and what came from g into the second.",
        ),
    ],
    again="First row: the gradient of $f$, that is its derivatives by $x$, $y$ and $z$. Second "
    "row: the same for $g$. A term without the variable that moves contributes nothing.",
    worked="$J = \\begin{pmatrix} 2 \\cdot <<a>>xy & <<a>>x^2 & <<b>>e^{<<b>>z} \\\\ "
    "<<c>>\\cos(<<c>>x) & z^2 & 2yz \\end{pmatrix}$, as code: `return [[2*<<a>>*x*y, <<a>>*x**2, "
    "<<b>>*exp(<<b>>*z)], [<<c>>*cos(<<c>>*x), z**2, 2*y*z]]`.",
)
