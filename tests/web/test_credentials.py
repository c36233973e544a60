import re
import time
from base64 import b64encode

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.credentials import FOR_THE_SERVER, MAX_HEADER, Authorization, read_authorization

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")))


def basic(text: bytes) -> str:
    return "Basic " + b64encode(text).decode()


def password_of(header):
    return read_authorization(header).password


def token_of(header):
    return read_authorization(header).token


class BasicCredentialsTests(SynchronousTestCase):
    def test_reads_user_and_password(self):
        """The password is all that follows the first colon."""
        self.assertEqual(password_of(basic(b"admin:se:cret")), ("admin", "se:cret"))

    def test_scheme_is_case_insensitive(self):
        """Schemes are compared as HTTP compares them."""
        self.assertEqual(password_of("bAsIc YTpi"), ("a", "b"))

    def test_refuses_what_is_malformed(self):
        """Whatever is no user and password is nothing at all."""
        for header in (
            None,
            "",
            "Basic",
            "Basic ",
            "Basic a",
            "Basic YTpi!",
            "Basic YTpi YTpi",
            "Basic YTp\u0130",
            "Bearer YTpi",
            basic(b"no colon"),
            basic(b"a:\xff"),
            basic(b"a:b\0c"),
            basic(b"a:b\nc"),
        ):
            self.assertIsNone(password_of(header), header)

    def test_malformed(self):
        """A password that cannot be read is told from the words to somebody else."""
        for header in ("Basic", "Basic YTpi!", "BASIC:YTpi", basic(b"a:" + b"b" * MAX_HEADER)):
            self.assertEqual(read_authorization(header), Authorization(basic=True))
        for header in (None, "", "Digest YTpi", "Bearer YTpi", "YTpi"):
            self.assertEqual(read_authorization(header), Authorization())

    def test_refuses_what_is_too_long(self):
        """A header over 8 KiB is not even decoded."""
        self.assertIsNotNone(password_of(basic(b"a:" + b"b" * 6000)))
        self.assertIsNone(password_of(basic(b"a:" + b"b" * MAX_HEADER)))

    @given(st.text() | st.text().map("Basic ".__add__))
    @example("Basic ====")
    def test_never_raises(self, header):
        """Any text is read or refused."""
        found = password_of(header)
        self.assertTrue(found is None or len(found) == 2)

    @given(PRINTABLE.filter(lambda user: ":" not in user), PRINTABLE)
    def test_round_trip(self, user, password):
        """Every user without a colon and every password that HTTP allows arrive as they were."""
        header = basic(f"{user}:{password}".encode())
        self.assertEqual(password_of(header), (user, password))


class BearerTests(SynchronousTestCase):
    def test_finds_tokens(self):
        """A token of ours is found by its prefix, however the scheme is written."""
        for header in ("Bearer clace_x", "bearer  clace_x", " BEARER clace_x "):
            self.assertEqual(token_of(header), "clace_x")

    def test_leaves_others(self):
        """Other credentials are not for us to judge."""
        for header in (None, "", "Bearer", "Bearer x", "Basic clace_x", "clace_x", "B" * 9000):
            self.assertIsNone(token_of(header))

    @given(st.text())
    def test_anything(self, header):
        """No header makes it fail."""
        token_of(header)
        token_of(f"Bearer {header}")


class ForTheServerTests(SynchronousTestCase):
    """Headers that no app is to see, as text and as the bytes that came."""

    def is_ours(self, header):
        found = re.match(FOR_THE_SERVER, header, re.IGNORECASE)
        if header.isascii():
            encoded = re.match(FOR_THE_SERVER.encode(), header.encode(), re.IGNORECASE)
            self.assertEqual(found is None, encoded is None, header)
        return found is not None

    def test_ours(self):
        """Passwords, tokens of the server, and what has no scheme are for the server."""
        for header in (
            "Basic x",
            " basic",
            "BASIC\tx",
            "Bearer clace_x",
            "token \t CLACE_x",
            "clace_x",
            "x",
            " x ",
            "",
        ):
            self.assertTrue(self.is_ours(header), header)

    def test_others(self):
        """Other schemes are for apps."""
        for header in ("Bearer x", "Basics x", "Digest a=clace_", "Bearer x clace_x", " Bearer x"):
            self.assertFalse(self.is_ours(header), header)

    def test_length(self):
        """A header costs its length and no more, whatever it is made of."""
        began = time.process_time()
        for space in (" ", "\t", "\xa0", "\u2003"):
            for header in (
                space * 60_000 + "a b",
                "a" + space * 60_000 + "b",
                f"{space}a" * 30_000,
            ):
                self.assertFalse(self.is_ours(header))
        self.assertLess(time.process_time() - began, 5)
