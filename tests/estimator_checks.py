"""The checks of scikit-learn, as a list of those that failed."""

import warnings

from sklearn.utils.estimator_checks import check_estimator

from taylored.sklearn import FitWarning

__all__ = ["failures"]


def failures(estimator):
    """Names and exceptions of the checks that an estimator has failed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        found = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(found) > 50
    return [(f["check_name"], f["exception"]) for f in found if f["status"] == "failed"]
