"""Packets between the daemon, supervisors and inits of walled programs."""

import os
import socket

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.processes.walled.frames import (
    MAX_ORDER,
    BadWallPacket,
    Opened,
    Over,
    Reach,
    Reached,
    Running,
    SendSignal,
    Walled,
    WallLimits,
    WallOrder,
    pack,
    read_order,
    receive,
    unpack_from_supervisor,
    unpack_to_supervisor,
)

UPWARD = (Opened(1), Walled({"a": ""}, 5), Running("no"), Reached(3, 111), Over(status=2))
DOWNWARD = (Reach(4, 8501), SendSignal(15))
BOUNDS = WallLimits(memory_mb=1, cpus=0.5, processes=2, descriptors=3, file_mb=4, scratch_mb=5)
ORDER = WallOrder(name="a", command=("b",), environment={"c": "d"}, bounds=BOUNDS)


class FrameTests(SynchronousTestCase):
    def file(self, content):
        descriptor = os.memfd_create("order")
        self.addCleanup(os.close, descriptor)
        os.write(descriptor, content)
        return descriptor

    def test_round_trip(self):
        """Each end reads what the other wrote."""
        for message in UPWARD:
            self.assertEqual(unpack_from_supervisor(pack(message)), message)
        for message in DOWNWARD:
            self.assertEqual(unpack_to_supervisor(pack(message)), message)
        self.assertEqual(read_order(self.file(pack(ORDER))), ORDER)

    def test_directions(self):
        """Neither end takes what only the other says."""
        for message in UPWARD:
            self.assertRaises(BadWallPacket, unpack_to_supervisor, pack(message))
        for message in DOWNWARD:
            self.assertRaises(BadWallPacket, unpack_from_supervisor, pack(message))

    @given(st.binary(max_size=80))
    def test_any_bytes(self, some):
        """Bytes are a message or refused, and nothing else happens."""
        for unpack in (unpack_from_supervisor, unpack_to_supervisor):
            try:
                unpack(some)
            except BadWallPacket:
                continue

    def test_orders(self):
        """A file that holds no order is refused, and one over the limit is not read."""
        self.assertRaises(BadWallPacket, read_order, self.file(b"no"))
        long = self.file(b"")
        os.ftruncate(long, MAX_ORDER + 1)
        self.assertRaises(BadWallPacket, read_order, long)

    def test_descriptors(self):
        """Descriptors come with their packet, and no program inherits them."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            socket.send_fds(theirs, [b"x"], [theirs.fileno(), theirs.fileno()])
            packet, descriptors = receive(ours)
            self.assertEqual((packet, len(descriptors)), (b"x", 2))
            for descriptor in descriptors:
                self.assertFalse(os.get_inheritable(descriptor))
                os.close(descriptor)
            theirs.close()
            self.assertEqual(receive(ours), (b"", []))

    def test_last_packets(self):
        """What one end said before it went is read, also if it left something unread."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            theirs.send(b"over")
            ours.send(b"reach")
            theirs.close()
            self.assertEqual([receive(ours), receive(ours)], [(b"over", []), (b"", [])])
