"""What learner's code may not do: limits of the system, and refusals inside of Python.

Three layers, each for what the one before cannot see: limits on memory, processor time, open files
and the size of files (`resource`); an audit hook that refuses files, processes, sockets and foreign
functions with a sentence; on Linux a filter of system calls. None is a fortress; together they stop
mistakes and idle mischief.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

__all__ = ["MEMORY", "SECONDS", "close_doors"]

MEMORY = 512 * 2**20  # bytes more than at the start
SECONDS = 2  # for the learner's code, imports not counted
_ADDRESSES = 4 * 2**30

_REFUSED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
    "os.startfile", "os.kill", "os.putenv", "os.unsetenv", "os.remove", "os.rename", "os.rmdir",
    "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.chflags",
    "os.lchmod", "os.chdir", "os.fchdir", "os.utime", "os.setxattr", "os.removexattr", "os.lockf",
    "shutil.", "tempfile.", "pty.", "ftplib.", "http.client.", "imaplib.", "poplib.", "smtplib.",
    "telnetlib.", "urllib.", "webbrowser.", "winreg.", "_winapi.", "msvcrt.", "signal.",
    "ctypes.dlopen", "ctypes.dlsym", "ctypes.call_function", "ctypes.cdata", "ctypes.string_at",
    "ctypes.wstring_at", "gc.get", "sys.addaudithook", "sys.setprofile", "syslog.", "sqlite3.",
    "fcntl.", "resource.", "mmap.", "code.__new__",
)  # fmt: skip
_REFUSED_IMPORTS = frozenset({"_posixsubprocess", "multiprocessing", "_multiprocessing"})
_READING = frozenset({"os.listdir", "os.scandir", "os.walk", "os.fwalk", "glob.glob"})


def close_doors() -> None:
    """From here on only computing is left."""
    _limit()
    from taylored.course.sandbox import calls

    calls.refuse()
    sys.addaudithook(_hook())


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    wanted = {
        "RLIMIT_CPU": int(used.ru_utime + used.ru_stime) + SECONDS + 1,  # the parent is first
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
        **_memory_limits(),
    }
    for name, most in wanted.items():
        if hasattr(resource, name):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (most, most))


def _memory_limits() -> dict[str, int]:
    """Private memory, and addresses, that the process may have: what it has now and some more."""
    sizes = {}
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as lines:
        for line in lines:
            name, _, rest = line.partition(":")
            if name in ("VmData", "VmSize"):
                sizes[name] = int(rest.split()[0]) * 1024
    if "VmData" not in sizes:
        return {}
    return {
        "RLIMIT_DATA": sizes["VmData"] + MEMORY,
        "RLIMIT_AS": sizes.get("VmSize", 0) + _ADDRESSES,
    }


def _hook() -> Any:
    """The audit hook; all it needs is in its closure, and no function that could be replaced."""
    refused, imports, reading = _REFUSED, _REFUSED_IMPORTS, _READING
    roots = tuple(
        {os.path.join(r, "") for root in _roots() for r in (root, os.path.realpath(root))}
    )
    encoding, separator = sys.getfilesystemencoding(), os.sep
    plain, exact, octets, decode = str, str.__str__, bytes, bytes.decode
    path_like, spelled, turn = os.PathLike, os.fspath, f"{separator}..{separator}"
    permission, is_a = PermissionError, isinstance
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def installed(path: Any) -> bool:
        if is_a(path, path_like):
            path = spelled(path)
        if is_a(path, plain):
            name = exact(path)  # of a subclass, whose methods may be anything: its letters
        elif is_a(path, octets):
            name = decode(path, encoding, "surrogateescape")
        else:
            return False
        name = name.replace("/", separator) + separator
        return name.startswith(roots) and turn not in name

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if is_a(mode, plain) and any(letter in mode for letter in "wax+"):
                raise permission("files cannot be written here")
            if (flags or 0) & writing or not installed(path):
                raise permission("files cannot be opened here")
        elif event in reading:
            if not installed(arguments[0]):
                raise permission("folders cannot be read here")
        elif event == "import":
            if arguments[0] in imports:
                raise permission("other processes cannot be started here")
        elif event.startswith(refused):
            raise permission(f"{event} is refused here")

    return hook


def _roots() -> list[str]:
    """Where Python and its packages lie: code is imported from there, late ones too."""
    found = [sys.prefix, sys.base_prefix, sys.exec_prefix]
    found += [p for p in sys.path if p and os.path.isdir(p)]
    return found
