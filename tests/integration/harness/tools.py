# SPDX-License-Identifier: Apache-2.0
"""The operator tools, run as a person runs them."""
import json
import os
import sys
from pathlib import Path
from typing import Any

from .case import Case
from .process import Process
from .terminal import Terminal


def argv(case: Case, name: str, *arguments: str | Path) -> list[str | Path]:
    """A tool of scripts/ with this Python, its history in the directory of the test, on a terminal everybody knows."""
    environment = [f"XDG_STATE_HOME={case.path('state')}", "TERM=xterm", "LC_ALL=C.UTF-8", "NO_COLOR=1",
                   "INPUTRC=/dev/null"]
    return ["env", *environment, sys.executable, case.settings.source / "scripts" / name, *arguments]


def run(case: Case, name: str, *arguments: str | Path, status: int = 0, stdin: bytes | None = None) -> Process:
    """Run a tool to its end, without a terminal."""
    return case.run(*argv(case, name, *arguments), status=status, stdin=stdin, env=dict(os.environ))


def shell(case: Case, address: str | Path, *commands: str, status: int = 0) -> Process:
    """qmp-shell with these commands."""
    return run(case, "qmp-shell", address, *(word for command in commands for word in ("-c", command)), status=status)


def values(process: Process) -> list[Any]:
    """The JSON values on standard output."""
    found, text, decoder = [], process.stdout.strip(), json.JSONDecoder()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


def terminal(case: Case, name: str, *arguments: str | Path, rows: int = 24, columns: int = 100) -> Terminal:
    """A tool on a terminal."""
    return Terminal(case, *argv(case, name, *arguments), rows=rows, columns=columns)
