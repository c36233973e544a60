"""Where requests may go."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ConfigError
from clace.model.app import Permission
from clace.plugins.builtin.http.guard import AddressGuard, named_hosts
from clace.plugins.builtin.http.urls import RequestTarget
from clace.plugins.kit.definition import CallFailed

DNS = {
    "public.test": ["93.184.216.34", "2606:2800::1"],
    "inner.test": ["10.1.2.3"],
    "both.test": ["93.184.216.34", "127.0.0.1"],
    "metadata.test": ["169.254.169.254"],
    "localhost": ["127.0.0.1", "::1"],
    "scoped.test": ["fe80::1%2"],
}


def grants(*arguments):
    return [Permission("http.in", "get", (one,) if one else ()) for one in arguments]


class GuardTests(SynchronousTestCase):
    def setUp(self):
        self.asked = []

    async def resolve(self, host, owner):
        self.asked.append((host, owner))
        return DNS.get(host, [])

    def addresses(self, url, *arguments, allowed=()):
        guard = AddressGuard.allowing(self.resolve, allowed)
        return self.successResultOf(
            guard.addresses(RequestTarget.parse(url), grants(*arguments), "app_prd_1")
        )

    def refusal(self, url, *arguments, allowed=()):
        guard = AddressGuard.allowing(self.resolve, allowed)
        work = guard.addresses(RequestTarget.parse(url), grants(*arguments), "app_prd_1")
        return self.failureResultOf(work, CallFailed).value.message

    def test_public(self):
        """A public host is open; it is asked for once, in the name of the app."""
        self.assertEqual(self.addresses("https://public.test/", ""), tuple(DNS["public.test"]))
        self.assertEqual(self.asked, [("public.test", "app_prd_1")])

    def test_address(self):
        """An address is not looked up."""
        self.assertEqual(self.addresses("https://8.8.8.8/"), ("8.8.8.8",))
        self.assertEqual(self.asked, [])

    def test_special(self):
        """Hosts that are not public are refused, by name or by address."""
        for url in (
            "http://localhost/",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://inner.test/",
            "http://metadata.test/",
            "http://169.254.169.254/latest/meta-data",
            "http://scoped.test/",
            "http://100.64.0.1/",
        ):
            for expected in ("", "regex:.*", "regex:http.*", "https://public.test/"):
                self.assertIn("not allowed", self.refusal(url, expected), url)

    def test_one_bad_address(self):
        """A host with one address that is not public is refused whole."""
        self.assertIn("both.test (127.0.0.1)", self.refusal("http://both.test/"))

    def test_unknown(self):
        """A host without addresses is not found."""
        self.assertEqual(self.refusal("http://none.test/"), "host none.test not found")

    def test_named(self):
        """A host that the permission spells out may be private or the server itself."""
        self.addresses("http://inner.test/a", "http://inner.test/a")
        self.addresses("http://localhost:8080/a", "regex:http://localhost:8080/.*")
        self.addresses("http://10.1.2.3/", r"regex:http://10\.1\.2\.3/.*")
        self.refusal("http://inner.test/", r"regex:http://(.*\.)?inner\.test/.*")

    def test_metadata(self):
        """Only an address that is spelled out itself leads to a metadata service."""
        self.refusal("http://metadata.test/", "http://metadata.test/")
        for host in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "::ffff:168.63.129.16"):
            DNS["cloud.test"] = [host]
            self.addCleanup(DNS.pop, "cloud.test", None)
            told = self.refusal("http://cloud.test/", "http://cloud.test/")
            self.assertIn("a metadata address", told)
        self.addresses("http://169.254.169.254/a", "http://169.254.169.254/a")

    def test_config(self):
        """What the server's config lists is open to every app."""
        self.addresses("http://inner.test/", allowed=["Inner.Test"])
        self.addresses("http://inner.test/", allowed=["10.0.0.0/8"])
        self.addresses("http://10.1.2.3/", allowed=["10.1.2.3"])
        self.refusal("http://10.1.2.4/", allowed=["10.1.2.3"])
        self.addresses("http://metadata.test/", allowed=["169.254.169.254"])

    def test_bad_config(self):
        """What looks like a network and is none stops the start; it may be a secret."""
        for text in ("10.0.0.0/33", "10.0.0.1/8", "a/b"):
            with self.assertRaises(ConfigError) as caught:
                AddressGuard.allowing(self.resolve, ["a.test", text])
            self.assertEqual(caught.exception.message, "http.in: allow_hosts 2 is no network")


class NamedHostsTests(SynchronousTestCase):
    def named(self, expected):
        return named_hosts(grants(expected)) - {""}

    def test_literal(self):
        """A literal URL names its host."""
        self.assertEqual(self.named("https://API.test:8443/a"), {"api.test"})
        self.assertEqual(self.named("http://[::1]/"), {"::1"})
        self.assertEqual(self.named("no url"), set())

    def test_pattern(self):
        """A pattern names the host that it spells out to its end."""
        for pattern, host in (
            (r"regex:https://api\.test/.*", "api.test"),
            (r"regex:^https?://api.test:\d+/.*", "api.test"),
            (r"regex:http://api\.test", "api.test"),
            (r"regex:http://my\-api\.test(:\d+)?/.*", "my-api.test"),
            (r"regex:http://\[::1\]/.*", "::1"),
        ):
            self.assertEqual(self.named(pattern), {host}, pattern)

    def test_open_pattern(self):
        """A pattern that leaves part of the host open names none."""
        for pattern in (
            "regex:.*",
            "regex:https://.*",
            r"regex:https://api\..*",
            r"regex:https://api\.test.*",
            r"regex:https://10\.0\.\d+\.1/",
            "regex:https://[ab].test/",
            "regex:https://a+/",
            "regex:https://a.test?/",
            "regex:https://a|http://b",
            "regex:http.*://localhost/",
        ):
            self.assertEqual(self.named(pattern), set(), pattern)
