"""Management over TCP: off until it is wanted, and then for the administrator alone."""

import json
import re

from tests.support.daemon import EXAMPLES, LOGIN, PASSWORD
from tests.system.cases import DaemonTestCase, SharedDaemonTestCase

APPS = "/_clace/apps"
STOP = "/_clace/stop"


class OffTests(SharedDaemonTestCase):
    def test_off(self):
        """Without security.admin_over_tcp there is no management, whoever asks."""
        for scheme in ("http", "https"):
            for path in (APPS, "/_clace/app?appPath=/x", "/_clace/openapi.json"):
                self.assertEqual(self.daemon.get(path, scheme=scheme).status, 404)
            self.assertEqual(self.daemon.ask("POST", STOP, scheme=scheme).status, 404)

    def test_off_for_the_command(self):
        """The command line is told so, and by whom."""
        uri = f"http://127.0.0.1:{self.daemon.ports['http']}"
        said = self.daemon.refused("app", "list", "--server-uri", uri, "--admin-password", PASSWORD)
        self.assertTrue(said.startswith("error: "), said)
        self.assertNotIn("Traceback", said)


class OnTests(SharedDaemonTestCase):
    config = "[security]\nadmin_over_tcp = true\n"

    def setUp(self):
        super().setUp()
        self.uri = f"https://localhost:{self.daemon.ports['https']}"

    def test_password(self):
        """None or a wrong one is refused in the same way, the right one is let in."""
        for scheme in ("http", "https"):
            refusals = [
                self.daemon.get(APPS, scheme=scheme, login=login)
                for login in (None, ("nobody", PASSWORD), ("admin", ""))
            ]
            for answer in refusals:
                self.assertEqual(answer.status, 401)
                self.assertNotIn("basic", answer.headers["WWW-Authenticate"].lower())
                self.assertNotIn("apps", answer.body)
            self.assertEqual(self.daemon.get(APPS, scheme=scheme).status, 200)

    def test_foreign_host(self):
        """A name that is not this server's, as a rebound DNS name would be, is refused."""
        for host in ("evil.example", "localhost.evil.example", "evil.example:25222"):
            answer = self.daemon.get(APPS, headers={"Host": host})
            self.assertEqual(answer.status, 403)
            self.assertNotIn('"apps"', answer.body)

    def test_browsers(self):
        """What a page makes a browser send is refused, an app's own page and password or not."""
        own = f"http://127.0.0.1:{self.daemon.ports['http']}"
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": own, "Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            answer = self.daemon.ask("POST", STOP, headers=headers)
            self.assertEqual(answer.status, 403, headers)
        promote = "/_clace/promote?appPathGlob=*:/nothing*"
        for headers in ({"Origin": own}, {"Sec-Fetch-Site": "same-origin"}, {"Cookie": "a=b"}):
            answer = self.daemon.ask("POST", promote, headers=headers)
            self.assertEqual(answer.status, 403, answer.body)
            self.assertEqual(self.daemon.get(APPS, headers=headers).status, 403)
        self.assertEqual(self.daemon.ask("POST", promote).status, 200)

    def test_browsers_over_the_socket(self):
        """The socket asks for no password, and is no way for a page either."""
        answer = self.daemon.admin("POST", STOP, headers={"Origin": "null"})
        self.assertEqual(answer.status, 403)
        self.assertEqual(self.daemon.admin("GET", APPS).status, 200)

    def test_verified(self):
        """The command line trusts the generated certificate when it is told to."""
        trusting = {"CL_CA_FILE": str(self.daemon.certificate)}
        done = self.daemon.cli("app", "list", *self.remote(), env=trusting)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("Name "))

    def test_not_verified(self):
        """Else it says which check failed, where roots are named, and how it is left out."""
        said = self.daemon.refused("app", "list", *self.remote())
        self.assertEqual(
            said,
            f"error: cannot reach {self.uri}: the server's certificate is refused: it is"
            " self-signed and not among the trusted roots; name what to trust in CL_CA_FILE or"
            " client.ca_file (--skip_cert_check does not look at it)\n",
        )

    def test_wrong_name(self):
        """A trusted certificate for another name is refused for that."""
        uri = f"https://127.0.0.2:{self.daemon.ports['https']}"
        said = self.daemon.refused(
            "app", "list", *self.remote(uri), env={"CL_CA_FILE": str(self.daemon.certificate)}
        )
        self.assertIn("it is for another host than 127.0.0.2", said)
        self.assertIn("--skip_cert_check", said)

    def test_skipped(self):
        """Unverified only with a warning; everything can be done then."""
        skip = (*self.remote(), "--skip_cert_check=true")
        warning = "warning: the server's certificate is not verified (--skip_cert_check)\n"
        hello = str(EXAMPLES / "hello")
        done = self.daemon.cli("app", "create", *skip, hello, "/remote")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, rf"^{re.escape(warning)}Sent 4 file\(s\), [\d.]+ KB\n$")
        self.assertIn("App created. No approval required\n", done.stdout)
        done = self.daemon.cli("app", "delete", "--yes", *skip, "/remote")
        self.assertEqual((done.returncode, done.stderr), (0, warning))
        self.assertTrue(done.stdout.endswith("1 app(s) deleted.\n"))

    def remote(self, uri=None):
        return ("--server_uri", uri or self.uri, "--admin_user=admin", "-w", PASSWORD)


class LockoutTests(DaemonTestCase):
    def test_lockout(self):
        """Five wrong passwords lock the account out over TCP, and never on the socket."""
        daemon = self.make_daemon("[security]\nadmin_over_tcp = true\n").start()
        wrong = ("admin", "a guess")
        for _ in range(5):
            self.assertEqual(daemon.get(APPS, login=wrong).status, 401)
        for login in (wrong, ("admin", PASSWORD)):
            for scheme in ("http", "https"):
                answer = daemon.get(APPS, login=login, scheme=scheme)
                self.assertEqual(answer.status, 429, (login, scheme))
                self.assertIn(int(answer.headers["Retry-After"]), range(800, 901))
        # Another user is another pair.
        self.assertEqual(daemon.get(APPS, login=("eve", "a guess")).status, 401)

        uri = f"http://127.0.0.1:{daemon.ports['http']}"
        said = daemon.refused("app", "list", "--server-uri", uri, "-w", PASSWORD)
        self.assertEqual(said, "error: too many failed sign-ins; try again in 15 minutes\n")
        self.assertTrue(daemon.must("app", "list").startswith("Name "))

        listed = daemon.must("lockout", "list").splitlines()
        self.assertEqual(listed[1].split()[:3], ["127.0.0.1", "admin", "5"])
        self.assertEqual(daemon.must("lockout", "clear", "--user=admin"), "1 lockout(s) cleared.\n")
        self.assertEqual(daemon.get(APPS).status, 200)
        log = (daemon.home / "logs" / "clace.json").read_text()
        self.assertIn("Sign-in of admin from 127.0.0.1 is locked for a while", log)
        self.assertNotIn("a guess", log)

    def test_sighup(self):
        """A changed hash holds after SIGHUP: the old password is nobody's, the new one good."""
        config = "[security]\nadmin_over_tcp = true\n"
        daemon = self.make_daemon(config).start()
        self.assertEqual(daemon.get(APPS).status, 200)
        daemon.write_config(config, password="another one")
        daemon.process.send_signal(1)
        self.wait_until("the old one is refused", lambda: daemon.get(APPS).status == 401)
        self.assertEqual(daemon.get(APPS, login=("admin", "another one")).status, 200)

        # A hash that is gone is refused in so many words, and so is what needs a new start.
        daemon.hashed = False
        daemon.write_config(config + '[logging]\nlevel = "DEBUG"\n')
        daemon.process.send_signal(1)
        self.wait_until(
            "it is told",
            lambda: "not before the next start: logging.level" in daemon.stderr.read_text(),
        )
        self.assertIn("admin_password_bcrypt is empty, which is refused", daemon.said())
        self.assertEqual(daemon.get(APPS, login=("admin", "another one")).status, 200)

        # A file that cannot be used changes nothing.
        daemon.config.write_text("[security]\nadmin_pasword_bcrypt = 1\n")
        daemon.process.send_signal(1)
        log = daemon.home / "logs" / "clace.json"
        self.wait_until("it was read", lambda: "cannot be used" in log.read_text())
        self.assertEqual(daemon.get(APPS, login=("admin", "another one")).status, 200)


class ListenerOfItsOwnTests(DaemonTestCase):
    def test_password(self):
        """A listener declared for the admin API asks for the password, like any over TCP."""
        daemon = self.make_daemon(
            "[security]\nadmin_over_tcp = true\n"
            '[[listen]]\nendpoint = "tcp:0:interface=127.0.0.1"\nserve = "admin"\n'
            "[http]\nport = -1\n[https]\nport = -1\n"
        ).start()
        folder = self.source({"app.star": 'app = ace.app("x", routes = [ace.api("/")])\n'})
        body = json.dumps({"path": "/x", "source_url": str(folder)}).encode()
        create = "/_clace/app?approve=true"
        for headers in (
            {"Host": "rebind.evil", "Origin": "http://evil.example", "Content-Type": "text/plain"},
            {"Host": "rebind.evil"},
            {"Origin": "http://evil.example"},
        ):
            for login in (None, LOGIN):
                answer = daemon.ask("POST", create, headers=headers, body=body, login=login)
                self.assertEqual(answer.status, 403, (headers, answer.body))
        answer = daemon.ask("POST", create, body=body, login=None)
        self.assertEqual(answer.status, 401)
        self.assertNotIn("basic", answer.headers["WWW-Authenticate"].lower())
        self.assertNotIn("/x", daemon.must("app", "list"))
        uri = f"http://127.0.0.1:{daemon.ports['http']}"
        daemon.must("app", "list", "--server-uri", uri, "--admin-password", PASSWORD)
