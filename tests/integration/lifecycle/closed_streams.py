# SPDX-License-Identifier: Apache-2.0
"""A daemon whose standard input, output and error are closed or full starts, serves and ends like any other."""
from harness import Case


def test(case: Case) -> None:
    for streams in ("<&- >&- 2>&-", "</dev/null >/dev/full 2>/dev/full"):
        daemon = case.start(launcher=("sh", "-c", f'exec "$0" "$@" {streams}'))
        with daemon.qmp() as qmp:
            case.serve(qmp, case.image("disk.img", 1))
            assert len(qmp.execute("query-iothreads")) == 1
        daemon.finish()
