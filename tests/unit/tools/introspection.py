# SPDX-License-Identifier: Apache-2.0
"""A small server's description of itself, with every kind of type in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from qmp.schema import Schema  # noqa: E402


def _member(text: str) -> dict[str, Any]:
    """`name type`, optional with a star before it."""
    name, type_ = text.split()
    return {"name": name.lstrip("*"), "type": type_} | ({"default": None} if name.startswith("*") else {})


def _object(name: str, *members: str, tag: str | None = None, **variants: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "meta-type": "object", "members": [_member(text) for text in members]}
    if tag is not None:
        entry |= {"tag": tag, "variants": [{"case": case, "type": type_} for case, type_ in variants.items()]}
    return entry


def _enum(name: str, *values: str) -> dict[str, Any]:
    return {"name": name, "meta-type": "enum", "members": [{"name": value} for value in values], "values": list(values)}


def _array(element: str) -> dict[str, Any]:
    return {"name": f"[{element}]", "meta-type": "array", "element-type": element}


def _alternate(name: str, *types: str) -> dict[str, Any]:
    return {"name": name, "meta-type": "alternate", "members": [{"type": type_} for type_ in types]}


def _command(name: str, arguments: str = "0", returns: str = "0", **more: Any) -> dict[str, Any]:
    return {"name": name, "meta-type": "command", "arg-type": arguments, "ret-type": returns} | more


ENTRIES: list[dict[str, Any]] = [
    *({"name": name, "meta-type": "builtin", "json-type": kind} for name, kind in
      (("str", "string"), ("int", "int"), ("number", "number"), ("bool", "boolean"), ("null", "null"),
       ("any", "value"))),
    _object("0"),
    _command("query-thing", returns="[1]"),
    _command("add", "2"),
    _command("set", "3"),
    _command("rules", "4"),
    _command("urgent", **{"allow-oob": True, "features": ["unstable"]}),
    {"name": "THING_GONE", "meta-type": "event", "arg-type": "1"},
    _object("1", "id str", "*size int"),
    _object("2", "kind 5", "id str", "*thread 6", "*writable bool", "*cache 7", tag="kind", net="8", file="9"),
    _object("3", "path str", "value any", "*ratio number", "*home 10"),
    _object("4", "rules [11]", "*names [str]"),
    _enum("5", "net", "file", "null"),
    _alternate("6", "str", "[str]"),
    _object("7", "*direct bool", "*mode 12"),
    _object("8", "*port int", "*host str", "*proto 13", tag="proto", tcp="14"),
    _object("9", "filename str", "*size int", "*parent 2"),
    _alternate("10", "str", "null"),
    _object("11", "policy 12", "*match str"),
    _enum("12", "allow", "deny"),
    _enum("13", "tcp", "udp"),
    _object("14", "nodelay bool"),
    _array("1"), _array("str"), _array("11"),
]
SCHEMA = Schema(ENTRIES)
