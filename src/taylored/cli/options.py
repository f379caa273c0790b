"""The options of the command line: declared once, read into plain values, nothing heavy imported.

One argparse parser per command, so that only the one that is asked for is built.
"""

from __future__ import annotations

import argparse
import difflib
import math
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from taylored.cli._texts import COMMANDS, HELP, VERDICT_HELP
from taylored.errors import ArgumentError, BoundsError

__all__ = [
    "LEVEL",
    "Options",
    "count_of",
    "level_of",
    "look_options",
    "parse",
    "parser_of",
    "picture",
    "plot_option",
    "sigma_options",
    "start_options",
    "unknown",
]

PICTURES = (".png", ".svg", ".pdf")
LEVEL = 0.95  # of the intervals of fits
Options = argparse.Namespace


def parse(command: str, arguments: Sequence[str]) -> Options:
    """The options of a command; whatever is wrong with them is an `ArgumentError`."""
    parser = parser_of(command)
    known = [name for action in parser._actions for name in action.option_strings]
    joined = _joined(parser, arguments)
    if command in _WITH_FORMULA:
        joined = [_SHIELD + w if _is_formula(w, known) else w for w in joined]
    options, rest = parser.parse_known_intermixed_args(joined)
    step = f"see: taylored {command} --help"
    if rest:
        if command in _WITH_FORMULA:
            step += "; before a formula that starts with a minus sign write --"
        raise unknown("option", rest[0].partition("=")[0], known, step)
    options.arguments = [word.removeprefix(_SHIELD) for word in options.arguments]
    return options


_WITH_FORMULA = ("fit", "fit-many", "gradient", "jacobian", "hessian", "taylor", "root", "minimize",
                 "chain")  # fmt: skip
_SHIELD = "\0"  # in front of a word that is no option though it starts with a minus sign


def _is_formula(word: str, known: Sequence[str]) -> bool:
    """Whether a word that starts with a minus sign is a formula, and not a misspelt option."""
    if not word.startswith("-") or word == "-" or word.partition("=")[0] in known:
        return False
    if re.match(r"--?[A-Za-z][\w-]*(=[^=]|=?$)", word):
        near = difflib.get_close_matches(f"--{word.lstrip('-')}"[:50], known, 1, 0.6)
        if word.startswith("--") or near:
            return False
    # Only now, since it is needed in rare cases.
    from taylored.errors import FormulaError
    from taylored.formula import parse as read

    try:
        read(word)
    except FormulaError as error:
        return bool(re.search(r"[*/^(+]", word)) and not isinstance(error, ArgumentError)
    return True


def unknown(kind: str, name: str, known: Iterable[str], step: str) -> ArgumentError:
    """The error about a name that is none of those known."""
    near = difflib.get_close_matches(name[:50], list(known), 1, 0.6)
    step = f"did you mean {near[0]}? " + step if near else step
    return ArgumentError(f"There is no {kind} {name[:50]!r}.", next_step=step)


class _Parser(argparse.ArgumentParser):
    """argparse with our errors instead of an exit."""

    def error(self, message: str) -> Any:
        message = message.removeprefix("argument ")
        what = f"{message[:1].upper()}{message[1:]}".replace(
            "expected one argument", "needs a value"
        )
        raise ArgumentError(what + ".", next_step=f"see: {self.prog} --help")


def _joined(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> list[str]:
    """`--option value` as `--option=value`, so that a value may begin with a minus sign.

    `--plot` takes what follows only if that names a picture: it is DATA otherwise.
    """
    takes_one = {
        name
        for action in parser._actions
        if action.nargs is None and action.option_strings
        for name in action.option_strings
        if name.startswith("--")
    }
    result, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*result, *(_SHIELD + w if w.startswith("-") else w for w in rest)]
        if word == "--plot":
            follows = bool(rest) and rest[0].lower().endswith(PICTURES)
            word = f"--plot={rest.pop(0)}" if follows else "--plot="
        elif word in takes_one and rest:
            word = f"{word}={rest.pop(0)}"
        result.append(word)
    return result


# ---- values ---------------------------------------------------------------------------------


def _error(what: str, step: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"{what}; {step}")


def _pairs(text: str, example: str) -> list[tuple[str, str]]:
    """`name=value,name=value` as pairs of text."""
    found = []
    for piece in text.split(","):
        name, sign, value = (part.strip() for part in piece.partition("="))
        if not (name and sign and value):
            shown = piece.strip()[:40]
            raise ArgumentError(f"{shown!r} is not NAME=VALUE.", next_step=f"write {example}")
        found.append((name, value))
    return found


def _merged(flag: str, texts: Sequence[str], example: str, read: Callable[[str, str], Any]) -> dict:
    """All pairs of a flag that may be repeated; a name may be given once."""
    result: dict[str, Any] = {}
    for text in texts:
        try:
            for name, value in _pairs(text, f"{flag} {example}"):
                if name in result:
                    raise ArgumentError(f"{name} is given twice.", next_step="give it once")
                result[name] = read(name, value)
        except ArgumentError as error:
            what = f"{flag}: {error.what}"
            raise type(error)(what, why=error.why, next_step=error.next_step) from None
    return result


def _number(name: str, value: str) -> float:
    number = _float(value)
    if not math.isfinite(number):
        step = "write a plain number, with a point"
        raise ArgumentError(f"{value[:40]!r} for {name} is not a number.", next_step=step)
    return number


def _float(text: str) -> float:
    """A number as every language writes it; nan for anything else (no blanks, no 1_000)."""
    plain = text.replace("\u2212", "-")
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", plain, re.ASCII):
        return float(plain)
    return float(plain) if re.fullmatch(r"[+-]?inf", plain, re.IGNORECASE) else math.nan


def _bound(name: str, value: str) -> tuple[float | None, float | None]:
    low, high = _span(name, value)
    if low is not None and low == high:
        step = "swap them, or use --fixed for a single value"
        raise BoundsError(f"the bounds of {name} cross: {value}", next_step=step)
    return low, high


def _span(name: str, value: str) -> tuple[float | None, float | None]:
    """LOW:HIGH, each side may be open; a variable is held where they are equal."""
    sides = value.split(":")
    numbers = [_float(side.strip()) if side.strip() else None for side in sides]
    if len(sides) != 2 or any(n is not None and math.isnan(n) for n in numbers):
        raise BoundsError(
            f"{value[:40]!r} for {name} is not LOW:HIGH.",
            next_step=f"write {name}=0:10, or {name}=0: where only the lower bound matters",
        )
    low, high = numbers
    if low is not None and high is not None and low > high:
        raise BoundsError(f"the bounds of {name} cross: {value}", next_step="swap them")
    return low, high


def level_of(text: str) -> float:
    """The level of intervals, for argparse."""
    value = _float(text)
    if not 0 < value < 1:
        raise _error(f"{text!r} is not between 0 and 1", "write 0.95 for 95 %")
    return value


def count_of(text: str) -> int:
    """A whole number from 0, for argparse."""
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise _error(f"{text[:40]!r} is not a whole number", "write 0, 1, 2, ...")
    return int(text)


def _positive(text: str) -> float:
    value = _float(text)
    if not 0 < value < math.inf:
        raise _error(f"{text[:40]!r} is no positive number", "write 1e-8")
    return value


def picture(text: str) -> str:
    """The name of a picture, for argparse; empty: the terminal."""
    if text and not text.lower().endswith(PICTURES):
        raise _error(f"{text!r} is not a picture", f"its name ends with {', '.join(PICTURES)}")
    return text


class _Merge(argparse.Action):
    """Collect `name=value` lists of a repeatable flag into a dict."""

    def __init__(self, *args: Any, read: Callable[[str, str], Any], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.read, self.texts = read, []
        self.default = {}

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        self.texts.append(values)
        flag = self.option_strings[0]
        merged = _merged(flag, self.texts, str(self.metavar), self.read)
        setattr(namespace, self.dest, merged)


# ---- parsers --------------------------------------------------------------------------------


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of a command."""
    usage, text = HELP[command]
    width = min(shutil.get_terminal_size((80, 24)).columns, 100)
    parser = _Parser(
        prog=f"taylored {command}",
        usage=usage,
        description=COMMANDS[command],
        epilog=text,
        allow_abbrev=False,
        add_help=False,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
            prog, max_help_position=26, width=width - 2
        ),
    )
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)
    if command in ("fit", "line"):
        _model_options(parser, command)
        _data_options(parser)
    if command in ("fit", "line", "show"):
        _result_options(parser, command)
        parser.epilog = f"{text}\n\n{VERDICT_HELP}"
    if command in ("gradient", "jacobian", "hessian"):
        _derivative_options(parser, command)
    if command == "taylor":
        _taylor_options(parser)
    if command == "chain":
        _chain_options(parser)
    if command == "root":
        _root_options(parser)
    if command == "minimize":
        _minimize_options(parser)
    if command in ("train", "predict"):
        from taylored.cli._network_options import add_options

        add_options(parser, command)
        _data_options(parser, columns=False)
        parser.epilog = f"{text}\n\n{VERDICT_HELP}"
    if command == "fit-many":
        from taylored.cli._many_options import add_many_options

        add_many_options(parser)
        _data_options(parser, columns=False, na=False)
        parser.epilog = f"{text}\n\n{VERDICT_HELP}"
    if command == "course":
        from taylored.cli._course_options import add_course_options

        add_course_options(parser)
    other = parser.add_argument_group("other")
    if command in ("rules", "doctor"):
        other.add_argument("--json", action="store_true", help="one JSON document")
    if command == "doctor":
        few = "check functions at few points, without measuring them"
        other.add_argument("--quick", action="store_true", help=few)
    other.add_argument("-h", "--help", action="help", help="show this text and end")
    return parser


def _model_options(parser: argparse.ArgumentParser, command: str) -> None:
    group = parser.add_argument_group("model")
    add = group.add_argument
    if command == "fit":
        start_options(group)
    example = "slope=2" if command == "line" else "c=0"
    sigma_options(group, example, "a column, or one number")
    if command == "fit":
        add("--search", choices=("auto", "never", "always"), default="auto",
            help="look for better minima away from a given start (default: auto, where the fit "
            "is doubtful)")  # fmt: skip
        add(
            "--seed", type=count_of, default=0, metavar="N", help="of the starts tried (default: 0)"
        )
    else:
        parser.set_defaults(start={}, bounds={}, search="auto", seed=0)
    add("--executor", choices=("auto", "numpy", "xla"), default="auto",
        help="what evaluates the model (default: auto)")  # fmt: skip


def start_options(group: Any) -> None:
    """Declare where the search starts, and within which bounds."""
    group.add_argument("--start", metavar="a=2,tau=1", action=_Merge, read=_number,
                       help="start values; those not given are found from the data")  # fmt: skip
    group.add_argument("--bounds", metavar="tau=0:,a=-1:5", action=_Merge, read=_bound,
                       help="allowed ranges LOW:HIGH; an empty side is open")  # fmt: skip


def sigma_options(group: Any, fixed: str, sigma: str) -> None:
    """Declare what is known before: fixed parameters (an example) and sigma (what it may be)."""
    group.add_argument("--fixed", metavar=fixed, action=_Merge, read=_number,
                       help="parameters that are not fitted")  # fmt: skip
    group.add_argument("--sigma", metavar="VAR|NUMBER" if "variable" in sigma else "COLUMN|NUMBER",
                       help=f"standard errors of the response: {sigma}")  # fmt: skip
    scale = group.add_mutually_exclusive_group()
    scale.add_argument("--absolute-sigma", dest="absolute", action="store_const", const=True,
                       help="sigma is known (default where it is given)")  # fmt: skip
    scale.add_argument("--relative-sigma", dest="absolute", action="store_const", const=False,
                       help="sigma only weights; the scatter sets the scale")  # fmt: skip


def _derivative_options(parser: argparse.ArgumentParser, command: str) -> None:
    parser.set_defaults(command=command)
    add = parser.add_argument_group("point").add_argument
    add("--at", metavar="x=1,y=pi/4", action="append",
        help="where: a number for every name; repeatable (default: formulas only)")  # fmt: skip
    add("--wrt", metavar="x,y",
        help="inputs to differentiate by, in this order; the others are constants (default: "
        "all)")  # fmt: skip
    forms = {"--latex": "the derivatives as formulas in LaTeX",
             "--symbolic": "the derivatives as formulas in plain text"}  # fmt: skip
    _form_options(parser, forms, plot=False)


def _chain_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("point").add_argument
    add("--at", metavar="x=1,tau=2", action="append",
        help="where: a number, or one for every name; repeatable")  # fmt: skip
    add("--of", metavar="NAME", help="the paths of this input alone, each factor of the strongest")
    _form_options(parser, {"--latex": "the chain rule in LaTeX"})


def _taylor_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("polynomial").add_argument
    add("--at", metavar="0.3|x=0.3,y=1", action="append",
        help="the center: a number, or one for every name; repeatable")  # fmt: skip
    add("--order", type=count_of, metavar="N", help="the degree")
    add("--tol", type=_positive, metavar="T",
        help="instead of --order: the least degree whose remainder is at most T")  # fmt: skip
    add("--on", metavar="LO:HI", action="append",
        help="the interval to bound the remainder on; x=-1:1,y=0:2 for several names")  # fmt: skip
    add("--radius", metavar="R", action="append",
        help="instead of --on: how far it reaches from the center, or x=0.1,y=0.2")  # fmt: skip
    add("--thorough", action="store_true", help="more time for a narrower remainder")
    add("--exact", action="store_true",
        help="bounds from python-flint's balls: slow, rests on no measured margin")  # fmt: skip
    _form_options(parser, {"--latex": "the polynomial with its remainder in LaTeX"})


def _root_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("root").add_argument
    add("--start", metavar="2|x=2,y=1", action="append",
        help="where to start: a number, or one for every name; repeatable")  # fmt: skip
    add("--bracket", metavar="LO:HI",
        help="instead of --start: ends at which the formula differs in sign")  # fmt: skip
    add(
        "--all",
        action="store_true",
        help="all roots on --on, and whether they are proved to be all",
    )
    add("--on", metavar="LO:HI", action="append",
        help="where --all looks; x=-1:1,y=0:2 for several names; repeatable")  # fmt: skip
    add("--tol", type=_positive, metavar="T",
        help="stop when a step or the bracket is so small (default: at the last bit)")  # fmt: skip
    add("--seconds", type=_positive, metavar="S", help="stop after so long")
    _form_options(parser)


def _minimize_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("problem").add_argument
    add("--start", metavar="x=1,y=2", action="append",
        help="where to start: a number for every name; repeatable")  # fmt: skip
    add("--subject-to", metavar="CONSTRAINT", action="append", default=[],
        help='a constraint with =, <= or >=, in quotes: "x^2 + y^2 <= 1"; repeatable')  # fmt: skip
    add("--bounds", metavar="x=0:,y=-1:5", action=_Merge, read=_span,
        help="allowed ranges LOW:HIGH; an empty side is open; repeatable")  # fmt: skip
    add("--maximize", action="store_true", help="the largest value instead of the least")
    solving = parser.add_argument_group("solution").add_argument
    solving("--prices", action="store_true",
            help="verify what each limit costs by solving again with the limit moved")  # fmt: skip
    solving("--starts", type=count_of, default=1, metavar="N",
            help="solve from N starts, and take the best (default: 1)")  # fmt: skip
    solving("--seed", type=count_of, default=0, metavar="S", help="of the starts (default: 0)")
    solving("--method", choices=("auto", "trust-region", "lbfgs", "interior", "ipopt"),
            default="auto", help="the solver (default: auto)")  # fmt: skip
    solving("--seconds", type=_positive, metavar="S",
            help="stop after so long, with the best point so far")  # fmt: skip
    _form_options(parser)


def _form_options(
    parser: argparse.ArgumentParser, forms: Mapping[str, str] | None = None, *, plot: bool = True
) -> None:
    """How a result is shown: as JSON or one of other forms, each with its help; as a picture."""
    group = parser.add_argument_group("output")
    kinds = group.add_mutually_exclusive_group()
    kinds.add_argument("--json", action="store_true", help="one JSON document, in full precision")
    for flag, text in (forms or {}).items():
        kinds.add_argument(flag, action="store_true", help=text)
    if plot:
        plot_option(group)
    look_options(group)


def plot_option(group: Any) -> None:
    """Declare `--plot` and `--plot FILE`."""
    group.add_argument("--plot", nargs="?", type=picture, metavar="FILE",
                       help="draw in the terminal, or to FILE (.png, .svg, .pdf)")  # fmt: skip


def look_options(group: Any) -> None:
    """Declare how text may look."""
    group.add_argument("--no-color", action="store_true",
                       help="no colors (NO_COLOR is respected as well)")  # fmt: skip
    group.add_argument("--ascii", action="store_true", help="no characters beyond ASCII")


def _data_options(
    parser: argparse.ArgumentParser, *, columns: bool = True, na: bool = True
) -> None:
    add = parser.add_argument_group("data").add_argument
    if columns:
        add("--columns", metavar="x=time_s,y=3", action=_Merge, read=lambda _, value: value,
            help="columns of the formula's names, by name or number from 1")  # fmt: skip
    add("--where", metavar="CONDITION", help='use only the rows that fulfill it: "t < 50"')
    if na:
        add("--na", choices=("drop", "fail"), default="drop",
            help="leave out rows with missing values and say so, or refuse them (default: "
            "drop)")  # fmt: skip
    add("--na-values", metavar="-999,BAD", action="append", default=[],
        help="more texts that mean a missing value")  # fmt: skip
    add("--sep", metavar="SIGN", help="separator: , ; tab | or blanks (default: found out)")
    add("--decimal", metavar="SIGN", help="decimal sign: . or , (default: found out)")
    add("--header", action=argparse.BooleanOptionalAction, default=None,
        help="the first row holds names, or not (default: found out)")  # fmt: skip


def _result_options(parser: argparse.ArgumentParser, command: str) -> None:
    add = parser.add_argument_group("result").add_argument
    saved = command == "show"  # a fit or a network: which, is known when it is loaded
    add("--level", type=level_of, default=None if saved else LEVEL, metavar="P",
        help=f"level of the intervals (default: {LEVEL}{', of networks 0.9' * saved})")  # fmt: skip
    add("--profile", action="store_true",
        help="intervals from the profile of chi-squared for every parameter (default: only "
        "where the model bends)")  # fmt: skip
    add("--predict", metavar="GRID",
        help="the curve with its band at 0:10:0.5, at 0:10 (101 points), at 1,2,5, or at the "
        "rows of a file")  # fmt: skip
    add("--band", choices=("confidence", "prediction"), default="confidence",
        help="where the curve is, or where a new point falls (default: confidence)")  # fmt: skip
    add("--units", metavar="x=s,y=V", action=_Merge, read=lambda _, value: value,
        help="units of the columns; those of the parameters follow")  # fmt: skip
    form = parser.add_argument_group("output")
    add = form.add_argument
    add("--json", action="store_true", help="one JSON document instead of the report")
    add("--csv", action="store_true",
        help="the parameters as CSV, or the prediction with --predict")  # fmt: skip
    add("-q", "--quiet", action="store_true", help="no report and no notes, only what is asked for")
    add("-o", "--output", metavar="FILE", help="write the result to a file instead of the terminal")
    plot_option(form)
    add("--save", metavar="FILE", help="save the fit as JSON: `taylored show FILE`, ty.load(FILE)")
    add("--fail-on", choices=("warn", "never"), default="never",
        help="exit with 5 for a result with a warning too (default: never)")  # fmt: skip
    look_options(form)
