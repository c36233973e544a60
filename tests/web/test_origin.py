from functools import partial

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NotAllowed
from clace.web.apps.origin import check_origin

OWN = "https://clace.example:25223"
ALLOWED = (
    # method, Origin, Sec-Fetch-Site
    ("GET", "https://evil.example", "cross-site"),
    ("HEAD", "https://evil.example", "cross-site"),
    ("OPTIONS", "https://evil.example", "cross-site"),
    ("POST", None, None),
    ("POST", "", ""),
    ("POST", None, "same-origin"),
    ("POST", None, "none"),
    ("POST", "https://evil.example", "same-origin"),
    ("POST", "https://clace.example:25223", None),
    ("POST", "HTTPS://CLACE.example:25223", None),
    ("POST", "https://clace.example:25223", ""),
    ("DELETE", None, None),
)
REFUSED = (
    ("POST", None, "cross-site"),
    ("POST", None, "same-site"),
    ("POST", None, "Same-Origin"),
    ("POST", "https://clace.example:25223", "cross-site"),
    ("POST", "https://clace.example:25223", "same-site"),
    ("POST", "https://evil.example", None),
    ("POST", "http://clace.example:25223", None),
    ("POST", "https://clace.example", None),
    ("POST", "https://clace.example:443", None),
    ("POST", "null", None),
    ("POST", "clace.example:25223", None),
    ("POST", "https://clace.example:25223/", None),
    ("POST", "https://clace.example:25223@evil.example", None),
    ("POST", "https://evil.example/clace.example:25223", None),
    ("POST", "ftp://clace.example:25223", None),
    ("PUT", "https://evil.example", None),
    ("PATCH", "https://evil.example", None),
    ("DELETE", "https://evil.example", None),
    ("post", "https://evil.example", None),
    ("INVENTED", "https://evil.example", None),
)


class CheckOriginTests(SynchronousTestCase):
    def test_lets_through(self):
        """Safe methods, pages of the same origin and programs that are no browser pass."""
        for method, origin, site in ALLOWED:
            check_origin(method, OWN, origin=origin, fetch_site=site)

    def test_refuses(self):
        """Other origins, other ports and origins that are none do not get to change anything."""
        for method, origin, site in REFUSED:
            with self.assertRaises(NotAllowed, msg=f"{method} {origin} {site}") as caught:
                check_origin(method, OWN, origin=origin, fetch_site=site)
            self.assertEqual(
                caught.exception.message, "Cross origin check failed - CSRF protection"
            )

    def test_a_host_is_compared_without_case(self):
        """Names of hosts have no case."""
        check_origin("POST", "https://A.Example", origin="https://a.example", fetch_site=None)

    def test_the_usual_port_is_no_port(self):
        """A port that a scheme has anyway may be written or not; another scheme has another."""
        for own, origin, allowed in (
            ("https://a.example:443", "https://a.example", True),
            ("http://a.example", "http://a.example:80", True),
            ("http://[::1]:80", "http://[::1]", True),
            ("http://a.example:443", "https://a.example", False),
            ("http://a.example", "https://a.example:80", False),
        ):
            ask = partial(check_origin, "POST", own, origin=origin, fetch_site=None)
            if allowed:
                ask()
            else:
                self.assertRaises(NotAllowed, ask)
