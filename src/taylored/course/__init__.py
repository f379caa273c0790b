"""The course: lessons, live figures and exercises in the browser, built on the library."""

from __future__ import annotations

from typing import Any

__all__ = ["widget"]


def widget(name: Any, **settings: Any) -> Any:
    """The explorable `file.name` for a notebook: see `taylored.course.notebook.widget`."""
    from taylored.course.notebook import widget as made

    return made(name, **settings)
