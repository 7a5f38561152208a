# SPDX-License-Identifier: Apache-2.0
"""A disk as most tests want it: an image, its node, an IOThread and an NBD export."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .qmp import QmpClient


@dataclass
class Export:
    """An image served over NBD as `name`; the members that `overrides` of Case.serve() did not replace."""
    id: str
    name: str
    node: str
    iothread: str | None
    image: Path
    address: str | tuple[str, int]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return uri(self.address, self.name)


def uri(address: str | tuple[str, int], name: str) -> str:
    if isinstance(address, str):
        return f"nbd+unix:///{name}?socket={address}"
    return f"nbd://{address[0]}:{address[1]}/{name}"


def start_nbd_server(qmp: QmpClient, directory: Path, tcp: bool = False, **more: Any) -> str | tuple[str, int]:
    """Start the server on a unix socket, or on a free TCP port; where clients connect."""
    if tcp:
        address: dict[str, Any] = {"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}}
    else:
        address = {"type": "unix", "data": {"path": str(directory / "nbd.sock")}}
    qmp.execute("nbd-server-start", {"addr": address} | more)
    return nbd_address(qmp)


def nbd_address(qmp: QmpClient) -> str | tuple[str, int]:
    bound = qmp.execute("query-nbd-server")["addresses"][0]
    if bound["type"] == "unix":
        return str(bound["path"])
    return str(bound["host"]), int(bound["port"])
