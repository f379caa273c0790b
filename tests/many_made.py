"""Many fits that no fitting has made: estimates, errors and verdicts as the test wants them."""

from __future__ import annotations

import numpy as np

from taylored.many.block import Block
from taylored.many.plan import make_plan
from taylored.many.result import ManyFits
from taylored.many.status import NAMES

__all__ = ["made"]


def made(shape, status="ok", *, model="y ~ a*exp(-t/tau)", tau=None, error=None, **more):
    """Fits of a shape: `status` a name, or one per fit; tau from 50 to 100, errors 2 %."""
    given = (None, None, more.pop("fixed", None))
    sigma = more.pop("sigma", None)
    plan = make_plan(model, {"t": np.arange(8.0)}, 8, parameters=given, sigma=sigma)
    fits = int(np.prod(shape))
    block = Block.empty(len(plan.names), fits)
    row = plan.names.index("tau")
    block.theta[:] = np.linspace(1.0, 2.0, fits)
    block.theta[row] = np.linspace(50.0, 100.0, fits) if tau is None else np.ravel(tau)
    block.stderr[:] = 0.02 * np.abs(block.theta) if error is None else np.ravel(error)
    for k in range(len(plan.names)):
        if k not in plan.params.free:
            block.stderr[k] = 0.0
    block.chi2[:], block.dof[:], block.points[:] = 6.0, 6, 8
    names = [status] * fits if isinstance(status, str) else list(status)
    block.status[:] = [NAMES.index(name) for name in names]
    lost = block.status > NAMES.index("rank-deficient")
    block.theta[:, lost] = block.stderr[:, lost] = np.nan
    return ManyFits(plan, block, tuple(shape), **more)
