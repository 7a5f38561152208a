# SPDX-License-Identifier: Apache-2.0
"""With structured replies reads come in chunks, all of them, in DF reads in one;
pipelined requests are all answered.
"""
from harness import Case, NbdConnection, check, equal, nbd

SIZE = 4 << 20


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.image("disk.img", SIZE >> 20, random=True)
        data = image.read_bytes()
        export = case.serve(qmp, image)
        with NbdConnection(export.address).go("disk", structured=True) as client:
            check(client.transmission_flags & nbd.SEND_DF, f"flags {client.transmission_flags:#x} lack SEND_DF")
            equal(client.read(0, SIZE), data, "the whole disk in one read")
            client.send(nbd.request(nbd.CMD_READ, 5, 512, SIZE - 512, nbd.FLAG_DF))
            chunk = client.chunk()
            check(chunk.kind == 1, f"first chunk of a DF read: kind {chunk.kind}")
            equal(chunk.data[8:], data[512:], "data of a DF read")
            while not chunk.done:
                chunk = client.chunk()
                check(chunk.kind == 0, f"a second content chunk in a DF read: {chunk.kind}")
            requests = {cookie: (cookie * 4096) % SIZE for cookie in range(1, 200)}
            client.send(
                b"".join(nbd.request(nbd.CMD_READ, cookie, offset, 1000) for cookie, offset in requests.items())
            )
            answers: dict[int, bytearray] = {cookie: bytearray(1000) for cookie in requests}
            done: list[int] = []
            while len(done) < len(requests):
                chunk = client.chunk()
                equal(chunk.error, 0, f"error of request {chunk.cookie}")
                if chunk.kind == 1:
                    start = int.from_bytes(chunk.data[:8], "big") - requests[chunk.cookie]
                    answers[chunk.cookie][start:start + len(chunk.data) - 8] = chunk.data[8:]
                if chunk.done:
                    done.append(chunk.cookie)
            equal(sorted(done), sorted(requests), "cookies answered")
            for cookie, offset in requests.items():
                equal(bytes(answers[cookie]), data[offset:offset + 1000], f"data of request {cookie}")
            client.disconnect()
