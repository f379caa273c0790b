"""`taylored course`: serve the course to a browser, or check one answer in the terminal."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from taylored.cli import _output as output
from taylored.cli.options import Options
from taylored.errors import ArgumentError, FileReadError, MissingExtraError

__all__ = ["run"]

_NEEDED = ("starlette", "uvicorn", "websockets", "latex2mathml", "markdown_it", "mdit_py_plugins")
_PASSWORD = "TAYLORED_COURSE_PASSWORD"
_SHORTEST = 12  # characters of a password
_EVERYWHERE = ("", "0.0.0.0", "::", "[::]", "*")


def run(options: Options) -> int:
    """Serve until Ctrl-C, or judge one answer, and return the exit code."""
    _check(options)
    _require()
    if options.check:
        from taylored.cli._course_check import check_answer

        return check_answer(options.check[0], options.check[1], _progress_path(options))
    page = _page(options)
    password = _password(options) if options.allow_remote else ""
    # Heavy imports come after what can be refused without them.
    from taylored.course.server.launch import Plan, serve
    from taylored.course.server.threads import at_work

    path = _progress_path(options)
    if options.reset:
        _reset(path)
    plan = Plan(output.emit, output.tell, path, port=options.port, page=page,
                remote=options.allow_remote or "", password=password,
                browser=not options.no_browser)  # fmt: skip
    try:
        serve(plan)
    finally:
        if at_work():
            atexit.register(_leave)
    return 0


def _leave() -> None:
    """End now: JAX would wait, as the process ends, for a figure that nobody looks at any more."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(130)


def _check(options: Options) -> None:
    """What contradicts itself, before any work."""
    if options.arguments:
        raise ArgumentError(f"course takes no argument {options.arguments[0][:40]!r}.",
                            next_step="to open a lesson write --lesson 3-2")  # fmt: skip
    if options.lesson and options.module:
        raise ArgumentError("--lesson and --module name two places to begin.",
                            next_step="give one of them")  # fmt: skip
    if options.port is not None and options.port > 65535:
        raise ArgumentError(f"--port: there is no port {options.port}.",
                            next_step="give one from 1024 to 65535")  # fmt: skip
    if options.check and options.reset:
        raise ArgumentError("--check and --reset do not go together.", next_step="reset first")
    if options.password_file and not options.allow_remote:
        raise ArgumentError("--password-file is for --allow-remote only.",
                            next_step="leave it out: here no password is needed")  # fmt: skip
    if options.allow_remote is not None and options.allow_remote in _EVERYWHERE:
        raise ArgumentError("--allow-remote needs the one name under which others come in.",
                            next_step="write --allow-remote 192.168.1.20, say")  # fmt: skip


def _require() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError("The course needs packages that are not installed.",
                                why=f"missing: {', '.join(missing)}",
                                next_step='pip install "taylored[course]"')  # fmt: skip


def _page(options: Options) -> str:
    """The page to open first."""
    if not (options.lesson or options.module):
        return "/"
    from taylored.course.pages import LESSONS

    ids = [lesson.id for lesson in LESSONS()]
    if options.module:
        first = next((name for name in ids if name[0] == options.module), None)
        if first is None:
            raise ArgumentError(f"--module: there is no module {options.module[:20]!r}.",
                                why="they are 0 to 5", next_step="write --module 3")  # fmt: skip
        return f"/lesson/{first}"
    name = options.lesson.replace(".", "-")
    if name not in ids:
        raise ArgumentError(f"--lesson: there is no lesson {options.lesson[:20]!r}.",
                            why=f"there are {', '.join(ids)}",
                            next_step="write --lesson 3-2")  # fmt: skip
    return f"/lesson/{name}"


# ---- progress -------------------------------------------------------------------------------


def _progress_path(options: Options) -> Path:
    """The file that answers are kept in."""
    from taylored.course.server.store import default_path

    if options.progress is None:
        return default_path()
    if "\0" in options.progress or not options.progress:
        raise ArgumentError("--progress: that is no name of a file.", next_step="give another")
    path = Path(options.progress).expanduser().absolute()
    try:
        plain = path.is_file() or not path.exists()
    except OSError as error:  # a name that is too long, say
        raise ArgumentError("--progress: that is no name of a file.", why=error.strerror or "",
                            next_step="give another") from None  # fmt: skip
    if not plain:
        raise ArgumentError(f"--progress: {options.progress[:80]!r} is no plain file.",
                            next_step="give the name of a file")  # fmt: skip
    if not path.parent.is_dir():
        raise ArgumentError(f"--progress: there is no folder {str(path.parent)[:80]!r}.",
                            next_step="make it first")  # fmt: skip
    return path


def _reset(path: Path) -> None:
    from taylored.course.server.progress import Progress

    progress = Progress(path, output.note)
    try:
        copy = progress.reset()
    except OSError as error:
        why = error.strerror or str(error)
        raise ArgumentError("--reset: nothing was changed, for no copy could be made.", why=why,
                            next_step="give another --progress") from None  # fmt: skip
    kept = f" What was there is kept as {copy}." if copy else ""
    output.note(f"The course begins anew.{kept}")


# ---- the password ---------------------------------------------------------------------------


def _password(options: Options) -> str:
    """The password for other machines: from a file, the environment, or the keyboard."""
    password = _given_password(options.password_file)
    if len(password) < _SHORTEST:
        raise ArgumentError(f"The password has {len(password)} characters, and less than "
                            f"{_SHORTEST} are guessed.", next_step="take a longer one")  # fmt: skip
    host = options.allow_remote
    output.tell(
        f"warning: everybody who reaches {host} and knows the password can use this course, and "
        "its exercises run their Python code on this machine as you. The connection is not "
        "encrypted: who can listen in the network can read the password.\n"
        "  Next: for yourself alone, leave --allow-remote out and use ssh -L 8437:127.0.0.1:8437."
    )
    return password


def _given_password(file: str | None) -> str:
    if file is not None:
        try:
            return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise FileReadError(f"--password-file: {file[:80]!r} cannot be read.",
                                why=re.sub(r"\s+", " ", why),
                                next_step="give a text file") from None  # fmt: skip
    if _PASSWORD in os.environ:
        return os.environ.pop(_PASSWORD)  # no child of ours is to have it
    if sys.stdin is not None and sys.stdin.isatty():
        from getpass import getpass

        return getpass("Password for other machines: ")
    raise ArgumentError("--allow-remote needs a password.",
                        next_step=f"set {_PASSWORD}, or give --password-file FILE")  # fmt: skip
