# SPDX-License-Identifier: Apache-2.0
"""Does a message look as an example of the manual shows it?"""
import sys
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

from qapi.patterns import ArrayPattern, ObjectPattern, Omission, Pattern, Prefix  # noqa: E402

# Members whose value differs from one run to the next: only its JSON type has to be the one shown.
VOLATILE = {
    "timestamp": "the time",
    "thread-id": "the kernel numbers threads",
    "port": "the kernel chose it",
    "pid": "the kernel numbers processes",
    "uid": "whoever runs the test",
    "gid": "whoever runs the test",
    "since": "the time",
    "bytes-in": "it depends on blanks",
    "bytes-out": "it depends on the version",
    "instance": "it is random",
    "arg-type": "introspection numbers types",
    "ret-type": "introspection numbers types",
}


def json_type(value: Any) -> str:
    """What JSON calls the type of a value or of the pattern for one."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, (str, Prefix)):
        return "string"
    return "array" if isinstance(value, (list, ArrayPattern)) else "object"


def difference(seen: Any, pattern: Pattern, where: str = "the message") -> str | None:
    """The first thing in `seen` that is not as shown, in words; None when all is."""
    if isinstance(pattern, Omission):
        return None
    if json_type(seen) != json_type(pattern):
        return f"{where} is of type {json_type(seen)}, not {json_type(pattern)}"
    if isinstance(pattern, ObjectPattern):
        return object_difference(seen, pattern, where)
    if isinstance(pattern, ArrayPattern):
        return array_difference(seen, pattern, where)
    if isinstance(pattern, Prefix):
        begins = seen.startswith(pattern.text)
        return None if begins else f"{where} is {seen!r}, it does not start with {pattern.text!r}"
    same = type(seen) is type(pattern) and seen == pattern
    return None if same else f"{where} is {seen!r}, not {pattern!r}"


def object_difference(seen: dict[str, Any], pattern: ObjectPattern, where: str) -> str | None:
    for name, expected in pattern.members.items():
        if name not in seen:
            return f"{where} has no member '{name}'"
        inside = f"'{name}' of {where}"
        if name in VOLATILE and not isinstance(expected, Omission):
            if json_type(seen[name]) != json_type(expected):
                return f"{inside} is of type {json_type(seen[name])}, not {json_type(expected)}"
        elif found := difference(seen[name], expected, inside):
            return found
    more = [name for name in seen if name not in pattern.members]
    return f"{where} has a member '{more[0]}' more" if more and not pattern.is_open else None


def array_difference(seen: list[Any], pattern: ArrayPattern, where: str) -> str | None:
    for index, expected in enumerate(pattern.elements):
        if index == len(seen):
            return f"{where} has {len(seen)} elements, not {len(pattern.elements)}{' or more' * pattern.is_open}"
        if found := difference(seen[index], expected, f"element {index} of {where}"):
            return found
    more = len(seen) > len(pattern.elements) and not pattern.is_open
    return f"{where} has {len(seen)} elements, not {len(pattern.elements)}" if more else None
