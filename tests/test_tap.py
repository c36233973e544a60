"""Tests for ``clace.tap``."""

import io
import os
from pathlib import Path
from socket import gethostname

import bcrypt
from msgspec.structs import replace
from twisted.application.service import IServiceMaker
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from clace.composition.server import Composition
from clace.config import Location, load
from clace.errors import ConfigError
from clace.interfaces import SecretEntry
from clace.model.app import App, AppSettings
from clace.model.identity import NOBODY, Assurance, Identity
from clace.model.paths import AppPath
from clace.tap import Options, makeService
from clace.testing.runtime import MemoryHosts

HASH = bcrypt.hashpw(b"first", bcrypt.gensalt(4)).decode()
SECOND = bcrypt.hashpw(b"second", bcrypt.gensalt(4)).decode()


class OptionsTests(SynchronousTestCase):
    def test_settings(self):
        """A setting is a key and a value; what is no setting is refused with its text."""
        options = Options()
        options.parseOptions(["--config", "/x", "--set", "http.port=0", "--set", "admin_user=a=b"])
        self.assertEqual(options["config"], "/x")
        self.assertEqual(options.flags, {"http.port": "0", "admin_user": "a=b"})
        error = self.assertRaises(UsageError, Options().parseOptions, ["--set", "port"])
        self.assertIn("port", str(error))

    def test_plugin(self):
        """``twistd`` knows the service by its name."""
        names = [plugin.tapname for plugin in getPlugins(IServiceMaker)]
        self.assertIn("clace", names)


class RefusalTests(SynchronousTestCase):
    def test_bad_configuration_is_one_line(self):
        """A key that does not exist ends the start with file and key, and no traceback."""
        umask = os.umask(0o077)
        self.addCleanup(os.umask, umask)
        file = Path(self.mktemp())
        file.write_text("[http]\nprot = 1\n")
        options = Options()
        options.parseOptions(["--config", str(file)])
        ended = self.assertRaises(SystemExit, makeService, options)
        self.assertIn("error: ", ended.code)
        self.assertIn("prot", ended.code)
        self.assertIn("port", ended.code)

    def test_interrupted(self):
        """Ctrl-C during the start ends it with a line, and no traceback."""

        class Interrupted(Options):
            def __getitem__(self, _key):
                raise KeyboardInterrupt

        umask = os.umask(0o077)
        self.addCleanup(os.umask, umask)
        ended = self.assertRaises(SystemExit, makeService, Interrupted())
        self.assertEqual(ended.code, "error: interrupted before the server was ready")


class OpenRequest:
    """A request that is its own channel; ``cut`` has the names of those that were cut."""

    def __init__(self, name, cut):
        self.channel, self._name, self._cut = self, name, cut

    def abort(self):
        self._cut.append(self._name)


class CompositionTests(SynchronousTestCase):
    def compose(self, text=""):
        """A server in memory; the files of its home are real."""
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir(mode=0o700)
        self.file = self.home / "clace.toml"
        self.base = 'server_uri = "http://localhost:1"\n[https]\nport = -1\n'
        self.write(self.base + text)
        self.reactor = MemoryReactorClock()
        self.cut = []
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        read = lambda: load(Location(self.home, self.file), {})  # noqa: E731
        return self.composed(read, self.reactor)

    def composed(self, read, reactor):
        """The server of this configuration."""
        hosts = MemoryHosts(reactor)
        composition = Composition(read(), read, reactor, hosts, self.stdout, self.stderr)
        self.users_read = []

        async def read_users(static):
            """Its threads do not run here, and would have the rows."""
            told = {name: (user.password, user.groups) for name, user in static.items()}
            self.users_read.append(told)

        composition.data.people.users.read_again = read_users
        return composition

    def properties(self, text):
        file = Path(self.mktemp()).absolute()
        file.write_text(text)
        return file

    def write(self, text):
        self.file.write_text(text)
        self.file.chmod(0o600)

    def test_tells_a_generated_password_once_it_listens(self):
        """Without a configured hash there is a password for this run, on standard output."""
        composition = self.compose()
        self.assertEqual(self.stdout.getvalue(), "")
        composition.parts()
        user, password = self.stdout.getvalue().splitlines()
        self.assertEqual(user, "Admin user    : admin")
        self.assertEqual(len(password.removeprefix("Admin password: ")), 16)

    def test_says_where_it_listens(self):
        """The line for operators and their scripts."""
        self.compose(f'[security]\nadmin_password_bcrypt = "{HASH}"').parts()
        self.assertIn("Server listening on http://", self.stderr.getvalue())
        self.assertEqual(self.stdout.getvalue(), "")

    def test_what_listens_stops_first(self):
        """Whatever answers requests ends before what it needs, and the log last."""
        composition = self.compose()
        parts = list(composition.parts())
        self.assertIs(parts[0], composition.logs)
        for earlier, later in [
            (composition.data.store, composition.apps.runtime),
            (composition.data.audit, composition.apps.runtime),
            (composition.apps.runtime, composition.edge.listeners),
        ]:
            self.assertLess(parts.index(earlier), parts.index(later))

    def test_reads_a_changed_password(self):
        """After SIGHUP the new password counts; a file that cannot be used changes nothing."""
        composition = self.compose(f'[security]\nadmin_password_bcrypt = "{HASH}"')
        replaced = []
        composition.data.account.replace = lambda *account: replaced.append(account)
        self.write(f'[security]\nadmin_password_bcrypt = "{SECOND}"')
        composition.read_again()
        self.write("nonsense")
        composition.read_again()
        self.assertEqual(replaced, [("admin", SECOND)])

    def test_reads_changed_users(self):
        """After SIGHUP the users of the configuration are those that it has now."""
        section = f'[builtin_auth.ann]\npassword = "{HASH}"\n'
        composition = self.compose(section)
        self.assertEqual(composition.data.people.users.find("ann").password, HASH)
        self.write(f'[builtin_auth.bob]\npassword = "{SECOND}"\ngroups = ["a"]\n')
        composition.read_again()
        self.assertEqual(self.users_read, [{"bob": (SECOND, ("a",))}])

    def test_one_gate_of_sign_ins(self):
        """Passwords of both kinds, second factors and tokens are counted at one gate, whose locks
        an operator sees.
        """
        data = self.compose().data
        for one in (data.account, data.people.accounts, data.people.factors, data.tokens):
            self.assertIs(one._sign_ins, data.sign_ins, one)

    def test_cuts_what_a_user_has_open(self):
        """When a user changes or goes, what they have open is cut, by a password alone too; what
        others have open goes on.
        """
        composition = self.compose()
        admitted = composition.identities.open_requests
        app = App(id="app_prd_1", path="/a")
        for name in ("ann", "bob"):
            identity = Identity(user_id=f"builtin:{name}", assurance=Assurance.PASSWORD)
            admitted.enter(OpenRequest(name, self.cut), identity, app)
        for told in (composition.data.people.users, composition.data.people.factors):
            told.changed("builtin:eve")
        self.assertEqual(self.cut, [])
        composition.data.people.users.changed("builtin:ann")
        self.assertEqual(self.cut, ["ann"])
        composition.data.people.factors.changed("builtin:bob")
        self.assertEqual(self.cut, ["ann", "bob"])

    def test_cuts_what_nobody_has_open(self):
        """When an app comes to ask who its visitors are, or the grant to all of them ends, what
        visitors have open who are nobody in particular is cut.
        """
        composition = self.compose()
        admitted = composition.identities.open_requests
        opened = App(id="app_prd_1", path="/a", settings=AppSettings(authn_type="none"))
        closed = replace(opened, settings=AppSettings(authn_type="system"))
        admitted.enter(OpenRequest("first", self.cut), NOBODY, opened)
        composition.identities.apps_changed([opened])
        self.assertEqual(self.cut, [])
        composition.identities.apps_changed([closed])
        self.assertEqual(self.cut, ["first"])
        admitted.enter(OpenRequest("second", self.cut), NOBODY, opened)
        roles = f"{self.base}[rbac]\nenabled = true\n"
        grant = '[[rbac.grants]]\nusers = ["anonymous"]\nroles = ["clace-user"]\ntargets = ["/a"]\n'
        self.write(roles + grant)
        composition.read_again()
        self.assertEqual(self.cut, ["first"])
        self.write(roles)
        composition.read_again()
        self.assertEqual(self.cut, ["first", "second"])

    def test_never_keeps_a_removed_password_in_silence(self):
        """A hash that is gone after SIGHUP is refused with the reason, on stderr and in the log."""
        composition = self.compose(f'[security]\nadmin_password_bcrypt = "{HASH}"')
        replaced = []
        composition.data.account.replace = lambda *account: replaced.append(account)
        self.write(self.base)
        with capturedLogs() as logs:
            composition.read_again()
        self.assertEqual(replaced, [])
        reason = "security.admin_password_bcrypt is empty, which is refused"
        self.assertIn(f"warning: {reason}", self.stderr.getvalue())
        self.assertTrue(logs[0]["text"].startswith(reason))

    def test_a_random_password_stays(self):
        """The password made for this run stays over SIGHUP, for another name too, or is replaced
        by one that is configured.
        """
        composition = self.compose()
        generated = composition.data.generated_hash
        replaced = []
        composition.data.account.replace = lambda *account: replaced.append(account)
        for text in ("", 'admin_user = "boss"\n', 'admin_user = ""\n'):
            self.write(text + self.base)
            composition.read_again()
        self.write(f'{self.base}[security]\nadmin_password_bcrypt = "{HASH}"')
        composition.read_again()
        self.assertEqual([hashed for _, hashed in replaced], [*[generated] * 3, HASH])
        self.assertEqual([user for user, _ in replaced], ["admin", "boss", "", "admin"])

    def test_reads_changed_roles(self):
        """After SIGHUP changed roles and grants decide; a file that would lock out every
        administrator, or cannot be used, leaves them as they were.
        """
        composition = self.compose()
        ann = Identity(user_id="github:ann", assurance=Assurance.SSO)
        grant = (
            '[[rbac.grants]]\nusers = ["github:ann"]\nroles = ["clace-user"]\ntargets = ["all"]\n'
        )
        may = composition.data.authorisation.decide
        self.assertFalse(may(ann, "app:read", "/x").is_allowed)
        self.write(f"{self.base}[rbac]\nenabled = true\n{grant}")
        composition.read_again()
        self.assertTrue(may(ann, "app:read", "/x").is_allowed)
        self.assertNotIn("before the next start", self.stderr.getvalue())
        for text in (
            f'admin_user = ""\n{self.base}[rbac]\nenabled = true\n',
            f'{self.base}[rbac]\nenabled = true\n[rbac.roles]\nr = ["nonsense"]\n',
        ):
            self.write(text)
            composition.read_again()
            self.assertTrue(may(ann, "app:read", "/x").is_allowed)
        self.assertIn("this would leave nobody an administrator", self.stderr.getvalue())
        self.write(f"{self.base}[rbac]\nenabled = true\n")
        composition.read_again()
        self.assertFalse(may(ann, "app:read", "/x").is_allowed)

    def test_says_what_sighup_does_not_change(self):
        """Other keys that were changed hold from the next start on; they are named."""
        composition = self.compose(f'[security]\nadmin_password_bcrypt = "{HASH}"')
        self.write(
            f'{self.base}[http]\nport = 4\n[logging]\nlevel = "DEBUG"\n'
            f'[security]\nadmin_password_bcrypt = "{SECOND}"'
        )
        composition.read_again()
        self.assertIn(
            "warning: Changed, but not before the next start: http.port, logging.level\n",
            self.stderr.getvalue(),
        )

    def test_urls(self):
        """Where a new app can be opened is told with the port that was picked."""
        composition = self.compose()
        composition.parts()
        http, https = composition.edge.urls(AppPath("/a", "tools.example.com"))
        self.assertTrue(http.startswith("http://tools.example.com:"))
        self.assertTrue(http.endswith("/a"))
        self.assertEqual(https, "")

    def test_browsers_are_sent_to_our_names_only(self):
        """A redirect to HTTPS goes to a name of this server, whatever the Host says."""
        edge = self.compose('[system]\ndefault_domain = "apps.example.com"\n').edge
        for name in ("apps.example.com", "localhost", "192.0.2.7", gethostname().lower()):
            self.assertTrue(edge.is_ours(name), name)
        self.assertFalse(edge.is_ours("evil.example"))
        edge = self.compose("[system]\nfallback_unknown_domains = true\n").edge
        self.assertTrue(edge.is_ours("anything.example"))

    def test_browsers_are_sent_to_where_apps_are(self):
        """The port of HTTPS is that of the listener for apps, not that of another."""
        folder = Path(self.mktemp()).absolute()
        composition = self.compose(
            f"[security]\nadmin_over_tcp = true\nadmin_password_bcrypt = '{HASH}'\n"
            f"[[listen]]\nendpoint = 'clace-tls:{folder}:tcp:7001'\nserve = 'admin'\n"
            f"[[listen]]\nendpoint = 'clace-tls:{folder}:tcp:7002'\n"
        )
        composition.parts()
        self.assertEqual(composition.edge.https_port(), 7002)

    def test_secrets_of_the_configuration(self):
        """Databases and values for apps may be secrets; one that is missing stops the start."""
        secrets = self.properties("db = sqlite:a.db\nwho = jo\n")
        text = (
            f"[secret.prop]\nfile_name = '{secrets}'\n"
            '[metadata]\ndb_connection = \'{{secret_from "prop" "db"}}\'\n'
        )
        composition = self.compose(text)
        self.assertTrue((self.home / "a.db").exists())
        self.assertEqual(composition.data.config.metadata.db_connection, f"sqlite:{self.home}/a.db")
        secrets.write_text("who = jo")
        error = self.assertRaises(ConfigError, self.compose, text)
        self.assertIn("[metadata] db_connection: secret db of provider prop", error.message)

    def test_databases_of_accounts(self):
        """Accounts of the store have databases of their own if they say so, else that of all."""
        composition = self.compose(
            '[plugin."store.in#more"]\nmax_mb_per_app = 2048\n'
            '[plugin."store.in#own"]\ndb_connection = "sqlite:$CL_HOME/own.db"\n'
        )
        self.assertEqual(len(list(composition.plugins.documents)), 2)

    def test_stored_secrets_with_a_wrong_key(self):
        """The server starts, and says on standard error that what is stored cannot be had."""
        composition = self.compose()
        stored = SecretEntry(name="a", value=b"1")
        composition.data.stored_secrets._put(stored, replace=False)
        composition.data.secret_rows.close()
        key = self.home / "config" / "secret.key"
        key.write_text("key1:" + "A" * 43 + "=")
        again = self.composed(composition._read, MemoryReactorClock())
        self.assertIn("warning: secret provider db is disabled", self.stderr.getvalue())
        self.assertEqual(again.data.stored_secrets.name, "db")

    def test_forks_without_connections(self):
        """What was looked up in the database before a fork leaves nothing open."""
        composition = self.compose()
        for engine in (
            composition.data.secret_rows._reading,
            composition.data.secret_rows._writing,
        ):
            self.assertEqual(engine.pool.checkedin() + engine.pool.checkedout(), 0)
