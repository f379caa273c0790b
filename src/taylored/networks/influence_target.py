"""What the chain-rule table differentiates: the loss of a row, or the prediction itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.classes import probabilities
from taylored.networks.insight import error_of, loss_of, require_one

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Target", "read_target"]


@dataclass(frozen=True, eq=False)
class Target:
    """A function of the outputs f (outputs,) of one member at one row.

    `what` says it in words; `symbol` is L for a loss and ŷ for a prediction. `value` and `slope`
    are in NumPy, `of_jax` is the same function in JAX.
    """

    what: str
    symbol: str
    value: Callable[[np.ndarray], float]
    slope: Callable[[np.ndarray], np.ndarray]
    of_jax: Callable[[Any], Any]


def read_target(net: Network, y: Any, output: Any, f: np.ndarray) -> Target:
    """The loss for the response y; without it the prediction of one output.

    Raises:
        ArgumentError: where it is not clear which output is meant.
    """
    if y is not None:
        return _loss(net, y)
    if net.task == "classification":
        return _probability(net, output, f)
    return _prediction(net, output)


def _loss(net: Network, y: Any) -> Target:
    t = net.response.encode(_as_table(y, len(net.response.names)))
    require_one(t, "y")
    loss = loss_of(net)

    def value(f: np.ndarray) -> float:
        return float(loss.rows(f[None, None], t[None])[0, 0])

    def slope(f: np.ndarray) -> np.ndarray:
        return loss.slope(f[None, None], t[None])[0, 0]

    def of_jax(f: Any) -> Any:
        import jax.numpy as jnp

        if net.task == "regression":  # as one reads it: one path through the square
            return (0.5 * (f - t[0]) ** 2).sum()
        return loss.rows(f[None, None], jnp.asarray(t)[None], jnp)[0, 0]

    return Target(error_of(net), "L", value, slope, of_jax)


def _as_table(y: Any, outputs: int) -> Any:
    """The response of one row as that of a table."""
    if hasattr(y, "columns") or isinstance(y, dict):
        return y
    if isinstance(y, str) or np.ndim(y) == 0:
        return [y]
    return [list(y)] if outputs > 1 and np.ndim(y) == 1 else y


def _prediction(net: Network, output: Any) -> Target:
    names = net.response.names
    if output is None and len(names) > 1:
        raise ArgumentError(
            f"The network has {len(names)} outputs.",
            next_step=f"give y, or output, one of {', '.join(names[:10])}.",
        )
    k = _position(0 if output is None else output, names)
    scale, center = float(net.response.scale[k]), float(net.response.center[k])
    slope = np.zeros(net.model.outputs)
    slope[k] = scale
    return Target(
        f"prediction of {names[k]}", "ŷ", lambda f: float(f[k]) * scale + center,
        lambda f: slope, lambda f: f[k] * scale + center,
    )  # fmt: skip


def _probability(net: Network, output: Any, f: np.ndarray) -> Target:
    """The probability that this member gives a class: by default the most probable."""
    classes = net.response.classes
    k = int(probabilities(f).argmax()) if output is None else _position(output, classes)
    sign, single = (1.0 if k else -1.0), len(f) == 1

    def slope(f: np.ndarray) -> np.ndarray:
        p = probabilities(f)
        if single:
            return np.array([sign * p[0] * p[1]])
        return p[k] * ((np.arange(len(p)) == k) - p)

    def of_jax(f: Any) -> Any:
        import jax

        return jax.nn.sigmoid(sign * f[0]) if single else jax.nn.softmax(f)[k]

    what = f"probability of {classes[k]} by this member"
    return Target(what, "p", lambda f: float(probabilities(f)[k]), slope, of_jax)


def _position(output: Any, names: Any) -> int:
    if output in names:
        return list(names).index(output)
    if isinstance(output, int) and not isinstance(output, bool) and 0 <= output < len(names):
        return output
    shown = ", ".join(str(n) for n in names[:10])
    raise ArgumentError(f"There is no output {output!r}.", next_step=f"give one of {shown}.")
