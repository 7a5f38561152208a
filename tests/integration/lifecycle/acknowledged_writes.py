# SPDX-License-Identifier: Apache-2.0
"""A write that was answered is in the file, whenever SIGTERM comes; requests before the signal are answered."""
import signal

from harness import Case, Failure, NbdConnection, check, equal, nbd

BLOCK = 4096
BEHIND = 12


def test(case: Case) -> None:
    for written_before in (1, 50, 500):
        daemon = case.start()
        image = case.image("disk.img", 16)
        with daemon.qmp() as qmp:
            export = case.serve(qmp, image)
            client = NbdConnection(export.address).go("disk")
            acknowledged = set()
            for cookie in range(written_before):
                client.write(cookie * BLOCK, pattern(cookie))
                acknowledged.add(cookie)
            client.send(b"".join(
                nbd.request(nbd.CMD_WRITE, written_before + more, (written_before + more) * BLOCK, BLOCK,
                            data=pattern(written_before + more)) for more in range(BEHIND)))
            daemon.signal(signal.SIGTERM)
            try:
                while True:
                    chunk = client.chunk()
                    if chunk.error == 0:
                        acknowledged.add(chunk.cookie)
            except (Failure, ConnectionResetError):
                pass # the end of the connection
            client.close()
            daemon.expect_exit()
        data = image.read_bytes()
        for cookie in acknowledged:
            equal(data[cookie * BLOCK:(cookie + 1) * BLOCK], pattern(cookie), f"block {cookie}, which was acknowledged")
        check(len(acknowledged) >= written_before, "answers that came before the signal")


def pattern(cookie: int) -> bytes:
    return cookie.to_bytes(4, "big") * (BLOCK // 4)
