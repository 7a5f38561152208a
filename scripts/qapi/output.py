# SPDX-License-Identifier: Apache-2.0
"""Writing files only when they change, and the depfile."""

from __future__ import annotations

import os


def write_if_changed(path: str, text: str) -> None:
    """Leave a file with the same text alone, so that nothing is rebuilt; otherwise replace it in one step."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except (OSError, UnicodeDecodeError):
        pass
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def depfile_text(target: str, sources: list[str]) -> str:
    """A make rule: `target` depends on every schema file."""
    escaped = [path.replace("\\", "\\\\").replace(" ", "\\ ").replace("$", "$$") for path in [target, *sources]]
    return f"{escaped[0]}: " + " \\\n  ".join(escaped[1:]) + "\n"
