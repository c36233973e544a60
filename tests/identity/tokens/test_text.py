"""Tests for ``clace.identity.tokens.text``."""

import re
import secrets
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.identity.tokens import digest_of, is_token, make_token


class TextTests(SynchronousTestCase):
    def test_looks(self):
        """A token has the prefix, 43 characters of chance and a checksum of six, as one word."""
        for _ in range(100):
            self.assertTrue(re.fullmatch("clace_[0-9A-Za-z]{49}", make_token(secrets.token_bytes)))

    def test_is_known_by_others(self):
        """The checksum is the CRC-32 of the part of chance in base 62, which scanners compute."""
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        for _ in range(100):
            token = make_token(secrets.token_bytes).removeprefix("clace_")
            value = 0
            for digit in token[43:]:
                value = value * 62 + digits.index(digit)
            self.assertEqual(value, crc32(token[:43].encode()))

    @given(st.binary(min_size=32, max_size=32))
    def test_all_bits_count(self, random):
        """Tokens differ if their random bits do, and each is known as one."""
        token = make_token(lambda size: random[:size])
        other = make_token(lambda size: bytes([random[0] ^ 1, *random[1:size]]))
        self.assertTrue(is_token(token))
        self.assertNotEqual(token, other)
        self.assertNotEqual(digest_of(token), digest_of(other))

    @given(st.binary(min_size=32, max_size=32), st.integers(6, 54), st.sampled_from("0Zz_é "))
    def test_mistakes(self, random, place, character):
        """A token with another character in it is no token."""
        token = make_token(lambda size: random[:size])
        if token[place] != character:
            self.assertFalse(is_token(token[:place] + character + token[place + 1 :]))

    @given(st.text())
    def test_anything(self, text):
        """Other texts are told from tokens without an error."""
        self.assertFalse(is_token(text) and not text.startswith("clace_"))
        self.assertFalse(is_token(f"clace_{text}\n"))
