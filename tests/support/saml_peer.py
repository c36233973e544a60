"""A SAML provider that is not ours: pysaml2's, with pages to choose a user and to sign out."""

import shutil
import ssl
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from threading import Thread
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.saml import signing_key

_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
USERS = {
    "ann": {"displayName": "Ann Lee", "memberOf": ["staff", "cn=ops,dc=example"]},
    "eve": {"displayName": "Eve"},
}


def missing():
    """What has to be installed before the provider runs; empty if nothing."""
    names = [] if shutil.which("xmlsec1") else ["xmlsec1"]
    names += [] if find_spec("saml2") else ["pysaml2"]
    return f"{' and '.join(names)} not installed" if names else ""


class SamlPeer:
    """Learns of a service from its metadata when the first user comes."""

    def __init__(self, folder):
        self.folder = folder
        self.asked = []
        self.sp_metadata = ""
        self.trust = None
        self.idp = None
        self.sessions = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://localhost:{self._server.server_port}"
        self._write_key()
        # Ahead, for it takes seconds on a busy machine, and whoever asks has a deadline.
        self.metadata = self._described()
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def serves(self, sp_metadata, certificate):
        """Tell it where a service describes itself."""
        self.sp_metadata = sp_metadata
        self.trust = ssl.create_default_context(cafile=certificate)

    def end(self):
        self._server.shutdown()
        self._server.server_close()

    def _write_key(self):
        pair = signing_key()
        pem = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "idp.key").write_bytes(pem)
        (self.folder / "idp.crt").write_bytes(pair.certificate.public_bytes(Encoding.PEM))

    def _configured(self, service=""):
        """pysaml2's server; with ``service``, the metadata of ours."""
        import saml2  # noqa: PLC0415
        from saml2 import xmldsig  # noqa: PLC0415
        from saml2.config import IdPConfig  # noqa: PLC0415

        ways = (saml2.BINDING_HTTP_REDIRECT, saml2.BINDING_HTTP_POST)
        places = {
            "single_sign_on_service": [(f"{self.url}/sso", way) for way in ways],
            "single_logout_service": [(f"{self.url}/slo", way) for way in ways],
        }
        config = {
            "entityid": f"{self.url}/metadata",
            "key_file": str(self.folder / "idp.key"),
            "cert_file": str(self.folder / "idp.crt"),
            "xmlsec_binary": shutil.which("xmlsec1"),
            "signing_algorithm": xmldsig.SIG_RSA_SHA256,
            "digest_algorithm": xmldsig.DIGEST_SHA256,
            "service": {
                "idp": {
                    "endpoints": places,
                    "policy": {"default": {"lifetime": {"minutes": 5}}},
                    "want_authn_requests_signed": True,
                    "sign_assertion": True,
                }
            },
        }
        if service:
            config["metadata"] = {"inline": [service]}
        return IdPConfig().load(config)

    def _described(self):
        from saml2.metadata import entity_descriptor  # noqa: PLC0415

        return str(entity_descriptor(self._configured()))

    def _opened(self):
        from saml2.server import Server  # noqa: PLC0415

        if self.idp is None:
            with urlopen(self.sp_metadata, context=self.trust, timeout=60) as page:
                self.idp = Server(config=self._configured(page.read().decode()))
        return self.idp

    def sign_in_page(self, fields, binding):
        """Check the request, and offer the users."""
        request = self._opened().parse_authn_request(
            fields["SAMLRequest"],
            binding,
            relay_state=fields.get("RelayState"),
            sigalg=fields.get("SigAlg"),
            signature=fields.get("Signature"),
        )
        self.asked.append((binding.rpartition(":")[2], request.message.force_authn == "true"))
        buttons = "".join(f"<button name=user value={user}>{user}</button>" for user in USERS)
        hidden = {"request": request.message.id, "relay": fields.get("RelayState", "")}
        kept = "".join(
            f'<input type=hidden name={name} value="{escape(value)}">'
            for name, value in hidden.items()
        )
        return f"<form method=post action=/login>{kept}{buttons}</form>"

    def signed_in(self, fields):
        """Send the user back with an assertion."""
        from saml2 import BINDING_HTTP_POST, saml, xmldsig  # noqa: PLC0415

        idp, user = self._opened(), fields["user"]
        name = saml.NameID(format=saml.NAMEID_FORMAT_UNSPECIFIED, text=user)
        place = self._place(idp, "assertion_consumer_service", BINDING_HTTP_POST)
        answer = idp.create_authn_response(
            USERS[user],
            fields["request"],
            place,
            self.sp_metadata,
            name_id=name,
            authn={"class_ref": saml.AUTHN_PASSWORD, "authn_auth": self.url},
            sign_assertion=True,
            # It would sign with SHA-1 by itself, which is refused.
            sign_alg=xmldsig.SIG_RSA_SHA256,
            digest_alg=xmldsig.DIGEST_SHA256,
        )
        self.sessions[user] = name
        sent = idp.apply_binding(
            BINDING_HTTP_POST, str(answer), place, fields["relay"], response=True
        )
        return sent["data"]

    def end_page(self, user):
        """The address that ends a user's sessions at the service."""
        import saml2  # noqa: PLC0415
        from saml2 import xmldsig  # noqa: PLC0415

        idp = self._opened()
        place = self._place(idp, "single_logout_service", saml2.BINDING_HTTP_REDIRECT)
        _, message = idp.create_logout_request(
            place, issuer_entity_id=self.sp_metadata, name_id=self.sessions[user]
        )
        sent = idp.apply_binding(
            saml2.BINDING_HTTP_REDIRECT,
            str(message),
            place,
            "state1",
            sign=True,
            sigalg=xmldsig.SIG_RSA_SHA256,
        )
        return dict(sent["headers"])["Location"]

    def signed_out(self, fields):
        """Answer a service that ends a session, or take its answer."""
        import saml2  # noqa: PLC0415
        from saml2 import xmldsig  # noqa: PLC0415

        idp, binding = self._opened(), saml2.BINDING_HTTP_REDIRECT
        signature = {
            "relay_state": fields.get("RelayState"),
            "sigalg": fields.get("SigAlg"),
            "signature": fields.get("Signature"),
        }
        if "SAMLResponse" in fields:
            answer = idp.parse_logout_request_response(fields["SAMLResponse"], binding)
            self.asked.append(("LogoutResponse", answer.status_ok()))
            return None
        request = idp.parse_logout_request(fields["SAMLRequest"], binding, **signature)
        self.asked.append(("LogoutRequest", request.message.name_id.text))
        place = self._place(idp, "single_logout_service", binding)
        answer = idp.create_logout_response(request.message, [binding])
        sent = idp.apply_binding(
            binding,
            str(answer),
            place,
            "",
            response=True,
            sign=True,
            sigalg=xmldsig.SIG_RSA_SHA256,
        )
        return dict(sent["headers"])["Location"]

    def answered(self, path, fields):
        """Where a browser is sent, and the page if that is nowhere."""
        if path == "/metadata":
            return "", self.metadata
        if path == "/end":
            return self.end_page(fields["user"]), ""
        if path == "/slo":
            return self.signed_out(fields), "signed out everywhere"
        if path == "/sso":
            return "", self.sign_in_page(fields, _REDIRECT)
        return "", ""

    def _place(self, idp, service, binding):
        found = getattr(idp.metadata, service)(self.sp_metadata, binding, "spsso")
        return found[0]["location"]

    def _handler(self):
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path, query = urlsplit(self.path)[2:4]
                fields = dict(parse_qsl(query))
                place, text = peer.answered(path, fields)
                self.go(place) if place else self.say(text)

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                fields = dict(parse_qsl(self.rfile.read(length).decode()))
                if self.path == "/sso":
                    self.say(peer.sign_in_page(fields, _POST))
                else:
                    self.say(peer.signed_in(fields))

            def say(self, text):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(text.encode())

            def go(self, place):
                self.send_response(303)
                self.send_header("Location", place)
                self.end_headers()

            def log_message(self, *_):
                """Tests have enough to say."""

        return Handler
