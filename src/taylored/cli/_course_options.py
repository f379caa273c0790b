"""The options of `taylored course`."""

from __future__ import annotations

import argparse

from taylored.cli.options import count_of

__all__ = ["add_course_options"]


def add_course_options(parser: argparse.ArgumentParser) -> None:
    """Declare them all."""
    add = parser.add_argument_group("pages").add_argument
    add("--lesson", metavar="3-2", help="open this lesson first")
    add("--module", metavar="0-5", help="open the first lesson of this module")
    add("--no-browser", action="store_true", help="only print the address")
    add("--port", type=count_of, metavar="N",
        help="where to serve (default: 8437, or a free one where that is in use)")  # fmt: skip
    add = parser.add_argument_group("progress").add_argument
    add("--progress", metavar="FILE", help="where answers are kept (default: shown at the start)")
    add("--reset", action="store_true", help="begin anew; a copy of what was there is kept")
    add("--check", nargs=2, metavar=("EXERCISE", "FILE"),
        help="judge the answer in FILE (- for standard input) and end")  # fmt: skip
    add = parser.add_argument_group("other machines").add_argument
    add("--allow-remote", metavar="HOST",
        help="let others in under this name or address of this machine, with a password: they "
        "can run Python code here")  # fmt: skip
    add("--password-file", metavar="FILE",
        help="the password for them (default: TAYLORED_COURSE_PASSWORD, or asked for)")  # fmt: skip
