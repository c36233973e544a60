"""The tables of apps and their names."""

import re

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from clace.model.schema import DocType
from clace.plugins.builtin.store.dialects import SQLiteWords
from clace.plugins.builtin.store.tables import REGISTRY, collection
from tests.support.documents import THING, StoreHouse, doc_type, index, sqlite_url

NAME = re.compile(r"db_[0-9a-f]{32}")


def named(owner, name, *indexes):
    kind = msgspec.convert(doc_type(name, {"name": "a", "type": "INT"}, indexes=indexes), DocType)
    return collection(owner, kind, SQLiteWords.column_type)


class NameTests(SynchronousTestCase):
    def test_names(self):
        """Names are safe in any database, and no two types share one, however alike they are."""
        pairs = (
            ("a", "T"),
            ("a", "t"),
            ("A", "t"),
            ("a", "cl_schema"),
            ("at", "t"),
            ("a", "sqlite"),
        )
        names = {named(*pair).table.name for pair in pairs}
        self.assertEqual(len(names), len(pairs))
        for name in names:
            self.assertTrue(NAME.fullmatch(name))
        self.assertEqual(named("a", "t").table.name, named("a", "t").table.name)

    def test_indexes(self):
        """Another index has another name, the same one the same; all fit into 63 characters."""
        one = named("a", "t", index("a"), index("a:desc"), index("a", unique=True))
        self.assertEqual(len(one.indexes), 3)
        self.assertEqual(named("a", "t", index("a:asc")).indexes.keys() - one.indexes, set())
        self.assertLessEqual(max(map(len, one.indexes)), 63)


class RegistryTests(SynchronousTestCase):
    def test_registry(self):
        """The database says whose each table is."""
        store = StoreHouse(sqlite_url(self.mktemp()))
        self.addCleanup(store.engines.dispose)
        self.successResultOf(store.begin().value("count", "thing", {}))
        with store.engines.reading.connect() as connection:
            (row,) = connection.execute(REGISTRY.select())
        self.assertEqual((row.app_id, row.type_name), ("app_prd_1", "thing"))
        self.assertEqual(row.table_name, named("app_prd_1", "thing").table.name)
        self.assertEqual(msgspec.json.decode(row.declared, type=DocType), THING.types[0])
