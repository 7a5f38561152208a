# SPDX-License-Identifier: Apache-2.0
"""In which order C++ types must be defined, and which members need a Box because the type contains itself."""

from __future__ import annotations

from collections.abc import Iterator

from .containment import Definable, contained, mentioned, parts
from .graph import components
from .model import ArrayType, Builtin, ObjectType, Schema, Type


class Layout:
    """Order and boxes for one schema."""

    def __init__(self, schema: Schema, types: list[Definable]) -> None:
        self._schema = schema
        self._component: dict[int, int] = {}
        for number, group in enumerate(components(types, lambda node: contained(schema, node))):
            for node in group:
                self._component[id(node)] = number
        self._recursive = {
            id(node)
            for node in types
            if any(self._same(node, part) for part in contained(schema, node))
        }
        self.order: list[Definable] = []
        """Every type after what it needs complete."""
        self.forward: list[Definable] = []
        """Types that are mentioned before they are defined."""
        for group in components(types, lambda node: mentioned(schema, node)):
            self._place(group)

    def _same(self, owner: Definable, part: Type) -> bool:
        return self._component.get(id(owner), -1) == self._component.get(id(part), -2)

    def boxed(self, owner: Definable, part: Type) -> bool:
        """Whether `owner` must hold a value of type `part` in a Box."""
        return id(owner) in self._recursive and self._same(owner, part)

    def _needs(self, owner: Definable) -> Iterator[Definable]:
        if isinstance(owner, ObjectType) and owner.base and not owner.is_union():
            yield owner.base
        for part in parts(self._schema, owner):
            if not isinstance(part, (Builtin, ArrayType)) and not self.boxed(owner, part):
                yield part

    def _place(self, group: list[Definable]) -> None:
        members = {id(node) for node in group}
        inner = [
            node
            for part in components(group, lambda n: (need for need in self._needs(n) if id(need) in members))
            for node in part
        ]
        if len(group) > 1 or any(node is group[0] for node in mentioned(self._schema, group[0])):
            self.forward += inner
        self.order += inner
