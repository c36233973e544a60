"""Frames that break the protocol, as attacks by name; each is an attack that gets a ``Grip``."""

import time

import msgspec

from clace.frames import framed_before
from clace.model.app import Demands
from clace.model.traffic import AppRequest
from clace.wire import (
    AnswerHead,
    AppLoaded,
    AskApp,
    BodyChunk,
    CallAnswer,
    CallPlugin,
    ForkHost,
    HostBounds,
    HostNote,
    HostReady,
    LoadApp,
    LoadFailed,
    NextItems,
    RequestFailed,
)

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
    return CallPlugin(call=number, request=request, plugin=PLUGIN, function=function, **fields)


def sleep(request, number):
    return call(request, number, args=("sleep", ["20"]))


def packed(field, value, **fields):
    """A map in which one more field is written as these bytes."""
    body = encode(fields)
    return bytes([body[0] + 1]) + body[1:] + encode(field) + value


def many(item, count):
    """An array of as many of the same."""
    return b"\xdd" + count.to_bytes(4, "big") + item * count


def framed(*messages):
    """Frames of these messages or bodies, whatever limits an honest host keeps to."""
    bodies = [one if isinstance(one, bytes) else encode(one) for one in messages]
    return b"".join(len(body).to_bytes(4, "big") + body for body in bodies)


# What a frame says may not be so, by itself.


def raw(data):
    def attack(grip):
        grip.write(data)
        wait(grip)

    return attack


def with_tail(make, tail=b"x"):
    """An attack that sends what ``make`` returns with a tail behind it."""

    def attack(grip):
        grip.write(framed_before(len(tail), encode(make(grip.id))) + tail)
        wait(grip)

    return attack


FRAMES = {
    "tail_too_long": raw(b"\x80\0\0\1\xff\xff\xff\xff"),
    "tail_of_nothing": with_tail(lambda n: AnswerHead(id=n, status=200), b""),
    "tail_after_a_body": with_tail(lambda n: AnswerHead(id=n, status=200, body=b"x")),
    "tail_of_a_stream": with_tail(lambda n: AnswerHead(id=n, status=200, last=False)),
    "tail_of_a_piece": with_tail(lambda n: BodyChunk(id=n, body=b"x")),
    "tail_of_a_call": with_tail(call),
    "length": raw(b"\xff\xff\xff\xff"),
    "length_just_over": raw((64 * MEGABYTE + 1).to_bytes(4, "big")),
    "empty": raw(bytes(4)),
    "text": raw(b"\0\0\0\x05hello"),
    "other_protocol": raw(b"GET /_clace/apps HTTP/1.1\r\n\r\n"),
    "cut_short": says(lambda n: encode(AnswerHead(id=n, status=200))[:-1]),
    "too_long": says(lambda n: encode(AnswerHead(id=n, status=200)) + b"\0"),
    "no_tag": says(lambda n: encode({"id": n, "status": 200})),
    "unknown_tag": says(lambda n: encode({"type": "root", "id": n})),
    "tag_of_a_number": says(lambda n: encode({"type": 1, "id": n})),
    "unknown_field": says(lambda n: encode({"type": "chunk", "id": n, "app": "/other"})),
    "as_another_app": says(
        lambda n: encode({**msgspec.to_builtins(call(n)), "app": "/other", "app_id": "app_prd_1"})
    ),
    "list_for_map": says(lambda n: encode(["head", n, 200])),
    "text_for_number": says(lambda n: encode({"type": "head", "id": str(n), "status": 200})),
    "number_too_large": says(lambda n: encode({"type": "head", "id": 2**64 - 1, "status": 200})),
    "text_for_body": says(lambda n: encode({"type": "chunk", "id": n, "body": ["x"] * 9})),
    "no_text": says(lambda n: packed("message", b"\xa1\xff", type="failed", id=n)),
    "nested": says(lambda n: packed("args", b"\x91" * 100_000, type="call", call=1, request=n)),
    "not_hashable": says(lambda n: packed("args", b"\x91\x81\x80\x00", type="call", request=n)),
    "call_too_large": says(lambda n: call(n, args=("x" * (2 * MEGABYTE),))),
    "failure_too_large": says(lambda n: RequestFailed(id=n, message="x" * (2 * MEGABYTE))),
    "note_too_large": says(lambda n: HostNote(request=n, text="x" * (2 * MEGABYTE))),
    "values": says(
        lambda n: packed("args", many(b"\x90", 2_000_000), **msgspec.to_builtins(call(n)))
    ),
    "headers": says(lambda n: AnswerHead(id=n, status=200, headers=(("Vary", "b"),) * 1001)),
    "fields": says(
        lambda n: b"\xdf\0\x10\0\0" + (encode("headers") + many(b"\x92\xa0\xa0", 1)) * (1 << 20)
    ),
}


def flooded_load(grip):
    """As much as can be said while loading, and then nothing."""
    for number in range(1000):
        grip.send(HostNote(request=0, text=f"flood {number} " + "x" * 100_000))
    stay()


# What is right by itself, and not at this time or not from a host.

DIRECTIONS = {
    "load": says(lambda _: LoadApp(sources={"app.star": b""})),
    "ask": says(lambda n: AskApp(n, AppRequest(method="GET", path="/", host="x"))),
    "answer": says(lambda _: CallAnswer(call=1, value="forged")),
    "spawn": says(lambda _: encode(ForkHost(host=2, bounds=HostBounds()))),
}
ORDER = {
    "ready_twice": says(lambda _: HostReady(walls={})),
    "ready_with_walls": says(lambda _: HostReady(walls={"empty_root": ""})),
    "loaded_twice": says(lambda _: AppLoaded(name="Mine", demands=Demands(loads=("exec.in",)))),
    "load_failed_late": says(lambda _: LoadFailed("no")),
    "chunk_before_head": says(lambda n: BodyChunk(id=n, body=b"x")),
    "second_head": says(
        lambda n: (AnswerHead(id=n, status=200, last=False), AnswerHead(id=n, status=200))
    ),
    "head_after_last": says(lambda n: (AnswerHead(id=n, status=200), AnswerHead(id=n, status=200))),
    "chunk_after_last": says(
        lambda n: (AnswerHead(id=n, status=200), BodyChunk(id=n, body=b"more"))
    ),
    "failed_twice": says(
        lambda n: (RequestFailed(id=n, message="one"), RequestFailed(id=n, message="two"))
    ),
    "call_after_the_end": says(lambda n: (AnswerHead(id=n, status=200), call(n))),
    "next_after_the_end": says(
        lambda n: (AnswerHead(id=n, status=200), NextItems(call=1, request=n, stream=1))
    ),
    "note_after_the_end": says(
        lambda n: (AnswerHead(id=n, status=200), HostNote(request=n, text="x"))
    ),
    "note_of_no_request": says(lambda _: HostNote(request=0, text="x")),
    "call_of_no_request": says(lambda _: call(0)),
    "call_twice": says(lambda n: (call(n, 7), call(n, 7))),
    "call_backwards": says(lambda n: (call(n, 7), call(n, 6))),
    "call_zero": says(lambda n: call(n, 0)),
    "call_negative": says(lambda n: call(n, -1)),
    "calls_at_once": says(lambda n: (sleep(n, 1), sleep(n, 2))),
    "status_99": says(lambda n: AnswerHead(id=n, status=99)),
    "status_101": says(lambda n: AnswerHead(id=n, status=101)),
    "status_600": says(lambda n: AnswerHead(id=n, status=600)),
    "status_negative": says(lambda n: AnswerHead(id=n, status=-200, last=False)),
}
FORGED = {
    "never": says(lambda _: AnswerHead(id=4_000_000, status=200)),
    "zero": says(lambda _: AnswerHead(id=0, status=200)),
    "negative": says(lambda n: BodyChunk(id=-n, body=b"x")),
    "next_one": says(lambda n: AnswerHead(id=n + 1, status=200)),
    "one_before": says(lambda n: AnswerHead(id=n - 1, status=200)),
    "all_others": says(
        lambda n: tuple(RequestFailed(id=k, message="forged") for k in range(1, 100) if k != n)
    ),
    "call_of_another": says(lambda n: call(n + 1)),
    "next_of_another": says(lambda n: NextItems(call=1, request=n + 1, stream=1)),
    "note_of_another": says(lambda n: HostNote(request=n + 1, text="forged")),
}


# While the app is loaded; it is to be served as if it were one that does.


def loaded(**fields):
    return AppLoaded(**{"name": "Mine", "demands": Demands(), **fields})


LOADING = {
    "ready": says(lambda _: HostReady(walls={})),
    "loaded_after_failing": says(lambda _: (LoadFailed("no"), loaded())),
    "answer_of_no_request": says(lambda _: AnswerHead(id=0, status=200)),
    "answer_of_the_first": says(lambda _: (AnswerHead(id=1, status=200), loaded())),
    "call": says(lambda _: (call(0), loaded())),
    "large": says(lambda _: loaded(options={"index": "x" * (2 * MEGABYTE)})),
    "values": says(lambda _: loaded(options={"index": [[]] * 70_000})),
    "no_demands": says(lambda _: encode({"type": "loaded", "name": "Mine"})),
    "notes": flooded_load,
    "silent": lambda _: stay(),
}


def header(name, value="x"):
    return says(lambda n: AnswerHead(id=n, status=200, headers=((name, value),), body=b"x"))


HEADERS = {
    "new_line": header("HX-Trigger", "b\r\nSet-Cookie: session=stolen"),
    "line_feed": header("HX-Trigger", "b\nc: d"),
    "nul": header("HX-Trigger", "b\0c"),
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
    "reports": header("NEL", '{"report_to": "evil", "max_age": 31536000}'),
    "file_of_the_proxy": header("X-Accel-Redirect", "/protected/"),
    "login_state": header("Set-Login", "logged-in"),
    "not_invented_yet": header("X-Of-Next-Year"),
    "too_long": header("HX-Trigger", "x" * 9000),
    "in_a_stream": says(
        lambda n: AnswerHead(id=n, status=200, headers=(("Content-Length", "1"),), last=False)
    ),
}
BREACHES = {
    **FRAMES,
    **DIRECTIONS,
    **ORDER,
    **FORGED,
    **{f"header_{n}": a for n, a in HEADERS.items()},
}
