"""What `taylored train` and `taylored predict` share: words of the shell, and exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from taylored.cli import _output as output
from taylored.cli.options import Options
from taylored.errors import TayloredError
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["exit_code", "findings_in_shell", "in_shell", "reworded", "tell"]
__all__ += ["tell_findings", "tell_notes", "write_text"]

_NAMES = ("task", "intervals", "noise", "members", "activation", "weights", "groups",
          "regularization", "solver", "seed", "level", "checkpoint")  # fmt: skip
_ARGUMENT = re.compile(rf"\b({'|'.join(_NAMES)})=(?:['\"]?(\w(?:[\w.-]*\w)?)['\"]?)?")
_ABOUT = re.compile(rf"^({'|'.join(_NAMES)})(?= is )")


def in_shell(text: str) -> str:
    """A message of the library with its Python arguments as options."""
    text = re.sub(r"\bmissing=['\"](\w+)['\"]", r"--na \1", text)
    text = re.sub(r"\bhidden=\((\d+),?\)", r"--hidden \1", text)
    text = _ARGUMENT.sub(lambda m: f"--{m[1]} {m[2] or ''}".rstrip(), text)
    return _ABOUT.sub(r"--\1", text)


@contextmanager
def reworded() -> Iterator[None]:
    """Inside, errors are in the words of the shell."""
    try:
        yield
    except TayloredError as error:
        for part in ("what", "why", "next_step"):
            setattr(error, part, in_shell(getattr(error, part)))
        raise


def findings_in_shell(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings in the words of the shell."""
    return tuple(
        replace(f, message=in_shell(f.message), next_step=in_shell(f.next_step)) for f in findings
    )


def tell_findings(findings: Sequence[Finding], options: Options) -> None:
    """On standard error, where a document has taken standard output."""
    for finding in findings_in_shell(findings):
        if finding.severity == "error" or not options.quiet:
            tell(f"{finding.severity}: {finding}", options)


def tell_notes(notes: Sequence[str], options: Options) -> None:
    """How a table was read, but for the separator, which is hardly ever a matter of doubt."""
    for text in notes:
        if not (options.quiet or text.startswith("separator: ")):
            output.note(text)


def tell(text: str, options: Options) -> None:
    """A line on standard error, in ASCII where that is asked for."""
    if options.ascii:
        from taylored.report.letters import ascii_only

        text = ascii_only(text)
    output.tell(text)


def exit_code(net: Network, options: Options) -> int:
    """0, or 5 for a network that is not to be trusted."""
    from taylored.report.network_facts import holds

    if not net.usable:
        return 5
    doubtful = (
        any(f.severity == "warning" for f in net.findings)
        or net.accuracy is Accuracy.UNKNOWN
        or not all(holds(c) for c in net.coverage(options.level))
    )
    return 5 if doubtful and options.fail_on == "warn" else 0


def write_text(path: str, text: str) -> None:
    """Text as a file with plain ends of lines."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text.rstrip("\n") + "\n")
