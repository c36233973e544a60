"""The frames between the daemon and an app's host."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace import wire
from clace.frames import MAX_FRAME, BadFrame, FrameReader, framed_before
from clace.model.app import Demands, FileRef, Permission, PluginManifest
from clace.model.traffic import AppRequest

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.integers(0, 2**32)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | TEXT
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.lists(PLAIN, max_size=3).map(tuple)
LISTS = st.dictionaries(TEXT, st.lists(TEXT, max_size=2), max_size=3)
REQUESTS = st.builds(
    AppRequest, method=TEXT, path=TEXT, host=TEXT, headers=LISTS, query=LISTS, form=LISTS
)
DOWNWARD = st.one_of(
    st.builds(
        wire.LoadApp,
        sources=st.dictionaries(TEXT, st.binary(max_size=50), max_size=3),
        static=st.lists(st.builds(FileRef, TEXT, TEXT, NUMBERS), max_size=2).map(tuple),
        loads=st.lists(TEXT, max_size=2).map(tuple),
        plugins=st.lists(st.builds(PluginManifest, TEXT), max_size=2).map(tuple),
        node_config=st.dictionaries(TEXT, PLAIN, max_size=2),
    ),
    st.builds(wire.AskApp, NUMBERS, REQUESTS),
    st.builds(wire.CallAnswer, call=NUMBERS, value=PLAIN, error=TEXT, more=st.booleans()),
)
PERMISSIONS = st.builds(Permission, TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple))
HEADERS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
UPWARD = st.one_of(
    st.builds(wire.HostReady, walls=st.dictionaries(TEXT, TEXT, max_size=3)),
    st.builds(
        wire.AppLoaded,
        name=TEXT,
        demands=st.builds(Demands, st.just(()), st.lists(PERMISSIONS, max_size=2).map(tuple)),
        options=st.dictionaries(TEXT, PLAIN, max_size=2),
    ),
    st.builds(wire.LoadFailed, TEXT),
    st.builds(
        wire.AnswerHead, id=NUMBERS, status=NUMBERS, headers=HEADERS, body=st.binary(max_size=50)
    ),
    st.builds(wire.BodyChunk, id=NUMBERS, body=st.binary(max_size=50), last=st.booleans()),
    st.builds(wire.RequestFailed, id=NUMBERS, message=TEXT),
    st.builds(
        wire.CallPlugin, call=NUMBERS, request=NUMBERS, plugin=TEXT, function=TEXT, args=ARGUMENTS
    ),
    st.builds(wire.NextItems, call=NUMBERS, request=NUMBERS, stream=NUMBERS),
    st.builds(wire.HostNote, request=NUMBERS, text=TEXT),
)


def in_pieces(data, cuts):
    """The data cut at these places."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


class FrameTests(SynchronousTestCase):
    @given(st.lists(DOWNWARD, max_size=4), st.lists(st.integers(0, 10000), max_size=5))
    def test_to_a_host_and_back(self, messages, cuts):
        """What is packed arrives as it was, however the bytes are cut."""
        frames = FrameReader()
        data = b"".join(map(wire.pack, messages))
        bodies = [body for piece in in_pieces(data, cuts) for body in frames.feed(piece)]
        self.assertEqual([wire.unpack_downward(body) for body in bodies], messages)

    @given(UPWARD)
    def test_from_a_host_and_back(self, message):
        """What a host packs arrives as it was."""
        (body,) = FrameReader().feed(wire.pack(message))
        self.assertEqual(wire.unpack_upward(body), message)

    @given(HEADERS, st.binary(min_size=1, max_size=50))
    def test_large_answers(self, headers, body):
        """A body behind its head arrives with it."""
        head = wire.AnswerHead(id=3, status=200, headers=headers)
        (frame,) = FrameReader().feed(wire.pack_large(head, len(body)) + body)
        self.assertEqual(wire.unpack_upward(frame), wire.LargeAnswer(head, (body,)))

    @given(UPWARD)
    def test_tails_of_others(self, message):
        """A tail behind what has no body, or has one already, is no message."""
        encoded = wire.pack(message)[4:]
        if isinstance(message, wire.AnswerHead) and not message.body:
            encoded = wire.pack(msgspec.structs.replace(message, last=False))[4:]
        (frame,) = FrameReader().feed(framed_before(3, encoded) + b"abc")
        self.assertRaises(BadFrame, wire.unpack_upward, frame)

    def test_empty_tail(self):
        """A tail of nothing is not sent by an honest host."""
        (frame,) = FrameReader().feed(wire.pack_large(wire.AnswerHead(id=1, status=200), 0))
        self.assertRaises(BadFrame, wire.unpack_upward, frame)

    @given(DOWNWARD)
    def test_directions(self, message):
        """A message of the other direction is no frame."""
        (body,) = FrameReader().feed(wire.pack(message))
        self.assertRaises(BadFrame, wire.unpack_upward, body)

    @given(st.binary(max_size=200))
    def test_rubbish(self, data):
        """Bytes are refused as a whole or understood; nothing else is raised."""
        try:
            for body in FrameReader().feed(data):
                wire.unpack_upward(body)
        except BadFrame:
            return

    @given(UPWARD, st.integers(0, 10000), st.integers(0, 255))
    def test_damage(self, message, place, value):
        """A frame with one byte changed is refused or understood."""
        body = bytearray(wire.pack(message)[4:])
        body[place % len(body)] = value
        try:
            wire.unpack_upward(bytes(body))
        except BadFrame:
            return

    def test_too_long(self):
        """A length over the limit is refused before its bytes are waited for."""
        frames = FrameReader(lambda: 10)
        self.assertRaises(BadFrame, list, frames.feed((11).to_bytes(4, "big")))
        self.assertEqual(list(FrameReader(lambda: 10).feed((10).to_bytes(4, "big"))), [])

    def test_too_large_to_pack(self):
        """A message over the limit is not sent."""
        big = wire.BodyChunk(id=1, body=bytes(MAX_FRAME))
        self.assertRaises(BadFrame, wire.pack, big)

    def test_nested_too_deeply(self):
        """A value nested without end is refused."""
        body = b"\x91" * 100000
        self.assertRaises(BadFrame, wire.unpack_upward, body)


class ForkServerMessageTests(SynchronousTestCase):
    def test_there_and_back(self):
        """What is said to and by the fork server arrives as it was, in one packet."""
        spawn = wire.ForkHost(host=3, bounds=wire.HostBounds(memory_mb=64))
        gone = wire.HostEnded(host=3, signal=9)
        self.assertEqual(wire.unpack_to_fork_server(wire.pack_fork_server(spawn)), spawn)
        self.assertEqual(wire.unpack_from_fork_server(wire.pack_fork_server(gone)), gone)
        self.assertLess(len(wire.pack_fork_server(spawn)), wire.MAX_FORK_SERVER_MESSAGE)

    @given(st.binary(max_size=100))
    def test_rubbish(self, data):
        """Other bytes are refused."""
        try:
            wire.unpack_to_fork_server(data)
        except BadFrame:
            return


class SizeTests(SynchronousTestCase):
    def test_statements(self):
        """What is no answer's body may not be long: a few bytes can stand for many values."""
        call = wire.CallPlugin(call=1, request=1, plugin="p", function="f", args=("x" * 3_000_000,))
        self.assertRaises(BadFrame, wire.pack, call)
        bomb = msgspec.msgpack.encode({**msgspec.to_builtins(call), "args": [[]] * 3_000_000})
        self.assertRaises(BadFrame, wire.unpack_upward, bomb)

    def test_bodies(self):
        """Bodies of answers may be."""
        for message in (
            wire.AnswerHead(id=1, status=200, body=bytes(3_000_000)),
            wire.BodyChunk(id=1, body=bytes(3_000_000)),
        ):
            (body,) = FrameReader().feed(wire.pack(message))
            self.assertEqual(wire.unpack_upward(body), message)

    def test_headers(self):
        """Headers are counted before they are read."""
        head = wire.AnswerHead(id=1, status=200, headers=(("a", "b"),) * 1001)
        self.assertRaises(BadFrame, wire.unpack_upward, msgspec.msgpack.encode(head))
