# SPDX-License-Identifier: Apache-2.0
"""Checks of one definition by itself: keys, shapes, names, conditions, features, flags."""

from __future__ import annotations

import re

from . import names
from .definitions import Condition, Definition, EnumValue, Feature, MemberShape, TypeReference
from .doc_checks import check_sections
from .errors import SchemaError
from .parser import Expression, Pragmas

_COMMON = {"if", "features"}
_KEYS = {
    "enum": ({"data"}, {"prefix"}),
    "struct": ({"data"}, {"base"}),
    "union": ({"base", "discriminator", "data"}, set()),
    "alternate": ({"data"}, set()),
    "command": (
        set(),
        {"data", "returns", "boxed", "gen", "success-response", "allow-oob", "allow-preconfig", "coroutine"},
    ),
    "event": (set(), {"data", "boxed"}),
}
_TRUE_FLAGS = ("boxed", "allow-oob", "allow-preconfig", "coroutine")
_FALSE_FLAGS = ("gen", "success-response")
_IDENTIFIER = re.compile(r"[A-Z][A-Z0-9_]*")


def is_symbol(text: str) -> bool:
    """Whether `text` is what a condition may test."""
    return bool(_IDENTIFIER.fullmatch(text))


def check_expression(expression: Expression, pragmas: Pragmas) -> Definition:
    """The definition in `expression`, or SchemaError at its opening brace."""
    try:
        definition = _Shaper(expression, pragmas).definition()
    except ValueError as error:
        raise SchemaError(expression.position, str(error)) from error
    check_sections(definition)
    return definition


class _Shaper:
    """Checks one expression; raises ValueError."""

    def __init__(self, expression: Expression, pragmas: Pragmas) -> None:
        self._value = expression.value
        self._expression = expression
        self._pragmas = pragmas

    def definition(self) -> Definition:
        """The whole of it."""
        kind = self._kind()
        name = self._value[kind]
        if not isinstance(name, str):
            raise ValueError(f"value of '{kind}' must be a string")
        self._check_name(kind, name)
        self._check_doc(name)
        self._subject = f"{kind} '{name}'"
        _check_keys(self._value, {kind, *_KEYS[kind][0]}, _KEYS[kind][1] | _COMMON, self._subject)
        shape = Definition(
            kind, name, self._expression.position, self._expression.module, self._expression.doc
        )
        getattr(self, f"_{kind}")(shape)
        shape.condition = _condition(self._value, self._subject)
        shape.features = _features(self._value, self._subject)
        self._flags(shape)
        return shape

    def _kind(self) -> str:
        kinds = [kind for kind in _KEYS if kind in self._value]
        if not kinds:
            raise ValueError("not a definition: none of " + ", ".join(f"'{kind}'" for kind in _KEYS))
        if len(kinds) > 1:
            raise ValueError(f"definition has both '{kinds[0]}' and '{kinds[1]}'")
        return kinds[0]

    def _check_name(self, kind: str, name: str) -> None:
        what = f"{kind} '{name}'"
        if kind == "event":
            names.check_event(name, what)
        elif kind == "command":
            names.check_command(name, what, self._pragmas.excepted("command-name-exceptions", name))
        else:
            names.check_type(name, what)

    def _check_doc(self, name: str) -> None:
        doc = self._expression.doc
        if doc and doc.name != name:
            raise ValueError(f"documentation is for '{doc.name}', definition is '{name}'")
        if not doc and self._pragmas.doc_required:
            raise ValueError(f"'{name}' needs a documentation block")

    def _enum(self, shape: Definition) -> None:
        data = self._value["data"]
        if not isinstance(data, list):
            raise ValueError(f"'data' of {self._subject} must be an array")
        if not isinstance(self._value.get("prefix", ""), str):
            raise ValueError(f"'prefix' of {self._subject} must be a string")
        excepted = self._pragmas.excepted("member-name-exceptions", shape.name)
        for item in data:
            value = {"name": item} if isinstance(item, str) else item
            if not isinstance(value, dict):
                raise ValueError(f"values of {self._subject} must be strings or objects with 'name'")
            _check_keys(value, {"name"}, _COMMON, f"value of {self._subject}")
            name = value["name"]
            if not isinstance(name, str):
                raise ValueError(f"'name' of a value of {self._subject} must be a string")
            what = f"value '{name}' of {self._subject}"
            names.check_lower(name, what, excepted, digits=True)
            shape.values.append(EnumValue(name, _condition(value, what), _features(value, what)))

    def _struct(self, shape: Definition) -> None:
        shape.members = self._members(self._value["data"], "data", shape.name)
        if "base" in self._value:
            if not isinstance(self._value["base"], str):
                raise ValueError(f"'base' of {self._subject} must be a string")
            shape.base = self._value["base"]

    def _union(self, shape: Definition) -> None:
        base = self._value["base"]
        if isinstance(base, str):
            shape.base = base
        elif isinstance(base, dict):
            shape.members = self._members(base, "base", shape.name)
        else:
            raise ValueError(f"'base' of {self._subject} must be a string or an object")
        if not isinstance(self._value["discriminator"], str):
            raise ValueError(f"'discriminator' of {self._subject} must be a string")
        shape.discriminator = self._value["discriminator"]
        data = self._object("data")
        for name, value in data.items():
            what = f"branch '{name}' of {self._subject}"
            shape.branches.append(_branch(name, value, what, arrays=False))

    def _alternate(self, shape: Definition) -> None:
        data = self._object("data")
        if not data:
            raise ValueError(f"'data' of {self._subject} must not be empty")
        for name, value in data.items():
            what = f"branch '{name}' of {self._subject}"
            names.check_lower(name, what)
            shape.branches.append(_branch(name, value, what, arrays=True))

    def _command(self, shape: Definition) -> None:
        self._arguments(shape)
        if "returns" in self._value:
            shape.returns = _type_reference(self._value["returns"], f"'returns' of {self._subject}")

    def _event(self, shape: Definition) -> None:
        self._arguments(shape)

    def _arguments(self, shape: Definition) -> None:
        data = self._value.get("data", {})
        if isinstance(data, str):
            shape.data = data
            return
        if not isinstance(data, dict):
            raise ValueError(f"'data' of {self._subject} must be a type name or an object")
        if "boxed" in self._value:
            raise ValueError(f"'boxed' of {self._subject} needs 'data' to be a type name")
        shape.members = self._members(data, "data", None)

    def _object(self, key: str) -> dict:
        value = self._value[key]
        if not isinstance(value, dict):
            raise ValueError(f"'{key}' of {self._subject} must be an object")
        return value

    def _members(self, data: object, key: str, type_name: str | None) -> list[MemberShape]:
        if not isinstance(data, dict):
            raise ValueError(f"'{key}' of {self._subject} must be an object")
        excepted = type_name is not None and self._pragmas.excepted("member-name-exceptions", type_name)
        members = []
        for key_name, value in data.items():
            name = key_name.removeprefix("*")
            what = f"member '{name}' of {self._subject}"
            names.check_member(name, what, excepted)
            if not isinstance(value, dict):
                value = {"type": value}
            _check_keys(value, {"type"}, _COMMON, what)
            reference = _type_reference(value["type"], f"type of {what}")
            members.append(
                MemberShape(name, reference, name != key_name, _condition(value, what), _features(value, what))
            )
        return members

    def _flags(self, shape: Definition) -> None:
        for flag in _TRUE_FLAGS + _FALSE_FLAGS:
            if flag not in self._value:
                continue
            wanted = flag in _TRUE_FLAGS
            if self._value[flag] is not wanted:
                raise ValueError(f"flag '{flag}' of {self._subject} may only be {str(wanted).lower()}")
            shape.flags.add(flag)
        if {"allow-oob", "coroutine"} <= shape.flags:
            raise ValueError(f"{self._subject} cannot have both 'allow-oob' and 'coroutine'")


def _check_keys(value: dict, required: set[str], optional: set[str], what: str) -> None:
    for key in value:
        if key not in required and key not in optional:
            raise ValueError(f"{what} has unknown key '{key}'")
    for key in sorted(required):
        if key not in value:
            raise ValueError(f"{what} misses key '{key}'")


def _branch(name: str, value: object, what: str, arrays: bool) -> MemberShape:
    if not isinstance(value, dict):
        value = {"type": value}
    _check_keys(value, {"type"}, {"if"}, what)
    if not arrays and isinstance(value["type"], list):
        raise ValueError(f"{what} cannot be an array")
    return MemberShape(name, _type_reference(value["type"], f"type of {what}"), False, _condition(value, what))


def _type_reference(value: object, what: str) -> TypeReference:
    if isinstance(value, str):
        return TypeReference(value)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return TypeReference(value[0], True)
    if isinstance(value, list):
        raise ValueError(f"{what}: an array must hold exactly one type name")
    raise ValueError(f"{what} must be a type name or an array of one")


def _condition(value: dict, what: str) -> Condition:
    if "if" not in value:
        return None
    _check_condition(value["if"], what)
    return value["if"]


def _check_condition(condition: object, what: str) -> None:
    if isinstance(condition, str):
        if not is_symbol(condition):
            raise ValueError(f"'if' condition '{condition}' of {what} is not an upper case identifier")
        return
    if not isinstance(condition, dict):
        raise ValueError(f"'if' condition of {what} must be a string or an object")
    if len(condition) != 1:
        raise ValueError(f"'if' condition of {what} must have exactly one of 'all', 'any', 'not'")
    operator, operands = next(iter(condition.items()))
    if operator == "not":
        _check_condition(operands, what)
    elif operator not in ("all", "any"):
        raise ValueError(f"'if' condition of {what} has unknown operator '{operator}'")
    elif not isinstance(operands, list):
        raise ValueError(f"'{operator}' in the 'if' condition of {what} must be an array")
    elif not operands:
        raise ValueError(f"'{operator}' in the 'if' condition of {what} must not be empty")
    else:
        for operand in operands:
            _check_condition(operand, what)


def _features(value: dict, what: str) -> list[Feature]:
    items = value.get("features", [])
    if not isinstance(items, list):
        raise ValueError(f"'features' of {what} must be an array")
    features: list[Feature] = []
    keys: set[str] = set()
    for item in items:
        feature = {"name": item} if isinstance(item, str) else item
        if not isinstance(feature, dict):
            raise ValueError(f"features of {what} must be strings or objects with 'name'")
        _check_keys(feature, {"name"}, {"if"}, f"feature of {what}")
        name = feature["name"]
        if not isinstance(name, str):
            raise ValueError(f"'name' of a feature of {what} must be a string")
        feature_what = f"feature '{name}' of {what}"
        names.check_lower(name, feature_what)
        if names.wire_key(name) in keys:
            raise ValueError(f"{feature_what} is given twice")
        keys.add(names.wire_key(name))
        features.append(Feature(name, _condition(feature, feature_what)))
    return features
