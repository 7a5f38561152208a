# SPDX-License-Identifier: Apache-2.0
"""Where a QMP server listens: a unix socket, or host and port."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from .errors import ConnectionFailed


@dataclass(frozen=True)
class Address:
    """A unix socket has a path, a TCP one host and port."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only a process of this machine can listen there."""
        return bool(self.path)

    def connect(self, timeout: float) -> socket.socket:
        """A connected socket."""
        try:
            if not self.path:
                return socket.create_connection((self.host, self.port), timeout)
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connected.settimeout(timeout)
                connected.connect(self.path)
            except BaseException:
                connected.close()
                raise
            return connected
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ConnectionFailed(f"cannot connect to {self}: {reason}") from None


def parse_address(text: str) -> Address:
    """`PATH`, `unix:PATH`, `HOST:PORT`, `[HOST]:PORT` or `tcp:HOST:PORT`; ValueError says what is wrong.

    Without a prefix it is a path if there is a slash in it, or if it does not end in a port.
    """
    if text.startswith("unix:"):
        if not text.removeprefix("unix:"):
            raise ValueError("no path behind 'unix:'")
        return Address(path=text.removeprefix("unix:"))
    match = re.fullmatch(r"(?:tcp:)?(?:\[([^\[\]/]+)\]|([^:/]*)):([0-9]{1,5})", text)
    if match:
        port = int(match[3])
        if not 0 < port < 65536:
            raise ValueError(f"{port} is no port")
        return Address(host=match[1] or match[2] or "localhost", port=port)
    if text.startswith("tcp:"):
        raise ValueError(f"'{text}' is not tcp:HOST:PORT")
    if not text:
        raise ValueError("the address is empty")
    return Address(path=text)
