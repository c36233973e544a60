"""Stores in files, whose work is done where it is asked for."""

from datetime import UTC, datetime

from clace.database.schema import UpgradeOptions
from clace.metadata.store import SCHEMA, AppStore
from tests.support.threads import at_once


def sqlite_store(path, clock):
    SCHEMA.prepare(path, UpgradeOptions(), datetime.fromtimestamp(clock.seconds(), UTC))
    return AppStore(path, clock, write=at_once, read=at_once, pack=at_once)
