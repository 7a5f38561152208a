# SPDX-License-Identifier: Apache-2.0
"""The command line of scripts/qapi-gen."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress

from .clashes import check_identifiers
from .conditions import check_conditions
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
from .manual import Manual, build_manual
from .model import Schema
from .output import depfile_text, write_changed, write_out
from .parser import read_schema
from .resolve import build_schema
from .shapes import check_expression, is_symbol

_PARTS = (".py", ".css", ".js")
"""What this program consists of."""


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


def manual_files(schema: Schema, stem: str, release: str) -> dict[str, str]:
    """The manual pages, by path."""
    return _pages(build_manual(schema, os.path.basename(stem), release), stem)


def _pages(manual: Manual, stem: str) -> dict[str, str]:
    return {f"{stem}.{SECTION}": render_man(manual), f"{stem}.html": render_html(manual)}


def _symbol(text: str) -> str:
    if not is_symbol(text):
        raise argparse.ArgumentTypeError(f"'{text}' is no upper case identifier")
    return text


def _directory(text: str) -> str:
    if not text or re.search(r'["\\\x00-\x1f]', os.path.basename(os.path.abspath(text))):
        raise argparse.ArgumentTypeError(f"{text!a} cannot be what an #include starts with")
    return text


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="qapi-gen", description="Check a QAPI schema, generate C++ from it, or write its reference manual."
    )
    parser.add_argument("schema", metavar="FILE.json", help="the root of the schema")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="only check; print nothing when the schema is right")
    mode.add_argument("--list", action="store_true", help="print the names of the files that -o would write")
    mode.add_argument(
        "-o", "--output", metavar="DIR", type=_directory, help="write the generated files to DIR, all or none of them"
    )
    mode.add_argument("--manual", metavar="STEM", help=f"write the reference manual to STEM.{SECTION} and STEM.html")
    parser.add_argument("--release", metavar="VERSION", default="", help="the version that the manual names")
    parser.add_argument(
        "--define", metavar="SYMBOL", action="append", type=_symbol, default=[], help="a symbol that 'if' may test"
    )
    parser.add_argument("--unmask", action="store_true", help="real type names in the introspection, for debugging")
    parser.add_argument("--depfile", metavar="FILE", help="also write a make rule for the schema's files")
    parser.add_argument("--depfile-target", metavar="NAME", default="", help="what the rule in the depfile makes")
    options = parser.parse_args(argv)
    if options.release and not options.manual:
        parser.error("--release is for --manual only")
    if options.depfile and not (options.output or options.manual):
        parser.error("--depfile is for -o and --manual only")
    if options.unmask and not options.output:
        parser.error("--unmask is for -o only")
    if options.manual is not None and not os.path.basename(options.manual):
        parser.error("--manual needs the name of a file without its extension")
    return options


def _write(options: argparse.Namespace, schema: Schema, texts: dict[str, str], figures: Sequence[str] = ()) -> None:
    """All files and the depfile, or none: the first of them depends on the schema, its figures and this program."""
    if options.depfile:
        target = options.depfile_target or next(iter(texts))
        here = os.path.dirname(os.path.abspath(__file__))
        parts = [os.path.join(here, name) for name in sorted(os.listdir(here)) if name.endswith(_PARTS)]
        sources = [os.path.abspath(file) for file in [*schema.source.files, *figures]]
        texts[options.depfile] = depfile_text(target, sources + parts)
    for path in texts:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    write_changed(texts)


def _run(options: argparse.Namespace, schema: Schema) -> None:
    """Carry out the mode."""
    if options.check:
        return
    if options.manual:
        manual = build_manual(schema, os.path.basename(options.manual), options.release)
        _write(options, schema, _pages(manual, options.manual), manual.figures())
        return
    prefix = os.path.basename(os.path.abspath(options.output)) if options.output else ""
    files = generate(schema, prefix, options.unmask)
    if options.list:
        write_out("".join(f"{file.name}\n" for file in files))
    else:
        _write(options, schema, {os.path.join(options.output, file.name): file.render() for file in files})


def _described(error: OSError) -> str:
    return f"'{error.filename}': {error.strerror}" if error.filename else f"standard output: {error.strerror}"


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 the schema is right, 1 it is wrong or nothing can be written, 2 wrong usage."""
    options = _arguments(sys.argv[1:] if argv is None else argv)
    try:
        schema = load(options.schema, frozenset(options.define))
        _run(options, schema)
        return 0
    except SchemaError as error:
        message = str(error)
    except OSError as error:
        message = f"qapi-gen: cannot write {_described(error)}"
    except RecursionError:
        message = f"{options.schema}:1: types are nested too deeply"
    except MemoryError:
        message = f"{options.schema}:1: too much for the memory there is"
    with suppress(OSError):
        if sys.stderr:  # None when it was closed; print() would take standard output instead
            print(message, file=sys.stderr)
    return 1
