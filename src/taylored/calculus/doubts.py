"""How far a ranking of inputs can be trusted: findings, notes and the verdict in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from taylored.results import Finding

if TYPE_CHECKING:
    from taylored.calculus.ranking import Influence

__all__ = ["BENT", "findings_of", "hidden", "most_of", "not_finite", "note", "percent", "status_of"]

BENT = 0.2  # curvature share from which the linear ranking need not hold
MOST = 0.95  # of the first-order share: the inputs that make it are the ones that matter
_NAMED = 4


def percent(share: float) -> str:
    """A share in words: `38 %`, `less than 1 %`."""
    if 0.0 < share < 0.01:
        return "less than 1 %"
    return f"{100 * share:.0f} %" if share < 0.995 or share == 1.0 else "over 99 %"


def most_of(result: Influence) -> np.ndarray:
    """The inputs that make 95 % of the first-order share, the largest first."""
    shares = np.nan_to_num(result.share)[result.order]
    if not shares.any():
        return result.order[:0]
    return result.order[: int(np.searchsorted(np.cumsum(shares), MOST * shares.sum())) + 1]


def hidden(result: Influence) -> np.ndarray:
    """Inputs outside of those whose curvature moves the value as much as the largest effect.

    Their own derivative tells little of them; the largest first.
    """
    largest = float(np.max(np.abs(result.effect), initial=0.0, where=~np.isnan(result.effect)))
    with np.errstate(all="ignore"):
        found = (result.bending > 0) & (result.bending >= BENT / (1 - BENT) * largest)
        found &= result.curvature_share > BENT
    found[most_of(result)] = False
    where = np.flatnonzero(found)
    return where[np.argsort(-result.bending[where], kind="stable")]


def not_finite(result: Influence) -> list[int]:
    """Inputs whose derivative is not a number; all if the value is none."""
    if not np.isfinite(result.value):
        return list(range(len(result)))
    return np.flatnonzero(~np.isfinite(result.derivative)).tolist()


def note(result: Influence, j: int) -> str:
    """Why numbers of an input are missing."""
    reasons = []
    if not np.isfinite(result.derivative[j]):
        reasons.append("the derivative is not finite")
    if np.isnan(result.spread[j]):
        reasons.append("the input is 0: 1 % of it is no spread")
    if np.isnan(result.elasticity[j]) and np.isfinite(result.derivative[j]):
        value = "the value" if result.value_is_zero else "the input"
        reasons.append(f"no elasticity: {value} is 0")
    if np.isnan(result.curvature_share[j]) and not np.isnan(result.effect[j]):
        reasons.append(f"curvature: {result.curvature.missing or 'not finite'}")
    return "; ".join(reasons)


# ---- findings ----


def findings_of(result: Influence) -> tuple[Finding, ...]:
    """What the reader must know, the most important first."""
    bad = not_finite(result)
    if bad:
        return (_broken(result, bad),)
    return tuple(_doubts(result))


def _broken(result: Influence, bad: list[int]) -> Finding:
    if not np.isfinite(result.value):
        what = f"The value of {result.function} is {result.value}"
    else:
        what = f"{_count(len(bad), 'derivative is', 'derivatives are')} not finite"
        what += f" ({_some(result, bad)})"
    return Finding(
        "not-finite", f"{what}: there is no ranking.",
        "ty.check(f, x) finds the cause and its line.", "error", _named(result, bad),
    )  # fmt: skip


def _doubts(result: Influence) -> Iterator[Finding]:
    if not np.nan_to_num(result.effect).any():
        yield _flat(result)
    yield from _nonlinear(result)
    if np.isnan(result.spread).any():
        where = np.flatnonzero(np.isnan(result.spread)).tolist()
        yield Finding(
            "no-scale", f"{_count(len(where), 'input is', 'inputs are')} 0 ({_some(result, where)})"
            ": 1 % of that is no spread, so that they have no effect and are ranked last.",
            "Give spread= one number, or an array or tree as the inputs.", "warning",
            _named(result, where),
        )  # fmt: skip
    yield from _not_bent(result)
    yield from _no_elasticity(result)


def _flat(result: Influence) -> Finding:
    if np.isnan(result.effect).all():
        message, step = "No input has a scale: ranked by the derivatives as they are.", ""
    else:
        message = "Every effect is zero: to first order no input moves the value here."
        step = "Move the point, or rank by the curvature: ty.hessian(f)(x).top()."
    return Finding("flat", message, step, "warning")


def _nonlinear(result: Influence) -> Iterator[Finding]:
    if not result.curvature.known:
        return
    leading = most_of(result)
    bent = leading[np.nan_to_num(result.curvature_share[leading]) > BENT]
    unseen = hidden(result)
    if not len(bent) and not len(unseen):
        return
    parts = []
    if len(bent):
        if len(leading) == 1:
            which = "the input that makes"
        elif len(bent) == len(leading):
            which = f"all {len(leading):,} inputs that make"
        else:
            which = f"{len(bent):,} of the {len(leading):,} inputs that make"
        have = "has" if len(bent) == 1 else "have"
        parts.append(
            f"{which} 95 % of the share ({_some(result, bent)}) {have} a curvature share "
            f"above {BENT}"
        )
    if len(unseen):
        move = "input of small derivative moves", "inputs of small derivative move"
        parts.append(
            f"{_count(len(unseen), *move)} the value by curvature ({_some(result, unseen)})"
        )
    probed = "" if not result.curvature.probes else f" ({result.curvature.method})"
    yield Finding(
        "nonlinear", f"{'; '.join(parts)}{probed}: over this spread the ranking need not hold.",
        "Give the spread that is meant, or rank at several points within it.", "warning",
        _named(result, [*bent, *unseen]),
    )  # fmt: skip


def _not_bent(result: Influence) -> Iterator[Finding]:
    curvature = result.curvature
    if not curvature.known:
        if curvature.missing != "it was not asked for":
            yield Finding("no-curvature", f"Whether the ranking holds is unknown: "
                          f"{curvature.missing}.", "", "warning")  # fmt: skip
        return
    where = np.flatnonzero(np.isnan(result.curvature_share) & ~np.isnan(result.effect)).tolist()
    if where:
        yield Finding(
            "no-curvature", f"The second derivative is not finite by {_some(result, where)}: "
            "whether the ranking holds there is unknown.",
            "ty.check(f, x) finds the cause.", "warning", _named(result, where),
        )  # fmt: skip


def _no_elasticity(result: Influence) -> Iterator[Finding]:
    if result.value_is_zero:
        yield Finding("no-elasticity", "The value is 0 within rounding: there is no relative "
                      "change of it.", "Read the effects.", "note")  # fmt: skip
        return
    zero = np.flatnonzero(result.point == 0.0).tolist()
    if zero and result.given is not None:  # else "no-scale" says it
        yield Finding("no-elasticity", f"{_count(len(zero), 'input is', 'inputs are')} 0 "
                      f"({_some(result, zero)}): there is no relative change of it.",
                      "", "note", _named(result, zero))  # fmt: skip


def _count(quantity: int, one: str, many: str) -> str:
    return f"{quantity:,} {one if quantity == 1 else many}"


def _some(result: Influence, where: Sequence[int] | np.ndarray) -> str:
    names = ", ".join(result.inputs.names([int(j) for j in where[:_NAMED]]))
    return names if len(where) <= _NAMED else f"{names} and {len(where) - _NAMED:,} more"


def _named(result: Influence, where: Sequence[int]) -> tuple[str, ...]:
    return tuple(result.inputs.names(where[:100]))


# ---- verdict ----


def status_of(result: Influence) -> str:
    """The verdict in one sentence."""
    bad = not_finite(result)
    if bad:
        return f"Not usable: {_broken(result, bad).message}"
    leading = most_of(result)
    if not len(leading):
        return f"No ranking: {_flat(result).message[0].lower()}{_flat(result).message[1:]}"
    first = int(leading[0])
    rest = ""
    if len(result) > 1:
        make = "makes" if len(leading) == 1 else "make"
        rest = f"; {len(leading):,} of {len(result):,} inputs {make} 95 %"
    return (
        f"{result.inputs.name(first)} moves {result.function} most, "
        f"{percent(float(result.share[first]))} of the first-order share{rest}. "
        f"{_trust(result, leading)}"
    )


def _trust(result: Influence, leading: np.ndarray) -> str:
    if not result.curvature.known:
        return "Whether the ranking holds over the spread is unknown."
    shares = result.curvature_share[leading]
    if np.isnan(shares).any():
        return "Whether the ranking holds over the spread is unknown for some."
    if any(f.name == "nonlinear" for f in result.findings):
        return "The ranking need not hold over the spread: the function bends too much."
    largest = np.ceil(100 * shares.max()) / 100  # never rounded down
    known = f"As far as {result.curvature.probes} probes tell, the" if (
        result.curvature.probes) else "The"  # fmt: skip
    return f"{known} ranking holds over the spread: curvature shares of at most {largest:.2g}."
