# SPDX-License-Identifier: Apache-2.0
"""SIGTERM in mid-copy: what is in flight is finished, status 0, no socket file is left,
the file holds what was copied.
"""
import signal
import subprocess

from harness import Case, check


def test(case: Case) -> None:
    case.need("nbdcopy", "qemu-img", "fio")
    mib = 64
    source = case.image("source.img", mib, random=True)
    data = source.read_bytes()
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = case.start()
        image = case.image("disk.img", mib)
        with daemon.qmp() as qmp:
            export = case.serve(qmp, image)
            thread = qmp.execute("query-iothreads")[0]["thread-id"]
            copy = case.spawn("nbdcopy", "-", export.uri, stdin=subprocess.PIPE)
            copy.stdin.write(data[:len(data) // 2])
            readers = [case.spawn("qemu-img", "bench", "-f", "raw", "-c", "100000000", "-d", "32",
                                  "-s", "65536", export.uri)
                       for _ in range(2)]
            start = daemon.cpu_ns(thread)
            daemon.until(lambda start=start, thread=thread: daemon.cpu_ns(thread) > start + 50_000_000, "the copy runs")
            check(copy.running() and all(reader.running() for reader in readers), "a client ended too early")
            daemon.signal(number)
            daemon.expect_exit()
        case.check_no_sockets()
        for client in (copy, *readers):
            client.kill() # what a client does when its server goes is its own affair
        written = image.read_bytes()
        blocks = [
            at for at in range(0, len(data) // 2, 1 << 20) if written[at:at + (1 << 20)] == data[at:at + (1 << 20)]
        ]
        check(blocks, "nothing of the copy is in the file")
