"""Apps with forward auth, on a real server and with one that is asked."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.support.upstreams import proxying
from tests.system.cases import DaemonTestCase

APP = {
    "app.star": """
def told(req):
    return {"user": req.UserId, "headers": req.Headers}

app = ace.app("Told", routes = [
    ace.api("/", handler = told), ace.api("/post", handler = told, method = "POST")
])
"""
}


class Policy:
    """Lets in those whose address has ``team=good``; answers as it is told else."""

    def __init__(self):
        self.asked = []
        self.status, self.headers, self.body = 403, (("X-Reason", "policy"),), b"not you"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/check"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(self):
        policy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/echo"):
                    self.say(200, (), json.dumps(self.headers.items()).encode())
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                policy.asked.append(headers)
                is_good = "team=good" in headers["x-forwarded-uri"]
                given = (("X-Team", "good"),) if is_good else policy.headers
                body = b"" if is_good else policy.body
                self.say(200 if is_good else policy.status, given, body)

            def say(self, status, headers, body):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Tests have enough to say."""

        return Handler


class ForwardTests(DaemonTestCase):
    def setUp(self):
        self.policy = Policy()
        self.addCleanup(self.policy.end)
        self.daemon = self.make_daemon(
            '[system]\nforward_auth_timeout_secs = 2\n[security]\napp_default_auth_type = "none"\n'
            f'[forward.policy]\nauth_url = "{self.policy.url}"\n'
            'copy_response_headers = ["X-Team", "X-Team>Remote-User", "X-Other"]\n'
            '[forward.gone]\nauth_url = "http://127.0.0.1:1/"\n'
        )
        self.daemon.start()
        source = self.source(APP)
        for path, auth in (
            ("/open", "none+forward_policy"),
            ("/default", "default+forward_policy"),
            ("/admin", "system+forward_policy"),
            ("/gone", "none+forward_gone"),
        ):
            self.daemon.install(source, path, auth=auth)

    def test_let_in(self):
        """The app sees the chosen headers of the answer, and no client can set them."""
        spoofed = {"X-Team": "evil", "X-Other": "evil", "Remote-User": "evil", "X-Own": "1"}
        answer = self.daemon.get("/open?team=good", login=None, headers=spoofed)
        self.assertEqual(answer.status, 200, answer.body)
        headers = json.loads(answer.body)["headers"]
        self.assertEqual(headers["X-Team"], ["good"])
        self.assertEqual(headers["Remote-User"], ["good"])
        self.assertEqual(headers["X-Own"], ["1"])
        # A question is nothing to log.
        self.assertNotIn("HTTP11ClientFactory", self.daemon.said())
        self.assertNotIn("X-Other", headers)

    def test_proxied(self):
        """A server that requests are passed on to gets the same headers, each once."""
        url = self.policy.url.replace("/check", "/echo")
        source = self.source(proxying(url))
        self.daemon.install(source, "/proxied", auth="none+forward_policy", approve=True)
        spoofed = {"X-Team": "evil", "X-Other": "evil", "Remote-User": "evil"}
        answer = self.daemon.get("/proxied?team=good", login=None, headers=spoofed)
        self.assertEqual(answer.status, 200, answer.body)
        found = [(name.lower(), value) for name, value in json.loads(answer.body)]
        ours = {"x-team", "x-other", "remote-user"}
        given = sorted(pair for pair in found if pair[0] in ours)
        self.assertEqual(given, [("remote-user", "good"), ("x-team", "good")])
        self.assertEqual(self.daemon.get("/proxied", login=None).status, 403)

    def test_refused(self):
        """The client gets the refusal as it is, and the app is not asked."""
        answer = self.daemon.get("/open?team=bad", login=None)
        self.assertEqual((answer.status, answer.headers["X-Reason"]), (403, "policy"))
        self.assertIn("not you", answer.body)
        answer = self.daemon.ask("POST", "/open/post", login=None, body=b"a=b")
        self.assertEqual(answer.status, 403)

    def test_redirect(self):
        """A redirect is the client's to follow; cookies with our names are not set by it."""
        self.policy.status, self.policy.body = 302, b""
        self.policy.headers = (
            ("Location", "https://login.example.com/"),
            ("Set-Cookie", "a=b"),
            ("Set-Cookie", "__Host-system_clace_session=x; Secure; Path=/"),
        )
        answer = self.daemon.get("/open", login=None)
        self.assertEqual(
            (answer.status, answer.headers["Location"]), (302, "https://login.example.com/")
        )
        self.assertEqual(answer.headers.get_all("Set-Cookie"), ["a=b"])

    def test_default(self):
        """What follows ``default`` is asked, though the default lets everybody in."""
        self.assertEqual(self.daemon.get("/default", login=None).status, 403)
        self.assertEqual(self.daemon.get("/default?team=good", login=None).status, 200)

    def test_after_sign_in(self):
        """It is asked about users that have signed in, and not shown how they did."""
        self.assertEqual(self.daemon.get("/admin?team=good", login=None).status, 401)
        self.assertEqual(self.policy.asked, [])
        cookies = {"Cookie": "mine=1; __Host-system_clace_session=secret"}
        answer = self.daemon.get("/admin?team=good", headers=cookies)
        self.assertEqual(answer.status, 200)
        (asked,) = self.policy.asked
        self.assertEqual((asked["x-clace-user"], asked["cookie"]), ("admin", "mine=1"))
        self.assertNotIn("authorization", asked)

    def test_unavailable(self):
        """An app whose server is down lets nobody in, and others do not notice."""
        answer = self.daemon.get("/gone", login=None)
        self.assertEqual(answer.status, 502)
        self.assertNotIn("127.0.0.1:1", answer.body)
        self.assertEqual(self.daemon.get("/open?team=good", login=None).status, 200)

    def test_unknown(self):
        """An entry that is missing is told when the app is created."""
        said = self.daemon.refused(
            "app", "create", "--auth", "none+forward_x", str(self.source(APP)), "/x"
        )
        self.assertIn("forward config x not found", said)
