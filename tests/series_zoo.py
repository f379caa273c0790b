"""Functions of one variable for the series tests: a formula, the same in python-flint, a domain."""

__all__ = ["FORMULAS", "Case"]


class Case:
    """`true(x)` is the function of python-flint numbers (or series) on the domain [lo, hi]."""

    def __init__(self, formula, true, lo=-3.0, hi=3.0):
        self.formula, self.true, self.lo, self.hi = formula, true, lo, hi

    def __repr__(self):
        return self.formula


def _logistic(x):
    return 1 / (1 + (-x).exp())


def _softplus(x):
    return (1 + x.exp()).log()


def _tanh(x):
    return 1 - 2 / (1 + (2 * x).exp())


FORMULAS = [
    Case("exp(x)", lambda x: x.exp()),
    Case("sin(x)", lambda x: x.sin(), -10, 10),
    Case("cos(x)", lambda x: x.cos(), -10, 10),
    Case("tan(x)", lambda x: x.tan(), -1.3, 1.3),
    Case("tanh(x)", _tanh, -9, 9),
    Case("sinh(x)", lambda x: (x.exp() - (-x).exp()) / 2),
    Case("cosh(x)", lambda x: (x.exp() + (-x).exp()) / 2),
    Case("sigmoid(x)", _logistic, -9, 9),
    Case("softplus(x)", _softplus, -9, 9),
    Case("atan(x)", lambda x: x.atan(), -9, 9),
    Case("asin(x)", lambda x: x.asin(), -0.95, 0.95),
    Case("acos(x)", lambda x: x.acos(), -0.95, 0.95),
    Case("log(x)", lambda x: x.log(), 0.05, 9),
    Case("log1p(x)", lambda x: (1 + x).log(), -0.9, 9),
    Case("expm1(x)", lambda x: x.exp() - 1),
    Case(
        "log2(x)",
        lambda x: (
            x.log() / type(x)([2]).log() if hasattr(x, "length") else x.log() / (x * 0 + 2).log()
        ),
        0.05,
        9,
    ),
    Case("sqrt(x)", lambda x: x.sqrt(), 0.05, 9),
    Case("1/x", lambda x: 1 / x, 0.05, 9),
    Case("x^7 - 3*x^2 + 1", lambda x: x * x * x * x * x * x * x - 3 * x * x + 1),
    Case("x/(1+x^2)", lambda x: x / (1 + x * x)),
    Case("sin(x)*exp(x)", lambda x: x.sin() * x.exp()),
    Case("sqrt(1+x)", lambda x: (1 + x).sqrt(), -0.9, 9),
    Case("exp(-x^2)", lambda x: (-x * x).exp()),
    Case("log(1+x)*cos(x)", lambda x: (1 + x).log() * x.cos(), -0.9, 5),
    Case("exp(sin(2*x))", lambda x: (2 * x).sin().exp()),
    Case("1/(1+25*x^2)", lambda x: 1 / (1 + 25 * x * x)),
    Case("sqrt(1+x^2) - x", lambda x: (1 + x * x).sqrt() - x),
    Case(
        "exp(x)*tanh(x)/(1+x^2) + log(5+x)*sqrt(6+x)",
        lambda x: x.exp() * _tanh(x) / (1 + x * x) + (5 + x).log() * (6 + x).sqrt(),
    ),
    Case("sin(x)/(2+cos(3*x))", lambda x: x.sin() / (2 + (3 * x).cos())),
    Case("erf(x)", lambda x: x.erf()),
    Case("log(1+exp(3*x))/3", lambda x: (1 + (3 * x).exp()).log() / 3),
    Case("atan(x)*log(2+sin(x))", lambda x: x.atan() * (2 + x.sin()).log()),
]
