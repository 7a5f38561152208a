# SPDX-License-Identifier: Apache-2.0
"""The manual does not lie: each runnable example of the schema, played against a daemon of its own."""
from harness import Case, Daemon, Failure, check, example

from qapi.examples import Example, chain, check_chains, collect_examples, first_runnable  # noqa: E402
from qapi.main import load  # noqa: E402

AT_LEAST = 40  # so that a change that loses examples is noticed
FDS = "it takes a descriptor that is sent along; qmp/fds.py sends some"
NOT_RUNNABLE = {  # definition -> why one of its examples cannot be played
    "block-export-del": "it takes an NBD client that is connected; nbd/remove_export.py has one",
    "getfd": FDS, "closefd": FDS, "add-fd": FDS, "remove-fd": FDS, "query-fdsets": FDS,
    "EVENTS_DROPPED": "it takes a client that does not read; unit tests of the QMP server have one",
    "IOTHREAD_STALLED": "it takes an IOThread that is busy; iothread/stalled.py has one",
}


def test(case: Case) -> None:
    schema = load(str(case.settings.source / "qapi-schema" / "iothreadd.json"))
    examples = collect_examples(schema)
    check_chains(examples)
    for definition in [*schema.commands, *schema.events]:
        check(first_runnable(examples, definition.name) or definition.name in NOT_RUNNABLE,
              f"{definition.definition.position}: '{definition.name}' has no runnable example")
    for name, found in examples.items():
        for one in found:
            check(one.runnable or not name or name in NOT_RUNNABLE, f"{one.position}: this example could be runnable")
    runnable = [one for found in examples.values() for one in found if one.runnable]
    check(len(runnable) >= AT_LEAST, f"only {len(runnable)} runnable examples, not {AT_LEAST} or more")
    failures = [failure for one in runnable if (failure := problem(case, examples, one))]
    check(not failures, f"{len(failures)} of {len(runnable)} examples\n" + "\n".join(failures))
    print(f"{len(runnable)} examples, {sum(len(one.messages) for one in runnable)} messages")


def problem(case: Case, examples: dict[str, list[Example]], one: Example) -> str | None:
    """What is wrong with an example; the others are looked at all the same."""
    case.image("disk.img", 64)
    daemon = case.start()
    try:
        daemon.until_resources(daemon.idle, "threads and descriptors before the first client")
        play(daemon, chain(examples, one))
        daemon.finish()
    except Failure as failure:
        return f"{failure}\n{daemon.stderr}".rstrip()
    finally:
        daemon.close()
        case.daemons.remove(daemon)
    return None


def play(daemon: Daemon, ordered: list[Example]) -> None:
    """Play examples one after the other over one connection."""
    commands = [command for one in ordered for command in sent(one)]
    with daemon.qmp(negotiate="qmp_capabilities" not in commands) as client:
        client.timeout = 10.0
        for one in ordered:
            example.play(one, client)
        if "quit" in commands:
            client.expect_closed()
            daemon.expect_exit()


def sent(one: Example) -> list[object]:
    """The commands that the client of an example sends."""
    return [message.pattern.members.get("execute") for message in one.messages if message.direction == "client"]
