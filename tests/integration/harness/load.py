# SPDX-License-Identifier: Apache-2.0
"""A client that keeps an export busy, reads back what it wrote, and does not end by itself."""
from .case import Case
from .errors import Failure, check
from .storage import Export

SIGINT = 2 # fio then ends its jobs and reports


class VerifyingLoad:
    def __init__(self, case: Case, export: Export, mib: int):
        self.fio = case.spawn("fio", "--name=t", "--ioengine=nbd", f"--uri={export.uri}", "--rw=randrw", "--bs=4k",
                              "--iodepth=16", f"--size={mib}m", "--verify=crc32c", "--verify_backlog=64",
                              "--verify_fatal=1", "--time_based", "--runtime=600")

    def check_running(self) -> bool:
        """False, always, to stand beside what a test waits for."""
        if not self.fio.running():
            raise Failure(f"fio ended: {self.fio.stdout}\n{self.fio.stderr}")
        return False

    def stop(self) -> None:
        """It is to have had no error."""
        self.check_running()
        self.fio.signal(SIGINT)
        status = self.fio.wait_exit()
        check("verify" not in self.fio.stderr.lower() and "err= 0" in self.fio.stdout,
              f"fio: status {status}: {self.fio.stdout}\n{self.fio.stderr}")
