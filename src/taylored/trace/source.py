"""The user's own line behind an equation of a jaxpr."""

from __future__ import annotations

from typing import Any

__all__ = ["user_line"]


def user_line(eqn: Any) -> str:
    """`file:line (function)` where the equation was made; empty inside JAX's own functions."""
    from jax.extend import source_info_util

    return source_info_util.summarize(eqn.source_info).replace("unknown", "")
