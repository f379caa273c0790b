"""Class labels: which there are, and whether a response is one of classes or of numbers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from taylored.errors import DataError, NotNumericError
from taylored.networks.data.cells import Cells
from taylored.results import Finding
from taylored.tables import counted

__all__ = ["class_findings", "class_numbers", "classes_of", "labels_of", "task_of"]

_FEW = 10  # different whole numbers that are taken for classes
_EACH = 5  # rows of each, on average
_MOST = 1000


def task_of(cells: Cells, labels: list[Any]) -> tuple[str, Finding | None]:
    """Classification or regression, and the finding that says so where it was not plain."""
    if cells.odd is not None:
        row, text = cells.odd
        raise NotNumericError(
            f"{cells.name} holds numbers, and something that is none: {text[:40]!r}.",
            where=f"row {row + 1}",
            next_step="correct it; if these are labels give task='classification'.",
        )
    if cells.kind != "number":
        return "classification", None
    distinct = {label if isinstance(label, int) else float(label) for label in labels}
    if _few_whole(distinct, len(labels)):
        task = "classification" if _by_type_whole(cells) or distinct == {0, 1} else "regression"
        what = counted(len(distinct), "different whole number")
        return task, _chosen(cells.name, what, task)
    if cells.parsed:
        return "regression", _chosen(cells.name, "numbers written as text", "regression")
    return "regression", None


def _few_whole(distinct: set[Any], rows: int) -> bool:
    """Whether these numbers may be labels; one alone tells nothing apart."""
    if len(distinct) < 2 or not all(float(v).is_integer() for v in distinct):
        return False
    return len(distinct) == 2 or (len(distinct) <= _FEW and rows >= _EACH * len(distinct))


def _by_type_whole(cells: Cells) -> bool:
    """Whether numbers are integers by type, or written without a point: 3, and not 3.0."""
    if not cells.parsed:
        return cells.whole
    given = (str(c).strip() for c, gone in zip(cells.raw, cells.missing, strict=True) if not gone)
    return all(text.lstrip("+-").isdecimal() for text in given)


def _chosen(name: str, what: str, task: str) -> Finding:
    other = "regression" if task == "classification" else "classification"
    return Finding(
        "task-chosen",
        f"{name} holds {what}: {task} was chosen.",
        f"Give task={other!r} if that is meant, or task={task!r} to say so.",
        "note",
        (name,),
    )


def labels_of(cells: Cells) -> list[Any]:
    """The labels of the rows as Python's bool, int, float or str; None where missing.

    Raises:
        NotNumericError: labels of several types.
    """
    absent = cells.missing
    raw = cells.raw.tolist()
    if cells.kind == "truth":
        labels = [None if gone else bool(v) for v, gone in zip(raw, absent, strict=True)]
    elif cells.kind == "text" or cells.parsed:
        labels = [None if gone else _text_or_number(v) for v, gone in zip(raw, absent, strict=True)]
    elif cells.whole:
        labels = [None if gone else int(v) for v, gone in zip(raw, absent, strict=True)]
    else:
        labels = [None if v != v else v for v in cells.values.tolist()]
    kinds = {type(label) for label in labels if label is not None}
    if len(kinds) > 1:
        types = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise NotNumericError(
            f"{cells.name} mixes labels of the types {types}.",
            next_step="make all of them text, or all of them numbers.",
        )
    return labels


def _text_or_number(label: Any) -> Any:
    """Labels of a declared category keep their type; anything unusual becomes its text."""
    label = label.item() if isinstance(label, np.generic) else label
    if isinstance(label, bytes):
        return label.decode(errors="backslashreplace")
    return label if isinstance(label, bool | int | float | str) else str(label)


def classes_of(name: str, labels: list[Any]) -> tuple[Any, ...]:
    """The classes, sorted.

    Raises:
        DataError: one class only, or nearly as many as rows, or numbers that are not whole.
    """
    classes = tuple(sorted(set(labels)))
    if len(classes) == 1:
        raise DataError(
            f"{name} has one class only: {classes[0]!r:.60}.",
            why="what sets classes apart is learned from rows of two of them at least",
            next_step="add rows of another class, or choose another column.",
        )
    fractions = [c for c in classes if isinstance(c, float) and not c.is_integer()]
    if fractions:
        raise DataError(
            f"{name} holds numbers such as {fractions[0]!r}, not classes.",
            next_step="give task='regression', or make texts of them if they are labels.",
        )
    if len(classes) > max(len(labels) // 2, 2) or len(classes) > _MOST:
        raise DataError(
            f"{name} has {len(classes)} classes in {counted(len(labels), 'row')}: too many.",
            next_step="give task='regression' if it is a number; else join classes into few.",
        )
    return classes


def class_findings(name: str, labels: list[Any]) -> list[Finding]:
    """Classes so rare that whatever is held out of training may be all of them."""
    counts = Counter(labels)
    rare = sorted((c for c in counts if counts[c] < _EACH), key=lambda c: (counts[c], str(c)))
    if not rare:
        return []
    shown = ", ".join(f"{c!r:.40} in {counted(counts[c], 'row')}" for c in rare[:5])
    return [
        Finding(
            "rare-class",
            f"{name} is {shown}{', ...' if len(rare) > 5 else ''}: too few to check what is said "
            "about such rows.",
            "Add rows of it, or join it with another class.",
            params=(name,),
        )
    ]


def class_numbers(name: str, labels: list[Any], classes: tuple[Any, ...]) -> np.ndarray:
    """The number of each label's class.

    Raises:
        DataError: for a label that is no class, or missing, with its row.
    """
    number = {label: i for i, label in enumerate(classes)}
    strange = next((i for i, label in enumerate(labels) if label not in number), None)
    if strange is not None:
        shown = "missing" if labels[strange] is None else f"{labels[strange]!r:.40}"
        raise DataError(
            f"{name} is {shown}, which is no class of the training data.",
            why=f"these are {', '.join(f'{c!r:.40}' for c in classes[:10])}",
            where=f"row {strange + 1}",
            next_step="correct the label, or leave the row out.",
        )
    return np.array([number[label] for label in labels], int)
