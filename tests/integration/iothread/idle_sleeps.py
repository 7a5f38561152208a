# SPDX-License-Identifier: Apache-2.0
"""An IOThread and a connected client without work cost no processor time: adaptive polling has to end."""
import select

from harness import Case, NbdConnection, check

SECONDS = 2


def test(case: Case) -> None:
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 1))
        with NbdConnection(export.address).go("disk") as client:
            client.read(0, 4096)
            threads = {tid: daemon.cpu_ns(tid) for tid in daemon.threads()}
            select.select([client.socket], [], [], SECONDS) # nothing may come
            spent = {tid: daemon.cpu_ns(tid) - before for tid, before in threads.items() if tid in daemon.threads()}
            most = SECONDS * 1_000_000_000 // 50
            check(sum(spent.values()) < most, f"{sum(spent.values())} ns of processor time in {SECONDS} s of idling")
