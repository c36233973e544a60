"""Values counted in MessagePack without making them."""

from datetime import UTC

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.wire_values import has_more

LONG = st.sampled_from((0, 31, 32, 255, 256, 65535, 65536))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | LONG.map(lambda length: "x" * length)
    | LONG.map(bytes)
    | st.datetimes(timezones=st.just(UTC))
    | st.integers(0, 300).map(lambda length: msgspec.msgpack.Ext(7, bytes(length))),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=50,
)


def count(value):
    if isinstance(value, list):
        return 1 + sum(map(count, value))
    if isinstance(value, dict):
        return 1 + sum(1 + count(one) for one in value.values())
    return 1


class CountingTests(SynchronousTestCase):
    @given(VALUES)
    def test_counts(self, value):
        """Lists and maps count, and all that is in them, keys too."""
        body, values = msgspec.msgpack.encode(value), count(value)
        self.assertFalse(has_more(body, values))
        self.assertTrue(has_more(body, values - 1))

    def test_long_containers(self):
        """However the length of a list is written."""
        for length in (15, 16, 65535, 65536):
            body = msgspec.msgpack.encode([None] * length)
            self.assertEqual((has_more(body, length), has_more(body, length + 1)), (True, False))

    @given(st.binary(max_size=100))
    def test_rubbish(self, body):
        """Bytes that mean nothing are counted somehow, and at most each by itself."""
        self.assertFalse(has_more(body, len(body)))
