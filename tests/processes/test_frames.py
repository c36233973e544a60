"""What the daemon and the process that starts programs say to each other."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.processes.frames import (
    ALIVE,
    KILL,
    KILLED,
    MAX_ORDER,
    START,
    STARTED,
    BadPacket,
    StartOrder,
    pack_down,
    pack_up,
    unpack_down,
    unpack_up,
)

TEXTS = st.binary(max_size=40).map(lambda text: text.replace(b"\0", b""))
NAMES = TEXTS.map(lambda text: text.replace(b"=", b"") or b"A")


def fields(order):
    return [getattr(order, name) for name in StartOrder.__slots__]


class OrderTests(SynchronousTestCase):
    @given(
        st.builds(
            StartOrder,
            TEXTS,
            st.lists(TEXTS, max_size=5),
            st.dictionaries(NAMES, TEXTS, max_size=5),
            TEXTS,
            st.integers(0, 2**64 - 1),
            st.integers(0, 2**64 - 1),
        )
    )
    def test_round_trip(self, order):
        """An order arrives as it was given, empty and odd texts too."""
        self.assertEqual(fields(StartOrder.unpack(order.pack())), fields(order))

    @given(st.binary(max_size=200))
    def test_strict(self, packed):
        """Other bytes are refused, or are the only way to write this order."""
        try:
            order = StartOrder.unpack(packed)
        except BadPacket:
            return
        # A variable that is given twice counts once.
        self.assertLessEqual(len(order.pack()), len(packed))

    def test_cut(self):
        """An order of which a part is missing, or with more behind it, is refused."""
        packed = StartOrder(b"/bin/a", [b"b", b""], {b"C": b"d=e"}, b"/").pack()
        for length in range(len(packed)):
            self.assertRaises(BadPacket, StartOrder.unpack, packed[:length])
        self.assertRaises(BadPacket, StartOrder.unpack, packed + b"x")
        self.assertRaises(BadPacket, StartOrder.unpack, packed + b"x\0")

    def test_nul(self):
        """A NUL cannot move the border between two arguments."""
        for place in range(4):
            texts = [b"a\0b" if place == n else b"a" for n in range(4)]
            order = StartOrder(texts[0], [texts[1]], {b"A": texts[2]}, texts[3])
            self.assertRaises(ValueError, order.pack)

    def test_too_long(self):
        """An order over the limit is not sent at all."""
        with self.assertRaisesRegex(ValueError, "argument list too long"):
            StartOrder(b"/bin/a", [b"a" * MAX_ORDER], {}, b"/").pack()


class PacketTests(SynchronousTestCase):
    def test_round_trip(self):
        """Kinds, numbers and values arrive as they were sent."""
        self.assertEqual(unpack_down(pack_down(KILL, 2**40)), (KILL, 2**40))
        self.assertEqual(unpack_up(pack_up(KILLED, 7, 9)), (KILLED, 7, 9))
        self.assertEqual(unpack_down(pack_down(ALIVE, 0)), (ALIVE, 0))
        self.assertEqual(unpack_up(pack_up(ALIVE, 0, 0)), (ALIVE, 0, 0))

    def test_strict(self):
        """Each direction takes its own packets only."""
        for packet in (b"", b"x", pack_up(STARTED, 1, 2), pack_down(START, 1) + b"x", b"\0" * 9):
            self.assertRaises(BadPacket, unpack_down, packet)
        for packet in (b"", b"x", pack_down(START, 1), pack_up(STARTED, 1, 2)[:-1], b"\0" * 13):
            self.assertRaises(BadPacket, unpack_up, packet)
