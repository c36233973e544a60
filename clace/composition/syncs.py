"""The rooms of syncs: their runs, and the operations on them."""

from __future__ import annotations

import secrets
from random import SystemRandom
from typing import Any

from clace.composition.data import Data
from clace.interfaces import IDeclarationOperations
from clace.operations import (
    LastCalls,
    MakerRights,
    SyncLimits,
    SyncOperations,
    SyncRuns,
    SyncSurroundings,
    WebhookMaking,
    stamps,
)
from clace.threads import ThreadPool


class Background:
    """The surroundings of work that nobody waits for."""

    def __init__(self, data: Data, reactor: Any) -> None:
        self.threads = ThreadPool(reactor, "syncs", 2)
        self.around = SyncSurroundings(
            clock=reactor,
            in_thread=self.threads.run,
            random=SystemRandom().random,
            holder=secrets.token_hex(8),
            new_id=data.new_id,
        )
        self.rights = MakerRights(data.authorisation, data.owner_now)


class Syncs:
    """Files that are applied again and again by ``declarations``."""

    def __init__(
        self,
        data: Data,
        background: Background,
        declarations: IDeclarationOperations,
        making: WebhookMaking,
        calls: LastCalls,
    ) -> None:
        system = data.config.system
        limits = SyncLimits(
            minutes=system.default_schedule_mins, failures=system.max_sync_failure_count
        )
        around = background.around
        self.runs = SyncRuns(
            data.sync_rows, declarations, around, background.rights, limits, data.events
        )
        stamp = stamps(around.clock.seconds, secrets.token_bytes)
        self.operations = SyncOperations(
            self.runs, data.sync_rows, around, stamp, limits, making, calls
        )
