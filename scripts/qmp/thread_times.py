# SPDX-License-Identifier: Apache-2.0
"""What the kernel tells about a thread of another process: processor time and context switches."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_COMM_BYTES = 15  # the kernel cuts names of threads there


@dataclass(frozen=True)
class ThreadTimes:
    """Since the thread began."""

    cpu_ns: int
    voluntary: int
    involuntary: int


def thread_folder(pid: int | None, thread_id: int, iothread: str, proc: Path = PROC) -> Path | None:
    """Where the kernel tells about an IOThread; None when it is not on this machine, or not to be seen.

    `pid` is whoever listens on the socket. That is systemd when it made the socket, and then only the name of the
    thread can show that the id means the same thread here as there.
    """
    if pid is None:
        return None
    own = proc / str(pid) / "task" / str(thread_id)
    if own.is_dir():
        return own
    other = proc / str(thread_id) / "task" / str(thread_id)
    try:
        comm = (other / "comm").read_bytes().rstrip(b"\n")
    except OSError:
        return None
    return other if comm == f"IO {iothread}".encode()[:_COMM_BYTES] else None


def read_times(folder: Path) -> ThreadTimes | None:
    """None when the thread has gone, or the kernel does not say."""
    try:
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        return ThreadTimes(_cpu_ns(folder), int(status["voluntary_ctxt_switches"]),
                           int(status["nonvoluntary_ctxt_switches"]))
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _cpu_ns(folder: Path) -> int:
    """In nanoseconds where the kernel keeps schedstat, else in its clock ticks."""
    try:
        return int((folder / "schedstat").read_text().split()[0])
    except OSError:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
