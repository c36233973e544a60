"""What every ``IAppStore`` promises; ``make_store(clock)`` gives an empty one."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import msgspec
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from clace.encodings import IDENTITY
from clace.errors import (
    AppExists,
    ChangedMeanwhile,
    NoSuchVersion,
    SourceError,
    StoreError,
)
from clace.interfaces import (
    AddApp,
    AddVersion,
    IAppStore,
    IFiles,
    PointApp,
    RemoveApp,
    ReplaceVersion,
)
from clace.model.app import App, AppMetadata, AppSettings, Permission, VersionMetadata
from clace.sources.tree import SourceTree

CREATED = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
FILES = SourceTree({"app.star": b"app = 1\n" * 100, "static/é.bin": b"\0\1\2", "empty": b""})


def production(path, domain="", **fields):
    name = path.strip("/").replace("/", "_") or "root"
    fields = {"id": f"app_prd_{name}{domain}", "create_time": CREATED, **fields}
    return App(path=path, domain=domain, **fields)


def twin_of(app):
    return App(
        id=app.id.replace("prd", "stg"),
        path=app.address.staging.path,
        domain=app.domain,
        main_app=app.id,
        create_time=app.create_time,
    )


def version(number, **fields):
    return AppMetadata(version_metadata=VersionMetadata(version=number), **fields)


class AppStoreContract:
    """Mix into a ``SynchronousTestCase``."""

    def setUp(self):
        super().setUp()
        self.clock = Clock()
        self.clock.advance(CREATED.timestamp() + 60)
        self.store = self.make_store(self.clock)

    def commit(self, *changes, dry_run=False):
        return self.successResultOf(self.store.commit(changes, dry_run=dry_run))

    def refused(self, error, *changes):
        before = self.apps()
        failure = self.failureResultOf(self.store.commit(changes), error)
        self.assertEqual(self.apps(), before)
        return failure.value.message

    def apps(self):
        return self.successResultOf(self.store.apps())

    def added(self, app):
        self.commit(AddApp(app))
        return next(stored for stored in self.apps() if stored.id == app.id)

    def stored(self, app):
        return next(stored for stored in self.apps() if stored.id == app.id)

    def contents(self, app_id, number):
        files = self.successResultOf(self.store.files(app_id, number))
        return {name: self.successResultOf(files.read(name)) for name in files.refs}

    def test_provides_the_seam(self):
        """It has what the seam names, and so have its files."""
        verifyObject(IAppStore, self.store)
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        verifyObject(IFiles, self.successResultOf(self.store.files(app.id, 1)))

    def test_is_empty_at_first(self):
        """A new store has no apps."""
        self.assertEqual(self.apps(), ())

    def test_keeps_an_app_exactly(self):
        """An app comes back as it was given, but for the time of its update."""
        app = production(
            "/a/b",
            "apps.example.com",
            source_url="git@example.com:org/repo",
            user_id="jo",
            settings=AppSettings(authn_type="none", git_auth_name="key"),
            metadata=version(
                7,
                name="Ünïcode\n",
                loads=("fs.in",),
                permissions=(Permission("fs.in", "find", ("/tmp",), True, (("a", "b"),)),),
            ),
        )
        stored = self.added(app)
        self.assertEqual(stored, msgspec.structs.replace(app, update_time=stored.update_time))

    def test_keeps_times_to_the_microsecond(self):
        """A time given in another zone comes back as the same instant."""
        zone = timezone(timedelta(hours=-5))
        stored = self.added(production("/a", create_time=CREATED.astimezone(zone)))
        self.assertEqual(stored.create_time, CREATED)

    def test_sets_the_time_of_update(self):
        """An app is as old as the commit that added or changed it."""
        stored = self.added(production("/a"))
        self.assertEqual(stored.update_time, CREATED + timedelta(seconds=60))
        self.clock.advance(60)
        self.commit(PointApp(stored, version(1), stored.settings))
        self.assertEqual(self.apps()[0].update_time, CREATED + timedelta(seconds=120))

    def test_lists_the_oldest_first(self):
        """Apps are in the order they were made in, whatever they are called."""
        young = production("/a", create_time=CREATED + timedelta(microseconds=1))
        old = production("/b")
        self.commit(AddApp(young), AddApp(old), AddApp(twin_of(old)))
        self.assertEqual([app.path for app in self.apps()], ["/b", "/b_cl_stage", "/a"])

    def test_refuses_an_address_that_is_taken(self):
        """The path of another app, and paths above and below it, are refused by its address."""
        self.added(production("/tools/disk", "a.example"))
        for path in ("/tools/disk", "/tools", "/tools/disk/deep"):
            other = production(path, "a.example", id="app_prd_other")
            message = self.refused(AppExists, AddApp(other))
            self.assertEqual(message, "App already exists at a.example:/tools/disk")

    def test_names_one_of_those_in_the_way(self):
        """Of several apps in the way the first by name is told, whichever is older."""
        self.added(production("/tools/b", id="app_prd_b"))
        self.added(production("/tools/a", id="app_prd_a"))
        message = self.refused(AppExists, AddApp(production("/tools", id="app_prd_other")))
        self.assertEqual(message, "App already exists at /tools/a")

    def test_takes_addresses_beside_others(self):
        """A path that only begins alike, and the same path on another domain, are free."""
        self.added(production("/tools"))
        self.commit(AddApp(production("/tools2")), AddApp(production("/tools", "b.example")))
        self.assertEqual(len(self.apps()), 3)

    def test_takes_the_root_beside_others(self):
        """An app at the root and apps below it are there together, whichever comes first."""
        self.added(production("/tools"))
        root = production("/")
        self.commit(AddApp(root), AddApp(twin_of(root)))
        self.added(production("/late"))
        self.refused(AppExists, AddApp(production("/", id="app_prd_other")))
        self.assertEqual(len(self.apps()), 4)

    def test_twins_may_lie_below_each_other(self):
        """The staging twin of an app at the root is below it, in either order."""
        root = production("/")
        self.commit(AddApp(root), AddApp(twin_of(root)))
        other = production("/", "b.example")
        self.commit(AddApp(twin_of(other)), AddApp(other))
        self.assertEqual(len(self.apps()), 4)

    def test_twins_may_not_share_an_address(self):
        """Being a twin does not make the very same address free."""
        root = self.added(production("/"))
        twin = msgspec.structs.replace(twin_of(root), path="/")
        self.refused(AppExists, AddApp(twin))

    def test_refuses_an_id_that_is_taken(self):
        """Two apps cannot have one id."""
        app = self.added(production("/a"))
        self.refused(AppExists, AddApp(production("/b", "b.example", id=app.id)))

    def test_commits_all_or_nothing(self):
        """What comes before a refused change is not kept."""
        taken = production("/b/c")
        self.refused(AppExists, AddApp(production("/a")), AddApp(production("/b")), AddApp(taken))
        self.assertEqual(self.apps(), ())

    def test_returns_what_it_stored(self):
        """A commit returns the apps that it added and pointed, as they are listed afterwards."""
        one, other, third = (production(path) for path in ("/one", "/two", "/three"))
        added = self.commit(AddApp(one), AddApp(other))
        self.assertCountEqual(added, self.apps())
        self.commit(AddApp(third))
        self.clock.advance(5)
        seen = self.apps()[0]
        pointed = PointApp(seen, version(0, name="New"), AppSettings())
        removed = next(app for app in self.apps() if app.id != seen.id)
        made = self.commit(pointed, RemoveApp(removed))
        self.assertEqual([app for app in self.apps() if app.id == seen.id], list(made))

    def test_refuses_what_lies_below_or_above(self):
        """However far below or above, and whatever is beside it."""
        self.commit(AddApp(production("/a/b/c")), AddApp(production("/a/b0")))
        for path in ("/a", "/a/b", "/a/b/c/d", "/a/b/c/d/e", "/a/b0/x"):
            self.refused(AppExists, AddApp(production(path)))
        for path in ("/a/b/cd", "/a/b-", "/a/b.x", "/b"):
            self.commit(AddApp(production(path)))

    def test_a_dry_run_keeps_nothing(self):
        """A dry run refuses what the commit would refuse, and keeps nothing else either."""
        app = production("/a")
        self.commit(AddApp(app), AddVersion(app.id, version(1), FILES), dry_run=True)
        self.assertEqual(self.apps(), ())
        self.assertEqual(self.successResultOf(self.store.latest_version(app.id)), 0)
        self.added(app)
        again = self.store.commit((AddApp(app),), dry_run=True)
        self.failureResultOf(again, AppExists)

    def test_points_an_app(self):
        """What an app is from now on is what the change gives; the rest stays."""
        seen = self.added(production("/a", source_url="/src"))
        settings = AppSettings(authn_type="none")
        self.commit(PointApp(seen, version(3, name="A"), settings))
        (stored,) = self.apps()
        self.assertEqual(stored.metadata, version(3, name="A"))
        self.assertEqual(stored.settings, settings)
        self.assertEqual((stored.id, stored.source_url), (seen.id, seen.source_url))

    def test_refuses_to_point_what_changed(self):
        """Of two operations that read the same app, the second is told."""
        seen = self.added(production("/a"))
        self.commit(PointApp(seen, version(1), seen.settings))
        self.refused(ChangedMeanwhile, PointApp(seen, version(2), seen.settings))
        self.refused(ChangedMeanwhile, RemoveApp(seen))

    def test_refuses_to_point_what_is_gone(self):
        """An app that was removed is not brought back."""
        seen = self.added(production("/a"))
        self.commit(RemoveApp(seen))
        self.refused(ChangedMeanwhile, PointApp(seen, version(1), seen.settings))
        self.refused(ChangedMeanwhile, RemoveApp(seen))

    def test_points_an_app_added_in_the_same_commit(self):
        """Changes build on each other; the time of update does not come between them."""
        app = production("/a")
        self.commit(AddApp(app), PointApp(app, version(1), app.settings))
        self.assertEqual(self.apps()[0].version, 1)

    def test_keeps_the_files_of_a_version(self):
        """The files of a version come back with name, content, size and hash."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        files = self.successResultOf(self.store.files(app.id, 1))
        self.assertEqual(dict(files.refs), dict(FILES.refs))
        for name, content in self.contents(app.id, 1).items():
            self.assertEqual(hashlib.sha256(content).hexdigest(), files.refs[name].sha256)

    def test_refuses_files_that_are_not_there(self):
        """A name that the version does not have is refused, compressed or not."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        files = self.successResultOf(self.store.files(app.id, 1))
        for refused in (
            files.read("../app.star"),
            files.read_encoded("../app.star", "br"),
            files.copy("../app.star", IDENTITY, BytesIO()),
        ):
            self.failureResultOf(refused, SourceError)

    def test_copies_files(self):
        """A file is written to an open one as it is."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES))
        files = self.successResultOf(self.store.files(app.id, 1))
        for name, content in self.contents(app.id, 1).items():
            copy = BytesIO()
            self.successResultOf(files.copy(name, IDENTITY, copy))
            self.assertEqual(copy.getvalue(), content)

    def test_a_version_may_have_no_files(self):
        """No files are files too."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), SourceTree({})))
        self.assertEqual(self.contents(app.id, 1), {})

    def test_versions_do_not_disturb_each_other(self):
        """A later version leaves the files of an earlier one as they were."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), SourceTree({"a": b"1", "b": b"2"})))
        self.commit(AddVersion(app.id, version(2), SourceTree({"a": b"2"})))
        self.assertEqual(self.contents(app.id, 1), {"a": b"1", "b": b"2"})
        self.assertEqual(self.contents(app.id, 2), {"a": b"2"})

    def test_copies_a_version(self):
        """A version may have what another app already stores, even from the same commit."""
        app = production("/a")
        twin = twin_of(app)
        self.commit(
            AddApp(app),
            AddApp(twin),
            AddVersion(twin.id, version(4), SourceTree({"a": b"1"})),
            AddVersion(app.id, version(4), same_as=(twin.id, 4)),
        )
        self.assertEqual(self.contents(app.id, 4), {"a": b"1"})

    def test_refuses_to_copy_a_version_that_is_not_there(self):
        """A copy of nothing is refused."""
        app = self.added(production("/a"))
        self.refused(NoSuchVersion, AddVersion(app.id, version(1), same_as=("app_prd_x", 1)))

    def test_refuses_a_version_twice(self):
        """Of two operations that make the same version, the second is told."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), SourceTree({"a": b"1"})))
        self.refused(ChangedMeanwhile, AddVersion(app.id, version(1), SourceTree({"a": b"2"})))
        self.assertEqual(self.contents(app.id, 1), {"a": b"1"})

    def test_refuses_a_version_of_no_app(self):
        """A version of an app that was removed meanwhile is refused."""
        self.refused(ChangedMeanwhile, AddVersion("app_prd_x", version(1), FILES))

    def test_refuses_a_version_without_one_place_for_its_files(self):
        """Files come from a tree or from another version: one of the two."""
        app = self.added(production("/a"))
        self.refused(StoreError, AddVersion(app.id, version(1)))
        self.refused(StoreError, AddVersion(app.id, version(1), FILES, (app.id, 1)))

    def test_refuses_files_that_change_while_read(self):
        """Bytes that are not those of the listed hash are not stored under it."""
        app = self.added(production("/a"))
        files = SourceTree({"a": b"1"})
        files._contents["a"] = b"2"
        self.refused(SourceError, AddVersion(app.id, version(1), files))

    def test_knows_the_latest_version(self):
        """The highest number counts, not the newest; it is 0 without versions."""
        app = self.added(production("/a"))
        self.assertEqual(self.successResultOf(self.store.latest_version(app.id)), 0)
        self.commit(AddVersion(app.id, version(5), FILES), AddVersion(app.id, version(2), FILES))
        self.assertEqual(self.successResultOf(self.store.latest_version(app.id)), 5)

    def test_refuses_versions_that_are_not_there(self):
        """Files of a version or an app that is not there are refused."""
        app = self.added(production("/a"))
        self.failureResultOf(self.store.files(app.id, 1), NoSuchVersion)
        self.failureResultOf(self.store.files("app_prd_x", 1), NoSuchVersion)

    def test_removes_an_app_with_its_versions(self):
        """Of a removed app nothing is left; its path is free; what others share stays."""
        app, other = self.added(production("/a")), self.added(production("/b"))
        for one in (app, other):
            self.commit(AddVersion(one.id, version(1), FILES))
        self.commit(RemoveApp(app), AddApp(production("/a", id="app_prd_new")))
        self.failureResultOf(self.store.files(app.id, 1), NoSuchVersion)
        self.assertEqual(self.successResultOf(self.store.latest_version(app.id)), 0)
        self.assertEqual(set(self.contents(other.id, 1)), set(FILES.refs))

    def test_lists_versions(self):
        """The versions of an app come in their order, each with the time when it was added."""
        app, other = self.added(production("/a")), self.added(production("/b"))
        self.assertEqual(self.numbers(app.id), [])
        self.commit(AddVersion(app.id, version(3), FILES))
        self.clock.advance(60)
        self.commit(AddVersion(app.id, version(2, name="Two"), FILES))
        self.commit(AddVersion(other.id, version(1), FILES))
        two, three = self.successResultOf(self.store.versions(app.id))
        self.assertEqual((two.number, two.metadata.name, three.number), (2, "Two", 3))
        self.assertEqual(two.create_time - three.create_time, timedelta(seconds=60))

    def test_replaces_the_metadata_of_a_version(self):
        """A version gets other metadata, and keeps its files and the time when it was added."""
        app = self.added(production("/a"))
        self.commit(AddVersion(app.id, version(1), FILES), AddVersion(app.id, version(2), FILES))
        self.clock.advance(60)
        self.commit(ReplaceVersion(app.id, version(1, name="Other")))
        one, two = self.successResultOf(self.store.versions(app.id))
        self.assertEqual((one.metadata.name, two.metadata.name), ("Other", ""))
        self.assertEqual(one.create_time, two.create_time)
        self.assertEqual(set(self.contents(app.id, 1)), set(FILES.refs))
        self.refused(NoSuchVersion, ReplaceVersion(app.id, version(3)))
        self.refused(NoSuchVersion, ReplaceVersion("app_prd_x", version(1)))

    def trimmed(self, app_id, keep):
        """How many versions go until no more does."""
        went = 0
        while self.successResultOf(self.store.trim(app_id, keep)):
            went += 1
        return went

    def numbers(self, app_id):
        return [one.number for one in self.successResultOf(self.store.versions(app_id))]

    def test_trims_old_versions(self):
        """Of the versions below the current one the newest stay; those above it stay too."""
        app = self.added(production("/a"))
        for number in range(1, 8):
            self.commit(AddVersion(app.id, version(number), FILES))
        (app,) = self.commit(PointApp(app, version(5), app.settings))
        self.assertEqual(self.trimmed(app.id, -1), 0)
        self.assertEqual(self.trimmed(app.id, 4), 0)
        self.assertEqual(self.trimmed(app.id, 2), 2)
        self.assertEqual(self.numbers(app.id), [3, 4, 5, 6, 7])
        self.assertEqual(self.trimmed(app.id, 0), 2)
        self.assertEqual(self.numbers(app.id), [5, 6, 7])
        self.assertEqual(self.trimmed("app_prd_x", 0), 0)

    def test_trims_contents_that_nobody_has(self):
        """What only a trimmed version had is gone; what another version or app has stays."""
        app, other = self.added(production("/a")), self.added(production("/b"))
        old = SourceTree({"shared": b"shared", "mine": b"mine", "others": b"others"})
        self.commit(AddVersion(app.id, version(1), old))
        self.commit(AddVersion(app.id, version(2), SourceTree({"shared": b"shared"})))
        self.commit(AddVersion(other.id, version(1), SourceTree({"others": b"others"})))
        self.commit(PointApp(app, version(2), app.settings))
        self.assertEqual(self.trimmed(app.id, 0), 1)
        self.failureResultOf(self.store.files(app.id, 1), NoSuchVersion)
        self.assertEqual(self.contents(app.id, 2), {"shared": b"shared"})
        self.assertEqual(self.contents(other.id, 1), {"others": b"others"})

    def due(self):
        return [one.app_id for one in self.successResultOf(self.store.leftovers.due())]

    def test_leftovers(self):
        """The data of a removed app are due at once, those of a pruned one and of its twins when no
        app can come back to them; and nothing is due that came back, or is deleted.
        """
        app, other = production("/a"), production("/b")
        twin = twin_of(other)
        self.commit(AddApp(app), AddApp(other), AddApp(twin))
        self.commit(RemoveApp(self.stored(app)))
        self.assertEqual(self.due(), [app.id])
        pruned = [RemoveApp(self.stored(one), keeps_data=True) for one in (twin, other)]
        self.commit(*pruned, dry_run=True)
        self.commit(*pruned)
        (found,) = self.successResultOf(self.store.pruned())
        self.assertEqual(found.app_id, other.id)
        self.assertEqual(self.due(), [app.id])
        self.successResultOf(self.store.leftovers.forget(app.id))
        self.clock.advance(7 * 86_400 + 1)
        self.assertEqual((self.due(), self.successResultOf(self.store.pruned())), ([], ()))
        self.clock.advance(86_400)
        self.assertEqual(sorted(self.due()), sorted([other.id, twin.id]))
        self.commit(AddApp(other))
        self.assertEqual(self.due(), [twin.id])

    def test_remembers_pruned_apps(self):
        """An app that keeps its data is told for seven days, or until its id is there again."""
        app, other = production("/a"), production("/b")
        self.commit(AddApp(app), AddApp(other))
        self.commit(RemoveApp(self.stored(other)))
        self.commit(RemoveApp(self.stored(app), keeps_data=True))
        (found,) = self.successResultOf(self.store.pruned())
        self.assertEqual((found.app_id, found.path), (app.id, "/a"))
        self.assertTrue(found.is_of(app))
        self.assertFalse(found.is_of(msgspec.structs.replace(app, user_id="other")))
        self.commit(AddApp(app))
        self.assertEqual(self.successResultOf(self.store.pruned()), ())
        self.commit(RemoveApp(self.stored(app), keeps_data=True))
        self.clock.advance(7 * 86_400)
        self.assertEqual(len(self.successResultOf(self.store.pruned())), 1)
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(self.store.pruned()), ())
