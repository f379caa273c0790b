"""1E: the Hessian of a sum of a product and a cosine of a product."""

from __future__ import annotations

from math import cos, sin, sqrt
from random import Random
from typing import Any

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong

__all__ = ["EXERCISE"]

Rows = list[list[float]]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"a": rng.choice([3, 4, 5]), "b": rng.choice([2, 3])}


def _inputs(rng: Random, p: Parameters) -> Case:
    return rng.uniform(0.4, 1.7), rng.uniform(-1.6, -0.4)


def _gradient(p: Parameters, x: float, y: float) -> list[float]:
    wave = p.b * sin(p.b * x * y)
    return [3 * p.a * x**2 * y**2 - y * wave, 2 * p.a * x**3 * y - x * wave]


def _table(a: float, b: float, c: float) -> Rows:
    return [[a, b], [b, c]]


def _bends(p: Parameters, x: float, y: float, inner: float) -> tuple[float, float]:
    """The two pure second derivatives; `inner` is the factor b squared, where it is right."""
    wave = cos(p.b * x * y)
    return 6 * p.a * x * y**2 - inner * y**2 * wave, 2 * p.a * x**3 - inner * x**2 * wave


def _twist(p: Parameters, x: float, y: float) -> float:
    u = p.b * x * y
    return 6 * p.a * x**2 * y - p.b * sin(u) - p.b**2 * x * y * cos(u)


def _right(p: Parameters, x: float, y: float) -> Rows:
    first, last = _bends(p, x, y, p.b**2)
    return _table(first, _twist(p, x, y), last)


def _twist_without_product(p: Parameters, x: float, y: float) -> Rows:
    rows = _right(p, x, y)
    twist = 6 * p.a * x**2 * y - p.b**2 * x * y * cos(p.b * x * y)
    return _table(rows[0][0], twist, rows[1][1])


def _inner_once(p: Parameters, x: float, y: float) -> Rows:
    first, last = _bends(p, x, y, p.b)
    u = p.b * x * y
    return _table(first, 6 * p.a * x**2 * y - p.b * sin(u) - p.b * x * y * cos(u), last)


def _wrong_sign(p: Parameters, x: float, y: float) -> Rows:
    first, last = _bends(p, x, y, -(p.b**2))
    u = p.b * x * y
    return _table(first, 6 * p.a * x**2 * y + p.b * sin(u) + p.b**2 * x * y * cos(u), last)


def _three(p: Parameters, x: float, y: float) -> list[float]:
    (first, twist), (_, last) = _right(p, x, y)
    return [first, twist, last]


def _determinant(p: Parameters, x: float, y: float) -> float:
    first, twist, last = _three(p, x, y)
    return first * last - twist**2


def _trace(p: Parameters, x: float, y: float) -> float:
    return _right(p, x, y)[0][0] + _right(p, x, y)[1][1]


def _eigenvalues(p: Parameters, x: float, y: float) -> list[float]:
    middle = _trace(p, x, y) / 2
    apart = sqrt(middle**2 - _determinant(p, x, y))
    return [middle - apart, middle + apart]


def _once(p: Parameters, x: float, y: float) -> Rows:
    first, twist, last = _three(p, x, y)
    first += 3 * p.a * x**2 * y**2 - 6 * p.a * x * y**2
    return _table(first, twist, last + 2 * p.a * x**3 * y - 2 * p.a * x**3)


def _sine_in_diagonal(p: Parameters, x: float, y: float) -> Rows:
    first, twist, last = _three(p, x, y)
    return _table(first - p.b * sin(p.b * x * y), twist, last - p.b * sin(p.b * x * y))


def _one_factor(p: Parameters, x: float, y: float) -> Rows:
    """Of the two inner factors, one."""
    first, twist, last = _three(p, x, y)
    wave = p.b * cos(p.b * x * y)
    twist += wave * (p.b * x * y - x)
    return _table(first + wave * (p.b * y**2 - y), twist, last + wave * (p.b * x**2 - x))


EXERCISE = Exercise(
    id="1E",
    title="A Hessian",
    answer=Code(
        name="hessian",
        starter="from math import cos, sin\n\n\ndef hessian(x, y):\n"
        "    # f = <<a>>*x**3*y**2 + cos(<<b>>*x*y)\n    return [[0, 0],\n            [0, 0]]\n",
        returns="two rows of two numbers",
    ),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    names="x y",
    formulas=[
        "6*a*x*y**2 - b**2*y**2*cos(b*x*y)",
        *["6*a*x**2*y - b*sin(b*x*y) - b**2*x*y*cos(b*x*y)"] * 2,
        "2*a*x**3 - b**2*x**2*cos(b*x*y)",
    ],
    wrong=[
        Wrong(
            name="That is the gradient",
            model=_gradient,
            hint="You have returned the two first derivatives, the gradient, and they are right. "
            "The Hessian goes one step further: it asks how each of these two slopes changes in "
            "its turn when x or y moves. Two slopes, each with two ways to move, make four "
            "numbers in two rows. So take your two formulas as if they were new functions. "
            "Differentiate the first of them by x and by y: that is the first row. Differentiate "
            "the second by x and by y: that is the second row. As a check the two numbers off the "
            "diagonal must come out equal, although they are reached by different roads. If they "
            "differ, one of the derivatives contains a slip.",
        ),
        Wrong(
            name="The mixed entries are left at zero",
            model=lambda p, x, y: _table(_right(p, x, y)[0][0], 0.0, _right(p, x, y)[1][1]),
            hint="Your two entries on the diagonal are right, the bends along x and along y. Off "
            "the diagonal you have zeros. Those would be right only if the slope along x did not "
            "care where you stand along y. Here it does care: your function contains x and y "
            "multiplied with each other, so on a step along y the slope along x becomes another. "
            "That is what the entries off the diagonal measure, and without them no saddle could "
            "be recognized. Take the derivative of f by x once more, and differentiate it by y, "
            "with x held still this time. The same number goes into both places off the diagonal.",
        ),
        Wrong(
            name="In the mixed entry the product rule is missing",
            model=_twist_without_product,
            hint="Your diagonal is right, and the part of the mixed entry that comes from the "
            "powers is right, too. The part that comes from the cosine is not whole. After the "
            "first step, by x, there is a factor y in front of a sine, and the inside of that "
            "sine contains y as well. So when you go on by y, there are two places where y moves: "
            "the factor in front, and the inside. That is a product, and the product rule gives "
            "two terms: the factor changes and the sine waits, and the other way round. You have "
            "the second one only. On the diagonal this does not happen, since there the factor in "
            "front stands still.",
        ),
        Wrong(
            name="The inner factor appears only once",
            model=_inner_once,
            others=(_one_factor,),
            hint="The shape is right and so are the powers. In the parts that come from the "
            "cosine a factor is missing. Each time a function with something inside is "
            "differentiated, the slope of the inside comes out in front as a factor. You "
            "differentiate twice, so it comes out twice, and the number in front of x y must "
            "appear as a square wherever the cosine has been differentiated two times. Think of a "
            "wave that runs three times as fast: its slopes are three times as steep, and its "
            "bends nine times as sharp, because also the slopes change three times as fast. Go "
            "from your gradient to the Hessian once more and keep the factor that is already "
            "there.",
        ),
        Wrong(
            name="The sign of the cosine's derivatives is turned",
            model=_wrong_sign,
            hint="All parts are there, but everything that comes from the cosine has the other "
            "sign. The cosine's slope is minus the sine. That minus stays in front when you "
            "differentiate once more, and the sine becomes a cosine without any further minus. So "
            "after two steps the cosine is back, with one minus in front. The picture agrees: the "
            "cosine has its top at zero and bends downward there, as a dome does, so its second "
            "derivative must be negative where the cosine is positive. In your result it bends "
            "upward. Either the minus was forgotten in the first step, or it was taken twice. "
            "Look at your gradient first, then go on.",
        ),
        Wrong(
            name="Products of first derivatives instead of second derivatives",
            model=lambda p, x, y: [[g * h for g in _gradient(p, x, y)] for h in _gradient(p, x, y)],
            hint="You have multiplied the first derivatives with each other. The sign ∂²f/∂x² "
            "does look like a square, and this is a common mistake, but nothing is squared there. "
            "The small two says that something is done twice: differentiate by x, and then "
            "differentiate the result by x once more. A straight line shows the difference. For f "
            "= 3x the first derivative is 3, and its square would be 9; but a straight line does "
            "not bend at all, and its second derivative is 0. So take your formula for the slope "
            "along x as a new function, and apply the rules to it again, once by x and once by y.",
        ),
        Wrong(
            name="That is made of the Hessian, it is not the Hessian",
            model=_determinant,
            others=(_trace, _eigenvalues, lambda p, x, y: _eigenvalues(p, x, y)[::-1]),
            hint="You return something that is computed from the Hessian: its determinant, its "
            "trace, or its eigenvalues. They will be used to tell minima, maxima and saddles "
            "apart. Asked here is the table itself, two rows of two numbers. In the first row "
            "stands the second derivative by x alone, and next to it the mixed one. In the second "
            "row stands the mixed one again, and then the second derivative by y alone. In Python "
            "it is a list of two lists. If you have computed these entries on the way, return them "
            "as they are, and leave out the last step.",
        ),
        Wrong(
            name="The mixed derivative is given only once",
            model=_three,
            others=(lambda p, x, y: [_three(p, x, y)[i] for i in (0, 2, 1)],),
            hint="Your three numbers are right: the two second derivatives and the mixed one. As a "
            "table they have four places, for the mixed derivative stands in both corners: first "
            "by x and then by y, or first by y and then by x. The two are equal, which is why "
            "three numbers are enough to know the table; but the function is to return the whole "
            "of it, as two rows of two numbers. The first row is what becomes of the slope by x "
            "when x moves, and when y moves. The second row is the same for the slope by y. In "
            "Python: a list with two lists in it.",
        ),
        Wrong(
            name="That is the value of the function",
            model=lambda p, x, y: p.a * x**3 * y**2 + cos(p.b * x * y),
            hint="You return the value of f at the place. The Hessian tells how f bends there: how "
            "fast the slopes themselves change. So two steps are needed. First find the two "
            "slopes, ∂f/∂x and ∂f/∂y. Then derive each of the two once more, by x and by y. That "
            "makes four numbers, of which the two mixed ones are equal. Return them as two rows: "
            "in the first row what came from ∂f/∂x, in the second what came from ∂f/∂y. Do it for "
            "the power term and for the cosine one after the other, and add what belongs to the "
            "same place of the table.",
        ),
        Wrong(
            name="A power was derived only once",
            model=_once,
            hint="In one of the corners of the diagonal the part with the powers was derived once "
            "and not twice. The entry at the upper left asks for x twice: x³ becomes 3x², and this "
            "becomes 6x, while the power of y stands still both times. The entry at the lower "
            "right asks for y twice: y² becomes 2y, and this becomes 2, so that no y is left "
            "there, and x³ stands still. A look at the exponents shows it: for each derivative the "
            "exponent of the variable that moves goes down by one, and two derivatives lower it by "
            "two. Count them in each of your entries.",
        ),
        Wrong(
            name="A term of the product rule stands in the diagonal",
            model=_sine_in_diagonal,
            hint="In a corner of the diagonal there is a term with a sine that does not belong "
            "there. It is right in the mixed entry. There the factor y, which came out of the "
            "cosine when x moved, is derived itself when y moves next, and that gives a second "
            "term. In the diagonal the same variable moves both times. The factor that came out "
            "when x moved is y, and y is held still when x moves again, so nothing is added. Only "
            "the sine changes, into a cosine, with the same factor once more. Take away the extra "
            "term in the entries that have one, and leave it in the mixed entry.",
        ),
    ],
    again="First the gradient: $\\frac{\\partial f}{\\partial x} = 3 \\cdot <<a>>x^2 y^2 - <<b>>y "
    "\\sin(<<b>>xy)$ and the same by $y$. Then differentiate each of the two by $x$ and by $y$; "
    "the mixed one needs the product rule.",
    worked="With $u = <<b>>xy$: $\\frac{\\partial^2 f}{\\partial x^2} = 6 \\cdot <<a>>xy^2 - "
    "<<b>>^2 y^2 \\cos u$, $\\frac{\\partial^2 f}{\\partial y^2} = 2 \\cdot <<a>>x^3 - <<b>>^2 "
    "x^2 \\cos u$, and mixed $6 \\cdot <<a>>x^2 y - <<b>> \\sin u - <<b>>^2 xy \\cos u$, which "
    "stands in both places off the diagonal.",
)
