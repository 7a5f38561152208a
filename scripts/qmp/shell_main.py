# SPDX-License-Identifier: Apache-2.0
"""The command line of scripts/qmp-shell."""

from __future__ import annotations

import argparse
import sys

from . import program
from .address import Address, parse_address
from .connection import Connection
from .errors import CommandRefused, ConnectionFailed, LineError
from .oneshot import OneShot
from .requests import fetch_schema

_DESCRIPTION = """\
Talk QMP with iothreadd, or with another program that speaks it.

Without -c and -e, commands are read from standard input: on a terminal with
line editing, TAB completion and a history, from a pipe line by line up to the
first that fails.
"""
_EPILOG = """\
commands:
  COMMAND NAME=VALUE ...      values get the type that the server's schema says
    addr.type=unix            a member of a member
    iothread.0=io0            an element of a list
    addr='{"type": "unix"}'   any value as JSON
  {"execute": ...}            a whole command as JSON
  -o COMMAND ...              out of band, also exec-oob:COMMAND
  help [COMMAND|EVENT]        what there is, or what it takes and returns

exit status:
  0  done                     2  no connection or a broken one, wrong usage
  1  a command was refused    3  an event did not come within --timeout

examples:
  qmp-shell /run/iothreadd.sock
  qmp-shell /run/iothreadd.sock -c 'object-add qom-type=iothread id=io2'
  qmp-shell -r localhost:4444 -c query-iothreads | jq '.[].id'
  qmp-shell qmp.sock -c 'block-export-del id=e0' -e BLOCK_EXPORT_DELETED --timeout 10

The history is ~/.local/state/iothreadd/qmp-shell-history ($XDG_STATE_HOME).
NO_COLOR=1 in the environment turns colours off.
"""


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value


_seconds.__name__ = "number of seconds"  # argparse says it


def _arguments(argv: list[str]) -> tuple[argparse.Namespace, Address]:
    parser = argparse.ArgumentParser(prog="qmp-shell", description=_DESCRIPTION, epilog=_EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", metavar="SOCKET|HOST:PORT", help="where the server listens; unix:PATH for odd paths")
    parser.add_argument("-c", "--command", metavar="COMMAND", action="append", default=[],
                        help="run this and print what it returns as JSON; may be repeated")
    parser.add_argument("-e", "--event", metavar="EVENT", action="append", default=[],
                        help="after the commands, wait for this event (or have seen it) and print it; may be repeated")
    parser.add_argument("--timeout", metavar="SECONDS", type=_seconds, help="how long -e waits (default: forever)")
    parser.add_argument("-r", "--raw", action="store_true", help="print JSON on one line per value")
    options = parser.parse_args(argv)
    if options.timeout is not None and not options.event:
        parser.error("--timeout is for -e")
    try:
        return options, parse_address(options.address)
    except ValueError as error:
        parser.error(str(error))


def _interactive(address: Address) -> int:
    from .shell import Shell # not before: readline looks at the terminal  pylint: disable=import-outside-toplevel
    with Connection(address) as connection:
        try:
            schema = fetch_schema(connection)
        except (CommandRefused, LineError) as error:
            raise ConnectionFailed(f"no query-qmp-schema: {error}") from None
        return Shell(connection, schema).run()


def _one_shot(options: argparse.Namespace, address: Address) -> int:
    with Connection(address) as connection:
        session = OneShot(connection, options.event, options.raw)
        session.run(options.command or ([] if options.event else sys.stdin))
        return session.wait_for_events(options.timeout)


def main(argv: list[str] | None = None) -> int:
    """Exit status: see errors.py."""
    options, address = _arguments(sys.argv[1:] if argv is None else argv)

    def body() -> int:
        if not options.command and not options.event and sys.stdin.isatty() and sys.stdout.isatty():
            return _interactive(address)
        return _one_shot(options, address)
    return program.run("qmp-shell", body)
