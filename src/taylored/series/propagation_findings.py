"""What the reader of a propagated uncertainty must know, and reasons for giving none."""

from __future__ import annotations

import math

import numpy as np

from taylored.results import Finding
from taylored.series.agreement import CONFLICT, Agreed
from taylored.series.sampling import Sample
from taylored.series.smoothness import REACH, Smoothness
from taylored.series.standardized import Standardized
from taylored.series.tails import Tails

__all__ = ["lost", "no_spread", "not_settled", "not_within_reach", "notes", "tail_refusal"]
__all__ += ["undefined_at_mean"]

_MOST_FAR = 0.05  # of the variance, beyond 5 standard deviations
_MOST_DOMINANCE = 0.3  # of the sum of squares of some ten thousand points, by one of them
_MOST_ERROR = 0.5  # of the standard deviation
_CURVED = 0.05  # of the standard deviation, by which linearization is off
_HOPELESS = 10.0  # of the standard deviation
_SHOWN = 3
_STEP = "There is no mean over these: give a smaller spread, or a function defined there."


def _refusal(name: str, message: str, step: str) -> Finding:
    return Finding(name, message, step, "error")


def undefined_at_mean(of: Standardized) -> Finding:
    return _refusal(
        "undefined-at-mean", f"{of.target.describe} is {of.value.flat[0]:g} at the mean itself."
        if of.value.size == 1 else f"{of.target.describe} is not finite at the mean itself.",
        "Check the mean, and units.",
    )  # fmt: skip


def no_spread() -> Finding:
    return Finding("no-spread", "no input has a spread, so the output has none.", "", "note")


def not_within_reach(of: Standardized, far: Tails) -> Finding | None:
    """Places within 6 standard deviations where f is not defined, or has a pole."""
    if far.undefined is not None:
        return _refusal(
            "undefined-within-reach",
            f"{of.target.describe} is not finite from {_place(of, far.undefined)} on, which "
            f"happens with a probability of about {_chance(far.undefined)}.",
            _STEP,
        )
    if far.pole is not None and _distance(far.pole) <= REACH:
        return _refusal(
            "pole-within-reach",
            f"{of.target.describe} grows without bound toward {_place(of, far.pole)}, "
            f"{_distance(far.pole):.2g} standard deviations from the mean: it has no "
            "mean and no standard deviation.",
            "Give a smaller spread, or ask for quantiles, which exist.",
        )
    return None


def _distance(z: np.ndarray) -> float:
    return float(np.linalg.norm(z))


def _chance(z: np.ndarray) -> str:
    """How often a normal number lies as far out, on one side."""
    return f"{0.5 * math.erfc(_distance(z) / math.sqrt(2)):.1g}"


def _place(of: Standardized, z: np.ndarray) -> str:
    """A place in terms of the inputs that are farthest from their mean."""
    step = of.spread.steps(z)
    std = np.where(of.spread.std > 0, of.spread.std, 1.0)
    far = np.abs(step) / std
    chosen = [k for k in np.argsort(-far, kind="stable")[:_SHOWN] if far[k] > 0.05 * far.max()]
    unit = 10.0 ** np.floor(np.log10(std) - 2)
    x = np.round((of.mean + step) / unit) * unit + 0.0
    shown = ", ".join(f"{of.target.names[k]} = {x[k]:.6g}" for k in chosen)
    return shown + (", ..." if np.sum(far > 0.05 * far.max()) > _SHOWN else "")


def lost(of: Standardized, sample: Sample) -> Finding:
    """Points at which f is not finite."""
    return _refusal(
        "undefined-within-reach",
        f"{of.target.describe} is not finite at {sample.lost:,} of {sample.points:,} points.",
        _STEP,
    )


def tail_refusal(of: Standardized, far: Tails, sample: Sample, found: Agreed) -> Finding | None:
    """Whether few, far points decide."""
    variance = found.std**2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = float(np.nanmax(np.where(far.far > 0, far.far / variance, 0.0), initial=0.0))
        unseen = np.where(far.unseen > 0, far.unseen / variance, 0.0)
    if np.any(far.growing & (unseen > 1e-6)):
        return _refusal(
            "no-moments", "the square of f grows faster outward than the normal density falls: it "
            "has no standard deviation.", "Give a smaller spread, or ask for quantiles.",
        )  # fmt: skip
    if np.any(found.std_error > np.maximum(_HOPELESS * found.std, 8 * of.noise)):
        return None  # shares of a variance that is not known say nothing
    if share > _MOST_FAR:
        return _refusal(
            "far-tails", f"{min(share, 1.0):.0%} of the variance lies more than 5 standard "
            "deviations out, where that inputs are normal is an assumption.",
            "Give a smaller spread, or propagate through log(f).",
        )  # fmt: skip
    dominance = float(np.max(sample.dominance, initial=0.0))
    if dominance > _MOST_DOMINANCE:
        return _refusal(
            "few-points-decide", f"one of {sample.points:,} points has {dominance:.0%} of the "
            "sum of squares.", "Give a smaller spread, or ask for quantiles.",
        )  # fmt: skip
    return None


def not_settled(of: Standardized, found: Agreed) -> Finding | None:
    """Whether the error is as large as the number."""
    noise = 8 * of.noise
    bad = ~(found.std_error <= np.maximum(_MOST_ERROR * found.std, noise))
    if not np.any(bad):
        return None
    level = 1e3 * of.noise[bad]
    if np.all((found.std[bad] <= level) & (found.std_error[bad] <= level)):
        return _refusal(
            "below-rounding", "the spread moves f by less than its rounding.",
            "Subtract the mean before f is computed, or write f without cancellation.",
        )  # fmt: skip
    return _refusal(
        "not-settled", "the estimates of the standard deviation differ by more than half of it.",
        "Give a smaller spread, or fewer inputs at a time.",
    )  # fmt: skip


def notes(
    of: Standardized, smooth: Smoothness, found: Agreed, far: Tails, tail: float
) -> list[Finding]:
    """Findings of an answer that is given."""
    made: list[Finding] = []
    if np.any(found.std_error > _MOST_ERROR * found.std):
        made.append(
            Finding(
                "below-rounding",
                "the standard deviation cannot be told from rounding; its error bounds it.",
                "Write f without cancellation to know more.",
            )
        )
    if found.conflict > CONFLICT:
        made.append(
            Finding(
                "methods-disagree",
                f"estimates differ by {found.conflict:.2g} standard "
                "deviations more than their errors allow; the error covers the difference.",
                "Take the numbers with care.",
            )
        )
    made += _linearization(of, found)
    if smooth.broken:
        first = smooth.of_kind("kink", "jump", "branch")[0]
        where = f" ({first.source})" if first.source else ""
        made.append(
            Finding(
                "not-smooth",
                f"within reach {first.primitive}{where} is, or may be, not smooth: "
                f"{first.reason}. The answer rests on points alone.",
                "",
                "note",
            )
        )
    if far.pole is not None:
        made.append(
            Finding(
                "pole-far-out",
                f"f grows without bound toward {_place(of, far.pole)}, {_distance(far.pole):.2g} "
                "standard deviations from the mean: the numbers hold if that does not happen.",
                "",
                "note",
            )
        )
    if tail > 0:
        made.append(
            Finding(
                "tails-count",
                f"{tail:.1%} of the variance lies where a sample of a million "
                "hardly reaches; the error covers it.",
                "",
                "note",
            )
        )
    return made


def _linearization(of: Standardized, found: Agreed) -> list[Finding]:
    """Whether first order is off by much."""
    if of.slopes is None:
        return [Finding("no-gradient", "f has no derivative at the mean: there is no first order.",
                        "", "note")]  # fmt: skip
    first = np.linalg.norm(of.slopes, axis=1)
    sure = found.std > 8 * of.noise
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.where(
            sure, np.maximum(np.abs(first - found.std), np.abs(found.bias)) / found.std, 0
        )
    worst = float(np.max(off, initial=0.0))
    if not worst > _CURVED:
        return []
    return [
        Finding(
            "nonlinear",
            f"linearization is off by {worst:.0%} of the standard deviation.",
            "Use mean and std, not value and first_order_std.",
        )
    ]
