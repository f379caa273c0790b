"""The user's own line behind an equation of a jaxpr."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["user_line"]


def user_line(eqn: Any) -> str:
    """`file:line (function)` where the equation was made; empty inside JAX's own functions."""
    from jax.extend import source_info_util

    _leave_out_own_lines()
    return source_info_util.summarize(eqn.source_info).replace("unknown", "")


@cache
def _leave_out_own_lines() -> None:
    """Lines of this package are no more the user's than those of JAX."""
    from jax.extend import source_info_util

    source_info_util.register_exclusion(str(Path(__file__).parents[1]) + os.sep)
