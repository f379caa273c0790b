"""Ipopt behind the same result, where casadi is installed: its wheel ships Ipopt's C interface.

Waechter and Biegler, Mathematical Programming 106 (2006) 25.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from taylored.errors import MissingExtraError
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Answer, Watch

__all__ = ["Problem", "available", "ipopt", "run"]

_INT, _NUMBER, _BOOL, _DATA = ctypes.c_int, ctypes.c_double, ctypes.c_bool, ctypes.c_void_p
_NUMBERS, _INTS = ctypes.POINTER(_NUMBER), ctypes.POINTER(_INT)
_F = ctypes.CFUNCTYPE(_BOOL, _INT, _NUMBERS, _BOOL, _NUMBERS, _DATA)
_C = ctypes.CFUNCTYPE(_BOOL, _INT, _NUMBERS, _BOOL, _INT, _NUMBERS, _DATA)
_JACOBIAN = ctypes.CFUNCTYPE(
    _BOOL, _INT, _NUMBERS, _BOOL, _INT, _INT, _INTS, _INTS, _NUMBERS, _DATA
)
_HESSIAN = ctypes.CFUNCTYPE(
    _BOOL, _INT, _NUMBERS, _BOOL, _NUMBER, _INT, _NUMBERS, _BOOL, _INT, _INTS, _INTS, _NUMBERS,
    _DATA,
)  # fmt: skip
_STEP = ctypes.CFUNCTYPE(_BOOL, _INT, _INT, *[_NUMBER] * 8, _INT, _DATA)
_ENDLESS = 2e19
_ENDS = {0: "converged", 1: "stalled", 2: "infeasible", 3: "stalled", 4: "unbounded"}


@cache
def _library() -> Any:
    """The shared library of Ipopt, or None."""
    found = importlib.util.find_spec("casadi")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0])
    names = ("libipopt.so.3*", "libipopt.3*.dylib", "libipopt-3.dll", "ipopt-3.dll")
    paths = [path for name in names for path in sorted(folder.glob(name))]
    if not paths:
        return None
    library = ctypes.CDLL(str(paths[0]))
    library.CreateIpoptProblem.restype = ctypes.c_void_p
    library.CreateIpoptProblem.argtypes = [
        _INT, _NUMBERS, _NUMBERS, _INT, _NUMBERS, _NUMBERS, *[_INT] * 3, _F, _C, _F, _JACOBIAN,
        _HESSIAN,
    ]  # fmt: skip
    library.AddIpoptStrOption.argtypes = [_DATA, ctypes.c_char_p, ctypes.c_char_p]
    library.AddIpoptNumOption.argtypes = [_DATA, ctypes.c_char_p, _NUMBER]
    library.AddIpoptIntOption.argtypes = [_DATA, ctypes.c_char_p, _INT]
    library.SetIntermediateCallback.argtypes = [_DATA, _STEP]
    library.IpoptSolve.argtypes = [_DATA, *[_NUMBERS] * 6, _DATA]
    library.IpoptSolve.restype = _INT
    library.FreeIpoptProblem.argtypes = [_DATA]
    return library


def available() -> bool:
    """Whether Ipopt can be loaded."""
    return _library() is not None


class Problem(Protocol):
    """What `run` asks of a problem: c <= 0 or c = 0, matrices as arrays or CSR arrays."""

    @property
    def variables(self) -> int: ...

    @property
    def constraints(self) -> int: ...

    @property
    def lower(self) -> np.ndarray: ...

    @property
    def upper(self) -> np.ndarray: ...

    @property
    def equality(self) -> np.ndarray: ...

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]: ...

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]: ...

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any: ...


def ipopt(program: NonlinearProgram, start: np.ndarray, watch: Watch) -> Answer:
    """Solve by Ipopt with its defaults.

    Raises:
        MissingExtraError: where casadi is not installed.
    """
    if not available():
        raise MissingExtraError(
            "Ipopt is not installed.",
            why='method="ipopt" uses the one that comes with casadi.',
            next_step="pip install 'taylored[ipopt]', or leave method out.",
        )
    stopped: list[str] = []

    def step(x: np.ndarray, value: float, violation: float, slope: float) -> bool:
        stopped[:] = [watch.iterate(x, value, violation, slope)]
        return not stopped[0]

    x, y, code = run(program, np.clip(start, program.lower, program.upper), {}, step)
    end = _ENDS.get(code, "stalled")
    if stopped and stopped[0]:
        end = stopped[0]
    if code == -13:
        end = "undefined"
    return Answer(np.clip(x, program.lower, program.upper), y, end, f"Ipopt ended with {code}.")


def run(
    problem: Problem, start: np.ndarray, options: dict[str, Any],
    step: Callable[[np.ndarray, float, float, float], bool] | None = None,
) -> tuple[np.ndarray, np.ndarray, int]:  # fmt: skip
    """x, the multipliers of c, and Ipopt's return code; `step` returns False to stop."""
    library, n, m = _library(), problem.variables, problem.constraints
    calls = _Calls(problem, start)
    held = [
        np.clip(problem.lower, -_ENDLESS, _ENDLESS), np.clip(problem.upper, -_ENDLESS, _ENDLESS),
        np.where(problem.equality, 0.0, -_ENDLESS), np.zeros(m),
    ]  # fmt: skip
    held = [np.ascontiguousarray(v, float) for v in held]
    x, y = start.astype(float), np.zeros(m)
    rest = [np.zeros(m), np.zeros(1), y, np.zeros(n), np.zeros(n)]
    functions = calls.functions()
    made = library.CreateIpoptProblem(
        n, _pointer(held[0]), _pointer(held[1]), m, _pointer(held[2]), _pointer(held[3]),
        len(calls.slopes[0]), len(calls.curves[0]), 0, *functions,
    )  # fmt: skip
    try:
        for name, value in {"sb": "yes", "print_level": 0, **options}.items():
            _set(library, made, name.encode(), value)
        follow = _STEP(calls.follow(step))
        if step is not None:
            library.SetIntermediateCallback(made, follow)
        code = library.IpoptSolve(made, _pointer(x), *(_pointer(v) for v in rest), None)
    finally:
        library.FreeIpoptProblem(made)
    if calls.raised:
        raise calls.raised[0]
    return x, y, int(code)


def _set(library: Any, made: Any, name: bytes, value: Any) -> None:
    if isinstance(value, str):
        library.AddIpoptStrOption(made, name, value.encode())
    elif isinstance(value, int):
        library.AddIpoptIntOption(made, name, value)
    else:
        library.AddIpoptNumOption(made, name, value)


def _pointer(values: np.ndarray) -> Any:
    return values.ctypes.data_as(_NUMBERS)


def _view(pointer: Any, size: int) -> np.ndarray:
    return np.ctypeslib.as_array(pointer, (size,)) if size else np.empty(0)


@dataclass(eq=False)
class _Calls:
    """Ipopt's callbacks. They copy what they are given, for Ipopt reuses its memory.

    An exception must not pass through C: it is kept, and Ipopt is told to stop.
    """

    problem: Problem
    at: np.ndarray
    raised: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        p = self.problem
        jacobian = p.first(self.at)[1]
        hessian = p.second(self.at, 1.0, np.ones(p.constraints))
        self._dense = isinstance(hessian, np.ndarray)
        if self._dense:
            full = np.indices((p.constraints, p.variables)).reshape(2, -1)
            self.slopes: Sequence[np.ndarray] = (full[0], full[1])
            self.curves: Sequence[np.ndarray] = np.tril_indices(p.variables)
            self._lower: Any = self.curves
        else:
            j, h = jacobian.tocoo(), hessian.tocoo()
            self._lower = h.row >= h.col
            self.slopes = (j.row, j.col)
            self.curves = (h.row[self._lower], h.col[self._lower])

    def functions(self) -> list[Any]:
        """The five functions for C; they must be kept while it runs."""
        p, n, m = self.problem, self.problem.variables, self.problem.constraints

        def guarded(compute: Callable[[], Any], out: Any, size: int) -> bool:
            try:
                found = np.asarray(compute(), float).reshape(-1)
            except BaseException as error:
                self.raised.append(error)
                return False
            _view(out, size)[:] = found
            return bool(np.isfinite(found).all())

        def x_of(x: Any) -> np.ndarray:
            return _view(x, n).copy()

        def f(_n: int, x: Any, _new: bool, out: Any, _data: Any) -> bool:
            return guarded(lambda: p.values(x_of(x))[0], out, 1)

        def c(*given: Any) -> bool:
            _, x, _, _, out, _ = given
            return guarded(lambda: p.values(x_of(x))[1], out, m)

        def gradient(_n: int, x: Any, _new: bool, out: Any, _data: Any) -> bool:
            self.at = x_of(x)
            return guarded(lambda: p.first(self.at)[0], out, n)

        def slopes(*given: Any) -> bool:
            _, x, _, _, count, rows, columns, out, _ = given
            if not out:
                return _structure(rows, columns, self.slopes)
            return guarded(lambda: self._entries(p.first(x_of(x))[1], None), out, count)

        def curves(*given: Any) -> bool:
            _, x, _, weight, _, y, _, count, rows, columns, out, _ = given
            if not out:
                return _structure(rows, columns, self.curves)
            at, held = x_of(x), _view(y, m).copy()
            return guarded(
                lambda: self._entries(p.second(at, weight, held), self._lower), out, count
            )

        return [_F(f), _C(c), _F(gradient), _JACOBIAN(slopes), _HESSIAN(curves)]

    def _entries(self, matrix: Any, which: Any) -> np.ndarray:
        values = matrix if self._dense else matrix.data
        return values if which is None else values[which]

    def follow(self, step: Any) -> Callable[..., bool]:
        """The callback of each iteration."""

        def run(
            mode: int, k: int, value: float, violation: float, slope: float, *rest: Any
        ) -> bool:
            try:
                return bool(step is None or step(self.at, value, violation, slope))
            except BaseException as error:
                self.raised.append(error)
                return False

        return run


def _structure(rows: Any, columns: Any, where: Sequence[np.ndarray]) -> bool:
    size = len(where[0])
    if size:
        np.ctypeslib.as_array(rows, (size,))[:] = where[0]
        np.ctypeslib.as_array(columns, (size,))[:] = where[1]
    return True
