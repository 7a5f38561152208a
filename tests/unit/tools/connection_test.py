# SPDX-License-Identifier: Apache-2.0
"""The connection against a server that says what the test wants, in pieces of the test's choice."""

from __future__ import annotations

import json
import queue
import socket
import tempfile
import threading
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import introspection  # noqa: F401  pylint: disable=unused-import  # the path to qmp

from qmp.address import Address, parse_address
from qmp.connection import Connection
from qmp.errors import CommandRefused, ConnectionFailed, ProtocolError
from qmp.framing import Splitter

GREETING = {"QMP": {"version": {"qemu": {"major": 11, "minor": 1, "micro": 1}, "package": "test 1"},
                    "capabilities": []}}
OOB_GREETING = {"QMP": GREETING["QMP"] | {"capabilities": ["oob", "other"]}}


def line(message: Any) -> bytes:
    """A message as servers send it."""
    return json.dumps(message).encode() + b"\r\n"


class Peer:
    """The server's end of one connection."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._file = connected.makefile("rb")

    def request(self) -> dict[str, Any]:
        """The next command."""
        request: dict[str, Any] = json.loads(self._file.readline())
        return request

    def send(self, data: bytes) -> None:
        """Bytes, as they are."""
        self.socket.sendall(data)

    def negotiate(self, greeting: Any = None) -> dict[str, Any]:
        """Greeting and qmp_capabilities."""
        self.send(line(greeting or GREETING))
        request = self.request()
        self.send(line({"return": {}, "id": request["id"]}))
        return request


class ServerTest(unittest.TestCase):
    """A listening socket, and a thread that plays one connection."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="qmp-")
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name, "s")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(self._listener.close)
        self._listener.bind(str(self.path))
        self._listener.listen(1)

    def play(self, script: Callable[[Peer], None]) -> None:
        """Answer the next connection by a script, and close it."""
        def serve() -> None:
            connected, _ = self._listener.accept()
            with connected:
                peer = Peer(connected)
                script(peer)
                peer._file.close()
        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)

    def connect(self, **more: Any) -> Connection:
        """A client; closed at the end of the test, before the thread is waited for."""
        connection = Connection(Address(path=str(self.path)), **more)
        self.addCleanup(connection.close)
        return connection


class ConnectionTest(ServerTest):
    """What a server may say."""

    def answered(self, *pieces: bytes) -> Connection:
        """A connection whose server sends these bytes after the first command, each piece for itself, and closes."""
        def script(peer: Peer) -> None:
            peer.negotiate()
            peer.request()
            for piece in pieces:
                peer.send(piece)
        self.play(script)
        return self.connect()

    def test_answer_in_single_bytes_with_events_around(self) -> None:
        events: list[Any] = []
        text = line({"event": "A", "timestamp": {}}) + line({"return": [1], "id": "shell-2"}) + line({"event": "B"})
        connection = self.answered(*(text[at:at + 1] for at in range(len(text))))
        connection.on_event = events.append
        self.assertEqual(connection.execute("x"), [1])
        with self.assertRaisesRegex(ConnectionFailed, "^the server closed the connection$"):
            while connection.wait(None):
                connection.receive()
        self.assertEqual([event["event"] for event in events], ["A", "B"])

    def test_pretty_answer(self) -> None:
        text = json.dumps({"return": {"a": [{}]}, "id": "shell-2"}, indent=4)
        text = text.replace("{}", "{\n            }").replace("\n", "\r\n")
        self.assertEqual(self.answered(text.encode() + b"\r\n").execute("x"), {"a": [{}]})

    def test_long_answer(self) -> None:
        text = "x" * 5_000_000
        self.assertEqual(self.answered(line({"return": text, "id": "shell-2"})).execute("x"), text)

    def test_refusal(self) -> None:
        error = {"class": "GenericError", "desc": "no"}
        with self.assertRaises(CommandRefused) as caught:
            self.answered(line({"error": error, "id": "shell-2"})).execute("x")
        self.assertEqual((caught.exception.error_class, caught.exception.desc), ("GenericError", "no"))

    def test_violations(self) -> None:
        cases = {
            b"nope\r\n": "the server sent no JSON: 'nope'",
            b"[1]\r\n": "the server sent no JSON object: '\\[1\\]'",
            b"\xff\x00\r\n": "no JSON",
            b"{}\r\n": "neither answer nor event: {}",
            b'{"return": 1, "id": "shell-1"}\r\n': "answered what nobody asked",
            b'{"return": 1}\r\n': "answered what nobody asked",
            b'{"return": 1, "id": [2]}\r\n': "answered what nobody asked",
            b'{"error": {"class": "GenericError", "desc": "1:1: JSON"}}\r\n': "did not understand us: 1:1: JSON",
            b'{"error": "no", "id": "shell-2"}\r\n': "malformed error",
            b"[" * 200_000 + b"\r\n": "no JSON",
        }
        for text, message in cases.items():
            with self.subTest(text=text[:60]), self.assertRaisesRegex(ProtocolError, message):
                self.answered(text).execute("x")

    def test_end(self) -> None:
        for text, message in {b"": "closed the connection$", b'{"retu': "in the middle of a message$",
                              b"{\r\n  1,\r\n": "in the middle of a message$"}.items():
            with self.subTest(text=text), self.assertRaisesRegex(ConnectionFailed, message):
                self.answered(text).execute("x")

    def test_answer_comes_before_the_end(self) -> None:
        connection = self.answered(line({"return": {}, "id": "shell-2"}))
        self.assertEqual(connection.execute("quit"), {})

    def test_answers_in_another_order(self) -> None:
        def script(peer: Peer) -> None:
            peer.negotiate()
            first, second = peer.request(), peer.request()
            peer.send(line({"return": 2, "id": second["id"]}) + line({"return": 1, "id": first["id"]}))
        self.play(script)
        connection = self.connect()
        first, second = connection.send("a"), connection.send("b")
        answers: dict[str, Any] = {}
        while len(answers) < 2:
            connection.wait(None)
            answers |= {message["id"]: message["return"] for message in connection.receive()}
        self.assertEqual(answers, {first: 1, second: 2})

    def test_long_command_to_a_server_that_does_not_read_at_once(self) -> None:
        sent: list[Any] = []
        go = threading.Event()

        def script(peer: Peer) -> None:
            peer.negotiate()
            go.wait(10)
            sent.append(peer.request())
            peer.send(line({"return": {}, "id": sent[0]["id"]}))
        self.play(script)
        connection = self.connect()
        request_id = connection.send("x", {"a": "y" * 3_000_000})
        self.assertTrue(connection.wants_write)
        go.set()
        connection.answer(request_id, 30)
        self.assertEqual(len(sent[0]["arguments"]["a"]), 3_000_000)

    def test_leaving_does_not_cut_a_command(self) -> None:
        sent: list[Any] = []

        def script(peer: Peer) -> None:
            peer.negotiate()
            sent.append(peer.request())
        self.play(script)
        connection = self.connect()
        connection.send("x", {"a": "y" * 3_000_000})
        connection.close()
        self.doCleanups()
        self.assertEqual(len(sent[0]["arguments"]["a"]), 3_000_000)

    def test_no_answer_in_time(self) -> None:
        go = threading.Event()

        def script(peer: Peer) -> None:
            peer.negotiate()
            peer.request()
            go.wait(10)
        self.play(script)
        connection = self.connect()
        with self.assertRaisesRegex(ConnectionFailed, "no answer within 0.05 s"):
            connection.execute("x", timeout=0.05)
        go.set()


class BeginningTest(ServerTest):
    """Connecting, greeting and negotiation."""

    def test_out_of_band_is_enabled_where_it_is_offered(self) -> None:
        seen: queue.Queue[Any] = queue.Queue()
        for greeting, arguments in ((GREETING, None), (OOB_GREETING, {"enable": ["oob"]})):
            self.play(lambda peer, greeting=greeting: seen.put(peer.negotiate(greeting)))
            connection = self.connect()
            self.assertEqual(connection.oob, arguments is not None)
            self.assertEqual(seen.get(timeout=10).get("arguments"), arguments)
            self.assertEqual(connection.server, "test 1, QMP of QEMU 11.1.1")

    def test_no_greeting(self) -> None:
        cases: dict[bytes, str] = {b"": "closed the connection before its greeting", b"SSH-2.0\r\n": "sent no JSON",
                                   b'{"return": {}}\r\n': "does not begin with a QMP greeting"}
        for text, message in cases.items():
            self.play(lambda peer, text=text: peer.send(text))
            with self.subTest(text=text), self.assertRaisesRegex(ConnectionFailed, message):
                self.connect()

    def test_silent_server(self) -> None:
        go = threading.Event()
        self.play(lambda _peer: bool(go.wait(10)) and None)
        with self.assertRaisesRegex(ConnectionFailed, "sends no greeting within 0.05 s; is it a QMP server"):
            self.connect(timeout=0.05)
        go.set()

    def test_nobody_there(self) -> None:
        with self.assertRaisesRegex(ConnectionFailed, "^cannot connect to /nope: No such file or directory$"):
            Connection(Address(path="/nope"))
        with self.assertRaisesRegex(ConnectionFailed, "^cannot connect to .*: AF_UNIX path too long$"):
            Connection(Address(path="/" + "x" * 200))
        with self.assertRaisesRegex(ConnectionFailed, "^cannot connect to 127.0.0.1:1: Connection refused$"):
            Connection(Address(host="127.0.0.1", port=1))


class AddressTest(unittest.TestCase):
    """Paths, and hosts with ports."""

    def test_addresses(self) -> None:
        cases = {"qmp.sock": "qmp.sock", "/a:b/c": "/a:b/c", "unix:localhost:1": "localhost:1",
                 "h:1": ("h", 1), ":4444": ("localhost", 4444), "[::1]:5": ("::1", 5), "tcp:h:1": ("h", 1),
                 "./h:1": "./h:1", "h:x": "h:x"}
        for text, expected in cases.items():
            address = parse_address(text)
            self.assertEqual(address.path or (address.host, address.port), expected)

    def test_wrong_addresses(self) -> None:
        for text in ("", "unix:", "h:0", "h:65536", "tcp:h"):
            with self.subTest(text=text), self.assertRaises(ValueError):
                parse_address(text)


class SplitterTest(unittest.TestCase):
    """Messages cut at any byte."""

    def test_every_cut(self) -> None:
        text = line({"a": 1}) + b"{\r\n    \"b\": {\r\n    }\r\n}\r\n" + b"\r\n" + line({"c": "}"})
        for at in range(len(text)):
            splitter = Splitter()
            self.assertEqual(splitter.feed(text[:at]) + splitter.feed(text[at:]), [{"a": 1}, {"b": {}}, {"c": "}"}])
            self.assertFalse(splitter.in_message)


if __name__ == "__main__":
    unittest.main()
