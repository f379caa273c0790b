"""What a matrix of derivatives costs, and single entries of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Cost", "Entry", "memory"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: which output, by which input, and its value."""

    output: str
    input: str
    value: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What computing all entries takes, known before it is done.

    `bytes` is the peak beside the function's own use: the compressed products and the entries.
    What a pass costs, in runs of the function, depends on the function: see benchmarks/RESULTS.md.
    """

    forward: int
    reverse: int
    lower_bound: int
    bound: str
    entries: int
    bytes: int
    dense_bytes: int

    @property
    def passes(self) -> int:
        return self.forward + self.reverse

    def __str__(self) -> str:
        passes = "1 pass" if self.passes == 1 else f"{self.passes} passes"
        return (
            f"{passes} ({self.forward} forward, {self.reverse} reverse; no fewer than "
            f"{self.lower_bound}: {self.bound}), {self.entries} entries, {memory(self.bytes)} "
            f"against {memory(self.dense_bytes)} dense"
        )


def memory(count: float) -> str:
    """A number of bytes in words."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    power = next((p for p in range(4) if count < 1024 ** (p + 1)), 4)
    return f"{count / 1024**power:.3g} {units[power]}"
