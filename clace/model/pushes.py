"""Pushes as git hosts tell of them: GitHub, GitLab, Gitea, Forgejo and Gogs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from clace.errors import BadRequest
from clace.globs import matches_glob
from clace.urlencoded import pairs
from clace.wrong_values import wrong_value

PUSH_EVENT, PING_EVENT = "push", "ping"
_BRANCH = "refs/heads/"
_NOTHING = "0" * 40
_FORM = "application/x-www-form-urlencoded"
# GitHub lists no more commits of a push.
_MOST_COMMITS = 2048
_MOST_FIELDS = 10
MAX_GLOBS, MAX_GLOB = 20, 200


class Push(Struct, frozen=True, kw_only=True):
    """An event of a git host. ``event`` is empty for other callers, such as CI jobs.

    ``ref`` is empty if the body names none. ``files`` are those that a push touches; without a
    list of all of them it is None. ``time`` is when the push was made, if the body says so.
    """

    event: str = ""
    ref: str = ""
    is_deletion: bool = False
    files: tuple[str, ...] | None = None
    time: float | None = None

    @property
    def branch(self) -> str:
        """Return the branch that was pushed; empty for a tag, or if the body names none."""
        return self.ref.removeprefix(_BRANCH) if self.ref.startswith(_BRANCH) else ""


class _Commit(Struct, frozen=True):
    added: tuple[str, ...] | None = None
    modified: tuple[str, ...] | None = None
    removed: tuple[str, ...] | None = None

    @property
    def files(self) -> Iterator[str]:
        for names in (self.added, self.modified, self.removed):
            yield from names or ()


class _Repository(Struct, frozen=True):
    pushed_at: float | str | None = None


class _Payload(Struct, frozen=True):
    """The fields of a push that all these hosts have; GitLab and Gitea count commits so."""

    ref: str | None = None
    after: str | None = None
    deleted: bool | None = None
    forced: bool | None = None
    commits: tuple[_Commit, ...] | None = None
    total_commits_count: int | None = None
    total_commits: int | None = None
    repository: _Repository | None = None


def read_push(event: str, content_type: str, body: bytes) -> Push:
    """Return the push that a body tells of; ``event`` is its name as a header has it.

    :raises BadRequest: if the body is not JSON, or a field of it is not what hosts send.
    """
    name = event.lower().removesuffix(" hook")
    if not body.strip():
        return Push(event=name)
    try:
        payload = msgspec.json.decode(_json(content_type, body), type=_Payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"invalid payload: {wrong_value(error)}") from None
    return Push(
        event=name,
        ref=payload.ref or "",
        is_deletion=bool(payload.deleted) or payload.after == _NOTHING,
        files=_files(payload),
        time=_time(payload.repository),
    )


def matches_globs(name: str, globs: Iterable[str]) -> bool:
    """Tell if one of the globs selects a name; ``*`` ends at a slash, ``**`` does not."""
    return any(matches_glob(name, glob) for glob in globs)


def read_globs(text: str) -> tuple[str, ...]:
    """Read globs with commas between.

    :raises BadRequest: if there are too many, or one is too long.
    """
    return checked_globs(filter(None, map(str.strip, text.split(","))))


def checked_globs(globs: Iterable[str]) -> tuple[str, ...]:
    """:raises BadRequest: if there are too many, or one is too long."""
    found = tuple(globs)
    if len(found) > MAX_GLOBS or any(not 0 < len(each) <= MAX_GLOB for each in found):
        raise BadRequest(f"expected at most {MAX_GLOBS} globs of 1 to {MAX_GLOB} characters")
    return found


def _json(content_type: str, body: bytes) -> bytes:
    """Return the JSON of a body; GitHub can send it as a field of a form."""
    if content_type.partition(";")[0].strip().lower() != _FORM:
        return body
    fields = pairs(body) if body.count(b"&") < _MOST_FIELDS else ()
    return next((value for name, value in fields if name == b"payload"), b"")


def _files(payload: _Payload) -> tuple[str, ...] | None:
    commits = payload.commits or ()
    counts = (payload.total_commits_count, payload.total_commits)
    told = next((count for count in counts if count is not None), len(commits))
    is_whole = 0 < len(commits) < _MOST_COMMITS and told == len(commits)
    if not is_whole or payload.forced:
        return None
    return tuple(dict.fromkeys(name for commit in commits for name in commit.files))


def _time(repository: _Repository | None) -> float | None:
    moment = repository.pushed_at if repository else None
    if not isinstance(moment, str):
        return moment
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
