"""`load`: read whatever `save` has written, a fit or a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taylored.errors import ArgumentError
from taylored.files import as_path

if TYPE_CHECKING:
    from taylored.networks.result import Network
    from taylored.regression.result import Fit

__all__ = ["load"]


def load(path: str | Path, model: Callable | None = None, params: Any = None) -> Fit | Network:
    """Read a saved fit or network. Nothing in the file is ever run.

    Args:
        path: a file written by `Fit.save` or `Network.save`.
        model: the function that was fitted or trained, where it was one: functions are not saved.
        params: parameters of that form, where a network's were no dicts, lists or tuples of arrays.

    Returns:
        Fit: with everything computed anew from the formula, the data and the estimates;
        Network: with the same predictions to the last bit.

    Raises:
        ArgumentError: where `path` is none.
        SavedFitError: where the file was not written by `save`, is damaged, or contradicts itself.

    Example:
        >>> import tempfile, numpy as np, taylored as ty
        >>> net = ty.train(np.arange(20.0), np.arange(20.0) ** 2, members=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.save(f"{folder}/square.safetensors")
        ...     again = ty.load(f"{folder}/square.safetensors")
        >>> bool(again.predict([3.5]).value == net.predict([3.5]).value)
        True
    """
    path = as_path(path)
    if _is_network(path):
        from taylored.networks.store import load as load_network

        return load_network(path, model, params)
    if params is not None:
        raise ArgumentError(
            "A fit takes no params.", next_step="load it with model=f alone, or without."
        )
    from taylored.regression.store import load as load_fit

    return load_fit(path, model)


def _is_network(path: Path) -> bool:
    """By its content: safetensors begin with a length of 8 bytes and an object of JSON."""
    named = path.suffix == ".safetensors"
    try:
        if not path.is_file():
            return named
        with path.open("rb") as file:
            start = file.read(9)
    except (OSError, ValueError):
        return named
    return named or (start[4:8] == bytes(4) and start[8:] == b"{")
