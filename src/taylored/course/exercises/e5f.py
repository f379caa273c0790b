"""5F: one Gauss-Newton step on chi-squared."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong

__all__ = ["EXERCISE"]


def _inputs(rng: Random, p: Parameters) -> Case:
    points, params = rng.randint(5, 8), rng.choice([2, 3])
    jacobian = [[round(rng.uniform(-2.5, 2.5), 2) for _ in range(params)] for _ in range(points)]
    residuals = [round(rng.uniform(-1.5, 2.0), 2) for _ in range(points)]
    return jacobian, residuals, [round(rng.uniform(0.3, 1.8), 2) for _ in range(points)]


def _step(power: float, factor: float = 1.0) -> Callable[..., np.ndarray]:
    """The step with the weights sigma**-power."""

    def model(p: Parameters, jacobian: Any, r: Any, sigma: Any) -> np.ndarray:
        j, r, w = np.asarray(jacobian), np.asarray(r), np.asarray(sigma) ** -power
        return factor * np.linalg.solve(j.T @ (w[:, None] * j), j.T @ (w * r))

    return model


_right = _step(2.0)


def _gradient(factor: float) -> Callable[..., np.ndarray]:
    def model(p: Parameters, jacobian: Any, r: Any, sigma: Any) -> np.ndarray:
        j, w = np.asarray(jacobian), np.asarray(sigma) ** -2.0
        return factor * (j.T @ (w * np.asarray(r)))

    return model


def _diagonal(p: Parameters, jacobian: Any, r: Any, sigma: Any) -> np.ndarray:
    j, w = np.asarray(jacobian), np.asarray(sigma) ** -2.0
    return (j.T @ (w * np.asarray(r))) / np.einsum("ij,i,ij->j", j, w, j)


def _half_weighted(p: Parameters, jacobian: Any, r: Any, sigma: Any) -> np.ndarray:
    """The weights on the right side only."""
    j, w = np.asarray(jacobian), np.asarray(sigma) ** -2.0
    return np.linalg.solve(j.T @ j, j.T @ (w * np.asarray(r)))


def _elementwise(p: Parameters, jacobian: Any, r: Any, sigma: Any) -> np.ndarray:
    j, w = np.asarray(jacobian), np.asarray(sigma) ** -2.0
    return (1.0 / (j.T @ (w[:, None] * j))) @ (j.T @ (w * np.asarray(r)))


def _arrays(jacobian: Any, r: Any, sigma: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.asarray(jacobian), np.asarray(r), np.asarray(sigma)


def _of(form: Callable[[np.ndarray, np.ndarray, np.ndarray], Any]) -> Callable[..., Any]:
    """A model from J, r and sigma as arrays."""
    return lambda p, *case: form(*_arrays(*case))


def _sides(
    left: Callable[[np.ndarray], np.ndarray], right: Callable[[np.ndarray], np.ndarray]
) -> Callable[..., np.ndarray]:
    """The normal equations with different weights on the two sides."""
    return _of(lambda j, r, s: np.linalg.solve(j.T @ (left(s)[:, None] * j), j.T @ (right(s) * r)))


def _normal(j: np.ndarray, r: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and right side of the normal equations."""
    return j.T @ (j / s[:, None] ** 2), j.T @ (r / s**2)


def _from(j: np.ndarray, r: np.ndarray, s: np.ndarray) -> np.ndarray:
    """The step from other rows or residuals."""
    return np.linalg.solve(*_normal(j, r, s))


def _halved(change: Callable[..., Any], *case: np.ndarray) -> np.ndarray:
    """The step from a matrix of which a part is lost."""
    matrix, right = _normal(*case)
    return np.linalg.solve(change(matrix), right)


def _seen(form: Callable[..., bool]) -> Callable[..., bool]:
    """For `Wrong.when`: a property of the answer, of J, r and sigma, that holds in every case."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        fits = all(np.size(o) == len(c[0][0]) for o, c in zip(outputs, cases, strict=True))
        return fits and all(
            bool(form(np.ravel(o), *_arrays(*c))) for o, c in zip(outputs, cases, strict=True)
        )

    return when


def _along(got: np.ndarray, *directions: np.ndarray) -> bool:
    """Whether it is a multiple of one of these."""
    size = np.linalg.norm(got)
    return bool(size) and any(
        abs(abs(got @ d) - size * np.linalg.norm(d)) <= 1e-9 * size * np.linalg.norm(d)
        for d in directions
    )


def _downhill(got: np.ndarray, j: np.ndarray, r: np.ndarray, s: np.ndarray) -> bool:
    return _along(got, _normal(j, r, s)[1], j.T @ r)


def _damped(got: np.ndarray, j: np.ndarray, r: np.ndarray, s: np.ndarray) -> bool:
    """Whether something positive was added to the diagonal."""
    if not np.isfinite(got).all() or not got.all():
        return False
    matrix, right = _normal(j, r, s)
    lost = right - matrix @ got
    for added in (got, np.diag(matrix) * got):
        much = lost / added
        if much[0] > 1e-6 and np.allclose(much, much[0], rtol=1e-4):
            return True
    return False


def _unweighted_diagonal(j: np.ndarray, r: np.ndarray, s: np.ndarray) -> np.ndarray:
    return (j.T @ r) / (j**2).sum(axis=0)


EXERCISE = Exercise(
    id="5F",
    title="One step on chi-squared",
    answer=Code(
        name="step",
        starter="import numpy as np\n\n\ndef step(J, r, sigma):\n    return ...\n",
        returns="one number for each parameter",
    ),
    inputs=_inputs,
    right=_right,
    tolerance=1e-3,
    wrong=[
        Wrong(
            name="The step goes uphill",
            model=_step(2.0, -1.0),
            hint="Your step has the right length along the right line, but it points the other "
            "way, so chi-squared grows. The sign depends on what is called a residual. Here "
            "r is data minus model: a positive residual says that the model is too low and "
            "should rise. The change of the model is J times the step, and it should come as "
            "near to r as possible, with the same sign. The minus that you have in mind "
            "belongs to another convention, in which r is model minus data, or to the "
            "general Newton step, minus the inverse Hessian times the gradient; there the "
            "gradient brings a minus of its own, and the two cancel.",
        ),
        Wrong(
            name="Sigma is not used",
            model=_step(0.0),
            hint="Your step treats all points alike: it is the right one if all sigmas are equal, "
            "but here they differ, and sigma does not occur in your function at all. A point "
            "with a small sigma must pull the curve much harder than a point with a large "
            "one. Look at the formula: between the two Jacobians, and again between the "
            "Jacobian and the residuals, there is a diagonal matrix of weights. A neat way "
            "to put it in is to divide each row of J and each residual by its own sigma at "
            "the beginning; after that, all the rest can stay as you have it.",
        ),
        Wrong(
            name="The weights are 1/sigma, not 1/sigma squared",
            model=_step(1.0),
            hint="You weight every point by one over sigma. Chi-squared contains the residuals "
            "divided by sigma and then squared, so each point comes with one over sigma "
            "squared. In the weighted sums of the step the Jacobian appears twice, or once "
            "together with a residual, and each of the two brings its own factor of one over "
            "sigma. If you have divided J by sigma but not r, or multiplied by the weights "
            "only once, this is the result. Test it with a single parameter and two points, "
            "J = 1 for both: the step must be the weighted mean of the residuals, and the "
            "weights of that mean are known from lesson 5-1.",
        ),
        Wrong(
            name="The square of sigma multiplies",
            model=_step(-2.0),
            hint="In your function the weights are sigma squared, so a careless measurement has "
            "the largest influence and a careful one hardly any. It should be the other way "
            "round. The weight of a point says how much its residual is worth; the smaller "
            "the sigma, the more. The matrix with sigma squared on its diagonal is the "
            "covariance of the measurements, and what is needed is its inverse. This mistake "
            "is easily made when the formula is written with a letter for the matrix and one "
            "forgets which of the two it stands for. With one very uncertain point, see "
            "whether your step follows it or ignores it.",
        ),
        Wrong(
            name="The downhill direction without the inverse",
            model=_gradient(1.0),
            others=[_of(lambda j, r, s: j.T @ r), _gradient(-1.0)],
            hint="What you return is the right side of the equation: the Jacobian, transposed, "
            "times the weighted residuals. It points downhill, along minus half the gradient "
            "of chi-squared, but its length has nothing to do with how far the minimum is. "
            "Look at the units: with one parameter k per minute, your number has the unit of "
            "minutes, while a step in k must be per minute. The other matrix, the weighted "
            "product of the Jacobian with itself, knows how strongly the valley is curved, "
            "and the equation has to be solved with it. NumPy has a function that solves "
            "linear systems; the matrix goes first, the right side second.",
        ),
        Wrong(
            name="Minus the gradient of chi-squared",
            model=_gradient(2.0),
            others=[_gradient(-2.0)],
            hint="You return minus the gradient of chi-squared, including its factor 2. That is "
            "the direction of steepest descent, and a short piece of it would lower "
            "chi-squared, but it is not the Gauss-Newton step. That step comes from "
            "replacing the model by its linear approximation and then going to the minimum "
            "in one stride, as with a straight line. For that, the equation with the "
            "weighted product of the Jacobian and itself on the left has to be solved. Check "
            "it with a model that is linear: after the right step the new residuals, r minus "
            "J times the step, must be at right angles, in the weighted sense, to all "
            "columns of J.",
        ),
        Wrong(
            name="Every parameter for itself",
            model=_diagonal,
            others=[
                _of(_unweighted_diagonal),
                _of(lambda j, r, s: (r[:, None] / np.where(j == 0, 1e-9, j)).mean(axis=0)),
            ],
            hint="You divide each entry of the right side by its own diagonal entry, as if every "
            "parameter could be moved without regard to the others. If the columns of the "
            "Jacobian overlap, two parameters then both try to repair the same residuals, "
            "and together they go too far. For the candle, slope and start would both react "
            "to the same low point. The off-diagonal entries of the matrix say how much two "
            "columns overlap; they are the reason why a system of equations has to be "
            "solved, and not one equation after the other. Your step would be right if all "
            "columns were at right angles to each other.",
        ),
        Wrong(
            name="The weights are missing on the left side",
            model=_half_weighted,
            hint="The residuals are weighted in your function, but the matrix on the left is the "
            "plain product of the Jacobian with itself. Both sides come from differentiating the "
            "same weighted sum, so the weights must be in both. If they are only on one "
            "side, the step changes its length when all sigmas are doubled, although "
            "doubling all of them changes nothing about which line is best. That is a good "
            "test: call your function twice, the second time with twice the sigmas, and "
            "compare. You can also divide each row of J and each residual by its sigma once "
            "at the beginning and then forget about weights.",
        ),
        Wrong(
            name="One over each entry is not the inverse",
            model=_elementwise,
            hint="You have turned the matrix around entry by entry: one divided by each number in "
            "it. The inverse of a matrix is something else, the matrix that undoes the first "
            "one when the two are multiplied. Only for a diagonal matrix are the entries on "
            "the diagonal simply turned around. In NumPy, 1/M and M**-1 work on every entry "
            "separately, while np.linalg.inv makes the inverse matrix. Better still, ask for "
            "the solution of the linear system directly, which is faster and more exact: "
            "there is a function for that in np.linalg. Multiply your matrix by its supposed "
            "inverse and see whether the identity comes out.",
        ),
        Wrong(
            name="The weights have another power of sigma",
            model=_step(-1.0),
            others=[_step(4.0), _step(0.5), _step(3.0), _step(-0.5), _step(-4.0)],
            hint="Your equations are the right ones, but the weights in them are not one over "
            "sigma squared. Chi-squared is a sum of squares of residual over sigma, so when "
            "the square is written out, sigma squared stands below the line, once. If you "
            "divide both the rows of J and the residuals by sigma, as for least squares "
            "without weights, then sigma comes in once on each side, and the product of the "
            "two brings the square; weights of one over sigma squared at that place would "
            "give the fourth power. Check with two points and one parameter: at sigma 1 and "
            "sigma 2 the weights are 1 and one quarter.",
        ),
        Wrong(
            name="The weights stand on one side only",
            model=_sides(lambda s: s**-2.0, lambda s: s**0.0),
            others=[
                _sides(lambda s: s**-2.0, lambda s: s**-4.0),
                _sides(lambda s: s**-4.0, lambda s: s**-2.0),
                _sides(lambda s: s**-2.0, lambda s: s**-3.0),
                _sides(lambda s: s**-3.0, lambda s: s**-2.0),
                _sides(lambda s: s**-2.0, lambda s: s**2.0),
                _sides(lambda s: s**2.0, lambda s: s**-2.0),
                _sides(lambda s: s**0.0, lambda s: s**2.0),
                _sides(lambda s: s**-2.0, lambda s: s**1.0),
                _sides(lambda s: s**-2.0, lambda s: s**-1.0),
                _sides(lambda s: s**0.0, lambda s: s**-1.0),
                _sides(lambda s: s**-1.0, lambda s: s**-2.0),
                _sides(lambda s: s**-1.0, lambda s: s**0.0),
            ],
            hint="The two sides of your equations are weighted differently. The equation asks "
            "that the weighted shapes leave nothing of the weighted residuals: J "
            "transposed, times W, times what is left after the step, is zero. What is left "
            "is r minus J times the step, and W acts on both of its parts. So the same "
            "weights stand on the left, between J transposed and J, and on the right, "
            "between J transposed and r. If you divide by sigma instead, divide every row "
            "of J and its residual by the same sigma, once each. As a test multiply all "
            "sigmas by ten: the step must stay exactly as it is. Does yours?",
        ),
        Wrong(
            name="Multiplied by the matrix instead of its inverse",
            model=_of(lambda j, r, s: _normal(j, r, s)[0] @ _normal(j, r, s)[1]),
            others=[_of(lambda j, r, s: (j.T @ j) @ (j.T @ r))],
            hint="You have the two ingredients, the matrix on the left and the vector on the "
            "right, and you multiply them. But the step is the unknown of the equation: "
            "matrix times step is the vector. To get it alone, the matrix has to be brought "
            "to the other side, and that is done with its inverse, as one divides by a "
            "number. With one parameter the matrix is a single number, the sum of the "
            "squared slopes, and the worked example of the lesson divides by it. In NumPy "
            "np.linalg.solve(A, b) finds the step without writing the inverse down; this is "
            "faster and keeps more digits than np.linalg.inv.",
        ),
        Wrong(
            name="Something is added to the diagonal",
            when=_seen(_damped),
            hint="You have added something to the diagonal of the matrix. That is the step of "
            "Levenberg and Marquardt: it is shorter than the Gauss-Newton step and turned "
            "toward the steepest direction, and far from the minimum it is the safer one. A "
            "good program has it and makes the addition small when all goes well. But the "
            "question asks for the plain Gauss-Newton step, which is what the linear "
            "picture calls best, with nothing added. In the limit of a small λ the two "
            "agree. If you added it to keep the matrix from being singular: here it never "
            "is, and where it is, np.linalg.lstsq deals with it without changing the "
            "others.",
        ),
        Wrong(
            name="Downhill, but not to the bottom",
            when=_seen(_downhill),
            hint="Your step points straight down the slope of chi-squared: it is a multiple of J "
            "transposed times the weighted residuals. You may even have found the best "
            "length along this direction. That is steepest descent. In a long narrow valley "
            "it goes across the valley rather than along it, which is why it needs so many "
            "steps. The Gauss-Newton step asks for the lowest point of the whole "
            "paraboloid, in all directions at once, and that lies in another direction "
            "unless the valley is round. So one number below the fraction line is not "
            "enough when there are several parameters: the whole matrix has to be inverted, "
            "with its entries off the diagonal.",
        ),
        Wrong(
            name="The change of the model instead of the step",
            model=_of(lambda j, r, s: j @ np.linalg.solve(*_normal(j, r, s))),
            others=[_of(lambda j, r, s: r - j @ np.linalg.solve(*_normal(j, r, s)))],
            hint="You return one number for each point: how much the model changes there by the "
            "step, or what is left of the residuals after it. To get this you had to "
            "compute the step itself, and that is what was asked for: one number for each "
            "parameter, by how much to change it. The two are tied by the Jacobian, which "
            "turns a change of the parameters into a change of the curve. Look at the shape "
            "in the line above: the number of points is not the number of parameters. "
            "Return what you had before you multiplied by J for the last time.",
        ),
        Wrong(
            name="The uncertainty instead of the step",
            model=_of(lambda j, r, s: np.sqrt(np.diag(np.linalg.inv(_normal(j, r, s)[0])))),
            others=[
                _of(
                    lambda j, r, s: np.linalg.solve(
                        _normal(j, r, s)[0], (j / s[:, None] ** 2).sum(axis=0)
                    )
                ),
                _of(lambda j, r, s: np.linalg.inv(_normal(j, r, s)[0])),
                _of(lambda j, r, s: np.diag(np.linalg.inv(_normal(j, r, s)[0]))),
                _of(lambda j, r, s: _normal(j, r, s)[0]),
            ],
            hint="You return the covariance matrix of the parameters, or the errors on its "
            "diagonal. They tell how sure the result will be at the end of the fit, and "
            "they do not contain the residuals at all: with other data at the same places "
            "they would be the same. The step has to depend on the residuals, because it "
            "says which way to go to make them smaller. The same matrix is needed for both: "
            "for the step its inverse is multiplied by J transposed times the weighted "
            "residuals. If all residuals are zero, the step must be zero. What does your "
            "function return then?",
        ),
        Wrong(
            name="One number for all parameters",
            when=lambda p, cases, outputs: all(np.size(o) == 1 for o in outputs),
            hint="You return a single number, such as the length of the step. Each parameter has "
            "its own change: the middle of the beam may have to go to the left while the "
            "width has to grow. One number cannot say both. The length is useful for a rule "
            "that decides when to stop, but whoever wants to go on with the fit needs the "
            "whole list, in the order of the columns of J. With the formula of the worked "
            "example, which is for one parameter, the sums run over the points; with "
            "several parameters each sum becomes a vector or a matrix, and the division "
            "becomes the solution of a system of equations.",
        ),
        Wrong(
            name="The step has the right direction and a wrong length",
            when=_seen(lambda got, j, r, s: _along(got, _from(j, r, s))),
            last=True,
            hint="Your step points exactly where it should, but it is multiplied by a number. A "
            "Gauss-Newton step has a length of its own: it goes to the lowest point of the "
            "linear picture and stops there. So nothing is divided by the number of points, by "
            "the length of the step, by a mean sigma or by the sum of the weights. If you "
            "normalize the weights, do it on both sides of the equation, where it cancels, or "
            "not at all. A factor that makes the step shorter is a matter for later, when "
            "chi-squared turns out to grow. With a model that is linear, one full step ends "
            "at the minimum: a second one must be zero.",
        ),
        Wrong(
            name="Only a half of the matrix is used",
            model=_of(lambda j, r, s: _halved(np.triu, j, r, s)),
            others=[
                _of(lambda j, r, s: _halved(np.tril, j, r, s)),
                _of(lambda j, r, s: _halved(np.abs, j, r, s)),
                _of(lambda j, r, s: _halved(lambda m: 2 * np.diag(np.diag(m)) - m, j, r, s)),
            ],
            hint="The matrix on the left is not the whole one: one of its triangles is missing, "
            "or its entries have lost their signs. The weighted product of the Jacobian with "
            "itself is symmetric, because the overlap of column 1 with column 2 is that of "
            "column 2 with column 1, so both entries are there and equal. They may be negative, "
            "where two columns mostly have opposite signs. If you fill the matrix in a loop, "
            "let both indices run over all parameters, or copy one triangle to the other side. "
            "Print your matrix minus its transpose: all entries must be zero. Then compare "
            "its first entry beside the diagonal with the sum over the points.",
        ),
        Wrong(
            name="The residuals have lost their signs",
            model=_of(lambda j, r, s: _from(j, np.abs(r), s)),
            others=[
                _of(lambda j, r, s: _from(j, r**2, s)),
                _of(lambda j, r, s: _from(j, (r / s) ** 2, np.ones_like(s))),
                _of(lambda j, r, s: _from(j, r * np.abs(r), s)),
            ],
            hint="You have squared the residuals or taken their absolute values before using "
            "them. The square belongs to chi-squared, which counts how bad a miss is, whatever "
            "its direction. The step has to know the direction: where the data are above the "
            "model it must rise, where they are below it must fall. On the right side of the "
            "equation the residuals therefore stand as they are, each with its sign and to the "
            "first power, since the derivative of a square has the first power. Test it: change "
            "the signs of all residuals, and the step must change its sign. What does yours "
            "do?",
        ),
        Wrong(
            name="Only as many points as parameters are used",
            model=_of(lambda j, r, s: np.linalg.solve(j[: j.shape[1]], r[: j.shape[1]])),
            others=[
                _of(lambda j, r, s: np.linalg.solve(j[-j.shape[1] :], r[-j.shape[1] :])),
                _of(lambda j, r, s: _from(j[1:], r[1:], s[1:])),
                _of(lambda j, r, s: _from(j[:-1], r[:-1], s[:-1])),
            ],
            hint="Some of the points have no say in your step. There are more points than "
            "parameters, so J times the step cannot be equal to r everywhere, and one is "
            "tempted to cut the table until the equations can be solved. The step would then "
            "follow the errors of the few points that are left and ignore the others. Least "
            "squares asks for a compromise: the sum of all squared misses, each in its sigma, "
            "is to become as small as possible. Multiplying by the transposed Jacobian makes as "
            "many equations as there are parameters, out of all points together. If you "
            "use a loop, check that its range covers all rows.",
        ),
        Wrong(
            name="A mean is taken away, or a constant added",
            model=_of(lambda j, r, s: _from(j, r - r.mean(), s)),
            others=[
                _of(lambda j, r, s: _from(j - j.mean(axis=0), r - r.mean(), s)),
                _of(lambda j, r, s: _from(j - j.mean(axis=0), r, s)),
                _of(lambda j, r, s: _from(j, r - (r / s**2).sum() / (s**-2.0).sum(), s)),
                _of(lambda j, r, s: _from(np.column_stack([np.ones(len(r)), j]), r, s)[1:]),
            ],
            hint="You have taken a mean away from the residuals or from the columns of J, or put "
            "a column of ones beside them. For a straight line this is a good trick, since a "
            "line has an intercept that takes up the mean. Here the model is any model, and all "
            "its parameters are in J already. If the residuals are positive on average, that "
            "tells the step something: the curve is too low. Taking the mean away throws this "
            "out, as if a free constant belonged to the model. Put J and r into the equations "
            "as they are handed over, with nothing but the weights between them.",
        ),
        Wrong(
            name="Chi-squared still slopes where the step ends",
            when=_seen(lambda got, j, r, s: bool(np.isfinite(got).all())),
            last=True,
            hint="Your step has one number for each parameter, as it should, but it does not end "
            "at the lowest point of the linear picture. There is a test that the right step "
            "passes whatever the numbers are. After the step the residuals are r minus J "
            "times the step. Divide them by sigma squared and multiply each column of J "
            "with them: every one of these sums must be zero, because there chi-squared is "
            "level in all directions. Try it with your step, in one line, J.T @ ((r - J @ "
            "delta) / sigma**2). What is not zero tells which parameter is wrong. Then "
            "compare your code with the equation of the lesson, part by part: two products, "
            "and one system of equations to be solved.",
        ),
    ],
    again="Divide every row of J and every residual by its sigma. Then solve the normal "
    "equations, or call `np.linalg.lstsq` with the two.",
    worked="Divide the rows of J and the residuals by sigma; then solve $J^T W J\\, \\delta = J^T "
    "W r$:\n\n"
    "```python\n"
    "import numpy as np\n\n\n"
    "def step(J, r, sigma):\n    "
    "A = J / sigma[:, None]\n    "
    "b = r / sigma\n    "
    "return np.linalg.solve(A.T @ A, A.T @ b)\n"
    "```",
)
