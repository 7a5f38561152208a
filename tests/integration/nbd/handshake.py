# SPDX-License-Identifier: Apache-2.0
"""The handshake, option by option: what is answered, what is refused and goes on, and what ends the connection."""
import struct

from harness import Case, NbdConnection, check, equal, nbd

ANSWERS = [
    (nbd.OPT_GO, nbd.go_data("nope"), nbd.ERR_UNKNOWN),
    (nbd.OPT_INFO, nbd.go_data("nope"), nbd.ERR_UNKNOWN),
    (nbd.OPT_GO, struct.pack(">I", 5000) + b"x" * 5000 + b"\0\0", nbd.ERR_INVALID),
    (nbd.OPT_GO, struct.pack(">I", 0xFFFFFFFF) + b"disk\0\0", nbd.ERR_INVALID),
    (nbd.OPT_GO, b"\0\0", nbd.ERR_INVALID),
    (nbd.OPT_GO, nbd.go_data("disk") + b"x", nbd.ERR_INVALID),
    (nbd.OPT_GO, struct.pack(">I", 4) + b"disk" + struct.pack(">H", 9), nbd.ERR_INVALID),
    (nbd.OPT_GO, nbd.go_data("di\0k"), nbd.ERR_INVALID),
    (nbd.OPT_LIST, b"x", nbd.ERR_INVALID),
    (nbd.OPT_STRUCTURED_REPLY, b"x", nbd.ERR_INVALID),
    (nbd.OPT_STARTTLS, b"", nbd.ERR_POLICY),
    (11, b"", nbd.ERR_UNSUP), # EXTENDED_HEADERS
    (4711, b"x" * 100000, nbd.ERR_UNSUP),
]


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 64))
        idle = daemon.resources()
        with NbdConnection(export.address) as client:
            equal(client.server_flags, 3, "flags of the greeting")
            for number, data, kind in ANSWERS:
                replies = client.ask(number, data)
                equal([reply.kind for reply in replies], [kind], f"answer to option {number} {data[:12]!r}")
            check(
                b"nope" in client.ask(nbd.OPT_GO, nbd.go_data("nope"))[0].data, "the refusal does not name the export"
            )
            listed = client.ask(nbd.OPT_LIST)
            equal([(reply.kind, reply.data) for reply in listed],
                  [(nbd.REP_SERVER, b"\0\0\0\x04disk"), (nbd.REP_ACK, b"")], "answer to LIST")
            infos = client.ask(nbd.OPT_INFO, nbd.go_data("disk", (nbd.INFO_NAME, nbd.INFO_BLOCK_SIZE, 99)))
            kinds = {struct.unpack_from(">H", reply.data)[0]: reply.data[2:] for reply in infos[:-1]}
            equal(sorted(kinds), [nbd.INFO_EXPORT, nbd.INFO_NAME, nbd.INFO_BLOCK_SIZE], "infos")
            equal(kinds[nbd.INFO_NAME], b"disk", "INFO_NAME")
            equal(client.ask(nbd.OPT_STRUCTURED_REPLY)[0].kind, nbd.REP_ACK, "STRUCTURED_REPLY")
            equal(client.ask(nbd.OPT_STRUCTURED_REPLY)[0].kind, nbd.ERR_INVALID, "STRUCTURED_REPLY again")
            client.structured = True
            equal(len(client.go("disk").read(0, 512)), 512, "bytes read")
        endings(export.address)
        export_name(export.address)
        daemon.until_resources(idle, "descriptors after all handshakes")


def endings(address: str | tuple[str, int]) -> None:
    """Handshakes that end with the connection."""
    with NbdConnection(address) as client:
        client.send(nbd.option(nbd.OPT_ABORT, b"reason"))
        equal(client.option_reply().kind, nbd.REP_ACK, "answer to ABORT")
        equal(client.expect_closed(), b"", "bytes after ABORT")
    for flags, message in ((0x80000003, b""), (3, nbd.option(nbd.OPT_LIST, magic=0x1234)),
                           (0, nbd.option(nbd.OPT_LIST)),
                           (3, nbd.option(nbd.OPT_GO, b"", length=0xFFFFFFFF)),
                           (3, nbd.option(nbd.OPT_EXPORT_NAME, b"nope"))):
        with NbdConnection(address, flags) as client:
            try:
                client.send(message)
            except BrokenPipeError:
                pass # the flags were enough
            client.expect_closed()


def export_name(address: str | tuple[str, int]) -> None:
    """The old way into transmission, with and without the 124 zeroes."""
    for flags, zeroes in ((1, 124), (3, 0), (0, 124)):
        with NbdConnection(address, flags) as client:
            client.send(nbd.option(nbd.OPT_EXPORT_NAME, b"disk"))
            size, transmission = struct.unpack(">QH", client.receive(10))
            equal((size, transmission & (nbd.HAS_FLAGS | nbd.READ_ONLY)), (64 << 20, nbd.HAS_FLAGS), "size and flags")
            equal(client.receive(zeroes), bytes(zeroes), "the zeroes")
            equal(client.read(512, 512), bytes(512), "data")
            client.disconnect()
