"""The place of a git repository, and the folder in it, from an operator's text.

Nothing that comes out of here can be taken for an option by git or ssh.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

from clace.errors import SourceError

_SCHEMES = ("https", "http", "ssh", "file")
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_WEB_HOST = re.compile(rf"{_HOST}\Z")
_SSH_HOST = re.compile(rf"(?:{_USER}@)?{_HOST}\Z")
_PART = re.compile(r"(?![-.]\Z|\.\.\Z|-)[^\x00-\x20\x7f\\?#*:@]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_BRANCH = re.compile(r"(?!-|/)(?:(?!//|\.\.|@\{|/\.)[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff])+\Z")
_COMMIT = re.compile(r"[0-9a-f]{4,64}\Z")
_ORG_AND_REPOSITORY = 2


class GitPlace(Struct, frozen=True):
    """A repository as git takes it (``host:repository`` without a scheme), and a folder.

    The end of the repository is marked if ``//`` or ``.git`` says it.
    """

    scheme: str
    host: str
    repository: str
    folder: str = ""
    is_marked: bool = False

    @property
    def url(self) -> str:
        if not self.scheme:
            return f"{self.host}:{self.repository}"
        return f"{self.scheme}://{self.host}/{self.repository}"

    @property
    def is_ssh(self) -> bool:
        return self.scheme in {"", "ssh"}

    @property
    def may_be_deeper(self) -> bool:
        """Return true if what was taken for a folder may be the rest of a repository's path."""
        return bool(self.folder) and not self.is_marked

    def by_key(self, user: str) -> GitPlace:
        """The same over SSH, as that user unless the place itself names one."""
        if self.scheme in {"http", "https"}:
            host = re.sub(r":[0-9]+\Z", "", self.host)
            repository = f"{self.repository.removesuffix('.git')}.git"
            return GitPlace("", f"{user}@{host}", repository, self.folder, self.is_marked)
        if self.scheme == "ssh" and "@" in self.host:
            return self
        return msgspec.structs.replace(self, host=f"{user}@{self.host.rpartition('@')[2]}")


def parse(text: str) -> GitPlace:
    """The repository and folder of a source for git.

    :raises SourceError: with the source in it, unless it may hold a password.
    """
    if text.startswith("git@"):
        host, _, path = text.partition(":")
        return _place(text, "", host, path)
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "https", text
    if scheme not in _SCHEMES:
        raise _invalid(text, f"{scheme}:// is not supported")
    host, _, path = rest.partition("/")
    return _place(text, scheme, host, path)


def _place(text: str, scheme: str, host: str, path: str) -> GitPlace:
    _check_host(text, scheme, host)
    repository, mark, folder = path.partition("//")
    if not mark and scheme != "file":
        repository, folder = _split(text, path)
    folder = folder.strip("/")
    for part in (*repository.split("/"), *(folder.split("/") if folder else ())):
        if not _PART.match(part):
            raise _invalid(text, f"{part!r} is no part of a path")
    is_marked = bool(mark) or repository.endswith(".git")
    return GitPlace(scheme, host, repository, folder, is_marked)


def _check_host(text: str, scheme: str, host: str) -> None:
    if scheme == "file":
        fits = not host
    elif scheme in {"", "ssh"}:
        fits = _SSH_HOST.match(host) is not None
    else:
        fits = _WEB_HOST.match(host) is not None
    if not fits and "@" in host:
        raise SourceError("invalid git url: a password does not belong in it, use --git-auth")
    if not fits:
        raise _invalid(text, f"{host!r} is no host")


def _split(text: str, path: str) -> tuple[str, str]:
    """The repository ends at ``.git``, else after its second part."""
    parts = path.rstrip("/").split("/")
    ends = (place for place, part in enumerate(parts, 1) if part.endswith(".git"))
    end = next(ends, _ORG_AND_REPOSITORY)
    if len(parts) < end:
        raise _invalid(text, "expected an organization and a repository")
    return "/".join(parts[:end]), "/".join(parts[end:])


def _invalid(text: str, why: str) -> SourceError:
    return SourceError(f"invalid git url: {_CONTROL.sub('?', text)}: {_CONTROL.sub('?', why)}")


def checked_branch(branch: str) -> str:
    """:raises SourceError: no branch or tag can have that name."""
    return _checked_name(branch, "branch name")


def checked_commit(commit: str) -> str:
    """:raises SourceError: it is neither the id of a commit, whole or shortened, nor a tag."""
    return _checked_name(commit, "commit")


def commit_id(text: str) -> str:
    """Return the text as the id of a commit, whole or shortened; empty if it is not one."""
    return text.lower() if _COMMIT.match(text.lower()) else ""


def _checked_name(name: str, what: str) -> str:
    if not _BRANCH.match(name) or name.endswith((".lock", "/", ".")):
        raise SourceError(f"invalid {what} {_CONTROL.sub('?', name)}")
    return name


def check_text(text: str) -> None:
    """:raises SourceError: no source of either kind looks like that."""
    if not text or _CONTROL.search(text) or text.startswith("-"):
        raise SourceError(f"invalid source {_CONTROL.sub('?', text)!r}")
    if "#" in text:
        raise SourceError(f"invalid source {text}: a folder after # is not supported")
