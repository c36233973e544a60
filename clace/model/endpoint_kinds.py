"""The types of endpoint strings that we know, and the mistakes in them that need no port to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from clace.errors import ListenError
from clace.model.endpoint_strings import TLS_BY_NAME, layers
from clace.near import nearest

_LAST_PORT = 65535
_NUMBER = re.compile("[0-9]{1,10}")
_MODE = re.compile("[0-7]{1,4}")
_COLONS = 'a ":" that belongs to a value is written "\\:"'
Passes = Callable[[str], bool]


class _Value(Struct, frozen=True):
    """A value of an endpoint string, by its name or at its place."""

    name: str
    expected: str = ""
    passes: Passes = lambda _text: True
    is_needed: bool = False


class _Kind(Struct, frozen=True):
    """``values`` in the order in which they may stand without their names."""

    example: str
    values: tuple[_Value, ...]


def installed_types() -> set[str]:
    """Return the types of all plugins; but a server cannot listen on its own terminal."""
    from twisted.internet.interfaces import IStreamServerEndpointStringParser  # noqa: PLC0415
    from twisted.plugin import getPlugins  # noqa: PLC0415 - it reads every plugin on the machine

    found = {str(each.prefix) for each in getPlugins(IStreamServerEndpointStringParser)}
    return found - {"stdio"}


def check_endpoint(endpoint: str, others: Callable[[], set[str]] = installed_types) -> None:
    """Look for mistakes of who wrote the string; files and ports are not looked at.

    ``others`` are the types that are read by somebody else than Twisted and us.

    :raises ListenError: if Twisted could not read it.
    """
    *wrappers, found = layers(endpoint)
    keywords = dict(found.keywords)
    for wrapper in wrappers:
        if wrapper.prefix == TLS_BY_NAME:
            _check_folder(wrapper.arguments[0])
        for value in _WRAPPERS[wrapper.prefix].values:
            if value.name in keywords:
                _check_value(value, keywords.pop(value.name))
    if found.prefix in _WRAPPERS:
        raise ListenError(f"expected {_WRAPPERS[found.prefix].example}")
    kind = _KINDS.get(found.prefix)
    if kind is not None:
        _check_values(kind, found.arguments, keywords)
    elif found.prefix not in others():
        raise ListenError(_unknown(found.prefix))


def _check_folder(folder: str) -> None:
    if not folder:
        raise ListenError(f"expected {_WRAPPERS[TLS_BY_NAME].example}")
    _check_value(_FOLDER, folder)


def _check_values(kind: _Kind, arguments: Sequence[str], keywords: Mapping[str, str]) -> None:
    names = [value.name for value in kind.values]
    if len(arguments) > len(names):
        told = f"expected at most {', '.join(names)}, got {len(arguments)} values"
        raise ListenError(f"{told}; {_COLONS}")
    given = dict(zip(names, arguments, strict=False))
    for name in keywords:
        if name in given:
            raise ListenError(f"{name} is given twice; {_COLONS}")
        if name not in names:
            raise ListenError(f'unknown keyword "{name}"{_hint(nearest(name, names))}')
    given.update(keywords)
    for value in kind.values:
        if value.name in given:
            _check_value(value, given[value.name])
        elif value.is_needed:
            raise ListenError(f"{value.name} is missing; expected {kind.example}")
    if kind is _SYSTEMD and ("index" in given) == ("name" in given):
        raise ListenError(f"expected either index or name, as in {kind.example}")


def _check_value(value: _Value, text: str) -> None:
    if not value.passes(text):
        raise ListenError(f'{value.name}: expected {value.expected}, got "{text}"')


def _unknown(prefix: str) -> str:
    if _is_port(prefix):
        return f'expected an endpoint type first; did you mean "tcp:{prefix}"?'
    known = sorted((*_KINDS, *_WRAPPERS))
    hint = _hint(nearest(prefix, known)) or f"; known are {', '.join(known)}"
    return f'unknown endpoint type "{prefix}"{hint}'


def _hint(near: Iterable[str]) -> str:
    return "".join(f'; did you mean "{each}"?' for each in near)


def _is_number(first: int, last: int = 2**31 - 1) -> Passes:
    return lambda text: bool(_NUMBER.fullmatch(text)) and first <= int(text) <= last


def _is_mode(text: str) -> bool:
    return bool(_MODE.fullmatch(text))


def _one_of(*texts: str) -> Passes:
    return frozenset(texts).__contains__


def _is_absolute(text: str) -> bool:
    return text.startswith("/")


def _path(name: str, *, is_needed: bool = False) -> _Value:
    """A path; a relative one would mean another place with each folder a server is started in."""
    return _Value(name, "an absolute path", _is_absolute, is_needed)


_is_port = _is_number(0, _LAST_PORT)
_PORT = _Value("port", f"a number from 0 to {_LAST_PORT}", _is_port, is_needed=True)
_TLS_PORT = _Value("port", f"a number from 0 to {_LAST_PORT}", _is_port)
_BACKLOG = _Value("backlog", "a number from 1", _is_number(1))
_INTERFACE = _Value("interface")
_FOLDER = _path("folder")
_METHODS = ("TLS_METHOD", "TLS_SERVER_METHOD", "TLSv1_2_METHOD", "SSLv23_METHOD")
_SSL_METHOD = _Value("sslmethod", f"one of {', '.join(_METHODS)}", _one_of(*_METHODS))
_SYSTEMD = _Kind(
    "systemd:domain=INET:name=web",
    (
        _Value("domain", "INET, INET6 or UNIX", _one_of("INET", "INET6", "UNIX"), is_needed=True),
        _Value("index", "a number from 0", _is_number(0)),
        _Value("name"),
    ),
)
_KINDS = {
    "tcp": _Kind("tcp:8080", (_PORT, _INTERFACE, _BACKLOG)),
    "tcp6": _Kind("tcp6:8080", (_PORT, _BACKLOG, _INTERFACE)),
    "unix": _Kind(
        "unix:/run/clace/apps.sock:mode=660",
        (
            _path("address", is_needed=True),
            _Value("mode", "a mode like 600", _is_mode),
            _BACKLOG,
            _Value("lockfile", "0 or 1", _one_of("0", "1")),
        ),
    ),
    "ssl": _Kind(
        "ssl:443:privateKey=/etc/clace/a.key:certKey=/etc/clace/a.crt",
        (
            _PORT,
            _path("privateKey", is_needed=True),
            _path("certKey"),
            _SSL_METHOD,
            _INTERFACE,
            _BACKLOG,
            _path("extraCertChain"),
            _path("dhParameters"),
        ),
    ),
    "tls": _Kind(
        "tls:/etc/clace/pem:443",
        (_path("path", is_needed=True), _TLS_PORT, _BACKLOG, _INTERFACE),
    ),
    "systemd": _SYSTEMD,
}
_WRAPPERS = {
    "haproxy": _Kind("haproxy:ENDPOINT, like haproxy:tcp:8080", ()),
    TLS_BY_NAME: _Kind(
        f"{TLS_BY_NAME}:FOLDER:ENDPOINT, like {TLS_BY_NAME}:/etc/clace/tls:tcp:443",
        (_Value("names"), _Value("lookup", "yes or no", _one_of("yes", "no"))),
    ),
}
