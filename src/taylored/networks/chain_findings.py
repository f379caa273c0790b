"""What a reader of a chain-rule table must know: kinks, steps, numbers that are not finite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from taylored.calculus.cause import Cause, cure, place
from taylored.networks.chain_names import called_name, line_text
from taylored.networks.chain_program import inner_closed, program_of
from taylored.readings.chain import Link, Tape, forward, is_float
from taylored.results import Finding
from taylored.trace.program import Constant

__all__ = ["find"]

_MOST = 5
TINY = 1e-290  # numbers below it lose their digits


def find(
    tape: Tape, shares: Sequence[Sequence[Any]], gradient: np.ndarray, value: float
) -> list[Finding]:
    """The findings, most important first."""
    live = [k for k in range(len(tape.links)) if len(shares[k])]
    links = [tape.links[k] for k in live]
    found = []
    if not np.isfinite(value):
        found.append(_not_finite_value(tape, links))
    elif not np.isfinite(gradient).all():
        found.append(_not_finite_gradient(links, [shares[k] for k in live]))
    kinks = [_kink(*where) for where in _unique(_kinks(tape, links))]
    found += kinks
    found += _underflow(shares) or _stopped(tape, links, gradient, kinked=bool(kinks))
    return found[:_MOST]


# ---- not finite ----


def _finite(value: Any) -> bool:
    return not is_float(value) or bool(np.isfinite(np.asarray(value)).all())


def _not_finite_value(tape: Tape, links: Sequence[Link]) -> Finding:
    primal = {(e.primitive, place(e.source)) for e in tape.program.equations}
    for link in links:
        if all(map(_finite, link.inputs)) and not all(map(_finite, link.outputs)):
            cause = _cause(link, link.outputs[0])
            text = f"The value is not finite: first {cause}{_shown(link)}."
            return Finding("value-not-finite", text, cure(cause, cause, primal), "error")
    return Finding("value-not-finite", "The value is not finite.", "Check the data.", "error")


def _not_finite_gradient(links: Sequence[Link], shares: Sequence[Sequence[Any]]) -> Finding:
    """The first edge, from the output back, whose share is not finite."""
    primal = {(link.equation.primitive, place(link.equation.source)) for link in links}
    for link, given in zip(reversed(links), reversed(shares), strict=True):
        if not all(map(_finite, given)):
            factor = _worst_factor(link)
            cause = _cause(link, factor)
            name = link.equation.primitive
            if factor is None:
                text = f"A share of the gradient is not finite at {name}{_at(link)}{_shown(link)}."
            else:
                at = ", ".join(f"{v:.6g}" for v in cause.operands)
                text = (f"The local factor of {name}({at}) is {cause.result:g}"
                        f"{_at(link)}{_shown(link)}.")  # fmt: skip
            return Finding("not-finite", text, cure(cause, None, primal), "error")
    return Finding("not-finite", "The gradient is not finite.", "Check the data.", "error")


def _worst_factor(link: Link) -> Any:
    for factor in link.factors or ():
        if not _finite(np.asarray(factor)):
            return factor
    return None


def _cause(link: Link, result: Any) -> Cause:
    """The equation with the numbers at the first entry that is not finite."""
    array = np.asarray(np.nan if result is None else result, float)
    bad = np.argwhere(~np.isfinite(array))
    at = tuple(bad[0]) if len(bad) else ()
    operands = []
    for value in link.inputs:
        whole = np.asarray(value)
        if whole.dtype.kind in "fiub" and whole.size:
            fits = whole.shape == array.shape
            operands.append(float(whole[at] if fits else whole.reshape(-1)[0]))
    number = float(array[at]) if array.size else float("nan")
    return Cause(link.equation.primitive, link.equation.source, tuple(operands[:3]), number)


def _at(link: Link) -> str:
    return f" at {link.equation.source}" if link.equation.source else ""


def _shown(link: Link) -> str:
    text = line_text(link.equation.source)
    return f" [{text[:60]}]" if text else ""


# ---- kinks ----


def _kinks(
    tape: Tape, links: Sequence[Link], name: str = ""
) -> Iterator[tuple[str, str, int, str]]:
    """Name, line, how many numbers lie on it, and what JAX and this table take there."""
    made = {o: e for e in tape.program.equations for o in e.outputs}
    for link in links:
        primitive = link.equation.primitive
        line = link.equation.source
        if primitive.startswith("custom"):
            yield from _inside(link, name or called_name(link.equation))
            continue
        rule = _TIES.get(primitive)
        if rule is not None:
            count = rule(*(np.asarray(v) for v in link.inputs))
            if count:
                yield name or primitive, line, count, _TAKEN.get(primitive, "one side is taken")
        elif primitive == "select_n":
            count = _decided(tape, made, link)
            if count:
                yield name or "where", line, count, "the branch of the comparison is taken"
        elif primitive in ("reduce_max", "reduce_min"):
            count = _tied_largest(link)
            if count:
                yield primitive[7:], line, count, "the tied ones share it equally"


def _inside(link: Link, name: str) -> Iterator[tuple[str, str, int, str]]:
    """The kinks of a function with a rule of its own, from its body."""
    for key in ("call_jaxpr", "fun_jaxpr", "jaxpr"):
        body = link.equation.params.get(key)
        if body is None:
            continue
        closed = inner_closed(body)
        program = program_of(closed, [f"in{k}" for k in range(len(closed.jaxpr.invars))])
        try:
            tape = forward(program, link.inputs, link.active)
        except Exception:  # a body that cannot be run by itself has no kinks that can be told
            return
        for _, _, count, _ in _kinks(tape, tape.links, name):
            yield name, link.equation.source, count, "the rule of the function decides"
        return


def _tied(x: Any, y: Any, *_: Any) -> int:
    x, y = np.broadcast_arrays(x, y)
    return int(np.sum((x == y) & np.isfinite(x)))


_TIES: dict[str, Any] = {
    "abs": lambda x: int(np.sum(x == 0.0)),
    "max": _tied,
    "min": _tied,
    "clamp": lambda lo, x, hi: int(np.sum((x == lo) | (x == hi))),
}
_TAKEN = {"abs": "the slope is taken as 0", "max": "each side gets one half",
          "min": "each side gets one half"}  # fmt: skip


def _decided(tape: Tape, made: Mapping[int, Any], link: Link) -> int:
    """How many choices lie on the edge: what is compared is equal."""
    condition: Any = link.equation.inputs[0]
    for _ in range(8):
        equation = made.get(condition) if isinstance(condition, int) else None
        if equation is None:
            return 0
        if equation.primitive in ("lt", "le", "gt", "ge"):
            pair = [a.value if isinstance(a, Constant) else tape.values[a] for a in equation.inputs]
            return _tied(*pair) if all(np.asarray(v).dtype.kind == "f" for v in pair) else 0
        condition = equation.inputs[0] if equation.inputs else None
    return 0


def _tied_largest(link: Link) -> int:
    x, axes = np.asarray(link.inputs[0]), tuple(link.equation.params["axes"])
    best = np.expand_dims(np.asarray(link.outputs[0]), axes)
    return int(np.sum(np.sum(x == best, axis=axes) > 1))


def _unique(found: Iterator[tuple[str, str, int, str]]) -> list[tuple[str, str, int, str]]:
    return list({(f[0], f[1]): f for f in found}.values())


def _kink(name: str, line: str, count: int, taken: str) -> Finding:
    where = f" at {line}" if line else ""
    numbers = "The point lies" if count == 1 else f"{count:,} numbers lie"
    return Finding(
        "kink", f"{numbers} on a kink of {name}{where}: there is no derivative, {taken}.",
        "Take the one-sided derivatives from ty.check, or move the point a little.",
    )  # fmt: skip


# ---- nothing arrives ----


def _underflow(shares: Sequence[Sequence[Any]]) -> list[Finding]:
    """Adjoints that leave the range of float64 on their way: what they add up to has no digits."""
    for given in shares:
        for share in given:
            size = np.abs(np.asarray(share))
            if ((size > 0.0) & (size < TINY)).any():
                text = "Adjoints fall below 1e-290 on the way: the slopes they end in underflow."
                step = "The inputs hardly move the value; fewer or steeper steps keep the slopes."
                return [Finding("underflow", text, step)]
    return []


def _stopped(
    tape: Tape, links: Sequence[Link], gradient: np.ndarray, *, kinked: bool
) -> list[Finding]:
    """Steps and stops on the way, and inputs that nothing arrives at.

    A zero that was taken at a kink says nothing about what reaches the output.
    """
    found = []
    steps = {}
    active = {o for link in links for o in link.equation.outputs} | set(
        range(len(tape.program.names))
    )
    for equation in tape.program.equations:
        if equation.primitive in _STEPS and active.intersection(
            a for a in equation.inputs if isinstance(a, int)
        ):
            steps.setdefault((equation.primitive, equation.source), equation)
    user = [e for e in steps.values() if e.primitive != "stop_gradient"]
    zero = gradient.size and not gradient.any() and np.isfinite(gradient).all()
    if zero and not kinked:
        named = ", ".join(sorted({e.primitive for e in steps.values()}))
        why = f" ({named} lets nothing pass)" if named else ""
        text = f"The gradient is zero: no change of the inputs reaches the output{why}."
        found.append(Finding("zero", text, "", "note"))
    elif user:
        first = user[0]
        where = f" at {first.source}" if first.source else ""
        text = f"{first.primitive}{where} is a step: its slope is zero, and nothing passes it."
        found.append(Finding("step", text, "", "note"))
    return found


_STEPS = frozenset(["floor", "ceil", "round", "sign", "stop_gradient"])
