# SPDX-License-Identifier: Apache-2.0
"""What the integration tests stand on: one daemon per test, real clients, and a look at what is left behind."""
from . import dialogue, example, nbd
from .case import Case
from .daemon import Daemon
from .errors import Failure, Skip, check, equal
from .nbd import NbdConnection
from .qmp import QmpClient, QmpError
from .state import State
from .storage import Export

__all__ = ["Case", "Daemon", "Export", "Failure", "NbdConnection", "QmpClient", "QmpError", "Skip", "State", "check",
           "dialogue", "equal", "example", "nbd"]
