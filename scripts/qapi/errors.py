# SPDX-License-Identifier: Apache-2.0
"""The one exception of the schema front end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """Where something stands: a file as it was named, and a line from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class SchemaError(Exception):
    """The schema is wrong; `position` is None when a file could not be read at all."""

    def __init__(self, position: Position | None, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message

    def __str__(self) -> str:
        return f"{self.position}: {self.message}" if self.position else self.message
