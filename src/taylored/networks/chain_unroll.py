"""A scan written out turn by turn, so that rounding inside it can be followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from taylored.trace.program import Atom, Constant

__all__ = ["MOST_STEPS", "write_scan"]

MOST_STEPS = 3000  # equations; longer scans stay one


def write_scan(writer: Any, eqn: Any, atoms: Sequence[Atom], where: str) -> list[Atom]:
    """Write the body of a scan once for each turn; its results as atoms.

    Args:
        writer: numbers variables and writes closed jaxprs (`write`) and equations (`add`).
        eqn: the scan.
        atoms: what goes into it.
        where: the line of the user.
    """
    p = eqn.params
    fixed, carried, length = p["num_consts"], p["num_carry"], p["length"]
    carry = list(atoms[fixed : fixed + carried])
    columns = atoms[fixed + carried :]
    shapes = [v.aval.shape for v in eqn.invars[fixed + carried :]]
    rows: list[list[Atom]] = []
    turns = range(length - 1, -1, -1) if p["reverse"] else range(length)
    for k in turns:
        xs = [_row(writer, c, s, k, where) for c, s in zip(columns, shapes, strict=True)]
        found = writer.write(p["jaxpr"], [*atoms[:fixed], *carry, *xs], where)
        carry = found[:carried]
        rows.append(found[carried:])
    if p["reverse"]:
        rows.reverse()
    stacks = [
        _stacked(writer, [row[j] for row in rows], v.aval.shape, where)
        for j, v in enumerate(eqn.outvars[carried:])
    ]
    return [*carry, *stacks]


def _row(writer: Any, column: Atom, shape: tuple[int, ...], k: int, where: str) -> Atom:
    """Row `k` of a sequence."""
    if isinstance(column, Constant):
        return Constant(column.value[k])
    low, high = (k, *(0,) * (len(shape) - 1)), (k + 1, *shape[1:])
    params = {"start_indices": low, "limit_indices": high, "strides": None}
    cut = writer.add("slice", [column], params, _bound("slice", low, high), (1, *shape[1:]), where)
    dropped = _bound("squeeze", (0,))
    return writer.add("squeeze", [cut], {"dimensions": (0,)}, dropped, shape[1:], where)


def _stacked(writer: Any, rows: list[Atom], shape: tuple[int, ...], where: str) -> Atom:
    """The rows as one array."""
    axes = tuple(range(1, len(shape)))
    one = (1, *shape[1:])
    params = {"shape": one, "broadcast_dimensions": axes}
    widened = _bound("broadcast_in_dim", one, axes)
    wide = [writer.add("broadcast_in_dim", [r], params, widened, one, where) for r in rows]

    def join(*values: Any) -> Any:
        import jax

        return jax.lax.concatenate(values, 0)

    return writer.add("concatenate", wide, {"dimension": 0}, join, shape, where)


def _bound(name: str, *arguments: Any) -> Callable:
    def run(value: Any) -> Any:
        import jax

        return getattr(jax.lax, name)(value, *arguments)

    return run
