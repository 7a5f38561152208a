# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a person and a server, and the exit status that says so."""

from __future__ import annotations

EXIT_REFUSED = 1  # the server answered with an error
EXIT_FAILED = 2  # no connection, a broken one, or a command line that nobody understands
EXIT_TIMEOUT = 3  # the event did not come in time


class ConnectionFailed(Exception):
    """There is no connection, or there is none any more."""


class ProtocolError(ConnectionFailed):
    """The server said something that is no QMP; nothing after that can be trusted."""


class CommandRefused(Exception):
    """The server answered with an error."""

    def __init__(self, error_class: str, desc: str) -> None:
        super().__init__(desc)
        self.error_class = error_class
        self.desc = desc


class LineError(Exception):
    """What was typed is no command line."""
