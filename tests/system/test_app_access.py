"""Who may use an app, and what a page of another site can make a browser do with it."""

from tests.support.daemon import LOGIN
from tests.system.cases import DaemonTestCase, SharedDaemonTestCase

APP = {
    "app.star": """
def told(req):
    return {"user": req.UserId, "ip": req.RemoteIP, "url": req.AppUrl, "headers": req.Headers}

app = ace.app("Told", routes = [
    ace.api("/", handler = told), ace.api("/post", handler = told, method = "POST")
])
"""
}
SPOOFED = {
    "X-Forwarded-For": "10.1.2.3",
    "X-Real-IP": "10.1.2.3",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=10.1.2.3",
}


class AccessTests(SharedDaemonTestCase):
    def test_new_app_is_closed(self):
        """A new app asks for the administrator, over HTTP and HTTPS, at every path of it."""
        self.create("/closed", APP)
        for scheme in ("http", "https"):
            for path in ("/closed", "/closed/no-such-page", "/closed_cl_stage/"):
                answer = self.daemon.get(path, scheme=scheme, login=None)
                self.assertEqual(answer.status, 401, path)
                self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Basic realm="))
            answer = self.daemon.get("/closed", scheme=scheme, login=("nobody", "nothing"))
            self.assertEqual(answer.status, 401)
            answer = self.daemon.get("/closed", scheme=scheme, login=LOGIN)
            self.assertEqual(answer.status, 200)
            self.assertIn('"user":"admin"', answer.body)

    def test_opened(self):
        """With --auth none everybody may use it, as nobody in particular."""
        self.create("/open", APP, auth="none")
        answer = self.daemon.get("/open", login=None)
        self.assertEqual(answer.status, 200)
        self.assertIn('"user":"anonymous"', answer.body)

    def test_password_stays_here(self):
        """The administrator's password is not handed to an app."""
        self.create("/stays", APP)
        self.assertNotIn("authorization", self.daemon.get("/stays").body.lower())

    def test_foreign_origin(self):
        """What changes something is refused to pages of other sites; reading is not."""
        self.create("/posts", APP, auth="none")
        own = f"http://127.0.0.1:{self.daemon.ports['http']}"
        for headers, status in (
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Origin": own}, 200),
            ({}, 200),
        ):
            answer = self.daemon.ask("POST", "/posts/post", login=None, headers=headers, body=b"")
            self.assertEqual(answer.status, status, headers)
        answer = self.daemon.get("/posts", login=None, headers={"Origin": "https://evil.example"})
        self.assertEqual(answer.status, 200)
        self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])

    def test_forwarded_headers(self):
        """Who is not a trusted proxy cannot say that it is somebody else."""
        self.create("/told", APP, auth="none")
        answer = self.daemon.get("/told", login=None, headers=SPOOFED)
        self.assertIn('"ip":"127.0.0.1"', answer.body)
        self.assertIn('"url":"http://127.0.0.1:', answer.body)

    def test_headers(self):
        """Every answer says how a browser is to treat it, also a refusal."""
        self.create("/headers", APP)
        for path, login in (("/headers", LOGIN), ("/headers", None), ("/nothing-here", LOGIN)):
            headers = self.daemon.get(path, login=login).headers
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["X-Frame-Options"], "SAMEORIGIN")
            self.assertEqual(headers["Referrer-Policy"], "strict-origin-when-cross-origin")

    def test_domains(self):
        """An app of a domain is there alone, and an unknown one is not."""
        self.create("tools.example.com:/", APP, auth="none")
        for host, status in (("tools.example.com", 200), ("tools.example.com:443", 200)):
            answer = self.daemon.get("/", login=None, headers={"Host": host})
            self.assertEqual(answer.status, status)
        self.assertEqual(self.daemon.get("/", headers={"Host": "localhost"}).status, 404)


class TrustedProxyTests(DaemonTestCase):
    def test_believed(self):
        """A trusted proxy is believed, and by its own word alone."""
        daemon = self.make_daemon('[security]\ntrusted_proxies = ["127.0.0.1"]\n').start()
        daemon.install(self.source(APP), "/told", auth="none")
        answer = daemon.get("/told", login=None, headers=SPOOFED)
        self.assertIn('"ip":"10.1.2.3"', answer.body)
        self.assertIn('"url":"https://', answer.body)
