"""Passwords are made at random, hashed whole, and never silently cut."""

from __future__ import annotations

import bcrypt
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest, ConfigError
from clace.passwords import (
    ALPHABET,
    check_choice,
    check_hash,
    encode_password,
    hash_password,
    random_password,
)


class RandomPasswordTests(SynchronousTestCase):
    def test_has_sixteen_of_the_alphabet(self):
        """A random password is sixteen characters that the chooser took from the alphabet."""
        given_to_choose: list[str] = []

        def last(alphabet: str) -> str:
            given_to_choose.append(alphabet)
            return alphabet[-1]

        self.assertEqual(random_password(last), "|" * 16)
        self.assertEqual(given_to_choose, [ALPHABET] * 16)

    def test_alphabet_can_stand_in_a_shell_comment(self):
        """Letters, digits and the signs of the original, each once."""
        self.assertEqual(len(set(ALPHABET)), 26 * 2 + 10 + 17)
        self.assertTrue(set("@#%^&*()_-+=<>?/|") <= set(ALPHABET))

    def test_differs_each_time(self):
        """By default chance comes from the system."""
        self.assertNotEqual(random_password(), random_password())


class ChoiceTests(SynchronousTestCase):
    """Passwords that somebody chose: each that is refused differs by one thing from one that is
    taken.
    """

    def test_rules(self):
        """A password has a length, fits bcrypt, and is more than a name or a few characters."""
        few = "a password cannot be the user's name, nor a few characters again and again"
        much = "a password has at most 72 bytes of UTF-8 and no NUL in it"
        for refused, taken, reason in (
            ("elevenchars", "twelve-chars", "a password has at least 12 characters"),
            ("christopher1", "christophe-ml", few),
            ("CHRISTOPHER-x9y8", "christopher-x9y8z", few),
            ("abcabcabcabc", "abcdabcdabcd", few),
            (f"{'é' * 34}abcde", f"{'é' * 34}abcd", much),
            ("twelve\0chars", "twelve-chars", much),
            ("twelve-\ud800chars", "twelve-chars", much),
        ):
            error = self.assertRaises(BadRequest, check_choice, refused, "christopher")
            self.assertEqual(error.message, reason)
            check_choice(taken, "christopher")
        check_choice("christopher1", "")


class HashTests(SynchronousTestCase):
    def test_matches_its_password(self):
        """A hash is a bcrypt hash of the password at the cost asked for."""
        hashed = hash_password("sésame", cost=4)
        self.assertTrue(hashed.startswith("$2b$04$"))
        self.assertTrue(bcrypt.checkpw("sésame".encode(), hashed.encode()))
        check_hash(hashed)

    def test_refuses_what_bcrypt_would_cut(self):
        """Empty passwords, those over 72 bytes and those with a NUL are refused, not shortened."""
        self.assertEqual(len(hash_password("é" * 36, cost=4)), 60)
        for password in ("", "é" * 37, "a\0b", "\ud800"):
            self.assertRaises(BadRequest, hash_password, password, 4)

    def test_refuses_what_is_no_hash(self):
        """A configured text that bcrypt would choke on later is refused at once."""
        good = hash_password("x", cost=4)
        for text in ("", "secret", good[:-1], good + "\n", good.replace("$04$", "$99$")):
            self.assertRaises(ConfigError, check_hash, text)

    @settings(max_examples=50)
    @given(st.text(max_size=100))
    def test_encodes_only_what_bcrypt_reads_whole(self, password):
        """What is encoded can always be checked by bcrypt without an error."""
        encoded = encode_password(password)
        if encoded is not None:
            self.assertEqual(encoded.decode(), password)
            self.assertLessEqual(len(encoded), 72)
            self.assertNotIn(b"\0", encoded)
