"""Findings of one kind about several columns, told as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from taylored.results import Finding

__all__ = ["merged"]

_TOLD = 3  # equal findings that are told one by one


def merged(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings that differ only in what they are about, as one each; the first stay first."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.name, each.next_step, each.severity), []).append(each)
    return tuple(_one(group) for group in groups.values())


def _one(group: list[Finding]) -> Finding:
    """The messages of equal findings, with what they have in common at the end said once."""
    messages = list(dict.fromkeys(f.message for f in group))
    if len(messages) == 1:
        return group[0]
    heads, common = [m.partition(": ")[0] for m in messages], messages[0].partition(": ")[2]
    alike = common and all(m.partition(": ")[2] == common for m in messages)
    parts = heads if alike else [m.rstrip(".") for m in messages]
    more = f", and {len(parts) - _TOLD} more" if len(parts) > _TOLD else ""
    text = "; ".join(parts[:_TOLD]) + more + (f": {common}" if alike else ".")
    params = tuple(dict.fromkeys(p for f in group for p in f.params))
    return replace(group[0], message=text, params=params)
