"""Sent sources: folders that reach the server in pieces, to become apps or to renew them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from clace.admin_api.operation import Operation, Query, Right

MOST_PIECES = 1000


class FilePiece(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of a source, or the next part of one; ``more`` says that another part follows."""

    name: Annotated[str, Meta(max_length=4096)]
    data: bytes = b""
    more: bool = False


class SourcePart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces of a source: in the first request ``source`` is empty, in others as it was answered.

    ``before`` is how many bytes were sent before these. With ``is_last`` the source is whole.
    """

    pieces: Annotated[tuple[FilePiece, ...], Meta(max_length=MOST_PIECES)] = ()
    source: str = ""
    before: int = 0
    is_last: bool = False


class SendSource(Query, frozen=True, kw_only=True):
    """Part of the source of an app that is at a path, or is to be created there."""

    app_path: str
    body: SourcePart


class SourceReceived(Struct, frozen=True):
    """The files and bytes so far; ``source_url`` is that of the whole source, for apps."""

    source: str = ""
    files: int = 0
    size: int = 0
    source_url: str = ""


SEND_SOURCE = Operation(
    name="send_source",
    method="POST",
    path="/source",
    summary="Send a part of the source of an app that is to be created, or to get another source",
    right=Right.APP_CREATE,
    query=SendSource,
    result=SourceReceived,
    target=lambda query, _result: query.app_path,
)
OPERATIONS = (SEND_SOURCE,)
