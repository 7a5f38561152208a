# SPDX-License-Identifier: Apache-2.0
"""Descriptors that are sent along with commands."""
import array
import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import check, equal
from .process import Process
from .qmp import QmpClient, QmpError


def send_with(qmp: QmpClient, data: bytes, *fds: int) -> None:
    qmp.socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])


def execute_with(qmp: QmpClient, fds: list[int], command: str, arguments: dict[str, Any] | None = None) -> Any:
    send_with(qmp, json.dumps({"execute": command, "arguments": arguments or {}, "id": command}).encode(), *fds)
    message = qmp.receive()
    check(message.get("id") == command, f"expected the reply to {command}, got {message}")
    if "error" in message:
        raise QmpError(message["error"])
    return message["return"]


def getfd(qmp: QmpClient, name: str, fd: int) -> None:
    equal(execute_with(qmp, [fd], "getfd", {"fdname": name}), {}, f"getfd {name}")


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    fd = os.open(path, flags)
    try:
        yield fd
    finally:
        os.close(fd)


def fd_count(daemon: Process) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))
