# SPDX-License-Identifier: Apache-2.0
"""Every command of README.md works, and prints what README.md shows below it.

How README.md has to be written for this: commands stand in fenced blocks (```sh or ```console) on lines that start with
`$ ` and go on behind a backslash at the end of a line; the lines below a command, up to the next one, are its output.
 - Commands run in order, each in a bash of its own, in the top folder, without a terminal; each has to end with
   status 0.
 - `scripts/run`, and any command that ends with `&`, is left running from READY=1 on and gets SIGTERM at the end, or
   before the next such command.
 - `scripts/test` and `git clone ...`, `cd ...` are not run.
 - Of output, numbers may differ (0x1f, 12.5 and 4711 are alike), the order of the members of an object too, and a line
   `...` stands for any lines. A block without a `$ ` line is not looked at, unless it is marked sh or console.
"""
import json
import re
import select
import signal
from dataclasses import dataclass, field
from pathlib import Path

from harness import Case, Failure, check
from harness.daemon import NotifySocket, sanitizer_environment
from harness.process import Process, run

NOT_RUN = re.compile(r"scripts/test\b|git clone\b|cd\b")


@dataclass
class Command:
    line: int
    text: str
    output: list[str] = field(default_factory=list)

    @property
    def stays(self) -> bool:
        return self.text.rstrip().endswith("&") or re.match(r"(\./)?scripts/run\b", self.text) is not None


def commands(readme: Path) -> list[Command]:
    found: list[Command] = []
    inside = looked_at = False
    for number, line in enumerate(readme.read_text().splitlines(), 1):
        if line.startswith("```"):
            inside = not inside
            looked_at = inside and line[3:].strip() in ("sh", "console")
            if inside:
                block_has_command = False
        elif looked_at and line.startswith("$ "):
            found.append(Command(number, line[2:]))
            block_has_command = True
        elif looked_at and found and found[-1].text.endswith("\\") and not found[-1].output:
            found[-1].text += "\n" + line
        elif looked_at:
            check(block_has_command, f"README.md:{number}: output without a command: {line}")
            found[-1].output.append(line)
    check(not inside, "README.md: a code block is not closed")
    return found


def alike(line: str) -> str:
    """The line without what may differ from one run to the next."""
    line = line.rstrip()
    try:
        line = json.dumps(json.loads(line), sort_keys=True)
    except ValueError:
        pass
    return re.sub(r"0x[0-9a-fA-F]+|\d+(\.\d+)*", "0", line)


def compare(command: Command, seen: str) -> None:
    have = [alike(line) for line in seen.splitlines()]
    position, floating = 0, False
    for line in command.output:
        if line.strip() in ("...", "^C"):
            floating = True
            continue
        wanted = alike(line)
        while floating and position < len(have) and have[position] != wanted:
            position += 1
        if position >= len(have) or have[position] != wanted:
            raise Failure(f"README.md:{command.line}: {command.text}\n  expected {line!r}\n  in the output:\n{seen}")
        position, floating = position + 1, False
    if command.output and not floating:
        check(position == len(have), f"README.md:{command.line}: {command.text}\n  printed more than is shown:\n{seen}")


def test(case: Case) -> None:
    source = case.settings.source
    found = commands(source / "README.md")
    check(any(command.text.startswith("scripts/run") for command in found), "README.md does not say how to run it")
    notify = NotifySocket(case.path("notify"))
    environment = sanitizer_environment() | {"NOTIFY_SOCKET": str(notify.path)}
    running: Running | None = None
    try:
        for command in found:
            name, text = f"line{command.line}", command.text.rstrip().removesuffix("&")
            if NOT_RUN.match(text):
                continue
            if not command.stays:
                done = run(["bash", "-c", text], case.directory, name, env=environment, cwd=source)
                compare(command, done.stdout + done.stderr)
                continue
            if running is not None:
                running.end()
            started = Process(["bash", "-c", f"exec {text}"], case.directory, name, env=environment, cwd=source)
            running = Running(command, started)
            wait_ready(notify, started)
        assert running is not None
        running.end()
    finally:
        if running is not None:
            running.close()
        notify.close()


@dataclass
class Running:
    """A command that stays, with the daemon that it is or has started."""
    command: Command
    process: Process

    def end(self) -> None:
        self.process.signal(signal.SIGTERM)
        status = self.process.wait_exit()
        check(status == 0, f"README.md:{self.command.line}: status {status} after SIGTERM\n{self.process.stderr}")
        compare(self.command, self.process.stdout)

    def close(self) -> None:
        if self.process.running(): # a script ends its daemon only when it is asked
            self.process.signal(signal.SIGTERM)
            self.process.wait_exit()
        self.process.close()


def wait_ready(notify: NotifySocket, started: Process, timeout: float = 600.0) -> None:
    while True:
        readable = select.select([notify.socket, started.pidfd], [], [], timeout)[0]
        if notify.socket in readable and "READY=1" in notify.receive():
            return
        check(readable == [notify.socket], f"not ready: {started.argv}\n{started.stdout}{started.stderr}")
