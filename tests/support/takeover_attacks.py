"""Attacks on the daemon from inside a host, by name; each gets a ``takeover.Grip``.

Those of ``BREACHES`` break the protocol. An attack that was refused tells how as JSON.
"""

import ctypes
import os
import time

import msgspec

from clace.model.app import Demands
from clace.model.traffic import AppRequest
from clace.wire import (
    Answer,
    Ask,
    Call,
    Chunk,
    Failed,
    Head,
    HostBounds,
    Load,
    Loaded,
    LoadFailed,
    Next,
    Note,
    Ready,
    Spawn,
)
from tests.support.probes import Target, hoard, syscall, try_all

MEGABYTE = 1 << 20
PLUGIN = "exec.in"
encode = msgspec.msgpack.encode


def says(make):
    """An attack that sends what ``make`` returns for the request's number."""

    def attack(grip):
        messages = make(grip.id)
        grip.send(*(messages if isinstance(messages, tuple) else (messages,)))
        wait(grip)

    return attack


def wait(grip):
    """Do nothing until the daemon hangs up or kills."""
    while True:
        grip.line.receive()


def stay():
    """Do nothing, and ignore that the daemon hangs up."""
    while True:
        time.sleep(1)


def call(request, number=1, function="run", **fields):
    return Call(call=number, request=request, plugin=PLUGIN, function=function, **fields)


def sleep(request, number):
    return call(request, number, args=("sleep", ["20"]))


def packed(field, value, **fields):
    """A map in which one more field is written as these bytes."""
    body = encode(fields)
    return bytes([body[0] + 1]) + body[1:] + encode(field) + value


def many(item, count):
    """An array of as many of the same."""
    return b"\xdd" + count.to_bytes(4, "big") + item * count


# What a frame says may not be so, by itself.


def raw(data):
    def attack(grip):
        grip.write(data)
        wait(grip)

    return attack


FRAMES = {
    "length": raw(b"\xff\xff\xff\xff"),
    "length_just_over": raw((64 * MEGABYTE + 1).to_bytes(4, "big")),
    "empty": raw(bytes(4)),
    "text": raw(b"\0\0\0\x05hello"),
    "other_protocol": raw(b"GET /_clace/apps HTTP/1.1\r\n\r\n"),
    "cut_short": says(lambda n: encode(Head(id=n, status=200))[:-1]),
    "too_long": says(lambda n: encode(Head(id=n, status=200)) + b"\0"),
    "no_tag": says(lambda n: encode({"id": n, "status": 200})),
    "unknown_tag": says(lambda n: encode({"type": "root", "id": n})),
    "tag_of_a_number": says(lambda n: encode({"type": 1, "id": n})),
    "unknown_field": says(lambda n: encode({"type": "chunk", "id": n, "app": "/other"})),
    "list_for_map": says(lambda n: encode(["head", n, 200])),
    "text_for_number": says(lambda n: encode({"type": "head", "id": str(n), "status": 200})),
    "number_too_large": says(lambda n: encode({"type": "head", "id": 2**64 - 1, "status": 200})),
    "text_for_body": says(lambda n: encode({"type": "chunk", "id": n, "body": ["x"] * 9})),
    "no_text": says(lambda n: packed("message", b"\xa1\xff", type="failed", id=n)),
    "nested": says(lambda n: packed("args", b"\x91" * 100_000, type="call", call=1, request=n)),
    "not_hashable": says(lambda n: packed("args", b"\x91\x81\x80\x00", type="call", request=n)),
    "call_too_large": says(lambda n: call(n, args=("x" * (2 * MEGABYTE),))),
    "failure_too_large": says(lambda n: Failed(id=n, message="x" * (2 * MEGABYTE))),
    "note_too_large": says(lambda n: Note(request=n, text="x" * (2 * MEGABYTE))),
    "values": says(
        lambda n: packed("args", many(b"\x90", 2_000_000), **msgspec.to_builtins(call(n)))
    ),
    "headers": says(lambda n: Head(id=n, status=200, headers=(("X-A", "b"),) * 1001)),
    "fields": says(
        lambda n: b"\xdf\0\x10\0\0" + (encode("headers") + many(b"\x92\xa0\xa0", 1)) * (1 << 20)
    ),
}

# What is right by itself, and not at this time or not from a host.

DIRECTIONS = {
    "load": says(lambda _: Load(sources={"app.star": b""})),
    "ask": says(lambda n: Ask(n, AppRequest(method="GET", path="/", host="x"))),
    "answer": says(lambda _: Answer(call=1, value="forged")),
    "spawn": says(lambda _: encode(Spawn(host=2, bounds=HostBounds()))),
}
ORDER = {
    "ready_twice": says(lambda _: Ready(walls={})),
    "ready_with_walls": says(lambda _: Ready(walls={"empty_root": ""})),
    "loaded_twice": says(lambda _: Loaded(name="Mine", demands=Demands(loads=("exec.in",)))),
    "load_failed_late": says(lambda _: LoadFailed("no")),
    "chunk_before_head": says(lambda n: Chunk(id=n, body=b"x")),
    "second_head": says(lambda n: (Head(id=n, status=200, last=False), Head(id=n, status=200))),
    "head_after_last": says(lambda n: (Head(id=n, status=200), Head(id=n, status=200))),
    "chunk_after_last": says(lambda n: (Head(id=n, status=200), Chunk(id=n, body=b"more"))),
    "failed_twice": says(lambda n: (Failed(id=n, message="one"), Failed(id=n, message="two"))),
    "call_after_the_end": says(lambda n: (Head(id=n, status=200), call(n))),
    "next_after_the_end": says(
        lambda n: (Head(id=n, status=200), Next(call=1, request=n, stream=1))
    ),
    "note_after_the_end": says(lambda n: (Head(id=n, status=200), Note(request=n, text="x"))),
    "note_of_no_request": says(lambda _: Note(request=0, text="x")),
    "call_of_no_request": says(lambda _: call(0)),
    "call_twice": says(lambda n: (call(n, 7), call(n, 7))),
    "call_backwards": says(lambda n: (call(n, 7), call(n, 6))),
    "call_zero": says(lambda n: call(n, 0)),
    "call_negative": says(lambda n: call(n, -1)),
    "calls_at_once": says(lambda n: (sleep(n, 1), sleep(n, 2))),
    "status_99": says(lambda n: Head(id=n, status=99)),
    "status_101": says(lambda n: Head(id=n, status=101)),
    "status_600": says(lambda n: Head(id=n, status=600)),
    "status_negative": says(lambda n: Head(id=n, status=-200, last=False)),
}
FORGED = {
    "never": says(lambda _: Head(id=4_000_000, status=200)),
    "zero": says(lambda _: Head(id=0, status=200)),
    "negative": says(lambda n: Chunk(id=-n, body=b"x")),
    "next_one": says(lambda n: Head(id=n + 1, status=200)),
    "one_before": says(lambda n: Head(id=n - 1, status=200)),
    "all_others": says(
        lambda n: tuple(Failed(id=k, message="forged") for k in range(1, 100) if k != n)
    ),
    "call_of_another": says(lambda n: call(n + 1)),
    "next_of_another": says(lambda n: Next(call=1, request=n + 1, stream=1)),
    "note_of_another": says(lambda n: Note(request=n + 1, text="forged")),
}


def header(name, value="x"):
    return says(lambda n: Head(id=n, status=200, headers=((name, value),), body=b"x"))


HEADERS = {
    "new_line": header("X-A", "b\r\nSet-Cookie: session=stolen"),
    "line_feed": header("X-A", "b\nc: d"),
    "nul": header("X-A", "b\0c"),
    "name_new_line": header("X-A\r\nX-B"),
    "name_colon": header("X-A: b\r\nX-C"),
    "name_space": header("X A"),
    "name_empty": header(""),
    "name_foreign": header("X-\u20ac"),
    "content_length": header("Content-Length", "0"),
    "transfer_encoding": header("transfer-encoding", "chunked"),
    "connection": header("Connection", "close"),
    "whole_origin": header("Service-Worker-Allowed", "/"),
    "other_server": header("Alt-Svc", 'h3="evil.example.com:443"'),
    "in_a_stream": says(
        lambda n: Head(id=n, status=200, headers=(("Content-Length", "1"),), last=False)
    ),
}
BREACHES = {
    **FRAMES,
    **DIRECTIONS,
    **ORDER,
    **FORGED,
    **{f"header_{n}": a for n, a in HEADERS.items()},
}

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
        Head(id=grip.id, status=200, last=False), Chunk(id=grip.id, body=b"%d" % opened.stream)
    )
    grip.line.receive()
    stay()


def steal_stream(grip):
    """What another request of this app opened."""
    opened = grip.call(PLUGIN, "run", "yes", [], kwargs={"stream": True})
    grip.send(Failed(id=grip.id, message="gone"))
    second = grip.hear(Ask)
    grip.id = second.id
    grip.tell(told(grip.next(opened.stream)))


def too_many_calls(grip):
    """More calls than a request may make."""
    answers = [grip.call("fs.in", "list", "/") for _ in range(int(grip.wanted["calls"]) + 1)]
    grip.tell(told(answers[-2], answers[-1]))


def failure_codes(grip):
    """A failure that would be somebody else's."""
    grip.send(Failed(id=grip.id, message="log in here", code="not_authenticated"))


def too_large(grip):
    """An answer over the limit."""
    grip.send(Head(id=grip.id, status=200, body=bytes(3 * MEGABYTE)))


def notes(grip):
    """The log and the audit log, with as much as can be said."""
    text = "x" * 100_000
    for number in range(300):
        grip.send(
            Note(request=grip.id, text=f"flood {number} {text}"),
            Note(request=grip.id, operation="flood", target=text, detail=text),
        )
    grip.send(Note(request=grip.id, text='over\n{"level":"error","message":"forged"}'))
    grip.tell("said")


def bytewise(grip):
    """An answer in single bytes."""
    body = encode(Head(id=grip.id, status=200, body=b'"slow"'))
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
        grip.send(Head(id=number, status=200, body=b"unread"))
        time.sleep(0.05)
    stay()


def endless_chunks(grip):
    """A body without end, whether or not somebody takes it."""
    grip.send(Head(id=grip.id, status=200, last=False))
    piece = Chunk(id=grip.id, body=bytes(60_000))
    while True:
        grip.send(piece)


def small_chunks(grip):
    grip.send(Head(id=grip.id, status=200, last=False))
    while True:
        grip.send(*[Chunk(id=grip.id, body=b"x")] * 1000)


def drips(grip):
    """A body that comes so slowly that it lasts for ever."""
    grip.send(Head(id=grip.id, status=200, last=False))
    while True:
        grip.send(Chunk(id=grip.id, body=b"."))
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
        silent,
        spins,
        exits,
        crashes,
        foreign_calls,
        closes,
        open_stream,
    )
}

# What keeps the daemon busy for as long as it lasts.


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


def framed(*messages):
    return b"".join(
        len(body).to_bytes(4, "big") + body
        for body in (one if isinstance(one, bytes) else encode(one) for one in messages)
    )


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
    "notes_flood": flood(lambda g: framed(*[Note(request=g.id, text="x" * 100)] * 500)),
    "tiny_frames": flood(lambda g: framed(*[Note(request=g.id)] * 5000)),
    "large_frames": flood(lambda g: framed(Note(request=g.id, text="x" * 2_000_000))),
    "many_values": many_values,
    "calls_refused": one_by_one("sh"),
    "calls_unread": many_at_once,
    "programs": one_by_one("sleep", ["0"]),
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
