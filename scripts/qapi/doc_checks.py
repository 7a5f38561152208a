# SPDX-License-Identifier: Apache-2.0
"""Does a documentation block describe what its definition has, all of it and nothing else?"""

from __future__ import annotations

from .definitions import Definition
from .errors import SchemaError
from .parser import Pragmas

_ONCE = ("Returns", "Errors", "Since")


def check_sections(definition: Definition) -> None:
    """Empty, repeated and misplaced sections."""
    if not definition.doc:
        return
    seen: set[str] = set()
    for section in definition.doc.sections:
        kind, what = section.kind, f"'{section.name}'" if section.name else f"section '{section.kind}:'"
        if kind != "text" and not section.text():
            raise SchemaError(section.position, f"{what} of '{definition.name}' has no text")
        if kind in _ONCE and kind in seen:
            raise SchemaError(section.position, f"second {what} of '{definition.name}'")
        if kind in ("Returns", "Errors") and definition.kind != "command":
            raise SchemaError(section.position, f"{what} is for commands only, '{definition.name}' is none")
        if kind == "Returns" and definition.returns is None:
            raise SchemaError(section.position, f"{what} of command '{definition.name}', which returns nothing")
        seen.add(kind)


def _members(definition: Definition) -> list[str]:
    if definition.kind == "enum":
        return [value.name for value in definition.values]
    if definition.kind == "alternate":
        return [branch.name for branch in definition.branches]
    return [member.name for member in definition.members]


def _features(definition: Definition) -> list[str]:
    found = list(definition.features)
    for part in (*definition.values, *definition.members):
        found += part.features
    return list(dict.fromkeys(feature.name for feature in found))


def check_missing(definition: Definition, pragmas: Pragmas) -> None:
    """Every member and feature must be described."""
    doc = definition.doc
    if not doc:
        return
    what = f"{definition.kind} '{definition.name}'"
    members, features = doc.described("member"), doc.described("feature")
    if not pragmas.excepted("documentation-exceptions", definition.name):
        for name in _members(definition):
            if name not in members:
                raise SchemaError(definition.position, f"documentation of {what} does not describe '{name}'")
    for name in _features(definition):
        if name not in features:
            raise SchemaError(definition.position, f"documentation of {what} does not describe feature '{name}'")


def check_excess(definition: Definition) -> None:
    """Nothing else may be described."""
    if not definition.doc:
        return
    members, features = set(_members(definition)), set(_features(definition))
    what = f"{definition.kind} '{definition.name}'"
    for section in definition.doc.sections:
        if section.kind == "member" and section.name not in members:
            raise SchemaError(section.position, f"'{section.name}' is described, but {what} has no such member")
        if section.kind == "feature" and section.name not in features:
            raise SchemaError(section.position, f"feature '{section.name}' is described, but {what} has none such")
