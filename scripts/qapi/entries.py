# SPDX-License-Identifier: Apache-2.0
"""From a documented definition to its entry in the manual."""

from __future__ import annotations

import re

from .definitions import Condition, Definition, EnumValue, Feature
from .docs import Section
from .entry import Entry, Item, Part
from .inline import Span, text
from .markup import Block, Paragraph, parse_section
from .model import AlternateType, ArrayType, Branch, Builtin, Command, EnumType, Event, Member, ObjectType, Schema, Type
from .references import References, anchor, feature_anchor, member_anchor

MARKS = ("deprecated", "unstable")
_MEMBERS = {"enum": "Values", "command": "Arguments", "event": "Data", "alternate": "Alternatives"}
_JSON_TYPES = {"value": "any value"}
_DEFAULT = re.compile(r"\s*\(default: ([^();]{1,30})\)$")


class EntryBuilder:
    """Makes entries from definitions."""

    def __init__(self, schema: Schema, references: References) -> None:
        self._schema = schema
        self._references = references
        self._entities: dict[str, Command | Event] = {one.name: one for one in (*schema.commands, *schema.events)}
        self._users = _users(schema)

    def build(self, definition: Definition) -> Entry:
        """The entry of a definition that has documentation."""
        assert definition.doc
        notes = _marks(definition.features) + [flag for flag in ("allow-oob",) if flag in definition.flags]
        since = [section for section in definition.doc.sections if section.kind == "Since"]
        entry = Entry(
            definition.kind,
            definition.name,
            anchor(definition),
            notes + _conditional(definition.condition),
            self._signature(definition),
            self._since(since[0], definition) if since else [],
            self._parts(definition),
        )
        entry.used_by = [self._name(user) for user in self._users.get(definition.name, ())]
        return entry

    def _blocks(self, section: Section, definition: Definition) -> list[Block]:
        return parse_section(section, self._references, definition)

    def _since(self, section: Section, definition: Definition) -> list[Span]:
        blocks = self._blocks(section, definition)
        return blocks[0].spans if blocks and isinstance(blocks[0], Paragraph) else []

    def _name(self, name: str) -> Span:
        return Span("name", name, self._references.definition(name) or "")

    def _type(self, found: Type) -> list[Span]:
        if isinstance(found, Builtin):
            return [Span("json", _JSON_TYPES.get(found.json_type, found.json_type))]
        if isinstance(found, ArrayType):
            return [text("array of "), *self._type(found.element)]
        assert found.name
        return [self._name(found.name)]

    def _signature(self, definition: Definition) -> list[Span]:
        """A command or event as a call, a type as what it is in JSON."""
        if definition.name in self._entities:
            return self._call(self._entities[definition.name])
        found = self._schema.types[definition.name]
        if isinstance(found, EnumType):
            count = len(found.values)
            return [text("string, one value" if count == 1 else f"string, one of {count} values")]
        if isinstance(found, AlternateType):
            choices = [span for branch in found.branches for span in (text(" or "), *self._type(branch.type))]
            return choices[1:]
        assert isinstance(found, ObjectType)
        signature = [text("object")]
        if found.base and found.base.name:
            signature += [text(" with the members of "), self._name(found.base.name)]
        if found.tag:
            signature += [text(", the rest depends on "), self._tag(found.tag, definition)]
        return signature

    def _tag(self, tag: Member, definition: Definition) -> Span:
        return Span("member", tag.name, self._references.member(tag.name, definition) or "")

    def _call(self, entity: Command | Event) -> list[Span]:
        spans = [Span("strong", entity.name), text("(")]
        arguments = entity.arguments
        if arguments.name:
            spans.append(self._name(arguments.name))
        else:
            for index, member in enumerate(arguments.own_members):
                mark = "?: " if member.optional else ": "
                spans += [text(", ")] if index else []
                spans += [Span("member", member.name, member_anchor(entity.definition, member.name)), text(mark)]
                spans += self._type(member.type)
        spans.append(text(")"))
        if isinstance(entity, Command) and entity.definition.returns:
            spans += [text(" \N{RIGHTWARDS ARROW} "), *self._type(entity.returns)]
        return spans

    def _parts(self, definition: Definition) -> list[Part]:
        """In source order; the members stand where their descriptions do, else after the overview."""
        assert definition.doc
        parts: list[Part] = []
        members = self._members(definition)
        for section in definition.doc.sections:
            if section.kind == "member":
                if members not in parts:
                    parts.append(members)
            elif section.kind == "feature":
                self._feature(parts, section, definition)
            elif section.kind not in ("Since", "TODO"):
                title = "" if section.kind == "text" else section.kind
                parts.append(Part(title, self._blocks(section, definition)))
        if (members.items or members.pointers) and members not in parts:
            parts.insert(1 if parts and not parts[0].title else 0, members)
        if definition.returns:
            self._returns(definition, parts)
        return [part for part in parts if part.blocks or part.items or part.pointers or part.type]

    def _feature(self, parts: list[Part], section: Section, definition: Definition) -> None:
        part = next((part for part in parts if part.title == "Features"), None)
        if part is None:
            part = Part("Features")
            parts.append(part)
        where = feature_anchor(definition, section.name)
        item = Item(section.name, where, blocks=self._blocks(section, definition))
        for feature in definition.features:
            if feature.name == section.name:
                item.notes += _conditional(feature.condition)
        part.items.append(item)

    def _returns(self, definition: Definition, parts: list[Part]) -> None:
        entity = self._entities[definition.name]
        assert isinstance(entity, Command)
        part = next((part for part in parts if part.title == "Returns"), None)
        if part is None:
            part = Part("Returns")
            after = [index for index, other in enumerate(parts) if other.title in ("Arguments", "Features")]
            parts.insert(after[-1] + 1 if after else min(1, len(parts)), part)
        part.type = self._type(entity.returns)

    def _members(self, definition: Definition) -> Part:
        part = Part(_MEMBERS.get(definition.kind, "Members"))
        if definition.name in self._entities:
            self._object(definition, self._entities[definition.name].arguments, part)
            return part
        found = self._schema.types[definition.name]
        if isinstance(found, EnumType):
            part.items = [self._value(definition, value) for value in found.values]
        elif isinstance(found, AlternateType):
            part.items = [self._branch(definition, branch) for branch in found.branches]
        elif isinstance(found, ObjectType):
            self._object(definition, found, part)
        return part

    def _object(self, definition: Definition, found: ObjectType, part: Part) -> None:
        """Own members, then pointers: named arguments, named base, branches."""
        if found.definition is not definition:
            if found.name and (found.branches or any(found.members())):
                part.pointers.append([text("the members of "), self._name(found.name)])
            return
        part.items = [self._member(definition, member) for member in found.own_members]
        if found.base and found.base.name:
            part.pointers.append([text("the members of "), self._name(found.base.name)])
        for branch in found.branches:
            if isinstance(branch.type, ObjectType) and (branch.type.branches or any(branch.type.members())):
                assert found.tag and branch.type.name
                tag = self._tag(found.tag, definition)
                where = [text("when "), tag, text(" is "), Span("literal", branch.name), text(": the members of ")]
                notes = [text(f" ({note})") for note in _conditional(branch.condition)]
                part.pointers.append([*where, self._name(branch.type.name), *notes])

    def _described(self, definition: Definition, item: Item) -> Item:
        assert definition.doc
        section = definition.doc.described("member").get(item.name)
        if section is None:
            item.blocks = [Paragraph([text("Not documented.")])]
        else:
            item.blocks = self._blocks(section, definition)
        return item

    def _member(self, definition: Definition, member: Member) -> Item:
        item = Item(member.name, member_anchor(definition, member.name), self._type(member.type))
        self._described(definition, item)
        if member.optional:
            item.notes.append("optional")
        default = _take_default(item.blocks)
        item.notes += [f"default: {default}"] if default else []
        item.notes += _marks(member.features) + _conditional(member.condition)
        return item

    def _value(self, definition: Definition, value: EnumValue) -> Item:
        item = Item(value.name, member_anchor(definition, value.name))
        item.notes = _marks(value.features) + _conditional(value.condition)
        return self._described(definition, item)

    def _branch(self, definition: Definition, branch: Branch) -> Item:
        item = Item(branch.name, member_anchor(definition, branch.name), self._type(branch.type))
        item.notes = _conditional(branch.condition)
        return self._described(definition, item)


def condition_text(condition: Condition) -> str:
    """A condition as a person would write it."""
    if condition is None:
        return ""
    if isinstance(condition, str):
        return condition
    operator, operands = next(iter(condition.items()))
    if operator == "not":
        return f"not {_enclosed(operands)}"
    return (" and " if operator == "all" else " or ").join(_enclosed(operand) for operand in operands)


def _enclosed(condition: Condition) -> str:
    shown = condition_text(condition)
    return f"({shown})" if " and " in shown or " or " in shown else shown


def _conditional(condition: Condition) -> list[str]:
    return [f"if {condition_text(condition)}"] if condition is not None else []


def _marks(features: list[Feature]) -> list[str]:
    return [feature.name for feature in features if feature.name in MARKS]


def _take_default(blocks: list[Block]) -> str:
    """Cut `(default: ...)` off the end of a description; the text of it."""
    last = blocks[-1] if blocks else None
    if not isinstance(last, Paragraph) or not last.spans or last.spans[-1].kind != "text":
        return ""
    match = _DEFAULT.search(last.spans[-1].text)
    if not match:
        return ""
    rest = last.spans[-1].text[: match.start()]
    last.spans[-1:] = [text(rest)] if rest else []
    if not last.spans:
        blocks.pop()
    return match.group(1)


def _users(schema: Schema) -> dict[str, list[str]]:
    """For each type, who mentions it: documented definitions, in order."""
    users: dict[str, list[str]] = {}
    for definition in schema.definitions:
        references = [part.type.name for part in (*definition.members, *definition.branches)]
        references += [name for name in (definition.base, definition.data) if name]
        references += [definition.returns.name] if definition.returns else []
        if definition.doc:
            for name in dict.fromkeys(references):
                users.setdefault(name, []).append(definition.name)
    return users
