"""The result of `train`: a network with what is known about how far to trust it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.ensemble import Rows, outputs_at
from taylored.networks.folds import Folds
from taylored.networks.laplace import Laplace
from taylored.networks.model import Model
from taylored.networks.noise import Noise
from taylored.networks.outofbag import Coverage, OutOfBag
from taylored.networks.plan import Settings, check_level
from taylored.networks.prediction import Prediction
from taylored.networks.tables import Encoder, Response
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LEVEL", "Network", "Score", "Training"]

LEVEL = 0.9
# Rows left out are not like new ones where they depend on one another: measured, not calibrated.
_ALIKE = ("rows-belong-together", "errors-depend-on-order")
_SOURCES = {
    "levenberg": "D. J. C. MacKay, A practical Bayesian framework for backpropagation networks, "
    "Neural Computation 4 (1992) 448; F. D. Foresee and M. T. Hagan, Gauss-Newton approximation "
    "to Bayesian learning, ICNN 1997",
    "adam": "D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015",
    "out-of-bag": "R. F. Barber and others, Predictive inference with the jackknife+, Annals of "
    "Statistics 49 (2021) 486; B. Kim, C. Xu and R. F. Barber, NeurIPS 2020",
}


@dataclass(frozen=True, slots=True)
class Score:
    """How well a model predicts rows it has not seen, with the standard error over the rows.

    Of numbers the root mean square error in units of the standard deviation of y, of classes the
    mean -log probability. `worse` is by how many standard errors the network's loss per row is
    higher than that of this model (paired row by row): negative where the network wins.
    """

    name: str
    value: float
    stderr: float
    worse: float = 0.0


@dataclass(frozen=True, eq=False)
class Training:
    """How the members were trained: `ends` counts the reasons for stopping; `trace` has the mean
    loss per row of each step, `validation` that of rows left out for stopping where there are any.

    `effective` and `noise` are, for each member, the parameters that its rows determine and the
    variance of the noise (standardized), empty for Adam; `seconds` is CPU time, 0 where the network
    was read from a file; `precision` (members, groups) the λ of its parameters.
    """

    solver: str
    reason: str
    regularization: str
    ends: dict[str, int]
    steps: int
    trace: np.ndarray
    effective: np.ndarray
    noise: np.ndarray
    seconds: float = 0.0
    validation: np.ndarray = field(default_factory=lambda: np.empty(0))
    precision: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A trained network: the mean of its members. See `taylored.train`, which makes it.

    Attributes:
        encoder, response: what turns tables into standardized numbers, and numbers back.
        model: the function, of one flat vector of parameters.
        theta: (members, size) the parameters of each member.
        rows: the training rows, standardized.
        settings: what was asked for.
        folds: which member has not seen which row; None of a single network.
        noise: how the noise varies (regression); None of classes or a single network.
        out_of_bag: predictions of the training rows by members that have not seen them.
        laplace: the posterior of a single network with intervals="laplace".
        scores: the network's own and those of the baselines, best first.
        training: how it was trained.
        findings: what the reader must know.
        kept: the positions of the rows in the user's table; None where all are.
    """

    encoder: Encoder
    response: Response
    model: Model
    theta: np.ndarray
    rows: Rows
    settings: Settings
    folds: Folds | None
    noise: Noise | None
    out_of_bag: OutOfBag | ClassesOutOfBag | None
    laplace: Laplace | None
    scores: tuple[Score, ...]
    training: Training
    findings: tuple[Finding, ...]
    kept: np.ndarray | None = None

    # ---- what is known ----

    @property
    def members(self) -> int:
        """How many networks the mean is of."""
        return len(self.theta)

    @property
    def task(self) -> str:
        """ "regression" or "classification"."""
        return self.response.kind

    @property
    def score(self) -> Score | None:
        """The network's own score (see `Score` for its unit); None where no row was left out."""
        return next((s for s in self.scores if s.name == "network"), None)

    @property
    def baseline(self) -> Score | None:
        """The score of the best of the baselines."""
        return next((s for s in self.scores if s.name != "network"), None)

    @property
    def error(self) -> Any:
        """Root mean square error of new rows in the user's units; of classes the share wrong."""
        found = self.out_of_bag
        if isinstance(found, ClassesOutOfBag):
            return 1 - found.correct[0]
        return None if found is None else self._plain(found.error)

    @property
    def error_stderr(self) -> Any:
        """The standard error of `error`."""
        found = self.out_of_bag
        if isinstance(found, ClassesOutOfBag):
            return found.correct[1]
        return None if found is None else self._plain(found.error_stderr)

    def _plain(self, widths: np.ndarray) -> Any:
        found = self.response.decode_width(widths)
        return float(found) if np.ndim(found) == 0 else found

    def coverage(self, level: float = LEVEL) -> tuple[Coverage, ...]:
        """For each output: how often intervals (or sets) hold rows not used for them."""
        level = check_level(level)
        if isinstance(self.out_of_bag, ClassesOutOfBag):
            return (self.out_of_bag.coverage(level),)
        return () if self.out_of_bag is None else self.out_of_bag.coverage(level)

    @cached_property
    def accuracy(self) -> Accuracy:
        """The kind of statement that predictions make."""
        if self.out_of_bag is not None:
            if self.out_of_bag.too_few:
                return Accuracy.UNKNOWN
            alike = any(f.name in _ALIKE for f in self.findings)
            return Accuracy.ESTIMATED if alike else Accuracy.CALIBRATED
        if self.laplace is not None and self.laplace.trusted:
            return Accuracy.ESTIMATED
        return Accuracy.UNKNOWN

    @property
    def usable(self) -> bool:
        """Whether no finding says that it is not."""
        return not any(f.severity == "error" for f in self.findings)

    @property
    def status(self) -> str:
        """One sentence: what it is worth, and how well that is known."""
        return _above("taylored.report.network").network_status(self)

    @property
    def sources(self) -> tuple[str, ...]:
        """The papers behind the methods."""
        names = [self.training.solver, *(["out-of-bag"] if self.out_of_bag else [])]
        return tuple(_SOURCES[n] for n in names if n in _SOURCES)

    # ---- predictions ----

    def predict(self, X: Any, level: float = LEVEL) -> Prediction:
        """Predictions for new rows, with intervals for new observations.

        The interval is m(x) ± q s(x): m the mean of the members, s the deviation of the noise model
        and q the quantile of the out-of-bag scores |y - m|/s.

        Args:
            X: a table with the columns of training, or an array (rows, features).
            level: the share of new observations that intervals (or sets of classes) are to hold.

        Returns:
            Prediction: `.value .lo .hi`, and the coverage that was measured.

        Numerical error:
            Rounding only; the members are evaluated in float64.

        Raises:
            ColumnError, NotNumericError: where the table does not fit, with column and row.

        Example:
            >>> import numpy as np
            >>> import taylored as ty
            >>> x = np.linspace(-1, 1, 80)
            >>> y = np.sin(3 * x) + np.random.default_rng(0).normal(0, 0.1, 80)
            >>> p = ty.train(x, y, members=10).predict([0.0, 0.5])
            >>> bool((p.lo < p.value).all() and (p.value < p.hi).all())
            True

        Source: B. Kim, C. Xu and R. F. Barber, Predictive inference is free with the
        jackknife+-after-bootstrap, NeurIPS 2020.
        """
        level = check_level(level)
        seen = self.encoder.examine(X)
        f = outputs_at(self.model, self.theta, seen.z)
        trusted = ~(seen.unseen | seen.outside)
        kind, why, found = self.accuracy, self._why, self.out_of_bag
        if len(trusted) and not trusted.any():
            kind, why = Accuracy.UNKNOWN, "all rows lie outside of the training data"
        elif isinstance(found, OutOfBag) and not np.isfinite(found.quantile(level)).all():
            kind, why = Accuracy.UNKNOWN, f"{found.folds.drawn} are too few for this level"
        given = {
            "level": level, "measured": self.coverage(level), "kind": kind, "why": why,
            "trusted": trusted, "names": self.response.names, "findings": seen.findings,
        }  # fmt: skip
        if self.task == "classification":
            return self._classes(f, given)
        mean = f.mean(0)
        deviation, width = self._deviation(seen.z, f, level)
        decode = self.response.decode
        if deviation is None:
            return Prediction(decode(mean), None, None, **given)
        reach = width * deviation
        return Prediction(decode(mean), decode(mean - reach), decode(mean + reach), **given)

    def _deviation(
        self, z: np.ndarray, f: np.ndarray, level: float
    ) -> tuple[np.ndarray | None, Any]:
        """s (rows, outputs), and how many of it an interval has on each side."""
        if self.noise is not None and isinstance(self.out_of_bag, OutOfBag):
            spread = f.var(0, ddof=1)
            return self.noise.deviation(z, f.mean(0), spread), self.out_of_bag.quantile(level)
        if self.laplace is not None:
            return self.laplace.deviation(z), self.laplace.width(level)
        return None, None

    def _classes(self, f: np.ndarray, given: dict[str, Any]) -> Prediction:
        from taylored.networks.classes import probabilities, tempered

        p, sets, found = probabilities(f).mean(0), None, self.out_of_bag
        if isinstance(found, ClassesOutOfBag):
            p = tempered(p, found.temperature)
            sets = p >= found.threshold(given["level"])
            sets |= p == p.max(1, keepdims=True)
        labels = self.response.decode(p.argmax(1))
        return Prediction(
            labels, None, None, **given, probabilities=p, sets=sets, classes=self.response.classes
        )

    @property
    def _why(self) -> str:
        if self.out_of_bag is not None:
            return self.out_of_bag.too_few
        if self.laplace is None:
            return 'one network says nothing of its errors; train with intervals="out-of-bag"'
        return "" if self.laplace.trusted else self.laplace.why

    # ---- calculus on it ----

    def influence(self, x: Any, y: Any = None, member: int = 0, output: Any = None) -> Any:
        """The chain rule through one member at one row: how each parameter moves the loss there.

        Args:
            x: one row: a dictionary, an array, or a table of one row.
            y: its response: the loss ½ (y - f)² (standardized), or -log p of the class, is
                differentiated; None: the prediction.
            member: which network of the ensemble, from 0.
            output: without y, the name or position of the output or class.

        Returns:
            Influence: `.value` of the loss; `.layers` with names, parameters and totals ∂L/∂w; for
            each parameter its factors ∂L/∂a · ∂a/∂u · ∂u/∂w (u the sum of a unit, a its value).

        Numerical error:
            Exact derivatives up to rounding of float64.

        Raises:
            ArgumentError: several rows, no such member or output; DataError: the row does not fit.

        Example: `net.influence({"age": 30}, y=2.5).report()`

        Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams, Nature 323 (1986) 533.
        """
        return _beside("influence").influence(self, x, y, member, output)

    def importance(self, repeats: int = 5) -> Any:
        """How much worse unseen rows are predicted without each input, with intervals.

        Args:
            repeats: with how many other rows each row swaps its value of the input.

        Returns:
            Importance: for each column of `.names` the rise `.value` of the error (`.error` says
            which), its interval `.lo .hi` at `.level` and `.stderr`; `.base` the error as it is.

        Numerical error:
            Intervals are estimated, from how rows and their partners vary.

        Raises:
            ArgumentError: of a network that has seen every row.

        Example: `net.importance().ranked()[0]` is the position of the input that matters most.

        Source: L. Breiman, Random forests, Machine Learning 45 (2001) 5; A. Fisher, C. Rudin and
        F. Dominici, JMLR 20 (2019) 177.
        """
        return _beside("importance").importance(self, repeats)

    def leverage(self) -> Any:
        """How much each training row moves its own prediction, and the rows that stand out.

        Returns:
            Leverage: for each training row its number `.rows` in the user's table, leverage
            `.value` (0 to 1), `.residual` without it in deviations, `.cook` and `.move`;
            `.outlying`, `.high` and `.influential` are numbers of rows.

        Numerical error:
            Estimated: the network is taken as linear in its parameters near each member.

        Raises:
            ArgumentError: too many parameters, or trained by Adam: their precisions are unknown.

        Example: `net.leverage().outlying` are the rows to look at.

        Source: R. D. Cook, Technometrics 19 (1977) 15; R. T. St. Laurent and R. D. Cook, JASA 87
        (1992) 985.
        """
        return _beside("leverage").leverage(self)

    def derivative(self, X: Any, wrt: Any = None, level: float = LEVEL) -> Any:
        """The derivative of the prediction by inputs, in the user's units, with intervals.

        Args:
            X, wrt: a table as in training; a name or position (from 0) of a numeric column, a list
                of them, or None for all.
            level: the share of intervals that are to hold the derivative.

        Returns:
            Derivative: `.value .lo .hi .stderr` (rows, inputs); of several outputs, and of the
            probabilities of classes, (rows, outputs, inputs). One name leaves the last axis out.

        Numerical error:
            Exact for the network up to rounding; intervals are estimated from what the rows leave
            open, how the members differ, and how far a Gaussian process is from them; there are
            none where residuals of neighboring rows have much in common.

        Raises:
            ArgumentError: for a column of categories; DataError: where the table does not fit.

        Example: `net.derivative({"age": [30]}, "age").value` is in units of y per year.

        Source: D. Nychka, JASA 83 (1988) 1134; D. Draper, JRSS B 57 (1995) 45.
        """
        return _beside("derivative").derivative(self, X, wrt, level)

    def bound(self, lo: Any, hi: Any, *, thorough: bool = False) -> Any:
        """Proved ranges of prediction and derivatives over a box of inputs.

        Args:
            lo, hi: the ends of each column: dictionaries, arrays, or tables of one row; a category
                has the same value in both.
            thorough: spend more time on narrower ranges.

        Returns:
            Bound: `.value` and `.derivative` (by `.inputs`), intervals with `.lo .hi`.

        Numerical error:
            Proved, with outward rounding: of the prediction, not of the truth it is learned from.

        Raises:
            ArgumentError: no box; DataError: columns are missing; EnclosureError: no finite range.

        Example: `net.bound({"age": 20}, {"age": 30}).value.hi`

        Source: H. Zhang and others, NeurIPS 2018 (CROWN); L. H. de Figueiredo and J. Stolfi,
        Numerical Algorithms 37 (2004) 147.
        """
        return _beside("bounding").bound(self, lo, hi, thorough=thorough)

    def health(self) -> Any:
        """Gradient norms of each layer, dead and saturated units, and a check of the gradient.

        Returns:
            Health: `.layers` with `.name .parameters .gradient .units .dead .saturated`, `.unused`
            inputs, `.ends` of the members, `.check` of the gradient, `.findings`; `.healthy`.

        Numerical error:
            Rounding only, for the training rows; of many rows 2000 stand for all.

        Example: `net.health().unused` are inputs that the prediction hardly depends on.

        Source: X. Glorot and Y. Bengio, AISTATS 2010.
        """
        return _beside("health").health(self)

    def member(self, number: int = 0) -> Any:
        """The parameters of one member: a list of layers, or the pytree of the user's model."""
        return self.model.parameters(self.theta[number])  # type: ignore[attr-defined]

    def apply(self, X: Any) -> np.ndarray:
        """`predict(X).value`: means in the user's units, or labels."""
        return self.predict(X).value

    # ---- elsewhere ----

    def report(self, level: float = LEVEL) -> str:
        """The verdict and the tables, as text."""
        return _above("taylored.report.network").network_report(self, level)

    def to_dict(self, level: float = LEVEL) -> dict[str, Any]:
        """All results as plain numbers, strings and lists (JSON)."""
        return _above("taylored.report.network_document").network_document(self, level)

    def plot(self, kind: str = "auto", ax: Any = None) -> Any:
        """Draw the network with what is known about its accuracy.

        Args:
            kind: "prediction" (against truth), "curve" (of one input), "learning", "reliability"
                (of classes), "importance", or "auto".
            ax: axes to draw in (default: a new figure).

        Returns:
            The main axes of Matplotlib.

        Example: `net.plot("learning").figure.savefig("learning.png")`; what such a network has no
        picture of is an ArgumentError.
        """
        return _above("taylored.plot.network").plot_network(self, kind, ax)

    def save(self, path: str | Path) -> None:
        """Write the network to a safetensors file that `taylored.load` reads back."""
        _beside("store").save(self, path)

    def to_bytes(self) -> bytes:
        """What `save` writes."""
        return _beside("store").to_bytes(self)

    def export(self, path: str | Path, format: str = "auto", level: float = LEVEL) -> None:
        """Write what `predict` computes as StableHLO (.stablehlo, jax.export) or ONNX (.onnx).

        Args:
            path: beside a .stablehlo a .json with the columns is written; .onnx carries them.
            format: "stablehlo", "onnx", or "auto": by the ending.
            level: of the intervals or sets; it is fixed in the file.

        Numerical error:
            Float64, as `predict` up to rounding; the kind of the intervals is in the description.

        Raises:
            ArgumentError: unknown format or level; MissingExtraError: ONNX is not installed;
            ModelError: a user's function cannot be exported; SavedFitError: nothing was written.

        Example: `net.export("net.stablehlo")`; how to read it: `taylored.networks.export`.
        """
        _beside("export").export(self, path, format, level)

    def __reduce__(self) -> tuple[Any, ...]:
        return _beside("store").from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return _above("taylored.report.network").network_line(self)

    def _repr_html_(self) -> str:
        return _above("taylored.report.network_html").network_html(self)


def _beside(module: str) -> Any:
    """A module of this package that is needed for one answer only."""
    return importlib.import_module(f"taylored.networks.{module}")


def _above(module: str) -> Any:
    """A module of a higher layer, looked up when called: results render themselves there."""
    return importlib.import_module(module)
