"""The names of static files with their hashes."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.model.hashing import hashed_name, split_hash

SHA = "ab" * 32
NAMES = st.from_regex(r"[a-z0-9 _-]{0,6}(/[a-z0-9._ -]{1,6}){0,3}", fullmatch=True)


class HashedNameTests(SynchronousTestCase):
    def test_before_the_first_dot(self):
        """The hash stands before the first dot of the last part, or at the end."""
        self.assertEqual(hashed_name("a.b/c.min.js", SHA), f"a.b/c-{SHA}.min.js")
        self.assertEqual(hashed_name("plain", SHA), f"plain-{SHA}")

    @given(NAMES)
    def test_there_and_back(self, name):
        """A hashed name gives back the plain one and the hash."""
        self.assertEqual(split_hash(hashed_name(name, SHA)), (name, SHA))

    @given(st.text())
    def test_any_text(self, name):
        """A name without a hash is itself."""
        plain, sha256 = split_hash(name)
        self.assertTrue(sha256 or plain == name)
