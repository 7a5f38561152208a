# SPDX-License-Identifier: Apache-2.0
"""What each back end makes of a small schema: every output file, against the one expected.

Run with --update to take over what the generator writes now; the difference is then for `git diff` to judge.
"""

from __future__ import annotations

import difflib
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from qapi.main import main as qapi_gen  # noqa: E402

GOLDEN = HERE / "data" / "golden"
EXPECTED = GOLDEN / "expected"


def generated(directory: Path) -> dict[str, str]:
    """The output files for the golden schema, written by the command itself."""
    output = directory / "golden"
    status = qapi_gen(["-o", str(output), "--define", "ON", str(GOLDEN / "golden.json")])
    assert status == 0, "the golden schema is refused"
    return texts(output)


def texts(directory: Path) -> dict[str, str]:
    """The files of a directory by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(directory.iterdir())}


def difference(name: str, expected: str, found: str) -> str:
    """A unified diff."""
    lines = difflib.unified_diff(
        expected.splitlines(), found.splitlines(), f"expected/{name}", f"generated/{name}", lineterm=""
    )
    return "\n".join(lines)


def update() -> None:
    """Make what is generated the expected output."""
    EXPECTED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="qapi-") as directory:
        found = generated(Path(directory))
    for name in set(texts(EXPECTED)) - set(found):
        (EXPECTED / name).unlink()
    for name, text in found.items():
        (EXPECTED / name).write_text(text, encoding="utf-8")


class GoldenTest(unittest.TestCase):
    """File by file."""

    def test_every_file_is_as_expected(self) -> None:
        with tempfile.TemporaryDirectory(prefix="qapi-") as directory:
            found = generated(Path(directory))
        expected = texts(EXPECTED)
        self.assertEqual(sorted(found), sorted(expected), "other files than expected")
        for name, text in found.items():
            with self.subTest(file=name):
                if text != expected[name]:
                    self.fail(f"golden_test.py --update takes this over:\n{difference(name, expected[name], text)}")


if __name__ == "__main__":
    if "--update" in sys.argv[1:]:
        update()
    else:
        unittest.main()
