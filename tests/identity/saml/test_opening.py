"""Tests for ``clace.identity.saml.opening``."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from clace.config.sections import Saml
from clace.errors import ConfigError, ProviderUnavailable
from clace.identity.saml import OurSide, open_saml
from clace.identity.saml.opening import Bounded
from tests.support.saml import NOW, answer, arrival, attribute, metadata, signing_key
from tests.support.threads import at_once


class OpenTests(SynchronousTestCase):
    """Entries of a configuration."""

    def setUp(self):
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir()
        self.reactor = MemoryReactorClock()
        self.reactor.advance(NOW)
        self.file = self.home / "idp.xml"
        self.file.write_bytes(metadata())

    def opened(self, callback_url="https://apps.example.com", **entries):
        return open_saml(entries, callback_url, self.home, self.reactor, at_once)

    def entry(self, **keys):
        return Saml(metadata_file=self.file, **keys)

    def test_names(self):
        """Each entry is a provider by the name of its setting."""
        found = self.opened(a=self.entry(), b=self.entry())
        self.assertEqual([one.name for one in found], ["saml_a", "saml_b"])

    def test_fingerprint(self):
        """A change of an entry, or of the address, ends its sessions; a restart does not."""
        (first,) = self.opened(a=self.entry())
        for changed in (
            self.opened(a=self.entry(groups_attr="x")),
            self.opened("https://other.example.com", a=self.entry()),
        ):
            self.assertNotEqual(first.fingerprint, changed[0].fingerprint)
        self.assertEqual(first.fingerprint, self.opened(a=self.entry())[0].fingerprint)

    def test_options(self):
        """Each key of an entry decides what it says."""
        plain, forced, form, grouped = self.opened(
            a=self.entry(),
            b=self.entry(force_authn=True),
            c=self.entry(use_post=True),
            d=self.entry(groups_attr="teams"),
        )
        ways = [self.successResultOf(each.begin("s")) for each in (plain, forced, form)]
        self.assertEqual(["anew" in way.kept for way in ways], [False, True, False])
        self.assertEqual([bool(way.fields) for way in ways], [False, False, True])
        teams = attribute("teams", "red"), attribute("groups", "blue")
        for ours, groups in ((plain, ("blue",)), (grouped, ("red",))):
            side = OurSide.at("https://apps.example.com", ours.name)
            document = answer(
                attributes=teams,
                audience=side.metadata,
                recipient=side.acs,
                destination=side.acs,
            )
            found = self.successResultOf(ours.finish(arrival(document)))
            self.assertEqual(found.identity.groups, groups)

    def test_address(self):
        """Without a file the metadata is asked for at its address."""
        (ours,) = self.opened(a=Saml(metadata_url="http://127.0.0.1:9/metadata"))
        asked = Deferred.fromCoroutine(ours.begin("s"))
        (client,) = self.reactor.tcpClients
        self.assertEqual(client[:2], ("127.0.0.1", 9))
        self.reactor.advance(15)
        self.failureResultOf(asked, ProviderUnavailable)

    def test_random_key(self):
        """A random key signs requests, and is the same after a restart."""
        (first,) = self.opened(a=self.entry(sp_key_file="random"))
        (second,) = self.opened(a=self.entry(sp_key_file="random"))
        self.assertIn(b"KeyDescriptor", first.metadata())
        self.assertEqual(first.metadata(), second.metadata())
        self.assertTrue((self.home / "config" / "saml" / "saml_a.key").exists())

    def test_own_key(self):
        """A key and its certificate of the operator's sign requests; one alone is none."""
        pair = signing_key("ours")
        key, certificate = self.home / "sp.key", self.home / "sp.crt"
        key.write_bytes(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        certificate.write_bytes(pair.certificate.public_bytes(Encoding.PEM))
        both = {"sp_key_file": str(key), "sp_cert_file": certificate}
        for keys, is_signed in (
            (both, True),
            ({"sp_key_file": str(key)}, False),
            ({"sp_cert_file": certificate}, False),
            ({}, False),
        ):
            (ours,) = self.opened(a=self.entry(**keys))
            self.assertEqual(b"KeyDescriptor" in ours.metadata(), is_signed)

    def test_bad_key(self):
        """A key that cannot be read stops the start, and names its file."""
        entry = self.entry(sp_key_file=str(self.home / "x"), sp_cert_file=self.home / "y")
        error = self.assertRaises(ConfigError, self.opened, a=entry)
        self.assertIn(f"{self.home}/x: cannot be read", error.message)

    def test_look(self):
        """The metadata of a provider is looked at ahead; one that is broken is told in the log."""
        good, broken = self.opened(a=self.entry(), b=Saml(metadata_file=self.home / "x"))
        good.look()
        broken.look()
        self.file.unlink()
        self.assertTrue(self.successResultOf(good.begin("s")).url)
        self.failureResultOf(broken.begin("s"), ProviderUnavailable)


class BoundedTests(SynchronousTestCase):
    def test_full(self):
        """What is too much is refused at once, and there is room again when some is done."""
        given = []

        def in_thread(_work):
            given.append(Deferred())
            return given[-1]

        bounded = Bounded(in_thread, most=2)
        waiting = [Deferred.fromCoroutine(bounded(len)) for _ in range(2)]
        self.failureResultOf(Deferred.fromCoroutine(bounded(len)), ProviderUnavailable)
        given[0].callback(1)
        given[1].errback(ValueError())
        self.assertEqual(self.successResultOf(waiting[0]), 1)
        self.failureResultOf(waiting[1], ValueError)
        self.assertNoResult(Deferred.fromCoroutine(bounded(len)))
