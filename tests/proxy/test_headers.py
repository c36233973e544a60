"""Headers of requests and answers, as either side may see them."""

from hypothesis import given
from hypothesis import strategies as st

from clace.model.app import App
from clace.proxy.cookies import apps_cookie
from tests.support.proxying import MemoryProxyCase, asking
from tests.support.upstreams import whole

NAMES = (
    "X-Clace-User",
    "X-Clace-Perms",
    "X-Openrun-User",
    "X-Forwarded-For",
    "Forwarded",
    "X-Forwarded-Client-Cert",
    "X-WebAuth-User",
    "X-Auth-Request-Groups",
    "X-Authenticated-User",
    "X-Remote-Email",
    "Remote-Groups",
    "Client-Cert",
    "SSL-Client-Verify",
    "X-SSL-Client-S-DN",
    "X-Original-Method",
)


def lines_of(sent):
    """The headers of a message, names in lower case."""
    head = sent.partition(b"\r\n\r\n")[0]
    pairs = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    return [(name.lower(), value) for name, _, value in pairs]


class HeadersCase(MemoryProxyCase):
    def sent(self, *lines, path=b"/app/x", **options):
        """The headers that the other server gets."""
        self.visit(asking(path, *lines, **options))
        asked = self.last.asked
        self.last.say(whole())
        return lines_of(asked)

    def got(self, *lines):
        """The headers that a visitor gets of an answer with these."""
        visitor = self.get()
        self.last.say(whole(b"hello", *lines))
        return lines_of(visitor.value())


class RequestTests(HeadersCase):
    def test_kept(self):
        """What the visitor says of itself goes on as it was said, repeated or not."""
        sent = self.sent(b"Accept: a", b"X-Two: 1", b"X-Two: 2", b"Cookie: a=b", b"ETAG: \xc3\xa9")
        for pair in (
            (b"accept", b"a"),
            (b"x-two", b"1"),
            (b"x-two", b"2"),
            (b"cookie", b"a=b"),
            (b"etag", b"\xc3\xa9"),
        ):
            self.assertIn(pair, sent)

    def test_of_the_connection(self):
        """What is only for the connection stays, and what the visitor says is only for it."""
        names = {
            name
            for name, _ in self.sent(
                b"Connection: close, X-Mine",
                b"Keep-Alive: 1",
                b"Proxy-Authorization: Basic a",
                b"Proxy-Connection: close",
                b"TE: gzip",
                b"Trailer: X",
                b"X-Mine: a",
                b"Proxy: http://evil",
            )
        }
        expected = {b"host", b"via", b"forwarded", b"x-forwarded-host", b"x-clace-user"}
        expected |= {b"x-clace-rbac-enabled"}
        expected |= {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-prefix", b"x-real-ip"}
        self.assertEqual(names, expected)
        self.assertIn((b"te", b"trailers"), self.sent(b"TE: gzip;q=1, trailers"))

    def test_who_asks(self):
        """The server alone says who asks, from where and for what, however it is spelled."""
        spelled = ("X_Clace-User", "x-clace_user", "X_CLACE_USER", "X.Clace.User", "X-Clace-Perms")
        more = ("X_Forwarded_For", "X-Forwarded.Proto", "X_Real_IP", "Remote_User", "X-Openrun_A")
        lines = [f"{name}: eve".encode() for name in (*spelled, *more, *NAMES)]
        sent = self.sent(*lines)
        self.assertNotIn(b"eve", b"".join(value for _, value in sent))
        self.assertEqual([value for name, value in sent if name == b"x-clace-user"], [b"ann"])

    def test_where_from(self):
        """The visitor's address, and the names and scheme it used, are told in every way."""
        sent = dict(self.sent())
        self.assertEqual(sent[b"x-forwarded-for"], b"192.168.1.1")
        self.assertEqual(sent[b"x-real-ip"], b"192.168.1.1")
        self.assertEqual(sent[b"x-forwarded-host"], b"localhost")
        self.assertEqual(sent[b"x-forwarded-proto"], b"http")
        self.assertEqual(sent[b"x-forwarded-prefix"], b"/app")
        self.assertEqual(sent[b"forwarded"], b"for=192.168.1.1;host=localhost;proto=http")
        self.assertEqual(sent[b"via"], b"1.1 clace-1")

    def test_credentials(self):
        """Passwords, our tokens and our cookies are not for apps; other tokens are."""
        for value, passes in (
            (b"Basic YTpi", False),
            (b"basic YTpi", False),
            (b"Bearer clace_tk_1", False),
            (b"nothing", False),
            (b"", False),
            (b"Bearer abc", True),
            (b"Digest username=a", True),
        ):
            sent = self.sent(b"Authorization: %b" % value)
            self.assertEqual((b"authorization", value) in sent, passes, value)
        sent = dict(self.sent(b"Cookie: a=1; __Host-system_clace_session=s; CLACE_x=2; b=3"))
        self.assertEqual(sent[b"cookie"], b"a=1; b=3")
        self.assertNotIn(b"cookie", dict(self.sent(b"Cookie: clace_sign_in=2")))

    def test_loop(self):
        """A request that comes back to the server that passed it on is refused."""
        self.assertEqual(self.get(b"/app/x", b"Via: 1.1 clace-1").statuses, [502])
        self.assertEqual(self.there.opened, [])
        self.assertIn((b"via", b"1.1 other"), self.sent(b"Via: 1.1 other"))

    @given(
        st.sampled_from(NAMES),
        st.lists(st.sampled_from("-_.!~^"), min_size=3, max_size=3),
        st.integers(0, 1 << 20),
    )
    def test_every_spelling(self, name, between, cases):
        """No spelling that a server could take for one of ours gets through."""
        self.setUp()
        parts = name.split("-")
        spelled = "".join(
            letter.upper() if cases >> number & 1 else letter
            for number, letter in enumerate(
                "".join(map("".join, zip(parts, between + [""] * 9, strict=False)))
            )
        )
        spelled = spelled.rstrip("-_.!~^")
        sent = self.sent(f"{spelled}: eve".encode())
        self.assertNotIn(b"eve", b"".join(value for _, value in sent))


class TokenTests(HeadersCase):
    """An app that is told who asks by a signed token too."""

    uses_token = True

    def token(self, *lines):
        """The token that the other server gets; there is one."""
        spelled = (b"X-Clace-Identity: eve", b"X_Clace_Identity: eve", b"x.clace-identity: eve")
        (token,) = [value for name, value in self.sent(*spelled, *lines) if b"identity" in name]
        return token.decode()

    def test_each_request(self):
        """Each request and each upgrade has a token of its own, for this app and this user."""
        upgrade = (b"Connection: Upgrade", b"Upgrade: websocket")
        tokens = [self.token(), self.token(), self.token(*upgrade)]
        self.assertEqual(tokens, [f"ann.{self.app.id}.{number}" for number in (1, 2, 3)])


class OpenRootTests(HeadersCase):
    path = "/"

    def test_own_host(self):
        """An app that is open and has a host of its own may have passwords of its own."""
        self.assertIn((b"authorization", b"Basic a"), self.sent(b"Authorization: Basic a"))
        self.assertNotIn(b"x-forwarded-prefix", dict(self.sent()))
        got = self.got(b"Strict-Transport-Security: max-age=1", b"Set-Cookie: a=b; Path=/x")
        self.assertIn((b"strict-transport-security", b"max-age=1"), got)
        self.assertIn((b"set-cookie", b"a=b; Path=/x"), got)

    def test_twins(self):
        """Staging and preview apps are no neighbours."""
        self.neighbours = (App(id="app_stg_x", path="/_cl_stage", main_app=self.app.id),)
        self.assertIn((b"authorization", b"Basic a"), self.sent(b"Authorization: Basic a"))

    def test_neighbours(self):
        """An app at the root of a host with others has no host of its own: neither may it have
        what browsers send to those, nor may it set what they keep for all.
        """
        self.neighbours = (App(id="app_prd_other", path="/other"),)
        sent = dict(self.sent(b"Authorization: Basic a"))
        self.assertNotIn(b"authorization", sent)
        got = dict(self.got(b"Strict-Transport-Security: max-age=1"))
        self.assertNotIn(b"strict-transport-security", got)


class ClosedRootTests(HeadersCase):
    path = "/"
    is_open = False

    def test_password(self):
        """The password of the sign-in never reaches the app."""
        self.assertNotIn(b"authorization", dict(self.sent(b"Authorization: Basic a")))


class HostTests(HeadersCase):
    config = {"preserve_host": True}

    def test_kept(self):
        """The other server sees the visitor's name for the app, unless that could be any."""
        self.assertEqual(dict(self.sent())[b"host"], b"localhost")
        self.visit(asking().replace(b"localhost", b"evil.example:81"))
        self.assertEqual(dict(lines_of(self.last.asked))[b"host"], b"localhost:81")


class AnswerTests(HeadersCase):
    shared = (("Access-Control-Allow-Origin", "*"),)
    headers_level = 5

    def test_dropped(self):
        """What holds for the connection, for the whole host or for a proxy in front is dropped."""
        got = dict(
            self.got(
                b"Connection: X-Mine",
                b"X-Mine: 1",
                b"Keep-Alive: 1",
                b"X-Accel-Redirect: /etc/passwd",
                b"X-Sendfile: /etc/passwd",
                b'Clear-Site-Data: "*"',
                b"Service-Worker-Allowed: /",
                b"Strict-Transport-Security: max-age=1",
                b"NEL: {}",
                b"Set-Login: logged-out",
                b'Secure-Session-Registration: (ES256);path="/"',
                b"Alt-Svc: h3",
                b"Server: nginx",
                b"Date: never",
                b"X-Kept: 1",
            )
        )
        expected = {b"server", b"date", b"x-kept", b"content-length", b"x-frame-options"}
        expected |= {b"x-content-type-options", b"referrer-policy", b"access-control-allow-origin"}
        expected |= {b"cross-origin-opener-policy", b"x-permitted-cross-domain-policies"}
        self.assertEqual({*got}, expected)
        self.assertEqual(got[b"server"], b"Clace")
        self.assertNotEqual(got[b"date"], b"never")

    def test_operators_headers(self):
        """Headers that the operator forces replace the app's; those that it suggests do not."""
        got = self.got(b"X-Frame-Options: ALLOW", b"Referrer-Policy: no-referrer")
        values = [value for name, value in got if name == b"x-frame-options"]
        self.assertEqual(values, [b"DENY"])
        self.assertIn((b"referrer-policy", b"no-referrer"), got)

    def test_cookies(self):
        """Cookies are for the app's own paths, and none is one of the server's."""
        got = self.got(
            b"Set-Cookie: a=b; Path=/; Domain=example.com; HttpOnly",
            b"Set-Cookie: c=d; path=/x",
            b"Set-Cookie: e=f",
            b"Set-Cookie: __Host-system_clace_session=s; Path=/",
            b"Set-Cookie: Clace_Sign_In=s",
            b"Set-Cookie: =system_clace_session=s",
        )
        self.assertEqual(
            [value for name, value in got if name == b"set-cookie"],
            [b"a=b; Path=/app; HttpOnly", b"c=d; Path=/app/x", b"e=f"],
        )

    @given(st.binary(max_size=60), st.booleans())
    def test_any_cookie(self, value, stripped):
        """Whatever an app says, its cookie is for paths of the app, and for no other host."""
        cookie = apps_cookie(
            b"a=b; Path=/%b; Domain=x; Path=%b" % (value, value), b"/app", stripped=stripped
        )
        if cookie is None:
            return
        for attribute in cookie.split(b";")[1:]:
            name, _, said = attribute.partition(b"=")
            self.assertNotEqual(name.strip().lower(), b"domain")
            if name.strip().lower() == b"path":
                self.assertTrue(
                    said.strip() == b"/app" or said.strip().startswith(b"/app/"), cookie
                )


class ForcedTests(HeadersCase):
    config = {"response_headers": {"X-Url": "$url!", "Cache-Control": "no-store", "X-No": 5}}

    def test_response_headers(self):
        """The app's own headers for answers replace those of the other server."""
        got = self.got(b"Cache-Control: public", b"X-Url: mine")
        self.assertEqual([v for n, v in got if n == b"cache-control"], [b"no-store"])
        self.assertEqual([v for n, v in got if n == b"x-url"], [b"/x!"])
        self.assertNotIn(b"x-no", dict(got))
