"""Frames between the daemon and an app's host: a length of four bytes, then MessagePack.

What a host sends is untrusted: it is decoded strictly, by type, and a frame over the limit or of a
kind not expected is a reason to end the host.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, final, get_args

import msgspec
from msgspec import Meta, Struct, field

from clace.frames import MAX_FRAME, BadFrame, Tailed, framed, framed_before
from clace.model import INDISPENSABLE, AppRequest, Demands, Fault, FileRef, PluginManifest
from clace.units import MEBIBYTE
from clace.wire_values import has_more

# Of what a host says that is no answer's body: a small frame can stand for many values.
MAX_STATEMENT = 2 * MEBIBYTE
# A frame of few bytes cannot hold many values; of a longer one they are counted.
MAX_VALUES = 50_000
_FEW_BYTES = 1 << 16
_MOST_HEADERS = 100
# Characters of one header's value; browsers and proxies refuse more.
MAX_HEADER = 8000
_LONGEST_REASON = 200
T = TypeVar("T")


class LoadApp(Struct, frozen=True, tag="load", kw_only=True):
    """The first frame: the sources to run. ``inert`` plugins answer nothing (an audit).

    With ``declarations`` they are not an app: these files of them declare apps. ``app_path`` is
    empty for an app at the root; ``static`` names files below ``static/``; ``env`` is what
    ``$NAME`` stands for in ``ace.config``; ``params`` are texts as the operator gave them.
    """

    sources: dict[str, bytes]
    declarations: tuple[str, ...] = ()
    static: tuple[FileRef, ...] = ()
    app_path: str = ""
    is_dev: bool = False
    inert: bool = False
    loads: tuple[str, ...] = ()
    plugins: tuple[PluginManifest, ...] = ()
    node_config: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    load_seconds: float = 10
    request_seconds: float = 60


class AskApp(Struct, frozen=True, tag="ask"):
    """A request to the app."""

    id: int
    request: AppRequest


class CallAnswer(Struct, frozen=True, tag="answer", kw_only=True, omit_defaults=True):
    """The outcome of a plugin call; ``refused`` ends the handler, ``error`` is for the app.

    ``shape`` names what the value (or each item of a list) is for the app, unless a plain value.
    """

    call: int
    value: Any = None
    shape: str = ""
    error: str = ""
    error_code: int = 0
    stream: int = 0
    more: bool = False
    refused: bool = False


class HostMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """A message of a host; a field too many makes it another protocol."""


class HostReady(HostMessage, frozen=True, tag="ready", kw_only=True):
    """The host is shut in and waits for its app; ``walls`` says of each layer why it is missing."""

    walls: dict[str, str]


class AppLoaded(HostMessage, frozen=True, tag="loaded", kw_only=True):
    """The app loaded; what it is and asks for."""

    name: str
    demands: Demands
    options: dict[str, Any] = field(default_factory=dict)


class LoadFailed(HostMessage, frozen=True, tag="load_failed"):
    """The app does not load; ``code`` is one of ``errors.BY_CODE``."""

    message: str
    code: str = "app_failed"


@final
class AnswerHead(HostMessage, frozen=True, tag="head", kw_only=True, omit_defaults=True):
    """Status and headers of an answer; ``last`` if the whole body is in it.

    ``fault`` is a failure that the app's own error handler has answered.
    """

    id: int
    status: int
    headers: Annotated[tuple[tuple[str, str], ...], Meta(max_length=_MOST_HEADERS)] = ()
    body: bytes = b""
    last: bool = True
    fault: Fault | None = None


class LargeAnswer(Struct, frozen=True):
    """An answer whose body came behind its head, in pieces."""

    head: AnswerHead
    body: tuple[bytes, ...]

    @property
    def id(self) -> int:
        return self.head.id


class BodyChunk(HostMessage, frozen=True, tag="chunk", kw_only=True, omit_defaults=True):
    """A further piece of a body."""

    id: int
    body: bytes = b""
    last: bool = False


class RequestFailed(HostMessage, frozen=True, tag="failed", kw_only=True):
    """The app failed on a request; ``code`` is one of ``errors.BY_CODE``."""

    id: int
    message: str
    code: str = "app_failed"
    place: str = ""
    route: str = ""

    @property
    def fault(self) -> Fault:
        """The failure, its texts of bounded length."""
        found = Fault(message=self.message, code=self.code, place=self.place, route=self.route)
        return found.cut()


@final
class CallPlugin(HostMessage, frozen=True, tag="call", kw_only=True, omit_defaults=True):
    """A plugin call made while answering request ``request``; ``call`` numbers it."""

    call: int
    request: int
    plugin: str
    function: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


class NextItems(HostMessage, frozen=True, tag="next", kw_only=True):
    """The next items of a stream that an earlier call opened."""

    call: int
    request: int
    stream: int


class HostNote(HostMessage, frozen=True, tag="note", kw_only=True, omit_defaults=True):
    """Text that an app printed, or (``operation`` set) asks to be recorded in the audit log."""

    request: int
    text: str = ""
    operation: str = ""
    target: str = ""
    detail: str = ""
    failed: bool = False


Downward = LoadApp | AskApp | CallAnswer
Statement = HostReady | AppLoaded | LoadFailed | RequestFailed | CallPlugin | NextItems | HostNote
Upward = Statement | AnswerHead | BodyChunk


class HostBounds(Struct, frozen=True, kw_only=True):
    """Limits of a host: memory beyond what it starts with, and processor time (0: any)."""

    memory_mb: int = 512
    cpu_seconds: int = 0


class PrepareHosts(Struct, frozen=True, tag="prepare", kw_only=True):
    """To the fork server, before all else: what its hosts share, and which walls have to stand.

    Each host has a user from ``user_base`` on if the server runs as root. 0 MB are most of the
    machine's memory.
    """

    user_base: int = 2_100_000_000
    user_count: int = 10_000
    total_memory_mb: int = 0
    max_tasks: int = 10_000
    required: tuple[str, ...] = INDISPENSABLE


class ForkHost(Struct, frozen=True, tag="spawn", kw_only=True):
    """To the fork server, with one descriptor: fork a host that talks over it."""

    host: int
    bounds: HostBounds


class KillHost(Struct, frozen=True, tag="end"):
    """To the fork server: kill this host, if it still lives."""

    host: int


class HostForked(Struct, frozen=True, tag="born", kw_only=True):
    """From the fork server: the host runs."""

    host: int
    pid: int


WALLS_MISSING = 3
MEMORY_GONE = 4


class HostEnded(Struct, frozen=True, tag="gone", kw_only=True):
    """From the fork server: the host has ended, by its own exit or by a signal.

    Status ``WALLS_MISSING`` says that it was not safe to go on, ``MEMORY_GONE`` that there was
    no memory left to say so in words.
    """

    host: int
    status: int = 0
    signal: int = 0


ToForkServer = PrepareHosts | ForkHost | KillHost
FromForkServer = HostForked | HostEnded
MAX_FORK_SERVER_MESSAGE = 4096

_STATEMENTS = frozenset(get_args(Statement))
_encoder = msgspec.msgpack.Encoder()
_downward: msgspec.msgpack.Decoder[Downward] = msgspec.msgpack.Decoder(Downward)
_upward: msgspec.msgpack.Decoder[Upward] = msgspec.msgpack.Decoder(Upward)
_bodies: msgspec.msgpack.Decoder[AnswerHead | BodyChunk] = msgspec.msgpack.Decoder(
    AnswerHead | BodyChunk
)
_to_fork_server: msgspec.msgpack.Decoder[ToForkServer] = msgspec.msgpack.Decoder(ToForkServer)
_from_fork_server: msgspec.msgpack.Decoder[FromForkServer] = msgspec.msgpack.Decoder(FromForkServer)


def pack(message: Downward | Upward) -> bytes:
    """The message as one frame.

    :raises BadFrame: it is over the limit.
    """
    body = bytearray()
    _encoder.encode_into(message, body)  # without memory for it, encode() ends the process
    if len(body) > _FEW_BYTES:
        _check_size(message, body)
    return framed(body)


def _check_size(message: Downward | Upward, body: bytes | bytearray) -> None:
    is_statement = type(message) in _STATEMENTS
    limit = MAX_STATEMENT if is_statement else MAX_FRAME
    if len(body) > limit:
        raise BadFrame(f"a frame of {len(body)} bytes is over the limit of {limit}")
    if is_statement:
        _check_values(body)


def pack_large(head: AnswerHead, size: int) -> bytes:
    """The head of an answer whose body, of so many bytes, has to be sent next.

    :raises BadFrame: it is over the limit.
    """
    return framed_before(size, _encoder.encode(head))


def unpack_downward(body: bytes) -> Downward:
    """:raises BadFrame: if the body is not a message to a host."""
    return _decoded(_downward, body)


def unpack_upward(frame: bytes | Tailed) -> Upward | LargeAnswer:
    """:raises BadFrame: if the frame is not a message from a host, or too much for its kind."""
    return _large(frame) if isinstance(frame, Tailed) else _upward_of(frame)


def _upward_of(body: bytes) -> Upward:
    if len(body) <= _FEW_BYTES:
        return _decoded(_upward, body)
    _check_values(body)
    if len(body) > MAX_STATEMENT:
        return _decoded(_bodies, body)
    return _decoded(_upward, body)


def _large(frame: Tailed) -> LargeAnswer:
    head = _upward_of(frame.body)
    if not isinstance(head, AnswerHead) or head.body or not head.last or not frame.tail:
        raise BadFrame("a tail behind something else than the head of an answer")
    return LargeAnswer(head, frame.tail)


def pack_fork_server(message: ToForkServer | FromForkServer) -> bytes:
    """The message as one packet: the fork server's socket keeps packets apart."""
    return _encoder.encode(message)


def unpack_to_fork_server(body: bytes) -> ToForkServer:
    """:raises BadFrame: if the body is not a message to the fork server."""
    return _decoded(_to_fork_server, body)


def unpack_from_fork_server(body: bytes) -> FromForkServer:
    """:raises BadFrame: if the body is not a message from the fork server."""
    return _decoded(_from_fork_server, body)


def _check_values(body: bytes | bytearray) -> None:
    if has_more(body, MAX_VALUES):
        raise BadFrame(f"a frame of more than {MAX_VALUES} values is over the limit")


def _decoded(decoder: msgspec.msgpack.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadFrame(f"not a frame: {str(error)[:_LONGEST_REASON]}") from error
