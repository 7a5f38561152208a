# SPDX-License-Identifier: Apache-2.0
"""Writing files, all or none and only those that change; the depfile."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def write_changed(texts: dict[str, str]) -> None:
    """Write the texts, which are by path. A file with the same text is left alone, so that nothing is rebuilt.

    The texts go to temporary files first; the files are replaced when all of them are written.
    """
    pending: list[tuple[str, str]] = []
    try:
        for path, text in texts.items():
            data = text.encode("utf-8", "surrogateescape")
            if _contents(path) == data:
                continue
            temporary = f"{path}.{os.getpid()}.tmp"
            pending.append((temporary, path))
            _write(temporary, data)
        with _uninterrupted():
            while pending:
                os.replace(*pending[0])
                pending.pop(0)
    finally:
        for temporary, _ in pending:
            with suppress(OSError):
                os.unlink(temporary)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Signals that end the program wait: files that belong together are replaced together."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _write(path: str, data: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:  # a full disk comes without the name of the file
        raise OSError(error.errno, error.strerror, path) from error


def _contents(path: str) -> bytes | None:
    """What is there now; None when it is nothing or nothing to be read. A directory is an error."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, PermissionError):
        return None


def write_out(text: str) -> None:
    """To standard output, unbuffered: OSError comes now and not at the end of the program."""
    data = text.encode()
    while data:
        data = data[os.write(1, data) :]


def depfile_text(target: str, sources: list[str]) -> str:
    """A make rule: `target` depends on every schema file."""
    escaped = [_escaped(path) for path in [target, *sources]]
    return f"{escaped[0]}: " + " \\\n  ".join(escaped[1:]) + "\n"


def _escaped(path: str) -> str:
    """As make, ninja and cmake read it: backslashes count only before a blank or a hash."""
    return re.sub(r"(\\*)([ #])", r"\1\1\\\2", path).replace("$", "$$")
