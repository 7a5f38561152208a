# SPDX-License-Identifier: Apache-2.0
"""Bytes that are no QMP: an error each, the session goes on, other clients and the daemon's state are untouched."""
import random

from harness import Case, State, check, equal

LEXICAL = [b"\xff", b"\x00", b"\x01", b"\xfe", b"\x7f", b"{\"execute\": NaN}", b"+1 ", b"%", b"#", b"\x0c",
           b"{'a': \"\x01\"}",
           b"\xef\xbb\xbf", b"GET / HTTP/1.1\r\n\r\n", b"01 ", b"-a ", b"1.x ", b"1e+ ", b"[1, 2}", b"{\"a\": [}",
           b"]", b"}", b":"]
STRINGS = [b'"\\x"', b'"\\u12"', b'"\\ud800"', b'"\\ufffe"', b'"\xc3\x28"', b'"\xed\xa0\x80"', b'"\xf5\x80\x80\x80"']


def resynchronise(qmp: object, what: bytes) -> list[dict[str, object]]:
    """Send a control character and a command behind `what`: errors only, then the answer to that command."""
    qmp.send_raw(what + b'\n\xff{"execute": "query-version", "id": "sync"}') # type: ignore[attr-defined]
    messages = []
    while True:
        message = qmp.receive() # type: ignore[attr-defined]
        if message.get("id") == "sync":
            check("return" in message, f"after {what!r}: {message}")
            return messages
        check("error" in message and "id" not in message, f"after {what!r}: {message}")
        messages.append(message)


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as other, daemon.qmp() as qmp:
        case.add_iothread(other, "io0")
        before = State.of(daemon, other)
        for what in LEXICAL:
            errors = resynchronise(qmp, what)
            check(errors, f"{what!r} went without an error")
        for what in STRINGS:
            errors = resynchronise(qmp, b'{"execute": "object-del", "arguments": {"id": "io0"}, "id": ' + what + b"}")
            check(len(errors) == 2, f"{what!r}: {errors}")
        noise = random.Random(20)
        for _ in range(200):
            junk = bytes(noise.choices(b"{}[]:,\"'\\ \t\r\nabcntrufls0123456789eE+-.\x00\x1f\x7f\x80\xc3\xff",
                                       k=noise.randrange(1, 80)))
            resynchronise(qmp, junk)
        before.unchanged(daemon, other, "malformed input")

    command = b'{"execute": "object-del", "arguments": {"id": "io0"}, "id": [1, -2.5e1, null, "\\u20ac"]}'
    with daemon.qmp() as other:
        before = State.of(daemon, other)
        for length in range(len(command)):
            with daemon.qmp() as cut:
                cut.send_raw(command[:length])
        before.unchanged(daemon, other, "commands cut short")
        equal(len(other.execute("query-iothreads")), 1, "IOThreads")
