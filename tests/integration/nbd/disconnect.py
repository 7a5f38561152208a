# SPDX-License-Identifier: Apache-2.0
"""A client that sends DISC behind its requests gets all of their answers before the connection ends."""
from harness import Case, NbdConnection, equal, nbd


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.image("disk.img", 1, random=True)
        data = image.read_bytes()
        export = case.serve(qmp, image)
        idle = daemon.resources()
        with NbdConnection(export.address).go("disk") as client:
            client.send(b"".join(nbd.request(nbd.CMD_READ, cookie, cookie * 4096, 4096) for cookie in range(10))
                        + nbd.request(nbd.CMD_WRITE, 10, 0, 4, data=b"last") + nbd.request(nbd.CMD_DISC, 0, 0, 0))
            answered = []
            for _ in range(11):
                magic_error_cookie = client.receive(16)
                cookie = int.from_bytes(magic_error_cookie[8:], "big")
                equal(magic_error_cookie[4:8], bytes(4), f"error of request {cookie}")
                if cookie < 10:
                    check_read(client.receive(4096), data, cookie)
                answered.append(cookie)
            equal(sorted(answered), list(range(11)), "requests answered")
            equal(client.expect_closed(), b"", "bytes after the answers")
        equal(image.read_bytes()[:4], b"last", "the write before DISC")
        daemon.until_resources(idle, "descriptors after DISC")


def check_read(seen: bytes, data: bytes, cookie: int) -> None:
    expected = data[cookie * 4096:(cookie + 1) * 4096]
    # The write of 4 bytes at 0 and the read at 0 are in flight together: either may come first.
    equal(seen[4:] if cookie == 0 else seen, expected[4:] if cookie == 0 else expected, f"data of request {cookie}")
