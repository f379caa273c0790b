"""An explorable: a pure function of the settings of its controls that returns a scene."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from random import Random
from typing import Any

from taylored.course.kit.controls import Control, Settings, read_all
from taylored.course.kit.scene import Scene
from taylored.errors import ArgumentError

__all__ = ["Figure", "figure", "find", "fingerprint"]


@dataclass(frozen=True)
class Figure:
    """An explorable: title, controls, and the function from settings to a scene.

    `kind` names the file of `static/explorables/` that draws it: "plot" (axes, layers, handles),
    "graph" (a computational graph) or "game" (a plot with a score).
    """

    draw: Callable[[Settings], Scene]
    title: str
    controls: tuple[Control, ...]
    kind: str
    about: str  # what it shows, for those who do not see it

    def settings(self, sent: Mapping[str, Any] | None = None, *, moving: bool = False) -> Settings:
        """Checked settings of what a browser sent; missing ones are at their start."""
        settings = read_all(self.controls, sent or {})
        settings.moving = moving
        return settings

    def random_settings(self, rng: Random) -> Settings:
        """Random settings, for the tests."""
        return Settings({c.name: c.random(rng) for c in self.controls})

    def scene(self, sent: Mapping[str, Any] | None = None, *, moving: bool = False) -> Scene:
        """The scene for some settings."""
        return self.draw(self.settings(sent, moving=moving))

    def describe(self) -> dict[str, Any]:
        """What the browser must know before the first scene."""
        return {"title": self.title, "kind": self.kind, "about": self.about,
                "controls": [c.describe() for c in self.controls]}  # fmt: skip


def figure(
    title: str, *controls: Control, kind: str = "plot", about: str = ""
) -> Callable[[Callable[[Settings], Scene]], Figure]:
    """Turn a function of settings into a `Figure`."""
    return lambda draw: Figure(draw, title, controls, kind, about)


def find(name: str) -> Figure:
    """The figure `file.name`: `name` in `taylored/course/figures/file.py`."""
    file, _, attribute = name.partition(".")
    if file.isidentifier() and attribute.isidentifier():
        try:
            module = import_module(f"taylored.course.figures.{file}")
        except ModuleNotFoundError as error:
            if error.name != f"taylored.course.figures.{file}":
                raise
        else:
            found = getattr(module, attribute, None)
            if isinstance(found, Figure):
                return found
    raise ArgumentError(f"There is no figure {name[:60]!r}.", why="it is in no lesson",
                        next_step="reload the page")  # fmt: skip


def fingerprint(layers: list[Any]) -> str:
    """A short name of layers by their contents, so that a browser draws still ones once."""
    return hashlib.blake2b(json.dumps(layers).encode(), digest_size=8).hexdigest()
