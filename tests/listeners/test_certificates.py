"""Tests for ``clace.listeners.certificates``."""

import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ListenError
from clace.listeners.certificates import CertificateStore
from clace.listeners.selfsigned import is_ours, names_of
from clace.listeners.tls import TLSByName
from tests.listeners.handshakes import (
    NOW,
    pem_pair,
    shake_hands,
    subject_of,
    trusting,
    write_pair,
)

NAMES = ("tools.example.com", "localhost", "127.0.0.1", "::1", "machine")


class StoreTestCase(SynchronousTestCase):
    def setUp(self):
        self.now = NOW
        self.folder = Path(self.mktemp()) / "certificates"
        self.store = self.make_store()
        self.events = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def make_store(self, names=NAMES, **options):
        return CertificateStore(self.folder, lambda: self.now, names, **options)

    def default(self):
        return x509.load_pem_x509_certificate((self.folder / "default.crt").read_bytes())

    def shown(self, name=None, context=None):
        """Which certificate a client is shown that asks for ``name``."""
        creator = TLSByName(self.store.context_for)
        server = creator.serverConnectionForTLS(None)
        return subject_of(shake_hands(server, context or trusting(), name))

    def told(self, level):
        return [event for event in self.events if event.get("log_level") is level]


class DefaultTests(StoreTestCase):
    def test_made_when_missing(self):
        """A server without certificates makes one, with a key that only the owner can read."""
        self.store.prepare()
        self.assertTrue(is_ours(self.default()))
        self.assertEqual(names_of(self.default()), NAMES)
        self.assertEqual((self.folder / "default.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)

    def test_trusted_for_its_names(self):
        """With the certificate itself as root, strict clients accept it for all of its names."""
        self.store.prepare()
        context = trusting((self.folder / "default.crt").read_bytes())
        for name in NAMES:
            self.assertEqual(self.shown(name, context), NAMES[0])
        self.assertRaises(ssl.SSLCertVerificationError, self.shown, "other.example.com", context)

    def test_kept(self):
        """A start with a good certificate changes nothing."""
        self.store.prepare()
        before = self.default()
        self.make_store().prepare()
        self.assertEqual(self.default(), before)

    def test_renewed_before_its_end(self):
        """Less than 30 days before its end ours is made anew, for the same key, and shown."""
        self.now = NOW - timedelta(days=336)
        self.store.prepare()
        before = self.default()
        self.now = NOW - timedelta(days=2)
        self.store.refresh()
        self.assertEqual(self.default(), before)
        self.now = NOW
        self.store.refresh()
        self.assertGreater(self.default().not_valid_after_utc, self.now + timedelta(days=360))
        self.assertEqual(self.default().public_key(), before.public_key())
        pem = (self.folder / "default.crt").read_bytes()
        self.assertEqual(self.shown("localhost", trusting(pem)), NAMES[0])

    def test_made_anew_for_new_names(self):
        """A domain configured later is in the certificate after the next start."""
        self.store.prepare()
        self.make_store(("new.example.com", "localhost")).prepare()
        self.assertEqual(set(names_of(self.default())), {"new.example.com", *NAMES})

    def test_key_alone_is_used(self):
        """A key that lies there without a certificate is never lost: it gets one."""
        self.folder.mkdir(parents=True)
        _, key = pem_pair("a.example")
        (self.folder / "default.key").write_bytes(key)
        self.store.prepare()
        self.assertEqual((self.folder / "default.key").read_bytes(), key)
        self.assertEqual(self.shown(), NAMES[0])

    def test_open_key_is_closed(self):
        """A key of ours that others could read, as the original left them, is closed."""
        self.store.prepare()
        key = self.folder / "default.key"
        key.chmod(0o644)
        self.make_store().prepare()
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        self.assertEqual(len(self.told(LogLevel.warn)), 1)

    def test_users_own_is_only_warned_about(self):
        """A certificate that is not ours is never replaced, not even when it has run out."""
        self.folder.mkdir(parents=True)
        pair = pem_pair("own.example", start=NOW - timedelta(days=90), days=80)
        write_pair(self.folder, "default", pair)
        self.store.prepare()
        self.assertEqual((self.folder / "default.crt").read_bytes(), pair[0])
        self.assertEqual(len(self.told(LogLevel.warn)), 1)
        self.assertEqual(self.shown(), "own.example")
        self.store.refresh()
        self.assertEqual(len(self.told(LogLevel.warn)), 2)

    def test_broken_at_start(self):
        """A server whose certificate cannot be used does not start, and says which file."""
        self.folder.mkdir(parents=True)
        write_pair(self.folder, "default", (pem_pair("a.example")[0], pem_pair("a.example")[1]))
        refused = self.assertRaises(ListenError, self.store.prepare)
        self.assertIn("default.crt: key values mismatch", str(refused))
        (self.folder / "default.key").unlink()
        refused = self.assertRaises(ListenError, self.store.prepare)
        self.assertIn("default.key: No such file", str(refused))

    def test_dangling_link(self):
        """A link that leads nowhere is somebody's certificate, and is not replaced."""
        self.folder.mkdir(parents=True)
        (self.folder / "default.crt").symlink_to("/nowhere/fullchain.pem")
        self.assertRaises(ListenError, self.store.prepare)
        self.assertEqual([each.name for each in self.folder.iterdir()], ["default.crt"])

    def test_broken_later(self):
        """When the default breaks while serving, the last good one is shown and it is told."""
        self.store.prepare()
        (self.folder / "default.crt").write_bytes(b"half a fi")
        self.store.refresh()
        self.assertEqual(self.shown(), NAMES[0])
        self.assertEqual(self.shown(), NAMES[0])
        (self.folder / "default.crt").unlink()
        self.assertEqual(self.shown(), NAMES[0])
        self.assertEqual(len(self.told(LogLevel.error)), 2)

    def test_folder_cannot_be_made(self):
        """A folder that cannot be made is a refusal, not a traceback."""
        self.folder.parent.write_text("a file")
        self.assertRaises(ListenError, self.store.prepare)

    def test_nothing_prepared(self):
        """Without any certificate there is no context, and the handshake fails."""
        self.assertIdentical(self.store.context_for(b"a.example"), None)


class LookupTests(StoreTestCase):
    def setUp(self):
        super().setUp()
        self.store.prepare()

    def add(self, stem, name=None):
        write_pair(self.folder, stem, pem_pair(name or stem))

    def test_by_name(self):
        """A name with files of its own is shown them, in whatever case it is asked for."""
        self.add("a.example.com")
        self.assertEqual(self.shown("a.example.com"), "a.example.com")
        self.assertEqual(self.shown("A.Example.com"), "a.example.com")
        self.assertEqual(self.shown("b.example.com"), NAMES[0])

    def test_wildcard(self):
        """A wildcard is for one level, and comes after the name itself."""
        self.add("_.example.com", "*.example.com")
        self.add("a.example.com")
        self.assertEqual(self.shown("a.example.com"), "a.example.com")
        self.assertEqual(self.shown("b.example.com"), "*.example.com")
        self.assertEqual(self.shown("b.c.example.com"), NAMES[0])

    def test_new_files(self):
        """Files that come, change or go while the server runs are seen at the next handshake."""
        self.assertEqual(self.shown("a.example.com"), NAMES[0])
        self.add("a.example.com")
        self.assertEqual(self.shown("a.example.com"), "a.example.com")
        self.add("a.example.com", "renewed.example.com")
        self.assertEqual(self.shown("a.example.com"), "renewed.example.com")
        (self.folder / "a.example.com.crt").unlink()
        self.assertEqual(self.shown("a.example.com"), NAMES[0])

    def test_new_default(self):
        """A default that a user puts in the place of ours is shown without a restart."""
        self.add("default", "own.example.com")
        self.assertEqual(self.shown(), "own.example.com")

    def test_broken_file_is_told_once(self):
        """A file that cannot be used is named in the log once; clients see the default."""
        self.add("a.example.com")
        (self.folder / "a.example.com.key").write_bytes(b"no key")
        for _ in range(3):
            self.assertEqual(self.shown("a.example.com"), NAMES[0])
        [event] = self.told(LogLevel.error)
        self.assertIn("a.example.com.key", event["reason"])

    def test_key_comes_later(self):
        """A certificate whose key is copied after it is used as soon as both are there."""
        certificate, key = pem_pair("a.example.com")
        (self.folder / "a.example.com.crt").write_bytes(certificate)
        self.assertEqual(self.shown("a.example.com"), NAMES[0])
        (self.folder / "a.example.com.key").write_bytes(key)
        self.assertEqual(self.shown("a.example.com"), "a.example.com")

    def test_file_soon_at_its_end(self):
        """A certificate that runs out soon is shown, and warned about when it is read."""
        write_pair(self.folder, "a.example.com", pem_pair("a.example.com", days=10))
        self.shown("a.example.com")
        self.shown("a.example.com")
        self.assertEqual(len(self.told(LogLevel.warn)), 1)

    def test_lookup_turned_off(self):
        """Without lookup every name is shown the default."""
        self.add("a.example.com")
        self.store = self.make_store(lookup=False)
        self.store.prepare()
        self.assertEqual(self.shown("a.example.com"), NAMES[0])

    def test_remembers_a_bounded_number(self):
        """However many certificates there are, a bounded number of them is held in memory."""
        self.add("a.example")
        for number in range(300):
            for suffix in ("crt", "key"):
                link = self.folder / f"n{number}.example.{suffix}"
                link.symlink_to(f"a.example.{suffix}")
            self.assertIsNotNone(self.store.context_for(b"n%d.example" % number))
        self.assertEqual(len(self.store._seen), 256)

    def test_reads_once(self):
        """A certificate that has not changed is not read again."""
        self.add("a.example")
        first = self.store.context_for(b"a.example")
        self.assertIdentical(self.store.context_for(b"a.example"), first)
