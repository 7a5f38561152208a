# SPDX-License-Identifier: Apache-2.0
"""How both tools begin and end: standard streams that may be missing, and one line for each kind of failure."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable

from .errors import EXIT_FAILED, EXIT_REFUSED, CommandRefused, ConnectionFailed, LineError
from .text import one_line


def run(name: str, body: Callable[[], int]) -> int:
    """Run the body of a program; its exit status, see errors.py."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL) # as other filters: whoever stops reading wants no more
    _prepare_streams()
    try:
        return body()
    except CommandRefused as error:
        print(one_line(str(error)), file=sys.stderr)
        return EXIT_REFUSED
    except (ConnectionFailed, LineError) as error:
        return _failed(name, str(error))
    except RecursionError:
        return _failed(name, "the server's description of itself is nested too deeply")
    except OSError as error: # a disk that is full, a terminal that has gone
        with open(os.devnull, "wb") as nowhere: # or Python would try to write the rest once more at its end
            os.dup2(nowhere.fileno(), 1)
        return _failed(name, error.strerror or str(error))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _failed(name: str, reason: str) -> int:
    print(f"{name}: {one_line(reason)}", file=sys.stderr)
    return EXIT_FAILED


def _prepare_streams() -> None:
    """What was closed reads as empty and swallows what is written; what cannot be encoded is escaped."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
