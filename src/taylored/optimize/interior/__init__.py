"""Interior point: nonlinear programs with equations, inequalities and bounds, dense or sparse."""

from __future__ import annotations

from taylored.optimize.interior.start import solve

__all__ = ["solve"]
