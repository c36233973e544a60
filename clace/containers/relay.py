"""A relay into the network of a container, for a server that is not root.

It is run as a file by an interpreter that was put into the container's namespaces of users and of
the network, and imports nothing of ours: it listens on a socket that only the server can reach, and
passes each connection on to a port of the loopback that is there.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

_PIECE = 1 << 16
_SECONDS = 10
_OTHERS_NOT = 0o177


async def main(path: str, port: int) -> None:
    """Relay until killed."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _relay(reader, writer, port)

    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - as few imports as can be
    os.umask(_OTHERS_NOT)
    server = await asyncio.start_unix_server(relay, path, limit=_PIECE)
    await server.serve_forever()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    try:
        inner = await _connected(port)
    except (OSError, TimeoutError):
        writer.transport.abort()
        return
    inner_reader, inner_writer = inner
    ways = (_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
    try:
        await asyncio.gather(*ways)
    except (OSError, TimeoutError):
        writer.transport.abort()
        inner_writer.transport.abort()
    for one in (writer, inner_writer):
        one.close()


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect by the first of both loopbacks on which something listens."""
    for host in ("127.0.0.1", "::1"):
        opening = asyncio.open_connection(host, port, limit=_PIECE)
        with suppress(OSError):
            return await asyncio.wait_for(opening, _SECONDS)
    raise ConnectionRefusedError


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what is read, no more of it than is taken, and the end."""
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
