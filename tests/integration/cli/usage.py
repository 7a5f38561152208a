# SPDX-License-Identifier: Apache-2.0
"""--help, --version and no option at all: text on stdout, status 0; the usage's example starts a daemon that works."""
import re
import shlex
import socket

from harness import Case, check, equal

OPTIONS = (
    "object", "blockdev", "nbd-server", "export", "chardev", "monitor", "pidfile", "daemonize", "version", "help"
)


def test(case: Case) -> None:
    daemon = case.settings.daemon
    for option in ("--help", "-h"):
        done = case.run(daemon, option)
        for name in OPTIONS:
            check(f"--{name}" in done.stdout, f"{option} does not mention --{name}")
        equal(done.stderr, "", f"stderr of {option}")
    for option in ("--version", "-V"):
        done = case.run(daemon, option)
        check(re.match(r"iothreadd (version )?\d+\.\d+\.\d+", done.stdout), f"{option}: {done.stdout!r}")
        equal(done.stderr, "", f"stderr of {option}")
    equal(case.run(daemon, "--version", "--bogus").stdout, done.stdout, "--version before a wrong option")

    usage = case.run(daemon, status=None)
    text = usage.stdout + usage.stderr
    check(0 < len(text.splitlines()) <= 40, f"the usage without options is not short:\n{text}")
    run_example(case, text)


def run_example(case: Case, usage: str) -> None:
    """The first `iothreadd --...` of the usage is a command line that works as it stands."""
    joined = re.sub(r"\\\n\s*", " ", usage)
    examples = [line for line in joined.splitlines() if re.match(r"\s*(\$ )?iothreadd +--", line) and "[" not in line]
    check(examples, f"no example in the usage:\n{usage}")
    words = shlex.split(examples[0])
    words = words[words.index("iothreadd") + 1:]
    for image in re.findall(r"filename=([^,\s]+)", " ".join(words)):
        case.image(image, 1)
    started = case.start_plain(*words)
    sockets = re.findall(r"path=([^,\s]+)", " ".join(words))
    check(sockets, f"the example names no socket: {words}")
    for path in sockets:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(10)
            client.connect(str(case.path(path)))
            check(client.recv(4) in (b"NBDM", b'{"QM'), f"no greeting at {path}")
    started.finish()
