"""Files that an app offers for download."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import BinaryIO, Protocol
from urllib.parse import quote

from clace.model.app import App
from clace.model.traffic import AppResponse
from clace.threads import InThread

PREFIX = "/_clace_app/file/"
_PIECE = 256 * 1024


class Download(Protocol):
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
        self, open_file: Callable[[str, str, str], Awaitable[Download]], in_thread: InThread
    ) -> None:
        self._open_file = open_file
        self._in_thread = in_thread

    async def answer(self, app: App, user: str, file_id: str) -> AppResponse:
        """The file, as an attachment.

        :raises NoSuchRoute: the app offers this user no such file.
        """
        download = await self._open_file(app.id, user, file_id)
        return AppResponse(
            headers=(
                ("Content-Type", download.mime_type),
                ("Content-Length", str(download.size)),
                ("Content-Disposition", f"attachment; filename*=UTF-8''{quote(download.name)}"),
                ("Cache-Control", "no-store"),
            ),
            body=self._pieces(download),
        )

    async def _pieces(self, download: Download) -> AsyncIterator[bytes]:
        left = download.size
        try:
            while left > 0:
                size = min(left, _PIECE)
                piece = await self._in_thread(lambda: download.file.read(size))  # noqa: B023
                if not piece:
                    raise EOFError(f"{download.name} became shorter while it was sent")
                left -= len(piece)
                yield piece
        finally:
            download.close(left == 0)
