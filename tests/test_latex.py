"""Simplified expressions: as LaTeX, and as formulas that mean what the program computes."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taylored.calculus.formulas import formula_name, vector_program
from taylored.formula import parse
from taylored.readings import plain
from taylored.readings.derivative import derivative
from taylored.readings.expression import reachable, recognized
from taylored.readings.latex import latex, latex_name, written
from taylored.readings.shaken import Given, shaken
from taylored.readings.trees import trees
from taylored.trace.program import Constant
from taylored.trace.tracer import OPS, record


def all_derivatives(text):
    """The program of a formula, with first and second derivatives, and their atoms."""
    model = parse(text).model
    program = vector_program([model], model.names)
    wrt = range(len(model.names))
    made, (first,) = derivative(program, wrt)
    first = [Constant(0.0) if a is None else a for a in first]
    made, table = derivative(made.keep([program.outputs[0], *first]), wrt)
    second = [Constant(0.0) if a is None else a for row in table[1:] for a in row]
    return made.keep([program.outputs[0], *first, *second])


def latex_of(text, derivative_by=None):
    model = parse(text).model
    program = vector_program([model], model.names)
    if derivative_by is not None:
        made, ((slope,),) = derivative(program, [model.names.index(derivative_by)])
        program = made.keep([Constant(0.0) if slope is None else slope])
    return latex(program)[0]


# ---- the simplified form computes the same -----------------------------------------------------

# All have values and derivatives for inputs between 0.2 and 0.9.
FORMULAS = """
a*exp(-x/tau) + c
a*exp(-(x-m)^2/(2*s^2))
x^n
(a*x)^b/(c + x)
x/(1 + x^2)
(x - 1)*(x - 2)*(x - 3)
100*(y - x^2)^2 + (1 - x)^2
abs(x)^3
abs(x - 2)*x
max(a*x, b)
min(x, y)*exp(max(x, y))
max(x, y, 0.5*x*y)
cbrt(x)*x
cbrt(x*y + 1)
sinc(x)
sinc(x*y)
besselj1(x)*y
besselj0(x*y)
x^2*sin(x)*cos(y)
log(1 + exp(x))
sqrt(x^2 + y^2)
hypot(x, y) + square(x)
softplus(x)*y
log10(x) + log2(y) + log1p(x*y)
erf(x) + erfc(x*y)
erfinv(x)
atan2(y, x)
2^x + 10^y
expm1(x)*exp2(y)
x*exp(x)*exp(-y)
b1/(1 + exp(-k_on*(x - x0)))
sin(2*pi*x/b + phi)
0.37*x^1.5 + 1e-5*x
tan(x)*tanh(y)
asin(x) + acos(y) + atan(x*y)
asinh(x) + acosh(1 + y) + atanh(x*y)
sinh(x)*cosh(y)
where(x > 0.1, x^2, -x)*y
where((x > 0.1) & (y < 2) | (x == y), x*y, x + y)
where(not (x > 5), sin(x), cos(x))
heaviside(x)*x + mod(x, 0.7)*y
sigmoid(x*y)^2
lgamma(x)*y
gamma(x + 1)
x*y - 1/(x - y - 3)^2
(x + y)^2 - (x - y)^2
-(-x) - -y
x/x + y - y + x
(2*x + 2)*(3*y + 3)/6
(x > 0)*y^2 + sign(x)*abs(x)
1/(1/x + 1/y)
sqrt(x)*sqrt(x)*sqrt(y)
exp(x)^2/exp(2*x - y)
x^y^2
floor(3*x) + round(y)*x + ceil(x)
1.5e-300*x*1e300 + 6.02e23*y*1e-20
""".strip().splitlines()


@pytest.mark.every(4)
@pytest.mark.parametrize("text", FORMULAS)
def test_derivatives_as_formulas_compute_the_same(text):
    program = all_derivatives(text)
    roots = [r for r in trees(program) if not any(n.op == "trigamma" for n in reachable([r]))]
    kept = [k for k, r in enumerate(trees(program))
            if not any(n.op == "trigamma" for n in reachable([r]))]  # fmt: skip
    texts = plain.written(roots, 10**6, formula_name).outputs
    again = vector_program([parse(t).model for t in texts], program.names)
    random = np.random.default_rng(len(text))
    for _ in range(3):
        point = [Given(float(v)) for v in random.uniform(0.2, 0.9, len(program.names))]
        expected = shaken(program, point)
        for number, (k, found) in enumerate(zip(kept, shaken(again, point), strict=True)):
            value = expected[k].value
            tolerance = 1e-12 * abs(value) + 3 * (found.error + expected[k].error)
            assert abs(found.value - value) <= tolerance, (texts[number], value, found.value)


leaves = st.sampled_from(["a", "b", "x", "2", "0.25", "pi"])


def grown(inner):
    unary = st.sampled_from([
        "exp(-({0})^2)", "sin({0})", "log(2 + ({0})^2)", "sqrt(1 + ({0})^2)", "-({0})",
        "({0})^3", "1/(3 + ({0})^2)", "abs({0})", "({0})^-2", "tanh({0})",
    ])  # fmt: skip
    binary = st.sampled_from(["({0}) + ({1})", "({0}) - ({1})", "({0})*({1})", "({0})/({1})",
                              "(1 + ({0})^2)^({1})", "max({0}, {1})"])  # fmt: skip
    return st.builds(lambda f, u: f.format(u), unary, inner) | st.builds(
        lambda f, u, v: f.format(u, v), binary, inner, inner
    )


@given(st.recursive(leaves, grown, max_leaves=6))
@settings(max_examples=60)
def test_random_formulas_compute_the_same(text):
    model = parse(f"{text} + 0*(a + b + x)").model
    program = vector_program([model], model.names)
    made, (slopes,) = derivative(program, range(len(model.names)))
    made = made.keep([program.outputs[0], *(Constant(0.0) if s is None else s for s in slopes)])
    texts = plain.written(trees(made), 10**6, formula_name).outputs
    again = vector_program([parse(t).model for t in texts], made.names)
    point = [Given(v) for v in (0.6, 0.7, -0.4)]
    for expected, found in zip(shaken(made, point), shaken(again, point), strict=True):
        if math.isfinite(expected.value):  # else x/x and the like, which are cancelled
            tolerance = 1e-12 * abs(expected.value) + 10 * (found.error + expected.error)
            assert abs(found.value - expected.value) <= tolerance, text


# ---- how it looks ----------------------------------------------------------------------------

LOOKS = [
    ("a*exp(-x/tau)", None, r"a e^{-x/\tau}"),
    ("a*exp(-x/tau)", "tau", r"\frac{a x}{\tau^{2}} e^{-x/\tau}"),
    ("a*exp(-x/tau)", "x", r"-\frac{a}{\tau} e^{-x/\tau}"),
    ("exp(-(x-m)^2/(2*s^2))", None, r"e^{-\frac{(x - m)^{2}}{2 s^{2}}}"),
    ("exp(-(x-m)^2/(2*s^2))", "m", r"\frac{x - m}{s^{2}} e^{-\frac{(x - m)^{2}}{2 s^{2}}}"),
    ("x/(1+x^2)", "x", r"\frac{1 - x^{2}}{(1 + x^{2})^{2}}"),
    ("x^n", "x", r"n x^{n - 1}"),
    ("x^n", "n", r"x^{n} \ln x"),
    ("x*exp(x)", "x", r"(1 + x) e^{x}"),
    ("x^2*sin(x)", "x", r"2 x \sin x + x^{2} \cos x"),
    ("log(1+exp(x))", "x", r"\frac{e^{x}}{1 + e^{x}}"),
    ("sqrt(x^2+y^2)", "x", r"\frac{x}{\sqrt{x^{2} + y^{2}}}"),
    ("cbrt(x)", "x", r"\frac{1}{3 \sqrt[3]{x^{2}}}"),
    ("x^(3/2)", "x", r"\frac{3 \sqrt{x}}{2}"),
    ("log10(x)", "x", r"\frac{1}{x \ln 10}"),
    ("2^x", "x", r"2^{x} \ln 2"),
    ("erf(x)", "x", r"\frac{2}{\sqrt{\pi}} e^{-x^{2}}"),
    ("tan(x)", "x", r"1 + \tan^{2} x"),
    ("sin(2*pi*x/b)", "x", r"\frac{2 \pi}{b} \cos\left(\frac{2 \pi x}{b}\right)"),
    ("abs(x)", None, "|x|"),
    ("abs(x)", "x", r"\operatorname{sgn}(x)"),
    ("x*abs(x)", "x", r"2 |x|"),
    ("where(x > 0, x^2, -x)", "x",
     r"\begin{cases} 2 x & \text{if } x > 0 \\ -1 & \text{otherwise} \end{cases}"),
    ("max(a*x, b)", None, r"\max(a x, b)"),
    ("a - -b", None, "a + b"),
    ("a + -b", None, "a - b"),
    ("-b + a", None, "a - b"),
    ("x*2", None, "2 x"),
    ("x*x*x", None, "x^{3}"),
    ("1e-5*x", None, "10^{-5} x"),
    ("6.02e23*x", None, r"6.02 \times 10^{23} x"),
    ("2.0*x + 0.1", None, "2 x + 0.1"),
    ("x/3 + 0.5*y", None, r"\frac{x}{3} + \frac{y}{2}"),
    ("2*3^x", None, r"2 \cdot 3^{x}"),
    ("k_on*b1*alpha_2*Vmax", None, r"k_{\mathrm{on}} b_{1} \alpha_{2} \, \mathrm{Vmax}"),
    ("floor(x) + ceil(y)", None, r"\left\lfloor x\right\rfloor + \left\lceil y\right\rceil"),
    ("gamma(x)^2 + erfinv(x)", None, r"\Gamma^{2}(x) + \operatorname{erf}^{-1}(x)"),
    ("(x + 1)^2*(y - 1)", None, "(x + 1)^{2} (y - 1)"),
    ("-(x - y)", None, "y - x"),
    ("softplus(x)", None, r"\ln(1 + e^{x})"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "by", "expected"), LOOKS)
def test_latex(text, by, expected):
    assert latex_of(text, by) == expected


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.every(2)
def test_latex_can_be_typeset(text):
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("path")
    for line in latex(all_derivatives(text)):
        assert line.count("{") == line.count("}") and line.count(r"\left") == line.count(r"\right")
        assert not re.search(r"\+ -|- -|--|nan|inf\b|\d\.0\b", line)
        # Matplotlib knows neither cases nor alignment.
        if "cases" not in line and len(line) < 150:
            parser.parse(f"${line.replace('operatorname', 'mathrm').replace(r'quad', ';')}$")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tau", r"\tau"), ("b1", "b_{1}"), ("k_on", r"k_{\mathrm{on}}"), ("x_i_2", "x_{i,2}"),
        ("α", r"\alpha"), ("μ", r"\mu"), ("Γ", r"\Gamma"), ("rate", r"\mathrm{rate}"),
        ("time (s)", r"\text{time (s)}"),
        ("a}b$\\input{x}", r"\text{a\}b\$\textbackslash{}input\{x\}}"),
        ("_x", r"\text{\_x}"), ("lambda", r"\lambda"), ("é", r"\text{é}"),
    ],
)  # fmt: skip
def test_names(name, expected):
    assert latex_name(name) == expected


def test_names_of_the_caller():
    program = record(lambda x, y: x * y, ("x", "y"))
    assert latex(program, {"x": r"\vec{x}"}) == [r"\vec{x} y"]


def test_numpy_functions_and_unknown_ones():
    assert latex(record(lambda x: np.exp(x) / np.logaddexp(x, 1.0), ("x",)))[0].startswith(r"\frac")
    program = record(lambda x: OPS["trigamma"](x), ("x",))
    assert latex(program) == [r"\psi_{1}(x)"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.log(2), ("log", 2)), (2 / math.sqrt(math.pi), ("pi", 2)), (0.1, ("decimal", 0.1)),
        (math.pi / 180, ("pi", 1 / 180)), (math.sqrt(2), ("sqrt", 2)), (3.14, ("decimal", 3.14)),
        (1 / 3, ("decimal", 1 / 3)), (-math.pi**2, ("pi", -1)), (1e300, ("decimal", 1e300)),
    ],
)  # fmt: skip
def test_constants_are_recognized(value, expected):
    kind, number, _ = recognized(value)
    assert (kind, float(number)) == expected


def test_names_in_backquotes_are_read_again():
    program = vector_program(
        [parse("`time (s)`*`sin`^2 + `a-b`").model], ("time (s)", "sin", "a-b")
    )
    (text,) = plain.written(trees(program), quote=formula_name).outputs
    assert set(parse(text).model.names) == {"time (s)", "sin", "a-b"}


# ---- long ones -----------------------------------------------------------------------------


def test_what_repeats_gets_a_name():
    text = "sin(x + y*z)"
    for _ in range(12):  # written out it has thousands of parts
        text = f"({text})^2 + sqrt(1 + ({text})^2)" if len(text) < 700 else f"sin(1 + {text})"
    program = all_derivatives(text)
    start = time.perf_counter()
    found = written(trees(program))
    assert time.perf_counter() - start < 60  # hangs, not speed
    assert len(found.definitions) > 2
    assert max(map(len, [*found.outputs, *(t for _, t in found.definitions)])) < 1200
    seen = []
    for name, meaning in found.definitions:  # each is made of those before it
        assert set(re.findall(r"u_\{\d+\}", meaning)) <= set(seen)
        seen.append(name)
    (line, *_) = latex(program)
    assert r"\quad\text{where}\quad u_{1} = " in line


def test_long_formulas_as_text():
    text = "x"
    for k in range(7):
        text = f"(({text})^2 + y/({text} + {k + 2}))"
    model = parse(text).model
    program = vector_program([model], model.names)
    found = plain.written(trees(program), 500, formula_name)
    values = {"x": 0.3, "y": 0.4}
    for name, meaning in found.definitions:
        values[name] = parse(meaning).model.evaluate(values, OPS)
    expected = model.evaluate({"x": 0.3, "y": 0.4}, OPS)
    assert parse(found.outputs[0]).model.evaluate(values, OPS) == pytest.approx(expected, rel=1e-9)
    assert len(found.outputs[0]) < 1000


def test_free_letter_for_names():
    text = "+".join(f"sin(u1*v2*exp(u1*v2*x{k}))^2" for k in range(30))
    model = parse(text).model
    found = written(trees(vector_program([model], model.names)))
    assert found.definitions and all(name.startswith("w_") for name, _ in found.definitions)


@pytest.mark.parametrize("text", ["x" + "%2" * 150, "x" + "+x*x" * 400, "x*y" * 1 + "/x" * 300])
def test_long_chains_are_quick(text):
    model = parse(text).model
    start = time.perf_counter()
    assert written(trees(vector_program([model], model.names))).outputs
    assert time.perf_counter() - start < 60  # hangs, not speed
