"""Tests for ``clace.gotemplate.go.values``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.go.values import (
    NOVALUE,
    Int64,
    Map,
    Record,
    Slice,
    Uint8,
    URLValues,
    decode,
    encode,
    kind_name,
    type_name,
    wrap,
)


class ValueTests(SynchronousTestCase):
    def test_go_names(self):
        """Every kind of value knows its Go type and kind."""
        table = (
            (None, "<nil>", "invalid"),
            (NOVALUE, "<nil>", "invalid"),
            (1, "int", "int"),
            (Int64(1), "int64", "int64"),
            (Uint8(1), "uint8", "uint8"),
            ([1], "[]interface {}", "slice"),
            (Slice([], elem="string"), "[]string", "slice"),
            ({}, "map[string]interface {}", "map"),
            (Map({}, elem="string"), "map[string]string", "map"),
            (Record("main.T", {}), "main.T", "struct"),
            (URLValues({}), "url.Values", "map"),
            (URLValues({}, header=True), "http.Header", "map"),
        )
        for value, name, kind in table:
            self.assertEqual((type_name(value), kind_name(value)), (name, kind))

    @given(st.binary())
    def test_bytes_travel(self, data):
        """Bytes that are no text survive as a string."""
        self.assertEqual(encode(decode(data)), data)

    @given(st.text(st.characters()))
    def test_any_text_has_bytes(self, text):
        """Even half a surrogate pair can be encoded."""
        encode(text)

    @given(st.integers(-(1 << 70), 1 << 70))
    def test_arithmetic_wraps(self, value):
        """Sums wrap as 64-bit integers do."""
        self.assertEqual((wrap(value) - value) % (1 << 64), 0)
        self.assertTrue(-(1 << 63) <= wrap(value) < 1 << 63)
