"""`train`: fit a network to a table, with intervals whose coverage is measured."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from taylored.errors import ArgumentError, FunctionError
from taylored.networks.job import Job
from taylored.networks.memory import Task, check_memory
from taylored.networks.plan import STARTS, Settings, read_settings
from taylored.networks.result import Network
from taylored.networks.tables import Response, read_training
from taylored.networks.user_model import UserModel, user_model
from taylored.tables import counted

__all__ = ["train"]


def train(
    X: Any, y: Any, *, hidden: Any = None, activation: str = "tanh", task: str = "auto",
    weights: Any = None, groups: Any = None, members: int | None = None,
    intervals: str = "out-of-bag", noise: str = "auto", regularization: Any = "auto",
    solver: str = "auto", starts: int | None = None, seed: int = 0, missing: str = "drop",
    model: Callable | None = None, params: Any = None, standardize: bool | None = None,
    progress: bool = False, callback: Callable | None = None, checkpoint: Any = None,
) -> Network:  # fmt: skip
    """Fit a network to a table, with intervals whose coverage is measured.

    The prediction is the mean of an ensemble, each member of which is trained without a part of
    the rows: minimize ½ Σ (y - f(x))² + ½ Σ λ_g |θ_g|², the precisions λ_g by the evidence. What
    the members say of rows that they have not seen gives intervals, and measures them.

    Args:
        X: a table (dict of columns, pandas, polars, pyarrow) or an array (rows, features). Texts
            are categories; rows with missing cells are left out and counted.
        y: (rows,) or (rows, outputs) numbers or labels, a column name of X, or "price ~ .".
        hidden: widths of the hidden layers; None: by the number of rows. Too wide does no harm.
        activation: "tanh", "relu", "logistic", "softplus", "sin", "gelu", "silu", "identity".
        task: "regression", "classification", or "auto": classes are labels, few different integers,
            and the floats 0 and 1; a finding says where it was chosen.
        weights: (rows,) from 0, or a column name: how much each row counts.
        groups: labels of any kind, or a column name: rows of one group (a patient, a day) are left
            out together, so that what is stated holds for new groups. None: rows with nearly the
            same inputs are; range(rows): none are.
        members: networks in the ensemble, rounded up so that each row is left out equally often: to
            10, 15, 20, ..., below 100 rows to 20, 30, ...; None: 30, of large tasks 10.
        intervals: "out-of-bag"; or of a single network "laplace" (cheap, not trusted where the
            rows determine too many parameters) or "none".
        regularization: "evidence", a number (λ, the weight of ½|θ|² beside the loss of all rows),
            or "auto": what predicts left-out rows best of a few.
        noise: "auto", "constant" or "varying" with the inputs (heteroscedastic).
        solver: "auto", "levenberg" (Levenberg-Marquardt with evidence), "adam" (large problems).
        starts: of a single network, the best of which is taken; None: 4.
        seed: of everything random: the same seed gives the same bytes.
        missing: "drop" rows with missing cells, or "fail".
        model: a function f(params, x) of JAX, or an equinox module, instead of `hidden`: one value
            for each output of y; of classes a logit for each, or one of the second of two.
        params: its parameters to start from: any pytree.
        standardize: whether inputs and outputs are scaled to mean 0 and deviation 1; None: unless
            `model` is given.
        progress: show a line with the loss and the time left on standard error.
        callback: called after each step with its `.phase .step .loss .fraction .seconds .left`;
            an exception that it raises, such as KeyboardInterrupt, stops training.
        checkpoint: a file that keeps the state of training, written every few seconds and when it
            is stopped (Ctrl-C). Called again in the same way, `train` goes on from it, to the very
            bytes that it would have come to; when it is done it deletes the file.

    Returns:
        Network: `.predict(X, level)`, `.error`, `.report()`, `.influence(x, y)`, `.bound(lo, hi)`.

    Numerical error:
        The members are trained in float32 (parameters of a `model` with a meaning in float64) and
        evaluated in float64; rounding is far below the statistical error, which intervals state.

    Raises:
        DataError: with column and row of what cannot be used.
        ArgumentError: for settings that have no meaning, or need more memory than there is.
        FunctionError: where `model` cannot be trained, or is not the same each time.
        NotConvergedError: where no finite network is found.

    Example:
        >>> import numpy as np
        >>> import taylored as ty
        >>> x = np.linspace(-1, 1, 100)
        >>> y = np.sin(3 * x) + np.random.default_rng(0).normal(0, 0.1, 100)
        >>> net = ty.train(x, y, members=10)
        >>> bool(abs(net.error - 0.1) < 0.03)
        True

    Source: D. J. C. MacKay, A practical Bayesian framework for backpropagation networks, Neural
    Computation 4 (1992) 448; B. Kim, C. Xu and R. F. Barber, Predictive inference is free with the
    jackknife+-after-bootstrap, NeurIPS 2020.
    """
    _check_combination(model, params, hidden, activation)
    _check_switches(standardize, progress, callback)
    settings = read_settings(
        hidden, activation, members=members, intervals=intervals, noise=noise, solver=solver,
        regularization=regularization, starts=STARTS if starts is None else starts, seed=seed,
    )  # fmt: skip
    _check_intervals(settings, members=members, groups=groups, starts=starts)
    reading = {"task": task, "weights": weights, "groups": groups, "missing": missing}
    table = read_training(X, y, standardize=standardize is None or bool(standardize), **reading)
    made = None
    if model is not None:
        made = _given_model(model, params, table, settings)
        if standardize is None and not made.regularized:  # parameters with a meaning have units
            table = read_training(X, y, standardize=False, **reading)
    check_memory(settings, _size(table, made))
    with np.errstate(all="ignore"), threadpool_limits(1, "blas"), _broadcasting():
        job = Job(settings, *table, model=made)
        with job.watched_by(progress, callback, checkpoint):
            return job.network()


def _given_model(model: Any, params: Any, table: tuple, settings: Settings) -> UserModel:
    """The user's function, as a model of the features of the table."""
    _, response, rows, _ = table
    wanted = None if settings.regularization == "auto" else settings.regularization != 0.0
    made = user_model(model, params, rows.z.shape[1], regularized=wanted)
    targets, needs = len(response.names), counted(len(response.names), "output")
    if response.kind == "classification":
        targets = len(response.classes)
        needs = f"{'1 logit or ' if targets == 2 else ''}{targets} logits for {targets} classes"
    or_say = "; task='regression' if its numbers are no classes" if _numbered(response) else ""
    if made.outputs != targets and not (targets == 2 and made.outputs == 1 and response.classes):
        raise FunctionError(
            f"The model {made.name} has {counted(made.outputs, 'output')}, and y needs {needs}.",
            where=made.where,
            next_step=f"change what it returns for one row, or y{or_say}.",
        )
    made.check(rows.z, rows.kept)
    return made


def _size(table: tuple, made: UserModel | None) -> Task:
    """How large the task is."""
    _, response, rows, _ = table
    outputs = len(response.classes) or len(response.names)
    if response.classes and outputs == 2:
        outputs = 1
    count, features = rows.z.shape
    if made is not None:
        return Task(count, features, made.outputs, made.size)
    return Task(count, features, outputs)


def _broadcasting() -> AbstractContextManager:
    """JAX as it is by default, where the user has told it to refuse what NumPy broadcasts."""
    jax = sys.modules.get("jax")
    return nullcontext() if jax is None else jax.numpy_rank_promotion("allow")


def _numbered(response: Response) -> bool:
    return bool(response.classes) and not isinstance(response.classes[0], str | bool)


def _check_combination(model: Any, params: Any, hidden: Any, activation: Any) -> None:
    """Refuse arguments that would be passed over."""
    if model is None and params is not None:
        raise ArgumentError(
            "params are given, and no model that they are the parameters of.",
            next_step="give model=f as well, a function f(params, x); or leave params out.",
        )
    given = [("hidden", hidden is not None), ("activation", activation != "tanh")]
    passed_over = [name for name, is_given in given if is_given]
    if model is not None and passed_over:
        raise ArgumentError(
            f"{' and '.join(passed_over)} and model are given, and a model has layers of its own.",
            next_step=f"leave {' and '.join(passed_over)} out, or model.",
        )


def _check_switches(standardize: Any, progress: Any, callback: Any) -> None:
    if not (standardize is None or isinstance(standardize, bool | np.bool_)):
        raise ArgumentError(
            f"standardize is {standardize!r:.40}.", next_step="give True, False or None."
        )
    if not isinstance(progress, bool | np.bool_):
        raise ArgumentError(f"progress is {progress!r:.40}.", next_step="give True or False.")
    if callback is not None and not callable(callback):
        raise ArgumentError(
            f"callback is {callback!r:.40}.", next_step="give a function of one argument."
        )


def _check_intervals(settings: Settings, **given: Any) -> None:
    """Refuse what an ensemble has and one network has not, and the other way round."""
    single = settings.intervals != "out-of-bag"
    passed_over = ("members", "groups") if single else ("starts",)
    named = [name for name in passed_over if given[name] is not None]
    if single and settings.noise == "varying":
        named.append('noise="varying"')
    if not named:
        return
    kind = "one network" if single else "an ensemble"
    other = 'intervals="out-of-bag"' if single else 'intervals="none" or "laplace"'
    raise ArgumentError(
        f"{' and '.join(named)} cannot be used with intervals={settings.intervals!r}.",
        why=f"that trains {kind}.",
        next_step=f"leave {'it' if len(named) == 1 else 'them'} out, or give {other}.",
    )
