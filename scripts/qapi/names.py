# SPDX-License-Identifier: Apache-2.0
"""Which names the schema language allows where."""

from __future__ import annotations

import re
from functools import cache

_NAME = re.compile(r"(__[a-z0-9.-]+_)?(x-)?([a-z][a-z0-9_-]*)", re.IGNORECASE)
_CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")


@cache
def wire_key(name: str) -> str:
    """What two names of one scope must not share."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _stem(name: str, what: str, digits: bool = False) -> str:
    """The name without its prefixes; raises ValueError when it is no name at all."""
    match = _NAME.fullmatch(name)
    if not match and digits and name[:1].isdigit():
        match = _NAME.fullmatch("v" + name)
        match = match if match and not match.group(1) and not match.group(2) else None
    if not match or not name.isascii():
        raise ValueError(f"{what} has an invalid name")
    if name.startswith(("q_", "q-")):
        raise ValueError(f"{what} uses the reserved prefix '{name[:2]}'")
    return match.group(3)


def check_event(name: str, what: str) -> None:
    """An event's name: upper case, no '-'."""
    stem = _stem(name, what)
    if re.search(r"[a-z-]", stem):
        raise ValueError(f"name of {what} must not use lower case or '-'")


def check_command(name: str, what: str, underscore: bool) -> None:
    """A command's name: lower case, '_' only with `underscore`."""
    stem = _stem(name, what)
    if re.search(r"[A-Z]", stem) or ("_" in stem and not underscore):
        raise ValueError(f"name of {what} must not use upper case or '_'")


def check_type(name: str, what: str) -> None:
    """A type's name: CamelCase, not ending in List."""
    stem = _stem(name, what)
    if not _CAMEL.fullmatch(stem):
        raise ValueError(f"name of {what} must be in CamelCase")
    if name.endswith("List"):
        raise ValueError(f"name of {what} must not end in 'List'")


def check_member(name: str, what: str, excepted: bool) -> None:
    """A member's name, without its '*'."""
    check_lower(name, what, excepted)
    if name == "u" or name.startswith(("has-", "has_")):
        raise ValueError(f"{what} uses a reserved name")


def check_lower(name: str, what: str, excepted: bool = False, digits: bool = False) -> None:
    """Enum values, alternate branches, features: lower case, no '_' unless excepted."""
    stem = _stem(name, what, digits)
    if not excepted and re.search(r"[A-Z_]", stem):
        raise ValueError(f"name of {what} must not use upper case or '_'")
