"""Points in the order of x, and every fit's own x in units of its own range.

Neighbors in the data are to be neighbors in x, as residuals of neighbors are compared; and what is
found for a fit may depend on its own x alone, not on that of another one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taylored.many.block import Batch
from taylored.many.plan import Plan

__all__ = ["in_order", "in_units"]


def in_order(plan: Plan, batch: Batch) -> tuple[Plan, Batch]:
    """The same with the points of every fit in ascending order of their only column."""
    if len(plan.columns) != 1 or plan.traces.uses_data:
        return plan, batch
    if 0 in batch.columns:
        return plan, _each_in_order(batch)
    if (np.diff(plan.columns[0]) >= 0).all():
        return plan, batch
    order = np.argsort(plan.columns[0], kind="stable")
    sigma = None if plan.sigma is None else plan.sigma[order]
    sorted_plan = replace(plan, columns=(plan.columns[0][order],), sigma=sigma)
    return sorted_plan, _taken(batch, lambda values: values[:, order])


def _each_in_order(batch: Batch) -> Batch:
    x = batch.columns[0]
    if (np.diff(x, axis=1) >= 0).all():
        return batch
    order = np.argsort(x, axis=1, kind="stable")
    return _taken(batch, lambda values: np.take_along_axis(values, order, axis=1))


def _taken(batch: Batch, take) -> Batch:
    columns = {place: take(values) for place, values in batch.columns.items()}
    return Batch(
        take(batch.y), None if batch.sigma is None else take(batch.sigma),
        None if batch.used is None else take(batch.used), columns, batch.start,
    )  # fmt: skip


def in_units(plan: Plan, batch: Batch) -> Plan:
    """The plan with columns from 0 to 1 in place of those that each fit has of its own."""
    if not batch.columns:
        return plan
    unit = np.linspace(0.0, 1.0, plan.points)
    columns = tuple(unit if k in batch.columns else c for k, c in enumerate(plan.columns))
    return replace(plan, columns=columns)
