# SPDX-License-Identifier: Apache-2.0
"""fio writes at random with many requests in flight and verifies each block's checksum."""
from harness import Case, Skip, check


def test(case: Case) -> None:
    case.need("fio")
    if "nbd" not in case.run("fio", "--enghelp").stdout.split():
        raise Skip("this fio has no nbd engine")
    daemon = case.start()
    with daemon.qmp() as qmp:
        export = case.serve(qmp, case.image("disk.img", 32))
        common = ("--ioengine=nbd", f"--uri={export.uri}", "--verify=crc32c", "--verify_fatal=1", "--do_verify=1")
        for job in (("--rw=randrw", "--bs=4k", "--iodepth=16", "--size=32m", "--io_size=8m"),
                    (
                        "--rw=randwrite", "--bsrange=512-256k", "--blockalign=512", "--iodepth=64", "--size=32m",
                        "--fsync=64"
                    ),
                    ("--rw=write", "--bs=1m", "--iodepth=8", "--size=32m", "--verify=md5")):
            done = case.run("fio", "--name=job", *common, *job)
            check("err= 0" in done.stdout and "bad" not in done.stderr, f"fio {job}: {done.stdout}\n{done.stderr}")
