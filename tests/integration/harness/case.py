# SPDX-License-Identifier: Apache-2.0
"""One test: its own directory, its daemons and clients, and the checks and clean-up when it is over."""
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from . import process, storage
from .daemon import Daemon, sanitizer_environment
from .errors import Skip, check
from .process import Process
from .qmp import QmpClient
from .storage import Export

ENGINES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # name: (members of the iothread object, members of the file node)
    "default": ({}, {}),
    "io_uring": ({"fd-monitor": "io_uring"}, {"aio": "io_uring"}),
    "epoll": ({"fd-monitor": "epoll"}, {"aio": "threads"}),
    "seccomp": ({}, {}), # the daemon runs where io_uring_setup() is refused with EPERM
    "enosys": ({}, {}), # ... or does not exist
}


class Gate:
    """A daemon started with `env` asks no name server: what tests/slow_calls.cpp says happens, when the gate opens."""

    def __init__(self, fifo: Path, library: Path):
        self.fifo = fifo
        os.mkfifo(fifo)
        asan = sanitizer_environment()["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
        self.env = {"LD_PRELOAD": str(library), "IOTHREADD_GATE": str(fifo), "ASAN_OPTIONS": asan}

    @property
    def reached(self) -> bool:
        """Whether somebody came to it."""
        return self.fifo.with_name(self.fifo.name + ".reached").exists()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Whoever waits at it, or comes to it, goes on."""
        writer = os.open(self.fifo, os.O_RDWR)
        yield
        os.close(writer)


@dataclass
class Settings:
    """What run.py was told."""
    daemon: Path
    source: Path
    image_mib: int
    engine: str
    without_io_uring: Path
    slow_calls: Path


@dataclass
class Case:
    settings: Settings
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="iot.", dir="/tmp")))
    daemons: list[Daemon] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    own_sockets: set[Path] = field(default_factory=set)
    _names: int = 0

    def path(self, name: str) -> Path:
        return self.directory / name

    def need(self, *programs: str) -> None:
        for program in programs:
            if shutil.which(program) is None:
                raise Skip(f"no {program} on this machine")

    def start(self, *options: str, env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = (),
              launcher: tuple[str, ...] = (), wait_ready: bool = True) -> Daemon:
        """A daemon with a QMP monitor in the case's directory, and with `options` behind that."""
        number = len(self.daemons)
        monitor = self.path(f"qmp{number}.sock")
        base = ("--chardev", f"socket,id=qmp,path={monitor},server=on,wait=off", "--monitor", "chardev=qmp")
        daemon = self.start_plain(*base, *options, env=env, pass_fds=pass_fds, launcher=launcher, monitor=monitor,
                                  wait_ready=wait_ready)
        if not options and wait_ready:
            with daemon.qmp(): # so that what the start needed is gone
                threads, fds = daemon.resources()
            fds["socket"] -= 1 # this connection
            daemon.idle = threads, fds
        return daemon

    def start_plain(self, *options: str, env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = (),
                    launcher: tuple[str, ...] = (), monitor: Path | None = None, wait_ready: bool = True) -> Daemon:
        """A daemon with exactly these options."""
        if self.settings.engine in ("seccomp", "enosys"):
            errno = "EPERM" if self.settings.engine == "seccomp" else "ENOSYS"
            launcher = (*launcher, str(self.settings.without_io_uring), f"--errno={errno}")
        argv = [*launcher, str(self.settings.daemon), *options]
        daemon = Daemon(argv, self.directory, f"daemon{len(self.daemons)}", monitor=monitor, env=env, pass_fds=pass_fds)
        self.daemons.append(daemon)
        if wait_ready:
            daemon.wait_ready()
        return daemon

    def run(self, *argv: str | Path, status: int | None = 0, stdin: bytes | None = None,
            env: dict[str, str] | None = None, timeout: float = process.TIMEOUT) -> Process:
        """Run a client to its end."""
        self._names += 1
        words = [str(word) for word in argv]
        name = f"{self._names}-{Path(words[0]).name}"
        return process.run(words, self.directory, name, status=status, stdin=stdin, env=env, timeout=timeout)

    def spawn(self, *argv: str | Path, stdin: int | IO[Any] = subprocess.DEVNULL, stdout: int | None = None,
              pass_fds: tuple[int, ...] = ()) -> Process:
        """Start a client and go on."""
        self._names += 1
        words = [str(word) for word in argv]
        started = Process(words, self.directory, f"{self._names}-{Path(words[0]).name}", stdin=stdin, stdout=stdout,
                          pass_fds=pass_fds)
        self.processes.append(started)
        return started

    def image(self, name: str, mib: int, random: bool = False) -> Path:
        """A file of `mib` MiB: a hole, or random bytes."""
        path = self.path(name)
        with open(path, "wb") as file:
            if random:
                for _ in range(mib):
                    file.write(os.urandom(1 << 20))
            else:
                file.truncate(mib << 20)
        return path

    def gate(self) -> Gate:
        self._names += 1
        return Gate(self.path(f"gate{self._names}"), self.settings.slow_calls)

    @property
    def has_io_uring(self) -> bool:
        return self.settings.engine not in ("seccomp", "enosys")

    def add_iothread(self, qmp: QmpClient, name: str = "io0", **members: Any) -> None:
        options = ENGINES[self.settings.engine][0] | {key.replace("_", "-"): value for key, value in members.items()}
        qmp.execute("object-add", {"qom-type": "iothread", "id": name} | options)

    def add_file(self, qmp: QmpClient, node: str, image: Path, **members: Any) -> None:
        options = ENGINES[self.settings.engine][1] | {key.replace("_", "-"): value for key, value in members.items()}
        qmp.execute("blockdev-add", {"driver": "file", "node-name": node, "filename": str(image)} | options)

    def serve(self, qmp: QmpClient, image: Path, *, iothread: str | None = "io0", tcp: bool = False,
              writable: bool = True, node: dict[str, Any] | None = None) -> Export:
        """Export `image` as `disk`: IOThread io0 (unless None), node n0, export e0, on a server of its own."""
        if iothread is not None:
            self.add_iothread(qmp, iothread)
        self.add_file(qmp, "n0", image, **({} if node is None else node))
        address = storage.start_nbd_server(qmp, self.directory, tcp)
        thread = {} if iothread is None else {"iothread": iothread}
        qmp.execute("block-export-add", {"type": "nbd", "id": "e0", "node-name": "n0", "name": "disk",
                                         "writable": writable} | thread)
        return Export("e0", "disk", "n0", iothread, image, address)

    def finish(self) -> None:
        """The checks that end every test."""
        for client in self.processes:
            client.close()
        for daemon in self.daemons:
            daemon.finish()
        self.check_no_sockets()

    def check_no_sockets(self) -> None:
        """No socket file but the test's own ones and those of daemons that still run."""
        kept = self.own_sockets | {daemon.notify.path for daemon in self.daemons}
        left = [path for path in self.directory.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode) and path not in kept]
        check(not left, f"socket files left behind: {[path.name for path in left]}")

    def report(self) -> str:
        """What the daemons said, for a test that failed."""
        return "".join(f"--- {' '.join(daemon.argv)}\n{daemon.stderr[-6000:]}" for daemon in self.daemons)

    def close(self) -> None:
        for started in [*self.processes, *self.daemons]:
            started.close()
        shutil.rmtree(self.directory, ignore_errors=True)
