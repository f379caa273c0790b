"""System calls that learner's code may not make: a filter of the Linux kernel (seccomp).

It refuses sockets, new processes and programs, signals and changes of files with EPERM; threads
stay possible. Signals to the process itself are no exception: one that has stopped itself would
outlive a server that is killed. Where the kernel or the processor is another one, nothing is
installed and the audit hook stands alone. Source: seccomp(2),
Documentation/userspace-api/seccomp_filter.rst.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

__all__ = ["program", "refuse"]

_X86_64 = {
    "audit": 0xC000003E,
    "clone": 56,
    "clone3": 435,
    "refused": [
        41, 42, 44, 46, 49, 50, 53, 288,  # socket connect sendto sendmsg bind listen socketpair
        57, 58, 59, 322,  # fork vfork execve execveat
        62, 200, 234, 129, 297, 424, 101, 310, 311, 434,  # kill *kill *sigqueueinfo pidfd ptrace vm
        76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 133,  # truncate rename ... mknod
        258, 259, 260, 263, 264, 265, 266, 268, 316, 437, 452,  # the same ... at
        112, 109, 165, 166, 161, 272, 308, 425, 321,  # setsid setpgid mount unshare io_uring bpf
    ],
}  # fmt: skip
_AARCH64 = {
    "audit": 0xC00000B7,
    "clone": 220,
    "clone3": 435,
    "refused": [
        198, 199, 200, 201, 203, 206, 211, 242,
        221, 281,
        129, 130, 131, 138, 240, 424, 117, 270, 271, 434,
        45, 46, 33, 34, 35, 36, 37, 38, 52, 53, 54, 55, 276, 437, 452,
        157, 154, 40, 39, 51, 97, 268, 425, 280,
    ],
}  # fmt: skip
_TABLES = {"x86_64": _X86_64, "aarch64": _AARCH64}
_CLONE_THREAD = 0x00010000

_LOAD, _EQUAL, _LEAST, _SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # opcodes of classic BPF
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
_NUMBER, _AUDIT, _ARGUMENT = 0, 4, 16  # offsets into struct seccomp_data
_OTHER_ABI = 0x40000000  # x32 numbers

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2  # prctl


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def program(table: dict) -> bytes:
    """The filter as instructions of classic BPF, eight bytes each."""

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    refuse, allow = step(_RETURN, _EPERM), step(_RETURN, _ALLOW)
    steps = [step(_LOAD, _AUDIT), step(_EQUAL, table["audit"], 1), refuse]
    steps += [step(_LOAD, _NUMBER), step(_LEAST, _OTHER_ABI, 0, 1), refuse]
    for number in table["refused"]:
        steps += [step(_EQUAL, number, 0, 1), refuse]
    steps += [step(_EQUAL, table["clone3"], 0, 1), step(_RETURN, _ENOSYS)]  # glibc then uses clone
    steps += [step(_EQUAL, table["clone"], 0, 3), step(_LOAD, _ARGUMENT)]
    steps += [step(_SET, _CLONE_THREAD, 1), refuse, allow]
    return b"".join(steps)


def refuse() -> bool:
    """Install the filter for this process and its later threads; whether it could be."""
    table = _TABLES.get(platform.machine())
    if table is None or not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return False
    code = program(table)
    held = ctypes.create_string_buffer(code, len(code))
    whole = _Program(len(code) // 8, ctypes.cast(held, ctypes.c_void_p).value)
    try:
        control = ctypes.CDLL(None, use_errno=True).prctl
        first = control(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return first == 0 and control(_SET_SECCOMP, _FILTER, ctypes.byref(whole), 0, 0) == 0
    except (OSError, AttributeError):
        return False
