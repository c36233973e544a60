"""Tests for ``clace.model.endpoint_kinds``."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.endpoints import serverFromString
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ListenError
from clace.model.endpoint_kinds import check_endpoint, installed_types

RIGHT = (
    "tcp:8080",
    "tcp:port=8080:interface=127.0.0.1:backlog=7",
    "tcp:0:127.0.0.1:7",
    "tcp6:8443:backlog=7:interface=\\:\\:1",
    "unix:/run/a.sock",
    "unix:address=/run/a.sock:mode=660:lockfile=0",
    "ssl:443:privateKey=/a.key:certKey=/a.crt:sslmethod=TLS_METHOD",
    "tls:/etc/pem",
    "systemd:domain=INET:index=0",
    "systemd:domain=INET6:name=web",
    "haproxy:tcp:80:interface=127.0.0.1",
    "clace-tls:/etc/tls:tcp:443:names=a,b:lookup=no",
    "clace-tls:/etc/tls:haproxy:unix:/run/a.sock:mode=600",
    "haproxy:clace-tls:/etc/tls:tcp:443",
)
WRONG = {
    "": 'unknown endpoint type ""; known are clace-tls, haproxy, ssl, systemd, tcp, tcp6, tls,'
    " unix",
    "tpc:80": 'unknown endpoint type "tpc"; did you mean "tcp"?',
    "8080": 'expected an endpoint type first; did you mean "tcp:8080"?',
    "haproxy:tpc:80": 'unknown endpoint type "tpc"; did you mean "tcp"?',
    "clace_tls:/etc/tls:tcp:443": 'unknown endpoint type "clace_tls"; did you mean "clace-tls"?',
    "stdio:": 'unknown endpoint type "stdio"; known are clace-tls, haproxy, ssl, systemd, tcp,'
    " tcp6, tls, unix",
    "tcp": "port is missing; expected tcp:8080",
    "tcp:abc": 'port: expected a number from 0 to 65535, got "abc"',
    "tcp:65536": 'port: expected a number from 0 to 65535, got "65536"',
    "tcp:\u0663": 'port: expected a number from 0 to 65535, got "\u0663"',
    "tcp:80:backlog=0": 'backlog: expected a number from 1, got "0"',
    "tcp:80:interfce=x": 'unknown keyword "interfce"; did you mean "interface"?',
    "tcp:80:x=1": 'unknown keyword "x"',
    "tcp:80::1:2:3": "expected at most port, interface, backlog, got 5 values; "
    'a ":" that belongs to a value is written "\\:"',
    "tcp6:80:interface=::1": 'interface is given twice; a ":" that belongs to a value is written'
    ' "\\:"',
    "tcp:80\\": "it ends with a backslash that quotes nothing",
    "unix": "address is missing; expected unix:/run/clace/apps.sock:mode=660",
    "unix:": 'address: expected an absolute path, got ""',
    "unix:a.sock": 'address: expected an absolute path, got "a.sock"',
    "haproxy:unix:a.sock": 'address: expected an absolute path, got "a.sock"',
    "unix:/s:mode=888": 'mode: expected a mode like 600, got "888"',
    "unix:/s:lockfile=maybe": 'lockfile: expected 0 or 1, got "maybe"',
    "ssl": "port is missing; expected ssl:443:privateKey=/etc/clace/a.key:certKey=/etc/clace/a.crt",
    "ssl:443": "privateKey is missing; expected"
    " ssl:443:privateKey=/etc/clace/a.key:certKey=/etc/clace/a.crt",
    "ssl:443:privateKey=a.key": 'privateKey: expected an absolute path, got "a.key"',
    "ssl:443:privateKey=/a.key:certKey=a.crt": 'certKey: expected an absolute path, got "a.crt"',
    "ssl:443:privateKey=/a.key:extraCertChain=b": "extraCertChain: expected an absolute path, got"
    ' "b"',
    "ssl:443:privateKey=/a.key:sslmethod=FOO": "sslmethod: expected one of TLS_METHOD,"
    ' TLS_SERVER_METHOD, TLSv1_2_METHOD, SSLv23_METHOD, got "FOO"',
    "tls:pem:443": 'path: expected an absolute path, got "pem"',
    "systemd:domain=INET": "expected either index or name, as in systemd:domain=INET:name=web",
    "systemd:domain=INET:index=0:name=web": "expected either index or name, as in"
    " systemd:domain=INET:name=web",
    "systemd:domain=NET:name=web": 'domain: expected INET, INET6 or UNIX, got "NET"',
    "haproxy": "expected haproxy:ENDPOINT, like haproxy:tcp:8080",
    "clace-tls:/etc/tls": "expected clace-tls:FOLDER:ENDPOINT, like"
    " clace-tls:/etc/clace/tls:tcp:443",
    "clace-tls::tcp:443": "expected clace-tls:FOLDER:ENDPOINT, like"
    " clace-tls:/etc/clace/tls:tcp:443",
    "clace-tls:tls:tcp:443": 'folder: expected an absolute path, got "tls"',
    "clace-tls:/etc/tls:tcp:443:lookup=maybe": 'lookup: expected yes or no, got "maybe"',
    "clace-tls:/etc/tls:tcp:https": 'port: expected a number from 0 to 65535, got "https"',
}
PIECES = st.lists(
    st.sampled_from(
        ["tcp", "tcp6", "unix", "haproxy", ":", ":", "=", "\\", "80", "port", "mode", "interface"]
    )
    | st.text(max_size=3),
    max_size=12,
).map("".join)


class CheckTests(SynchronousTestCase):
    def test_right(self):
        """Each type in each form that the documentation shows is accepted."""
        for endpoint in RIGHT:
            check_endpoint(endpoint)

    def test_wrong(self):
        """Each mistake is told with what was expected, and the nearest that would do."""
        for endpoint, said in WRONG.items():
            refused = self.assertRaises(ListenError, check_endpoint, endpoint)
            self.assertEqual(refused.message, said)

    def test_types_of_others(self):
        """Types that other packages bring are theirs to read."""
        check_endpoint("onion:80:whatever", lambda: {"onion"})
        self.assertIn("clace-tls", installed_types())

    @given(PIECES)
    def test_twisted_agrees(self, endpoint):
        """Whatever is accepted Twisted can read, and nothing else than a refusal comes out."""
        with contextlib.suppress(ListenError):
            check_endpoint(endpoint)
            serverFromString(MemoryReactorClock(), endpoint)
