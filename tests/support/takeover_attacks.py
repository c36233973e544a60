"""Attacks from inside a host, by name; each gets a ``takeover.Grip``.

What was refused all that it tried tells how, as JSON.
"""

import ctypes
import os
import time

import msgspec

from clace.wire import AnswerHead, AskApp, BodyChunk, HostNote, RequestFailed
from tests.support.probes import Target, hoard, syscall, try_all
from tests.support.takeover_floods import FLOODS
from tests.support.takeover_frames import BREACHES, MEGABYTE, PLUGIN, call, encode, stay

# What is refused, and the request goes on.


def told(*answers):
    return [[answer.error, answer.refused] for answer in answers]


def unapproved(grip):
    """Calls of what was not approved for this app, or is not there."""
    answers = (
        grip.call("fs.in", "list", "/"),
        grip.call("store.in", "select", "secrets"),
        grip.call("clace.in", "list_apps"),
        grip.call("exec.in#root", "run", "sh"),
        grip.call("exec.in", "run", "sh", ["-c", "id"]),
        grip.call("exec.in", "run", "sleep\0", ["20"]),
        grip.call("exec.in", "__class__"),
        grip.call("exec.in", ""),
        grip.call("", "run"),
        grip.call("../exec.in", "run", "sleep"),
    )
    grip.tell(told(*answers))


def strange_arguments(grip):
    """Arguments of kinds that no Starlark makes, to a function that was approved."""
    values = (
        msgspec.msgpack.Ext(5, b"x"),
        {b"a": 1},
        {(): 1},
        2**64 - 1,
        float("nan"),
        [[["x"]]],
        b"\xff",
    )
    answers = [grip.call(PLUGIN, "run", "sleep", value) for value in values]
    answers += [grip.call(PLUGIN, "run", value) for value in values]
    grip.tell(told(*answers))


def streams(grip):
    """Streams that nobody opened."""
    grip.tell(told(*(grip.next(number) for number in (0, 1, -1, 2**31, 2**63 - 1))))


def open_stream(grip):
    """Open a stream and keep it open while another request looks for it."""
    opened = grip.call(PLUGIN, "run", "yes", [], kwargs={"stream": True})
    grip.send(
        AnswerHead(id=grip.id, status=200, last=False),
        BodyChunk(id=grip.id, body=b"%d" % opened.stream),
    )
    grip.line.receive()
    stay()


def steal_stream(grip):
    """What another request of this app opened."""
    opened = grip.call(PLUGIN, "run", "yes", [], kwargs={"stream": True})
    grip.send(RequestFailed(id=grip.id, message="gone"))
    second = grip.hear(AskApp)
    grip.id = second.id
    grip.tell(told(grip.next(opened.stream)))


def too_many_calls(grip):
    """More calls than a request may make."""
    answers = [grip.call("fs.in", "list", "/") for _ in range(int(grip.wanted["calls"]) + 1)]
    grip.tell(told(answers[-2], answers[-1]))


def failure_codes(grip):
    """A failure that would be somebody else's."""
    grip.send(RequestFailed(id=grip.id, message="log in here", code="not_authenticated"))


def too_large(grip):
    """An answer over the limit."""
    grip.send(AnswerHead(id=grip.id, status=200, body=bytes(3 * MEGABYTE)))


def notes(grip):
    """The log and the audit log, with as much as can be said."""
    text = "x" * 100_000
    for number in range(300):
        grip.send(
            HostNote(request=grip.id, text=f"flood {number} {text}"),
            HostNote(request=grip.id, operation="flood", target=text, detail=text),
        )
    grip.send(HostNote(request=grip.id, text='over\n{"level":"error","message":"forged"}'))
    grip.tell("said")


def bytewise(grip):
    """An answer in single bytes."""
    body = encode(AnswerHead(id=grip.id, status=200, body=b'"slow"'))
    for byte in len(body).to_bytes(4, "big") + body:
        grip.write(bytes([byte]))


REFUSALS = {
    "unapproved": unapproved,
    "strange_arguments": strange_arguments,
    "streams": streams,
    "steal_stream": steal_stream,
    "too_many_calls": too_many_calls,
    "failure_codes": failure_codes,
    "too_large": too_large,
    "notes": notes,
    "bytewise": bytewise,
}

# What only time or a limit ends.


def large_frame_without_request(grip):
    """Bytes for the daemon to keep, though it waits for nothing."""
    grip.tell("answered")
    grip.write((60 * MEGABYTE).to_bytes(4, "big") + bytes(4 * MEGABYTE))
    stay()


def never_ends_a_frame(grip):
    """A frame that is announced and never comes."""
    grip.write((60 * MEGABYTE).to_bytes(4, "big") + bytes(40 * MEGABYTE))
    stay()


def never_reads(grip):
    """Large answers that the daemon has to keep for who does not read them."""
    number = 0
    while True:
        number += 1
        grip.send(call(grip.id, number, args=("seq", ["-f", "%05000g", "1000"])))
        time.sleep(0.3)


def answers_unread(grip):
    """Answer what was never read: requests are in order, and so are their numbers."""
    for number in range(grip.id, grip.id + 50):
        grip.send(AnswerHead(id=number, status=200, body=b"unread"))
        time.sleep(0.05)
    stay()


def endless_chunks(grip):
    """A body without end, whether or not somebody takes it."""
    grip.send(AnswerHead(id=grip.id, status=200, last=False))
    piece = BodyChunk(id=grip.id, body=bytes(60_000))
    while True:
        grip.send(piece)


def small_chunks(grip):
    grip.send(AnswerHead(id=grip.id, status=200, last=False))
    while True:
        grip.send(*[BodyChunk(id=grip.id, body=b"x")] * 1000)


def drips(grip):
    """A body that comes so slowly that it lasts for ever."""
    grip.send(AnswerHead(id=grip.id, status=200, last=False))
    while True:
        grip.send(BodyChunk(id=grip.id, body=b"."))
        time.sleep(0.1)


def pages_for_ever(grip):
    """Pages of a stream, and never an answer."""
    opened = grip.call(PLUGIN, "run", "yes", [], kwargs={"stream": True})
    while True:
        grip.next(opened.stream)
        time.sleep(0.1)


def waits_for_ever(grip):
    """One page that does not come, and never an answer."""
    opened = grip.call(PLUGIN, "run", "sleep", ["20"], kwargs={"stream": True})
    grip.next(opened.stream)
    stay()


def hangs_on(grip):
    """Live on after the daemon has hung up."""
    grip.tell("answered")
    stay()


def patient(grip):
    """Answer late, and as expected."""
    time.sleep(0.7)
    grip.tell("patient")


def silent(_grip):
    stay()


def spins(_grip):
    while True:
        pass


def exits(_grip):
    os._exit(0)


def crashes(_grip):
    ctypes.string_at(0)


def foreign_calls(_grip):
    syscall(0x40000000 + 39)


def closes(grip):
    grip.socket.close()
    stay()


ENDURING = {
    one.__name__: one
    for one in (
        large_frame_without_request,
        never_ends_a_frame,
        never_reads,
        answers_unread,
        endless_chunks,
        small_chunks,
        drips,
        pages_for_ever,
        waits_for_ever,
        hangs_on,
        patient,
        silent,
        spins,
        exits,
        crashes,
        foreign_calls,
        closes,
        open_stream,
    )
}


def system(grip):
    """Everything that a process might try."""
    target = Target(grip.socket, int(grip.wanted["pid"]), grip.wanted["home"])
    grip.tell(try_all(target))


def memory(grip):
    """As much memory as there is."""
    grip.tell(hoard(int(grip.wanted["mebibytes"])))


ATTACKS = {
    "system": system,
    "memory": memory,
    **BREACHES,
    **REFUSALS,
    **ENDURING,
    **FLOODS,
}
