"""Files that an app offers for download."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import BinaryIO, Protocol
from urllib.parse import quote

from clace.model import App, AppResponse
from clace.threads import InThread

PREFIX = "/_clace_app/file/"
_PIECE = 256 * 1024


class OfferedFile(Protocol):
    """An open file, and who is to be told whether all of it was delivered."""

    @property
    def file(self) -> BinaryIO: ...
    @property
    def size(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def close(self) -> Callable[[bool], None]: ...


class Downloads:
    """Answers requests for offered files; ``open_file`` decides who may have which."""

    def __init__(
        self, open_file: Callable[[str, str, str], Awaitable[OfferedFile]], in_thread: InThread
    ) -> None:
        self._open_file = open_file
        self._in_thread = in_thread

    async def answer(self, app: App, user: str, file_id: str) -> AppResponse:
        """The file, as an attachment. Its body must be closed, or nobody else can have it.

        :raises NoSuchRoute: if the app offers this user no such file.
        """
        download = await self._open_file(app.id, user, file_id)
        return AppResponse(
            headers=(
                ("Content-Type", download.mime_type),
                ("Content-Length", str(download.size)),
                ("Content-Disposition", f"attachment; filename*=UTF-8''{quote(download.name)}"),
                ("Cache-Control", "no-store"),
            ),
            body=_Pieces(download, self._in_thread),
        )


class _Pieces:
    """The body of a download. It is not begun for everybody, so whoever has it closes it."""

    def __init__(self, download: OfferedFile, in_thread: InThread) -> None:
        self._download = download
        self._in_thread = in_thread
        self._left = download.size
        self._delivered = False
        self._closed = False

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        if self._left == 0:
            self._delivered = True
            raise StopAsyncIteration
        size = min(self._left, _PIECE)
        piece = await self._in_thread(partial(self._download.file.read, size))
        if not piece:
            raise EOFError(f"{self._download.name} became shorter while it was sent")
        self._left -= len(piece)
        return piece

    async def aclose(self) -> None:
        """Close the file; it was delivered if it was read beyond its end."""
        if not self._closed:
            self._closed = True
            self._download.close(self._delivered)
