"""The options of `taylored train` and `taylored predict`."""

from __future__ import annotations

import argparse
import re

from taylored.cli.options import count_of, level_of, look_options, plot_option

__all__ = ["add_options"]

_PLOTS = ("auto", "prediction", "curve", "learning", "reliability", "importance")
_ACTIVATIONS = ("tanh", "relu", "logistic", "softplus", "sin", "gelu", "silu", "identity")


def add_options(parser: argparse.ArgumentParser, command: str) -> None:
    """Declare the options of a command."""
    if command == "train":
        _network(parser)
        _checking(parser)
    _result(parser, command)


def _network(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("network").add_argument
    add("--task", choices=("auto", "regression", "classification"), default="auto",
        help="classes or numbers (default: texts and few whole numbers are classes)")  # fmt: skip
    add("--weights", metavar="COLUMN", help="how much each row counts")
    add("--hidden", type=_widths, metavar="20,20",
        help="widths of the hidden layers (default: by the number of rows)")  # fmt: skip
    add("--activation", choices=_ACTIVATIONS, default="tanh", metavar="NAME",
        help=f"{', '.join(_ACTIVATIONS)} (default: tanh)")  # fmt: skip
    add("--regularization", type=_strength, default="auto", metavar="auto|evidence|NUMBER",
        help="how parameters are held back (default: auto)")  # fmt: skip
    add("--solver", choices=("auto", "levenberg", "adam"), default="auto",
        help="what trains it (default: auto, by size)")  # fmt: skip
    add("--seed", type=count_of, default=0, metavar="N",
        help="of everything random (default: 0)")  # fmt: skip


def _checking(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("accuracy").add_argument
    add("--intervals", choices=("out-of-bag", "laplace", "none"), default="out-of-bag",
        help="measured on rows left out, or of one network that is not checked (default: "
        "out-of-bag)")  # fmt: skip
    add("--groups", metavar="COLUMN",
        help="rows that belong together, such as those of one patient: they are left out together, "
        "so that what is said holds for new groups")  # fmt: skip
    add("--members", type=count_of, metavar="N",
        help="networks in the ensemble (default: 30, of large tasks 10)")  # fmt: skip
    add("--noise", choices=("auto", "constant", "varying"), default="auto",
        help="whether the noise varies with the inputs (default: the rows decide)")  # fmt: skip
    add("--importance", action="store_true", help="how much each input matters, with intervals")


def _result(parser: argparse.ArgumentParser, command: str) -> None:
    add = parser.add_argument_group("result").add_argument
    add("--level", type=level_of, default=0.9, metavar="P",
        help="of the intervals or sets of classes (default: 0.9)")  # fmt: skip
    if command == "train":
        add("--save", metavar="FILE", help="save it, for taylored predict and ty.load(FILE)")
        add("--checkpoint", metavar="FILE",
            help="keep the state of training there, and go on from it")  # fmt: skip
    form = parser.add_argument_group("output")
    add = form.add_argument
    what = "the report" if command == "train" else "CSV"
    add("--json", action="store_true", help=f"one JSON document instead of {what}")
    add("-q", "--quiet", action="store_true", help="no notes, only what is asked for")
    add("-o", "--output", metavar="FILE", help="write the result to a file instead of the terminal")
    if command == "train":
        plot_option(form)
        add("--plot-kind", choices=_PLOTS, default="auto",
            help="what is drawn (default: auto)")  # fmt: skip
        look_options(form)
    else:
        add("--ascii", action="store_true", help="no characters beyond ASCII")
    add("--fail-on", choices=("warn", "never"), default="never",
        help="exit with 5 for a result with a warning too (default: never)")  # fmt: skip


def _widths(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9]\d{0,5}(,[1-9]\d{0,5})*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} are no widths; write 20 or 64,64")
    return tuple(int(width) for width in text.split(","))


def _strength(text: str) -> str | float:
    if text in ("auto", "evidence"):
        return text
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is no regularization; write auto, evidence or a number from 0"
        ) from None
