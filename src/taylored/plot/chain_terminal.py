"""The chain rule as a tree of characters, for terminals: from the value back to the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from taylored.networks.chain_compose import Factor
from taylored.networks.chain_fold import Fold, Group, fold
from taylored.report.chain import numbers_said, verdict
from taylored.report.letters import ascii_only, shorten, visible
from taylored.report.numbers import number

if TYPE_CHECKING:
    from taylored.networks.chain import Chain

__all__ = ["terminal_chain"]

_LINES = 60
_ASCII = str.maketrans("├└│─×∂", "++|-*d")


def terminal_chain(result: Chain, *, width: int = 72, unicode: bool = True) -> str:
    """The graph as a tree: below each value those it is made of, each with its local factor.

    Args:
        result: any chain rule; large ones are folded, one line for each statement.
        width: in characters, at least 30.
        unicode: False for plain ASCII.
    """
    width = max(width, 30)
    folded = fold(result.graph)
    lines = list(_tree(folded))
    left = len(lines) - _LINES
    more = [f"... and {left:,} more lines"] if left > 0 else []
    name = visible(result.name)
    said = (
        f"×: the factor ∂(line above)/∂(this line). ∂{name}/∂(input) is the sum, over the lines of "
        f"the input, of the product of the factors from it up to {name}."
    )
    text = "\n".join([
        *wrap(visible(verdict(result)), width), "",
        *(shorten(line, width) for line in [*lines[:_LINES], *more]), "", *wrap(said, width),
    ])  # fmt: skip
    return text if unicode else ascii_only(text.translate(_ASCII))


def _tree(folded: Fold) -> Iterator[str]:
    """The lines from the output on; what was written out before is not written out again."""
    groups = {g.name: g for g in folded.groups}
    into: dict[str, list[str]] = {name: [] for name in groups}
    for source, target in folded.edges:
        into[target].append(source)
    written: set[str] = set()

    def lines(name: str, head: str, below: str) -> Iterator[str]:
        again = name in written and bool(into[name])
        yield head + _node(groups[name], again=again)
        if again:
            return
        written.add(name)
        for source in into[name]:
            last = source == into[name][-1]
            factor = _factor(folded.factors[source, name])
            yield from lines(
                source,
                f"{below}{'└' if last else '├'}─ {factor}",
                below + (" " if last else "│") + "  ",
            )

    return lines(folded.groups[-1].name, "", "")


def _node(group: Group, *, again: bool) -> str:
    """`v2 = v1 / tau = -0.5`"""
    node = group.last
    parts = [visible(group.name)]
    if again:
        return f"{parts[0]}, as above"
    if group.text:
        parts.append(visible(group.text))
    parts.append(numbers_said(node.value, 4 if node.shape == () else 2))
    return " = ".join(parts)


def _factor(factor: Factor) -> str:
    """`× 0.25  `: as a number where it is one, else as a formula or in words."""
    if factor.value is not None:
        return f"× {number(factor.value + 0.0, 4)}  "
    said = visible(factor.symbol or factor.kind)
    return f"× {shorten(said, 24)}  " if said else ""
