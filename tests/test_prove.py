"""Proved minima contain the exact ones, in 50 digits; what is no strict minimum is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from certified_programs import program
from taylored.optimize.certificate.prove import Proof, prove
from taylored.optimize.certify import certificate, polish
from taylored.optimize.functions.choose import prepared
from taylored.optimize.nlp import NonlinearProgram
from taylored.results import Accuracy
from toy_programs import toy

mp: Any = mpmath.mp.clone()
mp.dps = 50

# Alphabetical names; equations of the exact KKT points in (x, y), and how many are those of x.
HS71 = {
    "equal": "a^2+b^2+c^2+d^2-40", "at_most": "25-a*b*c*d", "bounds": (1, 5),
}  # fmt: skip


def _hs71(b, c, d, u, v):  # a = 1 is a bound
    return [
        d + 2 * u * b - v * c * d, d + 1 + 2 * u * c - v * b * d,
        (1 + b + c) + 2 * u * d - v * b * c, 1 + b**2 + c**2 + d**2 - 40, 25 - b * c * d,
    ]  # fmt: skip


def _proved(p: NonlinearProgram, start: list[float]) -> Proof:
    x, y = polish(p, np.array(start, float))
    found = certificate(p, x, y)
    assert found.kind == "minimum"
    return prove(p, x, found)


def _inside(low: np.ndarray | None, high: np.ndarray | None, exact: list) -> bool:
    assert low is not None and high is not None
    ends = zip(low, high, exact, strict=True)
    return all(mp.mpf(float(a)) <= v <= mp.mpf(float(b)) for a, b, v in ends)


def test_hs71_with_its_multipliers() -> None:
    found = _proved(program("a*d*(a+b+c) + c", **HS71), [1, 4.743, 3.8211, 1.3794])
    assert found.accuracy is Accuracy.PROVED
    b, c, d, u, v = mp.findroot(_hs71, (4.743, 3.8211, 1.3794, 0.16, 0.55))
    assert _inside(found.low, found.high, [1, b, c, d])
    assert _inside(found.y_low, found.y_high, [u, v])
    force = d * (1 + b + c) + d + 2 * u - v * b * c * d
    assert _inside(found.z_low, found.z_high, [force, 0, 0, 0])
    assert found.value is not None
    value = d * (1 + b + c) + c
    assert mp.mpf(found.value[0]) <= value <= mp.mpf(found.value[1])
    assert found.value[1] - found.value[0] < 1e-11


CASES: list[tuple[str, dict, list[float], Callable[[], list], Callable[[], list]]] = [
    ("100*(y-x^2)^2 + (1-x)^2", {}, [1, 1], lambda: [1, 1], lambda: []),
    ("x*y", {"equal": "x^2+y^2-1"}, [0.7, -0.7],
     lambda: [mp.sqrt(0.5), -mp.sqrt(0.5)], lambda: [mp.mpf(1) / 2]),
    ("exp(x) + exp(-2*x)", {}, [0.2], lambda: [mp.log(2) / 3], lambda: []),
    ("x^2 + y^2", {"at_most": "1 - x*y"}, [1, 1.01], lambda: [1, 1], lambda: [2]),
    ("-x - 2*y", {"at_most": ["x+y-1", "x-y-0.5"], "bounds": (0, 5)}, [0, 1],
     lambda: [0, 1], lambda: [2, 0]),
    ("x + y", {"equal": "x^3 + y^3 - 2", "bounds": (0.5, 3)}, [0.5, 1.2331], lambda: [
        mp.mpf(1) / 2, (2 - mp.mpf(1) / 8) ** (mp.mpf(1) / 3)],
     lambda: [-1 / (3 * (2 - mp.mpf(1) / 8) ** (mp.mpf(2) / 3))]),
    ("cos(x) + 0.1*x^2", {}, [2.6], lambda: [mp.findroot(lambda t: t / 5 - mp.sin(t), 2.6)],
     lambda: []),
    ("x + y", {"at_most": ["y^2 - x", "-1-y"]}, [0.25, -0.5],
     lambda: [mp.mpf(1) / 4, -mp.mpf(1) / 2], lambda: [1, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("f", "given", "start", "exact", "multipliers"), CASES)
def test_the_exact_minimum_is_inside(f: str, given: dict, start: list, exact, multipliers) -> None:
    found = _proved(program(f, **given), start)
    assert found.accuracy is Accuracy.PROVED, found.note
    assert _inside(found.low, found.high, exact())
    assert _inside(found.y_low, found.y_high, multipliers())
    assert found.low is not None and found.high is not None
    assert (found.high - found.low).max() < 1e-10


@pytest.mark.parametrize(
    ("f", "given", "x"),
    [
        ("x^4", {}, [0.0]), ("x^2 - y^2", {}, [0, 0]), ("x^3", {}, [0.0]),
        ("(x^2+y^2-1)^2", {}, [0.6, 0.8]), ("x^2", {"bounds": (0, 1)}, [0.0]),
        ("x+y", {"at_most": ["-x", "-y", "-x-y"]}, [0, 0]), ("abs(x)", {}, [0.0]),
        ("x^2 + y^2", {}, [1.0, 0.0]),
    ],
)  # fmt: skip
def test_no_proof_of_what_is_no_strict_minimum(f: str, given: dict, x: list) -> None:
    p = program(f, **given)
    point = np.array(x, float)
    found = prove(p, point, certificate(p, point))
    assert found.accuracy is Accuracy.UNKNOWN and found.low is None and found.note


class _Claimed:
    """A certificate with a false claim: the proof must not believe it."""

    def __init__(self, true: object, **claims: object):
        self.true, self.claims = true, claims

    def __getattr__(self, name: str) -> object:
        return self.claims[name] if name in self.claims else getattr(self.true, name)


@pytest.mark.parametrize(
    ("f", "given", "x"),
    [
        ("x^2 - y^2", {}, [0, 0]), ("-x^2 - y^2", {}, [0, 0]),
        ("x*y", {"equal": "x^2+y^2-1"}, [0.5**0.5, 0.5**0.5]),
        ("-y", {"at_most": "y-x^2"}, [0, 0]), ("x^3", {}, [0]), ("x^4", {}, [0]),
    ],
)  # fmt: skip
def test_a_false_claim_is_not_proved(f: str, given: dict, x: list) -> None:
    p = program(f, **given)
    point = np.array(x, float)
    claimed = _Claimed(certificate(p, point), kind="minimum", strict=True)
    assert not prove(p, point, claimed).proved  # pyright: ignore[reportArgumentType]


def test_wrong_signs_are_not_proved() -> None:
    """The maximum of x on an interval, claimed to be a minimum at its upper bound."""
    p = program("x", bounds=(0, 1))
    point = np.array([1.0])
    on = np.array([True])
    claimed = _Claimed(
        certificate(p, point), kind="minimum", strict=True, at_upper=on, at_lower=~on
    )
    found = prove(p, point, claimed)  # pyright: ignore[reportArgumentType]
    assert not found.proved and "sign" in found.note


def test_functions_without_intervals_are_refused() -> None:
    p = toy(lambda x: x[0] ** 2, 1)
    found = prove(p, np.zeros(1), certificate(p, np.zeros(1)))
    assert found.accuracy is Accuracy.UNKNOWN and "interval" in found.note


def test_operations_without_intervals_are_refused_with_their_name() -> None:
    def rounded(x: Any) -> Any:
        import jax.numpy as jnp

        return (x.astype(jnp.float32) ** 2).sum().astype(float) + ((x - 1) ** 2).sum()

    statement, x, functions, _ = prepared(rounded, [], np.array([0.5, 0.5]))
    p = NonlinearProgram(
        functions, np.full(2, -np.inf), np.full(2, np.inf), statement.equality, statement.names,
        statement.constraint_names,
    )  # fmt: skip
    known = certificate(p, x)
    assert known.kind == "minimum" and known.errors.min() > 1e-9
    found = prove(p, x, known)
    assert found.accuracy is Accuracy.UNKNOWN and "float32" in found.note
