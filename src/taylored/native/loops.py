"""Loops in LLVM's language, as `with` blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import llvmlite.ir as ir

from taylored.native.vectors import INT

__all__ = ["loop"]


@contextmanager
def loop(b: ir.IRBuilder, count: ir.Value, step: int = 1) -> Iterator[ir.Value]:
    """`with loop(builder, count, step) as i:` writes a body that runs for i = 0, step, ..."""
    before = b.block
    start, inside = b.append_basic_block("loop"), b.append_basic_block("body")
    after = b.append_basic_block("after")
    b.branch(start)
    b.position_at_end(start)
    index = b.phi(INT)
    index.add_incoming(INT(0), before)
    b.cbranch(b.icmp_signed("<", index, count), inside, after)
    b.position_at_end(inside)
    yield index
    index.add_incoming(b.add(index, INT(step)), b.block)
    b.branch(start)
    b.position_at_end(after)
