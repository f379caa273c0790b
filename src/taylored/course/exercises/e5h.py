"""5H: read chi-squared and p."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Match, Parameters, Wrong

__all__ = ["EXERCISE"]

_WORDS = {"good": "fine", "large": "too large", "small": "too small", "blind": "no test"}
_BEFORE, _AFTER = "known beforehand", "taken from the residuals"


def _upper(chi2: float, half: int) -> float:
    """The chance of a larger chi-squared, for 2*half degrees of freedom."""
    u, term, total = 0.5 * chi2, 1.0, 1.0
    for k in range(1, half):
        term *= u / k
        total += term
    return math.exp(-u) * total


def _fit(kind: str, rng: Random) -> tuple[int, int, float, str, str]:
    """Points, parameters, chi-squared, p as text, and where the sigmas come from."""
    params, half = rng.choice([2, 3, 4]), rng.randint(6, 15)
    dof = 2 * half
    if kind == "blind":
        return dof + params, params, float(dof), "none", _AFTER
    share = {"good": (0.85, 1.25), "large": (2.4, 3.1), "small": (0.15, 0.25)}[kind]
    chi2 = round(dof * rng.uniform(*share), 1)
    return dof + params, params, chi2, _written(_upper(chi2, half)), _BEFORE


def _written(p: float) -> str:
    if p > 0.99:
        return f"{math.floor(p * 1e4) / 1e4:.4f}"
    return f"{p:.2g}" if p < 0.01 else f"{p:.2f}"


def _parameters(rng: Random) -> dict[str, Any]:
    kinds = ["good", "large", "small", "blind"]
    rng.shuffle(kinds)
    found: dict[str, Any] = {"kinds": tuple(kinds)}
    for i, kind in enumerate(kinds, start=1):
        values = _fit(kind, rng)
        found[f"kinds{i}"] = _WORDS[kind]
        found |= {f"{n}{i}": v for n, v in zip(("n", "k", "chi", "p", "from"), values, strict=True)}
    return found


def _said(kind: str, *answers: str) -> Callable[[Parameters, list[Case], list[Any]], bool]:
    """For `Wrong.when`: the fit of this kind got one of these answers."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        return outputs[0][p.kinds.index(kind)] in answers

    return when


def _too_blind(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """A fit with known sigmas is said to tell nothing."""
    return any(
        said == "blind" and kind != "blind"
        for said, kind in zip(outputs[0], p.kinds, strict=True)
    )  # fmt: skip


def _reversed(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Too large and too small are exchanged."""
    said = dict(zip(p.kinds, outputs[0], strict=True))
    return said["large"] == "small" or said["small"] == "large"


EXERCISE = Exercise(
    id="5H",
    title="Read chi-squared and p",
    answer=Match(
        left=(("P", "fit P"), ("Q", "fit Q"), ("R", "fit R"), ("S", "fit S")),
        right=(
            ("good", "nothing speaks against the model and the sigmas"),
            ("large", "the misses are too large: model or sigmas are wrong"),
            ("small", "the misses are too small: the sigmas are probably too large"),
            ("blind", "chi-squared can tell nothing here"),
            ("proved", "the model is proved to be right"),
        ),
    ),
    parameters=_parameters,
    right=lambda p: p.kinds,
    wrong=[
        Wrong(
            name="Too large and too small are exchanged",
            when=_reversed,
            hint="You have mixed up the two sides. Chi-squared adds up misses, each divided by "
            "its sigma. Large misses, or sigmas that are stated too small, make it large; "
            "small misses, or sigmas that are stated too large, make it small, because sigma "
            "stands below the fraction line. The p goes the other way: it is the chance of "
            "an even larger value, so a very large chi-squared leaves hardly any room above "
            "it and has a tiny p, while a very small one leaves nearly everything above it. "
            "Write the degrees of freedom next to each chi-squared first, and compare the "
            "two numbers before you look at p.",
        ),
        Wrong(
            name="A tiny p is taken for a good sign",
            when=_said("large", "good", "proved"),
            hint="One of the fits has a p far below 0.01, and you have let it pass. In some tests "
            "a small p is what one hopes for, because it speaks for an effect. Here p is the "
            "chance that misses as large as these come about when model and sigmas are "
            "right. If this chance is one in a thousand or less, it is hard to believe that "
            "everything is right. Compare its chi-squared with the degrees of freedom, that "
            "is points minus parameters: it should be about the same number, and it is two "
            "or three times as large. What are the usual suspects in such a case?",
        ),
        Wrong(
            name="The smaller chi-squared, the better the fit",
            when=_said("small", "good", "proved"),
            hint="One of the fits has a chi-squared much smaller than its degrees of freedom, and "
            "you have called it good. Among models for the same data a smaller chi-squared "
            "is better, but on its own a value can also be too small. Honest errors of the "
            "size of sigma make every point contribute about 1. If the points contribute "
            "only a fifth of that each, they lie closer to the curve than their error bars "
            "say they should, all of them at once. That does not happen by chance; p shows "
            "it by being almost 1. What does it say about the sigmas that were stated?",
        ),
        Wrong(
            name="One by construction is taken for a result",
            when=_said("blind", "good", "proved"),
            hint="For one of the fits the sigmas were taken from the residuals. Look at its "
            "chi-squared: it equals the degrees of freedom exactly, so the reduced value is "
            "exactly 1. It cannot be otherwise, since sigma was set to the value that makes "
            "it so. Take a circle, fit a straight line to it, and choose sigma afterwards: "
            "chi-squared will be just as perfect. To test a model one needs to know "
            "beforehand how large the errors are. Without that, what is left is to look at "
            "the residuals for a pattern. Which of the answers says this?",
        ),
        Wrong(
            name="By construction, not too large or too small",
            when=_said("blind", "large", "small"),
            hint="For one of the fits you read something out of its chi-squared, but its sigmas "
            "were taken from the residuals themselves. Whatever the residuals are, small or "
            "large, sigma follows them, and chi-squared comes out equal to the degrees of "
            "freedom. There is no p in the table for that reason. So the number is neither "
            "too large nor too small; it was made. A thermometer that is set to the right "
            "temperature by looking at another one cannot be used to check that other one. "
            "Find the fit in the table by the last column, and choose the answer that fits "
            "this situation.",
        ),
        Wrong(
            name="A good p is taken for a proof",
            when=_said("good", "proved"),
            hint="One of the fits has a chi-squared near its degrees of freedom and a p somewhere "
            "in the middle. That is what a right model with right sigmas would give, so "
            "there is no reason to object. But it is no proof. A slightly different model "
            "would have given nearly the same chi-squared, and sigmas stated too large can "
            "hide a wrong model altogether. The p is a chance computed under the assumption "
            "that the model is right, and so it cannot be the chance that the model is "
            "right. Data can speak against a model, or fail to; what do they do here?",
        ),
        Wrong(
            name="Chi-squared is compared with 1 instead of its freedom",
            when=_said("good", "large"),
            hint="You have called a fit too bad whose chi-squared looks large only because there "
            "are many points. Each point adds about 1 when all is well, so with 25 points a "
            "value near 25 is right. First subtract the parameters from the points; then "
            "divide chi-squared by the result. It is this reduced value that should be near "
            "1, with a scatter of the root of two over the degrees of freedom: for 20 of "
            "them about 0.3. And look at p, which takes all of this into account: values "
            "such as 0.2 or 0.6 are quite ordinary, since p is spread evenly between 0 and 1 "
            "when all is well.",
        ),
        Wrong(
            name="A p in the middle is taken for too small misses",
            when=_said("good", "small"),
            hint="One of the fits has an ordinary chi-squared, near its degrees of freedom, and "
            "you have called its misses too small. When all is well, p may be anything "
            "between 0 and 1, and 0.3 or 0.7 are as likely as 0.5. Only values very near to "
            "1, such as 0.999, say that hardly any chance fit would come so close to the "
            "points. Subtract the parameters from the points and compare with chi-squared: "
            "do the two differ by much more than the root of twice the degrees of freedom? "
            "If not, there is no reason to object to the sigmas, neither upward nor downward.",
        ),
        Wrong(
            name="Known sigmas do tell something",
            when=_too_blind,
            hint="You say of a fit that its chi-squared can tell nothing, although its sigmas "
            "were known beforehand. That is the very situation in which it tells a lot: the "
            "sigmas come from elsewhere, so the misses can be compared with what they should "
            "be. Chi-squared is uninformative only if it comes out as it does by "
            "construction, because sigma was taken from the residuals, or because there are "
            "as many parameters as points. Look at the last column of the table for the fit "
            "where that is so. For the others compare chi-squared with points minus "
            "parameters, and look at p.",
        ),
    ],
    again="For each fit take points minus parameters. Chi-squared should be near that. A p below "
    "0.01 or above 0.99 is suspicious, and sigmas taken from the residuals make the test "
    "empty.",
    worked="Take points minus parameters, the degrees of freedom, and compare with $\\chi^2$. Two "
    "or three times as large, with a tiny p: model or sigmas are wrong. A fifth of it, "
    "with p almost 1: the sigmas are too large. About equal, with p in the middle: nothing "
    "speaks against the fit, which is no proof. Exactly equal because the sigmas were "
    "taken from the residuals: no test at all. Here fit P is *<<kinds1>>*, Q *<<kinds2>>*, "
    "R *<<kinds3>>*, S *<<kinds4>>*.",
)
