# SPDX-License-Identifier: Apache-2.0
"""One running daemon: started until it says READY=1, looked at through /proc, stopped by a signal."""
import os
import re
import select
import signal
import socket
from collections import Counter
from pathlib import Path

from .errors import Failure, check, equal
from .process import TIMEOUT, Process
from .qmp import QmpClient

SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:|"
                       r"Assertion .* failed")


def sanitizer_environment() -> dict[str, str]:
    env = dict(os.environ)
    env.setdefault("ASAN_OPTIONS", "exitcode=99:detect_leaks=1:quarantine_size_mb=8")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:exitcode=99")
    env.setdefault("TSAN_OPTIONS", "exitcode=99:second_deadlock_stack=1")
    env.pop("LISTEN_FDS", None)
    env.pop("NOTIFY_SOCKET", None)
    return env


class NotifySocket:
    """The other end of sd_notify()."""

    def __init__(self, path: Path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.messages: list[str] = []

    def receive(self) -> str:
        self.messages.append(self.socket.recv(4096, socket.MSG_DONTWAIT).decode())
        return self.messages[-1]

    def drain(self) -> list[str]:
        try:
            while True:
                self.receive()
        except BlockingIOError:
            return self.messages

    def close(self) -> None:
        self.socket.close()
        self.path.unlink(missing_ok=True)


class Daemon(Process):
    def __init__(self, argv: list[str], directory: Path, name: str, *, monitor: Path | None,
                 env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()):
        self.notify = NotifySocket(directory / f"{name}.notify")
        environment = sanitizer_environment() | {"NOTIFY_SOCKET": str(self.notify.path)} | (env or {})
        super().__init__(argv, directory, name, env=environment, pass_fds=pass_fds)
        self.monitor = monitor
        self.finished = False
        self.idle: tuple[Counter[str], Counter[str]] | None = None

    def wait_ready(self, timeout: float = TIMEOUT) -> None:
        while True:
            readable = select.select([self.notify.socket, self.pidfd], [], [], timeout)[0]
            if self.notify.socket in readable:
                if "READY=1" in self.notify.receive().split("\n"):
                    return
                continue
            what = "the daemon ended before it was ready" if readable else f"not ready after {timeout} s"
            raise Failure(f"{what}: {' '.join(self.argv)}\n{self.stderr[-3000:]}")

    def qmp(self, negotiate: bool = True, enable: tuple[str, ...] = ()) -> QmpClient:
        assert self.monitor is not None
        return QmpClient(self.monitor, negotiate, enable=enable)

    def threads(self) -> dict[int, str]:
        """Thread id -> kernel name. Without io_uring's own helpers (iou-...), which the kernel adds and takes away."""
        names = {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                names[int(task.name)] = (task / "comm").read_text().rstrip("\n")
            except (FileNotFoundError, ProcessLookupError):
                pass # it ended between the two calls
        return {tid: name for tid, name in names.items() if not name.startswith("iou-")}

    def fds(self) -> list[str]:
        """What the open file descriptors refer to, without the numbers that differ from one to the next."""
        targets = []
        folder = f"/proc/{self.pid}/fd"
        for number in os.listdir(folder):
            try:
                targets.append(re.sub(r"^(socket|pipe):\[\d+\]$", r"\1", os.readlink(f"{folder}/{number}")))
            except FileNotFoundError:
                pass
        return sorted(targets)

    def resources(self) -> tuple[Counter[str], Counter[str]]:
        """Threads and descriptors, to be compared with those of another moment."""
        return Counter(self.threads().values()), Counter(self.fds())

    def until_resources(self, expected: tuple[Counter[str], Counter[str]], what: str) -> None:
        """What a closed connection leaves behind goes a moment after its end: wait for it."""
        try:
            self.until(lambda: self.resources() == expected, what)
        except Failure as failure:
            threads, fds = self.resources()
            raise Failure(f"{failure}\n  threads: more {dict(threads - expected[0])}"
                          f" fewer {dict(expected[0] - threads)}"
                          f"\n  fds: more {dict(fds - expected[1])} fewer {dict(expected[1] - fds)}") from None

    def cpu_ns(self, thread_id: int) -> int:
        """Processor time of one thread."""
        return int(Path(f"/proc/{self.pid}/task/{thread_id}/schedstat").read_text().split()[0])

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def remove_everything(self) -> None:
        """Take down exports, server, nodes and IOThreads over QMP, in the order a client would."""
        with self.qmp() as qmp:
            for export in qmp.execute("query-block-exports"):
                if not export["shutting-down"]:
                    qmp.execute("block-export-del", {"id": export["id"], "mode": "hard"})
            if qmp.execute("query-nbd-server")["running"]:
                qmp.execute("nbd-server-stop")
            for node in qmp.execute("query-named-block-nodes"):
                qmp.execute("blockdev-del", {"node-name": node["node-name"]})
            for thread in qmp.execute("query-iothreads"):
                equal(thread["holders"], [], f"holders of {thread['id']} when nothing uses it")
                qmp.execute("object-del", {"id": thread["id"]})
            for entry in qmp.execute("qom-list", {"path": "/objects"}):
                if entry["type"].startswith("child<monitor-") and not entry["name"].startswith("compat_monitor"):
                    qmp.execute("object-del", {"id": entry["name"]})
            for chardev in qmp.execute("query-chardev"):
                if not chardev["frontend-open"]:
                    qmp.execute("chardev-remove", {"id": chardev["label"]})

    def finish(self) -> None:
        """The end of every test: nothing in use is left, SIGTERM ends it with status 0, and without a report."""
        if self.finished:
            return
        if self.running() and self.idle is not None:
            self.remove_everything()
            self.until_resources(self.idle, "threads and descriptors as at the start")
        if self.running():
            self.signal(signal.SIGTERM)
        self.expect_exit()

    def expect_exit(self, status: int = 0) -> None:
        seen = self.wait_exit()
        check(seen == status, f"the daemon ended with status {seen}, not {status}\n{self.stderr[-6000:]}")
        self.check_reports()
        self.notify.drain()
        self.notify.close()
        self.finished = True

    def check_reports(self) -> None:
        found = SANITIZER.search(self.stderr)
        check(found is None, f"the daemon printed a report:\n{self.stderr[-6000:]}")

    def close(self) -> None:
        super().close()
        self.notify.close()
