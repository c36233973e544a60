import sqlite3
import stat
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.database.schema import MigratedSchema, UpgradeOptions
from clace.errors import StoreError
from clace.metadata import migrations

NOW = datetime(2026, 11, 23, 10, 0, 0, 7, tzinfo=UTC)
ENV = Path(migrations.__file__).parent / "env.py"
STEP = """
from alembic import op
revision = "{version:04}"
down_revision = {previous!r}
def upgrade():
    {work}
"""


def step(version, work):
    previous = f"{version - 1:04}" if version > 1 else None
    return STEP.format(version=version, previous=previous, work=work)


FIRST = step(1, 'op.execute("create table one (n integer)")')
SECOND = step(2, 'op.execute("alter table one add column m integer")')
BROKEN = step(2, 'op.execute("create table two (n integer)"); op.execute("nonsense")')


class SchemaTests(SynchronousTestCase):
    """Upgrades by steps that the test writes."""

    def setUp(self):
        self.path = Path(self.mktemp()).absolute() / "100% a.db"

    def schema(self, *steps):
        folder = Path(self.mktemp()).absolute()
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENV.read_text())
        for number, text in enumerate(steps, 1):
            (folder / "versions" / f"v{number:04}.py").write_text(text)
        return MigratedSchema(str(folder))

    def prepare(self, *steps, **options):
        self.schema(*steps).prepare(self.path, UpgradeOptions(**options), NOW)

    def refused(self, *steps, **options):
        before = self.dump(self.path)
        error = self.assertRaises(StoreError, self.prepare, *steps, **options)
        self.assertEqual(self.dump(self.path), before)
        return error.message

    def dump(self, path):
        with closing(sqlite3.connect(path)) as connection:
            return "\n".join(connection.iterdump())

    def execute(self, statement):
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement)

    def copies(self):
        return sorted(self.path.parent.glob("*.bak"))

    def test_makes_a_new_database(self):
        """A database that is not there is made with the newest schema, upgrades allowed or not."""
        self.prepare(FIRST, SECOND, auto_upgrade=False)
        self.assertIn("m integer", self.dump(self.path))
        self.assertEqual(self.copies(), [])

    def test_leaves_the_newest_alone(self):
        """A database that has the newest schema is not touched and not copied."""
        self.prepare(FIRST)
        before = self.dump(self.path)
        self.prepare(FIRST, auto_upgrade=False)
        self.assertEqual(self.dump(self.path), before)
        self.assertEqual(self.copies(), [])

    def test_upgrades_and_keeps_a_copy(self):
        """An older database is upgraded; a copy of it as it was, for its owner only, stays."""
        self.prepare(FIRST)
        self.execute("insert into one values (42)")
        before = self.dump(self.path)
        self.prepare(FIRST, SECOND)
        self.assertIn("m integer", self.dump(self.path))
        (copy,) = self.copies()
        self.assertEqual(copy.name, "100% a.db.v1-20261123T100000000007Z.bak")
        self.assertEqual(self.dump(copy), before)
        self.assertEqual(stat.S_IMODE(copy.stat().st_mode), 0o600)

    def test_refuses_to_upgrade_if_told(self):
        """Without leave to upgrade, an older database is refused by its version."""
        self.prepare(FIRST)
        message = self.refused(FIRST, SECOND, auto_upgrade=False)
        self.assertEqual(message, "DB autoupgrade is disabled, exiting. Server 2, DB 1")

    def test_refuses_a_newer_database(self):
        """A database of a newer server is refused, unless told to go on."""
        self.prepare(FIRST, SECOND)
        self.assertIn("Server 1, DB 2", self.refused(FIRST))
        self.prepare(FIRST, ignore_higher_version=True)

    def test_tells_the_way_back(self):
        """The refusal names the commands that restore the copy from before the upgrade, and they
        do: the older server opens the database then.
        """
        self.prepare(FIRST)
        self.execute("insert into one values (7)")
        self.prepare(FIRST, SECOND)
        told = self.refused(FIRST)
        commands = told.partition("what was changed since: ")[2]
        subprocess.run(["sh", "-ec", commands], check=True)
        self.prepare(FIRST)
        self.assertIn("VALUES(7)", self.dump(self.path))

    def test_without_a_copy(self):
        """Without such a copy the refusal names a backup."""
        self.prepare(FIRST, SECOND)
        self.assertIn("restore a backup from before it", self.refused(FIRST))

    def test_a_broken_step_leaves_all_as_it_was(self):
        """When a step fails nothing of it stays, and no copies pile up."""
        self.prepare(FIRST)
        message = self.refused(FIRST, BROKEN)
        self.assertIn(str(self.path), message)
        self.assertEqual(self.copies(), [])

    def test_refuses_a_database_of_somebody_else(self):
        """A database with tables and no version of ours is not ours to change."""
        self.path.parent.mkdir()
        self.execute("create table apps (id text)")
        self.assertIn("was not made by this server", self.refused(FIRST))

    def test_refuses_an_unknown_version(self):
        """A version that is no number is refused."""
        self.prepare(FIRST)
        self.execute("update alembic_version set version_num = 'abc'")
        self.assertIn("unknown schema version", self.refused(FIRST))

    def test_names_a_database_that_is_none(self):
        """A file that is no database is refused with its path and the reason."""
        self.path.parent.mkdir()
        self.path.write_bytes(b"junk" * 1000)
        error = self.assertRaises(StoreError, self.prepare, FIRST)
        self.assertIn(f"cannot open database {self.path}", error.message)
        self.assertIn("not a database", error.message)

    def test_names_a_database_that_is_a_folder(self):
        """A path that cannot be opened is refused with the reason."""
        self.path.mkdir(parents=True)
        error = self.assertRaises(StoreError, self.prepare, FIRST)
        self.assertIn("Is a directory", error.message)
