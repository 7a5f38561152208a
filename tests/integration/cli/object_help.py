# SPDX-License-Identifier: Apache-2.0
"""--object help and --object iothread,help list what there is, sorted, on stdout, as other options with types do."""
from harness import Case, check, equal


def test(case: Case) -> None:
    daemon = case.settings.daemon
    for word in ("help", "?", "nope,help"):
        equal(
            case.run(daemon, "--object", word).stdout,
            "List of user creatable objects:\n  iothread\n  monitor-hmp\n  monitor-qmp\n", f"--object {word}"
        )
    lines = case.run(daemon, "--object", "iothread,help").stdout.splitlines()
    equal(lines[0], "iothread options:", "first line")
    names = [line.partition("=")[0].strip() for line in lines[1:]]
    equal(names, ["aio-max-batch", "cpu-affinity", "fd-monitor", "poll-grow", "poll-latency-weight", "poll-max-ns", "poll-policy",
                  "poll-shrink", "poll-weight", "stall-limit-ns",
                  "thread-pool-max", "thread-pool-min"], "properties")
    equal(
        [line for line in lines if line.startswith("  poll-max-ns=<int>")] != [], True,
        f"a line of poll-max-ns in {lines}"
    )
    equal(case.run(daemon, "--blockdev", "help").stdout, "List of types:\n  file\n  null-co\n", "--blockdev help")
    text = case.run(daemon, "--blockdev", "file,help").stdout
    check("  filename=<str> (required) - path of the file" in text, f"no line of filename in {text}")
    for option in ("--nbd-server", "--monitor"):
        done = case.run(daemon, option, "help", status=1)
        equal(done.stderr, f"iothreadd: {option} help: Help is not available for this option\n", "stderr")
