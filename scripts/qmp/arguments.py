# SPDX-License-Identifier: Apache-2.0
"""NAME=VALUE words to a command's JSON arguments, each value as the schema types it.

A string stays the text that it is; integers, numbers and booleans are read as such. A text that does not fit its type
is sent as a string, so that the server says what is wrong with it: it has the better words, and the last one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Union

from .errors import LineError
from .schema import ANYTHING, Array, Builtin, Enum, Object, Schema, Type
from .words import MISSING, Argument, from_json

Node = Union[Argument, dict[str, "Node"]]  # a value, or what is below a name
_BOOLEANS = {"true": True, "on": True, "false": False, "off": False}
_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)")


def build(schema: Schema, command: str, arguments: tuple[Argument, ...]) -> dict[str, Any]:
    """The arguments of a command."""
    type_ = schema.arguments(command)
    tree = build_tree(arguments)
    return _object(schema, type_ if isinstance(type_, Object) else None, tree, "")


def build_tree(arguments: tuple[Argument, ...]) -> dict[str, Node]:
    """The arguments by their names, level by level."""
    tree: dict[str, Node] = {}
    for argument in arguments:
        level = tree
        for part in argument.path[:-1]:
            below = level.setdefault(part, {})
            if isinstance(below, Argument):
                raise LineError(f"'{below.name}' has a value and '{argument.name}' too")
            level = below
        if argument.path[-1] in level:
            raise LineError(f"'{argument.name}' is given twice")
        level[argument.path[-1]] = argument
    return tree


def texts(tree: Node) -> Callable[[str], str | None]:
    """A function that tells what was typed for a name, for the members that choose a variant."""
    def given(name: str) -> str | None:
        node = tree.get(name) if isinstance(tree, dict) else None
        return node.text if isinstance(node, Argument) else None
    return given


def _object(schema: Schema, type_: Object | None, tree: dict[str, Node], where: str) -> dict[str, Any]:
    known: dict[str, str] = {}
    if type_ is not None:
        known = {member.name: member.type for member in schema.members(type_, texts(tree))}
    return {name: _value(schema, schema.type(known[name]) if name in known else ANYTHING, node, where + name)
            for name, node in tree.items()}


def _value(schema: Schema, type_: Type, node: Node, where: str) -> Any:
    branches = schema.branches(type_)
    if isinstance(node, Argument):
        return _leaf(branches, node)
    array = next((branch for branch in branches if isinstance(branch, Array)), None)
    numbered = all(re.fullmatch("0|[1-9][0-9]{0,8}", name) for name in node)
    free = ANYTHING in branches
    if numbered and (array or free):
        return _list(schema, schema.type(array.element) if array else ANYTHING, node, where)
    return _object(schema, next((branch for branch in branches if isinstance(branch, Object)), None), node, where + ".")


def _list(schema: Schema, element: Type, tree: dict[str, Node], where: str) -> list[Any]:
    numbers = sorted(map(int, tree))
    for expected, number in enumerate(numbers):
        if number != expected:
            raise LineError(f"'{where}.{number}' is given without '{where}.{expected}'")
    return [_value(schema, element, tree[str(number)], f"{where}.{number}") for number in numbers]


def _leaf(branches: list[Type], argument: Argument) -> Any:
    """The value of a word. What the type does not take stays a string."""
    kinds = {branch.kind for branch in branches if isinstance(branch, Builtin)}
    if kinds == {"string"} and len(branches) == 1:
        return argument.text
    if "value" in kinds or (len(branches) == 1 and not kinds and isinstance(branches[0], (Array, Object))):
        return _free(argument, "value" not in kinds)
    value = _scalar(kinds, argument.text)
    if value is not MISSING:
        return value
    composite = any(isinstance(branch, (Array, Object)) for branch in branches)
    if (composite and argument.text[:1] in ("[", "{")) or (len(branches) > 1 and argument.text[:1] == '"'):
        return _free(argument, argument.text[:1] != '"')
    return argument.text


def _scalar(kinds: set[str], text: str) -> Any:
    """The text as one of these builtin types other than a string; MISSING if it is none of them."""
    if "null" in kinds and text == "null":
        return None
    if "boolean" in kinds and text in _BOOLEANS:
        return _BOOLEANS[text]
    if kinds & {"int", "number"} and _INTEGER.fullmatch(text):
        return int(text, 16 if "x" in text.lower() else 10)
    if "number" in kinds:
        try:
            value = from_json(text)
        except ValueError:
            return MISSING
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
    return MISSING


def _free(argument: Argument, must_be_json: bool) -> Any:
    """JSON if it is some, else a string; `must_be_json` for what has to be an object or an array."""
    if argument.json is not MISSING:
        return argument.json
    try:
        return from_json(argument.text)
    except ValueError as error:
        if must_be_json and argument.text[:1] in ("{", "[", '"'):
            raise LineError(f"'{argument.name}' is no JSON: {argument.fault or error}") from None
    return argument.text


def values(schema: Schema, type_: Type) -> list[str]:
    """The words that a value of this type may be, if they are few enough to be listed."""
    found: list[str] = []
    for branch in schema.branches(type_):
        if isinstance(branch, Enum):
            found += branch.values
        elif branch == Builtin("boolean"):
            found += ["true", "false"]
        elif branch == Builtin("null"):
            found += ["null"]
    return found
