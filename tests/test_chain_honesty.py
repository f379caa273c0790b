"""The claimed errors of chain-rule derivatives against 400 digits, on formulas made at random."""

import mpmath
import numpy as np
import pytest

import taylored as ty
from taylored.errors import FormulaError, FunctionError
from taylored.formula import parse

FUNCTIONS = (
    "exp log sin cos tanh sqrt atan erf sigmoid asin cosh log1p expm1 gamma lgamma besselj0".split()
)
EXACT = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b, "pow": lambda a, b: a**b, "neg": lambda a: -a,
    "exp": mpmath.exp, "log": mpmath.log, "sin": mpmath.sin, "cos": mpmath.cos,
    "tanh": mpmath.tanh, "sqrt": mpmath.sqrt, "atan": mpmath.atan, "erf": mpmath.erf,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "asin": mpmath.asin, "cosh": mpmath.cosh,
    "log1p": lambda x: mpmath.log(1 + x), "expm1": mpmath.expm1, "gamma": mpmath.gamma,
    "lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))),
    "besselj0": lambda x: mpmath.besselj(0, x),
}  # fmt: skip


def formula(random, depth):
    """A random formula of x and y."""
    if depth == 0:
        return random.choice(["x", "y", "x", "y", str(random.integers(1, 9)), "0.375", "1.2"])
    kind = random.integers(0, 10)
    if kind < 5:
        left, right = formula(random, depth - 1), formula(random, depth - 1)
        return f"({left} {random.choice(['+', '-', '*', '/'])} {right})"
    if kind < 6:
        return f"({formula(random, depth - 1)})^{random.integers(2, 5)}"
    return f"{random.choice(FUNCTIONS)}({formula(random, depth - 1)})"


def slopes(expression, point):
    """The derivatives to 400 digits; None where they are not real."""
    found = []
    for k in range(len(point)):

        def along(t, k=k):
            at = [mpmath.mpf(v) for v in point.values()]
            at[k] = t
            value = expression.evaluate(dict(zip(point, at, strict=True)), EXACT)
            if isinstance(value, mpmath.mpc):
                raise ValueError
            return value

        try:
            found.append(mpmath.diff(along, mpmath.mpf(list(point.values())[k])))
        except (ValueError, ZeroDivisionError, mpmath.mp.NoConvergence):
            return None
    return found


def cases(seed, count):
    random = np.random.default_rng(seed)
    while count:
        text = formula(random, random.integers(2, 6))
        try:
            expression = parse(text).model
            point = {name: float(random.uniform(-2, 3)) for name in expression.names}
            result = ty.chain(text, point) if point else None
        except (FormulaError, FunctionError):  # too large a number; a constant
            continue
        if result is None or not (result.usable and abs(result.value) < 1e100):
            continue
        exact = slopes(expression, point)
        if exact is not None:
            count -= 1
            yield text, result, exact


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_errors_at_random_are_within_the_claim(seed):
    ratios = []
    with mpmath.workdps(400):
        for text, result, exact in cases(seed, 100):
            assert result.check.kind != "failed", text
            if result.accuracy is ty.Accuracy.UNKNOWN:
                continue
            for name, truth in zip(result.inputs, exact, strict=True):
                error = float(abs(truth - mpmath.mpf(result.gradient[name])))
                assert error <= result.error[name] or abs(truth) < 1e-100, text
                if error > 0:
                    ratios.append(result.error[name] / error)
    assert len(ratios) > 50
    assert np.median(ratios) < 100  # and not absurdly wide
