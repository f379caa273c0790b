"""Baselines: cheap, closed or convex models that every network is scored beside."""

from taylored.networks.baselines.baseline import Baseline as Baseline
from taylored.networks.baselines.compare import classification_baselines as classification_baselines
from taylored.networks.baselines.compare import regression_baselines as regression_baselines
from taylored.networks.baselines.scores import log_losses as log_losses
from taylored.networks.baselines.scores import paired_difference as paired_difference
from taylored.networks.baselines.scores import root_mean_square as root_mean_square
from taylored.networks.baselines.scores import squared_losses as squared_losses

__all__ = [
    "Baseline",
    "classification_baselines",
    "log_losses",
    "paired_difference",
    "regression_baselines",
    "root_mean_square",
    "squared_losses",
]
