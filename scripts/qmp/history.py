# SPDX-License-Identifier: Apache-2.0
"""The lines of earlier sessions, for readline: one file per user, each line added when it is typed."""

from __future__ import annotations

import os
import readline
from pathlib import Path

MAX_LINES = 2000


def default_path() -> Path | None:
    """Where the XDG specification wants it; None for a user without a home."""
    state = os.environ.get("XDG_STATE_HOME", "")
    try:
        base = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    except RuntimeError:
        return None
    return base / "iothreadd" / "qmp-shell-history"


class History:
    """readline's history, kept in a file. A file that cannot be had costs the memory, not the session."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.problem = ""
        self._last = ""
        if path is None:
            return
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            readline.read_history_file(path)
            if readline.get_current_history_length() > MAX_LINES:
                readline.set_history_length(MAX_LINES)
                readline.write_history_file(path)
            readline.set_history_length(-1) # appending must not read the file again
        except OSError as error:
            self._give_up(error)

    def add(self, line: str) -> None:
        """Remember a line, unless it is the last one again."""
        if line == self._last or not line.strip():
            return
        self._last = line
        readline.add_history(line)
        if self._path is None:
            return
        try:
            readline.append_history_file(1, self._path)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.problem = f"no history: {self._path}: {error.strerror or error}"
        self._path = None
