# SPDX-License-Identifier: Apache-2.0
"""Golden QMP dialogues: NAME.in goes through a real socat, what comes back has to match NAME.out.

NAME.in is sent as it is, except that
  - a line that starts with `#` is not sent; `#wait N` waits until N lines have come back, `#quit` says that this
    dialogue ends the daemon;
  - a line that ends with a backslash is sent without it and without its line end (half a command);
  - $DIR stands for the directory of the test (in NAME.out too).

NAME.out has one message per line (`#` starts a comment), compared as JSON, member by member; timestamps are left out.
Where an answer varies:  "<any>"  "<int>"  "<string>"  "<re:REGEX>" (a string that matches),  and for lists
["<unordered>", ...] and [..., "<more>"].
"""
import json
import re
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .case import Case
from .errors import Failure, check
from .process import Process
from .qmp import TIMEOUT, parse_line


def matches(seen: Any, expected: Any) -> bool:
    if isinstance(expected, str) and expected.startswith("<"):
        if expected.startswith("<re:"):
            return isinstance(seen, str) and re.fullmatch(expected[4:-1], seen, re.DOTALL) is not None
        kinds = {"<any>": object, "<int>": int, "<string>": str}
        return isinstance(seen, kinds[expected]) and not (expected == "<int>" and isinstance(seen, bool))
    if isinstance(expected, dict):
        return (isinstance(seen, dict) and seen.keys() == expected.keys()
                and all(matches(seen[key], expected[key]) for key in expected))
    if isinstance(expected, list):
        return isinstance(seen, list) and list_matches(seen, expected)
    return type(seen) is type(expected) and bool(seen == expected)


def list_matches(seen: list[Any], expected: list[Any]) -> bool:
    if expected[-1:] == ["<more>"]:
        expected = expected[:-1]
        seen = seen[:len(expected)] if expected[:1] != ["<unordered>"] else seen
    elif len(seen) != len(expected) - (expected[:1] == ["<unordered>"]):
        return False
    if expected[:1] != ["<unordered>"]:
        return len(seen) == len(expected) and all(map(matches, seen, expected))
    rest = list(seen)
    for wanted in expected[1:]:
        found = next((index for index, value in enumerate(rest) if matches(value, wanted)), None)
        if found is None:
            return False
        del rest[found]
    return True


def steps(text: str) -> Iterator[tuple[str, str]]:
    """The file as ('send', text), ('wait', N) and ('quit', '')."""
    for line in text.splitlines():
        if line.startswith("#"):
            word, _, rest = line[1:].partition(" ")
            if word in ("wait", "quit"):
                yield word, rest
        elif line.endswith("\\"):
            yield "send", line[:-1]
        else:
            yield "send", line + "\n"


class Conversation:
    def __init__(self, socat: Process):
        self.socat = socat
        self.lines: list[bytes] = []
        self._buffer = b""

    def read_until(self, count: int | None) -> None:
        """Read until `count` lines have come, or (None) to the end."""
        assert self.socat.popen.stdout is not None
        source = self.socat.popen.stdout.fileno()
        while count is None or len(self.lines) < count:
            check(select.select([source], [], [], TIMEOUT)[0],
                  f"no more output within {TIMEOUT} s; after {len(self.lines)} lines {self._buffer!r}")
            data = self.socat.popen.stdout.read1(1 << 16) # type: ignore[attr-defined]
            if not data:
                check(count is None and not self._buffer, f"early end of output after {len(self.lines)} lines")
                return
            *whole, self._buffer = (self._buffer + data).split(b"\n")
            self.lines += [line + b"\n" for line in whole]


def run(case: Case, dialogue: Path) -> None:
    case.need("socat")
    daemon = case.start()
    # -t: after the end of its input socat waits that long for the server to close, it does not wait when it has
    socat = case.spawn("socat", "-t", str(TIMEOUT), "-", f"UNIX-CONNECT:{daemon.monitor}", stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE)
    talk = Conversation(socat)
    text = dialogue.read_text().replace("$DIR", str(case.directory))
    quits = False
    for step, rest in steps(text):
        if step == "send":
            socat.stdin.write(rest.encode())
            socat.stdin.flush()
        elif step == "wait":
            talk.read_until(int(rest))
        quits |= step == "quit"
    socat.stdin.close()
    talk.read_until(None)
    compare(talk.lines, dialogue.with_suffix(".out").read_text().replace("$DIR", str(case.directory)))
    if quits:
        daemon.expect_exit()


def compare(lines: list[bytes], golden: str) -> None:
    expected = [json.loads(line) for line in golden.splitlines() if line and not line.startswith("#")]
    seen = [parse_line(line) for line in lines]
    for message in seen:
        message.pop("timestamp", None)
    for number, (have, want) in enumerate(zip(seen, expected), 1):
        if not matches(have, want):
            raise Failure(f"message {number}:\n  expected {json.dumps(want)}\n  seen     {json.dumps(have)}")
    rest = seen[len(expected):] or expected[len(seen):]
    check(not rest, f"{len(seen)} messages, not {len(expected)}: {'more' if len(seen) > len(expected) else 'missing'} "
          + "\n".join(map(json.dumps, rest)))
