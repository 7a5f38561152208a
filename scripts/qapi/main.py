# SPDX-License-Identifier: Apache-2.0
"""The command line of scripts/qapi-gen."""

from __future__ import annotations

import argparse
import os
import sys

from .clashes import check_identifiers
from .cpp import Cpp, CppFile
from .errors import SchemaError
from .gen_codec import CodecBackEnd
from .gen_commands import CommandsBackEnd
from .gen_events import EventsBackEnd
from .gen_html import render_html
from .gen_introspection import IntrospectionBackEnd
from .gen_man import SECTION, render_man
from .gen_options import OptionsBackEnd
from .gen_types import TypesBackEnd
from .manual import build_manual
from .model import Schema
from .output import depfile_text, write_if_changed
from .parser import read_schema
from .resolve import build_schema
from .shapes import check_expression

_PARTS = (".py", ".css", ".js")
"""What this program consists of."""


def load(path: str, defined: frozenset[str] = frozenset()) -> Schema:
    """Read and check a schema."""
    source = read_schema(path)
    definitions = [check_expression(expression, source.pragmas) for expression in source.expressions]
    return build_schema(source, definitions, defined)


def generate(schema: Schema, prefix: str, unmask: bool = False) -> list[CppFile]:
    """Every output file."""
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


def manual_files(schema: Schema, stem: str, release: str) -> dict[str, str]:
    """The manual pages, by path."""
    manual = build_manual(schema, os.path.basename(stem), release)
    return {f"{stem}.{SECTION}": render_man(manual), f"{stem}.html": render_html(manual)}


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="qapi-gen", description="Check a QAPI schema, generate C++ from it, or write its reference manual."
    )
    parser.add_argument("schema", metavar="FILE.json", help="the root of the schema")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="only check; print nothing when the schema is right")
    mode.add_argument("--list", action="store_true", help="print the names of the files that -o would write")
    mode.add_argument("-o", "--output", metavar="DIR", help="write the generated files to DIR")
    mode.add_argument("--manual", metavar="STEM", help=f"write the reference manual to STEM.{SECTION} and STEM.html")
    parser.add_argument("--release", metavar="VERSION", default="", help="the version that the manual names")
    parser.add_argument("--define", metavar="SYMBOL", action="append", default=[], help="a symbol that 'if' may test")
    parser.add_argument("--unmask", action="store_true", help="real type names in the introspection, for debugging")
    parser.add_argument("--depfile", metavar="FILE", help="also write a make rule for the schema's files")
    parser.add_argument("--depfile-target", metavar="NAME", default="", help="what the rule in the depfile makes")
    options = parser.parse_args(argv)
    if options.release and not options.manual:
        parser.error("--release is for --manual only")
    if options.manual is not None and not os.path.basename(options.manual):
        parser.error("--manual needs the name of a file without its extension")
    return options


def _write(options: argparse.Namespace, schema: Schema, texts: dict[str, str]) -> None:
    """All files, then the depfile: the first of them depends on the schema and on this program."""
    for path, text in texts.items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        write_if_changed(path, text)
    if options.depfile:
        target = options.depfile_target or next(iter(texts))
        here = os.path.dirname(os.path.abspath(__file__))
        parts = [os.path.join(here, name) for name in sorted(os.listdir(here)) if name.endswith(_PARTS)]
        sources = [os.path.abspath(file) for file in schema.source.files]
        write_if_changed(options.depfile, depfile_text(target, sources + parts))


def _run(options: argparse.Namespace, schema: Schema) -> None:
    """Carry out the mode."""
    if options.check:
        return
    if options.manual:
        _write(options, schema, manual_files(schema, options.manual, options.release))
        return
    prefix = os.path.basename(os.path.abspath(options.output)) if options.output else ""
    files = generate(schema, prefix, options.unmask)
    if options.list:
        print("\n".join(file.name for file in files))
    else:
        _write(options, schema, {os.path.join(options.output, file.name): file.render() for file in files})


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 the schema is right, 1 it is wrong, 2 wrong usage."""
    options = _arguments(sys.argv[1:] if argv is None else argv)
    try:
        schema = load(options.schema, frozenset(options.define))
        _run(options, schema)
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
