# SPDX-License-Identifier: Apache-2.0
"""The greeting names the QEMU release whose behaviour we match and our own version, as query-version does."""
from harness import Case, check, equal


def test(case: Case) -> None:
    version = case.run(case.settings.daemon, "--version").stdout.split("\n")[0]
    with case.start().qmp() as qmp:
        greeting = qmp.greeting["QMP"]
        equal(sorted(greeting), ["capabilities", "version"], "members of the greeting")
        equal(greeting["version"]["qemu"], {"major": 11, "minor": 1, "micro": 1}, "the greeting's QEMU release")
        check(greeting["version"]["package"].split() == version.replace("version ", "").split()[:2],
              f"package {greeting['version']['package']!r} is not what --version says: {version!r}")
        equal(greeting["capabilities"], ["oob", "event-seq"], "capabilities")
        equal(qmp.execute("query-version"), greeting["version"], "query-version")
