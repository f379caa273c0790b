"""Explorables outside of the course: `widget("slopes.secant")` is one in a notebook (anywidget)."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from taylored.course.kit.figure import Figure, find
from taylored.course.messages import sentences
from taylored.errors import MissingExtraError, TayloredError

__all__ = ["bundle", "styles", "widget"]

_STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";\n', re.M)
_EXPORT = re.compile(r"^export (?:function|class|const) (\w+)", re.M)
_HOST = ".x-host { background: var(--ground); border-radius: 8px; padding: 0.8rem 1rem; }"


def widget(name: str | Figure, **settings: Any) -> Any:
    """The explorable `file.name` as an `anywidget.AnyWidget`, with some settings of its controls.

    Its traits are `figure` (title, controls), `settings`, `scene`, `moving` and `problem`; what is
    set from Python moves the controls in the browser, and what is dragged there is seen here.

    Raises `MissingExtraError` where anywidget is not installed, `ArgumentError` for a figure or a
    setting that does not exist.
    """
    figure = name if isinstance(name, Figure) else find(name)
    return _kind(figure.kind)(figure, figure.settings(settings))


@lru_cache(maxsize=8)
def _kind(kind: str) -> Any:
    """The class of widgets of a kind; one class, so that the browser loads its script once."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise MissingExtraError(
            "A figure in a notebook needs the package anywidget, which is not installed.",
            next_step="pip install anywidget, or open the course with `taylored course`.",
        ) from None

    class CourseWidget(anywidget.AnyWidget):
        """A figure whose scene follows its settings."""

        _esm = bundle(f"{kind}.js")
        _css = styles()
        figure = traitlets.Dict().tag(sync=True)
        settings = traitlets.Dict().tag(sync=True)
        scene = traitlets.Dict().tag(sync=True)
        moving = traitlets.Bool(False).tag(sync=True)
        problem = traitlets.Unicode("").tag(sync=True)
        trust = traitlets.Bool(True).tag(sync=True)  # the box that a page of the course has

        def __init__(self, figure: Figure, settings: dict[str, Any]):
            self._drawn = figure
            self._seen: Any = None
            super().__init__(figure=figure.describe(), settings=dict(settings))
            self._draw()
            self.observe(self._draw, names=["settings", "moving"])

        def _draw(self, _change: Any = None) -> None:
            wanted = (json.dumps(self.settings, sort_keys=True, default=str), self.moving)
            if wanted == self._seen:  # both traits came in one message
                return
            self._seen = wanted
            try:
                scene = self._drawn.scene(self.settings, moving=self.moving)
            except TayloredError as error:
                self.problem = sentences(error)
            else:
                self.problem, self.scene = "", scene.describe()

    return CourseWidget


def styles() -> str:
    """The style sheets of figures; their colors reach no further than the figure."""
    sheets = [(_STATIC / name).read_text("utf-8") for name in ("tokens.css", "explorables.css")]
    return "\n".join([*sheets, _HOST]).replace(":root", ".x-host")


@lru_cache(maxsize=8)
def bundle(entry: str) -> str:
    """One module out of `entry` in static/explorables/ and what it imports.

    Our own files only, which import and export by name: each becomes a function that returns its
    exports, those it needs before it.
    """
    parts: dict[Path, str] = {}
    start = (_STATIC / "explorables" / entry).resolve()
    _add(start, parts, ())
    tail = (
        f"export const render = m{list(parts).index(start)}.render;\nexport default {{ render }};"
    )
    return "\n".join([*parts.values(), tail, ""])


def _add(path: Path, parts: dict[Path, str], above: tuple[Path, ...]) -> None:
    """Add a module after all that it imports."""
    if path in above:
        raise ValueError(f"{path.name} imports itself through {above[-1].name}")
    text = path.read_text("utf-8")
    needed = [(names, (path.parent / where).resolve()) for names, where in _IMPORT.findall(text)]
    for _, other in needed:
        if other not in parts:
            _add(other, parts, (*above, path))
    known = list(parts)
    heads = [f"const {{{names}}} = m{known.index(other)};" for names, other in needed]
    body = _EXPORT.sub(lambda found: found[0].removeprefix("export "), _IMPORT.sub("", text))
    names = ", ".join(_EXPORT.findall(text))
    lines = [f"const m{len(parts)} = (() => {{", *heads, body, f"return {{ {names} }};", "})();"]
    parts[path] = "\n".join(lines)
