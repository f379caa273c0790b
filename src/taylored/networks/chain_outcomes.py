"""What each operation that chooses has decided, and whether it was a tie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["AT_ONCE", "CHOICES", "COMPARISONS", "STEPS", "Outcome"]

# What was decided, where it was a tie, whether the value jumps there, and what the derivative is.
Outcome = tuple[Any, Any, bool, str]
Rule = Callable[[Mapping[str, Any], Sequence[Any], Sequence[Any]], Outcome | None]

AT_ONCE = "its own value changes at once"
_HALF = "each side gets one half"
_SHARED = "the tied ones share it equally"
_ONE = "one of the tied ones gets it"
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
               "lt_to": "<", "le_to": "<="}  # fmt: skip
STEPS = frozenset("floor ceil round sign argmax argmin".split())  # constant between their jumps


def _real(*values: Any) -> bool:
    """Whether these are real numbers, and one of them can change a little."""
    kinds = {np.asarray(v).dtype.kind for v in values}
    return "f" in kinds and kinds <= {"f", "i", "u"}


def _step(found: Callable[[Any], Any], tied: Callable[[Any], Any]) -> Rule:
    def rule(_: Any, given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
        x = np.asarray(given[0])
        return (found(x), tied(x), True, AT_ONCE) if _real(x) else None

    return rule


def _compared(_: Any, given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    if not _real(*given):
        return None
    x, y = np.broadcast_arrays(*given)
    return np.asarray(made[0]), (x == y) & np.isfinite(x), True, AT_ONCE


def _converted(_: Any, given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    """Of floats to whole numbers, towards zero: about zero itself nothing changes."""
    x, found = np.asarray(given[0]), np.asarray(made[0])
    if not _real(x) or found.dtype.kind not in "iub":
        return None
    tied = x == 0.0 if found.dtype.kind == "b" else (x == np.trunc(x)) & (x != 0.0)
    return found, tied, True, AT_ONCE


def _remainder(_: Any, given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    if not _real(*given):
        return None
    x, y = np.broadcast_arrays(*given)
    return np.trunc(x / y), (np.fmod(x, y) == 0.0) & (x != 0.0), True, AT_ONCE


def _angle(_: Any, given: Sequence[Any], made: Sequence[Any]) -> Outcome:
    y, x = np.broadcast_arrays(*given)
    return np.signbit(y) & (x < 0.0), (y == 0.0) & (x < 0.0), True, AT_ONCE


def _absolute(_: Any, given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    x = np.asarray(given[0])
    if x.dtype.kind not in "fc":
        return None
    side = np.sign(x) if x.dtype.kind == "f" else x == 0.0
    return side, x == 0.0, False, "the slope is taken as 0"


def _larger(_: Any, given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    if not _real(*given):
        return None
    x, y = np.broadcast_arrays(*given)
    return x > y, (x == y) & np.isfinite(x), False, _HALF


def _clamped(_: Any, given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    low, x, high = np.broadcast_arrays(*given)
    tied = (x == low) | (x == high)
    return (1 * (x > high) - (x < low), tied, False, "one side is taken") if _real(x) else None


def _best(params: Mapping[str, Any], given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    """Of reduce_max and reduce_min, and of argmax and argmin, which are places."""
    x, axes = np.asarray(given[0]), tuple(params["axes"])
    if not _real(x) or not x.size:
        return None
    found = np.asarray(made[0])
    place = found.dtype.kind in "iu"
    top = np.take_along_axis(x, np.expand_dims(found, axes), axes[0]) if place else (
        np.expand_dims(found, axes))  # fmt: skip
    best = x == top
    tied = (np.sum(best, axis=axes) > 1) & np.isfinite(np.squeeze(top, axes))
    return best, tied, place, AT_ONCE if place else _SHARED


def _sorted(params: Mapping[str, Any], given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    axis, key, found = params["dimension"], np.asarray(given[0]), np.asarray(made[0])
    if not _real(key):
        return None
    order = np.argsort(key, axis=axis, kind="stable")
    return order, np.diff(found, axis=axis) == 0.0, len(given) > 1, _ONE


def _top(params: Mapping[str, Any], given: Sequence[Any], made: Sequence[Any]) -> Outcome | None:
    x, count = np.asarray(given[0]), params["k"]
    if not _real(x):
        return None
    best = -np.sort(-x, axis=-1)[..., : count + 1]
    return np.asarray(made[1]), np.diff(best, axis=-1) == 0.0, False, _ONE


def _running(params: Mapping[str, Any], given: Sequence[Any], made: Sequence[Any]) -> Outcome:
    """Of cummax and cummin: whether a number is the best so far."""
    axis = params["axis"]
    x, found = np.asarray(given[0]), np.asarray(made[0])
    if params["reverse"]:
        x, found = np.flip(x, axis), np.flip(found, axis)
    later = np.take(x, range(1, x.shape[axis]), axis)
    before = np.take(found, range(x.shape[axis] - 1), axis)
    return later > before, later == before, False, _ONE


def _windows(params: Mapping[str, Any], given: Sequence[Any], made: Sequence[Any]) -> Any:
    """Of reduce_window_max and reduce_window_min: the best of each window."""
    x, found = np.asarray(given[0]), np.asarray(made[0])
    if not _real(x) or any(d != 1 for d in params["base_dilation"]):
        return None
    padded = np.pad(x, params["padding"], constant_values=np.nan)  # equal to no number
    spans = [(w - 1) * d + 1 for w, d in
             zip(params["window_dimensions"], params["window_dilation"], strict=True)]  # fmt: skip
    views = np.lib.stride_tricks.sliding_window_view(padded, spans)
    places = tuple(slice(None, None, s) for s in params["window_strides"])
    within = tuple(slice(None, None, d) for d in params["window_dilation"])
    axes = tuple(range(x.ndim, 2 * x.ndim))
    best = views[(*places, *within)] == np.expand_dims(found, axes)
    return best, np.sum(best, axis=axes) > 1, False, _SHARED


CHOICES: dict[str, Rule] = {
    **dict.fromkeys(COMPARISONS, _compared),
    "floor": _step(np.floor, lambda x: x == np.floor(x)),
    "ceil": _step(np.ceil, lambda x: x == np.ceil(x)),
    "round": _step(np.rint, lambda x: np.abs(x - np.trunc(x)) == 0.5),
    "sign": _step(np.sign, lambda x: x == 0.0),
    "convert_element_type": _converted,
    "rem": _remainder, "atan2": _angle, "abs": _absolute, "max": _larger, "min": _larger,
    "clamp": _clamped, "sort": _sorted, "top_k": _top,
    **dict.fromkeys(("reduce_max", "reduce_min", "argmax", "argmin"), _best),
    **dict.fromkeys(("cummax", "cummin"), _running),
    **dict.fromkeys(("reduce_window_max", "reduce_window_min"), _windows),
}  # fmt: skip
