#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run one integration test:  run.py --daemon build/dev/iothreadd tests/integration/nbd/copy.py

A test is a file with a function `test(case)`, see harness/case.py, or a golden dialogue NAME.in (with NAME.out beside
it), see harness/dialogue.py. Exit status: 0 passed, 1 failed, 77 skipped.
The directory of a test is removed at its end, IOTHREADD_TEST_KEEP=1 keeps it.
"""
import argparse
import importlib.util
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType, ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import Case, Failure, Skip, dialogue  # noqa: E402
from harness.case import ENGINES, Settings  # noqa: E402

SKIPPED = 77


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"test_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise Failure("the test took too long")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", type=Path)
    parser.add_argument("--daemon", type=Path, required=True)
    parser.add_argument("--without-io-uring", type=Path, default=Path("without-io-uring"))
    parser.add_argument("--slow-calls", type=Path, default=Path("libslow-calls.so"))
    parser.add_argument("--image-mib", type=int, default=256, help="size of what the copy tests copy")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="default")
    parser.add_argument("--timeout", type=int, default=110, help="seconds; less than ctest's own limit")
    options = parser.parse_args()

    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(options.timeout)
    source = Path(__file__).resolve().parents[2]
    settings = Settings(options.daemon.resolve(), source, options.image_mib, options.engine,
                        options.without_io_uring.resolve(), options.slow_calls.resolve())
    case = Case(settings)
    try:
        if options.test.suffix == ".in":
            dialogue.run(case, options.test)
        else:
            load(options.test).test(case)
        case.finish()
    except Skip as reason:
        print(f"skipped: {reason}")
        return SKIPPED
    except Exception: # noqa: BLE001 - whatever it was, it belongs into the report
        traceback.print_exc()
        print(case.report(), file=sys.stderr)
        return 1
    finally:
        signal.alarm(0)
        if os.environ.get("IOTHREADD_TEST_KEEP"):
            print(f"kept: {case.directory}")
            for started in [*case.processes, *case.daemons]:
                started.close()
        else:
            case.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
