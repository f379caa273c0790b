"""Truncated Taylor arithmetic on programs: coefficients as numbers or as intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taylored.readings.jet.run import JETS

__all__ = ["JETS"]


def __getattr__(name: str) -> Any:
    # The table is made when it is asked for: its rules lie in modules that import this package.
    if name == "JETS":
        from taylored.readings.jet.run import JETS

        return JETS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
