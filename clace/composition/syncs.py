"""The rooms of syncs: their runs, and the operations on them."""

from __future__ import annotations

import secrets
from random import SystemRandom
from typing import Any

from clace.composition.data import Data
from clace.interfaces import IDeclarationOperations
from clace.operations import (
    SyncLimits,
    SyncOperations,
    SyncRights,
    SyncRuns,
    SyncSurroundings,
    stamps,
)
from clace.threads import ThreadPool


class Syncs:
    """Files that are applied again and again by ``declarations``."""

    def __init__(self, data: Data, reactor: Any, declarations: IDeclarationOperations) -> None:
        self.threads = ThreadPool(reactor, "syncs", 2)
        system = data.config.system
        limits = SyncLimits(
            minutes=system.default_schedule_mins, failures=system.max_sync_failure_count
        )
        around = SyncSurroundings(
            clock=reactor,
            in_thread=self.threads.run,
            random=SystemRandom().random,
            holder=secrets.token_hex(8),
            new_id=data.new_id,
        )
        rights = SyncRights(data.authorisation, data.owner_now)
        self.runs = SyncRuns(data.sync_rows, declarations, around, rights, limits, data.events)
        stamp = stamps(reactor.seconds, secrets.token_bytes)
        self.operations = SyncOperations(self.runs, data.sync_rows, around, stamp, limits)
