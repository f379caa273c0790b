"""Where a function has kinks, jumps and branches, and how far away they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.calculus.observe import CUSTOM, Boxed, Code, Step, Watching

__all__ = ["Gap", "Gaps", "mark_live"]

_COMPARISONS = frozenset("lt le gt ge eq ne lt_to le_to".split())
_SHAPED = frozenset(
    "broadcast_in_dim reshape squeeze expand_dims convert_element_type copy".split()
)
_TURNS = 30  # of a loop that are watched


def mark_live(code: Code) -> Code:
    """Mark the steps through which a derivative reaches the outputs: not behind stop_gradient."""
    _mark(code, [True] * len(code.outs))
    return code


def _mark(code: Code, wanted: Sequence[bool]) -> list[bool]:
    """Mark a program's steps; which of its inputs a derivative may come from."""
    live = {k for k, w in zip(code.outs, wanted, strict=True) if w}
    for step in reversed(code.steps):
        reached = [k in live for k in step.outs]
        step.live = any(reached)
        if not step.live or step.name == "stop_gradient":
            continue
        inputs = [True] * len(step.ins)
        if step.codes and step.name not in ("while", "scan", "cond", "custom_linear_solve"):
            inputs = _mark(step.codes[0], reached)
        elif step.codes:
            for inner in step.codes:
                _mark(inner, [True] * len(inner.outs))
        live.update(k for k, i in zip(step.ins, inputs, strict=True) if i)
    return [k in live for k in range(code.count)]


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """A place where a decision is made: how far the numbers are from the other outcome."""

    place: tuple[int, int]  # which equation, which time that it ran
    name: str
    line: str
    values: np.ndarray  # with signs, so that they change smoothly
    size: float  # of the numbers compared
    ruled: bool  # inside a function with a derivative rule of its own

    @property
    def least(self) -> int:
        return int(np.argmin(np.abs(self.values)))

    @property
    def closest(self) -> float:
        return float(np.abs(self.values[self.least]))

    @property
    def tied(self) -> bool:
        """Whether the point lies on it, within a few roundings."""
        return self.closest <= 8 * 2.0**-52 * self.size


class Gaps(Watching):
    """Runs code and notes every decision; comparisons hand theirs on to what they decide."""

    def __init__(self):
        self.found: dict[tuple[int, int], Gap] = {}
        self._times: dict[int, int] = {}
        self._ruled = 0

    def call(self, step: Step, values: list[Any]) -> list[Any]:
        custom = step.name in CUSTOM
        self._ruled += custom
        try:
            return super().call(step, values)
        finally:
            self._ruled -= custom

    def decided(self, step: Step, value: Any) -> None:
        if step.live and value.mark is not None:
            self._note(step, step.name, *value.mark[:2])

    def watched(self, step: Step, values: list[Boxed], results: list[Boxed]) -> list[Boxed]:
        name = step.name
        if name in _COMPARISONS and step.ins[0] == step.ins[1]:
            pass  # x != x asks whether x is NaN
        elif name in _COMPARISONS and _floats(values):
            a, b = (np.asarray(v.value) for v in values[:2])
            results[0].mark = (a - b, np.maximum(np.abs(a), np.abs(b)), name)
        elif name in ("and", "or", "not") or name in _SHAPED:
            results[0].mark = _handed_on(values, results[0])
        elif step.live and name == "select_n":
            if values[0].mark is not None and _floats(results):
                kind = "where (==)" if values[0].mark[2] in ("eq", "ne") else "where"
                self._note(step, kind, *values[0].mark[:2])
        elif step.live and name in _GAPS and _floats(values[:1]):
            gap, size = _GAPS[name](step.eqn.params, *(np.asarray(v.value) for v in values))
            self._note(step, name, gap, size)
        return results

    def _note(self, step: Step, name: str, gap: Any, size: Any) -> None:
        turn = self._times[id(step)] = self._times.get(id(step), -1) + 1
        gap = np.asarray(gap, np.float64).reshape(-1)
        if (turn >= _TURNS and name != "while") or not gap.size:
            return
        if turn >= _TURNS:
            turn = _TURNS  # of a loop's end the last decision counts
        gap = np.where(np.isnan(gap), np.inf, gap)
        at = int(np.argmin(np.abs(gap)))
        sizes = np.broadcast_to(np.asarray(size, np.float64).reshape(-1), gap.shape)
        place = (id(step), turn)
        self.found[place] = Gap(place, name, step.line, gap, float(sizes[at]), self._ruled > 0)


def _floats(values: Sequence[Boxed]) -> bool:
    return all(np.asarray(v.value).dtype.kind == "f" for v in values)


def _handed_on(values: Sequence[Boxed], result: Boxed) -> Any:
    marks = [v.mark for v in values if v.mark is not None]
    if not marks:
        return None
    shape = np.shape(result.value)
    gap, size, name = marks[0]
    for other, other_size, _ in marks[1:]:
        if np.shape(other) == np.shape(gap):
            nearer = np.abs(other) < np.abs(gap)
            gap, size = np.where(nearer, other, gap), np.where(nearer, other_size, size)
    if np.size(gap) == np.prod(shape, dtype=int):
        return (
            np.reshape(gap, shape),
            np.reshape(np.broadcast_to(size, np.shape(gap)), shape),
            name,
        )
    k = int(np.argmin(np.abs(gap)))
    size = np.broadcast_to(size, np.shape(gap)).reshape(-1)[k]
    return (np.full(shape, np.reshape(gap, -1)[k]), np.full(shape, size), name)


# ---- how far each operation is from the other side ----

_Found = tuple[Any, Any]


def _zero(p: Any, x: Any, *_: Any) -> _Found:
    # Zero itself is the boundary: nothing is rounded in telling on which side a number lies.
    return x, np.zeros_like(x)


def _between(p: Any, a: Any, b: Any) -> _Found:
    return a - b, np.maximum(np.abs(a), np.abs(b))


def _clamp(p: Any, lo: Any, x: Any, hi: Any) -> _Found:
    low, high = x - lo, x - hi
    near = np.abs(low) < np.abs(high)
    return np.where(near, low, high), np.abs(x)


def _whole(p: Any, x: Any) -> _Found:
    return x - np.rint(x), np.abs(x)


def _half(p: Any, x: Any) -> _Found:
    return x - np.floor(x) - 0.5, np.abs(x)


def _rem(p: Any, x: Any, y: Any) -> _Found:
    turns = x / y
    return (turns - np.rint(turns)) * np.abs(y), np.abs(x)


def _sorted(x: Any, axis: int) -> _Found:
    ordered = np.sort(x, axis=axis)
    return np.diff(ordered, axis=axis), np.max(np.abs(x), initial=0.0)


def _sort(p: Any, x: Any, *_: Any) -> _Found:
    return _sorted(x, p["dimension"])


def _last(p: Any, x: Any, *_: Any) -> _Found:
    return _sorted(x, -1)


def _largest(sign: float) -> Callable[..., _Found]:
    def rule(p: Any, x: Any) -> _Found:
        axes = tuple(p["axes"])
        moved = np.moveaxis(x, axes, range(len(axes)))
        lines = sign * moved.reshape(int(np.prod(moved.shape[: len(axes)])), -1)
        if len(lines) < 2:
            return np.zeros(0), 0.0
        top = -np.partition(-lines, 1, axis=0)[:2]
        return top[0] - top[1], np.abs(top[0])

    return rule


def _eigenvalues(p: Any, x: Any) -> _Found:
    try:
        found = np.linalg.eigvalsh(x)
    except np.linalg.LinAlgError:
        return np.zeros(0), 0.0
    return np.diff(found, axis=-1), 4 * np.max(np.abs(found), initial=0.0)


def _singular(p: Any, x: Any) -> _Found:
    try:
        found = np.linalg.svd(x, compute_uv=False)
    except np.linalg.LinAlgError:
        return np.zeros(0), 0.0
    return np.diff(found, axis=-1), 4 * np.max(np.abs(found), initial=0.0)


_GAPS: dict[str, Callable[..., _Found]] = {
    "abs": _zero, "sign": _zero, "max": _between, "min": _between, "clamp": _clamp,
    "floor": _whole, "ceil": _whole, "round": _half, "rem": _rem, "sort": _sort, "top_k": _last,
    "argmax": _largest(1.0), "argmin": _largest(-1.0), "reduce_max": _largest(1.0),
    "reduce_min": _largest(-1.0), "eigh": _eigenvalues, "svd": _singular,
}  # fmt: skip
