"""The promises of rows of second factors."""

from datetime import UTC, datetime, timedelta

from zope.interface.verify import verifyObject

from clace.interfaces import FactorKind, IFactorRows, StoredFactor

BEGIN = datetime(2026, 11, 23, 12, 0, 0, 1, UTC)
LATER = BEGIN + timedelta(1)


class FactorRowsContract:
    """Mix into ``SynchronousTestCase``; over rows without factors."""

    def make_rows(self):
        """An ``IFactorRows`` without factors."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.rows = self.make_rows()

    def factor(self, name="a", kind=FactorKind.TOTP, user_id="builtin:ann", **fields):
        whole = {
            "label": "é",
            "counter": 2**40,
            "sealed": b"\0\xff",
            "create_time": BEGIN,
            "use_time": BEGIN,
        }
        return StoredFactor(id=name, user_id=user_id, kind=kind, **{**whole, **fields})

    def ids(self, user_id="builtin:ann"):
        return [row.id for row in self.rows.of(user_id)]

    def test_is_rows(self):
        """It fills the seam."""
        verifyObject(IFactorRows, self.rows)

    def test_adds(self):
        """Factors are kept whole, each with its user, the oldest first."""
        newer = self.factor("a", create_time=LATER)
        older = self.factor("b", FactorKind.PASSKEY)
        other = self.factor("c", user_id="admin")
        for each in (newer, older, other):
            self.assertTrue(self.rows.add((each,)))
        self.assertEqual(self.rows.of("builtin:ann"), (older, newer))
        self.assertEqual(self.rows.find("c"), other)
        self.assertIsNone(self.rows.find("d"))
        self.assertEqual(set(self.rows.all()), {newer, older, other})

    def test_taken(self):
        """An id is one factor's; if one is taken nothing is stored."""
        self.rows.add((self.factor("a", user_id="admin"),))
        self.assertFalse(self.rows.add((self.factor("b"), self.factor("a")), tuple(FactorKind)))
        self.assertEqual((self.ids(), self.ids("admin")), ([], ["a"]))

    def test_replaces(self):
        """Factors of some kinds make room, of their user only."""
        for each in (
            self.factor("a"),
            self.factor("b", FactorKind.RECOVERY),
            self.factor("c", user_id="admin"),
        ):
            self.rows.add((each,))
        self.rows.add((self.factor("d"),), (FactorKind.TOTP,))
        self.assertEqual((self.ids(), self.ids("admin")), (["b", "d"], ["c"]))

    def test_use(self):
        """A counter that somebody else has changed is not changed again."""
        self.rows.add((self.factor("a", counter=5),))
        self.assertTrue(self.rows.use("a", 5, 7, LATER))
        self.assertFalse(self.rows.use("a", 5, 8, LATER))
        self.assertFalse(self.rows.use("b", 0, 1, LATER))
        self.assertTrue(self.rows.use("a", 7, 7, LATER))
        self.assertEqual(self.rows.find("a"), self.factor("a", counter=7, use_time=LATER))

    def test_deletes(self):
        """Some factors of a user are deleted, or all; nobody else's are."""
        for name in "abc":
            self.rows.add((self.factor(name),))
        self.rows.add((self.factor("d", user_id="admin"),))
        self.assertEqual(self.rows.delete("builtin:ann", ("a", "d", "x")), 1)
        self.assertEqual(self.rows.delete("builtin:ann", ("a",)), 0)
        self.assertEqual(self.rows.delete("builtin:ann", ()), 0)
        self.assertEqual(self.rows.delete("builtin:ann"), 2)
        self.assertEqual((self.ids(), self.ids("admin")), ([], ["d"]))
