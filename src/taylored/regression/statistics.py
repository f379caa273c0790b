"""The few distributions that a fit needs, from scipy.special (scipy.stats costs half a second)."""

from __future__ import annotations

import numpy as np

__all__ = ["chi2_p_value", "normality_p_value", "runs_p_value", "two_sided_quantile"]


def two_sided_quantile(level: float, dof: float) -> float:
    """The q with P(|T| <= q) = level for Student's t; the normal law where dof is infinite."""
    from scipy.special import ndtri, stdtrit

    upper = 0.5 + 0.5 * level
    if np.isinf(dof):
        return float(ndtri(upper))
    return float(stdtrit(dof, upper)) if dof > 0 else np.inf


def chi2_p_value(chi2: float, dof: int) -> float:
    """The probability of a larger chi-squared by chance."""
    from scipy.special import gammaincc

    return float(gammaincc(0.5 * dof, 0.5 * chi2)) if dof > 0 else np.nan


def runs_p_value(signs: np.ndarray) -> float:
    """The probability of as few or as many runs of signs by chance (Wald and Wolfowitz 1940)."""
    from scipy.special import ndtr

    signs = np.asarray(signs, bool)
    above, below = int(signs.sum()), int((~signs).sum())
    if min(above, below) < 4:
        return np.nan
    total = above + below
    mean = 1.0 + 2.0 * above * below / total
    variance = (mean - 1.0) * (mean - 2.0) / (total - 1.0)
    runs = 1 + int((signs[1:] != signs[:-1]).sum())
    distance = max(abs(runs - mean) - 0.5, 0.0) / np.sqrt(variance)
    return float(2.0 * ndtr(-distance))


def normality_p_value(residuals: np.ndarray) -> float:
    """Shapiro and Wilk's test: small where the residuals do not look normal; nan below 8 points."""
    if len(residuals) < 8 or np.ptp(residuals) == 0:
        return np.nan
    from scipy.stats import shapiro

    # The test is tabulated to 5000 points; evenly spaced ranks keep the shape of more.
    ordered = np.sort(residuals / np.abs(residuals).max())
    if len(ordered) > 5000:
        ordered = ordered[np.linspace(0, len(ordered) - 1, 5000).round().astype(int)]
    return float(shapiro(ordered).pvalue)
