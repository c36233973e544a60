"""Tests for ``clace.secrets.stored``."""

from base64 import b64encode
from itertools import count
from math import inf
from pathlib import Path
from threading import Thread

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import NoSuchSecret, SecretExists, SecretFailed
from clace.interfaces import IOwnSecrets, SecretEntry
from clace.secrets.keys import KeyFile, KeyText
from clace.secrets.stored import KEYCHECK, SealingContext, StoredSecrets
from tests.support.memory_secrets import MemorySecretRows, MemorySecretStore
from tests.support.secret_contract import SecretProviderContract, SecretStoreContract
from tests.support.threads import at_once


def line(name, letter):
    return f"{name}:{b64encode(letter * 32).decode()}"


class House:
    """Servers over the same rows and key file."""

    def make_house(self):
        self.rows = MemorySecretRows()
        self.path = Path(self.mktemp()).absolute()
        numbers = count(1)
        self.around = SealingContext(
            at_once, lambda: 1e9, lambda size: next(numbers).to_bytes(size, "big")
        )

    def server(self, source=None):
        source = source or KeyFile(self.path, str)
        store = StoredSecrets("db", self.rows, source, self.around)
        store.open()
        return store

    def keep(self, store, name="a", value=b"1", *, replace=False):
        entry = SecretEntry(name=name, value=value, created_by="jo")
        return self.successResultOf(store.put(entry, replace=replace))


class ProviderTests(House, SecretProviderContract, SynchronousTestCase):
    def make_provider(self, name, value):
        self.make_house()
        store = self.server()
        self.keep(store, name, value.encode())
        return store

    def test_binary(self):
        """A secret that is no text cannot stand in one."""
        provider = self.make_provider("a", "1")
        self.keep(provider, "b", b"\xff")
        error = self.assertRaises(SecretFailed, provider.value, "b")
        self.assertEqual(error.message, "it is binary, not text")


class StoreTests(House, SecretStoreContract, SynchronousTestCase):
    def make_store(self):
        self.make_house()
        return self.server()


class MemoryStoreTests(SecretStoreContract, SynchronousTestCase):
    """The twin in memory keeps the same promises."""

    def make_store(self):
        return MemorySecretStore()


class StoredTests(House, SynchronousTestCase):
    """Keys and what is sealed with them."""

    def setUp(self):
        self.make_house()

    def refused(self, store):
        """Every use of the store fails with the same text."""
        entry = SecretEntry(name="x", value=b"1")
        failures = [
            self.failureResultOf(store.put(entry, replace=True), SecretFailed).value.message,
            self.failureResultOf(store.rekey(), SecretFailed).value.message,
            self.assertRaises(SecretFailed, store.value, "a").message,
        ]
        self.assertEqual(len(set(failures)), 1)
        return failures[0]

    def test_no_key_until_it_is_needed(self):
        """A server that stores nothing makes no key file."""
        store = self.server()
        self.assertRaises(NoSuchSecret, store.value, "a")
        self.assertEqual(self.successResultOf(store.rekey()), (0, 0))
        self.assertFalse(self.path.exists())
        self.keep(store)
        self.assertTrue(self.path.exists())

    def test_sealed(self):
        """What is in the rows is not the secret, and never twice the same."""
        store = self.server()
        self.keep(store, "a", b"hunter2")
        first = self.rows.get("a")
        self.keep(store, "a", b"hunter2", replace=True)
        self.assertNotIn(b"hunter2", first.sealed)
        self.assertNotEqual(self.rows.get("a").sealed[:12], first.sealed[:12])
        self.assertEqual(first.key_id, "key1")

    def test_own_secrets(self):
        """The server's own are sealed with the same key, and nobody else can name them."""
        store = self.server()
        verifyObject(IOwnSecrets, store)
        self.assertIsNone(self.successResultOf(store.own("keys")))
        for value in (b"hunter2", b"hunter3"):
            self.successResultOf(store.put_own("keys", value))
            self.assertEqual(self.successResultOf(self.server().own("keys")), value)
        (own,) = [row for row in self.rows.all() if row.name.endswith("keys")]
        self.assertNotIn(b"hunter3", own.sealed)
        self.assertEqual(self.successResultOf(store.all()), ())
        self.assertRaises(NoSuchSecret, store.value, own.name)
        self.failureResultOf(store.find(own.name), NoSuchSecret)
        self.failureResultOf(store.delete(own.name), NoSuchSecret)
        self.path.write_text(f"{line('key2', b'x')}\n{self.path.read_text()}")
        self.assertEqual(self.successResultOf(store.rekey()), (0, 0))
        self.path.write_text(line("key2", b"x"))
        self.assertEqual(self.successResultOf(self.server().own("keys")), b"hunter3")

    def test_another_start(self):
        """The next server reads what this one stored."""
        self.keep(self.server())
        self.assertEqual(self.server().value("a"), "1")
        self.assertEqual(self.server().problem, "")

    def test_wrong_key(self):
        """With another key the provider is disabled, says so, and harms nothing."""
        self.keep(self.server())
        self.path.write_text(line("key1", b"x"))
        store = self.server()
        self.assertEqual(
            store.problem,
            "secret provider db is disabled: the key is not the one that the stored secrets were"
            " sealed with (key1)",
        )
        self.assertEqual(self.refused(store), store.problem)
        self.assertEqual(len(self.rows.all()), 2)

    def test_lost_key(self):
        """With its file gone there is no new key: what is stored could never be read again."""
        self.keep(self.server())
        self.path.unlink()
        self.assertIn("the key file is gone", self.refused(self.server()))
        self.assertFalse(self.path.exists())

    def test_key_of_others(self):
        """A key that was there before is marked at the first use, and missed if it is gone."""
        self.path.touch(0o600)
        self.path.write_text(line("mine", b"m"))
        self.keep(self.server())
        self.assertEqual(self.rows.get("a").key_id, "mine")
        self.path.write_text(line("mine", b"n"))
        self.assertIn("the key is not the one", self.refused(self.server()))

    def test_two_servers_one_database(self):
        """Of servers with keys of their own the second to store something is refused."""
        one = self.server(KeyText(line("k", b"1"), str))
        two = self.server(KeyText(line("k", b"2"), str))
        self.keep(one)
        entry = SecretEntry(name="b", value=b"2")
        failure = self.failureResultOf(two.put(entry, replace=False), SecretFailed)
        self.assertIn("the key is not the one", failure.value.message)
        self.assertEqual([row.name for row in self.rows.all()], ["a", KEYCHECK])

    def test_rekey(self):
        """With a new key before the old one all is sealed anew; then the old may go."""
        store = self.server()
        self.keep(store, "a")
        self.keep(store, "b", b"2")
        self.path.write_text(line("new", b"n") + "\n" + self.path.read_text())
        self.keep(self.server(), "c", b"3")
        self.assertEqual(self.successResultOf(store.rekey()), (2, 1))
        self.assertEqual(self.successResultOf(store.rekey()), (0, 3))
        self.path.write_text(line("new", b"n"))
        fresh = self.server()
        self.assertEqual([fresh.value(name) for name in "abc"], ["1", "2", "3"])

    def test_put_while_rekeying(self):
        """What is being stored when all is sealed anew does not stay with the old key."""
        plain = self.around.random

        def random(size):
            if rekeying.ident is None:
                rekeying.start()
                rekeying.join(0.2)  # time enough to be done, if it did not have to wait
            return plain(size)

        self.keep(self.server())
        self.around = replace(self.around, random=random)
        store = self.server()
        rekeying = Thread(target=lambda: self.successResultOf(store.rekey()))
        self.path.write_text(line("new", b"n") + "\n" + self.path.read_text())
        self.keep(store, "b")
        rekeying.join()
        self.assertEqual({row.key_id for row in self.rows.all()}, {"new"})

    def test_rekey_needs_every_key(self):
        """If one secret cannot be opened none is sealed anew, and it is named."""
        store = self.server()
        for name in "ab":
            self.keep(store, name)
        self.rows.put(replace(self.rows.get("b"), key_id="lost"), replace=True)
        self.path.write_text(line("new", b"n") + "\n" + self.path.read_text())
        failure = self.failureResultOf(store.rekey(), SecretFailed)
        self.assertEqual(
            failure.value.message,
            "secret b: it is sealed with the key lost, which is not here",
        )
        self.assertEqual(self.rows.get("a").key_id, "key1")

    def test_tampered(self):
        """A secret put in the place of another does not open, and is named."""
        store = self.server()
        for name in "ab":
            self.keep(store, name)
        self.rows.put(replace(self.rows.get("a"), name="b"), replace=True)
        failure = self.failureResultOf(store.find("b"), SecretFailed)
        self.assertIn("secret b: it does not open", failure.value.message)

    def test_check_is_nobodys(self):
        """The row that knows the right key is not listed, told or deleted."""
        store = self.server()
        self.keep(store)
        self.assertEqual([row.name for row in self.successResultOf(store.all())], ["a"])
        self.failureResultOf(store.find(KEYCHECK), NoSuchSecret)
        self.failureResultOf(store.delete(KEYCHECK), NoSuchSecret)
        self.assertRaises(NoSuchSecret, store.value, KEYCHECK)

    def test_refuses_what_exists(self):
        """An existing secret is not overwritten unless that is meant."""
        store = self.server()
        self.keep(store)
        failure = self.failureResultOf(
            store.put(SecretEntry(name="a", value=b"2"), replace=False), SecretExists
        )
        self.assertIn("already exists", failure.value.message)


class OwnKeyTests(House, SynchronousTestCase):
    """Keys of the server's own."""

    def setUp(self):
        self.make_house()

    def write_keys(self, *lines):
        self.path.write_text("\n".join(lines))
        self.path.chmod(0o600)

    def test_is_made_once(self):
        """A key is made when first asked for, and is the same for ever and for every server."""
        first, second = self.server(), self.server()
        key = first.own_key("audit")
        self.assertEqual(len(key), 32)
        self.assertEqual(second.own_key("audit"), key)
        self.assertEqual(self.server().own_key("audit"), key)
        self.assertNotEqual(first.own_key("sessions"), key)

    def test_tells_when_it_was_made(self):
        """The time is that of the first use, and is infinite before that."""
        server = self.server()
        self.assertEqual(server.own_key_made("audit"), inf)
        server.own_key("audit")
        made = server.own_key_made("audit")
        self.assertLess(made, inf)
        self.assertEqual(self.server().own_key_made("audit"), made)

    def test_is_no_secret(self):
        """Nobody sees it among secrets, and it has no name that could be asked for or deleted."""
        store = self.server()
        store.own_key("audit")
        self.assertEqual(self.successResultOf(store.all()), ())
        for name in [row.name for row in self.rows.all()]:
            self.failureResultOf(store.find(name), NoSuchSecret)
            self.failureResultOf(store.delete(name), NoSuchSecret)
            self.assertRaises(NoSuchSecret, store.value, name)

    def test_outlives_another_active_key(self):
        """It is sealed anew with all secrets, and stays the same."""
        self.write_keys(line("one", b"1"))
        key = self.server().own_key("audit")
        self.write_keys(line("two", b"2"), line("one", b"1"))
        self.assertEqual(self.successResultOf(self.server().rekey()), (0, 0))
        self.write_keys(line("two", b"2"))
        self.assertEqual(self.server().own_key("audit"), key)

    def test_needs_the_right_key_file(self):
        """With another key file it is refused, and no second one is made."""
        self.server().own_key("audit")
        self.write_keys(line("key1", b"9"))
        self.assertRaises(SecretFailed, self.server().own_key, "audit")
