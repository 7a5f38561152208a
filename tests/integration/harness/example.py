# SPDX-License-Identifier: Apache-2.0
"""Play an example of the manual: send what its client sends, and wait for what its server says."""
import json
from typing import Any, Protocol

from .errors import Failure
from .pattern import difference

from qapi.examples import Example, Message  # noqa: E402  (pattern.py has made its path known)


class Peer(Protocol):
    """What it takes to talk to a daemon; a QmpClient does."""

    greeting: dict[str, Any]

    def send_raw(self, data: str) -> None:
        """Send these characters."""

    def receive(self) -> dict[str, Any]:
        """The next message; a Failure when none comes."""


def play(example: Example, peer: Peer) -> None:
    """The whole conversation; each command has to get its answer before the example ends."""
    unanswered: list[Message] = []
    for message in example.messages:
        if message.direction == "client":
            peer.send_raw(message.text() + "\n")
            unanswered.append(message)
        elif "QMP" in message.pattern.members:
            judge(message, peer.greeting)
        else:
            expect(message, peer)
            if "event" not in message.pattern.members:
                if not unanswered:
                    raise Failure(f"{message.position}: an answer without a command")
                unanswered.pop(0)
    if unanswered:
        raise Failure(f"{unanswered[0].position}: the example does not show the answer to this command")


def expect(message: Message, peer: Peer) -> None:
    """Wait for `message`. Events that the example does not show may come before it."""
    wants_event = "event" in message.pattern.members
    passed: list[dict[str, Any]] = []
    while True:
        try:
            seen = peer.receive()
        except Failure as failure:
            raise Failure(f"{describe(message, None, str(failure))}{also(passed)}") from None
        if "event" in seen and (not wants_event or difference(seen, message.pattern)):
            passed.append(seen)
            continue
        try:
            return judge(message, seen)
        except Failure as failure:
            raise Failure(f"{failure}{also(passed)}") from None


def judge(message: Message, seen: dict[str, Any]) -> None:
    """Fails unless `seen` is what the example shows."""
    if found := difference(seen, message.pattern):
        raise Failure(describe(message, seen, found))


def describe(message: Message, seen: dict[str, Any] | None, why: str) -> str:
    """A failure: where the example stands, what it says and what the daemon said."""
    shown = "\n           ".join(message.lines)
    received = "nothing" if seen is None else json.dumps(seen)
    return f"{message.position}: {why}\n  expected {shown}\n  received {received}"


def also(events: list[dict[str, Any]]) -> str:
    """The events that were passed over."""
    return "".join(f"\n  and event {json.dumps(event)}" for event in events)
