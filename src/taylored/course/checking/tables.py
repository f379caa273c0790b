"""Rows of numbers as they are typed: nested brackets, lines, a semicolon, a matrix of LaTeX."""

from __future__ import annotations

import re

from taylored.course.checking.paper import without_label

__all__ = ["rows_of", "undivided", "with_point"]

# Every pattern here reads blanks in one way only: two ways would take minutes for many blanks.
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s?\{\w+\*?\}|\\(?:left|right)\b")
_ARRAY = re.compile(r"(?:(?:np|jnp|numpy|sp|sympy)\.)?(?:array|matrix|Matrix)\((.*)\)", re.DOTALL)
_GROUPS = re.compile(
    r"[-+−]?\d{1,3}(?:(?:[ _'’\u00a0\u2009\u202f]\d{3})+|(?:,\d{3}){2,})(?:\.\d*)?"
)
_PYTHON = re.compile(r"[-+−]?\d+(?:_\d+)+(?:\.\d*)?")
_COMMA = re.compile(r"\d,\d")


def rows_of(text: str) -> list[str]:
    """The rows of `[[1, 2], [3, 4]]`, `1 2; 3 4`, or lines; one row where there is one."""
    text = without_label(text).strip()
    array = _ARRAY.fullmatch(text)
    text = _ENVIRONMENT.sub("", array[1] if array else text).replace("\t", " ").strip()
    text = text.replace("\\\\", ";").replace("&", ",").translate(str.maketrans("{}", "[]"))
    text = "\n".join(line.strip().strip("|") for line in text.split("\n"))
    for left, right in ("[]", "()"):
        rows = _bracketed(text, left, right)
        if rows:
            return rows
    if (text[:1] == "[" and text[-1:] == "]") or re.fullmatch(r"\([^()]*\)", text):
        text = text[1:-1]
    return re.split(r"[;\n]", text)


def _bracketed(text: str, left: str, right: str) -> list[str]:
    """The insides of `[..], [..]`, with brackets around all of them or without; or nothing."""
    inner = text[1:-1].strip() if text[:1] in "[(" and text[-1:] in "])" else ""
    for whole in (inner, text):
        if whole[:1] == left and whole[-1:] == right:
            rows = re.split(rf"\{right}[\s,;]*\{left}", whole[1:-1])
            plain = all(left not in row and right not in row for row in rows)
            if (len(rows) > 1 and plain and all(re.search("[ ,]", r.strip()) for r in rows)) or (
                len(rows) == 1 and plain and whole is inner and left == "["
            ):
                return rows
    return []


def undivided(text: str) -> str:
    """A number without signs between groups of its digits: `1,325,000`, `350 000`, `7_000`."""
    text = re.sub(r"(?<=\d) (?=[eE][-+]?\d+$)", "", text)
    if _GROUPS.fullmatch(text) or _PYTHON.fullmatch(text):
        return re.sub(r"[^\d.+\-−]", "", text)
    return text


def with_point(row: str) -> bool:
    """Whether no comma of a row stands for a decimal point: `1,5, 2,5` and `1,5 2,5` have such."""
    if "." in row or not _COMMA.search(row):
        return True
    return not re.search(r", |\d [-+−\d]", row.strip().strip(","))
