# SPDX-License-Identifier: Apache-2.0
"""The command line of scripts/qapi-gen."""

from __future__ import annotations

import argparse
import os
import sys

from .clashes import check_identifiers
from .conditions import check_conditions
from .cpp import Cpp, CppFile
from .errors import SchemaError
from .gen_codec import CodecBackEnd
from .gen_commands import CommandsBackEnd
from .gen_events import EventsBackEnd
from .gen_introspection import IntrospectionBackEnd
from .gen_options import OptionsBackEnd
from .gen_types import TypesBackEnd
from .model import Schema
from .output import depfile_text, write_if_changed
from .parser import read_schema
from .resolve import build_schema
from .shapes import check_expression


def load(path: str, defined: frozenset[str] = frozenset()) -> Schema:
    """Read and check a schema."""
    source = read_schema(path)
    definitions = [check_expression(expression, source.pragmas) for expression in source.expressions]
    return build_schema(source, definitions, defined)


def generate(schema: Schema, prefix: str, unmask: bool = False) -> list[CppFile]:
    """Every output file."""
    check_conditions(schema)
    cpp = Cpp(schema, prefix)
    check_identifiers(cpp)
    types = TypesBackEnd(cpp)
    return [
        *types.files(),
        *CodecBackEnd(cpp, types).files(),
        *EventsBackEnd(cpp).files(),
        *CommandsBackEnd(cpp).files(),
        *IntrospectionBackEnd(cpp, unmask).files(),
        *OptionsBackEnd(cpp).files(),
    ]


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="qapi-gen", description="Check a QAPI schema and generate C++ from it.")
    parser.add_argument("schema", metavar="FILE.json", help="the root of the schema")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="only check; print nothing when the schema is right")
    mode.add_argument("--list", action="store_true", help="print the names of the files that -o would write")
    mode.add_argument("-o", "--output", metavar="DIR", help="write the generated files to DIR")
    parser.add_argument("--define", metavar="SYMBOL", action="append", default=[], help="a symbol that 'if' may test")
    parser.add_argument("--unmask", action="store_true", help="real type names in the introspection, for debugging")
    parser.add_argument("--depfile", metavar="FILE", help="also write a make rule for the schema's files")
    parser.add_argument("--depfile-target", metavar="NAME", default="", help="what the rule in the depfile makes")
    return parser.parse_args(argv)


def _write(options: argparse.Namespace, schema: Schema, files: list[CppFile]) -> None:
    os.makedirs(options.output, exist_ok=True)
    for file in files:
        write_if_changed(os.path.join(options.output, file.name), file.render())
    if options.depfile:
        target = options.depfile_target or os.path.join(options.output, files[0].name)
        write_if_changed(options.depfile, depfile_text(target, [os.path.abspath(file) for file in schema.source.files]))


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 the schema is right, 1 it is wrong, 2 wrong usage."""
    options = _arguments(sys.argv[1:] if argv is None else argv)
    try:
        schema = load(options.schema, frozenset(options.define))
        if options.check:
            return 0
        prefix = os.path.basename(os.path.abspath(options.output)) if options.output else ""
        files = generate(schema, prefix, options.unmask)
        if options.list:
            print("\n".join(file.name for file in files))
        else:
            _write(options, schema, files)
    except SchemaError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"qapi-gen: {error}", file=sys.stderr)
        return 1
    except RecursionError:
        print(f"{options.schema}:1: types are nested too deeply", file=sys.stderr)
        return 1
    return 0
