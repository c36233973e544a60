"""The parts of OpenSSL that pyOpenSSL does not offer, or takes a detour to."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from OpenSSL._util import ffi, lib

_allocate = ffi.new_allocator(should_clear_after_alloc=False)


class TLSConnection(SSL.Connection):
    """pyOpenSSL's, but asking how a record went only when it did not go well.

    That takes a third off what each record costs in Python.
    """

    def is_resumed(self) -> bool:
        """Return true if a session of before goes on, in which nobody is asked for anything."""
        return bool(lib.SSL_session_reused(self._ssl))

    def recv(self, bufsiz: int, flags: int | None = None) -> bytes:
        """Return the bytes of the next record, at most ``bufsiz``; ``flags`` are not supported."""
        if flags:
            return super().recv(bufsiz, flags)
        buffer = _allocate("char[]", bufsiz)
        received = lib.SSL_read(self._ssl, buffer, bufsiz)
        if received <= 0:
            self._raise_ssl_error(self._ssl, received)
        found: bytes = ffi.buffer(buffer, received)[:]
        return found

    def send(self, buf: Any, flags: int = 0) -> int:  # noqa: ARG002 - none are known
        """Send one record or a part of it, and return how many of the bytes it holds."""
        sent: int = lib.SSL_write(self._ssl, ffi.from_buffer(buf), len(buf))
        if sent <= 0:
            self._raise_ssl_error(self._ssl, sent)
        return sent


def offer_groups(context: SSL.Context, groups: tuple[str, ...]) -> bool:
    """Exchange keys in these groups, the best first; false if OpenSSL lacks one of them."""
    names = ":".join(groups).encode("ascii")
    # pyOpenSSL can name one group only; Twisted reaches through it in the same way.
    if lib.SSL_CTX_set1_curves_list(context._context, names):  # noqa: SLF001
        return True
    lib.ERR_clear_error()
    return False
