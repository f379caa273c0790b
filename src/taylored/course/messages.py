"""What a figure has to say, as the browser gets it: its scene, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taylored.errors import TayloredError

if TYPE_CHECKING:
    from taylored.course.kit import Scene

__all__ = ["keyed", "sentences"]


def keyed(scene: Scene) -> dict[str, Any]:
    """A scene whose still layers have a key: who has had them needs no second copy."""
    from taylored.course.kit.figure import fingerprint  # needs NumPy, the first page does not

    found = scene.describe()
    for panel in found["panels"]:
        panel["still"] = {"key": fingerprint(panel["still"]), "layers": panel["still"]}
    return found


def sentences(error: TayloredError) -> str:
    """An error in one line: what, why, the next step."""
    parts = [" ".join(part.split()) for part in (error.what, error.why, error.next_step)]
    found = [part[:1].upper() + part[1:] for part in parts if part]
    return " ".join(s if s.endswith((".", "?", ":")) else f"{s}." for s in found)
