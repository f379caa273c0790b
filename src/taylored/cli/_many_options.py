"""The options of `taylored fit-many`."""

from __future__ import annotations

import argparse

from taylored.cli.options import (
    count_of,
    look_options,
    picture,
    sigma_options,
    start_options,
)  # fmt: skip

__all__ = ["add_many_options"]


def add_many_options(parser: argparse.ArgumentParser) -> None:
    """Declare them all."""
    _which(parser)
    group = parser.add_argument_group("model")
    start_options(group)
    sigma_options(group, "c=0", "a variable, a column, or one number")
    _running(parser)
    _result(parser)


def _which(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("fits")
    add = group.add_argument
    add("--dim", metavar="t|y,x",
        help="the dimension to fit over, or several whose points are fitted together (default: "
        "the one that the formula names)")  # fmt: skip
    add("--var", metavar="NAME", help="the variable to fit (default: the only one, or VARIABLE)")
    add("--mask", metavar="VAR", help="a variable that is true where a point is used")
    add("--coord", metavar="t=0:99:1", action="append", default=[],
        help="where the points are, if DATA does not say: LOW:HIGH:STEP, LOW:HIGH, 1,2,5, or "
        "a .npy file; repeatable")  # fmt: skip
    add("--by", metavar="KEY,KEY", help="columns of a long table that tell the fits apart")


def _running(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("running").add_argument
    add("--dtype", choices=("float64", "float32"), default="float64",
        help="of the search; what it finds is checked in float64 (default: float64)")  # fmt: skip
    add("--threads", type=count_of, metavar="N", help="how many (default: one per core)")
    add("--ledger", metavar="DIR",
        help="keep finished blocks there: the same command goes on from them")  # fmt: skip


def _result(parser: argparse.ArgumentParser) -> None:
    form = parser.add_argument_group("output")
    add = form.add_argument
    add("--out", metavar="MAPS.zarr",
        help="write maps: parameters, standard errors, chi2, p-value, status")  # fmt: skip
    add("--overwrite", action="store_true", help="in the place of other maps of this command")
    add("--json", action="store_true", help="one JSON document instead of the report")
    add("--csv", action="store_true", help="one line for each fit as CSV instead of the report")
    add("-q", "--quiet", action="store_true", help="no report, no notes, no progress")
    add("--plot", nargs="?", type=picture, metavar="FILE",
        help="draw parameters and verdicts to FILE (.png, .svg, .pdf)")  # fmt: skip
    add("--fail-on", choices=("warn", "never"), default="never",
        help="exit with 5 if any fit is not usable (default: never)")  # fmt: skip
    look_options(form)
