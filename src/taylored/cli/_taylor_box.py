"""`--at`, `--on`, `--start`: texts become points and boxes of the inputs of formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

from taylored.cli.derivatives import point_texts, split_pieces
from taylored.errors import ArgumentError, BoundsError

__all__ = ["Box", "box_of", "center_of", "intervals_of", "numbers_of", "radius_of"]

# The ends of the box, each by the names of the inputs.
Box = tuple[dict[str, float], dict[str, float]]


def center_of(texts: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """The center: a number for the only input, or NAME=VALUE for every input."""
    return numbers_of("--at", texts, names)


def radius_of(texts: Sequence[str], names: Sequence[str]) -> dict[str, float] | float:
    """The radius: one number for all inputs, or NAME=VALUE for every input."""
    if len(texts) == 1 and "=" not in texts[0]:
        found = _number("--radius", "the radius", texts[0])
        _positive("--radius", found, texts[0])
        return found
    found = numbers_of("--radius", texts, names)
    for name, value in found.items():
        if value < 0:
            what = f"--radius: {value:g} for {name} is negative."
            raise ArgumentError(what, next_step="give a length")
    _positive("--radius", max(found.values()), ",".join(texts))
    return found


def _positive(flag: str, value: float, text: str) -> None:
    if not value > 0:
        what = f"{flag}: {text.strip()[:40]!r} is no positive length."
        raise ArgumentError(what, next_step=f"write {flag} 0.1")


def box_of(texts: Sequence[str], center: dict[str, float]) -> Box:
    """The intervals of --on; the center lies in each of them."""
    pairs = intervals_of("--on", texts, tuple(center))
    for name, (low, high) in pairs.items():
        c = center[name]
        if not low <= c <= high:
            raise ArgumentError(
                f"--on: the center {name} = {c:.6g} is not in [{low:g}, {high:g}].",
                next_step="give an interval that holds it, or another --at",
            )
        if not (math.isfinite(c - low) and math.isfinite(high - c)):
            what = f"--on: the interval from {low:g} to {high:g} is too wide."
            raise ArgumentError(what, next_step="give a smaller one")
    return {n: pairs[n][0] for n in center}, {n: pairs[n][1] for n in center}


def intervals_of(
    flag: str, texts: Sequence[str], names: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """LOW:HIGH for the only input, or NAME=LOW:HIGH for every input."""
    if len(texts) == 1 and "=" not in texts[0]:
        if len(names) != 1:
            raise _unnamed(flag, texts[0], names, "-1:1")
        return {names[0]: _interval(flag, names[0], texts[0])}
    given = _named(flag, texts, names, "-1:1")
    return {name: _interval(flag, name, given[name]) for name in names}


def _interval(flag: str, name: str, text: str) -> tuple[float, float]:
    sides = text.split(":")
    if len(sides) != 2 or not all(side.strip() for side in sides):
        what = f"{flag}: {text.strip()[:40]!r} for {name} is not LOW:HIGH."
        raise BoundsError(what, next_step=f"write {flag} -1:1")
    low, high = (_number(flag, name, side) for side in sides)
    if not low < high:
        what = f"{flag}: {text.strip()[:40]!r} for {name} goes from {low:g} to {high:g}."
        raise BoundsError(what, next_step="write the lower end first")
    return low, high


def numbers_of(flag: str, texts: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """A number for the only input, or NAME=VALUE for every input."""
    if len(texts) == 1 and "=" not in texts[0]:
        if len(names) != 1:
            raise _unnamed(flag, texts[0], names, "0.5")
        return {names[0]: _number(flag, names[0], texts[0])}
    given = _named(flag, texts, names, "0.5")
    return {name: _number(flag, name, given[name]) for name in names}


def _named(flag: str, texts: Sequence[str], names: Sequence[str], value: str) -> dict[str, str]:
    """NAME=VALUE for every input, as text."""
    example = ",".join(f"{n}={value}" for n in names[:3]) + (",..." if len(names) > 3 else "")
    for piece in (piece for text in texts for piece in split_pieces(text)):
        if "=" not in piece:
            shown = piece.strip()[:40]
            what = f"{flag}: {shown!r} is not NAME=VALUE."
            raise ArgumentError(what, next_step=f"write {flag} {example}")
    try:
        given = point_texts(texts)
    except ArgumentError as error:
        what = error.what.replace("--at", flag)
        raise ArgumentError(what, next_step=f"write {flag} {example}") from None
    from taylored.formula import suggest

    for name in given:
        if name not in names:
            near = suggest(name, names)
            known = f"the inputs are {', '.join(names[:8])}"
            step = f"did you mean {near}?" if near else known
            raise ArgumentError(
                f"{flag}: {name[:40]!r} is no input of the formula.", next_step=step
            )
    missing = [name for name in names if name not in given]
    if missing:
        what = f"{flag}: nothing is given for {', '.join(missing[:8])}."
        raise ArgumentError(what, next_step=f"write {flag} {example}")
    return given


def _unnamed(flag: str, text: str, names: Sequence[str], value: str) -> ArgumentError:
    example = ",".join(f"{n}={value}" for n in names[:3]) + (",..." if len(names) > 3 else "")
    return ArgumentError(
        f"{flag}: {text.strip()[:40]!r} does not say which input it is for.",
        why=f"there are {', '.join(names[:8])}", next_step=f"write {flag} {example}",
    )  # fmt: skip


def _number(flag: str, name: str, text: str) -> float:
    """The float64 nearest to a number or a text such as pi/4."""
    from taylored.calculus.formulas import point_of

    try:
        return point_of(name, text).value
    except ArgumentError as error:
        raise ArgumentError(
            f"{flag}: {error.what}", why=error.why, next_step=error.next_step
        ) from None
