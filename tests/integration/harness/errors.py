# SPDX-License-Identifier: Apache-2.0
"""How a test says that something is wrong, or that this machine cannot tell."""
from typing import Any


class Failure(Exception):
    """The daemon did something else than it should."""


class Skip(Exception):
    """This machine lacks what the test needs."""


def check(condition: object, message: str) -> None:
    if not condition:
        raise Failure(message)


def equal(seen: Any, expected: Any, what: str) -> None:
    if seen == expected:
        return
    where = ""
    if isinstance(seen, bytes) and isinstance(expected, bytes):
        at = next(
            (index for index, pair in enumerate(zip(seen, expected)) if pair[0] != pair[1]),
            min(len(seen), len(expected))
        )
        where = f" (lengths {len(expected)} and {len(seen)}, first difference at {at})"
        seen, expected = seen[at:at + 16], expected[at:at + 16]
    raise Failure(f"{what}{where}:\n  expected {shorten(expected)}\n  seen     {shorten(seen)}")


def shorten(value: Any, limit: int = 1500) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"
