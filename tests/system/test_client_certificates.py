"""Apps for clients with a certificate, on a real server: by name, with sessions resumed, behind a
proxy.
"""

import contextlib
import http.client
import json
import socket
import ssl
import time

from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.authority import Authority, key_pem
from tests.system.cases import DaemonTestCase

APP = {
    "app.star": """
def told(req):
    return {"user": req.UserId, "subject": req.UserSubject, "headers": req.Headers}

app = ace.app("Told", routes = [ace.api("/", handler = told)])
"""
}
CONFIG = """
[https]
port = 0
disable_client_certs = false

[client_auth.cert_staff]
ca_cert_file = "staff.pem"
crl_file = "staff.crl"

[client_auth.cert_other]
ca_cert_file = "other.pem"

[security]
trusted_proxies = ["127.0.0.2"]
"""
STAFF, OTHER, OPEN = "staff.test", "other.test", "open.test"


class CertificateTests(DaemonTestCase):
    def setUp(self):
        self.ca = Authority(now=time.time())
        self.other = Authority("Other CA", now=time.time())
        gone, gone_key = self.ca.client("gone")
        self.daemon = self.make_daemon(CONFIG)
        home = self.daemon.home
        (home / "staff.pem").write_bytes(self.ca.pem())
        (home / "staff.crl").write_bytes(self.ca.revoked(gone))
        (home / "other.pem").write_bytes(self.other.pem())
        self.clients = {
            "ann": self.written("ann", *self.ca.client("Ann")),
            "gone": self.written("gone", gone, gone_key),
            "stranger": self.written("stranger", *Authority(now=time.time()).client("Ann")),
        }
        self.daemon.start()
        source = self.source(APP)
        for host, setting in ((STAFF, "cert_staff"), (OTHER, "cert_other"), (OPEN, "none")):
            self.daemon.install(source, f"{host}:/", auth=setting)

    def written(self, name, certificate, key):
        path = self.daemon.home / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM) + key_pem(key))
        return path

    def context(self, client=None, version=None):
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
        if version:
            found.minimum_version = found.maximum_version = version
        if client:
            found.load_cert_chain(self.clients[client])
        return found

    def ask(self, context, name, host=None, session=None, **options):
        """The answer over a connection opened under ``name``, and its session."""
        address = ("127.0.0.1", self.daemon.ports["https"])
        raw = socket.create_connection(address, 10, **options)
        with contextlib.closing(
            context.wrap_socket(raw, server_hostname=name, session=session)
        ) as sock:
            fields = {"Host": host or name, "Connection": "close"}
            lines = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
            sock.sendall(f"GET / HTTP/1.1\r\n{lines}\r\n".encode())
            response = http.client.HTTPResponse(sock)
            response.begin()
            return response.status, response.read().decode(), sock.session

    def test_journey(self):
        """Certificates open the apps they are for, and nothing else does."""
        status, body, _ = self.ask(self.context("ann"), STAFF)
        self.assertEqual(status, 200, body)
        found = json.loads(body)
        self.assertEqual((found["user"], found["subject"]), ("cert_staff", "CN=Ann"))

        for client, host, reason in (
            (None, STAFF, "client certificate required"),
            ("gone", STAFF, "certificate revoked"),
            ("stranger", STAFF, "client certificate verification failed"),
            ("ann", OTHER, "client certificate verification failed"),
        ):
            status, body, _ = self.ask(self.context(client), host)
            self.assertEqual(status, 401, (client, host))
            self.assertIn(reason, body)

        trail = self.daemon.must("audit", "list", "--operation", "sign_in", "--format", "jsonl")
        for told in ("by cert_staff: certificate, CN=Ann", "certificate revoked"):
            self.assertIn(told, trail)

        # An app that needs none is there for everybody, whatever they have.
        self.assertEqual(self.ask(self.context("ann"), OPEN)[0], 200)

    def test_names(self):
        """Under another name than it was asked for, a certificate is not even looked at."""
        for name in (OTHER, OPEN, "unknown.test"):
            status, body, _ = self.ask(self.context("ann"), name, host=STAFF)
            self.assertEqual(status, 421, (name, body))

    def test_resumed(self):
        """A session takes a certificate to no other name."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context("ann", version)
            for name in (STAFF, OTHER):
                self.ask(context, name)
            status, _, session = self.ask(context, STAFF)
            self.assertEqual(status, 200)
            self.assertEqual(self.ask(context, STAFF, session=session)[0], 200)
            # Of the other authority's app it is refused, by one wall or another.
            status, body, _ = self.ask(context, OTHER, session=session)
            self.assertIn(status, (401, 421), body)
            bare = self.context(None, version)
            status, body, _ = self.ask(bare, OPEN, host=STAFF)
            self.assertEqual(status, 421, body)

    def test_proxy(self):
        """Behind a proxy that ends TLS nobody is let in, whatever it says, with that reason."""
        fields = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3", "Host": STAFF}
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.daemon.ports["http"], source_address=("127.0.0.2", 0)
        )
        with contextlib.closing(connection):
            connection.request("GET", "/", headers=fields)
            answer = connection.getresponse()
            body = answer.read().decode()
        self.assertEqual(answer.status, 401)
        self.assertIn("a proxy ended TLS before this server", body)
        status, body, _ = self.ask(self.context("ann"), STAFF, source_address=("127.0.0.2", 0))
        self.assertEqual(status, 401)
        self.assertIn("a proxy ended TLS before this server", body)

    def test_own_host(self):
        """Such an app shares its host with no other, however that comes about."""
        source = str(self.source(APP))
        said = self.daemon.refused("app", "create", "--auth", "none", source, f"{STAFF}:/x")
        self.assertIn("needs a host of its own", said)
        self.daemon.install(source, f"{OPEN}:/x", auth="none")
        said = self.daemon.refused("app", "update-settings", "auth", "cert_staff", f"{OPEN}:/x")
        self.assertIn("needs a host of its own", said)
        said = self.daemon.refused("app", "create", "--auth", "cert_x", source, "/y")
        self.assertIn("invalid authentication type cert_x", said)


class StartTests(DaemonTestCase):
    def test_bad_file(self):
        """A file without authorities stops the start, with its name."""
        daemon = self.make_daemon(CONFIG)
        (daemon.home / "staff.pem").write_text("x")
        status, said = daemon.refusal()
        self.assertEqual(status, 1)
        self.assertIn(f"{daemon.home}/staff.pem: expected certificates in PEM", said)

    def test_turned_off(self):
        """Without the feature such an app says which key turns it on."""
        daemon = self.make_daemon()
        daemon.start()
        daemon.install(self.source(APP), "staff.test:/", auth="cert")
        answer = daemon.get("/", login=None, headers={"Host": "staff.test"})
        self.assertEqual(answer.status, 500)
        self.assertIn("https.disable_client_certs", daemon.said() + answer.body)
