# SPDX-License-Identifier: Apache-2.0
"""JSON and other text of a server for a screen: indented, coloured, and without what would upset a terminal."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from typing import IO, Any

from .framing import Message

# Control characters, and those that turn the direction of the text around.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_TOKEN = re.compile(r'(?P<key>"(?:\\.|[^"\\])*")(?=:)|(?P<string>"(?:\\.|[^"\\])*")'
                    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(?P<word>true|false|null)")
_COLOURS = {"key": "34", "string": "32", "number": "36", "word": "35", "error": "31", "event": "33", "dim": "2"}


def wants_colour(stream: IO[str]) -> bool:
    """Colours are for terminals that know them, and for people who did not say no (NO_COLOR)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def printable(text: str) -> str:
    """The text with everything escaped that is more than text; line ends and tabs stay."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The same on one line."""
    return printable(" ".join(text.split()))


class Style:
    """How this program writes on its terminal."""

    def __init__(self, colour: bool = False) -> None:
        self.colour = colour

    def paint(self, kind: str, text: str) -> str:
        """The text in the colour of its kind."""
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour else text

    def json(self, value: Any, indent: int | None = 2) -> str:
        """A value as people read it."""
        text = printable(json.dumps(value, indent=indent, ensure_ascii=False))
        if not self.colour:
            return text
        return _TOKEN.sub(lambda match: self.paint(str(match.lastgroup), match[0]), text)

    def value(self, value: Any) -> str:
        """What a command returned. A text of several lines is shown as a text."""
        if isinstance(value, str) and "\n" in value.rstrip("\r\n") + value[-1:]:
            return printable(value.rstrip("\r\n"))
        return self.json(value)

    def error(self, text: str) -> str:
        """An error, on one line."""
        return self.paint("error", one_line(text))

    def event(self, event: Message) -> str:
        """An event, on one line: when, what, and its data."""
        name = self.paint("event", one_line(str(event["event"])))
        data = " " + self.json(event["data"], None) if event.get("data") else ""
        return f"{self.paint('dim', _clock(event.get('timestamp')))} {name}{data}"


def script_json(value: Any, raw: bool) -> str:
    """A value for programs: pure ASCII, on one line if `raw`."""
    return json.dumps(value, indent=None if raw else 2, separators=(",", ":") if raw else None)


def _clock(stamp: Any) -> str:
    """The local time of a timestamp; one that makes no sense is not worth an error."""
    try:
        moment = datetime.fromtimestamp(stamp["seconds"])
        return f"{moment:%H:%M:%S}.{stamp['microseconds'] // 1000:03d}"
    except (TypeError, KeyError, ValueError, OverflowError, OSError):
        return "--:--:--.---"
