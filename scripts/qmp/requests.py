# SPDX-License-Identifier: Apache-2.0
"""What both the interactive shell and one-shot use do with a line."""

from __future__ import annotations

from typing import Any

from . import arguments, describe
from .connection import Connection
from .errors import LineError
from .schema import Schema
from .text import printable
from .words import Line


def send(connection: Connection, schema: Schema, line: Line) -> str:
    """Send what a line asks for; the id of the answer."""
    if line.oob and not connection.oob:
        raise LineError("the server offers no out-of-band execution")
    given: dict[str, Any] = (line.arguments if isinstance(line.arguments, dict)
                             else arguments.build(schema, line.command, line.arguments))
    return connection.send(line.command, given, line.oob)


def help_text(schema: Schema, names: list[str]) -> str:
    """The answer to `help` and `help NAME`."""
    if not names:
        return printable(describe.overview(schema))
    text = describe.describe(schema, names[0])
    if text is None:
        raise LineError(f"the server has no command or event '{names[0]}'{describe.suggestion(schema, names[0])}")
    return printable(text)


def fetch_schema(connection: Connection) -> Schema:
    """The server's description of itself."""
    entries = connection.execute("query-qmp-schema")
    if not isinstance(entries, list):
        raise LineError("the server does not describe its commands")
    return Schema(entries)
