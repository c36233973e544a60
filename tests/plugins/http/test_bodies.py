"""What requests carry."""

from email import message_from_bytes
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from clace.errors import BadRequest
from clace.plugins.builtin.http.bodies import (
    HTTPParameters,
    TypedBody,
    content,
    headers,
    without_content,
    without_credentials,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=10)


def body(**kwargs):
    return content(HTTPParameters("http://a.test/", **kwargs), bytes)


def sent(content_type="", visitor="", **kwargs):
    found = headers(HTTPParameters("http://a.test/", **kwargs), content_type, visitor)
    return {name.decode(): values for name, values in found.getAllRawHeaders()}


class ContentTests(SynchronousTestCase):
    def test_text(self):
        """A text is sent as UTF-8 and of no type."""
        self.assertEqual(body(body="ä"), TypedBody("ä".encode()))
        self.assertEqual(body(), TypedBody())

    def test_json(self):
        """A JSON body may be any value but None, which is none."""
        for value, data in (({"a": [1]}, b'{"a":[1]}'), ([], b"[]"), (0, b"0"), ("", b'""')):
            self.assertEqual(body(json_body=value), TypedBody(data, "application/json"))

    @given(st.dictionaries(TEXT, TEXT | st.lists(TEXT, max_size=2), min_size=1))
    def test_form(self, fields):
        """A form has each value of each field."""
        expected = [
            (name, value)
            for name, values in fields.items()
            for value in ([values] if isinstance(values, str) else values)
        ]
        found = body(form_body=fields)
        self.assertEqual(found.type, "application/x-www-form-urlencoded")
        self.assertEqual(parse_qsl(found.body.decode(), keep_blank_values=True), expected)

    def test_multipart(self):
        """A form can be of several parts; names cannot break out of their header."""
        found = body(form_body={'a"\r\nX: y': "1\r\n2"}, form_encoding="multipart/form-data")
        message = message_from_bytes(f"Content-Type: {found.type}\r\n\r\n".encode() + found.body)
        (part,) = message.get_payload()
        disposition = part["Content-Disposition"]
        self.assertEqual(disposition, 'form-data; name="a%22%0D%0AX: y"')
        self.assertEqual(part.get_payload(), "1\r\n2")

    def test_refused(self):
        """Two bodies at once and unknown encodings are refused."""
        for kwargs in (
            {"body": "a", "json_body": 1},
            {"body": "a", "form_body": {"a": "b"}},
            {"form_body": {"a": "b"}, "form_encoding": "text/plain"},
        ):
            with self.assertRaises(BadRequest):
                body(**kwargs)


class HeadersTests(SynchronousTestCase):
    def test_defaults(self):
        """A request says what its body is, and that it wants its answer as it is."""
        found = sent("application/json")
        self.assertEqual(found["Content-Type"], [b"application/json"])
        self.assertEqual(found["Accept-Encoding"], [b"identity"])

    def test_own(self):
        """What the app says counts more."""
        found = sent("application/json", headers={"content-type": "text/x", "X-A": "b"})
        self.assertEqual((found["Content-Type"], found["X-A"]), ([b"text/x"], [b"b"]))

    def test_refused(self):
        """Headers that make another request of it cannot be set, whatever their case."""
        for name in (
            "Host",
            "hOST",
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "X-HTTP-Method-Override",
            "Upgrade",
            "Te",
        ):
            with self.assertRaises(BadRequest, msg=name):
                sent(headers={name: "x"})

    def test_other_host_path_or_client(self):
        """Headers by which a proxy names another host, path, method or client cannot be set."""
        for name in (
            "X-Forwarded-Host",
            "X-Forwarded-For",
            "X-Forwarded-Prefix",
            "X-ForwardedFor",
            "Forwarded",
            "X-Original-URL",
            "X-Original-Host",
            "X-Rewrite-URL",
            "X-HTTP-Method",
            "X-HTTP-DestinationURL",
            "X-Host",
            "X-Real-IP",
            "True-Client-IP",
            "CF-Connecting-IP",
            "X-Sendfile-Type",
            "X-Accel-Mapping",
            "Proxy",
            "Via",
        ):
            with self.assertRaises(BadRequest, msg=name) as caught:
                sent(headers={name: "x"})
            self.assertIn(f"header {name} cannot be set", caught.exception.message)

    def test_address_of_the_visitor(self):
        """An app may pass on who visits it, and may not make somebody up."""
        for name in ("X-Forwarded-For", "X-Real-IP"):
            found = sent(headers={name: "192.0.2.1"}, visitor="192.0.2.1")
            self.assertIn([b"192.0.2.1"], found.values())
            for value, visitor in (
                ("127.0.0.1", "192.0.2.1"),
                ("192.0.2.1, x", "192.0.2.1"),
                ("", ""),
            ):
                with self.assertRaises(BadRequest):
                    sent(headers={name: value}, visitor=visitor)

    def test_spelled_as_servers_read_it(self):
        """A name that a CGI or WSGI server reads as a refused one is refused too."""
        for name in ("X_Forwarded_Host", "x_forwarded-host", "Content_Length", "X.Original.URL"):
            with self.assertRaises(BadRequest, msg=name):
                sent(headers={name: "x"})

    def test_ordinary_headers(self):
        """Headers about credentials, content and caching can be set."""
        for name in ("Authorization", "Cookie", "Accept", "X-Api-Key", "If-None-Match", "Range"):
            self.assertEqual(sent(headers={name: "x"})[name], [b"x"])

    @given(TEXT, TEXT)
    def test_injection(self, name, value):
        """No header is more than one line."""
        try:
            found = sent(headers={name: value})
        except BadRequest:
            return
        for header, values in found.items():
            self.assertFalse(set(header + b"".join(values).decode()) & set("\r\n\0"))

    def test_injections(self):
        """Line ends and odd names are refused."""
        for name, value in (
            ("A", "b\r\nC: d"),
            ("A\r\nB", "c"),
            ("A:", "b"),
            ("", "b"),
            ("Host ", "b"),
            ("A", "\0"),
        ):
            with self.assertRaises(BadRequest):
                sent(headers={name: value})

    def test_basic(self):
        """User and password become an Authorization header."""
        self.assertEqual(sent(auth_basic=("ann", "a:b"))["Authorization"], [b"Basic YW5uOmE6Yg=="])
        for auth in (("ann",), ("a", "b", "c"), ("a:b", "c")):
            with self.assertRaises(BadRequest):
                sent(auth_basic=auth)

    def test_without_credentials(self):
        """Another origin sees neither credentials nor anything that might be one."""
        found = Headers(
            {
                "Authorization": ["x"],
                "Cookie": ["x"],
                "X-Api-Key": ["x"],
                "Accept": ["y"],
                "User-Agent": ["y"],
            }
        )
        kept = {name for name, _ in without_credentials(found).getAllRawHeaders()}
        self.assertEqual(kept, {b"Accept", b"User-Agent"})

    def test_without_content(self):
        """A request that lost its body says nothing of it; the original stays as it is."""
        found = Headers({"Content-Type": ["x"], "Accept": ["y"]})
        self.assertFalse(without_content(found).hasHeader("Content-Type"))
        self.assertTrue(found.hasHeader("Content-Type"))
