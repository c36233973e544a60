"""The listeners as a service: all of them are open, or the start fails with one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.errors import ListenError
from clace.listeners.addresses import ListenerAddress, address_of
from clace.listeners.defaults import ChosenListener, Site
from clace.listeners.reasons import refusal
from clace.listeners.sockets import UnixSocket
from clace.listeners.stock_tls import check_folder
from clace.model import EndpointDescription, check_endpoint, layers, problem_of_admin


class _CheckedListener(Struct, frozen=True):
    """A listener that has passed every check that needs no port."""

    listener: ChosenListener
    endpoint: IStreamServerEndpoint
    socket: UnixSocket | None
    site: Site


class Listeners(Service):
    """Every listener of a server.

    ``open`` may be called ahead of the start, where its error can still end the process in one
    line: ``twistd`` prints a traceback for what fails later.
    """

    _log = Logger()

    def __init__(
        self,
        listeners: Sequence[ChosenListener],
        factories: Mapping[Site, IProtocolFactory],
        reactor: Any,
        *,
        admin_over_tcp: bool = False,
        trusts_unix: bool = False,
    ) -> None:
        """With ``trusts_unix`` the peers on UNIX sockets are believed about their visitors."""
        self._listeners = tuple(listeners)
        self._factories = factories
        self._reactor = reactor
        self._admin_over_tcp = admin_over_tcp
        self._trusts_unix = trusts_unix
        self._ports: list[tuple[ChosenListener, IListeningPort]] = []

    def open(self) -> None:
        """Open them all, now; once they are open it does nothing.

        :raises ListenError: for the first that cannot be opened; the others are closed again.
        """
        if self._ports:
            return
        if not self._listeners:
            raise ListenError("every listener is turned off: there is nothing to listen on")
        plans = [self._plan(listener) for listener in self._listeners]
        try:
            # Sockets come last: while the reactor is not running nobody would remove their files.
            for plan in sorted(plans, key=lambda plan: plan.socket is not None):
                self._ports.append((plan.listener, self._listen(plan)))
        except ListenError:
            self._close()
            raise

    def addresses(self) -> tuple[ListenerAddress, ...]:
        """Return the addresses of the open listeners in the order of their declaration."""
        ports = sorted(self._ports, key=lambda each: self._listeners.index(each[0]))
        return tuple(address_of(listener, port.getHost()) for listener, port in ports)

    def privilegedStartService(self) -> None:
        super().privilegedStartService()
        self.open()

    def startService(self) -> None:
        super().startService()
        self.open()

    def stopService(self) -> Deferred[None]:
        """Fires when all are closed and the files of the sockets are gone."""
        super().stopService()
        return self._close()

    def _plan(self, listener: ChosenListener) -> _CheckedListener:
        with _refusing(listener):
            check_endpoint(listener.endpoint)
            found = list(layers(listener.endpoint))
            site = self._admin_site(found[0]) if listener.serve == "admin" else listener.serve
            for layer in found:
                self._check_stock_tls(layer)
            sockets = [UnixSocket.described(layer) for layer in found if layer.prefix == "unix"]
            for socket in sockets:
                socket.check_free()
                self._check_trust(listener, socket)
            endpoint = serverFromString(self._reactor, listener.endpoint + listener.options)
            return _CheckedListener(listener, endpoint, sockets[0] if sockets else None, site)

    def _admin_site(self, outermost: EndpointDescription) -> Site:
        """:raises ListenError: if the endpoint may not serve the admin API."""
        if problem := problem_of_admin(outermost, over_tcp=self._admin_over_tcp):
            raise ListenError(problem)
        if outermost.prefix == "unix":
            UnixSocket.described(outermost).make_folder()
            return "socket"
        return "admin"

    def _check_trust(self, listener: ChosenListener, socket: UnixSocket) -> None:
        if self._trusts_unix and listener.serve == "apps" and socket.is_open_to_others():
            self._log.warn(
                "Every user of this machine can speak for visitors: {endpoint} has no mode that "
                "keeps others out, like mode=660, and security.trusted_proxies has unix:",
                endpoint=listener.endpoint,
            )

    def _check_stock_tls(self, layer: EndpointDescription) -> None:
        if layer.prefix == "tls":
            check_folder(Path(layer.value("path", 0) or ""))
            self._log.warn(
                "The endpoint tls: stops the server for good when an authority that signed "
                "itself comes into its folder; clace-tls: does not"
            )

    def _listen(self, plan: _CheckedListener) -> IListeningPort:
        listener = plan.listener
        with _refusing(listener), plan.socket.claimed() if plan.socket else nullcontext():
            port = _at_once(plan.endpoint.listen(self._factories[plan.site]))
        self._log.info(
            "Listening on {endpoint} for {serve}",
            endpoint=listener.endpoint,
            serve=listener.serve,
        )
        return port

    def _close(self) -> Deferred[None]:
        ports, self._ports = self._ports, []
        closed = [maybeDeferred(port.stopListening).addErrback(self._closed) for _, port in ports]
        return gatherResults(closed).addCallback(lambda _: None)

    def _closed(self, failure: Failure) -> None:
        # The file of a socket that somebody removed before us is as gone as it should be.
        if not failure.check(FileNotFoundError):
            self._log.failure("A listener did not close", failure)


@contextmanager
def _refusing(listener: ChosenListener) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # parsers of endpoints are plugins, and raise what they like
        raise refusal(listener.endpoint, error, listener.place) from error


def _at_once(listening: Deferred[IListeningPort]) -> IListeningPort:
    # All of Twisted's own endpoints do: a server that cannot say yet whether it will be heard
    # could not refuse to start.
    outcome: list[IListeningPort | Failure] = []
    listening.addBoth(outcome.append)
    if not outcome:
        listening.cancel()
        raise ListenError("endpoints that do not open at once cannot be used")
    port = outcome[0]
    if isinstance(port, Failure):
        port.raiseException()
    if not IListeningPort.providedBy(port):
        raise ListenError("this endpoint cannot be closed again")
    return port
