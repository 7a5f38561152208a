# SPDX-License-Identifier: Apache-2.0
"""All that a client can ask a daemon about itself, to show that a refusal changed nothing of it."""
from dataclasses import dataclass
from typing import Any

from .daemon import Daemon
from .errors import Failure
from .qmp import QmpClient


@dataclass
class State:
    answers: dict[str, Any]

    @staticmethod
    def of(daemon: Daemon, qmp: QmpClient) -> "State":
        answers = {command: qmp.execute(command) for command in
                   ("query-iothreads", "query-named-block-nodes", "query-block-exports", "query-nbd-server")}
        for node in answers["query-named-block-nodes"]:
            node["image"].pop("actual-size", None) # a client that writes may change it
        answers["objects"] = sorted(map(str, qmp.execute("qom-list", {"path": "/objects"})))
        for thread in answers["query-iothreads"]:
            path = "/objects/" + thread["id"]
            names = [entry["name"] for entry in qmp.execute("qom-list", {"path": path})]
            answers[path] = {name: qmp.execute("qom-get", {"path": path, "property": name}) for name in sorted(names)}
        threads, fds = daemon.resources()
        del threads["worker"] # those of a thread pool come with the load and go with time
        return State(answers | {"threads": dict(threads), "fds": dict(fds)})

    def unchanged(self, daemon: Daemon, qmp: QmpClient, after: str) -> None:
        """Fails when something differs now; waits for what a closed connection gives back a moment later."""
        now = self
        try:
            daemon.until(lambda: State.of(daemon, qmp) == self, f"state as before {after}", timeout=10)
        except Failure as failure:
            now = State.of(daemon, qmp)
            lines = [f"  {key}: before {value}\n  {key}: now    {now.answers.get(key)}"
                     for key, value in self.answers.items() if now.answers.get(key) != value]
            raise Failure(f"{failure}\n" + "\n".join(lines)) from None
