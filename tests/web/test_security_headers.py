from twisted.trial.unittest import SynchronousTestCase

from clace.web.apps.security_headers import LEVELS, missing

HSTS = "Strict-Transport-Security"


class MissingTests(SynchronousTestCase):
    def headers(self, level, *present, secure=True):
        return dict(missing(level, set(present), secure=secure))

    def test_level_two(self):
        """The level that everybody gets breaks no app."""
        self.assertEqual(
            self.headers(2),
            {
                "X-Content-Type-Options": "nosniff",
                "X-Frame-Options": "SAMEORIGIN",
                "Referrer-Policy": "strict-origin-when-cross-origin",
            },
        )

    def test_level_five(self):
        """Level five forbids frames and asks for TLS for a year."""
        found = self.headers(5)
        self.assertEqual(found["X-Frame-Options"], "DENY")
        self.assertEqual(found[HSTS], "max-age=31536000; includeSubDomains")
        self.assertEqual(found["Cross-Origin-Opener-Policy"], "same-origin")
        self.assertEqual(found["X-Permitted-Cross-Domain-Policies"], "none")
        self.assertEqual(found["X-Content-Type-Options"], "nosniff")

    def test_level_ten(self):
        """Level ten isolates the page from every other."""
        found = self.headers(10)
        self.assertEqual(found[HSTS], "max-age=63072000; includeSubDomains; preload")
        self.assertEqual(found["Content-Security-Policy"], "default-src 'self'")
        self.assertEqual(found["Cross-Origin-Embedder-Policy"], "require-corp")
        self.assertEqual(found["Cross-Origin-Resource-Policy"], "same-origin")
        self.assertEqual(found["Permissions-Policy"], "geolocation=(), microphone=(), camera=()")

    def test_levels_round_down(self):
        """A level between two is the lower of them."""
        for level, same_as in ((-1, 0), (1, 0), (3, 2), (9, 5), (11, 10), (1000, 10)):
            self.assertEqual(self.headers(level), self.headers(same_as), level)

    def test_keeps_what_the_app_says(self):
        """A header of the app stands, but for those that a level forces."""
        taken = ("x-frame-options", "referrer-policy", HSTS.lower())
        self.assertEqual(self.headers(2, *taken), {"X-Content-Type-Options": "nosniff"})
        self.assertEqual(self.headers(5, *taken)["X-Frame-Options"], "DENY")
        self.assertNotIn(HSTS, self.headers(5, *taken))
        self.assertIn("preload", self.headers(10, *taken)[HSTS])

    def test_no_transport_security_without_tls(self):
        """An answer over plain HTTP does not speak of TLS."""
        for level in LEVELS:
            self.assertNotIn(HSTS, self.headers(level, secure=False))
