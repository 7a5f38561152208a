#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a fuzz target for a while:  run.py --seconds 900 build/fuzz/tests/fuzz/json_reader_fuzz json

It starts from the target's corpus and uses the dictionary that is named. An input with a finding is kept in `found/`
beside the target and tried first the next time, so that a second run does not pass by luck; what else is learnt is
forgotten. Options behind `--` go to libFuzzer.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=5120"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("dictionary")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("rest", nargs="*", help="options of libFuzzer")
    options = parser.parse_args()

    name = options.target.name.removesuffix("_fuzz")
    found = options.target.resolve().parent / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz.") as learnt:
        argv = [options.target.resolve(), *LIMITS, f"-max_total_time={options.seconds}", "-print_final_stats=1",
                f"-dict={HERE / options.dictionary}.dict", f"-artifact_prefix={found}/", *options.rest,
                learnt, HERE / "corpus" / name, found]
        status = subprocess.run(argv, check=False).returncode
    return 0 if status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
