# SPDX-License-Identifier: Apache-2.0
"""What the manual says about one definition, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from .inline import Span
from .markup import Block

_KINDS = {"enum": "Enum", "struct": "Struct", "union": "Union", "alternate": "Alternate", "command": "Command",
          "event": "Event"}


@dataclass
class Item:
    """A member, argument, value, alternative or feature."""

    name: str
    anchor: str
    type: list[Span] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass
class Part:
    """A part of an entry; `title` is empty for running text. Pointers say whose members there are as well."""

    title: str
    blocks: list[Block] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    pointers: list[list[Span]] = field(default_factory=list)
    type: list[Span] = field(default_factory=list)


@dataclass
class Entry:
    """What the manual says about one definition; `notes` stand in the heading."""

    kind: str
    name: str
    anchor: str
    notes: list[str]
    signature: list[Span]
    since: list[Span]
    parts: list[Part] = field(default_factory=list)
    used_by: list[Span] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The heading: `Command: quit`."""
        return f"{_KINDS[self.kind]}: {self.name}"

    @property
    def label(self) -> str:
        """The kind as a word."""
        return _KINDS[self.kind]
