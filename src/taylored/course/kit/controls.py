"""What a reader can touch in an explorable: sliders, choices, points to drag, places to click.

A control has a name, a label, a starting value; it turns what a browser sends into a checked value
(`read`), and draws a random one for the tests (`random`). What a browser sends is never trusted: a
number outside a range is moved to its end, anything else is an `ArgumentError`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, ClassVar

from taylored.errors import ArgumentError

__all__ = ["Button", "Choice", "Clicks", "Control", "Formula", "Handle", "Handles", "Settings"]
__all__ += ["Slider", "Toggle", "read_all"]

Point = tuple[float, float]
_LONGEST_FORMULA = 200


class Settings(dict):
    """The values of all controls of a figure, by name: `s.h` is `s["h"]`.

    `moving` is true while something is being dragged: costly details may then be left out.
    """

    moving: bool = False

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, kw_only=True)
class Control:
    """What all controls have: a name (that of the setting) and the label that a person reads."""

    type: ClassVar[str] = ""
    name: str
    label: str
    help: str = ""  # one sentence on what it does

    @property
    def start(self) -> Any:
        raise NotImplementedError

    def read(self, value: Any) -> Any:
        """The checked value of what a browser sent."""
        raise NotImplementedError

    def random(self, rng: Random) -> Any:
        """A random value, for the tests."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """What the browser must know to draw it; open ends are None, as JSON has no infinity."""
        return {"type": self.type, **_jsonable(asdict(self)), "start": _jsonable(self.start)}

    def _wrong(self, value: Any, wanted: str) -> ArgumentError:
        return ArgumentError(
            f"The control {self.name!r} got {_short(value)}.",
            why=f"it takes {wanted}",
            next_step="reload the page",
        )

    def _number(self, value: Any, lo: float, hi: float) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise self._wrong(value, "a finite number")
        return min(max(float(value), lo), hi)

    def _point(self, value: Any, x: Point, y: Point) -> Point:
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise self._wrong(value, "a point [x, y]")
        return self._number(value[0], *x), self._number(value[1], *y)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _jsonable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


@dataclass(frozen=True, kw_only=True)
class Slider(Control):
    """A number from `lo` to `hi`, in steps of `step`; on a logarithmic scale with `log`.

    Where `step` is a whole number and `lo` is one too, the setting is an `int`.
    """

    type: ClassVar[str] = "slider"
    lo: float
    hi: float
    at: float
    step: float = 0.0  # 0: as fine as the screen
    log: bool = False
    unit: str = ""

    @property
    def start(self) -> float:
        return self.read(self.at)

    @property
    def whole(self) -> bool:
        return self.step > 0 and float(self.step).is_integer() and float(self.lo).is_integer()

    def read(self, value: Any) -> float:
        number = self._number(value, self.lo, self.hi)
        if self.step and not self.log:
            number = self.lo + self.step * round((number - self.lo) / self.step)
            number = min(float(f"{number:.12g}"), self.hi)  # 0.7, not 0.7000000000000002
        return int(number) if self.whole else number

    def random(self, rng: Random) -> float:
        if self.log:
            return self.read(math.exp(rng.uniform(math.log(self.lo), math.log(self.hi))))
        return self.read(rng.uniform(self.lo, self.hi))


@dataclass(frozen=True, kw_only=True)
class Choice(Control):
    """One of several: `options` are pairs (value, label)."""

    type: ClassVar[str] = "choice"
    options: tuple[tuple[str, str], ...]
    at: str = ""

    @property
    def start(self) -> str:
        return self.at or self.options[0][0]

    def read(self, value: Any) -> str:
        values = [v for v, _ in self.options]
        if value not in values:
            raise self._wrong(value, f"one of {', '.join(values)}")
        return value

    def random(self, rng: Random) -> str:
        return rng.choice(self.options)[0]


@dataclass(frozen=True, kw_only=True)
class Toggle(Control):
    """On or off."""

    type: ClassVar[str] = "toggle"
    at: bool = False

    @property
    def start(self) -> bool:
        return self.at

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self._wrong(value, "true or false")
        return value

    def random(self, rng: Random) -> bool:
        return rng.random() < 0.5


@dataclass(frozen=True, kw_only=True)
class Handle(Control):
    """A point to drag in a panel. `along` "x" or "y": only that coordinate is the reader's; the
    scene says where the other is (`Panel.handles`)."""

    type: ClassVar[str] = "handle"
    at: Point
    x: Point = (-math.inf, math.inf)  # the range it may be dragged in; always give finite ends
    y: Point = (-math.inf, math.inf)
    panel: str = "main"
    along: str = "both"
    step: float = 0.0  # of the arrow keys; 0: a fiftieth of the range

    @property
    def start(self) -> Point:
        return self.read(self.at)

    def read(self, value: Any) -> Point:
        return self._point(value, self.x, self.y)

    def random(self, rng: Random) -> Point:
        return rng.uniform(*self.x), rng.uniform(*self.y)


@dataclass(frozen=True, kw_only=True)
class Handles(Handle):
    """Several points to drag (data points, knots of a curve): the setting is a list of points.

    With `least` < `most` the reader may add (click) and remove (Delete) points.
    """

    type: ClassVar[str] = "handles"
    at: tuple[Point, ...]  # type: ignore[assignment]
    least: int = 0
    most: int = 0  # 0: as many as at the start

    @property
    def start(self) -> list[Point]:  # type: ignore[override]
        return self.read(list(self.at))

    def read(self, value: Any) -> list[Point]:  # type: ignore[override]
        most = self.most or len(self.at)
        least = self.least or len(self.at)
        if not isinstance(value, list | tuple) or not least <= len(value) <= most:
            raise self._wrong(value, f"{least} to {most} points")
        return [self._point(point, self.x, self.y) for point in value]

    def random(self, rng: Random) -> list[Point]:  # type: ignore[override]
        count = rng.randint(self.least or len(self.at), self.most or len(self.at))
        return [(rng.uniform(*self.x), rng.uniform(*self.y)) for _ in range(count)]


@dataclass(frozen=True, kw_only=True)
class Clicks(Control):
    """Places clicked in a panel, oldest first: a list of at most `most` points, empty at first."""

    type: ClassVar[str] = "clicks"
    x: Point
    y: Point
    most: int
    panel: str = "main"
    at: tuple[Point, ...] = field(default=())

    @property
    def start(self) -> list[Point]:
        return self.read(list(self.at))

    def read(self, value: Any) -> list[Point]:
        if not isinstance(value, list | tuple) or len(value) > self.most:
            raise self._wrong(value, f"at most {self.most} points")
        return [self._point(point, self.x, self.y) for point in value]

    def random(self, rng: Random) -> list[Point]:
        return [
            (rng.uniform(*self.x), rng.uniform(*self.y)) for _ in range(rng.randint(0, self.most))
        ]


@dataclass(frozen=True, kw_only=True)
class Button(Control):
    """Something to press: the setting counts the presses (a seed for new data, say).

    In a game a press also clears all clicks: a new game has no old probes.
    """

    type: ClassVar[str] = "button"
    most: int = 10_000

    @property
    def start(self) -> int:
        return 0

    def read(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._wrong(value, "a count")
        return value % (self.most + 1)

    def random(self, rng: Random) -> int:
        return rng.randint(0, 20)


@dataclass(frozen=True, kw_only=True)
class Formula(Control):
    """A formula that the reader types, in the library's grammar; `examples` are offered.

    What is no formula of these `variables` is a `FormulaError`, shown under the field.
    """

    type: ClassVar[str] = "formula"
    at: str
    variables: tuple[str, ...]
    examples: tuple[str, ...] = ()

    @property
    def start(self) -> str:
        return self.at

    def read(self, value: Any) -> str:
        from taylored.formula import parse

        if not isinstance(value, str) or len(value) > _LONGEST_FORMULA:
            raise self._wrong(value, f"a formula of at most {_LONGEST_FORMULA} characters")
        if not value.strip():
            raise self._unfit("There is no formula")
        read = parse(value)
        unknown = [name for name in read.model.names if name not in self.variables]
        if unknown:
            raise self._unfit(f"{unknown[0]} is not known here")
        if read.response is not None:
            raise self._unfit("Only what stands right of the ~ belongs here")
        return value

    def _unfit(self, what: str) -> ArgumentError:
        """What was typed is no formula for this field: the next step is to type another one."""
        return ArgumentError(
            f"{what}.",
            why=f"a formula of {', '.join(self.variables)} is wanted",
            next_step=f"write one such as {(*self.examples, self.at)[0]}",
        )

    def random(self, rng: Random) -> str:
        return rng.choice((self.at, *self.examples))


def read_all(controls: tuple[Control, ...], sent: Mapping[str, Any]) -> Settings:
    """The settings that a browser sent, each checked; those it did not send are at their start."""
    if not isinstance(sent, Mapping):
        raise ArgumentError(
            "Settings are an object.", why=f"got {_short(sent)}", next_step="reload the page"
        )
    known = {c.name: c for c in controls}
    for name in sent:
        if name not in known:
            raise ArgumentError(
                f"There is no control {_short(name)}.",
                why=f"this figure has {', '.join(known) or 'none'}",
                next_step="reload the page",
            )
    return Settings({n: c.read(sent[n]) if n in sent else c.start for n, c in known.items()})
