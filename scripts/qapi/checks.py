# SPDX-License-Identifier: Apache-2.0
"""Checks of resolved types: clashes, discriminators, alternates, arguments, results. ValueError says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .definitions import Definition
from .errors import SchemaError
from .model import EMPTY, AlternateType, ArrayType, Branch, Builtin, EnumType, ObjectType, Type
from .names import wire_key
from .parser import Pragmas

SPECIAL_FEATURES = ("deprecated", "unstable")
_MAX_FEATURES = 64


def check_type_features(definition: Definition) -> None:
    """`deprecated` and `unstable` are not for types."""
    for feature in definition.features:
        if feature.name in SPECIAL_FEATURES:
            raise ValueError(f"{definition.kind} '{definition.name}' cannot have the feature '{feature.name}'")


def check_feature_count(definitions: list[Definition]) -> None:
    """There is room for so many feature names in the whole schema."""
    seen = set(SPECIAL_FEATURES)
    for definition in definitions:
        for part in (definition, *definition.values, *definition.members):
            seen.update(feature.name for feature in part.features)
        if len(seen) > _MAX_FEATURES:
            raise SchemaError(definition.position, f"more than {_MAX_FEATURES} feature names in the schema")


def check_enum(definition: Definition) -> None:
    """No two values may clash."""
    _by_key([value.name for value in definition.values], f"enum '{definition.name}'")


def _clash(what: str, first: str, second: str) -> ValueError:
    if first == second:
        return ValueError(f"{what} has '{first}' twice")
    return ValueError(f"{what} has '{first}' and '{second}', which clash")


def _by_key(names: Iterable[str], what: str) -> dict[str, str]:
    """The names by their mapped form; two equal ones are an error."""
    seen: dict[str, str] = {}
    for name in names:
        key = wire_key(name)
        if key in seen:
            raise _clash(what, seen[key], name)
        seen[key] = name
    return seen


def check_members(found: ObjectType, what: str) -> None:
    """No two members, base included, may clash."""
    found.own_keys = _by_key((member.name for member in found.own_members), what)
    for base in found.lineage():
        if base is not found:
            _check_disjoint(base.own_keys, found, what)


def _check_disjoint(taken: dict[str, str], found: ObjectType, what: str) -> None:
    """The own members of `found` must not clash with the names in `taken`."""
    if not taken.keys().isdisjoint(found.own_keys):
        key = next(key for key in found.own_keys if key in taken)
        raise _clash(what, taken[key], found.own_keys[key])


def complete_union(union: ObjectType, definition: Definition) -> None:
    """Check the discriminator and the branches; add empty branches for the values that have none."""
    what = f"union '{definition.name}'"
    name = definition.discriminator
    tag = next((member for member in union.members() if member.name == name), None)
    if tag is None:
        raise ValueError(f"discriminator '{name}' of {what} is no member of its base")
    if not isinstance(tag.type, EnumType):
        raise ValueError(f"discriminator '{name}' of {what} must be of an enum type")
    if tag.optional or tag.condition is not None:
        raise ValueError(f"discriminator '{name}' of {what} must not be optional or conditional")
    union.tag = tag
    values = {value.name for value in tag.type.values}
    if not values and not union.branches:
        raise ValueError(f"{what} has no branches")
    taken: dict[str, str] = {}
    for part in union.lineage():
        taken.update(part.own_keys)
    checked: set[int] = set()
    for branch in union.branches:
        if branch.name not in values:
            raise ValueError(f"branch '{branch.name}' of {what} is no value of '{tag.type.name}'")
        if not isinstance(branch.type, ObjectType):
            raise ValueError(f"branch '{branch.name}' of {what} must be a struct or union")
        _check_branch(branch.type, f"branch '{branch.name}' of {what}", taken, checked)
    explicit = {branch.name for branch in union.branches}
    union.branches += [
        Branch(value.name, EMPTY, value.condition, False) for value in tag.type.values if value.name not in explicit
    ]


def _check_branch(found: ObjectType, what: str, taken: dict[str, str], checked: set[int]) -> None:
    """The members of a branch, those of its own branches too, must not clash with those around it."""
    left = [found]
    while left:
        current = left.pop()
        for part in reversed(list(current.lineage())):
            if id(part) not in checked:
                checked.add(id(part))
                _check_disjoint(taken, part, what)
                left += [branch.type for branch in part.branches if isinstance(branch.type, ObjectType)]


def _claims(found: Type) -> list[str]:
    """The JSON types that a branch of an alternate takes."""
    if isinstance(found, ArrayType):
        return ["array"]
    if isinstance(found, ObjectType):
        return ["object"]
    if isinstance(found, EnumType):
        claims = ["string"]
        if any(value.name in ("on", "off") for value in found.values):
            claims.append("boolean")
        if any(re.match(r"[-+0-9.]", value.name) for value in found.values):
            claims.append("number")
        return claims
    assert isinstance(found, Builtin)
    if found.name == "str":
        return ["string", "number", "boolean"]
    return ["number" if found.json_type == "int" else found.json_type]


def check_alternate(found: AlternateType) -> None:
    """The branches must be told apart by JSON type."""
    what = f"alternate '{found.name}'"
    _by_key((branch.name for branch in found.branches), what)
    claimed: dict[str, str] = {}
    for branch in found.branches:
        is_any = isinstance(branch.type, Builtin) and branch.type.name == "any"
        if is_any or isinstance(branch.type, AlternateType):
            raise ValueError(f"branch '{branch.name}' of {what} cannot be of this type")
        for claim in _claims(branch.type):
            if claim in claimed:
                raise ValueError(f"branch '{branch.name}' of {what} cannot be told from '{claimed[claim]}'")
            claimed[claim] = branch.name


def check_arguments(definition: Definition, arguments: ObjectType) -> None:
    """Unions and conditional members need `boxed`."""
    if "boxed" in definition.flags:
        return
    what = f"{definition.kind} '{definition.name}'"
    if arguments.is_union() or (arguments.definition and arguments.definition.kind == "union"):
        raise ValueError(f"{what} needs 'boxed': its 'data' is a union")
    if any(member.condition is not None for member in arguments.members()):
        raise ValueError(f"{what} needs 'boxed': its 'data' has conditional members")


def check_returns(definition: Definition, returns: Type, pragmas: Pragmas) -> None:
    """A result is an object or an array of objects, so that it can be extended."""
    element = returns.element if isinstance(returns, ArrayType) else returns
    if isinstance(element, ObjectType) or pragmas.excepted("command-returns-exceptions", definition.name):
        return
    raise ValueError(f"command '{definition.name}' must return an object or an array of objects")
