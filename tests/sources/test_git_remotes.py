"""Fetches from servers that are real, and from some that are hung, slow, dying or lying."""

import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from clace.errors import SourceError
from clace.interfaces import SourceRevision
from clace.sources.git import GitOptions, GitSource
from clace.sources.git_auth import GitLogin
from clace.sources.git_tools import GitSurroundings
from tests.support.git_servers import GitHTTP, SSHServer, dribbling, tampering
from tests.support.programs import starter
from tests.support.repositories import Repository
from tests.support.source_contract import FILES, contents_of
from tests.support.threads import at_once

LARGE = {f"d{number}/f": os.urandom(30_000) for number in range(20)}


class RemoteTests(TestCase):
    def setUp(self):
        self.root = Path(self.mktemp()).absolute()
        self.repository = Repository(self.root / "team" / "apps.git")
        self.commit = self.repository.commit(FILES)
        self.starter = starter(self)

    def source(self, *auths, **options):
        options = GitOptions(auths=auths, **options)
        return GitSource(reactor, self.starter, at_once, self.root / "git", options)

    def fetching(self, source, url, **wanted):
        return Deferred.fromCoroutine(source.fetch(SourceRevision(source_url=url, **wanted)))

    async def assert_fetches(self, source, url, files=FILES, **wanted):
        fetched = await self.fetching(source, url, **wanted)
        self.assertEqual(await contents_of(fetched.files), files)

    async def refused(self, fetching):
        try:
            await fetching
        except SourceError as error:
            return error.message
        raise AssertionError("it was not refused")


class SSHTests(RemoteTests):
    """A real ``sshd``."""

    def setUp(self):
        super().setUp()
        self.server = SSHServer(self, self.root / "ssh")
        self.url = self.server.url(self.repository.path)

    def login(self, **fields):
        return GitLogin(name="deploy", known_hosts=self.server.known(), **fields)

    async def test_a_file_of_a_key(self):
        """The key of an entry signs in; the second fetch is quick, and a commit is found."""
        source = self.source(self.login(key_file_path=str(self.server.key)))
        wanted = {"git_auth": "deploy"}
        await self.assert_fetches(source, self.url, **wanted)
        self.repository.commit(LARGE)
        await self.assert_fetches(source, self.url, LARGE, **wanted)
        await self.assert_fetches(source, self.url, FILES, commit=self.commit[:8], **wanted)

    async def test_a_key_with_a_passphrase_in_the_configuration(self):
        """A key that is not in a file but a secret, locked by another."""
        key = self.server.made_key("locked", "open sesame")
        (self.server.folder / "authorized").write_text(key.with_suffix(".pub").read_text())
        login = self.login(private_key=key.read_text(), password="open sesame")
        await self.assert_fetches(self.source(login), self.url, git_auth="deploy")

    async def test_an_agent(self):
        """A key that only an agent has."""
        login = self.login(agent_socket=self.server.agent(self))
        await self.assert_fetches(self.source(login), self.url, git_auth="deploy")

    async def test_another_key(self):
        """A key that the server does not know is refused, with the option to look at."""
        other = self.login(key_file_path=str(self.server.made_key("other")))
        message = await self.refused(self.fetching(self.source(other), self.url, git_auth="deploy"))
        self.assertIn("Permission denied (publickey)", message)
        self.assertIn("(see --git-auth)", message)

    async def test_a_server_that_is_not_known(self):
        """A host key that nobody vouched for is refused, and nothing is remembered of it."""
        known = self.server.folder / "none"
        known.touch()
        login = GitLogin(name="deploy", key_file_path=str(self.server.key), known_hosts=str(known))
        for _ in range(2):
            message = await self.refused(
                self.fetching(self.source(login), self.url, git_auth="deploy")
            )
            self.assertIn("host key is known for [127.0.0.1]:", message)
            scan = f"ssh-keyscan -p {self.server.port} 127.0.0.1 >> {known};"
            self.assertIn(scan, message)
        self.assertEqual(known.read_text(), "")

    async def test_a_server_with_another_host_key(self):
        """A host key that is not the one of before is refused, and what to do is told."""
        login = self.login(key_file_path=str(self.server.key))
        self.server.renew()
        message = await self.refused(self.fetching(self.source(login), self.url, git_auth="deploy"))
        self.assertIn("has changed", message)
        self.assertIn("somebody may be in between", message)
        self.assertIn("ssh-keygen -f ", message)


class HTTPTests(RemoteTests):
    """A real git behind HTTP, and what may be in between."""

    def setUp(self):
        super().setUp()
        # A path without a work tree is what such a server has.
        bare = self.root / "served" / "group" / "sub" / "apps.git"
        bare.parent.mkdir(parents=True)
        self.repository.git("clone", "--quiet", "--bare", ".", str(bare))
        self.repository.git("remote", "add", "origin", str(bare))
        self.http = GitHTTP(self, self.root / "served")
        self.path = "/group/sub/apps.git"

    async def test_a_token_for_a_repository_in_a_subgroup(self):
        """A token opens it; its end is told by .git or two slashes, else how to tell it."""
        self.http.login = "oauth2:t0ken"
        url = f"{self.http.url}{self.path}"
        right = GitLogin(name="right", user_id="oauth2", password="t0ken")
        wrong = GitLogin(name="wrong", user_id="oauth2", password="other")
        source = self.source(right, wrong)
        await self.assert_fetches(source, url, git_auth="right")
        deep = {"deep/a.bin": FILES["static/deep/a.bin"]}
        for mark in ("/static", "//static"):
            await self.assert_fetches(source, f"{url}{mark}", deep, git_auth="right")
        for login in ("wrong", ""):
            message = await self.refused(self.fetching(source, url, git_auth=login))
            self.assertIn("(see --git-auth)", message)
        unmarked = f"{self.http.url}/group/sub/apps"
        message = await self.refused(self.fetching(source, unmarked, git_auth="right"))
        self.assertIn("if the repository is in a subgroup, end its path with .git or //", message)

    async def test_a_connection_that_dies_half_way(self):
        """A fetch that is cut off is refused, keeps nothing, and the next one goes well."""
        self.repository.commit(LARGE)
        self.repository.git("push", "--quiet", "origin", "HEAD:main")
        for most in (0, 300, 50_000, 400_000):
            left = [most]

            def cut(data, left=left):
                passed = data[: left[0]]
                left[0] -= len(passed)
                return passed

            port = self.http.port.getHost().port
            url = tampering(self, port, cut) + self.path
            source = self.source(seconds=20)
            message = await self.refused(self.fetching(source, url))
            self.assertIn("cannot fetch", message)
            left[0] = 10**9
            await self.assert_fetches(source, url, LARGE)

    async def test_a_server_that_lies(self):
        """Bytes that are not those of the commit are never taken for it."""
        self.repository.commit(LARGE)
        self.repository.git("push", "--quiet", "origin", "HEAD:main")
        lying = [True]

        def lie(data):
            return data.replace(b"\x42", b"\x43") if lying and len(data) > 5_000 else data

        url = tampering(self, self.http.port.getHost().port, lie) + self.path
        source = self.source(seconds=20)
        await self.refused(self.fetching(source, url))
        lying.clear()
        await self.assert_fetches(source, url, LARGE)
        other = {**LARGE, "d1/f": os.urandom(30_000), "d2/f": os.urandom(30_000)}
        self.repository.commit(other)
        self.repository.git("push", "--quiet", "origin", "HEAD:main")
        lying.append(True)
        await self.refused(self.fetching(source, url))
        await self.assert_fetches(source, self.http.url + self.path, other)
        lying.clear()
        await self.assert_fetches(source, url, other)

    def server(self, where):
        """A git host that sends git elsewhere, as ``where`` says of what was asked."""
        server = GitHTTP(self, self.root / "served")
        server.moved = where
        return server

    async def test_another_path(self):
        """A host that has the repository under another path, as after it was renamed, is followed,
        with the login.
        """
        server = self.server(
            lambda uri: uri.replace("/old/", "/group/") if "/old/" in uri else None
        )
        server.login = "git:t0ken"
        login = GitLogin(name="right", password="t0ken")
        source = self.source(login)
        url = f"{server.url}/old/sub/apps.git"
        await self.assert_fetches(source, url, git_auth="right")
        await self.assert_fetches(source, url, git_auth="right", commit=self.commit)
        head = await source.head(SourceRevision(source_url=url, git_auth="right"))
        self.assertEqual(head, self.commit)

    async def test_another_host(self):
        """A host that sends git to another one, such as a service of this machine, is refused."""
        asked = self.http.asked
        inside = self.http.url
        for where in (
            lambda uri: inside + uri,
            lambda uri: f"{inside.replace('127.0.0.1', '127.1')}{uri}",
            lambda uri: f"{inside.replace('127.0.0.1', '[::1]')}{uri}",
            lambda _uri: f"{inside}/secret?x",
            lambda _uri: f"//user:pass@{inside.removeprefix('http://')}/secret",
            lambda _uri: "file:///etc/passwd",
            lambda _uri: "gopher://127.0.0.1/x",
            lambda _uri: "http://[::1/x",
        ):
            server = self.server(where)
            for fetching in (self.fetching, self.head_of):
                message = await self.refused(fetching(self.source(), server.url + self.path))
                self.assertIn("its host sends git to", message)
                self.assertIn("if you mean that, name it as the source", message)
                self.assertNotIn("pass@", message)
        self.assertEqual(asked, [])

    async def test_another_host_that_is_meant(self):
        """An operator can let a host send git elsewhere, in the configuration of git."""
        server = self.server(lambda uri: self.http.url + uri)
        file = self.root / "gitconfig"
        file.write_text(f'[http "{server.url}"]\n\tfollowRedirects = initial\n')
        source = self.source(around=GitSurroundings(config=file))
        await self.assert_fetches(source, server.url + self.path)
        file.write_text("[http]\n\tfollowRedirects = true\n")
        await self.refused(self.fetching(source, server.url + self.path))

    def head_of(self, source, url):
        return Deferred.fromCoroutine(source.head(SourceRevision(source_url=url)))

    async def test_other_endings(self):
        """No more is followed than hosts need, and nothing but a repository."""
        server = self.server(lambda _uri: "/group/sub/apps.git")
        message = await self.refused(self.fetching(self.source(), server.url + self.path))
        self.assertIn("its host sends git to", message)
        server = self.server(lambda uri: uri.replace("/apps", "/more/apps"))
        message = await self.refused(self.fetching(self.source(), server.url + self.path))
        self.assertIn("returned error: 301", message)
        self.assertLess(len(server.asked), 10)

    async def test_only_at_first(self):
        """Nor is git sent anywhere with what it posts."""
        other = self.server(lambda _uri: None)
        server = self.server(lambda uri: other.url + uri if "refs" not in uri else None)
        message = await self.refused(self.fetching(self.source(), server.url + self.path))
        self.assertIn("cannot fetch", message)
        self.assertEqual(other.asked, [])


class HungTests(RemoteTests):
    """Servers that accept, and never come to an end."""

    async def assert_ends(self, url):
        source = self.source(seconds=4, at_once=2)
        began = reactor.seconds()
        hung = [self.fetching(source, f"{url}/o/r") for _ in range(6)]
        heads = Deferred.fromCoroutine(source.head(SourceRevision(source_url=f"{url}/o/r")))
        await self.assert_fetches(source, self.repository.url)
        self.assertFalse(any(each.called for each in hung))
        for each in (*hung, heads):
            message = await self.refused(each)
            self.assertTrue("within" in message or "took all the time" in message, message)
        self.assertLess(reactor.seconds() - began, 30)
        # All turns are free again.
        await self.assert_fetches(source, self.repository.url)
        self.assertEqual(list((self.root / "git" / "work").iterdir()), [])

    async def test_a_server_that_never_answers(self):
        """Six fetches from it end at their deadline, and those from elsewhere go on meanwhile."""
        await self.assert_ends(dribbling(self))

    async def test_a_server_that_answers_slowly(self):
        """A server that sends a little now and then holds up nobody for longer."""
        await self.assert_ends(dribbling(self, b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n"))

    async def test_over_ssh(self):
        """A server that never says that it speaks SSH is left at the deadline."""
        port = dribbling(self).rpartition(":")[2]
        login = GitLogin(name="a", private_key=SSHServer(self, self.root / "s").key.read_text())
        source = self.source(login, seconds=4)
        url = f"ssh://git@127.0.0.1:{port}/o/r"
        message = await self.refused(self.fetching(source, url, git_auth="a"))
        self.assertIn("within", message)
