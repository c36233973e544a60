"""TLS on the socket itself: OpenSSL reads and writes it, with no memory in between."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cryptography.x509 import Certificate
from OpenSSL import SSL
from twisted.internet.interfaces import IHalfCloseableProtocol, INegotiated, ISSLTransport
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.tcp import Server
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.listeners.plain_http import PLAIN_HTTP, is_plain_http
from clace.sending import DirectWriter

_RECORD = 16 * 1024
_MOST_UNREAD = 4 * _RECORD
Encrypt = Callable[[socket.socket], SSL.Connection]


@implementer(ISSLTransport, INegotiated)
class TLSServer(DirectWriter, Server):
    """An accepted TCP connection that speaks TLS.

    Like the plain one it is read when the socket is readable and written when it is writable;
    OpenSSL may want the other of the two first. Reading takes whole records, so OpenSSL never
    holds bytes for which the reactor would not call.
    """

    def __init__(self, encrypt: Encrypt, sock: socket.socket, *rest: Any) -> None:
        self._tls = encrypt(sock)
        self._tls.set_accept_state()
        self._is_shaking_hands = True
        self._is_paused = False
        # Whether one direction waits for the other way of the socket.
        self._reads_when_writable = False
        self._writes_when_readable = False
        super().__init__(sock, *rest)

    # The reactor calls these; Twisted's two bases disagree about what they return.

    def doRead(self) -> BaseException | None:  # type: ignore[override]
        if self._is_shaking_hands:
            return self._shake_hands()
        if self._writes_when_readable:
            self._writes_when_readable = False
            self.startWriting()
            if self._is_paused or self.disconnecting:
                self.stopReading()
                return None
        return self._receive()

    def doWrite(self) -> BaseException | None:  # type: ignore[override]
        if self._is_shaking_hands:
            return self._shake_hands() if not self._is_given_up() else CONNECTION_DONE
        if self._reads_when_writable:
            self._reads_when_writable = False
            if not self._is_paused and not self.disconnecting:
                super().startReading()
                return self._receive()
        ended: BaseException | None = super().doWrite()
        return ended

    def readConnectionLost(self, reason: Failure) -> None:
        if not IHalfCloseableProtocol.providedBy(self.protocol):
            self._say_goodbye()
        super().readConnectionLost(reason)

    def connectionLost(self, reason: Failure) -> None:
        super().connectionLost(reason)
        # It knows the number of a file that is closed, and holds memory.
        self.__dict__.pop("_tls", None)

    # The protocol calls these.

    def pauseProducing(self) -> None:
        self._is_paused = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self._is_paused = False
        super().resumeProducing()

    def startReading(self) -> None:
        """Wait until the socket is readable, unless nobody wants that or it would not help."""
        if not self._is_paused and not self._reads_when_writable:
            super().startReading()

    def startWriting(self) -> None:
        """Wait until the socket is writable, unless that would not help."""
        if not self._is_shaking_hands and not self._writes_when_readable:
            super().startWriting()

    def loseConnection(self) -> None:
        """Close when what was written is sent; during the handshake at once if that is nothing."""
        if not self._is_shaking_hands:
            super().loseConnection()
            if self.connected and self._writes_when_readable:
                super().startReading()
        elif self.connected and not self.disconnecting:
            self.disconnecting = 1
            if self._is_given_up():
                self.stopReading()
                super().startWriting()

    def getHandle(self) -> SSL.Connection:  # type: ignore[override]  # the plain one has a socket
        """Return the connection of OpenSSL, which has the methods of the socket too."""
        return self._tls

    def getPeerCertificate(self) -> Certificate | None:
        certificate: Certificate | None = self._tls.get_peer_certificate(as_cryptography=True)
        return certificate

    @property
    def negotiatedProtocol(self) -> bytes | None:
        return self._tls.get_alpn_proto_negotiated() or None

    # OpenSSL's side.

    def writeSomeData(self, data: bytes) -> int | BaseException:  # type: ignore[override]
        """Encrypt and send as much as the socket takes, and say how much that was.

        A record that was sent in part is gone on with by the next call, which must begin with the
        same bytes: what is queued is never changed, so it does.
        """
        if self._is_shaking_hands:
            return 0
        is_short = len(data) <= _RECORD
        left: bytes | memoryview = data if is_short else memoryview(data)[: self.SEND_LIMIT]
        try:
            while left:
                left = left[self._tls.send(left) :]
        except SSL.WantWriteError:
            pass
        except SSL.WantReadError:
            self._writes_when_readable = True
            self.stopWriting()
            super().startReading()
        except SSL.Error:
            return CONNECTION_LOST
        return min(len(data), self.SEND_LIMIT) - len(left)

    def _shake_hands(self) -> BaseException | None:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self.stopWriting()
            self.startReading()
            return None
        except SSL.WantWriteError:
            self.stopReading()
            super().startWriting()
            return None
        except SSL.Error as error:
            if is_plain_http(error):
                self._refuse_plain_http()
            return CONNECTION_LOST if _is_end(error) else error
        self._is_shaking_hands = False
        return self._begin()

    def _refuse_plain_http(self) -> None:
        """Tell a client that speaks HTTP without TLS what is wrong, as far as the socket takes it.

        What it has sent is read first: closed with bytes unread, the socket would be reset, and
        the client might not see the answer.
        """
        with suppress(OSError):
            for _ in range(_MOST_UNREAD // _RECORD):
                if not self.socket.recv(_RECORD):
                    break
        with suppress(OSError):
            self.socket.send(PLAIN_HTTP)
            self.socket.shutdown(socket.SHUT_WR)

    def _begin(self) -> BaseException | None:
        """Send what was written during the handshake, and look at once what comes behind it."""
        if self.dataBuffer or self._tempDataBuffer or self.disconnecting:
            self.startWriting()
        else:
            self.stopWriting()
        if self.disconnecting:
            self.stopReading()
            return None
        self.startReading()
        return self._receive()

    def _receive(self) -> BaseException | None:
        data, ended = self._take()
        if data:
            self.protocol.dataReceived(data)
            # What it wrote before it closed is to be sent, although the client has closed too.
            if self.disconnecting or self._aborting or not self.connected:
                return None
        return ended

    def _take(self) -> tuple[bytes, BaseException | None]:
        """Return what has come, a fair amount at most, and how the client has ended it if so."""
        records: list[bytes] = []
        try:
            while len(records) * _RECORD < self.bufferSize:
                records.append(self._tls.recv(_RECORD))
                # The next is most likely not there yet; the reactor calls when it is.
                if len(records[-1]) < _RECORD:
                    break
        except SSL.WantReadError:
            pass
        except SSL.WantWriteError:
            self._reads_when_writable = True
            self.stopReading()
            super().startWriting()
        except SSL.ZeroReturnError:
            return b"".join(records), CONNECTION_DONE
        except SSL.Error:
            return b"".join(records), CONNECTION_LOST
        return b"".join(records), None

    def _is_given_up(self) -> bool:
        return bool(self.disconnecting) and not self._tempDataBuffer

    # The end.

    def _postLoseConnection(self) -> BaseException | None:
        if self._say_goodbye():
            return CONNECTION_DONE
        self.startWriting()
        return None

    def _closeWriteConnection(self) -> None:
        self._say_goodbye()
        super()._closeWriteConnection()

    def _say_goodbye(self) -> bool:
        """Tell the client that nothing follows; false if the socket does not take that now.

        Nobody waits for the answer: it would say nothing that is of use.
        """
        try:
            self._tls.shutdown()
        except SSL.WantWriteError:
            return False
        except SSL.Error:
            pass
        return True


def _is_end(error: SSL.Error) -> bool:
    return isinstance(error, SSL.SysCallError | SSL.ZeroReturnError)
