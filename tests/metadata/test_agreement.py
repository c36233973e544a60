"""The database and its twin in memory, told the same things, say the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ClaceError
from clace.interfaces import AddApp, AddVersion, PointApp, RemoveApp
from clace.model.app import App, AppMetadata, AppSettings, VersionMetadata
from clace.sources.tree import SourceTree
from clace.testing.apps import MemoryStore
from tests.support.stores import sqlite_store

START = datetime(2026, 11, 23, tzinfo=UTC)
IDS = st.sampled_from([f"app_{kind}_{n}" for kind in ("prd", "stg") for n in range(3)])
NAMES = st.sampled_from(["app.star", "a/b", "é"])
TREES = st.dictionaries(NAMES, st.sampled_from([b"", b"one", b"two" * 50]), max_size=3)
METADATA = st.builds(
    lambda number, name: AppMetadata(name, VersionMetadata(number)),
    st.integers(1, 3),
    st.text(max_size=3),
)
APPS = st.builds(
    App,
    id=IDS,
    path=st.sampled_from(["/", "/a", "/a/b", "/b", "/_cl_stage"]),
    domain=st.sampled_from(["", "x.example"]),
    main_app=IDS | st.just(""),
    create_time=st.integers(0, 3).map(lambda n: START + timedelta(microseconds=n)),
    metadata=METADATA,
)


def outcome(coroutine):
    """What comes of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    except ClaceError as error:
        return type(error), error.message
    raise AssertionError("it waits")


class Agreement(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        clock = Clock()
        clock.advance(START.timestamp())
        self.clock, self.memory = clock, MemoryStore(clock)
        self.sqlite = sqlite_store(Path(self.folder.name) / "a.db", clock)

    def teardown(self):
        self.sqlite._close()
        self.folder.cleanup()

    def both(self, ask):
        ours, theirs = outcome(ask(self.sqlite)), outcome(ask(self.memory))
        assert ours == theirs, (ours, theirs)
        return ours

    def known(self, app):
        """The stored app of that id, if there is one."""
        apps = outcome(self.memory.apps())
        return next((stored for stored in apps if stored.id == app.id), app)

    changes = st.lists(
        st.one_of(
            APPS.map(AddApp),
            st.builds(AddVersion, IDS, METADATA, TREES.map(SourceTree)),
            st.builds(AddVersion, IDS, METADATA, same_as=st.tuples(IDS, st.integers(1, 3))),
            st.builds(PointApp, APPS, METADATA, st.builds(AppSettings, st.text(max_size=2))),
            APPS.map(RemoveApp),
        ),
        min_size=1,
        max_size=4,
    )

    @rule(changes=changes, dry_run=st.booleans(), informed=st.integers(0, 9))
    def commit(self, changes, dry_run, informed):
        self.clock.advance(1)
        if informed:
            changes = [
                msgspec.structs.replace(change, seen=self.known(change.seen))
                if isinstance(change, PointApp | RemoveApp)
                else change
                for change in changes
            ]
        self.both(lambda store: store.commit(tuple(changes), dry_run=dry_run))

    @invariant()
    def has_the_same_apps(self):
        self.both(lambda store: store.apps())

    @rule(app_id=IDS, number=st.integers(1, 3))
    def has_the_same_files(self, app_id, number):
        self.both(lambda store: store.latest_version(app_id))
        self.both(lambda store: self.contents(store, app_id, number))

    @staticmethod
    async def contents(store, app_id, number):
        files = await store.files(app_id, number)
        return {name: (ref, await files.read(name)) for name, ref in files.refs.items()}


class AgreementTests(SynchronousTestCase):
    def test_the_stores_agree(self):
        """Whatever is asked in whatever order, both stores answer alike."""
        run_state_machine_as_test(
            Agreement, settings=settings(max_examples=40, stateful_step_count=15, deadline=None)
        )
