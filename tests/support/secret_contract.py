"""What all secret providers, stores of secrets and their rows promise."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from zope.interface.verify import verifyObject

from clace.errors import NoSuchSecret, SecretExists, SecretFailed
from clace.interfaces import (
    ISecretProvider,
    ISecretRows,
    ISecretStore,
    SealedSecret,
    SecretEntry,
)

BEGIN = datetime(2026, 11, 23, 12, 0, 0, 1, UTC)


class SecretProviderContract:
    """Mix into ``SynchronousTestCase``; the provider has the secrets of ``make_provider``."""

    value = "s3cret/é <&>\n"

    def make_provider(self, name, value):
        """An ``ISecretProvider`` that has one secret."""
        raise NotImplementedError

    def test_provides(self):
        """It fills the seam."""
        verifyObject(ISecretProvider, self.make_provider("a", "1"))

    def test_value(self):
        """A secret is told as it is, under its keys joined with the delimiter."""
        provider = self.make_provider("app", self.value)
        self.assertEqual(provider.value("app"), self.value)
        name = provider.delimiter.join(("app", "db", "password"))
        provider = self.make_provider(name, "1")
        self.assertEqual(provider.value(name), "1")

    def test_missing(self):
        """A secret that there is not is an error."""
        provider = self.make_provider("app", self.value)
        error = self.assertRaises(NoSuchSecret, provider.value, "none")
        self.assertNotIn(self.value.strip(), error.message)


class SecretRowsContract:
    """Mix into ``SynchronousTestCase``; over rows that there are none of."""

    def make_rows(self):
        """An ``ISecretRows`` without rows."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.rows = self.make_rows()

    def row(self, name="a", **fields):
        whole = {"key_id": "k", "sealed": b"\0\xff", "create_time": BEGIN, "update_time": BEGIN}
        return SealedSecret(name=name, **{**whole, **fields})

    def test_is_rows(self):
        """It fills the seam."""
        verifyObject(ISecretRows, self.rows)

    def test_put(self):
        """What was put can be had, whole."""
        row = self.row(created_by="jo", description="for é", source_file="/x")
        self.assertFalse(self.rows.put(row, replace=False))
        self.assertEqual(self.rows.get("a"), row)
        self.assertIsNone(self.rows.get("b"))

    def test_put_again(self):
        """A row is replaced only if that is meant; it keeps who made it and when."""
        self.rows.put(self.row(created_by="jo"), replace=False)
        later = self.row(sealed=b"2", created_by="al", create_time=BEGIN + timedelta(1))
        error = self.assertRaises(SecretExists, self.rows.put, later, replace=False)
        self.assertEqual(
            error.message, "secret a already exists, use the update option to overwrite"
        )
        self.assertEqual(self.rows.get("a").sealed, b"\0\xff")
        self.assertTrue(self.rows.put(later, replace=True))
        expected = replace(later, created_by="jo", create_time=BEGIN)
        self.assertEqual(self.rows.get("a"), expected)

    def test_all(self):
        """All are listed, by name."""
        self.assertEqual(self.rows.all(), ())
        for name in ("b", "a", "C"):
            self.rows.put(self.row(name), replace=True)
        self.assertEqual([row.name for row in self.rows.all()], ["C", "a", "b"])

    def test_delete(self):
        """What is deleted is gone, and what is not there is not deleted."""
        self.rows.put(self.row(), replace=False)
        self.assertTrue(self.rows.delete("a"))
        self.assertFalse(self.rows.delete("a"))
        self.assertEqual(self.rows.all(), ())

    def test_rewrite(self):
        """Rows become what the function makes of them; those it makes nothing of stay."""
        for name in ("a", "b"):
            self.rows.put(self.row(name), replace=False)
        changed = self.rows.rewrite(
            lambda row: replace(row, key_id="2", sealed=b"n") if row.name == "b" else None
        )
        self.assertEqual(changed, ("b",))
        self.assertEqual([row.key_id for row in self.rows.all()], ["k", "2"])

    def test_rewrite_all_or_none(self):
        """If one row cannot be changed, none is."""
        for name in ("a", "b"):
            self.rows.put(self.row(name), replace=False)

        def change(row):
            if row.name == "b":
                raise SecretFailed("no")
            return replace(row, key_id="2")

        self.assertRaises(SecretFailed, self.rows.rewrite, change)
        self.assertEqual([row.key_id for row in self.rows.all()], ["k", "k"])


class SecretStoreContract:
    """Mix into ``SynchronousTestCase``; over a store that is empty."""

    def make_store(self):
        """An ``ISecretStore`` without secrets."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.store = self.make_store()

    def put(self, name="a", value=b"1", *, replace=False, **fields):
        entry = SecretEntry(name=name, value=value, **fields)
        return self.successResultOf(self.store.put(entry, replace=replace))

    def test_is_store(self):
        """It fills the seam."""
        verifyObject(ISecretStore, self.store)

    def test_keeps(self):
        """A secret that was put is found, any bytes of it."""
        self.assertFalse(self.put(value=b"\0\xff", description="d", created_by="jo"))
        row, value = self.successResultOf(self.store.find("a"))
        self.assertEqual(value, b"\0\xff")
        self.assertEqual((row.name, row.description, row.created_by), ("a", "d", "jo"))

    def test_replaces(self):
        """One that is there is replaced only if that is meant."""
        self.put()
        entry = SecretEntry(name="a", value=b"2")
        self.failureResultOf(self.store.put(entry, replace=False), SecretExists)
        self.assertEqual(self.successResultOf(self.store.find("a"))[1], b"1")
        self.assertTrue(self.put(value=b"2", replace=True))
        self.assertEqual(self.successResultOf(self.store.find("a"))[1], b"2")

    def test_lists(self):
        """All are listed by name."""
        self.assertEqual(self.successResultOf(self.store.all()), ())
        for name in ("b", "a"):
            self.put(name)
        names = [row.name for row in self.successResultOf(self.store.all())]
        self.assertEqual(names, ["a", "b"])

    def test_deletes(self):
        """What is deleted is gone; nothing else can be deleted."""
        self.put()
        self.successResultOf(self.store.delete("a"))
        for again in (self.store.delete("a"), self.store.find("a")):
            failure = self.failureResultOf(again, NoSuchSecret)
            self.assertEqual(failure.value.message, "secret a: there is no such secret")

    def test_rekeys(self):
        """Sealed anew or not, what is kept stays the same."""
        self.assertEqual(self.successResultOf(self.store.rekey()), (0, 0))
        self.put("a")
        self.put("b")
        self.assertEqual(sum(self.successResultOf(self.store.rekey())), 2)
        self.assertEqual(self.successResultOf(self.store.find("b"))[1], b"1")
