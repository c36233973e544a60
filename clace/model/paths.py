"""Paths of apps: a domain and a path; and globs over them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from clace.errors import InvalidGlob, InvalidPath

TWIN_MARK = "_cl_"
"""Begins the suffix of the paths of twins, which no other app may have."""
STAGING_SUFFIX = "_cl_stage"
PREVIEW_SUFFIX = "_cl_preview_"
RESERVED = ("/_clace", "/_clace_app", "/_clace_webhook", "/_openrun_app")
_MAX_GLOB = 1024
# A glob can name every path, with the mark of a twin and a domain.
_MAX_PATH = 700
_MOST_ALTERNATIVES = 100
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")
_WILD = frozenset("*?[]{}\\")
# Escapes and classes of characters: without them a bracket that is left has no other half.
_WHOLE = re.compile(r"\\.|\[[!^]?(?:\\.|[^\]\\])+\]", re.DOTALL)
_ALTERNATIVES = re.compile(r"\{[^{}]*\}")
_HALF = re.compile(r"[\[\]{}\\]")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f?#%\\{}*\[\]<>\"]|//")


class AppPath(Struct, frozen=True, order=True, rename={"path": "Path", "domain": "Domain"}):
    """The address of an app: a path of whole segments below a domain (``""``: the default one)."""

    path: str
    domain: str = ""

    @classmethod
    def parse(cls, text: str, default_domain: str = "") -> AppPath:
        """An address as operators write it, ``[domain:]path``; a domain that ends in a dot is
        completed with ``default_domain``.

        :raises InvalidPath: with the text in it.
        """
        domain, colon, path = text.rpartition(":")
        if ":" in domain:
            raise InvalidPath(f'invalid app path {text}, expected one ":"')
        path = path.rstrip("/") or "/"
        if not path.startswith("/"):
            raise InvalidPath(f'invalid app path {text}, expected path to start with "/"')
        if colon and domain.endswith("."):
            domain += default_domain
        return cls(path, domain.lower())

    def check_installable(self) -> None:
        """:raises InvalidPath: for addresses that may be looked for but that no app may take."""
        segments = self.path.split("/")
        if len(self.path) > _MAX_PATH:
            shown = f"{self!s:.40}..."
            raise InvalidPath(f"invalid app path {shown}, it has more than {_MAX_PATH} characters")
        if ".." in segments or "." in segments or _FORBIDDEN.search(self.path):
            raise InvalidPath(f"invalid app path {self}, it has a character or part not allowed")
        if TWIN_MARK in segments[-1]:
            raise InvalidPath(f"invalid app path {self}, the last part cannot contain _cl_")
        if self.domain and not _DOMAIN.match(self.domain):
            raise InvalidPath(f"invalid app path {self}, {self.domain!r} is not a domain name")
        if any(self.path == taken or self.path.startswith(taken + "/") for taken in RESERVED):
            raise InvalidPath(f"invalid app path {self}, it is reserved for the server")

    @property
    def staging(self) -> AppPath:
        """The address of the staging twin of an app that lives here."""
        return AppPath(self.path + STAGING_SUFFIX, self.domain)

    def preview(self, name: str) -> AppPath:
        """The address of a preview, of a revision called ``name``, of an app that lives here."""
        path = f"{self.path}{PREVIEW_SUFFIX}{_NOT_IN_NAMES.sub('-', name)}"
        return AppPath(path, self.domain)

    @property
    def production(self) -> AppPath:
        """The address of the app whose twin lives here; this one if no twin does."""
        above, slash, last = self.path.rpartition("/")
        main = last.partition(TWIN_MARK)[0]
        if main == last:
            return self
        return AppPath(f"{above}{slash}{main}", self.domain)

    @property
    def upward(self) -> tuple[str, ...]:
        """The path and those above it that it may not lie below, the longest first."""
        found = [self.path]
        while above := found[-1].rpartition("/")[0]:
            found.append(above)
        return tuple(found)

    def overlaps(self, other: AppPath) -> bool:
        """Tell if one of the two addresses is the other or lies below it. An app at ``/`` serves
        the paths that the others of its domain leave, so it overlaps with none of them.
        """
        if "/" in {self.path, other.path}:
            return self == other
        return self.domain == other.domain and (self.covers(other.path) or other.covers(self.path))

    def covers(self, path: str) -> bool:
        """Return true if a request for ``path`` on the same domain is for this app."""
        return self.path in {"/", path} or path.startswith(self.path + "/")

    def __str__(self) -> str:
        return f"{self.domain}:{self.path}" if self.domain else self.path


def is_glob(text: str) -> bool:
    """Tell a pattern with wildcards from what can be the address of an app."""
    return not _WILD.isdisjoint(text)


class AppGlob(Struct, frozen=True):
    """A pattern over app addresses; without a domain part, over those without a domain."""

    text: str
    domain: str
    path: str

    @classmethod
    def parse(cls, text: str) -> AppGlob:
        """``all``, ``*:**`` or nothing for everything, else ``[domain:]path``. The domain ``*`` is
        every domain, and none.

        :raises InvalidGlob: with the text in it.
        """
        if text.lower() in {"", "all", "*:**"}:
            return cls(text or "all", "**", "/**")
        domain, _, path = text.rpartition(":")
        if len(text) > _MAX_GLOB:
            shown = f"{text:.40}..."
            raise InvalidGlob(f"invalid path glob {shown}, it has more than {_MAX_GLOB} characters")
        if ":" in domain:
            raise InvalidGlob(f'invalid path glob {text}, expected one ":"')
        if path in {"*", "**"}:
            path = f"/{path}"
        path = path or "/"
        if not path.startswith("/"):
            raise InvalidGlob(f'invalid path glob {text}, expected path to start with "/"')
        domain = "**" if domain == "*" else domain.lower()
        found = cls(text, domain, path if path == "/" else path.rstrip("/"))
        for pattern in (found.domain, found.path):
            _matcher(_checked(pattern, text), text)
        return found

    @property
    def is_literal(self) -> bool:
        """Tell a pattern without wildcards, the address of one app."""
        return not is_glob(self.domain + self.path)

    def matches(self, address: AppPath) -> bool:
        domain, path = _matcher(self.domain, self.text), _matcher(self.path, self.text)
        return domain(address.domain) and path(address.path)

    def __str__(self) -> str:
        return self.text


def _checked(pattern: str, text: str) -> str:
    """The same pattern.

    :raises InvalidGlob: a bracket, a brace or a backslash is without its other half.
    """
    before, left = "", _WHOLE.sub("", pattern)
    while before != left:
        before, left = left, _ALTERNATIVES.sub("", left)
    if half := _HALF.search(left):
        raise InvalidGlob(f'invalid path glob {text}: "{half.group()}" is without its other half')
    return pattern


@lru_cache(maxsize=256)
def _matcher(pattern: str, text: str) -> Callable[[str], bool]:
    if not pattern:
        return lambda value: not value
    if pattern in {"**", "/**"}:
        return lambda _value: True
    # Clients name paths, and leave globs to the server.
    from bracex import ExpansionLimitException, expand  # noqa: PLC0415

    from clace.globs import matches_glob  # noqa: PLC0415

    try:
        globs = expand(pattern, keep_escapes=True, limit=_MOST_ALTERNATIVES)
    except ExpansionLimitException as error:
        raise InvalidGlob(f"invalid path glob {text}: {error}") from error
    return lambda value: any(matches_glob(value, glob) for glob in globs)
