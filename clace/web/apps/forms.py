"""Forms that are sent to apps, and the files in them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Protocol

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from clace.errors import BadRequest, TooLarge
from clace.model import Upload
from clace.threads import InThread
from clace.units import MEBIBYTE
from clace.web.apps.requests import MAX_FIELDS, PostedForm, urlencoded
from clace.web.http1 import DirectRequest

_METHODS = frozenset({b"POST", b"PUT", b"PATCH"})
_URLENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_PIECE = 64 * 1024
# What is no file goes to the app's process in one piece.
_MAX_TEXT = 10 * MEBIBYTE
_MAX_HEAD = 8 * 1024
_MAX_FILES = 100
_MAX_NAME, _MAX_SUFFIX = 200, 16
_TYPE = re.compile(r"[\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,80}", re.ASCII)


class UploadFolder(Protocol):
    """A place for files for the time of a request."""

    def inbox(self) -> str:
        """The path of a new folder, which is not there yet."""

    def adopt(self, path: str, app_id: str) -> None:
        """Take a file from there for one made for the app."""

    async def discard(self, path: str) -> None:
        """Remove the file, unless the app offers it to somebody."""


class RequestLeftovers:
    """Things that a request leaves behind and that are removed at its end."""

    def __init__(self) -> None:
        self._removals: list[Callable[[], Awaitable[None]]] = []

    def push_async_callback(self, removal: Callable[[str], Awaitable[None]], what: str) -> None:
        """Call this at the end."""
        self._removals.append(partial(removal, what))

    async def remove(self) -> None:
        """Remove everything, whatever fails."""
        async with AsyncExitStack() as stack:
            for removal in self._removals:
                stack.push_async_callback(removal)


class FormReader:
    """Reads the bodies of requests to apps, in a thread where they have files."""

    def __init__(self, files: UploadFolder, in_thread: InThread) -> None:
        self._files = files
        self._in_thread = in_thread

    async def read(
        self, request: DirectRequest, app_id: str, ending: RequestLeftovers
    ) -> PostedForm:
        """The form, whose files are there until ``ending``; a body of another type has none.

        :raises BadRequest: if it is malformed, or has too many fields.
        :raises TooLarge: if its fields are too long.
        """
        content = request.content
        if request.method not in _METHODS or content is None:
            return PostedForm()
        kind, options = parse_options_header(request.getHeader("content-type") or "")
        if kind == _URLENCODED:
            return await self._urlencoded(content)
        if kind != _MULTIPART:
            return PostedForm()
        inbox = self._files.inbox()
        form = await self._in_thread(lambda: _read(content, options.get("boundary", ""), inbox))
        for upload in (one for several in form.files.values() for one in several):
            self._files.adopt(upload.path, app_id)
            ending.push_async_callback(self._files.discard, upload.path)
        return form

    async def _urlencoded(self, content: IO[bytes]) -> PostedForm:
        """:raises TooLarge: as ``read``; a long form is taken apart in a thread."""
        encoded = content.read(_MAX_TEXT + 1)
        if len(encoded) > _MAX_TEXT:
            raise TooLarge(f"the form is too large: its fields are over {_MAX_TEXT} bytes")
        if len(encoded) <= _PIECE:
            return PostedForm(urlencoded(encoded))
        return PostedForm(await self._in_thread(lambda: urlencoded(encoded)))


def _read(content: IO[bytes], boundary: str, inbox: str) -> PostedForm:
    """The form, with its files written to ``inbox``; nothing is left there if that fails."""
    try:
        return _FormReader(inbox).read(content, boundary)
    except BaseException as error:
        shutil.rmtree(inbox, ignore_errors=True)
        if isinstance(error, ParserLimitReached):
            raise TooLarge(f"the form is too large: {error}") from error
        if isinstance(error, MultipartError):
            raise BadRequest(f"the form is malformed: {_reason(error)}") from error
        if isinstance(error, ValueError):  # the client has left, and its body is closed
            raise BadRequest("the form did not arrive") from error
        raise


def _reason(error: MultipartError) -> str:
    """Why a form cannot be read; beside it some errors have the exception that they come from."""
    return str(error.args[0]) if error.args else "it cannot be read"


class _FormReader:
    """One form as it is read."""

    def __init__(self, inbox: str) -> None:
        self._inbox = Path(inbox)
        self._fields: dict[str, list[str]] = {}
        self._files: dict[str, list[Upload]] = {}
        self._room = _MAX_TEXT

    def read(self, content: IO[bytes], boundary: str) -> PostedForm:
        parser = PushMultipartParser(
            boundary, max_header_size=_MAX_HEAD, max_segment_count=MAX_FIELDS
        )
        events = parser.parse_blocking(content.read, _PIECE)
        for event in events:
            if isinstance(event, MultipartSegment):
                name = event.name or ""
                self._take(sum(map(len, chain.from_iterable(event.headerlist))))
                pieces = iter(lambda: next(events), None)
                value = self._text(pieces) if event.filename is None else self._file(event, pieces)
                self._fields.setdefault(name, []).append(value)
        return PostedForm(self._fields, self._files)

    def _text(self, pieces: Iterator[bytes | None]) -> str:
        found = []
        for piece in pieces:
            assert piece is not None
            self._take(len(piece))
            found.append(piece)
        return b"".join(found).decode("utf-8", "replace")

    def _take(self, size: int) -> None:
        """Count text of the form, and the heads of its parts.

        :raises ParserLimitReached: if it is too much.
        """
        self._room -= size
        if self._room < 0:
            raise ParserLimitReached(f"its fields are over {_MAX_TEXT} bytes")

    def _file(self, segment: MultipartSegment, pieces: Iterator[bytes | None]) -> str:
        """Return the place of the file, or nothing if none was chosen."""
        first = next(pieces, b"")
        if not segment.filename and not first:
            return ""
        path = self._free(segment.filename or "")
        size = 0
        with path.open("xb") as file:
            for piece in chain((first,), pieces):
                size += file.write(piece or b"")
        kind = segment.content_type or ""
        upload = Upload(
            name=path.name, path=str(path), size=size, type=kind if _TYPE.fullmatch(kind) else ""
        )
        self._files.setdefault(segment.name or "", []).append(upload)
        return str(path)

    def _free(self, name: str) -> Path:
        """A path for a file of this name that no other file of the form has.

        :raises ParserLimitReached: if there are too many.
        """
        count = sum(map(len, self._files.values()))
        if count >= _MAX_FILES:
            raise ParserLimitReached(f"it has more than {_MAX_FILES} files")
        self._inbox.mkdir(mode=0o700, exist_ok=True)
        path = self._inbox / plain_name(name)
        return path.with_name(f"{count + 1}-{path.name}") if path.exists() else path


def plain_name(name: str) -> str:
    """The last part of a name that a client gave, such as can be that of any file here."""
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(char if char.isprintable() else "_" for char in last)
    visible = f"_{printable[1:]}" if printable.startswith(".") else printable
    stem, dot, suffix = visible.rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    ending = (dot + suffix)[:_MAX_SUFFIX]
    return _cut(stem, _MAX_NAME - len(ending.encode())) + ending or "file"


def _cut(text: str, size: int) -> str:
    """As much of a text as has so many bytes."""
    return text.encode()[:size].decode("utf-8", "ignore")
