"""The line that a learner's process answers with, read strictly: its code can write there too."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["MOST_PRINTED", "read_reply"]

MOST_PRINTED = 64_000  # characters
_LONGEST = 2_000  # characters of another text
_FIELDS = {"outputs": list, "printed": str, "stopped": str, "message": str}
_TROUBLE = {"kind", "message", "line", "text", "meaning"}


def read_reply(line: bytes) -> dict[str, Any] | None:
    """The reply as the parent may trust it to be formed, or None."""
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(reply, dict):
        return None
    if reply.get("stopped") == "memory":
        return {"stopped": "memory"}
    if reply.get("stopped") == "time":
        place = reply.get("line")
        return {"stopped": "time", "line": place if _is_line(place) else 0}
    return reply if _is_whole(reply) else None


def _is_line(line: Any) -> bool:
    return type(line) is int and 0 < line <= 10**6


def _is_whole(reply: dict[str, Any]) -> bool:
    typed = all(isinstance(reply.get(name), kind) for name, kind in _FIELDS.items())
    return (
        typed
        and reply["stopped"] in ("", "output")
        and len(reply["printed"]) <= MOST_PRINTED
        and len(reply["message"]) <= _LONGEST
        and (reply.get("trouble") is None or _is_trouble(reply["trouble"]))
        and all(map(_is_output, reply["outputs"]))
        and isinstance(reply.get("tried", []), list)
        and all(map(_is_trial, reply.get("tried", [])))
    )


def _is_trial(found: Any) -> bool:
    """Whether it is the number of a text and the values that it gave."""
    if not isinstance(found, dict) or set(found) != {"number", "values"}:
        return False
    values = found["values"]
    return (
        type(found["number"]) is int and isinstance(values, list) and all(map(_is_numeric, values))
    )


def _is_output(output: Any) -> bool:
    if not isinstance(output, dict) or len(output) != 1:
        return False
    if "trouble" in output:
        return _is_trouble(output["trouble"])
    return "value" in output and _is_numeric(output["value"])


def _is_numeric(value: Any) -> bool:
    """Whether it is a number, or lists of numbers that make an array."""
    import numpy as np

    try:
        return np.asarray(value).dtype.kind in "if"
    except (ValueError, TypeError, RecursionError):
        return False


def _is_trouble(found: Any) -> bool:
    if not isinstance(found, dict) or set(found) != _TROUBLE:
        return False
    line = found["line"]
    texts = (found[name] for name in _TROUBLE - {"line"})
    return (line is None or _is_line(line)) and all(
        isinstance(text, str) and len(text) <= _LONGEST for text in texts
    )
