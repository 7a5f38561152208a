# SPDX-License-Identifier: Apache-2.0
"""Processes of a test: started with a parent-death signal, watched through a pidfd, ended by their own id."""
import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from .errors import Failure, check

TIMEOUT = 60.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Runs in the child: should the test be killed, nothing that it started stays behind."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """From now on what our children leave running becomes our child."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Process:
    """A child process with its output in files."""

    def __init__(self, argv: list[str], directory: Path, name: str, *, env: dict[str, str] | None = None,
                 stdin: int | IO[Any] = subprocess.DEVNULL, stdout: int | None = None, pass_fds: tuple[int, ...] = (),
                 cwd: Path | None = None):
        self.argv = argv
        self.stdout_path = directory / f"{name}.out"
        self.stderr_path = directory / f"{name}.err"
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.popen = subprocess.Popen(argv, stdin=stdin, stdout=out if stdout is None else stdout, stderr=err,
                                          env=env, cwd=cwd or directory, pass_fds=pass_fds, preexec_fn=die_with_parent)
        self.pid = self.popen.pid
        self._pidfd = os.pidfd_open(self.pid)

    @property
    def stdin(self) -> IO[bytes]:
        assert self.popen.stdin is not None
        return self.popen.stdin

    @property
    def stdout(self) -> str:
        return self.stdout_path.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self.stderr_path.read_text(errors="replace")

    @property
    def pidfd(self) -> int:
        return self._pidfd

    def running(self) -> bool:
        return self.popen.poll() is None

    def wait_exit(self, timeout: float = TIMEOUT) -> int:
        """Wait for the end of the process; its status (negative: a signal)."""
        if not select.select([self._pidfd], [], [], timeout)[0]:
            raise Failure(f"still running after {timeout} s: {' '.join(self.argv)}\n{self.stderr[-2000:]}")
        return self.popen.wait()

    def signal(self, number: int) -> None:
        check(self.running(), f"process has ended already: {' '.join(self.argv)}\n{self.stderr[-2000:]}")
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it now, if it still runs; for clean-up."""
        if self.running():
            os.kill(self.pid, signal.SIGKILL)
            self.popen.wait()

    def close(self) -> None:
        self.kill()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def until(self, condition: Callable[[], object], what: str, timeout: float = 30.0) -> None:
        """Wait until `condition` holds of something that sends no notice (a file in /proc).

        Between two looks it waits for the end of this process, which is the failure.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if select.select([self._pidfd], [], [], 0.01)[0]:
                raise Failure(f"{what}: process ended first: {self.stderr[-2000:]}")
            check(time.monotonic() < deadline, f"not within {timeout} s: {what}")


def run(argv: list[str], directory: Path, name: str, *, status: int | None = 0, stdin: bytes | None = None,
        env: dict[str, str] | None = None, timeout: float = TIMEOUT, cwd: Path | None = None) -> Process:
    """Run to the end; fails unless the exit status is `status` (None: any). The streams are in the answer."""
    source: int | IO[Any] = subprocess.DEVNULL
    if stdin is not None:
        path = directory / f"{name}.in"
        path.write_bytes(stdin)
        source = open(path, "rb")
    process = Process(argv, directory, name, env=env, stdin=source, cwd=cwd)
    if not isinstance(source, int):
        source.close()
    try:
        seen = process.wait_exit(timeout)
    finally:
        process.close()
    check(status is None or seen == status, f"exit status {seen}, not {status}: {' '.join(argv)}\n"
          f"stdout: {process.stdout[-2000:]}\nstderr: {process.stderr[-2000:]}")
    return process
