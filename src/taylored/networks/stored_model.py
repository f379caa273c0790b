"""The model of a saved network: widths and activation, or what a user's function needs.

Functions are not saved. Of a user's function the file keeps the form of its parameters, so that
`load(path, model=f)` needs no more where these are dicts, lists and tuples of arrays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from taylored.errors import SavedFitError, TayloredError
from taylored.networks.archive import Archive, damaged
from taylored.networks.model import Model, Perceptron, perceptron
from taylored.networks.tables import Encoder, Response
from taylored.networks.user_model import UserModel, user_model

__all__ = ["hidden_of", "model_arrays", "model_document", "read_model", "widths_of"]


def widths_of(encoder: Encoder, response: Response) -> tuple[int, int]:
    """How many features and outputs the network of these has."""
    if response.kind != "classification":
        return len(encoder.features), len(response.names)
    count = len(response.classes)
    return len(encoder.features), 1 if count == 2 else count


# ---- out --------------------------------------------------------------------------------------


def model_document(model: Model) -> dict[str, Any]:
    """Plain values for JSON."""
    if isinstance(model, Perceptron):
        return {
            "kind": "perceptron", "hidden": list(model.hidden), "activation": model.activation.name
        }  # fmt: skip
    assert isinstance(model, UserModel)
    tree = model.tree
    return {
        "kind": "function",
        "name": model.name,
        "regularized": model.regularized,
        "tree": _skeleton(tree) if len(tree.places) == len(tree.values) else None,
        "shapes": [list(leaf.shape) for leaf in tree.leaves],
    }


def model_arrays(model: Model) -> dict[str, np.ndarray]:
    """The start and the units of a user's parameters."""
    if not isinstance(model, UserModel):
        return {}
    return {"start": model.tree.start, "scale": model.tree.scale}


def _skeleton(tree: Any) -> Any:
    """The tree with the numbers of its leaves, as JSON; None where it has other nodes."""
    import jax

    numbered = jax.tree_util.tree_unflatten(tree.structure, range(len(tree.values)))
    try:
        return _plain(numbered)
    except TypeError:
        return None


def _plain(node: Any) -> Any:
    if type(node) is int:
        return node
    if type(node) is dict and all(type(key) is str for key in node):
        return {"dict": {key: _plain(value) for key, value in node.items()}}
    if type(node) in (list, tuple):
        return {type(node).__name__: [_plain(value) for value in node]}
    raise TypeError


# ---- in ---------------------------------------------------------------------------------------


def read_model(archive: Archive, widths: tuple[int, int], given: Any, params: Any) -> Model:
    """The model of a saved network; `given` is the user's function, `params` its parameters.

    Raises:
        SavedFitError: where the file is damaged, or the function does not fit it.
    """
    document = archive.document["model"]
    kind = document["kind"]
    if kind == "perceptron":
        if given is not None or params is not None:
            raise SavedFitError(
                "The saved network has layers of its own, and no function was trained.",
                next_step="load it without model and params.",
            )
        hidden = hidden_of(document, archive.arrays["theta"])
        return perceptron(widths[0], hidden, widths[1], document["activation"])
    if kind != "function" or not isinstance(document["regularized"], bool):
        raise damaged("its model is of no known kind")
    if given is None:
        raise SavedFitError(
            f"The saved network is of the function {str(document['name'])[:60]!r}, and functions "
            "are not saved.",
            next_step="give it: load(path, model=f).",
        )
    return _given_model(archive, widths, given, params)


def hidden_of(document: dict[str, Any], theta: np.ndarray) -> list[int]:
    """The widths of the hidden layers, which cannot be more than the parameters (members, size)."""
    hidden = document["hidden"]
    few = isinstance(hidden, list) and len(hidden) <= theta.shape[-1]
    whole = few and all(type(h) is int and h >= 1 for h in hidden)
    if not whole or not isinstance(document["activation"], str):
        raise damaged("its layers have no widths")
    return hidden


def _given_model(archive: Archive, widths: tuple[int, int], given: Any, params: Any) -> UserModel:
    """The user's function, with its parameters in the units in which they were trained."""
    document = archive.document["model"]
    start = archive.array("model.start", (None,))
    scale = archive.array("model.scale", start.shape)
    if not (scale > 0).all():
        raise damaged("a unit of its parameters is not positive")
    leaves = _leaves(start * scale, document["shapes"])
    if params is None and document["tree"] is not None:
        params = _tree(document["tree"], leaves)
    try:
        made = user_model(given, params, widths[0], regularized=document["regularized"])
    except TayloredError as error:
        raise _other_model(f"{error.what} {error.why}".strip(), params) from error
    shapes = [leaf.shape for leaf in made.tree.leaves]
    # Of two classes a function may have one logit or two.
    outputs = widths[1], len(archive.document["response"]["classes"]) or widths[1]
    if shapes != [leaf.shape for leaf in leaves] or made.outputs not in outputs:
        raise _other_model(f"it has {made.size} parameters and {made.outputs} outputs.", params)
    values = list(made.tree.values)
    for place, leaf in zip(made.tree.places, leaves, strict=True):
        values[place] = leaf
    tree = replace(made.tree, scale=scale, values=tuple(values))
    return replace(made, tree=tree, _compiled={})


def _leaves(values: np.ndarray, shapes: Any) -> list[np.ndarray]:
    found, place = [], 0
    for shape in shapes:
        if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
            raise damaged("its parameters have no shapes")
        size = int(np.prod(shape, dtype=float))
        found.append(values[place : place + size].reshape(shape))
        place += size
    if place != len(values):
        raise damaged("its parameters have other shapes")
    return found


def _tree(node: Any, leaves: list[np.ndarray]) -> Any:
    if isinstance(node, int):
        return leaves[node]
    kind, inner = next(iter(node.items()))
    if kind == "dict":
        return {str(key): _tree(value, leaves) for key, value in inner.items()}
    if kind not in ("list", "tuple") or not isinstance(inner, list):
        raise damaged("its parameters are no tree")
    found = [_tree(value, leaves) for value in inner]
    return found if kind == "list" else tuple(found)


def _other_model(why: str, params: Any) -> SavedFitError:
    step = "give the function, or the module, that was trained"
    if params is None:
        step += ", and its parameters as they were: load(path, model=f, params=p)"
    return SavedFitError(
        "The model that was given is not the one of the saved network.",
        why=why[:300], next_step=f"{step}.",
    )  # fmt: skip
