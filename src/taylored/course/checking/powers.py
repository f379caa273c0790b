"""Powers of functions as on paper, `cos²(3t)`, `tanh^2 x`: the square of the function's value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["behind"]

_RECIPROCAL = {"sech": "cosh", "csch": "sinh", "coth": "tanh",
               "sec": "cos", "csc": "sin", "cot": "tan"}  # fmt: skip
_MOST = 2_000  # pieces of a formula


def behind(pieces: list[Any], bare: Callable[[list[Any], int], int]) -> list[Any]:
    """The pieces with powers behind the arguments, and `sech(x)` as `(1/cosh(x))`.

    `bare(pieces, at)` tells how many pieces from there on are an argument without parentheses. A
    power of -1 is left as it is: it may be the reciprocal or the inverse function.
    """
    pieces = list(pieces)
    for at in range(len(pieces) if len(pieces) <= _MOST else 0):
        over = pieces[at].text in _RECIPROCAL
        power = _power(pieces, at + 1) if over or pieces[at].kind == "function" else []
        if over or power:
            start = at + 1 + len(power)
            end = _closed(pieces, start) or start + bare(pieces, start)
            if end > start:
                pieces[at:end] = _call(pieces[at], pieces[start:end], power)
    return pieces


def _power(pieces: list[Any], at: int) -> list[Any]:
    """The pieces of a positive whole power: `²`, `^2`, `**2`."""
    if at < len(pieces) and pieces[at].kind == "raised" and not pieces[at].text.startswith("⁻"):
        return pieces[at : at + 1]
    two = pieces[at : at + 2]
    whole = len(two) == 2 and two[0].text in ("^", "**") and two[1].text.isdigit()
    return two if whole else []


def _closed(pieces: list[Any], at: int) -> int:
    """The place after the parenthesis that is closed to the one that opens here; 0 for none."""
    depth = 0
    for place in range(at, len(pieces)):
        depth += (pieces[place].text == "(") - (pieces[place].text == ")")
        if depth == 0:
            return place + 1 if place > at else 0
    return 0


def _call(function: Any, argument: list[Any], power: list[Any]) -> list[Any]:
    def sign(text: str) -> Any:
        return function._replace(kind="other", text=text, blank="")

    name = function._replace(kind="function")
    inside = argument if argument[0].text == "(" else [sign("("), *argument, sign(")")]
    inside = [piece._replace(blank="") for piece in inside]
    if function.text not in _RECIPROCAL:
        return [name, *inside, *power]
    one = function._replace(kind="number", text="1", blank="")
    below = function._replace(kind="function", text=_RECIPROCAL[function.text], blank="")
    first = sign("(")._replace(blank=function.blank)
    return [first, one, sign("/"), below, *inside, sign(")"), *power]
