# SPDX-License-Identifier: Apache-2.0
"""The rules of replies and of what the server prints, byte by byte."""
from harness import Case, equal
from harness.spec_client import SpecClient

NOT_FOUND = '"error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}'
# An id, and how it is printed.
ECHOES: list[tuple[bytes, str]] = [
    (b'{ }', "{}"), (b"[ ]", "[]"), (b'[1 ,2,{"a" :[ ]}]', '[1, 2, {"a": []}]'),
    (b'"\\"\\\\\\b\\f\\n\\r\\t"', r'"\"\\\b\f\n\r\t"'),
    (b'"\\u0001\\u001f\\u007f"', r'"\u0001\u001F\u007F"'),
    (b'"\\/ / \'"', '"/ / \'"'),
    (b"'\"'", r'"\""'),
    (b'"\\u20ac \xe2\x82\xac \\u00e9"', r'"\u20AC \u20AC \u00E9"'),
    (b'"\\ud83d\\ude00 \xf0\x9f\x98\x80"', r'"\uD83D\uDE00 \uD83D\uDE00"'),
    (b'"\\u0000 \xc0\x80"', r'"\u0000 \u0000"'),
]
# Whole lines, so the order of members, the blanks and the end of line too.
LINES: list[tuple[bytes, str]] = [
    (b'{"execute": "qom-list", "arguments": {"path": "/nope"}, "id": 1}',
     '{"id": 1, "error": {"class": "DeviceNotFound", "desc": "Device \'/nope\' not found"}}'),
    (b'{"execute": "object-add", "arguments": {"qom-type": "iothread", "id": "io0", "poll-max-ns": 1000}, "id": 1}',
     '{"return": {}, "id": 1}'),
    (b'{"execute":"qom-get","arguments":{"path":"/objects/io0","property":"poll-max-ns"}}', '{"return": 1000}'),
    (b'{"execute": "qom-get", "arguments": {"path": "io0", "property": "type"}, "id": {}}',
     '{"return": "iothread", "id": {}}'),
    (b'{"execute": "object-del", "arguments": {"id": "io0"}}', '{"return": {}}'),
    (b'{"execute": "nope"}', f"{{{NOT_FOUND}}}"),
]


def check_line(client: SpecClient, sent: bytes, line: str) -> None:
    client.send(sent)
    client.read()
    equal(client.last_line.decode(), line + "\r\n", f"the answer to {sent!r}")


def test(case: Case) -> None:
    with SpecClient(case.start().monitor or "") as client:
        client.begin()
        for sent, line in LINES:
            check_line(client, sent, line)
        for given, printed in ECHOES:
            check_line(client, b'{"execute": "nope", "id": ' + given + b"}", f'{{"id": {printed}, {NOT_FOUND}}}')
        # White space has no reply, and each command one, however the bytes come.
        equal(client.ask(b" \t\r\n\n \r\n"), [], "answers to white space")
        for byte in b'\n{"execute"\r\n:\t"nope" ,"id":"apart"}':
            client.send(bytes([byte]))
        equal(client.read()["id"], "apart", "id of a command sent byte by byte")
        many = b"".join(b'{"execute":"nope","id":%d}' % number for number in range(500))
        equal([answer["id"] for answer in client.ask(many)], list(range(500)), "ids of 500 commands in a packet")
