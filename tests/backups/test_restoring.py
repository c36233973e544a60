import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.backups.archive import ArchiveWriter, read_entries
from clace.backups.restoring import restore_backup, verify_backup
from clace.errors import BackupDamaged, BackupLocked, BadRequest
from clace.metadata.store import SCHEMA
from tests.backups.home import CONFIG, SECRET, BackedUpHome

SCHEMAS = {"metadata": SCHEMA.newest}
ALL = (
    "clace.toml: client.admin_password",
    "clace.toml: auth.github.secret",
    "secrets: token",
    "config/certificates/a.crt",
    "config/certificates/a.key",
    "config/secret.key",
)


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def rewritten(path, change):
    """A backup with other entries, its list and all else as it was."""
    with path.open("rb") as file:
        entries = [(entry.name, entry.whole()) for entry in read_entries(file)]
    writer, pieces = ArchiveWriter(), []
    for name, content in change(entries):
        pieces += writer.entry(name, len(content), [content])
    path.write_bytes(b"".join((*pieces, *writer.end())))
    return path


class RestoringTests(SynchronousTestCase):
    def setUp(self):
        self.world = BackedUpHome(Path(self.mktemp()).absolute())
        self.path = self.world.backup()
        self.new = self.world.folder / "new"

    def restore(self, secret=SECRET, home=None, **options):
        options = {"in_place": False, **options}
        return restore_backup(self.path, home or self.new, secret, SCHEMAS, **options)

    def tree(self, folder):
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))

    def test_whole(self):
        """With the key a new home has all that the old one had, for its owner only."""
        found = self.restore()
        self.assertEqual((found.opened, found.missing), (ALL, ()))
        self.assertEqual((self.new / "clace.toml").read_text(), CONFIG)
        for name in (
            "config/secret.key",
            "config/authority.crt",
            "config/certificates/a.crt",
            "config/certificates/a.key",
        ):
            self.assertEqual((self.new / name).read_text(), (self.world.home / name).read_text())
        for path in self.new.rglob("*"):
            kept = path.name in {"report.txt", "rows"}
            wanted = 0o700 if path.is_dir() else 0o640 if kept else 0o600
            self.assertEqual(path.stat().st_mode & 0o777, wanted, path)
        for query in ("SELECT * FROM secrets", "SELECT * FROM users", "SELECT * FROM apps"):
            self.assertEqual(
                rows(self.new / "metadata/meta.db", query), rows(self.world.metadata, query)
            )

    def test_owners(self):
        """Files of an app's program belong to the app's user again, its folder to the server."""
        if os.geteuid():
            self.skipTest("only root can give files away")
        data = self.world.home / "data/apps/app_prd_1/data"
        for path in (data, data / "sub", data / "sub/rows"):
            os.chown(path, 2_100_000_001, 2_100_000_001)
        self.path = self.world.backup()
        self.restore()
        found = {
            str(path.relative_to(self.new)): path.stat().st_uid
            for path in (self.new / "data").rglob("*")
        }
        self.assertEqual(
            found,
            {
                "data/apps": 0,
                "data/apps/app_prd_1": 0,
                "data/apps/app_prd_1/data": 2_100_000_001,
                "data/apps/app_prd_1/data/sub": 2_100_000_001,
                "data/apps/app_prd_1/data/sub/rows": 2_100_000_001,
            },
        )

    def test_without_the_key(self):
        """Without the key all else is restored, and what is missing is named."""
        found = self.restore(secret=None)
        self.assertEqual((found.opened, found.missing), ((), ALL))
        self.assertFalse((self.new / "config" / "secret.key").exists())
        self.assertEqual(rows(self.new / "metadata/meta.db", "SELECT * FROM secrets"), [])
        self.assertEqual(rows(self.new / "metadata/meta.db", "SELECT name FROM users"), [("ann",)])
        self.assertNotIn("hunter2", (self.new / "clace.toml").read_text())

    def test_outside(self):
        """Files that lay outside of the home go below it, and the report says where to."""
        found = self.restore()
        lay = str(self.world.outside / "report.txt")
        self.assertEqual(list(found.outside), [lay])
        self.assertEqual(Path(found.outside[lay]).read_text(), "a report")
        self.assertTrue(Path(found.outside[lay]).is_relative_to(self.new / "outside"))

    def test_sources_in_the_home(self):
        """Sources that lay in the old home, as those that were sent, are found in the new one."""
        home, new = self.world.home, self.new
        moved = {
            f"{home}/sources/1": f"{new}/sources/1",
            f"{home}2/app": f"{home}2/app",
            f"file://{home}/app": f"file://{home}/app",
            "github.com/acme/app": "github.com/acme/app",
        }
        with closing(sqlite3.connect(self.world.metadata)) as database, database:
            for number, source in enumerate(moved):
                app = (f"app_{number}", f"/{number}", "", "", source, False, "", *[""] * 4)
                database.execute(f"INSERT INTO apps VALUES ({', '.join('?' * 11)})", app)
            database.execute(
                "INSERT INTO pruned_apps VALUES ('app', '/', '', ?, '', '')", (next(iter(moved)),)
            )
        self.path = self.world.backup()
        for secret in (SECRET, None):
            self.restore(secret=secret)
            metadata = new / "metadata/meta.db"
            found = rows(metadata, "SELECT source_url FROM apps ORDER BY id")
            self.assertEqual([source for (source,) in found], list(moved.values()))
            self.assertEqual(
                rows(metadata, "SELECT source_url FROM pruned_apps"), [(f"{new}/sources/1",)]
            )
            shutil.rmtree(new)

    def test_in_place(self):
        """Where they lay they are put on demand, and replace nothing there."""
        report = self.world.outside / "report.txt"
        error = self.assertRaises(BadRequest, self.restore, in_place=True)
        self.assertIn("is there already", error.message)
        self.assertFalse(self.new.exists())
        report.unlink()
        self.restore(in_place=True)
        self.assertEqual(report.read_text(), "a report")

    def test_home_that_is_not_empty(self):
        """A home with something in it is refused, and stays as it is."""
        self.new.mkdir()
        (self.new / "mine").write_text("mine")
        self.assertRaises(BadRequest, self.restore)
        self.assertEqual(self.tree(self.new), ["mine"])

    def test_empty_home(self):
        """A home that is there and empty is taken, and a failure leaves it so."""
        self.new.mkdir(0o700)
        self.assertRaises(BackupLocked, self.restore, secret=b"another passphrase")
        self.assertEqual(self.tree(self.new), [])
        self.restore()
        self.assertTrue((self.new / "clace.toml").exists())

    def test_verify(self):
        """Verifying reads all, needs no key, and writes nothing."""
        before = self.tree(self.world.folder)
        found = verify_backup(self.path, None)
        self.assertEqual((found.version, found.files, found.missing), ("1.2", 5, ALL))
        self.assertEqual(verify_backup(self.path, SECRET).opened, ALL)
        self.assertRaises(BackupLocked, verify_backup, self.path, b"another passphrase")
        self.assertEqual(self.tree(self.world.folder), before)

    def test_changed_files(self):
        """A file that is not as it was written, is missing, is new or is twice there is noticed."""
        original = self.path.read_bytes()
        for change in (
            lambda entries: [(n, c + b"x" if n == "home/clace.toml" else c) for n, c in entries],
            lambda entries: [(n, c) for n, c in entries if n != "home/clace.toml"],
            lambda entries: [*entries[:1], ("home/new", b"new"), *entries[1:]],
            lambda entries: [*entries[:2], *entries[1:]],
            lambda entries: [*entries, ("home/late", b"late")],
            lambda entries: entries[:-1],
            lambda entries: entries[1:],
            lambda entries: entries[:3],
        ):
            self.path.write_bytes(original)
            rewritten(self.path, change)
            self.assertRaises(BackupDamaged, verify_backup, self.path, None)
            self.assertRaises(BackupDamaged, self.restore, secret=None)
            self.assertFalse(self.new.exists())

    def test_forged_list(self):
        """With the key it shows that somebody has changed a file and the list too."""

        def change(entries):
            found = dict(entries)
            manifest = msgspec.json.decode(found["manifest.json"])
            manifest["home"] = "/forged"
            found["manifest.json"] = msgspec.json.encode(manifest)
            return found.items()

        rewritten(self.path, change)
        verify_backup(self.path, None)
        self.assertRaises(BackupLocked, verify_backup, self.path, SECRET)

    def test_names_that_lead_out(self):
        """A name that leads out of the home writes nothing anywhere."""
        original = self.path.read_bytes()
        for name in ("home/../../evil", "/evil", "outside/../evil", "home/./evil", "evil"):
            self.path.write_bytes(original)
            rewritten(self.path, lambda e, name=name: [*e[:1], (name, b"evil"), *e[1:]])
            before = self.tree(self.world.folder)
            self.assertRaises(BackupDamaged, self.restore, secret=None)
            self.assertEqual(self.tree(self.world.folder), before)

    def test_newer_schema(self):
        """A backup of a newer version is refused, with the words that help."""
        error = self.assertRaises(
            BadRequest,
            restore_backup,
            self.path,
            self.new,
            SECRET,
            {"metadata": 1},
            in_place=False,
        )
        self.assertIn("restore it with the version that made it", error.message)
        self.assertFalse(self.new.exists())

    def test_newer_format(self):
        """A format that this version does not know is refused before anything is written."""

        def change(entries):
            (name, content), *others = entries
            return [(name, content.replace(b'"format":1', b'"format":2')), *others]

        rewritten(self.path, change)
        error = self.assertRaises(BackupDamaged, self.restore)
        self.assertIn("format 2", error.message)

    def test_missing_file(self):
        """A file that cannot be read is told with its name."""
        missing = self.world.folder / "missing"
        self.assertIn(
            "missing", self.assertRaises(BackupDamaged, verify_backup, missing, None).message
        )

    @given(st.data())
    @settings(max_examples=60, deadline=None)
    def test_any_entries(self, data):
        """Whatever entries a stranger puts together, they are refused, and the home stays empty."""
        with self.path.open("rb") as file:
            entries = [(entry.name, entry.whole()) for entry in read_entries(file)]
        chosen = data.draw(
            st.lists(
                st.one_of(
                    st.sampled_from(entries),
                    st.tuples(st.sampled_from(["home/x", "manifest.json", "sealed"]), st.binary()),
                ),
                max_size=6,
            )
        )
        writer, pieces = ArchiveWriter(), []
        for name, content in chosen:
            pieces += writer.entry(name, len(content), [content])
        strange = self.world.folder / "strange"
        strange.write_bytes(b"".join((*pieces, *writer.end())))
        self.assertRaises(
            BackupDamaged,
            restore_backup,
            strange,
            self.new,
            None,
            SCHEMAS,
            in_place=False,
        )
        self.assertFalse(self.new.exists())
