"""Interval arithmetic on programs: ranges that hold whatever was rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taylored.readings.jet.run import INTERVALS

__all__ = ["INTERVALS"]


def __getattr__(name: str) -> Any:
    # The table is made when it is asked for: its rules lie in modules that import this package.
    if name == "INTERVALS":
        from taylored.readings.jet.run import INTERVALS

        return INTERVALS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
