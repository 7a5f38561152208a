#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A benchmark starts, prints its tables and ends:  starts_test.py PROGRAM [ARGUMENT...] -- PATTERN...

So that nobody finds a benchmark broken on the day when its figures are needed. Figures are not looked at. An argument
@json is the name of a file that has to be there, and to be what poll_plot.py reads, afterwards.
"""
from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
SECONDS = 90


def faults(output: str, patterns: list[str]) -> list[str]:
    """The patterns that no line matches."""
    return [f"no line matches {pattern!r}" for pattern in patterns if not re.search(pattern, output, re.MULTILINE)]


def run(command: list[str], patterns: list[str], directory: Path) -> int:
    """Exit status of this program."""
    figures = directory / "figures.json"
    words = [str(figures) if word == "@json" else word for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode == SKIPPED:
        print(done.stderr)
        return SKIPPED
    found = faults(done.stdout, patterns)
    if done.returncode != 0:
        found.append(f"status {done.returncode}")
    if "@json" in command and not found:
        plot = [sys.executable, Path(__file__).with_name("poll_plot.py"), "svg", figures, "-o", directory / "plot.svg"]
        if subprocess.run(plot, check=False).returncode != 0:
            found.append("poll_plot.py cannot read its figures")
    if found:
        print(f"{' '.join(words)}: {'; '.join(found)}\n{done.stdout}\n{done.stderr}", file=sys.stderr)
    return 1 if found else 0


def main() -> int:
    """Exit status: 0 it works, 1 it does not, 77 it cannot work here."""
    end = sys.argv.index("--")
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        return run(sys.argv[1:end], sys.argv[end + 1 :], Path(directory))


if __name__ == "__main__":
    sys.exit(main())
