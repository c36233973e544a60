"""What keeps the daemon busy for as long as it lasts, by name."""

import time

from clace.wire import HostNote
from tests.support.takeover_frames import PLUGIN, call, framed, many, packed


def flood(make):
    """Send the same without end, for the seconds that the request says."""

    def attack(grip):
        data = make(grip)
        limit = time.monotonic() + float(grip.wanted["seconds"])
        sent = 0
        while time.monotonic() < limit:
            grip.write(data)
            sent += len(data)
        grip.tell(sent)

    return attack


def one_by_one(*args):
    """As many calls as there is time for, each answered."""

    def attack(grip):
        limit = time.monotonic() + float(grip.wanted["seconds"])
        while time.monotonic() < limit:
            grip.call(PLUGIN, "run", *args)
        grip.tell(grip.calls)

    return attack


def many_at_once(grip):
    """Calls that are refused at once, so that no answer need be waited for."""
    limit = time.monotonic() + float(grip.wanted["seconds"])
    number = 0
    while time.monotonic() < limit:
        batch = [call(grip.id, number + k, args=("sh",)) for k in range(1, 501)]
        grip.write(framed(*batch))
        number += 500
        for _ in batch:
            grip.hear()
    grip.tell(number)


def many_values(grip):
    """Calls with as many arguments as a call may have: each is small, and dear to decode."""
    limit = time.monotonic() + float(grip.wanted["seconds"])
    lists = many(b"\x90", 49_000)
    while time.monotonic() < limit:
        grip.calls += 1
        fields = {"type": "call", "call": grip.calls, "request": grip.id, "function": "run"}
        grip.write(framed(packed("args", lists, plugin="no.in", **fields)))
        grip.hear()
    grip.tell(grip.calls)


FLOODS = {
    "notes_flood": flood(lambda g: framed(*[HostNote(request=g.id, text="x" * 100)] * 500)),
    "tiny_frames": flood(lambda g: framed(*[HostNote(request=g.id)] * 5000)),
    "large_frames": flood(lambda g: framed(HostNote(request=g.id, text="x" * 2_000_000))),
    "many_values": many_values,
    "calls_refused": one_by_one("sh"),
    "calls_unread": many_at_once,
    "programs": one_by_one("sleep", ["0"]),
}
