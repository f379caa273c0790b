"""Formulas as they are written on paper, `2x(x+1)`, `ln 5`, `x²y/2!`, put into our grammar."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from taylored.course.checking.powers import behind
from taylored.formula import FUNCTIONS

__all__ = ["plain", "plain_number", "without_label"]

# Every pattern here reads blanks in one way only: two ways would take minutes for many blanks.
_NAME = r"[^\W\d]\w*(?:'|′|\{[\w+,]*\}|_\([\w+,]*\))?"  # m, x', x_{n+1}, x_(n+1)
_LABEL = re.compile(
    rf"\s*(?:d|∂)?{_NAME}\s*(?:/\s*(?:d|∂){_NAME}\s*)?(?:\([\w,\s]*\)\s*)?(?:=|≈|≅|≃|:)(?!=)"
)
_BOUNDED = re.compile(  # R =, ≈, |x| <, |R_3(0.5)| ≤, 0 < r <
    rf"\s*(?:0\s?(?:<=|<|≤)\s?)?(?:\|\s*)?(?:{_NAME}\s*(?:\([\w.,\s]*\)\s*)?)?(?:\|\s*)?(?:<=|<|≤|≈|=|~)(?!=)"
)
_EUROS = re.compile(r"^\s?€|\s?(?:€|\beuros?|\bEUR)$")
_CHARACTERS = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")", "–": "-", "—": "-", "⁄": "/",
                             "∗": "*", "′": "'", "½": "(1/2)", "⅓": "(1/3)", "⅔": "(2/3)",
                             "¼": "(1/4)", "¾": "(3/4)", "⅙": "(1/6)", "⅛": "(1/8)"})  # fmt: skip
_MIXED = re.compile(r"(\d)\s*([½⅓⅔¼¾⅙⅛])")  # 1½ is a sum
_TEX = {"cdot": "*", "times": "*", "left": "", "right": "", ",": "", ";": "", "!": "", " ": " "}
_GROUP = re.compile(r"(\^|\\sqrt)\s?\{([^{}]*)\}")  # x^{3}, with no braces inside
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_DEEPEST = 8  # fractions in fractions
_MODULE = re.compile(
    r"\b(?:np|numpy|jnp|math)\.(?=[a-z])|\b(?:(?:np|numpy)\.)?float(?:64|32)?(?=\()"
)
_FACTORIAL = re.compile(r"(?<![\w.])(\d{1,2})!(?!=)|\(\s*(\d{1,2})\s*\)!(?!=)"
                        r"|\bfact(?:orial)?\(\s*(\d{1,2})\s*\)")  # fmt: skip
_BARS = re.compile(r"\|([^|]+)\|")
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta",
          "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ρ": "rho", "σ": "sigma",
          "τ": "tau", "φ": "phi", "χ": "chi", "ω": "omega", "Δ": "Delta",
          "µ": "mu"}  # fmt: skip
_SHORT = {"lambda": "lam"}
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PIECES = re.compile(
    rf"(?P<blank>\s+)|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    rf"|(?P<word>[^\W\d{_RAISED}][^\W{_RAISED}]*)|(?P<raised>⁻?[{_RAISED}]+)|(?P<other>\*\*|.)",
    re.DOTALL,
)
_WORDS = frozenset({"and", "or", "not", "if", "else"})
_LONGEST_WORD = 40
_COMMON = ("exp", "ln", "log", "sqrt", "sin", "cos", "tan")  # functions that are written `sinx`
_CALL_OF_NUMBER = re.compile(f"({'|'.join(_COMMON)})(\\d+)")


class _Piece(NamedTuple):
    """A number, word, function, raised exponent or other sign, and the blanks before it."""

    kind: str
    text: str
    blank: str = ""


def without_label(text: str) -> str:
    """The formula without what it is called: `f(x) =`, `x_{n+1} =`, `∂L/∂x =`, `y ≈`."""
    text = text.strip().strip("$").rstrip(".,;").removeprefix("=")
    match = _LABEL.match(text)  # at the start only: a search would take minutes for many blanks
    return text[match.end() :] if match else text


def plain(text: str, known: Collection[str]) -> str:
    """The text with every product, root and factorial written out; `known` are the variables."""
    if "`" in text:
        return text
    known = {*known, "e", "pi", "π"}
    text = _factorials(_BARS.sub(r"abs(\1)", _tex(text)))
    pieces = behind(list(_pieces(text.replace("√", " sqrt "), known)), _argument)
    return "".join(_joined(_called(pieces), known)).strip()


def plain_number(text: str) -> str:
    """A number's text without `R =`, `≈` or `|x| <`, with percent and `1.3x10^-4` written out."""
    match = _BOUNDED.match(text)
    text = _EUROS.sub("", text[match.end() if match else 0 :]).strip()
    text = re.sub(r"(?<=\d)\s?[xX]\s?(?=10\s?(?:\^|\*\*|⁻|[⁰-⁹¹²³]))", "*", text)
    return f"({text[:-1]})/100" if text.endswith("%") else text


def _tex(text: str) -> str:
    """Without LaTeX's commands and other characters of print."""
    for _ in range(_DEEPEST):
        text, groups = _GROUP.subn(r"\1(\2)", text)
        text, found = _FRACTION.subn(r"((\1)/(\2))", text)
        if not found + groups:
            break
    text = re.sub(r"\\([a-zA-Z]+|[,;! ])", lambda m: _TEX.get(m[1], m[1]), text)
    text = _MIXED.sub(r"(\1+\2)", _MODULE.sub("", text))
    return text.translate(_CHARACTERS)


def _factorials(text: str) -> str:
    return _FACTORIAL.sub(lambda m: str(math.factorial(int(m[1] or m[2] or m[3]))), text)


def _pieces(text: str, known: Collection[str]) -> Iterator[_Piece]:
    """The pieces of a text; a word that is several names comes as these names."""
    blank = ""
    for match in _PIECES.finditer(text):
        kind, piece = str(match.lastgroup), match.group()
        if kind == "blank":
            blank = piece
            continue
        for name in _split(_spelled(piece, known), known) if kind == "word" else [piece]:
            yield _Piece(_kind(kind, name, known), name, blank)
            blank = ""


def _kind(kind: str, name: str, known: Collection[str]) -> str:
    if kind != "word" or name in known:
        return kind
    return "other" if name in _WORDS else "function" if name in FUNCTIONS else (
        "number" if name.isdigit() else "word")  # fmt: skip


def _spelled(word: str, known: Collection[str]) -> str:
    """Greek letters as the names that stand for them, λ as `lambda` or `lam`; X as x."""
    for letter, name in _GREEK.items():
        for way in (name, _SHORT.get(name, name)):
            if letter in word and letter not in known and way in known:
                word = word.replace(letter, way)
    if word in known or word in FUNCTIONS or word == "E":
        return word
    ways = (_SHORT.get(word, word), word.lower())
    return next((way for way in ways if way in known or way in FUNCTIONS), word)


def _split(word: str, known: Collection[str]) -> list[str]:
    """`xy` as x and y, `ln5` as ln and 5, `xsin` as x and sin, where the word is no name itself."""
    if word in known or word in FUNCTIONS or word in _WORDS or len(word) > _LONGEST_WORD:
        return [word]
    called = _CALL_OF_NUMBER.fullmatch(word)
    if called:
        return [called[1], called[2]]
    names = sorted((n for n in (*known, *_COMMON) if n in word), key=len, reverse=True)
    ways: list[list[str] | None] = [[]] + [None] * len(word)  # the names up to each letter
    for at in range(len(word)):
        before = ways[at]
        for name in names if before is not None else ():
            if word.startswith(name, at) and ways[at + len(name)] is None:
                ways[at + len(name)] = [*(before or []), name]
    return ways[-1] or [word]


def _called(pieces: list[_Piece]) -> Iterator[_Piece]:
    """The pieces with `ln 5`, `sin x` and `sin 2x` as calls in parentheses."""
    at = 0
    while at < len(pieces):
        yield pieces[at]
        at += 1
        if pieces[at - 1].kind == "function":
            count = _argument(pieces, at)
            if count:
                inside = [piece._replace(blank="") for piece in pieces[at : at + count]]
                yield from (_Piece("other", "("), *inside, _Piece("other", ")"))
            at += count


def _argument(pieces: list[_Piece], at: int) -> int:
    """How many pieces from here on are a function's bare argument; 0 where that is not clear."""
    kinds = [p.kind for p in pieces[at : at + 2]]
    if not kinds or kinds[0] not in ("number", "word"):
        return 0
    both = kinds == ["number", "word"] and not pieces[at + 1].blank
    after = pieces[at + 1 + both] if at + 1 + both < len(pieces) else _Piece("other", "")
    unclear = after.kind == "raised" or after.text in ("^", "**", "(")
    return 0 if unclear else 1 + both


def _joined(pieces: Iterable[_Piece], known: Collection[str]) -> Iterator[str]:
    """The pieces' texts, with `*` between the end of a value and the start of the next."""
    last = _Piece("other", "")
    for piece in pieces:
        yield piece.blank
        yield "*" if _is_product(last, piece, known) else ""
        yield piece.text
        last = piece


def _is_product(last: _Piece, piece: _Piece, known: Collection[str]) -> bool:
    """Whether a product sign is missing between two pieces."""
    closed = last.text == ")"
    if piece.text == "(":
        return closed or last.kind in ("number", "raised") or last.text in known
    if piece.kind in ("word", "function"):
        return closed or last.kind in ("number", "word", "raised")
    return closed and piece.kind == "number"
