"""Estimators of scikit-learn: networks and curve fits whose predictions carry intervals."""

from taylored.errors import MissingExtraError

try:
    from sklearn.utils.validation import validate_data  # noqa: F401  (new in 1.6)
except ImportError:
    raise MissingExtraError(
        "taylored.sklearn needs scikit-learn 1.6 or later, which is not installed.",
        next_step='pip install "taylored[sklearn]"',
    ) from None

from taylored.sklearn.curve import CurveFitRegressor
from taylored.sklearn.network import NetworkClassifier, NetworkRegressor
from taylored.sklearn.rows import FitWarning

__all__ = ["CurveFitRegressor", "FitWarning", "NetworkClassifier", "NetworkRegressor"]
