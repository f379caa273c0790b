"""Formulas of a page: LaTeX to MathML that every browser draws by itself, checked and with words.

`latex2mathml` reads the LaTeX. What it leaves undone is done here: an unknown command is an error
and not a word of the formula, names of functions stand upright and apart from what follows, and
every formula carries its text in one line for those who hear it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from xml.etree import ElementTree as Tree

__all__ = ["MathError", "mathml"]

Element = Tree.Element

_CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "msubsup": 3, "mroot": 2, "mover": 2, "munder": 2,
             "munderover": 3}  # fmt: skip
_LEAVES = {"mi", "mn", "mo", "mtext", "mspace"}
_KNOWN = {*_CHILDREN, *_LEAVES, "math", "mrow", "msqrt", "mstyle", "mtable", "mtr", "mtd",
          "mpadded", "mphantom"}  # fmt: skip
_ATTRIBUTES = {"mathvariant", "stretchy", "fence", "form", "separator", "accent", "minsize",
               "maxsize", "class", "width", "height", "depth", "lspace", "rspace", "voffset",
               "displaystyle", "scriptlevel", "movablelimits", "linethickness"}  # fmt: skip
_OVER = {"lim", "max", "min", "sup", "inf", "arg max", "arg min"}
_SHORT = 20  # characters of a formula that is never broken
_RELATIONS, _SUMS = "=≈≠<>≤≥→∈≡∼↦", "+−±"
_MISREAD = {"±": "±", "~": "∼", "⟂": "⊥"}  # signs that come as letters, without their spaces
_CLOSE = tuple(")]}|‖′″!%")
_OVERLINES = {"¯": " bar", "^": " hat", "→": " vector", "˙": " dot", "~": " tilde"}


class MathError(ValueError):
    """A formula of a lesson that cannot be set: which, and why."""


@lru_cache(maxsize=4096)
def mathml(latex: str, *, block: bool = False) -> str:
    """The `<math>` elements of a formula; `block` for one on lines of its own.

    A long formula is several elements with `<wbr>` between them: browsers break no formula.
    """
    root = _tree(latex, block)
    _check(root, latex)
    _tidy(root)
    if block:
        _limits_below(root)
    for element in root.iter():
        element.attrib = _attributes(element)
    row = root[0] if len(root) == 1 and root[0].tag == "mrow" else root
    formulas = _parted(list(row)) if block else [list(row)]
    texts = ["<wbr>".join(_written(p, block) for p in _pieces(f)) for f in formulas]
    return texts[0] if len(texts) == 1 else "".join(f"<span>{text}</span> " for text in texts)


def _written(children: list[Element], block: bool) -> str:
    root = Element("math", {"displaystyle": "true"} if block else {})
    root.extend(children)
    root.set("alttext", _spoken(root))
    return Tree.tostring(root, encoding="unicode")


def _parted(children: list[Element]) -> list[list[Element]]:
    """Several formulas with wide gaps between them."""
    formulas: list[list[Element]] = [[]]
    for child in children:
        if child.tag == "mspace" and child.get("width") in ("1em", "2em"):
            formulas.append([])
        else:
            formulas[-1].append(child)
    return [formula for formula in formulas if formula]


def _pieces(formula: list[Element]) -> list[list[Element]]:
    """A long formula cut where it may be broken."""
    row = Element("mrow")
    row.extend(formula)
    if len(_spoken(row)) <= _SHORT:
        return [formula]
    return [end for piece in _cut(formula, _RELATIONS) for end in _cut_again(piece)]


def _cut_again(piece: list[Element]) -> list[list[Element]]:
    whole = Element("mrow")
    whole.extend(piece)
    return _cut(piece, _SUMS) if len(_spoken(whole)) > _SHORT else [piece]


def _cut(children: list[Element], before: str) -> list[list[Element]]:
    """Cut a row before some signs, outside of brackets; a sign keeps its spaces at the cut."""
    pieces: list[list[Element]] = [[]]
    depth = 0
    for child in children:
        sign = (child.text or "") if child.tag == "mo" else ""
        depth += (sign in tuple("([{")) - (sign in tuple(")]}"))
        if sign and sign in before and depth <= 0 and pieces[-1] and not child.get("form"):
            child.set("form", "infix")
            pieces.append([])
        pieces[-1].append(child)
    return pieces


def _tree(latex: str, block: bool) -> Element:
    from latex2mathml.converter import convert

    if re.search(r"(?<!\\)&", re.sub(r"\\begin\{(\w*matrix|cases)\}.*?\\end\{\1\}", "", latex,
                                     flags=re.S)):  # fmt: skip
        raise MathError(f"{latex!r} aligns with &: write several formulas instead")
    try:
        text = convert(latex, display="block" if block else "inline")
    except Exception as error:  # the converter has a dozen exceptions of its own
        raise MathError(f"{latex!r} is not LaTeX: {type(error).__name__} {error}") from None
    # A letter that comes as a number was made upright by \mathrm; alone it would be slanted again.
    text = re.sub(r"<mi>(&#x000(?:4|5|6|7)[0-9A-F];)</mi>", r'<mi mathvariant="normal">\1</mi>',
                  text)  # fmt: skip
    return Tree.fromstring(re.sub(r' xmlns="[^"]*"', "", text))


def _check(root: Element, latex: str) -> None:
    """Refuse what would be shown wrong: unknown commands, missing arguments, foreign elements."""
    for element in root.iter():
        if element.tag not in _KNOWN or "href" in element.attrib:
            raise MathError(f"{latex!r} needs <{element.tag}>, which our pages do not use")
        text = element.text or ""
        if "\\" in text:
            raise MathError(f"{latex!r} has the unknown command {text}")
        wanted = _CHILDREN.get(element.tag)
        if wanted is not None and len(element) != wanted:
            raise MathError(f"{latex!r} lacks an argument of a command")


def _attributes(element: Element) -> dict[str, str]:
    """Only the attributes that browsers know; the alignment of a cell becomes a class."""
    kept = {k: v for k, v in element.attrib.items() if k in _ATTRIBUTES}
    if element.get("columnalign") in ("left", "right"):
        kept["class"] = element.attrib["columnalign"]
    return kept


def _tidy(element: Element) -> None:
    """Names of functions as one word, upright, with a thin space to their neighbors."""
    for child in element:
        _tidy(child)
    if element.tag == "mi" and element.text in _MISREAD:
        element.tag, element.text = "mo", _MISREAD[element.text]
    if element.tag == "mo" and element.text == "/":
        element.attrib = {"lspace": "0.06em", "rspace": "0.06em"}
    if element.tag == "msup" and element[1].text in ("′", "″", "‴"):
        # Raised by its own shape, in a font for text: fonts for formulas differ in how high it is.
        element.tag, element[1].tag = "mrow", "mo"
        element[1].attrib = {"class": "prime", "lspace": "0", "rspace": "0"}
    if element.tag in ("mrow", "math", "mtd", "msqrt", "mstyle"):
        _join_letters(element)
        _mark_signs(element)
        _space_names(element)


def _mark_signs(row: Element) -> None:
    """A minus after another sign, a comma or a bracket belongs to the number behind it."""
    before: Element | None = None
    for child in row:
        sign = child.tag == "mo" and child.text in ("−", "+", "±", "∓")
        if sign and before is not None and before.tag == "mo" and before.text not in _CLOSE:
            child.set("form", "prefix")
        before = before if child.tag == "mspace" else child


def _limits_below(root: Element) -> None:
    """On a line of its own, what a limit or a maximum is over stands under its name."""
    for element in root.iter("msub"):
        if element[0].text in _OVER:
            element.tag = "munder"


def _join_letters(row: Element) -> None:
    """`\\mathrm{rank}` comes letter by letter: make it one word."""
    before = None
    for child in list(row):
        upright = child.tag == "mi" and child.get("mathvariant") == "normal"
        if upright and before is not None:
            before.text = (before.text or "") + (child.text or "")
            row.remove(child)
        else:
            before = child if upright else None
    for child in row:
        if child.tag == "mi" and len(child.text or "") > 1:
            child.attrib.pop("mathvariant", None)  # a longer word is upright by itself


def _name_in(element: Element) -> Element | None:
    """The name of a function, where this is one, perhaps with a power or an index."""
    if element.tag in ("msup", "msub", "msubsup", "munder") and len(element):
        return _name_in(element[0])
    if element.tag in ("mi", "mo") and re.fullmatch(r"[a-zA-Z ]{2,}", element.text or ""):
        return element
    return None


def _space_names(row: Element) -> None:
    children = list(row)
    for at, child in enumerate(children):
        name = _name_in(child)
        if name is None:
            continue
        name.tag = "mi"  # an operator would bring wide spaces of its own
        after = children[at + 1] if at + 1 < len(children) else None
        if after is not None and _needs_space(after):
            row.insert(list(row).index(child) + 1, _thin())
        before = children[at - 1] if at else None
        if before is not None and before.tag not in ("mo", "mspace") and _name_in(before) is None:
            row.insert(list(row).index(child), _thin())


def _needs_space(after: Element) -> bool:
    first = after
    while first.tag == "mrow" and len(first):
        first = first[0]
    return first.tag not in ("mo", "mspace") or first.text == "−"


def _thin() -> Element:
    return Element("mspace", {"width": "0.167em"})


def _spoken(element: Element) -> str:
    """A formula in one line: `(f(x + h) − f(x)) / h`."""
    words = re.sub(r"\s+", " ", _words(element)).strip()
    return re.sub(r"([(\[{]) | (?=[)\],;])", lambda found: found[1] or "", words)


def _words(element: Element) -> str:
    tag, parts = element.tag, [_words(child) for child in element]
    text = element.text or ""
    if tag == "mo":
        return text if text in "()[]{}|‖,′″!⁡" else f" {text} "
    if tag in _LEAVES:
        return text if tag != "mspace" else " "
    if tag == "mfrac":
        return f"{_grouped(parts[0])}/{_grouped(parts[1])}"
    if tag in ("msqrt", "mroot"):
        root = "square root" if tag == "msqrt" else f"root {parts[1]}"
        return f" {root} of {_grouped(parts[0] if tag == 'mroot' else ''.join(parts))} "
    if tag == "mtable":
        return "; ".join(parts)
    if tag == "mtr":
        return ", ".join(parts)
    return _scripts(tag, parts) if tag in _CHILDREN else "".join(parts)


def _scripts(tag: str, parts: list[str]) -> str:
    base, script = parts[0], parts[-1]
    if tag == "mover":
        return base + _OVERLINES.get(script.strip(), f" over {script}")
    if tag == "msup":
        return base + (script if script.strip() in "′″‴" else f"^{_grouped(script)}")
    if tag in ("msubsup", "munderover"):
        return f"{base}_{_grouped(parts[1])}^{_grouped(script)} "
    return f"{base}_{_grouped(script)}" + (" " if tag == "munder" else "")


def _grouped(text: str) -> str:
    text = text.strip()
    return text if re.fullmatch(r"[\w.′″∂Δ⊤]*|\(.*\)", text) else f"({text})"
