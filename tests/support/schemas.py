"""What a database really has, to hold upgraded, fresh and declared ones against each other."""

from pathlib import Path

from sqlalchemy import inspect

from clace.database.engine import transaction, writing_engine


def shape(connection):
    """Every table with its columns, keys, references and indexes."""
    looker = inspect(connection)
    tables = [name for name in looker.get_table_names() if name != "alembic_version"]
    return {name: _table(looker, name) for name in tables}


def _table(looker, name):
    columns = [{**column, "type": str(column["type"])} for column in looker.get_columns(name)]
    return {
        "columns": columns,
        "primary": looker.get_pk_constraint(name),
        "unique": looker.get_unique_constraints(name),
        "references": looker.get_foreign_keys(name),
        "indexes": looker.get_indexes(name),
        "checks": looker.get_check_constraints(name),
    }


class SchemaContract:
    """Mix into a ``SynchronousTestCase``; ``steps`` and ``declared`` are the room's."""

    def shape_after(self, make):
        engine = writing_engine(Path(self.mktemp()))
        self.addCleanup(engine.dispose)
        with transaction(engine, "make") as connection:
            make(connection)
            return shape(connection)

    def test_every_version_becomes_the_newest(self):
        """A database of any version, once upgraded, has what a fresh one has."""
        fresh = self.shape_after(self.steps.upgrade)
        for version in range(1, self.steps.newest + 1):

            def upgraded(connection, version=version):
                self.steps.upgrade(connection, version)
                self.steps.upgrade(connection)

            self.assertEqual(self.shape_after(upgraded), fresh)

    def test_the_newest_is_the_last_step(self):
        """The newest version, which the names of files tell, is what the steps lead to."""
        engine = writing_engine(Path(self.mktemp()))
        self.addCleanup(engine.dispose)
        with transaction(engine, "make") as connection:
            self.steps.upgrade(connection)
            versions = connection.exec_driver_sql("select version_num from alembic_version")
            self.assertEqual([int(one) for (one,) in versions], [self.steps.newest])

    def test_the_tables_are_as_declared(self):
        """What the queries are written for is what the steps make."""
        fresh = self.shape_after(self.steps.upgrade)
        self.assertEqual(self.shape_after(self.declared.create_all), fresh)
        self.assertTrue(fresh)
