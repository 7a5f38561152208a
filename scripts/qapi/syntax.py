# SPDX-License-Identifier: Apache-2.0
"""Help texts for command-line options, from types and their documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, product

from .model import BUILTINS, AlternateType, ArrayType, Branch, Builtin, EnumType, Member, ObjectType, Schema, Type

_MAX_FORMS = 8
"""Lines for one option; further ones are left out."""
_MAX_DEPTH = 4
"""Levels of nested types that are spelled out; a type may contain itself."""


@dataclass(frozen=True)
class _Item:
    """`key=value` of one line; the key may have dots. Ways to write the same member have `|` between."""

    text: str
    optional: bool


def implied_key(found: Type) -> str:
    """The first member, when it is a required scalar."""
    if not isinstance(found, ObjectType):
        return ""
    first = next(found.members(), None)
    if first is None or first.optional or not isinstance(first.type, (Builtin, EnumType)):
        return ""
    return first.name


def shown_type(schema: Schema, found: Type, around: tuple[AlternateType, ...] = ()) -> str:
    """A type in a list of members: int, size, bool, str, the values of an enum.

    An alternate inside itself is shown by its name; `around` has those that are being shown.
    """
    if isinstance(found, Builtin):
        return "size" if found.name == "size" else found.shown
    if isinstance(found, EnumType):
        return "|".join(value.name for value in schema.enabled(found.values))
    if isinstance(found, ArrayType):
        return f"[{shown_type(schema, found.element, around)}]"
    if isinstance(found, AlternateType) and found not in around:
        branches = schema.enabled(found.branches)
        return " or ".join(shown_type(schema, branch.type, (*around, found)) for branch in branches)
    return found.name or ""


def help_text(owner: ObjectType, member: str) -> str:
    """What the documentation says about a member, on one line and without markup."""
    current: ObjectType | None = owner
    while current and current.definition:
        section = current.definition.doc.described("member").get(member) if current.definition.doc else None
        if section:
            return re.sub(r"`([^`]*)`|@(?=[a-z])", r"\1", " ".join(section.text().split()))
        current = current.base
    return ""


def syntax(schema: Schema, option: str, found: Type) -> str:
    """What may stand after the option, one line per form."""
    if isinstance(found, Builtin):
        return "" if found.name == "bool" else _placeholder(schema, option, found)
    assert isinstance(found, ObjectType)
    implied = implied_key(found)
    return "\n".join(_line(items, implied) for items in _forms(schema, found, "", 0))


def _line(items: list[_Item], implied: str) -> str:
    """Required items first, optional ones in brackets that hold their comma."""
    required = [item.text for item in items if not item.optional]
    if implied:
        required = [re.sub(f"^({re.escape(implied)}=)", r"[\1]", text) for text in required]
    text = ",".join(required)
    for item in items:
        if item.optional:
            text += f"[,{item.text}]" if text else f"[{item.text}]"
    return text


def _assignments(schema: Schema, key: str, name: str, found: Type, around: tuple[AlternateType, ...] = ()) -> str:
    """How a member that is no struct can be given; the elements of a list are numbered from 0."""
    if found in around:
        return f"{key}..."
    if isinstance(found, AlternateType):
        branches = [branch.type for branch in schema.enabled(found.branches) if branch.type is not BUILTINS["null"]]
        around = (*around, found)
        return "|".join(dict.fromkeys(_assignments(schema, key, name, branch, around) for branch in branches))
    if isinstance(found, ObjectType):
        return f"{key}.*=..."
    if isinstance(found, ArrayType):
        inner = _assignments(schema, f"{key}.0", name, found.element, around)
        return inner if inner.endswith("...") else f"{inner}..."
    return f"{key}={_placeholder(schema, name, found)}"


def _placeholder(schema: Schema, name: str, found: Type) -> str:
    if isinstance(found, EnumType):
        return shown_type(schema, found)
    if isinstance(found, Builtin) and found.name != "str":
        return {"bool": "on|off", "size": "SIZE"}.get(found.name, "N")
    return name.upper()


def _forms(schema: Schema, found: ObjectType, prefix: str, depth: int) -> list[list[_Item]]:
    """One list of items for each way to choose the branches of the unions in `found`."""
    if depth >= _MAX_DEPTH:
        return [[_Item(f"{prefix}*=...", True)]]
    forms: list[list[_Item]] = []
    for branch in schema.enabled(found.branches) if found.tag else [None]:
        members = schema.enabled(found.members())
        choices = [_member_forms(schema, found, member, branch, prefix, depth) for member in members]
        if branch and isinstance(branch.type, ObjectType):
            choices.append(_forms(schema, branch.type, prefix, depth + 1))
        forms += [[item for part in choice for item in part] for choice in islice(product(*choices), _MAX_FORMS)]
        if len(forms) >= _MAX_FORMS:
            break
    return forms[:_MAX_FORMS]


def _member_forms(
    schema: Schema, owner: ObjectType, member: Member, branch: Branch | None, prefix: str, depth: int
) -> list[list[_Item]]:
    key = prefix + member.name
    if branch and owner.tag and member.name == owner.tag.name:
        return [[_Item(f"{key}={branch.name}", False)]]
    if not isinstance(member.type, ObjectType):
        return [[_Item(_assignments(schema, key, member.name, member.type), member.optional)]]
    inner = _forms(schema, member.type, key + ".", depth + 1)
    if not member.optional:
        return inner
    items = dict.fromkeys(_Item(item.text, True) for form in inner for item in form)
    return [list(items)]
