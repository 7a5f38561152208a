# SPDX-License-Identifier: Apache-2.0
"""systemd-analyze verify has nothing to say about the units when ExecStart is the built daemon."""
import re

from harness import Case, check, equal


def test(case: Case) -> None:
    case.need("systemd-analyze")
    service = (case.settings.source / "systemd/iothreadd.service").read_text()
    changed, count = re.subn(r"^ExecStart=(\S+)", f"ExecStart={case.settings.daemon}", service, flags=re.MULTILINE)
    equal(count, 1, "ExecStart lines")
    check("Type=notify" in service.splitlines(), "the service is not Type=notify")
    case.path("iothreadd.service").write_text(changed)
    case.path("iothreadd.socket").write_text((case.settings.source / "systemd/iothreadd.socket").read_text())
    for unit in ("iothreadd.service", "iothreadd.socket"):
        done = case.run("systemd-analyze", "verify", case.path(unit))
        equal(done.stdout + done.stderr, "", f"what systemd-analyze verify says about {unit}")
