# SPDX-License-Identifier: Apache-2.0
"""kill -9 of clients in mid-copy: the daemon serves the others, and no descriptor, thread or connection is left."""
import signal
import subprocess

from harness import Case, NbdConnection, State, check, equal


def test(case: Case) -> None:
    case.need("nbdcopy", "qemu-img", "yes")
    daemon = case.start()
    with daemon.qmp() as qmp:
        image = case.path("disk.img")
        with open(image, "wb") as file:
            file.truncate(1 << 40) # a copy of a terabyte does not end by itself
        export = case.serve(qmp, image)
        beside = NbdConnection(export.address).go("disk")
        before = State.of(daemon, qmp)
        thread = qmp.execute("query-iothreads")[0]["thread-id"]
        for copy in (("nbdcopy", "--connections=4", "--requests=64", export.uri, "null:"),
                     ("qemu-img", "bench", "-f", "raw", "-c", "100000000", "-d", "32", "-s", "65536", export.uri),
                     ("qemu-img", "bench", "-f", "raw", "-w", "-c", "100000000", "-d", "32", "-s", "4096", "-S", "4096",
                      export.uri)):
            client = case.spawn(*copy)
            start = daemon.cpu_ns(thread)
            daemon.until(lambda start=start: daemon.cpu_ns(thread) > start + 50_000_000, f"{copy[0]} is copying")
            check(client.running(), f"{copy} ended: {client.stderr}")
            client.signal(signal.SIGKILL)
            client.wait_exit()
            equal(len(beside.read(0, 65536)), 65536, "bytes that a client beside it reads")
            before.unchanged(daemon, qmp, f"kill -9 of {copy[0]}")
        writer = case.spawn("yes", stdout=subprocess.PIPE)
        copy_in = case.spawn("nbdcopy", "-", export.uri, stdin=writer.popen.stdout)
        start = daemon.cpu_ns(thread)
        daemon.until(lambda: daemon.cpu_ns(thread) > start + 50_000_000, "nbdcopy is writing")
        copy_in.signal(signal.SIGKILL)
        copy_in.wait_exit()
        writer.kill()
        beside.disconnect()
        daemon.until(lambda: qmp.execute("query-nbd-server")["connections"] == 0, "no connection is left")
