"""A server that is killed at any step of an operation: then there is the state of before it or of
after it, whole.

The operations work on the real store. The steps are found, not listed: the files of the database
are copied after each statement that an operation sends to SQLite and at each commit, and the log of
changes (WAL) is cut after each page that a commit writes, and in its middle. That is what a kill at
that moment leaves. A server is started on each copy that differs from the one before.
"""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import json
from sqlalchemy import Engine, event
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import CREATE_APP, DELETE_APPS, CreateApp, DeleteApps, NewApp
from clace.admin_api.declarations import APPLY_FILES, ApplyFiles
from clace.admin_api.history import SWITCH_VERSION, SwitchVersion
from clace.admin_api.previews import CREATE_PREVIEW, CreatePreview
from clace.admin_api.versions import PROMOTE_APPS, RELOAD_APPS, PromoteApps, ReloadApps
from clace.database.schema import UpgradeOptions
from clace.metadata.store import SCHEMA, AppStore
from tests.database.test_schema import NOW
from tests.operations.house import House, app_star
from tests.support.administration_contract import NONE
from tests.support.threads import at_once

GIT = "https://example.com/x.git"
STEPS = ("after_cursor_execute", "commit", "rollback")
_WAL_HEAD, _FRAME = 32, 24 + 4096


class Disk:
    """What is left of a server: the database in a folder, and the sources."""

    def __init__(self, folder, before=None):
        self.path = folder / "metadata.db"
        if before is None:
            SCHEMA.prepare(self.path, UpgradeOptions(), NOW)
        base = before or House()
        clock = Clock()
        clock.advance(NOW.timestamp())
        self.store = AppStore(self.path, clock, write=at_once, read=at_once, pack=at_once)
        self.sources = base.sources
        for name in ("sync_rows", "webhook_rows", "delivery_rows"):
            setattr(self, name, getattr(base, name))

    def started(self):
        """A server on it."""
        house = House(before=self)
        house.installed.replace(self.store.apps_at_start())
        return house


class KilledTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.copies, self.steps, self.last = [], 0, {}
        self.disk = Disk(self.folder / "home")
        self.house = self.disk.started()
        self.source("one")
        for path in ("/a", "/b"):
            self.perform(CREATE_APP, CreateApp(NewApp(path=path, source_url="/src"), approve=True))

    def source(self, body):
        """Let the source be other files, of which one stays as it is."""
        files = {"app.star": app_star(NONE, body), f"static/{body}.txt": body.encode() * 1000}
        self.house.sources.put_folder("/src", {**files, "static/kept.txt": b"kept" * 1000})

    def perform(self, operation, query):
        return self.successResultOf(self.house.administration.perform(operation, query))

    @contextmanager
    def copying(self):
        """Copy the files of the database at each step of what is done meanwhile."""

        def copy(connection, *_more):
            if connection.engine.url.database == str(self.disk.path):
                self.copy()

        for name in STEPS:
            event.listen(Engine, name, copy)
        try:
            yield
        finally:
            for name in STEPS:
                event.remove(Engine, name, copy)
        self.copy()
        cut = self.cut(self.copies[-1])
        self.cuts = len(cut)
        self.copies += cut

    def copy(self):
        """Copy the files, unless they are as they were at the step before."""
        self.steps += 1
        files = {each.name: each.read_bytes() for each in self.disk.path.parent.iterdir()}
        changed = {name: files[name] for name in files if not name.endswith("-shm")}
        if self.copies and changed == self.last:
            return
        self.last = changed
        self.copies.append(self.written(files))

    def written(self, files):
        target = self.folder / f"copy-{self.steps}-{len(list(self.folder.iterdir()))}"
        target.mkdir()
        for name, content in files.items():
            (target / name).write_bytes(content)
        return target

    def cut(self, whole):
        """Copies whose log ends after each page that the operation wrote, and in its middle."""
        files = {each.name: each.read_bytes() for each in whole.iterdir()}
        name = f"{self.disk.path.name}-wal"
        begun = (self.copies[0] / name).stat().st_size
        ends = range(max(begun, _WAL_HEAD), len(files[name]), _FRAME)
        self.assertGreater(len(ends), 2)
        return [
            self.written({**files, name: files[name][: end + part]})
            for end in ends
            for part in (0, _FRAME // 2)
        ]

    def seen(self, disk):
        """All that a server on a disk has and serves."""
        house = disk.started()
        found = {}
        for app in disk.store.apps_at_start():
            files = self.successResultOf(disk.store.files(app.id, app.version))
            contents = {name: self.successResultOf(files.read(name)) for name in files.refs}
            versions = self.successResultOf(disk.store.versions(app.id))
            served = "" if app.path.startswith("/_") else self.answer(house, app.path)
            settled = json.encode((app.metadata, app.settings))
            found[str(app)] = (settled, contents, [one.number for one in versions], served)
        return found

    def answer(self, house, path):
        return self.successResultOf(house.answer(path))

    def assert_whole(self, operation, query):
        """At each step there is the state of before or of after, and the one step is the commit."""
        before = self.seen(self.disk)
        with self.copying():
            self.perform(operation, query)
        after = self.seen(self.disk)
        self.assertNotEqual(before, after)
        found = [self.seen(self.restarted(folder)) for folder in self.copies]
        for place, state in enumerate(found):
            self.assertIn(state, (before, after), f"copy {place} of {len(found)}")
        # The first statement finds the old state; what is left when it is answered is the new one.
        uncut = [state == after for state in found[: len(found) - self.cuts]]
        self.assertEqual(uncut, sorted(uncut))
        self.assertEqual((uncut[0], uncut[-1]), (False, True))
        self.assertGreater(self.steps, 10)

    def restarted(self, folder):
        disk = Disk(folder, self.disk)
        with closing(sqlite3.connect(disk.path)) as connection:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(connection.execute("PRAGMA foreign_key_check").fetchall(), [])
        return disk

    def test_reload(self):
        """A reload of two apps changes the staging apps of both, or of none."""
        self.source("two")
        self.assert_whole(RELOAD_APPS, ReloadApps("all"))

    def test_reload_and_promote(self):
        """A reload with promotion changes staging and production of both, or nothing."""
        self.source("two")
        self.assert_whole(RELOAD_APPS, ReloadApps("all", promote=True))

    def test_promote(self):
        """A promotion of two apps changes both, or none."""
        self.source("two")
        self.perform(RELOAD_APPS, ReloadApps("all"))
        self.assert_whole(PROMOTE_APPS, PromoteApps("all"))

    def test_revert(self):
        """A revert changes the app and its version together."""
        self.source("two")
        self.perform(RELOAD_APPS, ReloadApps("all", promote=True))
        self.assert_whole(SWITCH_VERSION, SwitchVersion("/a", "revert"))

    def test_apply(self):
        """An apply creates one app and changes another together, or does neither."""
        lines = 'app("/a", "/src", auth="none")\napp("/c", "/src")\n'
        self.house.sources.put_folder("/ops", {"apps.ace": lines.encode()})
        query = ApplyFiles("/ops/apps.ace", approve=True, promote=True, clobber=True)
        self.assert_whole(APPLY_FILES, query)

    def test_preview(self):
        """A preview is there with its files, or not at all."""
        commit = self.house.sources.put_commit(GIT, {"app.star": app_star(NONE, "git")})
        new = NewApp(path="/git", source_url=GIT)
        self.perform(CREATE_APP, CreateApp(new, approve=True))
        self.assert_whole(CREATE_PREVIEW, CreatePreview("/git", commit, approve=True))

    def test_delete(self):
        """A deletion takes the app, its staging app and their files, or leaves them."""
        self.assert_whole(DELETE_APPS, DeleteApps("/a"))
