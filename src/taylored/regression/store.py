"""Save a fit as versioned JSON, and read it back without trusting the file.

A saved fit holds the formula as text, the data and the estimates. Loading parses the formula by
our own grammar, evaluates it at the stored estimates and computes everything else anew: numbers
that do not belong together are refused, and nothing in the file is ever run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import SavedFitError, TayloredError
from taylored.files import as_path, read_whole, write_whole
from taylored.formula import parse
from taylored.optimize.least_squares import Arithmetic, Solution, finish
from taylored.optimize.point import evaluate
from taylored.regression.data import Apart
from taylored.regression.given import InOrder
from taylored.regression.options import Options
from taylored.regression.precision import sharpen
from taylored.regression.setup import Setup, set_up

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["FORMAT", "load", "save"]

FORMAT = "taylored-fit"
VERSION = 1
_LARGEST = 1 << 30  # bytes of a saved fit that are read


def save(fit: Fit, path: str | Path) -> None:
    """Write a fit; the file appears whole or not at all."""
    setup = fit.setup
    formula = setup.formula
    params, columns = setup.params, setup.columns.values
    document = {
        "format": FORMAT,
        "version": VERSION,
        "line": type(fit).__name__ == "LineFit",
        "formula": None if formula is None else formula.text,
        "model": setup.model.describe,
        "columns": {n: _list(v) for n, v in columns.items() if not isinstance(n, Apart)},
        "inputs": list(setup.model.columns),
        "stacked": setup.model.stacked,
        "turned": setup.turned,
        "response": setup.response,
        "y": _list(setup.y) if Apart.RESPONSE in columns else None,
        "sigma": None if setup.sigma is None else _list(setup.sigma),
        "params": fit.params,
        "start": {n: v for n, v in zip(setup.names, params.start.tolist(), strict=True) if v == v},
        "bounds": {
            n: [_open(lo), _open(hi)]
            for n, lo, hi in zip(setup.names, params.lower, params.upper, strict=True)
            if np.isfinite(lo) or np.isfinite(hi)
        },
        "fixed": {n: v for n, v in zip(setup.names, params.values, strict=True) if v == v},
        "options": {
            "absolute_sigma": setup.options.absolute_sigma,
            "seed": setup.options.seed,
            "search": setup.options.search,
        },
        "automatic": fit.automatic,
        "algorithm": fit.solution.algorithm,
        "results": fit.to_dict(),
    }
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    write_whole(as_path(path), text.encode())


def _list(values: np.ndarray) -> list[float]:
    return values.tolist()


def _open(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def load(path: str | Path, model: Callable | None = None) -> Fit:
    """Read a saved fit.

    Args:
        path: a file written by `Fit.save`.
        model: the function that was fitted, where it was one: functions are not saved.

    Returns:
        Fit: with everything computed anew from the formula, the data and the estimates.

    Raises:
        SavedFitError: where the file is not a saved fit, is damaged, or does not agree with itself.
    """
    document = _document(as_path(path))
    try:
        return _restored(document, model, str(path))
    except SavedFitError:
        raise
    except TayloredError as error:
        raise _damaged(str(path), str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        raise _damaged(str(path), f"{type(error).__name__}: {error}") from error


def _document(path: Path) -> dict[str, Any]:
    data = read_whole(path, _LARGEST)
    try:
        document = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError, MemoryError) as error:
        raise _damaged(str(path), f"it is not JSON: {str(error)[:80]}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _damaged(str(path), "it was not written by taylored's save")
    if document.get("version") != VERSION:
        raise SavedFitError(
            f"The saved fit {path} has the format version {document.get('version')!r}.",
            why=f"this taylored reads version {VERSION}",
            next_step="fit the data again, or use the taylored that wrote it.",
        )
    return document


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _damaged(path: str, why: str) -> SavedFitError:
    return SavedFitError(
        f"{path} is not a saved fit or network, or is damaged.",
        why=why,
        next_step="save the fit again.",
    )


def _restored(document: dict[str, Any], model: Callable | None, path: str) -> Fit:
    from taylored.regression.line_fit import LineFit
    from taylored.regression.result import Cost, Fit

    formula = document["formula"]
    if formula is None and model is None:
        raise SavedFitError(
            f"The fit in {path} is of the function {str(document['model'])[:60]!r}, and functions "
            "are not saved.",
            next_step="give it: load(path, model=f).",
        )
    if formula is not None and not isinstance(formula, str):
        raise TypeError("the formula is not text")
    params = {str(k): float(v) for k, v in document["params"].items()}
    options = document["options"]
    chosen = Options(
        absolute_sigma=options["absolute_sigma"], seed=int(options["seed"]),
        search=str(options["search"]),
    )  # fmt: skip
    named = (params, document["bounds"], document["fixed"])
    setup = _set_up(document, model if formula is None else formula, named, chosen)
    stored = float(document["results"]["chi2"])
    solution = _solution(setup, params, (str(document["algorithm"]), stored), path)
    if document["line"] is True and set(params) != {"intercept", "slope"}:
        raise _damaged(path, "it calls itself a straight line")
    kind = LineFit if document["line"] is True else Fit
    return kind(setup, solution, bool(document["automatic"]), Cost(0, 0, 0))


def _set_up(
    document: dict[str, Any], model: Any, parameters: tuple[Any, Any, Any], options: Options
) -> Setup:
    """The stored data with their model: a formula, or the function that was handed in."""
    data: Any = {str(k): np.array(v, float) for k, v in document["columns"].items()}
    sigma = None if document["sigma"] is None else np.array(document["sigma"], float)
    response, inputs, y = document["response"], document["inputs"], None
    if not isinstance(model, str) or parse(model).response is None:
        # The first files kept a response that was given apart among the columns.
        y = np.array(document["y"], float) if "y" in document else data[response]
        data = {name: data[name] for name in inputs}
    else:
        data = {**{name: data[name] for name in inputs}, **data}
    stacked = not isinstance(model, str) and document.get("stacked", len(inputs) > 1)
    data = list(data.values()) if stacked else InOrder(data)
    setup = set_up(model, data, y, sigma, parameters=parameters, options=options)
    return replace(setup, turned=document.get("turned", False) is True)


def _solution(
    setup: Any, params: dict[str, float], stored: tuple[str, float], path: str
) -> Solution:
    """The solution at the stored estimates, which must give the stored chi-squared."""
    algorithm, chi2 = stored
    theta = np.array([params[n] for n in setup.free_names])
    with np.errstate(all="ignore"):
        point = evaluate(setup.problem, theta)
        if not point.finite:
            raise _damaged(path, "the model is not finite at its estimates")
        if not np.isclose(point.cost, chi2, rtol=1e-6, atol=1e-24 * setup.problem.squares):
            raise _damaged(path, "its estimates do not give its chi-squared with this model")
        found = sharpen(setup, finish(setup.problem, point, algorithm))
        # The stored estimates stand; a linear model solved in doubled precision gives them again.
        doubled = found.arithmetic is Arithmetic.DOUBLED
        return found if doubled else replace(found, point=point)
