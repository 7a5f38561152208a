# SPDX-License-Identifier: Apache-2.0
"""Bytes from a server to messages: one JSON object per line, or a pretty one up to the line of its closing brace."""

from __future__ import annotations

import json
from typing import Any

from .errors import ProtocolError

MAX_MESSAGE_BYTES = 256 << 20  # a server that sends more without an end is broken

Message = dict[str, Any]


class Splitter:
    """Takes what has come, in pieces of any size, and gives the messages that are complete."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0
        self._pretty: list[bytes] = []
        self._pretty_bytes = 0

    @property
    def in_message(self) -> bool:
        """Whether the end would come in the middle of a message now."""
        return bool(self._rest.strip() or self._pretty)

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes."""
        self._rest += data
        messages = []
        while (end := self._rest.find(b"\n", self._searched)) >= 0:
            line = bytes(self._rest[:end]).rstrip(b"\r")
            del self._rest[:end + 1]
            self._searched = 0
            text = self._message(line)
            if text.strip():
                messages.append(parse(text))
        self._searched = len(self._rest)
        if self._searched + self._pretty_bytes > MAX_MESSAGE_BYTES:
            raise ProtocolError(f"the server sent more than {MAX_MESSAGE_BYTES >> 20} MiB in one message")
        return messages

    def _message(self, line: bytes) -> bytes:
        """The text of the message that `line` completes; empty when it completes none."""
        if not self._pretty and line != b"{":
            return line
        self._pretty.append(line)
        self._pretty_bytes += len(line)
        if line != b"}":
            return b""
        text = b"\n".join(self._pretty)
        self._pretty, self._pretty_bytes = [], 0
        return text


def parse(text: bytes) -> Message:
    """One message of a server."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolError(f"the server sent no JSON: {_shortened(text)}") from None
    if not isinstance(message, dict):
        raise ProtocolError(f"the server sent no JSON object: {_shortened(text)}")
    return message


def _shortened(text: bytes) -> str:
    return ascii(text[:60].decode(errors="replace")) + ("..." if len(text) > 60 else "")
