"""Rules for keys: each reads a value or refuses it, and says what it expects.

Limits that msgspec knows are declared in its words, ``Annotated[int, Meta(ge=1, le=9)]``, and made
into rules by ``declared``; the rules here are for values that are tidied, expanded or taken apart.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar, get_args, get_origin
from urllib.parse import urlsplit

from msgspec import Meta, Struct, convert

from clace.config.names import Names, Refused
from clace.config.places import quoted
from clace.errors import ListenError
from clace.go_booleans import FALSE, TRUE
from clace.locations import is_http_url
from clace.model import check_endpoint, is_reference

# Patterns for ``Meta``, which looks anywhere in a text: each says where it begins and ends.
LINES = r"\A[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*\Z"
PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
BCRYPT = r"\A(?:\$2[abxy]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53})?\Z"
HASH = r"\A\$2[abxy]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}\Z"
PLUGIN = r"\A[a-z][a-z0-9_]*\.in\Z"
PRINTF = r"\A(?:[^%\x00-\x1f\x7f-\x9f]|%%|%s)*\Z"
HEADER = r"\A[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z"
HEADER_COPY = r"\A[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:>[A-Za-z0-9!#$%&'*+.^_`|~-]+)?\Z"
HOST_AND_PORT = r"\A(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z"
SECRET = {"secret": True}
"""For ``Meta(extra=...)``: a refusal does not repeat the value."""
_PRINTABLE = re.compile(PRINTABLE)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_URL = re.compile(r"[!-~]{1,2048}")
_NO_SCHEME = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SHOWN = 60
_INT64 = 2**63

T = TypeVar("T")
Parse = Callable[[object, Names], object]


class Rule(Struct, frozen=True):
    """A way to read a value. ``from_text`` converts the text of a flag or of the environment;
    if it ``expands``, ``$NAME`` is replaced.
    """

    expected: str
    parse: Parse
    from_text: Callable[[str], object] = str
    secret: bool = False
    expands: bool = False

    def refusal(self, value: object, reason: str = "") -> str:
        """Return the message for a refused value; a secret is not repeated."""
        if reason:
            return reason
        if self.secret:
            return f"expected {self.expected}"
        return f"expected {self.expected}, got {shown(value)}"


def shown(value: object) -> str:
    """A value as an error may show it: short, on one line, as TOML would write it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return quoted(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
        case int():
            return str(value) if abs(value) < _INT64 else "a number over 64 bits"
        case dict():
            return "a table"
        case list():
            return "an array"
        case _:
            return str(value)


def declared(kind: Any) -> Rule:
    """Return the rule of an annotated type: its own, or one made of msgspec's limits for it."""
    base, limits = get_args(kind)[0], kind.__metadata__[-1]
    if isinstance(limits, Rule):
        return limits

    def parse(value: object, _names: Names) -> object:
        return convert(value, kind)

    return Rule(
        _expected(base, limits),
        parse,
        _FROM_TEXT.get(base, str),
        secret=bool(limits.extra and limits.extra.get("secret")),
    )


def _expected(base: Any, limits: Meta) -> str:
    if limits.description:
        return limits.description
    if get_origin(base) is Literal:
        return "one of " + ", ".join(get_args(base))
    return f"an integer from {limits.ge} to {limits.le}"


def filled(description: str) -> Meta:
    """A text on one line that is not empty."""
    return Meta(min_length=1, pattern=PRINTABLE, description=description)


def lenient_boolean() -> Rule:
    """Era 25 wrote some booleans as texts."""

    def parse(value: object, _names: Names) -> bool:
        return _instance(_text_boolean(value) if isinstance(value, str) else value, bool)

    return Rule("true or false", parse, _text_boolean)


def lenient_integer(low: int, high: int) -> Rule:
    """Era 25 wrote some numbers as texts."""
    strict = declared(Annotated[int, Meta(ge=low, le=high)])

    def parse(value: object, names: Names) -> object:
        return strict.parse(_text_integer(value) if isinstance(value, str) else value, names)

    return Rule(strict.expected, parse, _text_integer)


def floor_of(*steps: int) -> Rule:
    """An integer that is rounded down to the nearest of the steps."""
    within = declared(Annotated[int, Meta(ge=steps[0], le=100)])

    def parse(value: object, names: Names) -> int:
        number = _instance(within.parse(value, names), int)
        return max(step for step in steps if step <= number)

    return Rule(within.expected, parse, _text_integer)


def one_of(*choices: str, tidy: Callable[[str], str] = str) -> Rule:
    def parse(value: object, _names: Names) -> str:
        choice = tidy(_instance(value, str))
        return choice if choice in choices else _refuse()

    return Rule("one of " + ", ".join(choices), parse)


def text_or(default: str) -> Rule:
    """A text, or in place of an empty one ``default``."""

    def parse(value: object, _names: Names) -> str:
        return _printable(value) or default

    return Rule("a text", parse)


def path() -> Rule:
    def parse(value: object, names: Names) -> Path:
        return names.path(_printable(value) or _refuse())

    return Rule("a path", parse)


def optional_path() -> Rule:
    """An empty text means no path."""

    def parse(value: object, names: Names) -> Path | None:
        return names.path(written) if (written := _printable(value)) else None

    return Rule('a path or ""', parse)


def array(kind: Any) -> Rule:
    """An array, each item of an annotated type or by a rule."""
    item = kind if isinstance(kind, Rule) else declared(kind)
    expected = f"an array, each {item.expected}"

    def parse(value: object, names: Names) -> tuple[object, ...]:
        return tuple(_item(item, expected, each, names) for each in _instance(value, list))

    return Rule(expected, parse)


def proxy() -> Rule:
    """An address, a network, or ``unix:`` for the peers on UNIX sockets; kept as written."""

    def parse(value: object, _names: Names) -> str:
        written = _instance(value, str)
        if written != "unix:":
            ipaddress.ip_network(written, strict=False)
        return written

    return Rule("an IP address, a network such as 10.0.0.0/8, or unix:", parse)


def server_uri() -> Rule:
    """A socket's path, or an URL without credentials, query or fragment."""

    def parse(value: object, names: Names) -> str:
        written = _printable(value) or _refuse()
        if "://" in written:
            return _plain_url(written)
        if _NO_SCHEME.fullmatch(written):
            _refuse()
        return str(names.path(written))

    return Rule("a socket's path or http(s)://host:port", parse)


def optional_origin() -> Rule:
    """Scheme, host and port of a site; an empty text means it is not known."""

    def parse(value: object, _names: Names) -> str:
        written = _printable(value)
        return _plain_url(written) if written else ""

    return Rule("https://host or https://host:port", parse)


def optional_web_url() -> Rule:
    """An URL over HTTPS, or over HTTP if it stays on this machine."""

    def parse(value: object, _names: Names) -> str:
        written = _printable(value)
        return written if not written or is_safe_url(written) else _refuse()

    return Rule("an https:// URL, or an http:// one of localhost", parse)


def optional_http_url() -> Rule:
    """An URL over HTTP or HTTPS, to a server that may be anywhere."""

    def parse(value: object, _names: Names) -> str:
        written = _printable(value)
        secure = "https" + written[4:] if written.startswith("http:") else written
        return written if not written or is_safe_url(secure) else _refuse()

    return Rule("an http:// or https:// URL", parse)


def key_file() -> Rule:
    """The path of a key, or ``random`` for one that the server makes and keeps."""

    def parse(value: object, names: Names) -> str:
        written = _printable(value)
        return written if written in {"", "random"} else str(names.path(written))

    return Rule('a path, "random" or ""', parse)


def optional_name_of_host() -> Rule:
    def parse(value: object, _names: Names) -> str:
        written = _instance(value, str)
        return written if not written or _HOST.fullmatch(written) else _refuse()

    return Rule("a name such as example.com", parse)


def is_safe_url(written: str) -> bool:
    """Return true for an URL whose traffic others cannot read or change on its way."""
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if (
        not host
        or port == 0
        or "@" in parts.netloc
        or parts.fragment
        or not _URL.fullmatch(written)
    ):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def database(*, postgres: bool = False) -> Rule:
    """A database; a refusal does not repeat what was given, for an URL may hold a password."""
    expected = "sqlite:PATH or postgresql://..." if postgres else "sqlite:PATH"

    def parse(value: object, names: Names) -> str:
        written = _printable(value)
        if is_reference(written):
            return written  # read again when the secret is known
        scheme, _, rest = written.partition(":")
        if postgres and scheme in {"postgres", "postgresql"} and rest.startswith("//"):
            return written
        if scheme in {"postgres", "postgresql"} and not postgres:
            raise Refused("PostgreSQL is not supported by this version, use sqlite:PATH")
        if scheme != "sqlite" or rest in {"", ":memory:"}:
            raise Refused(f"expected {expected}")
        return f"sqlite:{names.path(rest)}"

    return Rule(expected, parse, secret=postgres, expands=True)


def endpoint() -> Rule:
    """A Twisted endpoint string; what ``$NAME`` stands for is escaped as such strings want it."""

    def parse(value: object, names: Names) -> str:
        written = names.expand(_printable(value) or _refuse(), special="\\:=")
        if is_reference(written):
            return written  # refused with all others that may not be here
        try:
            check_endpoint(written)
        except ListenError as error:
            raise Refused(f"{shown(written)}: {error.message}") from error
        return written

    return Rule("an endpoint string such as tcp:8080", parse)


def key_source() -> Rule:
    def parse(value: object, _names: Names) -> str:
        written = _printable(value)
        return written if written == "auto" or is_reference(written) else _refuse()

    return Rule(
        '"auto" or a reference such as {{secret_from "vault" "clace/key"}}', parse, secret=True
    )


def json_value() -> Rule:
    """Read a value for an app: JSON's types only, without dates."""

    def parse(value: object, _names: Names) -> object:
        return value if _is_json(value) else _refuse()

    return Rule("text, number, boolean, array or table", parse)


def _is_json(value: object) -> bool:
    match value:
        case dict():
            return all(map(_is_json, value.values()))
        case list():
            return all(map(_is_json, value))
        case float():
            return math.isfinite(value)
        case bool() | str():
            return True
        case int():
            return -_INT64 <= value < _INT64
        case _:
            return False


def _item(rule: Rule, expected: str, value: object, names: Names) -> object:
    try:
        return rule.parse(value, names)
    except ValueError as error:
        reason = str(error) if isinstance(error, Refused) else ""
        raise Refused(reason or f"expected {expected}, got {shown(value)} in it") from error


def _plain_url(written: str) -> str:
    parts = urlsplit(written)
    usable = parts.hostname and parts.port != 0 and "@" not in parts.netloc
    if not is_http_url(written):
        _refuse()
    if not usable or parts.query or parts.fragment or parts.path.strip("/"):
        _refuse()
    return written.rstrip("/")


def _instance(value: object, kind: type[T]) -> T:
    return value if isinstance(value, kind) else _refuse()


def _printable(value: object) -> str:
    written = _instance(value, str)
    return written if _PRINTABLE.search(written) else _refuse()


def _text_integer(written: str) -> object:
    return int(written) if re.fullmatch(r"[+-]?[0-9]{1,18}", written) else written


def _text_boolean(written: str) -> object:
    """The spellings that era 25 took in flags and queries."""
    if written in TRUE:
        return True
    return False if written in FALSE else written


def _refuse() -> NoReturn:
    raise Refused


_FROM_TEXT: dict[Any, Callable[[str], object]] = {int: _text_integer, bool: _text_boolean}
