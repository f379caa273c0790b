"""Answers to the exercises of module 4: right ones in several forms, and wrong ones as written."""

from __future__ import annotations

from course_code_4 import MEASURED_ORDER, SAFE_STEP, STEP_RULE, STOP_RULE
from course_data import Answers

__all__ = ["ANSWERS"]

_4A = Answers(
    right=[
        lambda p: f"x_{{n+1}} = x − [x^{p.a} − {p.b}]/[{p.a}x^{p.a - 1}]",
        lambda p: f"x - \\frac{{x^{p.a} - {p.b}}}{{{p.a}x^{p.a - 1}}}",
        lambda p: f"x - (x^{p.a} - {p.b})/({p.a}*x^{p.a - 1})",
        lambda p: f"({p.a - 1}x + {p.b}/x^{p.a - 1})/{p.a}",
        lambda p: f"(({p.a}-1)*x**{p.a} + {p.b}) / ({p.a}*x**({p.a}-1))",
        lambda p: f"g(x) = x*(1 - 1/{p.a}) + {p.b}*x^(1-{p.a})/{p.a}",
        "x - (x^a - b)/(a*x^(a-1))",
    ],
    wrong={
        "The step goes the wrong way": ["x + (x^a - b)/(a*x^(a-1))"],
        "That is the step, not the point it leads to": [
            lambda p: f"-(x^{p.a} - {p.b})/({p.a}x^{p.a - 1})",
            "(b - x^a)/(a*x^(a-1))",
        ],
        "That is the step with its sign changed, and not the point": ["(x^a - b)/(a*x^(a-1))"],
        "The quotient is upside down": ["x - a*x^(a-1)/(x^a - b)"],
        "The number is still there in the derivative": ["x - (x^a - b)/(a*x^(a-1) - b)"],
        "The power is not brought down in the derivative": ["x - (x^a - b)/x^(a-1)"],
        "The exponent is not lowered in the derivative": ["x - (x^a - b)/(a*x^a)"],
        "The denominator needs brackets": [lambda p: f"x - (x^{p.a} - {p.b})/{p.a}x^{p.a - 1}"],
        "The numerator needs brackets": [lambda p: f"x - x^{p.a} - {p.b}/({p.a}x^{p.a - 1})"],
        "The number has the wrong sign": ["x - (x^a + b)/(a*x^(a-1))"],
        "It has been integrated, where the slope is wanted": [
            "x - (x^a - b)/(x^(a+1)/(a+1))",
            "x - (x^a - b)/(x^(a+1)/(a+1) - b*x)",
            "x - (x^a - b)/(a*x^(a+1))",
        ],
        "The exponent is lowered by two": ["x - (x^a - b)/(a*(a-1)*x^(a-2))"],
        "The factor in front of the slope is not the exponent": ["x - (x^a - b)/(2*a*x^(a-1))"],
        "A fixed number stands in the place of the slope": ["x - 0.1*(x^a - b)"],
        "The power in the numerator is not that of the function": ["x - (x^(a-1) - b)/(a*x^(a-1))"],
        "The step is right, but it starts at another place than the guess": [
            "x^a - b - (x^a - b)/(a*x^(a-1))",
            "b - (x^a - b)/(a*x^(a-1))",
        ],
        "One of the two parts has the wrong weight": ["(a-1)*x + b/x^(a-1)"],
        "That is the root itself, not the next guess": ["b^(1/a)"],
        "The function is not divided by its slope": ["x - (x^a - b)", "x - x^a + b"],
        "The number has been forgotten": ["x - x^a/(a*x^(a-1))"],
        "That is Newton's step for a minimum": ["x - a*x^(a-1)/(a*(a-1)*x^(a-2))"],
        "The rule for the square root is used": ["(x + b/x)/2", "(x + b/x^(a-1))/a"],
        "Numerator and denominator both need parentheses": ["x - x^a - b/a*x^(a-1)"],
        "The function is multiplied by its slope": ["x - (x^a - b)*a*x^(a-1)"],
        "The two numbers are exchanged": ["x - (x^b - a)/(b*x^(b-1))"],
        "That is a height or a slope, not a place": ["a*x^(a-1)", "x", "x^a - b"],
        "Not the whole function is divided by the slope": [
            "x - b/(a*x^(a-1))",
            "x - x^a/(a*x^(a-1)) - b",
        ],
        "The parts are not put together as a Newton step": ["2*x", "x - x^a/b"],
        "The power is taken for a product": ["x - (a*x - b)/a"],
        "The root has stayed in the function": ["x - (x^(1/a) - b)/(a*x^(a-1))"],
        "The slope in the denominator is not that of the function": [
            "x - (x^a - b)/(a*x^(2*a))",
        ],
    },
    other=["log(-x)"],
    crash="x - (",
)

_4B = Answers(
    right=[
        "0",
        lambda p: str(p.s),
        "0.02",
        "x = -0.01",
        lambda p: f"sqrt({p.a}/3)",
        lambda p: f"-sqrt({p.a}/3)",
        lambda p: f"{p.s * 1.01}",
    ],
    wrong={
        "That is the root itself": [lambda p: f"{-1.7693 * p.s}", lambda p: f"{-1.8 * p.s}"],
        "From the left the method always arrives": [lambda p: f"{-1.2 * p.s}"],
        "The second point of the cycle has the wrong sign": [lambda p: f"{-p.s}"],
        "The zero of the derivative is not worked out rightly": [lambda p: f"sqrt({p.a})"],
        "That is a number of the formula or a height, not a start": [lambda p: f"{-p.a}"],
        "That start belongs to the lesson's function, not to this one": ["0.816497"],
        "Flat, but not level": [
            lambda p: f"{0.82 * p.s}",
            lambda p: f"{-0.8 * p.s}",
        ],
        "Far away is not lost": [lambda p: f"{-40 * p.s}"],
        "It jumps about, but it arrives": [lambda p: f"{0.35 * p.s}"],
    },
    other=[],
    crash="0, 1",
)


def _steepest(p) -> float:
    return p.a + p.c + ((p.a - p.c) ** 2 + p.b**2) ** 0.5


def _gentlest(p) -> float:
    return p.a + p.c - ((p.a - p.c) ** 2 + p.b**2) ** 0.5


_4D = Answers(
    right=[
        lambda p: f"γ < {2 / _steepest(p):.4g}",
        lambda p: f"{200 / _steepest(p):.4g}%",
        lambda p: f"2/(({2 * (p.a + p.c)} + √({4 * ((p.a - p.c) ** 2 + p.b**2)}))/2)",
        lambda p: f"{2 / _steepest(p)}",
        lambda p: f"2/{_steepest(p):g}",
        lambda p: f"{2 / _steepest(p):.4f}",
        lambda p: f"gamma = 1/({_steepest(p) / 2:g})",
        lambda p: f"2/({p.a}+{p.c}+sqrt(({p.a}-{p.c})^2+{p.b}^2))",
    ],
    wrong={
        "That is the rate that is surely safe, not the largest stable one": [
            lambda p: f"1/{_steepest(p):g}"
        ],
        "The smaller curvature decides nothing here": [lambda p: f"2/{_gentlest(p):g}"],
        "The second derivative of a square has lost its factor 2": [
            lambda p: f"2/{_steepest(p) / 2:g}"
        ],
        "The mixed term has been left out": [lambda p: f"2/{2 * max(p.a, p.c)}"],
        "The sum of the curvatures is not the largest of them": [
            lambda p: f"2/{2 * (p.a + p.c)}",
            lambda p: f"{1 / (p.a + p.c):.5f}",
        ],
        "The rate is upside down": [lambda p: f"{_steepest(p) / 2:g}"],
        "The mixed entry of the Hessian is halved": [
            lambda p: f"2/({p.a}+{p.c}+sqrt(({p.a}-{p.c})^2+({p.b}/2)^2))"
        ],
        "The mixed entry of the Hessian is doubled": [
            lambda p: f"2/({p.a}+{p.c}+sqrt(({p.a}-{p.c})^2+(2*{p.b})^2))"
        ],
        "That is the best rate of one direction only, the gentle one": [
            lambda p: f"1/{_gentlest(p):g}"
        ],
        "The coefficients stand in the matrix as they are": [
            lambda p: f"2/(({p.a}+{p.c})/2+sqrt((({p.a}-{p.c})/2)^2+{p.b}^2))"
        ],
        "That is the curvature, not the rate": [lambda p: f"{_steepest(p):g}"],
        "Only one of the diagonal entries is used": [
            lambda p: f"2/{max(p.a, p.c)}",
            lambda p: f"1/{2 * max(p.a, p.c)}",
        ],
        "The determinant is not a curvature": [lambda p: f"2/({4 * p.a * p.c}-{p.b}^2)"],
        "The ratio of the curvatures is not a rate": [
            lambda p: f"{_steepest(p):g}/{_gentlest(p):g}",
            lambda p: f"{2 * _gentlest(p) / _steepest(p):.5f}",
        ],
        "The entries of the Hessian are added": [lambda p: f"2/({2 * p.a}+{2 * p.c}+{p.b})"],
        "There is a slip in the equation for the curvatures": [
            lambda p: f"2/({2 * (p.a + p.c)}+sqrt(({p.a}-{p.c})^2+{p.b}^2))",
        ],
        "The entries of the Hessian have not all been differentiated alike": [
            lambda p: f"2/({p.a}+{p.c / 2}+sqrt(({p.a}-{p.c / 2})^2+{p.b}^2))",
        ],
        "Only the mixed term has been used": [lambda p: f"2/{p.b}"],
        "The two curvatures are subtracted or multiplied": [
            lambda p: f"2/sqrt({_steepest(p) * _gentlest(p)})",
        ],
        "The share that is left is not set to minus one": [
            lambda p: f"{2**0.5 / _steepest(p)}",
            lambda p: f"sqrt(2/{_steepest(p)})",
        ],
        "The rate is too large": ["0.93"],
        "The rate is too small": ["0.0013"],
    },
    other=["-3", "1e9"],
    crash="two over lambda",
)


def _system(x: str, y: str, g: str = "x^2 + c*y^2 - d") -> list[str]:
    return [x, y, g]


_4G = Answers(
    right=[
        lambda p: [f"{p.a}+2λx = 0", f"{p.b} + {2 * p.c}lam y = 0", f"x² + {p.c}y² = {p.d}"],
        lambda p: [f"∂L/∂x = {p.a}+2*lambda*x", f"{p.b}+{2 * p.c}y lam", f"x^2+{p.c}y^2-{p.d}=0"],
        _system("a + 2*lam*x", "b + 2*lam*c*y"),
        _system("a - 2*lam*x", "b - 2*lam*c*y"),
        lambda p: [f"{p.a} + 2 lam x".replace(" lam x", "*lam*x"), f"{p.b}+{2 * p.c}*y*lam",
                   f"{p.d} - x^2 - {p.c}y^2"],
        _system("a/2 + lam*x", "b/(2*c) + lam*y", "d - x*x - c*y*y"),
        _system("-(a - 2*x*lam)", "b - lam*2*c*y", "1 - (x^2 + c*y^2)/d"),
    ],
    wrong={
        "The limit is missing from the third equation": [
            _system("a + 2*lam*x", "b + 2*lam*c*y", "x^2 + c*y^2")
        ],
        "The squares have not been differentiated": [_system("a + lam*x^2", "b + lam*c*y^2")],
        "The factor 2 of the squares is lost": [_system("a + lam*x", "b + lam*c*y")],
        "The multiplier is missing": [_system("a + 2*x", "b + 2*c*y")],
        "The constraint's own factor is missing in the second equation": [
            _system("a + 2*lam*x", "b + 2*lam*y")
        ],
        "Only the land is differentiated, without the constraint": [_system("a", "b")],
        "The signs of the multiplier differ between the equations": [
            _system("a + 2*lam*x", "b - 2*lam*c*y"),
            _system("a - 2*lam*x", "b + 2*lam*c*y"),
        ],
        "The equations stand in each other's fields": [_system("b + 2*lam*c*y", "a + 2*lam*x")],
        "The factor 2 is lost in one equation": [
            _system("a + lam*x", "b + 2*lam*c*y"),
            lambda p: _system("a + 2*lam*x", "b + lam*c*y")
            if p.c != 2
            else _system("a - lam*x", "b - 2*lam*c*y"),
        ],
        "f has not been differentiated": [_system("a*x + 2*lam*x", "b*y + 2*lam*c*y")],
        "Only the gradient of the constraint is there": [
            _system("2*x", "2*c*y"),
            _system("2*lam*x", "2*c*lam*y"),
        ],
        "The variable behind the multiplier is lost": [_system("a + 2*lam", "b + 2*c*lam")],
        "The multiplier stands with f": [_system("lam*a + 2*x", "lam*b + 2*c*y")],
        "Terms of another derivative are mixed in": [
            _system("a + 2*lam*x - d", "b + 2*lam*c*y - d"),
            _system("a + 2*lam*x + 2*lam*c*y", "b + 2*lam*x + 2*lam*c*y"),
        ],
        "The factor of the constraint is wrong in one equation": [
            _system("a + 2*lam*x", "b + 2*lam*c^2*y")
        ],
        "The constraint has been differentiated in the third equation": [
            _system("a + 2*lam*x", "b + 2*lam*c*y", "2*x + 2*c*y")
        ],
        "The limit has the wrong sign": [
            _system("a + 2*lam*x", "b + 2*lam*c*y", "x^2 + c*y^2 + d")
        ],
        "The multiplier is still in the third equation": [
            _system("a + 2*lam*x", "b + 2*lam*c*y", "lam*(x^2 + c*y^2 - d)")
        ],
        "The numbers of f are exchanged": [_system("b + 2*lam*x", "a + 2*lam*c*y")],
        "L itself stands there, not its derivative": [
            _system("a + 2*lam*x", "b + 2*lam*c*y", "a*x + b*y + lam*(x^2 + c*y^2 - d)"),
            _system("a + lam*(x^2 + c*y^2 - d)", "b + 2*lam*c*y"),
        ],
        "An equation has been solved for one of the letters": [
            _system("-a/(2*lam)", "-b/(2*lam*c)"),
            _system("x + a/(2*lam)", "b + 2*lam*c*y"),
        ],
        "The wrong variable stands behind the multiplier": [
            _system("a + 2*lam*y", "b + 2*lam*c*y")
        ],
        "The two parts are multiplied, where they are to be added": [
            _system("a + 2*lam*x", "b*y*2*lam*c*y")
        ],
        "The multiplier is added, where it is to be multiplied": [
            _system("a + 2*x + lam", "b + 2*c*y + lam")
        ],
        "The exponent has come down, but the power has stayed": [
            _system("a + 2*lam*x^2", "b + 2*lam*c*y")
        ],
        "The left side of the ellipse is not copied rightly": [
            _system("a + 2*lam*x", "b + 2*lam*c*y", "x^2 + (c*y)^2 - d"),
            _system("a + 2*lam*x", "b + 2*lam*c*y", "c*x^2 + y^2 - d"),
        ],
        "The limit is not the one of the exercise": [
            _system("a + 2*lam*x", "b + 2*lam*c*y", "x^2 + c*y^2 - d^2")
        ],
        "The right parts, with a wrong factor in front of one": [
            _system("a + 4*lam*x", "b + 2*lam*c*y")
        ],
        "The third equation is not the constraint": [
            _system("a + 2*lam*x", "b + 2*lam*c*y", "a*x + b*y"),
            _system("a + 2*lam*x", "b + 2*lam*c*y", "x^2 + y^2 - d"),
        ],
        "The first equation does not fit": [_system("x + y", "b + 2*lam*c*y")],
        "The second equation does not fit": [_system("a + 2*lam*x", "b*y^3")],
        "The third equation does not fit": [_system("a + 2*lam*x", "b + 2*lam*c*y", "0")],
    },
    other=[_system("x", "y", "lam"), _system("0", "0", "0"), _system("1/0", "b", "c")],
    crash=["a + 2*mu*x", "b", "c"],
)  # fmt: skip

_4H = Answers(
    right=[
        lambda p: [f"{p.cost + p.price * p.more} €", f"€{p.cost}"],
        lambda p: [f"{p.cost + p.price * p.more} euros", f"{p.cost} EUR"],
        lambda p: [str(p.cost + p.price * p.more), str(p.cost)],
        lambda p: [f"{p.cost} + {p.price}*{p.more}", f"{p.cost} + 0"],
        lambda p: f"{p.cost + p.price * p.more}, {p.cost}",
        lambda p: [f"{p.cost + p.price * p.more}.0", f"{p.cost / 1000}e3"],
    ],
    wrong={
        "The store gets a price too, though it is not full": [
            lambda p: [f"{p.cost} + {p.price * p.more}", f"{p.cost} - {p.price}*{p.larger}"],
            lambda p: [f"{p.cost} + {p.price * p.more}", f"{p.cost} + {p.price}*{p.larger}"],
        ],
        "The sign of the change is wrong": [
            lambda p: [f"{p.cost} - {p.price * p.more}", str(p.cost)]
        ],
        "The price is counted once, not for every ton": [
            lambda p: [f"{p.cost + p.price}", str(p.cost)]
        ],
        "Those are the changes, not the new costs": [lambda p: [f"{p.price * p.more}", "0"]],
        "The price is multiplied with the whole order": [
            lambda p: [f"{p.price}*{p.order + p.more}", str(p.cost)]
        ],
        "The store is charged, and the sign of the order is wrong": [
            lambda p: [f"{p.cost}-{p.price}*{p.more}", f"{p.cost} - {p.price}*{p.larger}"]
        ],
        "The price has not been used": [lambda p: [str(p.cost), str(p.cost)]],
        "The cost after the change is not the change": [
            lambda p: [f"{p.cost + p.price * p.more}", "0"],
            lambda p: [f"{p.price * p.more}", str(p.cost)],
        ],
        "The cost is scaled in proportion": [
            lambda p: [f"{p.cost}*{p.order + p.more}/{p.order}", str(p.cost)],
            lambda p: [
                f"{p.cost + p.price * p.more}",
                f"{p.cost * (p.room + p.larger) / p.room:.2f}",
            ],
        ],
        "The change of the limit is added to the cost": [
            lambda p: [f"{p.cost + p.more}", str(p.cost)],
            lambda p: [f"{p.cost + p.price * p.more}", f"{p.cost + p.larger}"],
        ],
        "The two questions are taken as one after the other": [
            lambda p: [f"{p.cost + p.price * p.more}", f"{p.cost + p.price * p.more}"]
        ],
        "The free room is given a price": [
            lambda p: [
                f"{p.cost + p.price * p.more}",
                f"{p.cost} - {p.price}*{p.room - p.used}",
            ]
        ],
        "Tons and pallets are added": [
            lambda p: [f"{p.cost} + {p.price}*{p.more + p.larger}", str(p.cost)]
        ],
        "The price is read as percent": [
            lambda p: [f"{p.cost}*(1 + {p.price}*{p.more}/100)", str(p.cost)]
        ],
        "An amount stands where a cost is asked": [
            lambda p: [f"{p.order + p.more}", f"{p.room + p.larger}"],
            lambda p: [f"{p.cost + p.price * p.more}", f"{p.room + p.larger}"],
        ],
        "The price is multiplied or divided by the wrong amount": [
            lambda p: [f"{p.cost / p.price:.2f}", str(p.cost)],
            lambda p: [f"{p.cost}+{p.price}*{p.order + p.more}", str(p.cost)],
        ],
        "The cost of the larger order does not fit": [lambda p: ["9999", str(p.cost)]],
        "The cost with the larger store does not fit": [
            lambda p: [f"{p.cost + p.price * p.more}", "1234"]
        ],
    },
    other=[["1e9", "2"], ["-3", "-4000"]],
    crash=["a lot", "less"],
)


ANSWERS: dict[str, Answers] = {
    "4A": _4A,
    "4B": _4B,
    "4C": MEASURED_ORDER,
    "4D": _4D,
    "4E": STEP_RULE,
    "4F": SAFE_STEP,
    "4G": _4G,
    "4H": _4H,
    "4I": STOP_RULE,
}
