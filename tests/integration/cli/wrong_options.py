# SPDX-License-Identifier: Apache-2.0
"""A wrong option gives one clear line on stderr (a few have a hint below), status 1,
and nothing was started or left.
"""
import socket
import stat

from harness import Case, check, equal

HINT = "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter."
RANGE = "value must be in range [0, 9223372036854775807]"
# option, value, the message; DIR, PORT and FD are replaced. An empty message: any single line.
WRONG: list[tuple[str, str, str]] = [
    ("--object", "", "Parameter 'qom-type' is missing"),
    ("--object", "iothread", "Parameter 'id' is missing"),
    ("--object", "iothread,id=0bad", f"Parameter 'id' expects an identifier\n{HINT}"),
    ("--object", "nosuch,id=io0", "Parameter 'qom-type' does not accept value 'nosuch'"),
    ("--object", "iothread,id=io0,bogus=1", "Parameter 'bogus' is unexpected"),
    ("--object", "iothread,id=io0,poll-max-ns=-1", f"poll-max-ns {RANGE}"),
    ("--object", "iothread,id=io0,poll-max-ns=32k", "Parameter 'poll-max-ns' expects integer"),
    ("--object", "iothread,id=io0,poll-max-ns=", "Parameter 'poll-max-ns' expects integer"),
    ("--object", "iothread,id=io0,poll-weight=64", "poll-weight value must be in range [0, 63]"),
    ("--object", "iothread,id=io0,poll-max-ns.x=1", "Parameters 'poll-max-ns.*' are unexpected"),
    ("--object", "iothread,id", "Expected '=' after parameter 'id'"),
    ("--object", "iothread,id=io0,fd-monitor=poll", "Parameter 'fd-monitor' does not accept value 'poll'"),
    (
        "--object", '{"qom-type":"iothread","id":"io0","poll-max-ns":"5"}',
        "Invalid parameter type for 'poll-max-ns', expected: integer"
    ),
    ("--object", '{"qom-type":"iothread","id":"io0"', "1:34: JSON parse error, premature end of input"),
    ("--object", '{"qom-type":"iothread","id":"io0",}', "1:35: JSON parse error, expecting key"),
    ("--object", '{"qom-type":"iothread","id":"io0"}{}', "Expecting at most one JSON value"),
    ("--object", "[1]", ""),
    ("--blockdev", "file,filename=DIR/disk.img", "'node-name' must be specified for the root node"),
    ("--blockdev", "file,node-name=f0", "Parameter 'filename' is missing"),
    ("--blockdev", "file,node-name=f0,filename=DIR/missing", "Could not open 'DIR/missing': No such file or directory"),
    ("--blockdev", "file,node-name=f0,filename=DIR/disk.img,readonly", "Expected '=' after parameter 'readonly'"),
    (
        "--blockdev", "file,node-name=f0,filename=DIR/disk.img,read-only=maybe",
        "Parameter 'read-only' expects 'on' or 'off'"
    ),
    (
        "--blockdev", "file,node-name=f0,filename=DIR/disk.img,cache=none",
        "Invalid parameter type for 'cache', expected: object"
    ),
    ("--blockdev", "driver=null-co,node-name=n,size=-1", ""),
    ("--blockdev", "bogus,node-name=n", "Parameter 'driver' does not accept value 'bogus'"),
    ("--nbd-server", "type=unix,path=DIR/nbd.sock", "Parameter 'addr' is missing"),
    ("--nbd-server", "addr.type=unix", "Parameter 'addr.path' is missing"),
    ("--nbd-server", "addr.type=inet,addr.host=127.0.0.1", "Parameter 'addr.port' is missing"),
    ("--nbd-server", "addr.type=inet,addr.host=127.0.0.1,addr.port=99999", ""),
    ("--nbd-server", "addr.type=inet,addr.host=127.0.0.1,addr.port=PORT", ""),
    ("--nbd-server", "addr.type=fd,addr.str=FD", "File descriptor 'FD' is not a socket"),
    (
        "--nbd-server", "addr.type=unix,addr.path=DIR/no/nbd.sock",
        "Failed to bind socket to DIR/no/nbd.sock: No such file or directory"
    ),
    ("--nbd-server", f"addr.type=unix,addr.path=DIR/{'x' * 120}",
     f"UNIX socket path 'DIR/{'x' * 120}' is too long\nPath must be less than 108 bytes"),
    (
        "--nbd-server", "addr.type=unix,addr.path=DIR/plain",
        "Failed to bind socket to DIR/plain: Address already in use"
    ),
    ("--export", "nbd,id=e0,node-name=late", "Cannot find device='' nor node-name='late'"),
    ("--export", "nbd,id=e0,node-name=n", "NBD server not running"),
    ("--export", "nbd,id=e0,node-name=n,iothread=nope", 'iothread "nope" not found'),
    ("--export", "nbd,id=1,node-name=n", "Invalid block export id"),
    ("--export", "bogus,id=e0,node-name=n", "Parameter 'type' does not accept value 'bogus'"),
    ("--export", "nbd,id=e0,node-name=n,iothread.1=a", "Parameter 'iothread.0' missing"),
    ("--chardev", "socket,path=DIR/x.sock", ""),
    ("--chardev", "bogus,id=x", ""),
    ("--chardev", "socket,id=x", ""),
    ("--chardev", "socket,id=c,path=DIR/x.sock,server=on", ""),
    ("--monitor", "nope", 'chardev "nope" not found'),
    ("--monitor", "chardev=c,bogus=1", "Parameter 'bogus' is unexpected"),
]
GETOPT = [(["--nosuch"], "unrecognized option '--nosuch'"), (["--object"], "option '--object' requires an argument"),
          (["--daemonize=yes"], "option '--daemonize' doesn't allow an argument"),
          (["foo"], "foo: Unexpected argument"),
          (["-x"], "invalid option -- 'x'"), (["--p"], "option '--p"), (["-object", "x"], "invalid option -- 'o'"),
          (["--pidfile", "/nonexistent/pid"], "Could not create '/nonexistent/pid': No such file or directory")]


def test(case: Case) -> None:
    case.image("disk.img", 1)
    case.path("plain").write_text("precious")
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])
    with open("/dev/null", "rb") as null:
        null_fd = str(null.fileno())
        for option, value, message in WRONG:
            words = [text.replace("DIR", str(case.directory)).replace("PORT", port).replace("FD", null_fd)
                     for text in (option, value, message)]
            refuse(case, words[:2], f"iothreadd: {words[0]} {words[1]}: {words[2]}" if message else None)
    for options, text in GETOPT:
        refuse(case, options, None, text)
    taken.close()


def refuse(case: Case, options: list[str], expected: str | None, part: str = "") -> None:
    """A daemon with a monitor, a pid file, a node, and then the wrong option."""
    base = ["--chardev", f"socket,id=c,path={case.path('qmp.sock')},server=on", "--monitor", "c", "--pidfile",
            str(case.path("pid")), "--blockdev", "null-co,node-name=n"]
    done = case.run(case.settings.daemon, *base, *options, status=1, timeout=20)
    lines = done.stderr.splitlines()
    equal(done.stdout, "", f"stdout with {options}")
    if expected is not None:
        equal(lines, expected.split("\n"), f"stderr with {options}")
    else:
        program = ("iothreadd: ", f"{case.settings.daemon}: ") # getopt prints what it was called
        check(len(lines) == 1 and lines[0].startswith(program) and part in lines[0], f"stderr with {options}: {lines}")
        check(not lines[0].endswith((": ", ".")), f"stderr with {options}: {lines}")
    left = [path.name for path in case.directory.iterdir() if stat.S_ISSOCK(path.lstat().st_mode) or path.name == "pid"]
    equal(left, [], f"files left with {options}")
    equal(case.path("plain").read_text(), "precious", "a file that is no socket")
